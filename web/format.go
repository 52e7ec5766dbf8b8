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

	separator                  string // between hour and minute
	decimal                    string
	months, longMonths         []string
	weekdays, longWeekdays     []string
	dayOfMonth                 string // after the number: "." in German
	betweenDayAndDate, dayTime string
	comma, and                 string // between the parts of a list
	hour, minute               string // short: h, min
}

const noBreak = "\u00a0"

// learn takes over how the language writes times and figures.
func (l *locale) learn() error {
	for id, to := range map[string]*string{
		"format.separator": &l.separator, "format.decimal": &l.decimal, "format.after_day": &l.dayOfMonth,
		"format.after_weekday": &l.betweenDayAndDate, "format.before_time": &l.dayTime,
		"format.comma": &l.comma, "format.and": &l.and, "format.hour": &l.hour, "format.minute": &l.minute,
	} {
		if l.messages[id] != nil {
			*to = asText(l.messages[id].forms[0], nil)
		}
	}
	for id, to := range map[string]*[]string{
		"format.months": &l.months, "format.months_long": &l.longMonths,
		"format.weekdays": &l.weekdays, "format.weekdays_long": &l.longWeekdays,
	} {
		if l.messages[id] == nil {
			return fmt.Errorf("locale %s: no %s", l.name, id)
		}
		*to = strings.Fields(asText(l.messages[id].forms[0], nil))
	}
	if len(l.months) != 12 || len(l.longMonths) != 12 || len(l.weekdays) != 7 || len(l.longWeekdays) != 7 {
		return fmt.Errorf("locale %s: 12 months and 7 weekdays are needed", l.name)
	}
	return nil
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

func (l *locale) appendClock(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, "15")
	b = append(b, l.separator...)
	return t.AppendFormat(b, "04")
}

func (l *locale) appendDay(b []byte, t, now time.Time) []byte {
	b = append(b, l.weekdays[t.Weekday()]...)
	b = append(b, l.betweenDayAndDate...)
	b = strconv.AppendInt(b, int64(t.Day()), 10)
	b = append(b, l.dayOfMonth...)
	b = append(b, noBreak...)
	b = append(b, l.months[t.Month()-1]...)
	if t.Year() != now.Year() {
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(t.Year()), 10)
	}
	return b
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
		b = append(l.appendDay(b, t, now), l.dayTime...)
		return l.appendClock(b, t)
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
	return template.HTML(strings.Join(said, "; ")), nil
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
		b = append(b, l.longWeekdays[t.Weekday()]...)
		b = append(b, l.betweenDayAndDate...)
		b = strconv.AppendInt(b, int64(t.Day()), 10)
		b = append(b, l.dayOfMonth...)
		b = append(b, noBreak...)
		b = append(b, l.longMonths[t.Month()-1]...)
		b = append(b, ' ')
		return strconv.AppendInt(b, int64(t.Year()), 10)
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
func percent(share float64) template.HTML {
	return template.HTML(strconv.Itoa(int(math.Floor(share*100+1e-9))) + noBreak + "%")
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
