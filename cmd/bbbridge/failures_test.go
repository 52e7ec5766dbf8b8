package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// numberOn is the number on the page of somebody who was refused.
var numberOn = regexp.MustCompile(`\b[A-Z2-7]{4}-[A-Z2-7]{4}\b`)

// failure searches for a text as staff do, until something is found, and opens the
// first.
func (w *world) failure(desk *ltitest.Page, text string) *ltitest.Page {
	w.t.Helper()
	var page *ltitest.Page
	w.eventually(text+" is found", func() bool {
		page = w.at(desk, "/admin/failures?q="+url.QueryEscape(text))
		return strings.Contains(page.URL.Path, "/admin/failures/") || strings.Contains(page.Body, `href="/admin/failures/`)
	})
	if strings.Contains(page.URL.Path, "/admin/failures/") { // there is one alone of that number
		return page
	}
	link := regexp.MustCompile(`href="(/admin/failures/[a-z0-9]+)"`).FindStringSubmatch(page.Body)
	if link == nil {
		w.t.Fatalf("no failure on %s", page.Text)
	}
	return w.at(desk, link[1])
}

// What goes wrong with a launch is found by the number that its person reads
// out, with what was expected, what came, and what to do.
func TestRefusedLaunchIsFound(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*world)
		code  string
		words []string
	}{
		{"a wrong clock", func(w *world) {
			w.lms.Change(func(b *ltitest.Behaviour) { b.ClockOffset = -6 * time.Minute })
		}, "jwt_expired", []string{"The clock of the LMS is 6", "behind ours", "Compare the clocks", "jwt_expired", "Anna", "clicked", "Weekly seminar", "The login was accepted.", "Test LMS"}},
		{"an unknown deployment", func(w *world) {
			_, _, err := w.db.EditPlatform(w.t.Context(), "Test LMS", func(p *admin.Platform) error {
				p.Deployments = map[string]bool{"another": true}
				return nil
			})
			if err != nil {
				w.t.Fatal(err)
			}
		}, "deployment_unknown", []string{"Expected another", "Approve this deployment", "Anna", "The login was accepted."}},
		{"a client id that isn't registered", func(w *world) {
			all, err := w.db.Platforms(w.t.Context())
			if err != nil {
				w.t.Fatal(err)
			}
			if err := w.db.RemovePlatform(w.t.Context(), "Test LMS"); err != nil {
				w.t.Fatal(err)
			}
			p := all[0]
			p.ID, p.ClientID = "", "as it was typed"
			if _, err := w.db.AddPlatform(w.t.Context(), p); err != nil {
				w.t.Fatal(err)
			}
		}, "login_unknown_platform", []string{"Expected as it was typed", "Register this LMS"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{})
			desk := w.setUp()
			link := w.link()
			test.spoil(w)
			var page *ltitest.Page
			w.eventually("the launch is refused", func() bool {
				page = w.launch(link, "anna", ltitest.LaunchOptions{})
				return page.Status >= 400
			})
			number := numberOn.FindString(page.Text)
			if number == "" {
				t.Fatalf("no number on %s", page.Text)
			}
			w.answers(w.failure(desk, strings.ToLower(number)), http.StatusOK, append(test.words, number)...)
			w.answers(w.failure(desk, strings.ToUpper(test.code)), http.StatusOK, test.words...)
		})
	}
}

// The button on the page of a failure lets the deployment in.
func TestApprovedFromTheFailure(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk, link := w.setUp(), w.link()
	_, _, err := w.db.EditPlatform(t.Context(), "Test LMS", func(p *admin.Platform) error {
		p.Deployments = map[string]bool{"another": true}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	number := numberOn.FindString(w.launch(link, "anna", ltitest.LaunchOptions{}).Text)
	w.submit(w.failure(desk, number), "/deployment")
	if page := w.launch(link, "anna", ltitest.LaunchOptions{}); page.Status != http.StatusOK {
		t.Errorf("%d %s", page.Status, page.Text)
	}
}

// A redirect address that the LMS doesn't know isn't told to us, but nobody comes
// back: that is said, until somebody does.
func TestWrongRedirectAddressIsFound(t *testing.T) {
	w := newWorld(t, worldOptions{tool: func(tool *ltitest.Tool) { tool.RedirectURIs = []string{tool.LaunchURL + "/"} }})
	desk, link := w.setUp(), w.link()
	if page := w.launch(link, "anna", ltitest.LaunchOptions{}); strings.HasPrefix(page.URL.String(), w.url) {
		t.Fatalf("the LMS sent somebody back to %s", page.URL)
	}
	w.clock.advance(2 * time.Minute)
	w.eventually("it is said", func() bool {
		return strings.Contains(w.at(desk, "/admin/failures").Text, "Test LMS sends nobody back")
	})
	w.answers(w.at(desk, "/admin/failures"), http.StatusOK, w.url+"/lti/launch", "Compare it letter by letter")
	w.answers(w.at(desk, "/admin/"), http.StatusOK, "Sends nobody back")
}

// An LMS that posts to another address of ours is told from a stranger.
func TestLaunchToAnotherAddress(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	number := numberOn.FindString(w.ask("POST", "/lti/lunch", formType, "id_token=a.b.c&state=secret-of-the-state").body)
	page := w.answers(w.failure(desk, number), http.StatusOK, w.url+"/lti/launch", w.url+"/lti/lunch")
	if strings.Contains(page.Body, "secret-of-the-state") {
		t.Error("what was posted is shown")
	}
}

// A header that a proxy takes away, and a wrong secret, are found with their
// cure.
func TestRefusedReportIsFound(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	link := w.link()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	room := w.open()[0].RoomID
	w.ask("POST", "/bbb/analytics/"+room, "application/json", "{}")
	w.answers(w.failure(desk, "no_token"), http.StatusOK, "takes the Authorization header away", "Weekly seminar", "Test LMS")
	w.report("{}", "another secret")
	w.answers(w.failure(desk, "bad_token"), http.StatusOK, "bbb-conf --secret")
	overview := w.at(desk, "/admin/")
	w.answers(overview, http.StatusOK, "Refused reports: 2")
}

// A server that doesn't answer is told with the person who couldn't get in, and
// how they had come.
func TestRefusedJoinIsFound(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	page := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	defer w.bbb.Be(bbbtest.Fault{Call: "create", Kind: bbbtest.Capacity})()
	form, err := page.Form("/start")
	if err != nil {
		t.Fatal(err)
	}
	refused, err := page.Submit(form)
	if err != nil {
		t.Fatal(err)
	}
	number := numberOn.FindString(refused.Text)
	w.answers(w.failure(desk, number), http.StatusOK, "Way into a class", "Anna", "Weekly seminar", "They were let in.", "Test LMS")
	w.answers(w.at(desk, "/admin/"), http.StatusOK, "Refused on the way into a class: 1")
}

// A grade that the gradebook doesn't take has its story from the class on, and is
// sent again from its page.
func TestRefusedGradeIsFound(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	link := w.link("complete_minutes", "30")
	heal := w.lms.Be(ltitest.Fault{At: ltitest.ScoresEndpoint, Status: http.StatusForbidden})
	w.holdClass(link)
	page := w.failure(desk, "forbidden")
	w.answers(page, http.StatusOK, "A grade isn't in the gradebook", "Ben", "They were sent on into the class.", "points: 100 of 100", "Send again")
	w.answers(w.at(desk, "/admin/deliveries"), http.StatusOK, "Refused", "Ben", "Weekly seminar")
	w.answers(w.at(desk, "/admin/deliveries?state=delivered"), http.StatusOK, "No grade fits.")
	w.answers(w.at(desk, "/admin/deliveries?course=nothing"), http.StatusOK, "No grade fits.")
	heal()
	w.answers(w.submit(page, "/admin/deliveries"), http.StatusOK, "It is sent again now.")
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	w.answers(w.at(desk, "/admin/audit"), http.StatusOK, "Sent grades again")
}

// All that a page shows, or all since a time, are sent again by one button; a
// platform that holds up grades is tried at once.
func TestGradesSentAgainTogether(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	link := w.link("complete_minutes", "30")
	heal := w.lms.Be(ltitest.Fault{At: ltitest.ScoresEndpoint, Status: http.StatusForbidden})
	w.holdClass(link)
	w.eventually("it is refused", func() bool { return strings.Contains(w.at(desk, "/admin/deliveries").Text, "Ben") })
	w.post(desk, "/admin/deliveries", url.Values{"all": {"since"}, "since": {w.clock.now().UTC().Add(48 * time.Hour).Format("2006-01-02T15:04")}})
	w.answers(w.at(desk, "/admin/deliveries"), http.StatusOK, "Ben") // of a time to come there is none
	heal()
	w.answers(w.post(desk, "/admin/deliveries", url.Values{"all": {"shown"}}), http.StatusOK, "Sent again: 1.")
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })

	heal = w.lms.Be(ltitest.Fault{Status: http.StatusServiceUnavailable})
	other := w.link("complete_minutes", "30")
	w.holdClass(other)
	w.eventually("it is held up", func() bool { return strings.Contains(w.at(desk, "/admin/deliveries").Text, "grades that wait: 1") })
	w.answers(w.at(desk, "/admin/"), http.StatusOK, "Grades wait")
	heal()
	w.answers(w.submit(w.at(desk, "/admin/deliveries"), "/admin/deliveries/try"), http.StatusOK, "It is tried now.")
	w.eventually("Ben has his other grade", func() bool { return w.grade(other, "ben") == "10/10" })
}

// post sends a form of nobody's page.
func (w *world) post(page *ltitest.Page, path string, values url.Values) *ltitest.Page {
	w.t.Helper()
	next, err := page.Submit(&ltitest.Form{Method: http.MethodPost, Action: w.url + path, Fields: values})
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// A helper finds what is their tenant's, and nothing of others or of nobody.
func TestFailuresOfATenant(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	helper := w.join("helper@school.example", admin.Helper, classroom.DefaultTenant)
	stranger := w.join("other@school.example", admin.Helper, "elsewhere")
	unknown := numberOn.FindString(w.ask("POST", "/lti/login", formType, "iss=https%3A%2F%2Fnobody.example&login_hint=5&target_link_uri="+url.QueryEscape(w.url+"/lti/launch")).body)
	w.lms.Change(func(b *ltitest.Behaviour) { b.ClockOffset = time.Hour })
	number := numberOn.FindString(w.launch(link, "anna", ltitest.LaunchOptions{}).Text)
	w.failure(helper, number)
	for desk, numbers := range map[*ltitest.Page][]string{helper: {unknown}, stranger: {unknown, number}} {
		for _, n := range numbers {
			w.answers(w.at(desk, "/admin/failures?q="+n), http.StatusOK, "Nothing was refused that fits")
		}
	}
	w.answers(w.at(stranger, "/admin/"), http.StatusOK, "Refused launches: 0")
	w.answers(w.at(helper, "/admin/"), http.StatusOK, "Refused launches: 1")
	if page := w.at(helper, "/admin/failures"); strings.Contains(page.Text, "Make the file") {
		t.Error("a helper is offered the bundle")
	}
}

// The bundle for support has no secret in it and no name.
func TestBundle(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	link := w.link("complete_minutes", "30")
	heal := w.lms.Be(ltitest.Fault{At: ltitest.ScoresEndpoint, Status: http.StatusForbidden})
	defer heal()
	w.holdClass(link)
	w.failure(desk, "forbidden")
	w.lms.Change(func(b *ltitest.Behaviour) { b.ClockOffset = time.Hour })
	number := numberOn.FindString(w.launch(link, "anna", ltitest.LaunchOptions{}).Text)
	w.failure(desk, number)
	parts := unzip(t, []byte(w.post(desk, "/admin/support", nil).Body))
	for name, part := range map[string]string{
		"versions.json": "SQLite", "settings.json": "BBBRIDGE_PUBLIC_URL", "failures.json": number, "tallies.json": "jwt_iat_invalid",
		"platforms.json": w.lms.URL(), "servers.json": w.bbb.URL(), "counts.json": "refused", "metrics.txt": "bbbridge_launches_total",
	} {
		if !strings.Contains(parts[name], part) {
			t.Errorf("%s lacks %q: %.300s", name, part, parts[name])
		}
	}
	people := []string{"Anna", "Ben", "anna", "Moreau", boss, "Weekly seminar", "Intro to Law"}
	for name, text := range parts {
		for _, word := range append(people, w.bbb.Secret(), secret, string(w.key[:])) {
			if word != "" && strings.Contains(text, word) {
				t.Errorf("%s has %q in it", name, word)
			}
		}
		if jwt := regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.`).FindString(text); jwt != "" {
			t.Errorf("%s has a token in it: %s", name, jwt)
		}
	}
	w.answers(w.at(desk, "/admin/audit"), http.StatusOK, "Made a file for support")
}

func unzip(t *testing.T, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("%v: %.200q", err, file)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(text)
	}
	return parts
}

// A room is looked at as its teacher sees it, with nothing to be done there, and
// it is written down.
func TestLookAtARoom(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.setUp()
	w.join("helper@school.example", admin.Helper, classroom.DefaultTenant)
	link := w.link("complete_minutes", "30")
	w.holdClass(link)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	w.later(3 * time.Hour)
	helper, desk := w.signsIn("helper@school.example", secret), w.signsIn(boss, secret)
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.answers(w.at(helper, "/admin/courses?q=nothing"), http.StatusOK, "No room fits.")
	list := w.answers(w.at(helper, "/admin/courses?q=WEEKLY"), http.StatusOK, "Weekly seminar", "Test LMS", "Now")
	page := w.answers(w.click(list, "Weekly seminar"), http.StatusOK, "You see this room as its teacher does.", "Now", "Anna", "came", "1 complete")
	if strings.Contains(page.Body, "<form") || strings.Contains(page.Body, "v=") || strings.Contains(page.Body, "/rooms/") && strings.Contains(page.Body, `href="/rooms/`) {
		t.Errorf("something can be done there: %s", page.Body)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Error(policy)
	}
	w.answers(w.at(desk, "/admin/audit"), http.StatusOK, "Looked at the room", "helper@school.example", "Weekly seminar")
}

// The overview counts what is on, what was refused, and how each platform and
// server does.
func TestOverviewOfADay(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.setUp()
	w.answers(w.at(desk, "/admin/"), http.StatusOK, "No class is on.", "Nothing within a day")
	link := w.link("complete_minutes", "30")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(time.Minute)
	w.eventually("it is counted", func() bool {
		return strings.Contains(w.at(desk, "/admin/").Text, "Launches: 2") && strings.Contains(w.at(desk, "/admin/").Text, "People in them: 2")
	})
	w.answers(w.at(desk, "/admin/"), http.StatusOK, "Classes now: 1.", "Ways into a class: 2", "Works")
	w.answers(w.at(desk, "/admin/?period=30d"), http.StatusOK, "Each day of thirty", w.clock.now().UTC().Format(time.DateOnly))
}

// The same by commands.
func TestFailuresByCommand(t *testing.T) {
	w, p, link := served(t)
	w.lms.Change(func(b *ltitest.Behaviour) { b.ClockOffset = time.Hour })
	number := numberOn.FindString(w.launch(link, "anna", ltitest.LaunchOptions{}).Text)
	w.eventually("it is kept", func() bool { return strings.Contains(p.must("failures"), number) })
	for _, args := range [][]string{{"--code", "jwt_iat_invalid"}, {"--platform", "Test LMS"}, {"--search", number}, {"--search", "anna"}} {
		if got := p.must(append([]string{"failures"}, args...)...); !strings.Contains(got, number) || !strings.Contains(got, "Anna") {
			t.Errorf("%q: %s", args, got)
		}
	}
	if got := p.must("failures", "--code", "nothing"); !strings.Contains(got, "Nothing was refused in the last 24h") {
		t.Error(got)
	}
	var f admin.Failure
	if err := json.Unmarshal([]byte(p.must("failures", "--json", "--search", number)), &f); err != nil || f.Request != number || f.ClockAhead < 50*time.Minute {
		t.Errorf("%+v, %v", f, err)
	}
	file := filepath.Join(t.TempDir(), "support.zip")
	p.must("support", file)
	if got := p.must("deliveries", "list"); !strings.Contains(got, "No grade fits.") {
		t.Error(got)
	}
	if got := p.must("deliveries", "resend", "--since", "24h"); !strings.Contains(got, "Sent again: 0.") {
		t.Error(got)
	}
}
