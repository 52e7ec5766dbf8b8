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
	Delivered  State = "delivered"  // the platform took it; Found says whether it was seen in the gradebook since
	Refused    State = "refused"    // the platform said no; Reason says why
	Superseded State = "superseded" // somebody else graded, which we respect
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
	SentItem              string    // the line item that all of Sent… and Tried… are about
	SentAt                time.Time // when the platform took it; zero: it hasn't, as far as we know
	SentPoints, SentMax   float64   // what it took last
	SentStamp             time.Time // the newest timestamp of which it may have a score, kept before the score goes out; zero: it has none of ours
	TriedPoints, TriedMax float64   // the score with that timestamp
	Found                 Found     // what the gradebook had; of a Delivered one, after it was sent
	Replaces              bool      // a teacher wants it in place of Found, which somebody gave
	Kept                  float64   // share of the points that stays, earned in a room that the link led to before
}

// MayBeSent reports whether the gradebook may hold a score of ours.
func (d Delivery) MayBeSent() bool { return !d.SentStamp.IsZero() }

// ReadAsGiven reports whether Found is what another hand gave in d's place.
func (d Delivery) ReadAsGiven() bool { return d.Reason == ReasonGiven || d.Reason == ReasonKept }

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

// leave forgets what was sent to another column than the order's.
func (o *Order) leave() {
	if o.SentItem == o.LineItem.URL {
		return
	}
	o.SentItem, o.SentAt, o.SentPoints, o.SentMax = o.LineItem.URL, time.Time{}, 0, 0
	o.SentStamp, o.TriedPoints, o.TriedMax = time.Time{}, 0, 0
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
// The rules are those of the placements, by id. happened is when the newest
// class ended of which the results come, or a report came too late for it.
func Plan(rules map[string]attendance.Rule, results []attendance.Result, known []Delivery, happened, now time.Time) []Delivery {
	old := map[Key]Delivery{}
	for _, d := range known {
		old[Key{d.PlacementID, d.PersonID}] = d
	}
	var plan []Delivery
	for _, r := range results {
		before, there := old[Key{r.PlacementID, r.PersonID}]
		d := Delivery{
			PlacementID: r.PlacementID, PersonID: r.PersonID, Points: r.Points, Max: rules[r.PlacementID].Points,
			Comment: comment(r), TrueAt: before.nextTrueAt(happened, now), State: Waiting,
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
		if rule, here := rules[d.PlacementID]; here && rule.Measure == attendance.NoMeasure && d.unsent() && d.Kept == 0 {
			d.Points, d.TrueAt = 0, d.nextTrueAt(now, now)
			plan = append(plan, d)
		}
	}
	return plan
}

// replacedBy reports whether the value of next takes d's place. What somebody
// graded later is theirs, unless the person has earned more since. Where we
// could read what they gave, that is looked at again, whatever next is.
func (d Delivery) replacedBy(next Delivery) bool {
	if d.State == Superseded && !d.ReadAsGiven() {
		return next.Points*d.Max > d.Points*next.Max
	}
	return d.Points != next.Points || d.Max != next.Max
}

// unsent reports whether d's points wait, and none have left yet.
func (d Delivery) unsent() bool { return d.State == Waiting && !d.MayBeSent() && d.Points > 0 }

// undone reports whether anything has to be done about d when its value no
// longer holds. What somebody graded later is theirs.
func (d Delivery) undone() bool {
	switch {
	case d.Points == 0:
		return false
	case d.State == Superseded:
		return d.ReadAsGiven()
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

// nextTrueAt is when a value came true that takes d's place: when what it
// comes of happened, not when that was counted, so that what a teacher gave in
// between is the later grade. If d's own value is of that time or a later one,
// something else has changed it now: a rule, or a correction.
func (d Delivery) nextTrueAt(happened, now time.Time) time.Time {
	at := happened
	if at.IsZero() || at.After(now) || !d.TrueAt.IsZero() && !at.After(d.TrueAt) {
		at = now
	}
	at = at.Truncate(time.Millisecond) // as the store keeps it
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

// Again are the deliveries that go out once more since their column is another
// one now: those refused for lack of one where there is one by now, and those
// that went to a column which isn't the link's any more. Their results still
// belong in the gradebook, or were earned in another room. The columns are those of the placements, by id.
func Again(columns map[string]Column, known []Delivery, results []attendance.Result) []Delivery {
	sends := map[Key]bool{}
	for _, r := range results {
		sends[Key{r.PlacementID, r.PersonID}] = r.Sends
	}
	var again []Delivery
	for _, d := range known {
		column := columns[d.PlacementID]
		belongs := sends[Key{d.PlacementID, d.PersonID}] || d.Kept > 0 && d.Points > 0
		if belongs && column.Offered() && (d.lacked() || d.isElsewhere(column)) {
			again = append(again, d)
		}
	}
	return again
}

// lacked reports whether d was refused since it had no place to go.
func (d Delivery) lacked() bool {
	switch d.Reason {
	case ReasonScopeMissing, ReasonNoLineItem, ReasonLineItemGone:
		return d.State == Refused
	}
	return false
}

func (d Delivery) isElsewhere(c Column) bool {
	return d.State == Delivered && d.SentItem != "" && c.LineItem.URL != "" && d.SentItem != c.LineItem.URL
}
