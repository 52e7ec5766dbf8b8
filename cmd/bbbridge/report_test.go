package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
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
