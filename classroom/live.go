package classroom

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Live is what goes on in a room now.
type Live struct {
	Meeting    attendance.Meeting // zero: no class
	Running    bool               // somebody is in
	Moderators int
	People     []Participant // each person once
	Unknown    bool          // the server doesn't answer; the rest is what we knew last
	NoServer   bool          // none is set up on which a class could begin
	Over       bool          // a class was ended, and our records don't say so yet
	At         time.Time
}

// A Participant is somebody in a running class.
type Participant struct {
	PersonID, Name string
	Moderator      bool
}

// lives remembers for a moment what goes on in rooms, so that a class of 300
// who wait costs the server one question every liveFor.
type lives struct {
	mu     sync.Mutex
	known  map[string]Live
	asked  map[string]time.Time // when a class was looked for that is over, by room
	flight singleflight.Group
}

const (
	liveFor  = 2 * time.Second
	quietFor = 500 * time.Millisecond // nobody is in yet: who waits shall get in when somebody is
	downFor  = 10 * time.Second       // a server that doesn't answer isn't waited for by every page
	liveMost = 4096                   // rooms remembered; then the old ones go
	liveWait = 4 * time.Second
)

// Live says what goes on in the room, at most liveFor old (quietFor, if nobody
// is in; downFor, if the server doesn't answer). It asks the server only if a
// class has begun that hasn't ended, or not long ago, and never twice at once.
func (s *Rooms) Live(ctx context.Context, room Room) (Live, error) {
	if l, ok := s.live.get(room.ID, s.Now()); ok {
		return l, nil
	}
	result := s.live.flight.DoChan(room.ID, func() (any, error) {
		if l, ok := s.live.get(room.ID, s.Now()); ok { // a look that ended a moment ago
			return l, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), liveWait)
		defer cancel()
		l, err := s.look(ctx, room)
		if err == nil {
			s.live.put(room.ID, l)
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

func (s *Rooms) look(ctx context.Context, room Room) (Live, error) {
	open, err := s.Store.LiveMeetings(ctx, room.ID)
	if err != nil {
		return Live{}, err
	}
	if len(open) == 0 {
		return s.lookBack(ctx, room)
	}
	m := open[0]
	server, err := s.Store.Server(ctx, m.ServerID)
	if err != nil {
		return Live{Meeting: m, Unknown: true, At: s.Now()}, nil
	}
	client := s.Client(server)
	info, err := client.MeetingInfo(ctx, m.MeetingID)
	switch {
	case errors.Is(err, bbb.ErrNotFound):
		return s.notFound(ctx, room, m, client)
	case err != nil:
		return Live{Meeting: m, Unknown: true, At: s.Now()}, nil
	case info.ForciblyEnded:
		return Live{Over: true, At: s.Now()}, nil
	}
	return s.seen(ctx, m, info)
}

// seen is what goes on by a server's answer, where m was known.
func (s *Rooms) seen(ctx context.Context, m attendance.Meeting, info bbb.Meeting) (Live, error) {
	if another(m, info) || !m.EndedAt.IsZero() {
		var err error
		if m, err = sighted(ctx, s.Store, m, info, s.Now().Add(s.PollEvery)); err != nil {
			return Live{}, err
		}
		s.wake()
	}
	l := Live{Meeting: m, At: s.Now()}
	l.count(info)
	return l, nil
}

// count takes over who is in, each person once however many tabs they have.
func (l *Live) count(info bbb.Meeting) {
	seen := map[string]int{}
	for _, a := range info.Attendees {
		i, ok := seen[a.UserID]
		if !ok {
			i = len(l.People)
			seen[a.UserID] = i
			l.People = append(l.People, Participant{PersonID: a.UserID, Name: a.FullName})
		}
		l.People[i].Moderator = l.People[i].Moderator || a.Moderator
	}
	for _, p := range l.People {
		if p.Moderator {
			l.Moderators++
		}
	}
	l.Running = len(l.People) > 0
}

// Admits reports whether the seat's person gets into the running class now.
func (l Live) Admits(seat Seat) bool {
	if !l.Running || l.Meeting.InternalID == "" {
		return false
	}
	if seat.Moderates() || seat.Room.Settings.LearnersMayStart {
		return true
	}
	return l.Moderators > 0
}

// Full reports whether the class has no place left for the seat's person.
func (l Live) Full(seat Seat) bool {
	most := seat.Room.Settings.MaxParticipants
	if most == 0 || len(l.People) < most {
		return false
	}
	for _, p := range l.People {
		if p.PersonID == seat.Person.ID {
			return false
		}
	}
	return true
}

// life is how long the answer is good for.
func (l Live) life() time.Duration {
	switch {
	case l.Unknown:
		return downFor
	case !l.Running:
		return quietFor
	}
	return liveFor
}

func (l *lives) get(roomID string, now time.Time) (Live, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.known[roomID]
	return known, ok && now.Sub(known.At) < known.life()
}

func (l *lives) put(roomID string, live Live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[string]Live{}
	}
	if len(l.known) >= liveMost {
		for id, old := range l.known {
			if live.At.Sub(old.At) >= downFor {
				delete(l.known, id)
			}
		}
	}
	l.known[roomID] = live
}

// Forget makes the next look at the room's class a new one.
func (s *Rooms) Forget(room Room) { s.live.forget(room.ID) }

func (l *lives) forget(roomID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, roomID)
}
