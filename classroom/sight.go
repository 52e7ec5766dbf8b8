package classroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// sightStore is where meetings are kept that a server shows.
type sightStore interface {
	RecordMeeting(ctx context.Context, m attendance.Meeting, pollAt time.Time) (attendance.Meeting, bool, error)
	ReviveMeeting(ctx context.Context, id string, pollAt time.Time) (attendance.Meeting, error)
}

// sighted records the meeting that a server shows in a room, where m was known:
// m itself, or another one. With people in it it lives, whatever has ended it in
// our records.
func sighted(ctx context.Context, store sightStore, m attendance.Meeting, info bbb.Meeting, pollAt time.Time) (attendance.Meeting, error) {
	if another(m, info) {
		m = attendance.Meeting{
			ID: newID(), RoomID: m.RoomID, ServerID: m.ServerID, MeetingID: m.MeetingID, PlacementID: m.PlacementID,
			InternalID: info.InternalMeetingID, CreateTime: info.CreateTime, ClockOffset: m.ClockOffset,
		}
		var err error
		if m, _, err = store.RecordMeeting(ctx, m, pollAt); err != nil {
			return m, fmt.Errorf("record meeting %s: %w", info.InternalMeetingID, err)
		}
	}
	if m.EndedAt.IsZero() || len(info.Attendees) == 0 || info.ForciblyEnded {
		return m, nil
	}
	m, err := store.ReviveMeeting(ctx, m.ID, pollAt)
	if err != nil {
		return m, fmt.Errorf("revive meeting %s: %w", info.InternalMeetingID, err)
	}
	return m, nil
}

// lookBack says what goes on in a room of which we know no class. One that was
// taken for over not long ago is asked for, once every downFor: it may go on.
func (s *Rooms) lookBack(ctx context.Context, room Room) (Live, error) {
	none, m, err := s.noClass(ctx, room)
	if err != nil || m.ID == "" || !s.live.mayLookBack(room.ID, s.Now()) {
		return none, err
	}
	server, err := s.Store.Server(ctx, m.ServerID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoServer) { // removed
		return none, nil
	}
	if err != nil {
		return Live{}, fmt.Errorf("server %s: %w", m.ServerID, err)
	}
	leave, err := s.live.enter(ctx, server.ID)
	if err != nil {
		return none, nil
	}
	defer leave()
	asked := s.Now()
	info, err := s.Client(server).MeetingInfo(ctx, m.MeetingID)
	if err != nil || info.ForciblyEnded || len(info.Attendees) == 0 {
		return none, nil
	}
	return s.seen(ctx, m, info, asked)
}

// noClass is what is known of a room without a class, with the meeting that was
// taken for over not long ago, if there is one.
func (s *Rooms) noClass(ctx context.Context, room Room) (Live, attendance.Meeting, error) {
	none := Live{At: s.Now()}
	pool, err := s.pool(ctx, room)
	if err != nil {
		return Live{}, attendance.Meeting{}, err
	}
	none.NoServer = len(inService(pool)) == 0
	m, err := s.Store.LastMeeting(ctx, room.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return none, attendance.Meeting{}, nil
	case err != nil:
		return Live{}, attendance.Meeting{}, fmt.Errorf("last meeting of room %s: %w", room.ID, err)
	case m.EndedAt.IsZero() || !m.StoppedAt.IsZero() || s.Now().Sub(m.CountsAt) > lookBackFor:
		return none, attendance.Meeting{}, nil
	}
	return none, m, nil
}

// notFound says what goes on in a room whose live meeting the server doesn't
// find. It is asked from another side; if that knows the class, what the last
// look saw of it holds, however long ago.
func (s *Rooms) notFound(ctx context.Context, room Room, m attendance.Meeting, client MeetingServer) (Live, error) {
	at := s.Now()
	if running, err := client.IsMeetingRunning(ctx, m.MeetingID); err != nil || !running || !m.StoppedAt.IsZero() {
		return Live{Over: !m.StoppedAt.IsZero(), At: at}, nil
	}
	l, err := s.recall(ctx, room, m, time.Time{})
	l.At = at
	return l, err
}
