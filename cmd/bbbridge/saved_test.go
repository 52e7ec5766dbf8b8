package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// kept is what is saved of a room and of the rule of its only link.
type kept struct {
	Title    string
	Settings classroom.Settings
	Rule     attendance.Rule
}

func (w *world) kept(room *ltitest.Page) kept {
	w.t.Helper()
	id := strings.Split(room.URL.Path, "/")[2]
	r, _, err := w.db.RoomWithCourse(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	placements, err := w.db.RoomPlacements(w.t.Context(), id)
	if err != nil || len(placements) != 1 {
		w.t.Fatalf("placements %+v: %v", placements, err)
	}
	return kept{r.Title, r.Settings, placements[0].Rule}
}

// fields are a form's fields as they are shown, with these in place of its own;
// "" is a box that isn't ticked.
func fields(form *ltitest.Form, with ...string) map[string]string {
	all := map[string]string{}
	for name := range form.Fields {
		all[name] = strings.TrimSpace(strings.ReplaceAll(form.Fields.Get(name), "\r\n", "\n"))
	}
	for i := 0; i+1 < len(with); i += 2 {
		if all[with[i]] = with[i+1]; with[i+1] == "" {
			delete(all, with[i])
		}
	}
	return all
}

// settingsForm is the form as the room's page leads to it.
func (w *world) settingsForm(room *ltitest.Page) *ltitest.Form {
	w.t.Helper()
	form, err := w.click(room, "Change").Form("/settings")
	if err != nil {
		w.t.Fatal(err)
	}
	return form
}

const (
	shownAtFirst = "Complete after 60 % of one class · 10 points once complete Not recorded Change"
	shownOfNone  = "Attendance is kept, nothing is graded Not recorded Change"
)

// What a teacher says in the form is what is saved, and what the form and the
// room's page show from then on: that field, and no other with it. So it is
// when they take it back.
func TestSettingsAreSavedAndShown(t *testing.T) {
	w := newWorld(t, worldOptions{})
	percent := attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 10}
	start := kept{"Weekly seminar", classroom.Settings{}, percent}
	with := func(change func(*kept)) kept {
		k := start
		change(&k)
		return k
	}
	for _, test := range []struct {
		name  string
		typed []string // names and values
		also  []string // what the form shows besides
		want  kept
		shown string
	}{
		{"title", []string{"title", "Moot <court> & more"}, nil, with(func(k *kept) { k.Title = "Moot <court> & more" }), shownAtFirst},
		{"welcome", []string{"welcome", "Line one\nline <two>"}, nil, with(func(k *kept) { k.Settings.Welcome = "Line one\nline <two>" }), shownAtFirst},
		{
			"record", []string{"record", "on"}, nil, with(func(k *kept) { k.Settings.Record = true }),
			"10 points once complete Can be recorded Change",
		},
		{
			"microphones", []string{"mute_on_start", "on"}, nil, with(func(k *kept) { k.Settings.MuteOnStart = true }),
			"10 points once complete Not recorded · Microphones off at first Change",
		},
		{
			"waiting for a teacher", []string{"wait_for_moderator", ""}, nil, with(func(k *kept) { k.Settings.LearnersMayStart = true }),
			"10 points once complete Not recorded · Learners may start it Change",
		},
		{
			"rights for all", []string{"everyone_moderates", "on"}, nil, with(func(k *kept) { k.Settings.EveryoneModerates = true }),
			"10 points once complete Not recorded · Everybody has a teacher's rights Change",
		},
		{
			"places", []string{"max_participants", "30"}, nil, with(func(k *kept) { k.Settings.MaxParticipants = 30 }),
			"10 points once complete Not recorded · at most 30 people Change",
		},
		{
			"minutes", []string{"measure", "minutes", "minutes", "30"}, nil,
			with(func(k *kept) { k.Rule.Measure, k.Rule.Need = attendance.Minutes, 30 }),
			"Complete after 30 minutes in one class · 10 points once complete Not recorded Change",
		},
		{
			"percent", []string{"percent", "75"}, nil, with(func(k *kept) { k.Rule.Need = 75 }),
			"Complete after 75 % of one class · 10 points once complete Not recorded Change",
		},
		{
			"all classes together", []string{"counts", "total"}, nil, with(func(k *kept) { k.Rule.InTotal = true }),
			"Complete at 60 % of all classes together, counted anew after each class · 10 points once complete Not recorded Change",
		},
		{
			"by share", []string{"award", "share"}, nil, with(func(k *kept) { k.Rule.Proportional = true }),
			"Complete after 60 % of one class · up to 10 points, by share Not recorded Change",
		},
		{
			"points", []string{"points", "2.5"}, nil, with(func(k *kept) { k.Rule.Points = 2.5 }),
			"Complete after 60 % of one class · 2.5 points once complete Not recorded Change",
		},
		{ // the form proposes the first rule again, and no other
			"no rule", []string{"measure", "none", "counts", "total", "award", "share", "points", "7"},
			[]string{"counts", "best", "award", "all", "points", "100"},
			with(func(k *kept) { k.Rule = attendance.Rule{} }), shownOfNone,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := *w
			w.t = t
			room := w.launch(w.link("complete_percent", "60", "complete_points", "10"), "anna", ltitest.LaunchOptions{})
			at := room
			save := func(values map[string]string) {
				t.Helper()
				form := w.settingsForm(room)
				form.Fields = url.Values{}
				for name, value := range values {
					form.Set(name, value)
				}
				var err error
				if room, err = room.Submit(form); err != nil || !strings.Contains(room.Text, "Saved.") {
					t.Fatalf("not saved: %v %d %s", err, room.Status, room.Text)
				}
			}
			holds := func(what string, form map[string]string, want kept, shown string) {
				t.Helper()
				if diff := cmp.Diff(want, w.kept(at)); diff != "" {
					t.Errorf("%s, saved (-want +got):\n%s", what, diff)
				}
				if diff := cmp.Diff(form, fields(w.settingsForm(room))); diff != "" {
					t.Errorf("%s, the form (-want +got):\n%s", what, diff)
				}
				if !strings.Contains(room.Text, shown) || !strings.Contains(room.Text, want.Title) {
					t.Errorf("%s: the page doesn't say %q: %s", what, shown, room.Text)
				}
			}
			form := w.settingsForm(room)
			before := fields(form)
			holds("before", before, start, shownAtFirst)
			typed := fields(form, test.typed...)
			save(typed)
			holds("changed", fields(form, append(test.typed, test.also...)...), test.want, test.shown)
			save(before)
			holds("taken back", before, start, shownAtFirst)
		})
	}
}

// What a teacher chooses in the picker is what the link's parameters say, and
// what the room is that the link leads to.
func TestPickedIsSavedAndShown(t *testing.T) {
	w := newWorld(t, worldOptions{})
	first := map[string]string{"choice": "new", "title": "Video classroom", "measure": "percent", "minutes": "45", "percent": "60", "counts": "best", "award": "all", "points": "100"}
	for _, test := range []struct {
		name   string
		typed  []string
		custom map[string]string
		column float64 // 0: none
		want   kept
	}{
		{
			"as proposed", nil,
			map[string]string{"complete_percent": "60", "complete_points": "100"}, 100,
			kept{Title: "Video classroom", Rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 100}},
		},
		{
			"a title, and recorded", []string{"title", "Moot <court>", "record", "on"},
			map[string]string{"complete_percent": "60", "complete_points": "100"}, 100,
			kept{"Moot <court>", classroom.Settings{Record: true}, attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 100}},
		},
		{
			"minutes", []string{"measure", "minutes", "minutes", "30"},
			map[string]string{"complete_minutes": "30", "complete_points": "100"}, 100,
			kept{Title: "Video classroom", Rule: attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 100}},
		},
		{
			"all classes together", []string{"counts", "total", "percent", "80"},
			map[string]string{"complete_percent": "80", "complete_points": "100", "complete_counts": "total"}, 100,
			kept{Title: "Video classroom", Rule: attendance.Rule{Measure: attendance.Percent, Need: 80, InTotal: true, Points: 100}},
		},
		{
			"by share", []string{"award", "share", "points", "2.5"},
			map[string]string{"complete_percent": "60", "complete_points": "2.5", "complete_award": "share"}, 2.5,
			kept{Title: "Video classroom", Rule: attendance.Rule{Measure: attendance.Percent, Need: 60, Proportional: true, Points: 2.5}},
		},
		{"no rule", []string{"measure", "none", "counts", "total", "award", "share"}, map[string]string{}, 0, kept{Title: "Video classroom"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := *w
			w.t = t
			picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{})
			form, err := picker.Form("/pick")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, fields(form)); diff != "" {
				t.Errorf("proposed (-want +got):\n%s", diff)
			}
			chosen := url.Values{}
			for name, value := range fields(form, test.typed...) {
				chosen.Set(name, value)
			}
			w.submit(w.choose(picker, chosen), "/lms/")
			answer := w.answered()
			if len(answer.Links) != 1 {
				t.Fatalf("links %+v", answer.Links)
			}
			link := answer.Links[0]
			room := w.launch(link, "anna", ltitest.LaunchOptions{})
			if diff := cmp.Diff(test.want, w.kept(room)); diff != "" {
				t.Errorf("the room (-want +got):\n%s", diff)
			}
			test.custom["room"] = strings.Split(room.URL.Path, "/")[2]
			if diff := cmp.Diff(test.custom, link.Custom); diff != "" {
				t.Errorf("the link's parameters (-want +got):\n%s", diff)
			}
			column := 0.0
			if link.LineItem != nil {
				column = link.LineItem.ScoreMaximum
			}
			if column != test.column || link.Title != test.want.Title {
				t.Errorf("the link is called %q and its column is of %g, want %q and %g", link.Title, column, test.want.Title, test.column)
			}
		})
	}
}

// A choice that can't be taken is shown again as it was made.
func TestPickedIsShownAgain(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.launch(w.link(), "anna", ltitest.LaunchOptions{}) // a room to choose
	for _, test := range []struct {
		name   string
		chosen map[string]string
	}{
		{"new", map[string]string{"choice": "new", "title": "x", "record": "on", "measure": "minutes", "minutes": "31", "percent": "61", "counts": "total", "award": "share", "points": "7"}},
		{"new, the other way", map[string]string{"choice": "new", "title": "y", "measure": "none", "minutes": "32", "percent": "62", "counts": "best", "award": "all", "points": "8"}},
		{"existing, and none ticked", map[string]string{"choice": "existing", "title": "Moot court", "measure": "percent", "minutes": "33", "percent": "63", "counts": "best", "award": "share", "points": "9"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := *w
			w.t = t
			picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{})
			form, err := picker.Form("/pick")
			if err != nil {
				t.Fatal(err)
			}
			form.Fields, form.Buttons = url.Values{}, nil
			for name, value := range test.chosen {
				form.Set(name, value)
			}
			again, err := picker.Submit(form)
			if err != nil {
				t.Fatal(err)
			}
			if form, err = again.Form("/pick"); err != nil {
				t.Fatalf("%v; %d %s", err, again.Status, again.Text)
			}
			if diff := cmp.Diff(test.chosen, fields(form)); again.Status != http.StatusBadRequest || diff != "" {
				t.Errorf("%d, shown again (-want +got):\n%s", again.Status, diff)
			}
		})
	}
}
