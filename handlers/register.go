package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// register shows who attended one session.
func (s *Server) register(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	r, err := s.Registers.Register(c.Request.Context(), seat, c.Param("session"))
	if err != nil {
		return err
	}
	path := "/classes/" + r.Session.ID
	page := web.Register{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), URL: at(seat, path), BackURL: at(seat, ""),
		CSVURL: at(seat, path+"/register.csv"), From: r.Session.StartedAt.UTC(), To: r.Session.EndedAt.UTC(),
		Length: r.Session.Length, Exact: r.Session.Exact, Counting: r.Session.Counting, Every: s.Classes.Interval, Rule: ruleOf(seat.Placement),
		Sort: c.Query("sort"), Show: c.Query("show"), Said: web.Said(c.Query("said")), NoGrades: s.noGrades(c, seat),
		Breaks: breakViews(seat, r.Session.ID, r.Breaks),
	}
	if page.To.IsZero() { // our records hear of an end a little later
		live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
		page.Counting = err == nil && live.Over
	}
	if page.NotHere = !r.Counting.Counts(r.Session.ID); page.NotHere {
		page.For = linksFor(r.Counting, r.Session.ID, linkViews(seat, r.Counting.Links))
	}
	for _, row := range r.Rows {
		if row.Graded {
			page.Enrolled++
			if row.Attendance.Time > 0 {
				page.Came++
			}
			if row.Result != nil && row.Result.Complete {
				page.Complete++
			}
		}
		if row.Delivery != nil {
			page.ResendAll = web.Post{URL: at(seat, path+"/resend")}
		}
		page.People = append(page.People, s.personView(c, seat, r, row))
	}
	return s.render(c, http.StatusOK, page)
}

func (s *Server) personView(c *gin.Context, seat classroom.Seat, r classroom.Register, row classroom.RegisterRow) web.Person {
	p := web.Person{
		ID: row.Person.ID, Name: row.Person.DisplayName(), Learner: row.Graded,
		Time: row.Attendance.Time, Grade: s.gradeView(c, seat, row.Delivery),
	}
	for _, stay := range row.Stays {
		p.Stays = append(p.Stays, web.Stay{From: stay.From.UTC(), To: stay.To.UTC(), Exact: stay.Source == attendance.Analytics})
	}
	p.Unnamed = r.Session.Exact && len(row.Stays) > 0 && !row.Named()
	if r.Session.Exact && row.Named() {
		a := row.Attendance.Activity
		p.Activity = &web.Activity{Chats: a.Chats, Talks: a.Talks, Hands: a.RaiseHands, Emojis: a.Emojis, Votes: a.PollVotes, TalkTime: a.TalkTime}
	}
	if row.Result != nil && row.Graded {
		p.Complete, p.Have, p.Needed = row.Result.Complete, row.Result.Time, row.Result.Needed
	}
	if row.Delivery != nil {
		p.Resend, p.Replace = again(seat, r.Session.ID, *row.Delivery)
	}
	return p
}

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
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="register-%s.csv"`, r.Session.StartedAt.UTC().Format("2006-01-02")))
	c.Status(http.StatusOK)
	var file strings.Builder
	file.WriteString("\ufeff" + // without it Excel takes the names for Windows-1252
		"name,role,minutes,percent,first_join_utc,last_leave_utc,source,chats,talks," +
		"raised_hands,poll_votes,complete,points,grade_state,grade_reason\n")
	for _, row := range r.Rows {
		file.WriteString(strings.Join(csvRow(r, row), ",") + "\n")
	}
	_, err = c.Writer.WriteString(file.String())
	return err
}

// csvRow is a line of the register: numbers bare, all text in quotes.
func csvRow(r classroom.Register, row classroom.RegisterRow) []string {
	first, last, source := "", "", ""
	if n := len(row.Stays); n > 0 {
		first, last = csvTime(row.Stays[0].From), csvTime(row.Stays[n-1].To)
		source = csvSources(row.Stays)
	}
	complete, points, state, reason := "", "", "", ""
	if row.Result != nil && row.Graded {
		complete, points = strconv.FormatBool(row.Result.Complete), strconv.FormatFloat(row.Result.Points, 'f', -1, 64)
	}
	if row.Delivery != nil {
		state, reason = string(row.Delivery.State), row.Delivery.Reason
	}
	a := row.Attendance
	return []string{
		csvText(row.Person.DisplayName()), csvText(string(row.Role)),
		strconv.FormatFloat(a.Time.Minutes(), 'f', 1, 64), strconv.FormatFloat(100*share(a.Time, r.Session.Length), 'f', 1, 64),
		csvText(first), csvText(last), csvText(source), itoa(a.Activity.Chats), itoa(a.Activity.Talks), itoa(a.Activity.RaiseHands), itoa(a.Activity.PollVotes),
		complete, points, csvText(state), csvText(reason),
	}
}

// csvSources are where the figures of somebody come from: "analytics", "poll"
// or "analytics+poll".
func csvSources(stays []attendance.Stay) string {
	var sources []string
	for _, stay := range stays {
		if s := string(stay.Source); !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	slices.Sort(sources)
	return strings.Join(sources, "+")
}

func csvTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// formulas are what a formula begins with. Spreadsheets in East Asian languages
// take the wide forms too.
const formulas = "=+-@\t\r\n＝＋－＠"

// csvText is a field with text in it, which no spreadsheet takes for a formula,
// whatever it takes for a separator. It is in quotes always: else a file reads
// otherwise from the first name on that has a semicolon in it. And since quotes
// in the middle of a line are none to a program that separates by semicolons,
// what could begin a cell there is no formula either.
func csvText(s string) string {
	var b strings.Builder
	begins := true // a cell, at the next character
	for _, r := range s {
		if begins && strings.ContainsRune(formulas, r) {
			b.WriteByte('\'')
		}
		begins = strings.ContainsRune(";|\t\r\n", r) || begins && strings.ContainsRune(" \u00a0", r)
		b.WriteRune(r)
	}
	return `"` + strings.ReplaceAll(b.String(), `"`, `""`) + `"`
}
