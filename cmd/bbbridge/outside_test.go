package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// What a page of one browser holds is worth nothing in another, unless the
// page stands in a frame, out of which no cookie comes along.
func TestFormsOfAWindowOpenNothingElsewhere(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	ben, nobody := ltitest.NewBrowser(), ltitest.NewBrowser()
	w.launchIn(ben, link, "ben", ltitest.LaunchOptions{})
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	for name, other := range map[string]*ltitest.Browser{"a learner's": ben, "no one's": nobody} {
		if got := w.submit(anna.In(other), "/start"); got.Status != http.StatusNotFound || len(w.bbb.Meetings()) != 0 {
			t.Errorf("the teacher's form in %s browser: %d %s", name, got.Status, got.URL)
		}
	}
	w.inClass(w.submit(anna, "/start"))
	framed := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	w.inClass(w.submit(framed, "/join"))
}

// Whoever knows a room's address, as its learners do, may have its teacher
// open one under it: no class starts by that.
func TestAddressesOfOthersStartNoClass(t *testing.T) {
	for name, path := range map[string]string{
		"opens the class": "/class", "tries again": "/again/join?try=1", "came out of a class": `/left?errors=[{"key":"notFound","message":""}]`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			anna := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
			page, err := anna.Open(anna.URL.Path + path)
			if err != nil {
				t.Fatal(err)
			}
			if page.Status != http.StatusOK || len(w.bbb.Meetings()) != 0 || strings.Contains(page.Body, "/again/join") {
				t.Errorf("%d %s, %d meetings", page.Status, page.Text, len(w.bbb.Meetings()))
			}
		})
	}
}

// No address of this machine or its network is called unless the admin says so,
// whoever names it.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	only := func(host int) func(*configs.Config) {
		return func(c *configs.Config) { c.AllowHosts = c.AllowHosts[host : host+1] }
	}
	const lms, meetings = 0, 1
	w := newWorld(t, worldOptions{config: only(meetings)})
	if page := w.launch(w.link(), "anna", ltitest.LaunchOptions{}); page.Status != http.StatusBadGateway || !strings.Contains(page.Text, "jwks_unavailable") {
		t.Errorf("the platform's was called: %d %s", page.Status, page.Text)
	}
	w = newWorld(t, worldOptions{config: only(lms)})
	page := w.submit(w.launch(w.link(), "anna", ltitest.LaunchOptions{}), "/start")
	if page.Status != http.StatusBadGateway || !strings.Contains(page.Text, "server_down") || len(w.bbb.Meetings()) != 0 {
		t.Errorf("BigBlueButton's was called: %d %s", page.Status, page.Text)
	}
}

// Whom we call reads in their log which release it was.
func TestCallsSayWhoWeAre(t *testing.T) {
	agent := ""
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { agent = r.UserAgent() }))
	defer other.Close()
	was := release
	defer func() { release = was }()
	release = "7.1"
	response, err := guarded(configs.Config{AllowHosts: []string{hostOf(other.URL)}}, 0).Get(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if agent != "bbbridge/7.1" {
		t.Errorf("User-Agent %q", agent)
	}
}

// A class is never framed: what leads there opens a window.
func TestClassesOpenInAWindow(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	opens := func(person, action string) {
		t.Helper()
		form, err := w.launch(link, person, ltitest.LaunchOptions{Framed: true}).Form(action)
		if err != nil {
			t.Fatalf("%s: %v", person, err)
		}
		if form.Target != "_blank" {
			t.Errorf("%s's form to %s opens in %q", person, action, form.Target)
		}
	}
	opens("anna", "/start")
	opens("ben", "/join") // the waiting page
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	opens("anna", "/join")
	opens("ben", "/join")
}

// A refusal must be read where it happens: in the platform's frame.
func TestRefusalsShowInFrames(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	refused := w.launch(link, "ben", ltitest.LaunchOptions{Framed: true, Sign: ltitest.SignBroken})
	lost := w.launchIn(ltitest.NewBrowser(), link, "ben", ltitest.LaunchOptions{Framed: true}).In(ltitest.NewBrowser())
	over, err := lost.Reload()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]*ltitest.Page{"jwt_signature_invalid": refused, "visit_over": over} {
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(page.Body, name) || !strings.Contains(policy, "frame-ancestors *") {
			t.Errorf("%s: %d with policy %s", name, page.Status, policy)
		}
	}
}

// An address to return to lets its own origin frame us, and nobody else,
// whatever it hides in its host.
func TestReturnAddressesLetNobodyElseFrameUs(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	for _, address := range []string{
		"https://[::1%25%20https:%20]/course", "https://[fe80::1%25%20*%20]/course", "https://lms.example.edu;sandbox/",
	} {
		page := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true, Claims: func(c map[string]any) {
			c["https://purl.imsglobal.org/spec/lti/claim/launch_presentation"] = map[string]any{"return_url": address}
		}})
		_, ancestors, _ := strings.Cut(page.Header.Get("Content-Security-Policy"), "frame-ancestors ")
		if page.Status != http.StatusOK || ancestors != "'self' http://"+hostOf(w.lms.URL()) {
			t.Errorf("%s: %d, framed by %s", address, page.Status, ancestors)
		}
	}
}
