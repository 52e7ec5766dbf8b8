package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// tidied does all that there is to tidy.
func (w *world) tidied() {
	w.t.Helper()
	for must(w.Tidy(w.ctx, w.now))(w) {
	}
}

// registrants are the people of a platform, as it calls them.
func (w *world) registrants(p admin.Platform) (subjects []string) {
	w.t.Helper()
	w.ok(w.Export(w.ctx, p.ID, "people", func(row []string) error {
		subjects = append(subjects, row[1])
		return nil
	}))
	return subjects
}

// keeps has the default tenant keep data so long.
func (w *world) keeps(k classroom.Keep) {
	w.t.Helper()
	_, _, err := w.EditTenant(w.ctx, classroom.DefaultTenant, "tenant.edit", func(t *classroom.Tenant) error { t.Keep = k; return nil })
	w.ok(err)
}

// Of a platform that is to be erased all is there until its time has come, and
// nothing after it; of another one nothing goes.
func testErasedPlatform(_ *testing.T, w *world) {
	c := w.frozen()
	other := platform("other", "client-9")
	other.Deployments = map[string]bool{"1": true}
	kept := must(w.AddPlatform(w.ctx, other))(w)
	a := w.arrival("eve", "elsewhere")
	a.Course.RegistrationID, a.Person.RegistrationID, a.Visit.RegistrationID = kept.ID, kept.ID, kept.ID
	eve := must(w.Arrive(w.ctx, a))(w)

	at := w.now.Add(admin.EraseAfter)
	w.ok(w.ErasePlatform(w.ctx, "uni", at))
	w.wrote("platform.erase uni", 1)
	leaving := must(w.Leaving(w.ctx))(w)
	w.same(len(leaving), 1)
	w.same([]any{leaving[0].ID, leaving[0].EraseAt}, []any{w.platform.ID, at})
	w.now = at.Add(-time.Millisecond)
	w.tidied()
	w.same(len(must(w.Classes(w.ctx, c.ann.Room.ID, c.ann.Course.ID, minutes(30), 8))(w)), 1)

	w.now = at
	w.tidied()
	w.same(len(must(w.Leaving(w.ctx))(w)), 0)
	w.wrote("platform.erased uni", 1)
	_, err := w.Meeting(w.ctx, c.meeting.ID)
	w.fails(err, classroom.ErrNotFound)
	_, _, err = w.RoomWithCourse(w.ctx, c.ann.Room.ID)
	w.fails(err, classroom.ErrNotFound)
	w.same(len(w.registrants(w.platform)), 0)
	w.same(w.registrants(kept), []string{"eve"})
	must(w.Seat(w.ctx, eve.Visit.ID))(w)

	back := platform("uni", "client-1") // another one by now
	if again := must(w.AddPlatform(w.ctx, back))(w); again.ID == w.platform.ID {
		w.t.Error("an erased platform came back")
	}
}

// Whoever registers it again within its time, or says so, keeps all of it.
func testKeptPlatform(_ *testing.T, w *world) {
	c := w.frozen()
	at := w.now.Add(admin.EraseAfter)
	w.ok(w.ErasePlatform(w.ctx, "uni", at))
	w.ok(w.KeepPlatform(w.ctx, w.platform.ID))
	w.wrote("platform.keep uni", 1)
	w.same(len(must(w.Leaving(w.ctx))(w)), 0)
	w.fails(w.KeepPlatform(w.ctx, w.platform.ID), classroom.ErrNotFound)
	w.same(must(w.AddPlatform(w.ctx, platform("uni", "client-1")))(w).ID, w.platform.ID)

	w.ok(w.ErasePlatform(w.ctx, "uni", at))
	must(w.AddPlatform(w.ctx, platform("uni", "client-1")))(w)
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	w.now = at.Add(time.Hour)
	w.tidied()
	w.same(len(must(w.Classes(w.ctx, c.ann.Room.ID, c.ann.Course.ID, minutes(30), 8))(w)), 1)
	w.fails(w.ErasePlatform(w.ctx, "uni", at), classroom.ErrNotFound)
	w.fails(w.KeepPlatform(w.ctx, "unknown"), classroom.ErrNotFound)
}

// What BigBlueButton told of a class goes when its tenant keeps it no longer,
// once all of it is counted. What it came to stays, and takes no more.
func testSweptEvidence(_ *testing.T, w *world) {
	c := w.frozen()
	w.keeps(classroom.Keep{EvidenceMonths: 2})
	w.now = w.now.AddDate(0, 3, 0)
	has := func(evidence int, swept bool) {
		w.t.Helper()
		w.same(len(must(w.EvidenceOf(w.ctx, c.meeting.ID))(w)) > 0, evidence > 0)
		w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Swept, swept)
	}
	w.tidied() // there is no account of it
	has(1, false)
	c.account.Meeting = must(w.Meeting(w.ctx, c.meeting.ID))(w)
	w.ok(w.SaveAccount(w.ctx, c.account))
	w.tidied() // once a day is enough
	has(1, false)
	w.pass(-2 * 31 * 24 * time.Hour)
	w.tidied() // too young
	has(1, false)
	w.pass(2 * 31 * 24 * time.Hour)
	w.keeps(classroom.Keep{})
	w.tidied() // kept for ever
	has(1, false)
	w.keeps(classroom.Keep{EvidenceMonths: 2})
	w.pass(24 * time.Hour)
	before := must(w.Register(w.ctx, c.meeting.ID, c.ann.Course.ID, c.ann.Placement.ID))(w)
	w.tidied()
	has(0, true)
	w.same(must(w.Register(w.ctx, c.meeting.ID, c.ann.Course.ID, c.ann.Placement.ID))(w), before)
	w.same(must(w.RoomAccounts(w.ctx, c.ann.Room.ID))(w), map[string]string{c.meeting.ID: c.account.Pack()})

	late := attendance.Evidence{ID: w.id("e"), MeetingID: c.meeting.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: []byte("late")}
	w.ok(w.KeepReport(w.ctx, late, nil, 8, 1000, w.now))
	has(0, true)
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Dirty, false)
}

// People who came long ago and were in no class go. Who is in a register, was
// missed in one, or came lately, stays.
func testIdlePeople(_ *testing.T, w *world) {
	w.frozen() // ann and ben were there, cy was expected
	w.launch("old", "link")
	teacher := w.teach("tess", "link")
	w.keeps(classroom.Keep{PeopleMonths: 6})
	w.now = w.now.AddDate(0, 5, 0)
	w.launch("new", "link")
	w.tidied()
	all := []string{"ann", "ben", "cy", "new", "old", "tea", "tess"}
	w.same(w.registrants(w.platform), all)
	w.now = w.now.AddDate(0, 2, 0)
	w.tidied()
	w.same(w.registrants(w.platform), []string{"ann", "ben", "cy", "new"})
	if again := w.teach("tess", "link"); again.Person.ID == teacher.Person.ID {
		w.t.Error("somebody who was forgotten is known")
	}
}
