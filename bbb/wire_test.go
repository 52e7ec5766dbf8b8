package bbb_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// A clock is the simulated server's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A world is our client, a simulated server over real HTTP, and its clock.
type world struct {
	*testing.T
	server *bbbtest.Server
	client *bbb.Client
	clock  *clock
	room   bbb.CreateRequest
}

func newWorld(t *testing.T, o bbbtest.Options) *world {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o.Now = c.Now
	server := bbbtest.Start(t, o)
	address, err := bbb.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	id := bbb.NewMeetingID()
	attendee, moderator := bbb.Passwords([]byte("key"), id)
	return &world{
		T: t, server: server, clock: c,
		client: &bbb.Client{Server: bbb.Server{URL: address, Secret: bbb.Secret(server.Secret())}, HTTP: server.Client()},
		room: bbb.CreateRequest{
			MeetingID: id, Name: "Übung “3” & <more>", AttendeePassword: attendee, ModeratorPassword: moderator,
			KeepEvents: true, ExpireWhenLastUserLeft: 5 * time.Minute,
		},
	}
}

func (w *world) create() bbb.Created {
	w.Helper()
	created, err := w.client.Create(w.Context(), w.room)
	if err != nil {
		w.Fatal(err)
	}
	return created
}

func (w *world) ticket(created bbb.Created, userID string, moderator bool) bbb.JoinRequest {
	password, member := w.room.AttendeePassword, false
	if moderator {
		password = w.room.ModeratorPassword
	}
	return bbb.JoinRequest{
		MeetingID: w.room.MeetingID, FullName: "Zoë & " + userID, UserID: userID, Moderator: moderator, Password: password,
		CreateTime: created.CreateTimeMillis, Guest: &member, Locale: "fr",
		LogoutURL: "https://tool.example.org/left?v=1", ErrorRedirectURL: "https://tool.example.org/left?v=1",
	}
}

// browse opens a join address as a browser does, and returns where it ends: in
// the client's page, or at the door of our own tool.
func (w *world) browse(address string) *url.URL {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	browser := http.Client{Transport: w.server.Client().Transport, Jar: jar}
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "tool.example.org" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	res, err := browser.Get(address)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	if at, err := res.Location(); err == nil {
		return at
	}
	if res.StatusCode != http.StatusOK {
		w.Errorf("client's page: HTTP %d", res.StatusCode)
	}
	return res.Request.URL
}

func (w *world) join(created bbb.Created, userID string, moderator bool) {
	w.Helper()
	if at := w.browse(w.client.JoinURL(w.ticket(created, userID, moderator))); at.Host == "tool.example.org" {
		w.Fatalf("%s isn't let in: %s", userID, at)
	}
}

// An inbox keeps the callbacks with their status by VerifyCallback.
type inbox struct {
	mu     sync.Mutex
	now    func() time.Time
	server *bbb.Server
	errs   []error
	bodies [][]byte
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = bbb.VerifyCallback(r.Header.Get("Authorization"), i.server.Secrets(), i.now())
	}
	i.errs, i.bodies = append(i.errs, err), append(i.bodies, body)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (w *world) inbox() *inbox {
	i := &inbox{now: w.clock.Now, server: &w.client.Server}
	web := httptest.NewServer(i)
	w.Cleanup(web.Close)
	w.room.Metadata = map[string]string{"bbb-origin": "bbbridge", bbb.AnalyticsCallback: web.URL + "/bbb/analytics/1?x=1"}
	return i
}

func TestClassOverHTTP(t *testing.T) {
	for _, test := range []struct {
		name    string
		options bbbtest.Options
	}{
		{"BigBlueButton 3.0", bbbtest.Options{TLS: true, RequireCookie: true}},
		{"BigBlueButton 2.5, old library", bbbtest.Options{Release: "2.5", GemVersion: "1.2"}},
		{"Scalelite", bbbtest.Options{Mode: bbbtest.Scalelite}},
		{"clock off, another time zone", bbbtest.Options{ClockOffset: -3 * time.Hour, Zone: time.FixedZone("", 2*3600)}},
	} {
		t.Run(test.name, func(t *testing.T) { testClass(newWorld(t, test.options)) })
	}
}

func testClass(w *world) {
	ctx, inbox := w.Context(), w.inbox()
	if _, err := w.client.MeetingInfo(ctx, w.room.MeetingID); !errors.Is(err, bbb.ErrNotFound) {
		w.Errorf("info before create: %v", err)
	}
	created := w.create()
	again := w.create()
	if created.Duplicate || !again.Duplicate || again.InternalMeetingID != created.InternalMeetingID || again.CreateTimeMillis != created.CreateTimeMillis {
		w.Errorf("created %+v, then %+v", created, again)
	}
	if running, err := w.client.IsMeetingRunning(ctx, w.room.MeetingID); running || err != nil {
		w.Errorf("running before anybody came: %v, %v", running, err)
	}
	w.attend(created)
	w.checkInfo(created)
	w.clock.pass(10 * time.Minute)
	if err := w.client.End(ctx, w.room.MeetingID, w.room.ModeratorPassword); err != nil {
		w.Fatal(err)
	}
	w.clock.pass(time.Minute)
	if _, err := w.client.MeetingInfo(ctx, w.room.MeetingID); !errors.Is(err, bbb.ErrNotFound) {
		w.Errorf("info after the end: %v", err)
	}
	if err := w.client.End(ctx, w.room.MeetingID, w.room.ModeratorPassword); !errors.Is(err, bbb.ErrNotFound) {
		w.Errorf("second end: %v", err)
	}
	if err := w.server.DeliverCallbacks(ctx); err != nil {
		w.Errorf("callbacks: %v", err)
	}
	if len(inbox.bodies) != 1 || inbox.errs[0] != nil {
		w.Fatalf("%d reports, %v", len(inbox.bodies), inbox.errs)
	}
	w.checkReport(inbox.bodies[0], created)
}

// attend lets a teacher in for 20 minutes, one learner for 10, and another
// for 5 minutes twice.
func (w *world) attend(created bbb.Created) {
	w.join(created, "teacher1", true)
	w.join(created, "stays", false)
	w.join(created, "returns", false)
	w.clock.pass(5 * time.Minute)
	w.server.Person(w.room.MeetingID, "returns").Leave()
	w.server.Person(w.room.MeetingID, "stays").Chat("hello")
	w.server.Person(w.room.MeetingID, "stays").Talk(12 * time.Second)
	w.clock.pass(5 * time.Minute)
	w.server.Person(w.room.MeetingID, "stays").Leave()
	w.join(created, "returns", false)
	w.server.Person(w.room.MeetingID, "returns").SecondTab()
}

func (w *world) checkInfo(created bbb.Created) {
	w.Helper()
	m, err := w.client.MeetingInfo(w.Context(), w.room.MeetingID)
	if err != nil {
		w.Fatal(err)
	}
	var inside []string
	for _, a := range m.Attendees {
		inside = append(inside, a.UserID)
		if a.Moderator != (a.UserID == "teacher1") || a.FullName != "Zoë & "+a.UserID || a.UserData["bbb_override_default_locale"] != "fr" {
			w.Errorf("attendee %+v", a)
		}
	}
	slices.Sort(inside)
	inside = slices.DeleteFunc(inside, func(id string) bool { return id == "stays" }) // old servers list them for a minute more
	if !slices.Equal(inside, []string{"returns", "returns", "teacher1"}) {
		w.Errorf("inside are %v", inside)
	}
	if !m.Running || m.Name != w.room.Name || m.InternalMeetingID != created.InternalMeetingID || m.Metadata["bbb-origin"] != "bbbridge" {
		w.Errorf("meeting %+v", m)
	}
}

func (w *world) checkReport(body []byte, created bbb.Created) {
	w.Helper()
	report, err := bbb.ParseAnalytics(body)
	if err != nil {
		w.Fatal(err)
	}
	if report.MeetingID != w.room.MeetingID || report.InternalMeetingID != created.InternalMeetingID || len(report.Attendees) != 3 {
		w.Errorf("report %+v", report)
	}
	want := map[string]time.Duration{"teacher1": 20 * time.Minute, "stays": 10 * time.Minute, "returns": 15 * time.Minute}
	for _, a := range report.Attendees {
		var sum time.Duration
		var until time.Time
		for _, s := range a.Stays {
			from := s.From
			if until.After(from) {
				from = until
			}
			sum += max(0, s.To.Sub(from))
			until = s.To
		}
		if off := sum - want[a.UserID]; off.Abs() > time.Second || a.Moderator != (a.UserID == "teacher1") {
			w.Errorf("%s stayed %v, want %v: %+v", a.UserID, sum, want[a.UserID], a)
		}
		if a.UserID == "stays" && (a.Activity.Chats != 1 || a.Activity.TalkTime != 12*time.Second) {
			w.Errorf("activity %+v", a.Activity)
		}
	}
}

func TestRefusalsOverHTTP(t *testing.T) {
	w := newWorld(t, bbbtest.Options{})
	w.room.MaxParticipants = 1
	created := w.create()

	other := w.room
	other.ModeratorPassword = "another-password"
	if _, err := w.client.Create(t.Context(), other); !errors.Is(err, bbb.ErrIDNotUnique) {
		t.Errorf("create with another password: %v", err)
	}
	stale := w.ticket(created, "u1", false)
	stale.CreateTime--
	if _, err := w.client.Join(t.Context(), stale); !errors.Is(err, bbb.ErrMismatchCreateTime) {
		t.Errorf("stale join: %v", err)
	}
	if errs := bbb.ParseJoinErrors(w.browse(w.client.JoinURL(stale)).RawQuery); len(errs) != 1 || !errs[0].JustEnded() {
		t.Errorf("stale join leads to %v", errs)
	}
	w.join(created, "u1", true)
	if errs := bbb.ParseJoinErrors(w.browse(w.client.JoinURL(w.ticket(created, "u2", false))).RawQuery); len(errs) != 1 || !errors.Is(errs[0], bbb.ErrFull) {
		t.Errorf("join when full leads to %v", errs)
	}
	if err := w.client.End(t.Context(), w.room.MeetingID, w.room.ModeratorPassword); err != nil {
		t.Fatal(err)
	}
	if errs := bbb.ParseJoinErrors(w.browse(w.client.JoinURL(w.ticket(created, "u1", true))).RawQuery); len(errs) != 1 || !errs[0].JustEnded() {
		t.Errorf("join of what just ended leads to %v", errs)
	}
	w.clock.pass(time.Minute)
	if next := w.create(); next.Duplicate || next.InternalMeetingID == created.InternalMeetingID {
		t.Errorf("created anew %+v", next)
	}
}

func TestServerTestOverHTTP(t *testing.T) {
	w := newWorld(t, bbbtest.Options{Algorithms: []string{"sha512"}})
	v, err := w.client.Version(t.Context())
	if err != nil || v.Version == "" {
		t.Errorf("Version = %+v, %v", v, err)
	}
	if _, err := w.client.Meetings(t.Context()); bbb.Explain(err) != bbb.CauseChecksum {
		t.Errorf("sha256 at a server of sha512: %v", err)
	}
	if w.client.Server.Algorithm, err = w.client.ProbeAlgorithms(t.Context()); w.client.Server.Algorithm != bbb.SHA512 || err != nil {
		t.Fatalf("ProbeAlgorithms = %v, %v", w.client.Server.Algorithm, err)
	}
	created := w.create()
	joined, err := w.client.Join(t.Context(), w.ticket(created, "servertest", true))
	if err != nil || joined.GuestStatus != "ALLOW" || joined.UserID == "" || joined.URL == "" {
		t.Errorf("Join = %+v, %v", joined, err)
	}
	if list, err := w.client.Meetings(t.Context()); len(list) != 1 || err != nil {
		t.Errorf("Meetings = %+v, %v", list, err)
	}
	w.server.RotateSecret("new-secret")
	if _, err := w.client.ProbeAlgorithms(t.Context()); !errors.Is(err, bbb.ErrChecksum) {
		t.Errorf("after the secret changed: %v", err)
	}
}

func TestRecordingsOverHTTP(t *testing.T) {
	w := newWorld(t, bbbtest.Options{RecordingDelay: time.Hour})
	ctx, yes := t.Context(), true
	w.room.Record = &yes
	created := w.create()
	w.join(created, "teacher1", true)
	w.server.Person(w.room.MeetingID, "teacher1").Record()
	w.clock.pass(time.Hour)
	w.server.EndNow(w.room.MeetingID)
	list := func(states ...string) []bbb.Recording {
		t.Helper()
		all, err := w.client.Recordings(ctx, bbb.RecordingsRequest{MeetingIDs: []string{w.room.MeetingID}, States: states})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := list(bbb.Processing); len(all) != 1 || all[0].State != bbb.Processing || len(all[0].Formats) != 0 {
		t.Errorf("at once: %+v", all)
	}
	if all := list(); len(all) != 0 {
		t.Errorf("published at once: %+v", all)
	}
	w.clock.pass(2 * time.Hour)
	all := list()
	if len(all) != 1 || all[0].ID != created.InternalMeetingID || all[0].Name != w.room.Name || !all[0].Published || len(all[0].Formats) == 0 {
		t.Fatalf("after processing: %+v", all)
	}
	ids := []string{all[0].ID}
	for _, err := range []error{
		w.client.UpdateRecordings(ctx, ids, map[string]string{"name": "Week 1"}),
		w.client.PublishRecordings(ctx, ids, false),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if all := list(bbb.Unpublished); len(all) != 1 || all[0].Published || all[0].Title() != "Week 1" {
		t.Errorf("unpublished and renamed: %+v", all)
	}
	if err := w.client.DeleteRecordings(ctx, ids); err != nil {
		t.Error(err)
	}
	if all := list(bbb.Published, bbb.Unpublished); len(all) != 0 {
		t.Errorf("after deletion: %+v", all)
	}
	if err := w.client.PublishRecordings(ctx, []string{"unknown-1"}, true); !errors.Is(err, bbb.ErrNotFound) {
		t.Errorf("publish an unknown one: %v", err)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	for kind, want := range map[bbbtest.FaultKind]bbb.Cause{
		bbbtest.BadGateway: bbb.CauseServerError, bbbtest.Closed: bbb.CauseBroken, bbbtest.Empty: bbb.CauseNotBBB,
		bbbtest.Truncated: bbb.CauseNotBBB, bbbtest.WrongCase: "", bbbtest.BOM: "", bbbtest.Trickle: "",
		bbbtest.UnknownKey: bbb.CauseFailed, bbbtest.JSON: bbb.CauseServerError, bbbtest.RotatedSecret: bbb.CauseChecksum,
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, bbbtest.Options{})
			w.create()
			call := "getMeetingInfo"
			do := func() error { _, err := w.client.MeetingInfo(t.Context(), w.room.MeetingID); return err }
			if kind == bbbtest.Trickle { // a short answer: it takes real time
				call = "isMeetingRunning"
				do = func() error { _, err := w.client.IsMeetingRunning(t.Context(), w.room.MeetingID); return err }
			}
			before := len(w.server.Requests(call))
			w.server.Be(bbbtest.Fault{Call: call, Kind: kind})
			if err := do(); bbb.Explain(err) != want {
				t.Errorf("Explain(%v) = %s, want %s", err, bbb.Explain(err), want)
			}
			// net/http repeats a GET itself if a kept connection was closed
			// before anything came.
			if n := len(w.server.Requests(call)) - before; n != 1 && kind != bbbtest.Closed {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestCallbackWithoutToken(t *testing.T) {
	for _, test := range []struct {
		options bbbtest.Options
		want    error
	}{
		{bbbtest.Options{StripAuthorization: true}, bbb.ErrNoToken},
		{bbbtest.Options{Mode: bbbtest.B3scale, NodeSecret: "the node's own"}, bbb.ErrBadToken},
	} {
		w := newWorld(t, test.options)
		inbox := w.inbox()
		created := w.create()
		w.join(created, "teacher1", true)
		w.server.EndNow(w.room.MeetingID)
		w.clock.pass(time.Hour)
		_ = w.server.DeliverCallbacks(t.Context()) // it isn't accepted
		if len(inbox.errs) != 1 || !errors.Is(inbox.errs[0], test.want) {
			t.Fatalf("callbacks %v, want %v", inbox.errs, test.want)
		}
		// The admin enters the node's secret as well.
		w.client.Server.PreviousSecrets = []bbb.Secret{"the node's own"}
		header := ""
		for _, d := range w.server.Deliveries() {
			header = d.Header.Get("Authorization")
		}
		if err := bbb.VerifyCallback(header, w.client.Server.Secrets(), w.clock.Now()); (err == nil) != errors.Is(test.want, bbb.ErrBadToken) {
			t.Errorf("with the node's secret: %v", err)
		}
		if report, err := bbb.ParseAnalytics(inbox.bodies[0]); err != nil || report.MeetingID != w.room.MeetingID {
			t.Errorf("report of %q, %v", report.MeetingID, err)
		}
	}
}
