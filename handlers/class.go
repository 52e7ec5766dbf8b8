package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// start starts the class, or joins the one that runs.
func (s *Server) start(c *gin.Context) error {
	seat, err := s.seatOfForm(c)
	if err != nil {
		return err
	}
	address, err := s.Rooms.Start(c.Request.Context(), seat)
	if err != nil {
		return s.notIn(c, seat, err)
	}
	s.Recorder.Went(admin.Joining, seat.Visit.RegistrationID)
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// join takes the seat's person into the class, or shows the page that waits
// for it.
func (s *Server) join(c *gin.Context) error {
	seat, err := s.seatOfForm(c)
	if err != nil {
		return err
	}
	return s.goIn(c, seat)
}

// wait is join by GET: the page that waits leads here, by script, by its
// button, or when it is loaded again. It never starts a class.
func (s *Server) wait(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
	if err != nil {
		return err
	}
	if live.Running && !askedAgain(c) {
		return s.goIn(c, seat)
	}
	state, err := s.Rooms.State(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	return s.waitingPage(c, seat, state)
}

// goIn leads into the class, or to the page that waits for it.
func (s *Server) goIn(c *gin.Context, seat classroom.Seat) error {
	address, err := s.Rooms.Join(c.Request.Context(), seat)
	switch {
	case errors.Is(err, classroom.ErrNotRunning), errors.Is(err, classroom.ErrFull):
		state, err := s.Rooms.State(c.Request.Context(), seat)
		if err != nil {
			return err
		}
		return s.waitingPage(c, seat, state)
	case err != nil:
		return s.notIn(c, seat, err)
	}
	s.Recorder.Went(admin.Joining, seat.Visit.RegistrationID)
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// waitingPage lets its person in by itself. Who may start a class has nothing
// to wait for: they get the room's page.
func (s *Server) waitingPage(c *gin.Context, seat classroom.Seat, state classroom.State) error {
	if seat.May(classroom.Start) == nil {
		return s.roomIn(c, seat, state)
	}
	st := standing(c, seat, state)
	st.Framed = false // it's where one waits
	return s.render(c, http.StatusOK, web.WaitingPage{
		Title: seat.Room.Title, Course: seat.Course.Title, Standing: st,
		StateURL: at(seat, "/state"), JoinURL: at(seat, "/join"), BackURL: at(seat, ""),
	})
}

// notIn answers who can't get into the class for a reason that isn't theirs.
func (s *Server) notIn(c *gin.Context, seat classroom.Seat, err error) error {
	if errors.Is(err, bbb.ErrForciblyEnded) && seat.Tries < classroom.EndingTries {
		return s.again(c, seat)
	}
	if seat.May(classroom.End) == nil && (errors.Is(err, classroom.ErrOtherMeet) || errors.Is(err, classroom.ErrMayRun)) {
		c.Set(endKey, at(seat, "/end"))
	}
	return err
}

// freshFor is how long after its launch a visit may start a class by an
// address alone, as a link that opens the class does.
const freshFor = 2 * time.Minute

// ours reports whether the address has the visit in it, which no other site
// knows. An address without it is one that anybody may have made: by it no
// class starts, whoever opens it.
func ours(c *gin.Context) bool { return c.Query("v") != "" }

// class is where a link with open=class leads: a moderator into the class,
// which starts by it; a learner in, or to the page that waits. In a frame it
// is the room's page: a class isn't framed.
func (s *Server) class(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	fresh := ours(c) && s.Now().Sub(seat.Visit.CreatedAt) < freshFor
	if framed(c) || askedAgain(c) || seat.May(classroom.Start) == nil && !fresh {
		return s.roomPage(c, seat)
	}
	return s.goIn(c, seat)
}

// left is where people land who come out of a class, or don't get in.
// BigBlueButton says why in the address; it is nothing to trust, only to show.
func (s *Server) left(c *gin.Context) error {
	problems := bbb.ParseJoinErrors(c.Request.URL.RawQuery)
	seat, err := s.seat(c)
	if errors.Is(err, classroom.ErrVisitOver) || errors.Is(err, classroom.ErrNotFound) {
		// The window's cookie may be gone: there's still a page to show.
		return s.render(c, http.StatusOK, web.LeftPage{})
	}
	if err != nil {
		return err
	}
	seat.Tries = atoi(c.Query("try"))
	for _, p := range problems {
		switch {
		case p.JustEnded() && seat.Tries < classroom.EndingTries && ours(c):
			return s.again(c, seat)
		case errors.Is(p, bbb.ErrFull):
			return classroom.ErrFull
		}
	}
	s.recordNotIn(c, seat, problems)
	state, err := s.Rooms.State(c.Request.Context(), seat)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, web.LeftPage{
		Title: seat.Room.Title, Course: seat.Course.Title, Standing: standing(c, seat, state),
		StateURL: at(seat, "/state"), Join: s.post(c, seat, "/join"), RoomURL: at(seat, ""),
		RegisterURL: registerURL(seat, state), CourseURL: seat.Visit.ReturnURL,
	})
}

// retryAfter is how long an ending class takes to be gone, in seconds.
const retryAfter = 3

// again shows a page that tries to go in once more.
func (s *Server) again(c *gin.Context, seat classroom.Seat) error {
	s.Rooms.Forget(seat.Room)
	return s.render(c, http.StatusOK, web.RetryPage{
		Title: seat.Room.Title, URL: at(seat, "/again/join") + "&try=" + itoa(seat.Tries+1), Seconds: retryAfter,
	})
}

// retry is the next try: who may start a class and came out of one that had
// just ended starts it again.
func (s *Server) retry(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	seat.Tries = max(1, atoi(c.Query("try")))
	if seat.Tries > classroom.EndingTries || !ours(c) {
		return s.roomPage(c, seat)
	}
	return s.goIn(c, seat)
}
