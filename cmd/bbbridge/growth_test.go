package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// windows are the visits with which people have gone into classes, as far as
// they are still there.
func (w *world) windows() (all, there int) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, r := range w.bbb.Requests("join") {
		left, err := url.Parse(r.Params.Get("logoutURL"))
		if err != nil {
			w.t.Fatal(err)
		}
		seen[left.Query().Get("v")] = true
	}
	for id := range seen {
		if _, err := w.db.Seat(w.t.Context(), id); err == nil {
			there++
		}
	}
	return len(seen), there
}

// A teacher who clicks ten times in the platform's frame has one window's
// visit. One ticket that is sent again and again by browsers that keep no
// cookies leaves a few visits, and everybody gets in.
func TestTicketOpensFewWindows(t *testing.T) {
	w := newWorld(t, worldOptions{})
	frame := w.launch(w.link(), "anna", ltitest.LaunchOptions{Framed: true})
	for range 10 {
		w.inClass(w.submit(frame, "/start"))
	}
	if all, there := w.windows(); all != 1 || there != 1 {
		t.Errorf("ten clicks made %d visits", all)
	}
	form, err := frame.Form("/start")
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		page, err := frame.In(ltitest.NewBrowser()).Submit(form)
		if err != nil {
			t.Fatal(err)
		}
		w.inClass(page)
	}
	if all, there := w.windows(); all != 61 || there > 20 {
		t.Errorf("60 browsers made %d visits, of which %d are there", all, there)
	}
}

// Thirty reports of one meeting that all say something else are answered, and
// few are kept. Whom the first named keeps what they attended.
func TestManyReportsOfOneMeeting(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "4")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	m := w.open()[0]
	w.clock.advance(10 * time.Minute)
	w.bbb.Tick()
	w.bbb.EndNow(w.meeting().ID)
	body := string(w.bbb.AnalyticsBody(w.meeting().ID))
	answers := map[int]int{}
	for i := range 30 {
		said := body
		if i > 0 { // by a broken server: others were there
			said = strings.ReplaceAll(body, `"ext_user_id":"u`, fmt.Sprintf(`"ext_user_id":"u%d`, i))
			if said == body {
				t.Fatalf("no user id in %.500s", body)
			}
		}
		answers[w.report(said, w.bbb.Secret())]++
	}
	kept, err := w.db.Reports(t.Context(), m.ID, 100)
	if err != nil || len(kept) != 8 || answers[http.StatusOK] != 8 || answers[http.StatusRequestEntityTooLarge] != 22 {
		t.Errorf("%d kept, answers %v, %v", len(kept), answers, err)
	}
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}
