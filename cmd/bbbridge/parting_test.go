package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// Two groups back to back: as one class, half of it isn't enough for anybody of
// the second one. The teacher sees that they are joined, and parts them.
func TestTwoClassesWithinTheHour(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_percent", "80")
	group := func(learner string) {
		t.Helper()
		w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
		w.inClass(w.submit(w.launch(link, learner, ltitest.LaunchOptions{}), "/join"))
		w.later(10 * time.Minute)
		w.bbb.EndNow(w.meeting().ID)
		if got := w.report(string(w.bbb.AnalyticsBody(w.meeting().ID)), w.bbb.Secret()); got != http.StatusOK {
			t.Fatalf("the report: %d", got)
		}
	}
	group("ben")
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	w.later(5 * time.Minute)
	group("diego")
	room := func() *ltitest.Page { return w.launch(link, "anna", ltitest.LaunchOptions{}) }
	w.eventually("both are counted", func() bool {
		text := room().Text
		return strings.Contains(text, "One class with a break from") && strings.Contains(text, "2 of 2 came")
	})
	register := w.registerOf(room())
	if !strings.Contains(register.Text, "One class with a break from") {
		t.Errorf("the register: %s", register.Text)
	}
	if got := w.grade(link, "diego"); got != "none" {
		t.Fatalf("Diego has %s", got)
	}

	question := w.click(register, "Make two classes of it")
	if !strings.Contains(question.Text, "1 person gets more points: Diego Ramos: 0 → 100") || strings.Contains(question.Text, "fewer") {
		t.Errorf("before: %s", question.Text)
	}
	parted := w.submit(question, "/part/")
	if !strings.Contains(parted.Text, "These are two classes now") || strings.Contains(parted.Text, "One class with a break") {
		t.Errorf("the first class: %s", parted.Text)
	}
	w.eventually("Diego has his grade", func() bool { return w.grade(link, "diego") == "10/10" })
	if text := room().Text; strings.Count(text, " of ") < 2 || !strings.Contains(text, "Parted from the class before it") {
		t.Errorf("the room's page: %s", text)
	}

	question = w.click(room(), "Make one class of both")
	if !strings.Contains(question.Text, "1 person gets fewer points: Diego Ramos: 100 → 0") {
		t.Errorf("before they are joined: %s", question.Text)
	}
	if joined := w.submit(question, "/unite/"); !strings.Contains(joined.Text, "This is one class now") {
		t.Errorf("joined: %s", joined.Text)
	}
	w.eventually("Diego's grade is lower, as was said", func() bool { return w.grade(link, "diego") == "0/10" })
	if got := w.grade(link, "ben"); got != "10/10" {
		t.Errorf("Ben has %s", got)
	}
	ben := w.launch(link, "ben", ltitest.LaunchOptions{})
	for _, what := range []string{"part", "unite"} {
		path := strings.Replace(question.URL.Path, "/unite/", "/"+what+"/", 1)
		page, err := ben.Open(path + "?" + ben.URL.RawQuery)
		if err != nil || page.Status != http.StatusForbidden && page.Status != http.StatusNotFound {
			t.Errorf("a learner may %s: %v, %+v", what, err, page)
		}
	}
}
