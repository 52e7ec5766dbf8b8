-- +goose Up

-- Links by which the admin of an LMS registers it. Of a link's code only the
-- hash is here.
CREATE TABLE registration_links (
	id              TEXT    NOT NULL PRIMARY KEY,
	tenant_id       TEXT    NOT NULL REFERENCES tenants,
	hash            BYTEA   NOT NULL UNIQUE,
	note            TEXT    NOT NULL,
	approve         BOOLEAN NOT NULL,
	made_by         TEXT    NOT NULL,
	created_at      BIGINT  NOT NULL,
	expires_at      BIGINT  NOT NULL,
	revoked_at      BIGINT,
	used_at         BIGINT,
	held_until      BIGINT, -- one registration at a time
	issuer          TEXT    NOT NULL, -- that it has registered; empty: none so far
	registration_id TEXT    REFERENCES registrations, -- the newest one
	failures        TEXT    NOT NULL -- the newest ones
);
CREATE INDEX registration_links_expire ON registration_links (expires_at);

-- What a platform said of itself when it registered by a link.
CREATE TABLE linked_platforms (
	registration_id TEXT    NOT NULL PRIMARY KEY REFERENCES registrations,
	family          TEXT    NOT NULL,
	version         TEXT    NOT NULL,
	client_uri      TEXT    NOT NULL, -- where the client can be updated; empty: nowhere
	asked           TEXT    NOT NULL,
	granted         TEXT    NOT NULL,
	registered_at   BIGINT  NOT NULL
);
