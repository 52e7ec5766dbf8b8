package gradebook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

func answered(call string, status int) error {
	return &lti.ServiceError{Call: call, Status: status, Reason: "their words"}
}

// What proves that a score hasn't arrived: of everything else it must be
// assumed that it has.
func TestNotTaken(t *testing.T) {
	for _, test := range []struct {
		name    string
		problem error
		want    bool
	}{
		{"it never left", unsentError{errors.New("x")}, true},
		{"it may not be sent", fmt.Errorf("score: %w", lti.ErrNotGranted), true},
		{"refused", answered("score", 400), true},
		{"refused at the last number", answered("score", 499), true},
		{"too busy to look", answered("score", 503), true},
		{"a fault on the way", answered("score", 500), false},
		{"a gateway that gave up", answered("score", 504), false},
		{"a fault at the token", answered("token", 500), true},
		{"nobody answers the phone", &net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		{"cut off", &net.OpError{Op: "read", Err: errors.New("reset")}, false},
		{"too late", errors.New("timeout"), false},
	} {
		if got := notTaken(test.problem); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestReasonOf(t *testing.T) {
	for _, test := range []struct {
		call   string
		status int
		want   string
	}{
		{"score", 403, ReasonForbidden}, {"line item", 403, ReasonForbidden}, {"line item", 400, ReasonNoLineItem},
		{"score", 400, ReasonNotGradable}, {"score", 422, ReasonNotGradable}, {"score", 200, ReasonNotGradable},
		{"score", 404, ReasonBadRequest}, {"score", 405, ReasonBadRequest},
	} {
		if got := reasonOf(&lti.ServiceError{Call: test.call, Status: test.status}); got != test.want {
			t.Errorf("%s, %d: %s, want %s", test.call, test.status, got, test.want)
		}
	}
}

// Why a score waits, by what is known of the platform besides.
func TestReasonNow(t *testing.T) {
	for _, test := range []struct {
		name     string
		problem  error
		attempts int
		item     string
		up       time.Duration // so long ago another call went well; 0: never
		want     string
	}{
		{"a column that was missed", errMissed, 1, "i", 0, ReasonLineItemGone},
		{"outdated, though nobody graded", answered("score", 409), 1, "i", 0, ReasonBadRequest},
		{"no answer", errors.New("x"), 9, "i", time.Second, ReasonPlatformDown},
		{"a key that isn't known", &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_client"}, 1, "i", 0, ReasonKeyRefused},
		{"no token for another reason", answered("token", 400), 1, "i", 0, ReasonForbidden},
		{"a fault at the token", answered("token", 500), 9, "i", time.Second, ReasonPlatformDown},
		{"too many at the token", answered("token", 429), 1, "i", 0, ReasonPlatformDown},
		{"too slow at the token", answered("token", 408), 1, "i", 0, ReasonPlatformDown},
		{"a token that isn't accepted", answered("score", 401), 1, "i", 0, ReasonForbidden},
		{"busy", answered("score", 503), 9, "i", time.Second, ReasonPlatformDown},
		{"a fault, twice", answered("score", 500), faultsFine, "i", time.Second, ReasonPlatformDown},
		{"a fault, again and again, and others go through", answered("score", 500), faultsFine + 1, "i", time.Second, ReasonLocked},
		{"a fault at reading, and others go through", answered("results", 500), faultsFine + 1, "i", time.Second, ReasonLocked},
		{"a fault at the column, and others go through", answered("line item", 500), faultsFine + 1, "i", time.Second, ReasonPlatformDown},
		{"a fault, and nobody gets through", answered("score", 500), faultsFine + 1, "i", 0, ReasonPlatformDown},
		{"a fault, and others went through long ago", answered("score", 500), faultsFine + 1, "i", readingFor, ReasonPlatformDown},
		{"a fault at making a column", answered("line item", 500), faultsFine + 1, "", 0, ReasonNoGradebook},
		{"a fault at making a column, twice", answered("line item", 500), faultsFine, "", 0, ReasonPlatformDown},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &Grades{Now: func() time.Time { return nine(60) }}
			o := &Order{Registration: lti.Registration{ID: "lms"}}
			o.Attempts, o.LineItem.URL = test.attempts, test.item
			if test.up > 0 {
				g.up.set("lms", nine(60).Add(-test.up))
			}
			if got := g.reasonNow(o, test.problem); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// How long a score waits for its next attempt, and when there is none.
func TestWaits(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts int
		asked    time.Duration
		want     time.Duration // at the least, and a tenth more at the most; 0: it has been refused
	}{
		{"before the first", 0, 0, 5 * time.Second},
		{"the first", 1, 0, 5 * time.Second},
		{"the second", 2, 0, 20 * time.Second},
		{"the fourth", 4, 0, 5 * time.Minute},
		{"the ninth", 9, 0, 12 * time.Hour},
		{"the last but one", tries - 1, 0, 12 * time.Hour},
		{"the last", tries, 0, 0},
		{"asked to wait longer", 1, time.Minute, time.Minute},
		{"asked to wait less", 4, time.Minute, 5 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &Grades{Now: func() time.Time { return nine(60) }}
			o := &Order{}
			o.State, o.Attempts = Waiting, test.attempts
			problem := error(&lti.ServiceError{Call: "score", Status: 503, Reason: strings.Repeat("é", detailMost+1), RetryAfter: test.asked})
			if said := g.judge(o, problem); !errors.Is(said, problem) || o.Reason != ReasonPlatformDown || o.Detail != strings.Repeat("é", detailMost) {
				t.Errorf("%v; %+v", said, o.Delivery)
			}
			wait := o.NextAt.Sub(nine(60))
			switch {
			case test.want == 0 && (o.State != Refused || !o.NextAt.IsZero()):
				t.Errorf("%+v", o.Delivery)
			case test.want != 0 && (o.State != Waiting || wait < test.want || wait > test.want+test.want/10):
				t.Errorf("waits for %v, want %v", wait, test.want)
			}
		})
	}
}

// Whose a result is, by what we have sent there.
func TestVerdict(t *testing.T) {
	const item = "https://lms/1" // zeros that nobody gave are known of
	row := Delivery{Points: 8, Max: 10, SentItem: item}
	sent := func(points float64) Delivery {
		d := row
		d.SentAt, d.SentPoints, d.SentMax = nine(1), points, 10
		d.SentStamp, d.TriedPoints, d.TriedMax = nine(1), points, 10
		return d
	}
	tried := func(points float64) Delivery {
		d := row
		d.SentStamp, d.TriedPoints, d.TriedMax = nine(1), points, 10
		return d
	}
	elsewhere := sent(4)
	elsewhere.SentItem = "https://lms/2"
	stale := sent(4)
	stale.TriedPoints = 5
	for _, test := range []struct {
		name string
		row  Delivery
		has  *held
		want verdict
	}{
		{"nothing", row, nil, nothing},
		{"nothing, though it was sent", sent(8), nil, nothing},
		{"a result without a score", row, &held{points: 8, most: 10, empty: true}, nothing},
		{"what belongs there", row, &held{points: 8, most: 10}, same},
		{"in another measure", row, &held{points: 80, most: 100}, same},
		{"rounded", row, &held{points: 80.4, most: 100}, same},
		{"nearly", row, &held{points: 80.6, most: 100}, theirs},
		{"what we sent before", sent(4), &held{points: 4, most: 10}, ours},
		{"what we may have sent before", tried(4), &held{points: 4, most: 10}, ours},
		{"what it took last, and not what we tried since", stale, &held{points: 4, most: 10}, ours},
		{"what we tried since", stale, &held{points: 5, most: 10}, ours},
		{"what we sent to another column", elsewhere, &held{points: 4, most: 10}, theirs},
		{"another hand's", sent(4), &held{points: 6, most: 10}, theirs},
		{"a 0 that the platform wrote by itself", row, &held{most: 10}, nobodys},
		{"a 0, after we may have sent something", tried(4), &held{most: 10}, nobodys},
		{"a 0, after it took something of ours", sent(4), &held{most: 10}, theirs},
		{"a 0 with words", row, &held{most: 10, signed: true}, theirs},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Order{Delivery: test.row, Subject: "ann", Column: Column{LineItem: LineItem{URL: item}}}
			r := reading{at: nine(9), of: map[string]held{"bob": {points: 8, most: 10}}}
			found := Found{At: nine(9)}
			if test.has != nil {
				r.of["ann"] = *test.has
			}
			if test.has != nil && !test.has.empty {
				found.Points, found.Max = test.has.points, test.has.most
			}
			if got := o.verdict(r); got != test.want {
				t.Errorf("verdict %d, want %d", got, test.want)
			}
			if got := o.found(r); got != found {
				t.Errorf("found %+v, want %+v", got, found)
			}
		})
	}
}

// What reading a column says of a row, and when it says nothing.
func TestSeen(t *testing.T) {
	const item = "https://lms/1"
	row := func(state State, reason string) Delivery {
		return Delivery{
			Points: 8, Max: 10, State: state, Reason: reason, Detail: "words of before", SentItem: item,
			SentAt: nine(1), SentPoints: 8, SentMax: 10, Found: Found{At: nine(2), Points: 3, Max: 10},
		}
	}
	later, elsewhere := row(Delivered, ""), row(Delivered, "")
	later.SentAt, elsewhere.SentItem = nine(9).Add(1), "https://lms/2"
	justThen := row(Delivered, "")
	justThen.SentAt = nine(9)
	for _, test := range []struct {
		name   string
		row    Delivery
		has    *held
		says   bool
		state  State
		reason string
	}{
		{"it is there", row(Delivered, ""), &held{points: 8, most: 10}, true, Delivered, ""},
		{"it is there again", row(Superseded, ReasonGiven), &held{points: 8, most: 10}, true, Delivered, ""},
		{"sent in the same moment", justThen, &held{points: 8, most: 10}, true, Delivered, ""},
		{"sent since", later, &held{points: 8, most: 10}, false, Delivered, ""},
		{"sent elsewhere", elsewhere, &held{points: 8, most: 10}, false, Delivered, ""},
		{"another hand's", row(Delivered, ""), &held{points: 5, most: 10}, true, Superseded, ReasonGiven},
		{"another hand's, kept on", row(Superseded, ReasonKept), &held{points: 3, most: 10}, true, Superseded, ReasonKept},
		{"another hand's, another one than was kept", row(Superseded, ReasonKept), &held{points: 5, most: 10}, true, Superseded, ReasonGiven},
		{"it isn't there", row(Delivered, ""), nil, true, Delivered, ReasonMissing},
		{"what another hand gave is there no more", row(Superseded, ReasonGiven), nil, true, Refused, ReasonMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Order{Delivery: test.row, Subject: "ann", Column: Column{LineItem: LineItem{URL: item}}}
			r, want := reading{at: nine(9), of: map[string]held{}}, test.row
			if test.has != nil {
				r.of["ann"] = *test.has
			}
			want.State, want.Reason = test.state, test.reason
			if test.says {
				want.Detail, want.Found = "", o.found(r)
			}
			if says := o.seen(r); says != test.says || o.Delivery != want {
				t.Errorf("%v, %+v\nwant %v, %+v", says, o.Delivery, test.says, want)
			}
		})
	}
}

// What has to be done about a row whose value no longer holds.
func TestUndone(t *testing.T) {
	for _, test := range []struct {
		name string
		row  Delivery
		want bool
	}{
		{"no points", Delivery{State: Delivered, SentStamp: nine(1)}, false},
		{"delivered", Delivery{State: Delivered, Points: 1, SentStamp: nine(1)}, true},
		{"it waits", Delivery{State: Waiting, Points: 1}, true},
		{"refused, and never sent", Delivery{State: Refused, Points: 1}, false},
		{"refused, and may have been sent", Delivery{State: Refused, Points: 1, SentStamp: nine(1)}, true},
		{"withdrawn", Delivery{State: Withdrawn, Points: 1}, false},
		{"somebody graded later, unread", Delivery{State: Superseded, Points: 1, SentStamp: nine(1), Reason: ReasonOutdated}, false},
		{"somebody graded, and we know what", Delivery{State: Superseded, Points: 1, Reason: ReasonGiven}, true},
		{"the platform keeps what somebody gave", Delivery{State: Superseded, Points: 1, Reason: ReasonKept}, true},
	} {
		if got := test.row.undone(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestKeptOf(t *testing.T) {
	for _, test := range []struct{ kept, most, want float64 }{
		{0, 10, 0}, {0.333, 10, 3.33}, {0.3335, 10, 3.34}, {0.99999, 10, 10}, {1, 12.345, 12.345}, {1.5, 10, 10},
	} {
		if got := (Delivery{Kept: test.kept}).keptOf(test.most); got != test.want {
			t.Errorf("%v of %v: %v, want %v", test.kept, test.most, got, test.want)
		}
	}
}

// A reading is shared for a minute, and one that went wrong for a moment, unless
// it will go wrong again.
func TestReadingIsShared(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		life time.Duration
	}{
		{"read", nil, readingFor},
		{"a fault", answered("results", 500), failureFor},
		{"may not be read", lti.ErrNotGranted, readingFor},
		{"will be refused again", answered("results", 404), readingFor},
		{"no token for it", &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_scope"}, readingFor},
		{"no answer", errors.New("x"), failureFor},
	} {
		r := reading{at: nine(0), no: 3, err: test.err}
		if !r.young(nine(0).Add(test.life-1)) || r.young(nine(0).Add(test.life)) {
			t.Errorf("%s: isn't shared for %v", test.name, test.life)
		}
	}
	r := reading{at: nine(5), no: 3}
	for _, test := range []struct {
		since time.Time
		after int64
		want  bool
	}{{nine(5), 2, true}, {nine(4), 0, true}, {nine(6), 2, false}, {nine(5), 3, false}} {
		if got := r.began(test.since, test.after); got != test.want {
			t.Errorf("since %v, after %d: %v", test.since, test.after, got)
		}
	}
}

// As long as all are few, none goes before its time; and one alone may be long.
func TestReadingsStay(t *testing.T) {
	var s readings
	s.keep("a", reading{at: nine(0), of: map[string]held{"ann": {}}}, nine(0))
	s.keep("b", reading{at: nine(0.5), of: map[string]held{"ann": {}}}, nine(0.5))
	if _, there := s.get("a"); !there || len(s.kept) != 2 {
		t.Errorf("%d are kept, want 2", len(s.kept))
	}
	s.keep("c", reading{at: nine(1)}, nine(1)) // the first is a minute old
	if _, there := s.get("a"); there || len(s.kept) != 2 {
		t.Errorf("%d are kept, want those of this minute", len(s.kept))
	}
	long := make(map[string]held, keptMost)
	for i := range keptMost {
		long[fmt.Sprint(i)] = held{}
	}
	s.keep("d", reading{at: nine(1.1), of: long}, nine(1.1))
	if _, there := s.get("d"); !there || len(s.kept) != 1 {
		t.Errorf("%d are kept, want the long one", len(s.kept))
	}
}

// What a platform doesn't take is in the log with its reason, and nothing else.
func TestGradeNotTakenIsLogged(t *testing.T) {
	for name, test := range map[string]struct {
		fails error
		want  bool
	}{"taken": {nil, false}, "refused": {answered("score", 422), true}, "put off": {answered("score", 503), true}} {
		_, g, lms, _ := deliverable(t)
		var log strings.Builder
		g.Log = slog.New(slog.NewTextHandler(&log, nil))
		lms.Fails["score"] = []error{test.fails}
		deliver(t, g)
		said := strings.Contains(log.String(), `msg="grade not taken"`) && strings.Contains(log.String(), "subject=p1/ann")
		if said != test.want || !test.want && log.Len() > 0 {
			t.Errorf("%s: %q", name, log.String())
		}
	}
}

// How new a reading must be before a score goes out.
func TestReadSince(t *testing.T) {
	stamp, now := nine(5), nine(9)
	tried := func(points, sent float64) Delivery {
		return Delivery{Points: 8, Max: 10, SentStamp: nine(1), TriedPoints: points, TriedMax: 10, SentPoints: sent, SentMax: 10}
	}
	for _, test := range []struct {
		name string
		row  Delivery
		want time.Time
	}{
		{"nothing was sent", Delivery{Points: 8, Max: 10}, stamp},
		{"this was tried", tried(8, 0), stamp},
		{"another value was tried, and may have arrived", tried(4, 0), now},
		{"another value was tried, and was taken", tried(4, 4), stamp},
	} {
		if got := test.row.readSince(stamp, now); !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// Where somebody gave just what we would send, nothing is sent.
func TestGivenTheSame(t *testing.T) {
	b, g, lms, _ := deliverable(t)
	lms.Give("sub-ann", 10, nine(55))
	deliver(t, g)
	if d := b.delivery("ann"); d.State != Delivered || !d.SentAt.IsZero() || d.Found.Points != 10 || lms.Count("score") != 0 {
		t.Errorf("%+v, %d scores", d, lms.Count("score"))
	}
}

// The platform's own words, or else what was wrong.
func TestDetail(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{answered("score", 400), "their words"},
		{&lti.ServiceError{Call: "score", Status: 503}, "score: the platform answers 503"},
		{errors.New("no route"), "no route"},
	} {
		if got := detail(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}

// A column that we look for or make is called after the link, and ours by tag
// and id.
func TestWanted(t *testing.T) {
	o := Order{Delivery: Delivery{PlacementID: "p1", Max: 10}, ResourceLinkID: "l1", Title: "Lecture"}
	want := lti.LineItem{Label: "Lecture", ScoreMaximum: 10, ResourceID: "p1", Tag: "attendance", ResourceLinkID: "l1"}
	if got := o.wanted(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	o.Title, want.Label = "", "Attendance"
	if got := o.wanted(); got != want {
		t.Errorf("without a title %+v, want %+v", got, want)
	}
}

// Of a column that is there nothing is written but the grade.
func TestColumnThatIsThere(t *testing.T) {
	b, g, _, _ := deliverable(t)
	var calls []string
	b.before = func(call string) error {
		calls = append(calls, call)
		return nil
	}
	deliver(t, g)
	if slices.Contains(calls, "MissLineItem") || len(calls) == 0 {
		t.Errorf("calls to the database: %v", calls)
	}
}

// A platform that lets a reading wait leaves the attempt time to send.
func TestReadingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, g, lms, _ := deliverable(t)
		slow := &slowReading{gradebook: lms}
		g.Platform = slow
		begin := time.Now()
		deliver(t, g)
		if slow.until.Sub(begin) != 20*time.Second {
			t.Errorf("a reading is waited for %v", slow.until.Sub(begin))
		}
	})
}

// slowReading notes until when a reading is waited for.
type slowReading struct {
	gradebook
	until time.Time
}

func (s *slowReading) Results(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL, userID string) ([]lti.Result, error) {
	s.until, _ = ctx.Deadline()
	return s.gradebook.Results(ctx, r, deploymentID, e, lineItemURL, userID)
}

func TestMoments(t *testing.T) {
	var m moments
	if m.within("a", nine(0), time.Hour) {
		t.Error("nothing has happened yet")
	}
	m.set("a", nine(0))
	if !m.within("a", nine(1), 61*time.Second) || m.within("a", nine(1), time.Minute) || m.within("b", nine(1), time.Hour) {
		t.Error("at the wrong time, or of another name")
	}
	m.set("b", nine(60))
	if len(m.at) != 2 {
		t.Errorf("an hour later %d are remembered", len(m.at))
	}
	m.set("c", nine(61))
	if _, there := m.at["a"]; there || len(m.at) != 2 {
		t.Errorf("after more than an hour %d are remembered", len(m.at))
	}
}
