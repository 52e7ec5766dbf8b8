package main

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

const deskPassword = "a sentence for staff"

// operator is the first page of somebody who has set themselves up by the
// setup link.
func (w *world) operator() *ltitest.Page {
	w.t.Helper()
	link, err := w.svc.accounts.SetupLink(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	page, err := ltitest.NewBrowser().Get(link)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.fill(page, "/admin/setup", "email", "operator@school.example", "password", deskPassword)
}

// fill sends the page's form of that action with these fields.
func (w *world) fill(page *ltitest.Page, action string, fields ...string) *ltitest.Page {
	w.t.Helper()
	form, err := page.Form(action)
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, page.Status, page.Text)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Fields.Set(fields[i], fields[i+1])
	}
	next, err := page.Submit(form)
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

func (w *world) goTo(page *ltitest.Page, address string) *ltitest.Page {
	w.t.Helper()
	next, err := page.Open(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

func (w *world) reads(page *ltitest.Page, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page.Text, text) {
			w.t.Errorf("%s doesn't say %q but %d %s", page.URL.Path, text, page.Status, page.Text)
		}
	}
}

// unregistered makes the LMS know a tool of ours that isn't registered here.
func (w *world) unregistered() (ltitest.Tool, ltitest.Registration) {
	tool := w.lms.AddTool(ltitest.Tool{
		Name: "by hand", LoginURL: w.url + "/lti/login", LaunchURL: w.url + "/lti/launch", JWKSURL: w.url + "/.well-known/jwks.json", ShareName: true,
	})
	return tool, w.lms.Registration(tool)
}

// A platform is registered in a browser alone, checked, and launched from.
func TestPlatformByHand(t *testing.T) {
	w := newWorld(t, worldOptions{})
	tool, r := w.unregistered()
	link := w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "By hand"})
	home := w.operator()
	page := w.click(w.goTo(home, "/admin/platforms"), "Register an LMS")
	page = w.click(page, "Another LMS")
	w.reads(page, w.url+"/lti/launch", w.url+"/lti/login", w.url+"/.well-known/jwks.json", "BEGIN PUBLIC KEY")

	wrong := w.fill(page, "/new/other", "name", "By hand", "issuer", r.Issuer, "client_id", "", "auth_url", "nonsense", "jwks_url", r.JWKSURL)
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a form without a client id: %d", wrong.Status)
	}
	w.reads(wrong, "This is missing", "This is no address")
	if form, err := wrong.Form("/new/other"); err != nil || form.Fields.Get("issuer") != r.Issuer {
		t.Errorf("what was typed is lost: %v", err)
	}

	// As soon as a field is left: what is mistyped, and nothing that isn't typed yet.
	left := w.post(wrong, "/admin/platforms/new/other/try", url.Values{"auth_url": {"nonsense"}, "deployment_id": {strings.Repeat("d", 300)}})
	w.reads(left, "This is no address", "A deployment id has 1 to 255 characters")
	if strings.Contains(left.Text, "This is missing") || strings.Contains(left.Text, "Public keyset URL") {
		t.Errorf("what isn't typed is missed: %s", left.Text)
	}

	page = w.fill(wrong, "/new/other", "client_id", " "+r.ClientID+"\n", "auth_url", r.AuthURL, "token_url", r.TokenURL, "deployment_id", r.DeploymentID)
	w.reads(page, "Registered.", "Its keys can be read.", "Its clock agrees with ours.", "It gives us access for grades.", r.Issuer)

	// It is known at once, and disabling it shuts it at once.
	in := w.launch(link, "anna", ltitest.LaunchOptions{})
	w.reads(in, "Start class")
	page = w.fill(page, "/disable", "disabled", "yes")
	w.reads(page, "Disabled", "its grades wait")
	if again, err := in.Reload(); err != nil || again.Status != http.StatusForbidden {
		t.Errorf("an open page of a disabled platform: %v %d", err, again.Status)
	}
	page = w.fill(page, "/disable", "disabled", "no")
	w.reads(page, "Active")

	// A deployment is refused and approved.
	page = w.fill(page, "/deployment")
	w.reads(page, "Refused")
	if refused := w.launch(link, "anna", ltitest.LaunchOptions{}); refused.Status != http.StatusForbidden {
		t.Errorf("a refused deployment launches: %d %s", refused.Status, refused.Text)
	}
	page = w.fill(page, "/deployment")
	w.reads(w.launch(link, "anna", ltitest.LaunchOptions{}), "Start class")

	page = w.fill(w.click(page, "Change"), "/edit", "name", "Renamed", "deployment_id", r.DeploymentID+"\r\nof a course, and more")
	w.reads(page, "Saved.", "Renamed", "of a course, and more")
	page = w.submit(w.click(page, "Change"), "/edit") // as it stands there
	w.reads(page, "Saved.")
	platforms := w.platforms()
	if got := platforms[slices.IndexFunc(platforms, func(p admin.Platform) bool { return p.Name == "Renamed" })].Deployments; !maps.Equal(got, map[string]bool{r.DeploymentID: true, "of a course, and more": true}) {
		t.Errorf("deployments after an edit: %v", got)
	}

	// The same issuer and client id once more.
	again := w.fill(w.goTo(page, "/admin/platforms/new/other"), "/new/other",
		"name", "Twice", "issuer", r.Issuer, "client_id", r.ClientID, "auth_url", r.AuthURL, "jwks_url", r.JWKSURL)
	w.reads(again, "registered already")

	page = w.click(page, "Remove")
	w.reads(page, "Remove this platform?", "Renamed")
	page = w.fill(page, "/remove")
	w.reads(page, "Removed.")
	if gone := w.launch(link, "anna", ltitest.LaunchOptions{}); gone.Status != http.StatusNotFound {
		t.Errorf("a removed platform launches: %d", gone.Status)
	}
	w.reads(w.goTo(page, "/admin/audit"), "Registered By hand", "Changed the platform Renamed", "Removed the platform Renamed", "operator@school.example")
}

// A dangerous act asks for the password, unless it was typed just now.
func TestDangerAsksForThePassword(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	platforms, err := w.db.Platforms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address := "/admin/platforms/by/" + platforms[0].ID + "/remove"
	w.later(admin.ConfirmFor)
	page := w.goTo(home, address)
	page = w.fill(page, "/remove", "password", "")
	w.reads(page, "Type your password once more")
	page = w.fill(page, "/remove", "password", "wrong wrong wrong")
	if page.Status != http.StatusForbidden {
		t.Errorf("removed with a wrong password: %d", page.Status)
	}
	w.reads(page, "That isn't your password")
	if all, err := w.db.Platforms(t.Context()); err != nil || len(all) != 1 {
		t.Fatalf("%d platforms: %v", len(all), err)
	}
	w.reads(w.fill(page, "/remove", "password", deskPassword), "Removed.")
}

// Each kind of LMS: its addresses are derived from what it shows.
func TestGuides(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	for _, g := range admin.Guides() {
		page := w.goTo(home, "/admin/platforms/new/"+string(g.LMS))
		if page.Status != http.StatusOK {
			t.Fatalf("%s: %d", g.LMS, page.Status)
		}
		for _, s := range g.Steps {
			w.reads(page, s.Label)
		}
		form, err := page.Form("/new/" + string(g.LMS))
		if err != nil {
			t.Fatal(err)
		}
		for _, ask := range g.Asks {
			if _, there := form.Fields[ask.Field]; !there && ask.Field != "key_pasted" {
				t.Errorf("%s doesn't ask for %s", g.LMS, ask.Field)
			}
		}
	}
	if page := w.goTo(home, "/admin/platforms/new/nonsense"); page.Status != http.StatusNotFound {
		t.Errorf("a guide that there isn't: %d", page.Status)
	}
}

// A deployment's id that was left out isn't taken for all of them, and the page
// says so together with what else is wrong.
func TestGuideWithoutADeployment(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page := w.fill(w.goTo(w.operator(), "/admin/platforms/new/blackboard"), "/new/blackboard", "name", "B", "client_id", "a\u200bb")
	if page.Status != http.StatusUnprocessableEntity {
		t.Errorf("Blackboard for all schools: %d", page.Status)
	}
	w.reads(page, "This is missing", "characters in it that nobody sees")
}

// What to paste is shown for a platform that is there, without a form to
// register it once more; to a helper neither is.
func TestGuideOfAPlatform(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	platforms, err := w.db.Platforms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := "/admin/platforms/by/" + platforms[0].ID
	page := w.click(w.goTo(home, at), "What to paste there")
	w.reads(page, w.url+"/lti/launch", platforms[0].Name)
	if _, err := page.Form("/new/other"); err == nil {
		t.Error("a registered platform can be registered")
	}

	_, link, err := w.svc.accounts.Add(t.Context(), admin.Shell, admin.Wish{
		Email: "helper@school.example", Role: admin.Helper, Tenants: []string{platforms[0].TenantID},
	})
	if err != nil {
		t.Fatal(err)
	}
	invited, err := ltitest.NewBrowser().Get(link)
	if err != nil {
		t.Fatal(err)
	}
	helper := w.fill(invited, "/admin/invitation", "password", deskPassword)
	if page := w.goTo(helper, at); page.Status != http.StatusOK || strings.Contains(page.Text, "What to paste there") || strings.Contains(page.Text, "More") {
		t.Errorf("a helper reads %d %s", page.Status, page.Text)
	}
	for _, address := range []string{"/admin/platforms/new", "/admin/platforms/new/other", "/admin/platforms/new/other?of=" + platforms[0].ID} {
		if page := w.goTo(helper, address); page.Status != http.StatusForbidden {
			t.Errorf("%s for a helper: %d", address, page.Status)
		}
	}
}

// A platform that has our key as text goes on with the old one after a
// rotation, until somebody says that the new one is pasted there.
func TestPastedKey(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	old, err := w.db.SigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tool := w.lms.AddTool(ltitest.Tool{
		Name: "pasted", LoginURL: w.url + "/lti/login", LaunchURL: w.url + "/lti/launch", PublicKey: string(old.PublicPEM()), ShareName: true,
	})
	r := w.lms.Registration(tool)
	page := w.fill(w.goTo(home, "/admin/platforms/new/other"), "/new/other", "name", "Pasted", "issuer", r.Issuer, "client_id", r.ClientID,
		"deployment_id", r.DeploymentID, "auth_url", r.AuthURL, "token_url", r.TokenURL, "jwks_url", r.JWKSURL, "key_pasted", "on")
	w.reads(page, "It gives us access for grades.")

	page = w.click(w.goTo(page, "/admin/platforms/keys"), "Make a new key")
	w.reads(page, "Pasted", "will have to paste")
	page = w.fill(page, "/rotate", "stolen", "on")
	w.reads(page, "Has an older one")
	newest, err := w.db.NewestKey(t.Context())
	if err != nil || newest.ID == old.ID {
		t.Fatalf("no new key: %v", err)
	}
	w.later(48 * 3600e9) // the old one is no longer published, and swept
	if err := w.db.Sweep(t.Context(), w.clock.now()); err != nil {
		t.Fatal(err)
	}
	home = w.signIn()
	pasted, err := w.db.Platform(t.Context(), "Pasted")
	if err != nil {
		t.Fatal(err)
	}
	check := "/admin/platforms/by/" + pasted.ID + "/check"
	w.reads(w.goTo(home, check), "It gives us access for grades.", "It has an older key of ours")

	// Said too early, nothing goes; the check says why.
	page = w.click(w.goTo(home, "/admin/platforms/keys"), "It is pasted there")
	w.reads(page, "Has the newest")
	w.reads(w.goTo(home, check), "It doesn't accept our key")
	w.lms.ChangeTool(tool.ID, func(t *ltitest.Tool) { t.PublicKey = string(newest.PublicPEM()) })
	w.reads(w.goTo(home, check), "It gives us access for grades.")
}

// signIn is the first page after a sign-in as the operator.
func (w *world) signIn() *ltitest.Page {
	w.t.Helper()
	page, err := ltitest.NewBrowser().Get(w.url + "/admin/sign-in")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.fill(page, "/admin/sign-in", "email", "operator@school.example", "password", deskPassword)
}

// The guide to the first class turns green by itself.
func TestStart(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	if home.URL.Path != "/admin/start" {
		t.Errorf("after the setup comes %s", home.URL.Path)
	}
	w.reads(home, "1 BigBlueButton server", "1 platform", "No teacher has come so far.", "No learner has come so far.")
	home = w.click(w.goTo(home, "/admin/"), "Set up: what is left to do")
	known := w.tool.DeploymentID
	link := w.link()
	w.lms.ChangeTool(w.tool.ID, func(tool *ltitest.Tool) { tool.DeploymentID = "elsewhere" })
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.lms.ChangeTool(w.tool.ID, func(tool *ltitest.Tool) { tool.DeploymentID = known })
	w.eventually("what was refused is told", func() bool {
		return strings.Contains(w.goTo(home, "/admin/start").Text, "A launch was refused")
	})
	w.reads(w.click(w.goTo(home, "/admin/start"), "What happened"), "elsewhere", "Anna Moreau")
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.reads(w.goTo(home, "/admin/start"), "A teacher came", "No learner has come so far.")
	w.launch(link, "ben", ltitest.LaunchOptions{})
	w.reads(w.goTo(home, "/admin/start"), "Everything works")
	if page := w.goTo(home, "/admin/"); strings.Contains(page.Text, "Set up") {
		t.Errorf("the overview leads to a guide that is done: %s", page.Text)
	}
}

// What came from a platform last stands on its page, and who waits there for
// an approval; a check knows a login that was meant for it.
func TestPlatformNews(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.operator()
	platforms, err := w.db.Platforms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address := "/admin/platforms/by/" + platforms[0].ID
	w.reads(w.goTo(home, address), "Launch none in the last 30 days", "Refused none in the last 30 days")
	link := w.link()
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.lms.ChangeTool(w.tool.ID, func(tool *ltitest.Tool) { tool.DeploymentID = "elsewhere" })
	if page := w.launch(link, "anna", ltitest.LaunchOptions{}); page.Status != http.StatusForbidden {
		t.Fatalf("a deployment that nobody knows: %d", page.Status)
	}
	page := home
	w.eventually("the refusal is kept", func() bool {
		page = w.goTo(home, address)
		return strings.Contains(page.Text, "Tried to launch") && !strings.Contains(page.Text, "Launch none")
	})
	w.reads(page, "Tried to launch, and wait for your approval elsewhere", "Anna Moreau", "This link isn't set up for your school yet.", "Grade none in the last 30 days")
	page = w.fill(page, "/deployment", "deployment", "elsewhere", "active", "yes")
	w.reads(page, "elsewhere May launch")
	w.reads(w.launch(link, "anna", ltitest.LaunchOptions{}), "Start class")

	// The same registered with a slash at the end, by somebody who copied it so.
	tool, r := w.unregistered()
	misspelled := w.fill(w.goTo(home, "/admin/platforms/new/other"), "/new/other", "name", "Slash", "issuer", r.Issuer+"/", "client_id", r.ClientID,
		"deployment_id", r.DeploymentID, "auth_url", r.AuthURL, "token_url", r.TokenURL, "jwks_url", r.JWKSURL)
	w.reads(misspelled, "Its issuer ends with a slash.")
	w.later(time.Second)
	if page := w.launch(w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "x"}), "anna", ltitest.LaunchOptions{}); page.Status != http.StatusNotFound {
		t.Fatalf("an issuer that nobody knows: %d", page.Status)
	}
	w.eventually("the refusal is kept", func() bool {
		return strings.Contains(w.click(misspelled, "Check again").Text, "It calls itself by another issuer than is registered. "+r.Issuer)
	})
}

// A Chamilo-like LMS, registered by hand in a browser alone: our key pasted, no
// deep linking; teacher and learner launch, and a grade arrives.
func TestChamiloByHand(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "chamilo"}, unregistered: true})
	home := w.operator()
	guide := w.goTo(home, "/admin/platforms/new/chamilo")
	w.reads(guide, "RSA key", "BEGIN PUBLIC KEY", "Support Deep-Linking no", "a teacher opens Assessments there once")
	_, key, _ := strings.Cut(guide.Text, "-----BEGIN PUBLIC KEY-----")
	key, _, _ = strings.Cut(key, "-----END PUBLIC KEY-----")
	pasted := "-----BEGIN PUBLIC KEY-----\n" + strings.Join(strings.Fields(key), "\n") + "\n-----END PUBLIC KEY-----\n"
	tool := w.lms.AddTool(ltitest.Tool{
		Name: "Classroom", LoginURL: w.url + "/lti/login", LaunchURL: w.url + "/lti/launch", PublicKey: pasted, ShareName: true,
	})
	r := w.lms.Registration(tool)
	// The simulated LMS has other addresses than Chamilo's plugin: they are typed.
	page := w.fill(w.goTo(guide, "/admin/platforms/new/other"), "/new/other", "name", "Our Chamilo", "issuer", r.Issuer, "client_id", r.ClientID,
		"deployment_id", r.DeploymentID, "auth_url", r.AuthURL, "token_url", r.TokenURL, "jwks_url", r.JWKSURL, "key_pasted", "on")
	w.reads(page, "Its keys can be read.", "It gives us access for grades.")
	w.tool = tool
	link := w.link("complete_minutes", "1")
	w.reads(w.launch(link, "anna", ltitest.LaunchOptions{}), "Start class")
	w.launch(link, "ben", ltitest.LaunchOptions{})
	w.holdClass(link)
	w.eventually("the grade arrives", func() bool { return w.grade(link, "ben") == "10/10" })
}
