package handlers

import (
	"log/slog"
	"math/rand/v2"
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
	live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
	if err != nil {
		return err
	}
	if seat.Moderates() {
		return s.teacherRoom(c, seat, live)
	}
	return s.learnerRoom(c, seat, live)
}

// stateOf is what goes on in the room, as the seat's person sees it.
func stateOf(seat classroom.Seat, live classroom.Live) web.ClassState {
	switch {
	case live.Unknown:
		return web.Down
	case live.NoServer:
		return web.NoServer
	case seat.Moderates() && live.Running:
		return web.Live
	case live.Full(seat):
		return web.Full
	case live.Admits(seat):
		return web.Live
	}
	return web.Waiting
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

func (s *Server) teacherRoom(c *gin.Context, seat classroom.Seat, live classroom.Live) error {
	lines, deliveries, err := s.Registers.Classes(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	set := seat.Room.Settings
	page := web.TeacherRoom{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), State: stateOf(seat, live),
		Join: s.post(c, seat, "/start"), Said: web.Said(c.Query("said")), HereAt: live.At.UTC(),
		RecordingsURL: at(seat, "/recordings"), ChangeURL: at(seat, "/settings"),
		Rule: ruleOf(seat.Placement), Grades: gradeCounts(deliveries),
		Settings: settingsView(set), NoGrades: s.noGrades(c, seat),
	}
	if len(lines) > 0 {
		counting, err := s.Registers.Counting(c.Request.Context(), seat)
		if err != nil {
			return err
		}
		page.Counting = s.countingView(seat, counting, lines)
		if err := s.classLines(c, seat, counting, lines, &page); err != nil {
			return err
		}
	}
	if page.State == web.Live {
		page.Join, page.EndURL, page.Since = s.post(c, seat, "/join"), at(seat, "/end"), live.Meeting.CreateTime.UTC()
	}
	if live.Meeting.ID != "" {
		page.EndURL = at(seat, "/end")
	}
	if page.State == web.Waiting && len(lines) > 0 && s.over(live, lines[0].Session.EndedAt) {
		page.State, page.Since = web.Ended, lines[0].Session.EndedAt.UTC()
	}
	var since map[string]time.Time
	if page.State == web.Live && len(lines) > 0 {
		if since, err = s.Registers.Since(c.Request.Context(), seat, lines[0].Session); err != nil {
			return err
		}
	}
	for _, p := range live.People {
		page.Here = append(page.Here, web.Here{Name: p.Name, Teacher: p.Moderator, Since: since[p.PersonID]})
	}
	page.LinkNews = linkView(seat)
	if page.Copied, err = s.copied(c, seat); err != nil {
		return err
	}
	if page.Questions, err = s.questions(c, seat); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, page)
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

func (s *Server) learnerRoom(c *gin.Context, seat classroom.Seat, live classroom.Live) error {
	attendance, err := s.attendance(c, seat)
	if err != nil {
		return err
	}
	page := web.LearnerRoom{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), State: stateOf(seat, live),
		Join: s.post(c, seat, "/join"), StateURL: at(seat, "/state"), CanStart: seat.May(classroom.Start) == nil,
		Attendance: attendance, RecordingsURL: at(seat, "/recordings"),
	}
	switch {
	case page.State == web.Live:
		page.Since = live.Meeting.CreateTime.UTC()
	case page.State == web.Waiting && len(attendance.Classes) > 0:
		if end := attendance.Classes[0].To; s.over(live, end) {
			page.State, page.Since = web.Ended, end
		}
	}
	if c.GetHeader("Sec-Fetch-Dest") == "document" { // a window of its own may go in by itself
		page.JoinURL = at(seat, "/join")
	}
	return s.render(c, http.StatusOK, page)
}

// overFor is how long a page says of a class that it is over.
const overFor = 10 * time.Minute

// over reports whether the newest class is over, and not for long. A zero end
// isn't known yet.
func (s *Server) over(live classroom.Live, end time.Time) bool {
	if end.IsZero() {
		return live.Over
	}
	return s.Now().Sub(end).Abs() < overFor
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

// spread is over how many milliseconds those who wait go in.
const spread = 4000

// state is polled by pages that wait for something to change.
func (s *Server) state(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
	if err != nil {
		return err
	}
	wait := rand.IntN(spread) // #nosec G404 -- spreads a load
	c.JSON(http.StatusOK, s.Pages.State(seat.Visit.Locale, stateOf(seat, live), wait))
	return nil
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
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+saidOf[ending])
	return nil
}

// saidOf tells what came of ending a class.
var saidOf = map[classroom.Ending]string{
	classroom.EndIsNear: web.SaidEnding, classroom.EndOfNothing: web.SaidNotRunning, classroom.EndUnanswered: web.SaidUnconfirmed,
}

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}
