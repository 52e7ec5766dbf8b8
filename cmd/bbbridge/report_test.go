package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// report posts the body of an analytics callback, signed with a secret, and
// returns the status.
func (w *world) report(body, secret string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/bbb/analytics/x", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.signedWith(secret))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// The room's meetingID stands in every join address, so it is no secret. With
// the secret of another server of ours nobody reports on classes that weren't.
func TestReportOfAnotherServer(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "5")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	_, err := w.db.AddServer(t.Context(), classroom.Server{Name: "Other BBB", Server: bbb.Server{URL: "https://other.example/bigbluebutton/api", Secret: "secret-of-the-other"}})
	if err != nil {
		t.Fatal(err)
	}
	w.later(10 * time.Minute)
	room, err := w.db.RoomByMeetingID(t.Context(), w.meeting().ID)
	if err != nil {
		t.Fatal(err)
	}
	meetings := func() []attendance.Meeting {
		t.Helper()
		list, err := w.db.RoomMeetings(t.Context(), room.ID)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	body := string(w.bbb.AnalyticsBody(w.meeting().ID))
	invented := strings.ReplaceAll(body, meetings()[0].InternalID, "0123456789012345678901234567890123456789-1700000000000")
	if invented == body {
		t.Fatal("the report doesn't name its meeting")
	}
	for name, body := range map[string]string{"of a meeting that it made up": invented, "of the running one": body} {
		if got := w.report(body, "secret-of-the-other"); got != http.StatusUnauthorized && got != http.StatusNotFound {
			t.Errorf("%s: %d", name, got)
		}
	}
	if list := meetings(); len(list) != 1 || !list[0].EndedAt.IsZero() {
		t.Errorf("meetings %+v", list)
	}
	if got := w.report(invented, w.bbb.Secret()); got != http.StatusOK { // by its own server it counts
		t.Errorf("its own server's report of a meeting that we never saw made: %d", got)
	}
	if list := meetings(); len(list) != 2 {
		t.Errorf("meetings %+v", list)
	}
}

// "1 of 1 came" stays, whoever comes into the course after the class.
func TestExpectedIsFrozen(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "5")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(6 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Minute)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	w.launch(link, "diego", ltitest.LaunchOptions{})
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	if !strings.Contains(anna.Text, "1 of 1 came") {
		t.Errorf("the room's page: %s", anna.Text)
	}
	if text := w.registerOf(anna).Text; strings.Contains(text, "Diego") || !strings.Contains(text, "1 of 1") {
		t.Errorf("the register: %s", text)
	}
}

// registerOf is that of the newest class on the teacher's page of a room.
func (w *world) registerOf(room *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	for _, a := range room.Anchors {
		if strings.Contains(a.Href, "/classes/") {
			page, err := room.Follow(a)
			if err != nil || page.Status != http.StatusOK {
				w.t.Fatalf("register: %v %+v", err, page)
			}
			return page
		}
	}
	w.t.Fatalf("no class on the page: %s", room.Text)
	return nil
}

// The case report-lacks-a-person, after public bug reports: Ben was seen by
// every look, and the report doesn't know him.
func TestReportLacksAPerson(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "5")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	for _, learner := range []string{"ben", "diego"} {
		w.inClass(w.submit(w.launch(link, learner, ltitest.LaunchOptions{}), "/join"))
	}
	w.polled(6 * time.Minute)
	var report map[string]any
	w.bbb.EndNow(w.meeting().ID)
	if err := json.Unmarshal(w.bbb.AnalyticsBody(w.meeting().ID), &report); err != nil {
		t.Fatal(err)
	}
	data := report["data"].(map[string]any)
	data["attendees"] = slices.DeleteFunc(data["attendees"].([]any), func(a any) bool { return a.(map[string]any)["name"] == "Ben Okafor" })
	body, err := json.Marshal(report)
	if err != nil || strings.Contains(string(body), "Ben") {
		t.Fatalf("the report names Ben, %v", err)
	}
	if got := w.report(string(body), w.bbb.Secret()); got != http.StatusOK {
		t.Fatalf("the report: %d", got)
	}
	w.eventually("both have their grades", func() bool { return w.grade(link, "ben") == "10/10" && w.grade(link, "diego") == "10/10" })
	text := w.registerOf(w.launch(link, "anna", ltitest.LaunchOptions{})).Text
	for _, want := range []string{"exact, except for 1 person whom BigBlueButton's report doesn't name: observed", "doesn't name this person", "2 of 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("the register doesn't say %q: %s", want, text)
		}
	}
}
