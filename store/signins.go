package store

import (
	"context"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

type signInRow struct {
	ID          string
	Digest      []byte
	StaffID     string `db:"staff_id"`
	Guest       jsonText[*admin.Guest]
	Address     string
	Browser     string
	CreatedAt   millis `db:"created_at"`
	SeenAt      millis `db:"seen_at"`
	ConfirmedAt millis `db:"confirmed_at"`
	Pending     bool
}

func (r signInRow) signIn() admin.SignIn {
	return admin.SignIn{
		ID: r.ID, Digest: r.Digest, StaffID: r.StaffID, Guest: r.Guest.V, Address: r.Address, Browser: r.Browser, Pending: r.Pending,
		CreatedAt: r.CreatedAt.time(), SeenAt: r.SeenAt.time(), ConfirmedAt: r.ConfirmedAt.time(),
	}
}

const selectSignIn = `
	SELECT id, digest, staff_id, guest, address, browser, created_at, seen_at, confirmed_at, pending FROM sign_ins `

// signInsMost is how many one account has at once, and how many that wait for a
// code: of more the oldest end.
const signInsMost = 20

// BeginSignIn keeps a sign-in, and writes it into the audit log, unless it waits
// for a code.
func (db *DB) BeginSignIn(ctx context.Context, s admin.SignIn) error {
	err := db.write(ctx, func(c *conn) error { return c.beginSignIn(ctx, s, db.Now()) })
	return about("begin sign-in", err)
}

func (c *conn) beginSignIn(ctx context.Context, s admin.SignIn, now time.Time) error {
	_, err := c.exec(ctx, `
		INSERT INTO sign_ins (id, digest, staff_id, guest, address, browser, created_at, seen_at, confirmed_at, pending)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, s.Digest, s.StaffID, asJSON(s.Guest), s.Address, s.Browser, millis(s.CreatedAt), millis(s.SeenAt), millis(s.ConfirmedAt), s.Pending)
	if err != nil {
		return err
	}
	if s.StaffID != "" {
		_, err := c.exec(ctx, `
			DELETE FROM sign_ins WHERE staff_id = ? AND pending = ? AND id NOT IN (
				SELECT id FROM sign_ins WHERE staff_id = ? AND pending = ? ORDER BY seen_at DESC, id LIMIT ?)`,
			s.StaffID, s.Pending, s.StaffID, s.Pending, signInsMost)
		if err != nil {
			return err
		}
	}
	if s.Pending {
		return nil
	}
	return c.record(ctx, admin.Entry{Did: "staff.sign-in", What: admin.ActorOf(ctx).Name}, now)
}

// SignIn returns the sign-in of a digest, or admin.ErrNotFound. Whether it is
// over is for the caller to say.
func (db *DB) SignIn(ctx context.Context, digest []byte) (admin.SignIn, error) {
	var row signInRow
	err := db.reads().get(ctx, &row, selectSignIn+`WHERE digest = ?`, digest)
	return row.signIn(), about("sign-in", err)
}

// SignIns returns those of an account that wait for nothing, the newest first.
func (db *DB) SignIns(ctx context.Context, staffID string) ([]admin.SignIn, error) {
	var rows []signInRow
	err := db.reads().list(ctx, &rows, selectSignIn+`WHERE staff_id = ? AND NOT pending ORDER BY seen_at DESC, id`, staffID)
	return each(rows, signInRow.signIn), about("sign-ins", err)
}

// SeeSignIn notes that a sign-in was used.
func (db *DB) SeeSignIn(ctx context.Context, id string, at time.Time) error {
	err := db.writes.once(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `UPDATE sign_ins SET seen_at = ? WHERE id = ?`, millis(at), id)
		return err
	})
	return about("see sign-in", err)
}

// ConfirmSignIn notes that its owner has shown that it is them.
func (db *DB) ConfirmSignIn(ctx context.Context, id string, at time.Time) error {
	err := db.writes.once(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `UPDATE sign_ins SET confirmed_at = ? WHERE id = ?`, millis(at), id)
		return err
	})
	return about("confirm sign-in", err)
}

// EndSignIn ends one of an account's; admin.ErrNotFound.
func (db *DB) EndSignIn(ctx context.Context, staffID, id string) error {
	err := db.write(ctx, func(c *conn) error {
		if err := c.one(ctx, `DELETE FROM sign_ins WHERE id = ? AND staff_id = ?`, id, staffID); err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "staff.sign-out", What: admin.ActorOf(ctx).Name}, db.Now())
	})
	return about("end sign-in", err)
}

// signInsKept is longer than any lasts.
const signInsKept = 24 * time.Hour

// sweepStaff takes away what is over: links and sign-ins.
func (db *DB) sweepStaff(ctx context.Context, now time.Time) error {
	return db.write(ctx, func(c *conn) error {
		if _, err := c.exec(ctx, `DELETE FROM staff_links WHERE expires_at <= ?`, millis(now)); err != nil {
			return err
		}
		_, err := c.exec(ctx, `DELETE FROM sign_ins WHERE seen_at <= ?`, millis(now.Add(-signInsKept)))
		return err
	})
}

// AdministratorOf returns the tenant of whom the newest launch calls an
// administrator of its institution or platform; admin.ErrNotFound for anybody
// else, and where the platform is disabled or removed.
func (db *DB) AdministratorOf(ctx context.Context, personID string) (classroom.Tenant, error) {
	var tenantID string
	err := db.reads().get(ctx, &tenantID, `
		SELECT g.tenant_id FROM people p JOIN registrations g ON g.id = p.registration_id
		WHERE p.id = ? AND p.administrator AND NOT g.disabled AND g.removed_at IS NULL`, personID)
	if err != nil {
		return classroom.Tenant{}, about("administrator "+personID, err)
	}
	return db.TenantByID(ctx, tenantID)
}
