package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// saves fills the form of the tenant, and says what it became.
func (w *world) saves(page *ltitest.Page, fields ...string) *ltitest.Page {
	w.t.Helper()
	page = w.fill(page, "/admin/tenants/by/"+classroom.DefaultTenant, fields...)
	if !strings.Contains(page.Text, "Saved.") {
		w.t.Fatalf("%q isn't saved: %d %s", fields, page.Status, page.Text)
	}
	return page
}

// created is what BigBlueButton was asked for last to create.
func (w *world) created() url.Values {
	w.t.Helper()
	return w.lastCall("create")
}

// lastCall is what the last call of a kind had.
func (w *world) lastCall(call string) url.Values {
	w.t.Helper()
	calls := w.bbb.Requests(call)
	if len(calls) == 0 {
		w.t.Fatalf("%s wasn't called", call)
	}
	return calls[len(calls)-1].Params
}

// Each setting of a tenant is saved in a browser, shown again, and acts.
func TestTenantSettings(t *testing.T) {
	for _, test := range []struct {
		name   string
		fields []string
		acts   func(*world)
	}{
		{"what new rooms begin with", []string{"record", "on", "mute_on_start", "on", "max_participants", "7", "welcome", "Hello\nall"}, func(w *world) {
			w.inClass(w.submit(w.launch(w.aLink(), "anna", ltitest.LaunchOptions{}), "/start"))
			got := w.created()
			want := url.Values{"record": {"true"}, "muteOnStart": {"true"}, "maxParticipants": {"7"}, "welcome": {"Hello\nall"}}
			for name := range want {
				if diff := cmp.Diff(want[name], got[name]); diff != "" {
					w.t.Errorf("%s: %s", name, diff)
				}
			}
		}},
		{"learners may start", []string{"wait_for_moderator", ""}, func(w *world) {
			w.inClass(w.submit(w.launch(w.aLink(), "ben", ltitest.LaunchOptions{}), "/join"))
		}},
		{"everybody moderates", []string{"everyone_moderates", "on"}, func(w *world) {
			link := w.aLink()
			w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
			w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
			if got := w.lastCall("join").Get("role"); got != "MODERATOR" {
				w.t.Errorf("ben is a %s", got)
			}
		}},
		{"the rule of new rooms", []string{"rule_measure", "minutes", "rule_need", "25", "rule_points", "8"}, func(w *world) {
			w.reads(w.launch(w.aLink(), "ben", ltitest.LaunchOptions{}), "25 min")
		}},
		{"short names", []string{"names", "short"}, func(w *world) {
			w.inClass(w.submit(w.launch(w.aLink(), "anna", ltitest.LaunchOptions{}), "/start"))
			if got := w.lastCall("join").Get("fullName"); got != "Anna M." {
				w.t.Errorf("anna is called %q", got)
			}
		}},
		{"pseudonyms", []string{"names", "pseudonym"}, func(w *world) {
			link := w.aLink()
			join := func(link ltitest.Link, by string) string {
				w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), by))
				return w.lastCall("join").Get("fullName")
			}
			first := join(link, "/start")
			if again := join(link, "/join"); !strings.HasPrefix(first, "User ") || strings.Contains(first, "Anna") || again != first {
				w.t.Errorf("anna is called %q, and then %q", first, again)
			}
		}},
		{"the language of who speaks none of ours", []string{"locale", "fr"}, func(w *world) {
			b := ltitest.NewBrowser()
			b.Language = "tlh"
			page, err := b.Get(w.url + "/rooms/unknown?v=unknown")
			if err != nil || !strings.Contains(page.Body, `lang="fr"`) {
				w.t.Errorf("%v %s", err, page.Text)
			}
			b = ltitest.NewBrowser()
			b.Language = "de"
			if page, err := b.Get(w.url + "/rooms/unknown?v=unknown"); err != nil || !strings.Contains(page.Body, `lang="de"`) {
				w.t.Errorf("%v %s", err, page.Text)
			}
		}},
		{"whom to ask", []string{"support_text", "Ask <the> IT desk", "support_contact", "help@school.example"}, func(w *world) {
			answer := w.ask("GET", "/rooms/unknown?v=unknown", "", "")
			for _, want := range []string{"Ask &lt;the&gt; IT desk", `href="mailto:help@school.example"`} {
				if !strings.Contains(answer.body, want) {
					w.t.Errorf("a page of what went wrong has no %s: %s", want, answer.body)
				}
			}
			refused := w.launch(w.aLink(), "anna", ltitest.LaunchOptions{Claims: func(c map[string]any) { delete(c, "https://purl.imsglobal.org/spec/lti/claim/roles") }})
			w.reads(refused, "Ask <the> IT desk")
		}},
		{"the colour", []string{"accent", "#FFD400"}, func(w *world) {
			page := w.launch(w.aLink(), "anna", ltitest.LaunchOptions{})
			_, rest, ok := strings.Cut(page.Body, `href="/tenant/`)
			if !ok {
				w.t.Fatalf("a room's page has no colour of its own: %s", page.Body)
			}
			address, _, _ := strings.Cut(rest, `"`)
			css := w.ask("GET", "/tenant/"+address, "", "")
			if css.StatusCode != http.StatusOK || !strings.Contains(css.body, "--accent:#ffd400") || !strings.Contains(css.body, "--accent:#856e00") ||
				!strings.Contains(css.Header.Get("Cache-Control"), "immutable") {
				w.t.Errorf("%d %v %s", css.StatusCode, css.Header, css.body)
			}
		}},
		{"how long data are kept", []string{"evidence_months", "12", "people_months", "6"}, func(w *world) {
			got, err := w.db.TenantByID(w.t.Context(), classroom.DefaultTenant)
			if diff := cmp.Diff(classroom.Keep{EvidenceMonths: 12, PeopleMonths: 6}, got.Keep); err != nil || diff != "" {
				w.t.Errorf("%v %s", err, diff) // what that does: storetest
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			page := w.goTo(w.operator(), "/admin/tenants")
			page = w.saves(page, test.fields...)
			form, err := page.Form("/admin/tenants/by/" + classroom.DefaultTenant)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(test.fields); i += 2 {
				if got := typedIn(form, test.fields[i]); !strings.EqualFold(got, test.fields[i+1]) {
					t.Errorf("%s is %q, want %q", test.fields[i], got, test.fields[i+1])
				}
			}
			test.acts(w)
		})
	}
}

// typedIn is what a field has; browsers leave out the line end that begins a
// text area.
func typedIn(form *ltitest.Form, field string) string {
	return strings.TrimPrefix(form.Fields.Get(field), "\n")
}

// aLink is a new link of the course.
func (w *world) aLink() ltitest.Link {
	return w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "A link"})
}

// What can't be taken is told field by field, and nothing of it is saved.
func TestTenantSettingsThatCantBe(t *testing.T) {
	w := newWorld(t, worldOptions{})
	home := w.goTo(w.operator(), "/admin/tenants")
	for _, test := range []struct{ field, value, says string }{
		{"name", "", "1 to 100 characters"},
		{"max_participants", "many", "from 1 to 10,000"},
		{"welcome", strings.Repeat("x", 1001), "1,000 characters at most"},
		{"rule_need", "0", "percent from 1 to 100"},
		{"rule_points", "-1", "a number above 0"},
		{"support_text", strings.Repeat("x", 301), "300 characters"},
		{"support_contact", "javascript:alert(1)", "begins with https://"},
		{"support_contact", "http://help.school.example", "begins with https://"},
		{"accent", "red", "such as #7a1f2b"},
		{"evidence_months", "121", "months from 1 to 120"},
		{"people_months", "x", "months from 1 to 120"},
	} {
		page := w.fill(home, "/admin/tenants/by/"+classroom.DefaultTenant, "rule_measure", "percent", "rule_points", "10", "rule_need", "60", test.field, test.value)
		if page.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s %.20q: %d", test.field, test.value, page.Status)
		}
		w.reads(page, test.says)
		if form, err := page.Form("/admin/tenants/by/"); err != nil || typedIn(form, test.field) != test.value {
			t.Errorf("%s: what was typed is lost: %v", test.field, err)
		}
	}
	got, err := w.db.TenantByID(t.Context(), classroom.DefaultTenant)
	if diff := cmp.Diff(classroom.Tenant{ID: "default", Name: "default"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// What a tenant has locked is shown to teachers, refused from them, and counts
// in rooms that were there, from their next class on. Their own setting comes
// back when it is unlocked.
func TestLockedSettings(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.aLink()
	room := w.launch(link, "anna", ltitest.LaunchOptions{})
	settings := w.click(room, "Change")
	own := w.fill(settings, "/settings", "welcome", "Anna's words", "mute_on_start", "on")
	w.reads(own, "Saved")

	desk := w.goTo(w.operator(), "/admin/tenants")
	form, err := desk.Form("/admin/tenants/by/")
	if err != nil {
		t.Fatal(err)
	}
	form.Fields.Set("welcome", "The school's words")
	form.Fields.Set("record", "on")
	form.Fields["locked"] = []string{classroom.LockWelcome, classroom.LockRecord, classroom.LockStart}
	if desk, err = desk.Submit(form); err != nil {
		t.Fatal(err)
	}
	w.reads(desk, "Saved.")

	again := w.goTo(settings, settings.URL.RequestURI())
	w.reads(again, "Your school has set this for all rooms.", "The school's words")
	fixed, err := again.Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	if fixed.Fields.Has("welcome") || fixed.Fields.Has("record") || fixed.Fields.Has("wait_for_moderator") {
		t.Errorf("locked settings can be changed: %v", fixed.Fields)
	}
	refused := w.fill(settings, "/settings", "welcome", "Anna's other words") // a page from before
	if refused.Status != http.StatusBadRequest {
		t.Errorf("a locked setting is taken: %d", refused.Status)
	}
	w.reads(refused, "meanwhile")
	w.reads(w.fill(again, "/settings", "title", "Another title"), "Saved")

	w.inClass(w.submit(w.goTo(room, room.URL.RequestURI()), "/start"))
	if got := w.created(); got.Get("welcome") != "The school's words" || got.Get("record") != "true" || got.Get("muteOnStart") != "true" {
		t.Errorf("the class has %v", got)
	}
	w.fill(desk, "/admin/tenants/by/", "locked", "")
	back := w.goTo(settings, settings.URL.RequestURI())
	if form, err := back.Form("/settings"); err != nil || typedIn(form, "welcome") != "Anna's words" || form.Fields.Get("mute_on_start") != "on" {
		t.Errorf("the room's own settings are lost: %v", err)
	}
}

// Roles that moderate are changed with the password, and count from the next
// launch on.
func TestTenantRoles(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.lms.AddPerson(ltitest.Person{Username: "root", Name: "Root", Roles: map[string][]string{
		"law": {"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"},
	}})
	link := w.aLink()
	moderates := func() bool {
		_, err := w.launch(link, "root", ltitest.LaunchOptions{}).Form("/start")
		return err == nil
	}
	page := w.click(w.goTo(w.operator(), "/admin/tenants"), "Change roles")
	w.clock.advance(admin.ConfirmFor)
	page = w.goTo(page, page.URL.RequestURI())
	wrong := w.fill(page, "/roles", "administrators_moderate", "on", "password", "not it")
	if wrong.Status != http.StatusForbidden || moderates() {
		t.Errorf("a wrong password changes roles: %d", wrong.Status)
	}
	if form, err := wrong.Form("/roles"); err != nil || form.Fields.Get("administrators_moderate") != "on" {
		t.Errorf("what was ticked is lost: %v", err)
	}
	page = w.fill(wrong, "/roles", "password", deskPassword)
	w.reads(page, "It counts from each person's next launch on.")
	if !moderates() {
		t.Error("an administrator doesn't moderate")
	}
}

// picture is one that somebody uploads.
func picture(t *testing.T) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 900, 300))
	for x := range 900 {
		m.Set(x, x%300, color.NRGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload posts a file as the page's browser does.
func (w *world) upload(cookie, path string, file []byte) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("logo", "logo.png")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, &body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Cookie", cookie)
	res, err := unled.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res, string(text)}
}

// A logo is made anew, shown on people's pages, and in class where the tenant
// wants that. What is no picture, or too much of one, is refused with words.
func TestTenantLogo(t *testing.T) {
	w := newWorld(t, worldOptions{})
	desk := w.goTo(w.operator(), "/admin/tenants")
	w.join("logo@school.example", admin.Operator)
	cookie := w.cookieOf("logo@school.example")
	const at = "/admin/tenants/by/" + classroom.DefaultTenant + "/logo"
	for name, test := range map[string]struct {
		file []byte
		says string
	}{
		"nothing":       {nil, "Choose a picture first."},
		"a drawing":     {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "SVG can hold programs"},
		"no picture":    {[]byte("%PDF-1.4"), "no picture that we can read"},
		"a large file":  {append(picture(t), make([]byte, admin.LogoMost)...), "512 KB at most"},
		"a larger file": {make([]byte, 5*admin.LogoMost), "512 KB at most"},
	} {
		if got := w.upload(cookie, at, test.file); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, test.says) {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := w.upload(cookie, at, picture(t)); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("a picture: %d %s", got.StatusCode, got.body)
	}
	link := w.aLink()
	room := w.launch(link, "anna", ltitest.LaunchOptions{})
	_, rest, ok := strings.Cut(room.Body, `<p class="logo"><img src="`)
	if !ok {
		t.Fatalf("a room's page has no logo: %s", room.Body)
	}
	address, _, _ := strings.Cut(rest, `"`)
	got := w.ask("GET", address, "", "")
	kept, err := png.DecodeConfig(strings.NewReader(got.body))
	if err != nil || kept.Width != 512 || kept.Height != 170 || got.Header.Get("Content-Type") != "image/png" || got.body == string(picture(t)) {
		t.Errorf("%v %+v %v", err, kept, got.Header)
	}
	if !strings.Contains(w.ask("GET", "/rooms/unknown?v=unknown", "", "").body, address) {
		t.Error("a page of what went wrong has no logo")
	}
	w.inClass(w.submit(room, "/start"))
	if w.created().Has("logo") {
		t.Error("the logo is shown in class unasked")
	}
	w.bbb.EndNow(w.meeting().ID)
	w.saves(desk, "logo_in_class", "on")
	w.inClass(w.submit(w.launch(w.aLink(), "anna", ltitest.LaunchOptions{}), "/start"))
	if got := w.created().Get("logo"); got != w.url+address || w.lastCall("join").Get("userdata-bbb_display_branding_area") != "true" {
		t.Errorf("in class it is %q", got)
	}
	w.fill(w.goTo(desk, "/admin/tenants"), "/logo/remove")
	for _, path := range []string{address, "/tenant/default/logo..png", "/tenant/default/look.css", "/tenant/unknown/look.0.css"} {
		if got := w.ask("GET", path, "", ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// Several tenants: added, given a platform, and gone when nothing is theirs.
func TestTenants(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page := w.goTo(w.operator(), "/admin/tenants")
	if page.URL.Path != "/admin/tenants/by/default" {
		t.Errorf("one tenant is shown at %s", page.URL.Path)
	}
	page = w.click(page, "Add a tenant")
	w.reads(w.fill(page, "/admin/tenants", "name", "default"), "There is one already.")
	law := w.fill(page, "/admin/tenants", "name", " School of Law ")
	w.reads(law, "Added.", "School of Law")
	w.saves2(law, "accent", "#7a1f2b", "support_text", "Ask the law school")

	platform, err := w.db.Platform(t.Context(), "Test LMS")
	if err != nil {
		t.Fatal(err)
	}
	move := w.click(w.goTo(page, "/admin/platforms/by/"+platform.ID), "Give to another tenant")
	w.reads(w.fill(move, "/tenant", "tenant", "unknown"), "Choose one of these.")
	lawID := strings.TrimPrefix(law.URL.Path, "/admin/tenants/by/")
	w.reads(w.fill(move, "/tenant", "tenant", lawID), "School of Law")
	if room := w.launch(w.aLink(), "anna", ltitest.LaunchOptions{}); !strings.Contains(room.Body, "/tenant/"+lawID+"/look.") {
		t.Errorf("a moved platform's room isn't the other tenant's: %s", room.Body)
	}
	w.reads(w.launch(w.aLink(), "anna", ltitest.LaunchOptions{Claims: func(c map[string]any) { delete(c, "https://purl.imsglobal.org/spec/lti/claim/roles") }}), "Ask the law school")
	if got := w.ask("GET", "/rooms/unknown?v=unknown", "", ""); strings.Contains(got.body, "law school") {
		t.Error("where the tenant isn't known, one is named")
	}

	removal := w.click(w.goTo(page, law.URL.Path), "Remove")
	if got := w.fill(removal, "/remove"); got.Status != http.StatusConflict {
		t.Errorf("a tenant with a platform: %d %s", got.Status, got.Text)
	}
	w.fill(move, "/tenant", "tenant", classroom.DefaultTenant)
	w.reads(w.fill(removal, "/remove"), "Removed.")
}

// saves2 is saves for any tenant.
func (w *world) saves2(page *ltitest.Page, fields ...string) {
	w.t.Helper()
	w.reads(w.fill(page, page.URL.Path, fields...), "Saved.")
}

// A removed platform's data are exported, erased after 30 days, and kept if
// somebody says so before.
func TestRemovedPlatformsData(t *testing.T) {
	w := newWorld(t, worldOptions{bbb: bbbtest.Options{}})
	link := w.aLink()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.clock.advance(40 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	w.callbacks()
	platform, err := w.db.Platform(t.Context(), "Test LMS")
	if err != nil {
		t.Fatal(err)
	}
	page := w.goTo(w.operator(), "/admin/platforms/by/"+platform.ID)
	removal := w.click(page, "Remove")
	w.reads(removal, "Export the data first", "Erase them after 30 days")
	w.eventually("the class is in the export", func() bool {
		return slices.ContainsFunc(w.exported(removal, platform.ID)["stays"], func(row []string) bool { return row[4] == "analytics" })
	})
	files := w.exported(removal, platform.ID)
	if got := len(files["people"]); got != 3 || files["people"][0][2] != "name" { // two and the head
		t.Errorf("people: %q", files["people"])
	}
	for _, name := range []string{"courses", "enrolments", "rooms", "links", "classes", "attendances", "expected"} {
		if len(files[name]) < 2 {
			t.Errorf("%s: %q", name, files[name])
		}
	}

	list := w.fill(removal, "/remove", "data", "erase")
	w.reads(list, "Everything of it is erased after 30 days", "30 days left")
	leaving := w.click(list, "Test LMS")
	w.reads(leaving, "30 days left", "is erased: courses, people, registers and grades")
	w.clock.advance(24 * time.Hour)
	page = w.goTo(w.signIn(), leaving.URL.Path)
	w.exported(page, platform.ID)
	w.reads(page, "29 days left")
	w.reads(w.fill(page, "/keep"), "Nothing is erased.")
	if left, err := w.db.Leaving(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

// exported is an export's tables.
func (w *world) exported(page *ltitest.Page, id string) map[string][][]string {
	w.t.Helper()
	got := w.goTo(page, "/admin/platforms/by/"+id+"/export.zip")
	z, err := zip.NewReader(strings.NewReader(got.Body), int64(len(got.Body)))
	if err != nil {
		w.t.Fatalf("%v: %d", err, got.Status)
	}
	tables := map[string][][]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		if name, ok := strings.CutSuffix(f.Name, ".csv"); ok {
			if tables[name], err = csv.NewReader(r).ReadAll(); err != nil {
				w.t.Fatalf("%s: %v", f.Name, err)
			}
		}
		r.Close()
	}
	return tables
}
