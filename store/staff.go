package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

type staffRow struct {
	ID, Email, Role string
	Tenants         jsonText[[]string]
	Password        string
	Locale          string
	CreatedAt       millis `db:"created_at"`
	SecondFactor    bool   `db:"second_factor"`
}

func (r staffRow) staff() admin.Staff {
	return admin.Staff{
		ID: r.ID, Email: r.Email, Role: admin.Role(r.Role), Tenants: r.Tenants.V,
		Password: r.Password, Locale: r.Locale, CreatedAt: r.CreatedAt.time(), SecondFactor: r.SecondFactor,
	}
}

const selectStaff = `
	SELECT id, email, role, tenants, password, locale, created_at,
		EXISTS (SELECT 1 FROM second_factors f WHERE f.staff_id = staff.id AND f.confirmed_at IS NOT NULL) AS second_factor
	FROM staff `

// StaffList returns all accounts, by their addresses.
func (db *DB) StaffList(ctx context.Context) ([]admin.Staff, error) {
	var rows []staffRow
	if err := db.reads().list(ctx, &rows, selectStaff); err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	list := each(rows, staffRow.staff)
	slices.SortFunc(list, func(a, b admin.Staff) int { return compareNames(a.Email, b.Email) })
	return list, nil
}

// StaffByID returns an account, or admin.ErrNotFound.
func (db *DB) StaffByID(ctx context.Context, id string) (admin.Staff, error) {
	s, err := db.reads().staff(ctx, `WHERE id = ?`, id)
	return s, about("staff "+id, err)
}

// StaffByEmail returns the account of an address, in capitals or not, or
// admin.ErrNotFound.
func (db *DB) StaffByEmail(ctx context.Context, email string) (admin.Staff, error) {
	s, err := db.reads().staff(ctx, `WHERE LOWER(email) = LOWER(?)`, email)
	return s, about("staff", err)
}

func (c *conn) staff(ctx context.Context, where string, args ...any) (admin.Staff, error) {
	var row staffRow
	err := c.get(ctx, &row, selectStaff+where, args...)
	return row.staff(), err
}

// AddStaff makes an account with the link by which its owner chooses a
// password. It is admin.ErrExists if the address has one.
func (db *DB) AddStaff(ctx context.Context, s admin.Staff, invite admin.Link) (admin.Staff, error) {
	err := db.write(ctx, func(c *conn) (err error) {
		if s, err = c.addStaff(ctx, s); err != nil {
			return err
		}
		invite.StaffID = s.ID
		return inOrder(
			func() error { return c.addLink(ctx, invite) },
			func() error { return db.staffChanged(ctx, c, "staff.add", nil, &s) },
		)
	})
	if err != nil {
		return admin.Staff{}, fmt.Errorf("add staff: %w", err)
	}
	return s, nil
}

func (c *conn) addStaff(ctx context.Context, s admin.Staff) (admin.Staff, error) {
	s.ID = newID()
	s.CreatedAt = exactly(s.CreatedAt).time()
	added, err := c.exec(ctx, `
		INSERT INTO staff (id, email, role, tenants, password, locale, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`,
		s.ID, s.Email, string(s.Role), asJSON(s.Tenants), s.Password, s.Locale, millis(s.CreatedAt))
	if err == nil && added == 0 {
		err = admin.ErrExists
	}
	return s, err
}

// shownStaff is an account in the audit log.
type shownStaff struct {
	Email   string
	Role    admin.Role
	Tenants []string `json:",omitempty"`
	Active  bool
}

// staffChanged writes it into the audit log of each tenant that the account looks
// after, before or after; who reads one of those learns nothing of the others.
func (db *DB) staffChanged(ctx context.Context, c *conn, did string, before, after *admin.Staff) error {
	var tenants []string
	what := ""
	for _, s := range []*admin.Staff{before, after} {
		if s != nil {
			tenants, what = append(tenants, s.Tenants...), s.Email
		}
	}
	return c.recordIn(ctx, tenants, db.Now(), func(tenant string) admin.Entry {
		return admin.Entry{Did: did, What: what, Before: staffIn(before, tenant), After: staffIn(after, tenant)}
	})
}

// staffIn is an account as the audit log of a tenant shows it.
func staffIn(s *admin.Staff, tenant string) string {
	if s == nil {
		return ""
	}
	var tenants []string
	if slices.Contains(s.Tenants, tenant) {
		tenants = []string{tenant}
	}
	return shown(shownStaff{s.Email, s.Role, tenants, s.Active()})
}

// staffDid writes into the same logs what has no values.
func (c *conn) staffDid(ctx context.Context, did string, s admin.Staff, now time.Time) error {
	return c.recordIn(ctx, s.Tenants, now, func(string) admin.Entry { return admin.Entry{Did: did, What: s.Email} })
}

// ChangeStaff gives an account its role and tenants; admin.ErrNotFound, or
// admin.ErrLastOne if no operator with a password would be left.
func (db *DB) ChangeStaff(ctx context.Context, s admin.Staff) error {
	err := db.write(ctx, func(c *conn) error {
		before, err := c.staff(ctx, `WHERE id = ?`, s.ID)
		if err != nil {
			return err
		}
		after := before
		after.Role, after.Tenants = s.Role, s.Tenants
		if err := c.one(ctx, `UPDATE staff SET role = ?, tenants = ? WHERE id = ?`, string(s.Role), asJSON(s.Tenants), s.ID); err != nil {
			return err
		}
		if before.Role == admin.Operator && before.Active() {
			if err := c.operatorStays(ctx); err != nil {
				return err
			}
		}
		return db.staffChanged(ctx, c, "staff.change", &before, &after)
	})
	return about("change staff "+s.ID, err)
}

// operatorStays is admin.ErrLastOne if no operator can sign in.
func (c *conn) operatorStays(ctx context.Context) error {
	// One after the other, so that two who remove each other don't both go.
	if _, err := c.exec(ctx, `UPDATE staff SET locale = locale WHERE role = ? AND password <> ''`, string(admin.Operator)); err != nil {
		return err
	}
	var n int
	err := c.get(ctx, &n, `SELECT COUNT(*) FROM staff WHERE role = ? AND password <> ''`, string(admin.Operator))
	if err == nil && n == 0 {
		err = admin.ErrLastOne
	}
	return err
}

// RemoveStaff takes an account away with its links and all that it is signed in
// to; errors as ChangeStaff's.
func (db *DB) RemoveStaff(ctx context.Context, id string) error {
	err := db.write(ctx, func(c *conn) error {
		before, err := c.staff(ctx, `WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if err := c.one(ctx, `DELETE FROM staff WHERE id = ?`, id); err != nil {
			return err
		}
		if before.Role == admin.Operator && before.Active() {
			if err := c.operatorStays(ctx); err != nil {
				return err
			}
		}
		return inOrder(
			func() error { return c.forgetStaff(ctx, id) },
			func() error { return c.forgetSecondFactor(ctx, id) },
			func() error { return db.staffChanged(ctx, c, "staff.remove", &before, nil) },
		)
	})
	return about("remove staff "+id, err)
}

// forgetStaff ends an account's links, and all that it is signed in to.
func (c *conn) forgetStaff(ctx context.Context, id string) error {
	if _, err := c.exec(ctx, `DELETE FROM staff_links WHERE staff_id = ?`, id); err != nil {
		return err
	}
	_, err := c.exec(ctx, `DELETE FROM sign_ins WHERE staff_id = ?`, id)
	return err
}

// AddLink keeps a link in the place of all of that purpose and account. Those
// for the first account are good side by side, for nodes that make one each.
func (db *DB) AddLink(ctx context.Context, l admin.Link) error {
	err := db.write(ctx, func(c *conn) error {
		if err := c.addLink(ctx, l); err != nil {
			return err
		}
		if l.StaffID == "" {
			return c.record(ctx, admin.Entry{Did: "staff.link", What: string(l.Purpose)}, db.Now())
		}
		s, err := c.staff(ctx, `WHERE id = ?`, l.StaffID)
		if err != nil {
			return err
		}
		return c.staffDid(ctx, "staff.link", s, db.Now())
	})
	return about("add link", err)
}

func (c *conn) addLink(ctx context.Context, l admin.Link) error {
	if _, err := c.exec(ctx, `DELETE FROM staff_links WHERE purpose = ? AND staff_id = ? AND staff_id <> ''`, string(l.Purpose), l.StaffID); err != nil {
		return err
	}
	_, err := c.exec(ctx, `INSERT INTO staff_links (digest, purpose, staff_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`,
		l.Digest, string(l.Purpose), l.StaffID, millis(l.CreatedAt), millis(l.ExpiresAt))
	return err
}

// Link returns the link of a digest, or admin.ErrNotFound.
func (db *DB) Link(ctx context.Context, digest []byte) (admin.Link, error) {
	var row struct {
		Purpose   string
		StaffID   string `db:"staff_id"`
		CreatedAt millis `db:"created_at"`
		ExpiresAt millis `db:"expires_at"`
	}
	err := db.reads().get(ctx, &row, `SELECT purpose, staff_id, created_at, expires_at FROM staff_links WHERE digest = ?`, digest)
	return admin.Link{
		Digest: digest, Purpose: admin.Purpose(row.Purpose), StaffID: row.StaffID,
		CreatedAt: row.CreatedAt.time(), ExpiresAt: row.ExpiresAt.time(),
	}, about("link", err)
}

// UseLink uses a link up: it makes the account of a setup link, or gives the
// link's account s's password and ends what it is signed in to. Who comes
// second is told admin.ErrLinkOver.
func (db *DB) UseLink(ctx context.Context, digest []byte, s admin.Staff) (admin.Staff, error) {
	err := db.write(ctx, func(c *conn) error {
		var staffID string
		err := c.returning(ctx, &staffID, `DELETE FROM staff_links WHERE digest = ? AND expires_at > ? RETURNING staff_id`, digest, millis(db.Now()))
		if errors.Is(err, classroom.ErrNotFound) {
			return admin.ErrLinkOver
		}
		if err != nil {
			return err
		}
		if staffID == "" {
			if s, err = c.addStaff(ctx, s); err != nil {
				return err
			}
			if _, err := c.exec(ctx, `DELETE FROM staff_links WHERE staff_id = ''`); err != nil {
				return err
			}
			return db.staffChanged(ctx, c, "staff.setup", nil, &s)
		}
		before, err := c.staff(ctx, `WHERE id = ?`, staffID)
		if err != nil {
			return err
		}
		if err := c.one(ctx, `UPDATE staff SET password = ? WHERE id = ?`, s.Password, staffID); err != nil {
			return err
		}
		if err := c.forgetStaff(ctx, staffID); err != nil {
			return err
		}
		after := before
		after.Password = s.Password
		s = after
		return db.staffChanged(ctx, c, "staff.password", &before, &after)
	})
	return s, about("use link", err)
}
