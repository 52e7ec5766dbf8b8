package bbbtest_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

func TestCreatedIsNotRunning(t *testing.T) {
	b := start(t, bbbtest.Options{})
	if r := b.call("isMeetingRunning", "meetingID=room-a"); !r.ok() || r.value("running") != "false" {
		t.Errorf("unknown: %s", r.body)
	}
	b.create("")
	if r := b.call("isMeetingRunning", "meetingID=room-a"); r.value("running") != "false" {
		t.Errorf("created: %s", r.body)
	}
	b.comeIn("u1", "VIEWER", "")
	if r := b.call("isMeetingRunning", "meetingID=room-a"); r.value("running") != "true" {
		t.Errorf("with a person: %s", r.body)
	}
}

func TestLingering(t *testing.T) {
	for _, test := range []struct {
		release      string
		info, inList int
	}{{"3.0", 0, 1}, {"2.5", 1, 1}} {
		t.Run(test.release, func(t *testing.T) {
			b := start(t, bbbtest.Options{Release: test.release})
			b.create("&meetingExpireWhenLastUserLeftInMinutes=5")
			b.comeIn("u1", "VIEWER", "")
			b.Person("room-a", "u1").Leave()
			b.pass(59 * time.Second)
			if r := b.call("isMeetingRunning", "meetingID=room-a"); r.value("running") != "true" {
				t.Error("doesn't linger")
			}
			info := b.call("getMeetingInfo", "meetingID=room-a")
			if got := len(info.values("userID")); got != test.info {
				t.Errorf("getMeetingInfo lists %d, want %d", got, test.info)
			}
			if info.value("endTime") == "0" {
				t.Error("endTime isn't set by the last one to leave")
			}
			if got := len(b.call("getMeetings", "").values("userID")); got != test.inList {
				t.Errorf("getMeetings lists %d, want %d", got, test.inList)
			}
			b.pass(time.Second)
			if r := b.call("isMeetingRunning", "meetingID=room-a"); r.value("running") != "false" {
				t.Error("still lingers after a minute")
			}
			b.comeIn("u1", "VIEWER", "")
			if r := b.call("getMeetingInfo", "meetingID=room-a"); r.value("endTime") != "0" {
				t.Error("endTime isn't taken back by who returns")
			}
		})
	}
}

func TestWhoEndsAMeeting(t *testing.T) {
	type step struct {
		pass   time.Duration
		reason string // how it ended by then; empty: it lives
	}
	join := func(b *bench) { b.comeIn("u1", "VIEWER", "") }
	joinLeave := func(b *bench) { join(b); b.Person("room-a", "u1").Leave() }
	twoRoles := func(b *bench) {
		join(b)
		b.comeIn("t1", "MODERATOR", "")
		b.Person("room-a", "t1").Leave()
	}
	for _, test := range []struct {
		name, create string
		do           func(*bench)
		steps        []step
	}{
		{"never joined, default", "", nil, []step{{5 * time.Minute, ""}, {time.Second, "never joined"}}},
		{"never joined, 10 minutes", "&meetingExpireIfNoUserJoinedInMinutes=10", nil, []step{{10 * time.Minute, ""}, {time.Second, "never joined"}}},
		{"a number that isn't one", "&meetingExpireIfNoUserJoinedInMinutes=x", nil, []step{{5 * time.Minute, ""}, {time.Second, "never joined"}}},
		{"joined", "", join, []step{{9 * time.Hour, ""}}},
		{"last left, default", "", joinLeave, []step{{time.Minute, ""}, {time.Second, "last left"}}},
		{"last left, 3 minutes", "&meetingExpireWhenLastUserLeftInMinutes=3", joinLeave, []step{{3 * time.Minute, ""}, {time.Second, "last left"}}},
		{"last left, 0 is at once", "&meetingExpireWhenLastUserLeftInMinutes=0", joinLeave, []step{{0, "last left"}}},
		{"last left, but back in time", "", func(b *bench) { joinLeave(b); b.pass(50 * time.Second); join(b) }, []step{{time.Hour, ""}}},
		{"duration, from creation", "&duration=60", func(b *bench) { b.pass(2 * time.Minute); join(b) }, []step{{58 * time.Minute, ""}, {time.Second, "duration"}}},
		{"no moderator, not asked for", "", twoRoles, []step{{time.Hour, ""}}},
		{"no moderator, default delay", "&endWhenNoModerator=true", twoRoles, []step{{time.Minute, ""}, {time.Second, "no moderator"}}},
		{"no moderator, 10 minutes", "&endWhenNoModerator=true&endWhenNoModeratorDelayInMinutes=10", twoRoles, []step{{10 * time.Minute, ""}, {time.Second, "no moderator"}}},
		{"no moderator ever", "&endWhenNoModerator=true", join, []step{{time.Hour, ""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.create(test.create)
			if test.do != nil {
				test.do(b)
			}
			for _, s := range test.steps {
				b.pass(s.pass)
				b.Tick()
				if m := b.meeting(); m.EndReason != s.reason || m.EndedAt.IsZero() != (s.reason == "") {
					t.Fatalf("after %v: %q at %v, want %q", s.pass, m.EndReason, m.EndedAt, s.reason)
				}
			}
		})
	}
}

// A rule is applied at its own time, however late somebody looks.
func TestEndsAtTheRulesTime(t *testing.T) {
	b := start(t, bbbtest.Options{EndDelay: -1})
	b.create("&duration=60")
	b.comeIn("u1", "VIEWER", "")
	b.pass(5 * time.Hour)
	m := b.meeting()
	if want := noon.Add(time.Hour + time.Millisecond); !m.EndedAt.Equal(want) || !m.Gone {
		t.Errorf("ended %v, gone %v; want %v", m.EndedAt, m.Gone, want)
	}
}

func TestEndIsAsynchronous(t *testing.T) {
	b := start(t, bbbtest.Options{EndDelay: 5 * time.Second})
	b.create("")
	b.comeIn("u1", "VIEWER", "")
	b.call("end", "meetingID=room-a&password=not-the-password")
	info := b.call("getMeetingInfo", "meetingID=room-a")
	if !info.ok() || info.value("hasBeenForciblyEnded") != "true" || info.value("endTime") == "0" {
		t.Errorf("right after end: %s", info.body)
	}
	b.pass(time.Second)
	b.call("end", "meetingID=room-a") // again is no other end
	if at := b.meeting().EndedAt; !at.Equal(noon) {
		t.Errorf("ended at %v", at)
	}
	b.pass(4*time.Second - 1)
	if r := b.call("getMeetingInfo", "meetingID=room-a"); !r.ok() {
		t.Errorf("a moment before: %s", r.body)
	}
	b.pass(1)
	b.wantKey(b.call("getMeetingInfo", "meetingID=room-a"), "notFound")
	b.wantKey(b.call("end", "meetingID=room-a"), "notFound")
	b.wantKey(b.call("end", "meetingID=room-a&password=x"), "invalidPassword")
}

func TestScaleliteForgetsAtOnce(t *testing.T) {
	b := start(t, bbbtest.Options{Mode: bbbtest.Scalelite})
	b.create("")
	b.call("end", "meetingID=room-a&password=moderator-pw")
	b.wantKey(b.call("getMeetingInfo", "meetingID=room-a"), "notFound")
}

func TestEndNowAndLoseNode(t *testing.T) {
	b := start(t, bbbtest.Options{EndDelay: -1})
	b.create("")
	b.comeIn("u1", "VIEWER", "")
	b.EndNow("room-a")
	if m := b.meeting(); m.EndReason != "client" || m.People[0].Online {
		t.Errorf("%+v", m)
	}
	b.call("create", "meetingID=room-b&name=Ended+before&meta_endCallbackUrl=http%3A%2F%2F127.0.0.1%3A9%2F")
	b.EndNow("room-b")
	b.create("&meta_endCallbackUrl=http%3A%2F%2F127.0.0.1%3A9%2F")
	b.LoseNode()
	b.wantKey(b.call("getMeetingInfo", "meetingID=room-a"), "notFound")
	b.pass(time.Hour)
	if err := b.DeliverCallbacks(t.Context()); err != nil || len(b.Deliveries()) != 0 {
		t.Errorf("a lost node calls back: %v", err)
	}
	if all := b.Meetings(); len(all) != 3 || all[0].EndReason != "client" || all[2].EndReason != "lost" {
		t.Errorf("meetings: %+v", all)
	}
}

func TestMeetingInfo(t *testing.T) {
	b := start(t, bbbtest.Options{})
	if r := b.call("getMeetings", ""); !r.ok() || r.key() != "noMeetings" || !strings.Contains(r.body, "<meetings/>") {
		t.Error(r.body)
	}
	b.create("&record=true&maxParticipants=30&duration=90")
	b.pass(5 * time.Second)
	b.comeIn("s1", "VIEWER", "")
	b.comeIn("t1", "MODERATOR", "")
	b.comeIn("s1", "VIEWER", "")
	b.Person("room-a", "s1").Talk(time.Minute)
	r := b.call("getMeetingInfo", "meetingID=room-a")
	got := map[string]string{}
	for _, name := range []string{"meetingName", "startTime", "endTime", "recording", "participantCount", "moderatorCount",
		"voiceParticipantCount", "maxUsers", "duration", "hasUserJoined", "running", "createDate", "isBreakout"} {
		got[name] = r.value(name)
	}
	want := map[string]string{
		"meetingName": "Intro to Law", "startTime": "1767614405123", "endTime": "0", "recording": "true",
		"participantCount": "3", "moderatorCount": "1", "voiceParticipantCount": "1", "maxUsers": "30", "duration": "90",
		"hasUserJoined": "true", "running": "true", "createDate": "Mon Jan 05 12:00:00 UTC 2026", "isBreakout": "false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s1", "t1", "s1"}, r.values("userID")); diff != "" {
		t.Errorf("one entry a session: %s", diff)
	}
	if diff := cmp.Diff([]string{"false", "true", "false"}, r.values("isPresenter")); diff != "" {
		t.Error(diff)
	}
}

// The server's clock shows in what it says, not in when rules apply.
func TestClockOffset(t *testing.T) {
	b := start(t, bbbtest.Options{ClockOffset: -3 * time.Hour})
	r := b.create("")
	if want := "1767603600123"; r.value("createTime") != want {
		t.Errorf("createTime = %s, want %s", r.value("createTime"), want)
	}
	b.pass(5*time.Minute + time.Second)
	if b.meeting().EndReason != "never joined" {
		t.Error("it didn't expire after five minutes")
	}
}

func TestHeartbeat(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&meetingExpireWhenLastUserLeftInMinutes=60")
	b.comeIn("quiet", "VIEWER", "") // a test's client, which never promised to call
	page := b.comeIn("browser", "VIEWER", "")
	live := strings.Replace(page, "/join?", "/live?", 1) + "&load=1"
	if r := b.get(live); r.status != http.StatusOK {
		t.Fatalf("live: %d", r.status)
	}
	b.pass(70 * time.Second)
	b.get(live)
	b.pass(70 * time.Second)
	if p := b.meeting().People[1]; !p.Online {
		t.Error("left, though it calls once a minute")
	}
	b.pass(6 * time.Second)
	people := b.meeting().People
	if people[1].Online || !people[0].Online || !people[1].Left.Equal(noon.Add(145*time.Second)) {
		t.Errorf("after 76 s of silence: %+v", people)
	}
	b.get(live)
	if p := b.meeting().People[1]; !p.Online {
		t.Error("a tab that wakes up isn't back")
	}
}

func TestClosedTabAndReload(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	page := b.comeIn("u1", "VIEWER", "")
	gone := strings.Replace(page, "/join?", "/gone?", 1)
	b.get(page) // a reload: the closing of the old page may be told late
	b.do(http.MethodPost, gone+"&load=1", "", "")
	if !b.meeting().People[0].Online {
		t.Error("the old page's goodbye closes the new one")
	}
	b.do(http.MethodPost, gone+"&load=2", "", "")
	if b.meeting().People[0].Online {
		t.Error("still in after the tab was closed")
	}
	if r := b.get(page); r.status != http.StatusOK || !b.meeting().People[0].Online || len(b.meeting().People) != 1 {
		t.Error("coming back to the page isn't the same session")
	}
}

// One of many creates at once makes the meeting; the others find it.
func TestManyAtOnce(t *testing.T) {
	b := start(t, bbbtest.Options{EndDelay: -1, AnalyticsDelay: -1})
	keys := make(chan string, 20)
	var all sync.WaitGroup
	for i := range cap(keys) {
		all.Go(func() {
			r, err := b.try(http.MethodGet, b.sign("create", createA), "", "")
			if err != nil || !r.ok() {
				t.Errorf("create: %v %s", err, r.body)
			}
			keys <- r.key()
			join, err := b.try(http.MethodGet, b.sign("join", "meetingID=room-a&fullName=A&role=VIEWER&userID=u"+strconv.Itoa(i)), "", "")
			if err != nil {
				t.Error(err)
			}
			for _, path := range []string{"/join?", "/live?"} {
				if _, err := b.try(http.MethodGet, strings.Replace(join.location, "/join?", path, 1), "", ""); err != nil {
					t.Error(err)
				}
			}
			b.Tick()
			b.Meetings()
			b.Requests()
			if err := b.DeliverCallbacks(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(keys)
	made := 0
	for key := range keys {
		if key == "" {
			made++
		}
	}
	if m := b.meeting(); made != 1 || len(m.People) != cap(keys) {
		t.Errorf("%d made, %d people", made, len(m.People))
	}
}
