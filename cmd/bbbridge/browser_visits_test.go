//go:build browser

package main

import (
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// says is an expression for what a page shows to a person.
func says(text string) string { return `document.body.innerText.includes("` + text + `")` }

// Two people share a browser. Who leaves isn't seen any more, by no button of
// the browser either, and the other one goes on.
func TestTwoPeopleInOneBrowser(t *testing.T) {
	w := newWorld(t, worldOptions{host: "localhost"})
	link := w.link()
	browser := newChrome(t, "{}")
	open := func(person string) tab {
		return browser.open(w.lms.URL() + "/as/" + person + "/links/" + link.ID + "/open")
	}
	anna, ben := open("anna"), open("ben")
	ben.until("Ben's page is his", says("Ben Okafor")+` && document.querySelector("main[data-state=not_started]") !== null`)
	anna.front()
	anna.until("Anna's page is hers", says("Anna Moreau")+` && `+says("Start class"))
	anna.shot("who-teacher")

	cookies, err := chromedp.Call(anna.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{w.url}})
	if err != nil || len(cookies.Cookies) == 0 {
		t.Fatalf("cookies: %v, %v", cookies, err)
	}
	for _, cookie := range cookies.Cookies {
		if cookie.Name == "__Host-bbbridge" && !cookie.Session {
			t.Errorf("cookie %+v outlives the browser", cookie)
		}
	}

	anna.do("look at the settings, too", chromedp.Click(chromedp.CSS(`a[href*="/settings"]`)))
	anna.until("the settings", says("Settings")+` && `+says("Anna Moreau"))
	second := open("anna")
	second.until("Anna's second tab", says("Start class"))
	anna.front()
	anna.click(`form[action*="/leave"] button`)
	anna.until("Anna has left", says("You have left."))
	anna.shot("who-left")
	for _, page := range []string{"the settings", "the room"} {
		anna.do("back to "+page, chromedp.Evaluate[chromedp.Void](`history.back()`))
		anna.until("nothing of Anna's at "+page, says("visit here is over")+` && !`+says("Anna"))
	}
	anna.shot("who-back")

	// A page that was open says so by itself, as soon as it asks.
	second.front()
	second.until("Anna's second tab is over, too", says("visit here is over"))

	ben.front()
	ben.do("look again", chromedp.Reload())
	ben.until("Ben goes on", says("Ben Okafor")+` && document.querySelector("main[data-state=not_started]") !== null`)
	ben.shot("who-learner")
}

// The name stands in a platform's frame as well, in the picker too, and who
// leaves there has left.
func TestLeaveInAFrame(t *testing.T) {
	w := newWorld(t, worldOptions{host: "localhost"})
	link := w.link()
	browser := newChrome(t, "{}")
	course := browser.open(w.lms.URL() + "/as/anna/links/" + link.ID)
	framed := frame{course}
	framed.until("the room names Anna", says("Anna Moreau")+` && `+says("Not you? Leave"))
	framed.shot("who-frame")
	framed.click(`form[action*="/leave"] button`)
	framed.until("Anna has left", says("You have left."))
	framed.shot("who-frame-left")
	picks := frame{browser.open(w.lms.URL() + "/as/anna/courses/law")}
	picks.tab.click(`a[href*="/add/"]`)
	picks.until("the picker names Anna", says("Anna Moreau"))
	picks.shot("who-picker")
}
