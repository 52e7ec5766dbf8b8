package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// confirmParting asks before a class is parted at a break, or joined with the
// one before it, and shows whose points change by that.
func (s *Server) confirmParting(part bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		p, err := s.Classes.Parting(c.Request.Context(), seat, c.Param("meeting"), part)
		if err != nil {
			return err
		}
		register, err := s.Registers.Register(c.Request.Context(), seat, c.Param("session"))
		if err != nil {
			return err
		}
		path := "/classes/" + register.Session.ID
		page := web.Parting{
			Title: seat.Room.Title, Course: seat.Course.Title, Break: breakView(seat, register.Session.ID, p.Break),
			Graded: seat.Placement.Link().Grades(), Others: p.Others, BackURL: at(seat, path),
		}
		page.Break.Parted = !part // so somebody may have done it meanwhile: then it's done once more
		page.Post = web.Post{URL: at(seat, partingPath(register.Session.ID, p.Break.MeetingID, part))}
		names := map[string]string{}
		for _, row := range register.Rows {
			names[row.Person.ID] = row.Person.DisplayName()
		}
		for _, change := range p.Changes {
			name, here := names[change.PersonID]
			if !here {
				name = classroom.Person{ID: change.PersonID}.DisplayName()
			}
			page.Changes = append(page.Changes, web.PointsChange{Name: name, Before: change.Before, After: change.After})
		}
		return s.render(c, http.StatusOK, page)
	}
}

// part does it, and shows the register of what was before the break.
func (s *Server) part(part bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		session, err := s.Classes.Part(c.Request.Context(), seat, c.Param("meeting"), part)
		if err != nil {
			return err
		}
		said := web.SaidJoined
		if part {
			said = web.SaidParted
		}
		c.Redirect(http.StatusSeeOther, at(seat, "/classes/"+session)+"&said="+said)
		return nil
	}
}

func partingPath(session, meeting string, part bool) string {
	what := "/unite/"
	if part {
		what = "/part/"
	}
	return "/classes/" + session + what + meeting
}

func breakView(seat classroom.Seat, session string, b attendance.Break) web.Break {
	return web.Break{From: b.From.UTC(), To: b.To.UTC(), Parted: b.Parted, URL: at(seat, partingPath(session, b.MeetingID, !b.Parted))}
}

func breakViews(seat classroom.Seat, session string, breaks []attendance.Break) []web.Break {
	var views []web.Break
	for _, b := range breaks {
		views = append(views, breakView(seat, session, b))
	}
	return views
}
