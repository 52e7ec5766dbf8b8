package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/web"
)

// again are the buttons that send a grade once more: what another hand gave is
// replaced by a button of its own alone.
func again(seat classroom.Seat, session string, d gradebook.Delivery) (resend, replace web.Post) {
	path := "/classes/" + session
	if d.State == gradebook.Superseded {
		return web.Post{}, web.Post{URL: at(seat, path+"/replace/"+d.PersonID)}
	}
	return web.Post{URL: at(seat, path+"/resend/"+d.PersonID)}, web.Post{}
}

// resend makes the handler that sends a grade once more.
func (s *Server) resend(replaces bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		if err := s.Registers.Resend(c.Request.Context(), seat, c.Param("session"), c.Param("person"), replaces); err != nil {
			return err
		}
		c.Redirect(http.StatusSeeOther, at(seat, "/classes/"+c.Param("session"))+"&said="+web.SaidResent)
		return nil
	}
}

// resendAll sends all grades of the link once more.
func (s *Server) resendAll(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := s.Registers.ResendAll(c.Request.Context(), seat, c.Param("session")); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, at(seat, "/classes/"+c.Param("session"))+"&said="+web.SaidAllResent)
	return nil
}

// newColumn has the column of the link made once more.
func (s *Server) newColumn(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := s.Registers.NewColumn(c.Request.Context(), seat); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+web.SaidNewColumn)
	return nil
}

// noGrades is why the LMS takes no grades for the seat's link; nil if it does,
// or if nothing is graded.
func (s *Server) noGrades(c *gin.Context, seat classroom.Seat) *web.NoGrades {
	lack := seat.Placement.Lacks()
	r, err := s.Platforms.Registration(c.Request.Context(), seat.Visit.RegistrationID)
	if err == nil && r.TokenURL == "" { // no grade can go there, whatever a launch says
		lack = gradebook.NotOffered
	}
	if lack == gradebook.NoLack || !ruleView(seat.Placement.Rule).Graded() {
		return nil
	}
	n := &web.NoGrades{Why: string(lack), LMS: r.Name}
	if lack == gradebook.Deleted {
		n.NewColumn = web.Post{URL: at(seat, "/column")}
	}
	return n
}

func (s *Server) platformName(c *gin.Context, seat classroom.Seat) string {
	r, err := s.Platforms.Registration(c.Request.Context(), seat.Visit.RegistrationID)
	if err != nil {
		return ""
	}
	return r.Name
}

func (s *Server) gradeView(c *gin.Context, seat classroom.Seat, d *gradebook.Delivery) *web.Grade {
	if d == nil {
		return nil
	}
	g := &web.Grade{
		State: gradeState(*d), Points: d.Points, Max: d.Max, At: d.SentAt.UTC(), FoundAt: d.Found.At.UTC(),
		Reason: d.Reason, Detail: d.Detail, LMS: s.platformName(c, seat),
	}
	switch {
	case d.State == gradebook.Waiting:
		g.At = d.NextAt.UTC()
	case d.State == gradebook.Superseded && d.Found.Max > 0 && d.Max > 0:
		// In the column's own measure, as people see it there.
		g.Points, g.Max, g.Theirs = d.Points/d.Max*d.Found.Max, d.Found.Max, d.Found.Points
	}
	return g
}

// gradeState is how far a grade has come, as far as that is known.
func gradeState(d gradebook.Delivery) web.GradeState {
	switch {
	case d.ReadAsGiven():
		return web.GradeGiven
	case d.State == gradebook.Delivered && d.Reason == gradebook.ReasonMissing:
		return web.GradeMissing
	case d.State == gradebook.Delivered && !d.Found.At.IsZero():
		return web.GradeSeen
	}
	return web.GradeState(d.State)
}

func gradeCounts(deliveries []gradebook.Delivery) *web.GradeCounts {
	if len(deliveries) == 0 {
		return nil
	}
	var counts web.GradeCounts
	for _, d := range deliveries {
		countGrades(&counts, d, 1)
	}
	return &counts
}

// countGrades adds n grades to the counts with which it went as with d.
func countGrades(counts *web.GradeCounts, d gradebook.Delivery, n int) {
	switch gradeState(d) {
	case web.GradeSent:
		counts.Sent += n
	case web.GradeSeen:
		counts.Seen += n
	case web.GradeMissing:
		counts.Missing += n
	case web.GradeWaiting:
		counts.Waiting += n
	case web.GradeRefused:
		counts.Refused += n
	case web.GradeSuperseded, web.GradeGiven:
		counts.Superseded += n
	}
}
