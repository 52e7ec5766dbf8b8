package classroom

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// A fakeServer is a BigBlueButton of the test's own.
type fakeServer struct {
	MeetingServer
	mu      sync.Mutex
	creates []bbb.CreateRequest
	joins   []bbb.JoinRequest
	infos   int
	ended   []string
	info    bbb.Meeting
	err     error
	running bool          // what isMeetingRunning says
	dying   bool          // the class before is just ending
	wait    chan struct{} // create waits for it
	deleted []string
	all     []bbb.Recording
}

func (f *fakeServer) Create(_ context.Context, r bbb.CreateRequest) (bbb.Created, error) {
	f.mu.Lock()
	f.creates = append(f.creates, r)
	f.mu.Unlock()
	if f.wait != nil {
		<-f.wait
	}
	return bbb.Created{InternalMeetingID: "internal", CreateTime: noon.Add(time.Hour), ForciblyEnded: f.dying}, f.err
}

func (f *fakeServer) JoinURL(r bbb.JoinRequest) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins = append(f.joins, r)
	return "https://bbb.example/join"
}

func (f *fakeServer) MeetingInfo(context.Context, string) (bbb.Meeting, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.infos++
	return f.info, f.err
}

func (f *fakeServer) IsMeetingRunning(context.Context, string) (bool, error) {
	return f.running, nil
}

func (f *fakeServer) End(_ context.Context, id, password string) error {
	f.ended = append(f.ended, id+" "+password)
	return f.err
}

func (f *fakeServer) Recordings(context.Context, bbb.RecordingsRequest) ([]bbb.Recording, error) {
	var all []bbb.Recording
	for _, r := range f.all {
		r.Formats = slices.Clone(r.Formats)
		all = append(all, r)
	}
	return all, f.err
}

func (f *fakeServer) DeleteRecordings(_ context.Context, ids []string) error {
	f.deleted = append(f.deleted, ids...)
	return nil
}

// A fakeClass is a store with at most one live meeting.
type fakeClass struct {
	roomStore
	mu       sync.Mutex
	live     []attendance.Meeting
	past     []attendance.Meeting // oldest first
	evidence []attendance.Evidence
	people   []Enrolment
	stopped  []string
	saved    *Room
	settle   bool
	joined   []string // visits that went in

	placements []Placement
}

func (f *fakeClass) ServersOf(context.Context, string) ([]Server, error) {
	return []Server{{ID: "s"}}, nil
}

func (f *fakeClass) Server(context.Context, string) (Server, error) { return Server{ID: "s"}, nil }

func (f *fakeClass) RecordMeeting(_ context.Context, m attendance.Meeting, _ time.Time) (attendance.Meeting, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.live) > 0 {
		return f.live[0], false, nil
	}
	f.live = []attendance.Meeting{m}
	return m, true, nil
}

func (f *fakeClass) LiveMeetings(context.Context, string) ([]attendance.Meeting, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.live, nil
}

func (f *fakeClass) LastMeeting(context.Context, string) (attendance.Meeting, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if all := slices.Concat(f.past, f.live); len(all) > 0 {
		return all[len(all)-1], nil
	}
	return attendance.Meeting{}, ErrNotFound
}

func (f *fakeClass) ReviveMeeting(_ context.Context, id string, _ time.Time) (attendance.Meeting, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, m := range f.past {
		if m.ID == id {
			m.EndedAt = time.Time{}
			f.past, f.live = slices.Delete(f.past, i, i+1), append(f.live, m)
			return m, nil
		}
	}
	return attendance.Meeting{}, ErrNotFound
}

func (f *fakeClass) StopMeeting(_ context.Context, id string, _, _ time.Time) error {
	f.stopped = append(f.stopped, id)
	return nil
}

func (f *fakeClass) EvidenceOf(context.Context, string) ([]attendance.Evidence, error) {
	return f.evidence, nil
}

func (f *fakeClass) Presence(_ context.Context, _, _ string, since time.Time, _ int) (Presence, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	named := func(id string) Participant {
		return Participant{PersonID: id, Moderator: slices.ContainsFunc(f.people, func(e Enrolment) bool { return e.PersonID == id && e.Role == Moderator })}
	}
	var p Presence
	for _, e := range slices.Backward(f.evidence) {
		var report attendance.PollReport
		switch {
		case e.Until.Before(since):
		case e.Source == attendance.Joining:
			p.Joined = append(p.Joined, Joined{named(string(e.Body)), e.Until})
		case p.SeenAt.IsZero() && json.Unmarshal(e.Body, &report) == nil:
			p.SeenAt = e.Until
			for _, id := range report.People {
				p.Seen = append(p.Seen, named(id))
			}
		}
	}
	return p, nil
}

func (f *fakeClass) Settlements(context.Context, string) (int64, error) { return 0, nil }

func (f *fakeClass) RoomAccounts(context.Context, string) (map[string]string, error) { return nil, nil }

func (f *fakeClass) RoomSessions(context.Context, string) ([]KeptSession, error) { return nil, nil }

func (f *fakeClass) RoomPeople(context.Context, string) ([]Enrolment, error) { return f.people, nil }

func (f *fakeClass) RoomMeetings(context.Context, string) ([]attendance.Meeting, error) {
	return []attendance.Meeting{{ServerID: "s"}, {ServerID: "s"}}, nil
}

func (f *fakeClass) KeepJoin(_ context.Context, v Visit, e attendance.Evidence) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.evidence = append(f.evidence, e)
	f.joined = append(f.joined, v.ID)
	return nil
}

func (f *fakeClass) SaveSettings(_ context.Context, r Room, _ Placement, settle bool) error {
	f.saved, f.settle = &r, settle
	return nil
}

func (f *fakeClass) RoomPlacements(context.Context, string) ([]Placement, error) {
	return f.placements, nil
}

func (f *fakeClass) RoomDeliveries(context.Context, string) ([]gradebook.Delivery, error) {
	return nil, nil
}

func (f *fakeClass) RoomResults(context.Context, string) ([]attendance.Result, error) {
	return nil, nil
}

func (f *fakeClass) Decisions(context.Context, string) (attendance.Decisions, error) {
	return attendance.Decisions{}, nil
}

func newClass() (*fakeClass, *fakeServer, *Rooms) {
	store, server := &fakeClass{}, &fakeServer{}
	return store, server, &Rooms{
		Store: store, Client: func(Server) MeetingServer { return server }, PublicURL: "https://bridge.example",
		PasswordKey: []byte("key"), PollEvery: 30 * time.Second, Now: func() time.Time { return noon },
	}
}

func seatOf(role Role) Seat {
	return Seat{
		Visit:  Visit{ID: "v", Role: role, Locale: "en", Language: "pt-br"},
		Person: Person{ID: "uann", Name: "Ann"}, Room: Room{ID: "room", Title: "Seminar", MeetingID: "rmeeting", CourseID: "c1"},
	}
}

func TestManyStartOneClass(t *testing.T) {
	store, server, rooms := newClass()
	server.wait = make(chan struct{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := rooms.Start(t.Context(), seatOf(Moderator)); err != nil {
				t.Error(err)
			}
		})
	}
	close(server.wait)
	group.Wait()
	if len(store.live) != 1 {
		t.Errorf("%d meetings", len(store.live))
	}
	if len(server.joins) != 20 || len(store.evidence) != 20 {
		t.Errorf("%d joins signed, %d kept", len(server.joins), len(store.evidence))
	}
}

func TestStartWhileTheClassBeforeIsEnding(t *testing.T) {
	store, server, rooms := newClass()
	server.dying = true
	if _, err := rooms.Start(t.Context(), seatOf(Moderator)); !errors.Is(err, bbb.ErrForciblyEnded) {
		t.Errorf("start: %v", err)
	}
	if len(store.live) != 0 || len(server.joins) != 0 {
		t.Errorf("%d meetings recorded, %d joins signed", len(store.live), len(server.joins))
	}
}

func TestWhatAClassIsMadeOf(t *testing.T) {
	store, server, rooms := newClass()
	seat := seatOf(Moderator)
	seat.Room.Settings = Settings{Record: true, MuteOnStart: true, MaxParticipants: 30, Welcome: "Hello"}
	if _, err := rooms.Start(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	c, j := server.creates[0], server.joins[0]
	if c.AttendeePassword == c.ModeratorPassword || len(c.AttendeePassword) < 16 || len(c.ModeratorPassword) < 16 {
		t.Errorf("passwords %q %q", c.AttendeePassword, c.ModeratorPassword)
	}
	if !*c.Record || !*c.MuteOnStart || c.MaxParticipants != 30 || c.Welcome != "Hello" || !c.KeepEvents || c.ExpireWhenLastUserLeft <= 0 {
		t.Errorf("create %+v", c)
	}
	for name, value := range c.Metadata {
		if strings.Contains(name, "_") || strings.Contains(value, "Ann") || strings.Contains(value, c.ModeratorPassword) {
			t.Errorf("metadata %s: %s", name, value)
		}
	}
	if !j.Moderator || j.Password != c.ModeratorPassword || j.UserID != "uann" || j.Guest == nil || *j.Guest ||
		j.CreateTime != noon.Add(time.Hour).UnixMilli() || j.Locale != "pt-br" {
		t.Errorf("join %+v", j)
	}
	for _, address := range []string{j.LogoutURL, j.ErrorRedirectURL} {
		u, err := url.Parse(address)
		if err != nil || u.Host != "bridge.example" || u.Path != "/rooms/room/left" {
			t.Errorf("comes out at %s", address)
		}
	}
	if got := store.live[0].ClockOffset; got != time.Hour {
		t.Errorf("the server's clock is %v ahead", got)
	}
	if e := store.evidence[0]; e.Source != attendance.Joining || string(e.Body) != "uann" {
		t.Errorf("hint %+v", e)
	}
}

func TestJoin(t *testing.T) {
	live := []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s", CreateTime: noon}}
	teacher := bbb.Participant{UserID: "utess", Moderator: true}
	ben := bbb.Participant{UserID: "uben"}
	with := func(people ...bbb.Participant) bbb.Meeting {
		return bbb.Meeting{InternalMeetingID: "internal", CreateTime: noon, Attendees: people}
	}
	for _, test := range []struct {
		name string
		live []attendance.Meeting
		info bbb.Meeting
		err  error
		set  Settings
		want error
	}{
		{name: "no class", want: ErrNotRunning},
		{name: "made, and nobody in it", live: live, info: with(), want: ErrNotRunning},
		{name: "no teacher in it", live: live, info: with(ben), want: ErrNotRunning},
		{name: "a teacher in it", live: live, info: with(teacher)},
		{name: "has just ended", live: live, err: bbb.ErrNotFound, want: ErrNotRunning},
		{name: "is being ended", live: live, info: bbb.Meeting{InternalMeetingID: "internal", ForciblyEnded: true, Attendees: []bbb.Participant{teacher}}, want: ErrNotRunning},
		{name: "full", live: live, info: with(teacher, ben), set: Settings{MaxParticipants: 2}, want: ErrFull},
		{name: "full by two tabs of one", live: live, info: with(teacher, teacher), set: Settings{MaxParticipants: 2}},
		{name: "full, but in it already", live: live, info: with(teacher, bbb.Participant{UserID: "uann"}), set: Settings{MaxParticipants: 2}},
		{name: "the server doesn't answer", live: live, err: errors.New("connection refused"), want: ErrNotRunning},
		{name: "learners may start", set: Settings{LearnersMayStart: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, server, rooms := newClass()
			store.live, server.info, server.err = test.live, test.info, test.err
			seat := seatOf(Viewer)
			seat.Room.Settings = test.set
			_, err := rooms.Join(t.Context(), seat)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("Join = %v, want %v", err, test.want)
			}
			if err == nil && (server.joins[0].Moderator || test.set == (Settings{}) && len(server.creates) != 0) {
				t.Errorf("join %+v, creates %d", server.joins[0], len(server.creates))
			}
		})
	}
}

func TestEveryoneModerates(t *testing.T) {
	store, server, rooms := newClass()
	store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s"}}
	server.info = bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "utess", Moderator: true}}}
	seat := seatOf(Viewer)
	seat.Room.Settings.EveryoneModerates = true
	if _, err := rooms.Join(t.Context(), seat); err != nil || !server.joins[0].Moderator {
		t.Errorf("join %v %+v", err, server.joins)
	}
	if _, err := rooms.End(t.Context(), seat); !errors.Is(err, ErrForbidden) {
		t.Errorf("a learner ends the class by our button: %v", err)
	}
}

func TestOneLookForAWholeClass(t *testing.T) {
	store, server, rooms := newClass()
	store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s"}}
	server.info = bbb.Meeting{InternalMeetingID: "internal", Attendees: []bbb.Participant{{UserID: "utess", Moderator: true}}}
	for range 300 {
		if _, err := rooms.Join(t.Context(), seatOf(Viewer)); err != nil {
			t.Fatal(err)
		}
	}
	if server.infos != 1 || len(server.creates) != 0 {
		t.Errorf("300 learners: %d looks, %d creates", server.infos, len(server.creates))
	}
}

func TestEmptyClassIsSoonLookedAtAgain(t *testing.T) {
	store, server, rooms := newClass()
	now := noon
	rooms.Now = func() time.Time { return now }
	store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s"}}
	server.info = bbb.Meeting{InternalMeetingID: "internal"}
	for _, step := range []struct {
		after time.Duration
		looks int
	}{{0, 1}, {400 * time.Millisecond, 1}, {100 * time.Millisecond, 2}, {1900 * time.Millisecond, 2}, {100 * time.Millisecond, 3}} {
		now = now.Add(step.after)
		live, err := rooms.Live(t.Context(), Room{ID: "room"})
		if err != nil || server.infos != step.looks || live.Running != (step.looks > 1) {
			t.Errorf("%v later: %d looks, %+v %v", step.after, server.infos, live, err)
		}
		server.info.Attendees = []bbb.Participant{{UserID: "utess", Moderator: true}}
	}
}

func TestServerThatIsDownIsLeftAlone(t *testing.T) {
	store, server, rooms := newClass()
	now := noon
	rooms.Now = func() time.Time { return now }
	store.live = []attendance.Meeting{{ID: "m", InternalID: "internal", ServerID: "s"}}
	server.err = errors.New("connection refused")
	for range 9 { // 9 seconds of pages
		if live, err := rooms.Live(t.Context(), Room{ID: "room"}); err != nil || !live.Unknown {
			t.Fatalf("%+v %v", live, err)
		}
		now = now.Add(time.Second)
	}
	if server.infos != 1 {
		t.Errorf("asked %d times", server.infos)
	}
	now = now.Add(time.Second)
	server.err = nil
	if live, err := rooms.Live(t.Context(), Room{ID: "room"}); err != nil || live.Unknown {
		t.Errorf("it answers again: %+v %v", live, err)
	}
}

func TestWhatPeopleTypeIsText(t *testing.T) {
	store, _, rooms := newClass()
	title, set := " Moot\x00 \u0085court\x1b,\tpart\xff 2 ", Settings{Welcome: " Read:\r\n\tarticle 1\x0b\x00\xff \n"}
	if _, err := rooms.Change(t.Context(), seatOf(Moderator), title, set, attendance.Rule{}, Answer{}); err != nil {
		t.Fatal(err)
	}
	if got := store.saved; got.Title != "Moot court, part 2" || got.Settings.Welcome != "Read:\n\tarticle 1" {
		t.Errorf("saved %q, %q", got.Title, got.Settings.Welcome)
	}
}

func TestChange(t *testing.T) {
	for _, test := range []struct {
		name, title string
		set         Settings
		rule        attendance.Rule
		wrong       string // several by a blank
		settles     bool
	}{
		{name: "as it was", title: "Seminar"},
		{name: "a new rule", title: "Seminar", rule: attendance.Rule{Measure: attendance.Minutes, Need: 5, Points: 1}, settles: true},
		{name: "no name", title: " ", wrong: "title"},
		{name: "long name", title: strings.Repeat("é", MaxTitle+1), wrong: "title"},
		{name: "longest name", title: strings.Repeat("é", MaxTitle)},
		{name: "long welcome", title: "Seminar", set: Settings{Welcome: strings.Repeat("x", MaxWelcome+1)}, wrong: "welcome"},
		{name: "longest welcome", title: "Seminar", set: Settings{Welcome: strings.Repeat("xyzé ", MaxWelcome/5)}},
		{name: "longest Chinese welcome", title: "Seminar", set: Settings{Welcome: strings.Repeat("课", 555)}},
		{name: "welcome that no address holds", title: "Seminar", set: Settings{Welcome: strings.Repeat("课", 556)}, wrong: "welcome"},
		{name: "fewer than nobody", title: "Seminar", set: Settings{MaxParticipants: -1}, wrong: "max_participants"},
		{name: "longer than a day", title: "Seminar", set: Settings{DurationMinutes: 2000}, wrong: "duration"},
		{name: "all of it", title: " ", set: Settings{Welcome: strings.Repeat("x", MaxWelcome+1), MaxParticipants: -1}, rule: attendance.Rule{Measure: attendance.Percent}, wrong: "title welcome max_participants need points"},
		{name: "rule of nothing", title: "Seminar", rule: attendance.Rule{Measure: attendance.Percent, Points: 1}, wrong: "need"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, _, rooms := newClass()
			_, err := rooms.Change(t.Context(), seatOf(Moderator), test.title, test.set, test.rule, Answer{})
			var invalid *InvalidError
			if errors.As(err, &invalid) != (test.wrong != "") || invalid != nil && strings.Join(invalid.Fields, " ") != test.wrong {
				t.Fatalf("Change = %v, want %q", err, test.wrong)
			}
			if (store.saved != nil) != (test.wrong == "") || store.settle != test.settles {
				t.Errorf("saved %+v, settles %v", store.saved, store.settle)
			}
		})
	}
}

func TestRecordingsOfOtherRooms(t *testing.T) {
	_, server, rooms := newClass()
	formats := []bbb.Format{{Type: "presentation", URL: "https://bbb.example/p?token=1"}}
	server.all = []bbb.Recording{
		{ID: "a", MeetingID: "rmeeting", Published: true, Start: noon, Formats: formats},
		{ID: "b", MeetingID: "rmeeting", Start: noon.Add(time.Hour), Formats: formats},
		{ID: "c", MeetingID: "rother", Published: true, Formats: formats},
	}
	for role, want := range map[Role]string{Viewer: "a", Moderator: "ba"} {
		all, err := rooms.Recordings(t.Context(), seatOf(role))
		got := ""
		for _, r := range all {
			got += r.ID
			if r.Formats[0].URL != "" {
				t.Error("an address that works once is given away in the list")
			}
		}
		if err != nil || got != want {
			t.Errorf("%s sees %q: %v", role, got, err)
		}
	}
	if got, err := rooms.Playback(t.Context(), seatOf(Viewer), "a", "presentation"); err != nil || got != "https://bbb.example/p?token=1" {
		t.Errorf("Playback = %s, %v", got, err)
	}
	for _, id := range []string{"b", "c"} {
		if _, err := rooms.Playback(t.Context(), seatOf(Viewer), id, "presentation"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a learner plays %s: %v", id, err)
		}
	}
	if err := rooms.Delete(t.Context(), seatOf(Moderator), "c"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another room's recording is deleted: %v", err)
	}
	if err := rooms.Delete(t.Context(), seatOf(Viewer), "a"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a learner deletes: %v", err)
	}
	if err := rooms.Delete(t.Context(), seatOf(Moderator), "a"); err != nil || len(server.deleted) != 1 {
		t.Errorf("deleted %v: %v", server.deleted, err)
	}
}

// Statistics tell of each person what they did.
func TestStatisticsAreForTeachers(t *testing.T) {
	_, server, rooms := newClass()
	statistics, video := bbb.Format{Type: "statistics", URL: "https://bbb.example/s"}, bbb.Format{Type: "video", URL: "https://bbb.example/v"}
	server.all = []bbb.Recording{
		{ID: "both", MeetingID: "rmeeting", Published: true, Start: noon.Add(2 * time.Hour), Formats: []bbb.Format{statistics, video}},
		{ID: "only", MeetingID: "rmeeting", Published: true, Start: noon.Add(time.Hour), Formats: []bbb.Format{statistics}},
		{ID: "early", MeetingID: "rmeeting", Published: true, Start: noon},
	}
	for role, want := range map[Role]string{Viewer: "both video, early", Moderator: "both statistics video, only statistics, early"} {
		all, err := rooms.Recordings(t.Context(), seatOf(role))
		var got []string
		for _, r := range all {
			text := r.ID
			for _, f := range r.Formats {
				text += " " + f.Type
			}
			got = append(got, text)
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s sees %q: %v, want %q", role, got, err, want)
		}
	}
	if _, err := rooms.Playback(t.Context(), seatOf(Viewer), "both", "statistics"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a learner plays statistics: %v", err)
	}
	if _, err := rooms.Playback(t.Context(), seatOf(Moderator), "both", "statistics"); err != nil {
		t.Errorf("a teacher doesn't: %v", err)
	}
}

func TestClassOfAnotherGradedLinkIsAnother(t *testing.T) {
	graded := attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10}
	for _, test := range []struct {
		name          string
		before, began Placement
		want          bool
	}{
		{"two graded links of a course", Placement{ID: "p1", CourseID: "c", Rule: graded}, Placement{ID: "p2", CourseID: "c", Rule: graded}, true},
		{"the same link", Placement{ID: "p1", CourseID: "c", Rule: graded}, Placement{ID: "p1", CourseID: "c", Rule: graded}, false},
		{"a plain link after the graded one", Placement{ID: "p1", CourseID: "c", Rule: graded}, Placement{ID: "p2", CourseID: "c"}, false},
		{"a graded link after a plain one", Placement{ID: "p1", CourseID: "c"}, Placement{ID: "p2", CourseID: "c", Rule: graded}, false},
		{"another course's link", Placement{ID: "p1", CourseID: "c", Rule: graded}, Placement{ID: "p2", CourseID: "d", Rule: graded}, false},
		{"nobody knows who began the one before", Placement{CourseID: "c", Rule: graded}, Placement{ID: "p2", CourseID: "c", Rule: graded}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			class, _, rooms := newClass()
			class.past = []attendance.Meeting{{ID: "before", PlacementID: test.before.ID}}
			class.placements = []Placement{test.before, test.began}
			seat := seatOf(Moderator)
			seat.Placement = test.began
			if _, err := rooms.Start(t.Context(), seat); err != nil {
				t.Fatal(err)
			}
			if got := class.live[0].Parted; got != test.want {
				t.Errorf("parted: %v", got)
			}
		})
	}
}
