package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// tidyEvery is how often all is gone through for what a tenant keeps no longer.
const tidyEvery = 22 * time.Hour

// tidyMost is how many steps one call of Tidy takes.
const tidyMost = 40

// Tidy takes away some of what goes by the will of staff: what is left of
// platforms that are to be erased, and what a tenant keeps no longer. It reports
// whether there is more to do at once.
func (db *DB) Tidy(ctx context.Context, now time.Time) (bool, error) {
	for range tidyMost {
		more, err := db.eraseSome(ctx, now)
		if err == nil && !more {
			more, err = db.tidySome(ctx, now)
		}
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// A walk is how far the daily way through all meetings and people has come.
type walk struct {
	Done   int64  // when it was through, in milliseconds
	Stage  int    // meetings, then people
	Behind string // the id that was looked at last; empty: none of the stage so far
}

const walkName = "walk"

func (c *conn) walk(ctx context.Context) (w walk, err error) {
	var text []byte
	err = c.get(ctx, &text, `SELECT value FROM meta WHERE name = ?`, walkName)
	if errors.Is(err, classroom.ErrNotFound) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	return w, err
}

func (c *conn) saveWalk(ctx context.Context, w walk) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, walkName, text)
	return err
}

// tidySome goes a step on, unless all was gone through today.
func (db *DB) tidySome(ctx context.Context, now time.Time) (bool, error) {
	all, err := db.Tenants(ctx)
	if err != nil {
		return false, err
	}
	keep := map[string]classroom.Keep{}
	for _, t := range all {
		if t.Keep != (classroom.Keep{}) {
			keep[t.ID] = t.Keep
		}
	}
	if len(keep) == 0 {
		return false, nil
	}
	more := false
	err = db.write(ctx, func(c *conn) error {
		w, err := c.walk(ctx)
		if err != nil {
			return err
		}
		if since := now.Sub(time.UnixMilli(w.Done)); w.Stage == 0 && w.Behind == "" && since >= 0 && since < tidyEvery {
			more = false
			return nil
		}
		more = true
		stages := []func(context.Context, *conn, string, map[string]classroom.Keep, time.Time) (string, error){tidyMeetings, tidyPeople}
		if w.Behind, err = stages[w.Stage](ctx, c, w.Behind, keep, now); err != nil {
			return err
		}
		if w.Behind == "" {
			w.Stage++
		}
		if w.Stage == len(stages) {
			w = walk{Done: now.UnixMilli()}
		}
		return c.saveWalk(ctx, w)
	})
	return more, about("take away what is kept no longer", err)
}

// Of so many rows one step decides; of so many meetings it takes the evidence.
const (
	tidyStep  = 200
	sweptMost = 10
)

// tidyMeetings takes away the evidence of meetings that ended long ago and of
// which all is counted. It returns the id behind which to go on; empty: at the
// end.
func tidyMeetings(ctx context.Context, c *conn, behind string, keep map[string]classroom.Keep, now time.Time) (string, error) {
	var rows []struct {
		ID       string
		TenantID string `db:"tenant_id"`
		EndedAt  millis `db:"ended_at"`
		Settled  bool
	}
	err := c.list(ctx, &rows, `
		SELECT m.id, r.tenant_id, m.ended_at, (NOT m.swept AND NOT m.dirty AND m.frozen AND m.session_id IS NOT NULL
			AND m.ended_at IS NOT NULL AND EXISTS (SELECT 1 FROM accounts a WHERE a.meeting_id = m.id)) AS settled
		FROM meetings m JOIN rooms r ON r.id = m.room_id WHERE m.id > ? ORDER BY m.id LIMIT ?`, behind, tidyStep)
	if err != nil {
		return "", err
	}
	var old []any
	for _, m := range rows {
		behind = m.ID
		if until := keep[m.TenantID].EvidenceUntil(now); m.Settled && !until.IsZero() && m.EndedAt.time().Before(until) {
			if old = append(old, m.ID); len(old) == sweptMost {
				break
			}
		}
	}
	if len(old) > 0 {
		if _, err := c.exec(ctx, `UPDATE meetings SET swept = TRUE WHERE id IN (`+marks(len(old))+`)`, old...); err != nil {
			return "", err
		}
		if err := c.deleteAll(ctx, old, `evidence.meeting_id`); err != nil {
			return "", err
		}
	}
	if len(rows) < tidyStep && len(old) < sweptMost {
		return "", nil
	}
	return behind, nil
}

// tidyPeople takes away people who weren't seen for long, were in no class and
// expected in none, and have no grade.
func tidyPeople(ctx context.Context, c *conn, behind string, keep map[string]classroom.Keep, now time.Time) (string, error) {
	var rows []struct {
		ID       string
		TenantID string `db:"tenant_id"`
	}
	err := c.list(ctx, &rows, `
		SELECT p.id, g.tenant_id FROM people p JOIN registrations g ON g.id = p.registration_id WHERE p.id > ? ORDER BY p.id LIMIT ?`, behind, tidyStep)
	if err != nil {
		return "", err
	}
	of := map[string][]any{}
	for _, p := range rows {
		behind = p.ID
		if !keep[p.TenantID].PeopleUntil(now).IsZero() {
			of[p.TenantID] = append(of[p.TenantID], p.ID)
		}
	}
	for tenant, ids := range of {
		if err := c.forgetIdle(ctx, ids, keep[tenant].PeopleUntil(now)); err != nil {
			return "", err
		}
	}
	if len(rows) < tidyStep {
		return "", nil
	}
	return behind, nil
}

func (c *conn) forgetIdle(ctx context.Context, ids []any, until time.Time) error {
	idle, err := c.ids(ctx, `
		SELECT p.id FROM people p WHERE p.id IN (`+marks(len(ids))+`)
			AND EXISTS (SELECT 1 FROM enrolments e WHERE e.person_id = p.id)
			AND NOT EXISTS (SELECT 1 FROM enrolments e WHERE e.person_id = p.id AND e.seen_at >= ?)
			AND NOT EXISTS (SELECT 1 FROM attendances a WHERE a.person_id = p.id)
			AND NOT EXISTS (SELECT 1 FROM expected x WHERE x.person_id = p.id)
			AND NOT EXISTS (SELECT 1 FROM results s WHERE s.person_id = p.id)
			AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.person_id = p.id)
			AND NOT EXISTS (SELECT 1 FROM share_requests q WHERE q.person_id = p.id)`, append(ids, millis(until))...)
	if err != nil || len(idle) == 0 {
		return err
	}
	return c.deleteAll(ctx, idle, `enrolments.person_id`, `anonymous.person_id`, `people.id`)
}
