package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/admin/oidc"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// An Institution is where people sign in who have no account of ours.
type Institution struct {
	Provider      provider
	Issuer, Claim string
	Name          string // on the button
}

type provider interface {
	Begin(context.Context) (string, oidc.Step, error)
	Finish(context.Context, oidc.Step, url.Values) (oidc.Person, error)
}

const (
	providerURL = "/admin/oidc"
	// stepCookie keeps what was sent to the provider. It comes back with a
	// redirect from another site, so it can't be as strict as that of staff.
	stepCookie = "__Host-bbbridge-oidc"
	stepFor    = 600 // seconds
)

// kept is a step, and where it was going.
type kept struct {
	oidc.Step
	Next string
}

func (p *Pages) providerRoutes(r gin.IRouter) {
	r.GET("/admin/oidc", p.open(p.toProvider))
	r.GET("/admin/oidc/back", p.open(p.fromProvider))
}

func setStep(c *gin.Context, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: stepCookie, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// toProvider leads to the sign-in of the institution.
func (p *Pages) toProvider(c *gin.Context) error {
	if p.Institution == nil {
		return admin.ErrNotFound
	}
	address, step, err := p.Institution.Provider.Begin(c.Request.Context())
	if err != nil {
		return p.notIn(c, err)
	}
	text, err := json.Marshal(kept{step, ours(c.Query("next"))})
	if err != nil {
		return err
	}
	setStep(c, base64.RawURLEncoding.EncodeToString(text), stepFor)
	return see(c, address)
}

// step is what the browser has kept, once.
func step(c *gin.Context) (k kept) {
	value, err := c.Request.Cookie(stepCookie)
	if err != nil {
		return kept{}
	}
	setStep(c, "", -1)
	text, err := base64.RawURLEncoding.DecodeString(value.Value)
	if err != nil || json.Unmarshal(text, &k) != nil {
		return kept{}
	}
	return k
}

// fromProvider signs in whom the institution has named.
func (p *Pages) fromProvider(c *gin.Context) error {
	if p.Institution == nil {
		return admin.ErrNotFound
	}
	k := step(c)
	who, err := p.Institution.Provider.Finish(c.Request.Context(), k.Step, c.Request.URL.Query())
	if err != nil {
		return p.notIn(c, err)
	}
	in, err := p.Accounts.AdmitMember(c.Request.Context(), admin.Member{
		Issuer: p.Institution.Issuer, Subject: who.Subject, Name: who.Name, Values: oidc.Values(who.Claims, p.Institution.Claim),
	}, from(c))
	if errors.Is(err, admin.ErrForbidden) {
		p.Log.InfoContext(c.Request.Context(), "no role for a member of the institution", "request", c.GetString("request"), "claims", claimNames(who.Claims))
		return p.render(&call{Context: c}, http.StatusForbidden, "", web.NoRolePage{
			Name: who.Name, Institution: p.Institution.Name, Claim: p.Institution.Claim, Claims: claimNames(who.Claims),
		})
	}
	if err != nil {
		return err
	}
	return p.goOn(c, in, k.Next)
}

// goOn shows a page that goes on by itself. The request came from another site,
// and so would one that we redirect it to: the browser wouldn't send the cookie.
func (p *Pages) goOn(c *gin.Context, in admin.SignedIn, next string) error {
	keep(c, in)
	c.Header("Refresh", "0; url="+ours(next))
	return p.show(&call{Context: c}, "", web.GoOnPage{URL: ours(next)})
}

// Admit signs in whom their LMS calls an administrator, and goes on.
func (p *Pages) Admit(c *gin.Context, person classroom.Person) error {
	in, err := p.Accounts.AdmitAdministrator(c.Request.Context(), person, from(c))
	if err != nil {
		return err
	}
	return p.goOn(c, in, "")
}

// claimNames are those of what came, without what they said; of many the first.
func claimNames(claims map[string]any) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if len(names) == 40 {
			break
		}
		names = append(names, name[:min(len(name), 80)])
	}
	return names
}

// notIn is the sign-in page, with why the institution's didn't work.
func (p *Pages) notIn(c *gin.Context, err error) error {
	wrong, status := "", http.StatusBadGateway
	switch {
	case errors.Is(err, oidc.ErrAway):
		wrong = "provider_away"
	case errors.Is(err, oidc.ErrCancelled):
		wrong, status = "provider_cancelled", http.StatusForbidden
	case errors.Is(err, oidc.ErrRefused):
		wrong, status = "provider_refused", http.StatusForbidden
	default:
		return err
	}
	p.Log.WarnContext(c.Request.Context(), "no sign-in by the institution", "request", c.GetString("request"), "code", wrong, "err", err)
	page := p.signInPage(signInFields(""), "")
	page.Wrong = wrong
	return p.render(&call{Context: c}, status, "", page)
}

// signInPage is the sign-in, by an account and, where it is set, by the
// institution.
func (p *Pages) signInPage(fields []web.Field, next string) web.SignInPage {
	page := web.SignInPage{Fields: fields, URL: query("/admin/sign-in", "next", next)}
	if p.Institution != nil {
		page.Other, page.OtherName = query(providerURL, "next", next), p.Institution.Name
	}
	return page
}
