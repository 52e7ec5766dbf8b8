package admin

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

const tenantsURL = "/admin/tenants"

func (p *Pages) tenantRoutes(r gin.IRouter) {
	r.GET(tenantsURL, p.staff(p.tenants))
	r.POST(tenantsURL, p.staff(p.addTenant))
	r.GET("/admin/tenants/new", p.staff(p.newTenant))
	r.GET("/admin/tenants/by/:tenant", p.staff(p.tenant))
	r.POST("/admin/tenants/by/:tenant", p.staff(p.changeTenant))
	r.GET("/admin/tenants/by/:tenant/roles", p.staff(p.tenantRoles))
	r.POST("/admin/tenants/by/:tenant/roles", p.staff(p.changeRoles))
	r.POST("/admin/tenants/by/:tenant/logo", p.staffReading(readUpload, p.setLogo))
	r.POST("/admin/tenants/by/:tenant/logo/remove", p.staff(p.removeLogo))
	r.GET("/admin/tenants/by/:tenant/remove", p.staff(p.confirmRemoveTenant))
	r.POST("/admin/tenants/by/:tenant/remove", p.staff(p.removeTenant))
}

func tenantURL(id string) string { return tenantsURL + "/by/" + url.PathEscape(id) }

// tenants is the list; where there is one, it leads to that.
func (p *Pages) tenants(c *call) error {
	list, err := p.Tenants.List(c.ctx(), c.by, admin.EditTenant)
	if err != nil {
		return err
	}
	page := web.TenantsPage{Add: c.by.Can(admin.EditTenants, "")}
	if c.Query("said") == "removed" {
		page.Said = "removed"
	}
	if len(list) == 1 {
		return see(c.Context, query(tenantURL(list[0].ID), "said", page.Said))
	}
	platforms, err := p.Platforms.List(c.ctx(), c.by)
	if err != nil {
		return err
	}
	for _, t := range list {
		line := web.TenantLine{Name: t.Name, URL: tenantURL(t.ID)}
		for _, platform := range platforms {
			if platform.TenantID == t.ID {
				line.Platforms++
			}
		}
		page.List = append(page.List, line)
	}
	return p.show(c, web.Tenants, page)
}

func (p *Pages) newTenant(c *call) error {
	if err := c.by.May(admin.EditTenants, ""); err != nil {
		return err
	}
	return p.newTenantPage(c, "", nil)
}

func (p *Pages) newTenantPage(c *call, name string, wrong map[string]string) error {
	page := web.NewTenantPage{Wrong: len(wrong) > 0, Fields: focus([]web.Field{nameField(name, wrong)})}
	return p.render(c, formStatus(page.Wrong), web.Tenants, page)
}

// formStatus is the status of a page with a form.
func formStatus(wrong bool) int {
	if wrong {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

func nameField(name string, wrong map[string]string) web.Field {
	return web.Field{Kind: "text", Name: "name", As: "tenant_name", Value: name, Max: admin.TenantNameMost, Wrong: wrong["name"]}
}

func (p *Pages) addTenant(c *call) error {
	name := typed(c.Context, "name")
	t, err := p.Tenants.Add(c.ctx(), c.by, name)
	if wrong := invalid(err); wrong != nil {
		return p.newTenantPage(c, name, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(tenantURL(t.ID), "said", "added"))
}

func (p *Pages) tenant(c *call) error {
	t, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenant, c.Param("tenant"))
	if err != nil {
		return err
	}
	return p.tenantPage(c, t, tenantForm{Tenant: t}, nil)
}

// tenantSaid are what may have been done just now.
var tenantSaid = []string{"added", "saved", "logo", "no_logo", "roles", "removed"}

// tenantPage shows a tenant, with its form as somebody wants it.
func (p *Pages) tenantPage(c *call, t classroom.Tenant, as tenantForm, wrong map[string]string) error {
	all, err := p.Tenants.List(c.ctx(), c.by, admin.See)
	if err != nil {
		return err
	}
	at := tenantURL(t.ID)
	page := web.TenantPage{
		Name: t.Name, URL: at, RolesURL: at + "/roles", Wrong: len(wrong) > 0 && wrong["logo"] == "", Parts: as.parts(p, c.by.Can(admin.EditTenants, ""), wrong),
		Logo: web.LogoForm{URL: at + "/logo", Wrong: wrong["logo"]},
	}
	if said := c.Query("said"); slices.Contains(tenantSaid, said) && len(wrong) == 0 {
		page.Said = said
	}
	if len(all) > 1 {
		page.List = tenantsURL
	}
	for _, r := range policyFields(t.Policy)[:len(policies)-1] { // the last is no role that moderates
		page.Roles = append(page.Roles, web.RoleLine{Name: r.Name, Moderates: r.On})
	}
	page.Shades.Light, page.Shades.Dark = web.Readable(t.Look.Accent)
	if _, hash := web.LookStyle(t.Look.Accent); hash != "" {
		page.Shades.StyleURL = "/tenant/" + t.ID + "/look." + hash + ".css"
	}
	if t.Look.Logo != "" {
		page.Logo.Picture, page.Logo.RemoveURL = classroom.LogoPath(t.ID, t.Look.Logo), at+"/logo/remove"
	}
	if c.by.Can(admin.EditTenants, "") {
		if len(all) == 1 {
			page.AddURL = tenantsURL + "/new"
		}
		if t.ID != classroom.DefaultTenant {
			page.Removal = at + "/remove"
		}
	}
	return p.render(c, formStatus(len(wrong) > 0), web.Tenants, page)
}

func (p *Pages) changeTenant(c *call) error {
	before, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenant, c.Param("tenant"))
	if err != nil {
		return err
	}
	as := typedTenant(c, before)
	_, err = p.Tenants.Change(c.ctx(), c.by, before.ID, as.apply)
	if wrong := invalid(err); wrong != nil {
		return p.tenantPage(c, before, as, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(tenantURL(before.ID), "said", "saved"))
}

// policyFields are the roles of which a tenant says whether they moderate.
func policyFields(of classroom.Policy) []web.Field {
	var fields []web.Field
	for _, r := range policies {
		fields = append(fields, web.Field{Kind: "check", Name: r.name, On: *r.of(&of) != r.turned})
	}
	return fields
}

// policies are the ticks of a policy. One that is turned says the opposite.
var policies = []struct {
	name   string
	of     func(*classroom.Policy) *bool
	turned bool
}{
	{"administrators_moderate", func(p *classroom.Policy) *bool { return &p.AdministratorsModerate }, false},
	{"content_developers_moderate", func(p *classroom.Policy) *bool { return &p.ContentDevelopersModerate }, false},
	{"managers_moderate", func(p *classroom.Policy) *bool { return &p.ManagersModerate }, false},
	{"graders_moderate", func(p *classroom.Policy) *bool { return &p.GradersView }, true},
	{"institution_instructors_moderate", func(p *classroom.Policy) *bool { return &p.InstitutionInstructorsModerate }, false},
	{"administrators_set_up", func(p *classroom.Policy) *bool { return &p.AdministratorsSetUp }, false},
}

func typedPolicy(c *call) func(*classroom.Policy) {
	return func(to *classroom.Policy) {
		for _, r := range policies {
			*r.of(to) = (c.PostForm(r.name) != "") != r.turned
		}
	}
}

func (p *Pages) tenantRoles(c *call) error {
	t, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenant, c.Param("tenant"))
	if err != nil {
		return err
	}
	return p.rolesPage(c, t, t.Policy, "")
}

func (p *Pages) rolesPage(c *call, t classroom.Tenant, as classroom.Policy, wrong string) error {
	at := tenantURL(t.ID)
	return p.danger(c, web.Tenants, web.DangerPage{
		What: "tenant_roles", Name: t.Name, URL: at + "/roles", BackURL: at, Fields: policyFields(as), Wrong: wrong,
	})
}

func (p *Pages) changeRoles(c *call) error {
	t, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenant, c.Param("tenant"))
	if err != nil {
		return err
	}
	wrong, err := p.confirm(c)
	if err != nil {
		return err
	}
	if wrong != "" {
		as := t.Policy
		typedPolicy(c)(&as)
		return p.rolesPage(c, t, as, wrong)
	}
	if _, err := p.Tenants.SetPolicy(c.ctx(), c.by, t.ID, typedPolicy(c)); err != nil {
		return err
	}
	return see(c.Context, query(tenantURL(t.ID), "said", "roles"))
}

// uploadMost is what a form with a picture may have around it, in bytes. What
// is larger than a picture may be is told of, as long as it isn't much larger.
const uploadMost = 4 * admin.LogoMost

// readUpload reads a form with a file, and keeps it in memory.
func readUpload(c *gin.Context) error {
	if c.ContentType() != "multipart/form-data" {
		return errForm
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, uploadMost)
	if err := c.Request.ParseMultipartForm(uploadMost); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil // the form is empty then, and so is the picture
		}
		return errors.Join(errForm, err)
	}
	return nil
}

func (p *Pages) setLogo(c *call) error {
	t, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenant, c.Param("tenant"))
	if err != nil {
		return err
	}
	picture, err := uploaded(c, "logo")
	if err != nil {
		return err
	}
	err = p.Tenants.SetLogo(c.ctx(), c.by, t.ID, picture)
	if wrong := invalid(err); wrong != nil {
		return p.tenantPage(c, t, tenantForm{Tenant: t}, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(tenantURL(t.ID), "said", "logo"))
}

// uploaded is a file of the form; of one that is too large, one byte more than
// is taken. Empty: there is none.
func uploaded(c *call, name string) ([]byte, error) {
	if c.Request.MultipartForm == nil {
		return make([]byte, admin.LogoMost+1), nil
	}
	header, err := c.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Join(errForm, err)
	}
	file, err := header.Open()
	if err != nil {
		return nil, errors.Join(errForm, err)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, admin.LogoMost+1))
}

func (p *Pages) removeLogo(c *call) error {
	if err := p.Tenants.RemoveLogo(c.ctx(), c.by, c.Param("tenant")); err != nil {
		return err
	}
	return see(c.Context, query(tenantURL(c.Param("tenant")), "said", "no_logo"))
}

func (p *Pages) confirmRemoveTenant(c *call) error { return p.removeTenantPage(c, "") }

func (p *Pages) removeTenantPage(c *call, wrong string) error {
	if err := c.by.May(admin.EditTenants, ""); err != nil {
		return err
	}
	t, err := p.Tenants.Find(c.ctx(), c.by, admin.EditTenants, c.Param("tenant"))
	if err != nil {
		return err
	}
	at := tenantURL(t.ID)
	return p.danger(c, web.Tenants, web.DangerPage{What: "tenant_remove", Name: t.Name, URL: at + "/remove", BackURL: at, Wrong: wrong})
}

func (p *Pages) removeTenant(c *call) error {
	wrong, err := p.confirm(c)
	if err != nil {
		return err
	}
	if wrong != "" {
		return p.removeTenantPage(c, wrong)
	}
	if _, err := p.Tenants.Remove(c.ctx(), c.by, c.Param("tenant")); err != nil {
		return err
	}
	return see(c.Context, query(tenantsURL, "said", "removed"))
}
