package gradebook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

func deliver(t *testing.T, g *Grades) time.Time {
	t.Helper()
	a, err := g.Deliver(t.Context(), "p1/ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	return a.Again
}

func TestDeliver(t *testing.T) {
	b, g, lms, now := deliverable(t)
	*now = nine(61)
	if next := deliver(t, g); !next.IsZero() {
		t.Errorf("next %v", next)
	}
	want := lti.Score{UserID: "sub-ann", Timestamp: nine(60), ScoreGiven: 10, ScoreMaximum: 10, Comment: "35 / 30 min"}
	if diff := cmp.Diff([]lti.Score{want}, lms.Taken); diff != "" {
		t.Error(diff)
	}
	d := b.delivery("ann")
	if d.State != Delivered || d.SentPoints != 10 || !d.SentAt.Equal(nine(61)) || !d.SentStamp.Equal(nine(60)) || d.Attempts != 1 {
		t.Errorf("%+v", d)
	}
	deliver(t, g) // the job comes once more
	if diff := cmp.Diff([]string{"results", "score"}, lms.Calls); diff != "" {
		t.Error(diff)
	}
	if !b.checkAt.Equal(nine(64)) {
		t.Errorf("read back at %v", b.checkAt)
	}
}

func TestDeliverOutcomes(t *testing.T) {
	lineItems := []string{lti.AGSScore, lti.AGSLineItem, lti.AGSResultReadOnly}
	for _, test := range []struct {
		name   string
		set    func(*ledger, *gradebooktest.LMS)
		state  State
		reason string
		sent   bool // the gradebook may have it
	}{
		{"taken", func(*ledger, *gradebooktest.LMS) {}, Delivered, "", true},
		{"not a learner there: Moodle, Sakai", fails("score", gradebooktest.Refusal("score", 400)), Refused, ReasonNotGradable, false},
		{"not a learner there: Canvas", fails("score", gradebooktest.Refusal("score", 422)), Refused, ReasonNotGradable, false},
		{"refused with 200: Moodle", fails("score", gradebooktest.Refusal("score", 200)), Refused, ReasonNotGradable, false},
		{"forbidden", fails("score", gradebooktest.Refusal("score", 403)), Refused, ReasonForbidden, false},
		{"not understood", fails("score", gradebooktest.Refusal("score", 415)), Refused, ReasonBadRequest, false},
		{"a token that isn't accepted", fails("score", gradebooktest.Refusal("score", 401)), Waiting, ReasonForbidden, false},
		{"no token for us", fails("score", gradebooktest.Refusal("token", 400)), Waiting, ReasonForbidden, false},
		{"the token service is down", fails("score", gradebooktest.Refusal("token", 502)), Waiting, ReasonPlatformDown, false},
		{"too many at once", fails("score", gradebooktest.Refusal("score", 429)), Waiting, ReasonPlatformDown, false},
		{"not now", fails("score", gradebooktest.Refusal("score", 503)), Waiting, ReasonPlatformDown, false},
		{"a fault over there: it may have it", fails("score", gradebooktest.Refusal("score", 500)), Waiting, ReasonPlatformDown, true},
		{"no answer: it may have it", fails("score", context.DeadlineExceeded), Waiting, ReasonPlatformDown, true},
		{"nobody there: it can't have it", fails("score", &net.OpError{Op: "dial", Err: errors.New("refused")}), Waiting, ReasonPlatformDown, false},
		{"no right to grade", func(b *ledger, _ *gradebooktest.LMS) { b.column.Grades = lti.Endpoint{} }, Refused, ReasonScopeMissing, false},
		{"no column, none to be made", func(b *ledger, _ *gradebooktest.LMS) { b.column.LineItem = LineItem{} }, Refused, ReasonNoLineItem, false},
		{"the column was switched off, and none is made", func(b *ledger, l *gradebooktest.LMS) {
			clear(l.Columns)
			b.column = Column{Own: true, Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
		}, Refused, ReasonNoLineItem, false},
		{"no column was named, but there is one of the link", func(b *ledger, l *gradebooktest.LMS) {
			l.Columns["https://lms/9"] = lti.LineItem{URL: "https://lms/9", ResourceLinkID: "link", ScoreMaximum: 10}
			b.ResourceLinkID = "link"
			b.column = Column{Own: true, Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
		}, Delivered, "", true},
		{"the course has no gradebook yet, or the platform a fault", func(b *ledger, l *gradebooktest.LMS) {
			b.column = Column{Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
			l.Fails["create"] = []error{gradebooktest.Refusal("line item", 500)}
		}, Waiting, ReasonPlatformDown, false},
		{"no column, one is made", func(b *ledger, _ *gradebooktest.LMS) {
			b.column = Column{Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
		}, Delivered, "", true},
		{"no column, we may not make one after all", func(b *ledger, l *gradebooktest.LMS) {
			b.column = Column{Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
			l.Fails["find"] = []error{gradebooktest.Refusal("line item", 404)}
		}, Refused, ReasonNoLineItem, false},
		{"no column, and the platform is down", func(b *ledger, l *gradebooktest.LMS) {
			b.column = Column{Grades: lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}}
			l.Fails["find"] = []error{context.DeadlineExceeded}
		}, Waiting, ReasonPlatformDown, false},
		{"the column isn't there now", func(_ *ledger, l *gradebooktest.LMS) { clear(l.Columns) }, Waiting, ReasonLineItemGone, false},
		{"the column isn't there, another one of the link is", func(b *ledger, l *gradebooktest.LMS) {
			clear(l.Columns)
			l.Columns["https://lms/9"] = lti.LineItem{URL: "https://lms/9", ResourceLinkID: "link", ScoreMaximum: 10}
			b.ResourceLinkID = "link"
			b.column.Grades = lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
		}, Delivered, "", true},
		{"the column isn't there, and none is made", func(b *ledger, l *gradebooktest.LMS) {
			clear(l.Columns)
			b.column.LineItem.Made, b.column.Own = true, false
			b.column.Grades = lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
		}, Waiting, ReasonLineItemGone, false},
		{"somebody graded later", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 3, nine(70)) }, Superseded, ReasonGiven, false},
		{"somebody graded before", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 7, nine(10)) }, Superseded, ReasonGiven, false},
		{"somebody gave more", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 12, nine(10)) }, Superseded, ReasonGiven, false},
		{"somebody gave 0, with words", func(_ *ledger, l *gradebooktest.LMS) {
			l.Scores[annsCell] = lti.Score{ScoreMaximum: 10, Timestamp: nine(10), Comment: "cheated"}
		}, Superseded, ReasonGiven, false},
		{"nobody gave the 0", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 0, nine(10)) }, Delivered, "", true},
		{"nobody else's grade is meant", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-bob", 3, nine(70)) }, Delivered, "", true},
		{"somebody graded later, which we may not read", func(_ *ledger, l *gradebooktest.LMS) {
			l.Unreadable = true
			l.Give("sub-ann", 3, nine(70))
		}, Superseded, ReasonOutdated, false},
		{"somebody gave the same later", func(_ *ledger, l *gradebooktest.LMS) { l.Give("sub-ann", 10, nine(70)) }, Delivered, "", false},
		{"the column can't be read now", fails("results", gradebooktest.Refusal("results", 502)), Waiting, ReasonPlatformDown, false},
		{"the column can't be read at all", fails("results", gradebooktest.Refusal("results", 403)), Delivered, "", true},
		{"no token for results", fails("results", &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_scope"}), Delivered, "", true},
		{"our key isn't accepted", fails("results", keyRefused), Waiting, ReasonKeyRefused, false},
		{"the platform is switched off", func(b *ledger, _ *gradebooktest.LMS) { b.platform.Disabled = true }, Waiting, ReasonPlatformDisabled, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			test.set(b, lms)
			next := deliver(t, g)
			d := b.delivery("ann")
			if d.State != test.state || d.Reason != test.reason || d.MayBeSent() != test.sent {
				t.Errorf("%s %q, may be sent: %v; want %s %q, %v", d.State, d.Reason, d.MayBeSent(), test.state, test.reason, test.sent)
			}
			if waits := next.After(*now); waits != (d.State == Waiting) || !next.Equal(d.NextAt) {
				t.Errorf("next %v, kept %v", next, d.NextAt)
			}
			if words := d.Detail != ""; words != (d.State != Delivered && d.Reason != ReasonPlatformDisabled && d.Reason != ReasonGiven) {
				t.Errorf("detail %q", d.Detail)
			}
		})
	}
}

var (
	annsCell   = gradebooktest.Cell{Column: gradebooktest.Column, User: "sub-ann"}
	keyRefused = &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_client"}
)

func fails(call string, errs ...error) func(*ledger, *gradebooktest.LMS) {
	return func(_ *ledger, l *gradebooktest.LMS) { l.Fails[call] = errs }
}

// A score of which we don't know whether it arrived goes out once more with
// the very same timestamp, so the platform can tell that it is one.
func TestUnknownOutcome(t *testing.T) {
	for _, test := range []struct {
		name                 string
		unreadable, replaces bool
	}{
		{"its result is ours", false, false},
		{"409, and results can't be read", true, false},
		{"replaced by itself", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.Unreadable, lms.Replaces = test.unreadable, test.replaces
			arrived := true
			lms.Watch(nil, func(call string) error {
				if call == "score" && arrived {
					arrived = false
					return context.DeadlineExceeded
				}
				return nil
			})
			*now = deliver(t, g)
			if d := b.delivery("ann"); d.State != Waiting || len(lms.Taken) != 1 {
				t.Fatalf("after the first: %+v", d)
			}
			deliver(t, g)
			if d := b.delivery("ann"); d.State != Delivered || d.SentPoints != 10 || len(lms.Taken) != 1 || !d.SentStamp.Equal(nine(60)) {
				t.Errorf("%+v, taken %d times", d, len(lms.Taken))
			}
		})
	}
}

func TestScoreInTheColumnsOwnMeasure(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	b.column.Grades.Scopes = append(b.column.Grades.Scopes, lti.AGSLineItem)
	lms.Columns["https://lms/1"] = lti.LineItem{URL: "https://lms/1", ScoreMaximum: 60}
	b.put(Delivery{PlacementID: "p1", PersonID: "bob", Points: 2.5, Max: 10, TrueAt: nine(60)}, nine(60))
	deliver(t, g)
	if _, err := g.Deliver(t.Context(), "p1/bob", 1); err != nil {
		t.Fatal(err)
	}
	if s := lms.Has("sub-bob"); s.ScoreGiven != 15 || s.ScoreMaximum != 60 {
		t.Errorf("%v of %v", s.ScoreGiven, s.ScoreMaximum)
	}
	if n := len(slices.DeleteFunc(lms.Calls, func(c string) bool { return c != "line item" })); n != 1 {
		t.Errorf("the column was read %d times", n)
	}
}

// However many deliveries come at once, one column is made.
func TestOneColumnIsMade(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	clear(lms.Columns)
	b.column = Column{}
	b.ResourceLinkID, b.Title = "link", "Law"
	b.column.Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}
	for i := range 20 {
		b.put(Delivery{PlacementID: "p1", PersonID: fmt.Sprintf("u%d", i), Points: 10, Max: 10, TrueAt: nine(60)}, nine(60))
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, err := g.Deliver(t.Context(), fmt.Sprintf("p1/u%d", i), 1); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(lms.Columns) != 1 || len(lms.Taken) != 20 {
		t.Errorf("%d columns, %d scores", len(lms.Columns), len(lms.Taken))
	}
	want := LineItem{URL: "https://lms/made1", Max: 10, Made: true}
	if diff := cmp.Diff(want, b.column.LineItem); diff != "" {
		t.Error(diff)
	}
}

// Two nodes have a grade for the same new column: one makes it, the other waits
// and finds it.
func TestTwoNodesMakeOneColumn(t *testing.T) {
	b, g, lms, now := deliverable(t)
	clear(lms.Columns)
	b.column = Column{}
	b.column.Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}
	b.put(Delivery{PlacementID: "p1", PersonID: "bob", Points: 10, Max: 10, TrueAt: nine(60)}, nine(60))
	other := &Grades{Store: b, Platform: lms, Now: g.Now, Log: g.Log}
	looked := false
	lms.Watch(func(call string) error {
		if call != "find" || looked {
			return nil
		}
		looked = true
		lms.Unlocked(func() {
			next, err := other.Deliver(t.Context(), "p1/bob", 1) // while the first one is at it
			if err != nil || !next.Again.Equal(now.Add(2*time.Second)) {
				t.Errorf("the other node: %v, %v", next, err)
			}
		})
		return nil
	}, nil)
	deliver(t, g)
	if d := b.delivery("bob"); !looked || d.State != Waiting || d.Attempts != 0 || d.Reason != "" {
		t.Fatalf("looked %v; the other node's: %+v", looked, d)
	}
	*now = now.Add(2 * time.Second)
	if _, err := other.Deliver(t.Context(), "p1/bob", 1); err != nil {
		t.Fatal(err)
	}
	if len(lms.Columns) != 1 || len(lms.Taken) != 2 {
		t.Errorf("%d columns, %d scores", len(lms.Columns), len(lms.Taken))
	}
}

func TestRetries(t *testing.T) {
	b, g, lms, now := deliverable(t)
	lms.Watch(func(call string) error { return gradebooktest.Refusal(call, http.StatusBadGateway) }, nil)
	var at []time.Duration
	for {
		next := deliver(t, g)
		if next.IsZero() {
			break
		}
		if !next.After(*now) {
			t.Fatalf("attempt %d: next %v", len(at), next)
		}
		*now = next
		at = append(at, now.Sub(nine(60)))
	}
	if at[0] > 10*time.Second || at[2] > 3*time.Minute {
		t.Errorf("first retry after %v, third after %v", at[0], at[2])
	}
	if last := at[len(at)-1]; last < 5*24*time.Hour || last > 7*24*time.Hour {
		t.Errorf("last retry after %v", last)
	}
	if d := b.delivery("ann"); d.State != Refused || d.Reason != ReasonPlatformDown || !d.NextAt.IsZero() {
		t.Errorf("in the end: %+v", d)
	}
}

func TestRetryAfter(t *testing.T) {
	b, g, lms, now := deliverable(t)
	ask := func(wait time.Duration) error { return &lti.ServiceError{Call: "score", Status: 429, RetryAfter: wait} }
	lms.Fails["score"] = []error{ask(time.Hour), ask(time.Second)}
	next := deliver(t, g)
	within(t, "an hour", next, now.Add(time.Hour), now.Add(time.Hour+time.Minute))
	*now = now.Add(time.Minute) // the job comes back early, after a crash
	if again := deliver(t, g); !again.Equal(next) || lms.Count("score") != 1 {
		t.Errorf("early: next %v, calls %v", again, lms.Calls)
	}
	*now = next
	within(t, "a second: no less than ours", deliver(t, g), now.Add(20*time.Second), now.Add(25*time.Second))
	*now = b.delivery("ann").NextAt
	deliver(t, g)
	if d := b.delivery("ann"); d.State != Delivered {
		t.Errorf("%+v", d)
	}
}

// What no longer holds before it was sent is never sent.
func TestWithdrawal(t *testing.T) {
	zero := Delivery{PlacementID: "p1", PersonID: "ann", Points: 0, Max: 10, TrueAt: nine(70)}
	for _, test := range []struct {
		name       string
		first      error // of the first attempt, before the correction
		arrived    bool  // though it failed
		unreadable bool
		state      State
		taken      []float64
	}{
		{"nothing has left", gradebooktest.Refusal("score", 503), false, false, Withdrawn, nil},
		{"it had arrived", nil, false, false, Delivered, []float64{10, 0}},
		{"it had arrived, though results don't show it", nil, false, false, Delivered, []float64{10, 0}},
		{"it may have arrived, and hasn't", context.DeadlineExceeded, false, false, Withdrawn, nil},
		{"it may have arrived, and has", context.DeadlineExceeded, true, false, Delivered, []float64{10, 0}},
		{"it may have arrived, and nobody knows", context.DeadlineExceeded, false, true, Delivered, []float64{0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.Unreadable = test.unreadable
			if test.arrived {
				lms.Watch(nil, func(call string) error {
					if call == "score" {
						return test.first
					}
					return nil
				})
			} else {
				lms.Fails["score"] = []error{test.first}
			}
			deliver(t, g)
			lms.Watch(nil, nil)
			if strings.Contains(test.name, "don't show it") {
				clear(lms.Scores)
			}
			*now = nine(70)
			b.put(zero, *now)
			deliver(t, g)
			var taken []float64
			for _, s := range lms.Taken {
				taken = append(taken, s.ScoreGiven)
			}
			if d := b.delivery("ann"); d.State == Withdrawn && (d.Reason != "" || d.Detail != "" || !d.NextAt.IsZero() || d.Replaces) {
				t.Errorf("withdrawn, and %+v", d)
			}
			if d := b.delivery("ann"); d.State != test.state || cmp.Diff(test.taken, taken) != "" {
				t.Errorf("%s, taken %v; want %s, %v", d.State, taken, test.state, test.taken)
			}
		})
	}
}

// A new value that comes while an old one is under way is sent after it.
func TestNewValueDuringAnAttempt(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	lms.Watch(nil, func(call string) error {
		if call == "score" && len(lms.Taken) == 1 {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.put(Delivery{PlacementID: "p1", PersonID: "ann", Points: 4, Max: 10, TrueAt: nine(60).Add(time.Second)}, nine(60))
		}
		return nil
	})
	deliver(t, g)
	if d := b.delivery("ann"); d.State != Waiting || d.Points != 4 || d.SentPoints != 10 {
		t.Fatalf("after the first: %+v", d)
	}
	deliver(t, g)
	if s := lms.Has("sub-ann"); s.ScoreGiven != 4 || len(lms.Taken) != 2 || b.delivery("ann").State != Delivered {
		t.Errorf("%+v, %d taken, %+v", s, len(lms.Taken), b.delivery("ann"))
	}
}

func TestRemovedPlatform(t *testing.T) {
	b, g, lms, now := deliverable(t)
	b.removed = true
	if next := deliver(t, g); !next.Equal(now.Add(time.Hour)) {
		t.Errorf("next %v", next)
	}
	if next, err := g.Deliver(t.Context(), "p1/ann", 30*24); err != nil || !next.Again.IsZero() {
		t.Errorf("after a month: %v, %v", next, err)
	}
	b.removed = false
	deliver(t, g)
	if len(lms.Taken) != 1 {
		t.Error("it came back and got nothing")
	}
}

func TestDeliverThatCannotBeKept(t *testing.T) {
	for _, call := range []string{"Order", "SaveDelivery"} {
		b, g, lms, _ := deliverable(t)
		full := errors.New("disk full")
		b.before = func(c string) error {
			if c == call {
				return full
			}
			return nil
		}
		if _, err := g.Deliver(t.Context(), "p1/ann", 1); !errors.Is(err, full) || len(lms.Taken) != 0 {
			t.Errorf("%s: %v, %d taken", call, err, len(lms.Taken))
		}
	}
}

// What has happened is kept, also when time is up.
func TestDeliverWhenTimeIsUp(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	ctx, cancel := context.WithCancel(t.Context())
	lms.Watch(nil, func(call string) error {
		if call == "score" {
			cancel()
		}
		return nil
	})
	if _, err := g.Deliver(ctx, "p1/ann", 1); err != nil {
		t.Fatal(err)
	}
	if d := b.delivery("ann"); d.State != Delivered {
		t.Errorf("%+v", d)
	}
}

func within(t *testing.T, what string, got, from, to time.Time) {
	t.Helper()
	if got.Before(from) || got.After(to) {
		t.Errorf("%s: %v, want between %v and %v", what, got, from, to)
	}
}
