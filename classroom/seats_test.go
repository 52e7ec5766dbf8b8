package classroom

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// mine is a teacher's seat of the browser "mine" in the room "old".
func mine() Seat {
	return Seat{
		Visit:  Visit{ID: "v", Browser: HashBrowser("mine"), Role: Moderator, SeenAt: noon, ExpiresAt: noon.Add(time.Hour)},
		Person: Person{ID: "ann"}, Room: Room{ID: "old"}, Newest: Moderator,
	}
}

func TestSeat(t *testing.T) {
	f, rooms := newFake()
	f.seats["v"] = mine()
	over, shut := mine(), mine()
	over.Visit.ExpiresAt = noon
	shut.Shut = true
	f.seats["over"], f.seats["shut"] = over, shut
	for _, test := range []struct {
		name, visit, browser, room string
		want                       error
		known                      bool // whose it is
	}{
		{"mine", "v", "mine", "old", nil, true},
		{"another browser", "v", "theirs", "old", ErrVisitOver, false},
		{"no cookie", "v", "", "old", ErrVisitOver, false},
		{"another room", "v", "mine", "new", ErrNotFound, true},
		{"too late", "over", "mine", "old", ErrVisitOver, false},
		{"platform out of use", "shut", "mine", "old", ErrShut, true},
		{"platform out of use, another browser", "shut", "theirs", "old", ErrVisitOver, false},
		{"made up", "x", "mine", "old", ErrVisitOver, false},
		{"none", "", "mine", "old", ErrVisitOver, false},
	} {
		seat, err := rooms.Seat(t.Context(), test.visit, test.browser, test.room)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || (seat.Visit.ID != "") != test.known {
			t.Errorf("%s: %v of visit %q, want %v", test.name, err, seat.Visit.ID, test.want)
		}
		if err := rooms.Alive(t.Context(), test.visit, test.browser); test.room == "old" && !errors.Is(err, test.want) {
			t.Errorf("%s, as an open page asks: %v, want %v", test.name, err, test.want)
		}
	}
}

// A newer launch takes rights from older tabs, and gives them none.
func TestTheNewestWordCounts(t *testing.T) {
	for _, test := range []struct {
		name         string
		visit, newer Role
		want         Role
	}{
		{"still a teacher", Moderator, Moderator, Moderator},
		{"a learner by now", Moderator, Viewer, Viewer},
		{"a teacher by now, in a tab of before", Viewer, Moderator, Viewer},
		{"still a learner", Viewer, Viewer, Viewer},
		{"nothing known of the course", Moderator, "", Viewer},
		{"what nobody knows", Moderator, "owner", Viewer},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := newFake()
			seat := mine()
			seat.Visit.Role, seat.Newest = test.visit, test.newer
			picks := seat
			picks.Room, picks.Visit.DeepLinking = Room{}, &lti.DeepLinkingSettings{}
			f.seats["v"], f.seats["picks"] = seat, picks
			for _, ask := range []func() (Seat, error){
				func() (Seat, error) { return rooms.Seat(t.Context(), "v", "mine", "old") },
				func() (Seat, error) { return rooms.SeatByTicket(t.Context(), "v", "window", "old") },
			} {
				got, err := ask()
				if err != nil || got.Visit.Role != test.want {
					t.Errorf("role %s, %v; want %s", got.Visit.Role, err, test.want)
				}
				if may := got.May(Change) == nil; may != (test.want == Moderator) {
					t.Errorf("may change the room: %v", may)
				}
			}
			// What was picked before is posted for who may pick now.
			f.picked = []lti.ContentItem{{}}
			pick, err := rooms.FramedPick(t.Context(), "picks")
			if made := err == nil && pick.Made; made != (test.want == Moderator) || !made && !errors.Is(err, ErrForbidden) {
				t.Errorf("the frame's answer: %+v, %v", pick, err)
			}
			got, err := rooms.Seat(t.Context(), "picks", "mine", "")
			if may := got.May(Pick) == nil; err != nil || may != (test.want == Moderator) {
				t.Errorf("may pick: %v, %v", may, err)
			}
		})
	}
}

func look(at time.Time, people ...string) attendance.Evidence {
	body, err := json.Marshal(attendance.PollReport{People: people})
	if err != nil {
		panic(err)
	}
	return attendance.Evidence{Source: attendance.Poll, At: at, Until: at, Body: body}
}

func TestHowLongAVisitGoesOn(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	crowd := []attendance.Evidence{look(ago(time.Second), "ben"), {Body: []byte("?")}, look(ago(2*time.Second), "ben"), look(ago(3*time.Second), "ben"), look(ago(4*time.Second), "ben")}
	crowd[1].Until = ago(time.Second)
	for _, test := range []struct {
		name   string
		idle   time.Duration
		joined bool
		looks  []attendance.Evidence
		want   error
		writes int
	}{
		{"just opened", 0, false, nil, nil, 0},
		{"open", 5*time.Minute - time.Millisecond, false, nil, nil, 0},
		{"open for a while", 5 * time.Minute, false, nil, nil, 1},
		{"back in time", 90*time.Minute - time.Millisecond, false, nil, nil, 1},
		{"too late", 90 * time.Minute, false, nil, ErrVisitOver, 0},
		{"out of a long class", 3 * time.Hour, true, []attendance.Evidence{look(ago(20*time.Second), "ann", "ben")}, nil, 1},
		{"out of class, a while ago", 3 * time.Hour, true, append(crowd, look(ago(89*time.Minute), "ann")), nil, 1},
		{"long out of class", 3 * time.Hour, true, append(crowd, look(ago(91*time.Minute), "ann")), ErrVisitOver, 0},
		{"others are in class", 3 * time.Hour, true, crowd, ErrVisitOver, 0},
		{"in class by another browser", 3 * time.Hour, false, []attendance.Evidence{look(ago(20*time.Second), "ann")}, ErrVisitOver, 0},
		{"there was no class", 3 * time.Hour, true, nil, ErrVisitOver, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := newFake()
			seat := mine()
			seat.Visit.SeenAt, seat.Visit.Joined = ago(test.idle), test.joined
			f.seats["v"], f.looks = seat, test.looks
			for range 3 { // what is noted once isn't noted again
				if _, err := rooms.Seat(t.Context(), "v", "mine", "old"); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("error is %v, want %v", err, test.want)
				}
			}
			if len(f.seen) != test.writes {
				t.Errorf("%d writes, want %d", len(f.seen), test.writes)
			}
		})
	}
}

// A page that waits for hours asks every few seconds, and is written down now
// and then.
func TestOpenPagesWriteSeldom(t *testing.T) {
	f, rooms := newFake()
	seat := mine()
	seat.Visit.ExpiresAt = noon.Add(12 * time.Hour)
	f.seats["v"] = seat
	now := noon
	rooms.Now = func() time.Time { return now }
	for ; now.Before(noon.Add(3 * time.Hour)); now = now.Add(3 * time.Second) {
		if _, err := rooms.Seat(t.Context(), "v", "mine", "old"); err != nil {
			t.Fatalf("after %v: %v", now.Sub(noon), err)
		}
	}
	if most := int(3 * time.Hour / seenEvery); len(f.seen) == 0 || len(f.seen) > most {
		t.Errorf("%d writes in three hours, want %d at most", len(f.seen), most)
	}
}

// Of a class that has just ended, everybody comes back at once.
func TestWhoComesOutOfClassAsksForLittle(t *testing.T) {
	f, rooms := newFake()
	seat := mine()
	seat.Visit.SeenAt, seat.Visit.Joined = noon.Add(-2*time.Hour), true
	f.seats["v"] = seat
	for i := range 300 {
		f.looks = append(f.looks, look(noon.Add(-time.Duration(i)*10*time.Second), "ann", fmt.Sprint("p", i)))
	}
	if _, err := rooms.Seat(t.Context(), "v", "mine", "old"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{4}, f.asked); diff != "" {
		t.Errorf("looks asked for (-want +got)\n%s", diff)
	}
}

func TestNewWindowGetsItsOwnVisit(t *testing.T) {
	f, rooms := newFake()
	frame := mine()
	frame.Visit.Browser = HashBrowser("frame")
	f.seats["v"] = frame
	seat, err := rooms.SeatByTicket(t.Context(), "v", "window", "old")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.added) != 1 || seat.Visit.ID == "v" || seat.Visit.Browser != HashBrowser("window") || seat.Visit.Role != Moderator ||
		seat.Visit.LaunchID != "v" || !seat.Visit.ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("visit %+v", seat.Visit)
	}
	if _, err := rooms.SeatByTicket(t.Context(), "v", "window", "another"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another room by ticket: %v", err)
	}
	// A window out of a window comes from the same launch.
	f.seats["w"] = seat
	if seat, err = rooms.SeatByTicket(t.Context(), "w", "third", "old"); err != nil || seat.Visit.LaunchID != "v" {
		t.Errorf("third window %+v, %v", seat.Visit, err)
	}
	idle := mine()
	idle.Visit.SeenAt = noon.Add(-90 * time.Minute)
	f.seats["idle"] = idle
	if _, err := rooms.SeatByTicket(t.Context(), "idle", "window", "old"); !errors.Is(err, ErrVisitOver) {
		t.Errorf("by a ticket of a visit that is over: %v", err)
	}
}

func TestLeave(t *testing.T) {
	f, rooms := newFake()
	shut := mine()
	shut.Visit.ID, shut.Shut = "shut", true
	f.seats["v"], f.seats["shut"] = mine(), shut
	for _, test := range []struct {
		name, visit, browser string
		want                 error
		ended                int
	}{
		{"one's own", "v", "mine", nil, 1},
		{"another browser's", "v", "theirs", ErrVisitOver, 0},
		{"without a cookie", "v", "", ErrVisitOver, 0},
		{"made up", "x", "mine", ErrVisitOver, 0},
		{"none", "", "mine", ErrVisitOver, 0},
		{"of a platform out of use", "shut", "mine", nil, 1},
	} {
		f.ended = nil
		if _, err := rooms.Leave(t.Context(), test.visit, test.browser); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || len(f.ended) != test.ended {
			t.Errorf("%s: %v, %d ended; want %v, %d", test.name, err, len(f.ended), test.want, test.ended)
		}
	}
}

// A join is kept with the visit by which it was made.
func TestJoinIsKept(t *testing.T) {
	f := &fakeClass{}
	server := &fakeServer{}
	rooms := &Rooms{Store: f, Client: func(Server) MeetingServer { return server }, Now: func() time.Time { return noon }}
	seat := mine()
	if _, err := rooms.Start(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{seat.Visit.ID}, f.joined); diff != "" {
		t.Errorf("visits that joined (-want +got)\n%s", diff)
	}
	want := []attendance.Evidence{{MeetingID: f.live[0].ID, Source: attendance.Joining, At: noon, Until: noon, Body: []byte(seat.Person.ID)}}
	if diff := cmp.Diff(want, f.evidence, cmpopts.IgnoreFields(attendance.Evidence{}, "ID")); diff != "" {
		t.Errorf("evidence (-want +got)\n%s", diff)
	}
}
