// Package attendance is what the evidence of meetings comes to: stays,
// sessions, attendances, and what a rule makes of them. All of it is computed
// from what it is given: it asks no clock and no database.
package attendance

import (
	"math"
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
	PlacementID string        // through which it was started; empty: not known
	Dirty       bool          // something is new that no account reflects yet
	News        int64         // grows with all that is new of it: evidence, its end, its return
	Absences    int           // looks in a row to which the server said that it isn't there
	AbsentSince time.Time     // our clock: the first of them; zero: the last look that was answered saw it
	StoppedAt   time.Time     // our clock: when a teacher ended it; zero: nobody did
	Parted      bool          // a session begins with it: a teacher has parted it from the class before, or another graded link began it
	Frozen      bool          // who was expected in it is kept
	Swept       bool          // its evidence is gone: what was kept of it is all there is
}

// When a meeting that isn't found is over: balancers lose a meeting for a
// moment, and a class of hundreds goes on meanwhile.
const (
	absencesMost = 3
	absentFor    = time.Minute
	stopFor      = 10 * time.Minute // what a teacher ended isn't waited for
)

// Over reports whether a meeting that its server doesn't find is over: a teacher
// has just ended it, or several looks in a row over more than a minute said so.
func (m Meeting) Over(now time.Time) bool {
	if !m.StoppedAt.IsZero() && now.Sub(m.StoppedAt) < stopFor {
		return true
	}
	return m.Absences >= absencesMost && now.Sub(m.AbsentSince) > absentFor
}

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
	Until     time.Time // of polls that said the same one after another, and of joins of one person: the last one; else equal to At
	Body      []byte
}

// A PollReport is the body of Poll evidence: who was there, sorted, each once.
type PollReport struct {
	People   []string      `json:"people"` // user ids at BigBlueButton
	Interval time.Duration `json:"interval"`
}

// clamp cuts a span to the meeting's life.
func (m Meeting) clamp(s span) span {
	if s.from.Before(m.CreateTime) {
		s.from = m.CreateTime
	}
	if !m.EndedAt.IsZero() && s.to.After(m.EndedAt) {
		s.to = m.EndedAt
	}
	return s
}

// ClockOffset is how far the server's clock is ahead of ours. If the creation
// wasn't seen it isn't known, but nobody can have come before it: a server
// that is ahead is at least as far ahead as that takes. first is when the first
// was told that isn't a report, by our clock; zero: nothing was.
func ClockOffset(m Meeting, first time.Time) time.Duration {
	return m.offset(first, time.Duration(math.MaxInt64))
}

func (m Meeting) offset(first time.Time, most time.Duration) time.Duration {
	if m.ClockOffset != 0 {
		return m.ClockOffset
	}
	least := time.Duration(math.MinInt64)
	if !first.IsZero() {
		least = m.CreateTime.Sub(first)
	}
	return max(least, min(0, most))
}

// clockOffset is ClockOffset with a report at hand, which says when the meeting
// had finished: if the creation wasn't seen, no look that saw the meeting was
// later than that.
func clockOffset(m Meeting, evidence []Evidence, finish time.Time) time.Duration {
	var first time.Time
	most := time.Duration(math.MaxInt64)
	for _, e := range evidence {
		if e.Source == Analytics {
			continue
		}
		if first.IsZero() || e.At.Before(first) {
			first = e.At
		}
		if e.Source == Poll && !finish.IsZero() {
			most = min(most, finish.Sub(e.Until))
		}
	}
	return m.offset(first, most)
}

// LastSeen is when the meeting was last seen alive, by our clock: by the newest
// of the looks at it, if there is one, after its creation.
func LastSeen(m Meeting, first, newest time.Time) time.Time {
	return later(m.CreateTime.Add(-ClockOffset(m, first)), newest)
}

// ReportWait is how long the exact report of a meeting that has ended is waited
// for, before what was observed of it counts.
const ReportWait = 2 * time.Minute
