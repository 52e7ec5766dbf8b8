package lti

import (
	"errors"
	"testing"
	"time"
)

// unbound makes a launch whose cookie didn't come back.
func unbound(t *testing.T, a *attempt) *Unbound {
	t.Helper()
	a.cookies = nil
	_, err := a.launch(t)
	var u *Unbound
	if !errors.As(err, &u) {
		t.Fatalf("Launch without a cookie = %v, want Unbound", err)
	}
	return u
}

// TestUnbound: without a cookie the launch goes on in a new window.
func TestUnbound(t *testing.T) {
	w := newWorld(t)
	request := goodLogin()
	request.StorageTarget = "_parent"
	a := w.beginWith(t, request)
	a.claims["name"] = "Ana Ålund"
	u := unbound(t, a)
	if u.CookieName != a.answer.CookieName || u.MaxAge != 5*time.Minute {
		t.Errorf("cookie %s for %v", u.CookieName, u.MaxAge)
	}
	if u.Launch.User.DisplayName() != "Ana Ålund" || u.StorageTarget != "_parent" || u.Error() == "" {
		t.Errorf("got %+v", u)
	}
	// A token of Moodle is over by then.
	w.clock.pass(5*time.Minute - time.Second)
	a.response.Window = u.Window
	launch := a.mustLaunch(t)
	if launch.Nonce != u.Launch.Nonce || launch.NonceExpires.Before(w.clock.now()) {
		t.Errorf("nonce %q until %v, want %q and longer than %v", launch.Nonce, launch.NonceExpires, u.Launch.Nonce, w.clock.now())
	}
}

// TestUnboundRefusals: a launch that fails any other check isn't offered a
// window, and the window fits nothing else.
func TestUnboundRefusals(t *testing.T) {
	t.Run("a bad token is refused at once", func(t *testing.T) {
		a := newWorld(t).begin(t)
		a.cookies, a.key = nil, rsaKeys()[1]
		_, err := a.launch(t)
		wantCode(t, err, CodeSignatureInvalid)
	})
	t.Run("no way to ask for cookies", func(t *testing.T) {
		a := newWorld(t).begin(t)
		a.response.Cookie = nil
		var u *Unbound
		if _, err := a.launch(t); !errors.As(err, &u) {
			t.Errorf("Launch = %v, want Unbound", err)
		}
	})
	for _, test := range []struct {
		name  string
		spoil func(*testing.T, *attempt, *Unbound)
		code  string
	}{
		{"good", func(*testing.T, *attempt, *Unbound) {}, ""},
		{"too late", func(_ *testing.T, a *attempt, _ *Unbound) { a.clock.pass(5 * time.Minute) }, CodeStateExpired},
		{"of the future", func(_ *testing.T, a *attempt, _ *Unbound) { a.clock.pass(-2 * time.Minute) }, CodeStateExpired},
		{"forged", func(_ *testing.T, a *attempt, _ *Unbound) {
			a.response.Window = sealWindow([]byte("another key"), testNow, a.response.State, a.response.IDToken)
		}, CodeStateUnknown},
		{"not base64", func(_ *testing.T, a *attempt, _ *Unbound) { a.response.Window = "%" }, CodeStateUnknown},
		{"too short", func(_ *testing.T, a *attempt, _ *Unbound) { a.response.Window = "AAAA" }, CodeStateUnknown},
		{"time changed", func(t *testing.T, a *attempt, u *Unbound) {
			b, err := base64URL.DecodeString(u.Window)
			if err != nil {
				t.Fatal(err)
			}
			b[7]++
			a.response.Window = base64URL.EncodeToString(b)
		}, CodeStateUnknown},
		{"of another launch", func(t *testing.T, a *attempt, _ *Unbound) {
			a.response.Window = unbound(t, a.begin(t)).Window
		}, CodeStateUnknown},
		{"with another token", func(t *testing.T, a *attempt, _ *Unbound) {
			a.claims["sub"], a.response.IDToken = "admin", ""
			a.sign(t)
		}, CodeStateUnknown},
		{"with another state", func(t *testing.T, a *attempt, _ *Unbound) { a.response.State = a.begin(t).response.State }, CodeStateUnknown},
		{"with the cookie of a page that stood in a window", func(_ *testing.T, a *attempt, u *Unbound) {
			a.cookies = map[string]string{u.CookieName: "window"}
		}, CodeStateMismatch},
		{"with the login's own cookie", func(_ *testing.T, a *attempt, u *Unbound) {
			a.cookies = map[string]string{u.CookieName: a.answer.CookieValue}
		}, ""},
		{"platform disabled meanwhile", func(_ *testing.T, a *attempt, _ *Unbound) { a.registration().Disabled = true }, CodePlatformDisabled},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			u := unbound(t, a)
			a.response.Window = u.Window
			test.spoil(t, a, u)
			_, err := a.tool.Launch(t.Context(), a.response)
			wantCode(t, err, test.code)
			if test.code == "" && err != nil {
				t.Errorf("Launch: %v", err)
			}
		})
	}
}

// TestWindowIsNoState: what authenticates one doesn't authenticate the other.
func TestWindowIsNoState(t *testing.T) {
	a := newWorld(t).begin(t)
	u := unbound(t, a)
	a.response.State = u.Window
	_, err := a.launch(t)
	wantCode(t, err, CodeStateUnknown)
}
