package classroom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

// What the runner of jobs keeps to.
const (
	perLane    = 4
	idleMost   = 2 * time.Second
	brokenWait = 2 * time.Second
	drainMost  = 20 * time.Second
)

// A platform is a gradebook for tests.
type platform interface {
	LineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, address string) (lti.LineItem, error)
	FindOrCreateLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
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
	return observed(b, lms, at, log, nil)
}

func observed(b *books, lms platform, at MeetingServer, log *slog.Logger, observe func(jobs.Kind, string, time.Duration)) *process {
	ctx, cancel := context.WithCancel(context.Background())
	classes := &Classes{Store: b, Now: time.Now, Interval: 30 * time.Second, Client: func(Server) MeetingServer { return at }}
	grades := &gradebook.Grades{Store: b, Platform: lms, Now: time.Now, Log: log}
	r := &jobs.Runner{Store: b, Kinds: Kinds(classes, grades, b.Sweep), Now: time.Now, Log: log, Observe: observe}
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

// A slowLMS takes its time, and counts who is at it at once.
type slowLMS struct {
	*gradingLMS
	takes func(user string) time.Duration
	stuck error // what it says after that; nil: what it would

	mu       sync.Mutex
	now, top int
}

func (l *slowLMS) PostScore(ctx context.Context, r lti.Registration, d string, e lti.Endpoint, url string, s lti.Score) error {
	l.count(1)
	defer l.count(-1)
	wait := l.takes(s.UserID)
	if wait > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if l.stuck != nil {
			return l.stuck
		}
	}
	return l.gradingLMS.PostScore(ctx, r, d, e, url, s)
}

func (l *slowLMS) count(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now += n
	l.top = max(l.top, l.now)
	return l.now
}

// delivered is how many scores were taken so far.
func (l *gradingLMS) delivered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.taken)
}

// orders puts n deliveries into a lane.
func (b *books) orders(lane string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.platform.ID = lane
	for i := range n {
		b.put(gradebook.Delivery{PlacementID: "p1", PersonID: fmt.Sprintf("%s-%d", lane, i), Points: 10, Max: 10, TrueAt: time.Now()}, time.Now())
	}
}

func TestRunnerKeepsToItsLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		down := &slowLMS{gradingLMS: newLMS(), stuck: context.DeadlineExceeded, takes: func(user string) time.Duration {
			if strings.HasPrefix(user, "sub-down") {
				return 15 * time.Second
			}
			return 0
		}}
		b.orders("down", 40)
		b.orders("up", 40)
		p := start(b, down, nil, silent())
		pass(3 * time.Second)
		if n := down.delivered(); n != 40 {
			t.Errorf("%d of 40 delivered to the platform that is up", n)
		}
		if n := down.count(0); n != perLane {
			t.Errorf("%d at once at the one that is down", n)
		}
		p.stop(t)
	})
}

func TestRunnerPacesAPlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		lms := &slowLMS{gradingLMS: newLMS(), takes: func(string) time.Duration { return time.Millisecond }}
		b.orders("lms", 100)
		p := start(b, lms, nil, silent())
		pass(time.Second)
		if n := lms.delivered(); n < 20 || n > 44 {
			t.Errorf("%d scores in a second", n)
		}
		pass(3 * time.Second)
		p.stop(t)
		if n := len(lms.taken); n != 100 || lms.top > perLane {
			t.Errorf("%d scores, %d at once", n, lms.top)
		}
	})
}

func TestRunnerIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		lms := newLMS()
		p := start(b, lms, nil, silent())
		pass(time.Minute)
		b.orders("lms", 1)
		p.Wake()
		synctest.Wait()
		if lms.delivered() != 1 {
			t.Error("it wasn't done at once")
		}
		b.orders("lms", 2) // by another process: nobody wakes us
		pass(idleMost)
		synctest.Wait()
		if lms.delivered() != 2 {
			t.Error("it wasn't found")
		}
		p.stop(t)
	})
}

func TestRunnerIsQuietWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		p := start(b, newLMS(), nil, silent())
		pass(time.Second)
		claims := 0
		b.mu.Lock()
		b.before = func(call string) error {
			if call == "ClaimJobs" {
				claims++
			}
			return nil
		}
		b.mu.Unlock()
		pass(time.Minute)
		p.stop(t)
		if claims > 31 {
			t.Errorf("%d claims in a minute", claims)
		}
	})
}

// While the database is away the runner waits, says so without flooding the
// log, and goes on when it's back.
func TestRunnerWithoutADatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		var lines bytes.Buffer
		lms := newLMS()
		p := start(b, lms, nil, slog.New(slog.NewTextHandler(&lines, nil)))
		pass(time.Second)
		b.mu.Lock()
		b.before = func(string) error { return errors.New("gone away") }
		b.mu.Unlock()
		pass(time.Minute)
		b.mu.Lock()
		b.before = nil
		b.mu.Unlock()
		b.orders("lms", 1)
		pass(brokenWait)
		synctest.Wait()
		if lms.delivered() != 1 {
			t.Error("it doesn't go on")
		}
		p.stop(t)
		if n := strings.Count(lines.String(), "gone away"); n == 0 || n > 31 {
			t.Errorf("%d log lines", n)
		}
	})
}

// A runner that is told to stop before it has begun stops in order; one that
// can't begin says so.
func TestRunnerStopsAtOnce(t *testing.T) {
	for _, call := range []string{"FreeJobs", "Enqueue"} {
		for _, stopped := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			b, _ := class(attendance.Rule{})
			b.before = func(made string) error {
				if made != call {
					return nil
				}
				if stopped {
					cancel()
				}
				return context.Canceled
			}
			r := &jobs.Runner{Store: b, Kinds: map[jobs.Kind]jobs.Work{SweepJob: {Unasked: true}}, Now: time.Now, Log: silent()}
			if err := r.Run(ctx); (err == nil) != stopped {
				t.Errorf("%s broke off, stopped %v: %v", call, stopped, err)
			}
			cancel()
		}
	}
}

func TestRunnerEndsAfterWhatIsUnderWay(t *testing.T) {
	for _, test := range []struct {
		name  string
		takes time.Duration
		ends  time.Duration
		taken int
	}{
		{"soon", 10 * time.Second, 10 * time.Second, 1},
		{"not for ever", 40 * time.Second, drainMost, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, _ := class(attendance.Rule{})
				lms := &slowLMS{gradingLMS: newLMS(), takes: func(string) time.Duration { return test.takes }}
				b.orders("lms", 6)
				for _, d := range []string{"1", "2", "3", "4", "5"} {
					delete(b.jobs, "deliver p1/lms-"+d)
				}
				p := start(b, lms, nil, silent())
				synctest.Wait()
				begin := time.Now()
				p.stop(t)
				if took := time.Since(begin); took < test.ends || took > test.ends+time.Second || len(lms.taken) != test.taken {
					t.Errorf("ended after %v, %d delivered", took, len(lms.taken))
				}
				if test.taken == 0 && b.delivery("lms-0").State != gradebook.Waiting {
					t.Errorf("%+v", b.delivery("lms-0"))
				}
			})
		})
	}
}

func TestRunnerPutsOffWhatGoesWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		b.enqueue(jobs.Job{Kind: SettleJob, Subject: "room", RunAt: time.Now()})
		b.enqueue(jobs.Job{Kind: "juggle", RunAt: time.Now().Add(time.Hour)})
		var at []time.Duration
		begin := time.Now()
		b.before = func(call string) error {
			if call != "RoomPeople" {
				return nil
			}
			at = append(at, time.Since(begin).Round(time.Second))
			if len(at) == 2 {
				panic("what nobody thought of")
			}
			if len(at) < 4 {
				return errors.New("not now")
			}
			return nil
		}
		var outcomes []string
		var lines bytes.Buffer
		observe := func(kind jobs.Kind, outcome string, _ time.Duration) {
			if kind != SweepJob {
				outcomes = append(outcomes, string(kind)+" "+outcome)
			}
		}
		p := observed(b, newLMS(), nil, slog.New(slog.NewTextHandler(&lines, nil)), observe)
		pass(2 * time.Hour)
		p.stop(t)
		if diff := cmp.Diff([]time.Duration{0, 5 * time.Second, 15 * time.Second, 35 * time.Second}, at); diff != "" {
			t.Error(diff)
		}
		want := []string{"settle error", "settle error", "settle error", "settle ok", "juggle error"}
		if diff := cmp.Diff(want, outcomes[:min(5, len(outcomes))]); diff != "" {
			t.Error(diff)
		}
		if text := lines.String(); strings.Count(text, "job=settle") != 3 || !strings.Contains(text, "what nobody thought of") {
			t.Errorf("log: %s", text)
		}
		if b.jobs["settle room"] != nil {
			t.Error("the job is still there")
		}
	})
}

func TestRunnerSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		p := start(b, newLMS(), nil, silent())
		pass(24*time.Hour + time.Minute)
		p.stop(t)
		if b.swept < 24 || b.swept > 26 {
			t.Errorf("swept %d times in a day", b.swept)
		}
	})
}

// A whole class with nothing but polls: it's graded within 5 minutes of its
// end, and polling goes on after a restart in its midst.
func TestClassFromPollsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
		b.now = time.Now
		lms := newLMS()
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
		pass(time.Minute)
		shows("when it has ended", func(s attendance.Session) bool { return s.Counting })
		pass(4 * time.Minute)
		p.stop(t)
		s := b.settlement.Sessions
		if len(s) != 1 || s[0].Exact || s[0].Length < 54*time.Minute || s[0].Length > 56*time.Minute {
			t.Errorf("sessions: %+v", s)
		}
		for _, a := range b.settlement.Attendances {
			if a.PersonID == "ann" && (a.Time-40*time.Minute).Abs() > time.Minute {
				t.Errorf("ann was there for %v", a.Time)
			}
		}
		if len(lms.taken) != 1 || lms.taken[0].UserID != "sub-ann" || lms.taken[0].ScoreGiven != 10 {
			t.Errorf("scores: %+v", lms.taken)
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
func (k *killer) lifetime(t *testing.T, b *books, lms *gradingLMS, long time.Duration) {
	set := func(before, after func(string) error) {
		b.mu.Lock()
		b.before, b.after = before, after
		b.mu.Unlock()
		lms.mu.Lock()
		lms.before, lms.after = before, after
		lms.mu.Unlock()
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
func reportedClass(t *testing.T, columns int) (*books, *gradingLMS) {
	t.Helper()
	b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 60, "ann", "bob", "cy")
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 60}}, "bob": {{0, 31}}, "cy": {{0, 20}}})
	b.enqueue(jobs.Job{Kind: SettleJob, Subject: "room", RunAt: time.Now()})
	lms := newLMS()
	if columns == 0 {
		clear(lms.columns)
		b.placements[0].LineItem = gradebook.LineItem{}
		b.placements[0].Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"}
	}
	return b, lms
}

// everythingArrived checks that ann and bob have their grade, once, and that
// nothing is left to do.
func everythingArrived(t *testing.T, b *books, lms *gradingLMS) {
	t.Helper()
	for _, person := range []string{"ann", "bob"} {
		d, s := b.delivery(person), lms.scores["sub-"+person]
		if d.State != gradebook.Delivered || d.SentPoints != 10 || s.ScoreGiven != 10 || !d.SentStamp.Equal(s.Timestamp) {
			t.Errorf("%s: %+v, in the gradebook %+v", person, d, s)
		}
	}
	if len(lms.taken) != 2 || len(lms.columns) != 1 {
		t.Errorf("%d scores were taken, in %d columns", len(lms.taken), len(lms.columns))
	}
	if len(b.jobs) != 1 { // the sweep
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
			deaths := 0
			for calls := 1; ; calls++ {
				lived := false
				for _, midway := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						b, lms := reportedClass(t, test.columns)
						b.oneNode = calls%2 == 0
						lms.unreadable, lms.replaces = test.unreadable, test.replaces
						k := newKiller(calls, midway)
						k.lifetime(t, b, lms, 20*time.Second)
						lived = !k.dead
						newKiller(-1, false).lifetime(t, b, lms, 3*time.Minute)
						everythingArrived(t, b, lms)
					})
					deaths++
				}
				if t.Failed() {
					t.Fatalf("killed at call %d", calls)
				}
				if lived {
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
			lms.unreadable, b.oneNode = seed%3 == 0, seed%5 == 0
			for range 1 + random.IntN(6) {
				newKiller(1+random.IntN(25), random.IntN(2) == 0).lifetime(t, b, lms, 2*time.Minute)
				pass(time.Duration(random.IntN(90)) * time.Second)
			}
			newKiller(-1, false).lifetime(t, b, lms, 5*time.Minute)
			everythingArrived(t, b, lms)
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
