package web

import "time"

// StartPage leads from nothing to the first class. It is looked at anew while
// something is waited for.
type StartPage struct {
	Now                  time.Time
	Servers, Platforms   int
	ServerURL            string // where one is added; empty: not theirs
	PlatformURL          string
	LMS                  string // kind of the newest platform: message "try.LMS"
	TeacherAt, LearnerAt time.Time
	Refusal              *StartRefusal // newest refused launch, if it is newer than the last good one
	Waits                bool
}

// A StartRefusal is a launch that was refused.
type StartRefusal struct {
	Code, URL string
	At        time.Time
}

// Step is the first one that isn't done: 2 the server, 3 the LMS, 4 to try it,
// 5 when all is done.
func (p StartPage) Step() int {
	switch {
	case p.Servers == 0:
		return 2
	case p.Platforms == 0:
		return 3
	case p.TeacherAt.IsZero() || p.LearnerAt.IsZero():
		return 4
	}
	return 5
}
