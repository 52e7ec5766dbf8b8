package classroom

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A stuckServer refuses creates under the room's id, the first ones or all.
type stuckServer struct {
	MeetingServer
	refusal error // of a create under the room's id
	dying   bool  // instead: it says that the meeting is just ending
	refuses int   // so many of them; -1: all
	others  error // of creates under other ids
	info    bbb.Meeting
	noInfo  error
	noEnd   error
	did     []string // calls, with "old" for the room's id and "new" for others
	joined  string   // the id of the last join
}

func (f *stuckServer) call(name, id string) {
	f.did = append(f.did, name+" "+map[bool]string{true: "old", false: "new"}[id == "rmeeting"])
}

func (f *stuckServer) Create(_ context.Context, r bbb.CreateRequest) (bbb.Created, error) {
	f.call("create", r.MeetingID)
	created := bbb.Created{InternalMeetingID: "internal " + r.MeetingID, CreateTime: noon}
	switch {
	case r.MeetingID != "rmeeting":
		return created, f.others
	case f.refuses == 0:
		return created, nil
	}
	f.refuses--
	created.ForciblyEnded = f.dying
	return created, f.refusal
}

func (f *stuckServer) MeetingInfo(_ context.Context, id string) (bbb.Meeting, error) {
	f.call("info", id)
	return f.info, f.noInfo
}

func (f *stuckServer) End(_ context.Context, id, password string) error {
	f.call("end", id)
	if _, want := bbb.Passwords([]byte("key"), id); password != want {
		f.did = append(f.did, "with another password")
	}
	return f.noEnd
}

func (f *stuckServer) JoinURL(r bbb.JoinRequest) string {
	f.joined = r.MeetingID
	if _, want := bbb.Passwords([]byte("key"), r.MeetingID); r.Password != want {
		f.did = append(f.did, "join with another password")
	}
	return "https://bbb.example/join"
}

// A stuckStore keeps the room's meeting id.
type stuckStore struct {
	fakeClass
	meetingID string
	faster    string // what somebody else makes of the id before we do
}

func (f *stuckStore) Server(_ context.Context, id string) (Server, error) {
	if id == "removed" {
		return Server{}, ErrNotFound
	}
	return Server{ID: id}, nil
}

func (f *stuckStore) RoomWithCourse(context.Context, string) (Room, Course, error) {
	return Room{ID: "room", MeetingID: f.meetingID}, Course{}, nil
}

func (f *stuckStore) ReplaceMeetingID(_ context.Context, _, old, id string) (string, error) {
	if f.faster != "" {
		f.meetingID = f.faster
	}
	if f.meetingID == old {
		f.meetingID = id
	}
	return f.meetingID, nil
}

var (
	errPinned  = &bbb.Error{Key: "internalError", Message: "Unable to create meeting on server."}
	errTaken   = &bbb.Error{Key: "idNotUnique"}
	errUnknown = &bbb.Error{Key: "notFound"}
)

func TestStuckMeetingID(t *testing.T) {
	const all = -1
	live := []attendance.Meeting{{ID: "m1", ServerID: "s", MeetingID: "rmeeting", InternalID: "internal"}}
	people := bbb.Meeting{InternalMeetingID: "i", Running: true, ParticipantCount: 2}
	for _, test := range []struct {
		name   string
		server stuckServer
		live   []attendance.Meeting
		tries  int
		did    string // calls
		moved  bool   // the room has another id
		err    error
	}{
		{name: "nothing stuck", did: "create old"},
		{name: "until it is ended", server: stuckServer{refusal: errPinned, refuses: 1, noInfo: errUnknown, noEnd: errUnknown},
			did: "create old, info old, end old, create old"},
		{name: "until it is ended, on a node out of reach", server: stuckServer{refusal: errPinned, refuses: 1, noInfo: errPinned, noEnd: errPinned},
			did: "create old, info old, end old, create old"},
		{name: "an empty one with other passwords", server: stuckServer{refusal: errTaken, refuses: 1},
			did: "create old, info old, end old, create old"},
		{name: "for good", server: stuckServer{refusal: errPinned, refuses: all, noInfo: errUnknown, noEnd: errUnknown},
			did: "create old, info old, end old, create old, create new", moved: true},
		{name: "the server, not the id", server: stuckServer{refusal: errPinned, refuses: all, noInfo: errUnknown, noEnd: errUnknown, others: errPinned},
			did: "create old, info old, end old, create old, create new", err: bbb.ErrUnavailable},
		{name: "the end takes its time", server: stuckServer{refusal: errTaken, refuses: all},
			did: "create old, info old, end old, create old", err: bbb.ErrForciblyEnded},
		{name: "the end takes too long", server: stuckServer{refusal: errTaken, refuses: all}, tries: EndingTries,
			did: "create old, info old, end old, create old, create new", moved: true},

		{name: "just ending", server: stuckServer{dying: true, refuses: all}, did: "create old", err: bbb.ErrForciblyEnded},
		{name: "still just ending", server: stuckServer{dying: true, refuses: all}, tries: EndingTries - 1,
			did: "create old", err: bbb.ErrForciblyEnded},
		{name: "ending for ever", server: stuckServer{dying: true, refuses: all, info: bbb.Meeting{ForciblyEnded: true, Running: true}}, tries: EndingTries,
			did: "create old, info old, end old, create old, create new", moved: true},
		{name: "ending until it is ended once more", server: stuckServer{dying: true, refuses: 1, info: bbb.Meeting{ForciblyEnded: true}}, tries: EndingTries,
			did: "create old, info old, end old, create old"},
		{name: "ending, told by getMeetingInfo alone", server: stuckServer{refusal: errTaken, refuses: all, info: bbb.Meeting{ForciblyEnded: true}},
			did: "create old, info old", err: bbb.ErrForciblyEnded},

		{name: "with people in it", server: stuckServer{refusal: errPinned, refuses: 1, info: people},
			did: "create old, info old", err: bbb.ErrUnavailable},
		{name: "with somebody else's people in it", server: stuckServer{refusal: errTaken, refuses: 1, info: people},
			did: "create old, info old", err: ErrOtherMeet},
		{name: "nobody says who is in", server: stuckServer{refusal: errPinned, refuses: 1, noInfo: errPinned}, live: live,
			did: "create old, info old", err: ErrMayRun},
		{name: "one notFound of a class that we know", server: stuckServer{refusal: errPinned, refuses: 1, noInfo: errUnknown}, live: live,
			did: "create old, info old", err: ErrMayRun},
		{name: "known on a server that was removed", server: stuckServer{refusal: errPinned, refuses: 1, noInfo: errPinned}, live: []attendance.Meeting{{ID: "m1", ServerID: "removed", MeetingID: "rmeeting"}},
			did: "create old, info old, end old, create old"},

		{name: "a parameter", server: stuckServer{refusal: &bbb.Error{Key: "validationError"}, refuses: 1}, did: "create old", err: bbb.ErrInvalid},
		{name: "a full account", server: stuckServer{refusal: &bbb.Error{Key: "maxConcurrent"}, refuses: 1}, did: "create old", err: bbb.ErrFull},
		{name: "no answer", server: stuckServer{refusal: context.DeadlineExceeded, refuses: 1}, did: "create old", err: context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, store := &test.server, &stuckStore{meetingID: "rmeeting", fakeClass: fakeClass{live: test.live}}
			rooms := &Rooms{
				Store: store, Client: func(Server) MeetingServer { return server }, PasswordKey: []byte("key"),
				PollEvery: 30 * time.Second, Now: func() time.Time { return noon },
			}
			seat := seatOf(Moderator)
			seat.Tries = test.tries
			_, err := rooms.Start(t.Context(), seat)
			if !errors.Is(err, test.err) {
				t.Errorf("error is %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.did, strings.Join(server.did, ", ")); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if moved := store.meetingID != "rmeeting"; moved != test.moved {
				t.Errorf("the room's id is %s now", store.meetingID)
			}
			if test.err == nil && (server.joined != store.meetingID || store.fakeClass.live[0].MeetingID != store.meetingID) {
				t.Errorf("joins %s, records %s, the room has %s", server.joined, store.fakeClass.live[0].MeetingID, store.meetingID)
			}
		})
	}
}

// Of two nodes that find an id stuck, one gives the room another.
func TestStuckMeetingIDOnTwoNodes(t *testing.T) {
	for _, test := range []struct {
		name, now, faster, did string
	}{
		{"the other was faster", "rfaster", "", "create old, create new"},
		{"the other is faster", "rmeeting", "rfaster", "create old, info old, end old, create old, create new, create new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &stuckServer{refusal: errPinned, refuses: -1, noInfo: errUnknown, noEnd: errUnknown}
			store := &stuckStore{meetingID: test.now, faster: test.faster}
			rooms := &Rooms{
				Store: store, Client: func(Server) MeetingServer { return server }, PasswordKey: []byte("key"), Now: func() time.Time { return noon },
			}
			if _, err := rooms.Start(t.Context(), seatOf(Moderator)); err != nil {
				t.Fatal(err)
			}
			if server.joined != "rfaster" || store.meetingID != "rfaster" || strings.Join(server.did, ", ") != test.did {
				t.Errorf("joins %s, the room has %s, after %q", server.joined, store.meetingID, server.did)
			}
		})
	}
}

// A class that began under the id of before goes on under it.
func TestClassUnderTheIDOfBefore(t *testing.T) {
	server := &stuckServer{info: bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "uann", Moderator: true}}}}
	live := []attendance.Meeting{{ID: "m1", ServerID: "s", MeetingID: "rmeeting", InternalID: "internal", CreateTime: noon}}
	rooms := &Rooms{
		Store: &stuckStore{fakeClass: fakeClass{live: live}}, PasswordKey: []byte("key"),
		Client: func(Server) MeetingServer { return server }, Now: func() time.Time { return noon },
	}
	seat := seatOf(Viewer)
	seat.Room.MeetingID, seat.Room.Settings.EveryoneModerates = "rnow", true
	if _, err := rooms.Join(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(server.did, ", "); got != "info old" || server.joined != "rmeeting" {
		t.Errorf("asks by %q, joins %s", got, server.joined)
	}
}
