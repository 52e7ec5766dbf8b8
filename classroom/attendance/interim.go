package attendance

import (
	"cmp"
	"slices"
	"time"
)

// An interim is what a session had come to when a meeting of it ended and the
// next one was a while off: by then the class was counted, and what a rule had
// given for it the rest of the session doesn't take away.
type interim struct {
	length time.Duration
	times  map[string]time.Duration // by person
}

// interimsOf finds the interims of each session, in the order of time. A meeting
// that follows sooner than ReportWait is the same class still: nothing was
// counted in between.
func interimsOf(sessionOf map[string]string, accounts []Account) map[string][]interim {
	bySession := map[string][]Account{}
	for _, a := range accounts {
		if session, ok := sessionOf[a.Meeting.ID]; ok {
			bySession[session] = append(bySession[session], a)
		}
	}
	interims := map[string][]interim{}
	for session, of := range bySession {
		slices.SortFunc(of, func(a, b Account) int {
			return cmp.Or(a.Meeting.CreateTime.Compare(b.Meeting.CreateTime), cmp.Compare(a.Meeting.ID, b.Meeting.ID))
		})
		for i := 1; i < len(of); i++ {
			if of[i].Meeting.CreateTime.Sub(of[i-1].end()) > ReportWait {
				interims[session] = append(interims[session], interimAfter(of[:i]))
			}
		}
	}
	return interims
}

// interimAfter is what meetings come to.
func interimAfter(accounts []Account) interim {
	var whole []span
	spans := map[string][]span{}
	for _, a := range accounts {
		for _, s := range a.Stays {
			spans[s.PersonID] = append(spans[s.PersonID], span{s.From, s.To})
			whole = append(whole, span{s.From, s.To})
		}
	}
	p := interim{length: length(unite(whole)), times: map[string]time.Duration{}}
	for person, of := range spans {
		p.times[person] = length(unite(of))
	}
	return p
}
