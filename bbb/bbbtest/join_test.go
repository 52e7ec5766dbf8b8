package bbbtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

const joinA = "meetingID=room-a&fullName=Ann&userID=u1"

func TestJoinByRedirect(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	r := b.call("join", joinA+"&role=viewer")
	if r.status != http.StatusFound || !strings.Contains(r.location, "/html5client/join?sessionToken=") {
		t.Fatalf("%d %s", r.status, r.location)
	}
	if m := b.meeting(); m.Running || len(m.People) != 1 || m.People[0].Online {
		t.Errorf("somebody is in before the client was opened: %+v", m)
	}
	b.get(r.location)
	m := b.meeting()
	p := m.People[0]
	if !m.Running || !p.Online || p.UserID != "u1" || p.Name != "Ann" || p.Role != "VIEWER" || p.Guest != "ALLOW" || !p.Joined.Equal(noon) {
		t.Errorf("%+v", p)
	}
	if !strings.HasPrefix(p.InternalID, "w_") || len(p.InternalID) != 14 {
		t.Errorf("internal id %q", p.InternalID)
	}
}

func TestJoinMakesASessionEachTime(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	first, second := b.comeIn("u1", "VIEWER", ""), b.comeIn("u1", "VIEWER", "")
	if people := b.meeting().People; first == second || len(people) != 2 || people[0].InternalID == people[1].InternalID {
		t.Errorf("%v", people)
	}
}

func TestJoinAsXML(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&guestPolicy=ASK_MODERATOR")
	r := b.call("join", joinA+"&role=VIEWER&guest=false&redirect=false")
	if !r.ok() || r.key() != "successfullyJoined" || r.value("guestStatus") != "ALLOW" ||
		r.value("meeting_id") != b.meeting().InternalID || r.value("session_token") == "" || r.value("auth_token") == "" {
		t.Error(r.body)
	}
	if b.get(r.value("url")); !b.meeting().People[0].Online {
		t.Error("the url doesn't lead into the meeting")
	}
	if r := b.call("join", joinA+"&role=VIEWER&guest=true&redirect=false"); !r.ok() || r.key() != "guestWait" || !strings.Contains(r.value("url"), "/guestWait") {
		t.Error(r.body)
	}
}

func TestJoinByGetOnly(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	if r := b.do(http.MethodPost, b.sign("join", joinA+"&role=VIEWER"), "", ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", r.status)
	}
}

func TestRoles(t *testing.T) {
	for _, test := range []struct{ name, query, role string }{
		{"role alone", "&role=MODERATOR", "MODERATOR"},
		{"role in another case", "&role=vIeWer", "VIEWER"},
		{"role wins over the password", "&role=VIEWER&password=moderator-pw", "VIEWER"},
		{"moderator's password", "&password=moderator-pw", "MODERATOR"},
		{"attendee's password", "&password=attendee-pw", "VIEWER"},
		{"an unknown role falls back on the password", "&role=TEACHER&password=moderator-pw", "MODERATOR"},
		{"unknown role alone", "&role=TEACHER", ""},
		{"wrong password", "&password=wrong", ""},
		{"neither", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.create("")
			r := b.call("join", joinA+test.query+"&errorRedirectUrl=https%3A%2F%2Ftool.example%2Fe")
			if test.role == "" {
				b.wantKey(r, "Params required") // as XML, though it could redirect
				return
			}
			if got := b.meeting().People[0].Role; got != test.role {
				t.Errorf("role = %s, want %s", got, test.role)
			}
		})
	}
}

func TestNeitherPasswordNorRoleOfEmptyPassword(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.call("create", "meetingID=room-a&name=Law")
	b.wantKey(b.call("join", joinA+"&password="), "Params required")
}

func TestJoinValidates(t *testing.T) {
	for _, test := range []struct{ name, query, key string }{
		{"empty name", "meetingID=room-a&fullName=+&role=VIEWER", "missingParamFullName"},
		{"short password", joinA + "&password=x", "invalidPassword"},
		{"createTime isn't a number", joinA + "&role=VIEWER&createTime=now", "validationError"},
		{"guest isn't a boolean", joinA + "&role=VIEWER&guest=maybe", "validationError"},
		{"auth isn't a boolean", joinA + "&role=VIEWER&auth=maybe", "validationError"},
		{"no such meeting", "meetingID=room-b&fullName=Ann&role=VIEWER", "invalidMeetingIdentifier"},
		{"another create time", joinA + "&role=VIEWER&createTime=1", "mismatchCreateTimeParam"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.create("")
			b.wantKey(b.call("join", test.query+"&redirect=false"), test.key)
		})
	}
	b := start(t, bbbtest.Options{})
	b.create("")
	if r := b.call("join", "meetingID=room-a&role=VIEWER"); r.status != http.StatusInternalServerError {
		t.Errorf("without fullName: %d", r.status)
	}
	b.comeIn("u1", "VIEWER", "&createTime="+strconv.FormatInt(noon.UnixMilli(), 10))
}

// Where a person is sent depends on the check that failed (bbb.md 2.3).
func TestWhereFailuresLead(t *testing.T) {
	const logout, errors = "https://tool.example/out?x=1", "https://tool.example/error"
	both := "&logoutURL=" + url.QueryEscape(logout) + "&errorRedirectUrl=" + url.QueryEscape(errors)
	onlyLogout := "&logoutURL=" + url.QueryEscape(logout)
	for _, test := range []struct{ name, query, key, to string }{
		{"gone meeting, both", "meetingID=nope&fullName=A&role=VIEWER" + both, "invalidMeetingIdentifier", logout},
		{"validation, both", "meetingID=room-a&fullName=&role=VIEWER" + both, "missingParamFullName", logout},
		{"create time, both", joinA + "&role=VIEWER&createTime=1" + both, "mismatchCreateTimeParam", errors},
		{"create time, logout only", joinA + "&role=VIEWER&createTime=1" + onlyLogout, "mismatchCreateTimeParam", logout},
		{"full, both", "meetingID=full&fullName=B&userID=u2&role=VIEWER" + both, "maxParticipantsReached", errors},
		{"denied, both", "meetingID=closed&fullName=B&role=VIEWER" + both, "guestDeniedAccess", errors},
		{"neither", "meetingID=nope&fullName=A&role=VIEWER", "invalidMeetingIdentifier", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.create("")
			b.call("create", "meetingID=closed&name=Law&guestPolicy=ALWAYS_DENY")
			b.call("create", "meetingID=full&name=Law&maxParticipants=1")
			b.get(b.call("join", "meetingID=full&fullName=A&userID=u1&role=VIEWER").location)
			r := b.call("join", test.query)
			to := test.to
			if to == "" {
				to = strings.TrimSuffix(b.URL(), "bigbluebutton")
			}
			sep := "?"
			if strings.Contains(to, "?") {
				sep = "&"
			}
			if r.status != http.StatusFound || r.errors() != test.key || !strings.HasPrefix(r.location, to+sep+"errors=") {
				t.Errorf("%d %s", r.status, r.location)
			}
		})
	}
	b := start(t, bbbtest.Options{})
	unsigned := b.URL() + "/api/join?" + joinA + "&role=VIEWER&checksum=00" + both
	if r := b.get(unsigned); r.errors() != "checksumError" || !strings.HasPrefix(r.location, logout) {
		t.Errorf("bad checksum: %d %s", r.status, r.location)
	}
}

func TestErrorsAreJSON(t *testing.T) {
	b := start(t, bbbtest.Options{})
	r := b.call("join", "meetingID=nope&fullName=A&role=VIEWER")
	u, err := url.Parse(r.location)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"key":"invalidMeetingIdentifier","message":"A meeting with that ID does not exist"}]`
	if got := u.Query().Get("errors"); got != want {
		t.Errorf("errors = %s", got)
	}
	if page := b.get(r.location); !strings.Contains(page.body, "A meeting with that ID does not exist") {
		t.Error("the start page doesn't show it")
	}
}

func TestGuestTable(t *testing.T) {
	for _, test := range []struct{ policy, moderator, silent, notGuest, guest string }{
		{"ALWAYS_ACCEPT", "ALLOW", "ALLOW", "ALLOW", "ALLOW"},
		{"ASK_MODERATOR", "ALLOW", "WAIT", "ALLOW", "WAIT"},
		{"ALWAYS_ACCEPT_AUTH", "ALLOW", "ALLOW", "ALLOW", "WAIT"},
		{"ALWAYS_DENY", "ALLOW", "DENY", "DENY", "DENY"},
		{"WHATEVER", "ALLOW", "DENY", "DENY", "DENY"},
	} {
		b := start(t, bbbtest.Options{})
		b.create("&guestPolicy=" + test.policy)
		for query, want := range map[string]string{
			"&role=MODERATOR": test.moderator, "&role=MODERATOR&guest=true": test.moderator, "&role=VIEWER": test.silent,
			"&role=VIEWER&guest=false": test.notGuest, "&role=VIEWER&guest=true": test.guest,
		} {
			if got := b.call("join", joinA+query+"&redirect=false").value("guestStatus"); got != want {
				t.Errorf("%s%s: %s, want %s", test.policy, query, got, want)
			}
		}
	}
}

func TestLobby(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&guestPolicy=ASK_MODERATOR")
	r := b.call("join", joinA+"&role=VIEWER")
	if page := b.get(r.location); page.status != 200 || b.meeting().Running {
		t.Errorf("a waiting guest is in: %d", page.status)
	}
	b.Admit("room-a", "u1")
	if b.get(r.location); !b.meeting().People[0].Online {
		t.Error("an admitted guest isn't in")
	}
	wait := b.get(b.URL() + "/api/guestWait?sessionToken=" + b.meeting().People[0].SessionToken)
	if wait.location != r.location {
		t.Errorf("guestWait leads to %s", wait.location)
	}
}

func TestMaxParticipants(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&maxParticipants=2")
	b.comeIn("u1", "VIEWER", "")
	b.comeIn("u1", "VIEWER", "") // another tab is no other person
	late := b.call("join", "meetingID=room-a&fullName=C&userID=u3&role=VIEWER").location
	b.comeIn("u2", "VIEWER", "")
	b.wantKey(b.call("join", "meetingID=room-a&fullName=C&userID=u4&role=VIEWER&redirect=false"), "maxParticipantsReached")
	b.comeIn("u2", "VIEWER", "") // who is inside may come again
	if page := b.get(late); page.status != http.StatusForbidden {
		t.Errorf("who joined in time but comes too late: %d", page.status)
	}
	b.Person("room-a", "u1").Leave()
	b.comeIn("u4", "VIEWER", "")
}

func TestFourthTabEndsTheFirst(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	for range 4 {
		b.comeIn("u1", "VIEWER", "")
	}
	var online []bool
	for _, p := range b.meeting().People {
		online = append(online, p.Online)
	}
	if diff := cmp.Diff([]bool{false, true, true, true}, online); diff != "" {
		t.Error(diff)
	}
}

func TestUserData(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	b.comeIn("u1", "VIEWER", "&userdata-bbb_override_default_locale=fr&userdata-a-b=x&userdata-=x")
	want := map[string]string{"bbb_override_default_locale": "fr"}
	if diff := cmp.Diff(want, b.meeting().People[0].UserData); diff != "" {
		t.Error(diff)
	}
	if r := b.call("getMeetingInfo", "meetingID=room-a"); r.value("bbb_override_default_locale") != "fr" {
		t.Error(r.body)
	}
}

func TestWithoutUserID(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	b.get(b.call("join", "meetingID=room-a&fullName=Ann&role=VIEWER").location)
	if p := b.meeting().People[0]; p.UserID != p.InternalID {
		t.Errorf("%+v", p)
	}
}

// Ids are first taken as the start of an internal id: short hex ones hit
// other people's meetings, ours must not.
func TestPrefixOfInternalID(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	hash := b.meeting().InternalID
	for _, id := range []string{hash[:2], hash[:12], hash} {
		if r := b.call("getMeetingInfo", "meetingID="+id); r.value("meetingID") != "room-a" {
			t.Errorf("%s: %s", id, r.body)
		}
	}
	if r := b.call("getMeetingInfo", "meetingID=g"+hash[:20]); r.key() != "notFound" {
		t.Error(r.body)
	}
	if r := b.call("create", "meetingID="+hash[:2]+"&name=Mine"); !r.ok() || r.key() != "" {
		t.Errorf("create asks by the hash alone: %s", r.body)
	}
}

func TestCookieOfJoin(t *testing.T) {
	for _, test := range []struct {
		name, create string
		jar          bool
		status       int
	}{
		{"the browser that joined", "", true, http.StatusOK},
		{"another one", "", false, http.StatusUnauthorized},
		{"another one, allowed", "&allowRequestsWithoutSession=true", false, http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{RequireCookie: true})
			b.create(test.create)
			client := *b.Client()
			if test.jar {
				client.Jar = jar(t)
			}
			resp, err := client.Get(b.sign("join", joinA+"&role=VIEWER"))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != test.status {
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
		})
	}
}

func TestScaleliteJoin(t *testing.T) {
	b := start(t, bbbtest.Options{Mode: bbbtest.Scalelite})
	const away = "&role=VIEWER&logoutURL=https%3A%2F%2Ftool.example"
	b.wantKey(b.call("join", joinA+away), "notFound")
	b.create("")
	b.wantKey(b.call("join", joinA+away+"&createTime=1"), "mismatchCreateTimeParam")
}

func TestStrangeTokens(t *testing.T) {
	b := start(t, bbbtest.Options{})
	for _, token := range []string{"", "nobody"} {
		if r := b.get(fmt.Sprintf("%s/../html5client/join?sessionToken=%s", b.URL(), token)); r.status != http.StatusUnauthorized && r.status != http.StatusNotFound {
			t.Errorf("token %q: %d", token, r.status)
		}
	}
}

func TestWhileEnding(t *testing.T) {
	b := start(t, bbbtest.Options{EndDelay: 3 * time.Second})
	first := b.create("")
	b.comeIn("u1", "VIEWER", "")
	if r := b.call("end", "meetingID=room-a&password=moderator-pw"); r.key() != "sentEndMeetingRequest" || !r.ok() {
		t.Error(r.body)
	}
	again := b.create("")
	if again.key() != "duplicateWarning" || again.value("hasBeenForciblyEnded") != "true" {
		t.Error(again.body)
	}
	if r := b.call("join", joinA+"&role=VIEWER"); r.errors() != "meetingForciblyEnded" {
		t.Error(r.location)
	}
	b.pass(3 * time.Second)
	if r := b.call("join", joinA+"&role=VIEWER"); r.errors() != "invalidMeetingIdentifier" {
		t.Error(r.location)
	}
	next := b.create("")
	if next.key() != "" || next.value("internalMeetingID") == first.value("internalMeetingID") {
		t.Error(next.body)
	}
	b.wantKey(b.call("join", joinA+"&role=VIEWER&redirect=false&createTime="+first.value("createTime")), "mismatchCreateTimeParam")
}
