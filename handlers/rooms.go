package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// room is the room's page, for a teacher or a learner.
func (s *Server) room(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	return s.roomPage(c, seat)
}

func (s *Server) roomPage(c *gin.Context, seat classroom.Seat) error {
	state, err := s.Rooms.State(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	return s.roomIn(c, seat, state)
}

// roomIn is the room's page in a state.
func (s *Server) roomIn(c *gin.Context, seat classroom.Seat, state classroom.State) error {
	if seat.Moderates() {
		return s.teacherRoom(c, seat, state)
	}
	return s.learnerRoom(c, seat, state)
}

// post is a button that opens a new window. Only a page in a frame has the
// ticket: in a window of our own the cookie comes along, and a form that was
// copied from it opens nothing in another browser.
func (s *Server) post(c *gin.Context, seat classroom.Seat, path string) web.Post {
	p := web.Post{URL: at(seat, path)}
	if framed(c) {
		p.Ticket = s.ticket(seat.Visit.ID)
	}
	return p
}

func (s *Server) teacherRoom(c *gin.Context, seat classroom.Seat, state classroom.State) error {
	page, err := s.teacherPage(c, seat, state)
	if err != nil {
		return err
	}
	if page.Copied, err = s.copied(c, seat); err != nil {
		return err
	}
	if page.Questions, err = s.questions(c, seat); err != nil {
		return err
	}
	if page.Administration, err = s.toAdministration(c, seat); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, page)
}

// teacherPage is the room's page for a teacher, but for what is asked of them.
func (s *Server) teacherPage(c *gin.Context, seat classroom.Seat, state classroom.State) (web.TeacherRoom, error) {
	lines, deliveries, err := s.Registers.Classes(c.Request.Context(), seat, shownClasses(c))
	if err != nil {
		return web.TeacherRoom{}, err
	}
	set := seat.Room.Settings
	page := web.TeacherRoom{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), Standing: standing(c, seat, state),
		StateURL: at(seat, "/state"), Join: s.post(c, seat, "/start"), Said: web.Said(c.Query("said")), HereAt: state.Live.At.UTC(),
		RecordingsURL: at(seat, "/recordings"), ChangeURL: at(seat, "/settings"), RegisterURL: registerURL(seat, state),
		Rule: ruleOf(seat.Placement), Grades: gradeCounts(deliveries),
		Settings: settingsView(set), NoGrades: s.noGrades(c, seat),
	}
	if len(lines) > 0 {
		counting, err := s.Registers.Counting(c.Request.Context(), seat)
		if err != nil {
			return page, err
		}
		page.Counting = s.countingView(seat, counting, lines)
		if err := s.classLines(c, seat, counting, lines, &page); err != nil {
			return page, err
		}
	}
	if state.Phase.Goes() && state.Phase != classroom.PhaseStarting {
		page.Join = s.post(c, seat, "/join")
	}
	if state.Live.Meeting.ID != "" && state.Phase != classroom.PhaseEnding {
		page.EndURL = at(seat, "/end")
	}
	page.LinkNews = linkView(seat)
	err = s.here(c, seat, state, &page)
	return page, err
}

// here adds who is in the class, and since when.
func (s *Server) here(c *gin.Context, seat classroom.Seat, state classroom.State, page *web.TeacherRoom) error {
	if len(state.Live.People) == 0 || !state.Phase.Goes() {
		return nil
	}
	since := map[string]time.Time{}
	if state.Class.ID != "" && state.Class.EndedAt.IsZero() {
		var err error
		if since, err = s.Registers.Since(c.Request.Context(), seat, state.Class); err != nil {
			return err
		}
	}
	for _, p := range state.Live.People {
		page.Here = append(page.Here, web.Here{Name: p.Name, Teacher: p.Moderator, Since: since[p.PersonID]})
	}
	if state.Phase == classroom.PhaseInside {
		if came := since[seat.Person.ID]; !came.IsZero() {
			page.Standing.Time = state.Live.At.Sub(came.Add(-state.Live.Meeting.ClockOffset))
		}
	}
	return nil
}

func settingsView(set classroom.Settings) web.Settings {
	return web.Settings{
		Record: set.Record, MuteOnStart: set.MuteOnStart, WaitForModerator: !set.LearnersMayStart,
		EveryoneModerates: set.EveryoneModerates, MaxParticipants: set.MaxParticipants,
	}
}

func ruleView(r attendance.Rule) web.Rule {
	measure := web.Measure(r.Measure)
	if r.Measure == attendance.NoMeasure {
		measure = web.NoMeasure
	}
	return web.Rule{Measure: measure, Need: r.Need, InTotal: r.InTotal, Proportional: r.Proportional, Points: r.Points}
}

func (s *Server) learnerRoom(c *gin.Context, seat classroom.Seat, state classroom.State) error {
	own, err := s.attendance(c, seat)
	if err != nil {
		return err
	}
	page := web.LearnerRoom{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), Standing: standing(c, seat, state),
		Join: s.post(c, seat, "/join"), StateURL: at(seat, "/state"),
		Attendance: own, RecordingsURL: at(seat, "/recordings"),
	}
	if err := s.spent(c, seat, state, own, &page.Standing); err != nil {
		return err
	}
	if inWindow(c) { // a window of its own may go in by itself
		page.JoinURL = at(seat, "/join")
	}
	if page.Administration, err = s.toAdministration(c, seat); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, page)
}

// spent adds to a standing how long a learner has been in class, or was in the
// one that has ended.
func (s *Server) spent(c *gin.Context, seat classroom.Seat, state classroom.State, own *web.Attendance, to *web.Standing) error {
	switch state.Phase {
	case classroom.PhaseInside:
		if state.Class.ID == "" || !state.Class.EndedAt.IsZero() {
			return nil
		}
		so, err := s.Registers.SoFar(c.Request.Context(), seat, state.Class)
		to.Time = so
		return err
	case classroom.PhaseEnded:
		if len(own.Classes) > 0 && own.Classes[0].To.Equal(state.Class.EndedAt) {
			to.Time, to.Length = own.Classes[0].Time, own.Classes[0].Length
		}
	}
	return nil
}

// attendance is what the seat's person attended and what came of it.
func (s *Server) attendance(c *gin.Context, seat classroom.Seat) (*web.Attendance, error) {
	own, err := s.Registers.Own(c.Request.Context(), seat)
	if err != nil {
		return nil, err
	}
	a := &web.Attendance{Rule: ruleOf(seat.Placement), Grade: s.gradeView(c, seat, own.Delivery), Watches: !seat.Visit.Graded}
	if r := own.Result; r != nil {
		a.Have, a.Needed, a.Complete = r.Time, r.Needed, r.Complete
	}
	for _, l := range own.Lines {
		a.Classes = append(a.Classes, web.OwnClass{
			From: l.Session.StartedAt.UTC(), To: l.Session.EndedAt.UTC(), Time: l.Attendance.Time, Length: l.Session.Length,
			Counting: l.Session.Counting, NotHere: !own.Counting.Counts(l.Session.ID),
		})
	}
	return a, nil
}

// confirmEnd asks before the class ends for everybody.
func (s *Server) confirmEnd(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := seat.May(classroom.End); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, web.Confirm{
		Title: seat.Room.Title, Course: seat.Course.Title, What: web.ConfirmEnd, Now: s.Now().UTC(),
		Post: web.Post{URL: at(seat, "/end")}, BackURL: at(seat, ""),
	})
}

func (s *Server) end(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	ending, err := s.Rooms.End(c.Request.Context(), seat)
	if ending == "" {
		return err
	}
	if err != nil {
		s.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "end not confirmed", slog.String("request", requestID(c)),
			slog.String("room", seat.Room.ID), slog.Any("err", err))
	}
	address := at(seat, "")
	if said := saidOf[ending]; said != "" {
		address += "&said=" + said
	}
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// saidOf tells what came of ending a class, where the page's state doesn't.
var saidOf = map[classroom.Ending]string{
	classroom.EndOfNothing: web.SaidNotRunning, classroom.EndUnanswered: web.SaidUnconfirmed,
}

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}
