package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// roomRoutes are all addresses that speak of a room or its course, in an
// order in which a teacher can go through them, and whether its learners may.
var roomRoutes = []struct {
	route   string
	learner bool
	form    string
}{
	{"GET /rooms/:room", true, ""},
	{"GET /rooms/:room/state", true, ""},
	{"GET /rooms/:room/class", true, ""},
	{"GET /rooms/:room/join", true, ""},
	{"GET /rooms/:room/left", true, ""},
	{"GET /rooms/:room/again/join", true, ""},
	{"GET /rooms/:room/end", false, ""},
	{"GET /rooms/:room/settings", false, ""},
	{"POST /rooms/:room/settings", false, "title=Taken+over&measure=none"},
	{"POST /rooms/:room/keep", false, ""},
	{"POST /rooms/:room/share", false, ""},
	{"POST /rooms/:room/noted", false, ""},
	{"POST /rooms/:room/ask", false, ""},
	{"POST /rooms/:room/requests/:request", false, "answer=yes"},
	{"GET /rooms/:room/classes/:session", false, ""},
	{"GET /rooms/:room/classes/:session/register.csv", false, ""},
	{"POST /rooms/:room/classes/:session/resend", false, ""},
	{"GET /rooms/:room/classes/:session/part/:meeting", false, ""},
	{"POST /rooms/:room/classes/:session/part/:meeting", false, ""},
	{"GET /rooms/:room/classes/:session/unite/:meeting", false, ""},
	{"POST /rooms/:room/classes/:session/unite/:meeting", false, ""},
	{"POST /rooms/:room/classes/:session/resend/:person", false, ""},
	{"POST /rooms/:room/classes/:session/count/:placement", false, ""},
	{"POST /rooms/:room/links/all", false, ""},
	{"POST /rooms/:room/links/own", false, ""},
	{"POST /rooms/:room/earlier/count", false, ""},
	{"POST /rooms/:room/earlier/leave", false, ""},
	{"POST /rooms/:room/classes/:session/replace/:person", false, ""},
	{"POST /rooms/:room/column", false, ""},
	{"GET /rooms/:room/recordings", true, ""},
	{"POST /rooms/:room/recordings/:recording/play/:format", true, ""},
	{"GET /rooms/:room/recordings/:recording/delete", false, ""},
	{"POST /rooms/:room/recordings/:recording/unpublish", false, ""},
	{"POST /rooms/:room/recordings/:recording/publish", false, ""},
	{"POST /rooms/:room/recordings/:recording/delete", false, ""},
	{"POST /rooms/:room/start", false, ""},
	{"POST /rooms/:room/join", true, ""},
	{"POST /rooms/:room/end", false, ""},
	{"GET /pick", false, ""},
	{"POST /pick", false, "cancel=yes"},
}

// visitRoutes are those of a visit, wherever it leads: TestLeave tries them.
var visitRoutes = []string{"GET /alive", "POST /leave"}

// openRoutes are for everybody.
var openRoutes = []string{
	"GET /", "POST /", "GET /goodbye", "GET /lti/login", "POST /lti/login", "GET /lti/login/:registration", "POST /lti/login/:registration",
	"GET /lti/launch", "POST /lti/launch", "POST /lti/window", "POST /lti/frame", "GET /lti/register", "POST /lti/register", "GET /.well-known/jwks.json", "POST /bbb/analytics/:room", "GET /bbb/ended/:room", "GET /bbb/tests/:test/ended", "POST /bbb/tests/:test/report",
	"GET /tenant/:tenant/:file", "GET /healthz", "GET /readyz", "GET /metrics", "GET /styleguide",
}

func TestAllRoutesAreTried(t *testing.T) {
	source, err := os.ReadFile("../../handlers/server.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`r\.([A-Z]+)\("([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		want = append(want, m[1]+" "+m[2])
	}
	// Administrators of the LMS: TestAdministratorsOfTheLMS, TestAdministratorsInThePicker.
	got := slices.Concat(openRoutes, visitRoutes, []string{"POST /pick/administration", "POST /rooms/:room/administration"})
	for _, r := range roomRoutes {
		got = append(got, r.route)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-server.go +tried):\n%s", diff)
	}
}

// A taught room has had a class that was recorded and graded, with a break.
type taught struct {
	page                             *ltitest.Page // its teacher's
	link                             ltitest.Link
	room, session, recording, person string
	placement, meeting               string // meeting: after a break in the class
	request                          string // a placement of another course that asks for the room
}

func (w *world) visit(p *ltitest.Page) string { return p.URL.Query().Get("v") }

func roomOf(p *ltitest.Page) string { return strings.SplitN(p.URL.Path, "/", 4)[2] }

// teach holds a class of ten minutes in a new room of the course.
func (w *world) teach(course, teacher, teacherName, learner, learnerName string) taught {
	w.t.Helper()
	link := w.lms.AddLink(ltitest.Link{Course: course, Tool: w.tool.ID, Title: "Seminar in " + course,
		Custom: map[string]string{"complete_minutes": "5"}, LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
	page := w.launch(link, teacher, ltitest.LaunchOptions{})
	form, err := w.click(page, "Change").Form("/settings")
	if err != nil {
		w.t.Fatal(err)
	}
	if page, err = page.Submit(form.Set("record", "on")); err != nil {
		w.t.Fatal(err)
	}
	w.inClass(w.submit(page, "/start"))
	w.person(w.meeting(), teacherName).Record()
	w.inClass(w.submit(w.launch(link, learner, ltitest.LaunchOptions{}), "/join"))
	w.later(10 * time.Minute)
	w.person(w.meeting(), learnerName).Leave()
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("a grade in "+course, func() bool { return w.grade(link, learner) == "10/10" })
	w.later(2 * time.Minute) // the recording is processed
	w.inClass(w.submit(w.launchIn(page.Browser, link, teacher, ltitest.LaunchOptions{}), "/start"))
	w.later(time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("a break in "+course, func() bool {
		return strings.Contains(w.launch(link, teacher, ltitest.LaunchOptions{}).Body, "/part/")
	})
	page = w.launchIn(page.Browser, link, teacher, ltitest.LaunchOptions{})
	return w.found(taught{page: page, link: link, room: roomOf(page), request: "none"})
}

// found fills in the ids of what there is in the room.
func (w *world) found(r taught) taught {
	w.t.Helper()
	session := regexp.MustCompile(`/classes/([^/?]+)\?`).FindStringSubmatch(r.page.Body)
	list := w.click(r.page, "Show recordings")
	pause := regexp.MustCompile(`/part/([^/?]+)\?`).FindStringSubmatch(r.page.Body)
	recording := regexp.MustCompile(`/recordings/([^/?]+)/play/`).FindStringSubmatch(list.Body)
	ledger, err := w.db.RoomDeliveries(w.t.Context(), r.room)
	if err != nil || len(ledger) != 1 || session == nil || recording == nil || pause == nil {
		w.t.Fatalf("room %s has sessions %v, recordings %v, grades %v, %v", r.room, session, recording, ledger, err)
	}
	r.session, r.recording, r.person, r.placement = session[1], recording[1], ledger[0].PersonID, ledger[0].PlacementID
	r.meeting = pause[1]
	return r
}

// try sends one request from the page's browser and returns the status of the
// first answer.
func (w *world) try(page *ltitest.Page, route string, ids taught, visit, form string) (int, *ltitest.Page) {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	path = strings.NewReplacer(":room", ids.room, ":session", ids.session, ":person", ids.person,
		":recording", ids.recording, ":format", "presentation", ":placement", ids.placement, ":meeting", ids.meeting, ":request", ids.request).Replace(path)
	fields, err := url.ParseQuery(form)
	if err != nil {
		w.t.Fatal(err)
	}
	address := w.url + path + "?v=" + visit
	var answer *ltitest.Page
	if method == http.MethodGet {
		answer, err = page.Open(address)
	} else {
		answer, err = page.Submit(&ltitest.Form{Method: method, Action: address, Fields: fields})
	}
	if err != nil {
		w.t.Fatalf("%s: %v", route, err)
	}
	return answer.Steps[0].Status, answer
}

// in is w within a subtest.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// triesInVain is try for who has no business there, and returns the page that
// says so.
func (w *world) triesInVain(page *ltitest.Page, route string, ids taught, visit, form string) *ltitest.Page {
	w.t.Helper()
	status, answer := w.try(page, route, ids, visit, form)
	switch {
	case refused(status) && !strings.Contains(answer.Text, "Seminar in law"):
	case route == "GET /rooms/:room/left" && status == http.StatusOK && !strings.Contains(answer.Body, ids.room):
		// comes out of a class, maybe in another window: a page that says nothing
	default:
		w.t.Errorf("%s: %d %s", route, status, answer.Text)
	}
	return answer
}

func refused(status int) bool { return status == http.StatusForbidden || status == http.StatusNotFound }

// alsoRegister registers the LMS once more, with a client id of its own, as
// another platform. change, if not nil, changes the registration.
func (w *world) alsoRegister(name string, change func(*lti.Registration)) ltitest.Tool {
	w.t.Helper()
	tool := w.lms.AddTool(ltitest.Tool{LoginURL: w.url + "/lti/login", LaunchURL: w.url + "/lti/launch", JWKSURL: w.url + "/.well-known/jwks.json", ShareName: true})
	r := w.lms.Registration(tool)
	registration := lti.Registration{
		Name: name, Issuer: r.Issuer, ClientID: r.ClientID, AuthURL: r.AuthURL, TokenURL: r.TokenURL, JWKSURL: r.JWKSURL,
		Deployments: map[string]bool{r.DeploymentID: true},
	}
	if change != nil {
		change(&registration)
	}
	_, err := w.db.AddPlatform(w.t.Context(), admin.Platform{TenantID: classroom.DefaultTenant, Registration: registration})
	if err != nil {
		w.t.Fatal(err)
	}
	return tool
}

// elsewhere is a teacher's page in a course of the same name and person, but
// of another platform.
func (w *world) elsewhere(person string) *ltitest.Page {
	w.t.Helper()
	tool := w.alsoRegister("Another LMS", nil)
	page := w.launch(w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "Elsewhere"}), person, ltitest.LaunchOptions{})
	if page.Status != http.StatusOK {
		w.t.Fatalf("at another platform: %d %s", page.Status, page.Text)
	}
	return page
}

// Whoever tries whatever address of a room that isn't theirs is told no, and
// nothing has changed by it: its teacher then goes through all of them.
func TestStrangers(t *testing.T) {
	w := newWorld(t, worldOptions{})
	law := w.teach("law", "anna", "Anna Moreau", "ben", "Ben Okafor")
	w.lms.AddPerson(ltitest.Person{Username: "tess", Given: "Tess", Family: "Vogel", Locale: "en",
		Roles: map[string][]string{"stats": {ltitest.Teacher}, "law": {ltitest.Learner}}})
	stats := w.teach("stats", "tess", "Tess Vogel", "diego", "Diego Ramos")
	law.request = w.asks("tess", "stats", law)
	anna := w.visit(law.page)
	picker, err := w.lms.DeepLink(ltitest.NewBrowser(), "law", w.tool.ID, "anna", ltitest.LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	ben, other := w.launch(law.link, "ben", ltitest.LaunchOptions{}), w.elsewhere("anna")
	for _, who := range []struct {
		name   string
		page   *ltitest.Page
		visits []string
	}{
		{"without a cookie", law.page.In(ltitest.NewBrowser()), []string{anna, "", "made-up"}},
		{"a learner with the teacher's address", ben, []string{anna, w.visit(stats.page), w.visit(picker), "made-up"}},
		{"a teacher of another course who asks for the room", stats.page, []string{w.visit(stats.page), anna, ""}},
		{"a teacher of another room", second, []string{w.visit(second), anna, ""}},
		{"a teacher of another platform", other, []string{w.visit(other), anna, ""}},
		{"a deep link", picker, []string{w.visit(picker), anna, ""}},
	} {
		for _, visit := range who.visits {
			t.Run(fmt.Sprintf("%s, v=%s", who.name, visit), func(t *testing.T) {
				for _, r := range roomRoutes {
					if visit == w.visit(picker) && who.page == picker && strings.HasSuffix(r.route, "/pick") {
						continue
					}
					w.in(t).triesInVain(who.page, r.route, law, visit, r.form)
				}
			})
		}
	}
	t.Run("a learner", func(t *testing.T) {
		for _, r := range roomRoutes {
			if status, page := w.try(ben, r.route, law, w.visit(ben), r.form); !r.learner && !refused(status) {
				t.Errorf("%s: %d %s", r.route, status, page.Text)
			} else if r.learner && refused(status) && !strings.HasSuffix(r.route, "/start") {
				t.Errorf("%s is for learners too: %d", r.route, status)
			}
		}
	})
	t.Run("a learner's statistics", func(t *testing.T) {
		if status, page := w.try(ben, "POST /rooms/:room/recordings/:recording/play/statistics", law, w.visit(ben), ""); status != http.StatusForbidden {
			t.Errorf("%d %s", status, page.Text)
		}
	})
	t.Run("a learner's deep link", func(t *testing.T) {
		page, err := w.lms.DeepLink(ltitest.NewBrowser(), "law", w.tool.ID, "ben", ltitest.LaunchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for route, form := range map[string]string{"GET /pick": "", "POST /pick": "choice=new&title=Mine&measure=none"} {
			if status, page := w.try(page, route, law, w.visit(page), form); status != http.StatusForbidden {
				t.Errorf("%s: %d %s", route, status, page.Text)
			}
		}
	})
	t.Run("ids of another room", func(t *testing.T) { otherIDs(t, w, law, stats, second) })
	t.Run("the room's teacher", func(t *testing.T) {
		for _, r := range roomRoutes {
			page, visit := law.page, anna
			if strings.HasSuffix(r.route, "/pick") {
				page, visit = picker, w.visit(picker)
			}
			if status, page := w.try(page, r.route, law, visit, r.form); status >= 400 {
				t.Errorf("%s: %d %s", r.route, status, page.Text)
			}
		}
	})
}

// otherIDs has teachers name what is another room's under their own.
func otherIDs(t *testing.T, w *world, law, stats taught, second *ltitest.Page) {
	for name, who := range map[string]struct {
		page *ltitest.Page
		ids  taught
	}{
		"all of another course":        {law.page, taught{room: law.room, session: stats.session, recording: stats.recording, person: stats.person, placement: stats.placement, request: stats.request}},
		"all of the course's other":    {second, taught{room: roomOf(second), session: law.session, recording: law.recording, person: law.person, placement: law.placement}},
		"another course's person":      {law.page, taught{room: law.room, session: law.session, recording: stats.recording, person: stats.person, placement: stats.placement}},
		"another course's session":     {law.page, taught{room: law.room, session: stats.session, recording: stats.recording, person: law.person, placement: law.placement}},
		"the beginning of their own":   {law.page, taught{room: law.room, session: law.session[:8], recording: law.recording[:8], person: law.person[:8], placement: law.placement[:8]}},
		"a list with theirs in it":     {law.page, taught{room: law.room, session: law.session + "," + stats.session, recording: law.recording + "," + stats.recording, person: law.person + "," + stats.person}},
		"what no database can store":   {law.page, taught{room: law.room, session: "%00", recording: "%ff%00", person: "%00", request: "%00"}},
		"what would lead to elsewhere": {law.page, taught{room: law.room, session: "%5C%5Cevil.example%0D%0AX:y", recording: "%3Fx", person: law.person}},
	} {
		for _, r := range roomRoutes {
			if strings.Contains(r.route, ":request") && who.ids.request != law.request {
				if status, page := w.try(who.page, r.route, who.ids, w.visit(who.page), r.form); !refused(status) {
					t.Errorf("%s, %s: %d %s", name, r.route, status, page.Text)
				}
			}
			theirs := who.ids.session == law.session && !strings.Contains(r.route, ":person") && !strings.Contains(r.route, ":placement")
			if strings.Contains(r.route, ":session") && !theirs || strings.Contains(r.route, ":recording") {
				if status, page := w.try(who.page, r.route, who.ids, w.visit(who.page), r.form); !refused(status) {
					t.Errorf("%s, %s: %d %s", name, r.route, status, page.Text)
				}
			}
		}
	}
	picker, err := w.lms.DeepLink(ltitest.NewBrowser(), "stats", w.tool.ID, "tess", ltitest.LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	own := law
	own.room = roomOf(second)
	if status, page := w.try(second, "POST /rooms/:room/requests/:request", own, w.visit(second), "answer=yes"); !refused(status) {
		t.Errorf("a question to another room: %d %s", status, page.Text)
	}
	if status, page := w.try(picker, "POST /pick", law, w.visit(picker), "choice=existing&room="+law.room); !refused(status) {
		t.Errorf("a deep link to a room of another course: %d %s", status, page.Text)
	}
}

// A ticket speaks for its visit, and for nothing else.
func TestTickets(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	form, err := anna.Form("/start")
	if err != nil {
		t.Fatal(err)
	}
	ticket := form.Fields.Get("ticket")
	ben := w.launch(link, "ben", ltitest.LaunchOptions{Framed: true})
	second := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	if ticket == "" {
		t.Fatal("the framed page has no ticket")
	}
	nobody := anna.In(ltitest.NewBrowser())
	for _, test := range []struct {
		name, room, visit, ticket string
	}{
		{"of another room", roomOf(second), w.visit(anna), ticket},
		{"for another room's visit", roomOf(second), w.visit(second), ticket},
		{"for a learner's visit", roomOf(anna), w.visit(ben), ticket},
		{"for no visit", roomOf(anna), "", ticket},
		{"made up", roomOf(anna), w.visit(anna), "x" + ticket[1:] + "x"},
		{"none", roomOf(anna), w.visit(anna), ""},
	} {
		for _, route := range []string{"POST /rooms/:room/start", "POST /rooms/:room/join", "POST /rooms/:room/end", "POST /rooms/:room/settings"} {
			status, page := w.try(nobody, route, taught{room: test.room}, test.visit, "title=Mine&ticket="+test.ticket)
			if !refused(status) {
				t.Errorf("%s, %s: %d %s", test.name, route, status, page.Text)
			}
		}
	}
	for _, route := range []string{"POST /rooms/:room/end", "POST /rooms/:room/settings", "POST /rooms/:room/share"} {
		if status, _ := w.try(nobody, route, taught{room: roomOf(anna)}, w.visit(anna), "title=Mine&ticket="+ticket); !refused(status) {
			t.Errorf("%s takes a ticket: %d", route, status)
		}
	}
}
