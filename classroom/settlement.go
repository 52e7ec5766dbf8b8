package classroom

import "time"

// A MeetingAccount is what the evidence of one meeting comes to.
type MeetingAccount struct {
	MeetingID  string
	From, To   time.Time // first and last presence; zero if nobody came
	Exact      bool      // an exact source covers the meeting
	Stays      []Stay
	Activities map[string]Activity // by person
	Evidence   int                 // how many pieces of evidence it reflects; below 0: the meeting lives, and stays dirty
	Until      time.Time           // of the newest piece: a poll that finds the same makes it last longer
}

// A Settlement is what all evidence of a room comes to, kept in one
// transaction.
type Settlement struct {
	RoomID      string
	At          time.Time
	Accounts    []MeetingAccount  // of the meetings that were dirty; they replace what was there
	Sessions    []Session         // all of the room
	SessionOf   map[string]string // Meeting.ID → Session.ID, all of the room
	Attendances []Attendance      // all of the room
	Results     []Result          // all of the room's placements
	Deliveries  []Delivery        // new or changed ones only; each gets its job
}

// A ClassLine is one session in the list of a room.
type ClassLine struct {
	Session  Session
	Came     int  // learners
	Enrolled int  // learners known in the course
	Complete *int // learners whom this session alone completes; nil if sessions add up, or nothing completes
}

// A RegisterRow is one person in the register of a session.
type RegisterRow struct {
	Person     Person
	Role       Role
	Graded     bool
	Stays      []Stay // in this session
	Attendance Attendance
	Result     *Result   // nil: none yet
	Delivery   *Delivery // nil: nothing to send
}

// A HistoryLine is one session as one person attended it.
type HistoryLine struct {
	Session    Session
	Attendance Attendance // zero Time: absent
}

// Counts of what waits and lives, for operators.
type Counts struct {
	Deliveries   map[DeliveryState]int
	Jobs         map[JobKind]int
	LiveMeetings int
}
