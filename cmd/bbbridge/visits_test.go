package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// as launches somebody with another role in the course than they have.
func as(role string) ltitest.LaunchOptions {
	return ltitest.LaunchOptions{Claims: func(claims map[string]any) {
		claims["https://purl.imsglobal.org/spec/lti/claim/roles"] = []string{role}
	}}
}

// opened is the page of its own address, asked for again.
func (w *world) opened(page *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	next, err := page.Reload()
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// Open visits lose their rights as soon as they are nobody's any more: every
// address of the room is tried by a teacher who has left, whose platform is
// switched off, and who is a learner by now.
func TestRightsThatAreOver(t *testing.T) {
	w := newWorld(t, worldOptions{})
	law := w.teach("law", "anna", "Anna Moreau", "ben", "Ben Okafor")
	law.request = w.asks("nadia", "stats", law)
	anna := w.visit(law.page)
	picker, err := w.lms.DeepLink(law.page.Browser, "law", w.tool.ID, "anna", ltitest.LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pages := map[bool]*ltitest.Page{false: law.page, true: picker}
	visitOf := func(route string) (*ltitest.Page, string) {
		page := pages[strings.HasSuffix(route, "/pick")]
		return page, w.visit(page)
	}

	t.Run("a learner by now", func(t *testing.T) {
		w.launch(law.link, "anna", as(ltitest.Learner))
		for _, r := range roomRoutes {
			page, visit := visitOf(r.route)
			status, answer := w.try(page, r.route, law, visit, r.form)
			if may := !refused(status); may != r.learner {
				t.Errorf("%s: %d %s", r.route, status, answer.Text)
			}
		}
		if page := w.opened(law.page); strings.Contains(page.Text, "Change") {
			t.Errorf("the page of before is a teacher's: %s", page.Text)
		}
		w.launch(law.link, "anna", ltitest.LaunchOptions{})
		if page := w.opened(law.page); !strings.Contains(page.Text, "Change") {
			t.Errorf("a teacher again: %s", page.Text)
		}
	})
	t.Run("a teacher by now, in a learner's tab", func(t *testing.T) {
		ben := w.launch(law.link, "ben", ltitest.LaunchOptions{})
		w.launch(law.link, "ben", as(ltitest.Teacher))
		for _, r := range roomRoutes {
			if status, answer := w.try(ben, r.route, law, w.visit(ben), r.form); !r.learner && !refused(status) {
				t.Errorf("%s: %d %s", r.route, status, answer.Text)
			}
		}
	})
	t.Run("platform switched off", func(t *testing.T) {
		if err := w.db.SetPlatformDisabled(t.Context(), "Test LMS", true); err != nil {
			t.Fatal(err)
		}
		for _, r := range roomRoutes {
			page, visit := visitOf(r.route)
			status, answer := w.try(page, r.route, law, visit, r.form)
			if status != http.StatusForbidden || !strings.Contains(answer.Text, "switched off for your school") || strings.Contains(answer.Text, "Seminar in law") {
				t.Errorf("%s: %d %s", r.route, status, answer.Text)
			}
		}
		if status, answer := w.try(law.page, "GET /alive", law, anna, ""); status != http.StatusForbidden {
			t.Errorf("alive: %d %s", status, answer.Text)
		}
		if err := w.db.SetPlatformDisabled(t.Context(), "Test LMS", false); err != nil {
			t.Fatal(err)
		}
		if page := w.opened(law.page); page.Status != http.StatusOK {
			t.Errorf("switched on again: %d %s", page.Status, page.Text)
		}
	})
	t.Run("gone for 90 minutes", func(t *testing.T) {
		late := w.launch(law.link, "anna", ltitest.LaunchOptions{})
		w.clock.advance(90*time.Minute - 5*time.Second)
		if page := w.opened(late); page.Status != http.StatusOK {
			t.Errorf("just before: %d %s", page.Status, page.Text)
		}
		gone := w.launch(law.link, "anna", ltitest.LaunchOptions{})
		w.clock.advance(90 * time.Minute)
		for _, r := range roomRoutes {
			w.in(t).triesInVain(gone, r.route, law, w.visit(gone), r.form)
		}
	})
}

// A command ends what open pages may do at once, though the service that they
// ask is another program.
func TestPlatformDisabledWhileServing(t *testing.T) {
	w, p, link := served(t)
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	for _, command := range []string{"disable", "remove"} {
		p.must("platform", command, "Test LMS")
		if page := w.opened(anna); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "switched off for your school") {
			t.Errorf("after platform %s: %d %s", command, page.Status, page.Text)
		}
		if page := w.submit(anna, "/start"); page.Status != http.StatusForbidden || len(w.bbb.Meetings()) != 0 {
			t.Errorf("class after platform %s: %d %s", command, page.Status, page.Text)
		}
	}
}

// Who leaves is gone from every address of theirs in this browser, and nobody
// else is.
func TestLeave(t *testing.T) {
	w := newWorld(t, worldOptions{})
	law := w.teach("law", "anna", "Anna Moreau", "ben", "Ben Okafor")
	anna := law.page
	shared := anna.Browser
	ben := w.launchIn(shared, law.link, "ben", ltitest.LaunchOptions{})
	second := w.launchIn(shared, w.link(), "anna", ltitest.LaunchOptions{})
	home := w.launch(law.link, "anna", ltitest.LaunchOptions{})
	picker, err := w.lms.DeepLink(shared, "law", w.tool.ID, "anna", ltitest.LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for page, name := range map[*ltitest.Page]string{anna: "Anna Moreau", ben: "Ben Okafor", picker: "Anna Moreau"} {
		if page = w.opened(page); !strings.Contains(page.Text, name) || !strings.Contains(page.Text, "Not you? Leave") {
			t.Errorf("%s: the page doesn't name %s: %s", page.URL.Path, name, page.Text)
		}
	}
	for _, test := range []struct {
		name, visit string
		page        *ltitest.Page
	}{
		{"from another browser", w.visit(anna), home},
		{"without a cookie", w.visit(anna), anna.In(ltitest.NewBrowser())},
		{"without a visit", "", anna},
		{"by a made-up visit", "made-up", anna},
	} {
		for _, route := range visitRoutes {
			if status, page := w.try(test.page, route, law, test.visit, ""); status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", route, test.name, status, page.Text)
			}
		}
	}
	for _, open := range []*ltitest.Page{anna, picker} {
		if status, page := w.try(open, "GET /alive", law, w.visit(open), ""); status != http.StatusNoContent {
			t.Errorf("%s is alive: %d %s", open.URL.Path, status, page.Text)
		}
	}

	bye := w.submit(anna, "/leave")
	if bye.Status != http.StatusOK || !strings.Contains(bye.Text, "You have left.") || !strings.Contains(bye.Text, "open the classroom in your course") || strings.Contains(bye.Body, "Anna") {
		t.Errorf("who has left sees %d %s", bye.Status, bye.Text)
	}
	for _, r := range roomRoutes {
		for _, visit := range []string{w.visit(anna), w.visit(second), w.visit(picker)} {
			ids := law
			if visit == w.visit(second) {
				ids.room = roomOf(second)
			}
			page := w.triesInVain(anna, r.route, ids, visit, r.form)
			if !strings.Contains(page.Text, "visit here is over") || !strings.Contains(page.Text, "open the classroom in your course") || strings.Contains(page.Body, "Anna") {
				t.Errorf("%s says %s", r.route, page.Text)
			}
			if got := page.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s may be kept: %q", r.route, got)
			}
		}
	}
	if status, page := w.try(anna, "GET /alive", law, w.visit(anna), ""); status != http.StatusNotFound {
		t.Errorf("alive: %d %s", status, page.Text)
	}
	if again := w.submit(anna, "/leave"); !strings.Contains(again.Text, "You have left.") { // two clicks
		t.Errorf("leaves again: %d %s", again.Status, again.Text)
	}
	for _, page := range []*ltitest.Page{ben, home} {
		if page = w.opened(page); page.Status != http.StatusOK {
			t.Errorf("another visit: %d %s", page.Status, page.Text)
		}
	}
}

// The window that opens out of a frame belongs to it.
func TestLeaveTheFrame(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	frame := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	window := w.comesOut(w.inClass(w.submit(frame, "/start")))
	if window.Framed() || !strings.Contains(window.Text, "Anna Moreau") {
		t.Fatalf("out of class: %d %s", window.Status, window.Text)
	}
	w.submit(frame, "/leave")
	if window = w.opened(window); strings.Contains(window.Body, "Anna") || !strings.Contains(window.Text, "visit here is over") {
		t.Errorf("the window still is: %d %s", window.Status, window.Text)
	}
}

// comesOut leaves the class by BigBlueButton's own button.
func (w *world) comesOut(class *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	page, err := class.Press("Leave")
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, class.Status, class.Text)
	}
	return page
}

// The cookie ends with the browser.
func TestCookieOfTheBrowser(t *testing.T) {
	w := newWorld(t, worldOptions{})
	browser := ltitest.NewBrowser()
	var kept cookies
	browser.Client.Transport = &kept
	w.launchIn(browser, w.link(), "anna", ltitest.LaunchOptions{})
	found := kept.named("__Host-bbbridge")
	if len(found) != 1 {
		t.Fatalf("%d cookies of the browser", len(found))
	}
	wantCookie(t, found[0], "__Host-bbbridge")
	if found[0].MaxAge != 0 || !found[0].Expires.IsZero() {
		t.Errorf("the cookie outlives the browser: %s", found[0].Raw)
	}
}

// cookies notes those that answers set.
type cookies []*http.Cookie

func (c *cookies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		*c = append(*c, response.Cookies()...)
	}
	return response, err
}

func (c *cookies) named(name string) (found []*http.Cookie) {
	for _, cookie := range *c {
		if cookie.Name == name {
			found = append(found, cookie)
		}
	}
	return found
}

// Who was in class for three hours comes out of it to the page after class,
// and from there to the room; who wasn't in class and had no page open doesn't.
func TestOutOfALongClass(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	ben := w.launch(link, "ben", ltitest.LaunchOptions{})
	class := w.inClass(w.submit(ben, "/join"))
	idle := w.launchIn(ben.Browser, link, "ben", ltitest.LaunchOptions{}) // another tab, closed
	for range 9 {
		w.later(20 * time.Minute)
		w.eventually("a look", func() bool {
			looks, err := w.db.NewestLooks(t.Context(), roomOf(ben), w.clock.now().Add(-10*time.Minute), 1)
			return err == nil && len(looks) == 1
		})
	}
	page := w.comesOut(class)
	if page.Status != http.StatusOK || !strings.Contains(page.Text, "Ben Okafor") || !strings.Contains(page.Text, "To the room") {
		t.Fatalf("out of class: %d %s", page.Status, page.Text)
	}
	if page = w.click(page, "To the room"); page.Status != http.StatusOK {
		t.Errorf("the room: %d %s", page.Status, page.Text)
	}
	if page = w.opened(idle); page.Status != http.StatusNotFound {
		t.Errorf("the tab that was closed: %d %s", page.Status, page.Text)
	}
}
