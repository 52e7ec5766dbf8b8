package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
)

// auditKept is how long the audit log goes back.
const auditKept = 2 * 365 * 24 * time.Hour

// record writes a line of the audit log, in the transaction of what it tells
// of: who did it says the context.
func (c *conn) record(ctx context.Context, e admin.Entry, now time.Time) error {
	by := admin.ActorOf(ctx)
	_, err := c.exec(ctx, `
		INSERT INTO audit (id, at, staff_id, who, address, did, what, tenant_id, was, became) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		newID(), millis(now), by.StaffID, by.Name, by.Address, e.Did, e.What, e.TenantID, e.Before, e.After)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// recordIn writes a line for each of the tenants, or one for the whole service if
// there are none.
func (c *conn) recordIn(ctx context.Context, tenants []string, now time.Time, line func(tenant string) admin.Entry) error {
	tenants = slices.Compact(slices.Sorted(slices.Values(tenants)))
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	for _, t := range tenants {
		e := line(t)
		e.TenantID = t
		if err := c.record(ctx, e, now); err != nil {
			return err
		}
	}
	return nil
}

// So many refused sign-ins of one hour are written down: of one account, and in
// all. One line more says that there were others.
const (
	refusedOfOne  = 20
	refusedOfHour = 200
)

// RecordRefused writes that somebody wasn't let in to an account, as far as there
// is place in the hour.
func (db *DB) RecordRefused(ctx context.Context, e admin.Entry) error {
	return db.write(ctx, func(c *conn) error {
		now := db.Now()
		var n struct {
			OfOne int `db:"of_one"`
			InAll int `db:"in_all"`
		}
		err := c.get(ctx, &n, `
			SELECT COUNT(*) AS in_all, COALESCE(SUM(CASE WHEN what = ? THEN 1 ELSE 0 END), 0) AS of_one
			FROM audit WHERE at >= ? AND did LIKE 'staff.refused%'`, e.What, millis(now.Truncate(time.Hour)))
		switch {
		case err != nil:
			return err
		case n.InAll > refusedOfHour || n.OfOne > refusedOfOne:
			return nil
		case n.InAll == refusedOfHour:
			e.Did, e.What = "staff.refused-many", ""
		case n.OfOne == refusedOfOne:
			e.Did = "staff.refused-many"
		}
		return c.record(ctx, e, now)
	})
}

// shown is a value in the audit log.
func shown(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type that is none for it
	}
	return string(text)
}

// Record writes a line that goes with no other change.
func (db *DB) Record(ctx context.Context, e admin.Entry) error {
	return db.write(ctx, func(c *conn) error { return c.record(ctx, e, db.Now()) })
}

type auditRow struct {
	ID       string
	At       millis
	StaffID  string `db:"staff_id"`
	Who      string
	Address  string
	Did      string
	What     string
	TenantID string `db:"tenant_id"`
	Was      string
	Became   string
}

func (r auditRow) entry() admin.Entry {
	return admin.Entry{
		ID: r.ID, At: r.At.time(), StaffID: r.StaffID, Who: r.Who, Address: r.Address, Did: r.Did, What: r.What,
		TenantID: r.TenantID, Before: r.Was, After: r.Became,
	}
}

// Audit returns lines of the audit log, the newest first.
func (db *DB) Audit(ctx context.Context, q admin.AuditQuery) ([]admin.Entry, error) {
	if q.Tenants != nil && len(q.Tenants) == 0 {
		return nil, nil
	}
	if q.Since.IsZero() {
		q.Since = time.UnixMilli(0)
	}
	where, args := []string{"at >= ?"}, []any{millis(q.Since)}
	if !q.Until.IsZero() {
		where, args = append(where, "at < ?"), append(args, millis(q.Until))
	}
	if q.Tenants != nil {
		where = append(where, "tenant_id IN ("+marks(len(q.Tenants))+")")
		for _, t := range q.Tenants {
			args = append(args, t)
		}
	}
	if q.Who != "" {
		where, args = append(where, `LOWER(who) LIKE ? ESCAPE '!'`), append(args, "%"+escapeLike(strings.ToLower(q.Who))+"%")
	}
	if q.Text != "" {
		where = append(where, `(LOWER(who) LIKE ? ESCAPE '!' OR LOWER(what) LIKE ? ESCAPE '!' OR LOWER(did) LIKE ? ESCAPE '!')`)
		pattern := "%" + escapeLike(strings.ToLower(q.Text)) + "%"
		args = append(args, pattern, pattern, pattern)
	}
	if q.Before != "" {
		where = append(where, `(at, id) < (SELECT at, id FROM audit WHERE id = ?)`)
		args = append(args, q.Before)
	}
	var rows []auditRow
	err := db.reads().list(ctx, &rows, `
		SELECT id, at, staff_id, who, address, did, what, tenant_id, was, became FROM audit
		WHERE `+strings.Join(where, " AND ")+` ORDER BY at DESC, id DESC LIMIT ?`, append(args, q.Most)...)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return each(rows, auditRow.entry), nil
}

// escapeLike is a text in a pattern of LIKE with ESCAPE '!'.
func escapeLike(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

func (db *DB) sweepAudit(ctx context.Context, now time.Time) error {
	return db.inSteps(ctx, 500, func(c *conn, step int64) (int64, error) {
		return c.exec(ctx, `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at <= ? ORDER BY at LIMIT ?)`,
			millis(now.Add(-auditKept)), step)
	})
}

// about is err with what we were doing; nil stays nil.
func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
