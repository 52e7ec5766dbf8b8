package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// The case one-not-found, after public bug reports: a balancer doesn't find a
// running class for a moment. The class goes on, a learner who comes then gets
// in, and who was inside all the time is graded soon after the end, without a
// report.
func TestOneNotFoundEndsNoClass(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "4")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(2 * time.Minute)

	found := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.NotFound})
	w.inClass(w.submit(w.launch(link, "diego", ltitest.LaunchOptions{}), "/join"))
	lost := w.bbb.Be(bbbtest.Fault{Call: "isMeetingRunning", Kind: bbbtest.NotFound})
	w.later(33 * time.Second)
	w.eventually("a look that finds nothing", func() bool { return w.open()[0].Absences == 1 })
	found()
	lost()
	w.later(17 * time.Second)
	w.eventually("a look that finds it", func() bool { return w.open()[0].Absences == 0 })

	w.polled(2 * time.Minute)
	ended := w.clock.now()
	w.ended()
	w.later(time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if took := w.clock.now().Sub(ended); took > 5*time.Minute {
		t.Errorf("graded %v after the end", took)
	}
}

// A class that was taken for over is found again, by its room's page or by a
// look, and goes on for everybody.
func TestClassIsFoundAgain(t *testing.T) {
	for name, find := range map[string]func(*world, ltitest.Link){
		"who comes finds it": func(w *world, link ltitest.Link) {
			w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
		},
		"a look finds it": func(w *world, _ ltitest.Link) { w.later(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
			link := w.link()
			w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
			w.polled(time.Minute)
			if err := w.db.EndMeeting(t.Context(), w.open()[0].ID, w.clock.now(), w.clock.now().Add(2*time.Minute)); err != nil {
				t.Fatal(err)
			}
			w.later(20 * time.Second) // what pages remember is over
			find(w, link)
			w.eventually("it lives", func() bool { return len(w.open()) == 1 })
		})
	}
}

// End calls BigBlueButton whatever our records say, and says what came of it.
func TestEndSaysWhatCameOfIt(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.inClass(w.submit(anna, "/start"))
	end := func() string {
		t.Helper()
		page := w.launch(link, "anna", ltitest.LaunchOptions{})
		next, err := page.Open(page.URL.Path + "/end?" + page.URL.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		return w.submit(next, "/end").Text
	}
	says := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("the page doesn't say %q: %s", want, text)
		}
	}
	up := w.bbb.Be(bbbtest.Fault{Call: "end", Kind: bbbtest.BadGateway})
	says(end(), "may still be on")
	up()
	if len(w.open()) != 1 {
		t.Fatal("the class is over in our records")
	}
	if err := w.db.EndMeeting(t.Context(), w.open()[0].ID, w.clock.now(), w.clock.now()); err != nil {
		t.Fatal(err)
	}
	w.eventually("what goes on there is seen again", func() bool {
		w.launch(link, "anna", ltitest.LaunchOptions{})
		return len(w.open()) == 1
	})
	// By when the look is back, it is ending or over.
	if text := end(); !strings.Contains(text, "The class is ending") && !strings.Contains(text, "Class is over.") {
		t.Errorf("the page doesn't say that the class is ending: %s", text)
	}
	w.later(10 * time.Second)
	says(end(), "nothing to end")
	if n := len(w.bbb.Requests("end")); n != 3 {
		t.Errorf("BigBlueButton was asked %d times", n)
	}
}

// The page has one word for a class that was just ended, before our records
// know of its end: neither that it goes on nor that none has begun.
func TestEndedIsSaidAtOnce(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{EndDelay: time.Hour}})
	link := w.link()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	ben := w.launch(link, "ben", ltitest.LaunchOptions{})
	w.inClass(w.submit(ben, "/join"))
	w.polled(time.Minute)
	w.eventually("the class is listed", func() bool {
		return strings.Contains(w.launch(link, "anna", ltitest.LaunchOptions{}).Body, "/classes/")
	})
	page := w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/end")
	if len(w.open()) != 1 {
		t.Fatal("the end is known already")
	}
	wantText(t, page, true, "Ended")
	wantText(t, page, true, "Being counted")
	wantText(t, page, false, "Not started")
	wantText(t, page, false, "Live")
	wantText(t, page, true, "Class is over. Who came is being counted. See the register")
	wantText(t, w.launch(link, "ben", ltitest.LaunchOptions{}), true, "Class is over.")
	register, err := page.Open(page.URL.Path + regexp.MustCompile(`/classes/[^"]+`).FindString(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, register, false, "still on")
}

// No minute of looking follows when a teacher has ended a class: it is counted
// at once.
func TestEndIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.polled(time.Minute)
	page := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.submit(page, "/end")
	w.later(12 * time.Second)
	w.eventually("the end is seen", func() bool { return len(w.open()) == 0 })
}
