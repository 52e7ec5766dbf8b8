package classroom

import (
	"context"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// The kinds of jobs that rooms ask for, beside gradebook.DeliverJob.
const (
	PollJob   jobs.Kind = "poll"   // subject: Meeting.ID
	SettleJob jobs.Kind = "settle" // subject: Room.ID
	SweepJob  jobs.Kind = "sweep"  // subject: empty; what is past its life goes
)

const (
	sweepEvery = time.Hour

	// gradePause follows each delivery in its place of the lane: a platform gets
	// 40 a second at most.
	gradePause = 100 * time.Millisecond
)

// Kinds says how the jobs of each kind are done.
func Kinds(classes *Classes, grades *gradebook.Grades, sweep func(ctx context.Context, now time.Time) error) map[jobs.Kind]jobs.Work {
	return map[jobs.Kind]jobs.Work{
		PollJob:   {Do: func(ctx context.Context, job jobs.Job) (time.Time, error) { return classes.Poll(ctx, job.Subject) }},
		SettleJob: {Do: func(ctx context.Context, job jobs.Job) (time.Time, error) { return classes.Settle(ctx, job.Subject) }},
		gradebook.DeliverJob: {Pause: gradePause, Do: func(ctx context.Context, job jobs.Job) (time.Time, error) {
			return grades.Deliver(ctx, job.Subject, job.Attempts)
		}},
		SweepJob: {Unasked: true, Do: func(ctx context.Context, _ jobs.Job) (time.Time, error) {
			return classes.Now().Add(sweepEvery), sweep(ctx, classes.Now())
		}},
	}
}
