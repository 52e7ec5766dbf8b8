package admin

import (
	"errors"
	"maps"
	"net/http"
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
	if c.Query("said") == "removed" {
		page.Said = "removed"
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

// guideOf is the guide of the address, for who may register.
func guideOf(c *call) (admin.Guide, error) {
	if !c.by.Somewhere(admin.EditPlatforms) {
		return admin.Guide{}, admin.ErrForbidden
	}
	for _, g := range admin.Guides() {
		if string(g.LMS) == c.Param("lms") {
			return g, nil
		}
	}
	return admin.Guide{}, admin.ErrNotFound
}

// ours are our values, as they are pasted into an LMS.
func (p *Pages) ours(c *call) (map[admin.Ours]string, error) {
	key, err := p.Keys.Store.NewestKey(c.ctx())
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(p.PublicURL)
	if err != nil {
		return nil, err
	}
	return map[admin.Ours]string{
		admin.OurLaunch: p.PublicURL + "/lti/launch", admin.OurLogin: p.PublicURL + "/lti/login",
		admin.OurKeys: p.PublicURL + "/.well-known/jwks.json", admin.OurIcon: p.PublicURL + web.StaticPath + "icon-128.png",
		admin.OurDomain: u.Host, admin.OurList: `["` + p.PublicURL + `/lti/launch"]`, admin.OurKey: string(key.PublicPEM()),
	}, nil
}

func (p *Pages) guide(c *call) error {
	g, err := guideOf(c)
	if err != nil {
		return err
	}
	a := admin.Answers{}
	if like := c.Query("like"); like != "" { // another one like it
		platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, like)
		if err != nil {
			return err
		}
		a = admin.Answers{"issuer": platform.Issuer, "tenant": platform.TenantID}
	}
	return p.guidePage(c, g, a, nil)
}

// guidePage is a kind's guide with what was typed so far.
func (p *Pages) guidePage(c *call, g admin.Guide, a admin.Answers, wrong map[string]string) error {
	values, err := p.ours(c)
	if err != nil {
		return err
	}
	at := "/admin/platforms/new/" + string(g.LMS)
	page := web.GuidePage{
		Name: kindName(g.LMS), Where: g.Where, Shows: g.Shows, Notes: g.Notes, Seen: g.Seen, ByLink: g.ByLink,
		URL: at, TryURL: at + "/try", Wrong: len(wrong) > 0,
	}
	for i, s := range g.Steps {
		page.Steps = append(page.Steps, web.GuideStep{N: i + 1, Label: s.Label, Value: values[s.Paste], Choose: s.Choose, Say: s.Say, Note: s.Note})
	}
	if g.LMS == admin.Canvas {
		text, err := admin.CanvasJSON(p.PublicURL)
		if err != nil {
			return err
		}
		page.Imports = append(page.Imports, web.GuideImport{ID: "json", What: "canvas_paste", Text: text})
	}
	if page.Fields, err = p.guideFields(c, g, a, wrong); err != nil {
		return err
	}
	status := http.StatusOK
	if page.Wrong {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.Platforms, page)
}

// guideFields is the form of a guide: what we call it, whose it is, and what
// the LMS shows. A flaw of a derived value is told where it comes from.
func (p *Pages) guideFields(c *call, g admin.Guide, a admin.Answers, wrong map[string]string) ([]web.Field, error) {
	fields := []web.Field{{Kind: "text", Name: "name", Value: a["name"], Max: 200, Wrong: wrong["name"]}}
	tenant, err := p.tenantField(c, admin.EditPlatforms, a["tenant"], wrong["tenant"])
	if err != nil {
		return nil, err
	}
	if tenant != nil {
		fields = append(fields, *tenant)
	}
	asked := map[string]bool{"name": true, "tenant": true}
	for _, ask := range g.Asks {
		asked[ask.Field] = true
		f := web.Field{Kind: "text", Name: ask.Field, Own: ask.Label, Value: a[ask.Field], Optional: ask.Optional, Wrong: wrong[ask.Field]}
		switch {
		case ask.Choices != nil:
			f.Kind = "choice"
			for i, choice := range ask.Choices {
				f.Options = append(f.Options, web.Option{Value: choice, Text: "choice." + choice, On: a[ask.Field] == choice || a[ask.Field] == "" && i == 0})
			}
		case ask.Field == "key_pasted":
			f.Kind, f.On = "check", a[ask.Field] != ""
		case ask.Lines:
			f.Kind, f.As = "area", "deployment_ids"
		case strings.HasSuffix(ask.Field, "_url"):
			f.Kind = "url"
		}
		if f.Own == "" && f.As == "" && ask.Field == "issuer" {
			f.As = "issuer_of_lms"
		}
		fields = append(fields, f)
	}
	// A value that was derived is wrong because of what it was made of.
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		if !asked[field] {
			at := slices.IndexFunc(fields, func(f web.Field) bool { return f.Name == "issuer" || f.Name == "token_url" })
			if at >= 0 && fields[at].Wrong == "" {
				fields[at].Wrong = wrong[field]
			}
		}
	}
	if len(wrong) > 0 { // else the page begins above, with what to do in the LMS
		fields = focus(fields)
	}
	return fields, nil
}

// tenantField asks whose something is; nil if there is only one that may be.
func (p *Pages) tenantField(c *call, action admin.Action, chosen, wrong string) (*web.Field, error) {
	names, err := p.tenantNames(c, action)
	if err != nil || len(names) < 2 {
		return nil, err
	}
	f := web.Field{Kind: "select", Name: "tenant", Wrong: wrong}
	for id, name := range names {
		f.Options = append(f.Options, web.Option{Value: id, Label: name, On: id == chosen})
	}
	slices.SortFunc(f.Options, func(a, b web.Option) int { return compare(a.Label, b.Label) })
	return &f, nil
}

// asked is the platform that a guide's form asks for.
func (p *Pages) asked(c *call, g admin.Guide) (admin.Platform, admin.Answers, error) {
	a := admin.Answers{"name": typed(c.Context, "name"), "tenant": typed(c.Context, "tenant")}
	for _, ask := range g.Asks {
		a[ask.Field] = typed(c.Context, ask.Field)
	}
	platform := admin.Platform{
		Registration: g.Registration(a), TenantID: a["tenant"], LMS: g.LMS, KeyPasted: g.KeyPasted() || a["key_pasted"] != "",
	}
	if platform.TenantID == "" {
		names, err := p.tenantNames(c, admin.EditPlatforms)
		if err != nil {
			return platform, a, err
		}
		for id := range names {
			if len(names) == 1 {
				platform.TenantID = id
			}
		}
	}
	return platform, a, nil
}

func (p *Pages) register(c *call) error {
	g, err := guideOf(c)
	if err != nil {
		return err
	}
	platform, a, err := p.asked(c, g)
	if err != nil {
		return err
	}
	added, err := p.Platforms.Add(c.ctx(), c.by, platform)
	if wrong := invalid(err); wrong != nil {
		return p.guidePage(c, g, a, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(platformURL(added.ID)+"/check", "said", "added"))
}

// tryPlatform says what a check finds in what is typed so far.
func (p *Pages) tryPlatform(c *call) error {
	g, err := guideOf(c)
	if err != nil {
		return err
	}
	platform, _, err := p.asked(c, g)
	if err != nil {
		return err
	}
	found, err := p.Platforms.Try(c.ctx(), c.by, platform)
	if err != nil {
		return err
	}
	return p.show(c, web.Platforms, web.FindingsPart{Findings: findings(found)})
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
	page.GuideURL = "/admin/platforms/new/" + string(admin.GuideOf(platform.LMS).LMS)
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
		if platform.Pending {
			page.ApproveURL = at + "/approve"
		}
		page.EditURL, page.DisableURL, page.RemoveURL = at+"/edit", at+"/disable", at+"/remove"
		if platform.LMS == admin.OpenEdX {
			page.LikeURL = query("/admin/platforms/new/openedx", "like", platform.ID)
		}
	}
	newest, err := p.Keys.Store.NewestKey(c.ctx())
	if err != nil {
		return err
	}
	if platform.KeyPasted && platform.SignsWith != newest.ID {
		page.KeysURL = keysURL
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
	return p.danger(c, web.Platforms, web.DangerPage{What: "platform_remove", Name: platform.Name, URL: at + "/remove", BackURL: at, Wrong: wrong})
}

func (p *Pages) removePlatform(c *call) error {
	wrong, err := p.confirm(c)
	if err != nil {
		return err
	}
	if wrong != "" {
		return p.removePlatformPage(c, wrong)
	}
	if _, err := p.Platforms.Remove(c.ctx(), c.by, c.Param("platform")); err != nil {
		return err
	}
	return see(c.Context, "/admin/platforms?said=removed")
}
