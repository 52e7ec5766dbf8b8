package classroom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/lti"
)

// Grades carries results to the gradebook: at least once, and harmless to
// repeat. A delivery keeps the timestamp of its score (SentStamp) before the
// score goes out. A crash between two steps leaves:
//
//	settled, job not claimed    the job was made with the delivery, in one
//	                            transaction: it is claimed after the start
//	claimed, stamp not kept     the lease runs out, it is claimed again
//	stamp kept, score not sent  the same; the score goes out with that stamp,
//	                            and the platform takes it
//	sent, outcome not kept      the same; the score goes out with the very same
//	                            timestamp: the platform replaces it by itself,
//	                            or says 409. After a 409 its result is read; if
//	                            it's ours, or can't be read, that was us
//	outcome kept, job not done  claimed again; the delivery doesn't wait any
//	                            more, or its next attempt isn't due: the job
//	                            ends, or is put off
//	column made, not kept       it is found, not made again, when the hold on it
//	                            is over
//
// A new value that comes between any two steps has a later TrueAt. The attempt
// under way then changes nothing but Sent…, and the job runs once more.
//
// Several goroutines may use it.
type Grades struct {
	Store    gradeStore
	Platform gradebook
	Now      func() time.Time
	Log      *slog.Logger
	Wake     func() // may be nil

	finding singleflight.Group
}

// gradeStore is what Grades needs of the database.
type gradeStore interface {
	Order(ctx context.Context, placementID, personID string) (Order, error)
	HoldLineItem(ctx context.Context, placementID string, now, until time.Time) (bool, error)
	FreeLineItem(ctx context.Context, placementID string) error
	SaveLineItem(ctx context.Context, placementID string, item LineItem) error
	SaveDelivery(context.Context, Delivery) error
	Session(ctx context.Context, roomID, sessionID string) (Session, error)
	Resend(ctx context.Context, placementID, personID string) error
}

// gradebook is a platform's. *lti.Grades is one.
type gradebook interface {
	LineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, address string) (lti.LineItem, error)
	FindOrCreateLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
	PostScore(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL string, s lti.Score) error
	Results(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL, userID string) ([]lti.Result, error)
}

const (
	disabledWait = 5 * time.Minute
	removedWait  = time.Hour
	removedTries = 30 * 24 // waits for a platform that was removed, and may come back
)

// JobSubject names a delivery's job.
func (d Delivery) JobSubject() string { return d.PlacementID + "/" + d.PersonID }

// Deliver makes one attempt at a job's delivery and returns when to make the
// next; zero: there is nothing left to do. A platform's no is kept and logged
// and is no error.
//
// What a disabled platform would get waits until it's enabled, and that of a
// removed one for a month.
func (g *Grades) Deliver(ctx context.Context, job Job) (time.Time, error) {
	placementID, personID, _ := strings.Cut(job.Subject, "/")
	o, err := g.Store.Order(ctx, placementID, personID)
	switch {
	case errors.Is(err, ErrNotFound) && job.Attempts < removedTries:
		return g.Now().Add(removedWait), nil
	case errors.Is(err, ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("order %s: %w", job.Subject, err)
	case o.State != Waiting:
		return time.Time{}, nil
	case o.NextAt.After(g.Now()): // the job came back after a crash, but the platform wants to wait
		return o.NextAt, nil
	}
	problem, err := g.attempt(ctx, &o)
	if err == nil { // also when time is up: what has happened must be kept
		err = g.Store.SaveDelivery(context.WithoutCancel(ctx), o.Delivery)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("keep delivery %s: %w", job.Subject, err)
	}
	if problem != nil {
		g.Log.InfoContext(ctx, "grade not taken", "platform", o.Registration.Name, "subject", job.Subject,
			"state", o.State, "code", o.Reason, "next", o.NextAt, "err", problem)
	}
	return o.NextAt, nil
}

// attempt sends the order's score once, if it has to be sent, and writes into
// o what became of it. The problem is the platform's, err is ours.
func (g *Grades) attempt(ctx context.Context, o *Order) (problem, err error) {
	switch {
	case o.Registration.Disabled:
		o.Reason, o.NextAt = ReasonPlatformDisabled, g.Now().Add(disabledWait)
		return nil, nil
	case o.Points == 0 && g.nothingThere(ctx, *o):
		o.State, o.Reason, o.Detail, o.NextAt = Withdrawn, "", "", time.Time{}
		return nil, nil
	}
	was := o.SentStamp
	stamp, tried := o.stamp()
	o.Attempts++
	o.SentStamp = stamp
	if err := g.Store.SaveDelivery(ctx, o.Delivery); err != nil {
		return nil, err
	}
	problem = g.send(ctx, o, stamp)
	if problem != nil && notTaken(problem) {
		o.SentStamp = was
	}
	return g.judge(ctx, o, tried, problem), nil
}

// stamp is the timestamp of the order's score: when it came true, or later if
// the platform has a later one of ours. tried: this very score has been sent
// with it, and nothing is known of what became of it. Then the platform must
// be able to tell that it's the same one.
func (d Delivery) stamp() (stamp time.Time, tried bool) {
	if d.SentStamp.Equal(d.TrueAt) {
		return d.TrueAt, true
	}
	stamp = d.TrueAt
	if earliest := d.SentStamp.Add(stampStep); d.mayBeSent() && stamp.Before(earliest) {
		stamp = earliest
	}
	return stamp, false
}

// nothingThere reports whether the gradebook has nothing that a score of no
// points would put right. Such a score only ever corrects one before it.
func (g *Grades) nothingThere(ctx context.Context, o Order) bool {
	if !o.mayBeSent() || o.Placement.LineItem.URL == "" {
		return true
	}
	if !o.SentAt.IsZero() { // it has, and said so
		return false
	}
	results, err := g.results(ctx, o)
	return err == nil && !slices.ContainsFunc(results, func(r lti.Result) bool { return r.UserID == o.Subject && !r.Empty })
}

// Resend sends a person's grade once more, for a teacher who asks for it in
// the register of a session. It counts as of now, also over what somebody gave
// meanwhile: that is what they ask for.
//
// It is ErrForbidden, or ErrNotFound for somebody without a grade and for a
// session of another room.
func (g *Grades) Resend(ctx context.Context, seat Seat, sessionID, personID string) error {
	if err := seat.May(Resend); err != nil {
		return err
	}
	if _, err := g.Store.Session(ctx, seat.Room.ID, sessionID); err != nil {
		return fmt.Errorf("session %s of room %s: %w", sessionID, seat.Room.ID, err)
	}
	if err := g.Store.Resend(ctx, seat.Placement.ID, personID); err != nil {
		return fmt.Errorf("resend to placement %s: %w", seat.Placement.ID, err)
	}
	if g.Wake != nil {
		g.Wake()
	}
	return nil
}
