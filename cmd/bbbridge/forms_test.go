package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// marked are the fields of a page that can't be taken, and what was typed there.
func marked(t *testing.T, page *ltitest.Page) map[string]string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	doc.Find("[aria-invalid]").Each(func(_ int, s *goquery.Selection) { fields[s.AttrOr("name", "")] = s.AttrOr("value", "") })
	if n := doc.Find(".wrongs li").Length(); n != len(fields) {
		t.Errorf("%d fields are named on top, %d are marked", n, len(fields))
	}
	return fields
}

// A form says at once of all fields that they can't be taken, and keeps what
// was typed into them.
func TestFormsSayAllThatIsWrong(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	settings, err := w.click(room, "Change").Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	typed := map[string]string{"title": "x", "max_participants": "many", "minutes": "-3", "points": "1,5,5"}
	settings.Set("measure", "minutes")
	for name, value := range typed {
		settings.Set(name, value)
	}
	again, err := room.Submit(settings)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(typed, marked(t, again)); again.Status != http.StatusBadRequest || diff != "" {
		t.Errorf("settings: %d (-want +got)\n%s", again.Status, diff)
	}

	picker, err := w.lms.DeepLink(ltitest.NewBrowser(), "law", w.tool.ID, "anna", ltitest.LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	form, err := picker.Form("/pick")
	if err != nil {
		t.Fatal(err)
	}
	typed = map[string]string{"title": "", "percent": "101", "points": "ten"}
	form.Set("choice", "new").Set("measure", "percent")
	for name, value := range typed {
		form.Set(name, value)
	}
	form.Buttons = slices.DeleteFunc(form.Buttons, func(b ltitest.Button) bool { return b.Name == "cancel" })
	form.Fields.Del("cancel")
	if again, err = picker.Submit(form); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(typed, marked(t, again)); again.Status != http.StatusBadRequest || diff != "" {
		t.Errorf("picker: %d (-want +got)\n%s", again.Status, diff)
	}
}

// Figures are typed as the language writes them, and shown so again.
func TestFiguresOfTheLanguage(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	for _, test := range []struct{ name, language, points, shown string }{
		{"a point", "en", "7.5", "7.5"},
		{"a comma", "fr", "7,5", "7,5"},
		{"the other one", "de", "7.5", "7,5"},
		{"digits of Arabic keyboards", "en", "٧٫٥", "7.5"},
		{"digits of Persian keyboards", "en", " ۷.۵ ", "7.5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			room := w.launch(link, "anna", ltitest.LaunchOptions{Claims: speaks(test.language, test.language)})
			open := func(page *ltitest.Page) *ltitest.Form {
				t.Helper()
				page, err := page.Open(room.URL.Path + "/settings?" + room.URL.RawQuery)
				if err != nil {
					t.Fatal(err)
				}
				form, err := page.Form("/settings")
				if err != nil {
					t.Fatal(err)
				}
				return form
			}
			saved, err := room.Submit(open(room).Set("measure", "minutes").Set("minutes", "30").Set("points", test.points))
			if err != nil || saved.Status != http.StatusOK {
				t.Fatalf("%v %d %s", err, saved.Status, saved.Text)
			}
			if got := open(saved).Fields.Get("points"); got != test.shown {
				t.Errorf("the form shows %q, want %q", got, test.shown)
			}
		})
	}
}
