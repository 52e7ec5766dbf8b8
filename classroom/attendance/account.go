package attendance

import (
	"cmp"
	"slices"
	"time"
)

// An Account is what the evidence of one meeting comes to.
type Account struct {
	Meeting    Meeting   // EndedAt is the exact source's, if there is one
	From, To   time.Time // first and last presence; zero if nobody came
	Exact      bool      // an exact source covers the meeting; whom it doesn't name has stays from polls
	Counting   bool      // it has ended, but what was observed doesn't count yet
	Stays      []Stay
	Activities map[string]Activity // by person
	Evidence   int                 // how many pieces of evidence it reflects; StillLives: the meeting lives, and stays dirty
	Until      time.Time           // of the newest piece: a poll that finds the same makes it last longer
	Reported   time.Time           // our clock: when the newest report came; zero: none has
}

// StillLives is a number of pieces of evidence that no meeting has.
const StillLives = -1

// AccountOf makes a meeting's account. Reports replace what was observed of the
// people whom they name, for the time that they span. Of the others, and
// outside that time, what two looks or more saw stays: a report that doesn't
// name somebody says nothing about them. One that names nobody of ours covers
// nothing, unless nobody was seen.
func AccountOf(m Meeting, evidence []Evidence, known func(string) bool) Account {
	exact := exactPresence(m, evidence, known)
	timed := m.ClockOffset != 0 // else both clocks can't be compared to the minute
	m.ClockOffset = clockOffset(m, evidence, exact.finish)
	all, hints := looks(m, evidence), joinHints(m, evidence)
	m.EndedAt = exact.end(m, all)
	observed := observedPresence(m, all, hints, known)
	a := Account{Meeting: m, Evidence: len(evidence), Exact: exact.reports > 0 && (!exact.empty() || observed.empty())}
	if a.Exact {
		a.Activities, observed = exact.activities, exact.besides(m, all, hints, known, timed)
	}
	for _, e := range evidence {
		if e.Until.After(a.Until) {
			a.Until = e.Until
		}
		if e.Source == Analytics && e.At.After(a.Reported) {
			a.Reported = e.At
		}
	}
	a.add(exact, Analytics)
	a.add(observed, Poll)
	slices.SortFunc(a.Stays, func(x, y Stay) int { return cmp.Or(x.From.Compare(y.From), cmp.Compare(x.PersonID, y.PersonID)) })
	return a
}

func (a *Account) add(p presence, source Source) {
	for person, spans := range p.spans {
		for _, s := range unite(spans) {
			a.Stays = append(a.Stays, Stay{MeetingID: a.Meeting.ID, PersonID: person, From: s.from, To: s.to, Source: source})
			if a.From.IsZero() || s.from.Before(a.From) {
				a.From = s.from
			}
			if s.to.After(a.To) {
				a.To = s.to
			}
		}
	}
}

// begin is when somebody first came, or else when the meeting was made.
func (a Account) begin() time.Time {
	if a.From.IsZero() {
		return a.Meeting.CreateTime
	}
	return a.From
}

// end is when the meeting ended as far as the server's clock tells.
func (a Account) end() time.Time {
	switch {
	case !a.Meeting.EndedAt.IsZero():
		return a.Meeting.EndedAt
	case !a.To.IsZero():
		return a.To
	}
	return a.Meeting.CreateTime
}

// Counts reports whether the meeting is over for good: it has ended, people came,
// and what was observed of it counts or has been replaced.
func (a Account) Counts() bool {
	return !a.Meeting.EndedAt.IsZero() && !a.Counting && len(a.Stays) > 0
}

// Wait marks the accounts that don't count yet, since the exact report may
// still come, and returns when the first of them does; zero: all count.
func Wait(accounts []Account, now time.Time) time.Time {
	var next time.Time
	for i := range accounts {
		a := &accounts[i]
		at := a.Meeting.CountsAt
		a.Counting = !a.Meeting.EndedAt.IsZero() && !a.Exact && now.Before(at)
		if a.Counting && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
