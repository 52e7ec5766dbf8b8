package attendance

import (
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

// A Tally is what all meetings of a room come to.
type Tally struct {
	Sessions    []Session         // in the order of time
	SessionOf   map[string]string // Meeting.ID → Session.ID
	Attendances []Attendance
	interims    map[string][]interim
}

// Count makes sessions of the accounts of all meetings of a room, and
// attendances of the stays in them.
func Count(roomID string, accounts []Account) Tally {
	var t Tally
	t.Sessions, t.SessionOf = sessionsOf(roomID, accounts)
	t.Attendances = Attendances(t.Sessions, t.SessionOf, accounts)
	t.interims = interimsOf(t.SessionOf, accounts)
	return t
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
	return resultsOf(l, c, t.Sessions, t.interims, t.times(l, c, graded))
}

// Absent are the results of those of people who came to nothing that counts,
// by all that is known now.
func (t Tally) Absent(l Link, c Counting, graded map[string]bool, people []string) []Result {
	came := t.times(l, c, graded)
	absent := map[string]map[string]time.Duration{}
	for _, id := range people {
		if graded[id] && came[id] == nil {
			absent[id] = nil
		}
	}
	return resultsOf(l, c, t.Sessions, nil, absent)
}

// times are how long each learner was in each session that counts for l.
func (t Tally) times(l Link, c Counting, graded map[string]bool) map[string]map[string]time.Duration {
	times := map[string]map[string]time.Duration{}
	for _, a := range t.Attendances {
		if !graded[a.PersonID] || !c.Counts(l, a.SessionID) {
			continue
		}
		if times[a.PersonID] == nil {
			times[a.PersonID] = map[string]time.Duration{}
		}
		times[a.PersonID][a.SessionID] = a.Time
	}
	return times
}

// resultsOf applies a link's rules, each to the sessions of its time, to the
// times that people were there. Of what the rules give, the most counts. Of a
// session that is open only what it had come to before counts.
func resultsOf(l Link, c Counting, sessions []Session, interims map[string][]interim, times map[string]map[string]time.Duration) []Result {
	worth := l.Worth()
	if worth.Measure == NoMeasure {
		return nil
	}
	rules := l.rules()
	sessions = slices.DeleteFunc(slices.Clone(sessions), func(s Session) bool { return !c.Counts(l, s.ID) })
	var results []Result
	for _, person := range slices.Sorted(maps.Keys(times)) {
		histories := make([][]attended, len(rules))
		for _, s := range sessions {
			h := &histories[l.era(c.Classes[s.ID])]
			for _, part := range interims[s.ID] {
				*h = append(*h, attended{time: part.times[person], length: part.length, interim: true})
			}
			if !s.Open() {
				*h = append(*h, attended{time: times[person][s.ID], length: s.Length})
			}
		}
		var best Result
		for i, rule := range rules {
			rule.Points = worth.Points // what was given is a share, whatever all of it is worth now
			if r := rule.judge(histories[i]); r.Needed > 0 && !best.above(r) {
				best = r
			}
		}
		best.PlacementID, best.PersonID = l.PlacementID, person
		results = append(results, best)
	}
	return results
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
