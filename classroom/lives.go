package classroom

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// lives remembers for a moment what goes on in rooms, and which looks are under
// way. What it remembers is bounded in rooms and in people, and looks in all and
// at each server, so that one that lets them wait takes nothing from the others.
type lives struct {
	mu     sync.Mutex
	rooms  map[string]*sight
	people int // remembered in all rooms
	turns  map[string]*turn
	flight singleflight.Group
}

const (
	liveMost   = 4096    // rooms remembered; the one of which nobody has asked for longest goes
	peopleMost = 100_000 // people remembered in them
	turnsMost  = 32      // looks at once at one server
)

// A sight is what is remembered of a room.
type sight struct {
	answer  Live      // what pages are told
	until   time.Time // the answer is good until then
	last    Live      // the newest that the server said; zero At: nothing
	look    *inquiry  // under way
	slow    bool      // the look before was late
	askAt   time.Time // no look before: the server didn't answer
	lookAt  time.Time // when a class was looked for that is over
	askedAt time.Time // when somebody asked
}

func (s *sight) weight() int { return len(s.answer.People) + len(s.last.People) }

// An inquiry is a look at a room that is under way.
type inquiry struct {
	late, hopeless chan struct{} // closed after patience, and after liveWait
	done           chan struct{} // closed when live and err are there
	live           Live
	err            error
	stale          atomic.Bool // forgotten meanwhile
	quit           context.CancelFunc
}

// ask returns the answer that is remembered, or else the look that is under way
// or has just been begun; nil if it's no time for one.
func (l *lives) ask(roomID string, now time.Time, begin func() *inquiry) (*Live, *inquiry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.at(roomID)
	if s == nil {
		return nil, nil
	}
	s.askedAt = now
	switch {
	case now.Before(s.until) && !now.Before(s.answer.At):
		answer := s.answer
		return &answer, nil
	case s.look != nil || now.Before(s.askAt) && s.askAt.Sub(now) <= downFor:
		return nil, s.look
	}
	s.look = begin()
	return nil, s.look
}

// slow reports whether the last look at a room was late.
func (l *lives) slow(roomID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.rooms[roomID]
	return s != nil && s.slow
}

// at is what is remembered of a room, perhaps nothing yet. It is nil if there
// is no place for one more.
func (l *lives) at(roomID string) *sight {
	if s := l.rooms[roomID]; s != nil {
		return s
	}
	if len(l.rooms) >= liveMost && !l.drop("") {
		return nil
	}
	if l.rooms == nil {
		l.rooms = map[string]*sight{}
	}
	s := &sight{}
	l.rooms[roomID] = s
	return s
}

// drop forgets the room of which nobody has asked for longest, where no look is
// under way. It isn't but.
func (l *lives) drop(but string) bool {
	oldest := ""
	for id, s := range l.rooms {
		if s.look == nil && id != but && (oldest == "" || s.askedAt.Before(l.rooms[oldest].askedAt)) {
			oldest = id
		}
	}
	if oldest == "" {
		return false
	}
	l.people -= l.rooms[oldest].weight()
	delete(l.rooms, oldest)
	return true
}

// put takes over what came of a look, unless it was forgotten meanwhile.
func (l *lives) put(roomID string, looked *inquiry, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.rooms[roomID]
	if s == nil || s.look != looked {
		return
	}
	s.look = nil
	if looked.err != nil {
		return
	}
	answered := !looked.live.Late && !looked.live.Unknown
	l.change(roomID, func(s *sight) {
		s.answer, s.until = looked.live, now.Add(looked.live.life())
		if answered {
			s.last = looked.live
		}
	})
	s.askAt = time.Time{}
	if !answered {
		s.askAt = now.Add(downFor)
	}
	select {
	case <-looked.late:
		s.slow = true
	default:
		s.slow = false
	}
}

// tell takes over what is known without the server.
func (l *lives) tell(roomID string, live Live, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rooms[roomID] != nil {
		l.change(roomID, func(s *sight) { s.answer, s.until = live, now.Add(live.life()) })
	}
}

// change changes what is remembered of a room, and keeps to the bound.
func (l *lives) change(roomID string, do func(*sight)) {
	s := l.rooms[roomID]
	l.people -= s.weight()
	do(s)
	l.people += s.weight()
	for l.people > peopleMost && l.drop(roomID) {
	}
}

// mayLookBack reports whether a class that is over may be looked for now, and
// notes that it was.
func (l *lives) mayLookBack(roomID string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.at(roomID)
	if s == nil || now.Sub(s.lookAt).Abs() < downFor {
		return false
	}
	s.lookAt = now
	return true
}

// last is the newest that the server said of a room, however old.
func (l *lives) last(roomID string) Live {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.rooms[roomID]; s != nil {
		return s.last
	}
	return Live{}
}

func (l *lives) forget(roomID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.rooms[roomID]; s != nil {
		if s.look != nil {
			s.look.stale.Store(true)
			s.look.quit()
		}
		l.people -= s.weight()
		*s = sight{lookAt: s.lookAt, askedAt: s.askedAt}
	}
}

// A turn is a queue at a server.
type turn struct {
	*semaphore.Weighted
	users int
}

// enter waits for its turn at a server, which ends with leave.
func (l *lives) enter(ctx context.Context, serverID string) (leave func(), err error) {
	l.mu.Lock()
	if l.turns == nil {
		l.turns = map[string]*turn{}
	}
	t := l.turns[serverID]
	if t == nil {
		t = &turn{Weighted: semaphore.NewWeighted(turnsMost)}
		l.turns[serverID] = t
	}
	t.users++
	l.mu.Unlock()
	err = t.Acquire(ctx, 1)
	leave = func() {
		if err == nil {
			t.Release(1)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(l.turns, serverID)
		}
	}
	if err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}
