package main

import (
	"encoding/csv"
	"mime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// csvOf is the file of a room's only class, as somebody gets it whose launch
// says that language: its name, and its lines, read by the separator.
func (w *world) csvOf(link ltitest.Link, language string, separator rune) (string, [][]string) {
	w.t.Helper()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{Claims: speaks(language, language)})
	register := w.leads(anna, "/classes/")
	file := w.leads(register, "register.csv")
	_, disposition, err := mime.ParseMediaType(file.Header.Get("Content-Disposition"))
	if err != nil {
		w.t.Fatalf("header %v: %v", file.Header, err)
	}
	body, marked := strings.CutPrefix(file.Body, "\ufeff")
	if !marked {
		w.t.Errorf("no byte order mark: %.20q", file.Body)
	}
	read := csv.NewReader(strings.NewReader(body))
	read.Comma = separator
	lines, err := read.ReadAll()
	if err != nil {
		w.t.Fatalf("file: %v\n%s", err, file.Body)
	}
	return disposition["filename"], lines
}

// leads follows the page's first link to an address with this in it.
func (w *world) leads(page *ltitest.Page, address string) *ltitest.Page {
	w.t.Helper()
	for _, a := range page.Anchors {
		if strings.Contains(a.Href, address) {
			next, err := page.Follow(a)
			if err != nil {
				w.t.Fatal(err)
			}
			return next
		}
	}
	w.t.Fatalf("no link to %s: %d %s", address, page.Status, page.Text)
	return nil
}

// Names of every script are whole, and figures are figures to the spreadsheet
// of whoever's language the page speaks (after public bug reports).
func TestCaseCSVForExcel(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "Übung 1/2: Größen", Custom: map[string]string{"complete_minutes": "10"}})
	given, err := csv.NewReader(strings.NewReader(aCase(t, "csv-for-excel/register.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	for i, line := range given[1:] {
		name := line[0]
		p := w.lms.AddPerson(ltitest.Person{Name: name, Username: "excel" + strconv.Itoa(i), Locale: "en", Roles: map[string][]string{"law": {ltitest.Learner}}})
		w.inClass(w.submit(w.launch(link, p.Username, ltitest.LaunchOptions{}), "/join"))
	}
	began := w.clock.now()
	for _, i := range []int{1, 3, 2, 4} { // as they leave
		minutes, err := strconv.ParseFloat(given[i][2], 64)
		if err != nil {
			t.Fatal(err)
		}
		w.later(time.Duration(minutes*float64(time.Minute)) - w.clock.now().Sub(began))
		w.person(w.meeting(), given[i][0]).Leave()
	}
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("the class is counted", func() bool {
		return strings.Contains(w.launch(link, "anna", ltitest.LaunchOptions{}).Text, "came")
	})
	for _, test := range []struct {
		language           string
		separator          rune
		decimal, file      string
		name, minutes, yes string // headings, and a word
	}{
		{"en", ',', ".", "Register Übung 1-2- Größen ", "name", "minutes", "yes"},
		{"fr", ';', ",", "Feuille de pr\u00e9sence Übung 1-2- Größen ", "nom", "minutes", "oui"},
		{"de", ';', ",", "Anwesenheitsliste Übung 1-2- Größen ", "Name", "Minuten", "ja"},
		{"es", ';', ",", "Lista de asistencia Übung 1-2- Größen ", "nombre", "minutos", "sí"},
		{"pt_br", ';', ",", "Lista de presença Übung 1-2- Größen ", "nome", "minutos", "sim"},
		{"it", ';', ",", "Registro presenze Übung 1-2- Größen ", "nome", "minuti", "sì"},
		{"ar", ';', ".", "سجل الحضور Übung 1-2- Größen ", "الاسم", "الدقائق", "نعم"},
	} {
		t.Run(test.language, func(t *testing.T) {
			found := 0
			file, lines := w.csvOf(link, test.language, test.separator)
			if want := test.file + began.UTC().Format(time.DateOnly) + ".csv"; file != want {
				t.Errorf("the file is called %q, want %q", file, want)
			}
			if lines[0][0] != test.name || lines[0][2] != test.minutes {
				t.Errorf("headings %q", lines[0])
			}
			for _, line := range lines[1:] {
				at := slices.IndexFunc(given, func(g []string) bool { return g[0] == line[0] })
				if at < 1 {
					continue
				}
				found++
				whole, tenths, _ := strings.Cut(line[2], test.decimal)
				minutes, err := strconv.ParseFloat(whole+"."+tenths, 64)
				if stayed, _ := strconv.ParseFloat(given[at][2], 64); err != nil || minutes < stayed || len(tenths) != 1 {
					t.Errorf("%s stayed for %q minutes, want %s or a little more", line[0], line[2], given[at][2])
				}
				if line[11] != test.yes || line[12] != test.yes {
					t.Errorf("%s has enough here: %q, is complete: %q", line[0], line[11], line[12])
				}
			}
			if found != len(given)-1 {
				t.Errorf("%d of the names are whole, want all %d: %q", found, len(given)-1, lines)
			}
		})
	}
}
