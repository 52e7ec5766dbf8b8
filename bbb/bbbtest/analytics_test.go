package bbbtest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// keys lists the paths of all keys in a JSON value, without those that people
// name, and the type of what stands there.
func keys(path string, value any, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if strings.HasSuffix(path, ".metadata") || strings.HasSuffix(path, ".votes") {
				key = "*"
			}
			keys(path+"."+key, inner, into)
		}
	case []any:
		for _, inner := range value {
			keys(path+"[]", inner, into)
		}
	case float64:
		into[path+" number"] = true
	case string:
		into[path+" string"] = true
	case bool:
		into[path+" bool"] = true
	}
}

func keySet(t *testing.T, text []byte) []string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	keys("", value, set)
	return slices.Sorted(maps.Keys(set))
}

// busyClass has a bit of everything in it.
func busyClass(t *testing.T, o bbbtest.Options) *bench {
	b := start(t, o)
	b.create("&meetingKeepEvents=true&meta_bbb-origin=LTI&meta_gl-listed=true&meta_meeting-id=x")
	b.pass(20 * time.Second)
	b.comeIn("t1", "MODERATOR", "")
	b.comeIn("User42-b", "VIEWER", "")
	teacher, student := b.Person("room-a", "t1"), b.Person("room-a", "User42-b")
	student.RaiseHand()
	student.React()
	student.Chat("Hello")
	poll := teacher.StartPoll("Clear?", "Yes", "No")
	student.Vote(poll, "No")
	student.Vote(poll, "Yes")
	student.Vote("another", "Yes")
	student.Talk(30 * time.Second)
	b.pass(10 * time.Minute)
	student.Leave()
	b.pass(49*time.Minute + 40*time.Second)
	b.EndNow("room-a")
	return b
}

func TestAnalyticsHaveTheKeysOfTheRealOnes(t *testing.T) {
	b := busyClass(t, bbbtest.Options{})
	want := keySet(t, shared(t, "analytics/own-60.json"))
	if diff := cmp.Diff(want, keySet(t, b.AnalyticsBody("room-a"))); diff != "" {
		t.Errorf("(-BigBlueButton +ours):\n%s", diff)
	}
	empty := start(t, bbbtest.Options{})
	empty.create(keep)
	want = keySet(t, shared(t, "analytics/own-empty.json"))
	if diff := cmp.Diff(want, keySet(t, empty.AnalyticsBody("room-a"))); diff != "" {
		t.Errorf("nobody came (-BigBlueButton +ours):\n%s", diff)
	}
	if body := string(empty.AnalyticsBody("room-a")); !strings.Contains(body, `"attendees":[]`) || !strings.Contains(body, `"polls":[]`) {
		t.Error(body)
	}
}

type analytics struct {
	MeetingID  string `json:"meeting_id"`
	InternalID string `json:"internal_meeting_id"`
	Data       struct {
		Metadata      map[string]string
		Duration      json.Number
		Start, Finish string
		Attendees     []person
		Polls         []struct {
			ID, Type, Question string
			Published          bool
			Options            []string
			Votes              map[string]string
		}
		Files []string
	}
}

type person struct {
	ID            string `json:"ext_user_id"`
	Name          string
	Moderator     bool
	Joins, Leaves []string
	Duration      json.Number
	Recent        string `json:"recent_talking_time"`
	Engagement    map[string]int
	Sessions      []struct{ Joins, Lefts []stamp }
}

type stamp struct {
	Timestamp, Userid string
	ExtUserid         string `json:"ext_userid"`
	Event             string
	Remove            bool
}

func (b *bench) analytics() analytics {
	b.t.Helper()
	var a analytics
	if err := json.Unmarshal(b.AnalyticsBody("room-a"), &a); err != nil {
		b.t.Fatal(err)
	}
	return a
}

func TestAnalyticsOfABusyClass(t *testing.T) {
	b := busyClass(t, bbbtest.Options{Zone: time.FixedZone("", -4*3600)})
	a := b.analytics()
	if a.MeetingID != "room-a" || a.InternalID != b.meeting().InternalID {
		t.Errorf("ids %s %s", a.MeetingID, a.InternalID)
	}
	wantMeta := map[string]string{"bbb_origin": "LTI", "is_breakout": "false", "meeting_name": "Intro to Law"}
	if diff := cmp.Diff(wantMeta, a.Data.Metadata); diff != "" {
		t.Error(diff)
	}
	if a.Data.Start != "2026-01-05T08:00:00.000-04:00" || a.Data.Finish != "2026-01-05T09:00:00.000-04:00" || a.Data.Duration != "3600" {
		t.Errorf("%s – %s, %s", a.Data.Start, a.Data.Finish, a.Data.Duration)
	}
	teacher, student := a.Data.Attendees[0], a.Data.Attendees[1]
	if !teacher.Moderator || student.Moderator || student.ID != "User42-b" || student.Duration != "600" || teacher.Duration != "3580" {
		t.Errorf("%+v\n%+v", teacher, student)
	}
	want := map[string]int{"chats": 1, "talks": 1, "raisehand": 1, "emojis": 1, "poll_votes": 3, "talk_time": 30}
	if diff := cmp.Diff(want, student.Engagement); diff != "" {
		t.Error(diff)
	}
	// The teacher was thrown out: no left event, but one leave at the end.
	if len(teacher.Leaves) != 1 || teacher.Leaves[0] != a.Data.Finish || len(teacher.Sessions[0].Lefts) != 0 {
		t.Errorf("%+v", teacher)
	}
	poll := a.Data.Polls[0]
	if diff := cmp.Diff(map[string]string{"user42_b": "Yes"}, poll.Votes); diff != "" || poll.Question != "Clear?" || !poll.Published {
		t.Errorf("%+v %s", poll, diff)
	}
	if diff := cmp.Diff([]string{"default.pdf"}, a.Data.Files); diff != "" {
		t.Error(diff)
	}
}

func TestAnalyticsOfGeneration12(t *testing.T) {
	b := busyClass(t, bbbtest.Options{GemVersion: "1.2", ZeroHands: true, Zone: time.FixedZone("", 2*3600)})
	a := b.analytics()
	student := a.Data.Attendees[1]
	if student.Duration != "600.0" || student.Sessions != nil || student.Joins[0] != "2026-01-05 14:00:20 +0200" {
		t.Errorf("%+v", student)
	}
	if e := student.Engagement; e["raisehand"] != 0 || e["emojis"] != 0 || e["chats"] != 1 {
		t.Errorf("hands should be lost: %v", e)
	}
	poll := a.Data.Polls[0]
	if poll.Type != "" || poll.Question != "" || poll.Published {
		t.Errorf("%+v", poll)
	}
}

// The table of bbb.md 4.2: stays of one person in seconds, in a meeting of an
// hour, and what each generation makes of them. 0 is no leave.
func TestDurations(t *testing.T) {
	for _, test := range []struct {
		name     string
		stays    [][2]int
		old, now json.Number
	}{
		{"never leaves", [][2]int{{300, 0}}, "3300.0", "3300"},
		{"two stays", [][2]int{{300, 600}, {1200, 1500}}, "600.0", "600"},
		{"overlap", [][2]int{{300, 1500}, {1200, 3000}}, "3000.0", "2700"},
		{"nested", [][2]int{{300, 3000}, {1200, 1500}}, "3000.0", "2700"},
		{"same second", [][2]int{{300, 1500}, {300, 3000}}, "3900.0", "2700"},
		{"second one stays", [][2]int{{300, 600}, {1200, 0}}, "2700.0", "2700"},
		{"reload in one second", [][2]int{{300, 1200}, {1200, 3000}}, "2700.0", "2700"},
		{"three tabs", [][2]int{{300, 2000}, {400, 600}, {500, 3000}}, "4400.0", "2700"},
		{"first one never leaves", [][2]int{{300, 0}, {1200, 3000}}, "5100.0", "3300"},
		{"nobody leaves", [][2]int{{300, 0}, {1200, 0}, {2400, 0}}, "0.0", "3300"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.create("&meetingExpireWhenLastUserLeftInMinutes=99")
			b.comeIn("t1", "MODERATOR", "")
			pages := make([]string, len(test.stays))
			for second := range 3600 {
				for i, stay := range test.stays {
					if stay[0] == second {
						pages[i] = b.comeIn("u1", "VIEWER", "")
					}
					if stay[1] == second && second > 0 {
						b.do("POST", strings.Replace(pages[i], "/join?", "/gone?", 1)+"&load=1", "", "")
					}
				}
				b.pass(time.Second)
			}
			b.EndNow("room-a")
			if got := b.analytics().Data.Attendees[1].Duration; got != test.now {
				t.Errorf("2.0: %s, want %s", got, test.now)
			}
			if p := b.analytics().Data.Attendees[1]; test.name == "nobody leaves" && (len(p.Joins) != 3 || len(p.Leaves) != 1) {
				t.Errorf("only one leave is added: %v", p.Leaves)
			}
			b.Change(func(o *bbbtest.Options) { o.GemVersion = "1.2" })
			if got := b.analytics().Data.Attendees[1].Duration; got != test.old {
				t.Errorf("1.2: %s, want %s", got, test.old)
			}
		})
	}
}

func TestHiddenEvents(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	first := b.comeIn("u1", "VIEWER", "")
	b.pass(10 * time.Minute)
	b.Person("room-a", "u1").SecondTab()
	b.pass(10 * time.Minute)
	b.do("POST", strings.Replace(first, "/join?", "/gone?", 1)+"&load=1", "", "")
	b.pass(10 * time.Minute)
	b.Person("room-a", "u1").CloseTab()
	p := b.analytics().Data.Attendees[0]
	if len(p.Sessions) != 2 || p.Sessions[0].Joins[0].Userid == p.Sessions[1].Joins[0].Userid {
		t.Fatalf("%+v", p)
	}
	one, two := p.Sessions[0], p.Sessions[1]
	if one.Joins[0].Remove || !one.Lefts[0].Remove || !two.Joins[0].Remove || two.Lefts[0].Remove {
		t.Errorf("what is inside another stay isn't marked: %+v", p.Sessions)
	}
	if one.Joins[0].Event != "join" || one.Lefts[0].Event != "left" || one.Joins[0].ExtUserid != "u1" {
		t.Errorf("%+v", one)
	}
}

func TestMissingLeaves(t *testing.T) {
	b := busyClass(t, bbbtest.Options{MissingLeaves: true})
	student := b.analytics().Data.Attendees[1]
	if len(student.Sessions[0].Lefts) != 0 || student.Duration != "3580" || len(student.Leaves) != 1 {
		t.Errorf("%+v", student)
	}
}

func TestReportThatLacksAPerson(t *testing.T) {
	b := start(t, bbbtest.Options{MissingPeople: []string{"u2", "nobody"}})
	b.create("")
	for _, id := range []string{"u1", "u2", "u3"} {
		b.comeIn(id, "VIEWER", "")
	}
	var named []string
	for _, p := range b.analytics().Data.Attendees {
		named = append(named, p.ID)
	}
	if diff := cmp.Diff([]string{"u1", "u3"}, named); diff != "" {
		t.Errorf("people of the report (-want +got):\n%s", diff)
	}
}

func TestTalking(t *testing.T) {
	for _, test := range []struct {
		name, gem string
		do        func(b *bench)
		time      int
		recent    bool
	}{
		{"ends in time", "2.0", func(*bench) {}, 300, false},
		{"leaves while talking", "2.0", func(b *bench) { b.Person("room-a", "u1").Leave() }, 60, false},
		{"leaves while talking, 1.2", "1.2", func(b *bench) { b.Person("room-a", "u1").Leave() }, 0, true},
		{"the meeting ends", "2.0", func(b *bench) { b.EndNow("room-a") }, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{GemVersion: test.gem})
			b.create("&meetingExpireWhenLastUserLeftInMinutes=99")
			b.comeIn("u1", "VIEWER", "")
			b.Person("room-a", "u1").Talk(5 * time.Minute)
			b.pass(time.Minute)
			test.do(b)
			b.pass(time.Hour)
			p := b.analytics().Data.Attendees[0]
			if p.Engagement["talk_time"] != test.time || p.Engagement["talks"] != 1 || (p.Recent != "") != test.recent {
				t.Errorf("%+v", p)
			}
		})
	}
}

// What the real one's outputs show of keys (testdata/analytics, own-edge).
func TestMangledKeys(t *testing.T) {
	for id, want := range map[string]string{
		"29b2e3A1-C3d4-11ee": "29b2e3_a1_c3d4_11ee", "User42": "user42", "a::b": "a/b", "学生8": "学生8", "0042": "0042",
		"https://lms.example.org/user/7": "https://lms.example.org/user/7", "HTMLPage": "html_page", "u_1-2": "u_1_2",
	} {
		b := start(t, bbbtest.Options{})
		b.create("")
		b.get(b.call("join", "meetingID=room-a&fullName=A&role=MODERATOR&userID="+strings.ReplaceAll(id, "&", "%26")).location)
		p := b.Person("room-a", id)
		p.Vote(p.StartPoll("?", "x"), "x")
		if _, ok := b.analytics().Data.Polls[0].Votes[want]; !ok {
			t.Errorf("%s: %v, want %s", id, b.analytics().Data.Polls[0].Votes, want)
		}
	}
}
