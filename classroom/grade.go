package classroom

import (
	"fmt"
	"math"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// A DeliveryState is how far a result has come on its way to the gradebook.
type DeliveryState string

const (
	Waiting    DeliveryState = "waiting"    // to be sent, or sent again
	Delivered  DeliveryState = "delivered"  // in the gradebook
	Refused    DeliveryState = "refused"    // the platform said no; Reason says why
	Superseded DeliveryState = "superseded" // somebody graded later, which we respect
	Withdrawn  DeliveryState = "withdrawn"  // it no longer holds, and never was in the gradebook
)

// A Delivery is one row of the ledger: what should be in the gradebook of one
// person, and what became of it.
type Delivery struct {
	PlacementID, PersonID string
	Points, Max           float64
	Comment               string
	TrueAt                time.Time // when the result came true; grows by a second at least, so it tells values apart
	State                 DeliveryState
	Reason                string // code of why not; empty if none
	Detail                string // the platform's own words, for the log and the teacher
	Attempts              int
	NextAt                time.Time // of the next attempt while Waiting
	SentAt                time.Time // when the platform took it
	SentPoints            float64   // what it took last
	Kept                  float64   // share of the points that stays, earned in a room that the link led to before
	SentStamp             time.Time // the newest timestamp of which it may have a score, kept before the score goes out; zero: it has none of ours
}

// mayBeSent reports whether the gradebook may hold a score of ours.
func (d Delivery) mayBeSent() bool { return !d.SentStamp.IsZero() }

// shown is d for people to see; nil if there is nothing to send.
func (d *Delivery) shown() *Delivery {
	if d == nil || d.State == Withdrawn {
		return nil
	}
	return d
}

// An Order is a delivery with what is needed to carry it out.
type Order struct {
	Delivery
	Registration lti.Registration
	DeploymentID string
	Subject      string // the person's sub
	Placement    Placement
	RoomID       string
}

// stampStep is by how much our timestamps of one grade grow. Moodle compares
// whole seconds, so with less it would take our own score before for newer.
const stampStep = time.Second

// A ledgerKey tells deliveries apart.
type ledgerKey struct{ placement, person string }

// planned are the deliveries that results call for, beside those that are
// there already: new ones, and ones whose value has changed. Words alone are
// no change: a score is not sent again for its comment, over what a teacher
// may have made of it.
//
// What isn't earned isn't sent. If it was sent before, no points are: that
// puts the gradebook right, or, if nothing has left yet, withdraws it. What was
// earned in another room, before the link led to this one, stays.
func planned(placements []Placement, results []Result, known []Delivery, now time.Time) []Delivery {
	old := map[ledgerKey]Delivery{}
	for _, d := range known {
		old[ledgerKey{d.PlacementID, d.PersonID}] = d
	}
	rules := map[string]Rule{}
	for _, p := range placements {
		rules[p.ID] = p.Rule
	}
	var plan []Delivery
	for _, r := range results {
		before, there := old[ledgerKey{r.PlacementID, r.PersonID}]
		d := Delivery{
			PlacementID: r.PlacementID, PersonID: r.PersonID, Points: r.Points, Max: rules[r.PlacementID].Points,
			Comment: comment(r), TrueAt: before.nextTrueAt(now), State: Waiting,
		}
		sends := r.Sends
		if kept := before.keptOf(d.Max); kept > d.Points {
			sends, d.Points, d.Comment = true, kept, before.Comment
		}
		if sends {
			if !there || before.replacedBy(d) {
				plan = append(plan, d)
			}
		} else if there && before.undone() {
			d.Points = 0
			plan = append(plan, d)
		}
	}
	for _, d := range known {
		if rule, here := rules[d.PlacementID]; here && rule.Measure == NoMeasure && d.State == Waiting && !d.mayBeSent() && d.Points > 0 {
			d.Points, d.TrueAt = 0, d.nextTrueAt(now)
			plan = append(plan, d)
		}
	}
	return plan
}

// replacedBy reports whether the value of next is sent in d's place. What
// somebody graded later is theirs, unless the person has earned more since.
func (d Delivery) replacedBy(next Delivery) bool {
	if d.State == Superseded {
		return next.Points*d.Max > d.Points*next.Max
	}
	return d.Points != next.Points || d.Max != next.Max
}

// undone reports whether anything has to be done about d when its value no
// longer holds. What somebody graded later is theirs.
func (d Delivery) undone() bool {
	if d.Points == 0 || d.State == Superseded {
		return false
	}
	return d.mayBeSent() || d.State == Waiting
}

// keptOf is how many of most points stay whatever classes there are.
func (d Delivery) keptOf(most float64) float64 {
	if d.Kept >= 1 {
		return most
	}
	return math.Round(d.Kept*most*100) / 100
}

// nextTrueAt is when a value comes true that takes d's place now.
func (d Delivery) nextTrueAt(now time.Time) time.Time {
	at := now.Truncate(time.Millisecond) // as the store keeps it
	for _, before := range []time.Time{d.TrueAt, d.SentStamp} {
		if earliest := before.Add(stampStep); !before.IsZero() && earliest.After(at) {
			at = earliest
		}
	}
	return at
}

// comment goes with a grade: "38 / 54 min". The teacher's language isn't known
// here. It never says that enough is missing a minute, or that less is enough.
func comment(r Result) string {
	has, needs := int(r.Time/time.Minute), int((r.Needed+time.Minute-1)/time.Minute)
	if r.Complete {
		has = max(has, needs)
	}
	return fmt.Sprintf("%d / %d min", has, needs)
}
