-- +goose Up

-- Who sets bbbridge up. Addresses are compared in lower case.
CREATE TABLE staff (
	id         TEXT    NOT NULL PRIMARY KEY,
	email      TEXT    NOT NULL,
	role       TEXT    NOT NULL,
	tenants    TEXT    NOT NULL, -- JSON list of ids; of an operator none
	password   TEXT    NOT NULL, -- argon2id; empty: not chosen yet
	locale     TEXT    NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_email ON staff (LOWER(email));

-- Links that let one person in once, by the digest of their code.
CREATE TABLE staff_links (
	digest     BYTEA   NOT NULL PRIMARY KEY,
	purpose    TEXT    NOT NULL,
	staff_id   TEXT    NOT NULL, -- empty: the first account is made by it
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);

CREATE INDEX staff_links_expiry ON staff_links (expires_at);

CREATE TABLE sign_ins (
	id           TEXT    NOT NULL PRIMARY KEY,
	digest       BYTEA   NOT NULL UNIQUE, -- of the cookie's value
	staff_id     TEXT    NOT NULL, -- empty: guest says who
	guest        TEXT    NOT NULL, -- JSON
	address      TEXT    NOT NULL,
	browser      TEXT    NOT NULL,
	created_at   BIGINT NOT NULL,
	seen_at      BIGINT NOT NULL,
	confirmed_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_staff ON sign_ins (staff_id);
CREATE INDEX sign_ins_seen ON sign_ins (seen_at);

CREATE TABLE audit (
	id         TEXT    NOT NULL PRIMARY KEY,
	at         BIGINT NOT NULL,
	staff_id   TEXT    NOT NULL,
	who        TEXT    NOT NULL,
	address    TEXT    NOT NULL,
	did        TEXT    NOT NULL,
	what       TEXT    NOT NULL,
	tenant_id  TEXT    NOT NULL, -- empty: the whole service
	was        TEXT    NOT NULL, -- JSON, without secrets; empty: nothing was there
	became     TEXT    NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_tenant ON audit (tenant_id, at);
