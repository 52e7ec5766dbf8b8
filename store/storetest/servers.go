package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
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
