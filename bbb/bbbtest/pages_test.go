package bbbtest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

func (r reply) page(t *testing.T) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// press sends a form of the classroom as a browser without scripts does.
func (b *bench) press(page string, values url.Values) reply {
	b.t.Helper()
	return b.do(http.MethodPost, strings.Replace(page, "/join?", "/act?", 1), "application/x-www-form-urlencoded", values.Encode())
}

func do(what string, more ...string) url.Values {
	v := url.Values{"do": {what}}
	if len(more) == 2 {
		v.Set(more[0], more[1])
	}
	return v
}

func TestClassroomPage(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&record=true&welcome=Hi+%3Cb%3Eall%3C%2Fb%3E%3Cscript%3E")
	teacher, student := b.comeIn("t1", "MODERATOR", ""), b.comeIn("s1", "VIEWER", "")
	page := b.get(teacher).page(t)
	if got := page.Find("h1").Text(); got != "Intro to Law" {
		t.Errorf("h1 = %q", got)
	}
	if !strings.Contains(page.Find(".sign").Text(), "Simulated BigBlueButton") || page.Find("script:not([src])").Length() > 0 {
		t.Error("the page isn't labelled, or holds a script")
	}
	buttons := func(p *goquery.Document) []string {
		return p.Find("nav button").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	}
	if diff := cmp.Diff([]string{"Raise hand", "Talk", "Start recording", "Open second tab", "End class for all", "Leave"}, buttons(page)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Raise hand", "Talk", "Open second tab", "Leave"}, buttons(b.get(student).page(t))); diff != "" {
		t.Error(diff)
	}
	for _, other := range []string{"style.css", "client.js"} {
		if r := b.get(strings.Split(teacher, "join?")[0] + other); r.status != http.StatusOK {
			t.Errorf("%s: %d", other, r.status)
		}
	}
}

func TestButtons(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&record=true")
	teacher, student := b.comeIn("t1", "MODERATOR", ""), b.comeIn("s1", "VIEWER", "")
	if r := b.press(student, do("chat", "text", " Hello <you> ")); r.status != http.StatusSeeOther || r.location != student {
		t.Errorf("%d %s", r.status, r.location)
	}
	b.press(student, do("chat", "text", "  "))
	b.press(student, do("hand"))
	b.press(student, do("talk"))
	b.press(student, do("record")) // not a viewer's
	b.press(student, do("end"))    // nor this
	if m := b.meeting(); m.Recording || !m.EndedAt.IsZero() {
		t.Errorf("a viewer records or ends: %+v", m)
	}
	b.pass(90 * time.Second)
	b.press(student, do("talk"))
	b.press(teacher, do("record"))
	page := b.get(teacher)
	for _, want := range []string{"Hello &lt;you&gt;", "Hand up", "Pause recording", "● Recording"} {
		if !strings.Contains(strings.ReplaceAll(page.body, "<i>●</i>", "●"), want) {
			t.Errorf("the teacher doesn't see %q", want)
		}
	}
	e := b.analytics().Data.Attendees[1].Engagement
	want := map[string]int{"chats": 1, "talks": 1, "raisehand": 1, "emojis": 0, "poll_votes": 0, "talk_time": 90}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	tab := b.press(student, do("tab"))
	if b.get(tab.location); len(b.meeting().People) != 3 || !strings.Contains(b.get(teacher).body, "2 tabs") {
		t.Error("no second tab")
	}
}

func TestLeavingAndEndingByButton(t *testing.T) {
	const out, mine = "https://tool.example/out", "https://tool.example/mine"
	b := start(t, bbbtest.Options{})
	b.create("&logoutURL=" + url.QueryEscape(out))
	teacher := b.comeIn("t1", "MODERATOR", "")
	student := b.comeIn("s1", "VIEWER", "&logoutURL="+url.QueryEscape(mine))
	live := strings.Replace(student, "/join?", "/live?", 1) + "&load=1"
	if r := b.press(student, do("leave")); r.location != mine {
		t.Errorf("leave leads to %s", r.location)
	}
	if r := b.get(student); r.location != mine || b.meeting().People[1].Online {
		t.Errorf("the address of one who left still works: %d %s", r.status, r.location)
	}
	if r := b.press(teacher, do("end")); r.location != out {
		t.Errorf("end leads to %s", r.location)
	}
	if r := b.get(teacher); r.status != http.StatusFound || r.location != out {
		t.Errorf("%d %s", r.status, r.location)
	}
	if r := b.get(live); r.status != http.StatusGone || r.body != mine {
		t.Errorf("an open page isn't sent on: %d %s", r.status, r.body)
	}
	b.Change(func(o *bbbtest.Options) { o.Release = "2.5" })
	if r := b.get(live); r.body != out {
		t.Errorf("2.5 knows no logoutURL of a person: %s", r.body)
	}
}

func TestAdmitByButton(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&guestPolicy=ASK_MODERATOR")
	teacher := b.comeIn("t1", "MODERATOR", "")
	student := b.comeIn("s1", "VIEWER", "&guest=false")
	guest := b.call("join", "meetingID=room-a&fullName=Gwen&userID=g1&role=VIEWER&guest=true").location
	if strings.Contains(b.get(student).body, "waits to be let in") || !strings.Contains(b.get(teacher).body, "waits to be let in") {
		t.Error("who waits is for moderators to see")
	}
	b.press(student, do("admit", "user", "g1"))
	if b.get(guest); b.meeting().People[2].Online {
		t.Error("a viewer has let a guest in")
	}
	b.press(teacher, do("admit", "user", "g1"))
	if b.get(guest); !b.meeting().People[2].Online {
		t.Error("the guest isn't in")
	}
}

func TestLivePartsAndHeaders(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	page := b.comeIn("t1", "MODERATOR", "")
	r := b.get(strings.Replace(page, "/join?", "/live?", 1) + "&load=1")
	parts := r.page(t).Find("[data-for]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("data-for", "") })
	whole := b.get(page)
	for _, part := range parts {
		if whole.page(t).Find("#"+part).Length() != 1 {
			t.Errorf("the page has no place for %q", part)
		}
	}
	if len(parts) != 4 {
		t.Errorf("parts = %v", parts)
	}
	if csp := whole.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'self'") {
		t.Errorf("policy: %s", csp)
	}
}

func TestStartPage(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1, EndDelay: -1})
	home := strings.TrimSuffix(b.URL(), "bigbluebutton")
	if r := b.get(home); !strings.Contains(r.body, "No class at the moment") || !strings.Contains(r.body, "No recording yet") {
		t.Error("empty start page")
	}
	b.record("room-b", "")
	b.create("")
	b.comeIn("t1", "MODERATOR", "")
	page := b.get(home)
	for _, want := range []string{"Intro to Law", "Name of t1", "1 here", "R &amp; D", "1 came"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("no %q", want)
		}
	}
	link := page.page(t).Find(".links a").First().AttrOr("href", "")
	if r := b.get(strings.TrimSuffix(home, "/") + link); r.status != http.StatusOK || !strings.Contains(r.body, "01:00:00") {
		t.Errorf("playback %s: %d", link, r.status)
	}
	for path, status := range map[string]int{"nothing": 404, "playback/presentation/2.3/nothing": 404, "playback/thumb.png": 200, "html5client/nothing": 404} {
		if r := b.get(home + path); r.status != status {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestUnderAPathOfItsOwn(t *testing.T) {
	s := bbbtest.New(bbbtest.Options{BaseURL: "https://bbb.example/tenant/bigbluebutton/"})
	if s.URL() != "https://bbb.example/tenant/bigbluebutton" {
		t.Errorf("URL = %s", s.URL())
	}
}

func FuzzServeHTTP(f *testing.F) {
	f.Add("create", "meetingID=room-a&name=Law&meta_a=%zz", "application/xml", "<modules>")
	f.Add("join", "meetingID=room-a&fullName=A&role=VIEWER", "", "")
	f.Add("getRecordings", "limit=1&offset=99999999999&meetingID=%2525", "", "")
	f.Add("end", "meetingID=room-a&&=&;", "application/x-www-form-urlencoded", "a=%")
	s := bbbtest.New(bbbtest.Options{BaseURL: "http://bbb.example/bigbluebutton", EndDelay: -1, RecordingDelay: -1})
	b := &bench{Server: s, t: f, secret: s.Secret()}
	f.Fuzz(func(t *testing.T, call, query, kind, body string) {
		_, sum, _ := strings.Cut(b.sign(call, query), "checksum=")
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req := httptest.NewRequest(method, "/", strings.NewReader(body))
			req.URL.Path, req.URL.RawQuery = "/bigbluebutton/api/"+call, query+"&checksum="+sum
			req.Header.Set("Content-Type", kind)
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, req)
			if answer.Header().Get("Content-Type") == "text/xml" && !strings.Contains(answer.Body.String(), "<returncode>") {
				t.Errorf("%s: %s", call, answer.Body)
			}
		}
	})
}
