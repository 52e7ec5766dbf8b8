package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// AddTenant adds a tenant and returns it with its id. It is admin.ErrExists if
// the name is taken.
func (db *DB) AddTenant(ctx context.Context, t classroom.Tenant) (classroom.Tenant, error) {
	if t.ID == "" {
		t.ID = newID()
	}
	err := db.write(ctx, func(c *conn) error {
		if err := c.nameFree(ctx, `SELECT id FROM tenants WHERE name = ?`, t.Name); err != nil {
			return err
		}
		_, err := c.exec(ctx, `INSERT INTO tenants (id, name, policy, defaults, rule, options) VALUES (?, ?, ?, ?, ?, ?)`,
			t.ID, t.Name, asJSON(t.Policy), asJSON(t.Defaults), asJSON(t.Rule), asJSON(t.TenantOptions))
		if err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "tenant.add", What: t.Name, TenantID: t.ID, After: shownTenantOf(t)}, db.Now())
	})
	if err != nil {
		return classroom.Tenant{}, fmt.Errorf("add tenant %s: %w", t.Name, err)
	}
	db.known.forget()
	return t, nil
}

// shownTenant is a tenant in the audit log.
type shownTenant struct {
	Name     string
	Policy   classroom.Policy
	Defaults classroom.Settings
	Rule     attendance.Rule
	classroom.TenantOptions
}

func shownTenantOf(t classroom.Tenant) string {
	return shown(shownTenant{t.Name, t.Policy, t.Defaults, t.Rule, t.TenantOptions})
}

// EditTenant changes a tenant, but not its id and its servers; what it was and
// became is written down as did. change may be called several times. The error is change's,
// admin.ErrExists for a name that another one has, or ErrNotFound.
func (db *DB) EditTenant(ctx context.Context, id, did string, change func(*classroom.Tenant) error) (before, after classroom.Tenant, err error) {
	err = db.write(ctx, func(c *conn) error {
		if before, err = c.tenant(ctx, id); err != nil {
			return err
		}
		if after, err = c.tenant(ctx, id); err != nil { // its own lists
			return err
		}
		if err := change(&after); err != nil {
			return err
		}
		return c.saveTenant(ctx, before, after, did, db.Now())
	})
	if err != nil {
		return classroom.Tenant{}, classroom.Tenant{}, fmt.Errorf("edit tenant %s: %w", id, err)
	}
	db.known.forget()
	return before, after, nil
}

func (c *conn) saveTenant(ctx context.Context, before, t classroom.Tenant, did string, now time.Time) error {
	if t.Name != before.Name {
		if err := c.nameFree(ctx, `SELECT id FROM tenants WHERE name = ?`, t.Name); err != nil {
			return err
		}
	}
	was, became := shownTenantOf(before), shownTenantOf(t)
	if was == became {
		return nil
	}
	err := c.one(ctx, `UPDATE tenants SET name = ?, policy = ?, defaults = ?, rule = ?, options = ? WHERE id = ?`,
		t.Name, asJSON(t.Policy), asJSON(t.Defaults), asJSON(t.Rule), asJSON(t.TenantOptions), before.ID)
	if err != nil {
		return err
	}
	return c.record(ctx, admin.Entry{Did: did, What: t.Name, TenantID: before.ID, Before: was, After: became}, now)
}

func (c *conn) tenant(ctx context.Context, id string) (classroom.Tenant, error) {
	s := snapshot{tenants: map[string]classroom.Tenant{}}
	if err := s.readTenants(ctx, c); err != nil {
		return classroom.Tenant{}, err
	}
	t, ok := s.tenants[id]
	if !ok {
		return classroom.Tenant{}, classroom.ErrNotFound
	}
	return t, nil
}

// RemoveTenant takes a tenant away to which no platform belongs, be it removed
// or not; its logo and the links by which platforms register go with it. Else it
// is admin.ErrInUse. ErrNotFound.
func (db *DB) RemoveTenant(ctx context.Context, id string) error {
	err := db.write(ctx, func(c *conn) error {
		t, err := c.tenant(ctx, id)
		if err != nil {
			return err
		}
		var used string
		err = c.get(ctx, &used, `SELECT id FROM registrations WHERE tenant_id = ? LIMIT 1`, id)
		if err == nil {
			return fmt.Errorf("registration %s: %w", used, admin.ErrInUse)
		}
		if !errors.Is(err, classroom.ErrNotFound) {
			return err
		}
		if err := c.deleteAll(ctx, []any{id}, `logos.tenant_id`, `tenant_servers.tenant_id`, `registration_links.tenant_id`); err != nil {
			return err
		}
		if err := c.one(ctx, `DELETE FROM tenants WHERE id = ?`, id); err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "tenant.remove", What: t.Name, TenantID: id, Before: shownTenantOf(t)}, db.Now())
	})
	if err != nil {
		return fmt.Errorf("remove tenant %s: %w", id, err)
	}
	db.known.forget()
	return nil
}

// MovePlatform gives a platform to another tenant, with all its rooms.
// ErrNotFound for either.
func (db *DB) MovePlatform(ctx context.Context, name, tenantID string) error {
	err := db.write(ctx, func(c *conn) error {
		before, err := c.platform(ctx, name)
		if err != nil {
			return err
		}
		if _, err := c.tenant(ctx, tenantID); err != nil {
			return err
		}
		if before.TenantID == tenantID {
			return nil
		}
		if err := c.one(ctx, `UPDATE registrations SET tenant_id = ? WHERE id = ?`, tenantID, before.ID); err != nil {
			return err
		}
		if err := c.moveRooms(ctx, before.ID, tenantID); err != nil {
			return err
		}
		after := before
		after.TenantID = tenantID
		return c.platformChanged(ctx, "platform.move", &before, &after, db.Now())
	})
	if err != nil {
		return fmt.Errorf("move platform %s: %w", name, err)
	}
	db.known.forget()
	return nil
}

// moveRooms has the rooms of a platform be a tenant's.
func (c *conn) moveRooms(ctx context.Context, registrationID, tenantID string) error {
	_, err := c.exec(ctx, `
		UPDATE rooms SET tenant_id = ? WHERE course_id IN (SELECT id FROM courses WHERE registration_id = ?) AND tenant_id <> ?`,
		tenantID, registrationID, tenantID)
	if err != nil {
		return fmt.Errorf("rooms of platform %s: %w", registrationID, err)
	}
	return nil
}

// SetLogo keeps the picture of a tenant under its digest, in place of the one
// before; an empty digest takes it away.
func (db *DB) SetLogo(ctx context.Context, tenantID, digest string, png []byte) error {
	err := db.write(ctx, func(c *conn) error {
		before, err := c.tenant(ctx, tenantID)
		if err != nil {
			return err
		}
		if _, err := c.exec(ctx, `DELETE FROM logos WHERE tenant_id = ?`, tenantID); err != nil {
			return err
		}
		after := before
		after.Look.Logo = digest
		if digest == "" {
			after.Look.LogoInClass = false
		} else if _, err := c.exec(ctx, `INSERT INTO logos (tenant_id, digest, png) VALUES (?, ?, ?)`, tenantID, digest, png); err != nil {
			return err
		}
		return c.saveTenant(ctx, before, after, "tenant.logo", db.Now())
	})
	if err != nil {
		return fmt.Errorf("logo of tenant %s: %w", tenantID, err)
	}
	db.known.forget()
	return nil
}

// Logo returns the picture of a tenant, if it is still the one with that
// digest; else ErrNotFound.
func (db *DB) Logo(ctx context.Context, tenantID, digest string) ([]byte, error) {
	var png []byte
	if err := db.reads().get(ctx, &png, `SELECT png FROM logos WHERE tenant_id = ? AND digest = ?`, tenantID, digest); err != nil {
		return nil, fmt.Errorf("logo of tenant %s: %w", tenantID, err)
	}
	return png, nil
}
