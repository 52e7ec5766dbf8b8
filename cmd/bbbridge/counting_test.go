package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// heldBy has Anna hold a class through a link, to which one learner comes
// through another one.
func (w *world) heldBy(started, joined ltitest.Link, person, name string, stays time.Duration) {
	w.t.Helper()
	w.heldAs(started, joined, person, name, stays, ltitest.LaunchOptions{})
}

func (w *world) heldAs(started, joined ltitest.Link, person, name string, stays time.Duration, o ltitest.LaunchOptions) {
	w.t.Helper()
	w.inClass(w.submit(w.launch(started, "anna", o), "/start"))
	w.inClass(w.submit(w.launch(joined, person, o), "/join"))
	w.later(stays)
	w.person(w.meeting(), name).Leave()
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
}

// Two groups one after the other, each by a link of its own, are two classes;
// so are they on the page, where the teacher may join them.
func TestDuplicatedActivityBackToBack(t *testing.T) {
	w := newWorld(t, worldOptions{})
	first := w.link("complete_percent", "60")
	second := w.duplicate(first, "Group 2")
	w.launch(second, "anna", ltitest.LaunchOptions{})
	w.heldBy(first, first, "ben", "Ben Okafor", 58*time.Minute)
	w.later(5 * time.Minute)
	w.heldBy(second, second, "diego", "Diego Ramos", 58*time.Minute)
	w.eventually("each group has its grade", func() bool { return w.grade(first, "ben") == "10/10" && w.grade(second, "diego") == "10/10" })
	if ben, diego := w.grade(second, "ben"), w.grade(first, "diego"); ben != "none" || diego != "none" {
		t.Errorf("the other group's column: Ben %s, Diego %s", ben, diego)
	}
	// The same link again within the hour is one class with a break.
	w.later(5 * time.Minute)
	w.heldBy(second, second, "diego", "Diego Ramos", 10*time.Minute)
	w.eventually("two classes are listed", func() bool { // once the last one is counted
		classes := map[string]bool{} // just after one, the page says where its register is, too
		for _, a := range w.launch(second, "anna", ltitest.LaunchOptions{}).Anchors {
			if strings.Contains(a.Href, "/classes/") && !strings.Contains(a.Href, "/part/") && !strings.Contains(a.Href, "/unite/") {
				path, _, _ := strings.Cut(a.Href, "?")
				classes[path] = true
			}
		}
		return len(classes) == 2
	})
}

// press sends the page's form by the button with this text.
func (w *world) press(page *ltitest.Page, text string) *ltitest.Page {
	w.t.Helper()
	next, err := page.Press(text)
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, page.Status, page.Text)
	}
	return next
}

// duplicate is a link of the same course to the room of another, as a platform
// makes it of one that was duplicated.
func (w *world) duplicate(link ltitest.Link, title string) ltitest.Link {
	w.t.Helper()
	room := strings.SplitN(w.launch(link, "anna", ltitest.LaunchOptions{}).URL.Path, "/", 3)[2]
	copied := w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: title, Custom: map[string]string{"room": room}, LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
	w.launch(copied, "anna", ltitest.LaunchOptions{})
	return copied
}

// A teacher duplicates the activity for each week, as a university's guide says
// to do: each week's grade is for that week's class.
func TestDuplicatedActivity(t *testing.T) {
	w := newWorld(t, worldOptions{})
	week1 := w.link("complete_minutes", "30")
	w.heldBy(week1, week1, "ben", "Ben Okafor", 58*time.Minute)
	w.eventually("Ben has week 1's grade", func() bool { return w.grade(week1, "ben") == "10/10" })
	w.later(2 * time.Hour)
	week2 := w.duplicate(week1, "Week 2")
	w.heldBy(week2, week2, "diego", "Diego Ramos", 58*time.Minute)
	w.eventually("Diego has week 2's grade", func() bool { return w.grade(week2, "diego") == "10/10" })
	want := func(when, ben1, diego1, ben2, diego2 string) {
		t.Helper()
		now := []string{w.grade(week1, "ben"), w.grade(week1, "diego"), w.grade(week2, "ben"), w.grade(week2, "diego")}
		if got := strings.Join(now, " "); got != strings.Join([]string{ben1, diego1, ben2, diego2}, " ") {
			t.Errorf("%s: %s", when, got)
		}
	}
	want("each its own class", "10/10", "none", "none", "10/10")

	anna := w.launch(week2, "anna", ltitest.LaunchOptions{})
	if !strings.Contains(anna.Text, "2 links with grades lead from your course to this room: ") || !strings.Contains(anna.Text, "Week 2 (this link)") {
		t.Errorf("the room's page doesn't say that links share it: %s", anna.Text)
	}
	var first string
	for _, a := range anna.Anchors {
		if strings.Contains(a.Href, "/classes/") {
			first = a.Href // the oldest is the last
		}
	}
	register, err := anna.Open(first)
	if err != nil || !strings.Contains(register.Text, "doesn't count for the link through which you came, but for Weekly seminar.") {
		t.Errorf("week 1's class, opened by week 2's link: %v %s", err, register.Text)
	}
	if own := w.launch(week2, "ben", ltitest.LaunchOptions{}); !strings.Contains(own.Text, "doesn't count for this link") {
		t.Errorf("Ben at week 2: %s", own.Text)
	}

	said := w.press(anna, "All classes for all links")
	if !strings.Contains(said.Text, "being counted again") || !strings.Contains(said.Text, "Every class counts for each of them.") {
		t.Errorf("all for all: %s", said.Text)
	}
	w.eventually("Diego has week 1's grade, too", func() bool { return w.grade(week1, "diego") == "10/10" })
	want("but nothing from before a link was there", "10/10", "10/10", "none", "10/10")
	early := w.press(said, "Count earlier classes, too")
	w.eventually("Ben has week 2's grade, too", func() bool { return w.grade(week2, "ben") == "10/10" })
	own := w.press(w.press(early, "Leave earlier classes out"), "Each class for its own link")
	w.eventually("each its own again", func() bool { return w.grade(week1, "diego") == "0/10" && w.grade(week2, "ben") == "0/10" })

	w.press(own, "Count for Week 2")
	w.eventually("Ben's class is moved", func() bool { return w.grade(week2, "ben") == "10/10" && w.grade(week1, "ben") == "0/10" })
}

// Content picked again for one of two links takes it elsewhere. Its classes
// don't become the other one's by that, unless a teacher says so.
func TestDuplicateThatLeft(t *testing.T) {
	w := newWorld(t, worldOptions{})
	week1 := w.link("complete_minutes", "30")
	week2 := w.duplicate(week1, "Week 2")
	w.heldBy(week2, week2, "diego", "Diego Ramos", 58*time.Minute)
	w.eventually("Diego has week 2's grade", func() bool { return w.grade(week2, "diego") == "10/10" })
	elsewhere := w.picks("law", "anna", "Another room", ltitest.LaunchOptions{})
	w.later(3 * time.Second)
	w.lms.ChangeLink(week2.ID, func(l *ltitest.Link) { l.Custom, l.TargetLinkURI = elsewhere.Custom, elsewhere.TargetLinkURI })
	w.launch(week2, "anna", ltitest.LaunchOptions{})

	w.later(2 * time.Hour)
	w.heldBy(week1, week1, "ben", "Ben Okafor", 58*time.Minute) // counts all anew
	w.eventually("Ben has week 1's grade", func() bool { return w.grade(week1, "ben") == "10/10" })
	if got := w.grade(week1, "diego") + " " + w.grade(week2, "diego"); got != "none 10/10" {
		t.Errorf("Diego has %s", got)
	}
	page := w.launch(week1, "anna", ltitest.LaunchOptions{})
	wantText(t, page, true, "counts for no link")
	w.press(page, "Count for Weekly seminar (this link)")
	w.eventually("Diego has week 1's grade, too", func() bool { return w.grade(week1, "diego") == "10/10" })
}

// The same, as a platform launched it.
func TestDuplicatedActivityAsLaunched(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := ""
	launched := func(file string) ltitest.LaunchOptions {
		text, err := os.ReadFile("../../testdata/cases/duplicated-activity/" + file)
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{}
		if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("ROOM"), []byte(room)), &claims); err != nil {
			t.Fatal(err)
		}
		return ltitest.LaunchOptions{Claims: func(c map[string]any) {
			for _, name := range []string{"resource_link", "context", "custom"} {
				name = "https://purl.imsglobal.org/spec/lti/claim/" + name
				c[name] = claims[name]
			}
			if room == "" {
				c["https://purl.imsglobal.org/spec/lti/claim/custom"] = map[string]any{"complete_minutes": "30"}
			}
		}}
	}
	week1, week2 := w.link(), w.link()
	room = strings.SplitN(w.launch(week1, "anna", launched("week-1.json")).URL.Path, "/", 3)[2]
	w.heldAs(week1, week1, "ben", "Ben Okafor", 58*time.Minute, launched("week-1.json"))
	w.eventually("Ben has week 1's grade", func() bool { return w.grade(week1, "ben") == "10/10" })
	w.later(2 * time.Hour)
	w.heldAs(week2, week2, "diego", "Diego Ramos", 58*time.Minute, launched("week-2.json"))
	w.eventually("Diego has week 2's grade", func() bool { return w.grade(week2, "diego") == "10/10" })
	if got := w.grade(week1, "diego") + " " + w.grade(week2, "ben"); got != "none none" {
		t.Errorf("who was absent has %s", got)
	}
}

// A plain link at the top of the course and a graded one below: what is held
// through the one counts for the other. What was held before it was there does
// when a teacher says so.
func TestPlainLinkAndGradedLink(t *testing.T) {
	w := newWorld(t, worldOptions{})
	top := w.link()
	w.heldBy(top, top, "ben", "Ben Okafor", 58*time.Minute)
	w.later(2 * time.Hour)
	below := w.duplicate(top, "Grade")
	page := w.submit(w.ruled(below, "minutes", "30"), "/settings")
	if strings.Contains(page.Text, "Which classes") {
		t.Errorf("asked about a class that doesn't count: %s", page.Text)
	}
	w.heldBy(top, top, "diego", "Diego Ramos", 58*time.Minute)
	w.eventually("Diego has a grade", func() bool { return w.grade(below, "diego") == "10/10" })
	if got := w.grade(below, "ben"); got != "none" {
		t.Errorf("Ben's class was before the link, and he has %s", got)
	}
	w.press(w.launch(below, "anna", ltitest.LaunchOptions{}), "Count earlier classes, too")
	w.eventually("Ben has a grade", func() bool { return w.grade(below, "ben") == "10/10" })
}

// ruled is the settings page of a link with another rule typed in.
func (w *world) ruled(link ltitest.Link, measure, need string) *ltitest.Page {
	w.t.Helper()
	page := w.click(w.launch(link, "anna", ltitest.LaunchOptions{}), "Change")
	form, err := page.Form("/settings")
	if err != nil {
		w.t.Fatal(err)
	}
	form.Set("measure", measure).Set(measure, need)
	return page
}

func TestANewRuleIsAskedAbout(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.heldBy(link, link, "ben", "Ben Okafor", 40*time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })

	page := w.ruled(link, "minutes", "60")
	form, err := page.Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	form.Set("title", "Moot court").Set("welcome", "Line one\nline <two>").Set("max_participants", "30")
	form.Set("record", "on")
	asked := w.submit(page, "/settings")
	if asked.Status != http.StatusOK || !strings.Contains(asked.Text, "0 people get more points, 1 person gets fewer") {
		t.Fatalf("the question: %d %s", asked.Status, asked.Text)
	}
	if room := w.launch(link, "anna", ltitest.LaunchOptions{}); strings.Contains(room.Text, "Moot court") || !strings.Contains(room.Text, "after 30 minutes") {
		t.Errorf("saved before it is answered: %s", room.Text)
	}
	back := w.press(asked, "Back to the form")
	again, err := back.Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"title": "Moot court", "welcome": "Line one\nline <two>", "max_participants": "30", "record": "on", "measure": "minutes", "minutes": "60"} {
		if got := strings.ReplaceAll(again.Fields.Get(name), "\r\n", "\n"); strings.TrimSpace(got) != want {
			t.Errorf("back in the form %s is %q, want %q", name, got, want)
		}
	}

	asked = w.submit(back, "/settings")
	for range 2 { // a double click
		saved := w.press(asked, "From the next class on")
		if !strings.Contains(saved.Text, "Saved. The changes count from the next class on.") || !strings.Contains(saved.Text, "Moot court") ||
			!strings.Contains(saved.Text, "after 60 minutes in one class, for classes since") {
			t.Errorf("saved: %s", saved.Text)
		}
	}
	w.later(2 * time.Hour)
	w.heldBy(link, link, "diego", "Diego Ramos", 40*time.Minute)
	w.eventually("the second class is settled", func() bool {
		return strings.Count(w.launch(link, "diego", ltitest.LaunchOptions{}).Text, "40 min of") > 0
	})
	if got := w.grade(link, "ben") + " " + w.grade(link, "diego"); got != "10/10 none" {
		t.Errorf("from the next class on: %s", got)
	}
	if got := len(w.lms.AcceptedScores(link.ID, "ben")); got != 1 {
		t.Errorf("%d scores went out for Ben", got)
	}

	asked = w.press(w.ruled(link, "minutes", "60"), "Save, and count all classes by this rule")
	if !strings.Contains(asked.Text, "1 person gets fewer") {
		t.Fatalf("all classes: %s", asked.Text)
	}
	for range 2 {
		if saved := w.press(asked, "For all classes"); !strings.Contains(saved.Text, "Saved.") {
			t.Errorf("saved: %s", saved.Text)
		}
	}
	w.eventually("Ben's grade is counted again", func() bool { return w.grade(link, "ben") == "0/10" })
}

// The way back from the question shows the form to nobody else.
func TestTheFormIsATeachers(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page := w.launch(w.link("complete_minutes", "30"), "ben", ltitest.LaunchOptions{})
	back := &ltitest.Form{Method: http.MethodPost, Action: strings.Replace(page.URL.String(), "?", "/settings?", 1), Fields: map[string][]string{"from": {"back"}}}
	if got, err := page.Submit(back); err != nil || got.Status != http.StatusForbidden {
		t.Errorf("the form by the way back: %v %d", err, got.Status)
	}
}
