package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// pick makes a room in the picker of a course.
func (w *world) pick(course classroom.Course) classroom.Room {
	w.t.Helper()
	room := w.room(w.id("r"))
	room.CourseID, room.Picked = course.ID, true
	w.ok(w.AddPicked(w.ctx, *room, 500))
	return *room
}

// names is a launch of a known link that names a room of its course.
func (w *world) names(link string, room classroom.Room, at time.Time) classroom.Arrival {
	a := w.arrival("ann", link)
	a.Room, a.Moves, a.Placement.RoomID, a.Placement.Rule = nil, true, room.ID, room.Rule
	a.Placement.Named, a.Placement.NamedAt = room.ID, at
	if room.Picked {
		a.Opens = room.ID
	}
	return a
}

// A launch that leads where those before it led needs nobody to look first. Any
// other is turned away as if it hadn't been.
func testAsBefore(t *testing.T, w *world) {
	asBefore := func(link, room string) classroom.Arrival {
		a := w.arrival("ann", link)
		a.AsBefore, a.Room = true, nil
		a.Placement = classroom.Placement{ResourceLinkID: link, Title: a.Placement.Title, Named: room}
		return a
	}
	unknown := asBefore("link", "")
	_, err := w.Arrive(w.ctx, unknown)
	w.fails(err, classroom.ErrUnplaced)
	_, err = w.Seat(w.ctx, unknown.Visit.ID)
	w.fails(err, classroom.ErrNotFound)

	first := w.launch("ann", "link")
	room := w.pick(first.Course)
	named := must(w.Arrive(w.ctx, w.names("picked", room, w.now)))(w)
	odd := []classroom.Parameter{{Name: "open", Value: "door"}}
	for _, test := range []struct {
		name, link, room string
		change           func(*classroom.Arrival)
		want             *classroom.Seat // nil: it is turned away
	}{
		{name: "names none, as before", link: "link", want: &first},
		{name: "names the same", link: "picked", room: room.ID, want: &named},
		{name: "names none now", link: "picked", want: &named},
		{name: "issued long before", link: "picked", room: room.ID, want: &named, change: func(a *classroom.Arrival) { a.Placement.NamedAt = w.now.Add(-time.Hour) }},
		{name: "another link", link: "another"},
		{name: "another course", link: "link", change: func(a *classroom.Arrival) { a.Course.ContextKey = "context:43" }},
		{name: "names one for the first time", link: "link", room: room.ID},
		{name: "names another", link: "picked", room: first.Room.ID},
		{name: "a parameter can't be used any more", link: "link", change: func(a *classroom.Arrival) { a.Placement.Notices.Unusable = odd }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			a := asBefore(test.link, test.room)
			if test.change != nil {
				test.change(&a)
			}
			got, err := w.Arrive(w.ctx, a)
			if test.want == nil {
				w.fails(err, classroom.ErrUnplaced)
				a.AsBefore, a.Placement, a.Room = false, w.arrival("ann", test.link).Placement, w.room(w.id("r"))
				_ = must(w.Arrive(w.ctx, a))(w) // its nonce isn't used up
				return
			}
			w.ok(err)
			w.same([]any{got.Placement, got.Room, got.Visit.PlacementID}, []any{test.want.Placement, test.want.Room, test.want.Placement.ID})
			w.same(must(w.Seat(w.ctx, a.Visit.ID))(w), got)
			_, err = w.Arrive(w.ctx, a)
			w.fails(err, classroom.ErrReplayed)
		})
	}
	retitled := asBefore("link", "")
	retitled.Placement.Title = "Seminar"
	w.same(must(w.Arrive(w.ctx, retitled))(w).Placement.Title, "Seminar")
}

// The newest signed launch says which room a link leads to.
func testNamedRoom(t *testing.T, w *world) {
	first := w.launch("ann", "link")
	second, third := w.pick(first.Course), w.pick(first.Course)
	second.Rule = minutes(45)
	w.ok(w.SaveSettlement(w.ctx, classroom.Settlement{RoomID: first.Room.ID, At: w.now, Deliveries: []gradebook.Delivery{
		{PlacementID: first.Placement.ID, PersonID: first.Person.ID, Points: 80, Max: 100, TrueAt: w.now, State: gradebook.Waiting},
	}}))
	at := w.now
	seat := must(w.Arrive(w.ctx, w.names("link", second, at)))(w)
	w.same([]string{seat.Room.ID, seat.Placement.RoomID, seat.Placement.Named}, []string{second.ID, second.ID, second.ID})
	w.same(seat.Placement.Rule, minutes(45))
	w.same(seat.Placement.Notices, classroom.LinkNotices{MovedFrom: first.Room.Title, LeftRoom: first.Room.ID})
	w.same(seat.Room.Picked, false)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
	// What was earned stays, and both rooms are settled.
	kept := must(w.RoomDeliveries(w.ctx, second.ID))(w)
	if len(kept) != 1 || kept[0].Kept != 0.8 {
		t.Errorf("deliveries %+v", kept)
	}
	w.job(classroom.SettleJob, second.ID)

	for _, test := range []struct {
		name string
		room classroom.Room
		at   time.Time
		want string
	}{
		{"on its way since before", third, at.Add(-time.Second), second.ID},
		{"the same again", second, at.Add(time.Minute), second.ID},
		{"issued later", third, at.Add(2 * time.Minute), third.ID},
		{"in the same second", second, at.Add(2 * time.Minute), second.ID},
	} {
		seat := must(w.Arrive(w.ctx, w.names("link", test.room, test.at)))(w)
		if seat.Room.ID != test.want || seat.Placement.Named != test.want {
			t.Errorf("%s: leads to %s and names %s, want %s", test.name, seat.Room.ID, seat.Placement.Named, test.want)
		}
	}
}

// Of launches that come at once, the one that was issued last counts.
func testNamedRoomInParallel(t *testing.T, w *world) {
	first := w.launch("ann", "link")
	const n = 12
	rooms, arrivals := make([]classroom.Room, n), make([]classroom.Arrival, n)
	for i := range n {
		rooms[i] = w.pick(first.Course)
		arrivals[i] = w.names("link", rooms[i], w.now.Add(time.Duration(i)*time.Second))
	}
	parallel(n, func(i int) {
		if _, err := w.Arrive(w.ctx, arrivals[(i*7)%n]); err != nil {
			t.Error(err)
		}
	})
	seat := must(w.Arrive(w.ctx, w.names("link", rooms[0], w.now)))(w)
	w.same(seat.Room.ID, rooms[n-1].ID)
}

// A link that names another course's room late keeps its own, and asks.
func testAskedLate(t *testing.T, w *world) {
	first := w.launch("ann", "link")
	a := w.arrival("ann", "link")
	a.Room, a.Placement.RoomID, a.Placement.CopiedFrom, a.Placement.Named, a.Placement.NamedAt = nil, first.Room.ID, "elsewhere", "elsewhere", w.now
	a.Placement.Notices = classroom.LinkNotices{Late: true, Unusable: []classroom.Parameter{{Name: "open", Value: "banana"}}}
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Room, first.Room)
	w.same(seat.Placement.CopiedFrom, "elsewhere")
	w.same(seat.Placement.Notices, a.Placement.Notices)
	w.ok(w.SaveNotices(w.ctx, seat.Placement.ID, seat.Placement.Notices.Told()))
	seat = must(w.Seat(w.ctx, seat.Visit.ID))(w)
	w.same(seat.Placement.Notices, classroom.LinkNotices{Late: true, Unusable: a.Placement.Notices.Unusable, Seen: true})
	w.fails(w.SaveNotices(w.ctx, "another", classroom.LinkNotices{}), classroom.ErrNotFound)
}

// provisional is a teacher's deep linking request without a context.
func (w *world) provisional(subject string) classroom.Course {
	w.t.Helper()
	a := w.arrival(subject, "")
	a.Placement, a.Room = classroom.Placement{}, nil
	a.Course.ContextKey, a.Course.ProvisionalAt = "pick:"+a.Course.ID, w.now
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Course, a.Course)
	return seat.Course
}

// claims is a launch that takes a room out of a provisional course.
func (w *world) claims(course, link string, from classroom.Course, room classroom.Room) classroom.Arrival {
	a := w.names(link, room, w.now)
	a.Course.ContextKey, a.Claims, a.Moves = course, from.ID, false
	return a
}

func testClaimedRoom(t *testing.T, w *world) {
	pick := w.provisional("ann")
	room, unclaimed := w.pick(pick), w.pick(pick)
	seat := must(w.Arrive(w.ctx, w.claims("context:42", "link", pick, room)))(w)
	_, waits, err := w.RoomWithCourse(w.ctx, unclaimed.ID)
	w.ok(err)
	w.same(waits.ID, pick.ID)
	w.same(seat.Room.ID, room.ID)
	w.same(seat.Room.CourseID, seat.Course.ID)
	w.same(seat.Placement.CopiedFrom, "")
	// Another link of the same course may say so too, another course may not.
	must(w.Arrive(w.ctx, w.claims("context:42", "second link", pick, room)))(w)
	other := w.claims("context:43", "link", pick, room)
	_, err = w.Arrive(w.ctx, other)
	w.fails(err, classroom.ErrRoomClaimed)
	_, err = w.Seat(w.ctx, other.Visit.ID)
	w.fails(err, classroom.ErrNotFound)
	_, course, err := w.RoomWithCourse(w.ctx, room.ID)
	w.ok(err)
	w.same(course.ID, seat.Course.ID)

	// A learner came first, to a room of their own: the moderator's launch brings
	// the link to the picked one. Nobody has lost anything, so nothing is told.
	second := w.pick(pick)
	learner := w.launch("ben", "early link")
	a := w.claims("context:42", "early link", pick, second)
	a.Moves = true
	moved := must(w.Arrive(w.ctx, a))(w)
	w.same(moved.Placement.ID, learner.Placement.ID)
	w.same(moved.Room.ID, second.ID)
	w.same(moved.Placement.Notices, classroom.LinkNotices{LeftRoom: learner.Room.ID})
	// But a class that was held there is told of.
	third, used := w.pick(pick), w.launch("ben", "used link")
	w.meeting(used.Room)
	a = w.claims("context:42", "used link", pick, third)
	a.Moves = true
	w.same(must(w.Arrive(w.ctx, a))(w).Placement.Notices, classroom.LinkNotices{MovedFrom: used.Room.Title, LeftRoom: used.Room.ID})
}

func testClaimsInParallel(t *testing.T, w *world) {
	pick := w.provisional("ann")
	room := w.pick(pick)
	const n = 12
	arrivals, seats := make([]classroom.Arrival, n), make([]classroom.Seat, n)
	for i := range n {
		arrivals[i] = w.claims(fmt.Sprint("context:", i%3), "link", pick, room)
	}
	parallel(n, func(i int) {
		var err error
		if seats[i], err = w.Arrive(w.ctx, arrivals[i]); err != nil && !errors.Is(err, classroom.ErrRoomClaimed) {
			t.Error(err)
		}
	})
	_, owner, err := w.RoomWithCourse(w.ctx, room.ID)
	w.ok(err)
	let := 0
	for _, s := range seats {
		if s.Visit.ID == "" {
			continue
		}
		let++
		w.same(s.Course.ID, owner.ID)
		w.same(s.Room.ID, room.ID)
	}
	if let == 0 || let > n/3 {
		t.Errorf("%d of %d came into the room of one course in three", let, n)
	}
}

// A room goes along with its link's name, unless its teacher named it.
func testRenamedRoom(t *testing.T, w *world) {
	title := func(link, title string) classroom.Seat {
		a := w.arrival("ann", link)
		a.Placement.Title = title
		if a.Room.Title = title; title == "" {
			a.Room.Title = "Law"
		}
		seat := must(w.Arrive(w.ctx, a))(w)
		w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
		return seat
	}
	title("link", "Lecture")
	w.same(title("link", "Seminar").Room.Title, "Seminar")
	w.same(title("link", "").Room.Title, "Seminar")
	seat := title("link", "Seminar")
	seat.Room.Title, seat.Room.Titled = "Moot court", true
	w.ok(w.SaveSettings(w.ctx, seat.Room, seat.Placement, false))
	w.same(title("link", "Lecture").Room.Title, "Moot court")

	// A picked room takes the name that its first link has.
	picked := w.pick(seat.Course)
	a := w.names("picked link", picked, w.now)
	a.Placement.Title = "Week 3"
	first := must(w.Arrive(w.ctx, a))(w)
	w.same(first.Room.Title, "Week 3")
	// A second link of the room has a name of its own.
	a = w.names("copy", first.Room, w.now)
	a.Placement.Title = "Week 3 (copy)"
	w.same(must(w.Arrive(w.ctx, a))(w).Room.Title, "Week 3")
	w.same(title("copy", "Week 4").Room.Title, "Week 3")
	w.same(title("picked link", "Week three").Room.Title, "Week three")
}

// What was picked and never used goes after a long time.
func testSweptPicks(t *testing.T, w *world) {
	course := w.launch("ann", "link").Course
	unused, opened, held := w.pick(course), w.pick(course), w.pick(course)
	must(w.Arrive(w.ctx, w.names("opened", opened, w.now)))(w)
	w.meeting(held)
	pick, kept := w.provisional("ann"), w.provisional("ben")
	claimed, waits := w.pick(pick), w.pick(kept)
	must(w.Arrive(w.ctx, w.claims("context:42", "claimed", pick, claimed)))(w)
	there := func() []bool {
		var list []bool
		for _, room := range []classroom.Room{unused, opened, held, claimed, waits} {
			_, _, err := w.RoomWithCourse(w.ctx, room.ID)
			list = append(list, err == nil)
		}
		return list
	}
	w.pass(90*24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(there(), []bool{true, true, true, true, true})
	w.pass(time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(there(), []bool{false, true, true, true, false})
	w.ok(w.Sweep(w.ctx, w.now))
	for _, c := range []classroom.Course{pick, kept} {
		if err := w.AddPicked(w.ctx, classroom.Room{ID: w.id("r"), TenantID: classroom.DefaultTenant, CourseID: c.ID, MeetingID: w.id("m")}, 500); err == nil {
			t.Errorf("the stand-in %s is still there", c.ID)
		}
	}
}

// What was picked in a window waits for the frame of the same launch.
func testFramedPick(t *testing.T, w *world) {
	a := w.arrival("ann", "")
	a.Placement, a.Room = classroom.Placement{}, nil
	a.Visit.DeepLinking, a.Visit.Frame = &lti.DeepLinkingSettings{ReturnURL: "https://lms.example.org/deep", Title: "A\x00<b>"}, a.Visit.ID
	_, _, err := w.FramedPick(w.ctx, a.Nonce)
	w.fails(err, classroom.ErrNotFound)
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
	picked := func() []lti.ContentItem {
		id, items, err := w.FramedPick(w.ctx, a.Nonce)
		w.ok(err)
		w.same(id, seat.Visit.ID)
		return items
	}
	w.same(picked(), []lti.ContentItem(nil))
	w.ok(w.SaveFramedPick(w.ctx, seat.Visit.ID, nil))
	w.same(picked(), []lti.ContentItem{})
	items := []lti.ContentItem{{
		URL: "https://bridge.example/lti/launch?room=r", Title: "A\x00<b> & “ü”", Text: "<p>\r\n", Custom: map[string]string{"room": "r"},
		Window: &lti.Window{TargetName: "_blank"}, LineItem: &lti.ItemLineItem{Label: "A", ScoreMaximum: 12.5},
	}}
	w.ok(w.SaveFramedPick(w.ctx, seat.Visit.ID, items))
	w.same(picked(), items)
	w.fails(w.SaveFramedPick(w.ctx, "another", items), classroom.ErrNotFound)
	// It goes with the visit.
	w.ok(w.Sweep(w.ctx, w.now.Add(classroom.VisitLife)))
	_, _, err = w.FramedPick(w.ctx, a.Nonce)
	w.fails(err, classroom.ErrNotFound)
}
