package classroom

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// sessionsOf makes sessions of a room's meetings: those that follow each other
// within SessionGap, by the server's clock. Meetings that ended with nobody in
// them are in none.
func sessionsOf(roomID string, accounts []account) ([]Session, map[string]string) {
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, func(a, b account) int {
		return cmp.Or(a.meeting.CreateTime.Compare(b.meeting.CreateTime), cmp.Compare(a.meeting.ID, b.meeting.ID))
	})
	var sessions []Session
	sessionOf := map[string]string{}
	var until time.Time // when the newest session's last meeting ended
	for i, a := range sorted {
		live := a.finish.IsZero() && i == len(sorted)-1
		if len(a.Stays) == 0 && !live {
			continue
		}
		n := len(sessions)
		if n == 0 || a.meeting.CreateTime.Sub(until) > SessionGap {
			sessions = append(sessions, Session{ID: a.meeting.ID, RoomID: roomID, StartedAt: a.begin(), Exact: true})
			n++
		}
		s := &sessions[n-1]
		sessionOf[a.meeting.ID] = s.ID
		s.Exact = s.Exact && a.Exact
		switch {
		case live:
			s.EndedAt = time.Time{}
		case a.To.After(s.EndedAt):
			s.EndedAt = a.To
		}
		if end := a.end(); end.After(until) || s.ID == a.meeting.ID {
			until = end
		}
	}
	return sessions, sessionOf
}

// begin is when somebody first came, or else when the meeting was made.
func (a account) begin() time.Time {
	if a.From.IsZero() {
		return a.meeting.CreateTime
	}
	return a.From
}

// end is when the meeting ended as far as the server's clock tells.
func (a account) end() time.Time {
	if a.Exact && !a.finish.IsZero() {
		return a.finish
	}
	if a.To.IsZero() {
		return a.meeting.CreateTime
	}
	return a.To
}

// attendancesOf unites each person's stays in each session, and sets the
// sessions' lengths: the time in which anybody was there.
func attendancesOf(sessions []Session, sessionOf map[string]string, accounts []account) []Attendance {
	type key struct{ session, person string }
	spans := map[key][]span{}
	activities := map[key]Activity{}
	whole := map[string][]span{}
	for _, a := range accounts {
		session, ok := sessionOf[a.MeetingID]
		if !ok {
			continue
		}
		for _, s := range a.Stays {
			k := key{session, s.PersonID}
			spans[k] = append(spans[k], span{s.From, s.To})
			whole[session] = append(whole[session], span{s.From, s.To})
		}
		for person, activity := range a.Activities {
			k := key{session, person}
			activities[k] = activities[k].plus(activity)
		}
	}
	for i := range sessions {
		sessions[i].Length = length(unite(whole[sessions[i].ID]))
	}
	var all []Attendance
	for k, s := range spans {
		all = append(all, Attendance{SessionID: k.session, PersonID: k.person, Time: length(unite(s)), Activity: activities[k]})
	}
	slices.SortFunc(all, func(a, b Attendance) int {
		return cmp.Or(cmp.Compare(a.SessionID, b.SessionID), cmp.Compare(a.PersonID, b.PersonID))
	})
	return all
}

// resultsOf applies a placement's rule to each learner of its course who came
// to an ended session.
func resultsOf(p Placement, sessions []Session, attendances []Attendance, graded map[string]bool) []Result {
	if p.Rule.Measure == NoMeasure {
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
			if !s.EndedAt.IsZero() {
				history = append(history, attended{times[person][s.ID], s.Length})
			}
		}
		if len(history) == 0 {
			continue
		}
		r := p.Rule.judge(history)
		r.PlacementID, r.PersonID = p.ID, person
		results = append(results, r)
	}
	return results
}

// gradedIn are the learners of a course: nobody who moderates it, no test
// user, nobody anonymous.
func gradedIn(courseID string, people []Enrolment) map[string]bool {
	graded := map[string]bool{}
	for _, e := range people {
		if e.CourseID == courseID && e.Graded && e.Role == Viewer {
			graded[e.PersonID] = true
		}
	}
	return graded
}

// planned are the deliveries that results call for, beside those that are
// there already: new ones, and ones whose value has changed.
//
// What doesn't pass isn't sent, unless something else was: then the gradebook
// is told that it no longer holds.
func planned(placements []Placement, results []Result, known []Delivery, now time.Time) []Delivery {
	type key struct{ placement, person string }
	old := map[key]Delivery{}
	for _, d := range known {
		old[key{d.PlacementID, d.PersonID}] = d
	}
	rules := map[string]Rule{}
	for _, p := range placements {
		rules[p.ID] = p.Rule
	}
	var plan []Delivery
	for _, r := range results {
		before, there := old[key{r.PlacementID, r.PersonID}]
		if !r.Sends && !there {
			continue
		}
		d := Delivery{
			PlacementID: r.PlacementID, PersonID: r.PersonID, Points: r.Points, Max: rules[r.PlacementID].Points,
			Comment: comment(r), TrueAt: now, State: Waiting,
		}
		if there {
			if before.Points == d.Points && before.Max == d.Max {
				continue
			}
			if !now.After(before.TrueAt) {
				d.TrueAt = before.TrueAt.Add(time.Millisecond)
			}
		}
		plan = append(plan, d)
	}
	return plan
}

// comment goes with a grade. The teacher's language isn't known here.
func comment(r Result) string {
	return fmt.Sprintf("%d / %d min", int(r.Time/time.Minute), int(r.Needed/time.Minute))
}

// settlementStore is what settling needs of the database.
type settlementStore interface {
	RoomMeetings(ctx context.Context, roomID string) ([]Meeting, error)
	EvidenceOf(ctx context.Context, meetingID string) ([]Evidence, error)
	RoomPlacements(ctx context.Context, roomID string) ([]Placement, error)
	RoomPeople(ctx context.Context, roomID string) ([]Enrolment, error)
	RoomDeliveries(ctx context.Context, roomID string) ([]Delivery, error)
	RoomResults(ctx context.Context, roomID string) ([]Result, error)
	SaveSettlement(context.Context, Settlement) error
}

// Settle computes from all evidence of a room who attended what, what that
// makes of the rules, and what belongs in the gradebook. It may be repeated
// at any time: the same evidence comes to the same.
func (s *Classes) Settle(ctx context.Context, roomID string) error {
	people, err := s.Store.RoomPeople(ctx, roomID)
	if err != nil {
		return fmt.Errorf("people of room %s: %w", roomID, err)
	}
	accounts, err := s.accounts(ctx, roomID, people)
	if err != nil {
		return err
	}
	placements, err := s.Store.RoomPlacements(ctx, roomID)
	if err != nil {
		return fmt.Errorf("placements of room %s: %w", roomID, err)
	}
	deliveries, err := s.Store.RoomDeliveries(ctx, roomID)
	if err != nil {
		return fmt.Errorf("deliveries of room %s: %w", roomID, err)
	}
	before, err := s.Store.RoomResults(ctx, roomID)
	if err != nil {
		return fmt.Errorf("results of room %s: %w", roomID, err)
	}
	now := s.Now()
	st := settled(roomID, accounts, placements, people)
	st.At = now
	st.keepTrueAt(before)
	st.Deliveries = planned(placements, st.Results, deliveries, now)
	for _, a := range accounts {
		if a.meeting.Dirty {
			st.Accounts = append(st.Accounts, a.MeetingAccount)
		}
	}
	if err := s.Store.SaveSettlement(ctx, st); err != nil {
		return fmt.Errorf("settlement of room %s: %w", roomID, err)
	}
	if len(st.Deliveries) > 0 {
		s.wake()
	}
	return nil
}

func (s *Classes) accounts(ctx context.Context, roomID string, people []Enrolment) ([]account, error) {
	known := map[string]bool{}
	for _, e := range people {
		known[e.PersonID] = true
	}
	all, err := s.Store.RoomMeetings(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	accounts := make([]account, len(all))
	for i, m := range all {
		evidence, err := s.Store.EvidenceOf(ctx, m.ID)
		if err != nil {
			return nil, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
		}
		accounts[i] = accountOf(m, evidence, func(id string) bool { return known[id] })
	}
	return accounts, nil
}

// settled is the pure part: all that follows from the accounts.
func settled(roomID string, accounts []account, placements []Placement, people []Enrolment) Settlement {
	st := Settlement{RoomID: roomID}
	st.Sessions, st.SessionOf = sessionsOf(roomID, accounts)
	st.Attendances = attendancesOf(st.Sessions, st.SessionOf, accounts)
	for _, p := range placements {
		st.Results = append(st.Results, resultsOf(p, st.Sessions, st.Attendances, gradedIn(p.CourseID, people))...)
	}
	return st
}

// keepTrueAt leaves results that were true before with their time.
func (st *Settlement) keepTrueAt(before []Result) {
	type key struct{ placement, person string }
	old := map[key]Result{}
	for _, r := range before {
		old[key{r.PlacementID, r.PersonID}] = r
	}
	for i, r := range st.Results {
		st.Results[i].TrueAt = st.At
		if o, ok := old[key{r.PlacementID, r.PersonID}]; ok && o.Points == r.Points && o.Complete == r.Complete {
			st.Results[i].TrueAt = o.TrueAt
		}
	}
}
