package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// registerCSV is the register for a spreadsheet.
func (s *Server) registerCSV(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	r, err := s.Registers.Register(c.Request.Context(), seat, c.Param("session"))
	if err != nil {
		return err
	}
	sheet := s.sheet(c, seat)
	name := fileName(sheet.text("register.title", nil), seat.Room.Title, r.Session.StartedAt.UTC().Format(time.DateOnly)) + ".csv"
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", attachment(name))
	c.Status(http.StatusOK)
	var file strings.Builder
	file.WriteString("\ufeff") // without it Excel takes the names for Windows-1252
	file.WriteString(sheet.line(sheet.headings()))
	for _, row := range r.Rows {
		file.WriteString(sheet.line(sheet.row(r, row)))
	}
	_, err = c.Writer.WriteString(file.String())
	return err
}

// A sheet writes files as spreadsheets of one language read them.
type sheet struct {
	text      func(id string, data web.Data) string
	separator string // between fields
	decimal   string
	lms       string
}

func (s *Server) sheet(c *gin.Context, seat classroom.Seat) sheet {
	text := func(id string, data web.Data) string { return s.Pages.Text(s.locale(c), id, data) }
	lms := s.platformName(c, seat)
	if lms == "" {
		lms = text("grade.your_lms", nil)
	}
	return sheet{text, text("format.list", nil), text("format.decimal", nil), lms}
}

func (s sheet) line(fields []string) string { return strings.Join(fields, s.separator) + "\n" }

// columns are those of the register, as messages "csv.…".
var columns = []string{
	"name", "role", "minutes", "percent", "first_join", "last_leave", "source",
	"chats", "talks", "hands", "polls", "enough", "complete", "points", "grade", "reason",
}

func (s sheet) headings() []string {
	fields := make([]string, len(columns))
	for i, column := range columns {
		fields[i] = s.text("csv."+column, nil)
	}
	return fields
}

// row is a person's line: numbers bare, all text in quotes.
func (s sheet) row(r classroom.Register, row classroom.RegisterRow) []string {
	first, last, source := "", "", ""
	if n := len(row.Stays); n > 0 {
		first, last = csvTime(row.Stays[0].From), csvTime(row.Stays[n-1].To)
		source = s.source(row.Stays)
	}
	enough, complete, points, state, reason := "", "", "", "", ""
	if needed := r.NeededHere(); needed > 0 && row.Graded {
		enough = s.yes(row.Attendance.Time >= needed)
	}
	if row.Result != nil && row.Graded {
		complete, points = s.yes(row.Result.Complete), s.number(row.Result.Points, -1)
	}
	if row.Delivery != nil {
		state, reason = s.text("grade.word."+web.GradeWord(gradeState(*row.Delivery)), nil), s.reason(row.Delivery.Reason)
	}
	a := row.Attendance
	return []string{
		csvText(row.Person.DisplayName()), csvText(s.role(row)),
		s.number(a.Time.Minutes(), 1), s.number(100*share(a.Time, r.Session.Length), 1),
		csvText(first), csvText(last), csvText(source),
		itoa(a.Activity.Chats), itoa(a.Activity.Talks), itoa(a.Activity.RaiseHands), itoa(a.Activity.PollVotes),
		csvText(enough), csvText(complete), points, csvText(state), csvText(reason),
	}
}

// number is a figure with so many decimals; -1: as many as it has.
func (s sheet) number(f float64, decimals int) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', decimals, 64), ".", s.decimal, 1)
}

func (s sheet) yes(yes bool) string {
	if yes {
		return s.text("csv.yes", nil)
	}
	return s.text("csv.no", nil)
}

func (s sheet) role(row classroom.RegisterRow) string {
	switch {
	case row.Graded:
		return s.text("csv.learner", nil)
	case row.Role == classroom.Moderator:
		return s.text("room.teacher", nil)
	}
	return s.text("register.not_graded", nil)
}

// source is where the figures of somebody come from: exact, observed, or both.
func (s sheet) source(stays []attendance.Stay) string {
	isExact := func(stay attendance.Stay) bool { return stay.Source == attendance.Analytics }
	exact, observed := s.text("register.key_exact", nil), s.text("register.key_observed", nil)
	switch {
	case !slices.ContainsFunc(stays, isExact):
		return observed
	case slices.ContainsFunc(stays, func(stay attendance.Stay) bool { return !isExact(stay) }):
		return exact + " + " + observed
	}
	return exact
}

// reason is why a grade isn't in the gradebook, in words.
func (s sheet) reason(code string) string {
	if code == "" || code == "given" { // the state says so
		return ""
	}
	if !slices.Contains(web.Reasons(), code) {
		code = "unknown"
	}
	return s.text("reason."+code, web.Data{"LMS": s.lms})
}

func csvTime(t time.Time) string { return t.UTC().Format(time.DateTime) }

// formulas are what a formula begins with. Spreadsheets in East Asian languages
// take the wide forms too.
const formulas = "=+-@\t\r\n＝＋－＠"

// csvText is a field with text in it, which no spreadsheet takes for a formula,
// whatever it takes for a separator. It is in quotes always: else a file reads
// otherwise from the first name on that has a semicolon in it. And since quotes
// in the middle of a line are none to a program that separates by something
// else, what could begin a cell there is no formula either.
func csvText(s string) string {
	var b strings.Builder
	begins := true // a cell, at the next character
	for _, r := range s {
		if begins && strings.ContainsRune(formulas, r) {
			b.WriteByte('\'')
		}
		begins = strings.ContainsRune(",;|\t\r\n", r) || begins && strings.ContainsRune(" \u00a0", r)
		b.WriteRune(r)
	}
	return `"` + strings.ReplaceAll(b.String(), `"`, `""`) + `"`
}

// nameMost bounds a part of a file's name, in characters.
const nameMost = 60

// fileName joins what a file is about to a name that every system takes. What
// isn't seen, or turns the direction of what follows, isn't in it: it could
// hide what kind of file it is.
func fileName(parts ...string) string {
	var names []string
	for _, part := range parts {
		part = strings.Map(func(r rune) rune {
			switch {
			case strings.ContainsRune(`/\:*?"<>|`, r):
				return '-'
			case unicode.IsSpace(r):
				return ' '
			case !unicode.IsPrint(r):
				return -1
			}
			return r
		}, strings.ToValidUTF8(part, ""))
		runes := []rune(strings.Trim(strings.Join(strings.Fields(part), " "), " ."))
		if len(runes) > nameMost {
			runes = runes[:nameMost]
		}
		if len(runes) > 0 {
			names = append(names, strings.TrimSpace(string(runes)))
		}
	}
	return strings.Join(names, " ")
}

// attachment is the header of a file to keep (RFC 6266, appendix D): its name,
// and for who can't read that one of ASCII.
func attachment(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || r == '%' {
			return '_'
		}
		return r
	}, name)
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, ascii, strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
}
