package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// record holds a recorded class and returns the page of the room.
func (w *world) record(link ltitest.Link) *ltitest.Page {
	w.t.Helper()
	settings := w.click(w.launch(link, "anna", ltitest.LaunchOptions{}), "Change")
	form, err := settings.Form("/settings")
	if err != nil {
		w.t.Fatal(err)
	}
	room, err := settings.Submit(form.Set("record", "on"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.inClass(w.submit(room, "/start"))
	w.person(w.meeting(), "Anna Moreau").Record()
	w.later(20 * time.Minute)
	w.ended()
	w.later(time.Minute) // it is processed by then
	return room
}

// again registers the BigBlueButton once more, and notes a meeting of the
// page's room at that entry.
func (w *world) again(room *ltitest.Page, change func(*classroom.Server)) {
	w.t.Helper()
	first, err := w.db.ServerByName(w.t.Context(), "Test BBB")
	if err != nil {
		w.t.Fatal(err)
	}
	entry := classroom.Server{Name: "Test BBB, again", Server: first.Server}
	change(&entry)
	if entry, err = w.db.AddServer(w.t.Context(), entry); err != nil {
		w.t.Fatal(err)
	}
	m := attendance.Meeting{
		ID: "m-again", RoomID: roomOf(room), ServerID: entry.ID, InternalID: "again", MeetingID: w.meetingID(room),
		CreateTime: w.clock.now(), EndedAt: w.clock.now(),
	}
	if _, _, err := w.db.RecordMeeting(w.t.Context(), m, w.clock.now().Add(time.Hour)); err != nil {
		w.t.Fatal(err)
	}
}

// However a recording is listed, it is one, each way to play it plays, and what
// is done is done once (after public bug reports).
func TestOneRecordingIsOne(t *testing.T) {
	for _, test := range []struct {
		name    string
		options bbbtest.Options
		twice   func(*classroom.Server) // the BigBlueButton is registered once more
		plays   []string
		says    string
	}{
		{"an element for each format", bbbtest.Options{SplitRecordings: true}, nil, []string{"presentation", "video"}, ""},
		{"a format without an address", bbbtest.Options{NoAddress: []string{"video"}}, nil, []string{"presentation"}, ""},
		{"nothing to play", bbbtest.Options{NoAddress: []string{"presentation", "video"}}, nil, nil, "Nothing to play."},
		{"one server registered twice", bbbtest.Options{}, func(*classroom.Server) {}, []string{"presentation", "video"}, ""},
		{"twice, and an element for each format", bbbtest.Options{SplitRecordings: true}, func(*classroom.Server) {}, []string{"presentation", "video"}, ""},
		{"twice, one with a secret of old", bbbtest.Options{}, func(s *classroom.Server) { s.Secret = "of old" }, []string{"presentation", "video"},
			"recordings may be missing here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{bbb: test.options})
			link := w.link()
			room := w.record(link)
			if test.twice != nil {
				w.again(room, test.twice)
			}
			list := w.click(w.launch(link, "anna", ltitest.LaunchOptions{}), "Show recordings")
			if n := strings.Count(list.Body, `<li class="recording">`); n != 1 {
				t.Errorf("%d rows: %s", n, list.Text)
			}
			if !strings.Contains(list.Text, test.says) || strings.Contains(list.Text, "Nothing to play") != (len(test.plays) == 0) {
				t.Errorf("the page doesn't say %q: %s", test.says, list.Text)
			}
			if n := strings.Count(list.Body, "/play/"); n != len(test.plays) {
				t.Errorf("%d ways to play, want %v", n, test.plays)
			}
			for _, format := range test.plays {
				if page := w.submit(list, "/play/"+format); page.Status != http.StatusOK || hostOf(page.URL.String()) != hostOf(w.bbb.URL()) {
					t.Errorf("%s: %d at %s", format, page.Status, page.URL)
				}
			}
			hidden := w.submit(list, "/unpublish")
			if !strings.Contains(hidden.Text, "Learners no longer see the recording.") || !strings.Contains(hidden.Text, "Show to learners") {
				t.Errorf("hidden: %s", hidden.Text)
			}
			if page := w.submit(w.click(hidden, "Delete"), "/delete"); !strings.Contains(page.Text, "The recording is deleted.") || strings.Contains(page.Body, "/play/") {
				t.Errorf("deleted: %s", page.Text)
			}
			for call, want := range map[string]int{"publishRecordings": 1, "deleteRecordings": 1} {
				if n := len(w.bbb.Requests(call)); n != want {
					t.Errorf("%d calls of %s", n, call)
				}
			}
		})
	}
}

// What was recorded before a room took another meeting id is the room's.
func TestRecordingsFromBeforeAnotherID(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	room := w.record(link)
	old := w.meetingID(room)
	w.bbb.Stick(old, bbbtest.Stuck{ForGood: true})
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	list := w.click(w.launch(link, "ben", ltitest.LaunchOptions{}), "Show recordings")
	if page := w.submit(list, "/play/video"); w.meetingID(room) == old || page.Status != http.StatusOK {
		t.Errorf("the id was %s and is %s: %d %s", old, w.meetingID(room), page.Status, list.Text)
	}
}
