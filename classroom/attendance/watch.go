package attendance

import (
	"slices"
	"time"
)

// A Watch is what the evidence of a meeting that lives comes to so far. It goes
// on from there when more has come: a class of hours has hundreds of looks at
// hundreds of people.
type Watch struct {
	meeting Meeting
	pieces  int
	newest  Evidence        // the newest poll, which may still last longer
	tail    map[string]bool // ids of what was read from the newest poll on
	*sight
}

// NewWatch begins to watch a meeting of which nothing has been read.
func NewWatch(m Meeting) *Watch {
	return &Watch{meeting: m, tail: map[string]bool{}, sight: newSight(m, map[string][]time.Time{})}
}

// From is when the evidence begins that See wants to be shown next, by our clock.
func (w *Watch) From() time.Time { return w.newest.At }

// See takes in what has come since, in the order of time: all evidence from
// w.From on, of which some may have been seen. pieces is how many there are of
// the meeting by now. It is false for what can't be added: then it's AccountOf
// that tells, by all of it.
func (w *Watch) See(evidence []Evidence, pieces int) bool {
	for _, e := range evidence {
		switch {
		case e.ID == w.newest.ID && e.Source == Poll:
			w.lasts(e)
		case w.tail[e.ID]:
		case e.Source == Analytics:
			return false
		default:
			w.add(e)
		}
	}
	return pieces == w.pieces
}

func (w *Watch) add(e Evidence) {
	if w.pieces == 0 {
		w.meeting.ClockOffset = ClockOffset(w.meeting, e.At)
	}
	w.pieces, w.tail[e.ID] = w.pieces+1, true
	switch e.Source {
	case Joining:
		id := string(e.Body)
		w.hints[id] = append(w.hints[id], e.At.Add(w.meeting.ClockOffset))
		slices.SortFunc(w.hints[id], time.Time.Compare)
	case Poll:
		l, ok := lookOf(w.meeting, e)
		if !ok {
			return
		}
		w.see(l)
		clear(w.hints) // what comes from now on came after this
		if e.At.After(w.newest.At) {
			w.tail = map[string]bool{e.ID: true}
		}
		w.newest = Evidence{ID: e.ID, At: e.At}
	}
}

// lasts notes that the newest poll's word holds until a later time.
func (w *Watch) lasts(e Evidence) {
	w.last.last = later(w.last.last, e.Until.Add(w.meeting.ClockOffset))
}

// Stays is how many stays w holds.
func (w *Watch) Stays() int { return len(w.open) + w.over }

// Account is the account of the meeting, as it is recorded now.
func (w *Watch) Account(m Meeting, known func(string) bool) Account {
	a := Account{Recorded: recordedOf(m)}
	m.ClockOffset, m.EndedAt = w.meeting.ClockOffset, whole(m.EndedAt)
	a.Meeting = m
	a.add(w.presence(m, known), Poll)
	a.sort()
	return a
}
