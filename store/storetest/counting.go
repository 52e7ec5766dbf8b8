package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// testTerms: a link knows since when it leads to its room, and its rules.
func testTerms(t *testing.T, w *world) {
	since := w.now.Add(-time.Minute)
	a := w.arrival("ann", "link")
	a.Placement.Terms.Since = since
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Placement.Terms, attendance.Terms{Since: since})
	// A later launch of the link says nothing of that.
	w.launch("ben", "link")

	p := seat.Placement
	p.Rule = minutes(60)
	p.Terms.Graded = w.now
	p.Terms.Past = []attendance.PastRule{{Until: since}, {Rule: minutes(30), Until: w.now}}
	w.ok(w.SaveSettings(w.ctx, seat.Room, p, true))
	w.ok(w.CountEarlier(w.ctx, p, true))
	w.same(w.job(classroom.SettleJob, seat.Room.ID).RunAt, w.now)
	p.Terms.Earlier = true
	w.same(must(w.RoomPlacements(w.ctx, seat.Room.ID))(w), []classroom.Placement{p})
	w.ok(w.CountEarlier(w.ctx, p, false))
	p.Terms.Earlier = false
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Placement, p)

	// In another room, the classes of which count from now on, all by one rule.
	other := w.launch("ann", "another link").Room
	w.ok(w.MovePlacement(w.ctx, p.ID, p.RoomID))
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Placement.Terms, p.Terms)
	w.ok(w.MovePlacement(w.ctx, p.ID, other.ID))
	w.fails(w.CountEarlier(w.ctx, p, true), classroom.ErrNotFound)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Placement.Terms, attendance.Terms{Since: w.now})
}

func testDecisions(t *testing.T, w *world) {
	c := w.settled("link")
	room := c.ann.Room
	a := w.arrival("ann", "second link")
	a.Room, a.Placement.RoomID = nil, room.ID
	second := must(w.Arrive(w.ctx, a))(w).Placement
	session := c.settlement.Sessions[0].ID
	none := attendance.Decisions{Moved: map[string]map[string]string{}, AllLinks: map[string]bool{}, Graded: map[string]string{}}
	w.same(must(w.Decisions(w.ctx, room.ID))(w), none)

	w.ok(w.MoveClass(w.ctx, session, second))
	w.same(w.job(classroom.SettleJob, room.ID).RunAt, w.now)
	w.ok(w.MoveClass(w.ctx, session, c.ann.Placement))
	w.ok(w.MoveClass(w.ctx, session, second))
	w.ok(w.ShareClasses(w.ctx, room.ID, c.ann.Course.ID, true))
	w.ok(w.ShareClasses(w.ctx, room.ID, c.ann.Course.ID, true))
	want := attendance.Decisions{
		Moved:    map[string]map[string]string{c.meeting.ID: {second.CourseID: second.ID}},
		AllLinks: map[string]bool{c.ann.Course.ID: true}, Graded: map[string]string{},
	}
	w.same(must(w.Decisions(w.ctx, room.ID))(w), want)
	w.save(c.settlement) // settled again
	w.same(must(w.Decisions(w.ctx, room.ID))(w), want)
	w.ok(w.ShareClasses(w.ctx, room.ID, c.ann.Course.ID, false))
	want.AllLinks = map[string]bool{}
	w.same(must(w.Decisions(w.ctx, room.ID))(w), want)

	other := w.launch("ann", "another link")
	w.same(must(w.Decisions(w.ctx, other.Room.ID))(w), none)
	elsewhere := second
	elsewhere.CourseID = "another"
	for name, move := range map[string]error{
		"a link of another room":   w.MoveClass(w.ctx, session, other.Placement),
		"a link of another course": w.MoveClass(w.ctx, session, elsewhere),
		"no class":                 w.MoveClass(w.ctx, "unknown", second),
	} {
		t.Log(name)
		w.fails(move, classroom.ErrNotFound)
	}
}

// testLinkThatLeft: a link that has left the room with points is known as the
// one that started its classes.
func testLinkThatLeft(t *testing.T, w *world) {
	c := w.settled("link")
	m := c.meeting
	m.PlacementID = c.ann.Placement.ID
	_, _, err := w.RecordMeeting(w.ctx, m, w.now)
	w.ok(err)
	graded := func(room classroom.Room) map[string]string { return must(w.Decisions(w.ctx, room.ID))(w).Graded }
	w.same(graded(c.ann.Room), map[string]string{})
	other := w.launch("ann", "another link").Room
	w.ok(w.MovePlacement(w.ctx, c.ann.Placement.ID, other.ID))
	w.same(graded(c.ann.Room), map[string]string{c.ann.Placement.ID: c.ann.Course.ID})
	w.same(graded(other), map[string]string{})
}

// testStartedBy: through which link a meeting was started is what the first
// says who knows.
func testStartedBy(t *testing.T, w *world) {
	room := w.launch("ann", "link").Room
	m, another := w.meeting(room), w.meeting(room)
	again := m
	for _, tells := range []string{"", "p1", "p2", ""} {
		again.ID, again.PlacementID = w.id("m"), tells
		got, isNew, err := w.RecordMeeting(w.ctx, again, w.now)
		w.ok(err)
		if tells != "" {
			m.PlacementID = "p1"
		}
		w.same(isNew, false)
		w.same(got, m)
		w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
		w.same(must(w.Meeting(w.ctx, another.ID))(w), another)
	}
}
