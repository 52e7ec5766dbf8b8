package web

import (
	"slices"
	"time"
)

// An Attendance is what one learner attended and what came of it.
type Attendance struct {
	Rule         Rule
	Have, Needed time.Duration // that counts, and for all points; Needed 0: no class has ended yet
	Complete     bool
	Classes      []OwnClass // newest first
	Grade        *Grade     // nil: nothing to send
	Watches      bool       // who is no learner of the course: being absent is nothing to tell them
}

// Told reports whether there is anything to tell: who only watches the course
// may have been its learner before.
func (a Attendance) Told() bool { return !a.Watches || a.Grade != nil || a.Needed > 0 }

// Lines are the classes to name.
func (a Attendance) Lines() []OwnClass {
	if !a.Watches {
		return a.Classes
	}
	return slices.DeleteFunc(slices.Clone(a.Classes), func(c OwnClass) bool { return c.Time == 0 })
}

// Mixed reports whether Have may be by a rule before this one, so that it is
// neither surely of the best class nor surely of all.
func (a Attendance) Mixed() bool { return !a.Rule.Since.IsZero() }

// An OwnClass is one class as one learner attended it.
type OwnClass struct {
	From, To     time.Time // To zero: still live
	Time, Length time.Duration
	Counting     bool // the figures aren't final yet
	NotHere      bool // it doesn't count for this link
}
