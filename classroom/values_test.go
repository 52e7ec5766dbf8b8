package classroom

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/lti"
)

// The last value that is taken and the first that isn't. They are those that
// servers take, so they are told here as numbers.
func TestSettingsLimits(t *testing.T) {
	for _, test := range []struct {
		name      string
		good, bad Settings
		field     string
	}{
		{"people", Settings{MaxParticipants: 10_000}, Settings{MaxParticipants: 10_001}, "max_participants"},
		{"nobody", Settings{}, Settings{MaxParticipants: -1}, "max_participants"},
		{"a day", Settings{DurationMinutes: 1440}, Settings{DurationMinutes: 1441}, "duration"},
		{"no time", Settings{}, Settings{DurationMinutes: -1}, "duration"},
		{"a welcome in characters", Settings{Welcome: strings.Repeat("é", 833)}, Settings{Welcome: strings.Repeat("x", 1001)}, "welcome"},
		{"a thousand characters", Settings{Welcome: strings.Repeat("x", 1000)}, Settings{Welcome: strings.Repeat("é", 834)}, "welcome"},
	} {
		if wrong := test.good.Wrong(); wrong != nil {
			t.Errorf("%s: %v", test.name, wrong)
		}
		if wrong := test.bad.Wrong(); !slices.Equal(wrong, []string{test.field}) {
			t.Errorf("%s: %v, want %s", test.name, wrong, test.field)
		}
	}
}

// All that a server is told when a class begins.
func TestCreateRequest(t *testing.T) {
	s := &Rooms{PublicURL: "https://bridge.example", PasswordKey: []byte("key"), Version: "1.2"}
	room := Room{ID: "room", CourseID: "c1", Title: "Seminar", MeetingID: "gmeeting", Settings: Settings{
		Welcome: "Hello", Record: true, MuteOnStart: false, MaxParticipants: 30, DurationMinutes: 90,
	}}
	attendee, moderator := bbb.Passwords([]byte("key"), "gmeeting")
	yes, no := true, false
	want := bbb.CreateRequest{
		MeetingID: "gmeeting", Name: "Seminar", AttendeePassword: attendee, ModeratorPassword: moderator,
		Welcome: "Hello", LogoutURL: "https://bridge.example/rooms/room/left", Record: &yes, MuteOnStart: &no,
		MaxParticipants: 30, DurationMinutes: 90, KeepEvents: true,
		ExpireIfNoUserJoined: 10 * time.Minute, ExpireWhenLastUserLeft: 5 * time.Minute,
		Metadata: map[string]string{
			"bbb-origin": "bbbridge", "bbb-origin-version": "1.2", "bbb-context-id": "c1",
			"analytics-callback-url": "https://bridge.example/bbb/analytics/room",
			"endCallbackUrl":         "https://bridge.example/bbb/ended/room",
		},
	}
	if diff := cmp.Diff(want, s.createRequest(room)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if attendee == moderator || attendee == "" {
		t.Error("everybody would moderate")
	}
}

func TestLeftURL(t *testing.T) {
	s := &Rooms{PublicURL: "https://bridge.example"}
	for _, test := range []struct {
		visit string
		tries int
		want  string
	}{
		{"", 0, "/rooms/r/left"}, {"v", 0, "/rooms/r/left?v=v"}, {"v", 1, "/rooms/r/left?v=v&try=1"}, {"v", 12, "/rooms/r/left?v=v&try=12"},
	} {
		if got := s.leftURL("r", test.visit, test.tries); got != "https://bridge.example"+test.want {
			t.Errorf("%q, %d: %s", test.visit, test.tries, got)
		}
	}
}

func TestDisplayName(t *testing.T) {
	for _, test := range []struct {
		person Person
		want   string
	}{
		{Person{ID: "uabcdef", Name: "Ann"}, "Ann"}, {Person{ID: "uabcdef"}, "User CDEF"}, {Person{ID: "abcd"}, "User ABCD"}, {Person{ID: "abc"}, "User"}, {Person{}, "User"},
	} {
		if got := test.person.DisplayName(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.person, got, test.want)
		}
	}
}

// An id that is missing is no key: each link, and each request, is by itself.
func TestContextKey(t *testing.T) {
	course := lti.Launch{Context: lti.Context{ID: "7"}, ResourceLink: lti.ResourceLink{ID: "l"}}
	link := lti.Launch{ResourceLink: lti.ResourceLink{ID: "7"}}
	pick := lti.Launch{DeepLinking: &lti.DeepLinkingSettings{}}
	if got := contextKey(course); got != "context:7" {
		t.Errorf("of a course: %q", got)
	}
	if got := contextKey(link); got != "link:7" {
		t.Errorf("of a link alone: %q", got)
	}
	one, other := contextKey(pick), contextKey(pick)
	if !strings.HasPrefix(one, "pick:") || len(one) != len("pick:")+26 || one == other {
		t.Errorf("of two requests: %q and %q", one, other)
	}
	for key, real := range map[string]bool{"context:7": true, "context:": false, "": false, "link:7": false, one: false} {
		if got := (Course{ContextKey: key}).real(); got != real {
			t.Errorf("%q is a course of the platform's: %v", key, got)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"ééé", 3, "ééé"}, {"éééé", 3, "ééé"}, {"", 3, ""}} {
		if got := cut(test.text, test.n); got != test.want {
			t.Errorf("%q, %d: %q", test.text, test.n, got)
		}
	}
}
