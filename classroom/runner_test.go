package classroom

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

// A platform is a gradebook for tests.
type platform interface {
	LineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, address string) (lti.LineItem, error)
	FindLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
	CreateLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
	PostScore(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL string, s lti.Score) error
	Results(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL, userID string) ([]lti.Result, error)
}

// A process is a runner with all that it needs, as one start of the program
// has it.
type process struct {
	*jobs.Runner
	cancel context.CancelFunc
	ended  chan error
}

func start(b *books, lms platform, at MeetingServer, log *slog.Logger) *process {
	ctx, cancel := context.WithCancel(context.Background())
	classes := &Classes{Store: b, Now: time.Now, Interval: 30 * time.Second, Client: func(Server) MeetingServer { return at }}
	grades := &gradebook.Grades{Store: b, Platform: lms, Now: time.Now, Log: log}
	r := &jobs.Runner{Store: b, Kinds: Kinds(classes, grades, b), Now: time.Now, Log: log}
	classes.Wake = r.Wake
	p := &process{r, cancel, make(chan error, 1)}
	go func() { p.ended <- r.Run(ctx) }()
	return p
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	if err := <-p.ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pass lets the bubble's time go on.
func pass(d time.Duration) { <-time.After(d) }

func TestClassFromPollsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
		b.now = time.Now
		lms := gradebooktest.New()
		at := (&scene{info: bbb.Meeting{InternalMeetingID: "in-a"}}).with("teacher")
		shows := func(what string, want func(attendance.Session) bool) {
			t.Helper()
			b.mu.Lock()
			defer b.mu.Unlock()
			if s := b.settlement.Sessions; len(s) != 1 || !want(s[0]) {
				t.Errorf("%s: sessions %+v", what, s)
			}
		}
		begin := time.Now()
		m := attendance.Meeting{ID: "a", RoomID: "room", ServerID: "s1", InternalID: "in-a", CreateTime: begin, ClockOffset: 1}
		if _, _, err := b.RecordMeeting(t.Context(), m, begin.Add(30*time.Second)); err != nil {
			t.Fatal(err)
		}
		p := start(b, lms, at, silent())
		pass(10 * time.Minute)
		shows("while it goes on", func(s attendance.Session) bool { return s.EndedAt.IsZero() })
		at.with("teacher", "ann")
		pass(20 * time.Minute)
		p.stop(t)
		p = start(b, lms, at, silent())
		pass(20 * time.Minute)
		at.with("teacher")
		pass(5 * time.Minute)
		at.over()
		pass(2 * time.Minute)
		shows("when it has ended", func(s attendance.Session) bool { return s.Counting })
		pass(3 * time.Minute)
		p.stop(t)
		s := b.settlement.Sessions
		if len(s) != 1 || s[0].Exact || s[0].Length < 54*time.Minute || s[0].Length > 56*time.Minute {
			t.Errorf("sessions: %+v", s)
		}
		for _, a := range b.attendances() {
			if a.PersonID == "ann" && (a.Time-40*time.Minute).Abs() > time.Minute {
				t.Errorf("ann was there for %v", a.Time)
			}
		}
		if len(lms.Taken) != 1 || lms.Taken[0].UserID != "sub-ann" || lms.Taken[0].ScoreGiven != 10 {
			t.Errorf("scores: %+v", lms.Taken)
		}
		if n := len(b.evidence); n != 3 {
			t.Errorf("%d pieces of evidence for three states", n)
		}
	})
}

// errDead is what a process that was killed hears from everything.
var errDead = errors.New("killed")

// A killer lets a process do some calls, to the database and the platform, and
// then nothing any more: after the last call, or just before it.
type killer struct {
	mu       sync.Mutex
	left     int // calls; negative: it lives for ever
	midway   bool
	dead     bool
	onceDead chan struct{}
}

func newKiller(calls int, midway bool) *killer {
	return &killer{left: calls, midway: midway, onceDead: make(chan struct{})}
}

func (k *killer) die() error {
	if !k.dead {
		k.dead = true
		close(k.onceDead)
	}
	return errDead
}

func (k *killer) before(string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left--; k.dead || k.left == 0 && !k.midway {
		return k.die()
	}
	return nil
}

func (k *killer) after(string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead || k.left == 0 {
		return k.die()
	}
	return nil
}

// lifetime runs a process until it's killed, or for long.
func (k *killer) lifetime(t *testing.T, b *books, lms *gradebooktest.LMS, long time.Duration) {
	set := func(before, after func(string) error) {
		b.mu.Lock()
		b.before, b.after = before, after
		b.mu.Unlock()
		lms.Watch(before, after)
	}
	set(k.before, k.after)
	p := start(b, lms, nil, silent())
	select {
	case <-k.onceDead:
	case <-time.After(long):
	}
	p.cancel()
	if err := <-p.ended; err != nil && !errors.Is(err, errDead) {
		t.Errorf("run: %v", err)
	}
	set(nil, nil)
}

// reportedClass is one that ann and bob passed; its report has just been kept.
func reportedClass(t *testing.T, columns int) (*books, *gradebooktest.LMS) {
	t.Helper()
	b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 60, "ann", "bob", "cy")
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 60}}, "bob": {{0, 31}}, "cy": {{0, 20}}})
	b.enqueue(jobs.Job{Kind: SettleJob, Subject: "room", RunAt: time.Now()})
	lms := gradebooktest.New()
	if columns == 0 {
		clear(lms.Columns)
		b.placements[0].LineItem = gradebook.LineItem{}
		b.placements[0].Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem, lti.AGSResultReadOnly}, LineItems: "https://lms/list"}
	}
	return b, lms
}

// everythingArrived checks that ann and bob have their grade, once, and that
// nothing is left to do.
func everythingArrived(t *testing.T, b *books, lms *gradebooktest.LMS) {
	t.Helper()
	for _, person := range []string{"ann", "bob"} {
		d, s := b.delivery(person), lms.Has("sub-"+person)
		if d.State != gradebook.Delivered || d.SentPoints != 10 || s.ScoreGiven != 10 || !d.SentStamp.Equal(s.Timestamp) {
			t.Errorf("%s: %+v, in the gradebook %+v", person, d, s)
		}
	}
	if len(lms.Taken) != 2 || len(lms.Columns) != 1 {
		t.Errorf("%d scores were taken, in %d columns", len(lms.Taken), len(lms.Columns))
	}
	if len(b.jobs) != 2 { // the sweep, and tidying
		t.Errorf("jobs left: %v", b.jobs)
	}
}

// Killed at any call, before or after it has taken effect, a process that is
// started again brings each grade to the gradebook, once.
func TestKilledAnywhere(t *testing.T) {
	for _, test := range []struct {
		name                 string
		unreadable, replaces bool
		columns              int
	}{
		{"409 and results", false, false, 1},
		{"409, results can't be read", true, false, 1},
		{"the same timestamp is taken again", true, true, 1},
		{"a column has to be made", false, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			deaths, lives := 0, 0
			for calls := 1; ; calls++ {
				lived := false
				for _, midway := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						b, lms := reportedClass(t, test.columns)
						b.oneNode = calls%2 == 0
						lms.Unreadable, lms.Replaces = test.unreadable, test.replaces
						k := newKiller(calls, midway)
						k.lifetime(t, b, lms, 20*time.Second)
						lived = !k.dead
						newKiller(-1, false).lifetime(t, b, lms, 10*time.Minute)
						everythingArrived(t, b, lms)
					})
					deaths++
				}
				if t.Failed() {
					t.Fatalf("killed at call %d", calls)
				}
				// How many calls a life has varies with who comes first.
				if lived {
					lives++
				}
				if lives == 5 {
					break
				}
			}
			if deaths < 50 {
				t.Errorf("killed at %d points only", deaths)
			}
		})
	}
}

// The same, killed several times at random.
func TestKilledAgainAndAgain(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 3))
		synctest.Test(t, func(t *testing.T) {
			b, lms := reportedClass(t, int(seed%2))
			lms.Unreadable, b.oneNode = seed%3 == 0, seed%5 == 0
			for range 1 + random.IntN(6) {
				newKiller(1+random.IntN(25), random.IntN(2) == 0).lifetime(t, b, lms, 2*time.Minute)
				pass(time.Duration(random.IntN(90)) * time.Second)
			}
			newKiller(-1, false).lifetime(t, b, lms, 10*time.Minute)
			everythingArrived(t, b, lms)
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
