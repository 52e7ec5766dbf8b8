package admin

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

func (p *Pages) platformRoutes(r gin.IRouter) {
	r.GET("/admin/platforms", p.staff(p.platforms))
	r.GET("/admin/platforms/new", p.staff(p.newPlatform))
	r.GET("/admin/platforms/new/:lms", p.staff(p.guide))
	r.POST("/admin/platforms/new/:lms", p.staff(p.register))
	r.POST("/admin/platforms/new/:lms/try", p.staff(p.tryPlatform))
	r.GET("/admin/platforms/by/:platform", p.staff(p.platform))
	r.GET("/admin/platforms/by/:platform/check", p.staff(p.checkPlatform))
	r.GET("/admin/platforms/by/:platform/edit", p.staff(p.editPlatform))
	r.POST("/admin/platforms/by/:platform/edit", p.staff(p.changePlatform))
	r.POST("/admin/platforms/by/:platform/deployment", p.staff(p.deployment))
	r.POST("/admin/platforms/by/:platform/disable", p.staff(p.disablePlatform))
	r.GET("/admin/platforms/by/:platform/remove", p.staff(p.confirmRemovePlatform))
	r.POST("/admin/platforms/by/:platform/remove", p.staff(p.removePlatform))
}

func platformURL(id string) string { return "/admin/platforms/by/" + url.PathEscape(id) }

// stateOf is the word for how a platform is.
func stateOf(p admin.Platform) string {
	switch {
	case p.Disabled:
		return "disabled"
	case p.Pending:
		return "waiting"
	}
	return "active"
}

func (p *Pages) platforms(c *call) error {
	list, err := p.Platforms.List(c.ctx(), c.by)
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.See)
	if err != nil {
		return err
	}
	page := web.PlatformsPage{Now: p.Now(), Add: c.by.Somewhere(admin.EditPlatforms), Many: len(names) > 1}
	if page.Add {
		page.Links = linksURL
	}
	if page.Leaving, err = p.leavingLines(c); err != nil {
		return err
	}
	if said := c.Query("said"); said == "removed" || said == "kept" || said == "leaving" {
		page.Said = said
	}
	for _, platform := range list {
		page.List = append(page.List, web.PlatformLine{
			Name: platform.Name, Kind: kindName(platform.LMS), Issuer: platform.Issuer, Tenant: names[platform.TenantID],
			State: stateOf(platform), URL: platformURL(platform.ID),
		})
	}
	return p.show(c, web.Platforms, page)
}

func kindName(l admin.LMS) string {
	if l == "" || l == admin.OtherLMS {
		return ""
	}
	return admin.GuideOf(l).Name
}

func (p *Pages) newPlatform(c *call) error {
	if !c.by.Somewhere(admin.EditPlatforms) {
		return admin.ErrForbidden
	}
	page := web.NewPlatformPage{LinkURL: linksURL + "/new"}
	for _, g := range admin.Guides() {
		page.Kinds = append(page.Kinds, web.KindChoice{Name: kindName(g.LMS), URL: "/admin/platforms/new/" + string(g.LMS), ByLink: g.ByLink})
	}
	return p.show(c, web.Platforms, page)
}

func findings(list []admin.Finding) []web.CheckFinding {
	var all []web.CheckFinding
	for _, f := range list {
		all = append(all, web.CheckFinding{Kind: string(f.Mark), Code: f.Code, Detail: f.Detail})
	}
	return all
}

func (p *Pages) platform(c *call) error { return p.platformPage(c, false) }

func (p *Pages) checkPlatform(c *call) error { return p.platformPage(c, true) }

func (p *Pages) platformPage(c *call, check bool) error {
	platform, err := p.Platforms.Find(c.ctx(), c.by, admin.See, c.Param("platform"))
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.See)
	if err != nil {
		return err
	}
	at := platformURL(platform.ID)
	page := web.PlatformPage{
		Now: p.Now(), Name: platform.Name, Kind: kindName(platform.LMS), Issuer: platform.Issuer, Client: platform.ClientID,
		State: stateOf(platform), Adopts: platform.AdoptDeployments, Checked: check, CheckURL: at + "/check", Facts: p.facts(platform, names),
	}
	if said := c.Query("said"); slices.Contains([]string{"added", "changed", "enabled", "disabled", "approved"}, said) {
		page.Said = said
	}
	may := c.by.Can(admin.EditPlatforms, platform.TenantID)
	for _, id := range slices.Sorted(maps.Keys(platform.Deployments)) {
		line := web.DeploymentLine{ID: id, Active: platform.Deployments[id]}
		if may {
			line.URL = at + "/deployment"
		}
		page.Deployments = append(page.Deployments, line)
	}
	if may {
		if err := p.changes(c, platform, &page); err != nil {
			return err
		}
	}
	newest, err := p.Keys.Store.NewestKey(c.ctx())
	if err != nil {
		return err
	}
	if platform.KeyPasted && platform.SignsWith != newest.ID {
		page.KeysURL = keysURL
	}
	if err := p.news(c, platform.ID, may, &page); err != nil {
		return err
	}
	if check {
		found, err := p.Platforms.Check(c.ctx(), c.by, platform.ID)
		if err != nil {
			return err
		}
		page.Findings = findings(found)
	}
	return p.show(c, web.Platforms, page)
}

// changes adds what can be changed of a platform, and where.
func (p *Pages) changes(c *call, platform admin.Platform, page *web.PlatformPage) error {
	at := platformURL(platform.ID)
	page.GuideURL = query("/admin/platforms/new/"+string(admin.GuideOf(platform.LMS).LMS), "of", platform.ID)
	if platform.Pending {
		page.ApproveURL = at + "/approve"
	}
	page.EditURL, page.DisableURL, page.RemoveURL, page.ExportURL = at+"/edit", at+"/disable", at+"/remove", at+"/export.zip"
	mine, err := p.tenantNames(c, admin.EditPlatforms)
	if err != nil {
		return err
	}
	if len(mine) > 1 {
		page.MoveURL = at + "/tenant"
	}
	if platform.LMS == admin.OpenEdX {
		page.LikeURL = query("/admin/platforms/new/openedx", "like", platform.ID)
	}
	return nil
}

// news adds what came from a platform last, and who waits there.
func (p *Pages) news(c *call, id string, may bool, page *web.PlatformPage) error {
	news, err := p.Platforms.News(c.ctx(), c.by, id)
	if err != nil {
		return err
	}
	page.News = web.PlatformNews{LaunchAt: news.LaunchAt, GradeAt: news.GradeAt}
	if f := news.Refused; f != nil {
		page.News.RefusedAt, page.News.Code, page.News.FailureURL = f.At, f.Code, "/admin/failures/"+f.ID
	}
	for _, w := range news.Waiting {
		line := web.WaitingLine{ID: w.ID, Name: w.Name, At: w.At}
		if may {
			line.URL = platformURL(id) + "/deployment"
		}
		page.Waiting = append(page.Waiting, line)
	}
	return nil
}

// facts are what an admin may compare with the platform's own page.
func (p *Pages) facts(platform admin.Platform, names map[string]string) []web.Fact {
	facts := []web.Fact{{Name: "issuer", Value: platform.Issuer}, {Name: "client_id", Value: platform.ClientID}}
	if len(names) > 1 {
		facts = append(facts, web.Fact{Name: "tenant", Value: names[platform.TenantID]})
	}
	facts = append(facts, web.Fact{Name: "auth_url", Value: platform.AuthURL})
	if platform.TokenURL == "" {
		facts = append(facts, web.Fact{Name: "token_url", Text: "platforms.no_token"})
	} else {
		facts = append(facts, web.Fact{Name: "token_url", Value: platform.TokenURL})
	}
	facts = append(facts, web.Fact{Name: "jwks_url", Value: platform.JWKSURL})
	for _, f := range []web.Fact{
		{Name: "token_audience", Value: platform.TokenAudience}, {Name: "algorithms", Value: strings.Join(platform.Algorithms, ", ")},
		{Name: "frame_ancestors", Value: strings.Join(platform.FrameAncestors, ", ")}, {Name: "trusted_audiences", Value: strings.Join(platform.TrustedAudiences, ", ")},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"allow_anonymous", platform.AllowAnonymous}, {"key_pasted", platform.KeyPasted}, {"link_from_deployment", platform.LinkFromDeployment},
	} {
		if f.on {
			facts = append(facts, web.Fact{Name: f.name, Text: "desk.yes"})
		}
	}
	return append(facts, web.Fact{Name: "own_login", Value: p.PublicURL + "/lti/login/" + platform.ID})
}

func (p *Pages) deployment(c *call) error {
	err := p.Platforms.SetDeployment(c.ctx(), c.by, c.Param("platform"), c.PostForm("deployment"), c.PostForm("active") == "yes")
	if wrong := invalid(err); wrong != nil {
		return errors.Join(admin.ErrNotFound, err)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(platformURL(c.Param("platform")), "said", "changed"))
}

func (p *Pages) disablePlatform(c *call) error {
	disabled := c.PostForm("disabled") == "yes"
	if err := p.Platforms.Disable(c.ctx(), c.by, c.Param("platform"), disabled); err != nil {
		return err
	}
	said := "enabled"
	if disabled {
		said = "disabled"
	}
	return see(c.Context, query(platformURL(c.Param("platform")), "said", said))
}

func (p *Pages) confirmRemovePlatform(c *call) error { return p.removePlatformPage(c, "") }

func (p *Pages) removePlatformPage(c *call, wrong string) error {
	platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, c.Param("platform"))
	if err != nil {
		return err
	}
	at := platformURL(platform.ID)
	erases := c.PostForm("data") == "erase"
	return p.danger(c, web.Platforms, web.DangerPage{
		What: "platform_remove", Name: platform.Name, URL: at + "/remove", BackURL: at, FileURL: at + "/export.zip", Wrong: wrong,
		Fields: []web.Field{{Kind: "choice", Name: "data", As: "data_of_platform", Options: []web.Option{
			{Value: "keep", Text: "choice.data_keep", On: !erases}, {Value: "erase", Text: "choice.data_erase", On: erases},
		}}},
	})
}

func (p *Pages) removePlatform(c *call) error {
	wrong, err := p.confirm(c)
	if err != nil {
		return err
	}
	if wrong != "" {
		return p.removePlatformPage(c, wrong)
	}
	if c.PostForm("data") == "erase" {
		if _, err := p.Platforms.Erase(c.ctx(), c.by, c.Param("platform")); err != nil {
			return err
		}
		return see(c.Context, "/admin/platforms?said=leaving")
	}
	if _, err := p.Platforms.Remove(c.ctx(), c.by, c.Param("platform")); err != nil {
		return err
	}
	return see(c.Context, "/admin/platforms?said=removed")
}
