-- +goose Up

-- Since when no class begins there any more; NULL: some do.
ALTER TABLE servers ADD COLUMN drained_at INTEGER;
-- What was found out about it, as JSON; empty: nothing yet.
ALTER TABLE servers ADD COLUMN found TEXT NOT NULL DEFAULT '';

-- On which servers a tenant's classes begin. A tenant without any uses the
-- oldest that is in service.
CREATE TABLE tenant_servers (
	tenant_id TEXT NOT NULL REFERENCES tenants,
	server_id TEXT NOT NULL REFERENCES servers,
	PRIMARY KEY (tenant_id, server_id)
) STRICT, WITHOUT ROWID;
INSERT INTO tenant_servers (tenant_id, server_id) SELECT id, server_id FROM tenants WHERE server_id IS NOT NULL;
ALTER TABLE tenants DROP COLUMN server_id;

-- For the server's page: its newest classes, and whether their reports came.
CREATE INDEX meetings_server ON meetings (server_id, ended_at);

-- Tests of servers: of each the newest, and the one that runs.
CREATE TABLE server_tests (
	id          TEXT    NOT NULL PRIMARY KEY, -- stands in the addresses of its callbacks
	server_id   TEXT    NOT NULL REFERENCES servers,
	started_at  INTEGER NOT NULL,
	alive_at    INTEGER NOT NULL, -- who runs it was there
	finished_at INTEGER,
	meeting_id  TEXT    NOT NULL,
	steps       TEXT    NOT NULL, -- JSON
	ended       TEXT    NOT NULL, -- JSON: what is known of the end callback; empty: it hasn't come
	report      TEXT    NOT NULL  -- JSON, the same of the report
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX server_tests_running ON server_tests (server_id) WHERE finished_at IS NULL;
CREATE INDEX server_tests_newest ON server_tests (server_id, started_at);
