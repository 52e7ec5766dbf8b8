package gradebook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

// What another hand gave isn't ours to overwrite, whatever we sent before or
// have by now.
func TestHandGradeStays(t *testing.T) {
	for _, test := range []struct {
		name  string
		hand  float64
		at    float64 // minute of the hand grade
		sent  bool    // ours of 10 went out before it
		next  Delivery
		found Found
	}{
		{"before our first", 7, 55, false, Delivery{}, Found{nine(61), 7, 10}},
		{"after the class", 7, 60.5, false, Delivery{}, Found{nine(61), 7, 10}},
		{"after ours, and there is more by now", 4, 70, true, Delivery{Points: 12, Max: 12, TrueAt: nine(120)}, Found{nine(121), 4, 10}},
		{"after ours, and there is less by now", 7, 70, true, Delivery{Points: 5, Max: 10, TrueAt: nine(120)}, Found{nine(121), 7, 10}},
		{"after ours, which holds no more", 7, 70, true, Delivery{Points: 0, Max: 10, TrueAt: nine(120)}, Found{nine(121), 7, 10}},
		{"a 0 after ours is somebody's", 0, 70, true, Delivery{Points: 5, Max: 10, TrueAt: nine(120)}, Found{nine(121), 0, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			*now = nine(61)
			if test.sent {
				deliver(t, g)
				test.next.PersonID = "ann"
				b.put(test.next, nine(120))
				*now = nine(121)
			}
			lms.Give("sub-ann", test.hand, nine(test.at))
			before := lms.Delivered()
			if next := deliver(t, g); !next.IsZero() {
				t.Errorf("next %v", next)
			}
			d := b.delivery("ann")
			if d.State != Superseded || d.Reason != ReasonGiven || cmp.Diff(test.found, d.Found) != "" || lms.Delivered() != before || lms.Has("sub-ann").ScoreGiven != test.hand {
				t.Errorf("%+v; the gradebook has %+v", d, lms.Has("sub-ann"))
			}
		})
	}
}

// What we have sent is ours to replace, also if nobody told us that it arrived.
func TestOursIsReplaced(t *testing.T) {
	for _, test := range []struct {
		name    string
		unknown bool // nobody told us of the first
		second  bool // nor of a second value
	}{{"sent", false, false}, {"maybe sent", true, false}, {"twice maybe sent", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lost := func(call string) error {
				if call == "score" {
					return context.DeadlineExceeded
				}
				return nil
			}
			if test.unknown {
				lms.Watch(nil, lost)
			}
			deliver(t, g)
			*now = nine(70)
			b.put(Delivery{PersonID: "ann", Points: 6, Max: 10, TrueAt: nine(70)}, *now)
			if test.second {
				// The first one had arrived, the second one doesn't.
				lms.Watch(nil, nil)
				lms.Fails["score"] = []error{context.DeadlineExceeded}
				deliver(t, g)
				*now = nine(80)
				b.put(Delivery{PersonID: "ann", Points: 3, Max: 10, TrueAt: nine(80)}, *now)
			}
			lms.Watch(nil, nil)
			deliver(t, g)
			want := b.delivery("ann").Points
			if d := b.delivery("ann"); d.State != Delivered || lms.Has("sub-ann").ScoreGiven != want || d.SentPoints != want {
				t.Errorf("%+v; the gradebook has %+v", d, lms.Has("sub-ann"))
			}
		})
	}
}

// A teacher who asks for it gets ours in place of what somebody gave. Sending
// again is no such wish.
func TestReplace(t *testing.T) {
	for _, test := range []struct {
		name     string
		set      func(*gradebooktest.LMS)
		replaces bool
		want     float64
		state    State
		reason   string
	}{
		{"send again", func(*gradebooktest.LMS) {}, false, 7, Superseded, ReasonGiven},
		{"replace it", func(*gradebooktest.LMS) {}, true, 10, Delivered, ""},
		{"replace it, though their clock is ahead", func(l *gradebooktest.LMS) { l.Give("sub-ann", 7, nine(92)) }, true, 10, Delivered, ""},
		{"replace it, which can't be read", func(l *gradebooktest.LMS) { l.Unreadable = true }, true, 10, Delivered, ""},
		{"replace it, and there is another one by now", func(l *gradebooktest.LMS) { l.Give("sub-ann", 4, nine(89)) }, true, 4, Superseded, ReasonGiven},
		{"replace it where it is overridden", func(l *gradebooktest.LMS) { l.Hands[annsCell] = true }, true, 7, Superseded, ReasonKept},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			lms.Give("sub-ann", 7, nine(55))
			deliver(t, g)
			*now = nine(90)
			test.set(lms)
			b.again("ann", test.replaces)
			for range 8 {
				next := deliver(t, g)
				if next.IsZero() {
					break
				}
				*now = next
			}
			if d := b.delivery("ann"); d.State != test.state || d.Reason != test.reason || lms.Has("sub-ann").ScoreGiven != test.want || d.Replaces {
				t.Errorf("%+v; the gradebook has %+v", d, lms.Has("sub-ann"))
			}
		})
	}
}

// A platform that takes a score and keeps its own grade all the same is found
// out at once, and sent nothing more until a teacher asks again.
func TestOverrideIsKept(t *testing.T) {
	b, g, lms, now := deliverable(t)
	lms.Give("sub-ann", 7, nine(55))
	deliver(t, g)
	lms.Hands[annsCell] = true
	*now = nine(90)
	b.again("ann", true)
	deliver(t, g)
	want := Found{At: nine(90), Points: 7, Max: 10}
	if d := b.delivery("ann"); d.State != Superseded || d.Reason != ReasonKept || cmp.Diff(want, d.Found) != "" || b.checkAt.IsZero() {
		t.Fatalf("%+v, read back at %v", d, b.checkAt)
	}
	sent := lms.Count("score")
	for _, test := range []struct {
		name   string
		hand   float64 // negative: ours shows, since the override was taken off
		state  State
		reason string
	}{
		{"still there", 7, Superseded, ReasonKept}, {"another one", 5, Superseded, ReasonGiven}, {"taken off", -1, Delivered, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			*now = b.checkAt
			lms.Give("sub-ann", test.hand, nine(91))
			if test.hand < 0 {
				lms.Give("sub-ann", 10, nine(91))
			}
			if _, err := g.Check(t.Context(), "p1", 1); err != nil {
				t.Fatal(err)
			}
			if d := b.delivery("ann"); d.State != test.state || d.Reason != test.reason {
				t.Errorf("%+v", d)
			}
		})
	}
	if n := lms.Count("score") - sent; n != 0 {
		t.Errorf("%d scores were sent by themselves", n)
	}
}

// 409 is no hand grade. A 0 that nobody gave, or an empty result, is answered
// by the same score with a fresh timestamp, which isn't later than what was
// read; what somebody gives after that is respected.
func TestOutdatedByNobody(t *testing.T) {
	at := func(l *gradebooktest.LMS, s lti.Score) {
		s.ScoreMaximum = 10
		l.Scores[annsCell] = s
	}
	for _, test := range []struct {
		name    string
		before  func(*gradebooktest.LMS) // the first score
		before2 func(*gradebooktest.LMS) // the second one
		state   State
		reason  string
		has     float64
		tries   int
	}{
		{"a teacher looked before", func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(60.5)}) }, nil, Delivered, "", 10, 1},
		{"a teacher looks after we have read", nil, func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(60.8)}) }, Delivered, "", 10, 2},
		{"a teacher grades after we have read", nil, func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(60.8), ScoreGiven: 4}) }, Superseded, ReasonGiven, 4, 1},
		{"a teacher gives 0 with words", nil, func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(60.8), Comment: "absent"}) }, Superseded, ReasonGiven, 0, 1},
		{"a teacher gives the same", nil, func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(60.8), ScoreGiven: 10}) }, Delivered, "", 10, 1},
		{"their clock is far ahead", nil, func(l *gradebooktest.LMS) { at(l, lti.Score{Timestamp: nine(600)}) }, Waiting, ReasonBadRequest, 0, writeMost},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			*now = nine(61)
			if test.before != nil {
				test.before(lms)
			}
			lms.Watch(func(call string) error {
				if call == "score" && test.before2 != nil && len(lms.Taken) == 0 {
					test.before2(lms)
					test.before2 = nil
				}
				return nil
			}, nil)
			deliver(t, g)
			d := b.delivery("ann")
			if d.State != test.state || d.Reason != test.reason || lms.Has("sub-ann").ScoreGiven != test.has || lms.Count("score") != test.tries {
				t.Errorf("%+v; the gradebook has %+v after %d scores", d, lms.Has("sub-ann"), lms.Count("score"))
			}
			if lms.Has("sub-ann").Timestamp.After(*now) && test.state == Delivered {
				t.Errorf("stamp %v is later than what was read", lms.Has("sub-ann").Timestamp)
			}
		})
	}
}

// The platform of which a 0 is known to be given by somebody keeps it.
func TestZeroOfMoodle(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	const item = "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem?type_id=13"
	lms.Columns[item] = lti.LineItem{URL: item, ScoreMaximum: 10}
	lms.Scores[gradebooktest.Cell{Column: item, User: "sub-ann"}] = lti.Score{ScoreMaximum: 10, Timestamp: nine(10)}
	b.column.LineItem.URL = item
	deliver(t, g)
	if d := b.delivery("ann"); d.State != Superseded || d.Reason != ReasonGiven {
		t.Errorf("%+v", d)
	}
}

// class is one of n learners, whose grades wait.
func class(t *testing.T, n int) (*ledger, *Grades, *gradebooktest.LMS, *time.Time) {
	t.Helper()
	b, g, lms, now := deliverable(t)
	clear(b.rows)
	for i := range n {
		b.put(Delivery{PersonID: fmt.Sprintf("u%d", i), Points: 10, Max: 10, TrueAt: nine(60)}, nine(60))
	}
	return b, g, lms, now
}

// A class costs one reading of its column, not one for each learner; so does
// one whose results can't be read, and one in which a teacher has looked.
func TestReadOnceForAll(t *testing.T) {
	for _, test := range []struct {
		name   string
		set    func(*gradebooktest.LMS)
		reads  int
		scores int
	}{
		{"a class", func(*gradebooktest.LMS) {}, 1, 300},
		{"a teacher has looked", func(l *gradebooktest.LMS) {
			for i := range 300 {
				l.Give(fmt.Sprintf("sub-u%d", i), 0, nine(60.5))
			}
		}, 1, 300},
		{"it can't be read at all", func(l *gradebooktest.LMS) { l.Fails["results"] = []error{gradebooktest.Refusal("results", 403)} }, 1, 300},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, g, lms, now := class(t, 300)
			*now = nine(61)
			test.set(lms)
			var group sync.WaitGroup
			for worker := range 4 {
				group.Go(func() {
					for i := worker; i < 300; i += 4 {
						if _, err := g.Deliver(t.Context(), fmt.Sprintf("p1/u%d", i), 1); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			if lms.Delivered() != 300 || lms.Count("results") != test.reads || lms.Count("score") != test.scores {
				t.Errorf("%d taken, %d readings, %d scores", lms.Delivered(), lms.Count("results"), lms.Count("score"))
			}
		})
	}
}

// A reading is shared for a minute, and never for a score that came true after
// it: a grade that it doesn't show is then later than the score.
func TestReadingIsNewEnough(t *testing.T) {
	for _, test := range []struct {
		name   string
		trueAt float64
		now    float64
		reads  int
	}{
		{"of the same class, soon after", 60, 61.5, 1},
		{"of the same class, long after", 60, 62.5, 2},
		{"of what was changed since", 61.2, 61.5, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			*now = nine(61)
			deliver(t, g)
			*now = nine(test.now)
			b.put(Delivery{PersonID: "bob", Points: 10, Max: 10, TrueAt: nine(test.trueAt)}, *now)
			if _, err := g.Deliver(t.Context(), "p1/bob", 1); err != nil {
				t.Fatal(err)
			}
			if got := lms.Count("results"); got != test.reads {
				t.Errorf("%d readings, want %d", got, test.reads)
			}
		})
	}
}

// A column that can't be read now is tried for a while; then grades go out all
// the same, as where results aren't offered.
func TestColumnThatCannotBeRead(t *testing.T) {
	b, g, lms, now := deliverable(t)
	lms.Watch(func(call string) error {
		if call == "results" {
			return gradebooktest.Refusal(call, http.StatusInternalServerError)
		}
		return nil
	}, nil)
	for range readTries {
		if lms.Count("score") != 0 {
			t.Fatal("a score went out unread")
		}
		*now = deliver(t, g)
	}
	deliver(t, g)
	if d := b.delivery("ann"); d.State != Delivered {
		t.Errorf("%+v", d)
	}
}

// Of a column that is too long to be read each person is asked for.
func TestLongColumn(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	lms.Give("sub-ann", 7, nine(55))
	lms.Fails["results"] = []error{fmt.Errorf("results: %w", lti.ErrTooMuch)}
	deliver(t, g)
	if d := b.delivery("ann"); d.Reason != ReasonGiven || lms.Count("results") != 2 {
		t.Errorf("%+v after %d readings", d, lms.Count("results"))
	}
}

// Readings that nobody needs any more are dropped, and so are the oldest if all
// are too many.
func TestReadingsAreBounded(t *testing.T) {
	many := make(map[string]held, keptMost/2)
	for i := range keptMost / 2 {
		many[fmt.Sprint(i)] = held{}
	}
	var s readings
	s.keep("a", reading{at: nine(0), of: many}, nine(0))
	s.keep("b", reading{at: nine(0.5), of: many}, nine(0.5))
	if _, there := s.get("a"); there {
		t.Error("the oldest is kept, though all are too many")
	}
	s.keep("c", reading{at: nine(2)}, nine(2))
	if _, there := s.get("b"); there || len(s.kept) != 1 {
		t.Errorf("%d are kept", len(s.kept))
	}
}

// What fails again and again while others succeed is told apart from a
// platform that is down.
func TestReasonsAreToldApart(t *testing.T) {
	fault := func(call string) error { return gradebooktest.Refusal(call, http.StatusInternalServerError) }
	for _, test := range []struct {
		name   string
		column func(*Column)
		fails  func(call string) error
		want   []string // after each attempt
	}{
		{"a locked grade", nil, func(call string) error {
			if call == "score" {
				return fault(call)
			}
			return nil
		}, []string{ReasonPlatformDown, ReasonPlatformDown, ReasonLocked, ReasonLocked}},
		{"a platform that is down", nil, fault, []string{ReasonPlatformDown, ReasonPlatformDown, ReasonPlatformDown, ReasonPlatformDown}},
		{"no gradebook in the course", func(c *Column) {
			*c = Column{Grades: lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}}
		}, func(call string) error {
			if call == "create" {
				return gradebooktest.Refusal("line item", http.StatusInternalServerError)
			}
			return nil
		}, []string{ReasonPlatformDown, ReasonPlatformDown, ReasonNoGradebook}},
		{"our key isn't accepted", nil, func(string) error { return keyRefused }, []string{ReasonKeyRefused, ReasonKeyRefused}},
		{"no token, for another reason", nil, func(string) error { return &lti.ServiceError{Call: "token", Status: 400, Reason: "Expired token"} }, []string{ReasonForbidden}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := deliverable(t)
			if test.column != nil {
				test.column(&b.column)
			}
			lms.Watch(test.fails, nil)
			var got []string
			for range test.want {
				*now = deliver(t, g)
				d := b.delivery("ann")
				if d.State != Waiting {
					t.Fatalf("%+v", d)
				}
				got = append(got, d.Reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			lms.Watch(nil, nil)
			deliver(t, g)
			if d := b.delivery("ann"); d.State != Delivered || d.Reason != "" {
				t.Errorf("when it's put right: %+v", d)
			}
		})
	}
}

// A column of which all calls fail, while those of others succeed.
func TestHalfDeletedColumn(t *testing.T) {
	b, g, lms, now := deliverable(t)
	lms.Watch(func(call string) error { return gradebooktest.Refusal(call, http.StatusInternalServerError) }, nil)
	for i := range 5 {
		g.up.set("lms", *now) // another column was filled
		*now = deliver(t, g)
		want := ReasonLocked
		if i < faultsFine {
			want = ReasonPlatformDown
		}
		if d := b.delivery("ann"); d.State != Waiting || d.Reason != want {
			t.Errorf("attempt %d: %+v", i+1, d)
		}
	}
}

// The store's own faults are ours, and nothing is lost by them.
func TestColumnThatCannotBeKept(t *testing.T) {
	full := errors.New("disk full")
	b, g, lms, _ := deliverable(t)
	clear(lms.Columns)
	b.before = func(call string) error {
		if call == "MissLineItem" {
			return full
		}
		return nil
	}
	if _, err := g.Deliver(t.Context(), "p1/ann", 1); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// What says something of the platform as a whole lets all that is for it wait;
// what says something of one grade doesn't.
func TestTroubleIsThePlatforms(t *testing.T) {
	for _, test := range []struct {
		name    string
		problem error
		trouble bool
		wait    time.Duration
	}{
		{"down", gradebooktest.Refusal("score", http.StatusServiceUnavailable), true, 0},
		{"asks to wait", &lti.ServiceError{Call: "score", Status: http.StatusTooManyRequests, RetryAfter: time.Minute}, true, time.Minute},
		{"doesn't know our key", keyRefused, true, 0},
		{"this person can't be graded", gradebooktest.Refusal("score", http.StatusBadRequest), false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, g, lms, _ := deliverable(t)
			lms.Watch(func(call string) error {
				if call == "score" {
					return test.problem
				}
				return nil
			}, nil)
			a, err := g.Deliver(t.Context(), "p1/ann", 1)
			if err != nil || a.Trouble != test.trouble || a.Wait != test.wait {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}
