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
	SentItem    string  `db:"sent_item"`
	SentAt      millis  `db:"sent_at"`
	SentPoints  float64 `db:"sent_points"`
	SentMax     float64 `db:"sent_max"`
	SentStamp   millis  `db:"sent_stamp"`
	TriedPoints float64 `db:"tried_points"`
	TriedMax    float64 `db:"tried_max"`
	FoundAt     millis  `db:"found_at"`
	FoundPoints float64 `db:"found_points"`
	FoundMax    float64 `db:"found_max"`
	Replaces    bool
	Kept        float64
}

func (r deliveryRow) delivery() gradebook.Delivery {
	return gradebook.Delivery{
		PlacementID: r.PlacementID, PersonID: r.PersonID, Points: r.Points, Max: r.MaxPoints, Comment: r.Comment,
		TrueAt: r.TrueAt.time(), State: gradebook.State(r.State), Reason: r.Reason, Detail: r.Detail,
		Attempts: r.Attempts, NextAt: r.NextAt.time(),
		SentItem: r.SentItem, SentAt: r.SentAt.time(), SentPoints: r.SentPoints, SentMax: r.SentMax,
		SentStamp: r.SentStamp.time(), TriedPoints: r.TriedPoints, TriedMax: r.TriedMax,
		Found:    gradebook.Found{At: r.FoundAt.time(), Points: r.FoundPoints, Max: r.FoundMax},
		Replaces: r.Replaces, Kept: r.Kept,
	}
}

const (
	deliveryColumns = `d.placement_id, d.person_id, d.points, d.max_points, d.comment, d.true_at, d.state, d.reason, d.detail,
		d.attempts, d.next_at, d.sent_item, d.sent_at, d.sent_points, d.sent_max, d.sent_stamp, d.tried_points, d.tried_max,
		d.found_at, d.found_points, d.found_max, d.replaces, d.kept`
	selectDelivery = `SELECT ` + deliveryColumns + ` FROM deliveries d `
)

func deliverJob(placementID, personID, lane string, at time.Time) jobs.Job {
	return jobs.Job{Kind: gradebook.DeliverJob, Subject: placementID + "/" + personID, Lane: lane, RunAt: at}
}

type orderRow struct {
	deliveryRow
	personRow
	placementRow
	RegistrationID string `db:"registration_id"`
	DeploymentID   string `db:"deployment_id"`
}

func (r orderRow) order(registration lti.Registration) gradebook.Order {
	placement := r.placement()
	if registration.TokenURL == "" { // what it once offered it doesn't now
		placement.Grades = lti.Endpoint{}
	}
	return gradebook.Order{
		Delivery: r.delivery(), Registration: registration, DeploymentID: r.DeploymentID,
		Subject: r.person().Subject, Column: placement.Column, ResourceLinkID: placement.ResourceLinkID,
		Title: placement.Title, RoomID: placement.RoomID,
	}
}

var selectOrder = `
	SELECT ` + deliveryColumns + `, ` + columns[personRow]("p") + `, ` + columns[placementRow]("pl") + `, c.registration_id, c.deployment_id
	FROM deliveries d
	JOIN people p ON p.id = d.person_id
	JOIN placements pl ON pl.id = d.placement_id
	JOIN courses c ON c.id = pl.course_id `

// Order returns a delivery with what is needed to carry it out. It is
// gradebook.ErrNoOrder if there is none, and if its platform has been removed: what
// waits then goes on when the platform is added again.
func (db *DB) Order(ctx context.Context, placementID, personID string) (gradebook.Order, error) {
	orders, err := db.orders(ctx, `WHERE d.placement_id = ? AND d.person_id = ?`, placementID, personID)
	if err == nil && len(orders) == 0 {
		err = gradebook.ErrNoOrder
	}
	if err != nil {
		return gradebook.Order{}, fmt.Errorf("delivery %s/%s: %w", placementID, personID, err)
	}
	return orders[0], nil
}

// SentOrders returns the orders of a placement that wait for nothing: what was
// sent, and what another hand gave in its place. It is gradebook.ErrNoOrder if
// their platform has been removed.
func (db *DB) SentOrders(ctx context.Context, placementID string) ([]gradebook.Order, error) {
	orders, err := db.orders(ctx, `WHERE d.placement_id = ? AND (d.state = ? OR d.state = ? AND d.reason IN (?, ?)) ORDER BY d.person_id`,
		placementID, string(gradebook.Delivered), string(gradebook.Superseded), gradebook.ReasonGiven, gradebook.ReasonKept)
	if err != nil {
		return nil, fmt.Errorf("orders of placement %s: %w", placementID, err)
	}
	return orders, nil
}

// orders are those of one placement.
func (db *DB) orders(ctx context.Context, where string, args ...any) ([]gradebook.Order, error) {
	var rows []orderRow
	if err := db.reads().list(ctx, &rows, selectOrder+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	registration, err := db.Registration(ctx, rows[0].RegistrationID)
	if errors.Is(err, lti.ErrNoRegistration) {
		return nil, fmt.Errorf("platform was removed: %w", gradebook.ErrNoOrder)
	}
	if err != nil {
		return nil, err
	}
	return each(rows, func(r orderRow) gradebook.Order { return r.order(registration) }), nil
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

// SaveLineItem keeps which line item the placement uses: one that is there.
func (db *DB) SaveLineItem(ctx context.Context, placementID string, item gradebook.LineItem) error {
	err := db.write(ctx, func(c *conn) error {
		// A launch may have told of another one meanwhile.
		return c.one(ctx, `
			UPDATE placements SET item_url = ?, item_max = ?, item_made = ?, item_own = item_own OR NOT ?,
				item_missed_at = NULL, item_gone = FALSE WHERE id = ?`,
			item.URL, item.Max, item.Made, item.Made, placementID)
	})
	if err != nil {
		return fmt.Errorf("save line item of placement %s: %w", placementID, err)
	}
	return nil
}

// MissLineItem keeps since when a line item of the placement isn't there, zero
// if it is, and whether it's gone. It says nothing of another one that is used
// by now.
func (db *DB) MissLineItem(ctx context.Context, placementID, url string, since time.Time, gone bool) error {
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `UPDATE placements SET item_missed_at = ?, item_gone = ? WHERE id = ? AND item_url = ?`,
			millis(since), gone, placementID, url)
		return err
	})
	if err != nil {
		return fmt.Errorf("line item of placement %s: %w", placementID, err)
	}
	return nil
}

// SaveDelivery keeps the outcome of an attempt: what the platform took, always;
// the rest only if the attempt was for the value that still counts, known by
// its TrueAt. A newer value goes on waiting. Unless checkAt is zero, the column
// is read back then.
func (db *DB) SaveDelivery(ctx context.Context, d gradebook.Delivery, checkAt time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		err := c.one(ctx, `
			UPDATE deliveries SET sent_item = ?, sent_at = ?, sent_points = ?, sent_max = ?,
				sent_stamp = ?, tried_points = ?, tried_max = ?
			WHERE placement_id = ? AND person_id = ?`,
			d.SentItem, millis(d.SentAt), d.SentPoints, d.SentMax, millis(d.SentStamp), d.TriedPoints, d.TriedMax,
			d.PlacementID, d.PersonID)
		if err != nil {
			return err
		}
		if _, err := c.saveOutcome(ctx, d, ``); err != nil || checkAt.IsZero() {
			return err
		}
		return c.readBack(ctx, d.PlacementID, checkAt)
	})
	if err != nil {
		return fmt.Errorf("save delivery %s/%s: %w", d.PlacementID, d.PersonID, err)
	}
	return nil
}

// readBack asks for a placement's column to be read back then. A job that waits
// for that stays as it is: of a whole class, one delivery writes it.
func (c *conn) readBack(ctx context.Context, placementID string, at time.Time) error {
	_, err := c.exec(ctx, `
		INSERT INTO jobs (kind, subject, lane, run_at, attempts, version)
		SELECT ?, p.id, c.registration_id, ?, 0, 1 FROM placements p JOIN courses c ON c.id = p.course_id WHERE p.id = ?
		ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at, attempts = 0, version = jobs.version + 1
		WHERE jobs.run_at IS NULL`, gradebook.CheckJob, millis(at), placementID)
	return err
}

// saveOutcome keeps what became of the value that d is about, if it still
// counts.
func (c *conn) saveOutcome(ctx context.Context, d gradebook.Delivery, unless string) (int64, error) {
	return c.exec(ctx, `
		UPDATE deliveries SET state = ?, reason = ?, detail = ?, attempts = ?, next_at = ?,
			found_at = ?, found_points = ?, found_max = ?, replaces = ?
		WHERE placement_id = ? AND person_id = ? AND true_at = ?`+unless,
		string(d.State), d.Reason, d.Detail, d.Attempts, millis(d.NextAt),
		millis(d.Found.At), d.Found.Points, d.Found.Max, d.Replaces, d.PlacementID, d.PersonID, millis(d.TrueAt))
}

// SaveFound keeps what was read of deliveries that were sent. What waits to be
// sent again by now stays so.
func (db *DB) SaveFound(ctx context.Context, all []gradebook.Delivery) error {
	const step = 200 // so that launches don't wait for long
	for len(all) > 0 {
		some := all[:min(step, len(all))]
		all = all[len(some):]
		err := db.write(ctx, func(c *conn) error {
			for _, d := range some {
				if _, err := c.saveOutcome(ctx, d, ` AND state <> 'waiting'`); err != nil {
					return fmt.Errorf("found of %s/%s: %w", d.PlacementID, d.PersonID, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lane is that of a placement's deliveries: its registration's.
func (c *conn) lane(ctx context.Context, placementID string) (lane string, err error) {
	return lane, c.get(ctx, &lane, `
		SELECT c.registration_id FROM placements p JOIN courses c ON c.id = p.course_id WHERE p.id = ?`, placementID)
}

// Resend has a delivery sent again now, whatever became of it, or is
// ErrNotFound. What another hand gave stays, unless it replaces that. Its time
// is now, when somebody asked for it.
func (db *DB) Resend(ctx context.Context, placementID, personID string, replaces bool) error {
	err := db.write(ctx, func(c *conn) error {
		sent, err := c.resend(ctx, placementID, db.Now(), replaces, `d.person_id = ?`, personID)
		if err == nil && sent == 0 {
			err = classroom.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("resend %s/%s: %w", placementID, personID, err)
	}
	return nil
}

// ResendAll has all deliveries of a placement sent again now, but for those
// that were withdrawn and those in whose place another hand gave a grade. With
// newColumn, the line item that we made and that is gone is made once more.
func (db *DB) ResendAll(ctx context.Context, placementID string, newColumn bool) error {
	err := db.write(ctx, func(c *conn) error {
		if newColumn {
			_, err := c.exec(ctx, `
				UPDATE placements SET item_url = '', item_max = 0, item_made = FALSE, item_missed_at = NULL, item_gone = FALSE
				WHERE id = ? AND item_made AND item_gone`, placementID)
			if err != nil {
				return err
			}
		}
		_, err := c.resend(ctx, placementID, db.Now(), false, `d.state NOT IN (?, ?)`,
			string(gradebook.Withdrawn), string(gradebook.Superseded))
		return err
	})
	if err != nil {
		return fmt.Errorf("resend all of placement %s: %w", placementID, err)
	}
	return nil
}

// resend has the deliveries of a placement wait again, and says how many. A
// column of the platform's own that was gone may be there by now.
func (c *conn) resend(ctx context.Context, placementID string, now time.Time, replaces bool, which string, args ...any) (int, error) {
	lane, err := c.lane(ctx, placementID)
	if err != nil {
		return 0, err
	}
	_, err = c.exec(ctx, `
		UPDATE placements SET item_missed_at = NULL, item_gone = FALSE WHERE id = ? AND item_gone AND NOT item_made`, placementID)
	if err != nil {
		return 0, err
	}
	var people []string
	err = c.list(ctx, &people, `SELECT d.person_id FROM deliveries d WHERE d.placement_id = ? AND `+which+` ORDER BY d.person_id`,
		append([]any{placementID}, args...)...)
	if err != nil {
		return 0, err
	}
	again := make([]jobs.Job, 0, len(people))
	for _, id := range people {
		err := c.one(ctx, `
			UPDATE deliveries SET state = ?, reason = '', detail = '', attempts = 0, next_at = NULL, replaces = ?,
				true_at = CASE WHEN true_at < ? THEN ? ELSE true_at + 1 END
			WHERE placement_id = ? AND person_id = ?`, string(gradebook.Waiting), replaces, millis(now), millis(now), placementID, id)
		if err != nil {
			return 0, err
		}
		again = append(again, deliverJob(placementID, id, lane, now))
	}
	return len(again), c.enqueue(ctx, again...)
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
			WHERE placement_id = ? AND person_id = ? AND state = ? AND reason IN (?, ?) AND attempts <= ?`,
			placementID, personID, string(gradebook.Waiting), gradebook.ReasonPlatformDown, gradebook.ReasonKeyRefused, attempts)
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
