package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// meetingID is what BigBlueButton calls the meetings of the page's room now.
func (w *world) meetingID(p *ltitest.Page) string {
	w.t.Helper()
	room, _, err := w.db.RoomWithCourse(w.t.Context(), roomOf(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return room.MeetingID
}

// anotherTool makes a meeting with passwords of its own, and people come into
// it.
func (w *world) anotherTool(id string, people ...string) {
	w.t.Helper()
	api, err := bbb.ParseURL(w.bbb.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	other := &bbb.Client{Server: bbb.Server{URL: api, Secret: bbb.Secret(w.bbb.Secret()), Algorithm: bbb.SHA256}}
	_, err = other.Create(w.t.Context(), bbb.CreateRequest{MeetingID: id, Name: "Other", AttendeePassword: "another", ModeratorPassword: "one more"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range people {
		address := other.JoinURL(bbb.JoinRequest{MeetingID: id, FullName: name, UserID: "u" + name, Moderator: true})
		page, err := ltitest.NewBrowser().Get(address)
		if err != nil || page.Status != http.StatusOK {
			w.t.Fatalf("%s isn't in: %v", name, err)
		}
	}
}

// insist goes on from the page that waits for a class to be gone, as it does
// by itself, and returns what comes in the end.
func (w *world) insist(page *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	for range 5 {
		_, again, found := strings.Cut(page.Body, `url=`)
		if !found || !strings.Contains(page.Body, "/again/join") {
			return page
		}
		again, _, _ = strings.Cut(again, `"`)
		w.later(3 * time.Second)
		var err error
		if page, err = page.Open(strings.ReplaceAll(again, "&amp;", "&")); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatalf("it waits for ever: %s", page.Text)
	return nil
}

// However an id is stuck, its class begins, without anybody's help and without
// taking more from the server than it must.
func TestStuckRoomBegins(t *testing.T) {
	for _, test := range []struct {
		name  string
		stick func(w *world, id string)
		ends  int
		moved bool // under another id
	}{
		{"until it is ended", func(w *world, id string) { w.bbb.Stick(id, bbbtest.Stuck{}) }, 1, false},
		{"until it is ended, with a key that nobody knows", func(w *world, id string) { w.bbb.Stick(id, bbbtest.Stuck{Key: "mood"}) }, 1, false},
		{"on a node out of reach", func(w *world, id string) { w.bbb.Stick(id, bbbtest.Stuck{Unreachable: true}) }, 1, false},
		{"an empty one that another tool has left", func(w *world, id string) { w.anotherTool(id) }, 1, false},
		{"for good", func(w *world, id string) { w.bbb.Stick(id, bbbtest.Stuck{ForGood: true}) }, 1, true},
		{"for good, on a node out of reach", func(w *world, id string) { w.bbb.Stick(id, bbbtest.Stuck{Unreachable: true, ForGood: true}) }, 1, true},
		{"dying until it is ended again", func(w *world, id string) {
			w.anotherTool(id)
			w.bbb.Stick(id, bbbtest.Stuck{Dying: true})
			w.bbb.EndNow(id)
		}, 1, false},
		{"dying for ever", func(w *world, id string) {
			w.anotherTool(id)
			w.bbb.Stick(id, bbbtest.Stuck{Dying: true, ForGood: true})
			w.bbb.EndNow(id)
		}, 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			link := w.link()
			anna := w.launch(link, "anna", ltitest.LaunchOptions{})
			id := w.meetingID(anna)
			test.stick(w, id)
			w.inClass(w.insist(w.submit(anna, "/start")))
			if n := len(w.bbb.Requests("end")); n != test.ends {
				t.Errorf("%d calls of end, want %d", n, test.ends)
			}
			if moved := w.meetingID(anna) != id; moved != test.moved || w.meeting().ID != w.meetingID(anna) {
				t.Errorf("the id was %s and is %s; the class is in %s", id, w.meetingID(anna), w.meeting().ID)
			}
			w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
		})
	}
}

// Where a class can't begin, or might be ended with people in it, the page says
// what the server has said, and nothing is done.
func TestClassThatCantBegin(t *testing.T) {
	refused := func(kind bbbtest.FaultKind, key string) func(*world, string) {
		return func(w *world, _ string) {
			w.bbb.Be(bbbtest.Fault{Call: "create", Kind: kind, Key: key, Message: "Not today."})
		}
	}
	for _, test := range []struct {
		name   string
		spoil  func(w *world, id string)
		status int
		want   []string
		ends   int
		offers bool // to end what is there
	}{
		{"people of another tool are in", func(w *world, id string) { w.anotherTool(id, "Zoe") },
			http.StatusConflict, []string{"Another class is on in this room.", "BigBlueButton says: idNotUnique: A meeting already exists", "meeting_taken"}, 0, true},
		{"a parameter", refused(bbbtest.Refused, "validationError"),
			http.StatusBadGateway, []string{"BigBlueButton didn't do that.", "BigBlueButton says: validationError: Not today.", "server_refused"}, 0, false},
		{"the secret has changed", refused(bbbtest.RotatedSecret, ""),
			http.StatusBadGateway, []string{"BigBlueButton says: checksumError", "server_refused"}, 0, false},
		{"the account is full", refused(bbbtest.Capacity, ""),
			http.StatusServiceUnavailable, []string{"Try again in a minute or two.", "BigBlueButton says: maxConcurrent", "server_busy"}, 0, false},
		{"no node at all", refused(bbbtest.Refused, "internalError"),
			http.StatusServiceUnavailable, []string{"BigBlueButton can't do that right now.", "BigBlueButton says: internalError: Not today.", "server_busy"}, 1, false},
		{"no answer", refused(bbbtest.BadGateway, ""),
			http.StatusBadGateway, []string{"BigBlueButton doesn't answer right now.", "server_down"}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			anna := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
			id := w.meetingID(anna)
			test.spoil(w, id)
			page := w.submit(anna, "/start")
			if page.Status != test.status {
				t.Errorf("status %d, want %d", page.Status, test.status)
			}
			for _, want := range test.want {
				if !strings.Contains(page.Text, want) {
					t.Errorf("%q isn't said: %s", want, page.Text)
				}
			}
			if offers := strings.Contains(page.Text, "End that class"); offers != test.offers {
				t.Errorf("offers to end it: %v", offers)
			}
			if n := len(w.bbb.Requests("end")); n != test.ends {
				t.Errorf("%d calls of end, want %d", n, test.ends)
			}
			if w.meetingID(anna) != id {
				t.Error("the room has another id")
			}
			if !test.offers {
				return
			}
			w.submit(w.click(page, "End that class"), "/end")
			w.later(10 * time.Second)
			w.inClass(w.submit(anna, "/start"))
		})
	}
}

// A class of which nobody knows who is in it isn't ended by whoever comes next:
// only by the teacher who says so.
func TestClassOnANodeOutOfReach(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	id := w.meetingID(anna)
	w.bbb.Stick(id, bbbtest.Stuck{Unreachable: true})
	w.later(40 * time.Second)
	page := w.submit(anna, "/start")
	if page.Status != http.StatusConflict || !strings.Contains(page.Text, "People may still be in it") || len(w.bbb.Requests("end")) != 0 {
		t.Fatalf("%d %s; %d calls of end", page.Status, page.Text, len(w.bbb.Requests("end")))
	}
	said := w.submit(w.click(page, "End that class"), "/end")
	if !strings.Contains(said.Text, "BigBlueButton didn't confirm the end") {
		t.Errorf("after the end: %d %s", said.Status, said.Text)
	}
	w.inClass(w.submit(anna, "/start"))
	if w.meetingID(anna) != id {
		t.Error("the room has another id, though end has helped")
	}
}

// What comes of meetings under a room's old id is the room's all the same:
// late reports, also of a meeting that we never saw made, and grades.
func TestReportsUnderAnOldMeetingID(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{AnalyticsDelay: time.Hour}})
	link := w.link("complete_minutes", "5")
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	old := w.meetingID(anna)
	w.clock.advance(10 * time.Minute) // no poll sees it
	w.ended()
	unseen := bytes.ReplaceAll(w.bbb.AnalyticsBody(old), []byte(w.meeting().InternalID), []byte("never-seen-1"))

	w.bbb.Stick(old, bbbtest.Stuck{ForGood: true})
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	if w.meetingID(anna) == old {
		t.Fatal("the room has its old id still")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/bbb/analytics/"+roomOf(anna), bytes.NewReader(unseen))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.signedByBBB())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode/100 != 2 {
		t.Errorf("a report of a meeting that nobody saw: %d %s", res.StatusCode, text)
	}
	if m, err := w.db.MeetingsByInternalID(t.Context(), "never-seen-1"); err != nil || len(m) != 1 || m[0].RoomID != roomOf(anna) || m[0].MeetingID != old {
		t.Errorf("its meeting is %+v, %v", m, err)
	}
	w.ended()
	w.later(time.Hour)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}
