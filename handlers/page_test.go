package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// A browser that goes away breaks off what is done for it. That is no error of
// ours, and operators are woken for errors.
func TestFailOfWhoLeft(t *testing.T) {
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	stays, leaves := t.Context(), gone(t.Context())
	for _, test := range []struct {
		name  string
		ctx   context.Context
		err   error
		level string // of the line in the log
	}{
		{"left", leaves, fmt.Errorf("look up: %w", context.Canceled), "INFO"},
		{"broken off by ourselves", stays, context.Canceled, "ERROR"},
		{"an error of ours, and then left", leaves, errors.New("disk full"), "ERROR"},
		{"refused", stays, classroom.ErrForbidden, "INFO"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log strings.Builder
			s := Server{Pages: pages, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequestWithContext(test.ctx, http.MethodGet, "/rooms/r", nil)
			s.fail(c, test.err)
			if !strings.Contains(log.String(), "level="+test.level) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

func gone(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
