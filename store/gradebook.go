package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

type deliveryRow struct {
	PlacementID string `db:"placement_id"`
	PersonID    string `db:"person_id"`
	Points      float64
	MaxPoints   float64 `db:"max_points"`
	Comment     string
	TrueAt      millis `db:"true_at"`
	State       string
	Reason      string
	Detail      string
	Attempts    int
	NextAt      millis  `db:"next_at"`
	SentAt      millis  `db:"sent_at"`
	SentPoints  float64 `db:"sent_points"`
	SentStamp   millis  `db:"sent_stamp"`
	Kept        float64
}

func (r deliveryRow) delivery() gradebook.Delivery {
	return gradebook.Delivery{
		PlacementID: r.PlacementID, PersonID: r.PersonID, Points: r.Points, Max: r.MaxPoints, Comment: r.Comment,
		TrueAt: r.TrueAt.time(), State: gradebook.State(r.State), Reason: r.Reason, Detail: r.Detail,
		Attempts: r.Attempts, NextAt: r.NextAt.time(),
		SentAt: r.SentAt.time(), SentPoints: r.SentPoints, SentStamp: r.SentStamp.time(), Kept: r.Kept,
	}
}

const (
	deliveryColumns = `d.placement_id, d.person_id, d.points, d.max_points, d.comment, d.true_at, d.state, d.reason, d.detail,
		d.attempts, d.next_at, d.sent_at, d.sent_points, d.sent_stamp, d.kept`
	selectDelivery = `SELECT ` + deliveryColumns + ` FROM deliveries d `
)

func deliverJob(placementID, personID, lane string, at time.Time) jobs.Job {
	return jobs.Job{Kind: gradebook.DeliverJob, Subject: placementID + "/" + personID, Lane: lane, RunAt: at}
}

// Order returns a delivery with what is needed to carry it out. It is
// gradebook.ErrNoOrder if there is none, and if its platform has been removed: what
// waits then goes on when the platform is added again.
func (db *DB) Order(ctx context.Context, placementID, personID string) (gradebook.Order, error) {
	var row struct {
		deliveryRow
		personRow
		placementRow
		RegistrationID string `db:"registration_id"`
		DeploymentID   string `db:"deployment_id"`
	}
	err := db.reads().get(ctx, &row, `
		SELECT `+deliveryColumns+`, `+columns[personRow]("p")+`, `+columns[placementRow]("pl")+`, c.registration_id, c.deployment_id
		FROM deliveries d
		JOIN people p ON p.id = d.person_id
		JOIN placements pl ON pl.id = d.placement_id
		JOIN courses c ON c.id = pl.course_id
		WHERE d.placement_id = ? AND d.person_id = ?`, placementID, personID)
	if errors.Is(err, classroom.ErrNotFound) {
		err = gradebook.ErrNoOrder
	}
	if err != nil {
		return gradebook.Order{}, fmt.Errorf("delivery %s/%s: %w", placementID, personID, err)
	}
	registration, err := db.Registration(ctx, row.RegistrationID)
	if errors.Is(err, lti.ErrNoRegistration) {
		return gradebook.Order{}, fmt.Errorf("delivery %s/%s: platform was removed: %w", placementID, personID, gradebook.ErrNoOrder)
	}
	if err != nil {
		return gradebook.Order{}, err
	}
	placement := row.placement()
	if registration.TokenURL == "" { // what it once offered it doesn't now
		placement.Grades = lti.Endpoint{}
	}
	return gradebook.Order{
		Delivery: row.delivery(), Registration: registration, DeploymentID: row.DeploymentID,
		Subject: row.person().Subject, Column: placement.Column, ResourceLinkID: placement.ResourceLinkID,
		Title: placement.Title, RoomID: placement.RoomID,
	}, nil
}

// HoldLineItem has the caller alone look for the placement's line item, until
// FreeLineItem or that time. It is false if somebody is at it, on any node.
func (db *DB) HoldLineItem(ctx context.Context, placementID string, now, until time.Time) (bool, error) {
	var held int64
	err := db.write(ctx, func(c *conn) (err error) {
		held, err = c.exec(ctx, `
			UPDATE placements SET item_held_until = ?
			WHERE id = ? AND (item_held_until IS NULL OR item_held_until <= ?)`, millis(until), placementID, millis(now))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("hold line item of placement %s: %w", placementID, err)
	}
	return held > 0, nil
}

// FreeLineItem ends a hold.
func (db *DB) FreeLineItem(ctx context.Context, placementID string) error {
	err := db.write(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE placements SET item_held_until = NULL WHERE id = ?`, placementID)
	})
	if err != nil {
		return fmt.Errorf("free line item of placement %s: %w", placementID, err)
	}
	return nil
}

// SaveLineItem keeps which line item the placement uses.
func (db *DB) SaveLineItem(ctx context.Context, placementID string, item gradebook.LineItem) error {
	err := db.write(ctx, func(c *conn) error { return c.saveLineItem(ctx, placementID, item) })
	if err != nil {
		return fmt.Errorf("save line item of placement %s: %w", placementID, err)
	}
	return nil
}

func (c *conn) saveLineItem(ctx context.Context, placementID string, item gradebook.LineItem) error {
	return c.one(ctx, `UPDATE placements SET item_url = ?, item_max = ?, item_made = ? WHERE id = ?`,
		item.URL, item.Max, item.Made, placementID)
}

// SaveDelivery keeps the outcome of an attempt: what the platform took, always;
// the state only if the attempt was for the value that still counts, known by
// its TrueAt. A newer value goes on waiting.
func (db *DB) SaveDelivery(ctx context.Context, d gradebook.Delivery) error {
	at := millis(d.TrueAt)
	err := db.write(ctx, func(c *conn) error {
		return c.one(ctx, `
			UPDATE deliveries SET sent_at = ?, sent_points = ?, sent_stamp = ?,
				state    = CASE WHEN true_at = ? THEN ? ELSE state END,
				reason   = CASE WHEN true_at = ? THEN ? ELSE reason END,
				detail   = CASE WHEN true_at = ? THEN ? ELSE detail END,
				attempts = CASE WHEN true_at = ? THEN ? ELSE attempts END,
				next_at  = CASE WHEN true_at = ? THEN ? ELSE next_at END
			WHERE placement_id = ? AND person_id = ?`,
			millis(d.SentAt), d.SentPoints, millis(d.SentStamp),
			at, string(d.State), at, d.Reason, at, d.Detail, at, d.Attempts, at, millis(d.NextAt),
			d.PlacementID, d.PersonID)
	})
	if err != nil {
		return fmt.Errorf("save delivery %s/%s: %w", d.PlacementID, d.PersonID, err)
	}
	return nil
}

// Resend has a delivery sent again now, whatever became of it, or is
// ErrNotFound. Its time is now: who asks for it wants it to count, also over a
// grade that somebody gave meanwhile.
func (db *DB) Resend(ctx context.Context, placementID, personID string) error {
	err := db.write(ctx, func(c *conn) error {
		var lane string
		err := c.get(ctx, &lane, `
			SELECT c.registration_id FROM placements p JOIN courses c ON c.id = p.course_id WHERE p.id = ?`, placementID)
		if err != nil {
			return err
		}
		err = c.one(ctx, `
			UPDATE deliveries SET state = ?, reason = '', detail = '', attempts = 0, next_at = NULL,
				true_at = CASE WHEN true_at < ? THEN ? ELSE true_at + 1 END
			WHERE placement_id = ? AND person_id = ?`, string(gradebook.Waiting), millis(db.Now()), millis(db.Now()), placementID, personID)
		if err != nil {
			return err
		}
		return c.enqueue(ctx, deliverJob(placementID, personID, lane, db.Now()))
	})
	if err != nil {
		return fmt.Errorf("resend %s/%s: %w", placementID, personID, err)
	}
	return nil
}

// ResultOf returns a person's result in a placement and its delivery, each nil
// if there is none.
func (db *DB) ResultOf(ctx context.Context, placementID, personID string) (*attendance.Result, *gradebook.Delivery, error) {
	c := db.reads()
	var results []resultRow
	var deliveries []deliveryRow
	err := inOrder(
		func() error {
			return c.list(ctx, &results, selectResult+`WHERE r.placement_id = ? AND r.person_id = ?`, placementID, personID)
		},
		func() error {
			return c.list(ctx, &deliveries, selectDelivery+`WHERE d.placement_id = ? AND d.person_id = ?`, placementID, personID)
		},
	)
	if err != nil {
		return nil, nil, fmt.Errorf("result %s/%s: %w", placementID, personID, err)
	}
	return first(each(results, resultRow.result)), first(each(deliveries, deliveryRow.delivery)), nil
}

// first is the first of a list, or nil.
func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// PlacementDeliveries returns the placement's ledger.
func (db *DB) PlacementDeliveries(ctx context.Context, placementID string) ([]gradebook.Delivery, error) {
	var rows []deliveryRow
	err := db.reads().list(ctx, &rows, selectDelivery+`WHERE d.placement_id = ? ORDER BY d.person_id`, placementID)
	if err != nil {
		return nil, fmt.Errorf("deliveries of placement %s: %w", placementID, err)
	}
	return each(rows, deliveryRow.delivery), nil
}

// ReleaseDeliveries has those deliveries of a registration sent now that wait
// since its platform was in trouble, and were tried so often at the most; 0:
// all of them. It goes in small steps: launches don't wait for long.
func (db *DB) ReleaseDeliveries(ctx context.Context, registrationID string, attempts int) error {
	if attempts == 0 {
		attempts = math.MaxInt32
	}
	const step = 200
	now := millis(db.Now())
	var late []lateJob
	for from, some := now, true; some; some = len(late) == step {
		err := db.write(ctx, func(c *conn) (err error) {
			late, err = c.release(ctx, registrationID, attempts, from, now, step)
			return err
		})
		if err != nil {
			return fmt.Errorf("release deliveries of registration %s: %w", registrationID, err)
		}
		if len(late) > 0 {
			from = late[len(late)-1].RunAt
		}
	}
	return nil
}

type lateJob struct {
	Subject string
	RunAt   millis `db:"run_at"`
}

// release makes jobs due of which the first runs after from, and returns all
// that it has looked at.
func (c *conn) release(ctx context.Context, lane string, attempts int, from, now millis, step int) ([]lateJob, error) {
	var late []lateJob
	err := c.list(ctx, &late, `
		SELECT subject, run_at FROM jobs
		WHERE kind = ? AND lane = ? AND COALESCE(leased_until, run_at) > ? AND leased_until IS NULL
		ORDER BY COALESCE(leased_until, run_at) LIMIT ?`, gradebook.DeliverJob, lane, from, step)
	if err != nil {
		return nil, err
	}
	for _, job := range late {
		placementID, personID, _ := strings.Cut(job.Subject, "/")
		changed, err := c.exec(ctx, `
			UPDATE deliveries SET next_at = NULL
			WHERE placement_id = ? AND person_id = ? AND state = ? AND reason = ? AND attempts <= ?`,
			placementID, personID, string(gradebook.Waiting), gradebook.ReasonPlatformDown, attempts)
		if err != nil {
			return nil, err
		}
		if changed == 0 {
			continue
		}
		if _, err := c.exec(ctx, `UPDATE jobs SET run_at = ? WHERE kind = ? AND subject = ?`, now, gradebook.DeliverJob, job.Subject); err != nil {
			return nil, err
		}
	}
	return late, nil
}
