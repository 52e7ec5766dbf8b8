package classroom

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// A fakeRooms is as much of a store as letting people in needs. What it isn't
// asked in a test panics.
type fakeRooms struct {
	roomStore
	placements map[Link]Placement
	rooms      map[string]Room
	courses    map[string]Course
	seats      map[string]Seat
	enrolments map[[2]string]Enrolment
	arrival    Arrival
	leadsOn    bool    // links lead where they led
	asBefore   Arrival // the first try of the newest launch
	looked     int     // how often placements were looked up
	moved      string
	added      []Visit
	notices    LinkNotices
	claimed    func()   // called at the first claim, which then comes too late; may be nil
	seen       []string // visits that were noted as open
	ended      []Visit
	looks      []attendance.Evidence
	asked      []int // how many looks were asked for
	picked     []lti.ContentItem
	request    *ShareRequest
	questions  []Question
	answered   []bool
}

func (f *fakeRooms) Tenant(context.Context, string) (Tenant, error) {
	return Tenant{ID: DefaultTenant, Rule: attendance.Rule{}}, nil
}

func (f *fakeRooms) PlacementOf(_ context.Context, l Link) (Placement, error) {
	f.looked++
	p, ok := f.placements[l]
	if !ok {
		return Placement{}, ErrNotFound
	}
	return p, nil
}

func (f *fakeRooms) RoomWithCourse(_ context.Context, id string) (Room, Course, error) {
	r, ok := f.rooms[id]
	if !ok {
		return Room{}, Course{}, ErrNotFound
	}
	return r, f.courses[r.CourseID], nil
}

func (f *fakeRooms) Arrive(_ context.Context, a Arrival) (Seat, error) {
	if a.AsBefore {
		if f.asBefore = a; !f.leadsOn {
			return Seat{}, ErrUnplaced
		}
	}
	if claimed := f.claimed; a.Claims != "" && claimed != nil {
		f.claimed = nil
		claimed()
		return Seat{}, ErrRoomClaimed
	}
	f.arrival = a
	return Seat{Visit: a.Visit, Placement: a.Placement}, nil
}

func (f *fakeRooms) Seat(_ context.Context, id string) (Seat, error) {
	s, ok := f.seats[id]
	if !ok {
		return Seat{}, ErrNotFound
	}
	return s, nil
}

func (f *fakeRooms) LatestVisit(context.Context, string, string) (string, error) {
	return "", ErrNotFound
}

func (f *fakeRooms) OpenWindow(_ context.Context, v Visit, _ int) (string, error) {
	f.added = append(f.added, v)
	return v.ID, nil
}

func (f *fakeRooms) SeeVisit(_ context.Context, id string, at time.Time) error {
	seat := f.seats[id]
	seat.Visit.SeenAt = at
	f.seats[id] = seat
	f.seen = append(f.seen, id)
	return nil
}

func (f *fakeRooms) FramedPick(_ context.Context, nonce string) (string, []lti.ContentItem, error) {
	return nonce, f.picked, nil
}

func (f *fakeRooms) EndVisits(_ context.Context, v Visit, _ time.Time) error {
	f.ended = append(f.ended, v)
	return nil
}

func (f *fakeRooms) NewestLooks(_ context.Context, _ string, since time.Time, most int) ([]attendance.Evidence, error) {
	f.asked = append(f.asked, most)
	var found []attendance.Evidence
	for _, e := range f.looks {
		if !e.Until.Before(since) && len(found) < most {
			found = append(found, e)
		}
	}
	return found, nil
}

func (f *fakeRooms) Enrolment(_ context.Context, course, person string) (Enrolment, error) {
	e, ok := f.enrolments[[2]string{course, person}]
	if !ok {
		return Enrolment{}, ErrNotFound
	}
	return e, nil
}

func (f *fakeRooms) ShareRequest(context.Context, string) (ShareRequest, error) {
	if f.request == nil {
		return ShareRequest{}, ErrNotFound
	}
	return *f.request, nil
}

func (f *fakeRooms) AskToShare(_ context.Context, r ShareRequest, _ int) error {
	f.request = &r
	return nil
}

func (f *fakeRooms) Questions(context.Context, string, time.Time) ([]Question, error) {
	return f.questions, nil
}

func (f *fakeRooms) AnswerShare(_ context.Context, _ ShareRequest, yes bool, _ time.Time) error {
	f.answered = append(f.answered, yes)
	return nil
}

func (f *fakeRooms) MovePlacement(_ context.Context, _, room string) error {
	f.moved = room
	return nil
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newFake() (*fakeRooms, *Rooms) {
	f := &fakeRooms{
		placements: map[Link]Placement{},
		rooms:      map[string]Room{"old": {ID: "old", CourseID: "c1", Title: "Old room", Settings: Settings{Record: true, Welcome: "Hello"}, Rule: attendance.Rule{Measure: attendance.Minutes, Need: 20, Points: 5}}},
		courses:    map[string]Course{"c1": {ID: "c1", RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:77"}},
		seats:      map[string]Seat{},
		enrolments: map[[2]string]Enrolment{},
	}
	return f, &Rooms{Store: f, Now: func() time.Time { return noon }, PublicURL: "https://bridge.example"}
}

func launchOf(course, link string, custom map[string]string) lti.Launch {
	return lti.Launch{
		Registration: lti.Registration{ID: "reg"}, DeploymentID: "1", User: lti.User{ID: "5", Name: "Ana"},
		Roles: lti.ParseRoles([]string{"Learner"}), Context: lti.Context{ID: course, Title: "Biology I"},
		ResourceLink: lti.ResourceLink{ID: link, Title: "Weekly seminar"}, Custom: custom, Nonce: "n",
	}
}

func TestHowALinkFindsItsRoom(t *testing.T) {
	for _, test := range []struct {
		name       string
		launch     lti.Launch
		room       string // expected; "" is a new one
		copiedFrom string
		rule       attendance.Rule
		title      string
	}{
		{name: "new link", launch: launchOf("77", "41", nil), title: "Weekly seminar"},
		{name: "new link with a rule by hand", launch: launchOf("77", "41", map[string]string{"complete_minutes": "30"}), title: "Weekly seminar", rule: attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: DefaultPoints}},
		{name: "percent", launch: launchOf("77", "41", map[string]string{"complete_percent": "60%"}), title: "Weekly seminar", rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Points: DefaultPoints}},
		{name: "rule typed with blanks", launch: launchOf("77", "41", map[string]string{"complete_minutes": " 45 "}), title: "Weekly seminar", rule: attendance.Rule{Measure: attendance.Minutes, Need: 45, Points: DefaultPoints}},
		{name: "percent typed with blanks", launch: launchOf("77", "41", map[string]string{"complete_percent": " 60 % "}), title: "Weekly seminar", rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Points: DefaultPoints}},
		{name: "rule that makes no sense", launch: launchOf("77", "41", map[string]string{"complete_percent": "160"}), title: "Weekly seminar"},
		{name: "room of the same course", launch: launchOf("77", "41", map[string]string{"room": "old"}), room: "old", rule: attendance.Rule{Measure: attendance.Minutes, Need: 20, Points: 5}},
		{name: "room of another course: copied", launch: launchOf("78", "99", map[string]string{"room": "old"}), copiedFrom: "old", rule: attendance.Rule{Measure: attendance.Minutes, Need: 20, Points: 5}, title: "Weekly seminar"},
		{name: "room that isn't there", launch: launchOf("77", "41", map[string]string{"room": "gone"}), title: "Weekly seminar"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := newFake()
			if _, err := rooms.Enter(t.Context(), test.launch, "browser", "en"); err != nil {
				t.Fatal(err)
			}
			p, made := f.arrival.Placement, f.arrival.Room
			if (made == nil) != (test.room != "") || test.room != "" && p.RoomID != test.room {
				t.Fatalf("placement %+v, new room %+v", p, made)
			}
			if p.CopiedFrom != test.copiedFrom || p.Rule != test.rule {
				t.Errorf("placement %+v", p)
			}
			if made != nil && (made.Title != test.title || made.ID != p.RoomID || made.MeetingID == "") {
				t.Errorf("room %+v", made)
			}
			if test.copiedFrom != "" && (made.Settings.Welcome != "Hello" || made.ID == "old") {
				t.Errorf("copy %+v", made)
			}
		})
	}
}

// What a launch of a link that leads on tells the store is enough, and where it
// leads isn't looked up.
func TestLaunchLeadsWhereItLed(t *testing.T) {
	address := launchOf("77", "41", nil)
	address.TargetLinkURI = "https://bridge.example/lti/launch?room=old"
	untitled := launchOf("77", "41", map[string]string{"open": "class"})
	untitled.ResourceLink.Title = ""
	untitled.Grades = lti.Endpoint{Scopes: []string{"score"}, LineItem: "https://lms/1"}
	for _, test := range []struct {
		name   string
		launch lti.Launch
		want   Placement
	}{
		{"names no room", launchOf("77", "41", nil), Placement{Title: "Weekly seminar"}},
		{"names one", launchOf("77", "41", map[string]string{"room": "old"}), Placement{Title: "Weekly seminar", Named: "old"}},
		{"names one in its address", address, Placement{Title: "Weekly seminar", Named: "old"}},
		{"has a parameter that can't be used", launchOf("77", "41", map[string]string{"open": "door"}), Placement{
			Title: "Weekly seminar", Notices: LinkNotices{Unusable: []Parameter{{Name: "open", Value: "door"}}},
		}},
		{"opens the class and tells of a line item", untitled, Placement{OpensClass: true, Column: gradebook.Column{
			Grades: untitled.Grades, LineItem: gradebook.LineItem{URL: "https://lms/1"}, Own: true,
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := newFake()
			f.leadsOn = true
			if _, err := rooms.Enter(t.Context(), test.launch, "browser", "en"); err != nil {
				t.Fatal(err)
			}
			test.want.ResourceLinkID = "41"
			if diff := cmp.Diff(test.want, f.asBefore.Placement); diff != "" || f.looked > 0 {
				t.Errorf("placements looked up %d times; (-want +got)\n%s", f.looked, diff)
			}
		})
	}
}

func TestRoomOfAnotherDeployment(t *testing.T) {
	for name, change := range map[string]func(*lti.Launch){
		"of the same platform": func(l *lti.Launch) { l.DeploymentID = "2" },
		"of another platform":  func(l *lti.Launch) { l.Registration.ID = "reg2" }, // whose ids may be the same
	} {
		t.Run(name, func(t *testing.T) {
			f, rooms := newFake()
			l := launchOf("77", "41", map[string]string{"room": "old"})
			change(&l)
			if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
				t.Fatal(err)
			}
			if f.arrival.Room == nil || f.arrival.Room.Settings.Welcome != "" || f.arrival.Placement.CopiedFrom != "" {
				t.Errorf("another school's room is seen: %+v %+v", f.arrival.Room, f.arrival.Placement)
			}
		})
	}
}

func TestWhoArrives(t *testing.T) {
	f, rooms := newFake()
	anonymous := launchOf("77", "41", nil)
	anonymous.User = lti.User{Anonymous: true}
	anonymous.Roles = lti.ParseRoles([]string{"Instructor"})
	tester := launchOf("77", "41", nil)
	tester.Roles = lti.ParseRoles([]string{"Learner", testUser})
	as := func(roles ...string) lti.Launch {
		l := launchOf("77", "41", nil)
		l.Roles = lti.ParseRoles(roles)
		return l
	}
	teacher := as("Instructor")
	for _, test := range []struct {
		name   string
		launch lti.Launch
		role   Role
		graded bool
	}{
		{"learner", launchOf("77", "41", nil), Viewer, true},
		{"teacher", teacher, Moderator, false},
		{"anonymous", anonymous, Viewer, false},
		{"test user", tester, Viewer, false},
		{"observer", as("Mentor"), Viewer, false},
		{"observer who learns too", as("Mentor", "Learner"), Viewer, true},
		{"course designer", as("ContentDeveloper"), Viewer, false},
		{"administrator", as("http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"), Viewer, false},
		{"no role", as(), Viewer, true},
	} {
		if _, err := rooms.Enter(t.Context(), test.launch, "browser", "en"); err != nil {
			t.Fatal(err)
		}
		if a := f.arrival; a.Enrolment.Role != test.role || a.Enrolment.Graded != test.graded || a.Visit.Role != test.role || a.Person.Subject == "" {
			t.Errorf("%s: %+v %+v", test.name, a.Enrolment, a.Person)
		}
	}
}

func TestKnownLinkKeepsWhatALearnersLaunchLacks(t *testing.T) {
	f, rooms := newFake()
	link := Link{RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:77", ResourceLinkID: "41"}
	known := Placement{ID: "p", RoomID: "old", Column: gradebook.Column{
		Grades: lti.Endpoint{Scopes: []string{"score"}, LineItem: "https://lms/1"}, LineItem: gradebook.LineItem{URL: "https://lms/1", Max: 10}}}
	f.placements[link] = known
	if _, err := rooms.Enter(t.Context(), launchOf("77", "41", nil), "browser", "en"); err != nil {
		t.Fatal(err)
	}
	if p := f.arrival.Placement; p.LineItem != known.LineItem || p.Grades.LineItem != known.Grades.LineItem || f.arrival.Room != nil {
		t.Errorf("placement %+v", p)
	}
	l := launchOf("77", "41", nil)
	l.Grades = lti.Endpoint{Scopes: []string{"score"}, LineItem: "https://lms/2"}
	if _, err := rooms.Enter(t.Context(), l, "browser", "en"); err != nil {
		t.Fatal(err)
	}
	if p := f.arrival.Placement; p.LineItem != (gradebook.LineItem{URL: "https://lms/2"}) {
		t.Errorf("a new column: %+v", p.LineItem)
	}
}
