// Package jobs does deferred work: each job once at a time, on any number of
// nodes, when it is due. What kinds of jobs there are others say.
package jobs

import (
	"context"
	"time"
)

// A Kind is what a job does.
type Kind string

// A Job is deferred work. There is one at most for each kind and subject.
type Job struct {
	Kind     Kind
	Subject  string
	Lane     string // jobs of one lane lead to one partner: a registration's or a server's id
	RunAt    time.Time
	Attempts int   // claims so far, this one included
	Version  int64 // grows when the job is asked for again
}

// Work is how the jobs of one kind are done.
type Work struct {
	// Do does one job, within runMost.
	Do func(context.Context, Job) Outcome

	// Workers is how many jobs of the kind are done at once, and PerLane how
	// many of one lane. Those of a lane that doesn't answer take no worker away
	// from the others.
	Workers, PerLane int

	// Release makes those jobs of a lane due that were put off because its
	// partner was in trouble, and that had so many attempts at the most (0: all
	// of them). It may be nil.
	Release func(ctx context.Context, lane string, attempts int) error

	Unasked bool // there is always one job of the kind, without a subject
}

// An Outcome is what became of one attempt at a job.
type Outcome struct {
	Again   time.Time     // when to do it again; zero: never, or, with an Err, later each time
	Err     error         // ours, for the log
	Trouble bool          // the lane's partner doesn't answer, or can't, or asks to wait
	Wait    time.Duration // how long the partner asks to wait; 0: it doesn't
}

// Done is the outcome of work that leads to no partner.
func Done(again time.Time, err error) Outcome { return Outcome{Again: again, Err: err} }

// A Lane is one with jobs of a kind.
type Lane struct {
	Name string
	Due  time.Time // of its first job
}
