package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

const (
	boss   = "boss@school.example"
	secret = "a sentence as a password"
)

// get opens an address of the service in a browser.
func (w *world) get(b *ltitest.Browser, path string) *ltitest.Page {
	w.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = w.url + path
	}
	page, err := b.Get(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// answers wants a page of this status with these words.
func (w *world) answers(page *ltitest.Page, status int, words ...string) *ltitest.Page {
	w.t.Helper()
	if page.Status != status {
		w.t.Fatalf("%s has status %d, want %d: %s", page.URL, page.Status, status, page.Text)
	}
	for _, part := range words {
		if !strings.Contains(page.Text, part) {
			w.t.Fatalf("%s lacks %q: %s", page.URL, part, page.Text)
		}
	}
	return page
}

// setUp makes the first account, and returns its browser at the first page.
func (w *world) setUp() *ltitest.Page {
	w.t.Helper()
	link, err := w.svc.accounts.SetupLink(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	page := w.answers(w.get(ltitest.NewBrowser(), link), http.StatusOK, "Set up bbbridge")
	return w.answers(w.fill(page, "/admin/setup", "email", boss, "password", secret), http.StatusOK, "Overview")
}

// join makes an account of somebody, who chooses a password, and returns their
// browser at the first page.
func (w *world) join(email string, role admin.Role, tenants ...string) *ltitest.Page {
	w.t.Helper()
	_, link, err := w.svc.accounts.Add(w.t.Context(), admin.Shell, admin.Wish{Email: email, Role: role, Tenants: tenants})
	if err != nil {
		w.t.Fatal(err)
	}
	page := w.answers(w.get(ltitest.NewBrowser(), link), http.StatusOK, "Choose your password", email)
	return w.answers(w.fill(page, "/admin/invitation", "password", secret), http.StatusOK, "Overview")
}

// signsIn signs in with another browser.
func (w *world) signsIn(email, password string) *ltitest.Page {
	w.t.Helper()
	return w.fill(w.get(ltitest.NewBrowser(), "/admin/sign-in"), "/admin/sign-in", "email", email, "password", password)
}

// at opens another address in a page's browser.
func (w *world) at(page *ltitest.Page, path string) *ltitest.Page {
	w.t.Helper()
	return w.get(page.Browser, path)
}

// out wants a page's browser to speak for nobody.
func (w *world) out(page *ltitest.Page) {
	w.t.Helper()
	w.answers(w.at(page, "/admin/account"), http.StatusOK, "Sign in", "E-mail address")
}

func (w *world) signedIn(page *ltitest.Page, who string) {
	w.t.Helper()
	w.answers(w.at(page, "/admin/account"), http.StatusOK, "Your account", who)
}

// From the link that serve prints to the account that may do everything.
func TestFirstAccount(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link, err := w.svc.accounts.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.svc.accounts.SetupLink(t.Context()) // of another node
	if err != nil {
		t.Fatal(err)
	}
	page := w.get(ltitest.NewBrowser(), link)
	for _, wrong := range []struct{ email, password, says string }{
		{"", secret, "This doesn't look like an e-mail address."},
		{"boss", secret, "This doesn't look like an e-mail address."},
		{"Boss <boss@school.example>", secret, "This doesn't look like an e-mail address."},
		{boss, "", "Use 12 characters or more."},
		{boss, "elevensigns", "Use 12 characters or more."},
		{boss, strings.Repeat("long ", 52), "Use 256 characters at most."},
		{boss, "password1234", "Everybody tries this one first."},
		{boss, "aaaaaaaaaaaaaa", "Everybody tries this one first."},
		{boss, boss, "Everybody tries this one first."},
	} {
		page = w.answers(w.fill(page, "/admin/setup", "email", wrong.email, "password", wrong.password), http.StatusUnprocessableEntity, wrong.says)
	}
	page = w.answers(w.fill(page, "/admin/setup", "email", " "+boss+" ", "password", secret), http.StatusOK, "Overview", boss)
	w.signedIn(page, boss)
	for _, over := range []string{link, other, link + "x", w.url + "/admin/setup", w.url + "/admin/setup?code=", strings.Replace(link, "/setup", "/password", 1)} {
		w.answers(w.get(ltitest.NewBrowser(), over), http.StatusGone, "This link is used up")
	}
	if empty, err := w.svc.accounts.Empty(t.Context()); empty || err != nil {
		t.Errorf("nobody can sign in: %v %v", empty, err)
	}
	w.signedIn(w.answers(w.signsIn("BOSS@school.example", secret), http.StatusOK, "Overview"), boss)
}

// A link opens once, in time, and until a newer one comes.
func TestStaffLinks(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	made := func(path, button string) string {
		t.Helper()
		page, err := w.at(at, path).Press(button)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(page.Text, w.url)
		return w.url + strings.Fields(text)[0]
	}
	page := w.answers(w.fill(w.at(at, "/admin/people/new"), "/admin/people", "email", "help@school.example", "role", "helper", "tenants", classroom.DefaultTenant),
		http.StatusOK, "Send this invitation", "help@school.example")
	w.answers(w.fill(w.at(at, "/admin/people/new"), "/admin/people", "email", "HELP@school.example", "role", "helper", "tenants", classroom.DefaultTenant),
		http.StatusUnprocessableEntity, "There is one already.")
	w.answers(w.fill(w.at(at, "/admin/people/new"), "/admin/people", "email", "x", "role", "helper"),
		http.StatusUnprocessableEntity, "This doesn't look like an e-mail address.")
	_, text, _ := strings.Cut(page.Text, w.url)
	first := w.url + strings.Fields(text)[0]
	helper, err := w.db.StaffByEmail(t.Context(), "help@school.example")
	if err != nil {
		t.Fatal(err)
	}
	of := "/admin/people/" + helper.ID
	second := made(of, "Make a new invitation")
	w.answers(w.get(ltitest.NewBrowser(), first), http.StatusGone, "This link is used up")
	opened := w.answers(w.get(ltitest.NewBrowser(), second), http.StatusOK, "help@school.example")
	w.answers(w.get(ltitest.NewBrowser(), strings.Replace(second, "invitation", "setup", 1)), http.StatusGone) // of another purpose
	w.clock.advance(7*24*time.Hour + time.Minute)
	w.answers(w.fill(opened, "/admin/invitation", "password", secret), http.StatusGone, "This link is used up")

	at = w.signsIn(boss, secret)
	third := made(of, "Make a new invitation")
	opened = w.get(ltitest.NewBrowser(), third)
	w.answers(w.fill(opened, "/admin/invitation", "password", "short"), http.StatusUnprocessableEntity, "Use 12 characters or more.")
	help := w.answers(w.fill(opened, "/admin/invitation", "password", secret), http.StatusOK, "Overview")
	w.answers(w.fill(opened, "/admin/invitation", "password", "another sentence"), http.StatusGone, "This link is used up")

	reset := made(of, "Make a link for a new password")
	w.signedIn(help, "help@school.example")                            // nothing has changed until it is used
	w.answers(w.signsIn("help@school.example", secret), http.StatusOK) // the old one is good
	opened = w.answers(w.get(ltitest.NewBrowser(), reset), http.StatusOK, "Choose a new password")
	again := w.answers(w.fill(opened, "/admin/password", "password", "another sentence"), http.StatusOK, "Overview")
	w.out(help)
	w.signedIn(again, "help@school.example")
	w.answers(w.signsIn("help@school.example", secret), http.StatusUnauthorized)
	w.answers(w.signsIn("help@school.example", "another sentence"), http.StatusOK)
	late := made(of, "Make a link for a new password")
	w.clock.advance(24*time.Hour + time.Minute)
	w.answers(w.get(ltitest.NewBrowser(), late), http.StatusGone)
}

// Who can't come in isn't told why, and slows down whoever tries more.
func TestSignInTellsNothing(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.setUp()
	if _, _, err := w.svc.accounts.Add(t.Context(), admin.Shell, admin.Wish{Email: "new@school.example", Role: admin.Operator}); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for name, test := range map[string]struct{ email, password string }{
		"a wrong password":           {boss, "a wrong sentence"},
		"an account that isn't":      {"nobody@school.example", secret},
		"one without a password yet": {"new@school.example", secret},
		"no password yet, and none":  {"new@school.example", ""},
		"nothing":                    {"", ""},
		"no password":                {boss, ""},
		"too long a password":        {boss, strings.Repeat("long ", 100)},
	} {
		page := w.answers(w.signsIn(test.email, test.password), http.StatusUnauthorized, "This address and password don't fit together.")
		told[name] = strings.ReplaceAll(page.Text, test.email, "")
		if got := page.Header.Values("Set-Cookie"); got != nil {
			t.Errorf("%s sets cookies: %q", name, got)
		}
	}
	for name, text := range told {
		if diff := cmp.Diff(told["nothing"], text); diff != "" {
			t.Errorf("%s is told something else (-nothing +%s):\n%s", name, name, diff)
		}
	}
	for _, email := range []string{boss, "nobody@school.example"} {
		n := 0
		for w.signsIn(email, "a wrong sentence").Status == http.StatusUnauthorized {
			if n++; n > 20 {
				t.Fatalf("%s may be tried for ever", email)
			}
		}
		// also with the right one
		w.answers(w.signsIn(email, secret), http.StatusTooManyRequests, "That was too many tries. Wait a minute")
	}
	w.clock.advance(2 * time.Minute)
	w.answers(w.signsIn(boss, secret), http.StatusOK, "Overview")
	n := 0
	for w.signsIn(fmt.Sprint(n, "@school.example"), secret).Status == http.StatusUnauthorized {
		if n++; n > 60 {
			t.Fatal("any number of accounts may be tried from one address")
		}
	}
	w.answers(w.signsIn(boss, secret), http.StatusTooManyRequests)
}

// Whoever tries an account without end, also from where its owner sits, doesn't
// lock them out of the browser in which they have signed in before.
func TestOwnerIsNotLockedOut(t *testing.T) {
	w := newWorld(t, worldOptions{})
	owner := w.submit(w.at(w.setUp(), "/admin/account"), "/admin/sign-out")
	other := w.join("other@school.example", admin.Operator)
	w.answers(w.submit(w.at(other, "/admin/account"), "/admin/sign-out"), http.StatusOK)
	storm := func() {
		t.Helper()
		for i := range 60 { // the account's tries, and then the network's
			w.signsIn(boss, "a wrong sentence")
			w.signsIn(fmt.Sprint(i, "@school.example"), "a wrong sentence")
		}
	}
	in := func(page *ltitest.Page, email, password string, status int) *ltitest.Page {
		t.Helper()
		return w.answers(w.fill(w.at(page, "/admin/sign-in"), "/admin/sign-in", "email", email, "password", password), status)
	}
	storm()
	w.answers(w.signsIn(boss, secret), http.StatusTooManyRequests)
	in(other, boss, secret, http.StatusTooManyRequests) // known, but to another account
	owner = w.submit(w.at(in(owner, strings.ToUpper(boss), secret, http.StatusOK), "/admin/account"), "/admin/sign-out")
	w.answers(w.signsIn(boss, secret), http.StatusTooManyRequests) // the others have none more by that

	n := 0
	for w.fill(w.at(owner, "/admin/sign-in"), "/admin/sign-in", "email", boss, "password", "wrong").Status == http.StatusUnauthorized {
		if n++; n > 20 {
			t.Fatal("a known browser may try for ever")
		}
	}
	in(owner, boss, secret, http.StatusTooManyRequests)
	w.clock.advance(10 * time.Second)
	owner = in(owner, boss, secret, http.StatusOK)

	// Who is signed in shows again that it is them, whoever tries meanwhile.
	w.clock.advance(11 * time.Minute)
	storm()
	w.answers(w.fill(w.at(owner, "/admin/platforms/keys/rotate"), "/keys/rotate", "password", secret), http.StatusOK)
	owner = w.submit(w.at(owner, "/admin/account"), "/admin/sign-out")
	w.clock.advance(90*24*time.Hour + time.Second)
	storm()
	in(owner, boss, secret, http.StatusTooManyRequests) // known no longer
}

// A sign-in ends by its owner, from elsewhere, or by itself.
func TestSignInEnds(t *testing.T) {
	w := newWorld(t, worldOptions{})
	first := w.setUp()
	second := w.signsIn(boss, secret)
	account := w.answers(w.at(first, "/admin/account"), http.StatusOK, "Where you are signed in", "127.0.0.1", "Here")
	account = w.answers(w.submit(account, "/admin/account/end"), http.StatusOK, "Ended.")
	w.out(second)
	w.signedIn(first, boss)
	if _, err := account.Form("/admin/account/end"); err == nil {
		t.Error("their own sign-in is to be ended by the button for the others")
	}
	left := w.answers(w.submit(account, "/admin/sign-out"), http.StatusOK, "You are signed out.")
	w.out(first)
	if kept := left.Browser.Cookies(w.url); slices.ContainsFunc(kept, func(c string) bool { return strings.Contains(c, "staff") }) {
		t.Errorf("the browser keeps %q", kept)
	}

	idle := w.signsIn(boss, secret)
	w.clock.advance(2*time.Hour - time.Minute)
	w.signedIn(idle, boss)
	w.clock.advance(2*time.Hour - 2*time.Minute)
	w.signedIn(idle, boss)
	w.clock.advance(2 * time.Hour)
	w.out(idle)

	left = w.signsIn(boss, secret) // a page that stands open, and is asked for by its script
	cookie := w.cookieOf(boss)
	for range 3 {
		w.clock.advance(40*time.Minute - time.Second)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/admin/start", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Bbbridge-Page", "window")
		answer, err := unled.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("the open page is answered %d", answer.StatusCode)
		}
	}
	w.signedIn(left, boss)
	w.clock.advance(3 * time.Second)
	if got := w.calls(cookie, "GET /admin/start", ""); !strings.Contains(got, "/admin/sign-in") {
		t.Errorf("a page that stood open for two hours is still signed in: %s", got)
	}

	long := w.signsIn(boss, secret)
	for range 11 {
		w.clock.advance(time.Hour)
		w.signedIn(long, boss)
	}
	w.clock.advance(time.Hour)
	w.out(long)
}

// Nobody but the page itself sends its forms, shows it, or leads away from it.
func TestStaffPagesStandAlone(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link, err := w.svc.accounts.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	door := w.get(ltitest.NewBrowser(), link)
	at := w.fill(door, "/admin/setup", "email", boss, "password", secret)
	for _, page := range []*ltitest.Page{
		door, at, w.get(ltitest.NewBrowser(), "/admin/sign-in"), w.at(at, "/admin/nowhere"), w.at(at, "/admin/people/unknown"), w.at(at, "/admin/sign-out"), w.get(ltitest.NewBrowser(), "/admin/setup"),
	} {
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s (%d) has the policy %q", page.URL, page.Status, policy)
		}
		if got := page.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s may be kept: %q", page.URL, got)
		}
	}
	if got := at.Header.Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("X-Frame-Options is %q", got)
	}

	answer, err := unled.PostForm(w.url+"/admin/sign-in", url.Values{"email": {boss}, "password": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	set := map[string]string{}
	for _, line := range answer.Header.Values("Set-Cookie") {
		value, attributes, _ := strings.Cut(line, "; ")
		name, _, _ := strings.Cut(value, "=")
		set[name] = attributes
	}
	if diff := cmp.Diff(map[string]string{
		"__Host-bbbridge-staff": "Path=/; HttpOnly; Secure; SameSite=Strict",
		"__Host-bbbridge-known": "Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Strict",
	}, set); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}

	// A post from another site has no cookie and is refused; so is one with it.
	foreign := w.answers(w.get(at.Browser, w.lms.URL()), http.StatusOK)
	form := &ltitest.Form{Method: http.MethodPost, Action: w.url + "/admin/sign-out", Fields: url.Values{}}
	refused, err := foreign.Submit(form)
	if err != nil {
		t.Fatal(err)
	}
	if refused.Status != http.StatusForbidden && refused.Status != http.StatusUnauthorized {
		t.Errorf("a post from another site is answered %d", refused.Status)
	}
	w.signedIn(at, boss)

	for next, want := range map[string]string{
		"/admin/people": "/admin/people", "/admin/audit?q=a%26b": "/admin/audit?q=a%26b", "": "/admin/", "//evil.example/admin/": "/admin/", "https://evil.example/": "/admin/",
		"/admin/\\evil.example": "/admin/", "/adminevil": "/admin/", "/rooms/x": "/admin/", "javascript:alert(1)": "/admin/", "/admin/\r\nX: y": "/admin/",
	} {
		page := w.get(ltitest.NewBrowser(), "/admin/sign-in?"+url.Values{"next": {next}}.Encode())
		page = w.fill(page, "/admin/sign-in", "email", boss, "password", secret)
		if got := page.URL.RequestURI(); got != want || page.URL.Host != hostOf(w.url) {
			t.Errorf("next=%q leads to %s, want %s", next, page.URL, want)
		}
		page = w.at(page, "/admin/sign-in?"+url.Values{"next": {next}}.Encode()) // signed in already
		if got := page.URL.RequestURI(); got != want {
			t.Errorf("next=%q leads who is signed in to %s, want %s", next, page.URL, want)
		}
	}
	asked := w.get(ltitest.NewBrowser(), "/admin/audit?q=x")
	asked = w.fill(asked, "/admin/sign-in", "email", boss, "password", secret)
	if got := asked.URL.RequestURI(); got != "/admin/audit?q=x" {
		t.Errorf("who was asked to sign in comes to %s", got)
	}
}

// A course's cookie opens no page of staff, and theirs no room.
func TestStaffAndCoursesAreApart(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.out(anna)
	inRoom := w.launchIn(at.Browser, link, "anna", ltitest.LaunchOptions{})
	w.answers(inRoom, http.StatusOK, "Weekly seminar")
	w.signedIn(at, boss)
	if room := w.at(at, "/admin/account"); !strings.Contains(room.Text, boss) {
		t.Error("a launch has ended the sign-in")
	}
	stranger := w.setUpAgain()
	w.answers(w.at(stranger, inRoom.URL.String()), http.StatusNotFound, "Your visit here is over.")
}

// setUpAgain is an operator more.
func (w *world) setUpAgain() *ltitest.Page {
	w.t.Helper()
	return w.join("second@school.example", admin.Operator)
}

// Who removes, is removed or changed, and the one who stays.
func TestLastOperatorStays(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	me, err := w.db.StaffByEmail(t.Context(), boss)
	if err != nil {
		t.Fatal(err)
	}
	of := "/admin/people/" + me.ID
	stays := "The last operator stays."
	w.answers(w.submit(w.at(at, of+"/remove"), of+"/remove"), http.StatusConflict, stays)
	w.answers(w.fill(w.at(at, of), of, "role", "helper", "tenants", classroom.DefaultTenant), http.StatusConflict, stays)
	second := w.setUpAgain()
	w.clock.advance(11 * time.Minute) // so that the password is asked for
	page := w.answers(w.at(second, of+"/remove"), http.StatusOK, "Remove this person?", boss, "Your password")
	w.answers(w.fill(page, of+"/remove", "password", ""), http.StatusForbidden, "Type your password once more")
	w.answers(w.fill(page, of+"/remove", "password", "a wrong sentence"), http.StatusForbidden, "That isn't your password.")
	w.signedIn(at, boss)
	w.answers(w.fill(page, of+"/remove", "password", secret), http.StatusOK, "Removed. They are signed out everywhere.")
	w.out(at)
	w.answers(w.signsIn(boss, secret), http.StatusUnauthorized)
	w.answers(w.at(second, of), http.StatusNotFound, "There is nothing here.")
	log := w.answers(w.at(second, "/admin/audit"), http.StatusOK, "Removed", boss, "second@school.example", "127.0.0.1")
	if strings.Contains(log.Body, secret) || strings.Contains(log.Body, "argon2") {
		t.Error("the audit log has secrets")
	}
	file := w.at(second, "/admin/audit.csv")
	if file.Status != http.StatusOK || !strings.Contains(file.Body, "staff.remove,"+boss) {
		t.Errorf("CSV: %d %s", file.Status, file.Body)
	}
}

// What a role sees changes with the next click.
func TestRoleIsTheNewest(t *testing.T) {
	w := newWorld(t, worldOptions{})
	at := w.setUp()
	second := w.setUpAgain()
	s, err := w.db.StaffByEmail(t.Context(), "second@school.example")
	if err != nil {
		t.Fatal(err)
	}
	w.answers(w.at(second, "/admin/people"), http.StatusOK, boss)
	w.answers(w.fill(w.at(at, "/admin/people/"+s.ID), "/admin/people/"+s.ID, "role", "helper", "tenants", classroom.DefaultTenant), http.StatusOK, "Saved.")
	w.answers(w.at(second, "/admin/people"), http.StatusForbidden, "This isn't yours to see or change.")
	w.answers(w.at(second, "/admin/audit"), http.StatusForbidden)
	w.answers(w.at(second, "/admin/"), http.StatusOK, "Overview")
}

// serve prints a link while nobody can sign in, and no longer.
func TestServePrintsSetupLink(t *testing.T) {
	w := newWorld(t, worldOptions{config: func(c *configs.Config) {}})
	var out strings.Builder
	p := &program{Context: t.Context(), out: &out}
	if err := w.svc.invite(p); err != nil {
		t.Fatal(err)
	}
	_, link, found := strings.Cut(strings.TrimSpace(out.String()), ": ")
	if !found || !strings.HasPrefix(link, w.url+"/admin/setup?code=") || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("printed %q", out.String())
	}
	// An operator who hasn't chosen a password can't sign in.
	if _, _, err := w.svc.accounts.Add(t.Context(), admin.Shell, admin.Wish{Email: "new@school.example", Role: admin.Operator}); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := w.svc.invite(p); err != nil || out.Len() == 0 {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	w.fill(w.get(ltitest.NewBrowser(), link), "/admin/setup", "email", boss, "password", secret)
	out.Reset()
	if err := w.svc.invite(p); err != nil || out.Len() > 0 {
		t.Errorf("with an account it prints %q, %v", out.String(), err)
	}
}
