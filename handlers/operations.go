package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// front tells who comes without a course where the way in is.
func (s *Server) front(c *gin.Context) error { return s.byHand(c, http.StatusOK, "") }

// launchByHand is for who opens the launch URL, which takes posts alone.
func (s *Server) launchByHand(c *gin.Context) error {
	c.Header("Allow", http.MethodPost)
	return s.byHand(c, http.StatusMethodNotAllowed, web.OpenedLaunch)
}

// frontPosted is for an LMS that posts its launches to the address without a
// path: those of LTI 1.1 are told what to do.
func (s *Server) frontPosted(c *gin.Context) error {
	if err := readForm(c, launchLimit); err != nil {
		return err
	}
	if err := lti.CheckVersion(c.Request.PostForm); err != nil {
		return err
	}
	return errMethod
}

// byHand says what to do with an address that somebody opened by hand. An LMS
// shows it in a frame, to an admin who took it for a link to register by
// (Dynamic Registration 1.0, 3.3); it has nothing in it but text.
func (s *Server) byHand(c *gin.Context, status int, opened string) error {
	if asksToRegister(c) {
		opened = web.OpenedRegistration
	}
	if opened != "" {
		c.Set(ancestorKey, "*")
		s.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "opened by hand", slog.String("request", requestID(c)),
			slog.String("path", c.FullPath()), slog.String("as", opened))
	}
	return s.render(c, status, web.Front{Opened: opened, Setup: s.setup()})
}

// asksToRegister reports whether an LMS wants to register us.
func asksToRegister(c *gin.Context) bool { return c.Query("openid_configuration") != "" }

// setup is what an LMS wants to know of us.
func (s *Server) setup() web.Setup {
	return web.Setup{
		LaunchURL: s.PublicURL + "/lti/launch", LoginURL: s.PublicURL + "/lti/login", KeySetURL: s.PublicURL + "/.well-known/jwks.json",
		IconURL: s.PublicURL + web.StaticPath + "icon-128.png",
	}
}

// healthz says that the process answers.
func (s *Server) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

const (
	readyWait = 2 * time.Second  // how long readyz takes at the most
	checkMost = 10 * time.Second // and a check: a connection that is dead may keep one for ever, and all who ask after it
)

// readyz says whether requests can be served: the database takes what is
// written and there is a key to sign with. One check is under way, however many
// ask; it may take longer than its askers wait.
func (s *Server) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyWait)
	defer cancel()
	checked := s.checks.DoChan("ready", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkMost)
		defer cancel()
		return nil, s.Ready(ctx)
	})
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
