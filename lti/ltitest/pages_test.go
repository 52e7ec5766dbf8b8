package ltitest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestStartPage(t *testing.T) {
	y := newToy(t, Options{})
	page := must(NewBrowser().Get(y.l.URL()))(t)
	for _, text := range []string{
		"Continue as Anna Moreau, teacher", "Continue as Nadia Haddad, learner and teacher", "Continue as Sam Whitfield, admin",
		"In Introduction to Law, add a classroom", "continue as Ben Okafor",
	} {
		if !strings.Contains(page.Text, text) {
			t.Errorf("no %q in %s", text, page.Text)
		}
	}
	home := must(page.Click("Continue as Nadia"))(t)
	if !strings.HasSuffix(home.URL.Path, "/as/nadia/") || !strings.Contains(home.Text, "Statistics for Beginners") {
		t.Errorf("at %s: %s", home.URL, home.Text)
	}
}

func TestWhoSeesWhat(t *testing.T) {
	y := newToy(t, Options{})
	y.link()
	for _, test := range []struct {
		path   string
		status int
		with   string
		not    string
	}{
		{"/as/anna/courses/law", 200, "Add a classroom", "nothing"},
		{"/as/ben/courses/law", 200, "Open in a new window", "Add a classroom"},
		{"/as/karim/courses/law", 200, "Lecture", "Add a classroom"},
		{"/as/nadia/courses/law", 200, "Lecture", "Add a classroom"},
		{"/as/nadia/courses/stats", 200, "Add a classroom", "Lecture"},
		{"/as/sam/courses/law", 200, "Lecture", "Add a classroom"},
		{"/as/anna/courses/stats", 404, "isn't for this person", "Statistics"},
		{"/as/nobody/courses/law", 404, "isn't for this person", "Law"},
		{"/as/nobody/", 404, "isn't for this person", "Your courses"},
		{"/as/ben/courses/law/add/" + y.tool.ID, 404, "isn't for this person", "Add a classroom"},
		{"/as/ben/courses/law/add/" + y.tool.ID + "/open", 404, "isn't for this person", "One moment"},
		{"/as/anna/courses/law/add/99", 404, "isn't for this person", "Add a classroom"},
		{"/as/ben/links/99", 404, "isn't for this person", "Law"},
		{"/as/anna/courses/law/people", 200, "ben@school.example", "nothing"},
		{"/nothing", 404, "no such page", "Law"},
	} {
		page := must(NewBrowser().Get(y.l.URL() + test.path))(t)
		if page.Status != test.status || !strings.Contains(page.Text, test.with) || strings.Contains(page.Text, test.not) {
			t.Errorf("%s: status %d: %s", test.path, page.Status, page.Text)
		}
	}
}

// walk launches what a frame page shows, in a browser that has no JavaScript
// and so presses Continue.
func (y *toyTool) walk(frame *Page) *Page {
	y.t.Helper()
	if len(frame.Frames) != 1 {
		y.t.Fatalf("%s has frames %v", frame.URL, frame.Frames)
	}
	page, err := frame.Browser.GetFramed(frame.URL.String(), frame.Frames[0])
	for i := 0; i < 2 && err == nil; i++ {
		page, err = page.Press("Continue")
	}
	if err != nil {
		y.t.Fatal(err)
	}
	return page
}

func TestLaunchByPages(t *testing.T) {
	y := newToy(t, Options{})
	y.link()
	course := must(NewBrowser().Get(y.l.URL() + "/as/ben/courses/law"))(t)
	frame := must(course.Click("Open here"))(t)
	if !strings.Contains(frame.Body, `allow="microphone `+y.srv.URL+`; camera `+y.srv.URL) || strings.Contains(frame.Body, "display-capture") {
		t.Errorf("allow is wrong: %s", frame.Body)
	}
	end := y.walk(frame)
	if end.Body != "in the room" || !end.Framed() {
		t.Errorf("ends at %s: %s", end.URL, end.Body)
	}
	if target := y.last()[ltiClaim+"launch_presentation"].(map[string]any)["document_target"]; target != "iframe" {
		t.Errorf("document_target = %v", target)
	}
	window := must(must(must(course.Click("Open in a new window"))(t).Press("Continue"))(t).Press("Continue"))(t)
	if window.Body != "in the room" || window.Framed() {
		t.Errorf("new window ends at %s: %s", window.URL, window.Body)
	}
	if target := y.last()[ltiClaim+"launch_presentation"].(map[string]any)["document_target"]; target != "window" {
		t.Errorf("document_target = %v", target)
	}
}

func TestDeepLinkingByPages(t *testing.T) {
	y := newToy(t, Options{})
	course := must(NewBrowser().Get(y.l.URL() + "/as/anna/courses/law"))(t)
	y.walk(must(course.Click("Add a classroom"))(t))
	claims := y.response(y.last())
	item := classroom(`<script>alert("x")</script>`)
	claims[dlClaim+"content_items"] = []any{item}
	status, body := y.answer(y.last(), y.sign(claims, nil))
	if status != 200 || !strings.Contains(body, "Added to the course") || strings.Contains(body, "<script>alert") {
		t.Fatalf("%d %s", status, body)
	}
	again := must(NewBrowser().Get(y.l.URL() + "/as/ben/courses/law"))(t)
	if !strings.Contains(again.Text, `<script>alert("x")</script>`) || strings.Contains(again.Body, "<script>alert") {
		t.Errorf("course: %s", again.Body)
	}
}

func TestGradesPages(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.Local)
	y := newToy(t, Options{Now: func() time.Time { return now }})
	link := y.link()
	y.score(link, testScore{0, "ben", full + `,"scoreGiven":17,"scoreMaximum":20,"comment":"51 min"`, 200, 8.5})
	y.score(link, testScore{0, "ben", full + `,"scoreGiven":1,"scoreMaximum":20`, 409, 8.5})
	y.l.SetGrade(link.ID, "chloe", 3)
	for person, want := range map[string][]string{
		"anna":  {"Okafor 8.5 / 10", "3 / 10", "Ramos – / 10", "17 of 20", "stored", "▲ Refusing score with an earlier timestamp"},
		"karim": {"Okafor 8.5 / 10"},
		"ben":   {"Lecture 51 min", "8.5 / 10", "since 10:00:00"},
		"elise": {"– / 10"},
	} {
		page := must(NewBrowser().Get(y.l.URL() + "/as/" + person + "/courses/law/grades"))(t)
		for _, part := range want {
			if !strings.Contains(page.Text, part) {
				t.Errorf("%s: no %q in %s", person, part, page.Text)
			}
		}
		if learner := person == "ben" || person == "elise"; learner && strings.Contains(page.Text, "3 / 10") {
			t.Errorf("%s sees the grade of somebody else: %s", person, page.Text)
		}
	}
}

func TestReturnURL(t *testing.T) {
	y := newToy(t, Options{})
	address := y.mustLaunch(y.link().ID, "ben", LaunchOptions{})[ltiClaim+"launch_presentation"].(map[string]any)["return_url"].(string)
	page := must(NewBrowser().Get(address + "&lti_errormsg=That+is+%3Cb%3Eover"))(t)
	if !strings.Contains(page.Text, "That is <b>over") || strings.Contains(page.Body, "data-leave") {
		t.Errorf("with a message: %s", page.Body)
	}
	page = must(NewBrowser().Get(address))(t)
	if !strings.Contains(page.Body, `data-leave="/lms/as/ben/courses/law"`) {
		t.Errorf("without: %s", page.Body)
	}
}

func TestAdminPage(t *testing.T) {
	y := newToy(t, Options{})
	b := NewBrowser()
	page := must(b.Get(y.l.URL() + "/admin"))(t)
	r := y.l.Registration(y.tool)
	for _, value := range []string{r.Issuer, r.AuthURL, r.TokenURL, r.JWKSURL, r.ClientID, "--deployment-id " + r.DeploymentID, y.tool.LoginURL} {
		if !strings.Contains(page.Text, value) {
			t.Errorf("no %q on the page", value)
		}
	}
	page = must(page.Press("Make a new key"))(t)
	if page.Status != 200 || !strings.Contains(page.Text, "(before)") {
		t.Errorf("after a new key: %d %s", page.Status, page.Text)
	}
	foreign, _ := y.do("POST", y.l.URL()+"/admin/rotate", map[string]string{"Sec-Fetch-Site": "cross-site"}, "")
	if foreign.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", foreign.StatusCode)
	}
}

func TestStaticFiles(t *testing.T) {
	l := Start(t, Options{})
	for path, kind := range map[string]string{"/static/style.css": "text/css", "/static/app.js": "text/javascript"} {
		page := must(NewBrowser().Get(l.URL() + path))(t)
		if page.Status != 200 || !strings.HasPrefix(page.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, page.Status, page.Header.Get("Content-Type"))
		}
	}
	if page := must(NewBrowser().Get(l.URL()))(t); !strings.Contains(page.Text, "Nobody has an account yet") {
		t.Errorf("empty LMS: %s", page.Text)
	}
}

func TestNewPanics(t *testing.T) {
	for name, o := range map[string]Options{
		"no base URL":     {},
		"unknown profile": {BaseURL: "http://127.0.0.1/lms", Profile: "wonder"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			New(o)
		}()
	}
}

// What the administration page says can be pasted into a shell: an id that
// began with a dash would be an option there.
func TestClientIDsCanBePasted(t *testing.T) {
	y := newToy(t, Options{})
	for range 200 {
		if id := y.l.AddTool(Tool{}).ClientID; strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || len(id) != 15 {
			t.Fatalf("client id %q", id)
		}
	}
}
