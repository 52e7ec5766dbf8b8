package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

func testLaunch(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	a.Visit.ReturnURL = "https://lms.example.org/return?sesskey=1"
	a.Placement.OpensClass = true
	got := must(w.Arrive(w.ctx, a))(w)

	room, placement, visit := *a.Room, a.Placement, a.Visit
	room.CourseID, placement.CourseID, placement.RoomID = a.Course.ID, a.Course.ID, room.ID
	visit.PersonID, visit.CourseID, visit.PlacementID = a.Person.ID, a.Course.ID, a.Placement.ID
	want := classroom.Seat{Visit: visit, Person: a.Person, Course: a.Course, Placement: placement, Room: room, Newest: classroom.Viewer}
	w.same(got, want)
	w.same(must(w.Seat(w.ctx, visit.ID))(w), want)

	link := classroom.Link{RegistrationID: w.platform.ID, DeploymentID: "1", ContextKey: a.Course.ContextKey, ResourceLinkID: "link"}
	w.same(must(w.PlacementOf(w.ctx, link))(w), placement)
	for _, change := range []func(*classroom.Link){ // each part counts
		func(l *classroom.Link) { l.RegistrationID = "another" },
		func(l *classroom.Link) { l.DeploymentID = "2" },
		func(l *classroom.Link) { l.ContextKey = "context:another" },
		func(l *classroom.Link) { l.ResourceLinkID = "another" },
	} {
		another := link
		change(&another)
		_, err := w.PlacementOf(w.ctx, another)
		w.fails(err, classroom.ErrNotFound)
	}
	gotRoom, gotCourse, err := w.RoomWithCourse(w.ctx, room.ID)
	w.ok(err)
	w.same(gotRoom, room)
	w.same(gotCourse, a.Course)
	w.same(must(w.RoomByMeetingID(w.ctx, room.MeetingID))(w), room)
	w.same(must(w.Enrolment(w.ctx, a.Course.ID, a.Person.ID))(w), classroom.Enrolment{
		CourseID: a.Course.ID, PersonID: a.Person.ID, Role: classroom.Viewer, Graded: true, SeenAt: w.now,
	})
	_, err = w.Seat(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

// What is known keeps its ids, and takes over what a launch tells of it.
func testRelaunch(t *testing.T, w *world) {
	first := w.launch("ann", "link")
	w.ok(w.SaveLineItem(w.ctx, first.Placement.ID, gradebook.LineItem{URL: first.Placement.LineItem.URL, Max: 20}))
	first.Placement.LineItem.Max = 20

	for _, test := range []struct {
		name   string
		change func(*classroom.Arrival)
		want   func(*classroom.Seat)
	}{
		{"nothing new", func(*classroom.Arrival) {}, func(*classroom.Seat) {}},
		{"course title", func(a *classroom.Arrival) { a.Course.Title = "Law II" }, func(s *classroom.Seat) { s.Course.Title = "Law II" }},
		{"course label", func(a *classroom.Arrival) { a.Course.Label = "L2" }, func(s *classroom.Seat) { s.Course.Label = "L2" }},
		{"name", func(a *classroom.Arrival) { a.Person.Name = "Ann B." }, func(s *classroom.Seat) { s.Person.Name = "Ann B." }},
		{"link title", func(a *classroom.Arrival) { a.Placement.Title = "Seminar" }, func(s *classroom.Seat) { s.Placement.Title = "Seminar" }},
		{"straight in", func(a *classroom.Arrival) { a.Placement.OpensClass = true }, func(s *classroom.Seat) { s.Placement.OpensClass = true }},
		{"back to the page", func(a *classroom.Arrival) { a.Placement.OpensClass = false }, func(s *classroom.Seat) { s.Placement.OpensClass = false }},
		{"services", func(a *classroom.Arrival) {
			a.Placement.Grades.LineItems = "https://lms.example.org/items?type=9"
		}, func(s *classroom.Seat) { s.Placement.Grades.LineItems = "https://lms.example.org/items?type=9" }},
		{"scopes", func(a *classroom.Arrival) { a.Placement.Grades.Scopes = []string{"score", "result"} },
			func(s *classroom.Seat) { s.Placement.Grades.Scopes = []string{"score", "result"} }},
		{"line item", func(a *classroom.Arrival) { a.Placement.Grades.LineItem = "https://lms.example.org/items/9" }, func(s *classroom.Seat) {
			s.Placement.Grades.LineItem = "https://lms.example.org/items/9"
			s.Placement.LineItem = gradebook.LineItem{URL: "https://lms.example.org/items/9"}
		}},
		{"a launch that tells nothing", func(a *classroom.Arrival) {
			a.Course.Title, a.Course.Label, a.Person.Name, a.Placement.Title = "", "", "", ""
			a.Placement.Grades = lti.Endpoint{}
		}, func(*classroom.Seat) {}},
		{"a rule and a room are none of its business", func(a *classroom.Arrival) {
			a.Placement.Rule, a.Placement.RoomID, a.Placement.CopiedFrom = minutes(5), "elsewhere", "elsewhere"
		}, func(*classroom.Seat) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			before := first
			test.want(&first) // what a launch told stays told
			a := w.arrival("ann", "link")
			a.Course.Title, a.Course.Label, a.Person.Name = before.Course.Title, before.Course.Label, before.Person.Name
			a.Placement.Title, a.Placement.Grades, a.Placement.OpensClass = before.Placement.Title, before.Placement.Grades, before.Placement.OpensClass
			test.change(&a)
			got := must(w.Arrive(w.ctx, a))(w)
			first.Visit = a.Visit
			first.Visit.PersonID, first.Visit.CourseID, first.Visit.PlacementID = first.Person.ID, first.Course.ID, first.Placement.ID
			w.same(got, first)
			w.same(must(w.Seat(w.ctx, a.Visit.ID))(w), first)
		})
	}
	w.same(len(must(w.RoomsOfCourse(w.ctx, first.Course.ID))(w)), 1)
	testRelaunchRole(w, first)
}

func testRelaunchRole(w *world, first classroom.Seat) {
	teacher := w.teach("ann", "link")
	w.same(teacher.Person.ID, first.Person.ID)
	e := must(w.Enrolment(w.ctx, first.Course.ID, first.Person.ID))(w)
	w.same(e.Role, classroom.Moderator)
	w.same(e.Graded, false)
	// Not each launch notes the time.
	seen := e.SeenAt
	w.pass(59 * time.Minute)
	w.teach("ann", "link")
	w.same(must(w.Enrolment(w.ctx, first.Course.ID, first.Person.ID))(w).SeenAt, seen)
	w.pass(time.Minute)
	w.teach("ann", "link")
	w.same(must(w.Enrolment(w.ctx, first.Course.ID, first.Person.ID))(w).SeenAt, w.now)
}

func testReplay(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	seat := must(w.Arrive(w.ctx, a))(w)
	replay := w.arrival("ann", "link")
	replay.Nonce = a.Nonce
	_, err := w.Arrive(w.ctx, replay)
	w.fails(err, classroom.ErrReplayed)
	_, err = w.Seat(w.ctx, replay.Visit.ID)
	w.fails(err, classroom.ErrNotFound)

	// One that tells something new is a replay as well, and tells nothing.
	replay = w.arrival("ben", "new link")
	replay.Nonce, replay.Course.Title = a.Nonce, "Spoiled"
	_, err = w.Arrive(w.ctx, replay)
	w.fails(err, classroom.ErrReplayed)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
	_, _, err = w.RoomWithCourse(w.ctx, replay.Room.ID)
	w.fails(err, classroom.ErrNotFound)
	ben := w.launch("ben", "link")
	if ben.Person.ID == replay.Person.ID {
		t.Error("the replay has left a person behind")
	}
	// Swept with the visit, not before.
	w.ok(w.Sweep(w.ctx, w.now.Add(classroom.VisitLife-time.Second)))
	_, err = w.Arrive(w.ctx, replay)
	w.fails(err, classroom.ErrReplayed)
}

func testParallelReplays(t *testing.T, w *world) {
	w.launch("ann", "link")
	for _, link := range []string{"link", "new link"} {
		const n = 20
		arrivals := make([]classroom.Arrival, n)
		for i := range arrivals {
			arrivals[i] = w.arrival("ann", link)
			arrivals[i].Nonce = "the same for " + link
		}
		var won, replayed atomic.Int64
		parallel(n, func(i int) {
			switch _, err := w.Arrive(w.ctx, arrivals[i]); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, classroom.ErrReplayed):
				replayed.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || replayed.Load() != n-1 {
			t.Errorf("%s: %d of %d got in and %d were replays, want 1", link, won.Load(), n, replayed.Load())
		}
	}
}

func testNewLinkInParallel(t *testing.T, w *world) {
	w.launch("ann", "link")
	for _, course := range []string{"context:42", "context:new"} { // the course known, and new
		const n = 20
		arrivals, seats := make([]classroom.Arrival, n), make([]classroom.Seat, n)
		for i := range arrivals {
			arrivals[i] = w.arrival(fmt.Sprint("person", i%5), "new link")
			arrivals[i].Course.ContextKey = course
		}
		parallel(n, func(i int) {
			var err error
			if seats[i], err = w.Arrive(w.ctx, arrivals[i]); err != nil {
				t.Error(err)
			}
		})
		people := map[string]string{}
		for _, s := range seats {
			w.same(s.Course, seats[0].Course)
			w.same(s.Placement, seats[0].Placement)
			w.same(s.Room, seats[0].Room)
			people[s.Person.Subject] = s.Person.ID
		}
		for _, s := range seats {
			w.same(s.Person.ID, people[s.Person.Subject])
		}
		var rooms int
		for _, r := range must(w.RoomsOfCourse(w.ctx, seats[0].Course.ID))(w) {
			for _, a := range arrivals {
				if a.Room.ID == r.ID {
					rooms++
				}
			}
		}
		w.same(rooms, 1)
	}
}

func testParallelLaunches(t *testing.T, w *world) {
	const n = 60
	arrivals, seats := make([]classroom.Arrival, n), make([]classroom.Seat, n)
	for i := range arrivals {
		arrivals[i] = w.arrival(fmt.Sprint("person", i), fmt.Sprint("link", i%3))
		if i%10 == 7 {
			arrivals[i].Room = nil // whose room isn't there
			arrivals[i].Placement.ResourceLinkID, arrivals[i].Placement.RoomID = "spoiled", "nowhere"
		}
	}
	parallel(n, func(i int) {
		var err error
		seats[i], err = w.Arrive(w.ctx, arrivals[i])
		if (err != nil) != (i%10 == 7) {
			t.Errorf("launch %d: %v", i, err)
		}
	})
	for i, s := range seats {
		if i%10 == 7 {
			_, err := w.Seat(w.ctx, arrivals[i].Visit.ID)
			w.fails(err, classroom.ErrNotFound)
			continue
		}
		w.same(must(w.Seat(w.ctx, s.Visit.ID))(w), s)
	}
}

func testAdoptedDeployment(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	a.NewDeployment, a.Course.DeploymentID, a.Visit.DeploymentID = true, "2", "2"
	must(w.Registration(w.ctx, w.platform.ID))(w)
	must(w.Arrive(w.ctx, a))(w)
	w.same(must(w.Registration(w.ctx, w.platform.ID))(w).Deployments, map[string]bool{"1": true, "2": true})
	again := w.arrival("ann", "link")
	again.NewDeployment, again.Course.DeploymentID = true, "2"
	w.same(must(w.Arrive(w.ctx, again))(w).Course.ID, a.Course.ID)
}

// A launch that goes wrong half way leaves nothing.
func testFailedLaunch(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	a.Room.TenantID = "unknown"
	if _, err := w.Arrive(w.ctx, a); err == nil {
		t.Fatal("a room of an unknown tenant was made")
	}
	_, err := w.Enrolment(w.ctx, a.Course.ID, a.Person.ID)
	w.fails(err, classroom.ErrNotFound)
	_, err = w.Seat(w.ctx, a.Visit.ID)
	w.fails(err, classroom.ErrNotFound)
	// Not even the nonce: the person may try again.
	a.Room.TenantID = classroom.DefaultTenant
	must(w.Arrive(w.ctx, a))(w)
}

// A visit whose secrets can't be written doesn't begin: without them its
// person would choose for nobody.
func testUnwritableLaunch(t *testing.T, w *world) {
	a := w.arrival("ann", "link")
	a.Visit.DeepLinking = &lti.DeepLinkingSettings{Data: json.RawMessage("{")}
	if _, err := w.Arrive(w.ctx, a); err == nil {
		t.Error("nobody is told")
	}
	_, err := w.Seat(w.ctx, a.Visit.ID)
	w.fails(err, classroom.ErrNotFound)
}

func testCancelledLaunch(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	a := w.arrival("ann", "link")
	_, err := w.Arrive(ctx, a)
	w.fails(err, context.Canceled)
	_, err = w.Seat(w.ctx, a.Visit.ID)
	w.fails(err, classroom.ErrNotFound)
	must(w.Arrive(w.ctx, a))(w)
}

// A link that our deep linking made leads to a room that is there.
func testExistingRoom(t *testing.T, w *world) {
	first := w.launch("ann", "link")
	a := w.arrival("ann", "second link")
	a.Room, a.Placement.RoomID = nil, first.Room.ID
	second := must(w.Arrive(w.ctx, a))(w)
	w.same(second.Room, first.Room)
	if second.Placement.ID == first.Placement.ID {
		t.Error("two links share a placement")
	}
	w.same(len(must(w.RoomPlacements(w.ctx, first.Room.ID))(w)), 2)
}

func testDeepLinking(t *testing.T, w *world) {
	a := w.arrival("ann", "")
	a.Placement, a.Room = classroom.Placement{}, nil
	a.Visit.DeepLinking = &lti.DeepLinkingSettings{
		ReturnURL: "https://lms.example.org/deep?secret=1", AcceptTypes: []string{"ltiResourceLink"}, AcceptMultiple: true,
		Data: json.RawMessage(`"opaque"`),
	}
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Visit.DeepLinking, a.Visit.DeepLinking)
	w.same(seat.Placement, classroom.Placement{})
	w.same(seat.Room, classroom.Room{})
	w.same(must(w.Seat(w.ctx, a.Visit.ID))(w), seat)
	// Again, with all known.
	again := a
	again.Nonce, again.Visit.ID = "another", "another"
	must(w.Arrive(w.ctx, again))(w)
	w.same(must(w.Seat(w.ctx, "another"))(w).Course, seat.Course)
	_, err := w.LatestVisit(w.ctx, a.Visit.Browser, "")
	w.fails(err, classroom.ErrNotFound)
}

func testLatestVisit(t *testing.T, w *world) {
	old := w.launch("ann", "link")
	w.pass(time.Minute)
	newest := w.launch("ann", "link")
	w.pass(time.Minute)
	w.launch("ann", "another link")
	w.launch("ben", "link")
	w.same(must(w.LatestVisit(w.ctx, old.Visit.Browser, old.Room.ID))(w), newest.Visit.ID)
	_, err := w.LatestVisit(w.ctx, "another browser", old.Room.ID)
	w.fails(err, classroom.ErrNotFound)
	w.now = newest.Visit.ExpiresAt
	_, err = w.LatestVisit(w.ctx, old.Visit.Browser, old.Room.ID)
	w.fails(err, classroom.ErrNotFound)
}

// A new window has a visit of its own.
// A window that came from a launch's page has a visit, one for each browser.
// However often one launch opens windows, the newest few stay.
func testOpenedWindows(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	opened := func(browser string) string {
		t.Helper()
		w.pass(time.Second)
		visit := seat.Visit
		visit.ID, visit.Browser, visit.LaunchID, visit.ReturnURL = w.id("v"), browser, seat.Visit.ID, "https://lms.example.org/return"
		visit.CreatedAt, visit.SeenAt = w.now, w.now
		id := must(w.OpenWindow(w.ctx, visit, 3))(w)
		if id == visit.ID {
			want := seat
			want.Visit = visit
			w.same(must(w.Seat(w.ctx, visit.ID))(w), want)
		}
		w.same(must(w.LatestVisit(w.ctx, browser, seat.Room.ID))(w), id)
		return id
	}
	first := opened("window 1")
	w.same(opened("window 1"), first)
	w.same(must(w.Seat(w.ctx, first))(w).Visit.SeenAt, w.now)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Visit.SeenAt, w.now) // its page is open
	w.ok(w.EndVisits(w.ctx, must(w.Seat(w.ctx, first))(w).Visit, w.now))
	second := opened("window 1") // the one that was left doesn't come back
	if second == first {
		t.Error("a visit that was left goes on")
	}

	other := w.launch("ann", "link")
	elsewhere := other.Visit
	elsewhere.ID, elsewhere.Browser, elsewhere.LaunchID = w.id("v"), "window 1", other.Visit.ID
	w.same(must(w.OpenWindow(w.ctx, elsewhere, 3))(w), elsewhere.ID) // another launch's
	var all []string
	for i := range 100 {
		all = append(all, opened(fmt.Sprint("made up ", i)))
	}
	there := 0
	for _, id := range append(all, first, second) {
		if _, err := w.Seat(w.ctx, id); err == nil {
			there++
		}
	}
	w.same(there, 3)
	for _, id := range append(all[97:], seat.Visit.ID, elsewhere.ID) {
		must(w.Seat(w.ctx, id))(w)
	}
}

// A person, a course and a link are the same only at the same platform.
func testStrangers(t *testing.T, w *world) {
	ann := w.launch("ann", "link")
	other := must(w.AddPlatform(w.ctx, platform("other", "client-2")))(w)
	a := w.arrival("ann", "link")
	a.Course.RegistrationID, a.Person.RegistrationID, a.Visit.RegistrationID = other.ID, other.ID, other.ID
	stranger := must(w.Arrive(w.ctx, a))(w)
	a = w.arrival("ann", "link")
	a.Course.DeploymentID = "another"
	elsewhere := must(w.Arrive(w.ctx, a))(w)
	for _, pair := range [][2]string{
		{stranger.Person.ID, ann.Person.ID}, {stranger.Course.ID, ann.Course.ID}, {stranger.Room.ID, ann.Room.ID},
		{elsewhere.Course.ID, ann.Course.ID}, {elsewhere.Placement.ID, ann.Placement.ID}, {elsewhere.Room.ID, ann.Room.ID},
	} {
		if pair[0] == pair[1] {
			t.Errorf("%s is the same for strangers", pair[0])
		}
	}
	w.same(elsewhere.Person.ID, ann.Person.ID)
}
