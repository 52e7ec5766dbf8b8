package admin

import (
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// secondURL is where somebody turns on that signing in takes a code.
const secondURL = "/admin/account/second"

func (p *Pages) secondRoutes(r gin.IRouter) {
	r.GET(secondURL, p.staff(func(c *call) error { return p.secondPage(c, "") }))
	r.POST(secondURL, p.staff(p.beginSecond))
	r.POST(secondURL+"/confirm", p.staff(p.confirmSecond))
	r.GET(secondURL+"/remove", p.staff(func(c *call) error { return p.secondOffPage(c, "") }))
	r.POST(secondURL+"/remove", p.staff(p.removeSecond))
	r.GET("/admin/people/:staff/second/remove", p.staff(func(c *call) error { return p.takeSecondPage(c, "") }))
	r.POST("/admin/people/:staff/second/remove", p.staff(p.takeSecond))
}

// pendingCookie is that of whoever has shown a password so far.
func pendingCookie(c *gin.Context) string {
	value, err := c.Request.Cookie(cookie)
	if err != nil {
		return ""
	}
	return value.Value
}

// codePage asks for the code besides the password.
func (p *Pages) codePage(c *gin.Context, status int, wrong string) error {
	err := p.Accounts.Pending(c.Request.Context(), pendingCookie(c))
	if errors.Is(err, admin.ErrSignedOut) {
		return see(c, query("/admin/sign-in", "next", c.Query("next")))
	}
	if err != nil {
		return err
	}
	return p.render(&call{Context: c}, status, "", web.CodePage{
		URL: query("/admin/sign-in/code", "next", c.Query("next")), Wrong: wrong,
		Fields: focus([]web.Field{{Kind: "text", Name: "code", As: "sign_in_code", Fill: "one-time-code", Max: 40}}),
	})
}

func (p *Pages) enterCode(c *gin.Context) error {
	in, err := p.Accounts.EnterCode(c.Request.Context(), pendingCookie(c), c.PostForm("code"), from(c))
	switch {
	case err == nil:
		return entered(c, in, c.Query("next"))
	case errors.Is(err, admin.ErrTooManyTry):
		return p.codePage(c, http.StatusTooManyRequests, "slow")
	case errors.Is(err, admin.ErrWrong):
		return p.codePage(c, http.StatusUnauthorized, "code")
	case errors.Is(err, admin.ErrSignedOut):
		return see(c, query("/admin/sign-in", "next", c.Query("next")))
	}
	return err
}

// beginSecond makes a secret, once its owner has shown that it is them.
func (p *Pages) beginSecond(c *call) error {
	if !c.by.Confirmed(p.Now()) && c.PostForm("password") == "" {
		return p.secondOnPage(c, "")
	}
	if wrong, err := p.confirm(c); wrong != "" || err != nil {
		if err != nil {
			return err
		}
		return p.secondOnPage(c, wrong)
	}
	err := p.Accounts.BeginSecondFactor(c.ctx(), c.by)
	if errors.Is(err, admin.ErrExists) {
		return see(c.Context, "/admin/account")
	}
	if err != nil {
		return err
	}
	return see(c.Context, secondURL)
}

func (p *Pages) secondOnPage(c *call, wrong string) error {
	return p.danger(c, "", web.DangerPage{What: "second_on", Name: c.by.Name, URL: secondURL, BackURL: "/admin/account", Wrong: wrong})
}

// secondPage shows what is put into an app, and asks for its first code.
func (p *Pages) secondPage(c *call, wrong string) error {
	e, err := p.Accounts.Enrolment(c.ctx(), c.by)
	if errors.Is(err, admin.ErrNotFound) {
		return see(c.Context, "/admin/account")
	}
	if err != nil {
		return err
	}
	status := http.StatusOK
	if wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	code := web.Field{Kind: "code", Name: "code", Fill: "one-time-code", Max: 12, Wrong: wrong, Focus: wrong != ""} // at first the picture is to be seen
	return p.render(c, status, "", web.SecondPage{
		Secret: e.Secret, Address: template.URL(e.Address), //nolint:gosec // of our own making
		Picture: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(e.Picture)), //nolint:gosec // of our own making
		URL:     secondURL + "/confirm",
		Fields:  []web.Field{code},
	})
}

func (p *Pages) confirmSecond(c *call) error {
	codes, err := p.Accounts.ConfirmSecondFactor(c.ctx(), c.by, c.PostForm("code"))
	switch {
	case errors.Is(err, admin.ErrWrong):
		return p.secondPage(c, "code")
	case errors.Is(err, admin.ErrNotFound):
		return see(c.Context, "/admin/account")
	case err != nil:
		return err
	}
	return p.show(c, "", web.RecoveryPage{Codes: codes})
}

func (p *Pages) secondOffPage(c *call, wrong string) error {
	return p.danger(c, "", web.DangerPage{What: "second_off", Name: c.by.Name, URL: secondURL + "/remove", BackURL: "/admin/account", Wrong: wrong})
}

func (p *Pages) removeSecond(c *call) error {
	if wrong, err := p.confirm(c); wrong != "" || err != nil {
		if err != nil {
			return err
		}
		return p.secondOffPage(c, wrong)
	}
	err := p.Accounts.RemoveOwnSecondFactor(c.ctx(), c.by)
	if err != nil && !errors.Is(err, admin.ErrNotFound) {
		return err
	}
	return see(c.Context, "/admin/account?said=second_off")
}

// takeSecondPage is for an operator, about somebody who has lost it.
func (p *Pages) takeSecondPage(c *call, wrong string) error {
	if err := c.by.May(admin.EditTenants, ""); err != nil {
		return err
	}
	s, err := p.Accounts.Find(c.ctx(), c.by, c.Param("staff"))
	if err != nil {
		return err
	}
	at := "/admin/people/" + s.ID
	return p.danger(c, web.People, web.DangerPage{What: "second_take", Name: s.Email, URL: at + "/second/remove", BackURL: at, Wrong: wrong})
}

func (p *Pages) takeSecond(c *call) error {
	if err := c.by.May(admin.EditTenants, ""); err != nil {
		return err
	}
	if wrong, err := p.confirm(c); wrong != "" || err != nil {
		if err != nil {
			return err
		}
		return p.takeSecondPage(c, wrong)
	}
	if _, err := p.Accounts.RemoveSecondFactor(c.ctx(), c.by, c.Param("staff")); err != nil {
		return err
	}
	return see(c.Context, "/admin/people?said=changed")
}
