// Package gradebook is the ledger: what belongs in the gradebooks of platforms,
// by placement and person, and what became of it on its way there.
package gradebook

import (
	"fmt"
	"math"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// A State is how far a result has come on its way to the gradebook.
type State string

const (
	Waiting    State = "waiting"    // to be sent, or sent again
	Delivered  State = "delivered"  // in the gradebook
	Refused    State = "refused"    // the platform said no; Reason says why
	Superseded State = "superseded" // somebody graded later, which we respect
	Withdrawn  State = "withdrawn"  // it no longer holds, and never was in the gradebook
)

// A Delivery is one row of the ledger: what should be in the gradebook of one
// person, and what became of it.
type Delivery struct {
	PlacementID, PersonID string
	Points, Max           float64
	Comment               string
	TrueAt                time.Time // when the result came true; grows by a second at least, so it tells values apart
	State                 State
	Reason                string // code of why not; empty if none
	Detail                string // the platform's own words, for the log and the teacher
	Attempts              int
	NextAt                time.Time // of the next attempt while Waiting
	SentAt                time.Time // when the platform took it
	SentPoints            float64   // what it took last
	Kept                  float64   // share of the points that stays, earned in a room that the link led to before
	SentStamp             time.Time // the newest timestamp of which it may have a score, kept before the score goes out; zero: it has none of ours
}

// MayBeSent reports whether the gradebook may hold a score of ours.
func (d Delivery) MayBeSent() bool { return !d.SentStamp.IsZero() }

// Shown is d for people to see; nil if there is nothing to send.
func (d *Delivery) Shown() *Delivery {
	if d == nil || d.State == Withdrawn {
		return nil
	}
	return d
}

// An Order is a delivery with what is needed to carry it out.
type Order struct {
	Delivery
	Column
	Registration   lti.Registration
	DeploymentID   string
	Subject        string // the person's sub
	ResourceLinkID string
	Title          string // the link's; what a column that we make is called
	RoomID         string
}

// stampStep is by how much our timestamps of one grade grow. Moodle compares
// whole seconds, so with less it would take our own score before for newer.
const stampStep = time.Second

// A Key tells deliveries apart.
type Key struct{ PlacementID, PersonID string }

// Plan are the deliveries that results call for, beside those that are
// there already: new ones, and ones whose value has changed. Words alone are
// no change: a score is not sent again for its comment, over what a teacher
// may have made of it.
//
// What isn't earned isn't sent. If it was sent before, no points are: that
// puts the gradebook right, or, if nothing has left yet, withdraws it. What was
// earned in another room, before the link led to this one, stays.
//
// The rules are those of the placements, by id.
func Plan(rules map[string]attendance.Rule, results []attendance.Result, known []Delivery, now time.Time) []Delivery {
	old := map[Key]Delivery{}
	for _, d := range known {
		old[Key{d.PlacementID, d.PersonID}] = d
	}
	var plan []Delivery
	for _, r := range results {
		before, there := old[Key{r.PlacementID, r.PersonID}]
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
		if rule, here := rules[d.PlacementID]; here && rule.Measure == attendance.NoMeasure && d.State == Waiting && !d.MayBeSent() && d.Points > 0 {
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
	return d.MayBeSent() || d.State == Waiting
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
func comment(r attendance.Result) string {
	has, needs := int(r.Time/time.Minute), int((r.Needed+time.Minute-1)/time.Minute)
	if r.Complete {
		has = max(has, needs)
	}
	return fmt.Sprintf("%d / %d min", has, needs)
}

// GradableNow are the deliveries that were refused since the platform offered
// no way to grade, which it does by now (offers, by placement), and whose
// results still belong in the gradebook.
func GradableNow(offers map[string]bool, known []Delivery, results []attendance.Result) []Delivery {
	sends := map[Key]bool{}
	for _, r := range results {
		sends[Key{r.PlacementID, r.PersonID}] = r.Sends
	}
	var again []Delivery
	for _, d := range known {
		lacked := d.Reason == ReasonScopeMissing || d.Reason == ReasonNoLineItem
		if d.State == Refused && lacked && offers[d.PlacementID] && sends[Key{d.PlacementID, d.PersonID}] {
			again = append(again, d)
		}
	}
	return again
}
