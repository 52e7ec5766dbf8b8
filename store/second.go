package store

import (
	"context"

	"github.com/bbbridge/bbbridge/admin"
)

// SecondFactor is what an account is asked for besides its password, also if it
// isn't confirmed yet; admin.ErrNotFound.
func (db *DB) SecondFactor(ctx context.Context, staffID string) (admin.SecondFactor, error) {
	f, err := db.reads().secondFactor(ctx, db.seal, staffID)
	return f, about("second factor of "+staffID, err)
}

func (c *conn) secondFactor(ctx context.Context, seal sealer, staffID string) (admin.SecondFactor, error) {
	var row struct {
		Secret      []byte
		ConfirmedAt millis `db:"confirmed_at"`
		LastStep    int64  `db:"last_step"`
		Recovery    int
	}
	err := c.get(ctx, &row, `
		SELECT secret, confirmed_at, last_step, (SELECT COUNT(*) FROM recovery_codes r WHERE r.staff_id = f.staff_id) AS recovery
		FROM second_factors f WHERE staff_id = ?`, staffID)
	if err != nil {
		return admin.SecondFactor{}, err
	}
	plain, err := seal.open("second_factors", staffID, row.Secret)
	if err != nil {
		return admin.SecondFactor{}, err
	}
	return admin.SecondFactor{
		Secret: admin.FactorSecret(plain), ConfirmedAt: row.ConfirmedAt.time(), LastStep: row.LastStep, RecoveryLeft: row.Recovery,
	}, nil
}

// BeginSecondFactor keeps a secret that isn't asked for until it is confirmed,
// in the place of one before. admin.ErrExists if one is confirmed.
func (db *DB) BeginSecondFactor(ctx context.Context, staffID string, secret admin.FactorSecret) error {
	err := db.write(ctx, func(c *conn) error {
		n, err := c.exec(ctx, `
			INSERT INTO second_factors (staff_id, secret, confirmed_at, last_step) VALUES (?, ?, NULL, 0)
			ON CONFLICT (staff_id) DO UPDATE SET secret = excluded.secret WHERE second_factors.confirmed_at IS NULL`,
			staffID, db.seal.seal("second_factors", staffID, []byte(secret)))
		if err == nil && n == 0 {
			err = admin.ErrExists
		}
		return err
	})
	return about("begin second factor", err)
}

// ConfirmSecondFactor has the account asked for it from now on, whose code of
// that step has shown that its owner has it. admin.ErrNotFound if none waits
// for that.
func (db *DB) ConfirmSecondFactor(ctx context.Context, staffID string, step int64, recovery [][]byte) error {
	err := db.write(ctx, func(c *conn) error {
		s, err := c.staff(ctx, `WHERE id = ?`, staffID)
		if err != nil {
			return err
		}
		err = c.one(ctx, `UPDATE second_factors SET confirmed_at = ?, last_step = ? WHERE staff_id = ? AND confirmed_at IS NULL`, millis(db.Now()), step, staffID)
		if err != nil {
			return err
		}
		for _, digest := range recovery {
			if _, err := c.exec(ctx, `INSERT INTO recovery_codes (staff_id, digest) VALUES (?, ?)`, staffID, digest); err != nil {
				return err
			}
		}
		return c.staffDid(ctx, "staff.second-on", s, db.Now())
	})
	return about("confirm second factor", err)
}

// UseStep uses up all codes up to that step; admin.ErrNotFound if that was done
// before.
func (db *DB) UseStep(ctx context.Context, staffID string, step int64) error {
	err := db.write(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE second_factors SET last_step = ? WHERE staff_id = ? AND last_step < ?`, step, staffID, step)
	})
	return about("use code", err)
}

// UseRecoveryCode uses one up; admin.ErrNotFound if there is no such.
func (db *DB) UseRecoveryCode(ctx context.Context, staffID string, digest []byte) error {
	err := db.write(ctx, func(c *conn) error {
		s, err := c.staff(ctx, `WHERE id = ?`, staffID)
		if err != nil {
			return err
		}
		if err := c.one(ctx, `DELETE FROM recovery_codes WHERE staff_id = ? AND digest = ?`, staffID, digest); err != nil {
			return err
		}
		return c.staffDid(ctx, "staff.recovery", s, db.Now())
	})
	return about("use recovery code", err)
}

// RemoveSecondFactor has the account asked for its password alone;
// admin.ErrNotFound if it is already.
func (db *DB) RemoveSecondFactor(ctx context.Context, staffID string) error {
	err := db.write(ctx, func(c *conn) error {
		s, err := c.staff(ctx, `WHERE id = ?`, staffID)
		if err != nil {
			return err
		}
		if !s.SecondFactor {
			return admin.ErrNotFound
		}
		if err := c.forgetSecondFactor(ctx, staffID); err != nil {
			return err
		}
		return c.staffDid(ctx, "staff.second-off", s, db.Now())
	})
	return about("remove second factor", err)
}

func (c *conn) forgetSecondFactor(ctx context.Context, staffID string) error {
	for _, statement := range []string{`DELETE FROM second_factors WHERE staff_id = ?`, `DELETE FROM recovery_codes WHERE staff_id = ?`} {
		if _, err := c.exec(ctx, statement, staffID); err != nil {
			return err
		}
	}
	return nil
}

// PassPending makes a sign-in of one that waits for a code, whose cookie it takes
// away; admin.ErrNotFound if it waits no more.
func (db *DB) PassPending(ctx context.Context, pendingID string, s admin.SignIn) error {
	err := db.write(ctx, func(c *conn) error {
		if err := c.one(ctx, `DELETE FROM sign_ins WHERE id = ? AND pending`, pendingID); err != nil {
			return err
		}
		return c.beginSignIn(ctx, s, db.Now())
	})
	return about("pass pending sign-in", err)
}
