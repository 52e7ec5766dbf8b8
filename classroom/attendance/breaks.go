package attendance

import (
	"cmp"
	"slices"
	"time"
)

// A Break lies between two meetings of a room that follow each other within
// SessionGap: they are one session, unless a teacher has parted them.
type Break struct {
	MeetingID string    // Meeting.ID of the one after it: the one to part, or that was parted
	From, To  time.Time // server's clock: the end of what was before, and the next beginning
	Parted    bool      // a session of its own begins after it
}

// Breaks finds the breaks of a room's meetings, each with the session of the
// meeting after it. Meetings that are of no session, for nobody came, aren't
// looked at, and neither are those that overlap.
func Breaks(meetings []Meeting) map[string][]Break {
	sorted := slices.SortedFunc(slices.Values(meetings), func(a, b Meeting) int {
		return cmp.Or(a.CreateTime.Compare(b.CreateTime), cmp.Compare(a.ID, b.ID))
	})
	breaks := map[string][]Break{}
	var before Meeting // that anybody came to
	var until time.Time
	mark := "" // the meeting that was parted, since then
	for _, m := range sorted {
		if m.Parted {
			mark = m.ID
		}
		if m.SessionID == "" {
			continue
		}
		b := Break{MeetingID: m.ID, From: until, To: m.CreateTime, Parted: m.SessionID != before.SessionID}
		if b.Parted {
			b.MeetingID = mark
		}
		if b.MeetingID != "" && b.To.After(b.From) && b.To.Sub(b.From) <= SessionGap {
			breaks[m.SessionID] = append(breaks[m.SessionID], b)
		}
		before, mark = m, ""
		if m.EndedAt.After(until) {
			until = m.EndedAt
		}
	}
	return breaks
}
