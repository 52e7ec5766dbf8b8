package storetest

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// What is changed of a server is what was changed, and a line of the audit log
// without a secret.
func testChangedServer(t *testing.T, w *world) {
	other := w.addServer("other")
	got := must(w.ChangeServer(w.ctx, w.server.ID, "server.secret", func(s *classroom.Server) {
		s.PreviousSecrets, s.Secret = []bbb.Secret{s.Secret}, "secret-2"
	}))(w)
	want := w.server
	want.Secret, want.PreviousSecrets = "secret-2", []bbb.Secret{"secret-1"}
	w.same(got, want)
	w.same(must(w.Server(w.ctx, want.ID))(w), want)

	must(w.ChangeServer(w.ctx, want.ID, "server.drain", func(s *classroom.Server) { s.Drained = true }))(w)
	want.Drained = true
	w.same(must(w.Server(w.ctx, want.ID))(w), want)
	must(w.ChangeServer(w.ctx, want.ID, "server.edit", func(s *classroom.Server) {
		s.Name, s.URL, s.Algorithm = "renamed", "https://bbb9.example.org/api", bbb.SHA1
	}))(w)
	want.Name, want.URL, want.Algorithm = "renamed", "https://bbb9.example.org/api", bbb.SHA1
	w.same(must(w.Server(w.ctx, want.ID))(w), want) // out of service as before
	must(w.ChangeServer(w.ctx, want.ID, "server.undrain", func(s *classroom.Server) { s.Drained = false }))(w)
	want.Drained = false
	w.same(must(w.Server(w.ctx, want.ID))(w), want)

	_, err := w.ChangeServer(w.ctx, want.ID, "server.edit", func(s *classroom.Server) { s.Name = other.Name })
	w.fails(err, admin.ErrExists)
	_, err = w.ChangeServer(w.ctx, "unknown", "server.edit", func(*classroom.Server) {})
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.Server(w.ctx, want.ID))(w), want)

	var did []string
	for _, e := range must(w.Audit(w.ctx, admin.AuditQuery{Since: w.now, Most: 10}))(w) {
		did = append(did, e.Did)
		if strings.Contains(e.Before+e.After, "secret-") {
			t.Errorf("%s tells a secret: %s %s", e.Did, e.Before, e.After)
		}
	}
	for _, want := range []string{"server.secret", "server.drain", "server.edit", "server.undrain"} {
		if !strings.Contains(strings.Join(did, " "), want) {
			t.Errorf("%q lacks %s", did, want)
		}
	}
}

func (w *world) addServer(name string) classroom.Server {
	w.t.Helper()
	w.pass(time.Second)
	return must(w.AddServer(w.ctx, classroom.Server{Name: name, Server: bbb.Server{URL: "https://" + name + ".example.org/api", Secret: "s"}}))(w)
}

// A tenant's classes begin on its own servers; without any, on the oldest in
// service, of which those are told too that were it.
func testServersOfTenants(t *testing.T, w *world) {
	second, third := w.addServer("second"), w.addServer("third")
	pool := func() string {
		var names []string
		for _, s := range must(w.ServersOf(w.ctx, classroom.DefaultTenant))(w) {
			if s.Drained {
				s.Name = "(" + s.Name + ")"
			}
			names = append(names, s.Name)
		}
		return strings.Join(names, " ")
	}
	drain := func(s classroom.Server, yes bool) {
		must(w.ChangeServer(w.ctx, s.ID, "server.drain", func(s *classroom.Server) { s.Drained = yes }))(w)
	}
	w.same(pool(), "bbb")
	drain(w.server, true)
	w.same(pool(), "(bbb) second")
	drain(second, true)
	drain(third, true)
	w.same(pool(), "(bbb) (second) (third)")
	drain(third, false)
	w.ok(w.AssignServer(w.ctx, w.server.ID, []string{classroom.DefaultTenant}))
	w.same(pool(), "(bbb)") // its own; no other takes its place
	w.ok(w.AssignServer(w.ctx, third.ID, []string{classroom.DefaultTenant, classroom.DefaultTenant}))
	w.same(pool(), "(bbb) third")
	w.ok(w.AssignServer(w.ctx, w.server.ID, nil))
	w.same(pool(), "third")
	w.ok(w.RemoveServer(w.ctx, "third"))
	w.same(pool(), "(bbb) (second)")
	w.fails(w.AssignServer(w.ctx, third.ID, nil), classroom.ErrNotFound) // removed
	w.fails(w.AssignServer(w.ctx, second.ID, []string{"unknown"}), classroom.ErrNotFound)
	w.ok(w.SetTenantServers(w.ctx, classroom.DefaultTenant, []string{w.server.ID, second.ID}))
	w.same(pool(), "(bbb) (second)")
	w.same(must(w.TenantByID(w.ctx, classroom.DefaultTenant))(w).Servers, sorted(w.server.ID, second.ID))
}

func sorted(a, b string) []string {
	if b < a {
		a, b = b, a
	}
	return []string{a, b}
}

// Of a server's tests the newest is kept, and one goes on at a time.
func testServerTests(t *testing.T, w *world) {
	test := func(id string) admin.ServerTest {
		return admin.ServerTest{
			ID: id, ServerID: w.server.ID, StartedAt: w.now, AliveAt: w.now, MeetingID: "m" + id,
			Steps: []admin.TestStep{{Name: admin.StepReach, State: admin.StepRunning, StartedAt: w.now, Took: time.Second}},
		}
	}
	begin := func(id string) error { return w.BeginServerTest(w.ctx, test(id), w.now.Add(-time.Minute)) }
	_, err := w.NewestServerTest(w.ctx, w.server.ID)
	w.fails(err, classroom.ErrNotFound)
	first := test("first")
	w.ok(begin("first"))
	w.same(must(w.NewestServerTest(w.ctx, w.server.ID))(w), first)
	w.fails(begin("second"), admin.ErrTestRuns)
	w.pass(time.Minute)
	w.fails(begin("second"), admin.ErrTestRuns) // alive a minute ago
	first.AliveAt, first.Steps[0].State = w.now, admin.StepGood
	w.ok(w.SaveServerTest(w.ctx, first))
	w.pass(time.Minute + time.Millisecond)
	w.ok(begin("second")) // who ran the first is gone
	w.fails(w.SaveServerTest(w.ctx, first), classroom.ErrNotFound)
	_, err = w.ServerTest(w.ctx, "first")
	w.fails(err, classroom.ErrNotFound)

	second := test("second")
	second.FinishedAt = w.now
	w.ok(w.SaveServerTest(w.ctx, second))
	w.same(must(w.ServerTest(w.ctx, "second"))(w), second)
	bad, good := admin.TestCallback{At: w.now, Code: admin.CallbackBadToken}, admin.TestCallback{At: w.now.Add(time.Second), Code: admin.CallbackGood, Recorded: true}
	for _, kind := range []admin.TestCallbackKind{admin.TestEnded, admin.TestReport} {
		for _, c := range []admin.TestCallback{bad, good, bad} {
			w.ok(w.KeepTestCallback(w.ctx, "second", kind, c))
		}
		w.fails(w.KeepTestCallback(w.ctx, "first", kind, good), classroom.ErrNotFound)
	}
	second.Ended, second.Report = good, good
	w.same(must(w.NewestServerTest(w.ctx, w.server.ID))(w), second)
	w.ok(begin("third"))
	w.pass(2 * time.Minute)
	var began atomic.Int64
	parallel(4, func(int) {
		err := w.BeginServerTest(w.ctx, admin.ServerTest{ID: w.id("t"), ServerID: w.server.ID, StartedAt: w.now, AliveAt: w.now}, w.now.Add(-time.Minute))
		if err == nil {
			began.Add(1)
		}
	})
	w.same(began.Load(), int64(1))
	w.pass(90*24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	must(w.NewestServerTest(w.ctx, w.server.ID))(w)
	w.pass(time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	_, err = w.NewestServerTest(w.ctx, w.server.ID)
	w.fails(err, classroom.ErrNotFound)
}

// What was found of a server is kept until it is added anew.
func testServerFound(t *testing.T, w *world) {
	w.same(must(w.ServerFound(w.ctx, w.server.ID))(w), admin.Found{})
	found := admin.Found{At: w.now, Version: "2.0", GraphQL: true, Cause: bbb.CauseChecksum, Detail: "no"}
	w.ok(w.SaveServerFound(w.ctx, w.server.ID, found))
	w.same(must(w.ServerFound(w.ctx, w.server.ID))(w), found)
	w.fails(w.SaveServerFound(w.ctx, "unknown", found), classroom.ErrNotFound)
	_, err := w.ServerFound(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	must(w.ChangeServer(w.ctx, w.server.ID, "server.drain", func(s *classroom.Server) { s.Drained = true }))(w)
	w.ok(w.RemoveServer(w.ctx, "bbb"))
	back := must(w.AddServer(w.ctx, w.server))(w)
	w.same(must(w.ServerFound(w.ctx, back.ID))(w), admin.Found{})
	w.same(must(w.Server(w.ctx, back.ID))(w).Drained, false)
}

// When a server's reports came, and which classes since have none.
func testReportsOf(t *testing.T, w *world) {
	room := w.teach("tess", "link").Room
	began := w.now
	class := func(reported bool) {
		w.t.Helper()
		m := w.meeting(room)
		w.pass(10 * time.Minute)
		w.ok(w.EndMeeting(w.ctx, m.ID, w.now, w.now))
		if reported {
			w.ok(w.KeepReport(w.ctx, attendance.Evidence{ID: w.id("e"), MeetingID: m.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: []byte("{}")}, nil, 8, 1<<20, w.now))
		}
		w.pass(10 * time.Minute)
	}
	reports := func(since, until time.Time) admin.Reports {
		return must(w.ReportsOf(w.ctx, w.server.ID, since, until))(w)
	}
	w.same(reports(began, w.now), admin.Reports{})
	class(false)
	w.same(reports(began, w.now), admin.Reports{Without: 1})
	w.same(reports(w.now, w.now), admin.Reports{})                      // too old
	w.same(reports(began, w.now.Add(-10*time.Minute)), admin.Reports{}) // too new
	class(true)
	last := w.now.Add(-10 * time.Minute)
	w.same(reports(began, w.now), admin.Reports{LastAt: last}) // it works since
	class(false)
	class(false)
	w.meeting(room) // runs
	w.same(reports(began, w.now), admin.Reports{LastAt: last, Without: 2})
	w.same(must(w.ReportsOf(w.ctx, "another", began, w.now))(w), admin.Reports{})
	w.same(must(w.LiveOn(w.ctx, w.server.ID))(w), 1)
	w.same(must(w.LiveOn(w.ctx, "another"))(w), 0)
}
