package classroom

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// running is a class of which one meeting is over and one goes on.
func running(t *testing.T) (*books, *Classes, *Registers, func() map[string]time.Time) {
	b, s := class(halfAnHour)
	now := nine(0)
	b.now, s.Now = func() time.Time { return now }, func() time.Time { return now }
	for i, id := range []string{"a", "b"} {
		m := attendance.Meeting{ID: id, RoomID: "room", ServerID: "s1", InternalID: "in-" + id, CreateTime: nine(float64(20 * i)), ClockOffset: 1}
		if _, _, err := b.RecordMeeting(t.Context(), m, nine(0)); err != nil {
			t.Fatal(err)
		}
	}
	b.looks(t, "a", 0, 10, "ann")
	if err := b.EndMeeting(t.Context(), "a", nine(10), nine(12)); err != nil {
		t.Fatal(err)
	}
	now = nine(21)
	b.looks(t, "b", 20, 21, "bob")
	settle(t, s)
	r := &Registers{Store: resending{books: b}}
	b.read, b.readOn = nil, 0
	return b, s, r, func() map[string]time.Time {
		t.Helper()
		seat := Seat{Visit: Visit{Role: Moderator}, Room: Room{ID: "room"}}
		since, err := r.Since(t.Context(), seat, attendance.Session{ID: "a", RoomID: "room"})
		if err != nil {
			t.Fatal(err)
		}
		for id := range since {
			since[id] = since[id].Round(time.Minute)
		}
		return since
	}
}

// looks has somebody and a guest who comes and goes seen at each minute.
func (b *books) looks(t *testing.T, id string, from, to int, people ...string) {
	t.Helper()
	for minute := from; minute <= to; minute++ {
		if err := b.KeepPoll(t.Context(), id, pollBody(append(people, fmt.Sprint("guest", minute%2))...), nine(float64(minute))); err != nil {
			t.Fatal(err)
		}
	}
}

// Of a class that goes on the pages about it read what is new since the last.
func TestRunningClassIsReadOnce(t *testing.T) {
	b, _, _, since := running(t)
	want := map[string]time.Time{"ann": nine(0), "bob": nine(20)}
	reads := func(what string, pieces int, all ...string) {
		t.Helper()
		b.read, b.readOn = nil, 0
		if diff := cmp.Diff(want, since()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		if diff := cmp.Diff(all, b.read); diff != "" || b.readOn != pieces {
			t.Errorf("%s: %d pieces were read, and all of %q", what, b.readOn, b.read)
		}
	}
	reads("at first", 2)
	reads("again", 1)
	b.looks(t, "b", 22, 29, "bob", "cy")
	want["cy"] = nine(22)
	reads("eight looks later", 9)
	reads("and again", 1)
	b.evidence = append(b.evidence, attendance.Evidence{ID: "late", MeetingID: "b", Source: attendance.Joining, At: nine(20.5), Until: nine(20.5), Body: []byte("cy")})
	reads("something was told late", 1+11)
	reads("and is known", 1)
	b.reported("b", 20, 29, map[string][]stretch{"bob": {{21, 29}}})
	b.evidence[len(b.evidence)-1].At = nine(30)
	want["bob"] = nine(21)
	reads("a report", 2+12, "b")
}

// What is remembered of classes that go on is bounded, the one aside that
// somebody asks for.
func TestWatchesAreBounded(t *testing.T) {
	var s watches
	for i := range 5000 {
		s.weigh(s.of(fmt.Sprint("m", i)), 0)
	}
	if n := len(s.byID); n != watchedMost/watchLeast {
		t.Errorf("%d empty classes are remembered", n)
	}
	s.weigh(s.of("m4000"), watchedMost/2)
	w := s.of("m4999")
	s.weigh(w, watchedMost/2-2*watchLeast)
	if n := len(s.byID); n != 2 || s.byID["m4000"] == nil {
		t.Errorf("%d are remembered, want the two that were asked for last", n)
	}
	s.weigh(w, 2*watchedMost)
	if n := len(s.byID); n != 1 || s.byID["m4999"] == nil {
		t.Errorf("%d are remembered beside the one that is too large", n-1)
	}
}
