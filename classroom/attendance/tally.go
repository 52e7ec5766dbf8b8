package attendance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// A Result is what a placement's rule makes of a person's attendances.
type Result struct {
	PlacementID string
	PersonID    string
	Complete    bool
	Share       float64       // of what is needed, 0 to 1
	Points      float64       // of Rule.Points
	Time        time.Duration // that counted
	Needed      time.Duration // for all points; 0 if no session says yet
	TrueAt      time.Time     // when it came true, our clock
	Sends       bool          // belongs in the gradebook
}

// Same reports whether both say the same.
func (r Result) Same(o Result) bool {
	same := r.TrueAt.Equal(o.TrueAt)
	r.TrueAt = o.TrueAt
	return same && r == o
}

// A Tally is what all meetings of a room come to.
type Tally struct {
	Sessions  []Session         // in the order of time
	SessionOf map[string]string // Meeting.ID → Session.ID
	accounts  map[string][]Account
	sums      map[string]sum
	interims  map[string][]sum
}

// Count makes sessions of the accounts of all meetings of a room, and adds up
// the stays in them.
func Count(roomID string, accounts []Account) Tally {
	t := Tally{sums: map[string]sum{}, interims: map[string][]sum{}}
	t.Sessions, t.SessionOf = sessionsOf(roomID, accounts)
	t.accounts = bySession(t.SessionOf, accounts)
	for i := range t.Sessions {
		s := &t.Sessions[i]
		whole := sumOf(t.accounts[s.ID])
		s.Length, t.sums[s.ID] = whole.length, whole
		if interims := interimsOf(t.accounts[s.ID]); len(interims) > 0 {
			t.interims[s.ID] = interims
		}
	}
	return t
}

// Attendances are those of one session.
func (t Tally) Attendances(sessionID string) []Attendance {
	all, _ := Attendances(sessionID, t.accounts[sessionID])
	return all
}

// MadeOf tells apart what the attendances of a session are made of: while it is
// the same, they are.
func (t Tally) MadeOf(sessionID string) string {
	digest := sha256.New()
	for _, a := range t.accounts[sessionID] {
		packed := a.Pack()
		fmt.Fprintf(digest, "%s %d ", a.Meeting.ID, len(packed))
		digest.Write([]byte(packed))
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// GoesOn reports whether the newest session isn't graded yet. While a class goes
// on or is being counted, nothing that was given is taken away: it may be the
// second half of a class that was graded when it had ended, and isn't now.
func (t Tally) GoesOn() bool {
	n := len(t.Sessions)
	return n > 0 && t.Sessions[n-1].Open()
}

// Results are what a link's rules make of the attendances of those who are
// graded there and came to a session that counts for it.
func (t Tally) Results(l Link, c Counting, graded map[string]bool) []Result {
	came := t.came(l, c)
	return t.resultsOf(l, c, slices.DeleteFunc(came, func(id string) bool { return !graded[id] }))
}

// Absent are the results of those of people who came to nothing that counts,
// by all that is known now.
func (t Tally) Absent(l Link, c Counting, graded map[string]bool, people []string) []Result {
	came := t.came(l, c)
	var absent []string
	for _, id := range people {
		if _, found := slices.BinarySearch(came, id); graded[id] && !found {
			absent = append(absent, id)
		}
	}
	slices.Sort(absent)
	return t.resultsOf(l, c, slices.Compact(absent))
}

// came are the people who came to a session that counts for l, sorted.
func (t Tally) came(l Link, c Counting) []string {
	came := map[string]bool{}
	for _, s := range t.Sessions {
		if c.Counts(l, s.ID) {
			for _, person := range t.sums[s.ID].people {
				came[person] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(came))
}

// resultsOf applies a link's rules, each to the sessions of its time, to the
// times that people, who are sorted, were there. Of what the rules give, the most
// counts. Of a session that is open only what it had come to before counts.
func (t Tally) resultsOf(l Link, c Counting, people []string) []Result {
	worth := l.Worth()
	if worth.Measure == NoMeasure {
		return nil
	}
	rules := l.rules()
	eras := make([][]sitting, len(rules))
	for _, s := range t.Sessions {
		if c.Counts(l, s.ID) {
			era := l.era(c.Classes[s.ID])
			eras[era] = append(eras[era], t.sittings(s)...)
		}
	}
	results := make([]Result, len(people))
	for i, rule := range rules {
		rule.Points = worth.Points // what was given is a share, whatever all of it is worth now
		for k, history := range histories(eras[i], people) {
			if r := rule.judge(history); r.Needed > 0 && !results[k].above(r) {
				results[k] = r
			}
		}
	}
	for k := range results {
		r := &results[k]
		r.PlacementID, r.PersonID = l.PlacementID, people[k]
		r.Needed = r.Needed.Truncate(time.Millisecond) // as the store keeps it
	}
	return results
}

// histories go through sittings as each of people, who are sorted, attended
// them. What is yielded holds until the next one.
func histories(sittings []sitting, people []string) iter.Seq2[int, []attended] {
	number := make(map[string]int, len(people))
	for k, person := range people {
		number[person] = k
	}
	times := make([]time.Duration, len(people)*len(sittings)) // one person after the other
	for n, s := range sittings {
		for i, person := range s.people {
			if k, asked := number[person]; asked {
				times[k*len(sittings)+n] = s.times[i]
			}
		}
	}
	return func(yield func(int, []attended) bool) {
		history := make([]attended, len(sittings))
		for k := range people {
			for n, s := range sittings {
				history[n] = attended{time: times[k*len(sittings)+n], length: s.length, interim: s.interim}
			}
			if !yield(k, history) {
				return
			}
		}
	}
}

// A sitting is what a rule judges: a session that is over, or what one had come
// to before.
type sitting struct {
	sum
	interim bool
}

func (t Tally) sittings(s Session) []sitting {
	var all []sitting
	for _, part := range t.interims[s.ID] {
		all = append(all, sitting{part, true})
	}
	if !s.Open() {
		all = append(all, sitting{t.sums[s.ID], false})
	}
	return all
}

// above reports whether r gives more than a result of a later rule.
func (r Result) above(later Result) bool {
	return r.Points > later.Points || r.Complete && !later.Complete
}

// Follow compares results with those before, and sets since when each is true:
// what hasn't changed keeps its time. While a class goes on (held), nobody has
// less than before, but it's worth what the rule, by placement, says by now.
// Those of which no class says anything yet are left out.
func Follow(results, before []Result, rules map[string]Rule, held bool, now time.Time) []Result {
	type key struct{ placement, person string }
	old := map[key]Result{}
	for _, r := range before {
		old[key{r.PlacementID, r.PersonID}] = r
	}
	for i := range results {
		r := &results[i]
		was, there := old[key{r.PlacementID, r.PersonID}]
		if there && held && (r.Share < was.Share || r.Needed == 0) {
			rule := rules[r.PlacementID]
			rule.Proportional = rule.Proportional || was.Sends // it was, if a part of the points was given
			*r = rule.worth(was)
		}
		if there && r.Points == was.Points && r.Complete == was.Complete && r.Sends == was.Sends {
			r.TrueAt = was.TrueAt
			continue
		}
		r.TrueAt = now.Truncate(time.Millisecond)
		if !r.TrueAt.After(was.TrueAt) {
			r.TrueAt = was.TrueAt.Add(time.Millisecond)
		}
	}
	return slices.DeleteFunc(results, func(r Result) bool { return r.Needed == 0 })
}
