package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

func testOrder(t *testing.T, w *world) {
	c := w.settled("link")
	item := gradebook.LineItem{URL: "https://lms.example.org/items/made", Max: 20, Made: true}
	w.ok(w.SaveLineItem(w.ctx, c.ann.Placement.ID, item))
	c.ann.Placement.LineItem = item
	got := must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w)
	w.same(got, gradebook.Order{
		Delivery: c.settlement.Deliveries[0], Registration: w.platform.Registration, DeploymentID: "1",
		Subject: "ann", Column: c.ann.Placement.Column, ResourceLinkID: c.ann.Placement.ResourceLinkID,
		Title: c.ann.Placement.Title, RoomID: c.ann.Room.ID,
	})
	_, err := w.Order(w.ctx, c.ann.Placement.ID, c.ben.Person.ID)
	w.fails(err, gradebook.ErrNoOrder)
	w.fails(w.SaveLineItem(w.ctx, "unknown", item), classroom.ErrNotFound)

	// What a platform once offered it doesn't without a token URL.
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	without := platform("uni", "client-1")
	without.TokenURL = ""
	must(w.AddPlatform(w.ctx, without))(w)
	got = must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w)
	w.same(got.Column.Grades, lti.Endpoint{})
	w.same(got.Column.LineItem, item)
}

func testOutcome(t *testing.T, w *world) {
	c := w.settled("link")
	d := c.settlement.Deliveries[0]
	for _, change := range []func(){
		func() {
			d.State, d.Reason, d.Detail, d.Attempts, d.NextAt = gradebook.Waiting, "platform_down", "503", 1, w.now.Add(5*time.Second)
		},
		func() {
			d.State, d.Reason, d.Detail, d.Attempts, d.NextAt = gradebook.Delivered, "", "", 2, time.Time{}
			d.SentItem, d.SentAt, d.SentPoints, d.SentMax, d.SentStamp = "https://lms.example.org/items/1", w.now, 100, 100, w.now.Add(-time.Second)
			d.TriedPoints, d.TriedMax = 90, 100
		},
		func() { d.Found = gradebook.Found{At: w.now, Points: 9, Max: 10} },
		func() { d.Found = gradebook.Found{At: w.now.Add(time.Minute)} },
		func() {
			d.State, d.Reason, d.Detail = gradebook.Refused, "not_gradable", "Diese Person kann nicht bewertet werden"
		},
		func() { d.State, d.Reason, d.Replaces = gradebook.Superseded, "outdated", true },
	} {
		change()
		w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
		_, got, err := w.ResultOf(w.ctx, d.PlacementID, d.PersonID)
		w.ok(err)
		w.same(*got, d)
	}
	d.PersonID = c.ben.Person.ID
	w.fails(w.SaveDelivery(w.ctx, d, time.Time{}), classroom.ErrNotFound)
}

// The outcome of a value that was replaced while it was sent tells what the
// platform took, and leaves the newer value waiting.
func testOldOutcome(t *testing.T, w *world) {
	c := w.settled("link")
	old := must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w).Delivery
	newer := old
	newer.Points, newer.TrueAt = 60, old.TrueAt.Add(time.Minute)
	c.settlement.Deliveries = []gradebook.Delivery{newer}
	w.save(c.settlement)

	old.State, old.Reason, old.Detail, old.Attempts = gradebook.Delivered, "r", "d", 7
	old.SentItem, old.SentAt, old.SentPoints, old.SentMax, old.SentStamp = "item", w.now, old.Points, old.Max, old.TrueAt
	old.TriedPoints, old.TriedMax, old.Found, old.Replaces = old.Points, old.Max, gradebook.Found{At: w.now}, true
	w.ok(w.SaveDelivery(w.ctx, old, time.Time{}))
	newer.SentItem, newer.SentAt, newer.SentPoints, newer.SentMax, newer.SentStamp = old.SentItem, old.SentAt, old.SentPoints, old.SentMax, old.SentStamp
	newer.TriedPoints, newer.TriedMax = old.TriedPoints, old.TriedMax
	w.same(must(w.RoomDeliveries(w.ctx, c.ann.Room.ID))(w), []gradebook.Delivery{newer})
}

func testResend(t *testing.T, w *world) {
	c := w.settled("link")
	d := c.settlement.Deliveries[0]
	d.State, d.Reason, d.Detail, d.Attempts = gradebook.Refused, "forbidden", "no", 9
	w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
	w.ok(w.Resend(w.ctx, d.PlacementID, d.PersonID, false))
	d.State, d.Reason, d.Detail, d.Attempts = gradebook.Waiting, "", "", 0
	d.TrueAt = d.TrueAt.Add(time.Millisecond) // it didn't come true later, but the timestamp grows
	w.same(must(w.RoomDeliveries(w.ctx, c.ann.Room.ID))(w), []gradebook.Delivery{d})
	job := w.job(gradebook.DeliverJob, d.PlacementID+"/"+d.PersonID)
	w.same(job.RunAt, w.now)
	w.same(job.Lane, w.platform.ID)
	w.fails(w.Resend(w.ctx, d.PlacementID, c.ben.Person.ID, false), classroom.ErrNotFound)
	w.fails(w.Resend(w.ctx, "unknown", d.PersonID, false), classroom.ErrNotFound)
}

func testClasses(t *testing.T, w *world) {
	c := w.settled("link")
	w.launch("zoe", "link") // enrolled, never came
	second := c.settlement.Sessions[0]
	s := c.settlement
	s.Sessions[0].Counting = true
	m := w.meeting(c.ann.Room)
	second.ID, second.StartedAt, second.EndedAt, second.Exact = m.ID, w.now.Add(24*time.Hour), time.Time{}, false
	s.Sessions = append(s.Sessions, second)
	s.SessionOf = map[string]string{c.meeting.ID: c.meeting.ID, m.ID: m.ID}
	s.Attended = []classroom.Attended{{SessionID: m.ID, People: []attendance.Attendance{{SessionID: m.ID, PersonID: c.tea.Person.ID, Time: time.Minute}}}}
	w.save(s)
	lines := func(courseID string, rule attendance.Rule) []classroom.ClassLine {
		return must(w.Classes(w.ctx, c.ann.Room.ID, courseID, rule, 8))(w)
	}
	w.same(lines(c.ann.Course.ID, attendance.Rule{}), []classroom.ClassLine{
		{Session: second, Came: 0, Enrolled: 3}, {Session: s.Sessions[0], Came: 2, Enrolled: 3},
	})
	w.same(must(w.Classes(w.ctx, c.ann.Room.ID, c.ann.Course.ID, minutes(30), 1))(w)[1], classroom.ClassLine{Session: s.Sessions[0]})
	w.same(lines("another course", attendance.Rule{})[1], classroom.ClassLine{Session: s.Sessions[0]})
	for rule, want := range map[attendance.Rule]int{ // Ann was there for 50 of 60 minutes, Ben for 10
		{Measure: attendance.Minutes, Need: 10}: 2, {Measure: attendance.Minutes, Need: 11}: 1,
		{Measure: attendance.Minutes, Need: 50}: 1, {Measure: attendance.Minutes, Need: 51}: 0,
		{Measure: attendance.Percent, Need: 16}: 2, {Measure: attendance.Percent, Need: 17}: 1,
		{Measure: attendance.Percent, Need: 83}: 1, {Measure: attendance.Percent, Need: 84}: 0,
	} {
		w.same(*lines(c.ann.Course.ID, rule)[1].Complete, want)
	}
	w.same(lines(c.ann.Course.ID, attendance.Rule{Measure: attendance.Minutes, Need: 1, InTotal: true})[1].Complete, (*int)(nil))
	_, err := w.Session(w.ctx, "another room", m.ID)
	w.fails(err, classroom.ErrNotFound)
	newest, ahead, err := w.LastClass(w.ctx, c.ann.Room.ID)
	w.ok(err)
	w.same(newest, second)
	w.same(ahead, m.ClockOffset)
	_, _, err = w.LastClass(w.ctx, "another room")
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.LastClasses(w.ctx, c.ann.Course.ID))(w), map[string]time.Time{c.ann.Room.ID: second.StartedAt})
	w.same(must(w.LastClasses(w.ctx, "another course"))(w), map[string]time.Time{})
}

// The grades of a class are those of who came to it, at this link.
func testClassGrades(t *testing.T, w *world) {
	c := w.settled("link") // Ann has a grade, Ben came and has none
	zoe := w.launch("zoe", "link")
	s := c.settlement
	m := w.meeting(c.ann.Room)
	second := s.Sessions[0]
	second.ID, second.StartedAt = m.ID, second.StartedAt.Add(24*time.Hour)
	s.Sessions = append(s.Sessions, second)
	s.SessionOf = map[string]string{c.meeting.ID: c.meeting.ID, m.ID: m.ID}
	s.Attended = []classroom.Attended{{SessionID: m.ID, People: []attendance.Attendance{
		{SessionID: m.ID, PersonID: c.ben.Person.ID, Time: time.Minute},
		{SessionID: m.ID, PersonID: zoe.Person.ID, Time: time.Minute},
		{SessionID: m.ID, PersonID: c.ann.Person.ID},
	}}}
	deliver := func(person string, state gradebook.State, reason string, found time.Time) {
		d := s.Deliveries[0]
		d.PersonID, d.State, d.Reason, d.Found.At = person, state, reason, found
		w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
	}
	extra := s.Deliveries[0]
	for _, person := range []string{c.ben.Person.ID, zoe.Person.ID} {
		extra.PersonID = person
		s.Deliveries = append(s.Deliveries, extra)
	}
	w.save(s)
	deliver(c.ann.Person.ID, gradebook.Delivered, "", w.now)
	deliver(c.ben.Person.ID, gradebook.Refused, "forbidden", time.Time{})
	deliver(zoe.Person.ID, gradebook.Refused, "forbidden", time.Time{})

	grades := func(placement string, since time.Time) map[string]int {
		people := map[string]int{}
		for _, g := range must(w.ClassGrades(w.ctx, c.ann.Room.ID, placement, since))(w) {
			class := map[string]string{c.meeting.ID: "first", m.ID: "second"}[g.SessionID]
			people[fmt.Sprint(class, " ", g.Delivery.State, g.Delivery.Reason, !g.Delivery.Found.At.IsZero())] = g.People
		}
		return people
	}
	w.same(grades(c.ann.Placement.ID, s.Sessions[0].StartedAt), map[string]int{
		"first deliveredtrue": 1, "first refusedforbiddenfalse": 1, "second refusedforbiddenfalse": 2,
	})
	w.same(grades(c.ann.Placement.ID, second.StartedAt), map[string]int{"second refusedforbiddenfalse": 2})
	w.same(grades("another", s.Sessions[0].StartedAt), map[string]int{})
	w.same(len(must(w.ClassGrades(w.ctx, "another room", c.ann.Placement.ID, time.Time{}))(w)), 0)
}

func testRegister(t *testing.T, w *world) {
	c := w.held("link")
	zoe := w.launch("zoe", "link")
	a := w.arrival("yan", "shared") // of another course that shares the room, and came
	a.Course.ContextKey, a.Room, a.Placement.RoomID = "context:43", nil, c.ann.Room.ID
	yan := must(w.Arrive(w.ctx, a))(w)
	id, s := c.meeting.ID, c.settlement
	stay := attendance.Stay{MeetingID: id, PersonID: yan.Person.ID, From: w.now, To: w.now.Add(time.Minute), Source: attendance.Poll}
	c.account.Stays = append(c.account.Stays, stay)
	s.Attended[0].People = append(s.Attended[0].People,
		attendance.Attendance{SessionID: id, PersonID: yan.Person.ID, Time: time.Minute},
		attendance.Attendance{SessionID: id, PersonID: c.tea.Person.ID, Time: time.Hour})
	w.ok(w.SaveAccount(w.ctx, c.account))
	w.save(s)

	stays := c.account.Stays
	row := func(seat classroom.Seat, role classroom.Role, a attendance.Attendance, stays ...attendance.Stay) classroom.RegisterRow {
		a.SessionID, a.PersonID = id, seat.Person.ID
		return classroom.RegisterRow{Person: seat.Person, Role: role, Graded: role == classroom.Viewer, Stays: stays, Attendance: a}
	}
	ann := row(c.ann, classroom.Viewer, s.Attended[0].People[0], stays[0], stays[1])
	ann.Result, ann.Delivery = &s.Results[0], &s.Deliveries[0]
	ben := row(c.ben, classroom.Viewer, s.Attended[0].People[1], stays[2])
	ben.Result = &s.Results[1]
	tea := row(c.tea, classroom.Moderator, attendance.Attendance{Time: time.Hour})
	w.same(must(w.Register(w.ctx, id, c.ann.Course.ID, c.ann.Placement.ID))(w), []classroom.RegisterRow{
		ann, ben, tea, row(zoe, classroom.Viewer, attendance.Attendance{}),
	})
	w.same(must(w.Register(w.ctx, id, yan.Course.ID, yan.Placement.ID))(w), []classroom.RegisterRow{
		row(yan, classroom.Viewer, attendance.Attendance{Time: time.Minute}, stay),
	})
	other := w.teach("tom", "link") // didn't come, or hasn't come yet
	names := func() (names []string) {
		for _, row := range must(w.Register(w.ctx, id, c.ann.Course.ID, c.ann.Placement.ID))(w) {
			names = append(names, row.Person.ID)
		}
		return names
	}
	w.same(slices.Contains(names(), other.Person.ID), false)
	s.Sessions[0].EndedAt = time.Time{}
	w.save(s)
	w.same(slices.Contains(names(), other.Person.ID), true)
}

func testHistory(t *testing.T, w *world) {
	c := w.settled("link")
	s := c.settlement
	w.same(must(w.History(w.ctx, c.ann.Room.ID, c.ann.Person.ID))(w), []classroom.HistoryLine{{Session: s.Sessions[0], Attendance: s.Attended[0].People[0]}})
	absent := attendance.Attendance{SessionID: c.meeting.ID, PersonID: "nobody"}
	w.same(must(w.History(w.ctx, c.ann.Room.ID, "nobody"))(w), []classroom.HistoryLine{{Session: s.Sessions[0], Attendance: absent}})
	w.same(len(must(w.History(w.ctx, "another room", c.ann.Person.ID))(w)), 0)
}

// However many nodes look for a line item, one does at a time.
func testHeldLineItem(t *testing.T, w *world) {
	placement := w.launch("ann", "link").Placement.ID
	other := w.launch("ann", "another link").Placement.ID
	until := w.now.Add(time.Minute)
	var held atomic.Int64
	parallel(8, func(int) {
		ok, err := w.HoldLineItem(w.ctx, placement, w.now, until)
		if err != nil {
			t.Error(err)
		}
		if ok {
			held.Add(1)
		}
	})
	w.same(held.Load(), int64(1))
	w.same(must(w.HoldLineItem(w.ctx, other, w.now, until))(w), true)
	w.ok(w.FreeLineItem(w.ctx, placement))
	w.same(must(w.HoldLineItem(w.ctx, placement, w.now, until))(w), true)
	w.same(must(w.HoldLineItem(w.ctx, placement, until.Add(-time.Millisecond), until))(w), false)
	w.same(must(w.HoldLineItem(w.ctx, placement, until, until.Add(time.Minute)))(w), true)
	w.fails(w.FreeLineItem(w.ctx, "unknown"), classroom.ErrNotFound)
}

// What waits for a platform that was in trouble goes when it answers; what
// waits for another reason, or was tried too often, keeps its time.
func testRelease(t *testing.T, w *world) {
	c := w.settled("link")
	c.settlement.Deliveries = append(c.settlement.Deliveries, w.delivery(c.ben, 10))
	w.save(c.settlement)
	later := w.now.Add(12 * time.Hour)
	waits := func(d gradebook.Delivery, reason string, attempts int) gradebook.Delivery {
		w.t.Helper()
		d.State, d.Reason, d.Attempts, d.NextAt = gradebook.Waiting, reason, attempts, later
		w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
		return d
	}
	for _, reason := range []string{gradebook.ReasonKeyRefused, gradebook.ReasonPlatformDown} {
		waits(c.settlement.Deliveries[0], reason, 1)
		w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: gradebook.DeliverJob, Subject: c.settlement.Deliveries[0].JobSubject(), Lane: w.platform.ID, RunAt: later}))
		for _, job := range w.claim(w.now) { // of the settlement
			w.ok(w.RetryJob(w.ctx, job, later))
		}
		w.ok(w.ReleaseDeliveries(w.ctx, w.platform.ID, 6))
		if len(w.claim(w.now)) == 0 {
			t.Errorf("what waits for %s isn't released", reason)
		}
		w.finishAll()
	}
	ann, ben := waits(c.settlement.Deliveries[0], gradebook.ReasonPlatformDown, 7), waits(c.settlement.Deliveries[1], gradebook.ReasonPlatformDisabled, 1)
	lane := w.platform.ID
	for _, d := range []gradebook.Delivery{ann, ben} {
		w.ok(w.Enqueue(w.ctx, jobs.Job{Kind: gradebook.DeliverJob, Subject: d.JobSubject(), Lane: lane, RunAt: w.now}))
	}
	for _, job := range w.claim(w.now.Add(time.Minute)) {
		w.ok(w.RetryJob(w.ctx, job, later))
	}
	w.ok(w.ReleaseDeliveries(w.ctx, lane, 6)) // both keep their time
	w.ok(w.ReleaseDeliveries(w.ctx, "another", 0))
	w.same(must(w.Lanes(w.ctx, gradebook.DeliverJob))(w)[0].Due, later)
	w.ok(w.ReleaseDeliveries(w.ctx, lane, 0))
	due := w.claim(w.now)
	w.same(len(due), 1)
	w.same(due[0].Subject, ann.JobSubject())
	order := must(w.Order(w.ctx, ann.PlacementID, ann.PersonID))(w)
	w.same(order.NextAt, time.Time{})
	order = must(w.Order(w.ctx, ben.PlacementID, ben.PersonID))(w)
	w.same(order.NextAt, later)
	// One that runs just now is left alone.
	w.ok(w.ReleaseDeliveries(w.ctx, lane, 0))
	w.same(len(w.claim(w.now)), 0)
}
