package classroom

import (
	"context"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// The kinds of jobs that rooms ask for, beside those of gradebook.
const (
	PollJob   jobs.Kind = "poll"   // subject: Meeting.ID
	SettleJob jobs.Kind = "settle" // subject: Room.ID
	SweepJob  jobs.Kind = "sweep"  // subject: empty; what is past its life goes
	TidyJob   jobs.Kind = "tidy"   // subject: empty; what goes by the will of staff, a little at a time
)

const (
	sweepEvery = time.Hour
	tidyAgain  = time.Second // where there is more to do: launches come between
)

// A sweeper takes away what goes with time.
type sweeper interface {
	Sweep(ctx context.Context, now time.Time) error
	// Tidy reports whether there is more to do at once.
	Tidy(ctx context.Context, now time.Time) (more bool, err error)
}

// Kinds says how the jobs of each kind are done.
func Kinds(classes *Classes, grades *gradebook.Grades, s sweeper) map[jobs.Kind]jobs.Work {
	return map[jobs.Kind]jobs.Work{
		PollJob: {Workers: 64, PerLane: 8, Do: func(ctx context.Context, job jobs.Job) jobs.Outcome {
			again, err := classes.Poll(ctx, job.Subject)
			// With a time, the error is the server's, which doesn't answer.
			return jobs.Outcome{Again: again, Err: err, Trouble: err != nil && !again.IsZero()}
		}},
		SettleJob: {Workers: 4, PerLane: 4, Do: func(ctx context.Context, job jobs.Job) jobs.Outcome {
			return jobs.Done(classes.Settle(ctx, job.Subject))
		}},
		gradebook.DeliverJob: {Workers: 64, PerLane: 32, Release: grades.Release, Do: func(ctx context.Context, job jobs.Job) jobs.Outcome {
			a, err := grades.Deliver(ctx, job.Subject, job.Attempts)
			return jobs.Outcome{Again: a.Again, Err: err, Trouble: a.Trouble, Wait: a.Wait}
		}},
		gradebook.CheckJob: {Workers: 8, PerLane: 2, Do: func(ctx context.Context, job jobs.Job) jobs.Outcome {
			return jobs.Done(grades.Check(ctx, job.Subject, job.Attempts))
		}},
		SweepJob: {Workers: 1, PerLane: 1, Unasked: true, Do: agreed(classes.Now, func(ctx context.Context, now time.Time) (bool, error) {
			return false, s.Sweep(ctx, now)
		})},
		TidyJob: {Workers: 1, PerLane: 1, Unasked: true, Do: agreed(classes.Now, s.Tidy)},
	}
}

// agreed sweeps by the time of the run before, once a later one has come: of a
// clock that was ahead for a moment, nothing goes that has hours to live.
func agreed(now func() time.Time, sweep func(ctx context.Context, now time.Time) (bool, error)) func(context.Context, jobs.Job) jobs.Outcome {
	var before time.Time
	return func(ctx context.Context, _ jobs.Job) jobs.Outcome {
		at := now()
		by := before
		before = at
		if by.IsZero() || at.Before(by) {
			return jobs.Done(at.Add(sweepEvery), nil)
		}
		more, err := sweep(ctx, by)
		if more {
			return jobs.Done(at.Add(tidyAgain), err)
		}
		return jobs.Done(at.Add(sweepEvery), err)
	}
}
