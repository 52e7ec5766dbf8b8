-- +goose Up

-- What an account is asked for besides its password.
CREATE TABLE second_factors (
	staff_id     TEXT    NOT NULL PRIMARY KEY,
	secret       BLOB    NOT NULL, -- sealed
	confirmed_at INTEGER,          -- NULL: not asked for yet
	last_step    INTEGER NOT NULL  -- of the newest code that was used
) STRICT, WITHOUT ROWID;

-- Codes for who has lost it, by their digests. One that is used goes.
CREATE TABLE recovery_codes (
	staff_id TEXT NOT NULL,
	digest   BLOB NOT NULL,
	PRIMARY KEY (staff_id, digest)
) STRICT, WITHOUT ROWID;

ALTER TABLE sign_ins ADD COLUMN pending INTEGER NOT NULL DEFAULT FALSE; -- the password was right, and a code is wanted

-- Whether the newest launch says that they administer the institution or the
-- platform.
ALTER TABLE people ADD COLUMN administrator INTEGER NOT NULL DEFAULT FALSE;
