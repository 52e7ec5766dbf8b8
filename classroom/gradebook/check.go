package gradebook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// CheckJob is the kind of the jobs that read back what a column has of what
// was sent to it. Their subject is the placement's id.
const CheckJob = "check"

const (
	// checkAfter is when a column is read back after a score was sent to it: by
	// then those of a whole class have gone out.
	checkAfter = 3 * time.Minute
	checkTries = 4
)

// checkAt is when to read back what became of o; zero: there is nothing to
// read, or it was read.
func (g *Grades) checkAt(o Order) time.Time {
	unread := o.State == Delivered && o.Found.At.IsZero()
	if !unread && o.Reason != ReasonKept || !o.has(lti.AGSResultReadOnly) {
		return time.Time{}
	}
	return g.Now().Add(checkAfter)
}

// Check reads, once, what the placement's column has, the attempts-th time that
// its job tries to, and keeps what that says of all that was sent there. It
// returns when to try again; zero: it's done.
func (g *Grades) Check(ctx context.Context, placementID string, attempts int) (time.Time, error) {
	orders, err := g.Store.SentOrders(ctx, placementID)
	if errors.Is(err, ErrNoOrder) || err == nil && (len(orders) == 0 || orders[0].Registration.Disabled) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("what was sent to placement %s: %w", placementID, err)
	}
	r := g.read(ctx, orders[0], time.Time{}, g.readings.begun.Load())
	switch {
	case errors.Is(r.err, lti.ErrTooMuch), unreadable(r.err), r.err != nil && attempts >= checkTries:
		return time.Time{}, nil
	case r.err != nil:
		return g.Now().Add(time.Duration(attempts) * checkAfter), nil
	}
	var changed []Delivery
	for _, o := range orders {
		if o.seen(r) {
			changed = append(changed, o.Delivery)
		}
	}
	if err := g.Store.SaveFound(ctx, changed); err != nil {
		return time.Time{}, fmt.Errorf("keep what placement %s has: %w", placementID, err)
	}
	return time.Time{}, nil
}

// seen writes into o what a reading says of it, and reports whether it says
// anything. It says nothing of what was sent since, or to another column.
func (o *Order) seen(r reading) bool {
	if o.State == Delivered && (o.SentItem != o.LineItem.URL || o.SentAt.After(r.at)) {
		return false
	}
	switch v := o.verdict(r); {
	case v == same:
		o.State, o.Reason = Delivered, ""
	case v == theirs && o.Reason == ReasonKept && o.Found.alike(o.found(r)): // kept on
	case v == theirs:
		o.State, o.Reason = Superseded, ReasonGiven
	case o.State == Delivered:
		o.Reason = ReasonMissing
	default: // what another hand gave is there no more
		o.State, o.Reason = Refused, ReasonMissing
	}
	o.Detail, o.Found = "", o.found(r)
	return true
}
