package classroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// pool are the servers of a room's classes, drained ones too. It may be empty.
func (s *Rooms) pool(ctx context.Context, room Room) ([]Server, error) {
	pool, err := s.Store.ServersOf(ctx, room.TenantID)
	if err != nil && !errors.Is(err, ErrNoServer) {
		return nil, fmt.Errorf("servers of room %s: %w", room.ID, err)
	}
	return pool, nil
}

// inService are those on which a class may begin.
func inService(pool []Server) []Server {
	return slices.DeleteFunc(slices.Clone(pool), func(s Server) bool { return s.Drained })
}

// goneFor is how long a server with a class that runs hasn't answered, before the
// class begins elsewhere: several looks, and the create now.
const goneFor = 2 * time.Minute

// createSomewhere creates the room's meeting: where it runs; else where the class
// before was, if that is not long over; else where the fewest people are. A server
// that can't have it now is passed over. With all of them, the error is that of
// the first.
func (s *Rooms) createSomewhere(ctx context.Context, seat Seat) (Server, Room, bbb.Created, error) {
	room := seat.Room
	pool, err := s.pool(ctx, room)
	if err != nil {
		return Server{}, room, bbb.Created{}, err
	}
	free := inService(pool)
	home, m, err := s.home(ctx, room, free)
	if err != nil {
		return Server{}, room, bbb.Created{}, err
	}
	var first error
	if home.ID != "" {
		got, created, err := s.createAt(ctx, home, room, seat.Tries)
		if err == nil || !mayGoElsewhere(err) {
			return home, got, created, err
		}
		others := slices.DeleteFunc(free, func(s Server) bool { return s.ID == home.ID })
		if gone, asked := s.gone(ctx, room, m); len(others) == 0 || !gone || asked != nil {
			return home, room, bbb.Created{}, errors.Join(err, asked)
		}
		s.logElsewhere(ctx, home, room, err)
		first, free = err, others
	}
	for _, server := range s.ranked(ctx, room, free) {
		got, created, err := s.createAt(ctx, server, room, seat.Tries)
		if err == nil || !mayGoElsewhere(err) {
			s.loads.begun(server.ID)
			return server, got, created, err
		}
		s.loads.put(server, Load{At: s.Now(), Err: err})
		s.logElsewhere(ctx, server, room, err)
		first = cmp.Or(first, err)
	}
	return Server{}, room, bbb.Created{}, cmp.Or(first, ErrNoServer)
}

func (s *Rooms) logElsewhere(ctx context.Context, server Server, room Room, err error) {
	if s.Log != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "class can't be on this server", slog.String("server", server.Name), slog.String("room", room.ID), slog.Any("err", err))
	}
}

// home is the server on which the room's class runs, and its meeting: on that it
// stays. On one where no class may begin it is asked whether it still does. It is
// zero if no class runs.
func (s *Rooms) home(ctx context.Context, room Room, free []Server) (Server, attendance.Meeting, error) {
	open, err := s.Store.LiveMeetings(ctx, room.ID)
	if err != nil {
		return Server{}, attendance.Meeting{}, fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	open = slices.DeleteFunc(slices.Clone(open), func(m attendance.Meeting) bool { return !m.StoppedAt.IsZero() })
	if len(open) == 0 {
		return Server{}, attendance.Meeting{}, nil
	}
	m := open[0]
	server, err := s.Store.Server(ctx, m.ServerID)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoServer): // removed
		return Server{}, attendance.Meeting{}, nil
	case err != nil:
		return Server{}, attendance.Meeting{}, fmt.Errorf("server %s: %w", m.ServerID, err)
	case slices.ContainsFunc(free, func(s Server) bool { return s.ID == server.ID }):
		return server, m, nil
	}
	asking, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	info, err := s.Client(server).MeetingInfo(asking, m.MeetingID)
	if errors.Is(err, bbb.ErrNotFound) || err == nil && info.ForciblyEnded {
		return Server{}, attendance.Meeting{}, nil
	}
	return server, m, nil
}

// gone reports whether nothing was heard for a while of a meeting that runs by
// our records, whose server has just not answered.
func (s *Rooms) gone(ctx context.Context, room Room, m attendance.Meeting) (bool, error) {
	p, err := s.Store.Presence(ctx, room.ID, m.ID, s.Now().Add(-holdsFor), 0)
	if err != nil {
		return false, fmt.Errorf("presence in meeting %s: %w", m.ID, err)
	}
	heard := m.CreateTime.Add(-m.ClockOffset)
	if p.SeenAt.After(heard) {
		heard = p.SeenAt
	}
	return s.Now().Sub(heard) > max(goneFor, 4*s.PollEvery), nil
}

// mayGoElsewhere reports whether a create that failed so may go well on another
// server: this one can't be reached, or won't.
func mayGoElsewhere(err error) bool {
	for _, here := range []error{ErrMayRun, ErrOtherMeet, ErrAway, bbb.ErrForciblyEnded, bbb.ErrInvalid, context.Canceled} {
		if errors.Is(err, here) {
			return false
		}
	}
	var answer *bbb.Error
	return errors.As(err, &answer) || bbb.Explain(err) != bbb.CauseUnknown
}

// ranked puts servers into the order in which a class of the room tries them.
func (s *Rooms) ranked(ctx context.Context, room Room, free []Server) []Server {
	if len(free) < 2 {
		return free
	}
	loads, before := s.Loads(ctx, free), s.before(ctx, room)
	rank := func(server Server) [4]int {
		load := loads[server.ID]
		switch {
		case load.Err != nil:
			return [4]int{2}
		case load.At.IsZero():
			return [4]int{1}
		case server.ID == before:
			return [4]int{0, -1}
		}
		return [4]int{0, 0, load.People + load.Expected, load.Classes}
	}
	slices.SortStableFunc(free, func(a, b Server) int {
		x, y := rank(a), rank(b)
		return slices.Compare(x[:], y[:])
	})
	return free
}

// before is the server of the class before, if a class that begins now goes on
// with that.
func (s *Rooms) before(ctx context.Context, room Room) string {
	m, err := s.Store.LastMeeting(ctx, room.ID)
	if err != nil {
		return "" // then it may be on any
	}
	if !m.EndedAt.IsZero() && s.Now().Sub(m.EndedAt.Add(-m.ClockOffset)) > lookBackFor {
		return ""
	}
	return m.ServerID
}
