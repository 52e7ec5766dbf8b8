package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// settings shows the form of the room's settings.
func (s *Server) settings(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := seat.May(classroom.Change); err != nil {
		return err
	}
	set := seat.Room.Settings
	page := web.SettingsPage{Name: seat.Room.Title, Welcome: set.Welcome, Settings: settingsView(set), Rule: s.ruleForm(c, seat.Placement.Rule)}
	page.MaxParticipants = most(set)
	return s.settingsPage(c, http.StatusOK, seat, page)
}

func (s *Server) settingsPage(c *gin.Context, status int, seat classroom.Seat, page web.SettingsPage) error {
	live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
	if err != nil {
		return err
	}
	page.Title, page.Course, page.Live = seat.Room.Title, seat.Course.Title, live.Running
	page.URL, page.BackURL = at(seat, "/settings"), at(seat, "")
	page.RuleSince = ruleSince(seat.Placement)
	for _, setting := range seat.Tenant.Locked {
		page.Fixed = append(page.Fixed, fieldOf(setting))
	}
	return s.render(c, status, page)
}

// change takes the form, or shows it again with the fields that can't be taken.
func (s *Server) change(c *gin.Context) error {
	if err := readForm(c, formLimit); err != nil {
		return err
	}
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	set := typedSettings(c, seat)
	shown := seat.Tenant.In(set)
	typed := web.SettingsPage{
		Name: c.PostForm("title"), Welcome: shown.Welcome, Settings: settingsView(shown), MaxParticipants: c.PostForm("max_participants"),
		Rule: typedRule(c),
	}
	if seat.Tenant.Locks(classroom.LockMost) {
		typed.MaxParticipants = most(shown)
	}
	if c.PostForm("from") == "back" { // from the question
		if err := seat.May(classroom.Change); err != nil {
			return err
		}
		return s.settingsPage(c, http.StatusOK, seat, typed)
	}
	from, err := s.Rooms.Change(c.Request.Context(), seat, c.PostForm("title"), set, ruleOfForm(c), answerOf(c))
	var invalid *classroom.InvalidError
	var affects *classroom.AffectedError
	switch {
	case errors.As(err, &invalid):
		typed.Wrong = formFields(c, invalid.Fields)
		return s.settingsPage(c, http.StatusBadRequest, seat, typed)
	case errors.As(err, &affects):
		return s.ruleQuestion(c, seat, affects.Effect)
	case err != nil:
		return err
	}
	said := web.SaidSaved
	if from == classroom.AllClasses {
		said = web.SaidSavedAll
	}
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+said)
	return nil
}

// most is how many people may be in a class, as it is typed.
func most(set classroom.Settings) string {
	if set.MaxParticipants == 0 {
		return ""
	}
	return itoa(set.MaxParticipants)
}

// fieldOf is the form's field of a setting.
func fieldOf(setting string) string {
	if setting == classroom.LockStart {
		return "wait_for_moderator"
	}
	return setting
}

// typedSettings are a room's settings as the form says. What the tenant has
// locked the form doesn't ask; a page that was open before may.
func typedSettings(c *gin.Context, seat classroom.Seat) classroom.Settings {
	set := seat.Room.Settings
	for setting, take := range map[string]func(){
		classroom.LockWelcome:   func() { set.Welcome = c.PostForm("welcome") },
		classroom.LockRecord:    func() { set.Record = ticked(c, "record") },
		classroom.LockMute:      func() { set.MuteOnStart = ticked(c, "mute_on_start") },
		classroom.LockStart:     func() { set.LearnersMayStart = !ticked(c, "wait_for_moderator") },
		classroom.LockModerates: func() { set.EveryoneModerates = ticked(c, "everyone_moderates") },
		classroom.LockMost:      func() { set.MaxParticipants = number(c.PostForm("max_participants")) },
	} {
		if _, posted := c.GetPostForm(fieldOf(setting)); posted || !seat.Tenant.Locks(setting) {
			take()
		}
	}
	return set
}

func ticked(c *gin.Context, name string) bool { return c.PostForm(name) != "" }

// number reads an optional whole number: empty is 0, anything else that is
// none is out of every bound.
func number(s string) int {
	if s = figures(s); s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// figures are those that a person has typed, as a program writes them: Arabic
// and Persian keyboards have other digits, and many a language a decimal comma.
func figures(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r == ',' || r == '٫':
			return '.'
		}
		return r
	}, strings.TrimSpace(s))
}

// ruleForm is a rule as the form shows it. Where the rule has no figure, it
// proposes one, so that another choice is one click.
func (s *Server) ruleForm(c *gin.Context, r attendance.Rule) web.RuleForm {
	f := web.RuleForm{
		Measure: ruleView(r).Measure, Minutes: "45", Percent: itoa(firstRule.Need), Points: itoa(classroom.DefaultPoints),
		InTotal: r.InTotal, Proportional: r.Proportional,
	}
	switch r.Measure {
	case attendance.Minutes:
		f.Minutes = itoa(r.Need)
	case attendance.Percent:
		f.Percent = itoa(r.Need)
	}
	if r.Points > 0 {
		f.Points = strings.Replace(strconv.FormatFloat(r.Points, 'f', -1, 64), ".", s.Pages.Text(s.locale(c), "format.decimal", nil), 1)
	}
	return f
}

// typedRule is the rule of the form as it was typed.
func typedRule(c *gin.Context) web.RuleForm {
	return web.RuleForm{
		Measure: web.Measure(c.PostForm("measure")), Minutes: c.PostForm("minutes"), Percent: c.PostForm("percent"),
		Points: c.PostForm("points"), InTotal: c.PostForm("counts") == "total", Proportional: c.PostForm("award") == "share",
	}
}

// ruleOfForm reads the fields of a completion rule.
func ruleOfForm(c *gin.Context) attendance.Rule {
	measure := attendance.Measure(c.PostForm("measure"))
	if measure == attendance.NoMeasure || measure == attendance.Measure(web.NoMeasure) {
		return attendance.Rule{}
	}
	points, err := strconv.ParseFloat(figures(c.PostForm("points")), 64)
	if err != nil {
		points = -1
	}
	return attendance.Rule{
		Measure: measure, Need: number(c.PostForm(string(measure))), InTotal: c.PostForm("counts") == "total",
		Proportional: c.PostForm("award") == "share", Points: points,
	}
}

// formFields are the form's names of domain fields that can't be taken.
func formFields(c *gin.Context, fields []string) web.Wrong {
	wrong := make(web.Wrong, len(fields))
	for i, field := range fields {
		setting, locked := strings.CutPrefix(field, classroom.Locked)
		switch {
		case locked:
			wrong[i] = web.Locked + fieldOf(setting)
		case field == "need":
			wrong[i] = c.PostForm("measure")
		default:
			wrong[i] = field
		}
	}
	return wrong
}
