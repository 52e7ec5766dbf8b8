package classroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// evidenceStore is what accounts are made of.
type evidenceStore interface {
	RoomMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error)
	EvidenceOf(ctx context.Context, meetingID string) ([]attendance.Evidence, error)
	RoomPeople(ctx context.Context, roomID string) ([]Enrolment, error)
}

// ledgerStore is what a ledger is made of.
type ledgerStore interface {
	evidenceStore
	countingStore
	RoomDeliveries(ctx context.Context, roomID string) ([]gradebook.Delivery, error)
	RoomResults(ctx context.Context, roomID string) ([]attendance.Result, error)
}

// settlementStore is what settling needs of the database.
type settlementStore interface {
	ledgerStore
	SaveSettlement(context.Context, Settlement) error
	Resend(ctx context.Context, placementID, personID string, replaces bool) error
}

// A ledger is what a room's settlement is made of.
type ledger struct {
	meetings   []attendance.Meeting
	accounts   []attendance.Account
	people     []Enrolment
	placements []Placement
	decisions  attendance.Decisions
	deliveries []gradebook.Delivery
	results    []attendance.Result // as they were before
}

// Settle computes from all evidence of a room who attended what, what that
// makes of the rules, and what belongs in the gradebook. It may be repeated
// at any time: the same evidence comes to the same. It returns when to settle
// again, since what was observed counts by then; zero: when something happens.
func (s *Classes) Settle(ctx context.Context, roomID string) (time.Time, error) {
	l, err := load(ctx, s.Store, roomID)
	if err != nil {
		return time.Time{}, err
	}
	now := s.Now()
	next := attendance.Wait(l.accounts, now)
	st := settled(roomID, l, now)
	return next, s.save(ctx, l, st)
}

func load(ctx context.Context, store ledgerStore, roomID string) (l ledger, err error) {
	if l.people, err = store.RoomPeople(ctx, roomID); err != nil {
		return l, fmt.Errorf("people of room %s: %w", roomID, err)
	}
	if l.placements, err = store.RoomPlacements(ctx, roomID); err != nil {
		return l, fmt.Errorf("placements of room %s: %w", roomID, err)
	}
	if l.deliveries, err = store.RoomDeliveries(ctx, roomID); err != nil {
		return l, fmt.Errorf("deliveries of room %s: %w", roomID, err)
	}
	if l.results, err = store.RoomResults(ctx, roomID); err != nil {
		return l, fmt.Errorf("results of room %s: %w", roomID, err)
	}
	if l.decisions, err = store.Decisions(ctx, roomID); err != nil {
		return l, fmt.Errorf("decisions about room %s: %w", roomID, err)
	}
	if l.meetings, err = store.RoomMeetings(ctx, roomID); err != nil {
		return l, fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	l.accounts, err = accountsOf(ctx, store, l.meetings, l.people)
	return l, err
}

// accountsOf are what the evidence of each meeting comes to.
func accountsOf(ctx context.Context, store evidenceStore, meetings []attendance.Meeting, people []Enrolment) ([]attendance.Account, error) {
	known := map[string]bool{}
	for _, e := range people {
		known[e.PersonID] = true
	}
	accounts := make([]attendance.Account, len(meetings))
	for i, m := range meetings {
		evidence, err := store.EvidenceOf(ctx, m.ID)
		if err != nil {
			return nil, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
		}
		accounts[i] = attendance.AccountOf(m, evidence, func(id string) bool { return known[id] })
		if m.EndedAt.IsZero() {
			// It may end before this is saved, without a new piece of evidence
			// to tell by. So it stays dirty.
			accounts[i].Evidence = attendance.StillLives
		}
	}
	return accounts, nil
}

// settled is the pure part: all that follows from the accounts and what there
// was before.
func settled(roomID string, l ledger, now time.Time) Settlement {
	tally := attendance.Count(roomID, l.accounts)
	results, deliveries := l.outcome(tally, tally.GoesOn(), now)
	st := Settlement{
		RoomID: roomID, At: now,
		Sessions: tally.Sessions, SessionOf: tally.SessionOf, Attendances: tally.Attendances, Results: results,
		Deliveries: deliveries,
	}
	for _, a := range l.accounts {
		if a.Meeting.Dirty {
			st.Accounts = append(st.Accounts, a)
		}
		if a.Counts() && !a.Meeting.Frozen {
			st.Frozen = append(st.Frozen, Frozen{a.Meeting.ID, learners(l.people)})
		}
	}
	return st
}

// learners are those of people who are graded.
func learners(people []Enrolment) []Enrolment {
	return slices.DeleteFunc(slices.Clone(people), func(e Enrolment) bool { return !e.Graded })
}

// outcome is what the placements' rules make of a tally, and what of that is
// to be sent. If held, nothing is taken away.
func (l ledger) outcome(tally attendance.Tally, held bool, now time.Time) ([]attendance.Result, []gradebook.Delivery) {
	var results, lost []attendance.Result
	rules := map[string]attendance.Rule{}
	counting := countingOf(l.placements, l.meetings, tally.SessionOf, l.decisions)
	for _, link := range counting.Links {
		rules[link.PlacementID] = link.Worth()
		graded := gradedIn(link.CourseID, l.people)
		results = append(results, tally.Results(link, counting, graded)...)
		if !held {
			lost = append(lost, tally.Absent(link, counting, graded, gradedBefore(link.PlacementID, l.deliveries))...)
		}
	}
	results = attendance.Follow(results, l.results, rules, held, now)
	return results, gradebook.Plan(rules, slices.Concat(results, lost), l.deliveries, attendance.Happened(l.accounts), now)
}

// gradedBefore are the people who have a delivery in a placement.
func gradedBefore(placementID string, deliveries []gradebook.Delivery) []string {
	var people []string
	for _, d := range deliveries {
		if d.PlacementID == placementID {
			people = append(people, d.PersonID)
		}
	}
	return people
}

// gradedIn are the learners of a course: no test user, nobody anonymous, and
// nobody who moderates in any course of the room.
func gradedIn(courseID string, people []Enrolment) map[string]bool {
	graded := map[string]bool{}
	for _, e := range people {
		if e.CourseID == courseID && e.Graded {
			graded[e.PersonID] = true
		}
	}
	for _, e := range people {
		if e.Role == Moderator {
			delete(graded, e.PersonID)
		}
	}
	return graded
}

func (s *Classes) save(ctx context.Context, l ledger, st Settlement) error {
	if err := s.Store.SaveSettlement(ctx, st); err != nil {
		return fmt.Errorf("settlement of room %s: %w", st.RoomID, err)
	}
	columns := map[string]gradebook.Column{}
	for _, p := range l.placements {
		columns[p.ID] = p.Column
	}
	again := gradebook.Again(columns, l.deliveries, st.Results)
	for _, d := range again {
		if err := s.Store.Resend(ctx, d.PlacementID, d.PersonID, false); err != nil {
			return fmt.Errorf("resend %s: %w", d.JobSubject(), err)
		}
	}
	if len(st.Deliveries)+len(again) > 0 {
		s.wake()
	}
	return nil
}
