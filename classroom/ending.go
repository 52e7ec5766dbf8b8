package classroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// An Ending is what came of asking a class to end.
type Ending string

const (
	EndIsNear     Ending = "ending"      // a server had the class, and ends it: that takes it seconds
	EndOfNothing  Ending = "not_running" // no server had one
	EndUnanswered Ending = "unanswered"  // a server on which it may go on didn't answer, or said no
)

// A place is where a class may be: a server, and what it calls the class there.
type place struct{ serverID, meetingID string }

func placeOf(m attendance.Meeting) place { return place{m.ServerID, m.MeetingID} }

// End ends the class for everybody, wherever it may be: our records are asked
// where that is, not whether it is. It returns what came of it, with the servers'
// errors where that is EndUnanswered. Other errors come without an Ending.
func (s *Rooms) End(ctx context.Context, seat Seat) (Ending, error) {
	if err := seat.May(End); err != nil {
		return "", err
	}
	open, err := s.Store.LiveMeetings(ctx, seat.Room.ID)
	if err != nil {
		return "", fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	places, err := s.places(ctx, seat.Room, open)
	if err != nil {
		return "", err
	}
	defer s.live.forget(seat.Room.ID)
	var problems, ours []error // all; those of places that have the class by our records
	ended := false
	for _, at := range places {
		has := slices.DeleteFunc(slices.Clone(open), func(m attendance.Meeting) bool { return placeOf(m) != at })
		found, err := s.endAt(ctx, at, len(has) > 0)
		ended = ended || found
		switch {
		case errors.Is(err, ErrNotFound) && len(has) == 0: // removed
			continue
		case err != nil && len(has) > 0:
			ours = append(ours, err)
			fallthrough
		case err != nil:
			problems = append(problems, err)
			continue
		}
		for _, m := range has { // the end takes the server seconds; the poll sees it
			if err := s.Store.StopMeeting(ctx, m.ID, s.Now(), s.Now().Add(hintWait)); err != nil {
				return "", fmt.Errorf("stop meeting %s: %w", m.ID, err)
			}
		}
	}
	s.wake()
	switch {
	case len(ours) > 0 || !ended && len(problems) > 0:
		return EndUnanswered, errors.Join(problems...)
	case ended:
		return EndIsNear, nil
	}
	return EndOfNothing, nil
}

// places are those where a class of the room may be: where one is by our
// records, where the last one was, and where the next could be.
func (s *Rooms) places(ctx context.Context, room Room, open []attendance.Meeting) ([]place, error) {
	var places []place
	for _, m := range open {
		places = append(places, placeOf(m))
	}
	last, err := s.Store.LastMeeting(ctx, room.ID)
	switch {
	case err == nil:
		places = append(places, placeOf(last))
	case !errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("last meeting of room %s: %w", room.ID, err)
	}
	pool, err := s.pool(ctx, room)
	if err != nil {
		return nil, err
	}
	for _, server := range pool {
		places = append(places, place{server.ID, room.MeetingID})
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.serverID, b.serverID), cmp.Compare(a.meetingID, b.meetingID))
	})
	return slices.Compact(places), nil
}

// endAt asks a server to end what is at a place; where by our records nothing
// is, it isn't waited for long. found: there was something. It is ErrNotFound
// for a server that was removed.
func (s *Rooms) endAt(ctx context.Context, at place, known bool) (found bool, err error) {
	if !known {
		asking, cancel := context.WithTimeout(ctx, liveWait)
		defer cancel()
		ctx = asking
	}
	server, err := s.Store.Server(ctx, at.serverID)
	if err != nil {
		return false, fmt.Errorf("server %s: %w", at.serverID, err)
	}
	_, password := bbb.Passwords(s.PasswordKey, at.meetingID)
	err = s.Client(server).End(ctx, at.meetingID, password)
	if errors.Is(err, bbb.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("end meeting %s: %w", at.meetingID, err)
	}
	return true, nil
}
