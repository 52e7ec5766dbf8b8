package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/configs"
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

// rows counts the rows of all tables.
func rows(t *testing.T, db *sql.DB) map[string]int {
	t.Helper()
	names, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	counts := map[string]int{}
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		counts[name] = 0
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range counts {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[name] = n
	}
	return counts
}

// Whoever comes again and says the same again, people, platforms and
// BigBlueButton, makes no table longer but that of visits, which are swept, and that of the hours
// that pass.
func TestTheSameAgainAddsNothing(t *testing.T) {
	var path string
	w := newWorld(t, worldOptions{config: func(c *configs.Config) { path, _ = strings.CutPrefix(string(c.Database), "sqlite:") }})
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	link := w.link("complete_minutes", "4")
	teacher := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(teacher, "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.launch(link, "chloe", ltitest.LaunchOptions{}) // and doesn't come
	w.polled(2 * time.Minute)
	m := w.open()[0]
	w.inClass(w.submit(w.opened(teacher), "/join")) // once more
	w.later(8 * time.Minute)
	body := string(w.bbb.AnalyticsBody(w.meeting().ID))
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	idle := func() bool { // all that is due is done
		var due int
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM jobs WHERE kind IN ('settle', 'deliver', 'check')`).Scan(&due); err != nil {
			t.Fatal(err)
		}
		w.later(time.Minute)
		return due == 0
	}
	w.eventually("all is counted and sent", idle)
	before := rows(t, db)
	for _, table := range []string{"expected", "attendances", "stays", "results", "deliveries", "evidence", "visits"} {
		if before[table] == 0 {
			t.Errorf("nothing is in %s", table)
		}
	}

	for range 3 {
		for _, person := range []string{"anna", "ben", "chloe"} {
			w.opened(w.launch(link, person, ltitest.LaunchOptions{}))
		}
		if status := w.report(body, w.bbb.Secret()); status != http.StatusOK {
			t.Errorf("the report once more: %d", status)
		}
		if err := w.db.Enqueue(t.Context(), jobs.Job{Kind: classroom.SettleJob, Subject: m.RoomID, RunAt: w.clock.now()}); err != nil {
			t.Fatal(err)
		}
		w.eventually("it is counted again", idle)
	}
	after := rows(t, db)
	if after["visits"] != before["visits"]+9 {
		t.Errorf("%d visits, and %d before 9 more launches", after["visits"], before["visits"])
	}
	before["visits"], before["tallies"] = after["visits"], after["tallies"] // of the hours that pass
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the same again: %s", diff)
	}
	w.clock.advance(13 * time.Hour)
	w.bbb.Tick()
	if err := w.db.Sweep(t.Context(), w.clock.now()); err != nil {
		t.Fatal(err)
	}
	before["visits"] = 0
	after = rows(t, db)
	before["tallies"] = after["tallies"]
	before["jobs"] = after["jobs"] // looks at what is over end by themselves
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("after the sweep: %s", diff)
	}
}
