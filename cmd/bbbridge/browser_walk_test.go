//go:build browser

package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// inClass is of the simulated BigBlueButton's page.
const inClass = `document.body.innerText.includes("Simulated BigBlueButton")`

// startDemo runs the demo on free ports.
func startDemo(t *testing.T) *stage {
	t.Helper()
	s, err := demoCommand{}.stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("demo: %v", err)
		}
		if err := s.db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return s
}

func TestWalkOfTheDemo(t *testing.T) {
	s := startDemo(t)
	browser := newChrome(t, "{}")
	lms := s.lms.URL()

	// Anna puts a classroom into her course.
	anna := browser.open(lms + "/as/anna/courses/law")
	anna.shot("course")
	anna.click(`a[href*="/add/"]`)
	picker := frame{anna}
	picker.until("the picker is in the course", `document.querySelector("input[name=title]") !== null`)
	picker.shot("picker-in-the-course")
	picker.fill("title", "Moot court")
	picker.click(`label[for=f-measure-percent]`)
	picker.fill("percent", "5")
	picker.shot("picker-filled")
	picker.click(`form[action*="/pick"] button.primary`)
	anna.until("the course has the classroom", `location.pathname.endsWith("/courses/law") && document.body.innerText.includes("Moot court")`)
	var link string
	for _, l := range s.lms.Links("law") {
		if l.Title == "Moot court" {
			link = l.ID
		}
	}
	if link == "" {
		t.Fatalf("the course has no such link: %+v", s.lms.DeepLinkAnswers())
	}

	// Ben comes early, in a window of his own, and waits.
	ben := browser.open(lms + "/as/ben/links/" + link + "/open")
	ben.until("Ben waits", `document.querySelector("main[data-state=not_started]") !== null`)
	ben.shot("learner-waits")

	// Anna opens the room inside the course page, and starts the class out of it.
	anna.front()
	anna.do("open the room", chromedp.Navigate(lms+"/as/anna/links/"+link))
	framed := frame{anna}
	framed.until("the room is in the course", `document.querySelector("main[data-state=not_started]") !== null`)
	framed.shot("room-in-the-course")
	class := anna.opens("the class", func() { framed.click(`form[action*="/start"] button`) })
	class.until("Anna is in class", inClass)
	class.shot("class")
	if top, err := chromedp.Run(class.ctx, chromedp.Evaluate[bool](`window === window.top`)); err != nil || !top {
		t.Errorf("the class isn't a window of its own: %v", err)
	}

	// Ben gets in by himself. The frame tells of it, and is still the room's page.
	ben.front()
	ben.until("Ben is in class", inClass)
	ben.shot("learner-in-class")
	anna.front()
	framed.until("the room in the course tells that the class is live", `document.querySelector("main[data-state=inside], main[data-state=running]") !== null && document.body.innerText.includes("Ben Okafor")`)
	framed.shot("room-live-in-the-course")
	room := browser.open(lms + "/as/anna/links/" + link + "/open")
	room.until("the room's page tells it, too", `document.querySelector("main[data-state=inside], main[data-state=running]") !== null && document.body.innerText.includes("Ben Okafor")`)
	room.shot("room-live")

	// Ben leaves, Anna ends the class.
	ben.front()
	ben.click(`button[name=do][value=leave]`)
	ben.until("Ben is back", `location.pathname.endsWith("/left")`)
	ben.shot("left")
	room.front()
	room.click(`a[href*="/end"]`)
	room.click(`form[action*="/end"] button`)
	room.until("the class is over", `document.querySelector("main[data-state=ended], main[data-state=counting]") !== null && document.querySelector("table.classes a") !== null`)
	room.shot("room-after")

	// Anna's own window came out of the class, and tells that it is over.
	class.front()
	class.until("Anna's window tells that the class is over", `location.pathname.endsWith("/left") && document.body.innerText.includes("Class is over.")`)
	room.front()

	// The register, and the grade in the gradebook.
	room.click("table.classes a")
	room.until("the register has Ben", `location.pathname.includes("/classes/") && document.body.innerText.includes("Ben Okafor")`)
	room.shot("register")
	grades := browser.open(lms + "/as/anna/courses/law/grades")
	grades.wait("Ben has his grade", func() (bool, error) {
		points, most, ok := s.lms.Grade(link, "ben")
		return ok && points == most && most == 100, nil
	})
	grades.do("look again", chromedp.Reload())
	grades.until("Ben's grade is in the gradebook", `document.body.innerText.includes("100")`)
	grades.shot("gradebook")
	if got := len(s.lms.AcceptedScores(link, "ben")); got != 1 {
		t.Errorf("the gradebook took %d scores for Ben, want 1", got)
	}
}

// joinsOutOfAFrame has Ben open the link in the LMS, which is another site
// than the service, in a browser of these preferences. The frame's button opens
// a window, which lets him in by himself.
func joinsOutOfAFrame(t *testing.T, prefs, name, button, after string) {
	w := newWorld(t, worldOptions{host: "localhost"})
	link := w.link()
	browser := newChrome(t, prefs)
	course := browser.open(w.lms.URL() + "/as/ben/links/" + link.ID)
	framed := frame{course}
	framed.until("the frame has the button", fmt.Sprintf(`document.querySelector(%q) !== null`, button))
	framed.shot(name)

	room := course.opens("the room", func() { framed.click(button) })
	room.until("Ben waits in his room", `location.pathname.startsWith("/rooms/") && document.querySelector("main[data-state=not_started]") !== null`)
	room.shot(name + "-window")
	course.front()
	framed.until("the frame says how it goes on", after)
	framed.shot(name + "-after")

	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	room.front()
	room.until("Ben is in class", inClass)
	room.shot(name + "-class")
	w.person(w.meeting(), "Ben Okafor") // his name is known there
}

// A browser that keeps no cookies in frames, as Safari does: one click leads
// on in a window of our own.
func TestFrameWithoutCookies(t *testing.T) {
	joinsOutOfAFrame(t, `{"profile": {"content_settings": {"exceptions": {"cookies": {"http://localhost:*,http://127.0.0.1:*": {"setting": 2}}}}}}`,
		"no-cookie", `form[action="/lti/window"] button`, `document.getElementById("after").checkVisibility()`)
}

// A browser that blocks cookies of third parties but for partitioned ones, as
// Chrome does: the room stands in the frame, and its window has a cookie of its
// own.
func TestFrameWithPartitionedCookies(t *testing.T) {
	joinsOutOfAFrame(t, `{"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": true}}`,
		"partitioned", `form[action*="/join"] button`, `document.querySelector("main[data-state=not_started]") !== null`)
}
