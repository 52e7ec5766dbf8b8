package admin

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

const linksURL = "/admin/platforms/links"

func (p *Pages) linkRoutes(r gin.IRouter) {
	r.GET(linksURL, p.staff(p.links))
	r.POST(linksURL, p.staff(p.makeLink))
	r.GET(linksURL+"/new", p.staff(p.newLink))
	r.GET(linksURL+"/by/:link", p.staff(p.link))
	r.POST(linksURL+"/by/:link/revoke", p.staff(p.revokeLink))
	r.POST("/admin/platforms/by/:platform/approve", p.staff(p.approvePlatform))
}

func (p *Pages) links(c *call) error {
	all, err := p.Registering.Links(c.ctx(), c.by)
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.EditPlatforms)
	if err != nil {
		return err
	}
	platforms, err := p.platformNames(c)
	if err != nil {
		return err
	}
	page := web.LinksPage{Now: p.Now(), Many: len(names) > 1}
	for _, l := range all {
		page.List = append(page.List, p.linkLine(l, names, platforms))
	}
	return p.show(c, web.Platforms, page)
}

// platformNames are the names of the actor's platforms, by id.
func (p *Pages) platformNames(c *call) (map[string]string, error) {
	all, err := p.Platforms.List(c.ctx(), c.by)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, platform := range all {
		names[platform.ID] = platform.Name
	}
	return names, nil
}

func (p *Pages) linkLine(l admin.RegistrationLink, tenants, platforms map[string]string) web.LinkLine {
	line := web.LinkLine{
		Note: l.Note, State: string(l.State(p.Now())), MadeAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, Failed: len(l.Failures) > 0,
		URL: linksURL + "/by/" + url.PathEscape(l.ID), Platform: platforms[l.PlatformID],
	}
	if len(tenants) > 1 {
		line.Tenant = tenants[l.TenantID]
	}
	if line.Platform != "" {
		line.PlatformURL = platformURL(l.PlatformID)
	}
	return line
}

type linkLife struct {
	name string
	life time.Duration
}

// linkLives are how long a link may be good for, as the form has it.
var linkLives = []linkLife{{"hour", time.Hour}, {"day", admin.LinkLife}, {"week", 7 * 24 * time.Hour}, {"quarter", admin.LinkLifeMost}}

func (p *Pages) newLink(c *call) error {
	if !c.by.Somewhere(admin.EditPlatforms) {
		return admin.ErrForbidden
	}
	return p.newLinkPage(c, admin.LinkWish{Life: admin.LinkLife}, nil)
}

func (p *Pages) newLinkPage(c *call, w admin.LinkWish, wrong map[string]string) error {
	fields := []web.Field{{Kind: "text", Name: "note", As: "link_note", Value: w.Note, Max: admin.NoteMost, Optional: true, Wrong: wrong["note"]}}
	tenant, err := p.tenantField(c, admin.EditPlatforms, w.TenantID, wrong["tenant"])
	if err != nil {
		return err
	}
	if tenant != nil {
		fields = append(fields, *tenant)
	}
	life := web.Field{Kind: "choice", Name: "life", Wrong: wrong["life"]}
	for _, l := range linkLives {
		life.Options = append(life.Options, web.Option{Value: l.name, Text: "life." + l.name, On: l.life == w.Life})
	}
	fields = append(fields, life, web.Field{Kind: "check", Name: "approve", On: w.Approve})
	page := web.NewLinkPage{URL: linksURL, Fields: focus(fields), Wrong: len(wrong) > 0}
	status := http.StatusOK
	if page.Wrong {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.Platforms, page)
}

func (p *Pages) makeLink(c *call) error {
	w := admin.LinkWish{Note: typed(c.Context, "note"), TenantID: typed(c.Context, "tenant"), Approve: c.PostForm("approve") != ""}
	if i := slices.IndexFunc(linkLives, func(l linkLife) bool { return l.name == c.PostForm("life") }); i >= 0 {
		w.Life = linkLives[i].life
	}
	names, err := p.tenantNames(c, admin.EditPlatforms)
	if err != nil {
		return err
	}
	for id := range names {
		if w.TenantID == "" && len(names) == 1 {
			w.TenantID = id
		}
	}
	if w.TenantID == "" && len(names) > 1 {
		return p.newLinkPage(c, w, map[string]string{"tenant": "choice"})
	}
	link, address, err := p.Registering.NewLink(c.ctx(), c.by, w)
	if wrong := invalid(err); wrong != nil {
		return p.newLinkPage(c, w, wrong)
	}
	if err != nil {
		return err
	}
	return p.show(c, web.Platforms, web.LinkMade{Link: address, ExpiresAt: link.ExpiresAt, Now: p.Now()})
}

func (p *Pages) link(c *call) error {
	l, err := p.Registering.Link(c.ctx(), c.by, c.Param("link"))
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.EditPlatforms)
	if err != nil {
		return err
	}
	platforms, err := p.platformNames(c)
	if err != nil {
		return err
	}
	page := web.LinkPage{
		LinkLine: p.linkLine(l, names, platforms), Now: p.Now(), MadeBy: l.MadeBy, Approve: l.Approve, Said: c.Query("said") == "revoked",
	}
	if state := l.State(p.Now()); state == admin.LinkOpen || state == admin.LinkUsed {
		page.RevokeURL = page.URL + "/revoke"
	}
	for _, f := range l.Failures {
		page.Failures = append(page.Failures, web.LinkFailure{At: f.At, Code: f.Code, Host: f.Host, Words: f.Words})
	}
	return p.show(c, web.Platforms, page)
}

func (p *Pages) revokeLink(c *call) error {
	if err := p.Registering.Revoke(c.ctx(), c.by, c.Param("link")); err != nil {
		return err
	}
	return see(c.Context, query(linksURL+"/by/"+url.PathEscape(c.Param("link")), "said", "revoked"))
}

func (p *Pages) approvePlatform(c *call) error {
	if _, err := p.Registering.Approve(c.ctx(), c.by, c.Param("platform")); err != nil {
		return err
	}
	return see(c.Context, query(platformURL(c.Param("platform")), "said", "approved"))
}
