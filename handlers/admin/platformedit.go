package admin

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

func (p *Pages) editPlatform(c *call) error {
	platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, c.Param("platform"))
	if err != nil {
		return err
	}
	return p.editPage(c, platform.Name, platform, nil)
}

// editPage is the form of a platform as somebody wants it.
func (p *Pages) editPage(c *call, name string, as admin.Platform, wrong map[string]string) error {
	at := platformURL(c.Param("platform"))
	algorithms := web.Field{Kind: "choices", Name: "algorithms"}
	for _, alg := range lists {
		on := slices.Contains(as.Algorithms, alg) || as.Algorithms == nil && alg == lists[0]
		algorithms.Options = append(algorithms.Options, web.Option{Value: alg, Label: alg, On: on})
	}
	page := web.EditPlatformPage{Name: name, URL: at + "/edit", BackURL: at, Wrong: len(wrong) > 0, Fields: focus([]web.Field{
		{Kind: "text", Name: "name", Value: as.Name, Max: 200, Wrong: wrong["name"]},
		{Kind: "url", Name: "auth_url", Value: as.AuthURL, Wrong: wrong["auth_url"]},
		{Kind: "url", Name: "token_url", Value: as.TokenURL, Optional: true, Wrong: wrong["token_url"]},
		{Kind: "url", Name: "jwks_url", Value: as.JWKSURL, Wrong: wrong["jwks_url"]},
		{Kind: "text", Name: "token_audience", Value: as.TokenAudience, Optional: true, Wrong: wrong["token_audience"]},
		{Kind: "area", Name: "deployment_id", As: "deployment_ids", Value: strings.Join(slices.Sorted(maps.Keys(as.Deployments)), "\n"), Optional: true, Max: deploymentsMost, Wrong: wrong["deployment_id"]},
		{Kind: "check", Name: "adopt", On: as.AdoptDeployments},
		{Kind: "area", Name: "frame_ancestors", Value: strings.Join(as.FrameAncestors, "\n"), Optional: true, Wrong: wrong["frame_ancestor"]},
		{Kind: "area", Name: "trusted_audiences", Value: strings.Join(as.TrustedAudiences, "\n"), Optional: true, Wrong: wrong["trusted_audience"]},
		algorithms,
		{Kind: "check", Name: "key_pasted", On: as.KeyPasted},
		{Kind: "check", Name: "allow_anonymous", On: as.AllowAnonymous},
		{Kind: "check", Name: "link_from_deployment", On: as.LinkFromDeployment},
	})}
	status := http.StatusOK
	if page.Wrong {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.Platforms, page)
}

// deploymentsMost is how many characters of deployments may be typed: a Canvas
// key that was installed in each course has thousands of them.
const deploymentsMost = 100_000

// lists are the algorithms with which platforms sign, the usual one first.
var lists = []string{"RS256", "RS384", "RS512", "ES256"}

// apply puts what was typed over a platform.
func apply(c *call, to *admin.Platform) {
	text := func(field string) string { return admin.Pasted(typed(c.Context, field)) }
	on := func(field string) bool { return c.PostForm(field) != "" }
	to.Name, to.AuthURL, to.TokenURL, to.JWKSURL, to.TokenAudience = text("name"), text("auth_url"), text("token_url"), text("jwks_url"), text("token_audience")
	before := to.Deployments
	to.Deployments = map[string]bool{}
	for _, id := range admin.Lines(c.PostForm("deployment_id")) {
		active, known := before[id]
		to.Deployments[id] = active || !known // one that was refused stays so
	}
	to.AdoptDeployments = on("adopt")
	to.FrameAncestors, to.TrustedAudiences = admin.Lines(c.PostForm("frame_ancestors")), admin.Lines(c.PostForm("trusted_audiences"))
	to.Algorithms = nil
	for _, alg := range lists {
		if slices.Contains(c.PostFormArray("algorithms"), alg) {
			to.Algorithms = append(to.Algorithms, alg)
		}
	}
	if slices.Equal(to.Algorithms, lists[:1]) {
		to.Algorithms = nil // the usual
	}
	to.KeyPasted, to.AllowAnonymous, to.LinkFromDeployment = on("key_pasted"), on("allow_anonymous"), on("link_from_deployment")
}

func (p *Pages) changePlatform(c *call) error {
	before, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, c.Param("platform"))
	if err != nil {
		return err
	}
	_, err = p.Platforms.Edit(c.ctx(), c.by, before.ID, func(to *admin.Platform) { apply(c, to) })
	if wrong := invalid(err); wrong != nil {
		as := before
		apply(c, &as)
		return p.editPage(c, before.Name, as, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(platformURL(before.ID)+"/check", "said", "changed"))
}
