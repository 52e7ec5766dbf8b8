package classroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Presence is what our records say of who is in a meeting. Names are those
// that the platform told, and who moderates does by their newest launch.
type Presence struct {
	SeenAt time.Time // when a look saw it last; zero: none has
	Seen   []Participant
	Joined []Joined // whose joins were signed, newest first
}

// A Joined is somebody whose join was signed.
type Joined struct {
	Participant
	At time.Time // the newest of them
}

// joinsMost is how many signed joins are read: more say nothing new.
const joinsMost = 5000

// meanwhile is what is known of a room without asking its server. Many who ask
// at once are told the same.
func (s *Rooms) meanwhile(ctx context.Context, room Room) (Live, error) {
	result := s.live.flight.DoChan("known "+room.ID, func() (any, error) {
		ctx, done := s.tasks.hold(ctx, liveWait)
		defer done()
		l, err := s.withoutServer(ctx, room)
		if err == nil && !l.Unknown { // a look may still say more
			s.live.tell(room.ID, l, s.Now())
		}
		return l, err
	})
	select {
	case r := <-result:
		l, _ := r.Val.(Live)
		return l, r.Err
	case <-ctx.Done():
		return Live{}, ctx.Err()
	}
}

func (s *Rooms) withoutServer(ctx context.Context, room Room) (Live, error) {
	open, err := s.Store.LiveMeetings(ctx, room.ID)
	if err != nil {
		return Live{}, fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	if len(open) == 0 {
		none, _, err := s.noClass(ctx, room)
		return none, err
	}
	return s.known(ctx, room, open[0])
}

// known is what is known of a live meeting without its server, for holdsFor. It
// is Unknown if that is nothing. What a look didn't find, or a teacher has ended,
// is known only by what came later.
func (s *Rooms) known(ctx context.Context, room Room, m attendance.Meeting) (Live, error) {
	since := s.Now().Add(-holdsFor)
	for _, t := range []time.Time{m.StoppedAt, m.AbsentSince} {
		if t.After(since) {
			since = t
		}
	}
	l, err := s.recall(ctx, room, m, since)
	switch {
	case err != nil:
		return Live{}, err
	case l.At.IsZero() && !m.StoppedAt.IsZero():
		return Live{Over: true, Late: true, At: m.StoppedAt}, nil
	case l.At.IsZero():
		return Live{Meeting: m, Unknown: true, At: s.Now()}, nil
	}
	l.Late = true
	return l, nil
}

// recall is what the newest look since a time saw in a meeting, ours or another
// node's, with those whose joins were signed since.
func (s *Rooms) recall(ctx context.Context, room Room, m attendance.Meeting, since time.Time) (Live, error) {
	p, err := s.Store.Presence(ctx, room.ID, m.ID, since, joinsMost)
	if err != nil {
		return Live{}, fmt.Errorf("presence in meeting %s: %w", m.ID, err)
	}
	l := Live{Meeting: m, At: p.SeenAt, People: p.Seen}
	if last := s.live.last(room.ID); last.Meeting.ID == m.ID && !last.At.Before(since) && last.At.After(l.At) {
		l.At, l.People = last.At, last.People
	} else if room.Settings.EveryoneModerates {
		for i := range l.People {
			l.People[i].Moderator = true
		}
	}
	moderators := map[string]bool{}
	for _, p := range l.People {
		if p.Moderator {
			moderators[p.PersonID] = true
		}
	}
	l.Running = len(l.People) > 0
	for _, j := range p.Joined {
		if j.At.Before(l.At) {
			break
		}
		l.Running = true
		if j.Moderator || room.Settings.EveryoneModerates {
			moderators[j.PersonID] = true
		}
	}
	l.Moderators = len(moderators)
	if l.At.IsZero() && l.Running { // before the first look
		l.At = p.Joined[0].At
	}
	return l, nil
}

// classOn is the class that goes on as far as we know, for a seat that could go
// in now without waiting for the server. It is ErrNotRunning if there is none.
func (s *Rooms) classOn(ctx context.Context, seat Seat) (started, error) {
	l, err := s.meanwhile(ctx, seat.Room)
	if err != nil {
		return started{}, err
	}
	if !l.Admits(seat) {
		return started{}, ErrNotRunning
	}
	server, err := s.Store.Server(ctx, l.Meeting.ServerID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoServer) {
		return started{}, ErrNotRunning
	}
	if err != nil {
		return started{}, fmt.Errorf("server %s: %w", l.Meeting.ServerID, err)
	}
	return started{server, l.Meeting}, nil
}
