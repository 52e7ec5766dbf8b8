package classroom

import (
	"errors"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// One "not found" ends no class, nor do several in a row within a minute. Who
// was in before and after has been in all the time.
func TestOneNotFound(t *testing.T) {
	down := errors.New("connection refused")
	gone := func(s *scene) { s.err = bbb.ErrNotFound }
	back := func(s *scene) { s.with("ann") }
	for _, test := range []struct {
		name  string
		looks []func(*scene)
	}{
		{"once", []func(*scene){gone}},
		{"several times within a minute", []func(*scene){gone, gone, gone, gone}},
		{"with silence between", []func(*scene){gone, func(s *scene) { s.err = down }, gone}},
		{"now and then", []func(*scene){gone, gone, back, gone, gone, back, gone, gone, back, gone, gone, back, gone, gone, back, gone, gone}},
		{"ended for everybody, and it wasn't", []func(*scene){func(s *scene) { s.info.ForciblyEnded = true }, func(s *scene) { s.info.ForciblyEnded = false }}},
		{"one of long ago is shown instead", []func(*scene){func(s *scene) { s.info.InternalMeetingID, s.info.CreateTime = "in-before", nine(10) }}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, at, now := watched(t)
			*now = nine(40)
			at.with("ann")
			live := at.info
			look := func() {
				t.Helper()
				next, err := s.Poll(t.Context(), "a")
				if err != nil && !errors.Is(err, down) || next.IsZero() || next.Sub(*now) > 33*time.Second {
					t.Fatalf("next look at %v, %v", next, err)
				}
				*now = next
			}
			look()
			for _, answer := range test.looks {
				answer(at)
				look()
				at.info = live
			}
			at.err = nil
			look()
			if m := b.meetings[0]; !m.EndedAt.IsZero() || m.Absences != 0 || !m.AbsentSince.IsZero() {
				t.Errorf("meeting %+v", m)
			}
			a := attendance.AccountOf(b.meetings[0], b.evidence, everybody)
			if len(a.Stays) != 1 || a.Stays[0].To.Sub(a.Stays[0].From) < now.Sub(nine(40.6)) {
				t.Errorf("stays %+v until %v", a.Stays, *now)
			}
		})
	}
}

// While balancers don't find it, isMeetingRunning may know it: then the class
// goes on as long as a server may be silent.
func TestNotFoundButRunning(t *testing.T) {
	b, s, at, now := watched(t)
	*now = nine(40)
	if _, err := s.Poll(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	at.err, at.running = bbb.ErrNotFound, true
	for range 20 {
		next, err := s.Poll(t.Context(), "a")
		if !errors.Is(err, errAtOdds) || next.IsZero() {
			t.Fatalf("%v, %v", next, err)
		}
		*now = next
	}
	if m := b.meetings[0]; !m.EndedAt.IsZero() || m.Absences != 0 {
		t.Errorf("meeting %+v", m)
	}
	*now = nine(41 + 24*60)
	if _, err := s.Poll(t.Context(), "a"); err != nil || b.meetings[0].EndedAt.IsZero() {
		t.Errorf("after a day: %v, %+v", err, b.meetings[0])
	}
}

// Looks come soon after the first that didn't find a meeting, and one that a
// teacher has just ended is looked at until it's gone.
func TestLooksComeSoon(t *testing.T) {
	b, s, at, now := watched(t)
	*now = nine(40)
	at.err = bbb.ErrNotFound
	next, err := s.Poll(t.Context(), "a")
	if err != nil || next.Sub(*now) > 17*time.Second {
		t.Errorf("not found: next look after %v, %v", next.Sub(*now), err)
	}
	at.with("ann")
	b.meetings[0].StoppedAt = nine(39.99)
	if next, err = s.Poll(t.Context(), "a"); err != nil || next.Sub(*now) > 3*time.Second {
		t.Errorf("being ended: next look after %v, %v", next.Sub(*now), err)
	}
}

// A meeting that was taken for over is looked for, and lives again when it is
// seen with people in it.
func TestMeetingIsSeenAgain(t *testing.T) {
	over := func(at float64) func(*books, *scene) {
		return func(b *books, s *scene) {
			b.meetings[0].EndedAt, b.meetings[0].CountsAt = nine(100), nine(at)
			s.with("ann")
		}
	}
	for _, test := range []struct {
		name   string
		change func(*books, *scene)
		lives  bool
		stops  bool // no look follows
	}{
		{"it is there", func(*books, *scene) {}, true, false},
		{"after its report", func(b *books, _ *scene) { b.reported("a", 60, 100, map[string][]stretch{"ann": {{60, 100}}}) }, true, false},
		{"it isn't found", func(_ *books, s *scene) { s.err = bbb.ErrNotFound }, false, false},
		{"no answer", func(_ *books, s *scene) { s.err = errors.New("no route") }, false, false},
		{"nobody is in it", func(_ *books, s *scene) { s.with() }, false, false},
		{"it is being ended", func(_ *books, s *scene) { s.info.ForciblyEnded = true }, false, false},
		{"its server was removed", func(b *books, _ *scene) { b.servers = nil }, false, false},
		{"over for long", over(-30), false, true},
		{"the room's next class is on", func(b *books, _ *scene) {
			b.meetings = append(b.meetings, attendance.Meeting{ID: "b", RoomID: "room", ServerID: "s1", InternalID: "in-b"})
		}, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, at, now := watched(t)
			*now = nine(45)
			over(42)(b, at)
			test.change(b, at)
			next, err := s.Poll(t.Context(), "a")
			if err != nil || next.IsZero() != test.stops {
				t.Fatalf("next %v, %v", next, err)
			}
			if m := b.meetings[0]; m.EndedAt.IsZero() != test.lives {
				t.Errorf("meeting %+v", m)
			}
			polls := 0
			for _, e := range b.evidence {
				if e.Source == attendance.Poll {
					polls++
				}
			}
			if (polls == 1) != test.lives {
				t.Errorf("%d polls kept", polls)
			}
		})
	}
}

// The looks at what is over get rarer, and end.
func TestLooksAtWhatIsOver(t *testing.T) {
	b, s, at, now := watched(t)
	b.meetings[0].EndedAt, b.meetings[0].CountsAt = nine(100), nine(42)
	*now, at.err = nine(40), bbb.ErrNotFound
	n := 0
	for ; n < 100; n++ {
		next, err := s.Poll(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		*now = next
	}
	if n < 10 || n > 30 || now.Sub(nine(42)) < time.Hour || now.Sub(nine(42)) > 70*time.Minute {
		t.Errorf("%d looks, until %v", n, *now)
	}
}

// Another meeting with people in it, seen where one was that is over, is a
// class.
func TestAnotherMeetingIsSeen(t *testing.T) {
	b, s, at, now := watched(t)
	*now = nine(45)
	b.meetings[0].EndedAt, b.meetings[0].CountsAt = nine(100), nine(42)
	at.with("ann").info.InternalMeetingID = "in-b"
	if next, err := s.Poll(t.Context(), "a"); err != nil || !next.IsZero() {
		t.Fatalf("%v, %v", next, err)
	}
	if len(b.meetings) != 2 || b.meetings[1].InternalID != "in-b" || b.jobs["poll "+b.meetings[1].ID] == nil || b.meetings[0].EndedAt.IsZero() {
		t.Errorf("meetings %+v", b.meetings)
	}
}
