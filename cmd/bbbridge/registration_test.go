package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// registrationLink makes a link as the command does.
func (w *world) registrationLink(change ...func(*admin.LinkWish)) string {
	w.t.Helper()
	wish := admin.LinkWish{TenantID: classroom.DefaultTenant, Note: "for the test", Life: 24 * time.Hour}
	for _, f := range change {
		f(&wish)
	}
	links := &admin.Registering{Store: w.db, PublicURL: w.url, Now: w.clock.now}
	_, address, err := links.NewLink(w.t.Context(), admin.Shell, wish)
	if err != nil {
		w.t.Fatal(err)
	}
	return address
}

// pasted is the page that the LMS shows whose admin has pasted a link.
func (w *world) pasted(link string, o ltitest.RegisterOptions) *ltitest.Page {
	w.t.Helper()
	page, err := w.lms.OpenRegistration(link, o)
	if err != nil || page.Blocked != "" {
		w.t.Fatalf("%v %+v", err, page)
	}
	return page
}

// registers pastes a link, clicks, and switches the tool on.
func (w *world) registers(link string, o ltitest.RegisterOptions) *ltitest.Page {
	w.t.Helper()
	asks := w.pasted(link, o)
	if asks.Status != http.StatusOK || !strings.Contains(asks.Text, "Nothing is registered until you click") {
		w.t.Fatalf("asked: %d %s", asks.Status, asks.Text)
	}
	done := w.submit(asks, "/lti/register")
	if done.Status != http.StatusOK || done.Blocked != "" {
		w.t.Fatalf("registered: %d %s %s", done.Status, done.Blocked, done.Text)
	}
	tools := w.lms.Tools()
	w.tool = w.lms.ActivateTool(tools[len(tools)-1].ID)
	return done
}

// A platform that is invited registers, in the manner of each LMS: its teachers
// and learners launch, content is chosen, and a grade arrives.
func TestRegistrationByLink(t *testing.T) {
	for _, profile := range []string{"moodle", "canvas", "sakai", "blackboard", "d2l", "plain"} {
		t.Run(profile, func(t *testing.T) {
			w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: profile, Name: "Our school"}, unregistered: true})
			done := w.registers(w.registrationLink(), ltitest.RegisterOptions{})
			for _, text := range []string{"is registered.", "A link in a course opens a classroom.", "Teachers choose a classroom", "goes to the gradebook", "by their names"} {
				wantText(t, done, true, text)
			}
			if !strings.Contains(done.Body, "/static/registered.") || strings.Contains(done.Body, "registration_token") {
				t.Errorf("page %s", done.Body)
			}
			link := w.picks("law", "anna", "Moot court", ltitest.LaunchOptions{})
			for _, person := range []string{"anna", "ben"} {
				if page := w.launch(link, person, ltitest.LaunchOptions{}); page.Status != http.StatusOK || !strings.HasPrefix(page.URL.Path, "/rooms/") {
					t.Fatalf("%s: %d %s", person, page.Status, page.Text)
				}
			}
			w.holdClass(link)
			w.eventually("the grade arrives", func() bool { return w.grade(link, "ben") == "100/100" })
		})
	}
}

// Registering again is the same platform, with the same courses: by the same
// link and by another one.
func TestRegistrationAgain(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	link := w.registrationLink()
	w.registers(link, ltitest.RegisterOptions{})
	first, tool := w.platforms()[0], w.tool
	room := w.launch(w.link(), "anna", ltitest.LaunchOptions{}).URL.Path
	for name, again := range map[string]string{"the same link": link, "another one": w.registrationLink()} {
		done := w.registers(again, ltitest.RegisterOptions{Update: tool.ID})
		wantText(t, done, true, "is registered anew")
		wantText(t, done, true, "it isn't shown in the activity chooser") // Moodle sets all its settings back
		wantText(t, done, false, "Activate")
		if all := w.platforms(); len(all) != 1 || all[0].ID != first.ID || all[0].ClientID != first.ClientID {
			t.Fatalf("%s: %+v", name, all)
		}
	}
	if again := w.launch(w.lms.Links("law")[0], "anna", ltitest.LaunchOptions{}).URL.Path; again != room {
		t.Errorf("the link leads to %s, and led to %s", again, room)
	}
}

func (w *world) platforms() []admin.Platform {
	w.t.Helper()
	all, err := w.db.Platforms(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// What a link with --approve has registered waits: launches are refused with
// words of their own, until somebody says yes.
func TestRegistrationWaits(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	link := w.registrationLink(func(wish *admin.LinkWish) { wish.Approve = true })
	wantText(t, w.pasted(link, ltitest.RegisterOptions{}), true, "After that, whoever runs this service has to approve it")
	done := w.registers(link, ltitest.RegisterOptions{})
	wantText(t, done, true, "waits for approval")
	activity := w.link()
	page := w.launch(activity, "anna", ltitest.LaunchOptions{})
	if page.Status != http.StatusForbidden || !strings.Contains(page.Text, "isn't open for your school yet") || !strings.Contains(page.Text, "platform_pending") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	staff := &admin.Registering{Store: w.db, Now: w.clock.now}
	if waited, err := staff.Approve(t.Context(), admin.Shell, w.platforms()[0].ID); err != nil || !waited {
		t.Fatal(waited, err)
	}
	if page := w.launch(activity, "anna", ltitest.LaunchOptions{}); page.Status != http.StatusOK {
		t.Errorf("approved: %d %s", page.Status, page.Text)
	}
	// Now the LMS alone knows whether something new comes of the link.
	wantText(t, w.pasted(link, ltitest.RegisterOptions{}), true, "If this makes a new tool in the LMS")
	wantText(t, w.registers(link, ltitest.RegisterOptions{Update: w.tool.ID}), true, "is registered anew")
	if page := w.launch(activity, "anna", ltitest.LaunchOptions{}); page.Status != http.StatusOK {
		t.Errorf("updated: %d %s", page.Status, page.Text)
	}
	wantText(t, w.registers(link, ltitest.RegisterOptions{}), true, "waits for approval")
}

// What goes wrong is said, with what to do, and is kept with the link. The page
// is read in whichever frame it stands.
func TestRegistrationThatFails(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	used := w.registrationLink()
	w.registers(used, ltitest.RegisterOptions{})
	other := ltitest.Start(t, ltitest.Options{Profile: "sakai"})
	over := w.registrationLink(func(wish *admin.LinkWish) { wish.Life = time.Hour })
	w.clock.advance(time.Hour)
	configuration := func(address string) ltitest.RegisterOptions {
		return ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("openid_configuration", address) }}
	}
	spoiled := func(change func(*ltitest.Registering)) func() {
		return func() { w.lms.Change(func(b *ltitest.Behaviour) { change(&b.Registering) }) }
	}
	desk, theirs := w.setUp(), w.join("theirs@school.example", admin.Helper, classroom.DefaultTenant)
	for _, test := range []struct {
		name    string
		link    string
		spoil   func()
		options ltitest.RegisterOptions
		click   bool
		status  int
		code    string
		says    string
	}{
		{"a link of nobody", w.url + "/lti/register?code=unknown", nil, ltitest.RegisterOptions{}, false, 404, "link_unknown", "isn't known"},
		{"a link that is too old", over, nil, ltitest.RegisterOptions{}, false, 410, "link_expired", "too old"},
		{"a private address", "", nil, configuration("https://10.1.2.3/c"), false, 400, "registration_private", "has a private address"},
		{"another LMS by a used link", used, nil, configuration(other.URL() + "/lti/openid-configuration?key=7&clientId=x"), false, 400, "registration_private", "private address"},
		{"somebody else's issuer", "", spoiled(func(r *ltitest.Registering) {
			r.ConfigurationAs = func(c map[string]any) { c["issuer"] = "https://moodle.other.example" }
		}), ltitest.RegisterOptions{}, false, 400, "registration_issuer", "https://moodle.other.example"},
		{"a broken token", "", nil, ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("registration_token", "broken") }}, true, 400, "registration_token", "Wrong number of segments"},
		{"a fault of the LMS", "", func() { w.lms.Be(ltitest.Fault{At: ltitest.RegistrationEndpoint, Status: 500}) }, ltitest.RegisterOptions{}, true, 502, "registration_platform_fails", "a fault of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(w.platforms())
			if test.link == "" {
				test.link = w.registrationLink()
			}
			if test.spoil != nil {
				test.spoil()
			}
			page := w.pasted(test.link, test.options)
			if test.click {
				page = w.submit(page, "/lti/register")
			}
			if page.Status != test.status || page.Blocked != "" || !strings.Contains(page.Text, test.code) || !strings.Contains(page.Text, test.says) {
				t.Errorf("%d %s %s", page.Status, page.Blocked, page.Text)
			}
			if now := len(w.platforms()); now != before {
				t.Errorf("%d platforms, there were %d", now, before)
			}
			if links := w.links(); test.status != 404 && test.status != 410 && !slices.ContainsFunc(links, func(l admin.RegistrationLink) bool {
				return len(l.Failures) > 0 && l.Failures[0].Code == test.code
			}) {
				t.Errorf("nothing is kept with the links: %+v", links)
			}
			number := numberOn.FindString(page.Text)
			found := w.failure(desk, number)
			w.answers(found, http.StatusOK, test.code, "Registration by a link")
			for _, secret := range []string{strings.TrimPrefix(test.link, w.url+"/lti/register?code=")} {
				if strings.Contains(found.Text, secret) && secret != "unknown" {
					t.Errorf("a secret is kept: %s", found.Text)
				}
			}
			if got := strings.Contains(w.at(theirs, "/admin/failures?q="+number).Text, test.code); got != (test.code != "link_unknown") {
				t.Errorf("whose link it was: found is %v", got)
			}
			w.lms.Heal()
			w.lms.Change(func(b *ltitest.Behaviour) { b.Registering.ConfigurationAs = nil })
		})
	}
}

func (w *world) links() []admin.RegistrationLink {
	w.t.Helper()
	all, err := w.db.RegistrationLinks(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// A used link registers no other LMS.
func TestRegistrationLinkIsUsedUp(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	link := w.registrationLink()
	w.registers(link, ltitest.RegisterOptions{})
	w.lms.Change(func(b *ltitest.Behaviour) { b.Registering.Issuer = rootOf(w.lms.URL()) })
	page := w.pasted(link, ltitest.RegisterOptions{})
	if page.Status != http.StatusConflict || !strings.Contains(page.Text, "link_used") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
}

func rootOf(address string) string { return "http://" + hostOf(address) }

// Who opens the link themselves learns where to paste it. It is shown nowhere
// else than to who has it.
func TestRegistrationLinkByHand(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	link := w.registrationLink()
	page, err := ltitest.NewBrowser().Get(link)
	if err != nil || page.Status != http.StatusOK {
		t.Fatal(page, err)
	}
	wantText(t, page, true, "This is a registration link.")
	wantText(t, page, true, link)
	if page, err = ltitest.NewBrowser().Get(w.url + "/lti/register?code=x"); err != nil || page.Status != http.StatusNotFound {
		t.Errorf("%v %v", page, err)
	}
	wantText(t, page, false, "This is a registration link.")
}
