package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// polled lets time pass as the polls see it.
func (w *world) polled(d time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= 33 * time.Second {
		w.later(33 * time.Second)
		w.eventually("a poll", func() bool {
			for _, m := range w.open() {
				evidence, err := w.db.EvidenceOf(w.t.Context(), m.ID)
				if err != nil {
					w.t.Fatal(err)
				}
				for _, e := range evidence {
					if e.Source == attendance.Poll && w.clock.now().Sub(e.Until) < 35*time.Second {
						return true
					}
				}
			}
			return false
		})
	}
}

// open are the meetings that haven't ended as far as the service knows.
func (w *world) open() []attendance.Meeting {
	w.t.Helper()
	room, err := w.db.RoomByMeetingID(w.t.Context(), w.meeting().ID)
	if err != nil {
		w.t.Fatal(err)
	}
	open, err := w.db.LiveMeetings(w.t.Context(), room.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return open
}

// ended ends the class in BigBlueButton, and lets polls see it: one alone isn't
// believed.
func (w *world) ended() {
	w.t.Helper()
	w.bbb.EndNow(w.meeting().ID)
	w.later(40 * time.Second)
	over := func() bool { return len(w.open()) == 0 }
	for n := 1; n < 10 && !over(); n++ {
		w.eventually("another look", func() bool {
			open := w.open()
			return len(open) == 0 || open[0].Absences >= n
		})
		w.later(17 * time.Second)
	}
	w.eventually("the end is seen", over)
}

func TestServerWhoseClockIsOff(t *testing.T) {
	for name, o := range map[string]bbbtest.Options{
		"exact, ahead":     {ClockOffset: 5 * time.Hour},
		"exact, behind":    {ClockOffset: -3 * time.Hour},
		"observed, ahead":  {ClockOffset: 5 * time.Hour, DropAnalytics: true},
		"observed, behind": {ClockOffset: -3 * time.Hour, DropAnalytics: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{bbb: o})
			link := w.link("complete_minutes", "5")
			w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
			w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
			w.polled(4 * time.Minute)
			w.inClass(w.submit(w.launch(link, "diego", ltitest.LaunchOptions{}), "/join"))
			w.polled(3 * time.Minute)
			w.ended()
			if !o.DropAnalytics {
				w.callbacks()
			}
			w.later(3 * time.Minute)
			w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
			if got := w.grade(link, "diego"); got != "none" {
				t.Errorf("Diego was there 3 of 5 minutes and has %s", got)
			}
		})
	}
}

func TestLateReportCorrectsWhatWasSeen(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{AnalyticsDelay: 20 * time.Minute, DuplicateAnalytics: true}})
	link := w.link("complete_percent", "50")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.polled(10 * time.Minute)
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(4 * time.Minute)
	w.ended()
	w.later(3 * time.Minute)
	seen := func() string { return w.launch(link, "ben", ltitest.LaunchOptions{}).Text }
	w.eventually("Ben's class is settled", func() bool { return !strings.Contains(seen(), "No class yet") })
	w.later(time.Hour)
	w.callbacks()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.eventually("the register is exact", func() bool {
		for _, a := range anna.Anchors {
			if strings.Contains(a.Href, "/classes/") {
				page, err := anna.Follow(a)
				return err == nil && strings.Contains(page.Text, "exact, from BigBlueButton")
			}
		}
		return false
	})
	if got := w.grade(link, "ben"); got != "none" {
		t.Errorf("Ben was there less than half and has %s", got)
	}
}

// A class is on the room's page while it runs and while it is counted, for the
// teacher and for the learner, and its register is true all the time.
func TestClassIsSeenAtOnce(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "3")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.launch(link, "karim", ltitest.LaunchOptions{}) // an assistant, who doesn't come
	own := func() string { return w.launch(link, "ben", ltitest.LaunchOptions{}).Text }
	register := func() *ltitest.Page {
		t.Helper()
		return w.registerOf(w.launch(link, "anna", ltitest.LaunchOptions{}))
	}
	w.eventually("the learner's page has the class", func() bool { return !strings.Contains(own(), "No class yet") })
	w.polled(5 * time.Minute)
	page := register() // polls don't come to the second
	there := regexp.MustCompile(`Ben Okafor [^A-Z]* [45] min`).MatchString(page.Text)
	if !there || !strings.Contains(page.Text, "Anna Moreau") || strings.Contains(page.Text, "Karim") || !strings.Contains(page.Text, "The class is still on") {
		t.Errorf("register of a class that is on: %s", page.Text)
	}
	if text := own(); !strings.Contains(text, "Live") {
		t.Errorf("the learner's page: %s", text)
	}
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; !regexp.MustCompile(`Ben Okafor \d\d:\d\d`).MatchString(text) {
		t.Errorf("the teacher's page doesn't say since when Ben is here: %s", text)
	}

	w.ended()
	w.eventually("the learner's class is being counted", func() bool { return strings.Contains(own(), "Being counted") })
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; !strings.Contains(text, "Being counted") {
		t.Errorf("the teacher's page: %s", text)
	}
	if page := register(); !strings.Contains(page.Text, "haven't come yet") || !strings.Contains(page.Text, "Ben Okafor") {
		t.Errorf("register while it is counted: %s", page.Text)
	}
	if got := w.grade(link, "ben"); got != "none" {
		t.Errorf("graded before it was counted: %s", got)
	}

	w.later(3 * time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; strings.Contains(text, "Being counted") || !strings.Contains(text, "1 of 1 came 1 complete") {
		t.Errorf("the teacher's page in the end: %s", text)
	}
}

func TestNodeDies(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "8")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(5 * time.Minute)
	w.bbb.LoseNode() // and no word of it
	w.later(40 * time.Second)
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(5 * time.Minute)
	w.ended()
	w.callbacks()
	w.later(3 * time.Minute)
	w.eventually("both halves add up", func() bool { return w.grade(link, "ben") == "10/10" })
}

// A balancer that had lost the meeting for a moment has it again: the class
// goes on for everybody, and counts as a whole.
func TestMeetingThatWasTakenForOver(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "8")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(5 * time.Minute)
	if err := w.db.EndMeeting(t.Context(), w.open()[0].ID, w.clock.now(), w.clock.now().Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	lost := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.NotFound})
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	lost()
	w.inClass(w.submit(anna, "/start"))
	if n := len(w.open()); n != 1 {
		t.Fatalf("%d live meetings", n)
	}
	w.polled(5 * time.Minute)
	w.ended()
	w.later(3 * time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}

// BigBlueButton sends a report once. It is kept also if the sender, or a proxy
// between, doesn't wait until we are done.
func TestAReportIsKeptWhoseSenderLeft(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.inClass(w.submit(w.launch(w.link(), "anna", ltitest.LaunchOptions{}), "/start"))
	w.later(10 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	ctx, leave := context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader(w.bbb.AnalyticsBody(w.meeting().ID)), atEnd(leave))
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/bbb/analytics/x", body)
	req.Header.Set("Authorization", "Bearer "+w.signedByBBB())
	answer := httptest.NewRecorder()
	w.svc.handler.ServeHTTP(answer, req)
	if answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// signedByBBB is the token of a callback.
func (w *world) signedByBBB() string { return w.signedWith(w.bbb.Secret()) }

func (w *world) signedWith(secret string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS512"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, w.clock.now().Add(time.Hour).Unix()))
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// atEnd does something when all before it has been read.
type atEnd func()

func (f atEnd) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestCallbackAnswers(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	body := string(w.bbb.AnalyticsBody(w.meeting().ID))
	for _, test := range []struct {
		name, token, body string
		want              int
	}{
		{"no token", "", body, http.StatusUnauthorized},
		{"made-up token", "Bearer eyJhbGciOiJIUzUxMiJ9.eyJleHAiOjk5OTk5OTk5OTl9.AAAA", body, http.StatusUnauthorized},
		{"made-up token, no body", "Bearer x", "", http.StatusUnauthorized},
		{"too large", "", strings.Repeat("x", 11<<20), http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/bbb/analytics/x", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.token != "" {
				req.Header.Set("Authorization", test.token)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != test.want {
				t.Errorf("status %d, want %d", res.StatusCode, test.want)
			}
		})
	}
	if got := w.ask("GET", "/bbb/ended/nosuchroom?meetingID=x&recordingmarks=false", "", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("end of an unknown room: %d", got.StatusCode)
	}
}

// intoADyingClass starts a class that ends, and takes its time over it, and
// returns what who starts it again then finds.
func (w *world) intoADyingClass(room *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	w.inClass(w.submit(room, "/start"))
	w.bbb.EndNow(w.meeting().ID)
	again := w.submit(room, "/start")
	if _, ok := again.Location(); ok {
		var err error
		if again, err = again.FollowRedirect(); err != nil {
			w.t.Fatal(err)
		}
	}
	return again
}

func TestJustEndedLetsBackIn(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	again := w.intoADyingClass(anna)
	if again.URL.Host != hostOf(w.url) || !strings.Contains(again.Body, "/again/join") {
		t.Fatalf("into a dying class: %s %d %s", again.URL, again.Status, again.Text)
	}
	w.later(10 * time.Second)
	at := again.URL.Query().Get("v")
	next, err := again.Open(strings.Replace(anna.URL.Path, "?", "", 1) + "/again/join?try=1&v=" + at)
	if err != nil {
		t.Fatal(err)
	}
	w.inClass(next)
}
