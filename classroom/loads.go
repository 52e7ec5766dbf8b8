package classroom

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
)

// A Load is how much goes on at a server, as it says itself: classes of others
// too. One that hides its meetings looks empty.
type Load struct {
	At              time.Time // when it was so; zero: it hasn't said
	Classes, People int
	Expected        int   // people of classes to which nobody has come yet
	Err             error // it doesn't answer, or not in time
}

const (
	loadFor   = 10 * time.Second // figures are used without asking again
	loadKept  = time.Minute
	classLoad = 10 // people who are expected in a class that has just begun
)

// loads remembers what servers said of themselves, for a moment.
type loads struct {
	mu sync.Mutex
	of map[string]said
}

// said is a load with how the server was asked for it: what one said before its
// secret was changed, or its address, says nothing of now.
type said struct {
	Load
	how string
}

// how a server is asked.
func (s Server) how() string {
	return s.URL + "\n" + string(s.Algorithm) + "\n" + string(s.Secret)
}

func (l *loads) put(server Server, load Load) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]said{}
	}
	for id, old := range l.of {
		if load.At.Sub(old.At) > loadKept {
			delete(l.of, id)
		}
	}
	l.of[server.ID] = said{load, server.how()}
}

func (l *loads) known(server Server, now time.Time) (Load, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	load, ok := l.of[server.ID]
	return load.Load, ok && load.how == server.how() && now.Sub(load.At).Abs() < loadFor
}

// begun notes that a class has begun on a server, until that says so itself.
func (l *loads) begun(serverID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if load, ok := l.of[serverID]; ok && load.Err == nil {
		load.Classes++
		load.Expected += classLoad
		l.of[serverID] = load
	}
}

// errLate is of a server that lets others wait.
var errLate = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// Loads says how much goes on at servers, by their ids. They are asked all at
// once, none of them twice at a time nor within loadFor, and are waited for no
// longer than patience. One that didn't answer isn't waited for again within that.
func (s *Rooms) Loads(ctx context.Context, servers []Server) map[string]Load {
	all := map[string]Load{}
	type answer struct {
		id   string
		load Load
	}
	answers := make(chan answer, len(servers))
	waiting := 0
	for _, server := range servers {
		if load, ok := s.loads.known(server, s.Now()); ok {
			all[server.ID] = load
			continue
		}
		waiting++
		result := s.live.flight.DoChan("load "+server.ID+server.how(), func() (any, error) { return s.askLoad(ctx, server), nil })
		go func() {
			r := <-result
			load, _ := r.Val.(Load)
			answers <- answer{server.ID, load}
		}()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for ; waiting > 0; waiting-- {
		select {
		case a := <-answers:
			all[a.id] = a.load
			continue
		case <-late.C:
		case <-ctx.Done():
		}
		break
	}
	for _, server := range servers {
		if _, ok := all[server.ID]; !ok && ctx.Err() == nil {
			all[server.ID] = Load{At: s.Now(), Err: errLate}
			s.loads.put(server, all[server.ID])
		}
	}
	return all
}

// askLoad asks a server, and goes on when who wants to know has left.
func (s *Rooms) askLoad(ctx context.Context, server Server) Load {
	if load, ok := s.loads.known(server, s.Now()); ok { // somebody's question has just ended
		return load
	}
	ctx, done := s.tasks.hold(ctx, lookMost)
	defer done()
	meetings, err := s.Client(server).Meetings(ctx)
	load := Load{At: s.Now(), Classes: len(meetings), Err: err}
	for _, m := range meetings {
		load.People += m.ParticipantCount
		if expected(m) {
			load.Expected += classLoad
		}
	}
	s.loads.put(server, load)
	return load
}

// expected reports whether a class has begun to which nobody has come yet.
func expected(m bbb.Meeting) bool {
	return m.ParticipantCount == 0 && !m.HasUserJoined && !m.ForciblyEnded
}
