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
		var report PollReport
		if e.Source != Poll || json.Unmarshal(e.Body, &report) != nil {
			continue
		}
		l := look{
			first: e.At.Add(m.ClockOffset), last: e.Until.Add(m.ClockOffset),
			interval: min(max(0, report.Interval), intervalMost), people: map[string]bool{}, body: string(e.Body),
		}
		if l.last.Before(l.first) {
			l.last = l.first
		}
		for _, id := range report.People {
			l.people[id] = true
		}
		all = append(all, l)
	}
	slices.SortFunc(all, look.compare)
	return slices.CompactFunc(all, func(a, b look) bool { return a.compare(b) == 0 })
}

func (l look) compare(other look) int {
	return cmp.Or(l.first.Compare(other.first), l.last.Compare(other.last), cmp.Compare(l.body, other.body))
}

// observedPresence is that of the meeting's polls. Who is seen by two polls
// one after the other was there between them. A stay begins and ends half an
// interval beyond what was seen, or begins with the join that we signed.
func observedPresence(m Meeting, all []look, hints map[string][]time.Time, known func(string) bool) presence {
	p := presence{spans: map[string][]span{}}
	for i, l := range all {
		for id := range l.people {
			if !known(id) {
				continue
			}
			s := span{l.first, l.last}
			switch {
			case i > 0 && all[i-1].people[id]:
				s.from = all[i-1].last
			case i > 0:
				s.from = arrival(l, all[i-1].last, hints[id])
			default:
				s.from = arrival(l, m.CreateTime, hints[id])
			}
			if i+1 == len(all) || !all[i+1].people[id] {
				s.to = departure(m, all, i)
			}
			p.spans[id] = append(p.spans[id], m.clamp(s))
		}
	}
	return p
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

// departure is when somebody left whom look i saw last. While the meeting
// lives, who was seen by the last look is still there.
func departure(m Meeting, all []look, i int) time.Time {
	l := all[i]
	switch {
	case i+1 < len(all):
		gap := min(l.interval, max(0, all[i+1].first.Sub(l.last)))
		return l.last.Add(gap / 2)
	case m.EndedAt.IsZero():
		return l.last
	}
	return l.last.Add(l.interval / 2) // cut to the meeting's end
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
