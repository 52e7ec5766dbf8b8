package web

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// text is what people read of a page, or of the parts of it that selector finds.
func text(t *testing.T, page any, selector string) string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", page)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(doc.Find(selector).Text()), " ")
}

// Minutes of the best class are no sum, and a sum is nobody's best class.
func TestProgressSaysOfWhat(t *testing.T) {
	best, total := Rule{Measure: Percent, Need: 60, Points: 10}, Rule{Measure: Minutes, Need: 300, InTotal: true, Points: 10}
	changed := best
	changed.Since = minutesAgo(9000)
	for _, test := range []struct {
		name     string
		rule     Rule
		complete bool
		want     string
	}{
		{"best class", best, false, "38 of 54 minutes in your best class"},
		{"best class, complete", best, true, "Complete: 38 minutes in one class"},
		{"all classes", total, false, "38 of 54 minutes in all"},
		{"all classes, complete", total, true, "Complete: 38 minutes in all"},
		{"perhaps by the rule before", changed, false, "38 of 54 minutes so far"},
		{"perhaps by the rule before, complete", changed, true, "Complete, with 38 minutes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := learnerRoom(Waiting)
			page.Attendance.Rule, page.Attendance.Complete, page.Attendance.Needed = test.rule, test.complete, 54*time.Minute
			if got := text(t, page, ".progress > p"); got != test.want {
				t.Errorf("the page says %q, want %q", got, test.want)
			}
		})
	}
}

// Nobody is told to have been absent who wasn't expected.
func TestWhoWatchesIsNotAbsent(t *testing.T) {
	attended := OwnClass{From: minutesAgo(60), To: minutesAgo(1), Time: 50 * time.Minute, Length: time.Hour}
	missed := OwnClass{From: minutesAgo(9000), To: minutesAgo(8000), Length: time.Hour}
	for _, test := range []struct {
		name       string
		attendance Attendance
		want       bool // anything is told
		absent     bool
	}{
		{"a learner who missed a class", Attendance{Classes: []OwnClass{missed}}, true, true},
		{"an observer", Attendance{Watches: true, Classes: []OwnClass{missed}}, false, false},
		{"an observer who looked in", Attendance{Watches: true, Classes: []OwnClass{attended, missed}}, false, false},
		{"an observer before any class", Attendance{Watches: true}, false, false},
		{"a learner once, with a result", Attendance{Watches: true, Needed: time.Hour, Classes: []OwnClass{attended, missed}}, true, false},
		{"a learner once, with a grade", Attendance{Watches: true, Grade: &Grade{State: GradeSent, Points: 1, Max: 1}, Classes: []OwnClass{missed}}, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := learnerRoom(Waiting)
			page.Attendance = &test.attendance
			got := text(t, page, "main")
			if strings.Contains(got, "My attendance") != test.want {
				t.Errorf("attendance is told: %v; %s", !test.want, got)
			}
			if strings.Contains(got, "You weren't there") != test.absent {
				t.Errorf("says that they weren't there: %v", !test.absent)
			}
		})
	}
}

// What a link may lead to is said where the button for it stands.
func TestCopiedOffersWhatItSays(t *testing.T) {
	keep, other := Post{URL: "/keep"}, Post{URL: "/go"}
	for name, copied := range map[string]Copied{
		"may share":           {Keep: keep, Share: other},
		"may share, late":     {Keep: keep, Share: other, Late: true},
		"may ask":             {Keep: keep, Ask: other},
		"has asked":           {Keep: keep, Asked: true},
		"was refused":         {Keep: keep, Refused: true},
		"neither":             {Keep: keep},
		"neither, late":       {Keep: keep, Late: true},
		"the other is hidden": {Keep: keep, Late: true, Asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			page := asking(copied)
			got := text(t, page, ".copied")
			if says, may := strings.Contains(got, "It can lead to the other course's room"), copied.Share.URL != ""; says != may {
				t.Errorf("says that it can be shared: %v, and has a button: %v\n%s", says, may, got)
			}
			if says, may := strings.Contains(got, "To let it lead to the other course's room"), copied.Ask.URL != ""; says != may {
				t.Errorf("says that one can ask: %v, and has a button: %v\n%s", says, may, got)
			}
		})
	}
}

// A refusal names no page that its reader may not have come from.
func TestProblemsLeadNowhereElse(t *testing.T) {
	for locale, room := range map[string]string{"en": "to the room", "fr": "la salle", "de": "zum Raum"} {
		for _, code := range []string{"forbidden", "csrf", "not_running", "bad_form", "not_found", "too_large", "internal"} {
			if text := pages.Text(locale, "problem."+code+".person", nil); strings.Contains(text, room) {
				t.Errorf("%s in %s speaks of a room: %q", code, locale, text)
			}
		}
	}
}
