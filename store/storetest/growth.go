package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A meeting keeps few reports, and what is refused changes nothing.
func testReports(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	m, other := w.meeting(seat.Room), w.meeting(seat.Room)
	w.finishAll()
	keep := func(m attendance.Meeting, body string, spare ...string) (attendance.Evidence, error) {
		w.pass(time.Second)
		e := attendance.Evidence{ID: w.id("e"), MeetingID: m.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: []byte(body)}
		return e, w.KeepReport(w.ctx, e, spare, 3, 20, w.now.Add(time.Minute))
	}
	kept := func(m attendance.Meeting) (bodies []string) {
		t.Helper()
		for _, e := range must(w.Reports(w.ctx, m.ID, 10))(w) {
			bodies = append(bodies, string(e.Body))
		}
		return bodies
	}
	first, err := keep(m, "one")
	w.ok(err)
	w.same(must(w.Reports(w.ctx, m.ID, 10))(w), []attendance.Evidence{first})
	w.same(must(w.Meeting(w.ctx, m.ID))(w).Dirty, true)
	w.same(w.job(classroom.SettleJob, seat.Room.ID).RunAt, w.now.Add(time.Minute))
	_, err = keep(m, "one") // once more
	w.ok(err)
	_, err = keep(m, "two")
	w.ok(err)
	_, err = keep(m, "three")
	w.ok(err)
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("a poll is no report"), w.now))
	w.same(kept(m), []string{"three", "two", "one"})
	_, err = keep(m, "four")
	w.fails(err, classroom.ErrTooManyReports)
	_, err = keep(m, "two and three and more than that", first.ID)
	w.fails(err, classroom.ErrTooManyReports)
	w.same(kept(m), []string{"three", "two", "one"}) // also the one that was to go
	_, err = keep(m, "one and four", first.ID)
	w.ok(err)
	w.same(kept(m), []string{"one and four", "three", "two"})
	w.same(len(must(w.Reports(w.ctx, m.ID, 2))(w)), 2)
	w.same(len(kept(other)), 0)
	_, err = keep(other, "the only one of a meeting, however long it is", must(w.Reports(w.ctx, m.ID, 1))(w)[0].ID)
	w.ok(err)
	w.same(kept(m), []string{"one and four", "three", "two"}) // another meeting's stay
	another := m
	another.ID = "unknown"
	_, err = keep(another, "one")
	w.fails(err, classroom.ErrNotFound)

	crowd := w.meeting(seat.Room)
	parallel(12, func(i int) {
		e := attendance.Evidence{ID: w.id("e"), MeetingID: crowd.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: fmt.Append(nil, i)}
		if err := w.KeepReport(w.ctx, e, nil, 3, 20, w.now); err != nil && !errors.Is(err, classroom.ErrTooManyReports) {
			t.Error(err)
		}
	})
	w.same(len(kept(crowd)), 3)
}

// Windows that open at once are no more than those that open one by one.
func testWindowsAtOnce(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	there := 0
	parallel(20, func(i int) {
		visit := seat.Visit
		visit.ID, visit.Browser, visit.LaunchID, visit.CreatedAt = w.id("v"), fmt.Sprint("at once ", i), seat.Visit.ID, w.now.Add(time.Second)
		if _, err := w.OpenWindow(w.ctx, visit, 3); err != nil {
			t.Error(err)
		}
	})
	for i := range 20 {
		if _, err := w.LatestVisit(w.ctx, fmt.Sprint("at once ", i), seat.Room.ID); err == nil {
			there++
		}
	}
	w.same(there, 3)
}

// A course has few picked rooms that wait for their links.
func testPicksAreBounded(t *testing.T, w *world) {
	course := w.launch("ann", "link").Course
	pick := func() (classroom.Room, error) {
		room := w.room(w.id("r"))
		room.CourseID, room.Picked = course.ID, true
		return *room, w.AddPicked(w.ctx, *room, 3)
	}
	var last classroom.Room
	for range 3 {
		var err error
		last, err = pick()
		w.ok(err)
	}
	_, err := pick()
	w.fails(err, classroom.ErrManyPicks)
	must(w.Arrive(w.ctx, w.names("link", last, w.now)))(w)
	_, err = pick()
	w.ok(err)
}

// A room that was picked without a course, and that learners alone open, waits
// for a moderator as long as they come.
func testPickThatLearnersOpen(t *testing.T, w *world) {
	room := w.pick(w.provisional("ann"))
	there := func() bool {
		_, _, err := w.RoomWithCourse(w.ctx, room.ID)
		return err == nil
	}
	open := func() {
		a := w.arrival("ben", "link")
		a.Keeps = room.ID
		must(w.Arrive(w.ctx, a))(w)
	}
	w.pass(90*24*time.Hour - time.Second)
	open()
	w.pass(90*24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(there(), true)
	w.pass(time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(there(), false)
	open() // a link of it is still somewhere
	w.same(there(), false)
}

// Of people who are nobody, those stay who were in a class.
func testAnonymous(t *testing.T, w *world) {
	c := w.settled("link")
	var people []classroom.Seat
	for range 3 {
		a := w.arrival("anonymous:"+w.id(""), "link")
		a.Anonymous, a.Person.Name = true, ""
		a.Enrolment.Graded, a.Visit.Graded = false, false
		people = append(people, must(w.Arrive(w.ctx, a))(w))
	}
	present := people[1].Person.ID
	id, came := c.settlement.Sessions[0].ID, c.settlement.Attended[0].People
	c.settlement.Attended = []classroom.Attended{{SessionID: id, People: append(came, attendance.Attendance{SessionID: id, PersonID: present, Time: time.Hour})}}
	w.save(c.settlement)
	there := func() (list []bool) {
		for _, seat := range people {
			_, err := w.Enrolment(w.ctx, seat.Course.ID, seat.Person.ID)
			list = append(list, err == nil)
		}
		return list
	}
	w.pass(7*24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(there(), []bool{true, true, true})
	w.pass(time.Second)
	for range 2 {
		w.ok(w.Sweep(w.ctx, w.now))
		w.same(there(), []bool{false, true, false})
	}
	must(w.Enrolment(w.ctx, c.ann.Course.ID, c.ann.Person.ID))(w) // somebody
	again := w.arrival("anonymous:"+w.id(""), "link")
	again.Anonymous = true
	must(w.Arrive(w.ctx, again))(w)
}
