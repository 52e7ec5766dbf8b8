package attendance

import (
	"time"

	"github.com/bbbridge/bbbridge/bbb"
)

// Covers reports whether report a of a meeting says all that b says of it:
// with a at hand, nobody's time or activity is lost without b.
func Covers(a, b bbb.Analytics) bool {
	type said struct {
		spans    []span
		timed    bool
		activity Activity
	}
	by := map[string]said{}
	for _, p := range a.Attendees {
		s := by[p.UserID]
		s.timed = s.timed || len(p.Stays) > 0
		for _, stay := range p.Stays {
			s.spans = append(s.spans, span{stay.From, stay.To})
		}
		s.activity = s.activity.atLeast(activityOf(p.Activity))
		by[p.UserID] = s
	}
	for id, s := range by {
		s.spans = unite(s.spans)
		by[id] = s
	}
	if a.Finish.Before(b.Finish) || a.Start.After(b.Start) {
		return false
	}
	for _, p := range b.Attendees {
		s, named := by[p.UserID]
		if !named || len(p.Stays) > 0 && !s.timed || s.activity != s.activity.atLeast(activityOf(p.Activity)) {
			return false
		}
		for _, stay := range p.Stays {
			if stay.To.After(stay.From) && !within(stay.From, stay.To, s.spans) {
				return false
			}
		}
	}
	return true
}

// within reports whether one of the spans, which are apart from each other, has
// the whole time in it.
func within(from, to time.Time, spans []span) bool {
	for _, s := range spans {
		if !from.Before(s.from) && !to.After(s.to) {
			return true
		}
	}
	return false
}
