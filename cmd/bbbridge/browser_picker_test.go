//go:build browser

package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// picksOutOfAFrame has Anna choose a classroom in the course's dialogue, which
// is a frame of another site, in a browser of these preferences. Where the
// frame keeps no cookie the choice is made in a window, and the frame posts the
// answer: the course's own page goes on by it.
func picksOutOfAFrame(t *testing.T, prefs, name string, windows bool) {
	w := newWorld(t, worldOptions{host: "localhost"})
	browser := newChrome(t, prefs)
	course := browser.open(fmt.Sprintf("%s/as/anna/courses/law/add/%s", w.lms.URL(), w.tool.ID))
	framed := frame{course}
	fill := func(do func(string, ...chromedp.Action[chromedp.Void])) {
		do("name the room", chromedp.SetValue(chromedp.CSS("input[name=title]"), "Moot court"), chromedp.Click(chromedp.CSS(`form[action*="/pick"] button.primary`)))
	}
	if !windows {
		framed.until("the picker is in the frame", `document.querySelector("input[name=title]") !== null`)
		framed.fill("title", "Moot court")
		framed.click(`form[action*="/pick"] button.primary`)
	} else {
		framed.until("the frame has the button", `document.querySelector("#before button") !== null`)
		framed.shot(name)
		closed := course.opens("the picker", func() { framed.click(`#before button`) })
		closed.until("the picker has a window", `document.querySelector("input[name=title]") !== null`)
		course.front()
		framed.until("the frame waits", `document.getElementById("after").checkVisibility()`)
		framed.shot(name + "-waits")
		if err := chromedp.Cancel(closed.ctx); err != nil { // closed without a choice
			t.Fatal(err)
		}

		window := course.opens("the picker again", func() { framed.click(`#after button.plain`) })
		window.until("the picker has a window again", `document.querySelector("input[name=title]") !== null`)
		window.shot(name + "-window")
		fill(window.do)
		window.until("the window is done", `document.querySelector("main form") === null && document.body.innerText.includes("You have chosen.")`)
		window.shot(name + "-done")
		course.front()
	}
	course.until("the course has the classroom", `location.pathname.endsWith("/courses/law") && document.body.innerText.includes("Moot court")`)
	course.shot(name + "-course")
	if links := w.answered().Links; len(links) != 1 || links[0].Title != "Moot court" {
		t.Errorf("links %+v", links)
	}
}

func TestPickerInFramesOfChromium(t *testing.T) {
	for _, test := range []struct {
		name, prefs string
		windows     bool
	}{
		{"picker-no-cookie", `{"profile": {"content_settings": {"exceptions": {"cookies": {"http://localhost:*,http://127.0.0.1:*": {"setting": 2}}}}}}`, true},
		{"picker-partitioned", `{"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": true}}`, false},
	} {
		t.Run(test.name, func(t *testing.T) { picksOutOfAFrame(t, test.prefs, test.name, test.windows) })
	}
}
