-- +goose Up

-- What a tenant has said of its rooms, people and pages: classroom.TenantOptions.
ALTER TABLE tenants ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX tenants_name ON tenants (name);

-- Pictures of tenants, as they were made anew: never as they came.
CREATE TABLE logos (
	tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants,
	digest    TEXT NOT NULL,
	png       BYTEA NOT NULL
);
