package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// ledgerStore is what a ledger is made of.
type ledgerStore interface {
	evidenceStore
	countingStore
	Settlements(ctx context.Context, roomID string) (int64, error)
	RoomAccounts(ctx context.Context, roomID string) (map[string]string, error)
	RoomSessions(ctx context.Context, roomID string) ([]KeptSession, error)
	RoomDeliveries(ctx context.Context, roomID string) ([]gradebook.Delivery, error)
	RoomResults(ctx context.Context, roomID string) ([]attendance.Result, error)
}

// settlementStore is what settling needs of the database.
type settlementStore interface {
	ledgerStore
	SaveAccount(context.Context, attendance.Account) error
	SaveSettlement(context.Context, Settlement) error
	SaveAttended(ctx context.Context, roomID string, settlements int64, a Attended) error
	SaveExpected(context.Context, Frozen) error
	Resend(ctx context.Context, placementID, personID string, replaces bool) error
}

// A ledger is what a room's settlement is made of.
type ledger struct {
	settlements int64 // so many came before
	meetings    []attendance.Meeting
	accounts    []attendance.Account
	people      []Enrolment
	placements  []Placement
	decisions   attendance.Decisions
	sessions    []KeptSession // as they were before, like those that follow
	deliveries  []gradebook.Delivery
	results     []attendance.Result
}

// settleTries is how often a room is settled once more since somebody else has
// done so meanwhile.
const settleTries = 3

// Settle computes who attended what in a room, what that makes of the rules,
// and what belongs in the gradebook. It may be repeated at any time: the same
// evidence comes to the same. Only of meetings of which something is new the
// evidence is read; what the others come to was kept. It returns when to settle
// again, since what was observed counts by then; zero: when something happens.
func (s *Classes) Settle(ctx context.Context, roomID string) (time.Time, error) {
	for tries := 1; ; tries++ {
		next, err := s.settleOnce(ctx, roomID)
		if !errors.Is(err, ErrOutdated) || tries == settleTries {
			return next, err
		}
	}
}

func (s *Classes) settleOnce(ctx context.Context, roomID string) (time.Time, error) {
	l, err := load(ctx, s.Store, roomID, s.Store.SaveAccount)
	if err != nil {
		return time.Time{}, err
	}
	now := s.Now()
	next := attendance.Wait(l.accounts, now)
	st := settled(roomID, l, now)
	return next, s.save(ctx, l, st)
}

// load reads a room's ledger. keep is called with each account that had to be
// made of evidence; it may be nil.
func load(ctx context.Context, store ledgerStore, roomID string, keep keeper) (l ledger, err error) {
	if l.settlements, err = store.Settlements(ctx, roomID); err != nil {
		return l, fmt.Errorf("settlements of room %s: %w", roomID, err)
	}
	if l.people, err = store.RoomPeople(ctx, roomID); err != nil {
		return l, fmt.Errorf("people of room %s: %w", roomID, err)
	}
	if l.placements, err = store.RoomPlacements(ctx, roomID); err != nil {
		return l, fmt.Errorf("placements of room %s: %w", roomID, err)
	}
	if l.sessions, err = store.RoomSessions(ctx, roomID); err != nil {
		return l, fmt.Errorf("sessions of room %s: %w", roomID, err)
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
	kept, err := store.RoomAccounts(ctx, roomID)
	if err != nil {
		return l, fmt.Errorf("accounts of room %s: %w", roomID, err)
	}
	l.accounts, err = accountsOf(ctx, store, l.meetings, kept, knownOf(l.people), keep)
	return l, err
}

// settled is the pure part: all that follows from the accounts and what there
// was before.
func settled(roomID string, l ledger, now time.Time) Settlement {
	tally := attendance.Count(roomID, l.accounts)
	results, deliveries := l.outcome(tally, tally.GoesOn(), now)
	st := Settlement{
		RoomID: roomID, After: l.settlements, At: now,
		Sessions: tally.Sessions, SessionOf: tally.SessionOf, Results: results, Deliveries: deliveries,
	}
	madeOf := map[string]string{}
	for _, s := range l.sessions {
		madeOf[s.ID] = s.MadeOf
	}
	for _, s := range tally.Sessions {
		if made := tally.MadeOf(s.ID); made != madeOf[s.ID] {
			st.Attended = append(st.Attended, Attended{SessionID: s.ID, MadeOf: made, People: tally.Attendances(s.ID)})
		}
	}
	for _, a := range l.accounts {
		if a.Counts() && !a.Meeting.Frozen {
			st.Frozen = append(st.Frozen, Frozen{a.Meeting.ID, learners(l.people)})
		}
	}
	return st
}

// changes reports whether st says anything that isn't kept already.
func (l ledger) changes(st Settlement) bool {
	if len(st.Attended)+len(st.Deliveries)+len(st.Frozen) > 0 || len(st.Sessions) != len(l.sessions) || len(st.Results) != len(l.results) {
		return true
	}
	sessions := map[string]attendance.Session{}
	for _, s := range l.sessions {
		sessions[s.ID] = s.Session
	}
	if slices.ContainsFunc(st.Sessions, func(s attendance.Session) bool { return !s.Same(sessions[s.ID]) }) {
		return true
	}
	for _, m := range l.meetings {
		if m.SessionID != st.SessionOf[m.ID] {
			return true
		}
	}
	kept := map[gradebook.Key]attendance.Result{}
	for _, r := range l.results {
		kept[gradebook.Key{PlacementID: r.PlacementID, PersonID: r.PersonID}] = r
	}
	return slices.ContainsFunc(st.Results, func(r attendance.Result) bool {
		return !r.Same(kept[gradebook.Key{PlacementID: r.PlacementID, PersonID: r.PersonID}])
	})
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

// atOnceMost is of how many sessions attendances are kept, and who was expected,
// in one step with the rest: mostly one or two are others, and only of a room
// that wasn't settled for long, or since an upgrade, many.
const atOnceMost = 2

// save keeps a settlement. If nothing has changed it writes nothing, and what is
// much goes in steps: there's one writer for all rooms.
func (s *Classes) save(ctx context.Context, l ledger, st Settlement) error {
	if l.changes(st) {
		attended, expected := max(0, len(st.Attended)-atOnceMost), max(0, len(st.Frozen)-atOnceMost)
		earlier, frozen := st.Attended[:attended], st.Frozen[:expected]
		st.Attended, st.Frozen = st.Attended[attended:], st.Frozen[expected:]
		if err := s.Store.SaveSettlement(ctx, st); err != nil {
			return fmt.Errorf("settlement of room %s: %w", st.RoomID, err)
		}
		for _, a := range earlier {
			if err := s.Store.SaveAttended(ctx, st.RoomID, st.After+1, a); err != nil {
				return fmt.Errorf("attendances of session %s: %w", a.SessionID, err)
			}
		}
		for _, f := range frozen {
			if err := s.Store.SaveExpected(ctx, f); err != nil {
				return fmt.Errorf("expected in meeting %s: %w", f.MeetingID, err)
			}
		}
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
