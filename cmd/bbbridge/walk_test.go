package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// holdClass has Anna start a class and Ben join it, and lets time pass.
func holdClass(w *world, link ltitest.Link, ben time.Duration) {
	w.t.Helper()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	page := w.launch(link, "ben", ltitest.LaunchOptions{})
	w.inClass(w.submit(page, "/join"))
	w.later(ben)
	w.person(w.meeting(), "Ben Okafor").Leave()
	w.later(time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
}

func TestFromTheLinkToTheGrade(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")

	early := w.launch(link, "ben", ltitest.LaunchOptions{})
	if early.Status != http.StatusOK || !strings.HasPrefix(early.URL.Path, "/rooms/") {
		t.Fatalf("Ben is at %s: %d %s", early.URL, early.Status, early.Text)
	}
	waiting, err := early.Click("Look again")
	if err != nil {
		t.Fatal(err)
	}
	if waiting.Status != http.StatusOK || waiting.URL.Host != early.URL.Host {
		t.Fatalf("before class Ben is at %s: %d", waiting.URL, waiting.Status)
	}

	anna := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	if anna.Blocked != "" {
		t.Fatalf("the LMS may not frame the room: %s", anna.Blocked)
	}
	w.inClass(w.submit(anna, "/start"))

	w.later(3 * time.Second) // what the page knows of the room is that old at most
	in, err := waiting.Open(strings.Replace(early.URL.String(), "?", "/join?", 1))
	if err != nil {
		t.Fatal(err)
	}
	w.inClass(in)

	w.later(40 * time.Minute)
	m := w.meeting()
	w.person(m, "Ben Okafor").Leave()
	w.later(time.Minute)
	w.person(m, "Anna Moreau").Leave()
	w.bbb.EndNow(m.ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if got := len(w.lms.AcceptedScores(link.ID, "ben")); got != 1 {
		t.Errorf("the gradebook took %d scores for Ben, want 1", got)
	}
	if got := w.lms.Scores(link.ID, "anna"); len(got) != 0 {
		t.Errorf("the teacher was graded: %v", got)
	}

	var counted string
	w.eventually("the delivery is kept", func() bool {
		counted = w.ask("GET", "/metrics", "", "").body
		return strings.Contains(counted, `bbbridge_deliveries{state="delivered"} 1`)
	})
	for _, want := range []string{
		`bbbridge_launches_total{outcome="ok"} 2`, `bbbridge_api_call_seconds_count{call="create",outcome="ok"} 1`,
		`bbbridge_api_call_seconds_count{call="token",outcome="ok"}`, `bbbridge_api_call_seconds_count{call="score",outcome="ok"} 1`,
		`bbbridge_api_call_seconds_count{call="key_set",outcome="ok"} 1`, `bbbridge_callbacks_total{call="analytics",outcome="ok"} 1`,
		`bbbridge_deliveries{state="withdrawn"} 0`, `bbbridge_live_meetings 0`,
	} {
		if !strings.Contains(counted, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}

	again := w.launch(link, "anna", ltitest.LaunchOptions{})
	var register string
	for _, a := range again.Anchors {
		if strings.Contains(a.Href, "/classes/") {
			register = a.Href
		}
	}
	page, err := again.Open(register)
	if err != nil || page.Status != http.StatusOK || !strings.Contains(page.Text, "Ben Okafor") {
		t.Fatalf("register: %v %d %s", err, page.Status, page.Text)
	}
	for _, a := range page.Anchors {
		if strings.Contains(a.Href, "register.csv") {
			file, err := page.Follow(a)
			if err != nil || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(file.Body, "\ufeffname,role,minutes,") ||
				!strings.Contains(file.Body, "\n\"Ben Okafor\",\"learner\",40.0,") {
				t.Errorf("register.csv: %v %v\n%s", err, file.Header, file.Body)
			}
			return
		}
	}
	t.Error("the register has no link to a file")
}

func TestTooShort(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	holdClass(w, link, 29*time.Minute)
	learner := func() string { return w.launch(link, "ben", ltitest.LaunchOptions{}).Text }
	w.eventually("Ben sees his minutes", func() bool { return strings.Contains(learner(), "29") })
	if got := w.lms.Scores(link.ID, "ben"); len(got) != 0 {
		t.Errorf("something was sent for 29 of 30 minutes: %v", got)
	}
	holdClass(w, link, 31*time.Minute) // within the hour: one session, both add up
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}

func TestGradesWithoutACallback(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "3")
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(5 * time.Minute)
	w.ended()
	w.later(3 * time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}

func TestNobodyElseMayTeach(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	room := strings.SplitN(anna.URL.Path, "/", 3)[2]
	for _, person := range []string{"ben", "ruth", "sam"} {
		page := w.launch(link, person, ltitest.LaunchOptions{})
		visit := page.URL.Query().Get("v")
		for _, path := range []string{"/end", "/settings", "/recordings/x/delete", "/classes/x", "/classes/x/register.csv"} {
			for _, v := range []string{visit, anna.URL.Query().Get("v"), ""} {
				got, err := page.Open("/rooms/" + room + path + "?v=" + v)
				if err != nil {
					t.Fatal(err)
				}
				if got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
					t.Errorf("%s gets %s with v=%q: %d", person, path, v, got.Status)
				}
			}
		}
		for _, path := range []string{"/start", "/end", "/settings", "/recordings/x/delete", "/recordings/x/publish", "/classes/x/resend/y", "/classes/x/resend", "/classes/x/replace/y", "/column", "/share", "/keep"} {
			form := &ltitest.Form{Method: http.MethodPost, Action: "/rooms/" + room + path + "?v=" + visit, Fields: map[string][]string{"title": {"Mine"}}}
			got, err := page.Submit(form)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
				t.Errorf("%s posts to %s: %d", person, path, got.Status)
			}
		}
	}
}

func TestNoCookieInTheFrame(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	b := ltitest.NewBrowser()
	b.FrameCookies = ltitest.FrameCookiesNone
	page := w.launchIn(b, link, "ben", ltitest.LaunchOptions{Framed: true})
	if page.Status != http.StatusForbidden || !strings.Contains(page.Text, "Ben") {
		t.Fatalf("in a frame without cookies: %d %s", page.Status, page.Text)
	}
	in := w.submit(page, "/lti/window")
	if in.Status != http.StatusOK || !strings.HasPrefix(in.URL.Path, "/rooms/") || in.Framed() {
		t.Fatalf("in the new window: %s %d %s", in.URL, in.Status, in.Text)
	}
	if again := w.submit(page, "/lti/window"); again.Status/100 != 4 {
		t.Errorf("the same click once more: %d", again.Status)
	}
	if other := w.submit(page.In(ltitest.NewBrowser()), "/lti/window"); other.Status/100 != 4 {
		t.Errorf("the same page in another browser: %d", other.Status)
	}
}

func TestALaunchCountsOnce(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	page := w.launch(link, "ben", ltitest.LaunchOptions{Stop: ltitest.StopAfterPost})
	if page.Status != http.StatusSeeOther {
		t.Fatalf("launch: %d", page.Status)
	}
	again, err := page.Reload()
	if err != nil || again.Status/100 != 4 || !strings.Contains(again.Text, "course") {
		t.Errorf("the same form again: %v %d %s", err, again.Status, again.Text)
	}
}

func TestOpenClass(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("open", "class")
	waits := w.launch(link, "ben", ltitest.LaunchOptions{})
	if waits.Status != http.StatusOK {
		t.Fatalf("Ben before class: %d %s", waits.Status, waits.Text)
	}
	framed := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	if framed.Status != http.StatusOK || len(w.bbb.Meetings()) != 0 {
		t.Fatalf("in a frame a class began without a click: %d", framed.Status)
	}
	w.inClass(w.launch(link, "anna", ltitest.LaunchOptions{}))
	w.later(3 * time.Second)
	in, err := waits.Reload()
	if err != nil {
		t.Fatal(err)
	}
	w.inClass(in)
}

func TestCoursesAreApart(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	holdClass(w, link, 40*time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	first := w.launch(link, "anna", ltitest.LaunchOptions{})
	room := strings.SplitN(first.URL.Path, "/", 3)[2]

	copied := w.lms.AddLink(ltitest.Link{Course: "stats", Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": room}})
	nadia := w.launch(copied, "nadia", ltitest.LaunchOptions{})
	if strings.Contains(nadia.URL.Path, room) || strings.Contains(nadia.Text, "Ben") {
		t.Fatalf("a copied course sees the old one: %s %s", nadia.URL, nadia.Text)
	}
	share := &ltitest.Form{Method: http.MethodPost, Action: strings.Replace(nadia.URL.String(), "?", "/share?", 1)}
	if got, err := nadia.Submit(share); err != nil || got.Status != http.StatusForbidden {
		t.Errorf("who doesn't teach the old course shares its room: %v %d", err, got.Status)
	}
	if got, err := nadia.Open("/rooms/" + room + "?v=" + nadia.URL.Query().Get("v")); err != nil || got.Status != http.StatusNotFound {
		t.Errorf("the old course's room by its address: %v %d", err, got.Status)
	}
}

// Who has passed in a copied link's own room has passed, also when the link
// leads to the old course's room by now.
func TestGradesStayWhenARoomIsShared(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.lms.AddPerson(ltitest.Person{Username: "tess", Given: "Tess", Family: "Vogel", Locale: "en",
		Roles: map[string][]string{"law": {ltitest.Teacher}, "stats": {ltitest.Teacher}}})
	old := w.launch(w.link("complete_minutes", "5"), "tess", ltitest.LaunchOptions{})
	room := strings.SplitN(old.URL.Path, "/", 3)[2]
	link := w.lms.AddLink(ltitest.Link{Course: "stats", Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": room},
		LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
	class := func(person, name string) {
		w.inClass(w.submit(w.launch(link, "tess", ltitest.LaunchOptions{}), "/start"))
		w.inClass(w.submit(w.launch(link, person, ltitest.LaunchOptions{}), "/join"))
		w.later(6 * time.Minute)
		w.person(w.meeting(), name).Leave()
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
		w.eventually(name+" has a grade", func() bool { return w.grade(link, person) == "10/10" })
	}
	class("ben", "Ben Okafor")
	shared := w.submit(w.launch(link, "tess", ltitest.LaunchOptions{}), "/share")
	if !strings.Contains(shared.URL.Path, room) {
		t.Fatalf("shared: %d %s", shared.Status, shared.URL)
	}
	class("diego", "Diego Ramos")
	ledger, err := w.db.RoomDeliveries(t.Context(), room)
	if err != nil || len(ledger) != 2 || ledger[0].Points != 100 || ledger[1].Points != 100 {
		t.Errorf("both have passed, and the ledger has %+v, %v", ledger, err)
	}
	if got := w.grade(link, "ben"); got != "10/10" {
		t.Errorf("Ben has %s", got)
	}
}

func TestDeepLink(t *testing.T) {
	w := newWorld(t, worldOptions{})
	b := ltitest.NewBrowser()
	picker, err := w.lms.DeepLink(b, "law", w.tool.ID, "anna", ltitest.LaunchOptions{Framed: true})
	if err != nil || picker.Status != http.StatusOK || !strings.HasPrefix(picker.URL.Path, "/pick") {
		t.Fatalf("picker: %v %s %d %s", err, picker.URL, picker.Status, picker.Text)
	}
	form, err := picker.Form("/pick")
	if err != nil {
		t.Fatal(err)
	}
	if got := form.Fields.Get("title"); got != w.tool.Name {
		t.Errorf("the new room is to be called %q, not as the platform proposes", got)
	}
	form.Set("choice", "new").Set("title", "Moot court").Set("measure", "minutes").Set("minutes", "20").
		Set("counts", "best").Set("award", "all").Set("points", "5")
	form.Fields.Del("cancel")
	form.Buttons = nil
	back, err := picker.Submit(form)
	if err != nil || back.Status != http.StatusOK {
		t.Fatalf("picked: %v %d %s", err, back.Status, back.Text)
	}
	w.submit(back, "/lms/")
	answers := w.lms.DeepLinkAnswers()
	if len(answers) != 1 || answers[0].Reason != "" || len(answers[0].Links) != 1 {
		t.Fatalf("the LMS got %+v", answers)
	}
	link := answers[0].Links[0]
	holdClass(w, link, 25*time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "5/5" })
	again, err := w.lms.DeepLink(b, "law", w.tool.ID, "anna", ltitest.LaunchOptions{Framed: true})
	if err != nil || !strings.Contains(again.Text, "Moot court") || !strings.Contains(again.Text, "last class") {
		t.Errorf("the picker after a class: %v %s", err, again.Text)
	}
}
