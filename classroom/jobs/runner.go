package jobs

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
	Store   store
	Kinds   map[Kind]Work
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(kind Kind, outcome string, took time.Duration) // may be nil
	Failed  func(Job, error)                                    // may be nil; of a fault of ours, or a partner that is in trouble

	once  sync.Once
	wakes map[Kind]chan struct{}
}

// store is what Runner needs of the database.
type store interface {
	Enqueue(context.Context, Job) error
	Lanes(context.Context, Kind) ([]Lane, error)
	ClaimJobs(ctx context.Context, kind Kind, lane string, now time.Time, lease time.Duration, limit int) ([]Job, error)
	FreeJobs(context.Context) error
	FinishJob(context.Context, Job) error
	RetryJob(ctx context.Context, job Job, at time.Time) error
	HastenJobs(ctx context.Context, kind Kind, now, leased time.Time) error
}

const (
	lease      = 40 * time.Second // a node that dies holds its jobs up for so long
	runMost    = 30 * time.Second // less than the lease, so nobody else has the job meanwhile
	idleMost   = 2 * time.Second  // other nodes and commands ask for jobs too
	soonest    = 20 * time.Millisecond
	brokenWait = 2 * time.Second // after a claim that went wrong
	drainMost  = 20 * time.Second
	silentMost = 512             // jobs at once that wait for partners who don't answer
	retryFirst = 5 * time.Second // of a job that failed by our fault
	retryLast  = 10 * time.Minute
)

// Wake makes the runner look for jobs now.
func (r *Runner) Wake() {
	r.prepareWakes()
	for _, wake := range r.wakes {
		select {
		case wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

func (r *Runner) prepareWakes() {
	r.once.Do(func() {
		r.wakes = map[Kind]chan struct{}{}
		for kind := range r.Kinds {
			r.wakes[kind] = make(chan struct{}, 1)
		}
	})
}

func (r *Runner) prepare(ctx context.Context) error {
	r.prepareWakes()
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

// begin prepares, again and again if the database is away just then. It is false
// if ctx ends before.
func (r *Runner) begin(ctx context.Context) bool {
	for attempts := 1; ; attempts++ {
		err := r.prepare(ctx)
		switch {
		case err == nil:
			return true
		case ctx.Err() != nil: // told to stop meanwhile
			return false
		}
		r.Log.WarnContext(ctx, "jobs can't begin", "attempt", attempts, "err", err)
		again := time.NewTimer(backOff(attempts))
		select {
		case <-ctx.Done():
			again.Stop()
			return false
		case <-again.C:
		}
	}
}

// Run does jobs until ctx ends, and then waits for those under way. Each kind
// has workers of its own, so that none waits for another.
func (r *Runner) Run(ctx context.Context) error {
	if !r.begin(ctx) {
		return nil
	}
	// Jobs under way end on their own when ctx does, but not for ever.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainMost, cancel) })()
	var pools sync.WaitGroup
	for kind, work := range r.Kinds {
		pools.Go(func() {
			p := &pool{Runner: r, kind: kind, work: work, lanes: map[string]*lane{}, done: make(chan ended)}
			p.run(ctx, running)
		})
	}
	pools.Wait()
	return nil
}

// do runs one job and ends it, or puts it off.
func (r *Runner) do(ctx context.Context, work Work, job Job) (o Outcome, took time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, runMost)
	defer cancel()
	begin := r.Now()
	o = attempt(ctx, work, job)
	took = r.Now().Sub(begin)
	outcome := "ok"
	if o.Err != nil {
		outcome = "error"
		r.Log.LogAttrs(ctx, slog.LevelWarn, "job put off", slog.String("job", string(job.Kind)), slog.String("subject", job.Subject),
			slog.Int("attempt", job.Attempts), slog.Any("err", o.Err))
		if r.Failed != nil {
			r.Failed(job, o.Err)
		}
		if o.Again.IsZero() {
			o.Again = r.Now().Add(backOff(job.Attempts))
		}
	}
	if r.Observe != nil {
		r.Observe(job.Kind, outcome, took)
	}
	var err error
	end := context.WithoutCancel(ctx)
	if o.Again.IsZero() {
		err = r.Store.FinishJob(end, job)
	} else {
		err = r.Store.RetryJob(end, job, o.Again)
	}
	if err != nil { // the lease runs out and the job is done again
		r.Log.ErrorContext(ctx, "end job", "job", string(job.Kind), "subject", job.Subject, "err", err)
	}
	return o, took
}

// backOff is how long a job waits that failed so often.
func backOff(attempts int) time.Duration {
	wait := retryFirst
	for range min(attempts-1, 10) {
		wait *= 2
	}
	return min(wait, retryLast)
}

// attempt does the job; a panic is an error of it.
func attempt(ctx context.Context, work Work, job Job) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = Outcome{Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return work.Do(ctx, job)
}
