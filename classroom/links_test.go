package classroom

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

func (f *fakeRooms) RoomsOfCourse(_ context.Context, courseID string) (rooms []Room, err error) {
	for _, id := range []string{"old", "second", "picked", "unused", "loose"} {
		if r, ok := f.rooms[id]; ok && r.CourseID == courseID {
			rooms = append(rooms, r)
		}
	}
	return rooms, nil
}

func (f *fakeRooms) AddPicked(_ context.Context, room Room, _ int) error {
	f.rooms[room.ID] = room
	return nil
}

func (f *fakeRooms) SaveNotices(_ context.Context, _ string, n LinkNotices) error {
	f.notices = n
	return nil
}

var thirty = attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 100}

// withRooms adds a second room of course 77, one of course 78, and one that
// was picked without a course.
func withRooms() (*fakeRooms, *Rooms) {
	f, rooms := newFake()
	f.courses["c2"] = Course{ID: "c2", RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:78"}
	f.courses["pick"] = Course{ID: "pick", RegistrationID: "reg", DeploymentID: "1", ContextKey: "pick:x", ProvisionalAt: noon}
	f.rooms["second"] = Room{ID: "second", CourseID: "c1", Title: "Second", Rule: thirty, Picked: true, CreatedAt: noon}
	f.rooms["foreign"] = Room{ID: "foreign", CourseID: "c2", Title: "Foreign", Rule: thirty}
	f.rooms["loose"] = Room{ID: "loose", CourseID: "pick", Title: "Loose", Settings: Settings{Record: true}, Rule: thirty, Picked: true}
	f.rooms["fresh"] = Room{ID: "fresh", CourseID: "pick", Title: "Fresh", Rule: thirty, Picked: true, CreatedAt: noon.Add(-time.Hour)}
	return f, rooms
}

func teaching(l lti.Launch) lti.Launch {
	l.Roles = lti.ParseRoles([]string{"Instructor"})
	return l
}

func TestContentPickedAnew(t *testing.T) {
	link := Link{RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:77", ResourceLinkID: "41"}
	known := Placement{ID: "p", RoomID: "old", Rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 10}, Named: "old", NamedAt: noon}
	for _, test := range []struct {
		name   string
		known  func(*Placement)
		custom string
		role   string
		at     time.Duration // after NamedAt
		want   func(*Arrival)
	}{
		{name: "the same room", custom: "old"},
		{name: "no room, as a link made by hand"},
		{name: "another room of the course", custom: "second", at: time.Minute, want: func(a *Arrival) {
			a.Moves, a.Opens = true, "second"
			a.Placement.RoomID, a.Placement.Rule, a.Placement.Named, a.Placement.NamedAt = "second", thirty, "second", noon.Add(time.Minute)
		}},
		{name: "another room, in a launch issued before", custom: "second", at: -time.Second},
		{name: "a learner's launch is signed as well", custom: "second", role: "Learner", want: func(a *Arrival) {
			a.Moves, a.Opens = true, "second"
			a.Placement.RoomID, a.Placement.Rule, a.Placement.Named = "second", thirty, "second"
		}},
		{name: "a link made by hand names a room", custom: "second", known: func(p *Placement) { p.Named = "" }, want: func(a *Arrival) {
			a.Moves, a.Opens = true, "second"
			a.Placement.RoomID, a.Placement.Rule, a.Placement.Named = "second", thirty, "second"
		}},
		{name: "a kept copy goes on naming the old room", custom: "foreign", known: func(p *Placement) { p.Named = "foreign" }},
		{name: "a room of another course: asked, not moved", custom: "foreign", want: func(a *Arrival) {
			a.Placement.Named, a.Placement.CopiedFrom, a.Placement.Notices.Late = "foreign", "foreign", true
		}},
		{name: "as before, by a version that noted nothing", custom: "foreign", known: func(p *Placement) { p.Named, p.NamedAt = "", time.Time{} }, want: func(a *Arrival) {
			a.Placement.Named, a.Placement.NamedAt = "foreign", noon
		}},
		{name: "a shared room is named by its link", custom: "foreign", known: func(p *Placement) { p.RoomID = "foreign" }, want: func(a *Arrival) {
			a.Placement.Named = "foreign"
		}},
		{name: "a room that isn't there", custom: "gone", want: func(a *Arrival) {
			a.Placement.Named, a.Placement.Notices.Unusable = "gone", []Parameter{{"room", "gone"}}
		}},
		{name: "a room picked without a course", custom: "loose", want: func(a *Arrival) {
			a.Moves, a.Opens, a.Claims = true, "loose", "pick"
			a.Placement.RoomID, a.Placement.Rule, a.Placement.Named = "loose", thirty, "loose"
		}},
		{name: "a room picked without a course, and a learner", custom: "loose", role: "Learner", want: func(a *Arrival) { a.Keeps = "loose" }},
		{name: "a room picked without a course today, and a learner", custom: "fresh", role: "Learner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := withRooms()
			before := known
			if test.known != nil {
				test.known(&before)
			}
			f.placements[link] = before
			l := teaching(launchOf("77", "41", map[string]string{"room": test.custom}))
			if test.custom == "" {
				l.Custom = nil
			}
			if test.role != "" {
				l.Roles = lti.ParseRoles([]string{test.role})
			}
			l.IssuedAt = noon.Add(test.at)
			if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
				t.Fatal(err)
			}
			want := Arrival{Placement: before}
			want.Placement.Title = "Weekly seminar"
			if test.want != nil {
				test.want(&want)
			}
			got := Arrival{Placement: f.arrival.Placement, Room: f.arrival.Room, Moves: f.arrival.Moves, Claims: f.arrival.Claims, Opens: f.arrival.Opens, Keeps: f.arrival.Keeps}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Who has a page of the room that a link has left is led on, and nobody else.
func TestSeatOfALinkThatHasMoved(t *testing.T) {
	f, rooms := newFake()
	f.seats["v"] = Seat{
		Visit: Visit{ID: "v", Browser: HashBrowser("mine"), SeenAt: noon, ExpiresAt: noon.Add(time.Hour)},
		Room:  Room{ID: "new"}, Placement: Placement{Notices: LinkNotices{LeftRoom: "left"}},
	}
	var moved *MovedError
	if _, err := rooms.Seat(t.Context(), "v", "mine", "left"); !errors.As(err, &moved) || moved.Seat.Room.ID != "new" {
		t.Errorf("my page of it: %v", err)
	}
	if _, err := rooms.Seat(t.Context(), "v", "theirs", "left"); !errors.Is(err, ErrVisitOver) {
		t.Errorf("in another browser: %v", err)
	}
	if _, err := rooms.Seat(t.Context(), "v", "mine", "another"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a page of another room: %v", err)
	}
	if _, err := rooms.SeatByTicket(t.Context(), "v", "window", "left"); !errors.As(err, &moved) || len(f.added) != 1 || moved.Seat.Visit.Browser != HashBrowser("window") {
		t.Errorf("a button of it: %v", err)
	}
}

// A platform that drops custom parameters leaves the address of the link.
func TestRoomInTheAddress(t *testing.T) {
	for _, test := range []struct{ name, custom, target, want string }{
		{"in the address alone", "", "https://bridge.example/lti/launch?room=second", "second"},
		{"in both: what the teacher may have changed last", "old", "https://bridge.example/lti/launch?room=second", "old"},
		{"among others", "", "https://bridge.example/lti/launch?x=1&room=second", "second"},
		{"in neither", "", "https://bridge.example/lti/launch", ""},
		{"no address", "", "%zz", ""},
		{"no text, which PostgreSQL refuses to look up", "", "https://bridge.example/lti/launch?room=%00no%ffroom", "noroom"},
		{"with blanks around, pasted by hand", " second\t", "", "second"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := withRooms()
			l := launchOf("77", "new", map[string]string{})
			if test.custom != "" {
				l.Custom["room"] = test.custom
			}
			l.TargetLinkURI = test.target
			if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
				t.Fatal(err)
			}
			_, known := f.rooms[test.want]
			if p := f.arrival.Placement; p.Named != test.want || known && p.RoomID != test.want {
				t.Errorf("placement %+v", p)
			}
		})
	}
}

// A room that was picked without a course belongs where a moderator comes
// first; whoever learns there before has a room of their own.
func TestPickedWithoutACourse(t *testing.T) {
	loose := map[string]string{"room": "loose"}
	t.Run("moderator", func(t *testing.T) {
		f, rooms := withRooms()
		if _, err := rooms.Enter(t.Context(), teaching(launchOf("78", "new", loose)), "browser", "en"); err != nil {
			t.Fatal(err)
		}
		a := f.arrival
		if a.Claims != "pick" || a.Placement.RoomID != "loose" || a.Room != nil || a.Placement.CopiedFrom != "" || a.Placement.Rule != thirty {
			t.Errorf("%+v", a)
		}
	})
	t.Run("learner", func(t *testing.T) {
		f, rooms := withRooms()
		if _, err := rooms.Enter(t.Context(), launchOf("78", "new", loose), "browser", "en"); err != nil {
			t.Fatal(err)
		}
		a := f.arrival
		if a.Claims != "" || a.Room == nil || a.Placement.RoomID == "loose" || a.Placement.Named != "" || a.Placement.CopiedFrom != "" || a.Placement.Rule != thirty || !a.Room.Settings.Record {
			t.Errorf("%+v %+v", a.Placement, a.Room)
		}
	})
	t.Run("faster elsewhere", func(t *testing.T) {
		f, rooms := withRooms()
		f.claimed = func() {
			r := f.rooms["loose"]
			r.CourseID = "c1"
			f.rooms["loose"] = r
		}
		if _, err := rooms.Enter(t.Context(), teaching(launchOf("78", "new", loose)), "browser", "en"); err != nil {
			t.Fatal(err)
		}
		if a := f.arrival; a.Claims != "" || a.Room == nil || a.Placement.CopiedFrom != "loose" {
			t.Errorf("%+v %+v", a.Placement, a.Room)
		}
	})
	t.Run("never shared", func(t *testing.T) {
		f, rooms := withRooms()
		f.enrolments[[2]string{"pick", "tess"}] = Enrolment{Role: Moderator, SeenAt: noon}
		seat := copied()
		seat.Placement.CopiedFrom = "loose"
		sharing, asking := rooms.Sharing(t.Context(), seat)
		if err := rooms.Adopt(t.Context(), seat, true); !errors.Is(err, ErrForbidden) || asking != nil || sharing != (Sharing{}) {
			t.Errorf("shared: %v", err)
		}
	})
}

// An id that is missing or empty is no key.
func TestNoKeyOfNothing(t *testing.T) {
	f, rooms := newFake()
	keys := map[string]bool{}
	for range 3 {
		l := launchOf("", "", nil)
		l.ResourceLink, l.DeepLinking = lti.ResourceLink{}, &lti.DeepLinkingSettings{}
		if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
			t.Fatal(err)
		}
		keys[f.arrival.Course.ContextKey] = true
		if !f.arrival.Course.Provisional() {
			t.Errorf("a course of nothing: %+v", f.arrival.Course)
		}
	}
	if len(keys) != 3 {
		t.Errorf("three requests without a context share a course: %v", keys)
	}
	if _, err := rooms.Enter(t.Context(), launchOf("", "41", nil), "browser", "en"); err != nil || f.arrival.Course.Provisional() {
		t.Errorf("a link without a context is a course of its own: %+v, %v", f.arrival.Course, err)
	}
}

func TestRuleTravels(t *testing.T) {
	standard := attendance.Rule{Measure: attendance.Percent, Need: 80, Points: 1}
	for _, rule := range []attendance.Rule{
		thirty,
		{Measure: attendance.Percent, Need: 60, Points: 12.5},
		{Measure: attendance.Minutes, Need: 90, Points: 20, InTotal: true, Proportional: true},
	} {
		if got := ruleOf(customOf(rule), standard); got != rule {
			t.Errorf("%+v comes back as %+v", rule, got)
		}
	}
	f, rooms := newFake()
	l := launchOf("77", "41", customOf(thirty))
	l.DeploymentID, l.Custom["room"] = "2", "old" // a copy, where the room isn't known
	if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
		t.Fatal(err)
	}
	if p := f.arrival.Placement; p.Rule != thirty || f.arrival.Room.Rule != thirty || p.CopiedFrom != "" {
		t.Errorf("placement %+v", p)
	}
}

func TestUnusableParameters(t *testing.T) {
	for _, test := range []struct {
		name   string
		custom map[string]string
		want   []string
	}{
		{"none", nil, nil},
		{"good ones", map[string]string{"open": "class", "complete_minutes": " 30 ", "complete_points": "10", "complete_counts": "total", "complete_award": "all"}, nil},
		{"a percentage with its sign", map[string]string{"complete_percent": "60 %"}, nil},
		{"words for figures", map[string]string{"complete_minutes": "abc", "complete_points": "ten"}, []string{"complete_minutes", "complete_points"}},
		{"out of bounds", map[string]string{"complete_percent": "160", "complete_points": "-1"}, []string{"complete_percent", "complete_points"}},
		{"other words", map[string]string{"open": "banana", "complete_counts": "most", "complete_award": "half"}, []string{"open", "complete_counts", "complete_award"}},
		{"what isn't ours", map[string]string{"username": "tess"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, p := range unusable(test.custom, false, "") {
				got = append(got, p.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if p := parameter("open", strings.Repeat("é", 500)); len([]rune(p.Value)) != mostShown {
		t.Errorf("%d characters are kept", len([]rune(p.Value)))
	}
}

// What can't be used is logged when it comes, and not at each launch.
func TestUnusableIsLoggedOnce(t *testing.T) {
	f, rooms := newFake()
	var lines bytes.Buffer
	rooms.Log = slog.New(slog.NewTextHandler(&lines, nil))
	link := Link{RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:77", ResourceLinkID: "41"}
	for i, test := range []struct {
		custom map[string]string
		want   int // lines so far
	}{
		{map[string]string{"open": "banana"}, 1},
		{map[string]string{"open": "banana"}, 1},
		{map[string]string{"open": "apple"}, 2},
		{nil, 2},
		{map[string]string{"room": "gone"}, 3},
		{map[string]string{"room": "gone"}, 3},
	} {
		if _, err := rooms.Enter(t.Context(), launchOf("77", "41", test.custom), "browser", "en"); err != nil {
			t.Fatal(err)
		}
		f.placements[link] = f.arrival.Placement
		if got := strings.Count(lines.String(), "custom parameters"); got != test.want {
			t.Errorf("launch %d: %d lines, want %d", i, got, test.want)
		}
	}
}

func TestNotedByTheTeacher(t *testing.T) {
	n := LinkNotices{MovedFrom: "Old", LeftRoom: "left", Late: true, Unusable: []Parameter{{"open", "banana"}}}
	f, rooms := newFake()
	seat := Seat{Visit: Visit{Role: Moderator}, Room: Room{ID: "old"}, Placement: Placement{ID: "p", Notices: n}}
	if err := rooms.Noted(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(LinkNotices{LeftRoom: "left", Late: true, Unusable: n.Unusable, Seen: true}, f.notices); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := f.notices.With(n.Unusable); !again.Seen {
		t.Error("what stays as it was is told again")
	}
	if changed := f.notices.With([]Parameter{{"open", "apple"}}); changed.Seen {
		t.Error("what is new isn't told")
	}
	seat.Visit.Role = Viewer
	if err := rooms.Noted(t.Context(), seat); !errors.Is(err, ErrForbidden) {
		t.Errorf("a learner: %v", err)
	}
}

func TestRenamed(t *testing.T) {
	for _, test := range []struct {
		name        string
		titled      bool
		before, now string
		want        string
	}{
		{"goes along", false, "Seminar", "Colloquium", "Colloquium"},
		{"with its first link", false, "", "Week 3", "Week 3"},
		{"not with a link of another name", false, "Copy of Seminar", "Week 3", "Seminar"},
		{"not if the teacher has named it", true, "Seminar", "Colloquium", "Seminar"},
		{"not to nothing", false, "Seminar", "", "Seminar"},
		{"not to what BigBlueButton takes for no name", false, "Seminar", "X", "Seminar"},
		{"cut as names are", false, "Seminar", strings.Repeat("x", 70), strings.Repeat("x", MaxTitle)},
	} {
		if got := (Room{Title: "Seminar", Titled: test.titled}).Renamed(test.before, test.now); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func picking(settings lti.DeepLinkingSettings) Seat {
	return Seat{
		Visit:  Visit{Role: Moderator, DeepLinking: &settings, RegistrationID: "reg"},
		Course: Course{ID: "c1", Title: "Biology I"},
	}
}

func TestOffer(t *testing.T) {
	f, rooms := withRooms()
	f.rooms["unused"] = Room{ID: "unused", CourseID: "c1", Picked: true, CreatedAt: noon.Add(-7*24*time.Hour - time.Second)}
	f.rooms["picked"] = Room{ID: "picked", CourseID: "c1", Picked: true, CreatedAt: noon.Add(-7 * 24 * time.Hour)}
	offered, err := rooms.Offer(t.Context(), picking(lti.DeepLinkingSettings{}))
	var ids []string
	for _, r := range offered {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"old", "second", "picked"}, ids); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	seat := picking(lti.DeepLinkingSettings{})
	seat.Course = f.courses["pick"]
	if offered, err := rooms.Offer(t.Context(), seat); len(offered) > 0 || err != nil {
		t.Errorf("without a course: %v, %v", offered, err)
	}
	if _, err := rooms.Picked(t.Context(), seat, Choice{RoomIDs: []string{"loose"}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a room of somebody's, without a course: %v", err)
	}
}

// What the teacher has typed at the platform comes back as it was.
func TestTypedComesBack(t *testing.T) {
	typed := lti.DeepLinkingSettings{Title: "  Week 3 \u2013 " + strings.Repeat("long ", 20), Text: "<p>Bring &amp; read\nthe case</p>", AcceptMultiple: true}
	proposed := Proposed(picking(typed))
	if n := len([]rune(proposed)); n > MaxTitle || !strings.HasPrefix(proposed, "Week 3 \u2013 long") {
		t.Errorf("proposed %q", proposed)
	}
	for _, test := range []struct {
		name     string
		settings lti.DeepLinkingSettings
		choice   Choice
		title    string
		text     string
	}{
		{"a new room, as proposed", typed, Choice{New: &NewRoom{Title: proposed}}, typed.Title, typed.Text},
		{"a new room, named here", typed, Choice{New: &NewRoom{Title: "Moot court"}}, "Moot court", typed.Text},
		{"a room of the course", typed, Choice{RoomIDs: []string{"old"}}, typed.Title, typed.Text},
		{"nothing typed, a room of the course", lti.DeepLinkingSettings{}, Choice{RoomIDs: []string{"old"}}, "Old room", ""},
		{"nothing typed, a new room", lti.DeepLinkingSettings{}, Choice{New: &NewRoom{Title: "Moot court"}}, "Moot court", ""},
		{"several: each has its own name", typed, Choice{RoomIDs: []string{"old", "second"}}, "Old room", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, rooms := withRooms()
			items, err := rooms.Picked(t.Context(), picking(test.settings), test.choice)
			if err != nil {
				t.Fatal(err)
			}
			if items[0].Title != test.title || items[0].Text != test.text {
				t.Errorf("item %q %q, want %q %q", items[0].Title, items[0].Text, test.title, test.text)
			}
		})
	}
	if got := Proposed(picking(lti.DeepLinkingSettings{Title: " "})); got != "Biology I" {
		t.Errorf("nothing typed: %q is proposed", got)
	}
}

func TestContentItem(t *testing.T) {
	_, rooms := newFake()
	got := rooms.contentItem(Room{ID: "r1", Title: "Moot court", Rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 5}})
	want := lti.ContentItem{
		URL: "https://bridge.example/lti/launch?room=r1", Title: "Moot court", Window: &lti.Window{TargetName: "_blank"},
		Icon:     &lti.Icon{URL: "https://bridge.example/static/icon-128.png", Width: 128, Height: 128},
		Custom:   map[string]string{"room": "r1", "complete_percent": "60", "complete_points": "5"},
		LineItem: &lti.ItemLineItem{Label: "Moot court", ScoreMaximum: 5, ResourceID: "r1", Tag: "attendance"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
