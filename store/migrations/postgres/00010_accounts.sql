-- +goose Up

-- What the evidence of a meeting came to when it was read last: it isn't read
-- again before something is new. None is there yet, and who needs one makes it.
CREATE TABLE accounts (
	meeting_id TEXT NOT NULL PRIMARY KEY REFERENCES meetings,
	packed     BYTEA NOT NULL
);

ALTER TABLE sessions ADD COLUMN made_of TEXT NOT NULL DEFAULT ''; -- tells of which accounts its attendances are
ALTER TABLE rooms ADD COLUMN settlements BIGINT NOT NULL DEFAULT 0; -- so many were kept
ALTER TABLE meetings ADD COLUMN news BIGINT NOT NULL DEFAULT 0; -- grows with all that is new of it
