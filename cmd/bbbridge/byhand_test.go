package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// wantSetup holds a page to having all that an admin pastes into an LMS.
func (w *world) wantSetup(page *ltitest.Page) {
	w.t.Helper()
	for _, address := range []string{"/lti/launch", "/lti/login", "/.well-known/jwks.json"} {
		if !strings.Contains(page.Body, ">"+w.url+address+"<") {
			w.t.Errorf("%s doesn't say to paste %s: %s", page.URL, address, page.Text)
		}
	}
}

// What admins open by hand says what to do instead, also in the frame in which
// Moodle opens what is pasted into "Add LTI Advantage".
func TestOpenedByHand(t *testing.T) {
	w := newWorld(t, worldOptions{})
	const asked = "?openid_configuration=https%3A%2F%2Flms.example.edu%2Fconfig&registration_token=secret"
	for _, test := range []struct {
		path   string
		framed bool
		status int
		says   string
	}{
		{"/", false, http.StatusOK, "Classrooms for your courses"},
		{"/" + asked, true, http.StatusOK, "This address registers nothing by itself"},
		{"/lti/register", false, http.StatusOK, "This address registers nothing by itself"},
		{"/lti/register" + asked, true, http.StatusOK, "This address registers nothing by itself"},
		{"/lti/launch", false, http.StatusMethodNotAllowed, "This address is for your LMS"},
		{"/lti/launch" + asked, true, http.StatusMethodNotAllowed, "This address registers nothing by itself"},
		{"/lti/login" + asked, true, http.StatusBadRequest, "This address registers nothing by itself"},
	} {
		t.Run(test.path, func(t *testing.T) {
			open := ltitest.NewBrowser().Get
			if test.framed {
				open = func(address string) (*ltitest.Page, error) {
					return ltitest.NewBrowser().GetFramed("https://lms.example.edu/admin", address)
				}
			}
			page, err := open(w.url + test.path)
			if err != nil {
				t.Fatal(err)
			}
			if page.Status != test.status || page.Blocked != "" || !strings.Contains(page.Text, test.says) || strings.Contains(page.Body, "secret") {
				t.Errorf("%d %s %s", page.Status, page.Blocked, page.Text)
			}
			w.wantSetup(page)
		})
	}
	t.Run("in French", func(t *testing.T) {
		b := ltitest.NewBrowser()
		b.Language = "fr-CH,fr;q=0.9"
		page, err := b.Get(w.url + "/lti/register")
		if err != nil || !strings.Contains(page.Text, "Rien n'a été inscrit") {
			t.Errorf("%v %s", err, page.Text)
		}
	})
	for path, want := range map[string]int{"/lti/login": http.StatusBadRequest, "/lti/login?iss=x": http.StatusBadRequest} {
		if got := w.ask("GET", path, "", ""); got.StatusCode != want || !strings.Contains(got.body, "login_missing") {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
	if got := w.ask("GET", "/lti/launch", "", ""); got.Header.Get("Allow") != "POST" {
		t.Errorf("allowed: %q", got.Header.Get("Allow"))
	}
}

// An LMS that has the tool as one of LTI 1.1 posts its launches to whichever
// address was pasted. Its admin learns what to change.
func TestLaunchesOfLTI11(t *testing.T) {
	w := newWorld(t, worldOptions{})
	form := url.Values{
		"lti_message_type": {"basic-lti-launch-request"}, "lti_version": {"LTI-1p0"}, "oauth_consumer_key": {"key"}, "oauth_signature_method": {"HMAC-SHA1"},
		"oauth_signature": {"c2lnbmF0dXJl"}, "resource_link_id": {"7"}, "roles": {"Instructor"}, "user_id": {"5"}, "launch_presentation_document_target": {"iframe"},
	}
	lms, err := ltitest.NewBrowser().Get(w.lms.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/lti/launch", "/lti/login", "/"} {
		page, err := lms.Submit(&ltitest.Form{Method: http.MethodPost, Action: w.url + path, Fields: form})
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != http.StatusBadRequest || !strings.Contains(page.Text, "lti_1_1") || !strings.Contains(page.Text, "set the tool up as that") {
			t.Errorf("%s: %d %s", path, page.Status, page.Text)
		}
		w.wantSetup(page)
	}
	// What else is posted to the address without a path is as wrong as ever, and
	// no other address of ours takes forms of other sites since.
	for path, want := range map[string]int{"/": http.StatusMethodNotAllowed, "/pick": http.StatusForbidden, "/rooms/r/start": http.StatusForbidden, "/lti/window": http.StatusForbidden} {
		page, err := lms.Submit(&ltitest.Form{Method: http.MethodPost, Action: w.url + path, Fields: url.Values{"a": {"b"}}})
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != want || path != "/" && !strings.Contains(page.Text, "csrf") {
			t.Errorf("%s: %d %s", path, page.Status, page.Text)
		}
	}
}
