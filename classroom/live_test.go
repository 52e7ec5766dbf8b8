package classroom

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A slowServer lets every call wait until it is told to answer.
type slowServer struct {
	fakeServer
	answers chan struct{} // nil: it never answers
}

func (f *slowServer) hang(ctx context.Context) error {
	select {
	case <-f.answers:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *slowServer) MeetingInfo(ctx context.Context, id string) (bbb.Meeting, error) {
	info, err := f.fakeServer.MeetingInfo(ctx, id)
	if hung := f.hang(ctx); hung != nil {
		return bbb.Meeting{}, hung
	}
	return info, err
}

func (f *slowServer) Create(ctx context.Context, r bbb.CreateRequest) (bbb.Created, error) {
	created, err := f.fakeServer.Create(ctx, r)
	if hung := f.hang(ctx); hung != nil {
		return bbb.Created{}, hung
	}
	return created, err
}

// asked is how often it was asked for the class, and to create it.
func (f *slowServer) asked() (infos, creates int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.infos, len(f.creates)
}

// slow is a class with a teacher on a server that never answers, by the bubble's
// clock.
func slow() (*fakeClass, *slowServer, *Rooms) {
	store, _, rooms := newClass()
	server := &slowServer{}
	rooms.Now, rooms.Client = time.Now, func(Server) MeetingServer { return server }
	store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s", CreateTime: time.Now()}}
	store.people = []Enrolment{{PersonID: "utess", Role: Moderator}, {PersonID: "uben", Role: Viewer}}
	return store, server, rooms
}

func joinAt(at time.Time, person string) attendance.Evidence {
	return attendance.Evidence{Source: attendance.Joining, At: at, Until: at, Body: []byte(person)}
}

// What is known without the server lets learners in, as long as it holds.
func TestWhoGetsInWhileTheServerIsSilent(t *testing.T) {
	const now, just, long = 0, 9 * time.Minute, 11 * time.Minute
	type past struct {
		ago  time.Duration
		join string
		saw  []string // by a look, if join is empty
	}
	for _, test := range []struct {
		name     string
		evidence []past
		change   func(*attendance.Meeting)
		set      Settings
		want     error
		live     Live // what pages are told, its meeting and its people apart
	}{
		{name: "the teacher has just gone in", evidence: []past{{ago: now, join: "utess"}}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "the teacher went in a while ago", evidence: []past{{ago: just, join: "utess"}}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "the teacher went in long ago", evidence: []past{{ago: long, join: "utess"}}, want: ErrNotRunning, live: Live{Unknown: true}},
		{name: "learners alone", evidence: []past{{ago: now, join: "uben"}}, want: ErrNotRunning, live: Live{Running: true, Late: true}},
		{name: "everybody moderates", evidence: []past{{ago: now, join: "uben"}}, set: Settings{EveryoneModerates: true}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "everybody moderates whom a look saw", evidence: []past{{ago: just, saw: []string{"uben"}}}, set: Settings{EveryoneModerates: true}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "a look saw the teacher", evidence: []past{{ago: just, saw: []string{"utess"}}}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "a look saw the teacher long ago", evidence: []past{{ago: long, saw: []string{"utess"}}}, want: ErrNotRunning, live: Live{Unknown: true}},
		{name: "a look since saw nobody", evidence: []past{{ago: just, join: "utess"}, {ago: time.Minute}}, want: ErrNotRunning, live: Live{Late: true}},
		{name: "a look before saw nobody", evidence: []past{{ago: just}, {ago: time.Minute, join: "utess"}}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "two teachers by different words", evidence: []past{{ago: just, saw: []string{"utess"}}, {ago: now, join: "utom"}, {ago: now, join: "utess"}}, live: Live{Running: true, Moderators: 1, Late: true}},
		{name: "nothing is known", want: ErrNotRunning, live: Live{Unknown: true}},
		{
			name: "ended by a teacher", evidence: []past{{ago: just, join: "utess"}},
			change: func(m *attendance.Meeting) { m.StoppedAt = time.Now().Add(-time.Minute) }, want: ErrNotRunning, live: Live{Over: true, Late: true},
		},
		{
			name: "ended, and the teacher went in once more", evidence: []past{{ago: now, join: "utess"}},
			change: func(m *attendance.Meeting) { m.StoppedAt = time.Now().Add(-time.Minute) }, live: Live{Running: true, Moderators: 1, Late: true},
		},
		{
			name: "a look since didn't find it", evidence: []past{{ago: just, join: "utess"}},
			change: func(m *attendance.Meeting) { m.Absences, m.AbsentSince = 1, time.Now().Add(-time.Minute) }, want: ErrNotRunning, live: Live{Unknown: true},
		},
		{
			name: "full when it was seen last: the server decides", evidence: []past{{ago: now, saw: []string{"utess", "uben"}}},
			set: Settings{MaxParticipants: 2}, live: Live{Running: true, Moderators: 1, Late: true},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, _, rooms := slow()
				defer rooms.Stop()
				for _, p := range test.evidence {
					e := look(time.Now().Add(-p.ago), p.saw...)
					if p.join != "" {
						e = joinAt(time.Now().Add(-p.ago), p.join)
					}
					store.evidence = append(store.evidence, e)
				}
				if test.change != nil {
					test.change(&store.live[0])
				}
				seat := seatOf(Viewer)
				seat.Room.Settings = test.set
				if _, err := rooms.Join(t.Context(), seat); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("Join = %v, want %v", err, test.want)
				}
				got, err := rooms.Live(t.Context(), seat.Room)
				if err != nil {
					t.Fatal(err)
				}
				got.Meeting, got.People, got.At = attendance.Meeting{}, nil, time.Time{}
				if diff := cmp.Diff(test.live, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A page waits a second for a server if something is known without it, four if
// nothing is, and not at all where the last look took long already.
func TestHowLongPagesWait(t *testing.T) {
	for _, test := range []struct {
		name     string
		evidence func() []attendance.Evidence
		waits    []time.Duration // of pages one after another, 3 s apart
	}{
		{"the teacher is in", func() []attendance.Evidence { return []attendance.Evidence{joinAt(time.Now(), "utess")} }, []time.Duration{patience, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"nothing is known", func() []attendance.Evidence { return nil }, []time.Duration{liveWait, 0, 0, 0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, server, rooms := slow()
				defer rooms.Stop()
				store.evidence = test.evidence()
				for i, want := range test.waits {
					var pages sync.WaitGroup
					for range 300 {
						pages.Go(func() {
							begin := time.Now()
							if _, err := rooms.Live(t.Context(), Room{ID: "room"}); err != nil || time.Since(begin) != want {
								t.Errorf("page %d waited %v, want %v; %v", i, time.Since(begin), want, err)
							}
						})
					}
					pages.Wait()
					time.Sleep(3 * time.Second)
				}
				if infos, _ := server.asked(); infos > 2 {
					t.Errorf("the server was asked %d times", infos)
				}
			})
		})
	}
}

// The look goes on when who asked has left, and what it brings is used.
func TestLookGoesOnInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server, rooms := slow()
		defer rooms.Stop()
		server.answers = make(chan struct{})
		server.info = bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "utess", Moderator: true}}}
		leaving, leave := context.WithCancel(t.Context())
		leave()
		if _, err := rooms.Live(leaving, Room{ID: "room"}); !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		begun := time.Now()
		time.Sleep(12 * time.Second)
		server.answers <- struct{}{}
		synctest.Wait()
		if _, err := rooms.Join(t.Context(), seatOf(Viewer)); err != nil {
			t.Fatalf("the answer isn't used: %v", err)
		}
		// The next one never comes: what was said last holds for a while, and
		// says how old it is.
		time.Sleep(holdsFor - 13*time.Second)
		live, err := rooms.Live(t.Context(), Room{ID: "room"})
		if infos, _ := server.asked(); err != nil || !live.Late || live.Unknown || !live.At.Equal(begun) || len(live.People) != 1 || infos != 2 {
			t.Errorf("%+v %v, %d looks", live, err, infos)
		}
		time.Sleep(time.Minute)
		if live, err := rooms.Live(t.Context(), Room{ID: "room"}); err != nil || !live.Unknown {
			t.Errorf("long after: %+v %v", live, err)
		}
	})
}

// Who may start a class doesn't wait for a server that takes long to say that it
// goes on.
func TestSecondTeacherDoesntWaitForCreate(t *testing.T) {
	for _, test := range []struct {
		name string
		join string
		seat Seat
		set  Settings
		want error
		wait time.Duration
	}{
		{"a class goes on", "utess", seatOf(Moderator), Settings{}, nil, patience},
		{"a class goes on, and learners may start", "uben", seatOf(Viewer), Settings{LearnersMayStart: true}, nil, patience},
		{"nobody has gone in", "", seatOf(Moderator), Settings{}, context.DeadlineExceeded, createWait},
		{"out of a class that was ending", "utess", func() Seat { s := seatOf(Moderator); s.Tries = 1; return s }(), Settings{}, context.DeadlineExceeded, createWait},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, server, rooms := slow()
				defer rooms.Stop()
				if test.join != "" {
					store.evidence = []attendance.Evidence{joinAt(time.Now(), test.join)}
				}
				seat, begin := test.seat, time.Now()
				seat.Room.Settings = test.set
				if _, err := rooms.Join(t.Context(), seat); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("Join = %v, want %v", err, test.want)
				}
				if took := time.Since(begin); took != test.wait {
					t.Errorf("took %v, want %v", took, test.wait)
				}
				if _, creates := server.asked(); test.want == nil && (creates != 1 || server.joins[0].CreateTime != store.live[0].CreateTime.UnixMilli()) {
					t.Errorf("%d creates, join %+v", creates, server.joins[0])
				}
			})
		})
	}
}

// Rooms of a server that lets looks wait cost those of another one nothing, and
// don't have their server asked by each of them.
func TestOneSlowServerAmongOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, server, rooms := slow()
		defer rooms.Stop()
		quick := &fakeServer{info: bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "utess", Moderator: true}}}}
		rooms.Store = byRoom{store}
		rooms.Client = func(s Server) MeetingServer {
			if s.ID == "quick" {
				return quick
			}
			return server
		}
		for i := range 10 * turnsMost {
			go rooms.Live(t.Context(), Room{ID: fmt.Sprint(i)}) //nolint:errcheck // nobody waits for it
		}
		synctest.Wait()
		if infos, _ := server.asked(); infos != turnsMost {
			t.Errorf("%d looks at once", infos)
		}
		begin := time.Now()
		live, err := rooms.Live(t.Context(), Room{ID: "quick"})
		if err != nil || live.Late || !live.Running || time.Since(begin) != 0 {
			t.Errorf("the other server: %+v %v after %v", live, err, time.Since(begin))
		}
		time.Sleep(2 * lookMost)
		synctest.Wait()
		if len(rooms.live.turns) != 0 {
			t.Errorf("%d servers are remembered", len(rooms.live.turns))
		}
	})
}

// byRoom has each room on the server that is called as the room, or on "s".
type byRoom struct{ *fakeClass }

func (f byRoom) LiveMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error) {
	live, err := f.fakeClass.LiveMeetings(ctx, roomID)
	m := live[0]
	if roomID == "quick" {
		m.ServerID = roomID
	}
	return []attendance.Meeting{m}, err
}

func (f byRoom) Server(_ context.Context, id string) (Server, error) { return Server{ID: id}, nil }

// What is remembered is bounded in rooms and people, and so are looks.
func TestLivesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server, rooms := slow()
		defer rooms.Stop()
		server.answers = make(chan struct{})
		close(server.answers)
		var class []bbb.Participant
		for i := range 100 {
			class = append(class, bbb.Participant{UserID: fmt.Sprint(i)})
		}
		server.info = bbb.Meeting{InternalMeetingID: "internal", Attendees: class}
		held := func(most int) {
			t.Helper()
			synctest.Wait()
			people := 0
			for _, s := range rooms.live.rooms {
				people += s.weight()
			}
			if n := len(rooms.live.rooms); n > most || people != rooms.live.people || people > peopleMost {
				t.Errorf("%d rooms with %d people, counted as %d", n, people, rooms.live.people)
			}
		}
		for i := range 2 * liveMost {
			if i == liveMost { // the ones that come now are small
				held(peopleMost / len(class))
				server.info.Attendees = class[:1]
			}
			if _, err := rooms.Live(t.Context(), Room{ID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		held(liveMost)
		if _, newest := rooms.live.rooms[fmt.Sprint(2*liveMost-1)]; !newest || len(rooms.live.rooms) != liveMost {
			t.Errorf("%d rooms, the newest among them: %v", len(rooms.live.rooms), newest)
		}

		server.answers = nil
		for i := range 2 * liveMost {
			go rooms.Live(t.Context(), Room{ID: "hangs " + fmt.Sprint(i)}) //nolint:errcheck // nobody waits for it
		}
		synctest.Wait()
		held(liveMost)
		if n := len(rooms.tasks.under); n > liveMost {
			t.Errorf("%d looks are under way", n)
		}
	})
}

// A look that was under way when a class began, or was ended, is of before: it
// is broken off, and who waits for it is told of now.
func TestForgottenLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server, rooms := slow()
		defer rooms.Stop()
		server.answers = make(chan struct{})
		told := make(chan Live)
		go func() {
			live, _ := rooms.Live(t.Context(), Room{ID: "room"})
			told <- live
		}()
		synctest.Wait()
		server.mu.Lock()
		server.info = bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "utess", Moderator: true}}}
		server.mu.Unlock()
		for range 100 {
			rooms.Forget(Room{ID: "room"})
			synctest.Wait()
		}
		if n := len(rooms.tasks.under); n != 1 {
			t.Errorf("%d looks are under way", n)
		}
		server.answers <- struct{}{}
		if live := <-told; !live.Running || live.Late {
			t.Errorf("who waited is told %+v", live)
		}
	})
}

// Stop ends what is under way, and nothing begins afterwards.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _, rooms := slow()
		store.evidence = []attendance.Evidence{joinAt(time.Now(), "utess")}
		if _, err := rooms.Live(t.Context(), Room{ID: "room"}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		rooms.Stop()
		if time.Since(begin) != 0 || len(rooms.tasks.under) != 0 {
			t.Errorf("stopped after %v, %d left", time.Since(begin), len(rooms.tasks.under))
		}
		if _, err := rooms.Live(t.Context(), Room{ID: "another"}); err != nil {
			t.Errorf("after the end: %v", err)
		}
	})
}

// removed is a store of a class whose server was.
type removed struct {
	*fakeClass
	says error
}

func (r removed) Server(context.Context, string) (Server, error) { return Server{}, r.says }

// A class whose server was removed is known as far as we know it ourselves; a
// database that doesn't say is another thing.
func TestClassOnARemovedServer(t *testing.T) {
	broken := errors.New("the database is away")
	for says, want := range map[error]error{ErrNotFound: nil, ErrNoServer: nil, broken: broken} {
		synctest.Test(t, func(t *testing.T) {
			store, _, rooms := slow()
			defer rooms.Stop()
			store.evidence = []attendance.Evidence{joinAt(time.Now(), "utess")}
			rooms.Store = removed{store, says}
			live, err := rooms.look(t.Context(), Room{ID: "room"})
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%v: %v", says, err)
			}
			if want == nil && (live.Meeting.ID != "m" || live.Moderators != 1) {
				t.Errorf("%v: %+v", says, live)
			}
		})
	}
}
