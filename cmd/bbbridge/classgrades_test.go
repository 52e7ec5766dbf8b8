package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// classRows are the lines of the classes on a room's page, as people read them.
func classRows(t *testing.T, page *ltitest.Page) []string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	doc.Find("table.classes tbody tr").Each(func(_ int, row *goquery.Selection) {
		rows = append(rows, strings.Join(strings.Fields(row.Text()), " "))
	})
	return rows
}

// The line of a class says what became of its grades, and leads to those that
// were refused; a class to which none of these came says nothing of them.
func TestClassTellsItsGrades(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "10")
	anna := func() *ltitest.Page { return w.launch(link, "anna", ltitest.LaunchOptions{}) }
	class := func(people ...string) {
		w.inClass(w.submit(anna(), "/start"))
		for _, p := range people {
			w.inClass(w.submit(w.launch(link, p, ltitest.LaunchOptions{}), "/join"))
		}
		w.lms.Enrol("diego", "law") // he has left the course, which takes no grade of his
		w.later(20 * time.Minute)
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
	}
	class("ben", "diego")
	w.eventually("the first class's grades are out", func() bool {
		rows := classRows(t, anna())
		return len(rows) == 1 && strings.Contains(rows[0], "1 refused")
	})
	w.later(3 * time.Hour)
	class("ben")
	w.eventually("the second class's grades are out", func() bool {
		rows := classRows(t, anna())
		return len(rows) == 2 && strings.Contains(rows[0], "Grades")
	})
	rows := classRows(t, anna())
	if strings.Contains(rows[0], "refused") || !strings.Contains(rows[1], "1 refused") {
		t.Errorf("the lines say %q", rows)
	}
	register := w.click(anna(), "1 refused")
	if register.Status != http.StatusOK || !strings.Contains(register.Text, "Diego Ramos") || strings.Contains(register.Text, "Ben Okafor") {
		t.Errorf("the register isn't of the refused alone: %d %s", register.Status, register.Text)
	}
}

// The room's page lists the newest classes, and all at a click.
func TestOlderClassesAreAClickAway(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := func() *ltitest.Page { return w.launch(link, "anna", ltitest.LaunchOptions{}) }
	for n := range 9 {
		w.inClass(w.submit(anna(), "/start"))
		w.later(20 * time.Minute)
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
		w.eventually("the class is listed", func() bool { return len(classRows(t, anna())) == min(n+1, 8) })
		w.later(3 * time.Hour)
	}
	newest := anna()
	all := w.click(newest, "All 9 classes")
	if rows := classRows(t, all); len(rows) != 9 {
		t.Errorf("all classes are %q", rows)
	}
	if rows := classRows(t, w.click(all, "Only the newest classes")); len(rows) != 8 {
		t.Errorf("the newest classes are %q", rows)
	}
}

// The register tells what this class comes to apart from what all come to.
func TestRegisterTellsThisClassApart(t *testing.T) {
	for _, test := range []struct {
		name   string
		custom []string
		here   bool // a class is judged by itself
		first  []string
		second []string
	}{
		{"minutes of the best class", []string{"complete_minutes", "30"}, true, []string{"This class Enough", "Overall Complete"}, []string{"This class 5 of 30 min", "Overall Complete"}},
		{"a share of the best class", []string{"complete_percent", "60"}, true, []string{"This class Enough", "Overall Complete"}, []string{"This class Enough", "Overall Complete"}},
		{"minutes of all classes", []string{"complete_minutes", "60", "complete_counts", "total"}, false, []string{"Overall 45 of 60 min"}, []string{"Overall 45 of 60 min"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			link := w.link(test.custom...)
			anna := func() *ltitest.Page { return w.launch(link, "anna", ltitest.LaunchOptions{}) }
			for n, minutes := range []time.Duration{40, 5} {
				holdClass(w, link, minutes*time.Minute)
				w.eventually("the class is counted", func() bool {
					rows := classRows(t, anna())
					return len(rows) == n+1 && strings.Contains(rows[0], "1 of 1 came")
				})
				w.later(3 * time.Hour)
			}
			var registers []string
			room := anna()
			for _, a := range room.Anchors {
				if strings.Contains(a.Href, "/classes/") && !strings.Contains(a.Href, "show=") {
					registers = append(registers, a.Href)
				}
			}
			for i, want := range [][]string{test.second, test.first} { // the newest first
				page, err := room.Open(registers[i])
				if err != nil {
					t.Fatal(err)
				}
				got := resultsOf(t, page, "Ben Okafor")
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("class %d (-want +got):\n%s", len(registers)-i, diff)
				}
				if strings.Contains(page.Text, "Enough in this class") != test.here {
					t.Errorf("the head judges the class by itself: %v\n%s", !test.here, page.Text)
				}
			}
		})
	}
}

// resultsOf are the results in somebody's row of a register.
func resultsOf(t *testing.T, page *ltitest.Page, name string) []string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	doc.Find("table.register tbody tr").Each(func(_ int, row *goquery.Selection) {
		if strings.Contains(row.Find("th").Text(), name) {
			row.Find("td.result").Each(func(_ int, cell *goquery.Selection) {
				results = append(results, strings.Join(strings.Fields(cell.Text()), " "))
			})
		}
	})
	return results
}
