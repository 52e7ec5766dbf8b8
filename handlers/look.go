package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// Look shows staff a room as its teacher sees it. The seat is nobody's: each
// address of the room asks for a visit, which there isn't, so what could be done
// there isn't on the page.
func (s *Server) Look(c *gin.Context, seat classroom.Seat) error {
	state, err := s.Rooms.State(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	page, err := s.teacherPage(c, seat, state)
	if err != nil {
		return err
	}
	page.LookBackURL = "/admin/courses"
	page.StateURL, page.Join, page.EndURL, page.RegisterURL = "", web.Post{}, "", ""
	page.RecordingsURL, page.ChangeURL = "", ""
	page.AllClassesURL, page.NewestClassesURL = "", ""
	page.Counting, page.LinkNews = nil, nil
	if page.NoGrades != nil {
		page.NoGrades.NewColumn = web.Post{}
	}
	for i := range page.Classes {
		page.Classes[i].URL = ""
		for j := range page.Classes[i].Breaks {
			page.Classes[i].Breaks[j].URL = ""
		}
	}
	c.Set(ancestorKey, "'none'")
	return s.render(c, http.StatusOK, page)
}
