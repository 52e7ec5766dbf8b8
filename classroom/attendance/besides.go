package attendance

import "time"

// edge is how far beyond a report's time polls may see people without saying
// more than the report: who has left is listed for a minute, and polls come
// late.
const edge = 2 * time.Minute

// end is when the meeting ended: when its reports say so, whichever came
// first, unless looks have seen it long after that. Zero: it lives.
func (p presence) end(m Meeting, all []look) time.Time {
	if p.finish.IsZero() {
		return m.EndedAt
	}
	if n := len(all); n > 0 && all[n-1].last.Sub(p.finish) > edge {
		if m.EndedAt.IsZero() {
			return m.EndedAt
		}
		return all[n-1].last
	}
	return p.finish
}

// besides is what was observed of which the reports don't speak: of the people
// whom they don't name, and, if timed, outside the time of those who name them.
// Only what two looks or more saw counts beside a report.
func (p presence) besides(m Meeting, all []look, hints map[string][]time.Time, known func(string) bool, timed bool) presence {
	rest := observedPresence(m, seenTwice(all), hints, func(id string) bool { return known(id) && p.covers[id] == span{} })
	if !timed {
		return rest
	}
	done := map[span]bool{}
	for _, covered := range p.covers {
		if done[covered] { // mostly there's one report
			continue
		}
		done[covered] = true
		hole := span{covered.from.Add(-edge), covered.to.Add(edge)}
		outside := observedPresence(m, seenTwice(outside(all, hole)), hints, func(id string) bool { return known(id) && p.covers[id] == covered })
		for id, spans := range outside.spans {
			for _, s := range spans {
				rest.spans[id] = append(rest.spans[id], s.without(hole)...)
			}
		}
	}
	return rest
}

// outside are the looks, or what of them lies, before and after the hole.
func outside(all []look, hole span) []look {
	var before, after []look
	for _, l := range all {
		if l.first.Before(hole.from) {
			b := l
			if b.last.After(hole.from) {
				b.last = b.upTo(hole.from)
			}
			before = append(before, b)
		}
		if l.last.After(hole.to) {
			if l.first.Before(hole.to) {
				l.first = l.since(hole.to)
			}
			after = append(after, l)
		}
	}
	return append(before, after...)
}

// upTo is the end of what of l lies before t: an interval holds two looks.
func (l look) upTo(t time.Time) time.Time {
	if t.Sub(l.first) < l.interval {
		return l.first
	}
	return t
}

// since is the beginning of what of l lies after t.
func (l look) since(t time.Time) time.Time {
	if l.last.Sub(t) < l.interval {
		return l.last
	}
	return t
}

// seenTwice is all without the people whom one look alone saw.
func seenTwice(all []look) []look {
	seen := map[string]int{}
	for _, l := range all {
		for id := range l.people {
			seen[id]++
			if l.last.After(l.first) { // several looks
				seen[id]++
			}
		}
	}
	sure := make([]look, len(all))
	for i, l := range all {
		sure[i], sure[i].people = l, map[string]bool{}
		for id := range l.people {
			if seen[id] > 1 {
				sure[i].people[id] = true
			}
		}
	}
	return sure
}
