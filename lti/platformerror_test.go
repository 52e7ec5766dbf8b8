package lti

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jar has the attempt's cookies as a browser sends them.
func (a *attempt) jar() []*http.Cookie {
	var list []*http.Cookie
	for name, value := range a.cookies {
		list = append(list, &http.Cookie{Name: name, Value: value})
	}
	return list
}

// TestPlatformError: a platform's words are told to a browser that began a
// login of ours, and to no other.
func TestPlatformError(t *testing.T) {
	noState := func(_ *testing.T, a *attempt) { a.response.State = "" }
	for _, test := range []struct {
		name      string
		code, why string
		spoil     func(*testing.T, *attempt)
		told      bool
		words     string
	}{
		{"Canvas", "login_required", "Must have an active user session", func(*testing.T, *attempt) {}, true, "login_required: Must have an active user session"},
		{"without a description", "access_denied", "", func(*testing.T, *attempt) {}, true, "access_denied"},
		{"an empty error and no state (Chamilo)", "", "Unregistered redirect_uri", noState, true, "Unregistered redirect_uri"},
		{"an empty error and nothing else", "", "", noState, true, ""},
		{"on several lines, with control characters", "a\x00b", "one\ntwo\x1b[31m", noState, true, "ab: one two[31m"},
		{"far too long", strings.Repeat("a", 200), strings.Repeat("b", 500), noState, true, strings.Repeat("a", 100) + ": " + strings.Repeat("b", 300)},
		{"another browser", "e", "words", func(_ *testing.T, a *attempt) { a.cookies = nil }, false, ""},
		{"another browser, without a state", "e", "words", func(t *testing.T, a *attempt) {
			noState(t, a)
			a.cookies = nil
		}, false, ""},
		{"a browser that began another login", "e", "words", func(t *testing.T, a *attempt) { a.cookies = a.begin(t).cookies }, false, ""},
		{"a state that isn't ours", "e", "words", func(_ *testing.T, a *attempt) { a.response.State = "state" }, false, ""},
		{"another cookie of ours", "e", "words", func(t *testing.T, a *attempt) {
			noState(t, a)
			a.cookies = map[string]string{"__Host-bbbridge": a.answer.CookieValue}
		}, false, ""},
		{"a cookie that names nobody", "e", "words", func(t *testing.T, a *attempt) {
			noState(t, a)
			a.cookies = map[string]string{cookiePrefix + "AAAAAAAA": random(), cookiePrefix + "BBBBBBBB": "%", cookiePrefix + "CCCCCCCC": ""}
		}, false, ""},
		{"a registration that is gone", "e", "words", func(t *testing.T, a *attempt) {
			noState(t, a)
			a.store.list = nil
		}, false, ""},
		{"a caller that knows of no cookies", "e", "words", func(t *testing.T, a *attempt) {
			noState(t, a)
			a.response.Cookie, a.response.Cookies = nil, nil
		}, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			a.unsent, a.response.Cookies = true, a.jar
			a.response.Error, a.response.ErrorDescription, a.response.Failed = test.code, test.why, true
			test.spoil(t, a)
			_, err := a.launch(t)
			wantCode(t, err, CodePlatformError)
			var told *PlatformError
			if errors.As(err, &told) != test.told {
				t.Fatalf("%T: %v, want the words told: %v", err, err, test.told)
			}
			if test.told && (told.Words != test.words || len(told.Registrations) != 1 || told.Registrations[0].ID != "reg-1" || told.Bound != (a.response.State != "")) {
				t.Errorf("%+v, want %q of reg-1", told, test.words)
			}
		})
	}
}

// TestPlatformErrorBesideAToken: some platforms may send an empty error with a
// good token.
func TestPlatformErrorBesideAToken(t *testing.T) {
	a := newWorld(t).begin(t)
	a.response.Failed, a.response.ErrorDescription = true, "none"
	a.mustLaunch(t)
	b := newWorld(t).begin(t)
	b.response.Error = "server_error"
	_, err := b.launch(t)
	wantCode(t, err, CodePlatformError)
}

// TestPlatformErrorOfOneOfSeveral: without a state it may be of any platform
// at which this browser began a login.
func TestPlatformErrorOfOneOfSeveral(t *testing.T) {
	w := newWorld(t)
	second := *w.registration()
	second.ID, second.Issuer = "reg-2", "https://second.example"
	w.store.list = append(w.store.list, second)
	a := w.begin(t)
	for range 2 {
		login, err := w.readLogin(url.Values{"iss": {second.Issuer}, "login_hint": {"7"}, "target_link_uri": {testPublic}}, "")
		if err != nil {
			t.Fatal(err)
		}
		a.cookies[login.CookieName] = login.CookieValue
	}
	_, err := w.tool.Launch(t.Context(), Response{ErrorDescription: "words", Cookies: a.jar})
	var told *PlatformError
	if !errors.As(err, &told) {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range told.Registrations {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"reg-1", "reg-2"}, ids); diff != "" {
		t.Errorf("registrations (-want +got):\n%s", diff)
	}
}
