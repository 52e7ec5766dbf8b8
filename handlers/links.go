package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// linkView is what a teacher is to be told of the seat's link, or nil.
func linkView(seat classroom.Seat) *web.LinkNews {
	n := seat.Placement.Notices
	link := &web.LinkNews{MovedFrom: n.MovedFrom, Noted: web.Post{URL: at(seat, "/noted")}}
	if !n.Seen {
		for _, p := range n.Unusable {
			link.Unusable = append(link.Unusable, web.Parameter{Name: p.Name, Value: p.Value})
		}
	}
	if link.MovedFrom == "" && len(link.Unusable) == 0 {
		return nil
	}
	return link
}

// noted ends what the page tells of the link.
func (s *Server) noted(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := s.Rooms.Noted(c.Request.Context(), seat); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, at(seat, ""))
	return nil
}
