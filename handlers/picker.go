package handlers

import (
	"errors"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// firstRule is what the picker proposes for a new room.
var firstRule = attendance.Rule{Measure: attendance.Percent, Need: 60, Points: classroom.DefaultPoints}

// proposedRule is what the picker proposes in a tenant.
func proposedRule(t classroom.Tenant) attendance.Rule {
	if t.Rule.Measure != attendance.NoMeasure {
		return t.Rule
	}
	return firstRule
}

// picker is where a deep linking launch leads: which rooms go into the course.
func (s *Server) picker(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := seat.May(classroom.Pick); err != nil {
		return err
	}
	if !seat.Visit.DeepLinking.AcceptsLinks() {
		return s.noLinks(c, seat)
	}
	return s.pickerPage(c, http.StatusOK, seat, web.Picker{
		Name: classroom.Proposed(seat), Record: seat.Tenant.Defaults.Record, Rule: s.ruleForm(c, proposedRule(seat.Tenant)),
	}, nil)
}

func (s *Server) pickerPage(c *gin.Context, status int, seat classroom.Seat, page web.Picker, tickedIDs []string) error {
	rooms, err := s.Rooms.Offer(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	page.Course, page.Now, page.URL = seat.Course.Title, s.Now().UTC(), "/pick?v="+seat.Visit.ID
	if page.Fixed = seat.Tenant.Locks(classroom.LockRecord); page.Fixed {
		page.Record = seat.Tenant.Defaults.Record
	}
	page.Multiple, page.Typed = seat.Visit.DeepLinking.AcceptMultiple, plainText(seat.Visit.DeepLinking.Text)
	last, err := s.Registers.LastClasses(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	if page.Administration, err = s.toAdministration(c, seat); err != nil {
		return err
	}
	for _, room := range rooms {
		page.Rooms = append(page.Rooms, web.PickerRoom{
			ID: room.ID, Title: room.Title, Rule: ruleView(room.Rule), LastClass: last[room.ID].UTC(), Ticked: slices.Contains(tickedIDs, room.ID),
		})
	}
	return s.render(c, status, page)
}

// noLinks ends a picker at a place that takes no links.
func (s *Server) noLinks(c *gin.Context, seat classroom.Seat) error {
	if seat.Visit.Frame == "" && seat.Visit.DeepLinking.EmptyCancels {
		return s.answer(c, seat, lti.DeepLinkingAnswer{ErrorMessage: s.Pages.Text(seat.Visit.Locale, "picker.no_links", nil)})
	}
	return s.render(c, http.StatusOK, web.PickerDone{What: web.PickerNoLinks, BackURL: seat.Visit.ReturnURL})
}

// pick answers the platform with what was chosen.
func (s *Server) pick(c *gin.Context) error {
	if err := readForm(c, formLimit); err != nil {
		return err
	}
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := seat.May(classroom.Pick); err != nil {
		return err
	}
	if c.PostForm("cancel") != "" {
		return s.cancelled(c, seat)
	}
	choice := choiceOf(c)
	if len(choice.RoomIDs) == 0 && choice.New == nil {
		return s.pickerPage(c, http.StatusBadRequest, seat, typedChoice(c, web.Wrong{"room"}), nil)
	}
	items, err := s.Rooms.Picked(c.Request.Context(), seat, choice)
	var invalid *classroom.InvalidError
	if errors.As(err, &invalid) {
		return s.pickerPage(c, http.StatusBadRequest, seat, typedChoice(c, formFields(c, invalid.Fields)), choice.RoomIDs)
	}
	if err != nil {
		return err
	}
	return s.chosen(c, seat, items)
}

// chosen sends the items to the platform, or leaves them to the frame that the
// platform opened.
func (s *Server) chosen(c *gin.Context, seat classroom.Seat, items []lti.ContentItem) error {
	if seat.Visit.Frame == "" {
		return s.answer(c, seat, lti.DeepLinkingAnswer{Items: items})
	}
	if err := s.Rooms.HandOver(c.Request.Context(), seat, items); err != nil {
		return err
	}
	what := web.PickerChosen
	if len(items) == 0 {
		what = web.PickerCancelled
	}
	return s.render(c, http.StatusOK, web.PickerDone{What: what, Window: true})
}

// cancelled changes nothing: an answer without items would erase what was
// chosen before on some platforms, so only others get one.
func (s *Server) cancelled(c *gin.Context, seat classroom.Seat) error {
	if seat.Visit.DeepLinking.EmptyCancels {
		return s.chosen(c, seat, nil)
	}
	page := web.PickerDone{What: web.PickerCancelled, Window: seat.Visit.Frame != ""}
	if !page.Window {
		page.BackURL = seat.Visit.ReturnURL
	}
	return s.render(c, http.StatusOK, page)
}

// mostTyped is how much of a description the picker shows, in characters.
const mostTyped = 200

var tags = regexp.MustCompile(`<[^>]*>`)

// plainText is a description, which may be HTML, as text for people: only to be
// shown, the platform gets it back as it came.
func plainText(text string) string {
	words := strings.Fields(html.UnescapeString(tags.ReplaceAllString(text, " ")))
	plain := []rune(strings.Join(words, " "))
	if len(plain) > mostTyped {
		return string(plain[:mostTyped]) + "…"
	}
	return string(plain)
}

// choicesMost is how many rooms can be picked at once.
const choicesMost = 100

func choiceOf(c *gin.Context) classroom.Choice {
	if c.PostForm("choice") == "existing" {
		ids := c.PostFormArray("room")
		return classroom.Choice{RoomIDs: ids[:min(len(ids), choicesMost)]}
	}
	return classroom.Choice{New: &classroom.NewRoom{Title: c.PostForm("title"), Record: ticked(c, "record"), Rule: ruleOfForm(c)}}
}

// typedChoice is the form as it was typed, with the fields that can't be taken.
func typedChoice(c *gin.Context, wrong web.Wrong) web.Picker {
	return web.Picker{
		Existing: c.PostForm("choice") == "existing", Name: c.PostForm("title"), Record: ticked(c, "record"),
		Rule: typedRule(c), Wrong: wrong,
	}
}

// answer signs the answer and has the browser post it to the platform.
func (s *Server) answer(c *gin.Context, seat classroom.Seat, a lti.DeepLinkingAnswer) error {
	registration, err := s.Platforms.Registration(c.Request.Context(), seat.Visit.RegistrationID)
	if err != nil {
		return err
	}
	a.Registration, a.DeploymentID, a.Settings = registration, seat.Visit.DeploymentID, *seat.Visit.DeepLinking
	jwt, err := s.Answers.Response(c.Request.Context(), a)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, web.ReturnPage{URL: a.Settings.ReturnURL, JWT: jwt, Cancelled: len(a.Items) == 0})
}

// styleguide shows each component in all its states.
func (s *Server) styleguide(c *gin.Context) error {
	return s.render(c, http.StatusOK, web.Styleguide{Now: s.Now().UTC()})
}
