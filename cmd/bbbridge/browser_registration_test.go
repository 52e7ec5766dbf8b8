//go:build browser

package main

import (
	"net/url"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// In Chromium the admin of a Moodle-like LMS pastes a link; our page stands in
// its frame, and the LMS closes that when we say that all is done, be it at a
// click or by itself.
func TestRegistrationInChromium(t *testing.T) {
	browser := newChrome(t, "{}")
	for _, byItself := range []bool{false, true} {
		w := newWorld(t, worldOptions{unregistered: true})
		admin := browser.open(w.lms.URL() + "/admin/register?link=" + url.QueryEscape(w.registrationLink()))
		inside := frame{admin}
		inside.until("see what will be registered", `document.body.innerText.includes("Nothing is registered until you click")`)
		admin.shot("register")
		inside.click("button.primary")
		inside.until("see what is registered", `document.body.innerText.includes("is registered.")`)
		admin.shot("registered")
		if !byItself {
			inside.click("#close")
		}
		admin.until("the LMS closes the frame", `location.pathname.endsWith("/admin") && document.body.innerText.includes("waits to be switched on")`)
	}
}

// The pages of staff about links, as a browser shows them.
func TestLinksInChromium(t *testing.T) {
	browser := newChrome(t, "{}")
	w := newWorld(t, worldOptions{unregistered: true})
	setup, err := w.svc.accounts.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := browser.open(setup)
	b.until("see the setup", `document.querySelector("input[name=email]") !== null`)
	b.until("fill it", `(() => { document.querySelector("input[name=email]").value = "operator@school.example"; document.querySelector("input[name=password]").value = "`+deskPassword+`"; return true })()`)
	b.click("form[action='/admin/setup'] button.primary")
	b.until("be in", `location.pathname.startsWith("/admin") && document.querySelector("nav") !== null`)
	link := w.registrationLink()
	w.pasted(link, ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("openid_configuration", "https://10.1.2.3/c") }})
	b.until("go to the links", `(location.assign("/admin/platforms/links"), true)`)
	b.until("see the links", `document.body.innerText.includes("for the test")`)
	b.shot("links")
	b.click("tbody a")
	b.until("see what went wrong", `document.body.innerText.includes("has a private address")`)
	b.shot("link")
	b.until("go on", `(location.assign("/admin/platforms/links/new"), true)`)
	b.until("see the form", `document.querySelector("input[name=note]") !== null`)
	b.shot("new-link")
	b.click("form[action='/admin/platforms/links'] button.primary")
	b.until("see the link", `document.querySelector("#c-link")?.innerText.includes("/lti/register?code=") === true`)
	b.shot("made-link")
}
