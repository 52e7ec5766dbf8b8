-- +goose Up

-- A server that says once that a meeting isn't there may be wrong.
ALTER TABLE meetings ADD COLUMN absences BIGINT NOT NULL DEFAULT 0; -- looks in a row that didn't find it
ALTER TABLE meetings ADD COLUMN absent_since BIGINT; -- the first of them, by our clock
ALTER TABLE meetings ADD COLUMN stopped_at BIGINT; -- when a teacher ended it, by our clock
