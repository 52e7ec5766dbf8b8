package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// An observer of the course is told nothing of having been absent; a learner is.
func TestObserversAreNotAbsent(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	link := w.link()
	holdClass(w, link, 20*time.Minute)
	page := func(person string) *ltitest.Page { return w.launch(link, person, ltitest.LaunchOptions{}) }
	w.eventually("the class is over", func() bool { return strings.Contains(page("diego").Text, "You weren't there") })
	if ruth := page("ruth"); strings.Contains(ruth.Text, "You weren't there") || strings.Contains(ruth.Text, "My attendance") {
		t.Errorf("to an observer: %s", ruth.Text)
	}
	if ben := page("ben"); !strings.Contains(ben.Text, "My attendance") || strings.Contains(ben.Text, "You weren't there") {
		t.Errorf("to a learner who came: %s", ben.Text)
	}
}

// A wrong address below /lti/ says that it is one, whoever posts there, and
// which ones are right.
func TestWrongAddressOfAnLMS(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page, err := ltitest.NewBrowser().Get(w.lms.URL() + "/")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method, path string
		status             int
		says               string
		setup              bool
	}{
		{"a launch somewhere else", http.MethodPost, "/lti/start", http.StatusNotFound, "not_found", true},
		{"a launch opened by hand", http.MethodGet, "/lti/start", http.StatusNotFound, "not_found", true},
		{"another way than the address takes", http.MethodGet, "/lti/window", http.StatusMethodNotAllowed, "bad_method", true},
		{"nothing of an LMS", http.MethodPost, "/nowhere", http.StatusNotFound, "not_found", false},
		{"a form of ours from another site", http.MethodPost, "/leave", http.StatusForbidden, "csrf", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := page.Submit(&ltitest.Form{Method: test.method, Action: w.url + test.path, Fields: map[string][]string{"id_token": {"x"}}})
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != test.status || !strings.Contains(got.Text, test.says) {
				t.Errorf("%d %s", got.Status, got.Text)
			}
			if says := strings.Contains(got.Text, w.url+"/lti/launch"); says != test.setup {
				t.Errorf("names the right address: %v\n%s", says, got.Text)
			}
		})
	}
}

// Pages without scripts say that their times are in UTC, so all are.
func TestTimesAreUTC(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "10")
	holdClass(w, link, 20*time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	times := regexp.MustCompile(`<time datetime="[^"]*?(Z|[+-]\d\d:\d\d)"`)
	for name, page := range map[string]*ltitest.Page{
		"teacher": anna, "learner": w.launch(link, "ben", ltitest.LaunchOptions{}), "register": w.leads(anna, "/classes/"),
	} {
		found := times.FindAllStringSubmatch(page.Body, -1)
		if len(found) == 0 {
			t.Errorf("%s: no times: %s", name, page.Text)
		}
		for _, at := range found {
			if at[1] != "Z" {
				t.Errorf("%s: %s", name, at[0])
			}
		}
		if !strings.Contains(page.Body, `<noscript><p class="zone meta">Times are in UTC.</p></noscript>`) {
			t.Errorf("%s doesn't say which zone its times are in", name)
		}
	}
}
