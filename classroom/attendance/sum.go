package attendance

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A sum is what meetings of one session come to.
type sum struct {
	length time.Duration   // the time in which anybody was there
	people []string        // who was, sorted
	times  []time.Duration // of each of them: united, two tabs count once
}

func sumOf(accounts []Account) sum {
	if len(accounts) == 1 { // nearly all: a room has hundreds of them
		if s, ok := accounts[0].sum(); ok {
			return s
		}
	}
	var whole []span
	spans := map[string][]span{}
	for _, a := range accounts {
		for person, s := range a.spans() {
			spans[person] = append(spans[person], s)
			whole = append(whole, s)
		}
	}
	all := sum{length: length(unite(whole)), people: slices.Sorted(maps.Keys(spans))}
	for _, person := range all.people {
		all.times = append(all.times, length(unite(spans[person])))
	}
	return all
}

// sum is that of a packed account by itself, whose stays are in the order of
// their beginnings. ok is false for others.
func (a Account) sum() (s sum, ok bool) {
	if a.Packed == "" {
		return sum{}, false
	}
	p := open(a.Packed)
	var whole union
	each := make([]union, len(p.people))
	ordered := slices.IsSorted(p.people)
	good := p.readNumbered(func(person uint64, from, to time.Duration, _ Source) bool {
		ordered = ordered && whole.add(from, to) && each[person].add(from, to)
		return ordered
	})
	s = sum{length: whole.long, people: make([]string, 0, len(each)), times: make([]time.Duration, 0, len(each))}
	for i, there := range each {
		if there.long > 0 {
			s.people, s.times = append(s.people, p.people[i]), append(s.times, there.long)
		}
	}
	return s, good && ordered
}

// A union is the length of spans that come in the order of their beginnings.
// It begins at 0.
type union struct{ long, from, to time.Duration }

// add is false for a span that is out of order.
func (u *union) add(from, to time.Duration) bool {
	if from < u.from || to < from {
		return false
	}
	if u.long += max(0, to-max(from, u.to)); to > u.to {
		u.to = to
	}
	u.from = from
	return true
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
// meeting that follows within ReportWait is the same class still: nothing was
// counted in between.
func interimsOf(of []Account) []sum {
	var interims []sum
	for i := 1; i < len(of); i++ {
		if of[i].Meeting.CreateTime.Sub(of[i-1].end()) > ReportWait {
			interims = append(interims, sumOf(of[:i]))
		}
	}
	return interims
}
