package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// copied is what may be done about a link that was copied into the course.
func (s *Server) copied(c *gin.Context, seat classroom.Seat) (*web.Copied, error) {
	if seat.Placement.CopiedFrom == "" {
		return nil, nil
	}
	sharing, err := s.Rooms.Sharing(c.Request.Context(), seat)
	if err != nil {
		return nil, err
	}
	copied := &web.Copied{
		Late: seat.Placement.Notices.Late, Keep: web.Post{URL: at(seat, "/keep")}, Asked: sharing.Asked, Refused: sharing.Refused,
	}
	switch {
	case sharing.May:
		copied.Share = web.Post{URL: at(seat, "/share")}
	case sharing.MayAsk:
		copied.Ask = web.Post{URL: at(seat, "/ask")}
	}
	return copied, nil
}

// questions are what teachers of other courses ask those of the room's.
func (s *Server) questions(c *gin.Context, seat classroom.Seat) ([]web.Question, error) {
	asked, err := s.Rooms.Questions(c.Request.Context(), seat)
	if err != nil {
		return nil, err
	}
	var questions []web.Question
	for _, q := range asked {
		course := q.Course.Title
		if course == "" {
			course = q.Course.Label
		}
		questions = append(questions, web.Question{
			ID: q.PlacementID, Asker: q.Asker.DisplayName(), Course: course, At: q.AskedAt.UTC(),
			URL: at(seat, "/requests/"+q.PlacementID),
		})
	}
	return questions, nil
}

// adopt makes the handler that ends the question a copied link leaves: share
// the old course's room, or keep the new one.
func (s *Server) adopt(share bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		from := seat.Placement.CopiedFrom
		if err := s.Rooms.Adopt(c.Request.Context(), seat, share); err != nil {
			return err
		}
		said := web.SaidKept
		if share && from != "" {
			seat.Room.ID, said = from, web.SaidShared // the visit is about that room now
		}
		c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+said)
		return nil
	}
}

// ask asks the old course's teachers for their room.
func (s *Server) ask(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := s.Rooms.AskToShare(c.Request.Context(), seat); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+web.SaidAsked)
	return nil
}

// answerRequest is what the room's teachers say to that.
func (s *Server) answerRequest(c *gin.Context) error {
	if err := readForm(c, formLimit); err != nil {
		return err
	}
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	said := map[string]string{"yes": web.SaidAgreed, "no": web.SaidDeclined}[c.PostForm("answer")]
	if said == "" {
		return &classroom.InvalidError{Fields: []string{"answer"}}
	}
	if err := s.Rooms.AnswerShare(c.Request.Context(), seat, c.Param("request"), said == web.SaidAgreed); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+said)
	return nil
}
