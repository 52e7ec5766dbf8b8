package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// errMethod is of a request with a method that the address doesn't take.
var errMethod = &lti.Refusal{Code: "bad_method"}

// formUsual is what is made room for at once, however long a body says it is.
const formUsual = 16 << 10

// readForm reads a form of at most limit bytes, without the address's query.
func readForm(c *gin.Context, limit int64) error {
	if c.Request.Method != http.MethodPost {
		return nil
	}
	kind, _, err := mime.ParseMediaType(c.ContentType())
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return fmt.Errorf("%w: %q", errContentType, c.ContentType())
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	body.Grow(int(min(max(c.Request.ContentLength, 0), formUsual)) + bytes.MinRead)
	if _, err := body.ReadFrom(http.MaxBytesReader(c.Writer, c.Request.Body, limit)); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return &lti.Refusal{Code: "too_large", Err: err}
		}
		return &lti.Refusal{Code: "bad_form", Err: err}
	}
	values, err := url.ParseQuery(body.String())
	if err != nil {
		return &lti.Refusal{Code: "bad_form", Err: err}
	}
	c.Request.PostForm, c.Request.Form = values, values
	return nil
}

// login answers a login initiation (LTI 1.3 Core, third-party initiated
// login) with the authentication request. It writes nothing anywhere.
func (s *Server) login(c *gin.Context) error {
	values := c.Request.URL.Query()
	if c.Request.Method == http.MethodPost {
		if err := readForm(c, loginLimit); err != nil {
			return err
		}
		values = c.Request.PostForm
	}
	request, err := lti.ParseLoginRequest(values)
	if err != nil && asksToRegister(c) {
		return s.byHand(c, http.StatusBadRequest, "")
	}
	if err != nil {
		return err
	}
	if !s.logins.allow(request.Issuer) {
		return &lti.Refusal{Code: "too_many_logins", Of: lti.Trace{Issuer: request.Issuer}}
	}
	request.RegistrationID = c.Param("registration")
	login, err := s.Tool.Login(c.Request.Context(), request)
	if err != nil {
		return err
	}
	s.Recorder.Went(admin.Login, login.Registration.ID)
	http.SetCookie(c.Writer, bindingCookie(login.CookieName, login.CookieValue, int(login.MaxAge.Seconds())))
	c.Redirect(http.StatusFound, login.Redirect)
	return nil
}

// bindingCookie ties a login to the browser that began it.
func bindingCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // G124 takes SameSite=None for a mistake: we live in frames
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	}
}

// launch takes the platform's answer. A browser that keeps no cookie in this
// frame gets a page that goes on in a new window.
func (s *Server) launch(c *gin.Context) error {
	if err := readForm(c, launchLimit); err != nil {
		return err
	}
	if err := lti.CheckVersion(c.Request.PostForm); err != nil {
		return err
	}
	return s.enter(c, s.response(c))
}

// window takes the same answer once more, from our own page in a new window:
// the guard before all handlers lets no other site post here.
func (s *Server) window(c *gin.Context) error {
	if err := readForm(c, launchLimit+formLimit); err != nil {
		return err
	}
	response := s.response(c)
	if response.Window = c.PostForm("window"); response.Window == "" {
		return &lti.Refusal{Code: lti.CodeStateMismatch}
	}
	if opened, err := s.reopen(c); opened || err != nil {
		return err
	}
	return s.enter(c, response)
}

func (s *Server) response(c *gin.Context) lti.Response {
	return lti.Response{
		State: c.PostForm("state"), IDToken: lti.IDToken(c.PostForm("id_token")),
		Error: c.PostForm("error"), ErrorDescription: c.PostForm("error_description"), Failed: c.Request.PostForm.Has("error"),
		Cookies: c.Request.Cookies,
		Cookie: func(name string) string {
			cookie, err := c.Request.Cookie(name)
			if err != nil {
				return ""
			}
			return cookie.Value
		},
	}
}

func (s *Server) enter(c *gin.Context, response lti.Response) error {
	ctx := c.Request.Context()
	launch, err := s.Tool.Launch(ctx, response)
	var unbound *lti.Unbound
	if errors.As(err, &unbound) {
		return s.newWindow(c, response, unbound)
	}
	if err != nil {
		return err
	}
	browser, err := s.visitors.keep(c.Writer, c.Request)
	if err != nil {
		return err
	}
	locale := s.localeOf(c, launch)
	c.Set(localeKey, locale)
	seat, err := s.Rooms.Enter(ctx, launch, browser, locale)
	if err != nil {
		c.Set(launchKey, launch)
		return err
	}
	s.launched(c, launch, seat)
	c.Redirect(http.StatusSeeOther, entrance(seat, framedLaunch(c, launch)))
	return nil
}

// launched logs and counts a launch that was let in.
func (s *Server) launched(c *gin.Context, l lti.Launch, seat classroom.Seat) {
	s.Metrics.launch("ok")
	s.Recorder.Went(admin.Launch, l.Registration.ID)
	s.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "launch",
		slog.String("request", requestID(c)), slog.String("platform", l.Registration.Name),
		slog.String("deployment", l.DeploymentID), slog.String("message", string(l.Message)),
		slog.String("room", seat.Room.ID), slog.String("person", seat.Person.ID), slog.String("role", string(seat.Visit.Role)))
}

// entrance is where a launch leads.
func entrance(seat classroom.Seat, framed bool) string {
	switch {
	case seat.Visit.DeepLinking != nil:
		return "/pick?v=" + seat.Visit.ID
	case seat.Placement.OpensClass && !framed:
		return at(seat, "/class")
	}
	return at(seat, "")
}

// framedLaunch reports whether the launch stands in a frame: the browser says
// it, or else the platform.
func framedLaunch(c *gin.Context, l lti.Launch) bool {
	if c.GetHeader("Sec-Fetch-Dest") != "" {
		return framed(c)
	}
	return l.Presentation.Target == "iframe" || l.Presentation.Target == "frame"
}

// at is an address under the seat's room, for its visit.
func at(seat classroom.Seat, path string) string {
	return "/rooms/" + seat.Room.ID + path + "?v=" + seat.Visit.ID
}

// mayBeFramed is framedLaunch for a launch without a cookie, where a browser
// that says nothing (Safari before 16.4) gets the benefit of the doubt: it
// keeps no cookies in frames, and not every platform tells the target.
func mayBeFramed(c *gin.Context, l lti.Launch) bool {
	if c.GetHeader("Sec-Fetch-Dest") != "" {
		return framed(c)
	}
	return l.Presentation.Target != "window"
}

// newWindow answers a launch to which no cookie came back. 403: it isn't let
// in yet, or not at all if it stands in a window.
func (s *Server) newWindow(c *gin.Context, response lti.Response, unbound *lti.Unbound) error {
	l := unbound.Launch
	c.Set(localeKey, s.localeOf(c, l))
	if !mayBeFramed(c, l) {
		c.Set(launchKey, l)
		return &lti.Refusal{Code: lti.CodeCookieMissing, Err: unbound}
	}
	if c.GetHeader("Sec-Fetch-Dest") == "" { // see lti.Unbound
		http.SetCookie(c.Writer, bindingCookie(unbound.CookieName, "window", int(unbound.MaxAge.Seconds())))
	}
	s.frameable(c, l.Presentation.ReturnURL, l.Registration)
	s.Metrics.launch("new_window")
	s.Recorder.Went(admin.Window, l.Registration.ID)
	if l.DeepLinking != nil {
		return s.pickerFrame(c, response, unbound)
	}
	return s.render(c, http.StatusForbidden, web.NewWindow{
		Person: l.User.DisplayName(), URL: "/lti/window",
		Fields: []web.Hidden{
			{Name: "state", Value: response.State},
			{Name: "id_token", Value: string(response.IDToken)},
			{Name: "window", Value: unbound.Window},
		},
	})
}

// jwks publishes the tool's keys.
func (s *Server) jwks(c *gin.Context) error {
	all, err := s.Keys.PublishedKeys(c.Request.Context())
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/json", lti.PublicKeySet(all))
	return nil
}

// limits are those of logins, for each issuer: a class behind one proxy is
// many people at one address, so addresses say nothing.
type limits struct {
	rate rate.Limit
	mu   sync.Mutex
	of   map[string]*rate.Limiter
}

// issuersMost is how many issuers are remembered; made-up ones beyond it make
// all begin anew.
const issuersMost = 10_000

func (l *limits) allow(issuer string) bool {
	if l.rate == 0 {
		return true
	}
	l.mu.Lock()
	if l.of == nil || len(l.of) > issuersMost {
		l.of = map[string]*rate.Limiter{}
	}
	limiter, ok := l.of[issuer]
	if !ok {
		limiter = rate.NewLimiter(l.rate, int(2*l.rate))
		l.of[issuer] = limiter
	}
	l.mu.Unlock()
	return limiter.Allow()
}

// deepLinking signs answers to deep linking requests.
type deepLinking interface {
	Response(context.Context, lti.DeepLinkingAnswer) (string, error)
}

// inSource is all that stands in the host of a source (CSP 3, host-source),
// with what an IPv6 address needs. Anything else may mean something else.
const inSource = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:[]"

// origin is the origin of an absolute address, or empty. It goes into a
// header, where some characters that url.Parse takes in a host mean something.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Host, inSource) != "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
