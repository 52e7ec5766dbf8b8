package classroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Live is what goes on in a room now, as far as it is known.
type Live struct {
	Meeting    attendance.Meeting // zero: no class
	Running    bool               // somebody is in
	Moderators int
	People     []Participant // each person once
	Unknown    bool          // the server doesn't answer, and nothing is known of who is in
	NoServer   bool          // none is set up on which a class could begin
	Over       bool          // a class was ended, and our records don't say so yet
	// Late: the server hasn't answered in time, and this is known without it.
	// People are those whom the newest look saw, at At; Running and Moderators
	// speak of them and of everybody whose join we have signed since.
	Late bool
	At   time.Time // when it was so: when the server was asked, or else when a look saw it
}

// A Participant is somebody in a running class.
type Participant struct {
	PersonID, Name string
	Moderator      bool
}

const (
	liveFor  = 2 * time.Second
	quietFor = 500 * time.Millisecond // nobody is in yet: who waits shall get in when somebody is
	downFor  = 10 * time.Second       // a server that didn't answer isn't asked by every page
	lookMost = 20 * time.Second       // a look, its turn at the server included
	patience = time.Second            // of a page, if there is anything to say without the server
	liveWait = 4 * time.Second        // of a page, if there isn't
	// holdsFor is how long what is known of a class holds without a look: as long
	// as BigBlueButton keeps one to which nobody comes. Who has just gone in, or
	// was in a moment ago, makes it likely that it goes on; whether it does,
	// BigBlueButton says to everybody who joins.
	holdsFor = emptyFor
)

// Live says what goes on in the room, at most liveFor old (quietFor, if nobody
// is in). It asks the server only if a class has begun that hasn't ended, or not
// long ago, and never twice at once: a class of 300 who wait costs the server
// one question every liveFor. The look goes on when who asked has left; a page
// waits for it no longer than patience, and then is told what is known without.
func (s *Rooms) Live(ctx context.Context, room Room) (Live, error) {
	for {
		answer, l := s.live.ask(room.ID, s.Now(), func() *inquiry { return s.begin(ctx, room) })
		if answer != nil {
			return *answer, nil
		}
		if l == nil {
			live, err := s.meanwhile(ctx, room)
			return s.told(room, live, err)
		}
		live, err := s.await(ctx, room, l)
		if !l.stale.Load() || ctx.Err() != nil {
			return live, err
		}
	}
}

// await is what a look brings, or else what is known without.
func (s *Rooms) await(ctx context.Context, room Room, l *inquiry) (Live, error) {
	select {
	case <-l.done:
		return l.live, l.err
	case <-l.late:
	case <-ctx.Done():
		return Live{}, ctx.Err()
	}
	live, err := s.meanwhile(ctx, room)
	if err != nil || !live.Unknown {
		return live, err
	}
	select {
	case <-l.done:
		return l.live, l.err
	case <-l.hopeless:
		return s.told(room, live, nil)
	case <-ctx.Done():
		return Live{}, ctx.Err()
	}
}

// told is an answer that holds for a moment, even if it is that nothing is known.
func (s *Rooms) told(room Room, live Live, err error) (Live, error) {
	if err == nil {
		s.live.tell(room.ID, live, s.Now())
	}
	return live, err
}

// begin begins a look, and tells those who wait for it how it goes.
func (s *Rooms) begin(ctx context.Context, room Room) *inquiry {
	l := &inquiry{late: make(chan struct{}), hopeless: make(chan struct{}), done: make(chan struct{})}
	ctx, done := s.tasks.hold(ctx, lookMost)
	ctx, l.quit = context.WithCancel(ctx)
	go func() {
		defer done()
		defer l.quit()
		wait := patience
		if s.live.slow(room.ID) { // nobody is made to wait once more
			wait = 0
		}
		late, hopeless := time.AfterFunc(wait, func() { close(l.late) }), time.AfterFunc(liveWait, func() { close(l.hopeless) })
		defer late.Stop()
		defer hopeless.Stop()
		l.live, l.err = s.look(ctx, room)
		s.live.put(room.ID, l, s.Now())
		close(l.done)
	}()
	return l
}

func (s *Rooms) look(ctx context.Context, room Room) (Live, error) {
	open, err := s.Store.LiveMeetings(ctx, room.ID)
	if err != nil {
		return Live{}, fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	if len(open) == 0 {
		return s.lookBack(ctx, room)
	}
	m := open[0]
	server, err := s.Store.Server(ctx, m.ServerID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoServer) { // removed: there's nobody to ask
		return s.known(ctx, room, m)
	}
	if err != nil {
		return Live{}, fmt.Errorf("server %s: %w", m.ServerID, err)
	}
	leave, err := s.live.enter(ctx, server.ID)
	if err != nil {
		return s.known(context.WithoutCancel(ctx), room, m)
	}
	defer leave()
	client, asked := s.Client(server), s.Now()
	info, err := client.MeetingInfo(ctx, m.MeetingID)
	switch {
	case errors.Is(err, bbb.ErrNotFound):
		return s.notFound(ctx, room, m, client)
	case err != nil:
		return s.known(context.WithoutCancel(ctx), room, m)
	case info.ForciblyEnded:
		return Live{Over: true, At: asked}, nil
	}
	return s.seen(ctx, m, info, asked)
}

// seen is what goes on by a server's answer, where m was known.
func (s *Rooms) seen(ctx context.Context, m attendance.Meeting, info bbb.Meeting, asked time.Time) (Live, error) {
	if another(m, info) || !m.EndedAt.IsZero() {
		var err error
		if m, err = sighted(ctx, s.Store, m, info, s.Now().Add(s.PollEvery)); err != nil {
			return Live{}, err
		}
		s.wake()
	}
	l := Live{Meeting: m, At: asked}
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

// Full reports whether the class has no place left for the seat's person. While
// the server is late, that is for it to say.
func (l Live) Full(seat Seat) bool {
	most := seat.Room.Settings.MaxParticipants
	if most == 0 || len(l.People) < most || l.Late {
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
	if l.Running || l.Unknown {
		return liveFor
	}
	return quietFor
}

// Forget makes the next look at the room's class a new one.
func (s *Rooms) Forget(room Room) { s.live.forget(room.ID) }
