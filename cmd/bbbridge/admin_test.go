package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// kids are the ids of the published keys.
func (w *world) kids() []string {
	w.t.Helper()
	var set struct {
		Keys []struct{ Kid string }
	}
	if err := json.Unmarshal([]byte(w.ask("GET", "/.well-known/jwks.json", "", "").body), &set); err != nil {
		w.t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// served is a world whose service is a real process, to try commands on while
// it runs.
func served(t *testing.T) (*world, *process, ltitest.Link) {
	t.Helper()
	t.Parallel() // what is answered from memory takes seconds to be read anew
	w := &world{t: t, clock: &clock{}}
	w.lms = ltitest.Start(t, ltitest.Options{Seed: true})
	w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
	p := newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
	link := w.registered(p)
	p.serve()
	return w, p, link
}

// A new key is published beside the old one, which goes on signing, and
// stands last in the set: Chamilo takes that one. With --now the new one signs
// and the old ones stay for what is on its way.
func TestKeysRotateWhileServing(t *testing.T) {
	w, p, link := served(t)
	first := w.kids()
	if len(first) != 1 {
		t.Fatalf("at the start %q are published", first)
	}
	p.must("keys", "rotate")
	w.eventually("two keys, the old one last", func() bool {
		kids := w.kids()
		return len(kids) == 2 && kids[1] == first[0]
	})
	p.must("keys", "rotate", "--now")
	w.eventually("three keys, a new one last", func() bool {
		kids := w.kids()
		return len(kids) == 3 && slices.Contains(kids[:2], first[0])
	})
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	w.callbacks()
	w.eventually("a grade arrives that the new key let in", func() bool { return w.grade(link, "ben") == "10/10" })
}

// What the tenant says of roles counts from the next launch on.
func TestTenantSetWhileServing(t *testing.T) {
	w, p, link := served(t)
	w.lms.AddPerson(ltitest.Person{Username: "root", Name: "Root", Roles: map[string][]string{
		"law": {"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"},
	}})
	moderates := func() bool {
		_, err := w.launch(link, "root", ltitest.LaunchOptions{}).Form("/start")
		return err == nil
	}
	if moderates() {
		t.Error("an administrator without a role in the course moderates")
	}
	if got := p.must("tenant", "set", "--administrators-moderate"); !strings.Contains(got, "moderate") {
		t.Errorf("tenant set: %s", got)
	}
	w.eventually("administrators moderate", moderates)
}

// Open edX before 11.1 names no role in the course (lti_consumer 9.14.4).
func TestInstructorsOfTheInstitutionAlone(t *testing.T) {
	w, p, link := served(t)
	const institution = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
	for person, role := range map[string]string{"staff": "Instructor", "student": "Student"} {
		w.lms.AddPerson(ltitest.Person{Username: person, Name: person, Roles: map[string][]string{"law": {institution + role}}})
	}
	moderates := func(person string) bool {
		_, err := w.launch(link, person, ltitest.LaunchOptions{}).Form("/start")
		return err == nil
	}
	if moderates("staff") {
		t.Error("the role in the institution counts without the policy")
	}
	p.must("tenant", "set", "--institution-instructors-moderate")
	w.eventually("instructors of the institution moderate", func() bool { return moderates("staff") })
	if moderates("student") {
		t.Error("a student of the institution moderates")
	}
}

// A class was held before the server's secret was changed; its report, signed
// with the old one, comes after.
func TestReportSignedWithThePreviousSecret(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.later(40 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)

	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	server, err := serverAdd{
		Name: "changed", URL: w.bbb.URL(), Checksum: "sha256",
		SecretFile: file("new", "the new secret"), PreviousSecretFile: []string{file("old", w.bbb.Secret()+"\n")},
	}.server()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.RemoveServer(t.Context(), "Test BBB"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.AddServer(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if sent := w.bbb.Deliveries(); sent[len(sent)-1].Kind != "analytics" || sent[len(sent)-1].Status != http.StatusOK {
		t.Errorf("the last callback was %s and answered %d", sent[len(sent)-1].Kind, sent[len(sent)-1].Status)
	}
}

// Nobody waits for what an admin does to registrations: the next login knows a
// new one, also right after one that was refused, and the next launch finds a
// disabled or removed one shut.
func TestRegistrationsWhileServing(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: &clock{}}
	w.lms = ltitest.Start(t, ltitest.Options{Seed: true})
	w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
	p := newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
	p.serve()
	login := url.Values{"iss": {w.lms.URL()}, "login_hint": {"5"}, "target_link_uri": {p.url + "/lti/launch"}}
	w.url = p.url
	if got := w.ask("POST", "/lti/login", formType, login.Encode()); got.StatusCode != http.StatusNotFound {
		t.Errorf("before: %d", got.StatusCode)
	}
	link := w.registered(p)
	launch := func(status int, code string) {
		t.Helper()
		if page := w.launch(link, "anna", ltitest.LaunchOptions{}); page.Status != status || !strings.Contains(page.Text, code) {
			t.Errorf("%d %s, want %d %s", page.Status, page.Text, status, code)
		}
	}
	launch(http.StatusOK, "")
	p.must("platform", "disable", "Test LMS")
	launch(http.StatusForbidden, "platform_disabled")
	p.must("platform", "disable", "--undo", "Test LMS")
	launch(http.StatusOK, "")
	p.must("platform", "remove", "Test LMS")
	launch(http.StatusNotFound, "login_unknown_platform")
}

// A registration is changed by removing it and adding it anew: only the
// deployments that are named then get in, and all that there was is back.
func TestRegisteredAnewWhileServing(t *testing.T) {
	w, p, link := served(t)
	room := w.launch(link, "anna", ltitest.LaunchOptions{}).URL.Path
	r := w.lms.Registration(w.tool)
	anew := func(more ...string) {
		p.must("platform", "remove", "Test LMS")
		p.must(append([]string{"platform", "add", "--name", "Test LMS", "--issuer", r.Issuer, "--client-id=" + r.ClientID,
			"--auth-url", r.AuthURL, "--token-url", r.TokenURL, "--jwks-url", r.JWKSURL}, more...)...)
	}
	anew("--deployment-id", "another")
	w.eventually("its deployment is unknown", func() bool {
		return strings.Contains(w.launch(link, "anna", ltitest.LaunchOptions{}).Text, "deployment_unknown")
	})
	anew("--deployment-id", r.DeploymentID, "--frame-ancestor", "https://www.example.edu")
	w.eventually("it is let in, and framed by another site of the school", func() bool {
		page := w.launch(link, "anna", ltitest.LaunchOptions{})
		return page.URL.Path == room && strings.Contains(page.Header.Get("Content-Security-Policy"), " https://www.example.edu")
	})
}

// Logins, launches and open pages go by what was edited, without a restart.
func TestEditedWhileServing(t *testing.T) {
	w, p, link := served(t)
	r := w.lms.Registration(w.tool)
	edit := func(flags ...string) { p.must(append([]string{"platform", "edit", "Test LMS"}, flags...)...) }
	launch := func() *ltitest.Page { return w.launch(link, "anna", ltitest.LaunchOptions{}) }
	open := launch()
	edit("--frame-ancestor", "https://www.example.edu")
	w.eventually("an open page may be framed by another site", func() bool {
		page, err := open.Reload()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(page.Header.Get("Content-Security-Policy"), " https://www.example.edu")
	})
	edit("--jwks-url", w.lms.URL()+"/nowhere")
	w.eventually("its key set is another", func() bool { return strings.Contains(launch().Text, "jwks_unavailable") })
	edit("--jwks-url", r.JWKSURL, "--deployment-id", "another")
	w.eventually("its deployment is unknown", func() bool { return strings.Contains(launch().Text, "deployment_unknown") })
	edit("--deployment-id", r.DeploymentID, "--auth-url", w.lms.URL()+"/elsewhere?a=b")
	login := url.Values{"iss": {r.Issuer}, "login_hint": {"5"}, "target_link_uri": {p.url + "/lti/launch"}}
	w.eventually("logins go elsewhere", func() bool {
		return strings.HasPrefix(w.ask("POST", "/lti/login", formType, login.Encode()).Header.Get("Location"), w.lms.URL()+"/elsewhere?a=b&")
	})
	edit("--auth-url", r.AuthURL, "--name", "Campus")
	w.eventually("all is well again, in the same room", func() bool { return launch().URL.Path == open.URL.Path })
}
