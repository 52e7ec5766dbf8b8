package classroom

import (
	"cmp"
	"slices"
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
	CountsAt    time.Time     // our clock: from then on what was observed counts, though no report has come; zero while it lives
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
	Counting  bool          // it has ended, but its report may still come: it isn't graded yet
}

// open reports whether the session isn't graded yet.
func (s Session) open() bool { return s.EndedAt.IsZero() || s.Counting }

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

// sessionsOf makes sessions of a room's meetings: those that follow each other
// within SessionGap, by the server's clock. Meetings that ended with nobody in
// them are in none. Only the newest meeting can live: a room has one at a
// time, so one before it is over, though nobody may have told us.
func sessionsOf(roomID string, accounts []account) ([]Session, map[string]string) {
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, func(a, b account) int {
		return cmp.Or(a.meeting.CreateTime.Compare(b.meeting.CreateTime), cmp.Compare(a.meeting.ID, b.meeting.ID))
	})
	var sessions []Session
	sessionOf := map[string]string{}
	var until time.Time // when the newest session's last meeting ended
	for i, a := range sorted {
		live := a.finish.IsZero() && i == len(sorted)-1
		if len(a.Stays) == 0 && !live {
			continue
		}
		n := len(sessions)
		if n == 0 || a.meeting.CreateTime.Sub(until) > SessionGap {
			sessions = append(sessions, Session{ID: a.meeting.ID, RoomID: roomID, StartedAt: a.begin(), Exact: true})
			n++
		}
		s := &sessions[n-1]
		sessionOf[a.meeting.ID] = s.ID
		s.Exact, s.Counting = s.Exact && a.Exact, s.Counting || a.counting
		switch {
		case live:
			s.EndedAt, s.Counting = time.Time{}, false
		case a.To.After(s.EndedAt):
			s.EndedAt = a.To
		}
		if end := a.end(); end.After(until) || s.ID == a.meeting.ID {
			until = end
		}
	}
	return sessions, sessionOf
}

// begin is when somebody first came, or else when the meeting was made.
func (a account) begin() time.Time {
	if a.From.IsZero() {
		return a.meeting.CreateTime
	}
	return a.From
}

// end is when the meeting ended as far as the server's clock tells.
func (a account) end() time.Time {
	switch {
	case !a.finish.IsZero():
		return a.finish
	case !a.To.IsZero():
		return a.To
	}
	return a.meeting.CreateTime
}
