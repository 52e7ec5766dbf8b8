package handlers

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// analytics takes BigBlueButton's report of a meeting. It comes once, and is
// not sent again: what is signed is kept before it is answered.
func (s *Server) analytics(c *gin.Context) {
	body := http.MaxBytesReader(c.Writer, c.Request.Body, callbackLimit)
	err := s.Classes.Callback(c.Request.Context(), c.GetHeader("Authorization"), body)
	if err != nil { // many senders hear an answer only when they have sent all
		_, unread := io.Copy(io.Discard, body)
		err = errors.Join(err, unread)
	}
	s.answerCallback(c, "analytics", err)
}

// patient has a request go on when its sender has gone away: a report that has
// come whole isn't lost by that.
func patient(c *gin.Context) {
	c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context()))
}

// ended takes BigBlueButton's unsigned word that a meeting has ended: a hint
// to go and look.
func (s *Server) ended(c *gin.Context) {
	s.answerCallback(c, "ended", s.Classes.Ended(c.Request.Context(), c.Param("room")))
}

// callbackTests take callbacks of classes that no room has: those of a test.
type callbackTests interface {
	EndedCallback(ctx context.Context, id string, recorded bool) error
	ReportCallback(ctx context.Context, id, authorization string, body io.Reader) error
}

func (s *Server) testEnded(c *gin.Context) {
	s.answerCallback(c, "test_ended", s.Tests.EndedCallback(c.Request.Context(), c.Param("test"), c.Query("recordingmarks") == "true"))
}

func (s *Server) testReport(c *gin.Context) {
	body := http.MaxBytesReader(c.Writer, c.Request.Body, callbackLimit)
	err := s.Tests.ReportCallback(c.Request.Context(), c.Param("test"), c.GetHeader("Authorization"), body)
	_, unread := io.Copy(io.Discard, body)
	s.answerCallback(c, "test_report", errors.Join(err, unread))
}

// answerCallback answers a server. A balancer with several secrets tries the
// next one after a 401.
func (s *Server) answerCallback(c *gin.Context, call string, err error) {
	status, outcome := callbackStatus(err)
	s.Metrics.callback(call, outcome)
	s.recordCallback(c, call, outcome, status, err)
	if err != nil {
		level := slog.LevelInfo
		if status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.Log.LogAttrs(c.Request.Context(), level, "callback refused", slog.String("request", requestID(c)),
			slog.String("call", call), slog.String("code", outcome), slog.String("room", c.Param("room")), slog.Any("err", err))
	}
	c.String(status, outcome+"\n")
}

// recordCallback keeps what became of a callback: it is the room's of its
// address.
func (s *Server) recordCallback(c *gin.Context, call, outcome string, status int, err error) {
	if outcome == codeAway {
		s.Recorder.Counted(admin.Callback, outcome, "")
		return
	}
	f := admin.Failure{Kind: admin.Callback, RoomID: c.Param("room")}
	if err != nil {
		f.Request, f.Code, f.Call, f.Status, f.Cause = requestID(c), outcome, call, status, causeOf(err)
	}
	s.Recorder.Record(f)
}

func callbackStatus(err error) (int, string) {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return http.StatusOK, "ok"
	case errors.As(err, &large), errors.Is(err, classroom.ErrTooManyReports):
		return http.StatusRequestEntityTooLarge, "too_large"
	case errors.Is(err, bbb.ErrNoToken):
		return http.StatusUnauthorized, "no_token"
	case errors.Is(err, bbb.ErrBadToken):
		return http.StatusUnauthorized, "bad_token"
	case errors.Is(err, classroom.ErrUnreadable):
		return http.StatusBadRequest, "unreadable"
	case errors.Is(err, classroom.ErrNotFound):
		return http.StatusNotFound, "unknown_meeting"
	}
	if errors.Is(err, classroom.ErrAway) {
		return http.StatusServiceUnavailable, codeAway
	}
	return http.StatusInternalServerError, "internal"
}
