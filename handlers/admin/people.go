package admin

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

func (p *Pages) peopleRoutes(r gin.IRouter) {
	r.GET("/admin/people", p.staff(p.people))
	r.POST("/admin/people", p.staff(p.invite))
	r.GET("/admin/people/new", p.staff(p.newPerson))
	r.GET("/admin/people/:staff", p.staff(p.person))
	r.POST("/admin/people/:staff", p.staff(p.changePerson))
	r.POST("/admin/people/:staff/link", p.staff(p.linkPerson))
	r.GET("/admin/people/:staff/remove", p.staff(p.confirmRemove))
	r.POST("/admin/people/:staff/remove", p.staff(p.removePerson))
}

// tenantNames are the names of the actor's tenants, by id.
func (p *Pages) tenantNames(c *call, action admin.Action) (map[string]string, error) {
	all, err := p.Registry.Tenants(c.ctx())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, t := range all {
		if c.by.Can(action, t.ID) {
			names[t.ID] = t.Name
		}
	}
	return names, nil
}

func (p *Pages) people(c *call) error {
	all, err := p.Accounts.List(c.ctx(), c.by)
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.EditStaff)
	if err != nil {
		return err
	}
	page := web.PeoplePage{Now: p.Now(), Audit: c.by.Somewhere(admin.SeeAudit)}
	page.Said = said(c, "changed", "removed")
	for _, s := range all {
		line := web.StaffLine{Email: s.Email, Role: string(s.Role), Active: s.Active(), URL: "/admin/people/" + s.ID, You: s.ID == c.by.StaffID}
		for _, t := range s.Tenants {
			if name := names[t]; name != "" {
				line.Tenants = append(line.Tenants, name)
			}
		}
		page.Staff = append(page.Staff, line)
	}
	return p.show(c, web.People, page)
}

// wish is the account that a form asks for.
func wish(c *call) admin.Wish {
	return admin.Wish{Email: typed(c.Context, "email"), Role: admin.Role(c.PostForm("role")), Tenants: c.PostFormArray("tenants")}
}

// personFields is the form of an account. Whose email is empty is a new one.
func (p *Pages) personFields(c *call, w admin.Wish, isNew bool, wrong map[string]string) ([]web.Field, error) {
	names, err := p.tenantNames(c, admin.EditStaff)
	if err != nil {
		return nil, err
	}
	var fields []web.Field
	if isNew {
		fields = append(fields, web.Field{Kind: "email", Name: "email", Value: w.Email, Max: 254, Wrong: wrong["email"]})
	}
	role := web.Field{Kind: "choice", Name: "role", Wrong: wrong["role"]}
	for _, r := range admin.Roles() {
		if r != admin.Operator || c.by.Can(admin.EditTenants, "") {
			role.Options = append(role.Options, web.Option{Value: string(r), Text: "role." + string(r), On: r == w.Role})
		}
	}
	tenants := web.Field{Kind: "choices", Name: "tenants", Wrong: wrong["tenants"]}
	for id, name := range names {
		tenants.Options = append(tenants.Options, web.Option{Value: id, Label: name, On: slices.Contains(w.Tenants, id) || len(names) == 1})
	}
	slices.SortFunc(tenants.Options, func(a, b web.Option) int { return compare(a.Label, b.Label) })
	return focus(append(fields, role, tenants)), nil
}

func (p *Pages) newPerson(c *call) error {
	if !c.by.Somewhere(admin.EditStaff) {
		return admin.ErrForbidden
	}
	return p.personPage(c, admin.Staff{}, admin.Wish{Role: admin.TenantAdmin}, nil)
}

// personPage is the form of an account; without an id it is a new one.
func (p *Pages) personPage(c *call, s admin.Staff, w admin.Wish, wrong map[string]string) error {
	fields, err := p.personFields(c, w, s.ID == "", wrong)
	if err != nil {
		return err
	}
	page := web.PersonPage{New: s.ID == "", Email: s.Email, Active: s.Active(), URL: "/admin/people", Fields: fields, Wrong: len(wrong) > 0}
	if s.ID != "" {
		page.URL += "/" + s.ID
		page.LinkURL, page.RemoveURL = page.URL+"/link", page.URL+"/remove"
		if s.SecondFactor && c.by.Can(admin.EditTenants, "") {
			page.SecondURL = page.URL + "/second/remove"
		}
	}
	status := http.StatusOK
	if page.Wrong {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.People, page)
}

func (p *Pages) invite(c *call) error {
	w := wish(c)
	s, link, err := p.Accounts.Add(c.ctx(), c.by, w)
	switch wrong := invalid(err); {
	case errors.Is(err, admin.ErrExists):
		return p.personPage(c, admin.Staff{}, w, map[string]string{"email": "exists"})
	case wrong != nil:
		return p.personPage(c, admin.Staff{}, w, wrong)
	case err != nil:
		return err
	}
	return p.show(c, web.People, p.linkPage(s.Email, admin.Invite, link))
}

func (p *Pages) linkPage(email string, purpose admin.Purpose, link string) web.StaffLink {
	now := p.Now()
	return web.StaffLink{Email: email, Purpose: string(purpose), Link: link, Now: now, Until: now.Add(admin.LinkFor(purpose)).Truncate(time.Minute)}
}

func (p *Pages) person(c *call) error {
	s, err := p.Accounts.Find(c.ctx(), c.by, c.Param("staff"))
	if err != nil {
		return err
	}
	return p.personPage(c, s, admin.Wish{Role: s.Role, Tenants: s.Tenants}, nil)
}

func (p *Pages) changePerson(c *call) error {
	w := wish(c)
	err := p.Accounts.Change(c.ctx(), c.by, c.Param("staff"), w)
	if wrong := invalid(err); wrong != nil {
		s, err := p.Accounts.Find(c.ctx(), c.by, c.Param("staff"))
		if err != nil {
			return err
		}
		return p.personPage(c, s, w, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, "/admin/people?said=changed")
}

func (p *Pages) linkPerson(c *call) error {
	s, err := p.Accounts.Find(c.ctx(), c.by, c.Param("staff"))
	if err != nil {
		return err
	}
	link, err := p.Accounts.NewLink(c.ctx(), c.by, s.ID)
	if err != nil {
		return err
	}
	purpose := admin.Invite
	if s.Active() {
		purpose = admin.Reset
	}
	return p.show(c, web.People, p.linkPage(s.Email, purpose, link))
}

func (p *Pages) confirmRemove(c *call) error { return p.removePage(c, "") }

func (p *Pages) removePage(c *call, wrong string) error {
	s, err := p.Accounts.Find(c.ctx(), c.by, c.Param("staff"))
	if err != nil {
		return err
	}
	at := "/admin/people/" + s.ID
	return p.danger(c, web.People, web.DangerPage{What: "staff_remove", Name: s.Email, URL: at + "/remove", BackURL: at, Wrong: wrong})
}

func (p *Pages) removePerson(c *call) error {
	if wrong, err := p.confirm(c); wrong != "" || err != nil {
		if err != nil {
			return err
		}
		return p.removePage(c, wrong)
	}
	if _, err := p.Accounts.Remove(c.ctx(), c.by, c.Param("staff")); err != nil {
		return err
	}
	return see(c.Context, "/admin/people?said=removed")
}
