package gradebook

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

// A grade is said to be in the gradebook when it was seen there. What isn't,
// and what another hand made of it, is told.
func TestCheck(t *testing.T) {
	in := func(points float64) Found { return Found{At: nine(64), Points: points, Max: 10} }
	for _, test := range []struct {
		name   string
		set    func(*ledger, *gradebooktest.LMS)
		state  State
		reason string
		found  Found
	}{
		{"it is there", func(*ledger, *gradebooktest.LMS) {}, Delivered, "", in(10)},
		{"left the course and came back, or it was reset", func(_ *ledger, l *gradebooktest.LMS) { clear(l.Scores) }, Delivered, ReasonMissing, Found{At: nine(64)}},
		{"somebody else has graded", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 7, nine(62)) }, Superseded, ReasonGiven, in(7)},
		{"somebody else has given 0", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 0, nine(62)) }, Superseded, ReasonGiven, in(0)},
		{"results aren't offered any more", func(_ *ledger, l *gradebooktest.LMS) { l.Unreadable = true }, Delivered, "", Found{}},
		{"it is sent again just now", func(b *ledger, l *gradebooktest.LMS) {
			clear(l.Scores)
			b.again("ann", false)
		}, Waiting, "", Found{}},
		{"it went to another column", func(b *ledger, l *gradebooktest.LMS) {
			l.Columns["https://lms/2"] = lti.LineItem{URL: "https://lms/2"}
			b.column.LineItem.URL = "https://lms/2"
		}, Delivered, "", Found{}},
		{"the platform is switched off", func(b *ledger, _ *gradebooktest.LMS) { b.platform.Disabled = true }, Delivered, "", Found{}},
		{"the platform was removed", func(b *ledger, _ *gradebooktest.LMS) { b.removed = true }, Delivered, "", Found{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			*now = nine(61)
			deliver(t, g)
			*now = b.checkAt
			test.set(b, lms)
			if next, err := g.Check(t.Context(), "p1", 1); err != nil || !next.IsZero() {
				t.Fatalf("%v, %v", next, err)
			}
			if d := b.delivery("ann"); d.State != test.state || d.Reason != test.reason || cmp.Diff(test.found, d.Found) != "" {
				t.Errorf("%+v", d)
			}
		})
	}
}

// What another hand gave is followed: taken away, changed, or made ours.
func TestCheckOfAHandGrade(t *testing.T) {
	for _, test := range []struct {
		name   string
		has    float64 // negative: nothing
		state  State
		reason string
	}{
		{"the same", 7, Superseded, ReasonGiven}, {"another one", 5, Superseded, ReasonGiven},
		{"what ours is", 10, Delivered, ""}, {"nothing any more", -1, Refused, ReasonMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.Give("sub-ann", 7, nine(50))
			deliver(t, g)
			*now = nine(64)
			clear(lms.Scores)
			if test.has >= 0 {
				lms.Give("sub-ann", test.has, nine(63))
			}
			if _, err := g.Check(t.Context(), "p1", 1); err != nil {
				t.Fatal(err)
			}
			if d := b.delivery("ann"); d.State != test.state || d.Reason != test.reason || !d.Found.At.Equal(nine(64)) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// A class is read back by one reading.
func TestCheckOfAClass(t *testing.T) {
	b, g, lms, now := class(t, 100)
	for person := range b.rows {
		if _, err := g.Deliver(t.Context(), "p1/"+person, 1); err != nil {
			t.Fatal(err)
		}
	}
	reads := lms.Count("results")
	*now = b.checkAt
	if _, err := g.Check(t.Context(), "p1", 1); err != nil {
		t.Fatal(err)
	}
	if n := lms.Count("results") - reads; n != 1 {
		t.Errorf("%d readings", n)
	}
	for person, d := range b.rows {
		if d.Found.Max != 10 {
			t.Errorf("%s: %+v", person, d)
		}
	}
}

// A platform that doesn't answer is asked again some times.
func TestCheckIsTriedAgain(t *testing.T) {
	b, g, lms, now := deliverable(t)
	deliver(t, g)
	lms.Watch(func(string) error { return context.DeadlineExceeded }, nil)
	for attempt := 1; attempt <= checkTries; attempt++ {
		*now = now.Add(time.Hour)
		next, err := g.Check(t.Context(), "p1", attempt)
		if err != nil || next.After(*now) != (attempt < checkTries) {
			t.Errorf("attempt %d: %v, %v", attempt, next, err)
		}
	}
	if d := b.delivery("ann"); d.State != Delivered || !d.Found.At.IsZero() {
		t.Errorf("%+v", d)
	}
	lms.Watch(nil, nil)
	full := errors.New("disk full")
	for _, call := range []string{"SentOrders", "SaveFound"} {
		b.before = func(c string) error {
			if c == call {
				return full
			}
			return nil
		}
		if _, err := g.Check(t.Context(), "p1", 1); !errors.Is(err, full) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// Where results aren't offered nothing is read back, and nothing is asked for.
func TestNothingToReadBack(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	b.column.Grades.Scopes = []string{lti.AGSScore}
	deliver(t, g)
	if !b.checkAt.IsZero() || lms.Count("results") != 0 || b.delivery("ann").State != Delivered {
		t.Errorf("read back at %v, %v", b.checkAt, lms.Calls)
	}
}
