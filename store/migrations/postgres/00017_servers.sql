-- +goose Up

-- Since when no class begins there any more; NULL: some do.
ALTER TABLE servers ADD COLUMN drained_at BIGINT;
-- What was found out about it, as JSON; empty: nothing yet.
ALTER TABLE servers ADD COLUMN found TEXT NOT NULL DEFAULT '';

-- On which servers a tenant's classes begin. A tenant without any uses the
-- oldest that is in service.
CREATE TABLE tenant_servers (
	tenant_id TEXT NOT NULL REFERENCES tenants,
	server_id TEXT NOT NULL REFERENCES servers,
	PRIMARY KEY (tenant_id, server_id)
);
INSERT INTO tenant_servers (tenant_id, server_id) SELECT id, server_id FROM tenants WHERE server_id IS NOT NULL;
ALTER TABLE tenants DROP COLUMN server_id;

-- For the server's page: its newest classes, and whether their reports came.
CREATE INDEX meetings_server ON meetings (server_id, ended_at);
