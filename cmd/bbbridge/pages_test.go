package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

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

// An address says what was just done only in words of ours.
func TestNobodyElseSpeaks(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	var anna *ltitest.Page
	var class []string
	w.eventually("the class is listed", func() bool {
		anna = w.launch(link, "anna", ltitest.LaunchOptions{})
		class = regexp.MustCompile(`/classes/\w+`).FindStringSubmatch(anna.Body)
		return class != nil
	})
	for _, path := range []string{"", "/recordings", class[0]} {
		for said, told := range map[string]bool{"saved": true, "Call+5551234": false} {
			page, err := anna.Open(anna.URL.Path + path + "?said=" + said + "&" + anna.URL.RawQuery)
			if err != nil || page.Status != http.StatusOK {
				t.Fatalf("%s: %v %d", path, err, page.Status)
			}
			if strings.Contains(page.Text, "5551234") || strings.Contains(page.Text, "Saved.") != told {
				t.Errorf("%s, said=%s: %s", path, said, page.Text)
			}
		}
	}
}

// Who is refused reads it in the launch's language, in the platform's frame, and
// finds the way back.
func TestRefusedInOnesOwnLanguage(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	w.lms.AddPerson(ltitest.Person{Username: "zoe", Given: "Zoé", Locale: "fr", Roles: map[string][]string{"law": {ltitest.Learner}}})
	zoe := w.launch(w.link(), "zoe", ltitest.LaunchOptions{Framed: true})
	for _, path := range []string{"/settings", "/end", "/classes/x", "/classes/x/register.csv", "/recordings/x/delete"} {
		page, err := zoe.Open(zoe.URL.Path + path + "?" + zoe.URL.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != http.StatusForbidden || !strings.Contains(page.Body, `<html lang="fr"`) || !strings.Contains(page.Body, zoe.URL.Path) ||
			strings.HasSuffix(page.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
			t.Errorf("%s: %d %v\n%s", path, page.Status, page.Header, page.Text)
		}
	}
}

// What the form says of its limits is what the domain takes.
func TestSettingsForm(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	form := func() *ltitest.Form {
		t.Helper()
		f, err := w.click(room, "Change").Form("/settings")
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

// A teacher sees which recording is which, also before it is deleted for good.
func TestRecordings(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	open := func(person string) *ltitest.Page {
		t.Helper()
		return w.click(w.launch(link, person, ltitest.LaunchOptions{}), "Show recordings")
	}
	settings := w.click(w.launch(link, "anna", ltitest.LaunchOptions{}), "Change")
	form, err := settings.Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	room, err := settings.Submit(form.Set("record", "on"))
	if err != nil {
		t.Fatal(err)
	}
	w.inClass(w.submit(room, "/start"))
	w.person(w.meeting(), "Anna Moreau").Record()
	start := w.clock.now().UTC()
	w.later(47 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	if page := open("anna"); !strings.Contains(page.Text, "47 min · Being processed") {
		t.Errorf("while it is processed: %s", page.Text)
	}
	w.later(time.Minute)
	list := open("anna")
	day := start.Format("2 Jan")
	if !strings.Contains(list.Text, "Learners see it") || !strings.Contains(strings.ReplaceAll(list.Text, "\u00a0", " "), day) {
		t.Errorf("to the teacher: %s", list.Text)
	}
	play, err := list.Form("/play/presentation")
	if err != nil {
		t.Fatal(err)
	}
	if play.Target != "_blank" {
		t.Errorf("the recording opens in %q", play.Target)
	}
	if page := open("ben"); !strings.Contains(page.Text, "47 min") || strings.Contains(page.Text, "Delete") {
		t.Errorf("to a learner: %s", page.Text)
	}
	sure := w.click(list, "Delete")
	if text := strings.ReplaceAll(sure.Text, "\u00a0", " "); !strings.Contains(text, day) || strings.Contains(text, "Weekly seminar,") {
		t.Errorf("it doesn't say which one it deletes: %s", sure.Text)
	}
	if page := w.submit(sure, "/delete"); !strings.Contains(page.Text, "The recording is deleted.") || !strings.Contains(page.Text, "No recording yet") {
		t.Errorf("deleted: %d %s", page.Status, page.Text)
	}
	if again := w.click(list, "Delete"); again.Status != http.StatusNotFound {
		t.Errorf("to delete it once more: %d %s", again.Status, again.Text)
	}
}

// Without a server nobody is offered a button that can't do anything.
func TestNoServerYet(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	page := func(person string) *ltitest.Page { return w.launch(link, person, ltitest.LaunchOptions{}) }
	if anna := page("anna"); !strings.Contains(anna.Text, "Start class") {
		t.Errorf("with a server: %s", anna.Text)
	}
	if err := w.db.RemoveServer(t.Context(), "Test BBB"); err != nil {
		t.Fatal(err)
	}
	w.later(10 * time.Second)
	if anna := page("anna"); !strings.Contains(anna.Text, "no BigBlueButton server in service") || strings.Contains(anna.Text, "Start class") {
		t.Errorf("to the teacher, without one: %s", anna.Text)
	}
	if ben := page("ben"); !strings.Contains(ben.Text, "isn't set up yet") {
		t.Errorf("to the learner, without one: %s", ben.Text)
	}
}

// Who comes out of a class finds the way back to the course.
func TestLeftPageLeadsBack(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.launch(w.link(), "ben", ltitest.LaunchOptions{})
	left, err := room.Open(room.URL.Path + "/left?" + room.URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	course := w.click(left, "Back to the course")
	if hostOf(course.URL.String()) != hostOf(w.lms.URL()) || course.Status != http.StatusOK {
		t.Errorf("back at %s: %d %s", course.URL, course.Status, course.Text)
	}
}

// Who may start the class has nothing to wait for: where others find the page
// that waits, there is a button.
func TestStartersDontWait(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	waits := func() *ltitest.Page {
		t.Helper()
		ben := w.launch(link, "ben", ltitest.LaunchOptions{})
		page, err := ben.Open(ben.URL.Path + "/join?" + ben.URL.RawQuery)
		if err != nil || page.Status != http.StatusOK {
			t.Fatalf("%v %+v", err, page)
		}
		return page
	}
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	wantText(t, waits(), true, "Leave this page open.")
	wantText(t, anna, true, "Learners who come now see: “Your teacher isn't here yet.")
	anna, err := anna.Submit(w.settingsForm(anna).Set("wait_for_moderator", ""))
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, anna, true, "Learners who come now see: “Nobody is here yet. You can start the class.”")
	page := waits()
	wantText(t, page, false, "Leave this page open.")
	wantText(t, page, true, "Nobody is here yet. You can start the class.")
	w.inClass(w.submit(page, "/join"))
}
