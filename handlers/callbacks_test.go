package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// An operator reads in the answer, in the log and in /metrics what became of a
// report, in the words of docs/operations.md.
func TestOutcomesOfCallbacks(t *testing.T) {
	for _, test := range []struct {
		outcome string
		err     error
		status  int
		level   string // of the log's line
	}{
		{"ok", nil, http.StatusOK, ""},
		{"no_token", bbb.ErrNoToken, http.StatusUnauthorized, "INFO"},
		{"bad_token", bbb.ErrBadToken, http.StatusUnauthorized, "INFO"},
		{"unreadable", classroom.ErrUnreadable, http.StatusBadRequest, "INFO"},
		{"unknown_meeting", classroom.ErrNotFound, http.StatusNotFound, "INFO"},
		{"too_large", &http.MaxBytesError{Limit: callbackLimit}, http.StatusRequestEntityTooLarge, "INFO"},
		{"too_large", classroom.ErrTooManyReports, http.StatusRequestEntityTooLarge, "INFO"},
		{"database_away", classroom.ErrAway, http.StatusServiceUnavailable, "ERROR"},
		{"internal", errors.New("of nobody knows what"), http.StatusInternalServerError, "ERROR"},
	} {
		t.Run(fmt.Sprint(test.outcome, " ", test.err), func(t *testing.T) {
			var log strings.Builder
			quiet := slog.New(slog.DiscardHandler)
			counts := func(context.Context) (classroom.Counts, error) { return classroom.Counts{}, nil }
			s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics(counts, time.Now, quiet)}
			err := test.err
			if err != nil {
				err = fmt.Errorf("report: %w", err)
			}
			answer := get(t, func(c *gin.Context) { s.answerCallback(c, "analytics", err) })
			if answer.Code != test.status || answer.Body.String() != test.outcome+"\n" {
				t.Errorf("answered %d %q", answer.Code, answer.Body)
			}
			counted := fmt.Sprintf("bbbridge_callbacks_total{call=%q,outcome=%q} 1\n", "analytics", test.outcome)
			if page := get(t, s.metrics).Body.String(); !strings.Contains(page, counted) {
				t.Errorf("no %s in\n%s", counted, page)
			}
			if err == nil && log.Len() > 0 {
				t.Errorf("logged %s", log.String())
			}
			for _, want := range []string{"level=" + test.level, "code=" + test.outcome} {
				if err != nil && !strings.Contains(log.String(), want) {
					t.Errorf("no %s in %s", want, log.String())
				}
			}
		})
	}
}
