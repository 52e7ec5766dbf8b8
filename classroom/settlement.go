package classroom

import (
	"errors"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// ErrOutdated is the error of a settlement that was made of what there was
// before another one.
var ErrOutdated = errors.New("the room was settled meanwhile")

// A Settlement is what the accounts of a room come to, kept in one transaction.
type Settlement struct {
	RoomID     string
	After      int64 // so many settlements were kept of the room before it
	At         time.Time
	Sessions   []attendance.Session // all of the room
	SessionOf  map[string]string    // Meeting.ID → Session.ID, all of the room
	Attended   []Attended           // of sessions whose attendances may differ from those that are kept
	Results    []attendance.Result  // all of the room's placements
	Deliveries []gradebook.Delivery // new or changed ones only; each gets its job
	Frozen     []Frozen             // of meetings that count by now and didn't before
}

// Attended is who attended a session.
type Attended struct {
	SessionID string
	MadeOf    string // tells what it was made of; see attendance.Tally
	People    []attendance.Attendance
}

// A KeptSession is one as a settlement has left it.
type KeptSession struct {
	attendance.Session
	MadeOf string // see Attended
}

// A Frozen is who was expected in a meeting when it had ended and was counted:
// the learners of all courses of the room. Who comes into a course later wasn't
// absent.
type Frozen struct {
	MeetingID string
	Expected  []Enrolment
}

// A ClassLine is one session in the list of a room. Who came is counted in the
// newest alone: for others Came and Enrolled are 0, and Complete is nil.
type ClassLine struct {
	Session  attendance.Session
	Came     int  // learners
	Enrolled int  // learners of the course: of a class that counts, those who were expected or came
	Complete *int // learners whom this session alone completes; nil if sessions add up, or nothing completes
	Breaks   []attendance.Break
}

// ClassGrades are so many deliveries of people who came to a session, all with
// the same fate: of Delivery only State, Reason and Found.At are filled.
type ClassGrades struct {
	SessionID string
	Delivery  gradebook.Delivery
	People    int
}

// A RegisterRow is one person in the register of a session.
type RegisterRow struct {
	Person     Person
	Role       Role
	Graded     bool
	Stays      []attendance.Stay // in this session
	Attendance attendance.Attendance
	Result     *attendance.Result  // nil: none yet
	Delivery   *gradebook.Delivery // nil: nothing to send
}

// Named reports whether an exact source names the row's person.
func (r RegisterRow) Named() bool {
	return slices.ContainsFunc(r.Stays, func(s attendance.Stay) bool { return s.Source == attendance.Analytics })
}

// A HistoryLine is one session as one person attended it.
type HistoryLine struct {
	Session    attendance.Session
	Attendance attendance.Attendance // zero Time: absent
}

// Counts of what waits and lives, for operators.
type Counts struct {
	Deliveries   map[gradebook.State]int
	Jobs         map[jobs.Kind]int
	LiveMeetings int
}
