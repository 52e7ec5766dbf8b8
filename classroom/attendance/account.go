package attendance

import (
	"cmp"
	"iter"
	"maps"
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
	Strangers  []string            // whom the evidence names and nobody knew, sorted
	Reported   time.Time           // our clock: when the newest report came; zero: none has
	Packed     string              // as it is kept; if it isn't empty, Stays, Activities and Strangers are there alone
	Recorded   Recorded            // what it was made of, beside the evidence
}

// Recorded is what an account takes from the meeting as it was recorded.
type Recorded struct {
	CreateTime, EndedAt time.Time
	ClockOffset         time.Duration
}

func recordedOf(m Meeting) Recorded { return Recorded{m.CreateTime, m.EndedAt, m.ClockOffset} }

// same compares what the store keeps of both.
func (r Recorded) same(other Recorded) bool {
	return whole(r.CreateTime).Equal(whole(other.CreateTime)) && whole(r.EndedAt).Equal(whole(other.EndedAt)) && r.ClockOffset == other.ClockOffset
}

// AccountOf makes a meeting's account. Reports replace what was observed of the
// people whom they name, for the time that they span. Of the others, and
// outside that time, what two looks or more saw stays: a report that doesn't
// name somebody says nothing about them. One that names nobody of ours covers
// nothing, unless nobody was seen.
func AccountOf(m Meeting, evidence []Evidence, isKnown func(string) bool) Account {
	strangers, recorded := map[string]bool{}, recordedOf(m)
	known := func(id string) bool {
		ok := isKnown(id)
		if !ok {
			strangers[id] = true
		}
		return ok
	}
	exact := exactPresence(m, evidence, known)
	timed := m.ClockOffset != 0 // else both clocks can't be compared to the minute
	m.ClockOffset = clockOffset(m, evidence, exact.finish)
	all, hints := looks(m, evidence), joinHints(m, evidence)
	m.EndedAt = whole(exact.end(m, all))
	observed := observedPresence(m, all, hints, known)
	a := Account{Meeting: m, Recorded: recorded, Exact: exact.reports > 0 && (!exact.empty() || observed.empty())}
	if a.Exact {
		a.Activities, observed = exact.activities, exact.besides(m, all, hints, known, timed)
	}
	for _, e := range evidence {
		if e.Source == Analytics && e.At.After(a.Reported) {
			a.Reported = e.At
		}
	}
	a.add(exact, Analytics)
	a.add(observed, Poll)
	a.Strangers = slices.Sorted(maps.Keys(strangers))
	a.sort()
	return a
}

// whole is t as the store keeps it.
func whole(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

func (a *Account) add(p presence, source Source) {
	for person, spans := range p.spans {
		for i := range spans {
			spans[i] = span{whole(spans[i].from), whole(spans[i].to)}
		}
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

func (a *Account) sort() {
	slices.SortFunc(a.Stays, func(x, y Stay) int { return cmp.Or(x.From.Compare(y.From), cmp.Compare(x.PersonID, y.PersonID)) })
}

// Came reports whether anybody was there.
func (a Account) Came() bool { return !a.From.IsZero() }

// spans are the people's stays.
func (a Account) spans() iter.Seq2[string, span] {
	return func(yield func(string, span) bool) {
		if a.Packed != "" {
			p := open(a.Packed)
			p.readStays(func(person string, s span, _ Source) bool { return yield(person, s) })
			return
		}
		for _, s := range a.Stays {
			if !yield(s.PersonID, span{s.From, s.To}) {
				return
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
	return !a.Meeting.EndedAt.IsZero() && !a.Counting && a.Came()
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
