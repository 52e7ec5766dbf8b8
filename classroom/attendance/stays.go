package attendance

import (
	"cmp"
	"slices"
	"time"
)

// A Stay is an interval in which a person was present, in the server's time.
// Stays of one person in one meeting don't overlap.
type Stay struct {
	MeetingID string // Meeting.ID
	PersonID  string
	From, To  time.Time
	Source    Source // Analytics or Poll
}

// Activity is what a person did in class, as far as an exact source tells.
type Activity struct {
	Chats      int           `json:"chats,omitempty"`
	Talks      int           `json:"talks,omitempty"`
	RaiseHands int           `json:"raise_hands,omitempty"`
	Emojis     int           `json:"emojis,omitempty"`
	PollVotes  int           `json:"poll_votes,omitempty"`
	TalkTime   time.Duration `json:"talk_time,omitempty"`
}

// A span is a time in which somebody was there. The end is not part of it.
type span struct{ from, to time.Time }

// hull is from the first to the last of both. The zero span adds nothing.
func (s span) hull(other span) span {
	if s == (span{}) {
		return other
	}
	if other.from.Before(s.from) {
		s.from = other.from
	}
	if other.to.After(s.to) {
		s.to = other.to
	}
	return s
}

// without is what of s lies outside hole: up to two spans.
func (s span) without(hole span) []span {
	before, after := s, s
	if before.to.After(hole.from) {
		before.to = hole.from
	}
	if after.from.Before(hole.to) {
		after.from = hole.to
	}
	return unite([]span{before, after})
}

// unite makes of spans in any order those that don't touch, in order.
func unite(spans []span) []span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b span) int {
		return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to))
	})
	var united []span
	for _, s := range sorted {
		if !s.to.After(s.from) {
			continue
		}
		if n := len(united); n > 0 && !s.from.After(united[n-1].to) {
			if s.to.After(united[n-1].to) {
				united[n-1].to = s.to
			}
			continue
		}
		united = append(united, s)
	}
	return united
}

// length adds up spans that don't overlap.
func length(united []span) time.Duration {
	var sum time.Duration
	for _, s := range united {
		sum += s.to.Sub(s.from)
	}
	return sum
}
