package classroom

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// A Runner does jobs when they are due, on any number of nodes: each job is
// claimed by one, for as long as its lease.
type Runner struct {
	Store   jobStore
	Classes *Classes
	Grades  *Grades
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(kind JobKind, outcome string, took time.Duration) // may be nil

	once sync.Once
	wake chan struct{}
}

// jobStore is what Runner needs of the database.
type jobStore interface {
	Enqueue(context.Context, Job) error
	ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int, busy []string) ([]Job, error)
	FreeJobs(context.Context) error
	FinishJob(context.Context, Job) error
	RetryJob(ctx context.Context, job Job, at time.Time) error
	NextJob(context.Context) (time.Time, error)
	Sweep(ctx context.Context, now time.Time) error
}

const (
	workers    = 64               // jobs at once
	perLane    = 4                // of one platform or server, so that one that is down doesn't hold up others
	lease      = 40 * time.Second // a node that dies holds its jobs up for so long
	runMost    = 30 * time.Second // less than the lease
	idleMost   = 2 * time.Second  // other nodes and commands ask for jobs too
	idleLeast  = 50 * time.Millisecond
	drainMost  = 20 * time.Second
	sweepEvery = time.Hour
	retryFirst = 5 * time.Second // of a job that failed by our fault
	retryLast  = 10 * time.Minute
)

// Wake makes the runner look for jobs now.
func (r *Runner) Wake() {
	select {
	case r.signal() <- struct{}{}:
	default: // it will look anyway
	}
}

func (r *Runner) signal() chan struct{} {
	r.once.Do(func() { r.wake = make(chan struct{}, 1) })
	return r.wake
}

// Run does jobs until ctx ends, and then waits for those under way.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.Store.FreeJobs(ctx); err != nil {
		return fmt.Errorf("jobs of the last run: %w", err)
	}
	if err := r.Store.Enqueue(ctx, Job{Kind: SweepJob, RunAt: r.Now()}); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	// Jobs under way end on their own when ctx does, but not for ever.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainMost, cancel) })
	defer stop()
	done := make(chan Job)
	busy := lanes{}
	for ctx.Err() == nil {
		jobs := r.claim(ctx, busy)
		for _, job := range jobs {
			busy.add(job)
			go func() {
				r.do(running, job)
				done <- job
			}()
		}
		if len(jobs) < perLane { // else there may be more
			r.await(ctx, done, busy)
		}
	}
	for busy.total() > 0 {
		busy.remove(<-done)
	}
	return nil
}

// lanes counts the jobs under way, by lane.
type lanes map[string]int

func (l lanes) add(job Job) { l[job.Lane]++ }

func (l lanes) remove(job Job) {
	if l[job.Lane]--; l[job.Lane] == 0 {
		delete(l, job.Lane)
	}
}

func (l lanes) total() int {
	n := 0
	for _, k := range l {
		n += k
	}
	return n
}

// full are the lanes with no place left.
func (l lanes) full() []string {
	var names []string
	for lane, n := range l {
		if lane != "" && n >= perLane {
			names = append(names, lane)
		}
	}
	return names
}

// claim takes jobs that are due, few at a time: a lane never gets as many as
// twice perLane.
func (r *Runner) claim(ctx context.Context, busy lanes) []Job {
	limit := min(perLane, workers-busy.total())
	if limit <= 0 {
		return nil
	}
	jobs, err := r.Store.ClaimJobs(ctx, r.Now(), lease, limit, busy.full())
	if err != nil {
		if ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "claim jobs", "err", err)
		}
		return nil
	}
	return jobs
}

// await returns when there may be something to do.
func (r *Runner) await(ctx context.Context, done <-chan Job, busy lanes) {
	wait := idleMost
	if next, err := r.Store.NextJob(ctx); err == nil && !next.IsZero() {
		wait = max(idleLeast, min(idleMost, next.Sub(r.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.signal():
	case job := <-done:
		busy.remove(job)
	}
}

// do runs one job and ends it, or puts it off.
func (r *Runner) do(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(ctx, runMost)
	defer cancel()
	begin := r.Now()
	next, err := r.run(ctx, job)
	outcome := "ok"
	if err != nil {
		outcome = "error"
		r.Log.LogAttrs(ctx, slog.LevelWarn, "job", slog.String("job", string(job.Kind)), slog.String("subject", job.Subject),
			slog.Int("attempt", job.Attempts), slog.Any("err", err))
		if next.IsZero() {
			next = r.Now().Add(backOff(job.Attempts))
		}
	}
	if r.Observe != nil {
		r.Observe(job.Kind, outcome, r.Now().Sub(begin))
	}
	end := context.WithoutCancel(ctx)
	if next.IsZero() {
		err = r.Store.FinishJob(end, job)
	} else {
		err = r.Store.RetryJob(end, job, next)
	}
	if err != nil { // the lease runs out and the job is done again
		r.Log.ErrorContext(ctx, "end job", "job", string(job.Kind), "subject", job.Subject, "err", err)
	}
}

// backOff is how long a job waits that failed so often.
func backOff(attempts int) time.Duration {
	wait := retryFirst
	for range min(attempts-1, 10) {
		wait *= 2
	}
	return min(wait, retryLast)
}

// run does the job; a panic is an error of it. It returns when to do it
// again; zero: never.
func (r *Runner) run(ctx context.Context, job Job) (next time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			next, err = time.Time{}, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch job.Kind {
	case PollJob:
		return r.Classes.Poll(ctx, job.Subject)
	case SettleJob:
		return time.Time{}, r.Classes.Settle(ctx, job.Subject)
	case DeliverJob:
		return r.Grades.Deliver(ctx, job)
	case SweepJob:
		return r.Now().Add(sweepEvery), r.Store.Sweep(ctx, r.Now())
	}
	return time.Time{}, fmt.Errorf("no job is called %q", job.Kind)
}
