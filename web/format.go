package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
)

// A locale is one language: its texts, its way to write times and figures,
// and the pages in it.
type locale struct {
	name    string
	reading sync.Once // of all that follows
	broken  error     // what was wrong with it

	tag      language.Tag
	messages map[string]*message
	pages    pageSet

	clockForm, dayForm, yearForm, momentForm, dateForm []piece // see formOf

	months, longMonths     []string
	weekdays, longWeekdays []string
	decimal, percentSign   string
	hour, minute           string // short: h, min
	comma, and, semicolon  string // between the parts of a list, and between lists
}

const noBreak = "\u00a0"

// learn takes over how the language writes times and figures: the messages
// "format.…", which are no texts but what texts are made of.
func (l *locale) learn() error {
	for id, to := range map[string]*string{
		"format.decimal": &l.decimal, "format.percent": &l.percentSign, "format.hour": &l.hour, "format.minute": &l.minute,
		"format.comma": &l.comma, "format.and": &l.and, "format.semicolon": &l.semicolon,
	} {
		m, err := l.formOf(id)
		if err != nil {
			return err
		}
		*to = asText(m, nil)
	}
	for id, to := range map[string]*[]piece{
		"format.clock": &l.clockForm, "format.day": &l.dayForm, "format.day_and_year": &l.yearForm,
		"format.moment": &l.momentForm, "format.date": &l.dateForm,
	} {
		var err error
		if *to, err = l.formOf(id); err != nil {
			return err
		}
	}
	for id, to := range map[string]*[]string{
		"format.months": &l.months, "format.months_long": &l.longMonths,
		"format.weekdays": &l.weekdays, "format.weekdays_long": &l.longWeekdays,
	} {
		m, err := l.formOf(id)
		if err != nil {
			return err
		}
		*to = strings.Fields(asText(m, nil))
	}
	if len(l.months) != 12 || len(l.longMonths) != 12 || len(l.weekdays) != 7 || len(l.longWeekdays) != 7 {
		return fmt.Errorf("locale %s: 12 months and 7 weekdays are needed", l.name)
	}
	return nil
}

func (l *locale) formOf(id string) ([]piece, error) {
	if l.messages[id] == nil {
		return nil, fmt.Errorf("locale %s: no %s", l.name, id)
	}
	return l.messages[id].forms[0], nil
}

// scriptForms are the attributes from which the page's script knows how the
// language writes times. Browsers know that by themselves, but each a little
// otherwise, and otherwise than the page around.
func (l *locale) scriptForms() string {
	var b strings.Builder
	for _, name := range []string{"clock", "day", "day_and_year", "moment", "date", "months", "months_long", "weekdays", "weekdays_long"} {
		b.WriteString(" data-" + name + `="`)
		for _, p := range l.messages["format."+name].forms[0] {
			b.WriteString(p.html)
			if p.name != "" {
				b.WriteString("{" + p.name + "}")
			}
		}
		b.WriteString(`"`)
	}
	return b.String()
}

// element wraps what a time is called into <time>, whose kind tells the
// page's script how to say it in the browser's zone.
func element(t time.Time, kind string, text func([]byte) []byte) template.HTML {
	b := make([]byte, 0, 96)
	b = append(b, `<time datetime="`...)
	b = t.AppendFormat(b, "2006-01-02T15:04:05Z07:00")
	b = append(b, `" data-t="`...)
	b = append(b, kind...)
	b = append(b, `">`...)
	b = text(b)
	b = append(b, `</time>`...)
	return template.HTML(b) // digits, our own names of days and months
}

// appendTime fills a form with the parts of a time. The page's script does the
// same, with the same forms.
func (l *locale) appendTime(b []byte, form []piece, t time.Time, months, weekdays []string) []byte {
	for _, p := range form {
		switch p.name {
		case "Hour":
			b = t.AppendFormat(b, "15")
		case "Minute":
			b = t.AppendFormat(b, "04")
		case "Weekday":
			b = append(b, weekdays[t.Weekday()]...)
		case "Day":
			b = strconv.AppendInt(b, int64(t.Day()), 10)
		case "Month":
			b = append(b, months[t.Month()-1]...)
		case "Year":
			b = strconv.AppendInt(b, int64(t.Year()), 10)
		default:
			b = append(b, p.text...)
		}
	}
	return b
}

func (l *locale) appendClock(b []byte, t time.Time) []byte {
	return l.appendTime(b, l.clockForm, t, nil, nil)
}

func (l *locale) appendDay(b []byte, t, now time.Time) []byte {
	form := l.dayForm
	if t.Year() != now.Year() {
		form = l.yearForm
	}
	return l.appendTime(b, form, t, l.months, l.weekdays)
}

// clock says the time of day: 14:31.
func (l *locale) clock(t time.Time) template.HTML {
	return element(t, "clock", func(b []byte) []byte { return l.appendClock(b, t) })
}

// day says the day: Tue 14 Nov, with the year if it isn't now's.
func (l *locale) day(t, now time.Time) template.HTML {
	return element(t, "day", func(b []byte) []byte { return l.appendDay(b, t, now) })
}

// moment says day and time of day.
func (l *locale) moment(t, now time.Time) template.HTML {
	return element(t, "moment", func(b []byte) []byte {
		for _, p := range l.momentForm {
			switch p.name {
			case "Day":
				b = l.appendDay(b, t, now)
			case "Clock":
				b = l.appendClock(b, t)
			default:
				b = append(b, p.text...)
			}
		}
		return b
	})
}

// span says from when to when: Tue 14 Nov, 14:30–16:02.
func (l *locale) span(from, to, now time.Time) template.HTML {
	if to.IsZero() {
		return l.moment(from, now)
	}
	return l.moment(from, now) + "–" + l.clock(to)
}

// there says in words what a bar of stays draws.
func (l *locale) there(stays []Stay) (template.HTML, error) {
	var exact, observed []template.HTML
	for _, s := range stays {
		span := l.clock(s.From) + "–" + l.clock(s.To)
		if s.Exact {
			exact = append(exact, span)
		} else {
			observed = append(observed, span)
		}
	}
	var said []string
	for _, part := range []struct {
		id    string
		spans []template.HTML
	}{{"register.there", exact}, {"register.there_observed", observed}} {
		if len(part.spans) == 0 {
			continue
		}
		text, err := l.say(part.id, "Times", l.list(part.spans))
		if err != nil {
			return "", err
		}
		said = append(said, string(text))
	}
	return template.HTML(strings.Join(said, l.semicolon)), nil
}

// list names things one after the other: a, b and c.
func (l *locale) list(parts []template.HTML) template.HTML {
	var b strings.Builder
	for i, part := range parts {
		switch {
		case i == 0:
		case i == len(parts)-1:
			b.WriteString(l.and)
		default:
			b.WriteString(l.comma)
		}
		b.WriteString(string(part))
	}
	return template.HTML(b.String()) // of parts that are, and our own words
}

// date says the day in full: Tuesday 14 November 2026.
func (l *locale) date(t time.Time) template.HTML {
	return element(t, "date", func(b []byte) []byte {
		return l.appendTime(b, l.dateForm, t, l.longMonths, l.longWeekdays)
	})
}

// utc says a time as it stands in the log.
func utc(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05 UTC") }

func floorMinutes(d time.Duration) int { return int(d / time.Minute) }

func ceilMinutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// duration says how long: 47 min, 1 h 28 min. What isn't a whole minute isn't
// counted.
func (l *locale) duration(d time.Duration) template.HTML {
	m := floorMinutes(d)
	switch {
	case m == 0 && d > 0:
		return template.HTML("&lt;" + noBreak + "1" + noBreak + l.minute)
	case m < 60:
		return template.HTML(strconv.Itoa(m) + noBreak + l.minute)
	case m%60 == 0:
		return template.HTML(strconv.Itoa(m/60) + noBreak + l.hour)
	}
	return template.HTML(strconv.Itoa(m/60) + noBreak + l.hour + noBreak + strconv.Itoa(m%60) + noBreak + l.minute)
}

// percent says a share of 1; nothing is 100 % that isn't all.
func (l *locale) percent(share float64) template.HTML {
	return template.HTML(strconv.Itoa(int(math.Floor(share*100+1e-9))) + l.percentSign)
}

// number says a figure with at most two decimals.
func (l *locale) number(f float64) template.HTML {
	return template.HTML(strings.Replace(decimals(f), ".", l.decimal, 1))
}

func decimals(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

func seconds(d time.Duration) int { return int(d / time.Second) }

// clockText is the time of day where no element may stand.
func (l *locale) clockText(t time.Time) string { return string(l.appendClock(nil, t)) }

// iso is the time as a program reads it.
func iso(t time.Time) string { return t.Format(time.RFC3339) }
