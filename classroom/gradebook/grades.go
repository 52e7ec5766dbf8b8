package gradebook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/lti"
)

// Grades carries results to the gradebook: at least once, and harmless to
// repeat. Before a score goes out, what the gradebook has is read, once for all
// who are in the column; what another hand gave stays. Then the delivery keeps
// the timestamp of its score (SentStamp) and its points (Tried…), and then the
// score is sent. A crash between two steps leaves:
//
//	settled, job not claimed    the job was made with the delivery, in one
//	                            transaction: it is claimed after the start
//	claimed, not read           the lease runs out, it is claimed again
//	read, stamp not kept        the same: it is read again
//	stamp kept, score not sent  the same; the gradebook doesn't have it, so it
//	                            goes out with that stamp, and is taken
//	sent, outcome not kept      the same; it is read, and is there: delivered.
//	                            Where results can't be read it goes out with the
//	                            very same timestamp: the platform replaces it by
//	                            itself, or says 409, which then means that it
//	                            was us
//	outcome kept, job not done  claimed again; the delivery doesn't wait any
//	                            more, or its next attempt isn't due: the job
//	                            ends, or is put off
//	outcome kept, not read back the job that reads back is made with the outcome,
//	                            in one transaction
//	column made, not kept       it is found, not made again, when the hold on it
//	                            is over
//	column missed, not kept     it is missed once more before it counts as gone
//
// A new value that comes between any two steps has a later TrueAt. The attempt
// under way then changes nothing but Sent… and Tried…, and the job runs once
// more.
//
// Several goroutines may use it.
type Grades struct {
	Store    gradeStore
	Platform gradebook
	Now      func() time.Time
	Log      *slog.Logger
	// Ended is told what became of an attempt that delivered a grade, or of the
	// first that didn't for a reason. It may be nil.
	Ended func(o Order, problem error)

	finding    singleflight.Group
	readings   readings
	unmeasured moments // line items whose maximum couldn't be read
	up         moments // platforms, when a call about grades succeeded
}

// gradeStore is what Grades needs of the database.
type gradeStore interface {
	Order(ctx context.Context, placementID, personID string) (Order, error)
	SentOrders(ctx context.Context, placementID string) ([]Order, error)
	HoldLineItem(ctx context.Context, placementID string, now, until time.Time) (bool, error)
	FreeLineItem(ctx context.Context, placementID string) error
	SaveLineItem(ctx context.Context, placementID string, item LineItem) error
	MissLineItem(ctx context.Context, placementID, url string, since time.Time, gone bool) error
	SaveDelivery(ctx context.Context, d Delivery, checkAt time.Time) error
	SaveFound(context.Context, []Delivery) error
	ReleaseDeliveries(ctx context.Context, registrationID string, attempts int) error
}

// gradebook is a platform's. *lti.Grades is one.
type gradebook interface {
	LineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, address string) (lti.LineItem, error)
	FindLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
	CreateLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
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
	Trouble bool          // the platform doesn't answer, or can't, or asks to wait, or doesn't know our key: all that is for it waits
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
	before := o.Reason
	problem, err := g.attempt(ctx, &o)
	if err == nil { // also when time is up: what has happened must be kept
		err = g.Store.SaveDelivery(context.WithoutCancel(ctx), o.Delivery, g.checkAt(o))
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("keep delivery %s: %w", subject, err)
	}
	if g.Ended != nil && (o.State == Delivered || o.Reason != "" && (o.Reason != before || o.State != Waiting)) {
		g.Ended(o, problem)
	}
	if problem != nil {
		g.Log.InfoContext(ctx, "grade not taken", "platform", o.Registration.Name, "subject", subject,
			"state", o.State, "code", o.Reason, "next", o.NextAt, "err", problem)
	}
	a := Attempt{Again: o.NextAt, Trouble: problem != nil && (o.Reason == ReasonPlatformDown || o.Reason == ReasonKeyRefused)}
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
	case !o.has(lti.AGSScore):
		return g.judge(o, fmt.Errorf("score: %w", lti.ErrNotGranted)), nil
	case o.Gone:
		return g.judge(o, errGone), nil
	case g.waitsForColumn(o):
		return nil, nil
	case o.Points == 0 && g.nothingThere(ctx, *o):
		o.State, o.Reason, o.Detail, o.NextAt, o.Replaces = Withdrawn, "", "", time.Time{}, false
		return nil, nil
	}
	o.Attempts++
	item, problem := g.lineItem(ctx, *o)
	if problem != nil {
		return g.judge(o, unsentError{problem}), nil
	}
	o.LineItem = item
	return g.write(ctx, o)
}

// waitsForColumn puts an order off whose column was missed by another one a
// moment ago: one attempt tells as much as three hundred.
func (g *Grades) waitsForColumn(o *Order) bool {
	wait := o.MissedAt.Add(goneAfter).Sub(g.Now())
	if o.MissedAt.IsZero() || wait <= 0 || o.Reason == ReasonLineItemGone {
		return false
	}
	o.Reason, o.NextAt = ReasonLineItemGone, g.Now().Add(jittered(wait))
	return true
}

const (
	// writeMost is how often one attempt sends, with a fresh timestamp each.
	writeMost = 3
	// readTries is how many attempts a column is given to be read.
	readTries = 3
)

// write looks at what the gradebook has and, unless another hand gave it,
// sends the score. A score that was outdated though nobody graded goes out again
// with a fresh timestamp.
func (g *Grades) write(ctx context.Context, o *Order) (problem, err error) {
	o.leave()
	stamp, tried := o.stamp()
	r := g.read(ctx, *o, o.readSince(stamp, g.Now()), 0)
	for range writeMost {
		outdated := errors.Is(problem, lti.ErrOutdated)
		v, can := o.verdict(r), r.err == nil
		switch {
		case can && v == theirs && !o.replaces(r):
			o.given(o.found(r))
			return nil, nil
		case can && v == same && (tried || outdated || !o.MayBeSent()):
			g.inPlace(o, r, tried)
			return nil, nil
		case !can && !unreadable(r.err) && (outdated || o.Attempts <= readTries):
			return g.judge(o, unsentError{r.err}), nil
		case !can && outdated:
			return g.outdated(o, tried, problem), nil
		case can && (v == nobodys || outdated) && stamp.Before(r.at):
			// Never later than what was read: who grades after that is respected.
			stamp = later(r.at, o.SentStamp)
		}
		o.confirm(v, r)
		before := g.readings.begun.Load()
		if problem, err = g.send(ctx, o, stamp); err != nil {
			return nil, err
		}
		switch {
		case noColumn(problem) && g.another(ctx, o):
			o.leave()
			stamp, tried = o.stamp()
			r = g.read(ctx, *o, stamp, 0)
		case errors.Is(problem, lti.ErrOutdated):
			r = g.read(ctx, *o, time.Time{}, before)
		default:
			return g.sent(ctx, o, problem)
		}
	}
	return g.judge(o, problem), nil
}

// replaces reports whether a teacher wants o in place of what r has of its
// person. What somebody gave since the teacher saw the gradebook stays.
func (o *Order) replaces(r reading) bool {
	return o.Replaces && (o.Found.At.IsZero() || o.Found.alike(o.found(r)))
}

// readSince is how new a reading must be before a score with that timestamp
// goes out: not older than that, so that a grade which it doesn't show is later
// than the score. If an earlier value may have arrived, that must show.
func (d Delivery) readSince(stamp, now time.Time) time.Time {
	if d.MayBeSent() && !alike(d.TriedPoints/d.TriedMax, d.Points, d.Max) && (d.TriedPoints != d.SentPoints || d.TriedMax != d.SentMax) {
		return now
	}
	return stamp
}

// confirm keeps that an earlier value has arrived, which wasn't known for sure.
func (o *Order) confirm(v verdict, r reading) {
	if v == ours && o.SentAt.IsZero() {
		o.SentAt, o.SentPoints, o.SentMax = r.at, o.TriedPoints, o.TriedMax
	}
}

// later is at, or what follows before if that is as late.
func later(at, before time.Time) time.Time {
	if earliest := before.Add(stampStep); !before.IsZero() && earliest.After(at) {
		return earliest
	}
	return at
}

// send keeps what goes out, and sends it. What surely hasn't arrived is
// forgotten again.
func (g *Grades) send(ctx context.Context, o *Order, stamp time.Time) (problem, err error) {
	was := o.Delivery
	o.SentStamp, o.TriedPoints, o.TriedMax = stamp, o.Points, o.Max
	if err := g.Store.SaveDelivery(ctx, o.Delivery, time.Time{}); err != nil {
		return nil, err
	}
	problem = g.post(ctx, *o, stamp)
	if problem != nil && notTaken(problem) {
		o.SentStamp, o.TriedPoints, o.TriedMax = was.SentStamp, was.TriedPoints, was.TriedMax
	}
	return problem, nil
}

// stamp is the timestamp of the order's score: when it came true, or later if
// the platform has a later one of ours. tried: this very score has been sent
// with it, and nothing is known of what became of it. Then the platform must
// be able to tell that it's the same one.
func (d Delivery) stamp() (stamp time.Time, tried bool) {
	if d.MayBeSent() && !d.SentStamp.Before(d.TrueAt) {
		return d.SentStamp, true
	}
	return later(d.TrueAt, d.SentStamp), false
}

// nothingThere reports whether the gradebook has nothing that a score of no
// points would put right. Such a score only ever corrects one before it.
func (g *Grades) nothingThere(ctx context.Context, o Order) bool {
	if !o.MayBeSent() || o.LineItem.URL == "" || o.SentItem != o.LineItem.URL {
		return true
	}
	if !o.SentAt.IsZero() { // it has, and said so
		return false
	}
	r := g.read(ctx, o, time.Time{}, g.readings.begun.Load())
	return r.err == nil && o.verdict(r) == nothing
}
