-- +goose Up

-- What was refused or didn't work, for a month. No foreign keys: what it names
-- may never have been known here.
CREATE TABLE failures (
	id              TEXT   NOT NULL PRIMARY KEY,
	at              BIGINT NOT NULL,
	request         TEXT   NOT NULL, -- the number on the person's page; empty: there was none
	kind            TEXT   NOT NULL,
	code            TEXT   NOT NULL,
	tenant_id       TEXT   NOT NULL, -- from here: empty where it isn't known
	registration_id TEXT   NOT NULL,
	room_id         TEXT   NOT NULL,
	person_id       TEXT   NOT NULL,
	name            TEXT   NOT NULL, -- of the person, as their platform has it
	subject         TEXT   NOT NULL,
	detail          TEXT   NOT NULL  -- JSON, without secrets
);
CREATE INDEX failures_at ON failures (at);
CREATE INDEX failures_tenant ON failures (tenant_id, at);
CREATE INDEX failures_registration ON failures (registration_id, at);
CREATE INDEX failures_code ON failures (code, at);
CREATE INDEX failures_person ON failures (person_id, at);
CREATE INDEX failures_request ON failures (request);

-- How often something happened within an hour: what went well has no code.
CREATE TABLE tallies (
	hour    BIGINT NOT NULL,
	kind    TEXT   NOT NULL,
	code    TEXT   NOT NULL,
	of_id   TEXT   NOT NULL, -- a registration's or a server's; empty: not known
	n       BIGINT NOT NULL,
	kept    BIGINT NOT NULL, -- so many have a row in failures
	last_at BIGINT NOT NULL,
	PRIMARY KEY (hour, kind, code, of_id)
);

-- Grades are shown by state, the newest first.
DROP INDEX deliveries_state;
CREATE INDEX deliveries_state ON deliveries (state, true_at);
