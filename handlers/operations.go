package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/web"
)

// front tells who comes without a course where the way in is.
func (s *Server) front(c *gin.Context) error { return s.render(c, http.StatusOK, web.Front{}) }

// healthz says that the process answers.
func (s *Server) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// readyWait is how long readyz takes at the most.
const readyWait = 2 * time.Second

// readyz says whether requests can be served: the database takes what is
// written and there is a key to sign with. One check is under way, however many
// ask; it may take longer than its askers wait.
func (s *Server) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyWait)
	defer cancel()
	checked := s.checks.DoChan("ready", func() (any, error) { return nil, s.Ready(context.WithoutCancel(ctx)) })
	var err error
	select {
	case r := <-checked:
		err = r.Err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "not ready", "err", err)
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}

func (s *Server) metrics(c *gin.Context) { s.Metrics.ServeHTTP(c.Writer, c.Request) }
