package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

func testPlatforms(t *testing.T, w *world) {
	p := platform("Academy", "client-2")
	p.TokenAudience, p.Algorithms = "https://lms.example.org", []string{"RS256", "ES256"}
	p.Deployments = map[string]bool{"a": true, "b": false}
	p.AdoptDeployments, p.AllowAnonymous, p.LinkFromDeployment = true, true, true
	p.TrustedAudiences, p.FrameAncestors = []string{"other"}, []string{"https://frame.example.org"}
	got := must(w.AddPlatform(w.ctx, p))(w)
	if got.ID == "" {
		t.Fatal("no id was made")
	}
	p.ID, p.TenantID, p.CreatedAt = got.ID, classroom.DefaultTenant, w.now
	w.same(got, p)
	w.same(must(w.Platform(w.ctx, "Academy"))(w), p)
	w.same(must(w.Platforms(w.ctx))(w), []admin.Platform{p, w.platform})
	w.same(must(w.Registration(w.ctx, p.ID))(w), p.Registration)
	w.same(must(w.RegistrationsOf(w.ctx, p.Issuer))(w), []lti.Registration{p.Registration, w.platform.Registration})
	w.same(len(must(w.RegistrationsOf(w.ctx, p.Issuer+"/"))(w)), 0)

	for _, taken := range []admin.Platform{platform("Academy", "client-3"), platform("third", "client-2")} {
		_, err := w.AddPlatform(w.ctx, taken)
		w.fails(err, admin.ErrExists)
	}
	_, err := w.Platform(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	_, err = w.Registration(w.ctx, "unknown")
	w.fails(err, lti.ErrNoRegistration)
}

// All but who it is can be changed of a platform, and what waits for it goes out.
func testEditedPlatform(t *testing.T, w *world) {
	c := w.settled("link")
	must(w.AddPlatform(w.ctx, platform("Academy", "client-2")))(w)
	before := must(w.Platform(w.ctx, "uni"))(w)
	want := before
	want.Name, want.AuthURL, want.TokenURL, want.JWKSURL = "university", "https://lms.example.org/a", "https://lms.example.org/t", "https://lms.example.org/j"
	want.TokenAudience, want.Algorithms = "https://aud.example.org", []string{"RS512"}
	want.Deployments = map[string]bool{"2": true, "3": false}
	want.AdoptDeployments, want.AllowAnonymous, want.LinkFromDeployment = true, true, true
	want.TrustedAudiences, want.FrameAncestors = []string{"other"}, []string{"https://frame.example.org"}
	w.pass(time.Hour)
	was, is, err := w.EditPlatform(w.ctx, "uni", func(p *admin.Platform) error {
		*p = want
		p.ID, p.Issuer, p.ClientID = "another", "https://other.example.org", "client-9"
		return nil
	})
	w.ok(err)
	w.same(was, before)
	w.same(is, want)
	w.same(must(w.Platform(w.ctx, "university"))(w), want)
	w.same(must(w.Registration(w.ctx, before.ID))(w), want.Registration)
	w.same(w.job(gradebook.DeliverJob, c.ann.Placement.ID+"/"+c.ann.Person.ID).RunAt, w.now)

	changeless := func(*admin.Platform) error { return nil }
	_, is, err = w.EditPlatform(w.ctx, "university", changeless)
	w.ok(err)
	w.same(is, want)
	_, _, err = w.EditPlatform(w.ctx, "university", func(p *admin.Platform) error {
		p.Deployments["4"], p.Name = true, "Academy"
		return nil
	})
	w.fails(err, admin.ErrExists)
	_, _, err = w.EditPlatform(w.ctx, "university", func(p *admin.Platform) error {
		p.TokenURL = ""
		return errStop
	})
	w.fails(err, errStop)
	w.same(must(w.Platform(w.ctx, "university"))(w), want)
	w.ok(w.RemovePlatform(w.ctx, "university"))
	_, _, err = w.EditPlatform(w.ctx, "university", changeless)
	w.fails(err, classroom.ErrNotFound)
}

var errStop = errors.New("stop")

// A removed platform is unknown, its grades wait, and it may come back.
func testRemovedPlatform(t *testing.T, w *world) {
	c := w.settled("link")
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	_, err := w.Registration(w.ctx, w.platform.ID)
	w.fails(err, lti.ErrNoRegistration)
	w.same(len(must(w.RegistrationsOf(w.ctx, w.platform.Issuer))(w)), 0)
	w.same(len(must(w.Platforms(w.ctx))(w)), 0)
	_, err = w.Tenant(w.ctx, w.platform.ID)
	w.fails(err, classroom.ErrNotFound)
	_, err = w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID)
	w.fails(err, gradebook.ErrNoOrder)
	w.fails(w.RemovePlatform(w.ctx, "uni"), classroom.ErrNotFound)
	w.fails(w.SetPlatformDisabled(w.ctx, "uni", true), classroom.ErrNotFound)
	must(w.AddPlatform(w.ctx, platform("uni", "another")))(w) // the name is free

	back := platform("uni again", "client-1")
	back.TokenURL, back.Deployments = "https://lms.example.org/token2", map[string]bool{"2": true}
	revived := must(w.AddPlatform(w.ctx, back))(w)
	w.same(revived.ID, w.platform.ID)
	w.same(revived.TokenURL, back.TokenURL)
	w.same(revived.Deployments, back.Deployments) // one that was wrong or another school's is out
	must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w)
	w.same(w.job(gradebook.DeliverJob, c.ann.Placement.ID+"/"+c.ann.Person.ID).RunAt, w.now)
	w.same(w.launch("ann", "link").Course.ID, c.ann.Course.ID)
}

func testDisabledPlatform(t *testing.T, w *world) {
	c := w.settled("link")
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", true))
	w.same(must(w.Registration(w.ctx, w.platform.ID))(w).Disabled, true)
	w.same(must(w.RegistrationsOf(w.ctx, w.platform.Issuer))(w)[0].Disabled, true)
	w.same(must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w).Registration.Disabled, true)
	w.same(w.next(), time.Time{})
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", false))
	w.same(must(w.Registration(w.ctx, w.platform.ID))(w).Disabled, false)
	w.same(w.job(gradebook.DeliverJob, c.ann.Placement.ID+"/"+c.ann.Person.ID).RunAt, w.now)
}

func testServers(t *testing.T, w *world) {
	s := classroom.Server{Name: "second", Server: bbb.Server{
		URL: "https://bbb2.example.org/api", Secret: "s2", PreviousSecrets: []bbb.Secret{"s1", "s0"}, Algorithm: "sha1",
	}}
	w.pass(time.Second)
	got := must(w.AddServer(w.ctx, s))(w)
	s.ID = got.ID
	w.same(got, s)
	w.same(must(w.Servers(w.ctx))(w), []classroom.Server{w.server, s})
	w.same(must(w.ServerByName(w.ctx, "second"))(w), s)
	w.same(must(w.Server(w.ctx, s.ID))(w), s)
	w.same(must(w.ServersOf(w.ctx, classroom.DefaultTenant))(w), []classroom.Server{w.server}) // the oldest
	_, err := w.AddServer(w.ctx, classroom.Server{Name: "second", Server: bbb.Server{URL: "https://bbb3.example.org/api"}})
	w.fails(err, admin.ErrExists)
	_, err = w.ServerByName(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	_, err = w.Server(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

func testRemovedServer(t *testing.T, w *world) {
	began := w.now
	first, second := w.launch("ann", "link"), w.launch("ann", "another")
	m := w.meeting(first.Room)
	over := w.meeting(second.Room)
	w.pass(time.Minute)
	again := w.meeting(second.Room)
	w.ok(w.EndMeeting(w.ctx, over.ID, w.now, w.now))
	other := must(w.AddServer(w.ctx, classroom.Server{Name: "other", Server: bbb.Server{URL: "https://bbb2.example.org/api"}}))(w)
	w.same(must(w.UseOf(w.ctx, w.server.ID))(w), admin.ServerUse{Rooms: 2, Courses: 1, Running: []admin.RunningClass{
		{Room: first.Room.Title, Course: first.Course.Title, Since: began.Add(-m.ClockOffset)},
		{Room: second.Room.Title, Course: first.Course.Title, Since: began.Add(time.Minute - again.ClockOffset)},
	}})
	w.same(must(w.UseOf(w.ctx, other.ID))(w), admin.ServerUse{})
	w.ok(w.RemoveServer(w.ctx, "other"))
	w.ok(w.RemoveServer(w.ctx, "bbb"))
	_, err := w.Server(w.ctx, w.server.ID)
	w.fails(err, classroom.ErrNotFound)
	_, err = w.ServersOf(w.ctx, classroom.DefaultTenant)
	w.fails(err, classroom.ErrNoServer)
	w.same(len(must(w.Servers(w.ctx))(w)), 0)
	w.fails(w.RemoveServer(w.ctx, "bbb"), classroom.ErrNotFound)
	must(w.Meeting(w.ctx, m.ID))(w)

	back := w.server
	back.ID, back.Name, back.Secret = "", "bbb again", "new"
	got := must(w.AddServer(w.ctx, back))(w)
	w.same(got.ID, w.server.ID)
	w.same(must(w.Server(w.ctx, got.ID))(w).Secret, bbb.Secret("new"))
}

func testTenant(t *testing.T, w *world) {
	w.same(must(w.Tenant(w.ctx, w.platform.ID))(w), classroom.Tenant{ID: classroom.DefaultTenant, Name: classroom.DefaultTenant})
	_, err := w.Tenant(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	_, err = w.TenantByID(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)

	w.pass(time.Second)
	second := must(w.AddServer(w.ctx, classroom.Server{Name: "second", Server: bbb.Server{URL: "https://bbb2.example.org/api"}}))(w)
	want := classroom.Tenant{
		ID: classroom.DefaultTenant, Name: classroom.DefaultTenant, Servers: []string{second.ID}, Policy: classroom.Policy{GradersView: true},
	}
	w.ok(w.SetTenant(w.ctx, want))
	w.ok(w.SetTenantServers(w.ctx, want.ID, want.Servers))
	w.same(must(w.TenantByID(w.ctx, want.ID))(w), want)
	w.same(must(w.Tenant(w.ctx, w.platform.ID))(w), want)
	w.same(must(w.ServersOf(w.ctx, want.ID))(w), []classroom.Server{second})
	w.ok(w.RemoveServer(w.ctx, "second"))
	w.same(must(w.ServersOf(w.ctx, want.ID))(w), []classroom.Server{w.server}) // the oldest
	w.fails(w.SetTenantServers(w.ctx, want.ID, []string{second.ID}), classroom.ErrNotFound)
	want.Servers = nil
	w.ok(w.SetTenantServers(w.ctx, want.ID, nil))
	w.same(must(w.TenantByID(w.ctx, want.ID))(w), want)
	w.fails(w.SetTenant(w.ctx, classroom.Tenant{ID: "unknown"}), classroom.ErrNotFound)
	w.fails(w.SetTenantServers(w.ctx, "unknown", nil), classroom.ErrNotFound)
}

// What is answered from memory is read again in time, also with many who ask.
func testFreshness(t *testing.T, w *world) {
	for range 3 {
		parallel(8, func(int) {
			if _, err := w.Registration(w.ctx, w.platform.ID); err != nil {
				t.Error(err)
			}
		})
		w.pass(7 * time.Second)
	}
	w.pass(-time.Hour) // a clock that is set back
	must(w.Registration(w.ctx, w.platform.ID))(w)
}

func testKeys(t *testing.T, w *world) {
	key := must(w.SigningKey(w.ctx))(w)
	w.same(must(w.SigningKey(w.ctx))(w).ID, key.ID)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key.ID})
	w.pass(time.Hour) // read anew
	again := must(w.SigningKey(w.ctx))(w)
	w.same(string(again.Marshal()), string(key.Marshal()))
}

func ids(keys []lti.Key) []string {
	var list []string
	for _, k := range keys {
		list = append(list, k.ID)
	}
	return list
}

func testFirstKey(t *testing.T, w *world) {
	const n = 4
	var got [n]string
	parallel(n, func(i int) {
		key, err := w.SigningKey(w.ctx)
		if err != nil {
			t.Error(err)
		}
		got[i] = key.ID
	})
	for _, id := range got {
		w.same(id, got[0])
	}
	w.same(len(must(w.PublishedKeys(w.ctx))(w)), 1)
}

// A new key is published before it signs, and an old one after it has.
func testRotation(t *testing.T, w *world) {
	old := must(w.SigningKey(w.ctx))(w).ID
	from := w.now.Add(time.Hour)
	key := must(w.RotateKeys(w.ctx, from, from.Add(24*time.Hour)))(w).ID
	w.same(must(w.SigningKey(w.ctx))(w).ID, old)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key, old})
	w.now = from
	w.same(must(w.SigningKey(w.ctx))(w).ID, key)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{old, key})

	w.now = from.Add(24*time.Hour - time.Second)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{old, key})
	w.pass(time.Second)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key})
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key})
}

// After a theft of the key, a new one signs at once and for good, also if
// another one was to sign tomorrow, and the others go soon.
func testRotationAtOnce(t *testing.T, w *world) {
	old := must(w.SigningKey(w.ctx))(w).ID
	tomorrow := w.now.Add(24 * time.Hour)
	planned := must(w.RotateKeys(w.ctx, tomorrow, tomorrow.Add(24*time.Hour)))(w).ID
	key := must(w.RotateKeys(w.ctx, w.now, w.now.Add(time.Hour)))(w).ID
	w.same(must(w.SigningKey(w.ctx))(w).ID, key)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{old, planned, key})
	w.pass(time.Hour)
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key})
	w.now = tomorrow
	w.same(must(w.SigningKey(w.ctx))(w).ID, key)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key})
}

// A key that a platform has as text signs for it, and isn't swept, for as long
// as the platform is there and has no other.
func testPastedKey(t *testing.T, w *world) {
	old := must(w.SigningKey(w.ctx))(w).ID
	_, pasted, err := w.EditPlatform(w.ctx, w.platform.Name, func(p *admin.Platform) error {
		p.KeyPasted, p.SignsWith = true, old
		return nil
	})
	w.ok(err)
	key := must(w.RotateKeys(w.ctx, w.now, w.now.Add(time.Hour)))(w).ID
	w.same(must(w.NewestKey(w.ctx))(w).ID, key)
	w.pass(2 * time.Hour)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(ids(must(w.PublishedKeys(w.ctx))(w)), []string{key})
	w.same(must(w.KeyFor(w.ctx, pasted.Registration))(w).ID, old)
	w.same(must(w.KeyFor(w.ctx, lti.Registration{}))(w).ID, key)

	_, pasted, err = w.EditPlatform(w.ctx, w.platform.Name, func(p *admin.Platform) error { p.SignsWith = key; return nil })
	w.ok(err)
	w.ok(w.Sweep(w.ctx, w.now))
	w.same(must(w.KeyFor(w.ctx, pasted.Registration))(w).ID, key)
	w.same(must(w.KeyFor(w.ctx, lti.Registration{SignsWith: old}))(w).ID, key) // it is gone
}

// A client id is known by all who have it, and by who had it.
func testRegisteredAs(t *testing.T, w *world) {
	other := platform("college", w.platform.ClientID)
	other.Issuer = "https://college.example.org"
	other = must(w.AddPlatform(w.ctx, other))(w)
	w.ok(w.RemovePlatform(w.ctx, other.Name))
	var got []string
	for _, p := range must(w.RegisteredAs(w.ctx, w.platform.ClientID))(w) {
		got = append(got, p.Issuer)
	}
	slices.Sort(got)
	want := []string{w.platform.Issuer, other.Issuer}
	slices.Sort(want)
	w.same(got, want)
	w.same(len(must(w.RegisteredAs(w.ctx, ""))(w)), 0)
}

// Who came last, by what they may do; of other platforms' people nothing is told.
func testLastLaunch(t *testing.T, w *world) {
	ids := []string{w.platform.ID}
	w.same(must(w.LastLaunch(w.ctx, ids, true))(w).IsZero(), true)
	w.teach("tina", "link")
	w.same(must(w.LastLaunch(w.ctx, ids, true))(w).Equal(w.now), true)
	w.same(must(w.LastLaunch(w.ctx, ids, false))(w).IsZero(), true)
	w.same(must(w.LastLaunch(w.ctx, []string{"other"}, true))(w).IsZero(), true)
	guest := w.arrival("guest", "link")
	guest.Enrolment.Graded = false
	must(w.Arrive(w.ctx, guest))(w)
	w.same(must(w.LastLaunch(w.ctx, ids, false))(w).IsZero(), true)
	w.pass(time.Minute)
	must(w.Arrive(w.ctx, w.arrival("lea", "link")))(w)
	w.same(must(w.LastLaunch(w.ctx, ids, false))(w).Equal(w.now), true)
}
