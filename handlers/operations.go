package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/web"
)

// front tells who comes without a course where the way in is.
func (s *Server) front(c *gin.Context) error { return s.render(c, http.StatusOK, web.Front{}) }

// healthz says that the process answers.
func (s *Server) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// readyz says whether requests can be served: the database answers and there
// is a key to sign with.
func (s *Server) readyz(c *gin.Context) {
	if err := s.Ready(c.Request.Context()); err != nil {
		s.Log.ErrorContext(c.Request.Context(), "not ready", "err", err)
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}

func (s *Server) metrics(c *gin.Context) { s.Metrics.ServeHTTP(c.Writer, c.Request) }
