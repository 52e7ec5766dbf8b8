package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// aCase is a file of testdata/cases: what users of other tools stumbled over.
func aCase(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cases", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// WordPress names its endpoint by parameters of the address. Some of an
// address's own may be among ours: each is sent once.
func TestAuthenticationURLWithParameters(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	w.lms.Change(func(b *ltitest.Behaviour) { b.AuthQuery = "lti-platform&auth" })
	tool := w.alsoRegister("WordPress", func(r *lti.Registration) { r.AuthURL += "&prompt=login&client_id=another" })
	link := w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "Classroom"})
	page := w.launch(link, "anna", ltitest.LaunchOptions{})
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.Path, "/rooms/") {
		t.Errorf("%d %s at %s", page.Status, page.Text, page.URL)
	}
}

// A token for us alone that names another authorised party is refused, and
// what the page says of it is true.
func TestCaseAzpOfSomebodyElse(t *testing.T) {
	var claims map[string]any
	if err := json.Unmarshal([]byte(aCase(t, "azp-of-somebody-else/claims.json")), &claims); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, worldOptions{})
	page := w.launch(w.link(), "anna", ltitest.LaunchOptions{Claims: func(c map[string]any) {
		c["azp"] = claims["azp"]
		if _, one := c["aud"].(string); !one {
			t.Errorf("aud is %v, want one text", c["aud"])
		}
	}})
	if page.Status != http.StatusUnauthorized || !strings.Contains(page.Text, "jwt_azp_mismatch") ||
		!strings.Contains(page.Text, "authorised party (azp) isn't the registered client id, or") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
}

// A form of ours, through a proxy that makes a Host of its own, from a browser
// that sends no Sec-Fetch-Site (Safari before 16.4): its Origin is held against
// the public URL.
func TestCaseProxyChangesHost(t *testing.T) {
	w := newWorld(t, worldOptions{})
	anna := w.launch(w.link(), "anna", ltitest.LaunchOptions{Framed: true})
	form, err := anna.Form("/start")
	if err != nil {
		t.Fatal(err)
	}
	template := strings.NewReplacer(
		"/rooms/ROOM/start?v=VISIT", form.Action, "https://classrooms.school.example", "ORIGIN", "127.0.0.1:8080", "HOST",
		"ticket=…", form.Fields.Encode(), "Cookie: __Host-bbbridge=…\n", "",
	).Replace(aCase(t, "proxy-changes-host/request.txt"))
	post := func(host, origin string) int {
		t.Helper()
		text := strings.ReplaceAll(strings.NewReplacer("HOST", host, "ORIGIN", origin).Replace(template), "\n", "\r\n")
		head, body, _ := strings.Cut(text, "\r\n\r\n")
		body = strings.TrimSpace(body)
		connection, err := net.Dial("tcp", hostOf(w.url))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		fmt.Fprintf(connection, "%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", head, len(body), body)
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	evil := "https://evil.example"
	for _, refused := range [][2]string{
		{hostOf(w.url), evil}, {"evil.example", evil}, {"127.0.0.1:8080", evil}, {"127.0.0.1:8080", "null"}, {"127.0.0.1:8080", "http://127.0.0.1:8080"},
	} {
		if status := post(refused[0], refused[1]); status != http.StatusForbidden || len(w.bbb.Meetings()) != 0 {
			t.Errorf("with Host %s, a form of %s: %d", refused[0], refused[1], status)
		}
	}
	for _, host := range []string{"127.0.0.1:8080", "bbbridge.internal", hostOf(w.url)} {
		if status := post(host, w.url); status != http.StatusSeeOther || len(w.bbb.Meetings()) != 1 {
			t.Errorf("with Host %s, our own form: %d", host, status)
		}
	}
}

// Canvas posts an error in place of a token, Chamilo one that is empty and has
// no state. The person reads the platform's words, in its frame. Anybody else
// who posts some gets no words of theirs on a page of ours, nor a frame.
func TestCaseErrorForms(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	canvas, err := url.ParseQuery(aCase(t, "canvas-error-form/form.txt"))
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]url.Values{
		"Must have an active user session": canvas,
		"Unregistered redirect_uri":        {"error": {""}, "error_description": {"Unregistered redirect_uri"}},
	}
	for words, form := range forms {
		instead := func(f url.Values) {
			state := f.Get("state")
			clear(f)
			maps.Copy(f, form)
			if f.Has("state") {
				f.Set("state", state)
			}
		}
		for _, framed := range []bool{true, false} {
			page := w.launch(link, "ben", ltitest.LaunchOptions{Framed: framed, Form: instead})
			if page.Status != http.StatusBadRequest || page.Blocked != "" || !strings.Contains(page.Text, words) ||
				!strings.Contains(page.Text, "platform_error") || !strings.Contains(page.Text, "Start again from your course") {
				t.Errorf("%s, framed %v: %d %s %s", words, framed, page.Status, page.Blocked, page.Text)
			}
			// The page of a hosted LMS is at another host than what is registered.
			_, ancestors, _ := strings.Cut(page.Header.Get("Content-Security-Policy"), "frame-ancestors ")
			if anybody := ancestors == "*"; anybody != form.Has("state") {
				t.Errorf("%s: %s may frame it", words, ancestors)
			}
			page = w.launch(link, "ben", ltitest.LaunchOptions{Framed: framed, Form: instead, PostFrom: ltitest.NewBrowser()})
			if page.Status != http.StatusBadRequest || !strings.HasSuffix(page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
				strings.Contains(page.Body, words) || !strings.Contains(page.Text, "platform_error") {
				t.Errorf("%s, posted in another browser, framed %v: %d %s", words, framed, page.Status, page.Text)
			}
		}
	}
}
