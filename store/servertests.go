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

type serverTestRow struct {
	ID         string
	ServerID   string `db:"server_id"`
	StartedAt  millis `db:"started_at"`
	AliveAt    millis `db:"alive_at"`
	FinishedAt millis `db:"finished_at"`
	MeetingID  string `db:"meeting_id"`
	Steps      jsonText[[]admin.TestStep]
	Ended      jsonText[admin.TestCallback]
	Report     jsonText[admin.TestCallback]
}

func (r serverTestRow) test() admin.ServerTest {
	return admin.ServerTest{
		ID: r.ID, ServerID: r.ServerID, StartedAt: r.StartedAt.time(), AliveAt: r.AliveAt.time(), FinishedAt: r.FinishedAt.time(),
		MeetingID: r.MeetingID, Steps: r.Steps.V, Ended: r.Ended.V, Report: r.Report.V,
	}
}

const selectServerTest = `SELECT id, server_id, started_at, alive_at, finished_at, meeting_id, steps, ended, report FROM server_tests `

func (c *conn) serverTest(ctx context.Context, where string, args ...any) (admin.ServerTest, error) {
	var row serverTestRow
	err := c.get(ctx, &row, selectServerTest+where, args...)
	return row.test(), err
}

const newestServerTest = `WHERE server_id = ? ORDER BY started_at DESC, id LIMIT 1`

// BeginServerTest keeps a test in place of the server's test before. It is
// admin.ErrTestRuns if that isn't over and was alive at a time or later.
func (db *DB) BeginServerTest(ctx context.Context, t admin.ServerTest, alive time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		before, err := c.serverTest(ctx, newestServerTest, t.ServerID)
		switch {
		case err != nil && !errors.Is(err, classroom.ErrNotFound):
			return err
		case err == nil && before.FinishedAt.IsZero() && !before.AliveAt.Before(alive):
			return admin.ErrTestRuns
		}
		if _, err := c.exec(ctx, `DELETE FROM server_tests WHERE server_id = ?`, t.ServerID); err != nil {
			return err
		}
		added, err := c.exec(ctx, `
			INSERT INTO server_tests (id, server_id, started_at, alive_at, meeting_id, steps, ended, report)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			t.ID, t.ServerID, millis(t.StartedAt), millis(t.AliveAt), t.MeetingID, asJSON(t.Steps), asJSON(t.Ended), asJSON(t.Report))
		if err == nil && added == 0 { // somebody else was faster
			err = admin.ErrTestRuns
		}
		return err
	})
	return about("begin test of server "+t.ServerID, err)
}

// SaveServerTest keeps how far a test is. It is ErrNotFound for one that was
// replaced.
func (db *DB) SaveServerTest(ctx context.Context, t admin.ServerTest) error {
	err := db.write(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE server_tests SET alive_at = ?, finished_at = ?, steps = ? WHERE id = ?`,
			millis(t.AliveAt), millis(t.FinishedAt), asJSON(t.Steps), t.ID)
	})
	return about("save test "+t.ID, err)
}

// ServerTest returns a test, or ErrNotFound.
func (db *DB) ServerTest(ctx context.Context, id string) (admin.ServerTest, error) {
	t, err := db.reads().serverTest(ctx, `WHERE id = ?`, id)
	return t, about("server test", err)
}

// NewestServerTest returns the newest test of a server, or ErrNotFound.
func (db *DB) NewestServerTest(ctx context.Context, serverID string) (admin.ServerTest, error) {
	t, err := db.reads().serverTest(ctx, newestServerTest, serverID)
	return t, about("test of server "+serverID, err)
}

// KeepTestCallback keeps a callback of a test, unless a good one was kept. It is
// ErrNotFound for a test that isn't there.
func (db *DB) KeepTestCallback(ctx context.Context, id string, kind admin.TestCallbackKind, came admin.TestCallback) error {
	err := db.write(ctx, func(c *conn) error {
		t, err := c.serverTest(ctx, `WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if kind == admin.TestEnded {
			if t.Ended.Code == admin.CallbackGood {
				return nil
			}
			return c.one(ctx, `UPDATE server_tests SET ended = ? WHERE id = ?`, asJSON(came), id)
		}
		if t.Report.Code == admin.CallbackGood || t.Report.Code == came.Code { // a flood writes once
			return nil
		}
		return c.one(ctx, `UPDATE server_tests SET report = ? WHERE id = ?`, asJSON(came), id)
	})
	return about("keep callback of test", err)
}

// serverTestsKept is how long a test can be looked at.
const serverTestsKept = 90 * 24 * time.Hour

func (c *conn) sweepServerTests(ctx context.Context, now time.Time) error {
	_, err := c.exec(ctx, `DELETE FROM server_tests WHERE started_at <= ?`, millis(now.Add(-serverTestsKept)))
	return about("server tests", err)
}

// ServerFound returns what a look at a server brought last, or its zero value.
func (db *DB) ServerFound(ctx context.Context, serverID string) (admin.Found, error) {
	var found string
	err := db.reads().get(ctx, &found, `SELECT found FROM servers WHERE id = ?`, serverID)
	if err != nil || found == "" {
		return admin.Found{}, about("server "+serverID, err)
	}
	var f jsonText[admin.Found]
	err = f.Scan(found)
	return f.V, about("what was found of server "+serverID, err)
}

// SaveServerFound keeps what a look at a server brought.
func (db *DB) SaveServerFound(ctx context.Context, serverID string, f admin.Found) error {
	err := db.write(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE servers SET found = ? WHERE id = ?`, asJSON(f), serverID)
	})
	return about("server "+serverID, err)
}

// reportsMost is how many of a server's newest classes are looked at.
const reportsMost = 200

// ReportsOf returns when the newest report of a server's classes came, and how
// many that ended after its class, between two times, have none.
func (db *DB) ReportsOf(ctx context.Context, serverID string, since, until time.Time) (admin.Reports, error) {
	var rows []struct {
		EndedAt  millis `db:"ended_at"`
		Reported millis
	}
	err := db.reads().list(ctx, &rows, `
		SELECT m.ended_at, (SELECT MAX(e.at) FROM evidence e WHERE e.meeting_id = m.id AND e.source = ?) AS reported
		FROM meetings m WHERE m.server_id = ? AND m.ended_at IS NOT NULL ORDER BY m.ended_at DESC LIMIT ?`,
		string(attendance.Analytics), serverID, reportsMost)
	if err != nil {
		return admin.Reports{}, fmt.Errorf("reports of server %s: %w", serverID, err)
	}
	var r admin.Reports
	for _, row := range rows {
		ended, reported := row.EndedAt.time(), row.Reported.time()
		switch {
		case !reported.IsZero():
			if reported.After(r.LastAt) {
				r.LastAt = reported
			}
		case r.LastAt.IsZero() && ended.After(since) && ended.Before(until):
			r.Without++
		}
	}
	return r, nil
}
