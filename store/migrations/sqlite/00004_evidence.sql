-- +goose Up

-- A server that says once that a meeting isn't there may be wrong.
ALTER TABLE meetings ADD COLUMN absences INTEGER NOT NULL DEFAULT 0; -- looks in a row that didn't find it
ALTER TABLE meetings ADD COLUMN absent_since INTEGER; -- the first of them, by our clock
ALTER TABLE meetings ADD COLUMN stopped_at INTEGER; -- when a teacher ended it, by our clock
