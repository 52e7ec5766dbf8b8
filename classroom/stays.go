package classroom

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
)

// A span is a time in which somebody was there. The end is not part of it.
type span struct{ from, to time.Time }

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

// A presence is who was there and when, by one source.
type presence struct {
	spans      map[string][]span // by person
	activities map[string]Activity
	finish     time.Time // the meeting's end as the source says it; zero: it doesn't
	reports    int
}

func (p presence) empty() bool { return len(p.spans) == 0 }

// exactPresence is that of all reports of the meeting. Reports that differ
// are united, so their order means nothing.
func exactPresence(m Meeting, evidence []Evidence, known func(string) bool) presence {
	p := presence{spans: map[string][]span{}, activities: map[string]Activity{}}
	for _, e := range evidence {
		if e.Source != Analytics {
			continue
		}
		report, err := bbb.ParseAnalytics(e.Body)
		if err != nil || report.Breakout || report.InternalMeetingID != m.InternalID {
			continue
		}
		p.reports++
		if report.Finish.After(p.finish) {
			p.finish = report.Finish
		}
		for _, a := range report.Attendees {
			if !known(a.UserID) {
				continue
			}
			for _, stay := range a.Stays {
				p.spans[a.UserID] = append(p.spans[a.UserID], span{stay.From, stay.To})
			}
			p.activities[a.UserID] = p.activities[a.UserID].atLeast(activityOf(a.Activity))
		}
	}
	return p
}

func activityOf(a bbb.Activity) Activity {
	return Activity{Chats: a.Chats, Talks: a.Talks, RaiseHands: a.RaiseHands, Emojis: a.Emojis, PollVotes: a.PollVotes, TalkTime: a.TalkTime}
}

// atLeast is the greater of each count: of two reports of one meeting.
func (a Activity) atLeast(b Activity) Activity {
	return Activity{
		Chats: max(a.Chats, b.Chats), Talks: max(a.Talks, b.Talks), RaiseHands: max(a.RaiseHands, b.RaiseHands),
		Emojis: max(a.Emojis, b.Emojis), PollVotes: max(a.PollVotes, b.PollVotes), TalkTime: max(a.TalkTime, b.TalkTime),
	}
}

// plus adds what was done in two meetings.
func (a Activity) plus(b Activity) Activity {
	return Activity{
		Chats: a.Chats + b.Chats, Talks: a.Talks + b.Talks, RaiseHands: a.RaiseHands + b.RaiseHands,
		Emojis: a.Emojis + b.Emojis, PollVotes: a.PollVotes + b.PollVotes, TalkTime: a.TalkTime + b.TalkTime,
	}
}

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
func observedPresence(m Meeting, evidence []Evidence, known func(string) bool) presence {
	p := presence{spans: map[string][]span{}}
	all := looks(m, evidence)
	hints := joinHints(m, evidence)
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

// clockOffset is how far the server's clock is ahead of ours. If the creation
// wasn't seen it isn't known, but nobody can have come before it: a server
// that is ahead is at least as far ahead as that takes.
func clockOffset(m Meeting, evidence []Evidence) time.Duration {
	if m.ClockOffset != 0 {
		return m.ClockOffset
	}
	var offset time.Duration
	for _, e := range evidence {
		if e.Source != Analytics {
			offset = max(offset, m.CreateTime.Sub(e.At))
		}
	}
	return offset
}

// An account is what a meeting's evidence comes to, and when it ended.
type account struct {
	MeetingAccount
	meeting  Meeting
	finish   time.Time // server's clock; zero while it lives
	counting bool      // it has ended, but what was observed doesn't count yet
}

// accountOf makes a meeting's account. An exact source replaces what was
// observed, unless it knows nobody of those who were seen.
func accountOf(m Meeting, evidence []Evidence, known func(string) bool) account {
	m.ClockOffset = clockOffset(m, evidence)
	exact := exactPresence(m, evidence, known)
	if !exact.finish.IsZero() { // better than what a poll made of it, whichever came first
		m.EndedAt = exact.finish
	}
	used, source := exact, Analytics
	if exact.empty() {
		if observed := observedPresence(m, evidence, known); !observed.empty() || exact.reports == 0 {
			used, source = observed, Poll
		}
	}
	a := account{meeting: m, finish: m.EndedAt, MeetingAccount: MeetingAccount{
		MeetingID: m.ID, Exact: source == Analytics, Activities: used.activities, Evidence: len(evidence),
	}}
	for _, e := range evidence {
		if e.Until.After(a.Until) {
			a.Until = e.Until
		}
	}
	for person, spans := range used.spans {
		for _, s := range unite(spans) {
			a.Stays = append(a.Stays, Stay{MeetingID: m.ID, PersonID: person, From: s.from, To: s.to, Source: source})
		}
	}
	slices.SortFunc(a.Stays, func(x, y Stay) int { return cmp.Or(x.From.Compare(y.From), cmp.Compare(x.PersonID, y.PersonID)) })
	for _, s := range a.Stays {
		if a.From.IsZero() || s.From.Before(a.From) {
			a.From = s.From
		}
		if s.To.After(a.To) {
			a.To = s.To
		}
	}
	return a
}
