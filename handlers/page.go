package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// Keys of what a request carries along.
const (
	requestKey  = "request"
	localeKey   = "locale"
	ancestorKey = "ancestors"
	backKey     = "back"
	endKey      = "end"
	visitorKey  = "visitor"
)

// begin gives the request its number and answers a panic like an error.
func (s *Server) begin(c *gin.Context) {
	c.Set(requestKey, newRequestID())
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "origin")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(c.Request.URL.Path, "/admin") { // no page of staff is framed, not even one that tells of a fault
		c.Set(ancestorKey, "'none'")
	}
	defer func() {
		if p := recover(); p == http.ErrAbortHandler { //nolint:errorlint // it is that value: half an answer must break off
			panic(p)
		} else if p != nil {
			s.fail(c, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	c.Next()
}

// newRequestID is what a person reads out to their admin: XXXX-XXXX.
func newRequestID() string {
	t := rand.Text()
	return t[:4] + "-" + t[4:8]
}

func requestID(c *gin.Context) string { return c.GetString(requestKey) }

// page makes a gin handler of one that returns its error.
func (s *Server) page(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		var moved *classroom.MovedError
		switch {
		case err == nil:
		case errors.As(err, &moved) && c.GetHeader("Accept") != "application/json": // a script loads its page again
			c.Redirect(http.StatusSeeOther, at(moved.Seat, ""))
		default:
			s.fail(c, err)
		}
	}
}

// fail logs an error, once, and shows the person what it means.
func (s *Server) fail(c *gin.Context, err error) {
	if ctx := c.Request.Context(); ctx.Err() != nil && errors.Is(err, context.Canceled) {
		// The browser didn't wait: what broke off by that is nobody's fault.
		s.Log.LogAttrs(ctx, slog.LevelInfo, "left", slog.String("request", requestID(c)), slog.String("path", c.FullPath()))
		return
	}
	p := problemOf(err)
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.Log.LogAttrs(c.Request.Context(), level, "refused", slog.String("request", requestID(c)),
		slog.String("code", p.Code), slog.Int("status", p.Status), slog.String("path", c.FullPath()), slog.Any("err", err))
	if strings.HasPrefix(c.FullPath(), "/lti/") {
		s.Metrics.launch(p.Code)
	}
	s.record(c, p, err)
	if c.Writer.Written() {
		return
	}
	if p.Code != codeAway { // who asks the database then only waits
		s.findTenant(c, err)
	}
	page := web.Problem{Support: supportOf(tenantOf(c)), Code: p.Code, Request: requestID(c), At: s.Now().UTC(), BackURL: c.GetString(backKey), EndURL: c.GetString(endKey)}
	var told *lti.PlatformError
	var answer *bbb.Error
	switch {
	case p.Code == codeAway:
		page.Again, page.BackURL, page.EndURL = onceMore(c), "", ""
		c.Header("Retry-After", itoa(awayAgain))
	case errors.As(err, &told):
		page.Quote = told.Words
		if !told.Bound {
			s.frameable(c, "", told.Registrations...)
		}
	case p.Code == lti.CodeLTI11, c.FullPath() == "" && strings.HasPrefix(c.Request.URL.Path, "/lti/"): // of an LMS that was told another address
		setup := s.setup()
		page.Setup = &setup
	case p.Code == lti.CodePlatformError: // perhaps of somebody who shows it as our word
		c.Set(ancestorKey, "'none'")
	case errors.As(err, &answer) && answer.Answered():
		page.Quote, page.ByServer = answer.Words(), true
	}
	if c.GetString(ancestorKey) == "" { // whose frame it is isn't known: what went wrong must be read all the same
		c.Set(ancestorKey, "*")
	}
	if err := s.render(c, p.Status, page); err != nil {
		s.Log.ErrorContext(c.Request.Context(), "render", "request", requestID(c), "err", err)
		c.String(http.StatusInternalServerError, "Something went wrong. Request "+requestID(c))
	}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render writes a page whole or not at all.
func (s *Server) render(c *gin.Context, status int, page any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	visitor, _ := c.Value(visitorKey).(web.Visitor)
	if err := s.Pages.RenderIn(buf, s.locale(c), s.lookOf(tenantOf(c)), visitor, page); err != nil {
		return fmt.Errorf("render %T: %w", page, err)
	}
	c.Header("Content-Security-Policy", s.policy(c))
	c.Data(status, "text/html; charset=utf-8", buf.Bytes())
	return nil
}

// policy lets a page load from us alone. Forms may lead on: to the class, and
// back to the platform with a deep link.
func (s *Server) policy(c *gin.Context) string {
	forms := "https:"
	if strings.HasPrefix(s.PublicURL, "http://") {
		forms = "https: http:"
	}
	ancestors := c.GetString(ancestorKey)
	if ancestors == "" {
		ancestors = "'none'"
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self' " + forms + "; frame-ancestors " + ancestors
}

// frameable lets the frames of the launch's platform hold the page. The
// issuer of a hosted LMS isn't the host that people see: the address to
// return to is.
func (s *Server) frameable(c *gin.Context, returnURL string, platforms ...lti.Registration) {
	var addresses []string
	for _, r := range platforms {
		addresses = append(append(addresses, r.Issuer, r.AuthURL), r.FrameAncestors...)
	}
	addresses = append(addresses, returnURL)
	seen := map[string]bool{}
	list := "'self'"
	for _, address := range addresses {
		if o := origin(address); o != "" && !seen[o] {
			seen[o] = true
			list += " " + o
		}
	}
	c.Set(ancestorKey, list)
}

// seated has the page name its visitor, who may leave it. The zero seat is
// nobody's.
func (s *Server) seated(c *gin.Context, seat classroom.Seat) {
	if seat.Visit.ID == "" {
		return
	}
	c.Set(visitorKey, web.Visitor{
		Name: seat.Person.DisplayName(), LeaveURL: "/leave?v=" + seat.Visit.ID, AliveURL: "/alive?v=" + seat.Visit.ID,
	})
	s.placed(c, seat)
}

// placed does for a page of a seat what frameable does for one of a launch. In
// a frame without cookies that is all: nobody could leave there.
func (s *Server) placed(c *gin.Context, seat classroom.Seat) {
	housed(c, seat.Tenant)
	c.Set(localeKey, seat.Visit.Locale)
	if seat.Room.ID != "" && !seat.Shut {
		c.Set(backKey, at(seat, ""))
	}
	r, err := s.Platforms.Registration(c.Request.Context(), seat.Visit.RegistrationID)
	if err != nil { // removed meanwhile: the page stands by itself
		return
	}
	returnURL := seat.Visit.ReturnURL
	if seat.Visit.DeepLinking != nil {
		returnURL = seat.Visit.DeepLinking.ReturnURL
	}
	s.frameable(c, returnURL, r)
}

// locale is the request's: the visit's, or what the browser asks for.
func (s *Server) locale(c *gin.Context) string {
	if l := c.GetString(localeKey); l != "" {
		return l
	}
	return web.MatchLocale(c.GetHeader("Accept-Language"), tenantOf(c).Locale)
}

// localeOf is the language of our pages for a launch: its own, or else the
// first of the browser's that we have, or else the tenant's.
func (s *Server) localeOf(c *gin.Context, l lti.Launch) string {
	s.ofPlatform(c, l.Registration.ID)
	return web.MatchLocale(l.Locale(), c.GetHeader("Accept-Language"), tenantOf(c).Locale)
}
