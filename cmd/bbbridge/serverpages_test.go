package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// A deskPage is a page of staff as it came, redirects followed.
type deskPage struct {
	*goquery.Document
	status int
	path   string
	text   string
}

// A desk is a member of the staff with a browser.
type desk struct {
	w      *world
	client *http.Client
	cookie *http.Cookie
}

// staffed is somebody signed in: the operator whom the setup link made, or else
// somebody whom the shell has invited.
func (w *world) staffed(role admin.Role) *desk {
	w.t.Helper()
	ctx := admin.By(w.t.Context(), admin.Shell)
	_, link, err := w.svc.accounts.Add(ctx, admin.Shell, admin.Wish{Email: string(role) + "@school.example", Role: role, Tenants: []string{classroom.DefaultTenant}})
	if err != nil {
		w.t.Fatal(err)
	}
	d := w.nobody()
	at, err := url.Parse(link)
	if err != nil {
		w.t.Fatal(err)
	}
	if page := d.post(at.Path, "code", at.Query().Get("code"), "password", deskPassword); page.status != http.StatusOK {
		w.t.Fatalf("sign-in of %s: %d %s", role, page.status, page.text)
	}
	return d
}

// nobody is a browser without a session.
func (w *world) nobody() *desk {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	d := &desk{w: w, client: &http.Client{Jar: jar}}
	d.client.Transport = keepsSecure{d}
	return d
}

// keepsSecure sends the staff's cookie over http too, as browsers do to this machine.
type keepsSecure struct{ d *desk }

func (k keepsSecure) RoundTrip(r *http.Request) (*http.Response, error) {
	if k.d.cookie != nil {
		r = r.Clone(r.Context())
		r.AddCookie(k.d.cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		for _, c := range res.Cookies() {
			k.d.cookie = c
		}
	}
	return res, err
}

func (d *desk) do(r *http.Request) deskPage {
	d.w.t.Helper()
	res, err := d.client.Do(r)
	if err != nil {
		d.w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.w.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	if err != nil {
		d.w.t.Fatal(err)
	}
	return deskPage{doc, res.StatusCode, res.Request.URL.Path, strings.Join(strings.Fields(doc.Find("body").Text()), " ")}
}

func (d *desk) get(path string) deskPage {
	d.w.t.Helper()
	r, err := http.NewRequestWithContext(d.w.t.Context(), http.MethodGet, d.w.url+path, nil)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return d.do(r)
}

func (d *desk) post(path string, pairs ...string) deskPage {
	d.w.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(d.w.t.Context(), http.MethodPost, d.w.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		d.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	return d.do(r)
}

func (p deskPage) says(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: %d, want %d: %s", p.path, p.status, status, p.text)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			t.Errorf("%s doesn't say %q: %s", p.path, text, p.text)
		}
	}
}

// serverID is the id of the world's server.
func (w *world) serverID(name string) string {
	w.t.Helper()
	s, err := w.db.ServerByName(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.ID
}

// A server is added, looked at, changed and removed on its pages, and every
// dangerous act asks for the password.
func TestPagesOfServers(t *testing.T) {
	w, second := twoServers(t)
	d := w.staffed(admin.Operator)
	d.get("/admin/servers").says(t, http.StatusOK, "Test BBB", "Second", "In service", "0 classes · 0 people")

	add := func(address, secret string, more ...string) deskPage {
		return d.post("/admin/servers", append([]string{"server_name", "Third", "server_url", address, "server_secret", secret}, more...)...)
	}
	add("", "").says(t, http.StatusUnprocessableEntity, "Nothing is saved yet", "Type the address", "Type the secret")
	add("bbb", "a b").says(t, http.StatusUnprocessableEntity, "no address of a server", "no blanks")
	add(second.URL(), "wrong").says(t, http.StatusUnprocessableEntity, "the secret is wrong", "Add it all the same")
	add(second.URL()+"/elsewhere", second.Secret()).says(t, http.StatusUnprocessableEntity, "paste the address")
	d.post("/admin/servers", "server_name", "Second", "server_url", second.URL(), "server_secret", second.Secret()).says(t, http.StatusUnprocessableEntity, "There is one already")
	check := d.post("/admin/servers/check", "server_url", second.URL(), "server_secret", "wrong")
	check.says(t, http.StatusOK, "the secret is wrong")
	if found := check.Find("#found").Text(); !strings.Contains(found, "secret is wrong") {
		t.Errorf("the check's finding is %q", found)
	}
	second.Change(func(o *bbbtest.Options) { o.Algorithms = []string{"sha1"} })
	card := add(second.URL()+"/api", second.Secret()) // the one that works is taken
	card.says(t, http.StatusOK, "Added.", "Third", "In service", "BigBlueButton 3.0 or later", "sha1", "none so far")
	second.Change(func(o *bbbtest.Options) { o.Algorithms = []string{"sha1", "sha256"} })
	at := card.path
	if strings.Contains(card.text, second.Secret()) {
		t.Error("the page tells the secret")
	}
	add(second.URL(), "wrong", "server_name", "x", "anyway", "1").says(t, http.StatusUnprocessableEntity) // the name is taken

	d.post(at+"/edit", "server_name", "", "server_url", second.URL()).says(t, http.StatusUnprocessableEntity, "Type a name")
	d.post(at+"/edit", "server_name", "Second", "server_url", second.URL()).says(t, http.StatusUnprocessableEntity, "There is one already")
	d.post(at+"/edit", "server_name", "Fourth", "server_url", second.URL()).says(t, http.StatusOK, "Saved.", "Fourth")
	d.post(at+"/drain").says(t, http.StatusOK, "Out of service: no class begins here.", "Put back into service")
	d.post(at+"/drain", "undo", "1").says(t, http.StatusOK, "Back in service.")
	d.post(at+"/assign", "server_tenants", classroom.DefaultTenant).says(t, http.StatusOK, "Saved.")
	d.post(at+"/assign", "server_tenants", "unknown").says(t, http.StatusNotFound)
	d.post(at+"/look").says(t, http.StatusOK, "Looked at.")

	w.clock.advance(11 * time.Minute) // since the sign-in
	for _, act := range []string{"/secret", "/forget", "/remove"} {
		d.get(at+act).says(t, http.StatusOK, "Fourth", "Your password")
		d.post(at+act, "server_secret", "another", "server_keep", "on").says(t, http.StatusForbidden, "Type your password once more")
		d.post(at+act, "server_secret", "another", "password", "wrong").says(t, http.StatusForbidden, "isn't your password")
	}
	second.RotateSecret("another")
	d.post(at+"/secret", "server_secret", "", "server_keep", "on", "password", deskPassword).says(t, http.StatusOK, "Type the secret.")
	d.post(at+"/secret", "server_secret", "another", "server_keep", "on").says(t, http.StatusOK, "The new secret is in use.", "1 secret of before is still good")
	d.post(at+"/forget").says(t, http.StatusOK, "The secrets of before are no longer good.")
	d.get(at+"/remove").says(t, http.StatusOK, "0 classes run there now.", "0 rooms had classes there.")
	d.post(at+"/remove").says(t, http.StatusOK, "Removed.")
	d.get(at).says(t, http.StatusNotFound, "There is nothing here.")

	lines, err := w.db.Audit(t.Context(), admin.AuditQuery{Since: w.clock.now().Add(-time.Hour), Most: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, did := range []string{"server.add", "server.edit", "server.drain", "server.undrain", "server.assign", "server.secret", "server.remove"} {
		if !slices.ContainsFunc(lines, func(e admin.Entry) bool { return e.Did == did && e.Who == "operator@school.example" }) {
			t.Errorf("%s isn't in the audit log", did)
		}
	}
}

// The button of a server's page begins its test, and the page shows how far it is.
func TestPageOfAServerTest(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{StripAuthorization: true}})
	d := w.staffed(admin.Helper)
	at := "/admin/servers/" + w.serverID("Test BBB")
	d.get(at+"/test").says(t, http.StatusOK, "No test so far.", "Begin the test")
	w.svc.servers.Every = time.Millisecond
	hold := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.Held})
	page := d.post(at + "/test")
	page.says(t, http.StatusOK, "You can leave this page")
	if again, _ := page.Find("#progress").Attr("data-again"); again == "" {
		t.Error("the page doesn't go on by itself")
	}
	w.eventually("the page shows that joins went well", func() bool {
		page = d.get(at + "/test")
		return page.Find("li.good").Length() == 6 && page.Find("li.running").Length() == 1
	})
	d.post(at+"/test").says(t, http.StatusOK, "You can leave this page") // the same one
	hold()
	w.testOver()
	page = d.get(at + "/test")
	page.says(t, http.StatusOK, "Something needs you.", "our own reverse proxy", "Test again")
	if page.Find("li.needs").Length() != 1 || page.Find("[data-again]").Length() != 0 {
		t.Errorf("%s", page.text)
	}
	d.get(at).says(t, http.StatusOK, "something needs you")
	w.leftNothing()
	if rooms := w.launch(w.link(), "anna", ltitest.LaunchOptions{}); strings.Contains(rooms.Text, "bbbridge server test") {
		t.Error("the test shows in a course")
	}
}

// A server on which classes end without a report says so.
func TestServerWithoutReports(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{DropAnalytics: true}})
	d := w.staffed(admin.Helper)
	link := w.link()
	for range 3 {
		w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
		w.later(5 * time.Minute)
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
		w.eventually("the class is over", func() bool {
			w.later(20 * time.Second)
			live, err := w.db.LiveOn(t.Context(), w.serverID("Test BBB"))
			return err == nil && live == 0
		})
	}
	at := "/admin/servers/" + w.serverID("Test BBB")
	if page := d.get(at); strings.Contains(page.text, "without their report") {
		t.Errorf("though a report may still come: %s", page.text)
	}
	w.clock.advance(time.Hour + time.Minute)
	d.get(at).says(t, http.StatusOK, "3 classes have ended here without their report")
	d.get("/admin/servers").says(t, http.StatusOK, "3 classes without their report")
	d.get("/admin/").says(t, http.StatusOK, "No reports come")
}

// The overview has a mark of each server that is theirs, which leads to its card.
func TestOverviewOfServers(t *testing.T) {
	w, _ := twoServers(t)
	if err := w.svc.servers.Drain(t.Context(), admin.Shell, "Second", true); err != nil {
		t.Fatal(err)
	}
	d := w.staffed(admin.Helper)
	page := d.get("/admin/")
	page.says(t, http.StatusOK, "2 BigBlueButton servers")
	for name, mark := range map[string]string{"Test BBB": "Nothing within a day", "Second": "Out of service"} {
		card := page.Find(`a[href="/admin/servers/` + w.serverID(name) + `"]`)
		if got := strings.Join(strings.Fields(card.Closest("li").Text()), " "); got != name+" "+mark {
			t.Errorf("%q, want %s %s", got, name, mark)
		}
		d.get("/admin/servers/"+w.serverID(name)).says(t, http.StatusOK, name)
	}
	if err := w.svc.servers.Assign(t.Context(), admin.Shell, "Second", nil); err != nil {
		t.Fatal(err)
	}
	page = d.get("/admin/")
	page.says(t, http.StatusOK, "1 BigBlueButton server")
	if strings.Contains(page.text, "Second") {
		t.Errorf("a server of nobody: %s", page.text)
	}
}

// A server that wants another checksum says which on its card, and gets it there.
func TestServerWantsAnotherChecksum(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{Algorithms: []string{"sha1"}}})
	d := w.staffed(admin.Operator)
	at := "/admin/servers/" + w.serverID("Test BBB")
	d.get(at).says(t, http.StatusOK, "or it wants another checksum", "says which")
	page := d.post(at + "/look")
	page.says(t, http.StatusOK, "takes the secret with another checksum, the one named here")
	if got := page.Find(".notice .detail").Text(); got != "sha1" {
		t.Errorf("it names %q", got)
	}
	form := []string{"server_name", "Test BBB", "server_url", w.bbb.URL(), "server_checksum"}
	d.post(at+"/edit", append(form, "md5")...).says(t, http.StatusUnprocessableEntity, "Choose one of these.")
	d.post(at+"/edit", append(form, "sha1")...).says(t, http.StatusOK, "Saved.", "In service")
	if got, _ := d.get(at + "/edit").Find("#f-server_checksum option[selected]").Attr("value"); got != "sha1" {
		t.Errorf("chosen is %q", got)
	}
	w.inClass(w.submit(w.launch(w.link(), "anna", ltitest.LaunchOptions{}), "/start"))
}
