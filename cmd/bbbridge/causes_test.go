package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// Who sets things up wrong finds out what by our pages alone: from the overview
// by clicks, to the cause and the cure. Nothing else is asked than what is seen.
func TestCausesAreReadOnOurPages(t *testing.T) {
	start := func(w *world, link ltitest.Link) {
		if page := w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"); page.Status < 400 {
			w.t.Fatalf("the class began: %s", page.Text)
		}
	}
	hold := func(w *world, link ltitest.Link) {
		w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		if err := w.bbb.DeliverCallbacks(w.t.Context()); err == nil {
			w.t.Fatal("the report was taken")
		}
	}
	launch := func(w *world, link ltitest.Link) { w.launch(link, "anna", ltitest.LaunchOptions{}) }
	for _, test := range []struct {
		name    string
		options worldOptions
		spoil   func(*world)
		happens func(*world, ltitest.Link)
		seen    string   // on the overview, when it has been noticed
		clicks  []string // from there on
		cause   string
		cure    string
	}{
		{
			name:    "a wrong secret",
			spoil:   func(w *world) { w.bbb.Be(bbbtest.Fault{Kind: bbbtest.RotatedSecret}) },
			happens: start, seen: "Doesn't answer as it should", clicks: []string{"Test BBB"},
			cause: "the secret is wrong", cure: "Change the secret",
		},
		{
			name:    "a wrong secret, from what its teacher met",
			spoil:   func(w *world) { w.bbb.Be(bbbtest.Fault{Kind: bbbtest.RotatedSecret}) },
			happens: start, seen: "Refused on the way into a class: 1", clicks: []string{"Refused on the way into a class: 1", "Way into a class"},
			cause: "the secret is wrong", cure: "“Look again” on the server's page",
		},
		{
			name: "a header that a proxy takes away", options: worldOptions{bbb: bbbtest.Options{StripAuthorization: true}},
			happens: hold, seen: "Refused reports: 1", clicks: []string{"Refused reports: 1", "Report of BigBlueButton"},
			cause: "takes the Authorization header away", cure: "Let it pass that on",
		},
		{
			name:    "a wrong clock",
			spoil:   func(w *world) { w.lms.Change(func(b *ltitest.Behaviour) { b.ClockOffset = -6 * time.Minute }) },
			happens: launch, seen: "Refused launches: 1", clicks: []string{"Refused launches: 1", "Launch"},
			cause: "The clock of the LMS is 6", cure: "Compare the clocks",
		},
		{
			name:    "a wrong redirect address",
			options: worldOptions{tool: func(tool *ltitest.Tool) { tool.RedirectURIs = []string{tool.LaunchURL + "/"} }},
			happens: func(w *world, link ltitest.Link) { launch(w, link); w.clock.advance(2 * time.Minute) },
			seen:    "Sends nobody back", clicks: []string{"Failures"},
			cause: "Test LMS sends nobody back", cure: "Compare it letter by letter",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.options)
			desk, link := w.setUp(), w.link()
			if test.spoil != nil {
				test.spoil(w)
			}
			test.happens(w, link)
			page := desk
			w.eventually("the overview says it", func() bool {
				page = w.at(desk, "/admin/")
				return strings.Contains(page.Text, test.seen)
			})
			for _, text := range test.clicks {
				page = w.click(page, text)
			}
			w.answers(page, http.StatusOK, test.cause, test.cure)
		})
	}
}
