package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// app is an app for codes: HOTP of the half minute (RFC 6238, 4.2).
type app struct {
	t      testing.TB
	secret []byte
	clock  *clock
}

// code is what it shows so many half minutes from now.
func (a app) code(steps int64) string {
	counter := binary.BigEndian.AppendUint64(nil, uint64(a.clock.now().Unix()/30+steps))
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(counter)
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff%1_000_000)
}

// codes turns them on at a page of somebody, and returns their app and the codes
// for when that is lost.
func (w *world) codes(at *ltitest.Page) (app, []string) {
	w.t.Helper()
	account := w.answers(w.at(at, "/admin/account"), http.StatusOK, "Codes at sign-in", "Off: whoever learns your password")
	page := w.answers(w.submit(account, "/admin/account/second"), http.StatusOK, "Scan this picture", "Key")
	_, key, _ := strings.Cut(page.Text, "Key ")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.Join(strings.Fields(key)[:8], ""))
	if err != nil || len(secret) != 20 {
		w.t.Fatalf("the key has %d bytes: %v", len(secret), err)
	}
	if !strings.Contains(page.Body, `src="data:image/png;base64,`) || !strings.Contains(page.Body, `href="otpauth://totp/`) {
		w.t.Error("there is no picture, or no link for an app on the same device")
	}
	a := app{w.t, secret, w.clock}
	page = w.answers(w.fill(page, "/confirm", "code", a.code(9)), http.StatusUnprocessableEntity, "This code doesn't fit.")
	page = w.answers(w.fill(page, "/confirm", "code", " "+a.code(0)[:3]+" "+a.code(0)[3:]), http.StatusOK, "Keep these codes")
	_, kept, _ := strings.Cut(page.Text, "Codes ")
	w.answers(w.at(at, "/admin/account"), http.StatusOK, "On: signing in takes your password and a code", "10 kept codes are left")
	return a, strings.Fields(kept)[:10]
}

// Signing in takes the code of an app besides the password, each good once.
func TestCodesAtSignIn(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	a, kept := w.codes(at)
	w.signedIn(at, boss) // where they were already, nothing changes

	code := w.answers(w.signsIn(boss, secret), http.StatusOK, "Open your app for codes")
	w.out(code) // the password alone opens nothing
	code = w.at(code, "/admin/sign-in/code?next=%2Fadmin%2Faudit")
	w.answers(w.fill(code, "/admin/sign-in/code", "code", a.code(0)), http.StatusUnauthorized, "was used already") // by turning them on
	for _, wrong := range []string{"", a.code(5), a.code(-5), "12345", "ABCD-EFGH", "1234567"} {
		w.answers(w.fill(code, "/admin/sign-in/code", "code", wrong), http.StatusUnauthorized, "This code doesn't fit")
	}
	in := w.answers(w.fill(code, "/admin/sign-in/code", "code", a.code(1)), http.StatusOK, "Audit log", "A wrong code for") // a clock that is ahead
	w.signedIn(in, boss)
	again := w.signsIn(boss, secret)
	w.answers(w.fill(again, "/admin/sign-in/code", "code", a.code(1)), http.StatusUnauthorized, "was used already")

	lost := w.answers(w.fill(again, "/admin/sign-in/code", "code", strings.ToLower(kept[3])), http.StatusOK, "Overview")
	w.answers(w.at(lost, "/admin/account"), http.StatusOK, "9 kept codes are left")
	again = w.signsIn(boss, secret)
	w.answers(w.fill(again, "/admin/sign-in/code", "code", kept[3]), http.StatusUnauthorized)
	w.answers(w.fill(again, "/admin/sign-in/code", "code", strings.ReplaceAll(kept[4], "-", " ")), http.StatusOK, "Overview")

	late := w.signsIn(boss, secret)
	w.clock.advance(10 * time.Minute)
	w.answers(w.fill(late, "/admin/sign-in/code", "code", a.code(0)), http.StatusOK, "E-mail address")
	w.out(late)
}

// Whoever has the password can't try codes for ever.
func TestCodesAreSlow(t *testing.T) {
	w := newWorld(t, worldOptions{})
	a, _ := w.codes(w.setUp())
	n := 0
	for {
		page := w.signsIn(boss, secret) // the password that was right is no new beginning
		if page = w.fill(page, "/admin/sign-in/code", "code", a.code(100)); page.Status == http.StatusTooManyRequests {
			break
		}
		if n++; n > 15 {
			t.Fatal("any number of codes may be tried")
		}
		w.clock.advance(11 * time.Second) // so that the password's own pace isn't it
	}
	w.clock.advance(2 * time.Minute)
	w.answers(w.fill(w.signsIn(boss, secret), "/admin/sign-in/code", "code", a.code(0)), http.StatusOK, "Overview")
}

// A link for a new password is no way around the code.
func TestNewPasswordTakesTheCode(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	a, _ := w.codes(at)
	link, err := w.svc.accounts.NewLink(t.Context(), admin.Shell, boss)
	if err != nil {
		t.Fatal(err)
	}
	page := w.answers(w.fill(w.get(ltitest.NewBrowser(), link), "/admin/password", "password", "another sentence"), http.StatusOK, "Open your app for codes")
	w.out(at)
	w.out(page)
	page = w.at(page, "/admin/sign-in/code")
	w.signedIn(w.answers(w.fill(page, "/admin/sign-in/code", "code", a.code(1)), http.StatusOK, "Overview"), boss)
}

// It ends by its owner, with the password, and by an operator.
func TestCodesEnd(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	w.codes(at)
	w.clock.advance(11 * time.Minute)
	page := w.answers(w.at(at, "/admin/account/second/remove"), http.StatusOK, "Turn off codes at sign-in?", "Your password")
	w.answers(w.fill(page, "/second/remove", "password", ""), http.StatusForbidden, "Type your password once more")
	w.answers(w.fill(page, "/second/remove", "password", "a wrong sentence"), http.StatusForbidden, "That isn't your password.")
	w.answers(w.signsIn(boss, secret), http.StatusOK, "Open your app for codes")
	w.answers(w.fill(page, "/second/remove", "password", secret), http.StatusOK, "Signing in takes your password alone.")
	w.answers(w.signsIn(boss, secret), http.StatusOK, "Overview")

	// To turn it on asks for the password, too: else whoever finds a browser open
	// could lock its owner out.
	w.clock.advance(11 * time.Minute)
	page = w.answers(w.submit(w.at(at, "/admin/account"), "/admin/account/second"), http.StatusOK, "Turn on codes at sign-in?", "Your password")
	w.answers(w.fill(page, "/admin/account/second", "password", "a wrong sentence"), http.StatusForbidden, "That isn't your password.")
	w.answers(w.fill(page, "/admin/account/second", "password", secret), http.StatusOK, "Scan this picture")
	w.answers(w.signsIn(boss, secret), http.StatusOK, "Overview") // begun and never confirmed

	second := w.setUpAgain()
	w.codes(second)
	s, err := w.db.StaffByEmail(t.Context(), "second@school.example")
	if err != nil {
		t.Fatal(err)
	}
	page = w.click(w.at(at, "/admin/people/"+s.ID), "Take off the codes at sign-in")
	w.answers(w.submit(page, "/second/remove"), http.StatusOK, "Saved.")
	w.answers(w.signsIn("second@school.example", secret), http.StatusOK, "Overview")
	w.answers(w.at(at, "/admin/audit"), http.StatusOK, "Turned off codes at sign-in for", "Turned on codes at sign-in for")
	w.answers(w.at(at, "/admin/people/"+s.ID+"/second/remove"), http.StatusOK)
	w.answers(w.submit(w.at(at, "/admin/people/"+s.ID+"/second/remove"), "/second/remove"), http.StatusNotFound)
}
