package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

func TestFrontPage(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page := w.ask(http.MethodGet, "/", "", "")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "open your course") {
		t.Errorf("/ says %d %s", page.StatusCode, page.body)
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, path := range []string{"/", "/healthz", "/readyz", "/.well-known/jwks.json", "/rooms/r1", "/nowhere", "/lti/launch"} {
		get, head := w.ask(http.MethodGet, path, "", ""), w.ask(http.MethodHead, path, "", "")
		if head.StatusCode != get.StatusCode || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.body != "" {
			t.Errorf("HEAD %s: %d %v %q; GET: %d %v", path, head.StatusCode, head.Header, head.body, get.StatusCode, get.Header)
		}
	}
}

// What the form says of its limits is what the domain takes.
func TestSettingsForm(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	form := func() *ltitest.Form {
		t.Helper()
		page, err := room.Click("Change")
		if err != nil {
			t.Fatal(err)
		}
		f, err := page.Form("/settings")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, test := range []struct{ name, measure, field, value, wrong string }{
		{"a click is enough", "percent", "", "", ""},
		{"a click is enough for minutes", "minutes", "", "", ""},
		{"minutes of a whole year", "minutes", "minutes", "10000", ""},
		{"too many minutes", "minutes", "minutes", "10001", "from 1 to 10,000"},
		{"many points", "minutes", "points", "100000", ""},
		{"too many points", "minutes", "points", "100001", "100,000 at most"},
		{"no points that nobody gets", "none", "points", "", ""},
		{"places", "none", "max_participants", "10000", ""},
		{"too many places", "none", "max_participants", "10001", "from 1 to 10,000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := form().Set("measure", test.measure)
			if test.field != "" {
				f.Set(test.field, test.value)
			}
			page, err := room.Submit(f)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.wrong == "" && (page.Status != http.StatusOK || !strings.Contains(page.Text, "Saved.")):
				t.Errorf("not saved: %d %s", page.Status, page.Text)
			case test.wrong != "" && (page.Status != http.StatusBadRequest || !strings.Contains(page.Text, test.wrong)):
				t.Errorf("the page doesn't say %q: %d %s", test.wrong, page.Status, page.Text)
			}
			if page.Status == http.StatusOK {
				room = page
			}
		})
	}
}

func TestAPlaceThatTakesNoLinks(t *testing.T) {
	w := newWorld(t, worldOptions{})
	only := func(settings map[string]any) { settings["accept_types"] = []string{"html"} }
	page, err := w.lms.DeepLink(ltitest.NewBrowser(), "law", w.tool.ID, "anna", ltitest.LaunchOptions{Settings: only})
	if err != nil {
		t.Fatal(err)
	}
	w.submit(page, "/lms/")
	answers := w.lms.DeepLinkAnswers()
	if len(answers) != 1 || answers[0].Reason != "" || !strings.Contains(answers[0].Message, "can't be added here") {
		t.Errorf("the LMS got %+v", answers)
	}
}
