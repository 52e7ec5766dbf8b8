package web

import (
	"strings"
	"testing"
	"time"
)

// failureSamples are pages about what was refused, and about how it goes.
func failureSamples() map[string]any {
	line := FailureLine{At: minutesAgo(3), URL: "/admin/failures/a", Kind: "launch", Code: "deployment_unknown", Number: "7F3K-92QD",
		Person: "Anna Moreau", Platform: "Our Moodle", Room: "Weekly seminar", Course: "Intro to Law"}
	every := Option{Text: "choice.any"}
	search := []Field{
		{Kind: "search", Name: "q", As: "failure_text"}, {Kind: "select", Name: "code", As: "failure_code", Options: []Option{every, {Value: "jwt_expired", Label: "jwt_expired"}}},
		{Kind: "select", Name: "platform", As: "failure_platform", Options: []Option{every, {Value: "a", Label: "Our Moodle", On: true}}},
		{Kind: "when", Name: "since", As: "failure_since"}, {Kind: "when", Name: "until", As: "failure_until", Value: "2026-11-01T10:00"},
	}
	gradeSearch := []Field{
		{Kind: "select", Name: "state", As: "grade_state", Options: []Option{{Value: "all", Text: "choice.any", On: true}, {Value: "refused", Text: "grade_state.refused"}}},
		{Kind: "select", Name: "reason", As: "grade_reason", Options: []Option{{Text: "choice.any"}, {Value: "not_gradable", Text: "grade_reason.not_gradable"}}},
		search[2],
		{Kind: "search", Name: "course", As: "grade_course", Max: 100}, {Kind: "when", Name: "since", As: "failure_since", Value: "2026-11-17T08:00"},
	}
	return map[string]any{
		"desk_failures": atDesk(Failures, FailuresPage{Now: now, Kept: 30, Fields: search, Bundle: "/admin/support", More: "/admin/failures?before=a",
			Silent: []SilentPlatform{{Name: "Our Canvas", LoginAt: minutesAgo(9), Logins: 4, LaunchURL: "https://bbb.school.example/lti/launch"}},
			Lines: []FailureLine{line, {At: minutesAgo(9), URL: "/admin/failures/b", Kind: "callback", Code: "no_token", Number: "AAAA-2222", Platform: "Our Moodle"},
				{At: minutesAgo(90), URL: "/admin/failures/c", Kind: "delivery", Code: "not_gradable", Person: hebrewName, Platform: "Our Moodle"},
				{At: minutesAgo(90), URL: "/admin/failures/r", Kind: "registration", Code: "registration_private", Number: "CCCC-4444"},
				{At: minutesAgo(91), URL: "/admin/failures/d", Kind: "login", Code: "login_unknown_platform", Number: "BBBB-3333", Platform: "https://lms.example"}},
			Counts: []FailureCount{{Kind: "launch", Code: "deployment_unknown", URL: "/admin/failures?code=deployment_unknown", Day: 12, Week: 6120, Unkept: 5620, LastAt: minutesAgo(3)},
				{Kind: "callback", Code: "no_token", URL: "/admin/failures?code=no_token", Week: 1, LastAt: minutesAgo(9)}},
		}),
		"desk_failures_none":  atDesk(Failures, FailuresPage{Now: now, Kept: 7, Fields: search}),
		"desk_failures_found": atDesk(Failures, FailuresPage{Now: now, Kept: 30, Fields: search, Asked: true}),
		"desk_failure": atDesk(Failures, FailurePage{Now: now, Kind: "launch", Code: "deployment_unknown", Number: "7F3K-92QD", LMS: "Our Moodle",
			ApproveURL: "/admin/platforms/by/a/deployment", Deployment: "7", Facts: []FailureFact{
				{Name: "expected", Value: "1", Code: true}, {Name: "got", Value: "7", Code: true}, {Name: "number", Value: "7F3K-92QD", Code: true},
				{Name: "platform", Value: "Our Moodle"}, {Name: "room", Value: "Weekly seminar", URL: "/admin/rooms/a"}, {Name: "person", Value: "Anna Moreau"}},
			Steps: []StoryStep{
				{At: now.Add(-2 * time.Second), What: "clicked", Person: "Anna Moreau", Link: "Weekly seminar", LMS: "Our Moodle"},
				{At: now.Add(-2 * time.Second), What: "login"}, {At: now, What: "failed", Kind: "launch", Code: "deployment_unknown"}},
		}),
		"desk_failure_clock": atDesk(Failures, FailurePage{Now: now, RegisterURL: "/admin/platforms", Kind: "launch", Code: "jwt_expired", Number: "7F3K-92QD", LMS: "Our Moodle", Behind: 5 * time.Minute,
			Facts: []FailureFact{{Name: "expected", Value: "2026-11-24T14:02:13Z", Code: true}, {Name: "got", Value: "2026-11-24T13:57:13Z", Code: true}},
			Steps: []StoryStep{{At: now, What: "began", LMS: "Our Moodle"}, {At: now, What: "clicked", Person: hebrewName, LMS: "Our Moodle"}, {At: now, What: "failed", Kind: "launch", Code: "jwt_expired"}},
		}),
		"desk_failure_registration": atDesk(Failures, FailurePage{Now: now, Kind: "registration", Code: "registration_issuer", Number: "7F3K-92QD",
			Facts: []FailureFact{{Name: "got", Value: "https://moodle.example/mod/lti/openid-configuration.php", Code: true}, {Name: "said", Value: "https://moodle.other.example"}},
			Steps: []StoryStep{{At: now, What: "failed", Kind: "registration", Code: "registration_issuer"}},
		}),
		"desk_failure_grade": atDesk(Failures, FailurePage{Now: now, Kind: "delivery", Code: "not_gradable", LMS: "Our Moodle", Said: "resent",
			ResendURL: "/admin/deliveries?back=a", Grade: "p/u", ServersURL: "/admin/servers", Setup: "https://bbb.school.example/lti/launch", Ahead: 90 * time.Second,
			Facts: []FailureFact{{Name: "said", Value: "This user can not be graded"}, {Name: "person", Value: hebrewName}},
			Steps: []StoryStep{{At: minutesAgo(90), What: "launch"}, {At: minutesAgo(89), What: "joined"}, {At: minutesAgo(70), What: "failed", Kind: "join", Code: "server_down", URL: "/admin/failures/b"},
				{At: minutesAgo(9), What: "earned", Points: 7.5, Max: 10}, {At: now, What: "failed", Kind: "delivery", Code: "not_gradable"}, {At: now, What: "sent", Points: 5, Max: 10}},
		}),
		"desk_grades": atDesk(Failures, GradesPage{Now: now, Fields: gradeSearch, ResendURL: "/admin/deliveries", Since: true, Said: "resent", SaidCount: 12, SaidMore: true,
			Hidden: []Hidden{{Name: "state", Value: "refused"}}, More: "/admin/deliveries?before=1%2Fa%2Fb",
			Paused: []PausedPlatform{{Name: "Our Canvas", Reason: "key_refused", Waiting: 312, NextAt: now.Add(time.Hour), TryURL: "/admin/deliveries/try", ID: "c"},
				{Name: "Old Moodle", Reason: "platform_disabled", Waiting: 3}},
			Lines: []GradeLine{
				{Key: "p/a", At: minutesAgo(5), Person: hebrewName, Link: "Weekly seminar", Course: "Intro to Law", Platform: "Our Moodle", RoomURL: "/admin/rooms/a", Points: 7.5, Max: 10, State: "refused", Reason: "not_gradable", Detail: "Diese Person kann nicht bewertet werden", Attempts: 1, MayResend: true},
				{Key: "p/b", At: minutesAgo(6), Person: "Ben O.", Platform: "Our Canvas", RoomURL: "/admin/rooms/b", Points: 10, Max: 10, State: "waiting", Reason: "key_refused", NextAt: now.Add(time.Hour), Attempts: 4, MayResend: true},
				{Key: "p/c", At: minutesAgo(7), Person: "Chloe P.", Platform: "Our Moodle", RoomURL: "/admin/rooms/b", Points: 10, Max: 10, State: "superseded", Reason: "given"},
				{Key: "p/d", At: minutesAgo(8), Person: "Dan Q.", Platform: "Our Moodle", RoomURL: "/admin/rooms/b", Points: 10, Max: 10, State: "delivered", MayResend: true},
			}}),
		"desk_grades_none": atDesk(Failures, GradesPage{Now: now, Fields: gradeSearch, Said: "tried"}),
		"desk_courses": atDesk(Overview, CoursesPage{Now: now, Fields: []Field{{Kind: "search", Name: "q", As: "room_text", Max: 100}, search[2]}, More: "/admin/courses?after=b", Lines: []RoomLine{
			{Title: "Weekly seminar", Course: "Intro to Law", Platform: "Our Moodle", URL: "/admin/rooms/a", Live: true, Links: 2},
			{Title: hebrewName, Course: hebrewName, Platform: "Our Moodle", URL: "/admin/rooms/b", LastClass: minutesAgo(2000), Links: 1},
			{Title: "Tutorial", Platform: "Our Canvas", URL: "/admin/rooms/c"}}}),
		"desk_courses_none": atDesk(Overview, CoursesPage{Now: now}),
		"desk_overview":     atDesk(Overview, overviewSample(24, time.Hour)),
		"desk_overview_30d": atDesk(Overview, overviewSample(30, 24*time.Hour)),
		"desk_overview_new": atDesk(Overview, OverviewPage{Now: now, Staff: 1, StartURL: "/admin/start", OtherURL: "/admin/?period=30d", Charts: []Chart{{Name: "launches", Series: make([]Point, 24)}}}),
		"room_looked_at": TeacherRoom{Title: "Weekly seminar", Course: "Intro to Law", Now: now, LookBackURL: "/admin/courses", Standing: Standing{State: Waiting, Role: Teacher},
			AllClasses: 1, Classes: []ClassLine{{From: minutesAgo(3000), To: minutesAgo(2950), Came: 2, Enrolled: 3, Grades: &GradeCounts{Refused: 1}}}},
	}
}

const hebrewName = "\u05d3\u05e0\u05d4 \u05db\u05d4\u05df"

func overviewSample(n int, step time.Duration) OverviewPage {
	page := OverviewPage{
		Now: now, Classes: 3, People: 71, Staff: 3, Days: n == 30, OtherURL: "/admin/?period=30d",
		Figures: []Figure{{"launches", 1204, ""}, {"refused", 3, "/admin/failures?kind=launch"}, {"joins", 1100, ""}, {"joins_refused", 0, "/admin/failures?kind=join"},
			{"callbacks", 12, ""}, {"callbacks_refused", 1, "/admin/failures?kind=callback"}, {"grades", 310, ""}, {"grades_refused", 2, "/admin/failures?kind=delivery"}},
		Jobs:       []NamedCount{{"deliver", 3, ""}, {"poll", 2, ""}, {"sweep", 1, ""}, {"settle", 0, ""}, {"check", 1, ""}},
		Deliveries: []NamedCount{{"refused", 2, "/admin/deliveries?state=refused"}, {"waiting", 3, "/admin/deliveries?state=waiting"}, {"superseded", 1, "/a"}, {"delivered", 3100, "/b"}, {"withdrawn", 0, "/c"}},
		Platforms: []MarkLine{{Name: "Our Moodle", URL: "/admin/platforms/a", State: "good"}, {Name: "Our Canvas", URL: "/admin/platforms/b", State: "needs", Why: "silent"},
			{Name: "Sakai", State: "needs", Why: "refused"}, {Name: "ILIAS", State: "needs", Why: "paused"}, {Name: hebrewName, State: "waiting"}, {Name: "Old", State: "off"}},
		Servers: []MarkLine{{Name: "main", URL: "/admin/servers/a", State: "good"}, {Name: "second", URL: "/admin/servers/b", State: "needs", Why: "server"},
			{Name: "third", URL: "/admin/servers/c", State: "needs", Why: "reports"}, {Name: "fourth", URL: "/admin/servers/d", State: "off", Why: "drained"}},
	}
	for _, name := range []string{"launches", "joins", "callbacks", "grades"} {
		c := Chart{Name: name, Days: n == 30}
		for i := range n {
			p := Point{From: now.Add(time.Duration(i-n+1) * step), Well: (i * 37) % 120}
			if i%7 == 3 && name == "launches" {
				p.Wrong = i
			}
			c.Series = append(c.Series, p)
		}
		page.Charts = append(page.Charts, c)
	}
	return page
}

// A bar is as tall as what it counts, and what isn't nothing can be seen.
func TestChart(t *testing.T) {
	c := Chart{Series: []Point{{Well: 100}, {Well: 50, Wrong: 50}, {}, {Wrong: 1}}}
	drawing := string(c.Drawing())
	for _, want := range []string{
		`<rect class="well" x="12.0" y="1.0" width="96.0" height="78.0"/>`,
		`<rect class="well" x="132.0" y="40.0" width="96.0" height="39.0"/>`,
		`<rect class="wrong" x="132.0" y="1.0" width="96.0" height="39.0"/>`,
		`<rect class="wrong" x="372.0" y="77.0" width="96.0" height="2.0"/>`,
	} {
		if !strings.Contains(drawing, want) {
			t.Errorf("%s isn't in %s", want, drawing)
		}
	}
	if n := strings.Count(drawing, "<rect"); n != 4 {
		t.Errorf("%d bars", n)
	}
	if empty := string((Chart{}).Drawing()); strings.Contains(empty, "<rect") || strings.Contains(empty, "NaN") {
		t.Error(empty)
	}
}

// Each code that a page of staff may have to tell has a title and a cure.
func TestFailuresHaveWords(t *testing.T) {
	own := map[string][]string{
		"callback": {"no_token", "bad_token", "unreadable", "unknown_meeting", "too_large", "internal"},
		"join":     {"join_refused", "server_down", "room_full"}, "job": {"internal", "server_down"}, "login": {"login_unknown_platform"},
		"delivery": append(Reasons(), "something new"), "launch": Codes(), "page": Codes(),
	}
	for _, name := range Locales() {
		l, err := pages.deskLocale(name)
		if err != nil {
			t.Fatal(err)
		}
		for kind, codes := range own {
			for _, code := range codes {
				title, err1 := l.failureTitle(kind, code)
				cure, err2 := l.failureCure(kind, code, "Our Moodle")
				if err1 != nil || err2 != nil || title == "" || cure == "" || strings.Contains(string(title+cure), code+".") {
					t.Errorf("%s %s in %s: %q, %q; %v %v", kind, code, name, title, cure, err1, err2)
				}
			}
		}
	}
}
