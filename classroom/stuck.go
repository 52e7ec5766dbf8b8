package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// EndingTries is how often a class that has just ended is waited for, some
// seconds each time. One that is still ending then is stuck.
const EndingTries = 3

const unstickWait = 28 * time.Second // a node out of reach costs a balancer 10 s a call

// createMeeting creates the room's meeting once. One that is just ending is a
// failure here, for who joins it is sent back: bbb.ErrForciblyEnded.
func (s *Rooms) createMeeting(ctx context.Context, server Server, room Room) (bbb.Created, error) {
	ctx, cancel := context.WithTimeout(ctx, createWait)
	defer cancel()
	created, err := s.Client(server).Create(ctx, s.createRequest(room))
	if err == nil && created.ForciblyEnded {
		return bbb.Created{}, &bbb.Error{Call: "create", Key: "meetingForciblyEnded", Message: created.Message}
	}
	return created, err
}

// unstick creates the room's meeting after a create that has failed with why,
// if its id is stuck at the server: it ends what is there, once, and tries
// again, or else gives the room a new id, which it keeps only if a class begins
// under it. The room it returns has the id that holds.
//
// Where people may be in the meeting, nothing is ended. That is ErrOtherMeet
// if somebody else's passwords are on it, ErrMayRun if the server doesn't say
// who is in, and else why.
func (s *Rooms) unstick(ctx context.Context, server Server, room Room, tries int, why error) (Room, bbb.Created, error) {
	ctx, cancel := context.WithTimeout(ctx, unstickWait)
	defer cancel()
	current, _, err := s.Store.RoomWithCourse(ctx, room.ID)
	if err != nil {
		return room, bbb.Created{}, fmt.Errorf("room %s: %w", room.ID, err)
	}
	if current.MeetingID != room.MeetingID { // somebody else was faster
		room.MeetingID = current.MeetingID
		created, err := s.createMeeting(ctx, server, room)
		return room, created, err
	}
	if err := s.mayEnd(ctx, server, room, tries, why); err != nil {
		return room, bbb.Created{}, err
	}
	_, password := bbb.Passwords(s.PasswordKey, room.MeetingID)
	// Scalelite forgets the meeting, and then says that it can't reach it: a
	// refusal here says nothing of the next create.
	ended := s.Client(server).End(ctx, room.MeetingID, password)
	created, err := s.createMeeting(ctx, server, room)
	switch {
	case !bbb.MayBeStuck(err):
		return room, created, err
	case ended == nil && tries < EndingTries: // the end takes the server seconds
		return room, created, fmt.Errorf("%w: %w", bbb.ErrForciblyEnded, err)
	}
	return s.createAnew(ctx, server, room)
}

// mayEnd is nil if nobody can be in the room's meeting: by the server's word,
// or if it has none, by ours.
func (s *Rooms) mayEnd(ctx context.Context, server Server, room Room, tries int, why error) error {
	asking, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	info, err := s.Client(server).MeetingInfo(asking, room.MeetingID)
	switch {
	case err == nil && info.ForciblyEnded && tries < EndingTries:
		return fmt.Errorf("%w: %w", bbb.ErrForciblyEnded, why)
	case err == nil && info.ForciblyEnded:
		return nil
	case err == nil && !info.Running && info.ParticipantCount == 0 && len(info.Attendees) == 0:
		return nil
	case err == nil && errors.Is(why, bbb.ErrIDNotUnique):
		return fmt.Errorf("%w: %w", ErrOtherMeet, why)
	case err == nil:
		return why
	}
	open, err := s.Store.LiveMeetings(ctx, room.ID)
	if err != nil {
		return fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	if slices.ContainsFunc(open, func(m attendance.Meeting) bool { return m.MeetingID == room.MeetingID && m.ServerID == server.ID }) {
		return fmt.Errorf("%w: %w", ErrMayRun, why)
	}
	return nil
}

// createAnew begins the class under a new id. The room takes it if that went
// well: where it doesn't, the id wasn't at fault.
func (s *Rooms) createAnew(ctx context.Context, server Server, room Room) (Room, bbb.Created, error) {
	old := room.MeetingID
	room.MeetingID = bbb.NewMeetingID()
	created, err := s.createMeeting(ctx, server, room)
	if err != nil {
		return room, bbb.Created{}, fmt.Errorf("under a new id: %w", err)
	}
	id, err := s.Store.ReplaceMeetingID(ctx, room.ID, old, room.MeetingID)
	if err != nil {
		return room, bbb.Created{}, err
	}
	if id != room.MeetingID { // somebody else was faster; ours ends by itself, since nobody comes
		room.MeetingID = id
		created, err = s.createMeeting(ctx, server, room)
	}
	return room, created, err
}
