package handlers

import (
	"math/rand/v2"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// standing is how things stand in the room, as all pages tell the seat's person.
func standing(c *gin.Context, seat classroom.Seat, state classroom.State) web.Standing {
	st := web.Standing{State: web.ClassState(state.Phase), Role: roleIn(seat), Framed: framed(c)}
	switch state.Phase {
	case classroom.PhaseRunning, classroom.PhaseInside, classroom.PhaseFull, classroom.PhaseAway:
		st.Since = state.Live.Meeting.CreateTime.UTC()
		if class := state.Class; class.ID != "" && class.EndedAt.IsZero() {
			st.Since = class.StartedAt.UTC()
		}
	case classroom.PhaseCounting, classroom.PhaseEnded:
		if end := state.Class.EndedAt; !end.IsZero() {
			st.Since = end.UTC()
		}
	}
	return st
}

func roleIn(seat classroom.Seat) web.RoomRole {
	switch {
	case seat.Moderates():
		return web.Teacher
	case seat.May(classroom.Start) == nil:
		return web.Starter
	case !seat.Visit.Graded:
		return web.Observer
	}
	return web.Learner
}

// registerURL is the register of the class that is just over, for who may read
// it; else empty.
func registerURL(seat classroom.Seat, state classroom.State) string {
	over := state.Phase == classroom.PhaseCounting || state.Phase == classroom.PhaseEnded
	if !over || state.Class.ID == "" || seat.May(classroom.ReadRegister) != nil {
		return ""
	}
	return at(seat, "/classes/"+state.Class.ID)
}

// spread is over how many milliseconds those who wait go in.
const spread = 4000

// state is polled by all pages of a room.
func (s *Server) state(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	phase, err := s.Rooms.Phase(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	wait := rand.IntN(spread) // #nosec G404 -- spreads a load
	c.JSON(http.StatusOK, web.State{State: web.ClassState(phase), Wait: wait})
	return nil
}

// placeHeader is where a page says it stands whose script asks for it again:
// "frame" or "window". Such a request leads nowhere, so none goes in by it.
const placeHeader = "Bbbridge-Page"

// framed reports whether the page will stand in a frame: the browser says it,
// or the script of the page that is there.
func framed(c *gin.Context) bool {
	if place := c.GetHeader(placeHeader); place != "" {
		return place == "frame"
	}
	switch c.GetHeader("Sec-Fetch-Dest") {
	case "iframe", "frame", "embed", "object":
		return true
	}
	return false
}

// inWindow reports whether the page will stand in a window of its own. Of
// browsers that say nothing that isn't known.
func inWindow(c *gin.Context) bool {
	return c.GetHeader(placeHeader) == "window" || c.GetHeader(placeHeader) == "" && c.GetHeader("Sec-Fetch-Dest") == "document"
}

// askedAgain reports whether a page's script asks for the page as it is now.
func askedAgain(c *gin.Context) bool { return c.GetHeader(placeHeader) != "" }
