package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// asks has a teacher of a course, into which a link of the room was copied,
// ask for the room, and returns the placement that asks.
func (w *world) asks(teacher, course string, of taught) string {
	w.t.Helper()
	copied := w.lms.AddLink(ltitest.Link{Course: course, Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": of.room}})
	page := w.submit(w.launch(copied, teacher, ltitest.LaunchOptions{}), "/ask")
	if page.Status != http.StatusOK {
		w.t.Fatalf("%s asks for %s: %d %s", teacher, of.room, page.Status, page.Text)
	}
	questions, err := w.db.Questions(w.t.Context(), of.room, w.clock.now())
	if err != nil || len(questions) == 0 {
		w.t.Fatalf("questions to room %s: %v, %v", of.room, questions, err)
	}
	return questions[len(questions)-1].PlacementID
}

// A teacher who was last seen in the old course a year ago doesn't take its
// room over: its teachers are asked.
func TestAFormerTeacherAsksForTheRoom(t *testing.T) {
	for _, answer := range []string{"yes", "no"} {
		t.Run(answer, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			w.lms.AddPerson(ltitest.Person{Username: "tess", Given: "Tess", Family: "Vogel", Locale: "en",
				Roles: map[string][]string{"law": {ltitest.Teacher}, "stats": {ltitest.Teacher}}})
			link := w.link()
			old := roomOf(w.launch(link, "tess", ltitest.LaunchOptions{}))
			w.clock.advance(365 * 24 * time.Hour)
			copied := w.lms.AddLink(ltitest.Link{Course: "stats", Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": old}})
			tess := w.launch(copied, "tess", ltitest.LaunchOptions{})
			if tess.Status != http.StatusOK || roomOf(tess) == old || strings.Contains(tess.Text, "Share the old room") {
				t.Fatalf("%d %s", tess.Status, tess.Text)
			}
			share := &ltitest.Form{Method: http.MethodPost, Action: strings.Replace(tess.URL.String(), "?", "/share?", 1)}
			if page, err := tess.Submit(share); err != nil || page.Status != http.StatusForbidden {
				t.Fatalf("shares by herself: %v %d %s", err, page.Status, page.Text)
			}
			asked := w.submit(tess, "/ask")
			if !strings.Contains(asked.Text, "You have asked the other course's teachers") || strings.Contains(asked.Text, "Ask for the other course's room") {
				t.Errorf("has asked: %s", asked.Text)
			}

			anna := w.launch(link, "anna", ltitest.LaunchOptions{})
			if !strings.Contains(anna.Text, "Tess Vogel asks to use this room") {
				t.Fatalf("the room's teacher isn't asked: %s", anna.Text)
			}
			if ben := w.launch(link, "ben", ltitest.LaunchOptions{}); strings.Contains(ben.Text, "Tess Vogel") {
				t.Errorf("a learner is asked: %s", ben.Text)
			}
			form, err := anna.Form("/requests/")
			if err != nil {
				t.Fatal(err)
			}
			for _, nonsense := range []string{"", "maybe"} {
				if page, err := anna.Submit(form.Set("answer", nonsense)); err != nil || page.Status != http.StatusBadRequest {
					t.Errorf("answer %q: %v %d %s", nonsense, err, page.Status, page.Text)
				}
			}
			answered, err := anna.Submit(form.Set("answer", answer))
			if err != nil || answered.Status != http.StatusOK || strings.Contains(answered.Text, "Tess Vogel") {
				t.Fatalf("answered: %v %d %s", err, answered.Status, answered.Text)
			}
			if again, err := anna.Submit(form.Set("answer", answer)); err != nil || again.Status != http.StatusNotFound {
				t.Errorf("answered again: %v %d %s", err, again.Status, again.Text)
			}
			after := w.launch(copied, "tess", ltitest.LaunchOptions{})
			if (roomOf(after) == old) != (answer == "yes") {
				t.Errorf("the link leads to %s: %s", after.URL, after.Text)
			}
			// The page that asked still leads on.
			before := w.opened(tess)
			switch {
			case answer == "no" && !strings.Contains(before.Text, "keep their room to themselves"):
				t.Errorf("was told no: %s", before.Text)
			case answer == "yes" && roomOf(w.click(before, "Go back")) != old:
				t.Errorf("was told yes: %d %s", before.Status, before.Text)
			}
		})
	}
}

// One launch into the old course as its teacher is enough.
func TestARecentTeacherShares(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.lms.AddPerson(ltitest.Person{Username: "tess", Given: "Tess", Family: "Vogel", Locale: "en",
		Roles: map[string][]string{"law": {ltitest.Teacher}, "stats": {ltitest.Teacher}}})
	link := w.link()
	old := roomOf(w.launch(link, "tess", ltitest.LaunchOptions{}))
	w.clock.advance(365 * 24 * time.Hour)
	copied := w.lms.AddLink(ltitest.Link{Course: "stats", Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": old}})
	tess := w.launch(copied, "tess", ltitest.LaunchOptions{})
	w.launch(link, "tess", as(ltitest.Learner))
	if tess = w.opened(tess); !strings.Contains(tess.Text, "Ask for the other course's room") {
		t.Errorf("a learner there by now: %s", tess.Text)
	}
	w.launch(link, "tess", ltitest.LaunchOptions{})
	if tess = w.submit(w.opened(tess), "/share"); roomOf(tess) != old || tess.Status != http.StatusOK {
		t.Errorf("shares: %d %s %s", tess.Status, tess.URL, tess.Text)
	}
}

// Where the platform names no course, nobody's role says anything about
// whoever else uses it: nothing is shared by that.
func TestNothingIsSharedWithoutACourse(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for name, none := range map[string]any{"absent": nil, "null": nil, "empty": map[string]any{}, "empty id": map[string]any{"id": ""}} {
		t.Run(name, func(t *testing.T) {
			const context = "https://purl.imsglobal.org/spec/lti/claim/context"
			o := ltitest.LaunchOptions{Claims: func(claims map[string]any) {
				if claims[context] = none; name == "absent" {
					delete(claims, context)
				}
			}}
			link := w.link()
			alone := w.launch(link, "anna", o)
			if alone.Status != http.StatusOK {
				t.Fatalf("without a course: %d %s", alone.Status, alone.Text)
			}
			copied := w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "Copied", Custom: map[string]string{"room": roomOf(alone)}})
			anna := w.launch(copied, "anna", ltitest.LaunchOptions{})
			if anna.Status != http.StatusOK || roomOf(anna) == roomOf(alone) {
				t.Fatalf("%d %s %s", anna.Status, anna.URL, anna.Text)
			}
			for _, path := range []string{"/share", "/ask"} {
				form := &ltitest.Form{Method: http.MethodPost, Action: strings.Replace(anna.URL.String(), "?", path+"?", 1)}
				if page, err := anna.Submit(form); err != nil || page.Status != http.StatusForbidden {
					t.Errorf("%s: %v %d %s", path, err, page.Status, page.Text)
				}
			}
			if strings.Contains(anna.Text, "Share the old room") || strings.Contains(anna.Text, "Ask for the other course's room") {
				t.Errorf("is offered: %s", anna.Text)
			}
		})
	}
}
