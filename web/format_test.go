package web

import (
	"html/template"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/PuerkitoBio/goquery"
)

func TestTimesAsPeopleSayThem(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	from := time.Date(2026, 3, 3, 9, 5, 0, 0, zone)
	to, year := from.Add(92*time.Minute), from.AddDate(1, 0, 0)
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, test := range []struct{ locale, clock, day, lastYear, span, open, date string }{
		{"en", "09:05", "Tue 3 Mar", "Tue 3 Mar 2026", "Tue 3 Mar 09:05–10:37", "Tue 3 Mar 09:05", "Tuesday 3 March 2026"},
		{"fr", "09 h 05", "mar. 3 mars", "mar. 3 mars 2026", "mar. 3 mars, 09 h 05–10 h 37", "mar. 3 mars, 09 h 05", "mardi 3 mars 2026"},
		{"de", "09:05", "Di., 3. März", "Di., 3. März 2026", "Di., 3. März, 09:05–10:37", "Di., 3. März, 09:05", "Dienstag, 3. März 2026"},
		{"es", "09:05", "mar 3 mar", "mar 3 mar 2026", "mar 3 mar, 09:05–10:37", "mar 3 mar, 09:05", "martes, 3 de marzo de 2026"},
		{"pt-BR", "09:05", "ter., 3 de mar.", "ter., 3 de mar. de 2026", "ter., 3 de mar., 09:05–10:37", "ter., 3 de mar., 09:05", "terça-feira, 3 de março de 2026"},
		{"it", "09:05", "mar 3 mar", "mar 3 mar 2026", "mar 3 mar, 09:05–10:37", "mar 3 mar, 09:05", "martedì 3 marzo 2026"},
		{"ar", "09:05", "الثلاثاء، 3 مارس", "الثلاثاء، 3 مارس 2026", "الثلاثاء، 3 مارس، 09:05–10:37", "الثلاثاء، 3 مارس، 09:05", "الثلاثاء، 3 مارس 2026"},
	} {
		l := pages.locales[test.locale]
		for what, pair := range map[string][2]string{
			"clock":        {string(l.clock(from)), test.clock},
			"day":          {string(l.day(from, from)), test.day},
			"another year": {string(l.day(from, year)), test.lastYear},
			"span":         {string(l.span(from, to, from)), test.span},
			"not ended":    {string(l.span(from, time.Time{}, from)), test.open},
			"date":         {string(l.date(from)), test.date},
		} {
			if got := strings.ReplaceAll(tags.ReplaceAllString(pair[0], ""), noBreak, " "); got != pair[1] {
				t.Errorf("%s in %s = %q, want %q", what, test.locale, got, pair[1])
			}
			if !strings.Contains(pair[0], `datetime="2026-03-03T09:05:00+01:00"`) {
				t.Errorf("%s in %s can't be read by a program: %s", what, test.locale, pair[0])
			}
		}
	}
}

func TestFigures(t *testing.T) {
	english, french := pages.locales["en"], pages.locales["fr"]
	for _, test := range []struct{ name, got, want string }{
		{"no time", string(english.duration(0)), "0 min"},
		{"hardly any", string(english.duration(time.Second)), "&lt; 1 min"},
		{"not rounded up", string(english.duration(47*time.Minute + 59*time.Second)), "47 min"},
		{"an hour", string(english.duration(time.Hour)), "1 h"},
		{"more", string(english.duration(88 * time.Minute)), "1 h 28 min"},
		{"in Arabic", string(pages.locales["ar"].duration(88 * time.Minute)), "1 س 28 د"},
		{"nearly all", string(english.percent(0.9999)), "99 %"},
		{"all", string(english.percent(1)), "100 %"},
		{"a narrow space in French", string(french.percent(1)), "100\u202f%"},
		{"a third has no dust", string(english.percent(0.29)), "29 %"},
		{"no space in Brazil", string(pages.locales["pt-BR"].percent(0.6)), "60%"},
		{"whole points", string(french.number(10)), "10"},
		{"half a point", string(french.number(7.5)), "7,5"},
		{"a third of a point", string(french.number(10.0 / 3)), "3,33"},
	} {
		if got := strings.ReplaceAll(test.got, noBreak, " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// Digits are Latin in each language, also in Arabic: so LMSs show them, and so
// people type them.
func TestDigitsAreLatin(t *testing.T) {
	at := time.Date(2026, 11, 30, 19, 58, 0, 0, time.UTC)
	for _, name := range Locales() {
		l := pages.locales[name]
		for _, text := range []template.HTML{l.moment(at, at.AddDate(1, 0, 0)), l.date(at), l.duration(88 * time.Minute), l.percent(0.6), l.number(7.5)} {
			for _, r := range string(text) {
				if unicode.IsDigit(r) && r > '9' {
					t.Errorf("%s has %c in %q", name, r, text)
				}
			}
		}
	}
}

// A language is written in one direction, which the page follows.
func TestDirection(t *testing.T) {
	for _, name := range Locales() {
		want := `<html lang="` + name + `" dir="ltr"`
		if script, _ := pages.locales[name].tag.Script(); script.String() == "Arab" {
			want = `<html lang="` + name + `" dir="rtl"`
		}
		if got := render(t, name, Goodbye{}); !strings.Contains(got, want) {
			t.Errorf("the page has no %s: %.120s", want, got)
		}
	}
}

// Nobody is told that they have what is needed when they haven't.
func TestProgressDoesntFlatter(t *testing.T) {
	p := newProgress("", 53*time.Minute+59*time.Second, 53*time.Minute+59*time.Second+time.Millisecond, false)
	if p.Value != 53 || p.Max != 54 {
		t.Errorf("%d of %d minutes, want 53 of 54", p.Value, p.Max)
	}
}

// Where a day's short name ends with a full stop, no other follows: "15 nov..".
func TestSentencesEndOnce(t *testing.T) {
	twice := regexp.MustCompile(`[^.]*\.\.[^.]*`)
	eachPage(t, func(t *testing.T, _ string, doc *goquery.Document) {
		if found := twice.FindString(doc.Find("body").Text()); found != "" {
			t.Errorf("%q", strings.TrimSpace(found))
		}
	})
}

// Two kinds of stays are told apart by a mark of the language.
func TestTwoKindsOfStaysInWords(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 10, 14, minute, 0, 0, time.UTC) }
	for name, want := range map[string]string{
		"en": "; ", "fr": "\u202f; ", "ar": "؛ ",
	} {
		got, err := pages.locales[name].there([]Stay{{at(0), at(20), true}, {at(30), at(40), false}})
		if err != nil || strings.Count(string(got), want) != 1 {
			t.Errorf("%s: %v, no %q in %q", name, err, want, got)
		}
		if name == "ar" && strings.Contains(string(got), ";") {
			t.Errorf("a Latin semicolon in %q", got)
		}
	}
}
