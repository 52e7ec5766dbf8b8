package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// Grades are found by what became of them, and sent again with a line in the
// audit log; what another hand gave stays.
func testGrades(t *testing.T, w *world) {
	c := w.settled("link")
	c.settlement.Deliveries = append(c.settlement.Deliveries, w.delivery(c.ben, 10))
	w.save(c.settlement)
	ann, ben := c.settlement.Deliveries[0], c.settlement.Deliveries[1]
	ann.State, ann.Reason = gradebook.Refused, gradebook.ReasonForbidden
	ben.State, ben.Reason, ben.NextAt = gradebook.Waiting, gradebook.ReasonPlatformDown, w.now.Add(time.Hour)
	w.ok(w.SaveDelivery(w.ctx, ann, time.Time{}))
	w.ok(w.SaveDelivery(w.ctx, ben, time.Time{}))
	people := func(q admin.GradeQuery) []string {
		t.Helper()
		if q.Most == 0 {
			q.Most = 10
		}
		found := []string{}
		for _, g := range must(w.Grades(w.ctx, q))(w) {
			found = append(found, string(g.State))
			one := must(w.Grade(w.ctx, gradebook.Key{PlacementID: g.PlacementID, PersonID: g.PersonID}))(w)
			w.same(one, g)
		}
		return found
	}
	tenant := []string{classroom.DefaultTenant}
	none, refused, waiting := []string{}, []string{"refused"}, []string{"waiting"}
	w.same(len(people(admin.GradeQuery{})), 2)
	w.same(people(admin.GradeQuery{State: gradebook.Refused, Tenants: tenant}), refused)
	w.same(people(admin.GradeQuery{State: gradebook.Refused, Tenants: []string{"other"}}), none)
	w.same(people(admin.GradeQuery{Reason: gradebook.ReasonPlatformDown}), waiting)
	w.same(people(admin.GradeQuery{RegistrationID: w.platform.ID, State: gradebook.Waiting}), waiting)
	w.same(people(admin.GradeQuery{RegistrationID: "other"}), none)
	w.same(people(admin.GradeQuery{Course: "no such course"}), none)
	w.same(people(admin.GradeQuery{Since: w.now.Add(24 * time.Hour)}), none)
	page := must(w.Grades(w.ctx, admin.GradeQuery{Most: 1}))(w)
	rest := must(w.Grades(w.ctx, admin.GradeQuery{Most: 9, Before: page[0].Key()}))(w)
	w.same([]int{len(page), len(rest)}, []int{1, 1})
	w.same(page[0].PersonID != rest[0].PersonID, true)

	pauses := must(w.Pauses(w.ctx, tenant))(w)
	w.same(pauses, []admin.Pause{{RegistrationID: w.platform.ID, TenantID: classroom.DefaultTenant, Platform: "uni",
		Reason: gradebook.ReasonPlatformDown, Waiting: 1, NextAt: ben.NextAt.Truncate(time.Millisecond)}})
	w.same(len(must(w.Pauses(w.ctx, []string{"other"}))(w)), 0)
	by := must(w.DeliveryCounts(w.ctx))(w)
	w.same(by[w.platform.ID], map[gradebook.State]int{gradebook.Refused: 1, gradebook.Waiting: 1})

	keys := []gradebook.Key{{PlacementID: ann.PlacementID, PersonID: ann.PersonID}}
	w.pass(time.Second) // so that it's the newest line of the log
	w.same(must(w.ResendGrades(w.ctx, keys, admin.Entry{Did: "grades.resend", What: "1"}))(w), 1)
	w.same(len(people(admin.GradeQuery{State: gradebook.Waiting})), 2)
	w.same(must(w.Audit(w.ctx, admin.AuditQuery{Most: 1}))(w)[0].Did, "grades.resend")
	again := must(w.Grade(w.ctx, keys[0]))(w).Delivery
	again.State, again.Reason = gradebook.Superseded, gradebook.ReasonGiven
	w.ok(w.SaveDelivery(w.ctx, again, time.Time{}))
	w.same(must(w.ResendGrades(w.ctx, keys, admin.Entry{Did: "grades.again"}))(w), 0)
	w.same(must(w.Audit(w.ctx, admin.AuditQuery{Most: 1}))(w)[0].Did, "grades.resend")
	_, err := w.Grade(w.ctx, gradebook.Key{PlacementID: "unknown", PersonID: "unknown"})
	w.fails(err, classroom.ErrNotFound)
}

// Rooms are found by their names and their courses'; a seat in one is nobody's.
func testFindRooms(t *testing.T, w *world) {
	first, second := w.launch("ann", "link").Room, w.launch("ann", "other").Room
	m := w.meeting(first)
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte(`{"people":["u1","u2"]}`), w.now))
	find := func(q admin.RoomQuery) (ids []string) {
		t.Helper()
		if q.Most == 0 {
			q.Most = 10
		}
		ids = []string{}
		for _, r := range must(w.FindRooms(w.ctx, q))(w) {
			ids = append(ids, r.ID)
		}
		return ids
	}
	both := []string{min(first.ID, second.ID), max(first.ID, second.ID)}
	w.same(find(admin.RoomQuery{}), both)
	w.same(find(admin.RoomQuery{Most: 1}), both[:1])
	w.same(find(admin.RoomQuery{After: both[0]}), both[1:])
	w.same(find(admin.RoomQuery{Tenants: []string{"other"}}), []string{})
	w.same(find(admin.RoomQuery{Text: "nowhere"}), []string{})
	w.same(find(admin.RoomQuery{RegistrationID: "other"}), []string{})
	line := must(w.RoomLine(w.ctx, first.ID))(w)
	w.same([]any{line.Title, line.TenantID, line.Platform, line.Live, line.Links}, []any{first.Title, classroom.DefaultTenant, "uni", true, 1})
	w.same(must(w.RoomLine(w.ctx, second.ID))(w).Live, false)
	seat := must(w.TeacherSeat(w.ctx, first.ID))(w)
	w.same([]any{seat.Room.ID, seat.Placement.RoomID, seat.Visit.ID, seat.Person.ID, seat.Visit.Role}, []any{first.ID, first.ID, "", "", classroom.Moderator})
	_, err := w.TeacherSeat(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	_, err = w.RoomLine(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)

	for _, tenants := range [][]string{nil, {classroom.DefaultTenant}} {
		classes, people, err := w.LiveClasses(w.ctx, tenants)
		w.ok(err)
		w.same([]int{classes, people}, []int{1, 2})
	}
	classes, _, err := w.LiveClasses(w.ctx, []string{"other"})
	w.ok(err)
	w.same(classes, 0)
	_, number, err := w.Schema(w.ctx)
	w.ok(err)
	w.same(number >= 18, true)
}
