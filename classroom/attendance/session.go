package attendance

import (
	"slices"
	"time"
)

// A Session is one run of a class in a room: meetings that follow each other
// within SessionGap, unless a teacher has parted them.
type Session struct {
	ID        string // of its first meeting
	RoomID    string
	StartedAt time.Time
	EndedAt   time.Time     // zero while a meeting of it lives
	Length    time.Duration // the time in which anybody was there
	Exact     bool          // every meeting of it is covered by an exact source; whom that doesn't name was observed
	Counting  bool          // it has ended, but its report may still come: it isn't graded yet
}

// Open reports whether the session isn't graded yet.
func (s Session) Open() bool { return s.EndedAt.IsZero() || s.Counting }

// Same reports whether both say the same.
func (s Session) Same(o Session) bool {
	return s.ID == o.ID && s.RoomID == o.RoomID && s.StartedAt.Equal(o.StartedAt) && s.EndedAt.Equal(o.EndedAt) &&
		s.Length == o.Length && s.Exact == o.Exact && s.Counting == o.Counting
}

// SessionGap is how much later a meeting may start and still belong to the
// class before.
const SessionGap = time.Hour

// sessionsOf makes sessions of a room's meetings: those that follow each other
// within SessionGap, by the server's clock, and that nobody has parted. Meetings
// that ended with nobody in them are in none, but a session that would have begun
// with such a one begins with the next. Only the newest meeting can live: a room has one at a
// time, so one before it is over, though nobody may have told us.
func sessionsOf(roomID string, accounts []Account) ([]Session, map[string]string) {
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, inOrder)
	var sessions []Session
	sessionOf := map[string]string{}
	var until time.Time // when the newest session's last meeting ended
	parted := false
	for i, a := range sorted {
		parted = parted || a.Meeting.Parted
		live := a.Meeting.EndedAt.IsZero() && i == len(sorted)-1
		if !a.Came() && !live {
			continue
		}
		n := len(sessions)
		if n == 0 || parted || a.Meeting.CreateTime.Sub(until) > SessionGap {
			sessions = append(sessions, Session{ID: a.Meeting.ID, RoomID: roomID, StartedAt: a.begin(), Exact: true})
			n++
		}
		parted = false
		s := &sessions[n-1]
		sessionOf[a.Meeting.ID] = s.ID
		s.Exact, s.Counting = s.Exact && a.Exact, s.Counting || a.Counting
		switch {
		case live:
			s.EndedAt, s.Counting = time.Time{}, false
		case a.To.After(s.EndedAt):
			s.EndedAt = a.To
		}
		if end := a.end(); end.After(until) || s.ID == a.Meeting.ID {
			until = end
		}
	}
	return sessions, sessionOf
}
