package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

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
		admin.OurDomain: u.Host, admin.OurOrigin: p.PublicURL, admin.OurList: `["` + p.PublicURL + `/lti/launch"]`, admin.OurKey: string(key.PublicPEM()),
	}, nil
}

func (p *Pages) guide(c *call) error {
	g, err := guideOf(c)
	if err != nil {
		return err
	}
	if of := c.Query("of"); of != "" { // what to paste there once more, for one that is registered
		platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, of)
		if err != nil {
			return err
		}
		page, err := p.pasting(c, g)
		if err != nil {
			return err
		}
		page.Of, page.OfURL = platform.Name, platformURL(platform.ID)
		return p.show(c, web.Platforms, page)
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

// pasting is the first half of a kind's guide: what is to be done there.
func (p *Pages) pasting(c *call, g admin.Guide) (web.GuidePage, error) {
	values, err := p.ours(c)
	if err != nil {
		return web.GuidePage{}, err
	}
	page := web.GuidePage{Name: kindName(g.LMS), Where: g.Where, Shows: g.Shows, Notes: g.Notes, Seen: g.Seen, ByLink: g.ByLink}
	for i, s := range g.Steps {
		page.Steps = append(page.Steps, web.GuideStep{N: i + 1, Label: s.Label, Value: values[s.Paste], Choose: s.Choose, Say: s.Say, Note: s.Note})
	}
	if g.LMS == admin.Canvas {
		text, err := admin.CanvasJSON(p.PublicURL)
		if err != nil {
			return page, err
		}
		page.Imports = append(page.Imports, web.GuideImport{ID: "json", What: "canvas_paste", Text: text})
	}
	return page, nil
}

// guidePage is a kind's guide with what was typed so far.
func (p *Pages) guidePage(c *call, g admin.Guide, a admin.Answers, wrong map[string]string) error {
	page, err := p.pasting(c, g)
	if err != nil {
		return err
	}
	page.URL, page.Wrong = "/admin/platforms/new/"+string(g.LMS), len(wrong) > 0
	page.TryURL = page.URL + "/try"
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
	for _, ask := range g.Asks {
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
			f.Kind, f.As, f.Max = "area", "deployment_ids", deploymentsMost
		case strings.HasSuffix(ask.Field, "_url"):
			f.Kind = "url"
		}
		if f.Own == "" && (ask.Field == "issuer" || ask.Field == "host") {
			f.As = "issuer_of_lms"
		}
		fields = append(fields, f)
	}
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		at := slices.IndexFunc(fields, func(f web.Field) bool { return f.Name == g.From(field) })
		if at >= 0 && fields[at].Wrong == "" {
			fields[at].Wrong = wrong[field]
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
	return &web.Field{Kind: "select", Name: "tenant", Wrong: wrong, Options: tenantOptions(names, chosen)}, nil
}

// tenantOptions are tenants to choose from, by name.
func tenantOptions(names map[string]string, chosen string) []web.Option {
	var options []web.Option
	for id, name := range names {
		options = append(options, web.Option{Value: id, Label: name, On: id == chosen})
	}
	slices.SortFunc(options, func(a, b web.Option) int { return compare(a.Label, b.Label) })
	return options
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
	if wrong := g.Missing(a); len(wrong) > 0 {
		for field, why := range p.Platforms.Wrong(platform) {
			if wrong[field] == "" {
				wrong[field] = why
			}
		}
		return p.guidePage(c, g, a, wrong)
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

// tryPlatform says what a check finds in what is typed so far, and what of it
// can't be right. What isn't typed yet isn't missing.
func (p *Pages) tryPlatform(c *call) error {
	g, err := guideOf(c)
	if err != nil {
		return err
	}
	platform, a, err := p.asked(c, g)
	if err != nil {
		return err
	}
	found, err := p.Platforms.Try(c.ctx(), c.by, platform)
	if err != nil {
		return err
	}
	fields, err := p.guideFields(c, g, a, p.Platforms.Wrong(platform))
	if err != nil {
		return err
	}
	fields = slices.DeleteFunc(fields, func(f web.Field) bool { return f.Value == "" || f.Wrong == "" })
	return p.show(c, web.Platforms, web.FindingsPart{Findings: findings(found), Fields: fields})
}
