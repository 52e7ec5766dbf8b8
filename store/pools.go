package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

// tenantServers are the ids of the servers of tenants that have some of their
// own, removed ones too.
func (c *conn) tenantServers(ctx context.Context) (map[string][]string, error) {
	var rows []struct {
		Tenant string `db:"tenant_id"`
		Server string `db:"server_id"`
	}
	if err := c.list(ctx, &rows, `SELECT tenant_id, server_id FROM tenant_servers ORDER BY tenant_id, server_id`); err != nil {
		return nil, err
	}
	own := map[string][]string{}
	for _, r := range rows {
		own[r.Tenant] = append(own[r.Tenant], r.Server)
	}
	return own, nil
}

// ChangeServer changes name, address, algorithm, secrets and service of a server
// and writes it into the audit log as did. It is ErrNotFound for a server that was
// removed, and admin.ErrExists if another has the name.
func (db *DB) ChangeServer(ctx context.Context, id, did string, change func(*classroom.Server)) (classroom.Server, error) {
	var after classroom.Server
	err := db.write(ctx, func(c *conn) error {
		before, err := c.serverByID(ctx, db.seal, id)
		if err != nil {
			return err
		}
		after = before
		after.PreviousSecrets = slices.Clone(before.PreviousSecrets)
		change(&after)
		if after.Name != before.Name {
			if err := c.nameFree(ctx, `SELECT id FROM servers WHERE name = ? AND removed_at IS NULL`, after.Name); err != nil {
				return err
			}
		}
		if err := c.saveServer(ctx, db.seal, before, after, db.Now()); err != nil {
			return err
		}
		return c.serverChanged(ctx, did, &before, &after, db.Now())
	})
	if err != nil {
		return classroom.Server{}, fmt.Errorf("change server %s: %w", id, err)
	}
	db.known.forget()
	return after, nil
}

func (c *conn) serverByID(ctx context.Context, seal sealer, id string) (classroom.Server, error) {
	all, err := c.servers(ctx, seal)
	if err != nil {
		return classroom.Server{}, err
	}
	for _, s := range all {
		if s.ID == id {
			return s, nil
		}
	}
	return classroom.Server{}, classroom.ErrNotFound
}

func (c *conn) saveServer(ctx context.Context, seal sealer, before, s classroom.Server, now time.Time) error {
	secrets, err := seal.sealServer(s)
	if err != nil {
		return err
	}
	if err := c.one(ctx, `UPDATE servers SET name = ?, url = ?, algorithm = ?, secrets = ? WHERE id = ?`, s.Name, s.URL, string(s.Algorithm), secrets, s.ID); err != nil {
		return err
	}
	if s.Drained == before.Drained {
		return nil
	}
	if !s.Drained {
		now = time.Time{}
	}
	return c.one(ctx, `UPDATE servers SET drained_at = ? WHERE id = ?`, millis(now), s.ID)
}

// AssignServer has the classes of these tenants begin on a server, and of no
// others. ErrNotFound.
func (db *DB) AssignServer(ctx context.Context, serverID string, tenants []string) error {
	return db.assign(ctx, "server "+serverID, func(c *conn, own map[string][]string) error {
		server, err := c.serverByID(ctx, db.seal, serverID)
		if err != nil {
			return err
		}
		var before []string
		for _, t := range tenantIDs(own) {
			if slices.Contains(own[t], serverID) {
				before = append(before, t)
			}
		}
		if _, err := c.exec(ctx, `DELETE FROM tenant_servers WHERE server_id = ?`, serverID); err != nil {
			return err
		}
		for _, t := range tenants {
			if err := c.addTenantServer(ctx, t, serverID); err != nil {
				return err
			}
		}
		return c.assigned(ctx, server.Name, "", before, tenants, db.Now())
	})
}

// SetTenantServers has the classes of a tenant begin on these servers alone; on
// the oldest in service, if it's none. ErrNotFound.
func (db *DB) SetTenantServers(ctx context.Context, tenantID string, servers []string) error {
	return db.assign(ctx, "tenant "+tenantID, func(c *conn, own map[string][]string) error {
		var name string
		if err := c.get(ctx, &name, `SELECT name FROM tenants WHERE id = ?`, tenantID); err != nil {
			return err
		}
		if _, err := c.exec(ctx, `DELETE FROM tenant_servers WHERE tenant_id = ?`, tenantID); err != nil {
			return err
		}
		for _, s := range servers {
			if _, err := c.serverByID(ctx, db.seal, s); err != nil {
				return err
			}
			if err := c.addTenantServer(ctx, tenantID, s); err != nil {
				return err
			}
		}
		return c.assigned(ctx, name, tenantID, own[tenantID], servers, db.Now())
	})
}

func (db *DB) assign(ctx context.Context, what string, do func(c *conn, own map[string][]string) error) error {
	err := db.write(ctx, func(c *conn) error {
		own, err := c.tenantServers(ctx)
		if err != nil {
			return err
		}
		return do(c, own)
	})
	if err != nil {
		return fmt.Errorf("assign servers, %s: %w", what, err)
	}
	db.known.forget()
	return nil
}

func (c *conn) addTenantServer(ctx context.Context, tenantID, serverID string) error {
	var id string
	if err := c.get(ctx, &id, `SELECT id FROM tenants WHERE id = ?`, tenantID); err != nil {
		return err
	}
	_, err := c.exec(ctx, `INSERT INTO tenant_servers (tenant_id, server_id) VALUES (?, ?) ON CONFLICT DO NOTHING`, tenantID, serverID)
	return err
}

// shownAssignment is in the audit log: names of servers, or of tenants.
type shownAssignment struct{ Assigned []string }

func (c *conn) assigned(ctx context.Context, what, tenantID string, before, after []string, now time.Time) error {
	names, err := c.assignedNames(ctx)
	if err != nil {
		return err
	}
	e := admin.Entry{Did: "server.assign", What: what, TenantID: tenantID}
	for _, of := range []struct {
		ids  []string
		text *string
	}{{before, &e.Before}, {after, &e.After}} {
		list := each(of.ids, func(id string) string { return names[id] })
		slices.SortFunc(list, compareNames)
		*of.text = shown(shownAssignment{list})
	}
	return c.record(ctx, e, now)
}

// assignedNames are those of tenants and servers, by id.
func (c *conn) assignedNames(ctx context.Context) (map[string]string, error) {
	var rows []struct{ ID, Name string }
	if err := c.list(ctx, &rows, `SELECT id, name FROM tenants UNION ALL SELECT id, name FROM servers`); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

func tenantIDs(own map[string][]string) []string {
	var ids []string
	for id := range own {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
