-- +goose Up

-- What an account is asked for besides its password.
CREATE TABLE second_factors (
	staff_id     TEXT    NOT NULL PRIMARY KEY,
	secret       BYTEA   NOT NULL, -- sealed
	confirmed_at BIGINT,           -- NULL: not asked for yet
	last_step    BIGINT  NOT NULL  -- of the newest code that was used
);

-- Codes for who has lost it, by their digests. One that is used goes.
CREATE TABLE recovery_codes (
	staff_id TEXT NOT NULL,
	digest   BYTEA NOT NULL,
	PRIMARY KEY (staff_id, digest)
);

ALTER TABLE sign_ins ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE; -- the password was right, and a code is wanted

-- Whether the newest launch says that they administer the institution or the
-- platform.
ALTER TABLE people ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT FALSE;
