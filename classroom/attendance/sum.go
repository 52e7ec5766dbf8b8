package attendance

import (
	"cmp"
	"slices"
	"time"
)

// A sum is what meetings of one session come to.
type sum struct {
	length time.Duration            // the time in which anybody was there
	times  map[string]time.Duration // by person: united, two tabs count once
}

func sumOf(accounts []Account) sum {
	var whole []span
	spans := map[string][]span{}
	for _, a := range accounts {
		for person, s := range a.spans() {
			spans[person] = append(spans[person], s)
			whole = append(whole, s)
		}
	}
	all := sum{length: length(unite(whole)), times: make(map[string]time.Duration, len(spans))}
	for person, of := range spans {
		all.times[person] = length(unite(of))
	}
	return all
}

// bySession are the accounts of each session, in the order of time.
func bySession(sessionOf map[string]string, accounts []Account) map[string][]Account {
	all := map[string][]Account{}
	for _, a := range accounts {
		if session, ok := sessionOf[a.Meeting.ID]; ok {
			all[session] = append(all[session], a)
		}
	}
	for _, of := range all {
		slices.SortFunc(of, inOrder)
	}
	return all
}

// inOrder is the order of time.
func inOrder(a, b Account) int {
	return cmp.Or(a.Meeting.CreateTime.Compare(b.Meeting.CreateTime), cmp.Compare(a.Meeting.ID, b.Meeting.ID))
}

// interimsOf are what a session had come to when a meeting of it ended and the
// next one was a while off, in the order of time: by then the class was counted,
// and what a rule had given for it the rest of the session doesn't take away. A
// meeting that follows sooner than ReportWait is the same class still: nothing
// was counted in between.
func interimsOf(of []Account) []sum {
	var interims []sum
	for i := 1; i < len(of); i++ {
		if of[i].Meeting.CreateTime.Sub(of[i-1].end()) > ReportWait {
			interims = append(interims, sumOf(of[:i]))
		}
	}
	return interims
}
