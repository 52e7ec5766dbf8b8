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
	Exact      bool      // an exact source covers the meeting
	Counting   bool      // it has ended, but what was observed doesn't count yet
	Stays      []Stay
	Activities map[string]Activity // by person
	Evidence   int                 // how many pieces of evidence it reflects; StillLives: the meeting lives, and stays dirty
	Until      time.Time           // of the newest piece: a poll that finds the same makes it last longer
	Reported   time.Time           // our clock: when the newest report came; zero: none has
}

// StillLives is a number of pieces of evidence that no meeting has.
const StillLives = -1

// AccountOf makes a meeting's account. An exact source replaces what was
// observed, unless it knows nobody of those who were seen.
func AccountOf(m Meeting, evidence []Evidence, known func(string) bool) Account {
	m.ClockOffset = ClockOffset(m, evidence)
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
	a := Account{Meeting: m, Exact: source == Analytics, Activities: used.activities, Evidence: len(evidence)}
	for _, e := range evidence {
		if e.Until.After(a.Until) {
			a.Until = e.Until
		}
		if e.Source == Analytics && e.At.After(a.Reported) {
			a.Reported = e.At
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
