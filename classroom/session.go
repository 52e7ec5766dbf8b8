package classroom

import (
	"time"
)

// A Meeting is one meeting at BigBlueButton. Its times are of the server's
// clock, which may be hours off ours.
type Meeting struct {
	ID          string // ours
	RoomID      string
	ServerID    string
	InternalID  string        // the server's; unique there
	MeetingID   string        // the room's, as sent to the server
	CreateTime  time.Time     // exact to the millisecond: a join must repeat it
	ClockOffset time.Duration // the server's clock less ours, at the creation; 0 if it wasn't seen
	EndedAt     time.Time     // zero while it lives
	SessionID   string        // set by Settle
	Dirty       bool          // evidence has come that no stay reflects yet
}

// A Session is one run of a class in a room: meetings that follow each other
// within SessionGap.
type Session struct {
	ID        string // of its first meeting
	RoomID    string
	StartedAt time.Time
	EndedAt   time.Time     // zero while a meeting of it lives
	Length    time.Duration // the time in which anybody was there
	Exact     bool          // every meeting of it is covered by an exact source
}

// SessionGap is how much later a meeting may start and still belong to the
// class before.
const SessionGap = time.Hour

// A Source is where evidence comes from.
type Source string

const (
	Analytics Source = "analytics" // BigBlueButton's report after the meeting: exact
	Poll      Source = "poll"      // getMeetingInfo, every poll interval
	Joining   Source = "join"      // a join that we signed: a hint, no presence by itself
)

// Evidence is what we were told of a meeting, as it came.
//
// The body of Analytics is the callback's body; that of Poll is a
// PollReport; that of Joining is the person's id.
type Evidence struct {
	ID        string
	MeetingID string // Meeting.ID
	Source    Source
	At        time.Time // our clock
	Until     time.Time // of polls that said the same one after another: the last one; else equal to At
	Body      []byte
}

// A PollReport is the body of Poll evidence: who was there, sorted, each once.
type PollReport struct {
	People   []string      `json:"people"` // user ids at BigBlueButton
	Interval time.Duration `json:"interval"`
}
