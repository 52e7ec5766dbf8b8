package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// cookie is that of staff: never sent from another site, and no page of a
// course knows it.
const cookie = "__Host-bbbridge-staff"

// knownCookie is that of a browser in which somebody of the staff has signed in.
const knownCookie = "__Host-bbbridge-known"

func (p *Pages) doorRoutes(r gin.IRouter) {
	r.GET("/admin/sign-in", p.open(p.signIn))
	r.POST("/admin/sign-in", p.open(p.enter))
	r.GET("/admin/sign-in/code", p.open(func(c *gin.Context) error { return p.codePage(c, http.StatusOK, "") }))
	r.POST("/admin/sign-in/code", p.open(p.enterCode))
	r.POST("/admin/sign-out", p.staff(p.leave))
	for path, purpose := range map[string]admin.Purpose{
		"/admin/setup": admin.Setup, "/admin/invitation": admin.Invite, "/admin/password": admin.Reset,
	} {
		r.GET(path, p.open(func(c *gin.Context) error { return p.chosen(c, purpose) }))
		r.POST(path, p.open(func(c *gin.Context) error { return p.choose(c, purpose) }))
	}
	r.GET("/admin/account", p.staff(p.account))
	r.POST("/admin/account/end", p.staff(p.endSignIn))
	p.secondRoutes(r)
}

// pageHeader is what the script of a page sends that asks for it again.
const pageHeader = "Bbbridge-Page"

func from(c *gin.Context) admin.From {
	f := admin.From{Address: c.ClientIP(), Browser: c.Request.UserAgent(), Unasked: c.GetHeader(pageHeader) != ""}
	if known, err := c.Request.Cookie(knownCookie); err == nil {
		f.Known = known.Value
	}
	return f
}

// actor is who the request's cookie speaks for; admin.ErrSignedOut.
func (p *Pages) actor(c *gin.Context) (admin.Actor, error) {
	value, err := c.Request.Cookie(cookie)
	if err != nil {
		return admin.Actor{}, admin.ErrSignedOut
	}
	return p.Accounts.Actor(c.Request.Context(), value.Value, from(c))
}

// toSignIn leads to the sign-in, and from there to where they were going.
func (p *Pages) toSignIn(c *call) {
	next := ""
	if c.Request.Method == http.MethodGet {
		next = c.Request.URL.RequestURI()
	}
	_ = see(c.Context, query("/admin/sign-in", "next", next))
}

// keep has the browser speak for who has just signed in.
func keep(c *gin.Context, in admin.SignedIn) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: cookie, Value: in.Cookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	if in.Known != "" {
		http.SetCookie(c.Writer, &http.Cookie{
			Name: knownCookie, Value: in.Known, Path: "/", MaxAge: int(admin.KnownFor.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
}

// entered leads on who has shown a password.
func entered(c *gin.Context, in admin.SignedIn, next string) error {
	keep(c, in)
	if in.Pending {
		return see(c, query("/admin/sign-in/code", "next", next))
	}
	return see(c, ours(next))
}

// ours is an address of these pages, or that of the first.
func ours(address string) string {
	if strings.HasPrefix(address, "/admin/") && !strings.ContainsAny(address, "\\\r\n") {
		return address
	}
	return "/admin/"
}

func signInFields(email string) []web.Field {
	return focus([]web.Field{
		{Kind: "email", Name: "email", Value: email, Fill: "username", Max: 254},
		{Kind: "password", Name: "password", Fill: "current-password", Max: 256},
	})
}

func (p *Pages) signIn(c *gin.Context) error {
	if _, err := p.actor(c); err == nil {
		return see(c, ours(c.Query("next")))
	}
	page := p.signInPage(signInFields(""), c.Query("next"))
	page.Out = c.Query("out") != ""
	return p.show(&call{Context: c}, "", page)
}

func (p *Pages) enter(c *gin.Context) error {
	email := typed(c, "email")
	in, err := p.Accounts.Enter(c.Request.Context(), email, c.PostForm("password"), from(c))
	wrong, status := "", http.StatusUnauthorized
	switch {
	case err == nil:
		return entered(c, in, c.Query("next"))
	case errors.Is(err, admin.ErrTooManyTry):
		wrong, status = "slow", http.StatusTooManyRequests
	case errors.Is(err, admin.ErrWrong):
		wrong = "wrong"
	default:
		return err
	}
	fields := signInFields(email)
	if email != "" {
		fields[0].Focus, fields[1].Focus = false, true
	}
	page := p.signInPage(fields, c.Query("next"))
	page.Wrong = wrong
	return p.render(&call{Context: c}, status, "", page)
}

func (p *Pages) leave(c *call) error {
	if err := p.Accounts.Leave(c.ctx(), c.by); err != nil {
		return err
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: cookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	return see(c.Context, "/admin/sign-in?out=1")
}

// chosen is the page of a link on which its owner chooses a password.
func (p *Pages) chosen(c *gin.Context, purpose admin.Purpose) error {
	return p.passwordPage(c, purpose, c.Query("code"), "", nil)
}

func (p *Pages) passwordPage(c *gin.Context, purpose admin.Purpose, code, email string, wrong map[string]string) error {
	on := &call{Context: c}
	_, s, err := p.Accounts.Opened(c.Request.Context(), purpose, code)
	if errors.Is(err, admin.ErrLinkOver) {
		return p.linkOver(on)
	}
	if err != nil {
		return err
	}
	page := web.PasswordPage{Purpose: string(purpose), Email: s.Email, URL: c.Request.URL.Path, Code: code}
	if purpose == admin.Setup {
		page.Fields = append(page.Fields, web.Field{Kind: "email", Name: "email", Value: email, Fill: "username", Max: 254, Wrong: wrong["email"]})
	}
	page.Fields = focus(append(page.Fields,
		web.Field{Kind: "password", Name: "password", As: "new_password", Fill: "new-password", Max: 256, Wrong: wrong["password"]}))
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return p.render(on, status, "", page)
}

func (p *Pages) linkOver(c *call) error {
	empty, err := p.Accounts.Empty(c.Request.Context())
	if err != nil {
		return err
	}
	return p.render(c, http.StatusGone, "", web.LinkOver{SetUp: !empty})
}

// choose uses the link up, and signs in.
func (p *Pages) choose(c *gin.Context, purpose admin.Purpose) error {
	email := typed(c, "email")
	in, err := p.Accounts.Choose(c.Request.Context(), purpose, c.PostForm("code"), email, c.PostForm("password"), from(c))
	switch {
	case err == nil:
		if purpose == admin.Setup {
			return entered(c, in, startURL)
		}
		return entered(c, in, "")
	case errors.Is(err, admin.ErrLinkOver):
		return p.linkOver(&call{Context: c})
	case errors.Is(err, admin.ErrExists):
		return p.passwordPage(c, purpose, c.PostForm("code"), email, map[string]string{"email": "exists"})
	case invalid(err) != nil:
		return p.passwordPage(c, purpose, c.PostForm("code"), email, invalid(err))
	}
	return err
}

func (p *Pages) account(c *call) error {
	page := web.AccountPage{Now: p.Now(), Who: c.by.Name, Role: string(c.by.Role), Said: justSaid(c, "ended", "second_off"), Account: c.by.Account}
	factor, err := p.Accounts.SecondFactor(c.ctx(), c.by)
	if err != nil {
		return err
	}
	page.Second, page.RecoveryLeft = !factor.ConfirmedAt.IsZero(), factor.RecoveryLeft
	all, err := p.Accounts.SignIns(c.ctx(), c.by)
	if err != nil {
		return err
	}
	for _, s := range all {
		page.SignIns = append(page.SignIns, web.SignInLine{
			ID: s.ID, Address: s.Address, Browser: s.Browser, Since: s.CreatedAt, LastAt: s.SeenAt, Here: s.ID == c.by.SignInID,
		})
	}
	return p.show(c, "", page)
}

// justSaid is what was just done, if it is one of these.
func justSaid(c *call, known ...string) string {
	if text := c.Query("said"); slices.Contains(known, text) {
		return text
	}
	return ""
}

func (p *Pages) endSignIn(c *call) error {
	if err := p.Accounts.End(c.ctx(), c.by, typed(c.Context, "id")); err != nil {
		return err
	}
	return see(c.Context, "/admin/account?said=ended")
}
