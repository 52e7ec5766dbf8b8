package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// link adds a registration link, whose code is its note.
func (w *world) link(note string, change ...func(*admin.RegistrationLink)) admin.RegistrationLink {
	w.t.Helper()
	l := admin.RegistrationLink{TenantID: classroom.DefaultTenant, Note: note, MadeBy: "ops", CreatedAt: w.now, ExpiresAt: w.now.Add(24 * time.Hour)}
	for _, f := range change {
		f(&l)
	}
	return must(w.AddRegistrationLink(w.ctx, l, []byte(note)))(w)
}

// linked is a platform that has registered by a link.
func linked(name, issuer, clientID string) lti.Registered {
	r := platform(name, clientID).Registration
	r.Issuer = issuer
	return lti.Registered{
		Registration: r, Family: lti.FamilyMoodle, Version: "4.5", ClientURI: issuer + "/clients/1",
		Asked:   lti.Features{Messages: []lti.MessageType{lti.ResourceLinkRequest, lti.DeepLinkingRequest}, Scopes: []string{lti.AGSScore}},
		Granted: lti.Features{Messages: []lti.MessageType{lti.ResourceLinkRequest}},
	}
}

func testRegistrationLink(t *testing.T, w *world) {
	l := w.link("first", func(l *admin.RegistrationLink) { l.Approve = true })
	w.pass(time.Second)
	second := w.link("second")
	w.same(must(w.RegistrationLinks(w.ctx))(w), []admin.RegistrationLink{second, l})
	w.same(must(w.RegistrationLinkOf(w.ctx, []byte("first")))(w), l)
	_, err := w.RegistrationLinkOf(w.ctx, []byte("third"))
	w.fails(err, admin.ErrLinkUnknown)
	_, err = w.RegistrationLinkOf(w.ctx, nil)
	w.fails(err, admin.ErrLinkUnknown)
	_, err = w.AddRegistrationLink(w.ctx, admin.RegistrationLink{TenantID: "nobody's"}, []byte("x"))
	w.fails(err, classroom.ErrNotFound)

	for i := range admin.FailuresMost + 3 {
		w.ok(w.NoteRegistrationFailure(w.ctx, l.ID, time.Time{}, admin.RegistrationFailure{At: w.now, Code: fmt.Sprint(i), Words: "said"}))
	}
	failures := must(w.RegistrationLinkOf(w.ctx, []byte("first")))(w).Failures
	w.same(len(failures), admin.FailuresMost)
	w.same(failures[0], admin.RegistrationFailure{At: w.now, Code: fmt.Sprint(admin.FailuresMost + 2), Words: "said"})
	w.fails(w.NoteRegistrationFailure(w.ctx, "unknown", time.Time{}, admin.RegistrationFailure{}), classroom.ErrNotFound)

	w.ok(w.RevokeRegistrationLink(w.ctx, l.ID))
	revoked := w.now
	w.pass(time.Hour)
	w.ok(w.RevokeRegistrationLink(w.ctx, l.ID))
	w.same(must(w.RegistrationLinkOf(w.ctx, []byte("first")))(w).RevokedAt, revoked)
	w.fails(w.RevokeRegistrationLink(w.ctx, "unknown"), classroom.ErrNotFound)
	_, err = w.SaveRegistration(w.ctx, admin.NewRegistration{LinkID: l.ID, Registered: linked("m", "https://m.example.org", "c")})
	w.fails(err, admin.ErrLinkRevoked)
	w.same(len(must(w.Platforms(w.ctx))(w)), 1)
}

// One registration at a time holds a link, and lets go of its own hold only.
func testHeldLink(t *testing.T, w *world) {
	l := w.link("link")
	hold := func(until time.Time, want bool) {
		t.Helper()
		w.same(must(w.HoldRegistrationLink(w.ctx, l.ID, until))(w), want)
	}
	first := w.now.Add(time.Minute)
	hold(first, true)
	hold(first.Add(time.Second), false)
	w.ok(w.NoteRegistrationFailure(w.ctx, l.ID, first.Add(time.Second), admin.RegistrationFailure{At: w.now}))
	hold(first.Add(time.Second), false)
	w.ok(w.NoteRegistrationFailure(w.ctx, l.ID, first, admin.RegistrationFailure{At: w.now}))
	hold(first.Add(time.Second), true)
	w.pass(2 * time.Minute) // whoever held it is gone
	hold(w.now.Add(time.Minute), true)
	must(w.SaveRegistration(w.ctx, admin.NewRegistration{LinkID: l.ID, Registered: linked("m", "https://m.example.org", "c")}))(w)
	hold(w.now.Add(2*time.Minute), true)
	w.same(must(w.HoldRegistrationLink(w.ctx, "unknown", w.now))(w), false)
}

// A registration by link is known at once, waits if it has to, and what the
// platform said is kept.
func testRegisteredByLink(t *testing.T, w *world) {
	l := w.link("link")
	r := linked("uni", "https://m.example.org", "c")
	r.Registration.ID, r.Registration.AdoptDeployments, r.Registration.FrameAncestors = "not ours", true, []string{"https://f.example.org"}
	saved := must(w.SaveRegistration(w.ctx, admin.NewRegistration{LinkID: l.ID, Registered: r, Pending: true, Trusted: true}))(w)
	w.same(saved, admin.Saved{Name: "uni (2)", Pending: true}) // the name is another's

	p := must(w.Platform(w.ctx, "uni (2)"))(w)
	want := r.Registration
	want.ID, want.Name, want.Pending = p.ID, "uni (2)", true
	w.same(p, admin.Platform{Registration: want, TenantID: classroom.DefaultTenant, CreatedAt: w.now, LMS: admin.Moodle})
	w.same(must(w.RegistrationsOf(w.ctx, "https://m.example.org"))(w), []lti.Registration{want})
	w.same(must(w.LinkedPlatform(w.ctx, p.ID))(w), admin.LinkedPlatform{
		Family: r.Family, Version: r.Version, ClientURI: r.ClientURI, Asked: r.Asked, Granted: r.Granted, RegisteredAt: w.now,
	})
	w.same(must(w.ClientsOf(w.ctx, classroom.DefaultTenant, "https://m.example.org"))(w), []lti.Client{{Registration: want, URI: r.ClientURI}})
	w.same(must(w.ClientsOf(w.ctx, classroom.DefaultTenant, "https://lms.example.org"))(w), []lti.Client{{Registration: w.platform.Registration}})
	w.same(len(must(w.ClientsOf(w.ctx, "another", "https://m.example.org"))(w)), 0)
	_, err := w.LinkedPlatform(w.ctx, w.platform.ID)
	w.fails(err, classroom.ErrNotFound)

	used := must(w.RegistrationLinkOf(w.ctx, []byte("link")))(w)
	w.same([]any{used.UsedAt, used.Issuer, used.PlatformID}, []any{w.now, "https://m.example.org", p.ID})

	w.same(must(w.ApprovePlatform(w.ctx, "uni (2)"))(w), true)
	w.same(must(w.Registration(w.ctx, p.ID))(w).Pending, false)
	w.same(must(w.ApprovePlatform(w.ctx, "uni (2)"))(w), false)
	_, err = w.ApprovePlatform(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

// Registering again changes what the platform says itself. Its id, with its
// courses and people, stays, and so does what its admin has said.
func testRegisteredAgain(t *testing.T, w *world) {
	l, other := w.link("link"), w.link("other")
	first := must(w.SaveRegistration(w.ctx, admin.NewRegistration{LinkID: l.ID, Registered: linked("m", "https://m.example.org", "c"), Trusted: true}))(w)
	before, _, err := w.EditPlatform(w.ctx, first.Name, func(p *admin.Platform) error {
		p.Name, p.AllowAnonymous, p.TrustedAudiences, p.Deployments["2"] = "Moodle", true, []string{"aud"}, false
		return nil
	})
	w.ok(err)
	w.pass(time.Hour)
	again := linked("m", "https://m.example.org", "c")
	again.Version, again.Registration.JWKSURL, again.Registration.FrameAncestors = "5.0", "https://m.example.org/new", []string{"https://f.example.org"}
	again.Registration.Deployments = map[string]bool{"2": true, "3": true}
	save := func(link string, r lti.Registered, trusted bool) (admin.Saved, error) {
		return w.SaveRegistration(w.ctx, admin.NewRegistration{LinkID: link, Registered: r, Trusted: trusted, Pending: true})
	}
	for _, link := range []string{l.ID, other.ID} {
		w.same(must(save(link, again, true))(w), admin.Saved{Name: "Moodle", Again: true})
	}
	p := must(w.Platform(w.ctx, "Moodle"))(w)
	w.same(p.ID, before.ID)
	w.same([]any{p.JWKSURL, p.AllowAnonymous, p.TrustedAudiences, p.FrameAncestors, p.Pending}, []any{
		"https://m.example.org/new", true, []string{"aud"}, []string{"https://f.example.org"}, false,
	})
	w.same(p.Deployments, map[string]bool{"1": true, "2": false, "3": true}) // one that was shut stays so
	w.same(must(w.LinkedPlatform(w.ctx, p.ID))(w).Version, "5.0")

	_, err = save(l.ID, linked("x", "https://x.example.org", "c"), true)
	w.fails(err, admin.ErrLinkUsed)
	doubtful := again
	doubtful.Registration.JWKSURL = "https://evil.example.org/keys"
	_, err = save(l.ID, doubtful, false)
	w.fails(err, admin.ErrOtherKeys)
	w.same(must(w.Platform(w.ctx, "Moodle"))(w), p)
	must(save(l.ID, again, false))(w) // the addresses are as they were

	w.ok(w.RemovePlatform(w.ctx, "Moodle"))
	w.same(must(save(l.ID, again, true))(w), admin.Saved{Name: "m", Pending: true})
	w.same(must(w.Platform(w.ctx, "m"))(w).ID, p.ID)
	another := linked("m", "https://m.example.org", "c2")
	w.same(must(save(l.ID, another, true))(w), admin.Saved{Name: "m (2)", Pending: true})
}

func testSweptLinks(t *testing.T, w *world) {
	w.link("old")
	w.pass(90 * 24 * time.Hour)
	w.link("new")
	w.ok(w.Sweep(w.ctx, w.now.Add(24*time.Hour-time.Millisecond)))
	w.same(len(must(w.RegistrationLinks(w.ctx))(w)), 2)
	w.ok(w.Sweep(w.ctx, w.now.Add(24*time.Hour)))
	w.same(must(w.RegistrationLinks(w.ctx))(w)[0].Note, "new")
	w.same(len(must(w.RegistrationLinks(w.ctx))(w)), 1)
}
