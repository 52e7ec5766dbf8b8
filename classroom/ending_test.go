package classroom

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// twoServers is a class with servers s, where new classes begin, and old, each
// of which answers end in its own way.
type twoServers struct {
	fakeClass
	removed map[string]bool
	answers map[string]error
	ended   []string
}

func (f *twoServers) Server(_ context.Context, id string) (Server, error) {
	if f.removed[id] {
		return Server{}, ErrNotFound
	}
	return Server{ID: id}, nil
}

// An endServer is one that is asked to end a class.
type endServer struct {
	MeetingServer
	id string
	in *twoServers
}

func (s endServer) End(_ context.Context, meetingID, password string) error {
	s.in.ended = append(s.in.ended, s.id+" "+meetingID+" "+password)
	return s.in.answers[s.id]
}

// End asks wherever the class may be, whatever our records say of it, and says
// what came of it.
func TestEnd(t *testing.T) {
	down := errors.New("connection refused")
	on := func(server string) []attendance.Meeting {
		return []attendance.Meeting{{ID: "m", ServerID: server, MeetingID: "rmeeting"}}
	}
	former := []attendance.Meeting{{ID: "m", ServerID: "s", MeetingID: "former"}}
	for _, test := range []struct {
		name       string
		live, past []attendance.Meeting
		answers    map[string]error // of the servers; none: it ends something
		removed    string
		want       Ending
		asked      []string
		stopped    []string
	}{
		{name: "it runs", live: on("s"), want: EndIsNear, asked: []string{"s"}, stopped: []string{"m"}},
		{name: "it has just ended", live: on("s"), answers: map[string]error{"s": bbb.ErrNotFound}, want: EndOfNothing, asked: []string{"s"}, stopped: []string{"m"}},
		{name: "the server doesn't answer", live: on("s"), answers: map[string]error{"s": down}, want: EndUnanswered, asked: []string{"s"}},
		{name: "it runs, and we know of none", want: EndIsNear, asked: []string{"s"}},
		{name: "it runs, and we took it for over", past: on("s"), want: EndIsNear, asked: []string{"s"}},
		{name: "there is none", answers: map[string]error{"s": bbb.ErrNotFound}, want: EndOfNothing, asked: []string{"s"}},
		{name: "nobody knows of one, and nobody answers", answers: map[string]error{"s": down}, want: EndUnanswered, asked: []string{"s"}},
		{name: "it runs where new ones don't begin", live: on("old"), answers: map[string]error{"s": bbb.ErrNotFound}, want: EndIsNear, asked: []string{"old", "s"}, stopped: []string{"m"}},
		{name: "the last one was elsewhere, and runs", past: on("old"), answers: map[string]error{"s": bbb.ErrNotFound}, want: EndIsNear, asked: []string{"old", "s"}},
		{name: "the server that has it is silent, the other ends something", live: on("old"), answers: map[string]error{"old": down}, want: EndUnanswered, asked: []string{"old", "s"}},
		{name: "it runs under an id that the room had before", live: former, want: EndIsNear, asked: []string{"s former", "s"}, stopped: []string{"m"}},
		{name: "two elsewhere, under two ids", live: append(on("old"), attendance.Meeting{ID: "m0", ServerID: "old", MeetingID: "former"}), answers: map[string]error{"s": bbb.ErrNotFound},
			want: EndIsNear, asked: []string{"old former", "old", "s"}, stopped: []string{"m0", "m"}},
		{name: "it runs elsewhere, and the server of new ones is silent", live: on("old"), answers: map[string]error{"s": down}, want: EndIsNear, asked: []string{"old", "s"}, stopped: []string{"m"}},
		{name: "the last one had another id", past: former, answers: map[string]error{"s": bbb.ErrNotFound}, want: EndOfNothing, asked: []string{"s former", "s"}},
		{name: "the last one's server was removed", past: on("old"), removed: "old", answers: map[string]error{"s": bbb.ErrNotFound}, want: EndOfNothing, asked: []string{"s"}},
		{name: "it runs on a server that was removed", live: on("old"), removed: "old", answers: map[string]error{"s": bbb.ErrNotFound}, want: EndUnanswered, asked: []string{"s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &twoServers{answers: test.answers, removed: map[string]bool{test.removed: true}}
			store.live, store.past = test.live, test.past
			rooms := &Rooms{
				Store: store, Client: func(s Server) MeetingServer { return endServer{id: s.ID, in: store} },
				PasswordKey: []byte("key"), Now: func() time.Time { return noon },
			}
			got, err := rooms.End(t.Context(), seatOf(Moderator))
			if got != test.want || (err != nil) != (test.want == EndUnanswered) {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
			var asked []string
			for _, id := range test.asked {
				server, meeting, other := strings.Cut(id, " ")
				if !other {
					meeting = "rmeeting"
				}
				_, password := bbb.Passwords([]byte("key"), meeting)
				asked = append(asked, server+" "+meeting+" "+password)
			}
			slices.Sort(store.ended)
			if diff := cmp.Diff(asked, store.ended); diff != "" {
				t.Errorf("asked: %s", diff)
			}
			if diff := cmp.Diff(test.stopped, store.stopped); diff != "" {
				t.Errorf("stopped: %s", diff)
			}
		})
	}
}

// A class that the server loses from sight for a moment goes on for who comes
// meanwhile; one that we took for over does when it is seen again.
func TestWhoComesWhileAClassIsLost(t *testing.T) {
	teacher := bbb.Participant{UserID: "utess", Moderator: true}
	in := bbb.Meeting{InternalMeetingID: "internal", CreateTime: noon, Attendees: []bbb.Participant{teacher}}
	open := attendance.Meeting{ID: "m", InternalID: "internal", ServerID: "s", CreateTime: noon}
	over := func(change func(*attendance.Meeting)) attendance.Meeting {
		m := open
		m.EndedAt, m.CountsAt = noon, noon
		change(&m)
		return m
	}
	nothing := func(*attendance.Meeting) {}
	poll := attendance.Evidence{Source: attendance.Poll, At: noon, Until: noon, Body: []byte(`{"people":["utess","uben"]}`)}
	join := attendance.Evidence{Source: attendance.Joining, At: noon, Until: noon, Body: []byte("utess")}
	for _, test := range []struct {
		name     string
		live     []attendance.Meeting
		past     []attendance.Meeting
		evidence []attendance.Evidence
		info     bbb.Meeting
		err      error
		running  bool
		want     error
		looks    int // at the server
	}{
		{name: "not found, but it runs: by the last look", live: []attendance.Meeting{open}, err: bbb.ErrNotFound, running: true, evidence: []attendance.Evidence{join, poll}, looks: 1},
		{name: "not found, but it runs: by a join", live: []attendance.Meeting{open}, err: bbb.ErrNotFound, running: true, evidence: []attendance.Evidence{join}, looks: 1},
		{name: "not found, but it runs: nobody knows who is in", live: []attendance.Meeting{open}, err: bbb.ErrNotFound, running: true, want: ErrNotRunning, looks: 1},
		{name: "not found by both", live: []attendance.Meeting{open}, err: bbb.ErrNotFound, evidence: []attendance.Evidence{poll}, want: ErrNotRunning, looks: 1},
		{name: "taken for over, and seen again", past: []attendance.Meeting{over(nothing)}, info: in, looks: 1},
		{name: "taken for over, and another one is there", past: []attendance.Meeting{over(func(m *attendance.Meeting) { m.InternalID = "before" })}, info: in, looks: 1},
		{name: "over", past: []attendance.Meeting{over(nothing)}, err: bbb.ErrNotFound, want: ErrNotRunning, looks: 1},
		{name: "over, and the server doesn't answer", past: []attendance.Meeting{over(nothing)}, err: errors.New("connection refused"), want: ErrNotRunning, looks: 1},
		{name: "over, and made again with nobody in it", past: []attendance.Meeting{over(nothing)}, info: bbb.Meeting{InternalMeetingID: "internal"}, want: ErrNotRunning, looks: 1},
		{name: "ended by a teacher", past: []attendance.Meeting{over(func(m *attendance.Meeting) { m.StoppedAt = noon })}, info: in, want: ErrNotRunning},
		{name: "over for long", past: []attendance.Meeting{over(func(m *attendance.Meeting) { m.CountsAt = noon.Add(-2 * time.Hour) })}, info: in, want: ErrNotRunning},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, server, rooms := newClass()
			store.live, store.past, store.evidence = test.live, test.past, test.evidence
			store.people = []Enrolment{{PersonID: "utess", Role: Moderator}}
			server.info, server.err, server.running = test.info, test.err, test.running
			for range 2 { // once more at once: the server isn't asked again
				if _, err := rooms.Join(t.Context(), seatOf(Viewer)); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("Join = %v, want %v", err, test.want)
				}
				rooms.Forget(seatOf(Viewer).Room)
			}
			if looks := server.infos; test.past != nil && test.want != nil && looks != test.looks {
				t.Errorf("%d looks, want %d", looks, test.looks)
			}
			if test.want == nil && (len(store.live) != 1 || server.joins[0].CreateTime == 0) {
				t.Errorf("live: %+v, joined %+v", store.live, server.joins[0])
			}
		})
	}
}
