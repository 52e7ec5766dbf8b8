// Package admin is the pages of staff, all below /admin/. Who may do what says
// the package of that name in the domain, for every action; what a page shows
// is only what would be allowed.
package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// Pages are the pages of staff.
type Pages struct {
	Accounts     *admin.Accounts
	Audit        *admin.AuditLog
	Servers      *admin.Servers
	Registry     registry
	Platforms    *admin.Platforms
	Registering  *admin.Registering
	Tenants      *admin.Tenants
	Exports      *admin.Exports
	Keys         *admin.Keys
	PublicURL    string
	Starts       *admin.Starts
	Web          *web.Pages
	Now          func() time.Time
	Log          *slog.Logger
	Failures     *admin.Failures
	Deliveries   *admin.Deliveries
	Overviews    *admin.Overviews
	Rooms        *admin.Rooms
	Bundles      *admin.Bundles
	Looker       looker          // shows rooms
	Recorder     *admin.Recorder // may be nil
	FailuresKept int             // days
	// Institution is where people without an account sign in; nil: nowhere.
	Institution *Institution
}

// registry is what is set up.
type registry interface {
	Tenants(context.Context) ([]classroom.Tenant, error)
	Platforms(context.Context) ([]admin.Platform, error)
	Servers(context.Context) ([]classroom.Server, error)
}

// formLimit is the most that a form may have, in bytes.
const formLimit = 256 << 10

// Routes adds all addresses.
func (p *Pages) Routes(r gin.IRouter) {
	r.GET("/admin", p.open(func(c *gin.Context) error { return see(c, "/admin/") }))
	p.overviewRoutes(r)
	r.GET(startURL, p.staff(p.start))
	p.failureRoutes(r)
	p.gradeRoutes(r)
	p.doorRoutes(r)
	p.providerRoutes(r)
	p.peopleRoutes(r)
	p.platformRoutes(r)
	p.serverRoutes(r)
	p.linkRoutes(r)
	p.keyRoutes(r)
	p.tenantRoutes(r)
	p.leavingRoutes(r)
	r.GET("/admin/audit", p.staff(p.audit))
	r.GET("/admin/audit.csv", p.staff(p.auditCSV))
}

// A call is a request of who has signed in.
type call struct {
	*gin.Context
	by admin.Actor
}

// ctx is the request's context, in which what is changed is the actor's doing.
func (c *call) ctx() context.Context { return admin.By(c.Request.Context(), c.by) }

// see leads on.
func see(c *gin.Context, address string) error {
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// open makes a gin handler of one for everybody.
func (p *Pages) open(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := readForm(c)
		if err == nil {
			err = h(c)
		}
		if err != nil {
			p.fail(&call{Context: c}, err)
		}
	}
}

// staff makes a gin handler of one for who has signed in.
func (p *Pages) staff(h func(*call) error) gin.HandlerFunc { return p.staffReading(readForm, h) }

// staffReading is staff for a form that is read otherwise.
func (p *Pages) staffReading(read func(*gin.Context) error, h func(*call) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		by, err := p.actor(c)
		on := &call{c, by}
		if err == nil {
			err = read(c)
		}
		if err == nil {
			err = h(on)
		}
		if err != nil {
			p.fail(on, err)
		}
	}
}

// errForm is of a form that can't be read.
var errForm = errors.New("form can't be read")

func readForm(c *gin.Context) error {
	if c.Request.Method != http.MethodPost {
		return nil
	}
	if kind := c.ContentType(); kind != "application/x-www-form-urlencoded" {
		return fmt.Errorf("%w: it is %q", errForm, kind)
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, formLimit)
	if err := c.Request.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}

// typed is a field of the form, as text.
func typed(c *gin.Context, name string) string {
	return harmlessText(c.PostForm(name))
}

// harmlessText is what was sent, as text that both databases take.
func harmlessText(sent string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(sent, "\x00", ""), ""))
}

func itoa(n int) string { return strconv.Itoa(n) }

// outcomes are the errors that staff can be told of.
var outcomes = []struct {
	err    error
	code   string
	status int
}{
	{classroom.ErrAway, "database_away", http.StatusServiceUnavailable},
	{admin.ErrForbidden, "forbidden", http.StatusForbidden},
	{admin.ErrNotFound, "not_found", http.StatusNotFound},
	{admin.ErrLastOne, "last_operator", http.StatusConflict},
	{admin.ErrInUse, "in_use", http.StatusConflict},
	{admin.ErrTooManyTry, "too_many", http.StatusTooManyRequests},
	{errForm, "bad_form", http.StatusBadRequest},
}

// fail answers an error, and logs it once.
func (p *Pages) fail(c *call, err error) {
	if errors.Is(err, admin.ErrSignedOut) {
		p.toSignIn(c)
		return
	}
	code, status, level := "internal", http.StatusInternalServerError, slog.LevelError
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			code, status = o.code, o.status
			break
		}
	}
	if status < http.StatusInternalServerError {
		level = slog.LevelInfo
	}
	p.Log.LogAttrs(c.Request.Context(), level, "staff refused", slog.String("request", c.GetString("request")), slog.String("code", code),
		slog.Int("status", status), slog.String("path", c.FullPath()), slog.String("staff", c.by.StaffID), slog.Any("err", err))
	if status >= http.StatusInternalServerError && code != "database_away" {
		f := admin.Failure{Kind: admin.Opening, Code: code, Request: c.GetString("request")}
		f.Path, f.Status, f.Cause = c.FullPath(), status, err.Error()
		p.Recorder.Record(f)
	}
	if c.Writer.Written() {
		return
	}
	page := web.DeskProblem{Code: code, Request: c.GetString("request"), At: p.Now().UTC()}
	if err := p.render(c, status, "", page); err != nil {
		p.Log.ErrorContext(c.Request.Context(), "render", "request", page.Request, "err", err)
		c.String(http.StatusInternalServerError, "Something went wrong. Request "+page.Request)
	}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// buffer is an empty one, to be put back.
func buffer() *bytes.Buffer {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	return buf
}

// policy is stricter than that of the pages in courses: nobody frames these,
// and their forms lead nowhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// render writes a page whole or not at all.
func (p *Pages) render(c *call, status int, section web.Section, page any) error {
	buf := buffer()
	defer buffers.Put(buf)
	if err := p.Web.RenderDesk(buf, p.locale(c.Context), p.desk(c.by, section), page); err != nil {
		return fmt.Errorf("render %T: %w", page, err)
	}
	c.Header("Content-Security-Policy", policy)
	c.Header("X-Frame-Options", "DENY")
	c.Header("Referrer-Policy", "same-origin")
	c.Data(status, "text/html; charset=utf-8", buf.Bytes())
	return nil
}

// show is render for a page that went well.
func (p *Pages) show(c *call, section web.Section, page any) error {
	return p.render(c, http.StatusOK, section, page)
}

func (p *Pages) locale(c *gin.Context) string { return web.MatchLocale(c.GetHeader("Accept-Language")) }

// desk is around the pages of an actor; before the sign-in nothing is.
func (p *Pages) desk(by admin.Actor, at web.Section) web.Desk {
	if by.SignInID == "" {
		return web.Desk{}
	}
	d := web.Desk{Who: by.Name, Section: at}
	for _, s := range []struct {
		section web.Section
		action  admin.Action
	}{
		{web.Overview, admin.See}, {web.Platforms, admin.See}, {web.Servers, admin.See}, {web.Tenants, admin.EditTenant}, {web.Failures, admin.See}, {web.People, admin.EditStaff},
	} {
		if by.Somewhere(s.action) {
			d.Sections = append(d.Sections, s.section)
		}
	}
	return d
}

// invalid is what is wrong with a form, field by field; nil if err is another.
func invalid(err error) map[string]string {
	var wrong *admin.InvalidError
	if errors.As(err, &wrong) {
		return wrong.Fields
	}
	return nil
}

// focus puts the cursor into the first field that can't be taken, or else into
// the first.
func focus(fields []web.Field) []web.Field {
	first := 0
	for i, f := range fields {
		if f.Wrong != "" {
			first = i
			break
		}
	}
	if len(fields) > 0 {
		fields[first].Focus = true
	}
	return fields
}

// query is an address with these values, without empty ones.
func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
