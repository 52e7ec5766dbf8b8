package classroom

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

func testServer(id, secret string) Server {
	return Server{ID: id, Name: id, Server: bbb.Server{URL: "https://" + id + "/api", Secret: bbb.Secret(secret)}}
}

// A scene is a BigBlueButton server that says what a test wants.
type scene struct {
	MeetingServer // none of the other calls is expected

	mu      sync.Mutex
	info    bbb.Meeting
	err     error
	running bool // what isMeetingRunning says
}

func (s *scene) MeetingInfo(context.Context, string) (bbb.Meeting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info, s.err
}

func (s *scene) IsMeetingRunning(context.Context, string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running, nil
}

// over makes the server forget the meeting.
func (s *scene) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = bbb.ErrNotFound
}

func (s *scene) with(people ...string) *scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.Attendees, s.err = nil, nil
	for _, id := range people {
		s.info.Attendees = append(s.info.Attendees, bbb.Participant{UserID: id})
	}
	return s
}

// watched is a class of one meeting that lives, on a server that is an hour
// ahead, and a clock that the test sets.
func watched(t *testing.T) (*books, *Classes, *scene, *time.Time) {
	t.Helper()
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	now := nine(0)
	s.Now = func() time.Time { return now }
	b.now = s.Now
	at := &scene{info: bbb.Meeting{InternalMeetingID: "in-a", CreateTime: nine(60)}}
	s.Client = func(Server) MeetingServer { return at }
	m := attendance.Meeting{ID: "a", RoomID: "room", ServerID: "s1", InternalID: "in-a", MeetingID: "room-meeting", CreateTime: nine(60), ClockOffset: time.Hour, PlacementID: "p1"}
	if _, _, err := b.RecordMeeting(t.Context(), m, nine(0.5)); err != nil {
		t.Fatal(err)
	}
	delete(b.jobs, "settle room")
	return b, s, at, &now
}

// untilOver looks at meeting a until it is taken for over, and returns how often
// that was.
func (b *books) untilOver(t *testing.T, s *Classes, now *time.Time) int {
	t.Helper()
	for looks := 1; looks < 100; looks++ {
		next, err := s.Poll(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if !b.meetings[0].EndedAt.IsZero() {
			return looks
		}
		*now = next
	}
	t.Fatal("never over")
	return 0
}

func within(t *testing.T, what string, got, from, to time.Time) {
	t.Helper()
	if got.Before(from) || got.After(to) {
		t.Errorf("%s: %v, want between %v and %v", what, got, from, to)
	}
}

func TestPollKeepsWhoIsThere(t *testing.T) {
	b, s, at, now := watched(t)
	*now = nine(0.5)
	next, err := s.Poll(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	within(t, "next", next, nine(0.5+0.45), nine(0.5+0.55))
	*now = nine(1)
	at.with("bob", "ann", "bob")
	for range 3 {
		if _, err := s.Poll(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(30 * time.Second)
	}
	if len(b.evidence) != 2 || !b.evidence[1].At.Equal(nine(1)) || !b.evidence[1].Until.Equal(nine(2)) {
		t.Fatalf("evidence: %+v", b.evidence)
	}
	var report attendance.PollReport
	if err := json.Unmarshal(b.evidence[1].Body, &report); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(attendance.PollReport{People: []string{"ann", "bob"}, Interval: 30 * time.Second}, report); diff != "" {
		t.Error(diff)
	}
}

func TestPollSeesTheEnd(t *testing.T) {
	ours := func(m float64) time.Time { return nine(m) }
	server := func(m float64) time.Time { return nine(m + 60) }
	for _, test := range []struct {
		name   string
		answer func(*scene, *books)
		at     float64 // of the last poll; the one before saw ann at minute 40
		end    time.Time
		begins float64 // of a meeting that is new, by the server's clock
		once   bool    // one look is enough
	}{
		{"not found", func(s *scene, _ *books) { s.err = bbb.ErrNotFound }, 40.5, server(40.25), 0, false},
		{"not found, soon after a look", func(s *scene, _ *books) { s.err = bbb.ErrNotFound }, 40.1, server(40.05), 0, false},
		{"not found after hours of silence", func(s *scene, _ *books) { s.err = bbb.ErrNotFound }, 200, server(40.25), 0, false},
		{"ended for everybody", func(s *scene, _ *books) { s.info.ForciblyEnded = true }, 40.5, server(40.25), 0, false},
		{"the server was removed", func(_ *scene, b *books) { b.servers = nil }, 40.5, server(40.25), 0, false},
		{"silent for a day", func(s *scene, _ *books) { s.err = errors.New("no route") }, 40 + 24*60 + 1, server(40.25), 0, true},
		{"another meeting is there", func(s *scene, _ *books) { s.info.InternalMeetingID, s.info.CreateTime = "in-b", server(40.4) }, 40.5, server(40.25), 40.4, true},
		{"another one, made while ours was seen", func(s *scene, _ *books) { s.info.InternalMeetingID, s.info.CreateTime = "in-b", server(40.1) }, 40.5, server(40.1), 40.1, true},
		{"a teacher ended it", func(s *scene, b *books) { s.err, b.meetings[0].StoppedAt = bbb.ErrNotFound, nine(40.4) }, 40.5, server(40.25), 0, true},
		{"a teacher ended it, and the server still counts somebody", func(s *scene, b *books) {
			s.err, s.running, b.meetings[0].StoppedAt = bbb.ErrNotFound, true, nine(40.4)
		}, 40.5, server(40.25), 0, true},
		{"a teacher ended it long ago, and it went on", func(s *scene, b *books) { s.err, b.meetings[0].StoppedAt = bbb.ErrNotFound, nine(20) }, 40.5, server(40.25), 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, at, now := watched(t)
			woken := 0
			s.Wake = func() { woken++ }
			*now = ours(40)
			if _, err := s.Poll(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			*now = ours(test.at)
			test.answer(at, b)
			looks := b.untilOver(t, s, now)
			if got := b.meetings[0].EndedAt; !got.Equal(test.end) {
				t.Errorf("ended at %v, want %v", got, test.end)
			}
			if got := b.meetings[0].CountsAt; !got.Equal(ours(test.at).Add(2 * time.Minute)) {
				t.Errorf("counts at %v", got)
			}
			if took := now.Sub(ours(test.at)); test.once != (looks == 1) || took > 80*time.Second || !test.once && (looks < 4 || took <= time.Minute) {
				t.Errorf("over after %d looks, in %v", looks, took)
			}
			if job := b.jobs["settle room"]; job == nil || job.RunAt.After(*now) {
				t.Errorf("settle: %+v", job)
			}
			if test.begins == 0 {
				if len(b.meetings) != 1 {
					t.Errorf("%d meetings", len(b.meetings))
				}
				return
			}
			if len(b.meetings) != 2 || woken != 1 {
				t.Fatalf("%d meetings, woken %d times", len(b.meetings), woken)
			}
			m := b.meetings[1]
			if m.InternalID != "in-b" || m.ClockOffset != time.Hour || !m.CreateTime.Equal(server(test.begins)) || m.RoomID != "room" || m.PlacementID != "p1" {
				t.Errorf("the new one: %+v", m)
			}
			if job := b.jobs["poll "+m.ID]; job == nil || !job.RunAt.Equal(*now) {
				t.Errorf("its poll: %+v", job)
			}
		})
	}
}

// A crash between closing a meeting and recording the one in its place loses
// neither.
func TestSuccessorIsFoundAfterACrash(t *testing.T) {
	for _, call := range []string{"RecordMeeting", "EndMeeting"} {
		b, s, at, now := watched(t)
		*now = nine(40)
		at.info.InternalMeetingID, at.info.CreateTime = "in-b", nine(99)
		dead := errors.New("killed")
		b.before = func(c string) error {
			if c == call {
				return dead
			}
			return nil
		}
		if _, err := s.Poll(t.Context(), "a"); !errors.Is(err, dead) {
			t.Fatalf("%s: %v", call, err)
		}
		b.before = nil
		if _, err := s.Poll(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if len(b.meetings) != 2 || b.meetings[0].EndedAt.IsZero() || b.jobs["poll "+b.meetings[1].ID] == nil {
			t.Errorf("killed at %s: %+v", call, b.meetings)
		}
	}
}

func TestPollWithoutAnAnswer(t *testing.T) {
	b, s, at, now := watched(t)
	*now = nine(40)
	at.with("ann")
	if _, err := s.Poll(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	at.err = context.DeadlineExceeded
	var waits []time.Duration
	for range 6 {
		*now = now.Add(31 * time.Second)
		next, err := s.Poll(t.Context(), "a")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v", err)
		}
		waits = append(waits, next.Sub(*now).Round(30*time.Second))
	}
	slow := 2 * time.Minute
	if diff := cmp.Diff([]time.Duration{30 * time.Second, 30 * time.Second, 30 * time.Second, slow, slow, slow}, waits); diff != "" {
		t.Errorf("waits: %s", diff)
	}
	*now = nine(50)
	at.with("ann")
	next, err := s.Poll(t.Context(), "a")
	if err != nil || next.Sub(*now) > 40*time.Second {
		t.Errorf("when it answers again: %v, %v", next, err)
	}
	if m := b.meetings[0]; !m.EndedAt.IsZero() || len(b.evidence) != 1 {
		t.Errorf("meeting %+v, %d pieces of evidence", m, len(b.evidence))
	}
}

func TestPollOfNoMeeting(t *testing.T) {
	b, s, at, _ := watched(t)
	at.err = errors.New("nobody should ask")
	b.meetings[0].EndedAt = nine(90)
	for _, id := range []string{"a", "unknown"} {
		if next, err := s.Poll(t.Context(), id); err != nil || !next.IsZero() {
			t.Errorf("%s: %v, %v", id, next, err)
		}
	}
}

// A meeting of which only the server's answer and no poll is known ends when
// it began, as far as we know.
func TestEndOfAMeetingThatWasNeverSeen(t *testing.T) {
	b, s, at, now := watched(t)
	b.meetings[0].ClockOffset = 0 // not seen either; the server is an hour ahead
	*now, at.err = nine(30), bbb.ErrNotFound
	b.untilOver(t, s, now)
	if got := b.meetings[0].EndedAt; !got.Equal(nine(60)) {
		t.Errorf("ended at %v", got)
	}
}

// bearer is the Authorization header of a callback.
func bearer(secret string, expires time.Time) string {
	part := func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) }
	signed := part(`{"typ":"JWT","alg":"HS512"}`) + "." + part(fmt.Sprintf(`{"exp":%d}`, expires.Unix()))
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestCallback(t *testing.T) {
	known := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
	unseen := reportBody("in-unseen", 200, 230, map[string][]stretch{"ann": {{200, 230}}})
	signed := func(secret string) string { return bearer(secret, nine(100)) }
	for _, test := range []struct {
		name   string
		header string
		body   []byte
		err    error
		keeps  string // the meeting's internal id; empty: nothing
	}{
		{"a meeting of ours", signed("secret-of-s1"), known, nil, "in-a"},
		{"one that we never saw", signed("secret-of-s1"), unseen, nil, "in-unseen"},
		{"no token", "", known, bbb.ErrNoToken, ""},
		{"a token that isn't ours", signed("anything"), known, bbb.ErrBadToken, ""},
		{"a token of long ago", bearer("secret-of-s1", nine(-100)), known, bbb.ErrBadToken, ""},
		{"a token of another server of ours", signed("secret-of-s2"), known, bbb.ErrBadToken, ""},
		{"another server's, on a meeting that it made up", signed("secret-of-s2"), unseen, bbb.ErrBadToken, ""},
		{"a body that isn't a report", signed("secret-of-s1"), []byte("<html>"), ErrUnreadable, ""},
		{"a report on nothing", signed("secret-of-s1"), []byte("{}"), ErrUnreadable, ""},
		{"somebody else's meeting", signed("secret-of-s1"), []byte(`{"meeting_id":"foreign","internal_meeting_id":"in-foreign","data":{}}`), ErrNotFound, ""},
		{"ours, but which?", signed("secret-of-s1"), []byte(`{"meeting_id":"room-meeting","data":{}}`), ErrUnreadable, ""},
		{"a breakout room", signed("secret-of-s1"), []byte(`{"meeting_id":"b","internal_meeting_id":"in-b","data":{"metadata":{"is_breakout":"true"}}}`), nil, ""},
		{"b3scale's form of our id", signed("secret-of-s1"), slices.Concat([]byte(`{"meeting_id":"`+base64.StdEncoding.EncodeToString([]byte(`["f","room-meeting","b3scl"]`))+`","internal_meeting_id":"in-b3",`), []byte(`"data":{"start":"2026-03-02T12:00:00Z","finish":"2026-03-02T13:00:00Z"}}`)), nil, "in-b3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, _, now := watched(t)
			b.servers = append(b.servers, testServer("s2", "secret-of-s2"))
			*now = nine(41)
			err := s.Callback(t.Context(), test.header, bytes.NewReader(test.body))
			if !errors.Is(err, test.err) || test.err == nil && err != nil {
				t.Fatalf("%v, want %v", err, test.err)
			}
			if test.keeps == "" {
				if len(b.evidence) != 0 || len(b.meetings) != 1 || b.jobs["settle room"] != nil {
					t.Errorf("kept: %d pieces of evidence, %d meetings", len(b.evidence), len(b.meetings))
				}
				return
			}
			list, err := b.MeetingsByInternalID(t.Context(), test.keeps)
			if err != nil || len(list) != 1 {
				t.Fatalf("meetings %+v, %v", list, err)
			}
			m := list[0]
			if m.EndedAt.IsZero() || m.RoomID != "room" || m.ServerID != "s1" {
				t.Fatalf("meeting %+v", m)
			}
			if len(b.evidence) != 1 || b.evidence[0].MeetingID != m.ID || string(b.evidence[0].Body) != string(test.body) {
				t.Errorf("evidence: %+v", b.evidence)
			}
			if job := b.jobs["settle room"]; job == nil || job.RunAt.After(*now) {
				t.Errorf("settle: %+v", job)
			}
		})
	}
}

// The report comes twice, and once more after the poll has seen the end: the
// meeting ends when BigBlueButton says, and everybody has their time once.
func TestCallbackAgainAndAgain(t *testing.T) {
	b, s, at, now := watched(t)
	*now, at.err = nine(41), bbb.ErrNotFound
	body := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
	for range 2 {
		if err := s.Callback(t.Context(), bearer("secret-of-s1", nine(100)), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Poll(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Callback(t.Context(), bearer("secret-of-s1", nine(100)), bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	if len(b.evidence) != 1 || !b.meetings[0].EndedAt.Equal(nine(100)) {
		t.Errorf("%d pieces of evidence, ended at %v", len(b.evidence), b.meetings[0].EndedAt)
	}
	if got := b.attendances(); len(got) != 1 || got[0].Time != minutes(35) {
		t.Errorf("attendances: %+v", got)
	}
}

// A server that was removed and added under another name still speaks for the
// meetings that it had.
func TestCallbackOfAServerAddedAnew(t *testing.T) {
	b, s, _, now := watched(t)
	*now = nine(41)
	b.servers = []Server{testServer("anew", "secret-of-s1")}
	body := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
	if err := s.Callback(t.Context(), bearer("secret-of-s1", nine(100)), bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	if len(b.evidence) != 1 {
		t.Errorf("%d pieces of evidence", len(b.evidence))
	}
}

// Of a removed server's meetings not everybody with a server of ours speaks:
// one on which the room can be now.
func TestCallbackOfARemovedServer(t *testing.T) {
	b, s, _, now := watched(t)
	*now = nine(41)
	b.servers = []Server{testServer("s2", "secret-of-s2"), testServer("s3", "secret-of-s3")} // classes begin on s2
	body := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
	if err := s.Callback(t.Context(), bearer("secret-of-s3", nine(100)), bytes.NewReader(body)); !errors.Is(err, bbb.ErrBadToken) || len(b.evidence) != 0 {
		t.Errorf("%v, %d pieces of evidence", err, len(b.evidence))
	}
	if err := s.Callback(t.Context(), bearer("secret-of-s2", nine(100)), bytes.NewReader(body)); err != nil || len(b.evidence) != 1 {
		t.Errorf("%v, %d pieces of evidence", err, len(b.evidence))
	}
}

// Two servers may call their meetings the same: each speaks for its own.
func TestCallbackOfOneIDOnTwoServers(t *testing.T) {
	for _, server := range []string{"s1", "s2"} {
		b, s, _, now := watched(t)
		*now = nine(41)
		b.servers = append(b.servers, testServer("s2", "secret-of-s2"))
		b.meetings = append(b.meetings, attendance.Meeting{ID: "b", RoomID: "room", ServerID: "s2", InternalID: "in-a", MeetingID: "room-meeting", CreateTime: nine(50)})
		body := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
		if err := s.Callback(t.Context(), bearer("secret-of-"+server, nine(100)), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"s1": "a", "s2": "b"}[server]
		if len(b.evidence) != 1 || b.evidence[0].MeetingID != want {
			t.Errorf("signed by %s: kept %+v", server, b.evidence)
		}
	}
}

// A server on which the room can be doesn't speak for a meeting that another one
// of ours has.
func TestCallbackOnAnotherServersMeeting(t *testing.T) {
	b, s, _, now := watched(t)
	*now = nine(41)
	b.servers = []Server{testServer("s2", "secret-of-s2"), testServer("s1", "secret-of-s1")}
	body := reportBody("in-a", 60, 100, map[string][]stretch{"ann": {{60, 95}}})
	if err := s.Callback(t.Context(), bearer("secret-of-s2", nine(100)), bytes.NewReader(body)); !errors.Is(err, bbb.ErrBadToken) || len(b.meetings) != 1 || len(b.evidence) != 0 {
		t.Errorf("%v, meetings %+v, %d pieces of evidence", err, b.meetings, len(b.evidence))
	}
}

// A room that was on a server before its tenant moved is spoken for by both.
func TestCallbackAfterTheTenantMoved(t *testing.T) {
	for _, server := range []string{"s1", "s2"} {
		b, s, _, now := watched(t)
		*now = nine(41)
		b.servers = []Server{testServer("s2", "secret-of-s2"), testServer("s1", "secret-of-s1")}
		body := reportBody("in-unseen", 200, 230, map[string][]stretch{"ann": {{200, 230}}})
		if err := s.Callback(t.Context(), bearer("secret-of-"+server, nine(100)), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		if len(b.meetings) != 2 || b.meetings[1].ServerID != server {
			t.Errorf("signed by %s: meetings %+v", server, b.meetings)
		}
	}
}

// What isn't kept isn't answered as if it was.

func TestEndedIsAHint(t *testing.T) {
	b, s, _, now := watched(t)
	woken := 0
	s.Wake = func() { woken++ }
	b.jobs["poll a"].RunAt = nine(40)
	*now = nine(10)
	for range 3 { // a flood
		if err := s.Ended(t.Context(), "room"); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(100 * time.Millisecond)
	}
	if got := b.jobs["poll a"].RunAt; !got.Equal(nine(10).Add(hintWait)) || woken != 3 {
		t.Errorf("poll at %v, woken %d times", got, woken)
	}
	if len(b.evidence) != 0 || !b.meetings[0].EndedAt.IsZero() {
		t.Error("a hint was believed")
	}
	if err := s.Ended(t.Context(), "unknown"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown room: %v", err)
	}
}

// Whoever has no token doesn't fill our memory.
func TestCallbackWithoutTokenIsNotRead(t *testing.T) {
	_, s, _, _ := watched(t)
	body := bytes.NewReader(reportBody("in-a", 60, 100, nil))
	if err := s.Callback(t.Context(), bearer("another secret", nine(100)), body); !errors.Is(err, bbb.ErrBadToken) {
		t.Errorf("%v, want %v", err, bbb.ErrBadToken)
	}
	if int64(body.Len()) != body.Size() {
		t.Errorf("%d of %d bytes were read", body.Size()-int64(body.Len()), body.Size())
	}
}
