-- +goose Up

-- What the platform calls the person's language, as it said it; visits.locale
-- is the language of our pages.
ALTER TABLE visits ADD COLUMN language TEXT NOT NULL DEFAULT '';
