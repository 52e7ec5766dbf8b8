package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
)

// digest is that of a code.
func digest(text string) []byte { return []byte("digest of " + text) }

// setUp makes the first account, as who opens the setup link does.
func (w *world) setUp(email string) admin.Staff {
	w.t.Helper()
	w.ok(w.AddLink(w.ctx, admin.Link{Digest: digest(email), Purpose: admin.Setup, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}))
	w.pass(time.Second)
	return must(w.UseLink(w.ctx, digest(email), admin.Staff{Email: email, Role: admin.Operator, Password: "hash", CreatedAt: w.now}))(w)
}

// invited makes an account whose owner hasn't chosen a password.
func (w *world) invited(email string, role admin.Role, tenants ...string) admin.Staff {
	w.t.Helper()
	return must(w.AddStaff(w.ctx, admin.Staff{Email: email, Role: role, Tenants: tenants, CreatedAt: w.now},
		admin.Link{Digest: digest(email), Purpose: admin.Invite, CreatedAt: w.now, ExpiresAt: w.now.Add(7 * 24 * time.Hour)}))(w)
}

// lastEntries are what the newest lines of the audit log tell.
func (w *world) lastEntries(n int) (told []string) {
	w.t.Helper()
	for _, e := range must(w.Audit(w.ctx, admin.AuditQuery{Most: n}))(w) {
		told = append(told, e.Did+" "+e.What)
	}
	return told
}

// An account has one address, whatever its capitals, and the last operator who
// can sign in stays. Each change is one line of the audit log.
func testStaff(t *testing.T, w *world) {
	first := w.setUp("Ann@school.example")
	w.same(must(w.StaffByID(w.ctx, first.ID))(w), first)
	w.same(must(w.StaffByEmail(w.ctx, "ann@SCHOOL.example"))(w), first)
	w.pass(time.Second)
	helper := w.invited("bob@school.example", admin.Helper, "t1")
	w.same(must(w.StaffList(w.ctx))(w), []admin.Staff{first, helper})
	_, err := w.AddStaff(w.ctx, admin.Staff{Email: "BOB@school.example", CreatedAt: w.now}, admin.Link{Digest: digest("x"), CreatedAt: w.now, ExpiresAt: w.now})
	w.fails(err, admin.ErrExists)
	_, err = w.Link(w.ctx, digest("x"))
	w.fails(err, admin.ErrNotFound)
	for _, find := range []func(context.Context, string) (admin.Staff, error){w.StaffByID, w.StaffByEmail} {
		for _, who := range []string{"nobody@school.example", ""} {
			_, err = find(w.ctx, who)
			w.fails(err, admin.ErrNotFound)
		}
	}
	w.same(w.lastEntries(2), []string{"staff.add bob@school.example", "staff.setup Ann@school.example"})

	w.pass(time.Second)
	ctx := admin.By(w.ctx, admin.Actor{StaffID: first.ID, Name: first.Email, Address: "192.0.2.7"})
	changed := helper
	changed.Role, changed.Tenants = admin.TenantAdmin, []string{"t1", "t2"}
	w.ok(w.ChangeStaff(ctx, changed))
	w.same(must(w.StaffByID(w.ctx, helper.ID))(w), changed)
	w.fails(w.ChangeStaff(w.ctx, admin.Staff{ID: "unknown", Role: admin.Helper}), admin.ErrNotFound)

	// An operator who can't sign in yet takes nobody's place.
	second := w.invited("cleo@school.example", admin.Operator)
	demoted := first
	demoted.Role, demoted.Tenants = admin.Helper, []string{"t1"}
	w.fails(w.ChangeStaff(w.ctx, demoted), admin.ErrLastOne)
	w.fails(w.RemoveStaff(w.ctx, first.ID), admin.ErrLastOne)
	w.same(must(w.StaffByID(w.ctx, first.ID))(w), first)
	second.Password = "hash of hers"
	must(w.UseLink(w.ctx, digest("cleo@school.example"), second))(w)
	w.pass(time.Second)
	w.ok(w.RemoveStaff(w.ctx, first.ID))
	w.same(w.lastEntries(1), []string{"staff.remove Ann@school.example"})
	_, err = w.StaffByID(w.ctx, first.ID)
	w.fails(err, admin.ErrNotFound)
	w.fails(w.RemoveStaff(w.ctx, first.ID), admin.ErrNotFound)
	w.fails(w.RemoveStaff(w.ctx, second.ID), admin.ErrLastOne)
}

// What becomes of an account is told in the log of each tenant that it looks after,
// before or after, with nothing of the others.
func testStaffOfTenants(t *testing.T, w *world) {
	first, helper := w.setUp("ann@school.example"), w.invited("bob@school.example", admin.Helper, "t1")
	w.pass(time.Second)
	ctx := admin.By(w.ctx, admin.Actor{StaffID: first.ID, Name: first.Email, Address: "192.0.2.7"})
	changed := helper
	changed.Role, changed.Tenants = admin.TenantAdmin, []string{"t1", "t2"}
	w.ok(w.ChangeStaff(ctx, changed))
	inTenant := func(tenant string) []admin.Entry {
		list := must(w.Audit(w.ctx, admin.AuditQuery{Tenants: []string{tenant}, Since: w.now, Most: 9}))(w)
		for i := range list {
			list[i].ID = ""
		}
		return list
	}
	line := admin.Entry{
		At: w.now, StaffID: first.ID, Who: first.Email, Address: "192.0.2.7", Did: "staff.change", What: "bob@school.example", TenantID: "t1",
		Before: `{"Email":"bob@school.example","Role":"helper","Tenants":["t1"],"Active":false}`,
		After:  `{"Email":"bob@school.example","Role":"tenant-admin","Tenants":["t1"],"Active":false}`,
	}
	w.same(inTenant("t1"), []admin.Entry{line})
	line.TenantID, line.Before, line.After = "t2",
		`{"Email":"bob@school.example","Role":"helper","Active":false}`,
		`{"Email":"bob@school.example","Role":"tenant-admin","Tenants":["t2"],"Active":false}`
	w.same(inTenant("t2"), []admin.Entry{line})
	w.pass(time.Second)
	moved := changed
	moved.Tenants = []string{"t2"}
	w.ok(w.ChangeStaff(ctx, moved)) // told in both
	line.At, line.TenantID, line.Before, line.After = w.now, "t1",
		`{"Email":"bob@school.example","Role":"tenant-admin","Tenants":["t1"],"Active":false}`,
		`{"Email":"bob@school.example","Role":"tenant-admin","Active":false}`
	w.same(inTenant("t1"), []admin.Entry{line})
	w.same(len(inTenant("t2")), 1)
	w.pass(time.Second)
	w.ok(w.AddLink(w.ctx, admin.Link{Digest: digest("of bob"), Purpose: admin.Invite, StaffID: helper.ID, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}))
	w.same([]int{len(inTenant("t1")), len(inTenant("t2")), len(inTenant(""))}, []int{0, 1, 0})
}

// Of two operators who remove each other at once, one stays.
func testOperatorsAtOnce(t *testing.T, w *world) {
	both := []admin.Staff{w.setUp("ann@school.example"), w.setUp("bob@school.example")}
	parallel(2, func(i int) { _ = w.RemoveStaff(w.ctx, both[i].ID) })
	w.same(len(must(w.StaffList(w.ctx))(w)), 1)
}

// A link is used once, in time, and not when a newer one has come.
func testStaffLinks(t *testing.T, w *world) {
	setup := func(code string) admin.Link {
		l := admin.Link{Digest: digest(code), Purpose: admin.Setup, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
		w.ok(w.AddLink(w.ctx, l))
		return l
	}
	one, other := setup("node 1"), setup("node 2") // a link of each node
	w.same(must(w.Link(w.ctx, one.Digest))(w), one)
	w.same(must(w.Link(w.ctx, other.Digest))(w), other)
	ann := must(w.UseLink(w.ctx, one.Digest, admin.Staff{Email: "ann@school.example", Role: admin.Operator, Password: "hash", CreatedAt: w.now}))(w)
	for _, l := range []admin.Link{one, other} {
		_, err := w.UseLink(w.ctx, l.Digest, admin.Staff{Email: "eve@school.example", Role: admin.Operator, Password: "hash", CreatedAt: w.now})
		w.fails(err, admin.ErrLinkOver)
	}
	third := setup("third")
	_, err := w.UseLink(w.ctx, third.Digest, admin.Staff{Email: "ANN@school.example", Role: admin.Operator, Password: "hash", CreatedAt: w.now})
	w.fails(err, admin.ErrExists)
	must(w.Link(w.ctx, third.Digest))(w) // it is still good

	w.signIn("s1", ann, 0)
	reset := admin.Link{Digest: digest("reset"), Purpose: admin.Reset, StaffID: ann.ID, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	newer := reset
	newer.Digest = digest("newer")
	w.ok(w.AddLink(w.ctx, reset))
	w.pass(time.Second)
	w.ok(w.AddLink(w.ctx, newer))
	w.same(w.lastEntries(1), []string{"staff.link ann@school.example"})
	_, err = w.UseLink(w.ctx, reset.Digest, admin.Staff{Password: "another"})
	w.fails(err, admin.ErrLinkOver)
	must(w.SignIn(w.ctx, digest("s1")))(w)
	w.pass(time.Hour - 2*time.Second)
	got := must(w.UseLink(w.ctx, newer.Digest, admin.Staff{Password: "another", Email: "eve@school.example", Role: admin.Helper}))(w)
	want := ann
	want.Password = "another"
	w.same(got, want) // it gives a password, and nothing else
	w.same(must(w.StaffByID(w.ctx, ann.ID))(w), want)
	_, err = w.SignIn(w.ctx, digest("s1"))
	w.fails(err, admin.ErrNotFound)
	stranger := reset
	stranger.Digest, stranger.StaffID = digest("y"), "unknown"
	w.fails(w.AddLink(w.ctx, stranger), admin.ErrNotFound)

	late := reset
	late.Digest, late.ExpiresAt = digest("late"), w.now.Add(time.Hour)
	w.ok(w.AddLink(w.ctx, late))
	w.pass(time.Hour)
	_, err = w.UseLink(w.ctx, late.Digest, admin.Staff{Password: "a third"})
	w.fails(err, admin.ErrLinkOver)
}

// Of many who use a link at once, one comes in; and no secret gets into the log.
func testStaffLinkAtOnce(t *testing.T, w *world) {
	crowd := admin.Link{Digest: digest("crowd"), Purpose: admin.Setup, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	w.ok(w.AddLink(w.ctx, crowd))
	used := make(chan string, 8)
	parallel(8, func(i int) {
		s := admin.Staff{Email: fmt.Sprint(i, "@school.example"), Role: admin.Operator, Password: "hashed", CreatedAt: w.now}
		if _, err := w.UseLink(w.ctx, crowd.Digest, s); err == nil {
			used <- s.Email
		}
	})
	w.same(len(used), 1)
	if text := fmt.Sprint(must(w.Audit(w.ctx, admin.AuditQuery{Most: 100}))(w)); strings.Contains(text, "hashed") || strings.Contains(text, "digest") {
		t.Errorf("the audit log has secrets: %s", text)
	}
}

// signIn begins one, used so long ago.
func (w *world) signIn(code string, of admin.Staff, ago time.Duration) admin.SignIn {
	w.t.Helper()
	at := w.now.Add(-ago)
	s := admin.SignIn{
		ID: code, Digest: digest(code), StaffID: of.ID, CreatedAt: at, SeenAt: at, ConfirmedAt: at, Address: "192.0.2.7", Browser: "Firefox",
	}
	w.ok(w.BeginSignIn(admin.By(w.ctx, admin.Actor{StaffID: of.ID, Name: of.Email}), s))
	return s
}

func testSignIns(t *testing.T, w *world) {
	ann, bob := w.setUp("ann@school.example"), w.setUp("bob@school.example")
	older := w.signIn("b", ann, time.Minute)
	w.pass(time.Second)
	s := w.signIn("a", ann, 0)
	w.same(w.lastEntries(1), []string{"staff.sign-in ann@school.example"})
	his := w.signIn("c", bob, 0)
	w.same(must(w.SignIn(w.ctx, s.Digest))(w), s)
	w.same(must(w.SignIns(w.ctx, ann.ID))(w), []admin.SignIn{s, older})
	guest := admin.SignIn{
		ID: "d", Digest: digest("d"), StaffID: "lms:1", CreatedAt: w.now, SeenAt: w.now, ConfirmedAt: w.now,
		Guest: &admin.Guest{ID: "lms:1", Via: admin.ViaLMS, Name: "Cleo Marsh", Said: []string{"a", "b"}, PersonID: "p"},
	}
	w.ok(w.BeginSignIn(w.ctx, guest))
	w.same(must(w.SignIn(w.ctx, guest.Digest))(w), guest)
	_, err := w.SignIn(w.ctx, digest("unknown"))
	w.fails(err, admin.ErrNotFound)

	w.pass(time.Hour)
	w.ok(w.SeeSignIn(w.ctx, older.ID, w.now))
	w.ok(w.ConfirmSignIn(w.ctx, older.ID, w.now))
	older.SeenAt, older.ConfirmedAt = w.now, w.now
	w.same(must(w.SignIns(w.ctx, ann.ID))(w), []admin.SignIn{older, s})

	w.fails(w.EndSignIn(w.ctx, ann.ID, his.ID), admin.ErrNotFound)
	must(w.SignIn(w.ctx, his.Digest))(w)
	w.pass(time.Second)
	w.ok(w.EndSignIn(admin.By(w.ctx, admin.Actor{Name: "ann@school.example"}), ann.ID, s.ID))
	w.same(w.lastEntries(1), []string{"staff.sign-out ann@school.example"})
	_, err = w.SignIn(w.ctx, s.Digest)
	w.fails(err, admin.ErrNotFound)
	w.ok(w.RemoveStaff(w.ctx, ann.ID))
	_, err = w.SignIn(w.ctx, older.Digest)
	w.fails(err, admin.ErrNotFound)

	for i := range 25 {
		w.signIn(fmt.Sprintf("many %02d", i), bob, -time.Duration(i)*time.Second)
	}
	list := must(w.SignIns(w.ctx, bob.ID))(w)
	w.same([]any{len(list), list[0].ID, list[19].ID}, []any{20, "many 24", "many 05"})
	must(w.SignIn(w.ctx, guest.Digest))(w) // another's are no matter
}

// What is over goes with the sweep, and not before.
func testSweptStaff(t *testing.T, w *world) {
	ann := w.setUp("ann@school.example")
	bob := w.invited("bob@school.example", admin.Operator)
	w.signIn("old", ann, 24*time.Hour)
	w.signIn("used", ann, 24*time.Hour-time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	_, err := w.SignIn(w.ctx, digest("old"))
	w.fails(err, admin.ErrNotFound)
	must(w.SignIn(w.ctx, digest("used")))(w)

	w.pass(7*24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	must(w.Link(w.ctx, digest(bob.Email)))(w)
	w.pass(time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	_, err = w.Link(w.ctx, digest(bob.Email))
	w.fails(err, admin.ErrNotFound)
	must(w.StaffByID(w.ctx, bob.ID))(w)

	w.ok(w.Record(w.ctx, admin.Entry{Did: "last of today", What: "x"}))
	w.pass(2*365*24*time.Hour - time.Second)
	w.ok(w.Record(w.ctx, admin.Entry{Did: "new", What: "x"}))
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(w.lastEntries(10), []string{"new x", "last of today x"})
	w.pass(time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(w.lastEntries(10), []string{"new x"})
}

// Whoever tries an account without end doesn't fill the audit log: so many lines an
// hour of one account, so many in all, and one each time that says so.
func testRefusedSignIns(t *testing.T, w *world) {
	w.pass(w.now.Truncate(time.Hour).Add(time.Hour).Sub(w.now))
	began := w.now
	refused := func(times int, did, email string) {
		for range times {
			w.pass(time.Second)
			w.ok(w.RecordRefused(w.ctx, admin.Entry{Did: did, What: email}))
		}
	}
	count := func() map[string]int {
		n := map[string]int{}
		for _, e := range must(w.Audit(w.ctx, admin.AuditQuery{Since: began, Most: 1000}))(w) {
			n[e.Did+" "+e.What]++
		}
		return n
	}
	refused(15, "staff.refused", "ann")
	refused(100, "staff.refused-code", "ann")
	w.same(count(), map[string]int{"staff.refused ann": 15, "staff.refused-code ann": 5, "staff.refused-many ann": 1})
	refused(1, "staff.refused", "bob")
	w.same(count()["staff.refused bob"], 1)
	for i := range 300 {
		refused(1, "staff.refused", fmt.Sprint("person ", i))
	}
	n := count()
	w.same([]int{n["staff.refused-many "], n["staff.refused person 0"], n["staff.refused person 299"], len(n)}, []int{1, 1, 0, 4 + 178 + 1})
	w.ok(w.Record(w.ctx, admin.Entry{Did: "keys.rotate", What: "k"})) // others stand there all the same
	w.same(count()["keys.rotate k"], 1)
	w.pass(time.Hour)
	refused(1, "staff.refused", "ann")
	w.same(count()["staff.refused ann"], 16)
}

// The audit log is read from the newest line on, of some tenants, of some days,
// and by parts of its words.
func testAudit(t *testing.T, w *world) {
	began := w.now
	for i, e := range []admin.Entry{
		{Did: "server.add", What: "one"}, {Did: "platform.add", What: "Moodle 100%", TenantID: "t1"},
		{Did: "platform.edit", What: "Moodle 1000", TenantID: "t2"}, {Did: "platform.edit", What: "a_b", TenantID: "t1"},
	} {
		w.pass(time.Hour)
		w.ok(w.Record(admin.By(w.ctx, admin.Actor{Name: fmt.Sprintf("Person %d", i)}), e))
	}
	w.ok(w.Record(w.ctx, admin.Entry{Did: "keys.rotate", What: "in the same moment"}))
	for _, test := range []struct {
		name string
		q    admin.AuditQuery
		want []string
	}{
		{"all", admin.AuditQuery{}, []string{"in the same moment", "a_b", "Moodle 1000", "Moodle 100%", "one"}},
		{"the newest", admin.AuditQuery{Most: 2}, []string{"in the same moment", "a_b"}},
		{"since", admin.AuditQuery{Since: began.Add(4 * time.Hour)}, []string{"in the same moment", "a_b"}},
		{"until", admin.AuditQuery{Since: began.Add(time.Hour), Until: began.Add(2 * time.Hour)}, []string{"one"}},
		{"one tenant", admin.AuditQuery{Tenants: []string{"t1"}}, []string{"a_b", "Moodle 100%"}},
		{"two tenants", admin.AuditQuery{Tenants: []string{"t1", "t2"}}, []string{"a_b", "Moodle 1000", "Moodle 100%"}},
		{"of no tenant is of none", admin.AuditQuery{Tenants: []string{}}, nil},
		{"who", admin.AuditQuery{Text: "pERSON 2"}, []string{"Moodle 1000"}},
		{"who alone", admin.AuditQuery{Who: "pERSON 2"}, []string{"Moodle 1000"}},
		{"who isn't what", admin.AuditQuery{Who: "moodle"}, nil},
		{"what", admin.AuditQuery{Text: "moodle"}, []string{"Moodle 1000", "Moodle 100%"}},
		{"did", admin.AuditQuery{Text: "platform.add"}, []string{"Moodle 100%"}},
		{"a percent sign is one", admin.AuditQuery{Text: "100%"}, []string{"Moodle 100%"}},
		{"so is a low line", admin.AuditQuery{Text: "a_b"}, []string{"a_b"}},
		{"and the sign before them", admin.AuditQuery{Text: "!"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			if test.q.Most == 0 {
				test.q.Most = 100
			}
			if test.q.Since.IsZero() {
				test.q.Since = began.Add(time.Second)
			}
			var got []string
			for _, e := range must(w.Audit(w.ctx, test.q))(w) {
				got = append(got, e.What)
			}
			slices.Sort(got)
			slices.Sort(test.want)
			w.same(got, test.want)
		})
	}
	w.readsOn(began)
}

// readsOn reads the log from page to page.
func (w *world) readsOn(began time.Time) {
	w.t.Helper()
	var paged []string
	q := admin.AuditQuery{Since: began.Add(time.Second), Most: 2}
	for {
		page := must(w.Audit(w.ctx, q))(w)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			paged = append(paged, e.What)
		}
		q.Before = page[len(page)-1].ID
	}
	slices.Sort(paged)
	w.same(paged, []string{"Moodle 100%", "Moodle 1000", "a_b", "in the same moment", "one"})
}
