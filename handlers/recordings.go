package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// recordings lists the room's recordings.
func (s *Server) recordings(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	page := web.Recordings{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), BackURL: at(seat, ""),
		Teacher: seat.May(classroom.Record) == nil, Said: web.Said(c.Query("said")),
	}
	all, err := s.Rooms.Recordings(c.Request.Context(), seat)
	switch {
	case err == nil:
	case bbb.Failed(err), errors.Is(err, context.DeadlineExceeded):
		s.Log.InfoContext(c.Request.Context(), "recordings", "request", requestID(c), "room", seat.Room.ID, "err", err)
		page.Down, page.Partly = len(all) == 0, len(all) > 0
	default:
		return err
	}
	for _, r := range all {
		page.List = append(page.List, s.recordingView(c, seat, r, page.Teacher))
	}
	return s.render(c, http.StatusOK, page)
}

// recordingName is what a recording is called, if that says more than its day:
// a meeting is called as its room.
func recordingName(seat classroom.Seat, r bbb.Recording) string {
	if name := r.Title(); name != seat.Room.Title {
		return name
	}
	return ""
}

func (s *Server) recordingView(c *gin.Context, seat classroom.Seat, r bbb.Recording, manages bool) web.Recording {
	view := web.Recording{
		ID: r.ID, Name: recordingName(seat, r), From: r.Start.UTC(), Published: r.Published,
		Processing: r.State == bbb.Processing || r.State == bbb.Processed || len(r.Formats) == 0 && r.State == "",
	}
	if !r.End.IsZero() && len(r.Formats) == 0 { // else the formats say it, without the breaks
		view.Length = r.End.Sub(r.Start)
	}
	path := "/recordings/" + r.ID
	for _, f := range r.Formats {
		view.Length = max(view.Length, f.Length)
		view.Formats = append(view.Formats, web.Format{Type: f.Type, Play: s.post(c, seat, path+"/play/"+f.Type)})
	}
	if manages && !view.Processing {
		view.DeleteURL = at(seat, path+"/delete")
		if r.Published {
			view.Unpublish = web.Post{URL: at(seat, path+"/unpublish")}
		} else {
			view.Publish = web.Post{URL: at(seat, path+"/publish")}
		}
	}
	return view
}

// play leads to a recording, at an address that is fetched for this click.
func (s *Server) play(c *gin.Context) error {
	seat, err := s.seatOfForm(c)
	if err != nil {
		return err
	}
	address, err := s.Rooms.Playback(c.Request.Context(), seat, c.Param("recording"), c.Param("format"))
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// publish makes the handler that shows a recording to learners, or hides it.
func (s *Server) publish(show bool) func(*gin.Context) error {
	said := web.SaidUnpublished
	if show {
		said = web.SaidPublished
	}
	return s.recordingAction(said, func(ctx context.Context, seat classroom.Seat, id string) error {
		return s.Rooms.Publish(ctx, seat, id, show)
	})
}

// recordingAction makes the handler of a button of the recordings' page. A
// server that doesn't do it is told on that page: nothing has changed.
func (s *Server) recordingAction(said string, do func(context.Context, classroom.Seat, string) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		said := said
		err = do(c.Request.Context(), seat, c.Param("recording"))
		switch {
		case err == nil:
		case bbb.Failed(err):
			s.Log.InfoContext(c.Request.Context(), "recording", "request", requestID(c), "room", seat.Room.ID, "err", err)
			said = web.SaidNotDone
		default:
			return err
		}
		c.Redirect(http.StatusSeeOther, at(seat, "/recordings")+"&said="+said)
		return nil
	}
}

// confirmDelete asks before a recording is gone.
func (s *Server) confirmDelete(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := seat.May(classroom.Record); err != nil {
		return err
	}
	all, err := s.Rooms.Recordings(c.Request.Context(), seat)
	i := slices.IndexFunc(all, func(r bbb.Recording) bool { return r.ID == c.Param("recording") })
	switch {
	case i < 0 && err != nil:
		return err
	case i < 0:
		return classroom.ErrNotFound
	}
	return s.render(c, http.StatusOK, web.Confirm{
		Title: seat.Room.Title, Course: seat.Course.Title, What: web.ConfirmDelete,
		Name: recordingName(seat, all[i]), From: all[i].Start.UTC(), Now: s.Now().UTC(),
		Post:    web.Post{URL: at(seat, "/recordings/"+c.Param("recording")+"/delete")},
		BackURL: at(seat, "/recordings"),
	})
}
