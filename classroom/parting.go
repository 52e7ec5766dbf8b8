package classroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Parting is what becomes of points when a session is parted at a break, or
// joined with the one before it.
type Parting struct {
	Break   attendance.Break
	Changes []PointsChange // of the seat's placement
	Others  int            // so many results of other placements of the room change as well
}

// A PointsChange is somebody whose points change by a teacher's decision.
type PointsChange struct {
	PersonID      string
	Before, After float64
	Complete      bool // afterwards
}

// Parting says what Part would come to. Nothing changes by it.
func (s *Classes) Parting(ctx context.Context, seat Seat, meetingID string, part bool) (Parting, error) {
	p := Parting{}
	var err error
	if p.Break, _, err = s.breakAt(ctx, seat, meetingID); err != nil {
		return Parting{}, err
	}
	l, err := load(ctx, s.Store, seat.Room.ID, nil)
	if err != nil {
		return Parting{}, err
	}
	now := s.Now()
	attendance.Wait(l.accounts, now)
	before := l.comesTo(now)
	for i := range l.accounts {
		if m := &l.accounts[i].Meeting; m.ID == meetingID {
			m.Parted = part
		}
	}
	p.compare(seat.Placement.ID, before, l.comesTo(now))
	return p, nil
}

// comesTo are the results of all that is over: also what is held back while a
// class is on.
func (l ledger) comesTo(now time.Time) []attendance.Result {
	results, _ := l.outcome(attendance.Count("", l.accounts), false, now)
	return results
}

func (p *Parting) compare(placementID string, before, after []attendance.Result) {
	type key struct{ placement, person string }
	was, is := map[key]attendance.Result{}, map[key]attendance.Result{}
	var keys []key
	for _, r := range before {
		k := key{r.PlacementID, r.PersonID}
		was[k], keys = r, append(keys, k)
	}
	for _, r := range after {
		k := key{r.PlacementID, r.PersonID}
		if _, known := was[k]; !known {
			keys = append(keys, k)
		}
		is[k] = r
	}
	for _, k := range keys {
		switch {
		case was[k].Points == is[k].Points:
		case k.placement != placementID:
			p.Others++
		default:
			p.Changes = append(p.Changes, PointsChange{PersonID: k.person, Before: was[k].Points, After: is[k].Points, Complete: is[k].Complete})
		}
	}
}

// Part makes two sessions of one at the break before a meeting, or one of them
// again, as a teacher says, and counts all anew: also what is lower by it. Their
// decision stays. It returns the session of the meeting before the break.
//
// It is ErrForbidden, or ErrNotFound for a meeting without a break before it.
func (s *Classes) Part(ctx context.Context, seat Seat, meetingID string, part bool) (string, error) {
	_, before, err := s.breakAt(ctx, seat, meetingID)
	if err != nil {
		return "", err
	}
	if err := s.Store.PartMeeting(ctx, seat.Room.ID, meetingID, part); err != nil {
		return "", fmt.Errorf("part meeting %s: %w", meetingID, err)
	}
	// Now, for the page that follows; the job does it once more.
	if _, err := s.Settle(ctx, seat.Room.ID); err != nil {
		return "", err
	}
	s.wake()
	m, err := s.Store.Meeting(ctx, before)
	if err != nil {
		return "", fmt.Errorf("meeting %s: %w", before, err)
	}
	return m.SessionID, nil
}

// breakAt finds a break of the seat's room, and the meeting before it.
func (s *Classes) breakAt(ctx context.Context, seat Seat, meetingID string) (b attendance.Break, before string, err error) {
	if err := seat.May(Change); err != nil {
		return attendance.Break{}, "", err
	}
	meetings, err := s.Store.RoomMeetings(ctx, seat.Room.ID)
	if err != nil {
		return attendance.Break{}, "", fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	for _, breaks := range attendance.Breaks(meetings) {
		i := slices.IndexFunc(breaks, func(b attendance.Break) bool { return b.MeetingID == meetingID })
		if i < 0 {
			continue
		}
		for _, m := range meetings { // in the order of time
			if m.SessionID != "" && m.CreateTime.Before(breaks[i].To) {
				before = m.ID
			}
		}
		return breaks[i], before, nil
	}
	return attendance.Break{}, "", fmt.Errorf("break before meeting %s: %w", meetingID, ErrNotFound)
}
