package gradebook

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

	finding singleflight.Group
}

// gradeStore is what Grades needs of the database.
type gradeStore interface {
	Order(ctx context.Context, placementID, personID string) (Order, error)
	HoldLineItem(ctx context.Context, placementID string, now, until time.Time) (bool, error)
	FreeLineItem(ctx context.Context, placementID string) error
	SaveLineItem(ctx context.Context, placementID string, item LineItem) error
	SaveDelivery(context.Context, Delivery) error
	ReleaseDeliveries(ctx context.Context, registrationID string, attempts int) error
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

// DeliverJob is the kind of a delivery's job.
const DeliverJob = "deliver"

// ErrNoOrder is the error of a delivery that isn't there, or whose platform has
// been removed.
var ErrNoOrder = errors.New("no such delivery")

// An Attempt is what became of one attempt at a delivery.
type Attempt struct {
	Again   time.Time     // when to make the next; zero: there is nothing left to do
	Trouble bool          // the platform doesn't answer, or can't, or asks to wait
	Wait    time.Duration // how long it asks to wait; 0: it doesn't
}

// Deliver makes one attempt, the attempts-th of its job, at the delivery of
// that subject. A platform's no is kept and logged and is no error.
//
// What a disabled platform would get waits until it's enabled, and that of a
// removed one for a month.
func (g *Grades) Deliver(ctx context.Context, subject string, attempts int) (Attempt, error) {
	placementID, personID, _ := strings.Cut(subject, "/")
	o, err := g.Store.Order(ctx, placementID, personID)
	switch {
	case errors.Is(err, ErrNoOrder) && attempts < removedTries:
		return Attempt{Again: g.Now().Add(removedWait)}, nil
	case errors.Is(err, ErrNoOrder):
		return Attempt{}, nil
	case err != nil:
		return Attempt{}, fmt.Errorf("order %s: %w", subject, err)
	case o.State != Waiting:
		return Attempt{}, nil
	case o.NextAt.After(g.Now()): // the job came back after a crash, but the platform wants to wait
		return Attempt{Again: o.NextAt}, nil
	}
	problem, err := g.attempt(ctx, &o)
	if err == nil { // also when time is up: what has happened must be kept
		err = g.Store.SaveDelivery(context.WithoutCancel(ctx), o.Delivery)
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("keep delivery %s: %w", subject, err)
	}
	if problem != nil {
		g.Log.InfoContext(ctx, "grade not taken", "platform", o.Registration.Name, "subject", subject,
			"state", o.State, "code", o.Reason, "next", o.NextAt, "err", problem)
	}
	a := Attempt{Again: o.NextAt, Trouble: problem != nil && o.Reason == ReasonPlatformDown}
	var service *lti.ServiceError
	if a.Trouble && errors.As(problem, &service) {
		a.Wait = service.RetryAfter
	}
	return a, nil
}

// Release has what waits for a platform that was in trouble sent now, since it
// answers: what was tried so often at the most; 0: all of it.
func (g *Grades) Release(ctx context.Context, registrationID string, attempts int) error {
	return g.Store.ReleaseDeliveries(ctx, registrationID, attempts)
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
	if earliest := d.SentStamp.Add(stampStep); d.MayBeSent() && stamp.Before(earliest) {
		stamp = earliest
	}
	return stamp, false
}

// nothingThere reports whether the gradebook has nothing that a score of no
// points would put right. Such a score only ever corrects one before it.
func (g *Grades) nothingThere(ctx context.Context, o Order) bool {
	if !o.MayBeSent() || o.LineItem.URL == "" {
		return true
	}
	if !o.SentAt.IsZero() { // it has, and said so
		return false
	}
	results, err := g.results(ctx, o)
	return err == nil && !slices.ContainsFunc(results, func(r lti.Result) bool { return r.UserID == o.Subject && !r.Empty })
}
