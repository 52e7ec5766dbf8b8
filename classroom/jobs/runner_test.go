package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/jobs"
)

const (
	grade jobs.Kind = "grade"
	look  jobs.Kind = "look"
)

// trouble is what a partner says that is down: try again in five seconds.
func trouble(jobs.Job) jobs.Outcome {
	return jobs.Outcome{Trouble: true, Again: time.Now().Add(5 * time.Second)}
}

// lanes does each job with the partner of its lane.
func lanes(partners map[string]*partner) func(context.Context, jobs.Job) jobs.Outcome {
	return func(ctx context.Context, job jobs.Job) jobs.Outcome { return partners[job.Lane].do(ctx, job) }
}

// However many partners hang, the others get what is theirs, and so do other
// kinds of jobs.
func TestHungPartnersHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, partners := &queue{}, map[string]*partner{"good": {takes: 10 * time.Millisecond}}
		for i := range 16 {
			lane := fmt.Sprintf("a hung one %d", i)
			partners[lane] = &partner{takes: 25 * time.Second, answers: trouble}
			q.ask(grade, lane, 50)
		}
		pass(time.Second)
		q.ask(grade, "good", 100)
		q.ask(look, "good", 10)
		p := start(q, map[jobs.Kind]jobs.Work{
			grade: {Workers: 8, PerLane: 8, Do: lanes(partners)}, look: {Workers: 8, PerLane: 8, Do: lanes(partners)},
		}, silent())
		pass(5 * time.Second)
		if _, good, _ := partners["good"].count(); good != 110 {
			t.Errorf("%d of 110 done in 5 s", good)
		}
		pass(2 * time.Minute)
		for lane, one := range partners {
			if _, _, top := one.count(); lane != "good" && top != 1 {
				t.Errorf("%s had %d at once", lane, top)
			}
		}
		p.stop(t)
	})
}

// One that was good and then hangs, too: its jobs under way are no longer
// counted among the workers.
func TestPartnerThatBeginsToHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, hung, good := &queue{}, &partner{takes: 10 * time.Millisecond}, &partner{takes: 10 * time.Millisecond}
		q.ask(grade, "hung", 1000)
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 8, PerLane: 8, Do: lanes(map[string]*partner{"hung": hung, "good": good})}}, silent())
		pass(200 * time.Millisecond)
		hung.mu.Lock()
		hung.takes, hung.answers = 25*time.Second, trouble
		hung.mu.Unlock()
		pass(100 * time.Millisecond)
		q.ask(grade, "good", 100)
		pass(5 * time.Second)
		if _, n, _ := good.count(); n != 100 {
			t.Errorf("%d of 100 done in 5 s", n)
		}
		p.stop(t)
	})
}

// A partner that is down gets a call now and then, and when it answers again,
// all that waits for it goes.
func TestPartnerThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, one := &queue{}, &partner{takes: 10 * time.Millisecond, answers: func(jobs.Job) jobs.Outcome {
			return jobs.Outcome{Trouble: true, Again: time.Now().Add(12 * time.Hour)}
		}}
		q.ask(grade, "lms", 1000)
		release := func(_ context.Context, _ string, attempts int) error {
			return q.do("release", func() {
				for _, r := range q.rows {
					if r.leased.IsZero() && (attempts == 0 || r.Attempts <= attempts) {
						r.RunAt = time.Now()
					}
				}
			})
		}
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 64, PerLane: 32, Do: one.do, Release: release}}, silent())
		pass(time.Hour)
		if calls, _, _ := one.count(); calls < 50 || calls > 100 {
			t.Errorf("%d calls in an hour to one that is down", calls)
		}
		one.mu.Lock()
		one.answers = nil
		one.mu.Unlock()
		pass(70 * time.Second)
		if n := q.left(); n != 0 {
			t.Errorf("%d of 1000 still wait", n)
		}
		p.stop(t)
	})
}

// The pace is the partner's: as many at once as it takes without taking longer.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		name      string
		bears     int // at once; with more each takes longer
		most      int // at once
		leastDone int // in a second
	}{
		{"a fast one", 100, 32, 1800},
		{"a slow one", 3, 20, 120},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now, top atomic.Int64
				q, done := &queue{}, 0
				q.ask(grade, "lms", 2500)
				p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 64, PerLane: 32, Do: func(context.Context, jobs.Job) jobs.Outcome {
					n := now.Add(1)
					top.Store(max(top.Load(), n))
					pass(10 * time.Millisecond * time.Duration(max(1, int(n)*int(n)/test.bears/test.bears)))
					now.Add(-1)
					return jobs.Outcome{}
				}}}, silent())
				pass(time.Second)
				done = 2500 - q.left()
				if int(top.Load()) > test.most || done < test.leastDone {
					t.Errorf("%d at once, %d in a second", top.Load(), done)
				}
				p.stop(t)
			})
		})
	}
}

// A fault now and then holds nothing up: what it hit is tried again soon, while
// the partner answers others.
func TestFaultsNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := &queue{}, 0
		one := &partner{takes: 10 * time.Millisecond}
		one.answers = func(job jobs.Job) jobs.Outcome {
			if n++; n%5 == 0 {
				return jobs.Outcome{Trouble: true, Again: time.Now().Add(retryOf(job.Attempts))}
			}
			return jobs.Outcome{}
		}
		release := func(_ context.Context, _ string, attempts int) error {
			return q.do("release", func() {
				for _, r := range q.rows {
					if r.leased.IsZero() && (attempts == 0 || r.Attempts <= attempts) {
						r.RunAt = time.Now()
					}
				}
			})
		}
		q.ask(grade, "lms", 2_000)
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 64, PerLane: 32, Do: func(ctx context.Context, job jobs.Job) jobs.Outcome {
			pass(10 * time.Millisecond)
			one.mu.Lock()
			defer one.mu.Unlock()
			return one.answers(job)
		}, Release: release}}, silent())
		pass(10 * time.Second)
		if left := q.left(); left != 0 {
			t.Errorf("%d of 2,000 left after 10 s", left)
		}
		p.stop(t)
	})
}

// retryOf is how long a grade waits that was tried so often.
func retryOf(attempts int) time.Duration {
	return min(5*time.Second<<min(2*(attempts-1), 12), 12*time.Hour)
}

// A partner that asks to wait gets nothing before.
func TestPartnerThatAsksToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, one := &queue{}, &partner{answers: func(jobs.Job) jobs.Outcome {
			return jobs.Outcome{Trouble: true, Wait: 90 * time.Second, Again: time.Now().Add(90 * time.Second)}
		}}
		q.ask(grade, "lms", 10)
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 64, PerLane: 32, Do: one.do}}, silent())
		pass(89 * time.Second)
		if calls, _, _ := one.count(); calls != 1 {
			t.Errorf("%d calls", calls)
		}
		one.mu.Lock()
		one.answers = nil
		one.mu.Unlock()
		pass(3 * time.Second)
		if n := q.left(); n != 0 {
			t.Errorf("%d left", n)
		}
		p.stop(t)
	})
}

func TestWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, one := &queue{}, &partner{}
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 4, PerLane: 4, Do: one.do}}, silent())
		pass(time.Minute)
		q.ask(grade, "lms", 1)
		p.Wake()
		synctest.Wait()
		if q.left() != 0 {
			t.Error("it wasn't done at once")
		}
		q.ask(grade, "lms", 1) // by another process: nobody wakes us
		pass(2 * time.Second)
		synctest.Wait()
		if q.left() != 0 {
			t.Error("it wasn't found")
		}
		p.stop(t)
	})
}

func TestQuietWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, reads := &queue{}, 0
		q.before = func(call string) error {
			reads++
			return nil
		}
		later := jobs.Job{Kind: grade, Subject: "later", RunAt: time.Now().Add(time.Hour)}
		if err := q.Enqueue(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 4, PerLane: 4}}, silent())
		pass(time.Minute)
		p.stop(t)
		if reads > 33 || q.claims > 0 {
			t.Errorf("%d calls in a minute, %d claims", reads, q.claims)
		}
	})
}

// While the database is away the runner waits, says so without flooding the
// log, and goes on when it's back.
func TestWithoutADatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, one := &queue{}, &partner{}
		var lines bytes.Buffer
		p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 4, PerLane: 4, Do: one.do}}, slog.New(slog.NewTextHandler(&lines, nil)))
		pass(time.Second)
		q.mu.Lock()
		q.before = func(string) error { return errGone }
		q.mu.Unlock()
		pass(time.Minute)
		q.mu.Lock()
		q.before = nil
		q.mu.Unlock()
		q.ask(grade, "lms", 1)
		pass(2 * time.Second)
		synctest.Wait()
		if q.left() != 0 {
			t.Error("it doesn't go on")
		}
		p.stop(t)
		if n := strings.Count(lines.String(), "gone away"); n == 0 || n > 31 {
			t.Errorf("%d log lines", n)
		}
	})
}

// A runner that is told to stop before it has begun stops in order; one that
// can't begin tries again until it can.
func TestStopsAtOnce(t *testing.T) {
	for _, call := range []string{"FreeJobs", "Enqueue"} {
		for _, stopped := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				tries := 0
				q := &queue{before: func(made string) error {
					switch {
					case made != call:
						return nil
					case stopped:
						cancel()
					case tries == 3:
						return nil
					}
					tries++
					return context.Canceled
				}}
				r := &jobs.Runner{Store: q, Kinds: map[jobs.Kind]jobs.Work{look: {Unasked: true}}, Now: time.Now, Log: silent()}
				if !stopped {
					time.AfterFunc(time.Hour, cancel)
				}
				if err := r.Run(ctx); err != nil {
					t.Errorf("%s broke off, stopped %v: %v", call, stopped, err)
				}
				if want := map[bool]int{true: 1, false: 3}[stopped]; tries != want {
					t.Errorf("%s broke off %d times, want %d", call, tries, want)
				}
				cancel()
			})
		}
	}
}

func TestEndsAfterWhatIsUnderWay(t *testing.T) {
	for _, test := range []struct {
		name        string
		takes, ends time.Duration
		done        int
	}{
		{"soon", 10 * time.Second, 10 * time.Second, 1},
		{"not for ever", 29 * time.Second, 20 * time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, one := &queue{}, &partner{takes: test.takes}
				q.ask(grade, "lms", 2)
				p := start(q, map[jobs.Kind]jobs.Work{grade: {Workers: 1, PerLane: 1, Do: one.do}}, silent())
				synctest.Wait()
				begin := time.Now()
				p.stop(t)
				if took := time.Since(begin); took < test.ends || took > test.ends+time.Second || q.left() != 2-test.done {
					t.Errorf("ended after %v, %d left", took, q.left())
				}
			})
		})
	}
}

func TestPutsOffWhatGoesWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		q.ask(grade, "lms", 1)
		q.ask("juggle", "", 1) // none of the runner's kinds: it is left alone
		var at []time.Duration
		var outcomes []string
		begin := time.Now()
		kinds := map[jobs.Kind]jobs.Work{grade: {Workers: 4, PerLane: 4, Do: func(context.Context, jobs.Job) jobs.Outcome {
			at = append(at, time.Since(begin).Round(time.Second))
			if len(at) == 2 {
				panic("what nobody thought of")
			}
			if len(at) < 4 {
				return jobs.Outcome{Err: errors.New("not now")}
			}
			return jobs.Outcome{}
		}}}
		var lines bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		r := &jobs.Runner{Store: q, Kinds: kinds, Now: time.Now, Log: slog.New(slog.NewTextHandler(&lines, nil)),
			Observe: func(kind jobs.Kind, outcome string, _ time.Duration) {
				outcomes = append(outcomes, string(kind)+" "+outcome)
			}}
		p := &process{r, cancel, make(chan error, 1)}
		go func() { p.ended <- r.Run(ctx) }()
		pass(2 * time.Hour)
		p.stop(t)
		if diff := cmp.Diff([]time.Duration{0, 5 * time.Second, 15 * time.Second, 35 * time.Second}, at); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"grade error", "grade error", "grade error", "grade ok"}, outcomes); diff != "" {
			t.Error(diff)
		}
		if text := lines.String(); strings.Count(text, "job=grade") != 3 || !strings.Contains(text, "what nobody thought of") {
			t.Errorf("log: %s", text)
		}
		if q.left() != 1 {
			t.Errorf("%d left", q.left())
		}
	})
}

// A kind that nobody asks for is done all the same, again and again.
func TestUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := 0
		p := start(&queue{}, map[jobs.Kind]jobs.Work{look: {Workers: 1, PerLane: 1, Unasked: true, Do: func(context.Context, jobs.Job) jobs.Outcome {
			done++
			return jobs.Done(time.Now().Add(time.Hour), nil)
		}}}, silent())
		pass(24*time.Hour + time.Minute)
		p.stop(t)
		if done < 24 || done > 26 {
			t.Errorf("done %d times in a day", done)
		}
	})
}

// A clock that goes back holds nothing up: what the one of before has asked for
// is due.
func TestClockThatGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, done := &queue{}, 0
		var ahead atomic.Int64
		ahead.Store(int64(25 * time.Hour))
		clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		if err := q.Enqueue(t.Context(), jobs.Job{Kind: look, Subject: "class", RunAt: clock()}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p := &process{&jobs.Runner{Store: q, Now: clock, Log: silent(), Kinds: map[jobs.Kind]jobs.Work{
			look: {Workers: 1, PerLane: 1, Do: func(context.Context, jobs.Job) jobs.Outcome {
				done++
				return jobs.Outcome{Again: clock().Add(30 * time.Second)}
			}},
		}}, cancel, make(chan error, 1)}
		go func() { p.ended <- p.Run(ctx) }()
		pass(10 * time.Second)
		ahead.Store(0)
		pass(5 * time.Minute)
		p.stop(t)
		if done < 10 || done > 13 {
			t.Errorf("%d looks in five minutes", done)
		}
	})
}
