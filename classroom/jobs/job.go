// Package jobs does deferred work: each job once at a time, on any number of
// nodes, when it is due. What kinds of jobs there are others say.
package jobs

import "time"

// A Kind is what a job does.
type Kind string

// A Job is deferred work. There is one at most for each kind and subject.
type Job struct {
	Kind     Kind
	Subject  string
	Lane     string // jobs of one lane have a common pace: a registration's or a server's id
	RunAt    time.Time
	Attempts int   // claims so far, this one included
	Version  int64 // grows when the job is asked for again
}
