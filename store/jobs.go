package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// A job that waits has run_at. A claimed one has leased_until instead, and
// run_at is NULL until it's asked for again. So what says when a row may be
// claimed is COALESCE(leased_until, run_at), which has an index.

// Enqueue asks for a job. If one of that kind and subject waits, it runs at
// the earlier of both times and starts to count its attempts anew; if it runs
// just now, it runs again.
func (db *DB) Enqueue(ctx context.Context, j jobs.Job) error {
	return db.write(ctx, func(c *conn) error { return c.enqueue(ctx, j) })
}

func (c *conn) enqueue(ctx context.Context, asked ...jobs.Job) error {
	var rows [][]any
	for _, j := range asked {
		if j.RunAt.IsZero() { // at once
			j.RunAt = time.UnixMilli(0)
		}
		rows = append(rows, []any{string(j.Kind), j.Subject, j.Lane, millis(j.RunAt), 0, 1})
	}
	err := c.insert(ctx, `INSERT INTO jobs (kind, subject, lane, run_at, attempts, version) VALUES`, rows, `
		ON CONFLICT (kind, subject) DO UPDATE SET
			lane = excluded.lane,
			run_at = CASE WHEN jobs.run_at < excluded.run_at THEN jobs.run_at ELSE excluded.run_at END,
			attempts = 0, version = jobs.version + 1`)
	if err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(asked), err)
	}
	return nil
}

type jobRow struct {
	Kind     string
	Subject  string
	Lane     string
	RunAt    millis `db:"run_at"`
	Attempts int
	Version  int64
}

// Lanes says in which lanes there are jobs of a kind, and when the first of
// each may be claimed.
func (db *DB) Lanes(ctx context.Context, kind jobs.Kind) ([]jobs.Lane, error) {
	var rows []struct {
		Lane string
		Due  millis
	}
	// One step of the index for each lane, however many jobs it has.
	err := db.reads().list(ctx, &rows, `
		WITH RECURSIVE lanes (lane) AS (
			SELECT MIN(lane) FROM jobs WHERE kind = ?
			UNION ALL
			SELECT (SELECT MIN(j.lane) FROM jobs j WHERE j.kind = ? AND j.lane > l.lane) FROM lanes l WHERE l.lane IS NOT NULL
		)
		SELECT l.lane, (
			SELECT COALESCE(j.leased_until, j.run_at) FROM jobs j WHERE j.kind = ? AND j.lane = l.lane
			ORDER BY COALESCE(j.leased_until, j.run_at) LIMIT 1
		) AS due FROM lanes l WHERE l.lane IS NOT NULL`, string(kind), string(kind), string(kind))
	if err != nil {
		return nil, fmt.Errorf("lanes of jobs %s: %w", kind, err)
	}
	return each(rows, func(r struct {
		Lane string
		Due  millis
	}) jobs.Lane {
		return jobs.Lane{Name: r.Lane, Due: r.Due.time()}
	}), nil
}

// ClaimJobs takes jobs of a kind and lane that are due, the longest due first,
// for as long as the lease: then they are anybody's again.
func (db *DB) ClaimJobs(ctx context.Context, kind jobs.Kind, lane string, now time.Time, lease time.Duration, limit int) ([]jobs.Job, error) {
	var claimed []jobs.Job
	err := db.write(ctx, func(c *conn) error {
		claimed = nil
		var rows []jobRow
		err := c.list(ctx, &rows, `
			SELECT kind, subject, lane, run_at, attempts, version FROM jobs
			WHERE kind = ? AND lane = ? AND COALESCE(leased_until, run_at) <= ?
			ORDER BY COALESCE(leased_until, run_at) LIMIT ?`+db.skipLocked, string(kind), lane, millis(now), limit)
		if err != nil {
			return err
		}
		for _, r := range rows {
			// Asked for again for later, and claimed for its lease was over:
			// that stays asked for.
			err := c.one(ctx, `
				UPDATE jobs SET attempts = attempts + 1, leased_until = ?,
					run_at = CASE WHEN run_at > ? THEN run_at END
				WHERE kind = ? AND subject = ?`, millis(now.Add(lease)), millis(now), r.Kind, r.Subject)
			if err != nil {
				return err
			}
			claimed = append(claimed, jobs.Job{
				Kind: jobs.Kind(r.Kind), Subject: r.Subject, Lane: r.Lane,
				RunAt: r.RunAt.time(), Attempts: r.Attempts + 1, Version: r.Version,
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs %s of lane %s: %w", kind, lane, err)
	}
	return claimed, nil
}

// FinishJob ends a claimed job. If it was asked for again since, it stays and
// waits for its time. It leaves alone what somebody else has claimed by now:
// they may have to retry it.
func (db *DB) FinishJob(ctx context.Context, j jobs.Job) error {
	err := db.write(ctx, func(c *conn) error {
		done, err := c.exec(ctx, `DELETE FROM jobs WHERE kind = ? AND subject = ? AND version = ? AND attempts = ? AND run_at IS NULL`,
			string(j.Kind), j.Subject, j.Version, j.Attempts)
		if err != nil || done > 0 {
			return err
		}
		_, err = c.exec(ctx, `UPDATE jobs SET leased_until = NULL WHERE kind = ? AND subject = ? AND run_at IS NOT NULL`,
			string(j.Kind), j.Subject)
		return err
	})
	if err != nil {
		return fmt.Errorf("finish job %s %s: %w", j.Kind, j.Subject, err)
	}
	return nil
}

// RetryJob lets a claimed job run again at a time, or earlier if it was asked
// for again since. It leaves alone what somebody else has claimed by now.
func (db *DB) RetryJob(ctx context.Context, j jobs.Job, at time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `
			UPDATE jobs SET leased_until = NULL, run_at = CASE WHEN run_at < ? THEN run_at ELSE ? END
			WHERE kind = ? AND subject = ? AND (attempts = ? OR version <> ?)`,
			millis(at), millis(at), string(j.Kind), j.Subject, j.Attempts, j.Version)
		return err
	})
	if err != nil {
		return fmt.Errorf("retry job %s %s: %w", j.Kind, j.Subject, err)
	}
	return nil
}

// HastenJobs makes all jobs of a kind due now that aren't yet, and has no lease
// last longer than leased.
func (db *DB) HastenJobs(ctx context.Context, kind jobs.Kind, now, leased time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `
			UPDATE jobs SET run_at = CASE WHEN run_at > ? THEN ? ELSE run_at END,
				leased_until = CASE WHEN leased_until > ? THEN ? ELSE leased_until END
			WHERE kind = ? AND (run_at > ? OR leased_until > ?)`,
			millis(now), millis(now), millis(leased), millis(leased), string(kind), millis(now), millis(leased))
		return err
	})
	if err != nil {
		return fmt.Errorf("hasten jobs %s: %w", kind, err)
	}
	return nil
}

// FreeJobs ends the leases that a program which is no more has left, so that
// a new start needn't wait for them. Where several nodes do jobs nobody can
// tell, and it does nothing: there the leases run out.
func (db *DB) FreeJobs(ctx context.Context) error {
	if !db.oneNode {
		return nil
	}
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `UPDATE jobs SET leased_until = 0 WHERE leased_until IS NOT NULL`)
		return err
	})
	if err != nil {
		return fmt.Errorf("free jobs: %w", err)
	}
	return nil
}

// formerKept is how long a room is found by a meeting id that it has left:
// reports of its classes come within hours.
const formerKept = 90 * 24 * time.Hour

// Sweep removes what is past its life: visits with their nonces, rooms that
// were picked and never used, requests that nobody has answered, meeting ids
// that rooms have left, registration links that are long over, and keys.
func (db *DB) Sweep(ctx context.Context, now time.Time) error {
	if err := db.sweepVisits(ctx, now); err != nil {
		return fmt.Errorf("sweep visits: %w", err)
	}
	if err := db.sweepPicks(ctx, now); err != nil {
		return fmt.Errorf("sweep picks: %w", err)
	}
	if err := db.sweepAnonymous(ctx, now); err != nil {
		return fmt.Errorf("sweep anonymous people: %w", err)
	}
	if err := db.sweepStaff(ctx, now); err != nil {
		return fmt.Errorf("sweep staff: %w", err)
	}
	if err := db.sweepAudit(ctx, now); err != nil {
		return fmt.Errorf("sweep the audit log: %w", err)
	}
	if err := db.sweepFailures(ctx, now); err != nil {
		return fmt.Errorf("sweep failures: %w", err)
	}
	if err := db.sweepLinks(ctx, now); err != nil {
		return fmt.Errorf("sweep registration links: %w", err)
	}
	err := db.write(ctx, func(c *conn) error {
		if _, err := c.exec(ctx, `DELETE FROM share_requests WHERE expires_at <= ?`, millis(now)); err != nil {
			return fmt.Errorf("requests: %w", err)
		}
		if _, err := c.exec(ctx, `DELETE FROM former_meeting_ids WHERE left_at <= ?`, millis(now.Add(-formerKept))); err != nil {
			return fmt.Errorf("former meeting ids: %w", err)
		}
		if _, err := c.exec(ctx, `
			DELETE FROM keys WHERE retire_at <= ? AND id NOT IN (SELECT signs_with FROM registrations WHERE removed_at IS NULL)`, millis(now)); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
		return c.sweepServerTests(ctx, now)
	})
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	db.known.forget()
	return nil
}

func (db *DB) sweepVisits(ctx context.Context, now time.Time) error {
	return db.inSteps(ctx, 500, func(c *conn, step int64) (int64, error) {
		return c.exec(ctx, `
			DELETE FROM visits WHERE id IN (SELECT id FROM visits WHERE kept_until <= ? ORDER BY kept_until LIMIT ?)`,
			millis(now), step)
	})
}

// inSteps sweeps a step of so many rows after another, until there is less to
// sweep: launches don't wait for long.
func (db *DB) inSteps(ctx context.Context, step int64, sweep func(c *conn, step int64) (int64, error)) error {
	for swept := step; swept == step; {
		err := db.write(ctx, func(c *conn) (err error) {
			swept, err = sweep(c, step)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Counts says what waits and lives.
func (db *DB) Counts(ctx context.Context) (classroom.Counts, error) {
	counts := classroom.Counts{Deliveries: map[gradebook.State]int{}, Jobs: map[jobs.Kind]int{}}
	var rows []struct {
		What, Name string
		N          int
	}
	err := db.counts().list(ctx, &rows, `
		SELECT 'delivery' AS what, state AS name, COUNT(*) AS n FROM deliveries GROUP BY state
		UNION ALL SELECT 'job', kind, COUNT(*) FROM jobs GROUP BY kind
		UNION ALL SELECT 'meeting', 'live', COUNT(*) FROM meetings WHERE ended_at IS NULL`)
	if err != nil {
		return classroom.Counts{}, fmt.Errorf("count: %w", err)
	}
	for _, r := range rows {
		switch r.What {
		case "delivery":
			counts.Deliveries[gradebook.State(r.Name)] = r.N
		case "job":
			counts.Jobs[jobs.Kind(r.Name)] = r.N
		default:
			counts.LiveMeetings = r.N
		}
	}
	return counts, nil
}
