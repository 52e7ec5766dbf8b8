package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

// What an account is asked for besides its password is asked for once it is
// confirmed, each code of it is good once, and all goes with the account.
func testSecondFactor(t *testing.T, w *world) {
	ann, bob := w.setUp("ann@school.example"), w.setUp("bob@school.example")
	_, err := w.SecondFactor(w.ctx, ann.ID)
	w.fails(err, admin.ErrNotFound)
	w.fails(w.RemoveSecondFactor(w.ctx, ann.ID), admin.ErrNotFound)
	w.fails(w.ConfirmSecondFactor(w.ctx, ann.ID, 7, nil), admin.ErrNotFound)
	w.ok(w.BeginSecondFactor(w.ctx, ann.ID, "FIRST"))
	w.ok(w.BeginSecondFactor(w.ctx, ann.ID, "SECOND")) // she has begun anew
	w.same(must(w.SecondFactor(w.ctx, ann.ID))(w), admin.SecondFactor{Secret: "SECOND"})
	w.same(must(w.StaffByID(w.ctx, ann.ID))(w).SecondFactor, false)
	w.fails(w.RemoveSecondFactor(w.ctx, ann.ID), admin.ErrNotFound)

	w.pass(time.Second)
	w.ok(w.ConfirmSecondFactor(w.ctx, ann.ID, 7, [][]byte{digest("one"), digest("two")}))
	want := admin.SecondFactor{Secret: "SECOND", ConfirmedAt: w.now, LastStep: 7, RecoveryLeft: 2}
	w.same(must(w.SecondFactor(w.ctx, ann.ID))(w), want)
	w.same(must(w.StaffByID(w.ctx, ann.ID))(w).SecondFactor, true)
	w.same(must(w.StaffByEmail(w.ctx, bob.Email))(w).SecondFactor, false)
	w.same(w.lastEntries(1), []string{"staff.second-on ann@school.example"})
	w.fails(w.BeginSecondFactor(w.ctx, ann.ID, "THIRD"), admin.ErrExists)
	w.fails(w.ConfirmSecondFactor(w.ctx, ann.ID, 8, nil), admin.ErrNotFound)

	for _, used := range []int64{7, 6, 0} {
		w.fails(w.UseStep(w.ctx, ann.ID, used), admin.ErrNotFound)
	}
	w.ok(w.UseStep(w.ctx, ann.ID, 8))
	w.fails(w.UseStep(w.ctx, ann.ID, 8), admin.ErrNotFound)
	w.fails(w.UseStep(w.ctx, bob.ID, 9), admin.ErrNotFound)
	w.fails(w.UseRecoveryCode(w.ctx, bob.ID, digest("one")), admin.ErrNotFound)
	w.ok(w.UseRecoveryCode(w.ctx, ann.ID, digest("one")))
	w.fails(w.UseRecoveryCode(w.ctx, ann.ID, digest("one")), admin.ErrNotFound)
	want.LastStep, want.RecoveryLeft = 8, 1
	w.same(must(w.SecondFactor(w.ctx, ann.ID))(w), want)
	if text := fmt.Sprint(must(w.Audit(w.ctx, admin.AuditQuery{Most: 100}))(w)); strings.Contains(text, "SECOND") {
		t.Errorf("the audit log has the secret: %s", text)
	}

	w.pass(time.Second)
	w.ok(w.RemoveSecondFactor(w.ctx, ann.ID))
	w.same(w.lastEntries(1), []string{"staff.second-off ann@school.example"})
	w.fails(w.UseRecoveryCode(w.ctx, ann.ID, digest("two")), admin.ErrNotFound)
	w.ok(w.BeginSecondFactor(w.ctx, ann.ID, "FOURTH"))
	w.ok(w.ConfirmSecondFactor(w.ctx, ann.ID, 9, [][]byte{digest("two")}))
	w.ok(w.RemoveStaff(w.ctx, ann.ID))
	_, err = w.SecondFactor(w.ctx, ann.ID)
	w.fails(err, admin.ErrNotFound)
	w.ok(w.BeginSecondFactor(w.ctx, bob.ID, "HIS"))
	w.ok(w.ConfirmSecondFactor(w.ctx, bob.ID, 9, [][]byte{digest("two")})) // as hers was
}

// Of many who use one code at once, one comes in.
func testCodeAtOnce(_ *testing.T, w *world) {
	ann := w.setUp("ann@school.example")
	w.ok(w.BeginSecondFactor(w.ctx, ann.ID, "SECRET"))
	w.ok(w.ConfirmSecondFactor(w.ctx, ann.ID, 7, [][]byte{digest("one")}))
	in := make(chan bool, 16)
	parallel(8, func(int) {
		if w.UseStep(w.ctx, ann.ID, 8) == nil {
			in <- true
		}
		if w.UseRecoveryCode(w.ctx, ann.ID, digest("one")) == nil {
			in <- true
		}
	})
	w.same(len(in), 2)
}

// A sign-in that waits for a code is nowhere to be seen, and becomes one once.
func testPendingSignIn(_ *testing.T, w *world) {
	ann := w.setUp("ann@school.example")
	w.pass(time.Second)
	open := w.signIn("open", ann, 0)
	waiting := func(code string) admin.SignIn {
		w.pass(time.Second)
		s := admin.SignIn{ID: code, Digest: digest(code), StaffID: ann.ID, CreatedAt: w.now, SeenAt: w.now, ConfirmedAt: w.now, Pending: true}
		w.ok(w.BeginSignIn(w.ctx, s))
		return s
	}
	s := waiting("waits")
	w.same(must(w.SignIn(w.ctx, s.Digest))(w), s)
	w.same(must(w.SignIns(w.ctx, ann.ID))(w), []admin.SignIn{open})
	w.same(w.lastEntries(1), []string{"staff.sign-in ann@school.example"})
	passed := s
	passed.ID, passed.Digest, passed.Pending = "passed", digest("passed"), false
	w.pass(time.Second)
	w.ok(w.PassPending(admin.By(w.ctx, admin.Actor{Name: "ann"}), s.ID, passed))
	w.same(w.lastEntries(1), []string{"staff.sign-in ann"})
	w.same(must(w.SignIn(w.ctx, passed.Digest))(w), passed)
	_, err := w.SignIn(w.ctx, s.Digest)
	w.fails(err, admin.ErrNotFound)
	again := passed
	again.ID, again.Digest = "again", digest("again")
	w.fails(w.PassPending(w.ctx, s.ID, again), admin.ErrNotFound)
	w.fails(w.PassPending(w.ctx, passed.ID, again), admin.ErrNotFound)
	for i := range 25 { // whoever has the password pushes nobody out
		waiting(fmt.Sprintf("waits %02d", i))
	}
	w.same(len(must(w.SignIns(w.ctx, ann.ID))(w)), 2)
	_, err = w.SignIn(w.ctx, digest("waits 04"))
	w.fails(err, admin.ErrNotFound)
	must(w.SignIn(w.ctx, digest("waits 05")))(w)
}

// Whom the newest launch calls an administrator is one of the platform's tenant,
// while the platform isn't shut.
func testAdministrator(t *testing.T, w *world) {
	launch := func(administrator bool) string {
		a := w.arrival("ann", "link")
		a.Person.Administrator = administrator
		seat := must(w.Arrive(w.ctx, a))(w)
		w.same(seat.Person.Administrator, administrator)
		w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Person.Administrator, administrator)
		return seat.Person.ID
	}
	of := func(id string, want error) {
		t.Helper()
		tenant, err := w.AdministratorOf(w.ctx, id)
		if w.fails(err, want); err == nil {
			w.same(tenant.ID, classroom.DefaultTenant)
		}
	}
	ann := launch(false)
	of(ann, admin.ErrNotFound)
	launch(true)
	of(ann, nil)
	of("unknown", admin.ErrNotFound)
	of("", admin.ErrNotFound)
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", true))
	of(ann, admin.ErrNotFound)
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", false))
	of(ann, nil)
	launch(false)
	of(ann, admin.ErrNotFound)
	launch(true)
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	of(ann, admin.ErrNotFound)
}
