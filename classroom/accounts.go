package classroom

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// evidenceStore is what accounts are made of.
type evidenceStore interface {
	RoomMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error)
	EvidenceOf(ctx context.Context, meetingID string) ([]attendance.Evidence, error)
	RoomPeople(ctx context.Context, roomID string) ([]Enrolment, error)
}

// A keeper keeps an account, so that the next one needn't be made of evidence.
type keeper func(context.Context, attendance.Account) error

// knownOf tells the people of a room from strangers.
func knownOf(people []Enrolment) func(string) bool {
	known := make(map[string]bool, len(people))
	for _, e := range people {
		known[e.PersonID] = true
	}
	return func(id string) bool { return known[id] }
}

// accountsOf are what meetings come to: what was kept of each, by Meeting.ID, as
// long as that holds, or else what its evidence says. The latter is given to
// keep, one after the other: of a room that was never settled so, what was done
// stays done. keep may be nil.
func accountsOf(ctx context.Context, store evidenceStore, meetings []attendance.Meeting, kept map[string]string, known func(string) bool, keep keeper) ([]attendance.Account, error) {
	accounts := make([]attendance.Account, len(meetings))
	for i, m := range meetings {
		packed := kept[m.ID]
		if m.Swept {
			a, ok := attendance.UnpackSwept(m, packed)
			if !ok { // nothing else says who was there: better no settlement than an empty one
				return nil, fmt.Errorf("account of meeting %s, whose evidence is gone, can't be read", m.ID)
			}
			accounts[i] = a
			continue
		}
		if !m.Dirty && !m.EndedAt.IsZero() {
			a, holds := attendance.Unpack(m, packed, known)
			if accounts[i] = a; holds {
				continue
			}
		}
		evidence, err := store.EvidenceOf(ctx, m.ID)
		if err != nil {
			return nil, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
		}
		a := attendance.AccountOf(m, evidence, known)
		a.Packed = a.Pack()
		// Nothing is kept of a meeting that has just begun: it will be dirty soon.
		another := a.Packed != packed && (packed != "" || !m.EndedAt.IsZero())
		if keep != nil && (m.Dirty || another) {
			if err := keep(ctx, a); err != nil {
				return nil, fmt.Errorf("account of meeting %s: %w", m.ID, err)
			}
		}
		accounts[i] = a.Closed()
	}
	return accounts, nil
}
