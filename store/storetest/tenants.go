package storetest

import (
	"errors"
	"testing"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// wrote ends the test unless the audit log tells of that so often.
func (w *world) wrote(what string, times int) {
	w.t.Helper()
	n := 0
	for _, told := range w.lastEntries(1000) {
		if told == what {
			n++
		}
	}
	if n != times {
		w.t.Fatalf("the audit log tells %d times of %q, want %d: %q", n, what, times, w.lastEntries(1000))
	}
}

func testTenants(t *testing.T, w *world) {
	law := must(w.AddTenant(w.ctx, classroom.Tenant{Name: "Law"}))(w)
	_, err := w.AddTenant(w.ctx, classroom.Tenant{Name: "Law"})
	w.fails(err, admin.ErrExists)
	want := classroom.Tenant{
		ID: law.ID, Name: "School of Law", Policy: classroom.Policy{ManagersModerate: true},
		Defaults: classroom.Settings{Record: true, Welcome: "Hello", MaxParticipants: 30},
		Rule:     attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 5},
		TenantOptions: classroom.TenantOptions{
			Locked: []string{classroom.LockRecord}, Support: classroom.Support{Text: "Ask Anna", Contact: "help@school.example"}, Locale: "fr",
			Names: classroom.ShortNames, Keep: classroom.Keep{EvidenceMonths: 12, PeopleMonths: 6}, Look: classroom.Look{Accent: "#7a1f2b"},
		},
	}
	before, after, err := w.EditTenant(w.ctx, law.ID, "tenant.edit", func(t *classroom.Tenant) error {
		*t = want
		t.ID = "another"
		return nil
	})
	w.ok(err)
	w.same(before, law)
	want.ID = "another"
	w.same(after, want)
	want.ID = law.ID
	w.same(must(w.TenantByID(w.ctx, law.ID))(w), want)
	w.same(len(must(w.Tenants(w.ctx))(w)), 2)

	for name, test := range map[string]struct {
		id     string
		change func(*classroom.Tenant) error
		want   error
	}{
		"a name that another one has": {law.ID, func(t *classroom.Tenant) error { t.Name = classroom.DefaultTenant; return nil }, admin.ErrExists},
		"one that isn't there":        {"unknown", func(*classroom.Tenant) error { return nil }, classroom.ErrNotFound},
		"a change that isn't made":    {law.ID, func(*classroom.Tenant) error { return errors.ErrUnsupported }, errors.ErrUnsupported},
	} {
		if _, _, err := w.EditTenant(w.ctx, test.id, "tenant.edit", test.change); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err = w.EditTenant(w.ctx, law.ID, "tenant.edit", func(*classroom.Tenant) error { return nil }) // says nothing
	w.ok(err)
	w.wrote("tenant.add Law", 1)
	w.wrote("tenant.edit School of Law", 1)

	w.fails(w.RemoveTenant(w.ctx, classroom.DefaultTenant), admin.ErrInUse)
	w.fails(w.RemoveTenant(w.ctx, "unknown"), classroom.ErrNotFound)
	w.ok(w.SetLogo(w.ctx, law.ID, "abc", []byte("picture")))
	w.ok(w.SetTenantServers(w.ctx, law.ID, []string{w.server.ID}))
	w.ok(w.RemoveTenant(w.ctx, law.ID))
	_, err = w.TenantByID(w.ctx, law.ID)
	w.fails(err, classroom.ErrNotFound)
	w.wrote("tenant.remove School of Law", 1)
}

// A platform goes to another tenant with its rooms.
func testMovedPlatform(_ *testing.T, w *world) {
	seat := w.teach("ann", "link")
	law := must(w.AddTenant(w.ctx, classroom.Tenant{Name: "Law"}))(w)
	w.ok(w.MovePlatform(w.ctx, "uni", law.ID))
	w.same(must(w.Tenant(w.ctx, w.platform.ID))(w).ID, law.ID)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Room.TenantID, law.ID)
	w.wrote("platform.move uni", 1)
	w.ok(w.MovePlatform(w.ctx, "uni", law.ID)) // changes nothing
	w.wrote("platform.move uni", 1)
	w.fails(w.MovePlatform(w.ctx, "uni", "unknown"), classroom.ErrNotFound)
	w.fails(w.MovePlatform(w.ctx, "unknown", law.ID), classroom.ErrNotFound)
	w.fails(w.RemoveTenant(w.ctx, law.ID), admin.ErrInUse)
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	w.fails(w.RemoveTenant(w.ctx, law.ID), admin.ErrInUse) // it may come back
	must(w.AddPlatform(w.ctx, platform("uni", "client-1")))(w)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Room.TenantID, classroom.DefaultTenant)
	w.ok(w.RemoveTenant(w.ctx, law.ID))
}

func testLogo(_ *testing.T, w *world) {
	const id = classroom.DefaultTenant
	w.ok(w.SetLogo(w.ctx, id, "one", []byte("first")))
	w.same(must(w.TenantByID(w.ctx, id))(w).Look.Logo, "one")
	w.same(string(must(w.Logo(w.ctx, id, "one"))(w)), "first")
	_, _, err := w.EditTenant(w.ctx, id, "tenant.edit", func(t *classroom.Tenant) error { t.Look.LogoInClass = true; return nil })
	w.ok(err)
	w.ok(w.SetLogo(w.ctx, id, "two", []byte("second")))
	w.same(must(w.TenantByID(w.ctx, id))(w).Look, classroom.Look{Logo: "two", LogoInClass: true})
	for _, of := range [][2]string{{id, "one"}, {"unknown", "two"}} {
		_, err := w.Logo(w.ctx, of[0], of[1])
		w.fails(err, classroom.ErrNotFound)
	}
	w.ok(w.SetLogo(w.ctx, id, "", nil))
	w.same(must(w.TenantByID(w.ctx, id))(w).Look, classroom.Look{})
	_, err = w.Logo(w.ctx, id, "two")
	w.fails(err, classroom.ErrNotFound)
	w.wrote("tenant.logo default", 3)
	w.fails(w.SetLogo(w.ctx, "unknown", "one", []byte("x")), classroom.ErrNotFound)
}
