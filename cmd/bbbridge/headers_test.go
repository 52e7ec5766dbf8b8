package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// headersOf are the headers of an answer that keep it from others.
func headersOf(h http.Header) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
		all[name] = strings.Join(h.Values(name), " AND ")
	}
	return all
}

// guards is what they are to be. No policy is for what is no page.
func guards(forms, ancestors string) map[string]string {
	want := map[string]string{
		"Content-Security-Policy": "", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "origin", "Cache-Control": "no-store",
	}
	if ancestors != "" {
		want["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"base-uri 'none'; form-action 'self' " + forms + "; frame-ancestors " + ancestors
	}
	return want
}

// Every page loads from us alone, leads where it says, stands in the frames of
// its own platform alone, and stays in no cache.
func TestHeadersOfEveryPage(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "5")
	anna := w.held(link)
	returns := func(address string) ltitest.LaunchOptions {
		return ltitest.LaunchOptions{Framed: true, Claims: func(c map[string]any) {
			c["https://purl.imsglobal.org/spec/lti/claim/launch_presentation"] = map[string]any{"return_url": address}
		}}
	}
	open := func(page *ltitest.Page, address string) *ltitest.Page {
		t.Helper()
		next, err := page.Open(address)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	of := func(path string) *ltitest.Page { return open(anna, anna.URL.Path+path+"?"+anna.URL.RawQuery) }
	ben := w.launch(w.link(), "ben", ltitest.LaunchOptions{})
	picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{})
	register := w.registerOf(anna)
	lms := "'self' http://" + hostOf(w.lms.URL())
	for _, test := range []struct {
		name      string
		page      *ltitest.Page
		status    int
		ancestors string // "": it is no page
	}{
		{"front", open(anna, "/"), 200, "'none'"},
		{"a teacher's room", anna, 200, lms},
		{"a learner's room", ben, 200, lms},
		{"a learner's room in a frame", w.launch(link, "ben", ltitest.LaunchOptions{Framed: true}), 200, lms},
		{"a room whose platform is seen elsewhere", w.launch(link, "ben", returns("https://lms.example.edu/course/7?a=b")), 200, lms + " https://lms.example.edu"},
		{"a room whose platform says nothing new", w.launch(link, "ben", returns(w.lms.URL()+"/course")), 200, lms},
		{"waiting", open(ben, ben.URL.Path+"/join?"+ben.URL.RawQuery), 200, lms},
		{"settings", of("/settings"), 200, lms},
		{"recordings", of("/recordings"), 200, lms},
		{"ending", of("/end"), 200, lms},
		{"state", of("/state"), 200, ""},
		{"register", register, 200, lms},
		{"register for a spreadsheet", w.leads(register, "register.csv"), 200, ""},
		{"picker", picker, 200, lms},
		{"not for learners", open(ben, ben.URL.Path+"/settings?"+ben.URL.RawQuery), 403, lms},
		{"nowhere", open(anna, "/nowhere"), 404, "*"},
		{"goodbye", open(anna, "/goodbye"), 200, "*"},
		{"alive", open(anna, "/alive?"+anna.URL.RawQuery), 204, ""},
		{"health", open(anna, "/healthz"), 200, ""},
	} {
		wantGuards(t, test.name, test.page, test.status, test.ancestors)
	}
	keys := guards("", "")
	keys["Cache-Control"] = "public, max-age=300" // a platform asks for them at each message otherwise
	if diff := cmp.Diff(keys, headersOf(open(anna, "/.well-known/jwks.json").Header)); diff != "" {
		t.Errorf("keys (-want +got)\n%s", diff)
	}
	if back := w.choosesNothing(picker); !strings.Contains(back.Header.Get("Content-Security-Policy"), "frame-ancestors "+lms) {
		t.Errorf("the picker's answer: %v", back.Header)
	}
}

// wantGuards holds a page to its headers.
func wantGuards(t *testing.T, name string, page *ltitest.Page, status int, ancestors string) {
	t.Helper()
	if diff := cmp.Diff(guards("https: http:", ancestors), headersOf(page.Header)); page.Status != status || diff != "" {
		t.Errorf("%s: %d, want %d (-want +got)\n%s", name, page.Status, status, diff)
	}
}

// So do the pages that ask once more, and those of a class that has just ended.
func TestHeadersOfQuestions(t *testing.T) {
	w := newWorld(t, worldOptions{})
	law := w.teach("law", "anna", "Anna Moreau", "ben", "Ben Okafor")
	lms := "'self' http://" + hostOf(w.lms.URL())
	for _, route := range []string{
		"/rooms/:room/classes/:session/part/:meeting", "/rooms/:room/recordings/:recording/delete", "/rooms/:room/end", "/rooms/:room/left",
	} {
		_, page := w.try(law.page, "GET "+route, law, w.visit(law.page), "")
		wantGuards(t, route, page, http.StatusOK, lms)
	}
	w.submit(w.click(law.page, "Make two classes of it"), "/part/")
	joins := w.click(w.launchIn(law.page.Browser, law.link, "anna", ltitest.LaunchOptions{}), "Make one class of both")
	wantGuards(t, "joining what was parted", joins, http.StatusOK, lms)

	question, err := law.page.Submit(w.settingsForm(law.page).Set("percent", "100").Set("minutes", "600"))
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, question, true, "Which classes does the new rule count?")
	wantGuards(t, "the new rule's question", question, http.StatusOK, lms)

	again := w.intoADyingClass(w.launch(w.link(), "anna", ltitest.LaunchOptions{}))
	wantText(t, again, true, "You're being let back in.")
	wantGuards(t, "let back in", again, http.StatusOK, lms)
}

// So do all that the picker goes through where frames keep no cookies, and the
// launch that goes on in a window.
func TestHeadersWithoutCookies(t *testing.T) {
	w := newWorld(t, worldOptions{})
	lms := "'self' http://" + hostOf(w.lms.URL())
	p := w.framedPicker(ltitest.LaunchOptions{})
	wantGuards(t, "the picker's frame", p.frame, http.StatusForbidden, lms)
	waits := p.goOn()
	wantText(t, waits, true, "Choose in the other window.")
	wantGuards(t, "the frame that waits, and isn't known to be anybody's", waits, http.StatusOK, "*")
	p.open()
	wantGuards(t, "the frame that waits for its window", p.goOn(), http.StatusOK, lms)
	wantGuards(t, "the picker's window", p.window, http.StatusOK, lms)
	chosen := w.choose(p.window, newRoomForm("Moot court"))
	wantText(t, chosen, true, "You have chosen.")
	wantGuards(t, "chosen in the window", chosen, http.StatusOK, lms)
	wantGuards(t, "the answer in the frame", p.goOn(), http.StatusOK, lms)

	browser := ltitest.NewBrowser()
	browser.FrameCookies = ltitest.FrameCookiesNone
	window := w.launchIn(browser, w.link(), "ben", ltitest.LaunchOptions{Framed: true})
	wantText(t, window, true, "Open the classroom in its own window")
	wantGuards(t, "a launch that needs a window", window, http.StatusForbidden, lms)

	wantGuards(t, "the answer", w.choose(w.pickerOf("law", "anna", ltitest.LaunchOptions{}), newRoomForm("Moot court")), http.StatusOK, lms)

	plain := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	cancelled := plain.choose(plain.pickerOf("law", "anna", ltitest.LaunchOptions{}), url.Values{"cancel": {"1"}})
	wantText(t, cancelled, true, "Nothing was changed.")
	wantGuards(t, "nothing chosen", cancelled, http.StatusOK, "'self' http://"+hostOf(plain.lms.URL()))
}

// choosesNothing sends the picker's form without a choice.
func (w *world) choosesNothing(picker *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	form, err := picker.Form("/pick")
	if err != nil {
		w.t.Fatal(err)
	}
	form.Buttons = nil
	page, err := picker.Submit(form.Set("title", ""))
	if err != nil || page.Status != http.StatusBadRequest {
		w.t.Fatalf("%v %d %s", err, page.Status, page.Text)
	}
	return page
}

// Where we are at https, no form leads to http.
func TestFormsOfHTTPS(t *testing.T) {
	w := newWorld(t, worldOptions{config: func(c *configs.Config) { c.PublicURL = "https://classroom.example" }})
	for path, ancestors := range map[string]string{"/": "'none'", "/goodbye": "*", "/nowhere": "*"} {
		if diff := cmp.Diff(guards("https:", ancestors), headersOf(w.ask(http.MethodGet, path, "", "").Header)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", path, diff)
		}
	}
}

// What a page loads is what its name says, whatever a browser makes of it.
func TestHeadersOfAssets(t *testing.T) {
	w := newWorld(t, worldOptions{})
	paths := []string{"/static/icon-128.png"}
	for _, part := range strings.Split(w.ask(http.MethodGet, "/", "", "").body, `"`) {
		if strings.HasPrefix(part, "/static/") {
			paths = append(paths, part)
		}
	}
	if len(paths) < 3 {
		t.Fatalf("the front page loads %q", paths)
	}
	for _, path := range paths {
		got := w.ask(http.MethodGet, path, "", "")
		if h := got.Header; got.StatusCode != http.StatusOK || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Cache-Control"), "public, max-age=") || h.Get("Content-Type") == "" || h.Get("ETag") == "" {
			t.Errorf("%s: %d %v", path, got.StatusCode, h)
		}
	}
}
