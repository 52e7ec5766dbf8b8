package classroom

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// evidenceStore is what accounts are made of.
type evidenceStore interface {
	RoomMeetings(ctx context.Context, roomID string) ([]Meeting, error)
	EvidenceOf(ctx context.Context, meetingID string) ([]Evidence, error)
	RoomPeople(ctx context.Context, roomID string) ([]Enrolment, error)
}

// settlementStore is what settling needs of the database.
type settlementStore interface {
	evidenceStore
	RoomPlacements(ctx context.Context, roomID string) ([]Placement, error)
	RoomDeliveries(ctx context.Context, roomID string) ([]Delivery, error)
	RoomResults(ctx context.Context, roomID string) ([]Result, error)
	SaveSettlement(context.Context, Settlement) error
	Resend(ctx context.Context, placementID, personID string) error
}

// A ledger is what a room's settlement is made of, beside the evidence.
type ledger struct {
	people     []Enrolment
	placements []Placement
	deliveries []Delivery
	results    []Result // as they were before
}

// Settle computes from all evidence of a room who attended what, what that
// makes of the rules, and what belongs in the gradebook. It may be repeated
// at any time: the same evidence comes to the same. It returns when to settle
// again, since what was observed counts by then; zero: when something happens.
func (s *Classes) Settle(ctx context.Context, roomID string) (time.Time, error) {
	l, err := s.ledger(ctx, roomID)
	if err != nil {
		return time.Time{}, err
	}
	meetings, err := s.Store.RoomMeetings(ctx, roomID)
	if err != nil {
		return time.Time{}, fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	accounts, err := accountsOf(ctx, s.Store, meetings, l.people)
	if err != nil {
		return time.Time{}, err
	}
	now := s.Now()
	next := waitsFor(accounts, now)
	st := settled(roomID, accounts, l, now)
	if err := s.Store.SaveSettlement(ctx, st); err != nil {
		return time.Time{}, fmt.Errorf("settlement of room %s: %w", roomID, err)
	}
	again := gradableNow(l, st.Results)
	for _, d := range again {
		if err := s.Store.Resend(ctx, d.PlacementID, d.PersonID); err != nil {
			return time.Time{}, fmt.Errorf("resend %s: %w", d.JobSubject(), err)
		}
	}
	if len(st.Deliveries)+len(again) > 0 {
		s.wake()
	}
	return next, nil
}

// waitsFor marks the accounts that don't count yet, since the exact report may
// still come, and returns when the first of them does; zero: all count.
func waitsFor(accounts []account, now time.Time) time.Time {
	var next time.Time
	for i := range accounts {
		a := &accounts[i]
		at := a.meeting.CountsAt
		a.counting = !a.finish.IsZero() && !a.Exact && now.Before(at)
		if a.counting && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

func (s *Classes) ledger(ctx context.Context, roomID string) (l ledger, err error) {
	if l.people, err = s.Store.RoomPeople(ctx, roomID); err != nil {
		return l, fmt.Errorf("people of room %s: %w", roomID, err)
	}
	if l.placements, err = s.Store.RoomPlacements(ctx, roomID); err != nil {
		return l, fmt.Errorf("placements of room %s: %w", roomID, err)
	}
	if l.deliveries, err = s.Store.RoomDeliveries(ctx, roomID); err != nil {
		return l, fmt.Errorf("deliveries of room %s: %w", roomID, err)
	}
	if l.results, err = s.Store.RoomResults(ctx, roomID); err != nil {
		return l, fmt.Errorf("results of room %s: %w", roomID, err)
	}
	return l, nil
}

// accountsOf are what the evidence of each meeting comes to.
func accountsOf(ctx context.Context, store evidenceStore, meetings []Meeting, people []Enrolment) ([]account, error) {
	known := map[string]bool{}
	for _, e := range people {
		known[e.PersonID] = true
	}
	accounts := make([]account, len(meetings))
	for i, m := range meetings {
		evidence, err := store.EvidenceOf(ctx, m.ID)
		if err != nil {
			return nil, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
		}
		accounts[i] = accountOf(m, evidence, func(id string) bool { return known[id] })
		if m.EndedAt.IsZero() {
			// It may end before this is saved, without a new piece of evidence
			// to tell by. So it stays dirty.
			accounts[i].Evidence = stillLives
		}
	}
	return accounts, nil
}

// stillLives is a number of pieces of evidence that no meeting has.
const stillLives = -1

// settled is the pure part: all that follows from the accounts and what there
// was before.
func settled(roomID string, accounts []account, l ledger, now time.Time) Settlement {
	st := Settlement{RoomID: roomID, At: now}
	st.Sessions, st.SessionOf = sessionsOf(roomID, accounts)
	st.Attendances = attendancesOf(st.Sessions, st.SessionOf, accounts)
	interims := interimsOf(st.SessionOf, accounts)
	var lost []Result
	for _, p := range l.placements {
		graded := gradedIn(p.CourseID, l.people)
		st.Results = append(st.Results, resultsOf(p, st.Sessions, interims, st.Attendances, graded)...)
		lost = append(lost, resultsOf(p, st.Sessions, nil, st.absent(p, l.deliveries), graded)...)
	}
	if st.goesOn() {
		lost = nil
	}
	st.follow(l.results, l.placements)
	// No class says anything of them yet.
	st.Results = slices.DeleteFunc(st.Results, func(r Result) bool { return r.Needed == 0 })
	st.Deliveries = planned(l.placements, slices.Concat(st.Results, lost), l.deliveries, now)
	for _, a := range accounts {
		if a.meeting.Dirty {
			st.Accounts = append(st.Accounts, a.MeetingAccount)
		}
	}
	return st
}

// goesOn reports whether the newest session isn't graded yet. While a class goes
// on or is being counted, nothing that was given is taken away: it may be the
// second half of a class that was graded when it had ended, and isn't now.
func (st *Settlement) goesOn() bool {
	n := len(st.Sessions)
	return n > 0 && st.Sessions[n-1].open()
}

// absent has, for those who came to nothing by all that is known now, but
// have a delivery in p, an attendance of no session.
func (st *Settlement) absent(p Placement, deliveries []Delivery) []Attendance {
	came := map[string]bool{}
	for _, a := range st.Attendances {
		came[a.PersonID] = true
	}
	var absent []Attendance
	for _, d := range deliveries {
		if d.PlacementID == p.ID && !came[d.PersonID] {
			absent = append(absent, Attendance{PersonID: d.PersonID})
		}
	}
	return absent
}

// follow compares the results with those before. While a class goes on, nobody
// has less than before, but it's worth what the rule says by now. What hasn't
// changed keeps its time.
func (st *Settlement) follow(before []Result, placements []Placement) {
	old, rules := map[ledgerKey]Result{}, map[string]Rule{}
	for _, r := range before {
		old[ledgerKey{r.PlacementID, r.PersonID}] = r
	}
	for _, p := range placements {
		rules[p.ID] = p.Rule
	}
	held := st.goesOn()
	for i := range st.Results {
		r := &st.Results[i]
		was, there := old[ledgerKey{r.PlacementID, r.PersonID}]
		if there && held && (r.Share < was.Share || r.Needed == 0) {
			*r = rules[r.PlacementID].worth(was)
		}
		if there && r.Points == was.Points && r.Complete == was.Complete && r.Sends == was.Sends {
			r.TrueAt = was.TrueAt
			continue
		}
		r.TrueAt = st.At.Truncate(time.Millisecond)
		if !r.TrueAt.After(was.TrueAt) {
			r.TrueAt = was.TrueAt.Add(time.Millisecond)
		}
	}
}

// gradableNow are the deliveries that were refused since the platform offered
// no way to grade, which it does by now.
func gradableNow(l ledger, results []Result) []Delivery {
	offers := map[string]bool{}
	for _, p := range l.placements {
		offers[p.ID] = p.offersGrading()
	}
	sends := map[ledgerKey]bool{}
	for _, r := range results {
		sends[ledgerKey{r.PlacementID, r.PersonID}] = r.Sends
	}
	var again []Delivery
	for _, d := range l.deliveries {
		lacked := d.Reason == ReasonScopeMissing || d.Reason == ReasonNoLineItem
		if d.State == Refused && lacked && offers[d.PlacementID] && sends[ledgerKey{d.PlacementID, d.PersonID}] {
			again = append(again, d)
		}
	}
	return again
}
