package bbb

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func parsed(t testing.TB, name string) Analytics {
	t.Helper()
	a, err := ParseAnalytics(shared(t, "analytics/"+name+".json"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return a
}

// union is how long somebody was inside, tabs counted once.
func union(stays []Interval) time.Duration {
	var sum time.Duration
	var until time.Time
	for _, s := range stays {
		from := s.From
		if from.Before(until) {
			from = until
		}
		if s.To.After(from) {
			sum += s.To.Sub(from)
			until = s.To
		}
	}
	return sum
}

func checkStays(t testing.TB, a Analytics) {
	t.Helper()
	for _, person := range a.Attendees {
		for i, s := range person.Stays {
			if s.From.After(s.To) || s.From.Before(a.Start) || s.To.After(a.Finish) || i > 0 && s.From.Before(person.Stays[i-1].From) {
				t.Errorf("%s: stay %v outside of %v to %v", person.UserID, s, a.Start, a.Finish)
			}
		}
	}
}

func TestParseAnalyticsOfRealServers(t *testing.T) {
	var out strings.Builder
	for _, name := range []string{"own-edge", "own-empty", "own-night", "own-noext", "own-single", "own-still-talking"} {
		a := parsed(t, name)
		checkStays(t, a)
		fmt.Fprintf(&out, "== %s\n", name)
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(a); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "analytics.golden", out.String())
}

// bbbevents 2.0 counts as we do, so a class of sixty must agree to the second.
func TestStaysAgreeWithServer(t *testing.T) {
	for _, name := range []string{"own-60", "own-edge", "own-night", "own-noext", "own-still-talking"} {
		a := parsed(t, name)
		checkStays(t, a)
		if len(a.Attendees) == 0 {
			t.Errorf("%s: nobody", name)
		}
		for _, person := range a.Attendees {
			want := person.Duration
			if person.UserID == "29b2e3A1-C3d4-11ee" {
				want -= time.Second // left twice: the server counts to the second leave
			}
			if got := union(person.Stays); got != want {
				t.Errorf("%s, %s: stays of %v, the server says %v", name, person.UserID, got, person.Duration)
			}
		}
	}
}

func TestParseAnalyticsAttendee(t *testing.T) {
	a := parsed(t, "own-night")
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when.UTC()
	}
	if a.MeetingID != "night-1" || a.InternalMeetingID != "993024a8d326c7b2a3335c5b1ab4583f7ed623d6-1774747800500" ||
		!a.Start.Equal(at("2026-03-29T01:30:00Z")) || !a.Finish.Equal(at("2026-03-29T03:30:06Z")) || a.Breakout || a.Metadata["meeting_name"] != "Night class" {
		t.Errorf("meeting: %+v", a)
	}
	want := Attendee{
		UserID: "s-1", Name: "Student Example", Duration: 3599 * time.Second,
		Activity: Activity{Talks: 1, TalkTime: 10 * time.Second},
		Stays: []Interval{
			{From: at("2026-03-29T01:30:20Z"), To: at("2026-03-29T02:29:59Z")},
			{From: at("2026-03-29T02:31:40Z"), To: at("2026-03-29T02:32:00Z")},
		},
	}
	if diff := cmp.Diff(want, a.Attendees[1]); diff != "" {
		t.Errorf("attendee (-want +got):\n%s", diff)
	}
}

// The keys of votes come through CamelCase → snake_case.
func TestPollsOfMangledIDs(t *testing.T) {
	polls := parsed(t, "own-edge").Polls
	if len(polls) != 2 {
		t.Fatalf("%d polls", len(polls))
	}
	for id, want := range map[string]string{
		"User42": "No", "user42": "No", // one person to the server
		"29b2e3A1-C3d4-11ee": "Yes", "https://lms.example.org/user/7": "No", "a::b": "Yes", "学生8": "No", "0042": "Yes", "w_aaaaaaaaaab1": "No",
	} {
		if got, ok := polls[0].Vote(id); got != want || !ok {
			t.Errorf("Vote(%q) = %q, %v, want %q", id, got, ok, want)
		}
	}
	if got, ok := polls[0].Vote("nobody"); ok {
		t.Errorf("nobody voted %q", got)
	}
	if n := polls[0].Votes(); n != 7 {
		t.Errorf("%d votes", n)
	}
	if diff := cmp.Diff([]string{"red", "Red", "", "", "", "far"}, polls[1].Options); diff != "" {
		t.Errorf("options with holes (-want +got):\n%s", diff)
	}
	for id, want := range map[string]string{"HTMLParser": "html_parser", "aB1Cd": "a_b1_cd", "u7f3a91c2": "u7f3a91c2", "A::B-c": "a/b_c", "x1Y": "x1_y"} {
		if got := underscored(id); got != want {
			t.Errorf("underscored(%q) = %q, want %q", id, got, want)
		}
	}
}

// An event of the table of intervals: seconds after the start.
type event struct {
	user   string
	second int
	left   bool
}

func in(user string, second int) event  { return event{user, second, false} }
func out(user string, second int) event { return event{user, second, true} }

var tableStart = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func iso(second int) string {
	return tableStart.Add(time.Duration(second) * time.Second).Format("2006-01-02T15:04:05.000-07:00")
}

// reported writes what bbbevents makes of events of one person in a meeting of
// an hour: version 2.0 with sessions, 1.2 without and in Ruby's form of time.
func reported(events []event, withSessions bool) []byte {
	joins, leaves := []string{}, []string{}
	sessions := map[string]map[string][]map[string]any{}
	for _, e := range events {
		stamp := iso(e.second)
		if !withSessions {
			stamp = tableStart.Add(time.Duration(e.second) * time.Second).Format("2006-01-02 15:04:05 -0700")
		}
		list := "joins"
		if e.left {
			list, leaves = "lefts", append(leaves, stamp)
		} else {
			joins = append(joins, stamp)
		}
		if sessions[e.user] == nil {
			sessions[e.user] = map[string][]map[string]any{"joins": {}, "lefts": {}}
		}
		sessions[e.user][list] = append(sessions[e.user][list], map[string]any{"timestamp": stamp, "userid": e.user})
	}
	if len(joins) > len(leaves) { // one leave is added at the end
		leaves = append(leaves, strings.NewReplacer("T", " ", ".000+00:00", " +0000").Replace(iso(3600)))
	}
	attendee := map[string]any{"ext_user_id": "u1", "joins": joins, "leaves": leaves, "duration": 1.5}
	if withSessions {
		list := []any{}
		for _, user := range []string{"A", "B", "C"} {
			if sessions[user] != nil {
				list = append(list, sessions[user])
			}
		}
		attendee["sessions"] = list
	}
	body, err := json.Marshal(map[string]any{
		"meeting_id": "room", "internal_meeting_id": "abc-1735689600000",
		"data": map[string]any{"start": iso(0), "finish": iso(3600), "attendees": []any{attendee}},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// The table of intervals: what the interval union must be for both generations
// of the server's library.
func TestStaysTable(t *testing.T) {
	for _, test := range []struct {
		name   string
		events []event
		want   int
		stays  string // of the newer generation, * is open
	}{
		{"never leaves", []event{in("A", 300)}, 3300, "300-3600*"},
		{"comes twice", []event{in("A", 300), out("A", 600), in("B", 1200), out("B", 1500)}, 600, "300-600 1200-1500"},
		{"two tabs overlap", []event{in("A", 300), in("B", 1200), out("A", 1500), out("B", 3000)}, 2700, "300-1500 1200-3000"},
		{"one tab inside the other", []event{in("A", 300), in("B", 1200), out("B", 1500), out("A", 3000)}, 2700, "300-3000 1200-1500"},
		{"two tabs in the same second", []event{in("A", 300), in("B", 300), out("A", 1500), out("B", 3000)}, 2700, "300-1500 300-3000"},
		{"comes back and stays", []event{in("A", 300), out("A", 600), in("B", 1200)}, 2700, "300-600 1200-3600*"},
		{"reload in the same second", []event{in("A", 300), out("A", 1200), in("B", 1200), out("B", 3000)}, 2700, "300-1200 1200-3000"},
		{"same session again", []event{in("A", 300), out("A", 600), in("A", 900), out("A", 1500)}, 900, "300-600 900-1500"},
		{"three tabs", []event{in("A", 300), in("B", 400), in("C", 500), out("B", 600), out("A", 2000), out("C", 3000)}, 2700, "300-2000 400-600 500-3000"},
		// Chosen: A counts to the finish, as the server counts; see stays.
		{"a leave is missing beside a later tab", []event{in("A", 300), in("B", 1200), out("B", 3000)}, 3300, "300-3600* 1200-3000"},
		{"no leaves at all", []event{in("A", 300), in("B", 1200), in("C", 2400)}, 3300, "300-3600* 1200-3600* 2400-3600*"},

		{"same session comes back within a second", []event{in("A", 300), out("A", 600), in("A", 600), out("A", 900)}, 600, "300-600 600-900"},
		{"comes and leaves within a second", []event{in("A", 300), out("A", 300)}, 0, "300-300"},
		{"leaves twice", []event{in("A", 300), out("A", 600), out("A", 601)}, 300, "300-600"},
		{"leaves without having come", []event{out("A", 200), in("A", 300), out("A", 600)}, 300, "300-600"},
		{"before the start and after the finish", []event{in("A", -60), out("A", 4000)}, 3600, "0-3600"},
		{"only after the finish", []event{in("A", 3700), out("A", 3800)}, 0, "3600-3600"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, withSessions := range []bool{true, false} {
				a, err := ParseAnalytics(reported(test.events, withSessions))
				if err != nil {
					t.Fatal(err)
				}
				checkStays(t, a)
				stays := a.Attendees[0].Stays
				if got := union(stays); got != time.Duration(test.want)*time.Second {
					t.Errorf("sessions %v: %v of stays %v, want %d s", withSessions, got, stays, test.want)
				}
				if withSessions && written(stays) != test.stays {
					t.Errorf("stays %s, want %s", written(stays), test.stays)
				}
			}
		})
	}
}

func written(stays []Interval) string {
	var words []string
	for _, s := range stays {
		word := fmt.Sprintf("%d-%d", int(s.From.Sub(tableStart).Seconds()), int(s.To.Sub(tableStart).Seconds()))
		if s.Open {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// Only with sessions can a reconnection without a leave be told from a second
// tab that stays to the end.
func TestStaysOfReconnection(t *testing.T) {
	events := []event{in("A", 300), in("A", 900), out("A", 1500)}
	for withSessions, want := range map[bool]string{true: "300-1500", false: "300-3600"} {
		a, err := ParseAnalytics(reported(events, withSessions))
		if err != nil {
			t.Fatal(err)
		}
		if got := written(a.Attendees[0].Stays); got != want {
			t.Errorf("sessions %v: stays %s, want %s", withSessions, got, want)
		}
	}
}

// only is the attendee of a report on one.
func only(a Analytics) Attendee {
	if len(a.Attendees) != 1 {
		return Attendee{Name: "not one attendee"}
	}
	return a.Attendees[0]
}

const (
	start = `"start":"2025-01-01 00:00:00 +0000"`
	hour  = start + `,"finish":"2025-01-01 01:00:00 +0000"`
)

// Shapes of other versions and of balancers.
var shapes = []struct {
	name, body string
	check      func(Analytics) bool
}{
	{"Ruby's time, floats", `{"meeting_id":"r","data":{` + hour + `,"attendees":[{"ext_user_id":"u","duration":3580.25,"joins":["2025-01-01 00:00:20 +0000"],"leaves":["2025-01-01 02:00:00 +0100"],"engagement":{"chats":2.0,"talk_time":12.5}}]}}`,
		func(a Analytics) bool {
			p := only(a)
			return p.Duration == 3580250*time.Millisecond && p.Activity.Chats == 2 && p.Activity.TalkTime == 12500*time.Millisecond && written(p.Stays) == "20-3600"
		}},
	{"UTC and no offset", `{"meeting_id":"r","data":{"start":"2025-01-01 00:00:00 UTC","finish":"2025-01-01T01:00:00"}}`,
		func(a Analytics) bool { return a.Finish.Sub(a.Start) == time.Hour }},
	{"milliseconds, and a time that is none", `{"meeting_id":"r","data":{"start":1735689600000,"finish":"` + strings.Repeat("1", 50) + `","duration":60}}`,
		func(a Analytics) bool {
			return a.Start.UnixMilli() == 1735689600000 && a.Finish.Sub(a.Start) == time.Minute
		}},
	{"Scalelite's extra keys", `{"customer":"c","controller":"x","action":"y","format":"json","analytics_callback":{"meeting_id":"z","data":{}},"meeting_id":"r","data":{"attendees":[]}}`,
		func(a Analytics) bool { return a.MeetingID == "r" }},
	{"b3scale's meeting id", `{"meeting_id":"WyJtb29kbGUxIiwiYjMtY291cnNlLTEwMSIsImIzc2NsIl0=","data":{}}`,
		func(a Analytics) bool { return a.MeetingID == "b3-course-101" }},
	{"nulls", `{"meeting_id":"r","internal_meeting_id":null,"data":{"metadata":null,"start":null,"attendees":[{"ext_user_id":null,"name":null,"moderator":null,"joins":null,"leaves":[null],"engagement":null,"sessions":null}],"polls":null,"files":null}}`,
		func(a Analytics) bool { p := only(a); return p.UserID == "" && p.Name == "" && len(p.Stays) == 0 }},
	{"numbers for texts, texts for numbers", `{"meeting_id":42,"data":{"metadata":{"is_breakout":true,"n":7},"attendees":[{"ext_user_id":7,"moderator":"true","duration":"61","engagement":{"chats":"3","talks":-1,"emojis":"x"}}]}}`,
		func(a Analytics) bool {
			p := only(a)
			return a.MeetingID == "42" && a.Breakout && a.Metadata["n"] == "7" && p.UserID == "7" && p.Moderator && p.Duration == 61*time.Second && p.Activity.Chats == 3 && p.Activity.Talks == 0
		}},
	{"breakout room", `{"meeting_id":"r","data":{"metadata":{"is_breakout":"true"}}}`, func(a Analytics) bool { return a.Breakout }},
	{"no data", `{"meeting_id":"r"}`, func(a Analytics) bool { return len(a.Attendees) == 0 && a.Start.IsZero() }},
	{"start from the internal id, finish from the duration", `{"internal_meeting_id":"9d1e-1735689600123","data":{"duration":60}}`,
		func(a Analytics) bool {
			return a.Start.UnixMilli() == 1735689600123 && a.Finish.Sub(a.Start) == time.Minute
		}},
	{"bounds from the attendees", `{"meeting_id":"r","data":{"attendees":[{"joins":["2025-01-01T00:05:00Z"],"leaves":["2025-01-01T00:09:00Z"]}]}}`,
		func(a Analytics) bool { return written(only(a).Stays) == "300-540" }},
	{"finish before the start", `{"meeting_id":"r","data":{` + start + `,"finish":"2024-12-31T23:00:00Z","attendees":[{"joins":["2025-01-01T00:05:00Z"]}]}}`,
		func(a Analytics) bool { return written(only(a).Stays) == "300-300*" }},
	{"finish before the start, nobody", `{"meeting_id":"r","data":{` + start + `,"finish":"2024-12-31T23:00:00Z"}}`,
		func(a Analytics) bool { return a.Finish.Equal(a.Start) }},
	{"sessions without a time", `{"meeting_id":"r","data":{` + hour + `,"attendees":[{"joins":["2025-01-01T00:05:00Z"],"leaves":[],"sessions":[{"joins":[{"timestamp":"?"}],"lefts":[]}]}]}}`,
		func(a Analytics) bool { return written(only(a).Stays) == "300-3600*" }},
	{"byte order mark", "\ufeff" + `{"meeting_id":"r"}`, func(a Analytics) bool { return a.MeetingID == "r" }},
	{"answers that aren't texts", `{"meeting_id":"r","data":{"polls":[{"id":1,"published":"true","options":[1,null],"votes":{"u":["a","b"],"v":null}}]}}`,
		func(a Analytics) bool {
			answer, _ := a.Polls[0].Vote("u")
			return answer == `["a","b"]` && a.Polls[0].Published && slices.Equal(a.Polls[0].Options, []string{"1", ""})
		}},
}

func TestParseAnalyticsShapes(t *testing.T) {
	for _, test := range shapes {
		t.Run(test.name, func(t *testing.T) {
			a, err := ParseAnalytics([]byte(test.body))
			if err != nil || !test.check(a) {
				t.Errorf("ParseAnalytics = %+v, %v", a, err)
			}
			checkStays(t, a)
		})
	}
	for _, body := range []string{"", "null", "[]", "{}", `{"meeting_id":`, `{"meeting_id":"r","data":[]}`, `{"meeting_id":"r","data":{"attendees":{"a":1}}}`, "<html>"} {
		if a, err := ParseAnalytics([]byte(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseAnalytics(%s) = %+v, %v", body, a, err)
		}
	}
}

func FuzzAnalytics(f *testing.F) {
	for _, name := range []string{"own-edge", "own-night", "own-noext", "own-still-talking"} {
		f.Add(shared(f, "analytics/"+name+".json"))
	}
	f.Add(reported([]event{in("A", 300), out("B", -5), in("B", 300), out("A", 9000)}, true))
	f.Add(reported([]event{in("A", 300), in("A", 300), out("A", 300)}, false))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := ParseAnalytics(body)
		if err != nil {
			return
		}
		checkStays(t, a)
		for _, person := range a.Attendees {
			if person.Duration < 0 || person.Activity.Chats < 0 || person.Activity.TalkTime < 0 {
				t.Errorf("attendee %+v", person)
			}
		}
		for _, p := range a.Polls {
			p.Vote("u1")
		}
	})
}
