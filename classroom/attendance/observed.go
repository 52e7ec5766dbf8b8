package attendance

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// A look is one poll, or several that saw the same.
type look struct {
	first, last time.Time // server's clock
	interval    time.Duration
	people      map[string]bool
	body        string
}

// intervalMost is the longest time between polls that is believed.
const intervalMost = 10 * time.Minute

// looks are the meeting's polls in order, each once.
func looks(m Meeting, evidence []Evidence) []look {
	var all []look
	for _, e := range evidence {
		if l, ok := lookOf(m, e); ok {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, look.compare)
	return slices.CompactFunc(all, func(a, b look) bool { return a.compare(b) == 0 })
}

// lookOf reads a poll; ok is false for other evidence, and for what can't be read.
func lookOf(m Meeting, e Evidence) (l look, ok bool) {
	var report PollReport
	if e.Source != Poll || json.Unmarshal(e.Body, &report) != nil {
		return look{}, false
	}
	l = look{
		first: e.At.Add(m.ClockOffset), interval: min(max(0, report.Interval), intervalMost),
		people: map[string]bool{}, body: string(e.Body),
	}
	l.last = later(l.first, e.Until.Add(m.ClockOffset))
	for _, id := range report.People {
		l.people[id] = true
	}
	return l, true
}

func (l look) compare(other look) int {
	return cmp.Or(l.first.Compare(other.first), l.last.Compare(other.last), cmp.Compare(l.body, other.body))
}

// A sight is who was seen and when, by looks that are taken in one after the
// other. Who is seen by two looks one after the other was there between them. A
// stay begins and ends half an interval beyond what was seen, or begins with the
// join that we signed.
type sight struct {
	created time.Time // the meeting, server's clock
	hints   map[string][]time.Time
	seen    bool // there is a last look
	last    look
	open    map[string]span   // of those whom the last look saw; it ends then, or later
	done    map[string][]span // of those who have left
	over    int               // how many of those there are
}

func newSight(m Meeting, hints map[string][]time.Time) *sight {
	return &sight{created: m.CreateTime, hints: hints, open: map[string]span{}, done: map[string][]span{}}
}

// see takes in the next look.
func (s *sight) see(l look) {
	before := s.created
	if s.seen {
		before = s.last.last
		gap := min(s.last.interval, max(0, l.first.Sub(before)))
		for id, stay := range s.open {
			stay.to = later(stay.to, before)
			s.open[id] = stay
			if !l.people[id] {
				s.done[id] = append(s.done[id], span{stay.from, later(stay.to, before.Add(gap/2))})
				delete(s.open, id)
				s.over++
			}
		}
	}
	for id := range l.people {
		if _, there := s.open[id]; !there {
			from := arrival(l, before, s.hints[id])
			s.open[id] = span{from, from}
		}
	}
	s.seen, s.last = true, l
}

// presence is what the looks come to. While the meeting lives, who was seen by
// the last one is still there.
func (s *sight) presence(m Meeting, known func(string) bool) presence {
	p := presence{spans: map[string][]span{}}
	for id, stays := range s.done {
		if !known(id) {
			continue
		}
		for _, stay := range stays {
			p.spans[id] = append(p.spans[id], m.clamp(stay))
		}
	}
	until := s.last.last
	if !m.EndedAt.IsZero() {
		until = until.Add(s.last.interval / 2) // cut to the meeting's end
	}
	for id, stay := range s.open {
		if known(id) {
			p.spans[id] = append(p.spans[id], m.clamp(span{stay.from, later(stay.to, until)}))
		}
	}
	return p
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// observedPresence is that of the meeting's polls.
func observedPresence(m Meeting, all []look, hints map[string][]time.Time, known func(string) bool) presence {
	s := newSight(m, hints)
	for _, l := range all {
		s.see(l)
	}
	return s.presence(m, known)
}

// arrival is when somebody came whom l saw and the look before, at before,
// didn't. A look may come late, so a join counts from two intervals back.
func arrival(l look, before time.Time, hints []time.Time) time.Time {
	for _, hint := range hints {
		if !hint.Before(before) && !hint.After(l.first) && l.first.Sub(hint) <= 2*l.interval {
			return hint
		}
	}
	gap := min(l.interval, max(0, l.first.Sub(before)))
	return l.first.Add(-gap / 2)
}

// joinHints are the joins that we signed, by person, in the server's clock.
func joinHints(m Meeting, evidence []Evidence) map[string][]time.Time {
	hints := map[string][]time.Time{}
	for _, e := range evidence {
		if e.Source == Joining {
			hints[string(e.Body)] = append(hints[string(e.Body)], e.At.Add(m.ClockOffset))
		}
	}
	for id := range hints {
		slices.SortFunc(hints[id], time.Time.Compare)
	}
	return hints
}
