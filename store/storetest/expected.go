package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// frozen makes a class that counts, to which ann and ben came, and cy didn't.
func (w *world) frozen() class {
	w.t.Helper()
	c := w.held("link")
	w.launch("cy", "link")
	f := classroom.Frozen{MeetingID: c.meeting.ID}
	for _, e := range must(w.RoomPeople(w.ctx, c.ann.Room.ID))(w) {
		if e.Graded {
			f.Expected = append(f.Expected, e)
		}
	}
	w.save(c.settlement)
	w.ok(w.SaveExpected(w.ctx, f))
	w.ok(w.SaveExpected(w.ctx, f))
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Frozen, true)
	return c
}

// line is how many came to a class, were expected, and are complete.
func (w *world) line(c class) [3]int {
	w.t.Helper()
	l := must(w.Classes(w.ctx, c.ann.Room.ID, c.ann.Course.ID, minutes(30), 8))(w)[0]
	return [3]int{l.Came, l.Enrolled, *l.Complete}
}

// graded tells of the people in a class's register whether they are, by
// subject.
func (w *world) graded(c class) map[string]bool {
	w.t.Helper()
	graded := map[string]bool{}
	for _, row := range must(w.Register(w.ctx, c.meeting.ID, c.ann.Course.ID, c.ann.Placement.ID))(w) {
		graded[row.Person.Subject] = row.Graded
	}
	return graded
}

// Who was expected in a class stays, whoever comes into the course later or
// leaves its learners.
func testExpected(t *testing.T, w *world) {
	c := w.frozen()
	w.same(w.line(c), [3]int{2, 3, 1})
	w.launch("dan", "link")
	w.same(w.line(c), [3]int{2, 3, 1})
	w.same(w.graded(c), map[string]bool{"ann": true, "ben": true, "cy": true})

	// Ann helps to teach by now, and Cy looked in as a guest.
	w.teach("ann", "link")
	a := w.arrival("cy", "link")
	a.Enrolment.Graded = false
	must(w.Arrive(w.ctx, a))(w)
	w.same(w.line(c), [3]int{2, 3, 1})
	w.same(w.graded(c), map[string]bool{"ann": true, "ben": true, "cy": true})

	// A report that comes late names somebody who wasn't expected.
	eve := w.launch("eve", "link").Person.ID
	c.settlement.Attended[0].People = append(c.settlement.Attended[0].People, attendance.Attendance{SessionID: c.meeting.ID, PersonID: eve, Time: time.Minute})
	w.save(c.settlement)
	w.same(w.line(c), [3]int{3, 4, 1})
	w.same(w.graded(c)["eve"], true)
}

// While a class is counted, or goes on with another meeting, all may still
// come. Of a course that has come to the room since, nobody was expected.
func testExpectedNow(t *testing.T, w *world) {
	c := w.frozen()
	w.launch("dan", "link")
	other := w.arrival("zoe", "shared")
	other.Course.ContextKey, other.Room, other.Placement.RoomID = "context:43", nil, c.ann.Room.ID
	seat := must(w.Arrive(w.ctx, other))(w)
	l := must(w.Classes(w.ctx, c.ann.Room.ID, seat.Course.ID, attendance.Rule{}, 8))(w)[0]
	w.same([2]int{l.Came, l.Enrolled}, [2]int{0, 0})
	w.same(len(must(w.Register(w.ctx, c.meeting.ID, seat.Course.ID, seat.Placement.ID))(w)), 0)

	c.settlement.Sessions[0].Counting = true
	w.save(c.settlement)
	w.same(w.line(c)[1], 4)
	c.settlement.Sessions[0].Counting, c.settlement.Sessions[0].EndedAt = false, time.Time{}
	w.save(c.settlement)
	w.same(len(w.graded(c)), 5)
}

// Of a meeting that lives again by now nobody is kept, and with a settlement
// somebody is.
func testExpectedTooLate(t *testing.T, w *world) {
	c := w.settled("link")
	f := classroom.Frozen{MeetingID: c.meeting.ID, Expected: must(w.RoomPeople(w.ctx, c.ann.Room.ID))(w)}
	must(w.ReviveMeeting(w.ctx, c.meeting.ID, w.now))(w)
	w.ok(w.SaveExpected(w.ctx, f))
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Frozen, false)
	w.ok(w.EndMeeting(w.ctx, c.meeting.ID, w.now, w.now))
	c.settlement.Frozen = []classroom.Frozen{f}
	w.save(c.settlement)
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Frozen, true)
}
