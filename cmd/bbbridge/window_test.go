package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// A launch to which no cookie comes back goes on in a new window if it stands
// in a frame. In a window it is somebody else's: there is no door out of it.
func TestLTILaunch_V4_door(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	target := func(name string) func(map[string]any) {
		return func(c map[string]any) {
			c["https://purl.imsglobal.org/spec/lti/claim/launch_presentation"] = map[string]any{"document_target": name}
		}
	}
	for _, test := range []struct {
		name    string
		old     bool // the browser doesn't say where it shows the answer
		options ltitest.LaunchOptions
		open    bool // the door
	}{
		{"in a frame", false, ltitest.LaunchOptions{Framed: true}, true},
		{"in a frame, as a platform calls a window", false, ltitest.LaunchOptions{Framed: true, Claims: target("window")}, true},
		{"in a window", false, ltitest.LaunchOptions{}, false},
		{"in a window, as a platform calls a frame", false, ltitest.LaunchOptions{Claims: target("iframe")}, false},
		{"an old browser, in a frame", true, ltitest.LaunchOptions{Framed: true}, true},
		{"an old browser, where the platform says nothing", true, ltitest.LaunchOptions{Framed: true, Claims: target("")}, true},
		{"an old browser, in a window", true, ltitest.LaunchOptions{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			victim := ltitest.NewBrowser()
			victim.FrameCookies, victim.NoFetchMetadata = ltitest.FrameCookiesNone, test.old
			test.options.PostFrom = victim
			page := w.launch(link, "ben", test.options)
			_, err := page.Form("/lti/window")
			if page.Status != http.StatusForbidden || (err == nil) != test.open {
				t.Fatalf("%d %s", page.Status, page.Text)
			}
			if !test.open {
				if !strings.Contains(page.Text, "Start again from your course") || !strings.Contains(page.Text, "cookie_missing") || strings.Contains(page.Body, "id_token") {
					t.Errorf("refused with %s", page.Text)
				}
				return
			}
			if in := w.submit(page, "/lti/window"); in.Status != http.StatusOK || !strings.HasPrefix(in.URL.Path, "/rooms/") {
				t.Errorf("in the new window: %d %s", in.Status, in.Text)
			}
		})
	}
}

// Somebody slips a launch of their own, of a link that opens in a frame, to an
// old browser, in a window. The page can't know, but the click finds out: the
// cookie that a frame would not have kept comes back.
func TestLTILaunch_V4_slipped_to_an_old_browser(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	victim := ltitest.NewBrowser()
	victim.NoFetchMetadata, victim.FrameCookies = true, ltitest.FrameCookiesNone
	slipped := w.launch(link, "ben", ltitest.LaunchOptions{Framed: true, Stop: ltitest.StopBeforePost})
	page, err := slipped.In(victim).InNewWindow().Submit(slipped.Forms[0])
	if err != nil {
		t.Fatal(err)
	}
	got := w.submit(page, "/lti/window")
	if got.Status != http.StatusForbidden || !strings.Contains(got.Text, "state_mismatch") || !strings.Contains(got.Text, "Start again from your course") {
		t.Errorf("%d %s", got.Status, got.Text)
	}
	if len(victim.RefusedCookies()) > 0 {
		t.Errorf("cookies that the browser refuses: %q", victim.RefusedCookies())
	}
	// Their own launches go on as ever.
	if page := w.launchIn(victim, link, "anna", ltitest.LaunchOptions{}); page.Status != http.StatusOK {
		t.Errorf("their own launch: %d %s", page.Status, page.Text)
	}
	framed := w.launchIn(victim, link, "anna", ltitest.LaunchOptions{Framed: true})
	if in := w.submit(framed, "/lti/window"); in.Status != http.StatusOK {
		t.Errorf("their own launch in a frame: %d %s", in.Status, in.Text)
	}
}
