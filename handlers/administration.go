package handlers

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// toAdministration is the button to the pages of staff; the zero Post for who
// has no business there.
func (s *Server) toAdministration(c *gin.Context, seat classroom.Seat) (web.Post, error) {
	if s.Staff == nil {
		return web.Post{}, nil
	}
	may, err := s.Rooms.SetsUp(c.Request.Context(), seat)
	if err != nil || !may {
		return web.Post{}, err
	}
	if seat.Room.ID == "" {
		p := web.Post{URL: "/pick/administration?v=" + seat.Visit.ID}
		if framed(c) {
			p.Ticket = s.ticket(seat.Visit.ID)
		}
		return p, nil
	}
	return s.post(c, seat, "/administration"), nil
}

// administration leads an administrator of the LMS to the pages of staff.
func (s *Server) administration(c *gin.Context) error {
	seat, err := s.seatOfForm(c)
	var moved *classroom.MovedError
	if errors.As(err, &moved) { // to another room, which is no matter here
		seat, err = moved.Seat, nil
	}
	if err != nil {
		return err
	}
	may, err := s.Rooms.SetsUp(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	if !may || s.Staff == nil {
		return classroom.ErrForbidden
	}
	return s.Staff.Admit(c, seat.Person)
}
