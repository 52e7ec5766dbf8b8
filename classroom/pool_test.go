package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A poolServer is one of several. It may be down, or let everybody wait.
type poolServer struct {
	fakeServer
	people  []int // in each of its meetings
	unborn  int   // meetings to which nobody has come
	hangs   bool
	refusal error // of create
	asked   int   // for its meetings
}

var errDown = fmt.Errorf("create: %w", syscall.ECONNREFUSED)

func (f *poolServer) Meetings(ctx context.Context) ([]bbb.Meeting, error) {
	f.mu.Lock()
	f.asked++
	f.mu.Unlock()
	if f.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var all []bbb.Meeting
	for _, n := range f.people {
		all = append(all, bbb.Meeting{ParticipantCount: n, HasUserJoined: true})
	}
	for range f.unborn {
		all = append(all, bbb.Meeting{})
	}
	return all, f.err
}

func (f *poolServer) Create(ctx context.Context, r bbb.CreateRequest) (bbb.Created, error) {
	created, err := f.fakeServer.Create(ctx, r)
	if f.hangs {
		<-ctx.Done()
		return bbb.Created{}, ctx.Err()
	}
	return created, errors.Join(err, f.refusal)
}

func (f *poolServer) MeetingInfo(ctx context.Context, id string) (bbb.Meeting, error) {
	info, err := f.fakeServer.MeetingInfo(ctx, id)
	if f.hangs {
		<-ctx.Done()
		return bbb.Meeting{}, ctx.Err()
	}
	return info, err
}

// A pooledClass is a class whose tenant has several servers, by the bubble's clock.
type pooledClass struct {
	*fakeClass
	pool    []Server
	servers map[string]*poolServer
}

func (f *pooledClass) ServersOf(context.Context, string) ([]Server, error) {
	if len(f.pool) == 0 {
		return nil, ErrNoServer
	}
	return f.pool, nil
}

func (f *pooledClass) Server(_ context.Context, id string) (Server, error) {
	if f.servers[id] == nil {
		return Server{}, ErrNotFound
	}
	return Server{ID: id}, nil
}

func pooled(servers map[string]*poolServer) (*pooledClass, *Rooms) {
	base, _, rooms := newClass()
	store := &pooledClass{fakeClass: base, servers: servers}
	for _, id := range []string{"a", "b", "c"} {
		if servers[id] != nil {
			store.pool = append(store.pool, Server{ID: id, Name: id})
		}
	}
	rooms.Store, rooms.Now = store, time.Now
	rooms.Client = func(s Server) MeetingServer { return servers[s.ID] }
	return store, rooms
}

// where are the servers that were asked to create, in order of the pool.
func (f *pooledClass) where() string {
	var all []string
	for _, id := range []string{"a", "b", "c"} {
		if f.servers[id] != nil && len(f.servers[id].creates) > 0 {
			all = append(all, fmt.Sprint(id, len(f.servers[id].creates)))
		}
	}
	return strings.Join(all, " ")
}

func TestWhereAClassBegins(t *testing.T) {
	refuses := &bbb.Error{Call: "create", Key: "checksumError"}
	for _, test := range []struct {
		name    string
		servers map[string]*poolServer
		change  func(*pooledClass)
		on      string // the meeting's server
		created string // who was asked to create
		within  time.Duration
		want    error
	}{
		{name: "fewest people", servers: map[string]*poolServer{"a": {people: []int{30}}, "b": {people: []int{2, 3}}, "c": {people: []int{9}}}, on: "b", created: "b1"},
		{name: "as many: fewer classes, then the oldest", servers: map[string]*poolServer{"a": {people: []int{3, 3}}, "b": {people: []int{6}}, "c": {people: []int{6}}}, on: "b", created: "b1"},
		{name: "a class to which people are on their way", servers: map[string]*poolServer{"a": {unborn: 1}, "b": {people: []int{4}}}, on: "b", created: "b1"},
		{name: "one says no, though it is the emptiest", servers: map[string]*poolServer{"a": {refusal: refuses}, "b": {people: []int{200}}}, on: "b", created: "a1 b1"},
		{name: "one is down", servers: map[string]*poolServer{"a": {fakeServer: fakeServer{err: errDown}}, "b": {people: []int{200}}}, on: "b", created: "b1"},
		{name: "one hangs", servers: map[string]*poolServer{"a": {hangs: true}, "b": {people: []int{200}}}, on: "b", created: "b1", within: patience},
		{name: "all are down", servers: map[string]*poolServer{"a": {fakeServer: fakeServer{err: errDown}}, "b": {fakeServer: fakeServer{err: errDown}}}, created: "a1 b1", want: errDown},
		{
			name: "one is out of service", servers: map[string]*poolServer{"a": {}, "b": {people: []int{200}}},
			change: func(f *pooledClass) { f.pool[0].Drained = true }, on: "b", created: "b1",
		},
		{
			name: "all are out of service", servers: map[string]*poolServer{"a": {}},
			change: func(f *pooledClass) { f.pool[0].Drained = true }, want: ErrNoServer,
		},
		{
			name: "again within the hour", servers: map[string]*poolServer{"a": {}, "b": {people: []int{200}}},
			change: func(f *pooledClass) {
				f.past = []attendance.Meeting{{ServerID: "b", EndedAt: time.Now().Add(-59 * time.Minute)}}
			}, on: "b", created: "b1",
		},
		{
			name: "again after an hour", servers: map[string]*poolServer{"a": {}, "b": {people: []int{200}}},
			change: func(f *pooledClass) {
				f.past = []attendance.Meeting{{ServerID: "b", EndedAt: time.Now().Add(-61 * time.Minute)}}
			}, on: "a", created: "a1",
		},
		{
			name: "again within the hour by our clock, not by the server's", servers: map[string]*poolServer{"a": {}, "b": {people: []int{200}}},
			change: func(f *pooledClass) {
				f.past = []attendance.Meeting{{ServerID: "b", EndedAt: time.Now().Add(-210 * time.Minute), ClockOffset: -3 * time.Hour}}
			}, on: "b", created: "b1",
		},
		{
			name: "again within the hour, and that one hangs", servers: map[string]*poolServer{"a": {people: []int{9}}, "b": {hangs: true}},
			change: func(f *pooledClass) {
				f.past = []attendance.Meeting{{ServerID: "b", EndedAt: time.Now().Add(-time.Minute)}}
			}, on: "a", created: "a1", within: patience,
		},
		{
			name: "again within the hour, and that one is out of service", servers: map[string]*poolServer{"a": {people: []int{9}}, "b": {}},
			change: func(f *pooledClass) {
				f.pool[1].Drained = true
				f.past = []attendance.Meeting{{ServerID: "b", EndedAt: time.Now().Add(-time.Minute)}}
			}, on: "a", created: "a1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, rooms := pooled(test.servers)
				defer rooms.Stop()
				if test.change != nil {
					test.change(store)
				}
				from := time.Now()
				_, err := rooms.Start(t.Context(), seatOf(Moderator))
				if !errors.Is(err, test.want) {
					t.Errorf("start: %v, want %v", err, test.want)
				}
				if got := store.where(); got != test.created {
					t.Errorf("created on %q, want %q", got, test.created)
				}
				if took := time.Since(from); took != test.within {
					t.Errorf("it took %v, want %v", took, test.within)
				}
				on := ""
				if len(store.live) > 0 {
					on = store.live[0].ServerID
				}
				if on != test.on {
					t.Errorf("the class is on %q, want %q", on, test.on)
				}
			})
		})
	}
}

// A class that runs stays where it is, whoever has fewer people, and goes
// elsewhere only from a server of which nothing was heard for long.
func TestWhereAClassRunsItStays(t *testing.T) {
	look := func(ago time.Duration) func(*pooledClass) {
		return func(f *pooledClass) {
			at := time.Now().Add(-ago)
			f.evidence = []attendance.Evidence{{Source: attendance.Poll, At: at, Until: at, Body: []byte(`{"people":["uann"]}`)}}
		}
	}
	both := func(f ...func(*pooledClass)) func(*pooledClass) {
		return func(c *pooledClass) {
			for _, do := range f {
				do(c)
			}
		}
	}
	begun := func(ago time.Duration) func(*pooledClass) {
		return func(f *pooledClass) { f.live[0].CreateTime = time.Now().Add(-ago) }
	}
	out := func(f *pooledClass) { f.pool[1].Drained = true }
	for _, test := range []struct {
		name    string
		b       *poolServer // has the class
		change  func(*pooledClass)
		created string
		want    error
	}{
		{"it is there", &poolServer{people: []int{200}}, nil, "b1", nil},
		{"another tenant's now", &poolServer{fakeServer: fakeServer{info: bbb.Meeting{MeetingID: "rmeeting"}}}, func(f *pooledClass) { f.pool = f.pool[:1] }, "b1", nil},
		{"out of service", &poolServer{fakeServer: fakeServer{info: bbb.Meeting{MeetingID: "rmeeting"}}}, out, "b1", nil},
		{"out of service, and over by its word", &poolServer{fakeServer: fakeServer{err: &bbb.Error{Key: "notFound"}}}, out, "a1", nil},
		{"out of service, and just ending", &poolServer{fakeServer: fakeServer{info: bbb.Meeting{ForciblyEnded: true}}}, out, "a1", nil},
		{"out of service, and down", &poolServer{fakeServer: fakeServer{err: errDown}}, out, "b1", errDown},
		{"down, and it has just begun", &poolServer{fakeServer: fakeServer{err: errDown}}, begun(time.Minute), "b1", errDown},
		{"down, and a look saw it a moment ago", &poolServer{fakeServer: fakeServer{err: errDown}}, both(begun(time.Hour), look(time.Minute)), "b1", errDown},
		{"down, and not seen for a while", &poolServer{fakeServer: fakeServer{err: errDown}}, both(begun(time.Hour), look(3*time.Minute)), "a1 b1", nil},
		{"down for long", &poolServer{fakeServer: fakeServer{err: errDown}}, begun(time.Hour), "a1 b1", nil},
		{"down for long, and there is no other", &poolServer{fakeServer: fakeServer{err: errDown}}, both(begun(time.Hour), func(f *pooledClass) { f.pool = f.pool[1:] }), "b1", errDown},
		{"down for long, and out of service", &poolServer{fakeServer: fakeServer{err: errDown}}, both(begun(time.Hour), out), "a1 b1", nil},
		{"somebody else's is there", &poolServer{refusal: bbb.ErrForciblyEnded}, begun(time.Hour), "b1", bbb.ErrForciblyEnded},
		{"a teacher has ended it", &poolServer{people: []int{200}}, func(f *pooledClass) { f.live[0].StoppedAt = time.Now(); f.pool[1].Drained = true }, "a1", nil},
		{"removed", nil, nil, "a1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, rooms := pooled(map[string]*poolServer{"a": {}, "b": test.b})
				defer rooms.Stop()
				if test.b == nil {
					delete(store.servers, "b")
				}
				store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", MeetingID: "rmeeting", ServerID: "b", CreateTime: time.Now()}}
				if test.change != nil {
					test.change(store)
				}
				seat := seatOf(Moderator)
				seat.Tries = 1 // no way in by what is known
				if _, err := rooms.Start(t.Context(), seat); !errors.Is(err, test.want) {
					t.Errorf("start: %v, want %v", err, test.want)
				}
				if got := store.where(); got != test.created {
					t.Errorf("created on %q, want %q", got, test.created)
				}
			})
		})
	}
}

// One server is asked for nothing but the class; several are asked once for many
// classes, of which each counts for the next.
func TestServersAreAskedLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := map[string]*poolServer{"a": {}}
		_, rooms := pooled(one)
		defer rooms.Stop()
		if _, err := rooms.Start(t.Context(), seatOf(Moderator)); err != nil {
			t.Fatal(err)
		}
		if one["a"].asked != 0 || one["a"].infos != 0 {
			t.Errorf("one server: asked for its meetings %d times, for a class %d times", one["a"].asked, one["a"].infos)
		}

		two := map[string]*poolServer{"a": {}, "b": {people: []int{classLoad / 2}}, "c": {hangs: true}}
		store, rooms := pooled(two)
		defer rooms.Stop()
		from := time.Now()
		for i := range 4 {
			store.live = nil
			seat := seatOf(Moderator)
			seat.Room.ID = fmt.Sprint("room", i)
			if _, err := rooms.Start(t.Context(), seat); err != nil {
				t.Fatal(err)
			}
		}
		if got := store.where(); got != "a2 b2" {
			t.Errorf("four classes at once began on %q", got)
		}
		if took := time.Since(from); took != patience {
			t.Errorf("they took %v: a server that hangs is waited for once", took)
		}
		synctest.Wait()
		asked := []int{two["a"].asked, two["b"].asked, two["c"].asked}
		if !slices.Equal(asked, []int{1, 1, 1}) {
			t.Errorf("asked %v times", asked)
		}
		time.Sleep(loadFor)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				loads := rooms.Loads(t.Context(), store.pool)
				if diff := cmp.Diff(Load{At: loads["b"].At, Classes: 1, People: classLoad / 2}, loads["b"]); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if loads["c"].Err == nil {
					t.Error("a server that hangs has an answer")
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if two["a"].asked != 2 {
			t.Errorf("20 who asked at once made %d questions", two["a"].asked-1)
		}
	})
}

// What is remembered of servers goes with them.
func TestLoadsAreBounded(t *testing.T) {
	var l loads
	for i := range 1000 {
		l.put(Server{ID: fmt.Sprint(i)}, Load{At: noon.Add(time.Duration(i) * loadKept)})
	}
	if len(l.of) > 2 {
		t.Errorf("%d servers are remembered", len(l.of))
	}
	if _, ok := l.known(Server{ID: "999"}, noon.Add(999*loadKept)); !ok {
		t.Error("the newest isn't known")
	}
	if _, ok := l.known(Server{ID: "999"}, noon.Add(999*loadKept+loadFor)); ok {
		t.Error("old figures are used")
	}
}

// What a server said before it was changed says nothing of now.
func TestLoadsOfAChangedServer(t *testing.T) {
	var l loads
	was := Server{ID: "a", Name: "main", Server: bbb.Server{URL: "https://bbb.example/api", Secret: "wrong"}}
	l.put(was, Load{At: noon, Err: bbb.ErrChecksum})
	for name, change := range map[string]func(*Server){
		"address": func(s *Server) { s.URL = "https://other.example/api" }, "secret": func(s *Server) { s.Secret = "right" },
		"checksum": func(s *Server) { s.Algorithm = bbb.SHA1 },
	} {
		now := was
		change(&now)
		if _, ok := l.known(now, noon); ok {
			t.Errorf("with another %s it counts as asked", name)
		}
	}
	renamed := was
	renamed.Name, renamed.Drained = "old", true
	if _, ok := l.known(renamed, noon); !ok {
		t.Error("with another name it is asked again")
	}
}

// Nobody waits for figures who has gone away, and nothing is remembered by that.
func TestLoadsOfSomebodyWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, rooms := pooled(map[string]*poolServer{"a": {hangs: true}})
		defer rooms.Stop()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := rooms.Loads(ctx, store.pool); len(got) != 0 {
			t.Errorf("%v", got)
		}
		if _, ok := rooms.loads.known(store.pool[0], time.Now()); ok {
			t.Error("the server counts as late")
		}
	})
}
