-- +goose Up

-- The key that a platform has as text, where it doesn't fetch our key set.
ALTER TABLE registrations ADD COLUMN signs_with TEXT NOT NULL DEFAULT '';
