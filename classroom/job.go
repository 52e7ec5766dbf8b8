package classroom

import "time"

// A JobKind is what a job does.
type JobKind string

const (
	PollJob    JobKind = "poll"    // subject: Meeting.ID
	SettleJob  JobKind = "settle"  // subject: Room.ID
	DeliverJob JobKind = "deliver" // subject: placement/person
	SweepJob   JobKind = "sweep"   // subject: empty; what is past its life goes
)

// A Job is deferred work. There is one at most for each kind and subject.
type Job struct {
	Kind     JobKind
	Subject  string
	Lane     string // jobs of one lane have a common pace: a registration's or a server's id
	RunAt    time.Time
	Attempts int   // claims so far, this one included
	Version  int64 // grows when the job is asked for again
}
