package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// ask enqueues a settle job.
func (w *world) ask(subject, lane string, at time.Time) {
	w.t.Helper()
	w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: classroom.SettleJob, Subject: subject, Lane: lane, RunAt: at}))
}

// subjects claims what is due and names it.
func (w *world) subjects(at time.Time, busy ...string) []string {
	w.t.Helper()
	names := []string{}
	for _, j := range w.claim(at, busy...) {
		names = append(names, j.Subject)
	}
	return names
}

func testJobs(t *testing.T, w *world) {
	w.same(w.next(), time.Time{})
	w.ask("later", "lane", w.now.Add(time.Minute))
	w.ask("now", "", w.now)
	w.ask("before", "", w.now.Add(-time.Minute))
	w.same(w.next(), w.now.Add(-time.Minute))

	claimed := must(w.ClaimJobs(w.ctx, classroom.SettleJob, "", w.now, time.Minute, 1))(w)
	w.same(claimed, []jobs.Job{{Kind: classroom.SettleJob, Subject: "before", RunAt: w.now.Add(-time.Minute), Attempts: 1, Version: 1}})
	w.same(w.subjects(w.now), []string{"now"})
	w.same(w.subjects(w.now), []string{})
	w.ok(w.FinishJob(w.ctx, claimed[0]))
	w.ok(w.FinishJob(w.ctx, claimed[0])) // twice does no harm
	w.same(w.next(), w.now.Add(time.Minute))
	w.same(w.job(classroom.SettleJob, "later").Lane, "lane")
	// One without a time is for at once.
	w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: classroom.SweepJob}))
	w.same(w.claim(w.now)[0].Kind, classroom.SweepJob)
}

func testJobAgain(t *testing.T, w *world) {
	w.ask("a", "", w.now.Add(time.Minute))
	w.ask("a", "", w.now.Add(time.Hour))
	w.same(w.next(), w.now.Add(time.Minute))
	w.ask("a", "", w.now.Add(time.Second))
	w.same(w.next(), w.now.Add(time.Second))
	w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: classroom.PollJob, Subject: "a", RunAt: w.now.Add(time.Hour)})) // another kind
	jobs := w.claim(w.now.Add(time.Minute))
	w.same(len(jobs), 1)
	w.same(jobs[0].Version, int64(3))
	// Asking anew begins to count anew.
	w.ok(w.RetryJob(w.ctx, jobs[0], w.now))
	w.same(w.claim(w.now)[0].Attempts, 2)
	w.ask("a", "", w.now)
	w.ok(w.RetryJob(w.ctx, jobs[0], w.now))
	w.same(w.claim(w.now)[0].Attempts, 1)
}

// A job that is asked for while it runs runs again, when it was asked for.
func testJobWhileRunning(t *testing.T, w *world) {
	for _, finish := range []func(jobs.Job) error{
		func(j jobs.Job) error { return w.FinishJob(w.ctx, j) },
		func(j jobs.Job) error { return w.RetryJob(w.ctx, j, w.now.Add(time.Hour)) },
	} {
		w.ask("a", "", w.now)
		job := w.claim(w.now)[0]
		w.ask("a", "", w.now.Add(10*time.Minute))
		w.ask("a", "", w.now.Add(5*time.Minute))
		w.same(w.subjects(w.now.Add(59*time.Second)), []string{}) // not beside itself
		w.ok(finish(job))
		w.same(w.next(), w.now.Add(5*time.Minute))
		again := w.claim(w.now.Add(5 * time.Minute))[0]
		w.ok(w.FinishJob(w.ctx, again))
		w.same(w.next(), time.Time{})
	}
	// Retried for before that.
	w.ask("a", "", w.now)
	job := w.claim(w.now)[0]
	w.ask("a", "", w.now.Add(time.Hour))
	w.ok(w.RetryJob(w.ctx, job, w.now.Add(time.Minute)))
	w.same(w.next(), w.now.Add(time.Minute))
}

// A job whose worker died is anybody's when its lease is over.
func testLease(t *testing.T, w *world) {
	w.ask("a", "", w.now)
	dead := w.claim(w.now)[0]
	w.same(w.next(), w.now.Add(time.Minute))
	w.same(w.subjects(w.now.Add(59*time.Second)), []string{})
	again := w.claim(w.now.Add(time.Minute))
	w.same(len(again), 1)
	w.same(again[0].Attempts, 2)
	// The dead one wasn't: it has nothing to say any more.
	w.ok(w.RetryJob(w.ctx, dead, w.now))
	w.same(w.subjects(w.now.Add(90*time.Second)), []string{})
	w.ok(w.FinishJob(w.ctx, dead))
	w.ok(w.RetryJob(w.ctx, again[0], w.now.Add(time.Hour)))
	again = w.claim(w.now.Add(time.Hour))
	w.same(len(again), 1)
	w.ok(w.FinishJob(w.ctx, again[0]))
	w.same(w.next(), time.Time{})

	// Asked for again, for later than the lease: that isn't done by the
	// second claim.
	w.ask("a", "", w.now)
	w.claim(w.now)
	w.ask("a", "", w.now.Add(time.Hour))
	second := w.claim(w.now.Add(time.Minute))[0]
	w.ok(w.FinishJob(w.ctx, second))
	w.same(w.next(), w.now.Add(time.Hour))
}

// What a program has claimed that is no more is free when the next one
// starts, where there is one at a time; elsewhere its lease runs out.
func testFreeJobs(t *testing.T, w *world) {
	w.ask("a", "", w.now)
	w.claim(w.now)
	w.ask("a", "", w.now.Add(time.Hour))
	w.ask("b", "", w.now.Add(2*time.Hour))
	w.ok(w.FreeJobs(w.ctx))
	jobs := w.claim(w.now)
	if len(jobs) == 0 { // several nodes
		jobs = w.claim(w.now.Add(time.Minute))
	}
	w.same(len(jobs), 1)
	w.same(jobs[0].Subject, "a")
	w.ok(w.FinishJob(w.ctx, jobs[0]))
	w.same(w.subjects(w.now.Add(2*time.Hour)), []string{"a", "b"})
}

func testRetry(t *testing.T, w *world) {
	w.ask("a", "", w.now)
	for attempt := range 3 {
		job := w.claim(w.now)[0]
		w.same(job.Attempts, attempt+1)
		w.pass(time.Minute)
		w.ok(w.RetryJob(w.ctx, job, w.now))
	}
	w.ok(w.RetryJob(w.ctx, jobs.Job{Kind: classroom.PollJob, Subject: "unknown"}, w.now))
	w.same(w.subjects(w.now), []string{"a"})
}

func testLanes(t *testing.T, w *world) {
	w.same(len(must(w.Lanes(w.ctx, classroom.SettleJob))(w)), 0)
	w.ask("none", "", w.now)
	w.ask("one", "1", w.now.Add(-time.Second))
	w.ask("two", "2", w.now.Add(-2*time.Second))
	w.ask("second", "2", w.now.Add(time.Hour))
	w.ask("three", "3", w.now.Add(-3*time.Second))
	w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: classroom.PollJob, Subject: "look", Lane: "4", RunAt: w.now}))
	w.same(must(w.Lanes(w.ctx, classroom.SettleJob))(w), []jobs.Lane{
		{Name: "", Due: w.now}, {Name: "1", Due: w.now.Add(-time.Second)}, {Name: "2", Due: w.now.Add(-2 * time.Second)},
		{Name: "3", Due: w.now.Add(-3 * time.Second)},
	})
	w.same(must(w.Lanes(w.ctx, classroom.PollJob))(w), []jobs.Lane{{Name: "4", Due: w.now}})
	// Of one lane and kind alone.
	w.same(must(w.ClaimJobs(w.ctx, classroom.SettleJob, "2", w.now, time.Minute, 9))(w)[0].Subject, "two")
	w.same(len(must(w.ClaimJobs(w.ctx, classroom.SettleJob, "2", w.now, time.Minute, 9))(w)), 0)
	w.same(len(must(w.ClaimJobs(w.ctx, classroom.SettleJob, "4", w.now, time.Minute, 9))(w)), 0)
	// One that runs is due when its lease is over.
	w.same(must(w.Lanes(w.ctx, classroom.SettleJob))(w)[2], jobs.Lane{Name: "2", Due: w.now.Add(time.Minute)})
	w.same(w.subjects(w.now), []string{"three", "one", "look", "none"})
}

// Each job is claimed once, however many workers ask.
func testParallelClaims(t *testing.T, w *world) {
	const jobs, workers = 60, 6
	for range jobs {
		w.ask(w.id("job"), "", w.now)
	}
	var mu sync.Mutex
	var claimed []string
	parallel(workers, func(int) {
		for {
			batch, err := w.ClaimJobs(w.ctx, classroom.SettleJob, "", w.now, time.Minute, 4)
			if err != nil {
				t.Error(err)
			}
			if len(batch) == 0 {
				return
			}
			mu.Lock()
			for _, j := range batch {
				claimed = append(claimed, j.Subject)
			}
			mu.Unlock()
		}
	})
	// A worker may find nothing because the others hold what is left.
	claimed = append(claimed, w.subjects(w.now)...)
	slices.Sort(claimed)
	w.same(len(slices.Compact(claimed)), jobs)
	w.same(len(claimed), jobs)
}

func testSweep(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	a.NonceExpires = a.Visit.ExpiresAt.Add(time.Hour)
	long := must(w.Arrive(w.ctx, a))(w)
	var old []string
	for range 3 {
		old = append(old, w.launch("ann", "link").Visit.ID)
	}
	w.pass(time.Hour)
	fresh := w.launch("ann", "link").Visit.ID

	w.ok(w.Sweep(w.ctx, long.Visit.ExpiresAt))
	for _, id := range old {
		_, err := w.Seat(w.ctx, id)
		w.fails(err, classroom.ErrNotFound)
	}
	must(w.Seat(w.ctx, fresh))(w)
	a.Visit.ID = "again"
	_, err := w.Arrive(w.ctx, a) // its nonce outlives its visit
	w.fails(err, classroom.ErrReplayed)
	w.ok(w.Sweep(w.ctx, a.NonceExpires))
	_, err = w.Seat(w.ctx, fresh)
	w.fails(err, classroom.ErrNotFound)
	w.ok(w.Sweep(w.ctx, w.now))
}

func testCounts(t *testing.T, w *world) {
	w.same(must(w.Counts(w.ctx))(w), classroom.Counts{
		Deliveries: map[gradebook.State]int{}, Jobs: map[jobs.Kind]int{},
	})
	c := w.settled("link")
	c.settlement.Deliveries = append(c.settlement.Deliveries, w.delivery(c.ben, 10))
	w.save(c.settlement)
	d := c.settlement.Deliveries[0]
	d.State = gradebook.Delivered
	w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
	w.meeting(c.ann.Room)
	w.same(must(w.Counts(w.ctx))(w), classroom.Counts{
		Deliveries:   map[gradebook.State]int{gradebook.Waiting: 1, gradebook.Delivered: 1},
		Jobs:         map[jobs.Kind]int{gradebook.DeliverJob: 1, classroom.PollJob: 1, classroom.SettleJob: 1},
		LiveMeetings: 1,
	})
}

// When a clock has gone back, what was asked for by it is due, and a lease that
// it gave isn't longer than others.
func testHasten(t *testing.T, w *world) {
	w.ask("late", "", w.now.Add(25*time.Hour))
	w.ask("due", "", w.now.Add(-time.Minute))
	w.ask("runs", "", w.now.Add(-time.Hour))
	running := must(w.ClaimJobs(w.ctx, classroom.SettleJob, "", w.now, 25*time.Hour, 1))(w)
	w.same(running[0].Subject, "runs")
	w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: classroom.PollJob, Subject: "another kind", RunAt: w.now.Add(time.Hour)}))
	w.ok(w.HastenJobs(w.ctx, classroom.SettleJob, w.now, w.now.Add(40*time.Second)))
	w.same(w.subjects(w.now), []string{"due", "late"})
	w.same(w.subjects(w.now.Add(40*time.Second)), []string{"runs"})
}
