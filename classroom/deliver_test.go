package classroom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// A gradingLMS is a platform's gradebook. It compares timestamps by the second, as
// Moodle does.
type gradingLMS struct {
	mu         sync.Mutex
	columns    map[string]lti.LineItem
	scores     map[string]lti.Score // newest, by user
	taken      []lti.Score          // all that were taken
	unreadable bool                 // results aren't offered
	replaces   bool                 // takes a score with the timestamp that it has
	fails      map[string][]error   // by call, what it says next; nil: what it would
	calls      []string
	before     func(call string) error
	after      func(call string) error
}

func newLMS() *gradingLMS {
	return &gradingLMS{columns: map[string]lti.LineItem{"https://lms/1": {URL: "https://lms/1", ScoreMaximum: 10}}, scores: map[string]lti.Score{}, fails: map[string][]error{}}
}

func (l *gradingLMS) do(call string, f func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.before != nil {
		if err := l.before(call); err != nil {
			return err
		}
	}
	l.calls = append(l.calls, call)
	if queue := l.fails[call]; len(queue) > 0 {
		l.fails[call] = queue[1:]
		if queue[0] != nil {
			return queue[0]
		}
	}
	if err := f(); err != nil {
		return err
	}
	if l.after != nil {
		return l.after(call)
	}
	return nil
}

func refusal(call string, status int) error {
	return &lti.ServiceError{Call: call, Status: status, Reason: "their words"}
}

func (l *gradingLMS) LineItem(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, url string) (item lti.LineItem, err error) {
	if !slices.Contains(e.Scopes, lti.AGSLineItem) {
		return item, lti.ErrNotGranted
	}
	return item, l.do("line item", func() error {
		found, ok := l.columns[url]
		if !ok {
			return refusal("line item", http.StatusNotFound)
		}
		item = found
		return nil
	})
}

func (l *gradingLMS) FindOrCreateLineItem(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, want lti.LineItem) (item lti.LineItem, err error) {
	if !slices.Contains(e.Scopes, lti.AGSLineItem) || e.LineItems == "" {
		return item, lti.ErrNotGranted
	}
	return item, l.do("find", func() error {
		for _, found := range l.columns {
			if found.ResourceLinkID == want.ResourceLinkID && found.Tag == want.Tag {
				item = found
				return nil
			}
		}
		want.URL = fmt.Sprintf("https://lms/made%d", len(l.columns)+1)
		l.columns[want.URL], item = want, want
		return nil
	})
}

func (l *gradingLMS) PostScore(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, url string, s lti.Score) error {
	if !slices.Contains(e.Scopes, lti.AGSScore) {
		return lti.ErrNotGranted
	}
	return l.do("score", func() error {
		if _, ok := l.columns[url]; !ok {
			return refusal("score", http.StatusNotFound)
		}
		if old, ok := l.scores[s.UserID]; ok {
			same := old.Timestamp.Equal(s.Timestamp) && l.replaces
			if !same && !s.Timestamp.Truncate(time.Second).After(old.Timestamp.Truncate(time.Second)) {
				return refusal("score", http.StatusConflict)
			}
			if same {
				l.scores[s.UserID] = s
				return nil
			}
		}
		l.scores[s.UserID] = s
		l.taken = append(l.taken, s)
		return nil
	})
}

func (l *gradingLMS) Results(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, _ string, userID string) (list []lti.Result, err error) {
	if l.unreadable {
		return nil, lti.ErrNotGranted
	}
	return list, l.do("results", func() error {
		if s, ok := l.scores[userID]; ok {
			list = append(list, lti.Result{UserID: userID, Score: s.ScoreGiven, Maximum: s.ScoreMaximum})
		}
		return nil
	})
}

// deliverable is a delivery of ten points for ann, ready to go.
func deliverable(t *testing.T) (*books, *gradebook.Grades, *gradingLMS, *time.Time) {
	t.Helper()
	b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.placements[0].Grades.Scopes = []string{lti.AGSScore, lti.AGSResultReadOnly}
	b.put(gradebook.Delivery{PlacementID: "p1", PersonID: "ann", Points: 10, Max: 10, Comment: "35 / 30 min", TrueAt: nine(60)}, nine(60))
	lms, now := newLMS(), nine(60)
	b.now = func() time.Time { return now }
	g := &gradebook.Grades{Store: b, Platform: lms, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	return b, g, lms, &now
}

func deliver(t *testing.T, g *gradebook.Grades) time.Time {
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
	if diff := cmp.Diff([]lti.Score{want}, lms.taken); diff != "" {
		t.Error(diff)
	}
	d := b.delivery("ann")
	if d.State != gradebook.Delivered || d.SentPoints != 10 || !d.SentAt.Equal(nine(61)) || !d.SentStamp.Equal(nine(60)) || d.Attempts != 1 {
		t.Errorf("%+v", d)
	}
	deliver(t, g) // the job comes once more
	if len(lms.calls) != 1 {
		t.Errorf("calls: %v", lms.calls)
	}
}

func TestDeliverOutcomes(t *testing.T) {
	lineItems := []string{lti.AGSScore, lti.AGSLineItem, lti.AGSResultReadOnly}
	for _, test := range []struct {
		name   string
		set    func(*books, *gradingLMS)
		state  gradebook.State
		reason string
		sent   bool // the gradebook may have it
	}{
		{"taken", func(*books, *gradingLMS) {}, gradebook.Delivered, "", true},
		{"not a learner there: Moodle, Sakai", fails("score", refusal("score", 400)), gradebook.Refused, gradebook.ReasonNotGradable, false},
		{"not a learner there: Canvas", fails("score", refusal("score", 422)), gradebook.Refused, gradebook.ReasonNotGradable, false},
		{"refused with 200: Moodle", fails("score", refusal("score", 200)), gradebook.Refused, gradebook.ReasonNotGradable, false},
		{"forbidden", fails("score", refusal("score", 403)), gradebook.Refused, gradebook.ReasonForbidden, false},
		{"not understood", fails("score", refusal("score", 415)), gradebook.Refused, gradebook.ReasonBadRequest, false},
		{"a token that isn't accepted", fails("score", refusal("score", 401)), gradebook.Waiting, gradebook.ReasonForbidden, false},
		{"no token for us", fails("score", refusal("token", 400)), gradebook.Waiting, gradebook.ReasonForbidden, false},
		{"the token service is down", fails("score", refusal("token", 502)), gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"too many at once", fails("score", refusal("score", 429)), gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"not now", fails("score", refusal("score", 503)), gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"a fault over there: it may have it", fails("score", refusal("score", 500)), gradebook.Waiting, gradebook.ReasonPlatformDown, true},
		{"no answer: it may have it", fails("score", context.DeadlineExceeded), gradebook.Waiting, gradebook.ReasonPlatformDown, true},
		{"nobody there: it can't have it", fails("score", &net.OpError{Op: "dial", Err: errors.New("refused")}), gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"no right to grade", func(b *books, _ *gradingLMS) { b.placements[0].Grades = lti.Endpoint{} }, gradebook.Refused, gradebook.ReasonScopeMissing, false},
		{"no column, none to be made", func(b *books, _ *gradingLMS) { b.placements[0].LineItem = gradebook.LineItem{} }, gradebook.Refused, gradebook.ReasonNoLineItem, false},
		{"no column, one is made", func(b *books, _ *gradingLMS) {
			b.placements[0].LineItem, b.placements[0].Grades = gradebook.LineItem{}, lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
		}, gradebook.Delivered, "", true},
		{"no column, we may not make one after all", func(b *books, l *gradingLMS) {
			b.placements[0].LineItem, b.placements[0].Grades = gradebook.LineItem{}, lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
			l.fails["find"] = []error{refusal("line item", 404)}
		}, gradebook.Refused, gradebook.ReasonNoLineItem, false},
		{"no column, and the platform is down", func(b *books, l *gradingLMS) {
			b.placements[0].LineItem, b.placements[0].Grades = gradebook.LineItem{}, lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
			l.fails["find"] = []error{context.DeadlineExceeded}
		}, gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"the column is gone", func(_ *books, l *gradingLMS) { clear(l.columns) }, gradebook.Refused, gradebook.ReasonLineItemGone, false},
		{"the column is gone, another one is made", func(b *books, l *gradingLMS) {
			clear(l.columns)
			b.placements[0].Grades = lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
		}, gradebook.Delivered, "", true},
		{"the column is gone, and the next one too", func(b *books, l *gradingLMS) {
			b.placements[0].Grades = lti.Endpoint{Scopes: lineItems, LineItems: "https://lms/list"}
			l.fails["score"] = []error{refusal("score", 404), refusal("score", 404)}
		}, gradebook.Refused, gradebook.ReasonLineItemGone, false},
		{"somebody graded later", func(_ *books, l *gradingLMS) {
			l.scores["sub-ann"] = lti.Score{ScoreGiven: 3, ScoreMaximum: 10, Timestamp: nine(70)}
		}, gradebook.Superseded, gradebook.ReasonOutdated, false},
		{"somebody graded later, which we may not read", func(_ *books, l *gradingLMS) {
			l.unreadable = true
			l.scores["sub-ann"] = lti.Score{ScoreGiven: 3, ScoreMaximum: 10, Timestamp: nine(70)}
		}, gradebook.Superseded, gradebook.ReasonOutdated, false},
		{"somebody gave the same later", func(_ *books, l *gradingLMS) {
			l.scores["sub-ann"] = lti.Score{ScoreGiven: 100, ScoreMaximum: 100, Timestamp: nine(70)}
		}, gradebook.Delivered, "", true},
		{"outdated, and then it doesn't answer", func(_ *books, l *gradingLMS) {
			l.scores["sub-ann"] = lti.Score{ScoreGiven: 3, ScoreMaximum: 10, Timestamp: nine(70)}
			l.fails["results"] = []error{refusal("results", 502)}
		}, gradebook.Waiting, gradebook.ReasonPlatformDown, false},
		{"the platform is switched off", func(b *books, _ *gradingLMS) { b.platform.Disabled = true }, gradebook.Waiting, gradebook.ReasonPlatformDisabled, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			test.set(b, lms)
			next := deliver(t, g)
			d := b.delivery("ann")
			if d.State != test.state || d.Reason != test.reason || d.MayBeSent() != test.sent {
				t.Errorf("%s %q, may be sent: %v; want %s %q, %v", d.State, d.Reason, d.MayBeSent(), test.state, test.reason, test.sent)
			}
			if waits := next.After(*now); waits != (d.State == gradebook.Waiting) || !next.Equal(d.NextAt) {
				t.Errorf("next %v, kept %v", next, d.NextAt)
			}
			if words := d.Detail != ""; words != (d.State != gradebook.Delivered && d.Reason != gradebook.ReasonPlatformDisabled) {
				t.Errorf("detail %q", d.Detail)
			}
		})
	}
}

func fails(call string, errs ...error) func(*books, *gradingLMS) {
	return func(_ *books, l *gradingLMS) { l.fails[call] = errs }
}

// A score of which we don't know whether it arrived goes out once more with
// the very same timestamp, so the platform can tell that it is one.
func TestUnknownOutcome(t *testing.T) {
	for _, test := range []struct {
		name                 string
		unreadable, replaces bool
	}{
		{"409, and its result is ours", false, false},
		{"409, and results can't be read", true, false},
		{"replaced by itself", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.unreadable, lms.replaces = test.unreadable, test.replaces
			arrived := true
			lms.after = func(call string) error {
				if call == "score" && arrived {
					arrived = false
					return context.DeadlineExceeded
				}
				return nil
			}
			*now = deliver(t, g)
			if d := b.delivery("ann"); d.State != gradebook.Waiting || len(lms.taken) != 1 {
				t.Fatalf("after the first: %+v", d)
			}
			deliver(t, g)
			if d := b.delivery("ann"); d.State != gradebook.Delivered || len(lms.taken) != 1 || !d.SentStamp.Equal(nine(60)) {
				t.Errorf("%+v, taken %d times", d, len(lms.taken))
			}
		})
	}
}

func TestScoreInTheColumnsOwnMeasure(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	b.placements[0].Grades.Scopes = append(b.placements[0].Grades.Scopes, lti.AGSLineItem)
	lms.columns["https://lms/1"] = lti.LineItem{URL: "https://lms/1", ScoreMaximum: 60}
	b.put(gradebook.Delivery{PlacementID: "p1", PersonID: "bob", Points: 2.5, Max: 10, TrueAt: nine(60)}, nine(60))
	deliver(t, g)
	if _, err := g.Deliver(t.Context(), "p1/bob", 1); err != nil {
		t.Fatal(err)
	}
	if s := lms.scores["sub-bob"]; s.ScoreGiven != 15 || s.ScoreMaximum != 60 {
		t.Errorf("%v of %v", s.ScoreGiven, s.ScoreMaximum)
	}
	if n := len(slices.DeleteFunc(lms.calls, func(c string) bool { return c != "line item" })); n != 1 {
		t.Errorf("the column was read %d times", n)
	}
}

// However many deliveries come at once, one column is made.
func TestOneColumnIsMade(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	clear(lms.columns)
	b.placements[0].LineItem = gradebook.LineItem{}
	b.placements[0].ResourceLinkID, b.placements[0].Title = "link", "Law"
	b.placements[0].Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}
	for i := range 20 {
		b.put(gradebook.Delivery{PlacementID: "p1", PersonID: fmt.Sprintf("u%d", i), Points: 10, Max: 10, TrueAt: nine(60)}, nine(60))
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
	if len(lms.columns) != 1 || len(lms.taken) != 20 {
		t.Errorf("%d columns, %d scores", len(lms.columns), len(lms.taken))
	}
	want := gradebook.LineItem{URL: "https://lms/made1", Max: 10, Made: true}
	if diff := cmp.Diff(want, b.placements[0].LineItem); diff != "" {
		t.Error(diff)
	}
}

// Two nodes have a grade for the same new column: one makes it, the other waits
// and finds it.
func TestTwoNodesMakeOneColumn(t *testing.T) {
	b, g, lms, now := deliverable(t)
	clear(lms.columns)
	b.placements[0].LineItem = gradebook.LineItem{}
	b.placements[0].Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}
	b.put(gradebook.Delivery{PlacementID: "p1", PersonID: "bob", Points: 10, Max: 10, TrueAt: nine(60)}, nine(60))
	other := &gradebook.Grades{Store: b, Platform: lms, Now: g.Now, Log: g.Log}
	looked := false
	lms.before = func(call string) error {
		if call != "find" || looked {
			return nil
		}
		looked = true
		lms.mu.Unlock()
		defer lms.mu.Lock()
		next, err := other.Deliver(t.Context(), "p1/bob", 1) // while the first one is at it
		if err != nil || !next.Again.Equal(now.Add(2*time.Second)) {
			t.Errorf("the other node: %v, %v", next, err)
		}
		return nil
	}
	deliver(t, g)
	if d := b.delivery("bob"); !looked || d.State != gradebook.Waiting || d.Attempts != 0 || d.Reason != "" {
		t.Fatalf("looked %v; the other node's: %+v", looked, d)
	}
	*now = now.Add(2 * time.Second)
	if _, err := other.Deliver(t.Context(), "p1/bob", 1); err != nil {
		t.Fatal(err)
	}
	if len(lms.columns) != 1 || len(lms.taken) != 2 {
		t.Errorf("%d columns, %d scores", len(lms.columns), len(lms.taken))
	}
}

func TestRetries(t *testing.T) {
	b, g, lms, now := deliverable(t)
	lms.before = func(call string) error { return refusal(call, http.StatusBadGateway) }
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
	if d := b.delivery("ann"); d.State != gradebook.Refused || d.Reason != gradebook.ReasonPlatformDown || !d.NextAt.IsZero() {
		t.Errorf("in the end: %+v", d)
	}
}

func TestRetryAfter(t *testing.T) {
	b, g, lms, now := deliverable(t)
	ask := func(wait time.Duration) error { return &lti.ServiceError{Call: "score", Status: 429, RetryAfter: wait} }
	lms.fails["score"] = []error{ask(time.Hour), ask(time.Second)}
	next := deliver(t, g)
	within(t, "an hour", next, now.Add(time.Hour), now.Add(time.Hour+time.Minute))
	*now = now.Add(time.Minute) // the job comes back early, after a crash
	if again := deliver(t, g); !again.Equal(next) || len(lms.calls) != 1 {
		t.Errorf("early: next %v, calls %v", again, lms.calls)
	}
	*now = next
	within(t, "a second: no less than ours", deliver(t, g), now.Add(20*time.Second), now.Add(25*time.Second))
	*now = b.delivery("ann").NextAt
	deliver(t, g)
	if d := b.delivery("ann"); d.State != gradebook.Delivered {
		t.Errorf("%+v", d)
	}
}

// What no longer holds before it was sent is never sent.
func TestWithdrawal(t *testing.T) {
	zero := gradebook.Delivery{PlacementID: "p1", PersonID: "ann", Points: 0, Max: 10, TrueAt: nine(70)}
	for _, test := range []struct {
		name       string
		first      error // of the first attempt, before the correction
		arrived    bool  // though it failed
		unreadable bool
		state      gradebook.State
		taken      []float64
	}{
		{"nothing has left", refusal("score", 503), false, false, gradebook.Withdrawn, nil},
		{"it had arrived", nil, false, false, gradebook.Delivered, []float64{10, 0}},
		{"it had arrived, though results don't show it", nil, false, false, gradebook.Delivered, []float64{10, 0}},
		{"it may have arrived, and hasn't", context.DeadlineExceeded, false, false, gradebook.Withdrawn, nil},
		{"it may have arrived, and has", context.DeadlineExceeded, true, false, gradebook.Delivered, []float64{10, 0}},
		{"it may have arrived, and nobody knows", context.DeadlineExceeded, false, true, gradebook.Delivered, []float64{0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.unreadable = test.unreadable
			if test.arrived {
				lms.after = func(call string) error {
					if call == "score" {
						return test.first
					}
					return nil
				}
			} else {
				lms.fails["score"] = []error{test.first}
			}
			deliver(t, g)
			lms.after = nil
			if strings.Contains(test.name, "don't show it") {
				clear(lms.scores)
			}
			*now = nine(70)
			b.put(zero, *now)
			deliver(t, g)
			var taken []float64
			for _, s := range lms.taken {
				taken = append(taken, s.ScoreGiven)
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
	lms.after = func(call string) error {
		if call == "score" && len(lms.taken) == 1 {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.put(gradebook.Delivery{PlacementID: "p1", PersonID: "ann", Points: 4, Max: 10, TrueAt: nine(60).Add(time.Second)}, nine(60))
		}
		return nil
	}
	deliver(t, g)
	if d := b.delivery("ann"); d.State != gradebook.Waiting || d.Points != 4 || d.SentPoints != 10 {
		t.Fatalf("after the first: %+v", d)
	}
	deliver(t, g)
	if s := lms.scores["sub-ann"]; s.ScoreGiven != 4 || len(lms.taken) != 2 || b.delivery("ann").State != gradebook.Delivered {
		t.Errorf("%+v, %d taken, %+v", s, len(lms.taken), b.delivery("ann"))
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
	if len(lms.taken) != 1 {
		t.Error("it came back and got nothing")
	}
}

// A resending store is that of registers, of which a resend needs only what
// books have.
type resending struct {
	*books
	unasked
}

type unasked interface {
	Classes(ctx context.Context, roomID, courseID string, rule attendance.Rule) ([]ClassLine, error)
	Register(ctx context.Context, sessionID, courseID, placementID string) ([]RegisterRow, error)
	History(ctx context.Context, roomID, personID string) ([]HistoryLine, error)
	ResultOf(ctx context.Context, placementID, personID string) (*attendance.Result, *gradebook.Delivery, error)
	PlacementDeliveries(ctx context.Context, placementID string) ([]gradebook.Delivery, error)
}

func TestResend(t *testing.T) {
	teacher := Seat{Visit: Visit{Role: Moderator}, Room: Room{ID: "room"}, Placement: Placement{ID: "p1"}}
	learner := teacher
	learner.Visit.Role = Viewer
	for _, test := range []struct {
		name  string
		set   func(*books, *gradingLMS)
		stamp time.Time // of the score that counts in the end
	}{
		{"refused, and then put right", fails("score", refusal("score", 400)), nine(90)},
		{"somebody graded later: the teacher wants ours", func(_ *books, l *gradingLMS) {
			l.scores["sub-ann"] = lti.Score{ScoreGiven: 3, ScoreMaximum: 10, Timestamp: nine(80)}
		}, nine(90)},
		{"delivered, and changed over there", func(*books, *gradingLMS) {}, nine(90)},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			woken := 0
			registers := &Registers{Store: resending{books: b}, Wake: func() { woken++ }}
			test.set(b, lms)
			deliver(t, g)
			b.settlement.Sessions = []attendance.Session{{ID: "s1", RoomID: "room"}, {ID: "s2", RoomID: "other"}}
			*now = nine(90)
			if err := registers.Resend(t.Context(), learner, "s1", "ann"); !errors.Is(err, ErrForbidden) {
				t.Errorf("a learner: %v", err)
			}
			if err := registers.Resend(t.Context(), teacher, "s1", "nobody"); !errors.Is(err, ErrNotFound) {
				t.Errorf("nobody's: %v", err)
			}
			if err := registers.Resend(t.Context(), teacher, "s2", "ann"); !errors.Is(err, ErrNotFound) {
				t.Errorf("from another room's register: %v", err)
			}
			if err := registers.Resend(t.Context(), teacher, "s1", "ann"); err != nil || woken != 1 {
				t.Fatalf("%v, woken %d times", err, woken)
			}
			deliver(t, g)
			if s := lms.scores["sub-ann"]; s.ScoreGiven != 10 || !s.Timestamp.Equal(test.stamp) || b.delivery("ann").State != gradebook.Delivered {
				t.Errorf("%+v, %+v", s, b.delivery("ann"))
			}
		})
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
		if _, err := g.Deliver(t.Context(), "p1/ann", 1); !errors.Is(err, full) || len(lms.taken) != 0 {
			t.Errorf("%s: %v, %d taken", call, err, len(lms.taken))
		}
	}
}

// What has happened is kept, also when time is up.
func TestDeliverWhenTimeIsUp(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	ctx, cancel := context.WithCancel(t.Context())
	lms.after = func(string) error {
		cancel()
		return nil
	}
	if _, err := g.Deliver(ctx, "p1/ann", 1); err != nil {
		t.Fatal(err)
	}
	if d := b.delivery("ann"); d.State != gradebook.Delivered {
		t.Errorf("%+v", d)
	}
}
