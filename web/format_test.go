package web

import (
	"regexp"
	"strings"
	"testing"
	"time"
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
	french := pages.locales["fr"]
	other := &locale{hour: "س", minute: "د"}
	for _, test := range []struct{ name, got, want string }{
		{"no time", string(french.duration(0)), "0 min"},
		{"hardly any", string(french.duration(time.Second)), "&lt; 1 min"},
		{"not rounded up", string(french.duration(47*time.Minute + 59*time.Second)), "47 min"},
		{"an hour", string(french.duration(time.Hour)), "1 h"},
		{"more", string(french.duration(88 * time.Minute)), "1 h 28 min"},
		{"in other units", string(other.duration(88 * time.Minute)), "1 س 28 د"},
		{"nearly all", string(percent(0.9999)), "99 %"},
		{"all", string(percent(1)), "100 %"},
		{"a third has no dust", string(percent(0.29)), "29 %"},
		{"whole points", string(french.number(10)), "10"},
		{"half a point", string(french.number(7.5)), "7,5"},
		{"a third of a point", string(french.number(10.0 / 3)), "3,33"},
	} {
		if got := strings.ReplaceAll(test.got, noBreak, " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
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
