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

// Results are what a placement's rule makes of the attendances of those who
// are graded there.
func (t Tally) Results(placementID string, rule Rule, graded map[string]bool) []Result {
	return resultsOf(placementID, rule, t.Sessions, t.interims, t.Attendances, graded)
}

// Absent are the results of those of people who came to nothing by all that
// is known now.
func (t Tally) Absent(placementID string, rule Rule, graded map[string]bool, people []string) []Result {
	came := map[string]bool{}
	for _, a := range t.Attendances {
		came[a.PersonID] = true
	}
	var absent []Attendance // of no session
	for _, id := range people {
		if !came[id] {
			absent = append(absent, Attendance{PersonID: id})
		}
	}
	return resultsOf(placementID, rule, t.Sessions, nil, absent, graded)
}

// resultsOf applies a placement's rule to each of its learners who has an
// attendance. Of a session that is open only what it had come to before counts.
func resultsOf(placementID string, rule Rule, sessions []Session, interims map[string][]interim, attendances []Attendance, graded map[string]bool) []Result {
	if rule.Measure == NoMeasure {
		return nil
	}
	times := map[string]map[string]time.Duration{} // person, session
	for _, a := range attendances {
		if !graded[a.PersonID] {
			continue
		}
		if times[a.PersonID] == nil {
			times[a.PersonID] = map[string]time.Duration{}
		}
		times[a.PersonID][a.SessionID] = a.Time
	}
	var results []Result
	for _, person := range slices.Sorted(maps.Keys(times)) {
		var history []attended
		for _, s := range sessions {
			for _, part := range interims[s.ID] {
				history = append(history, attended{time: part.times[person], length: part.length, interim: true})
			}
			if !s.Open() {
				history = append(history, attended{time: times[person][s.ID], length: s.Length})
			}
		}
		r := rule.judge(history)
		r.PlacementID, r.PersonID = placementID, person
		results = append(results, r)
	}
	return results
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
			*r = rules[r.PlacementID].worth(was)
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
