package main

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// tested runs the test of the world's server to its end. The clocks go on once
// the test's class is over.
func (w *world) tested() admin.ServerTest {
	w.t.Helper()
	w.svc.servers.Every = time.Millisecond
	if _, err := w.svc.servers.BeginTest(w.t.Context(), admin.Shell, "Test BBB"); err != nil {
		w.t.Fatal(err)
	}
	return w.testOver()
}

func (w *world) testOver() admin.ServerTest {
	w.t.Helper()
	var test admin.ServerTest
	w.eventually("the test is over", func() bool {
		card, err := w.svc.servers.TestOf(w.t.Context(), admin.Shell, "Test BBB")
		if err != nil {
			w.t.Fatal(err)
		}
		test = card.Test
		if i := slices.IndexFunc(test.Steps, func(s admin.TestStep) bool { return s.Name == admin.StepEnded }); test.Steps[i].State != admin.StepWaiting {
			w.clock.advance(2 * time.Second)
			_ = w.bbb.DeliverCallbacks(w.t.Context()) // whether they are taken, the test says
		}
		return !test.FinishedAt.IsZero()
	})
	return test
}

// All that a server can do wrong is found by its test, whose class is ended
// whatever happens.
func TestServerAcceptance(t *testing.T) {
	after := func(code string, steps ...string) map[string]string {
		all := map[string]string{}
		for _, s := range steps {
			all[s] = code
		}
		return all
	}
	joins := []string{"moderator", "viewer", "forged", "inside", "end", "ended", "report", "recording"}
	both := func(maps1, maps2 map[string]string) map[string]string {
		all := maps.Clone(maps1)
		maps.Copy(all, maps2)
		return all
	}
	for _, test := range []struct {
		name  string
		bbb   bbbtest.Options
		fault bbbtest.Fault
		want  map[string]string // what the steps say; one that isn't named is well
		found admin.Found
	}{
		{name: "all is well", bbb: bbbtest.Options{RequireCookie: true, Webhooks: true}, found: admin.Found{Webhooks: true}},
		{name: "Scalelite", bbb: bbbtest.Options{Mode: bbbtest.Scalelite}, found: admin.Found{Build: "bbbtest"}},
		{name: "b3scale: reports by the node's secret", bbb: bbbtest.Options{Mode: bbbtest.B3scale}, want: map[string]string{"report": "needs bad_token"}},
		{name: "a proxy takes the Authorization header", bbb: bbbtest.Options{StripAuthorization: true}, want: map[string]string{"report": "needs no_token"}},
		{name: "events aren't kept", bbb: bbbtest.Options{DropAnalytics: true}, want: map[string]string{"report": "needs no_report"}},
		{name: "nothing gets out of its network", bbb: bbbtest.Options{DropCallbacks: true}, want: map[string]string{"ended": "needs no_ended", "report": "needs no_report"}},
		{name: "forged joins are taken", bbb: bbbtest.Options{AcceptForged: true}, want: map[string]string{"forged": "needs forged"}},
		{name: "the web client is down", bbb: bbbtest.Options{ClientDown: true}, want: map[string]string{
			"moderator": "needs client_page", "viewer": "needs client_page", "inside": "good nobody", "recording": "good unrecorded",
		}},
		{name: "it records nothing", bbb: bbbtest.Options{NoRecordings: true}, want: map[string]string{"recording": "idle no_records"}},
		{name: "a recording takes hours", bbb: bbbtest.Options{RecordingDelay: time.Hour}, want: map[string]string{"recording": "idle not_listed"}},
		{name: "another checksum", bbb: bbbtest.Options{Algorithms: []string{"sha1"}}, want: both(after("idle not_this_time", joins...), map[string]string{"sign": "needs algorithm", "create": "idle not_this_time"})},
		{name: "another secret", fault: bbbtest.Fault{Kind: bbbtest.RotatedSecret}, want: both(after("idle not_this_time", joins...), map[string]string{"sign": "needs checksum", "create": "idle not_this_time"})},
		{name: "a proxy's page", fault: bbbtest.Fault{Kind: bbbtest.BadGateway}, want: both(after("idle not_this_time", joins...), map[string]string{"reach": "needs server_error", "sign": "idle not_this_time", "create": "idle not_this_time"})},
		{name: "no room for more", fault: bbbtest.Fault{Call: "create", Kind: bbbtest.Capacity}, want: both(after("idle not_this_time", joins...), map[string]string{"create": "needs failed"})},
		{name: "the answer to create is lost", fault: bbbtest.Fault{Call: "create", Kind: bbbtest.Truncated}, want: both(after("idle not_this_time", joins...), map[string]string{"create": "needs not_bbb"})},
		{name: "joins are refused", fault: bbbtest.Fault{Call: "join", Kind: bbbtest.Refused, Key: "guestDeny"}, want: map[string]string{
			"moderator": "needs failed", "viewer": "needs failed", "inside": "good nobody", "recording": "good unrecorded",
		}},
		{name: "nobody answers a join", fault: bbbtest.Fault{Call: "join", Kind: bbbtest.Closed}, want: map[string]string{
			"moderator": "needs broken", "viewer": "needs broken", "forged": "needs broken", "inside": "good nobody", "recording": "good unrecorded",
		}},
		{name: "the class is lost", fault: bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.NotFound}, want: map[string]string{"inside": "needs lost", "recording": "idle no_records"}},
		{name: "it won't end at once", fault: bbbtest.Fault{Call: "end", Kind: bbbtest.Refused, Key: "somethingElse", Times: 1}, want: both(after("idle not_this_time", "ended", "report", "recording"), map[string]string{"end": "needs failed"})},
		{name: "recordings can't be listed", fault: bbbtest.Fault{Call: "getRecordings", Kind: bbbtest.Refused, Key: "somethingElse"}, want: map[string]string{"recording": "needs failed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{bbb: test.bbb})
			if test.fault.Kind != "" {
				defer w.bbb.Be(test.fault)()
			}
			got := w.tested()
			want := map[string]string{"inside": "good inside", "recording": "good listed"}
			for _, s := range got.Steps {
				said := strings.TrimSpace(string(s.State) + " " + s.Code)
				if diff := cmp.Diff(cmpOr(test.want[s.Name], want[s.Name], "good"), said); diff != "" {
					t.Errorf("%s: (-want +got)\n%s%s", s.Name, diff, s.Detail)
				}
				if strings.Contains(s.Detail, w.bbb.Secret()) || strings.Contains(s.Detail, "checksum=") {
					t.Errorf("%s tells a secret: %s", s.Name, s.Detail)
				}
			}
			card, err := w.svc.servers.Card(t.Context(), admin.Shell, "Test BBB")
			if err != nil {
				t.Fatal(err)
			}
			if card.Found.At.IsZero() || card.Found.Webhooks != test.found.Webhooks || card.Found.Build != test.found.Build {
				t.Errorf("found: %+v", card.Found)
			}
			w.leftNothing()
		})
	}
}

func cmpOr(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// leftNothing checks that no test's class goes on or is anybody's, and that its
// recording is gone.
func (w *world) leftNothing() {
	w.t.Helper()
	w.clock.advance(time.Minute) // one that couldn't be ended ends by itself
	for _, m := range w.bbb.Meetings() {
		if m.EndedAt.IsZero() {
			w.t.Errorf("the class of the test goes on: %+v", m)
		}
		if _, err := w.db.RoomByMeetingID(w.t.Context(), m.ID); !errors.Is(err, classroom.ErrNotFound) {
			w.t.Errorf("it has a room: %v", err)
		}
		if known, err := w.db.MeetingsByInternalID(w.t.Context(), m.InternalID); err != nil || len(known) > 0 {
			w.t.Errorf("it is among the classes: %v %v", known, err)
		}
	}
}

// One test of a server goes on at a time, and is broken off when the service
// stops: its class is ended then.
func TestServerTestIsBounded(t *testing.T) {
	w := newWorld(t, worldOptions{})
	servers := w.svc.servers
	hold := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.Timeout})
	defer hold()
	first, err := servers.BeginTest(t.Context(), admin.Shell, "Test BBB")
	if err != nil {
		t.Fatal(err)
	}
	w.eventually("the test asks for its class", func() bool { return len(w.bbb.Requests("join")) >= 3 })
	if _, err := servers.BeginTest(t.Context(), admin.Shell, "Test BBB"); !errors.Is(err, admin.ErrTestRuns) {
		t.Errorf("a second one: %v", err)
	}
	servers.Stop()
	card, err := servers.TestOf(t.Context(), admin.Shell, "Test BBB")
	if err != nil {
		t.Fatal(err)
	}
	if card.Test.ID != first.ID || card.Test.FinishedAt.IsZero() || card.Test.Good() {
		t.Errorf("it goes on: %+v", card.Test)
	}
	if got := w.bbb.Requests("end"); len(got) == 0 {
		t.Error("its class isn't ended")
	}
	w.leftNothing()
}

// Whoever knows nothing of a test can't say anything about it.
func TestCallbacksOfNoTest(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, call := range []struct{ method, path string }{
		{"GET", "/bbb/tests/unknown/ended"}, {"POST", "/bbb/tests/unknown/report"},
	} {
		if got := w.ask(call.method, call.path, "", "{}"); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s: %d", call.method, call.path, got.StatusCode)
		}
	}
	test := w.tested()
	if !test.Good() {
		t.Fatalf("%+v", test.Steps)
	}
	// What comes later, and is no good, changes nothing.
	if got := w.ask("POST", "/bbb/tests/"+test.ID+"/report", "", "{}"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got.StatusCode)
	}
	card, err := w.svc.servers.TestOf(t.Context(), admin.Shell, "Test BBB")
	if err != nil || card.Test.Report.Code != admin.CallbackGood {
		t.Errorf("%+v %v", card.Test.Report, err)
	}
}

// twoServers is a world with another server, of the same tenant.
func twoServers(t *testing.T) (*world, *bbbtest.Server) {
	t.Helper()
	second := bbbtest.Start(t, bbbtest.Options{})
	w := newWorld(t, worldOptions{config: func(cfg *configs.Config) { cfg.AllowHosts = append(cfg.AllowHosts, hostOf(second.URL())) }})
	added, err := w.svc.servers.Add(t.Context(), admin.Shell, admin.ServerWish{Name: "Second", URL: second.URL(), Secret: bbb.Secret(second.Secret())}, admin.Found{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"Test BBB", added.ID} {
		if err := w.svc.servers.Assign(t.Context(), admin.Shell, id, []string{classroom.DefaultTenant}); err != nil {
			t.Fatal(err)
		}
	}
	return w, second
}

// A class begins on the emptier server, and on the other one when that is down;
// the test's own callbacks and the classes' go their ways.
func TestClassesOnTwoServers(t *testing.T) {
	w, second := twoServers(t)
	link := w.link()
	page := w.launch(link, "anna", ltitest.LaunchOptions{})
	form, err := page.Form("/start")
	if err != nil {
		t.Fatal(err)
	}
	stop := w.bbb.Be(bbbtest.Fault{Kind: bbbtest.BadGateway})
	if page, err = page.Submit(form); err != nil {
		t.Fatal(err)
	}
	if page.URL.Host != hostOf(second.URL()) {
		t.Errorf("with one down the teacher is at %s: %s", page.URL, page.Text)
	}
	stop()
	if len(second.Meetings()) != 1 {
		t.Errorf("%d classes on the second", len(second.Meetings()))
	}
}
