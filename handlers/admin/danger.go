package admin

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// danger shows a page that asks once before a dangerous act, and for the
// password, unless that was typed just now.
func (p *Pages) danger(c *call, section web.Section, page web.DangerPage) error {
	return p.render(c, p.askPassword(c, &page), section, page)
}

// askPassword asks for the password on a page, where that is needed, and
// returns the page's status.
func (p *Pages) askPassword(c *call, page *web.DangerPage) int {
	if !c.by.Confirmed(p.Now()) {
		if c.by.Account {
			page.Fields = append(page.Fields, web.Field{Kind: "password", Name: "password", As: "confirm_password", Fill: "current-password", Max: 256, Focus: true})
		} else if page.Wrong == "" || page.Wrong == "confirm" {
			page.Wrong = "again"
		}
	}
	if page.Wrong != "" && c.Request.Method == http.MethodPost {
		return http.StatusForbidden
	}
	return http.StatusOK
}

// confirm has the actor show that it is them, by the form's password. What it
// returns is why not, for danger.
func (p *Pages) confirm(c *call) (wrong string, err error) {
	err = p.Accounts.Confirm(c.ctx(), c.by, c.PostForm("password"))
	switch {
	case errors.Is(err, admin.ErrConfirm):
		return "confirm", nil
	case errors.Is(err, admin.ErrWrong):
		return "not_yours", nil
	case errors.Is(err, admin.ErrTooManyTry):
		return "slow", nil
	}
	return "", err
}

// compare is the order of names on pages.
func compare(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}
