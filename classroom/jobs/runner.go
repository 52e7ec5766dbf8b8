package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Runner does jobs when they are due, on any number of nodes: each job is
// claimed by one, for as long as its lease.
type Runner struct {
	Store   store
	Kinds   map[Kind]Work
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(kind Kind, outcome string, took time.Duration) // may be nil

	once sync.Once
	wake chan struct{}
}

// Work is how the jobs of one kind are done.
type Work struct {
	// Do does one job, within runMost, and returns when to do it again; zero:
	// never. An error without a time puts the job off, further each time.
	Do func(context.Context, Job) (time.Time, error)

	Pause   time.Duration // after a job, in its place of the lane
	Unasked bool          // there is always one job of the kind, without a subject
}

// store is what Runner needs of the database.
type store interface {
	Enqueue(context.Context, Job) error
	ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int, busy []string) ([]Job, error)
	FreeJobs(context.Context) error
	FinishJob(context.Context, Job) error
	RetryJob(ctx context.Context, job Job, at time.Time) error
	NextJob(context.Context) (time.Time, error)
}

const (
	workers    = 64               // jobs at once
	perLane    = 4                // of one platform or server, so that one that is down doesn't hold up others
	lease      = 40 * time.Second // a node that dies holds its jobs up for so long
	runMost    = 30 * time.Second // less than the lease, so nobody else has the job meanwhile
	idleMost   = 2 * time.Second  // other nodes and commands ask for jobs too
	busyMost   = time.Second      // while all that is due is in lanes that are full
	soonest    = 20 * time.Millisecond
	brokenWait = 2 * time.Second // after a claim that went wrong
	drainMost  = 20 * time.Second
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

func (r *Runner) prepare(ctx context.Context) error {
	if err := r.Store.FreeJobs(ctx); err != nil {
		return fmt.Errorf("jobs of the last run: %w", err)
	}
	for kind, work := range r.Kinds {
		if !work.Unasked {
			continue
		}
		if err := r.Store.Enqueue(ctx, Job{Kind: kind, RunAt: r.Now()}); err != nil {
			return fmt.Errorf("job %s: %w", kind, err)
		}
	}
	return nil
}

// Run does jobs until ctx ends, and then waits for those under way.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		if ctx.Err() != nil { // told to stop meanwhile
			return nil
		}
		return err
	}
	// Jobs under way end on their own when ctx does, but not for ever.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainMost, cancel) })()
	done := make(chan Job)
	busy := lanes{}
	for ctx.Err() == nil {
		jobs, wait := r.claim(ctx, busy)
		for _, job := range jobs {
			busy.add(job)
			go func() {
				r.do(running, job)
				r.pace(running, job)
				done <- job
			}()
		}
		if len(jobs) == 0 {
			r.await(ctx, done, busy, wait)
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

// free says how many jobs may be claimed, whatever their lanes, and which lanes
// take none.
func (l lanes) free() (limit int, full []string) {
	limit = min(perLane, workers-l.total())
	for lane, n := range l {
		if n >= perLane {
			full = append(full, lane)
		} else {
			limit = min(limit, perLane-n)
		}
	}
	slices.Sort(full)
	return limit, full
}

// claim takes jobs that are due, few at a time, so that no lane gets more than
// perLane. If there are none, wait is how long there will be none.
func (r *Runner) claim(ctx context.Context, busy lanes) (jobs []Job, wait time.Duration) {
	limit, full := busy.free()
	if limit <= 0 {
		return nil, idleMost
	}
	jobs, err := r.Store.ClaimJobs(ctx, r.Now(), lease, limit, full)
	if err == nil && len(jobs) > 0 {
		return jobs, 0
	}
	var next time.Time
	if err == nil {
		next, err = r.Store.NextJob(ctx)
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "no jobs can be claimed", "err", err)
		}
		return nil, brokenWait
	case next.IsZero():
		return nil, idleMost
	case next.After(r.Now()):
		return nil, min(idleMost, next.Sub(r.Now()))
	case len(full) > 0:
		return nil, busyMost
	}
	return nil, soonest // it came due just now, or another node is at it
}

// await returns when there may be something to do, after wait at the latest.
func (r *Runner) await(ctx context.Context, done <-chan Job, busy lanes, wait time.Duration) {
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

// pace keeps a job's place in its lane for its kind's pause.
func (r *Runner) pace(ctx context.Context, job Job) {
	pause := r.Kinds[job.Kind].Pause
	if pause == 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
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
		r.Log.LogAttrs(ctx, slog.LevelWarn, "job put off", slog.String("job", string(job.Kind)), slog.String("subject", job.Subject),
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
	work, known := r.Kinds[job.Kind]
	if !known {
		return time.Time{}, fmt.Errorf("no job is called %q", job.Kind)
	}
	return work.Do(ctx, job)
}
