package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

type gradeRow struct {
	deliveryRow
	TenantID       string `db:"tenant_id"`
	RegistrationID string `db:"registration_id"`
	Platform       string
	Course         string
	Link           string
	RoomID         string `db:"room_id"`
	Person         string
}

func (r gradeRow) grade() admin.Grade {
	return admin.Grade{
		Delivery: r.delivery(), TenantID: r.TenantID, RegistrationID: r.RegistrationID, Platform: r.Platform, Course: r.Course, Link: r.Link,
		RoomID: r.RoomID, Person: classroom.Person{ID: r.PersonID, Name: r.Person}.DisplayName(),
	}
}

var gradeStates = []gradebook.State{gradebook.Refused, gradebook.Waiting, gradebook.Superseded, gradebook.Delivered, gradebook.Withdrawn}

// Grades returns grades with whose they are, the newest first. Those of one state
// come in that order from its index; for all states, each is asked.
func (db *DB) Grades(ctx context.Context, q admin.GradeQuery) ([]admin.Grade, error) {
	states := gradeStates
	if q.State != "" {
		states = []gradebook.State{q.State}
	}
	var list []admin.Grade
	for _, state := range states {
		some, err := db.gradesOf(ctx, state, q)
		if err != nil {
			return nil, fmt.Errorf("grades: %w", err)
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b admin.Grade) int {
		return cmp.Or(b.TrueAt.Compare(a.TrueAt), cmp.Compare(b.PlacementID, a.PlacementID), cmp.Compare(b.PersonID, a.PersonID))
	})
	return list[:min(len(list), q.Most)], nil
}

const selectGrade = `SELECT ` + deliveryColumns + `, g.tenant_id, c.registration_id, g.name AS platform, c.title AS course,
		pl.title AS link, pl.room_id, p.name AS person
	FROM deliveries d JOIN people p ON p.id = d.person_id JOIN placements pl ON pl.id = d.placement_id
	JOIN courses c ON c.id = pl.course_id JOIN registrations g ON g.id = c.registration_id
	WHERE `

// Grade returns one; ErrNotFound.
func (db *DB) Grade(ctx context.Context, k gradebook.Key) (admin.Grade, error) {
	var row gradeRow
	if err := db.reads().get(ctx, &row, selectGrade+`d.placement_id = ? AND d.person_id = ?`, k.PlacementID, k.PersonID); err != nil {
		return admin.Grade{}, fmt.Errorf("grade %s/%s: %w", k.PlacementID, k.PersonID, err)
	}
	return row.grade(), nil
}

func (db *DB) gradesOf(ctx context.Context, state gradebook.State, q admin.GradeQuery) ([]admin.Grade, error) {
	var w clause
	w.and("d.state = ? AND d.true_at >= ?", string(state), sinceMillis(q.Since))
	w.in("g.tenant_id", q.Tenants)
	w.is("d.reason", q.Reason)
	w.is("c.registration_id", q.RegistrationID)
	w.has(q.Course, "c.title", "c.label")
	if k := q.Before; !k.TrueAt.IsZero() {
		w.and("(d.true_at, d.placement_id, d.person_id) < (?, ?, ?)", millis(k.TrueAt), k.PlacementID, k.PersonID)
	}
	var rows []gradeRow
	err := db.counts().list(ctx, &rows, selectGrade+w.String()+` ORDER BY d.true_at DESC, d.placement_id DESC, d.person_id DESC LIMIT ?`, append(w.args, q.Most)...)
	return each(rows, gradeRow.grade), err
}

// Pauses are the platforms whose grades wait because of them, by their names.
func (db *DB) Pauses(ctx context.Context, tenants []string) ([]admin.Pause, error) {
	var w clause
	w.and("d.state = ? AND d.reason IN (?, ?, ?) AND g.removed_at IS NULL", string(gradebook.Waiting),
		gradebook.ReasonPlatformDown, gradebook.ReasonKeyRefused, gradebook.ReasonPlatformDisabled)
	w.in("g.tenant_id", tenants)
	var rows []struct {
		RegistrationID string `db:"registration_id"`
		TenantID       string `db:"tenant_id"`
		Name           string
		Disabled       bool
		Reason         string
		N              int
		NextAt         millis `db:"next_at"`
	}
	err := db.counts().list(ctx, &rows, `
		SELECT g.id AS registration_id, g.tenant_id, g.name, g.disabled, d.reason, COUNT(*) AS n, MIN(d.next_at) AS next_at
		FROM deliveries d JOIN placements pl ON pl.id = d.placement_id JOIN courses c ON c.id = pl.course_id
		JOIN registrations g ON g.id = c.registration_id
		WHERE `+w.String()+` GROUP BY g.id, g.tenant_id, g.name, g.disabled, d.reason ORDER BY g.name, g.id, n DESC, d.reason`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("paused platforms: %w", err)
	}
	var list []admin.Pause
	for _, r := range rows {
		if n := len(list); n > 0 && list[n-1].RegistrationID == r.RegistrationID {
			list[n-1].Waiting += r.N
			list[n-1].NextAt = earlier(list[n-1].NextAt, r.NextAt.time())
			continue
		}
		list = append(list, admin.Pause{
			RegistrationID: r.RegistrationID, TenantID: r.TenantID, Platform: r.Name, Reason: r.Reason, Waiting: r.N,
			NextAt: r.NextAt.time(), Disabled: r.Disabled,
		})
	}
	return list, nil
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

// ResendGrades has grades sent again now, and writes it into the audit log. What
// another hand gave stays, and so does what doesn't hold any more.
func (db *DB) ResendGrades(ctx context.Context, keys []gradebook.Key, e admin.Entry) (int, error) {
	sent := 0
	err := db.write(ctx, func(c *conn) error {
		sent = 0
		for _, k := range keys {
			n, err := c.resend(ctx, k.PlacementID, db.Now(), false, `d.person_id = ? AND d.state NOT IN (?, ?)`, k.PersonID,
				string(gradebook.Withdrawn), string(gradebook.Superseded))
			if err != nil {
				return fmt.Errorf("%s/%s: %w", k.PlacementID, k.PersonID, err)
			}
			sent += n
		}
		if sent == 0 {
			return nil
		}
		return c.record(ctx, e, db.Now())
	})
	if err != nil {
		return 0, fmt.Errorf("resend grades: %w", err)
	}
	return sent, nil
}
