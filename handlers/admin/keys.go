package admin

import (
	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

const keysURL = "/admin/platforms/keys"

func (p *Pages) keyRoutes(r gin.IRouter) {
	r.GET(keysURL, p.staff(p.keysPage))
	r.GET(keysURL+"/rotate", p.staff(func(c *call) error { return p.rotatePage(c, "") }))
	r.POST(keysURL+"/rotate", p.staff(p.rotate))
	r.POST("/admin/platforms/by/:platform/pasted", p.staff(p.pasted))
}

func (p *Pages) keysPage(c *call) error {
	keys, err := p.Keys.Published(c.ctx(), c.by)
	if err != nil {
		return err
	}
	newest, err := p.Keys.Store.NewestKey(c.ctx())
	if err != nil {
		return err
	}
	platforms, err := p.Keys.Pasted(c.ctx(), c.by)
	if err != nil {
		return err
	}
	page := web.KeysPage{Now: p.Now(), PEM: string(newest.PublicPEM())}
	if said := c.Query("said"); said == "rotated" || said == "pasted" {
		page.Said = said
	}
	signs := keys[len(keys)-1]
	for _, key := range keys {
		page.Keys = append(page.Keys, web.KeyLine{ID: key.ID, Signs: key.ID == signs.ID, Later: key.ID == newest.ID && newest.ID != signs.ID})
	}
	for _, platform := range platforms {
		line := web.PastedLine{Name: platform.Name, URL: platformURL(platform.ID), Old: platform.SignsWith != newest.ID}
		if c.by.Can(admin.EditPlatforms, platform.TenantID) {
			line.PastedURL = platformURL(platform.ID) + "/pasted"
		}
		page.Pasted = append(page.Pasted, line)
	}
	if c.by.Can(admin.Operate, "") {
		page.RotateURL = keysURL + "/rotate"
	}
	return p.show(c, web.Platforms, page)
}

func (p *Pages) rotatePage(c *call, wrong string) error {
	if err := c.by.May(admin.Operate, ""); err != nil {
		return err
	}
	platforms, err := p.Keys.Pasted(c.ctx(), c.by)
	if err != nil {
		return err
	}
	page := web.RotatePage{Danger: web.DangerPage{
		URL: keysURL + "/rotate", BackURL: keysURL, Wrong: wrong,
		Fields: []web.Field{{Kind: "check", Name: "stolen", On: c.PostForm("stolen") != ""}},
	}}
	for _, platform := range platforms {
		page.Pasted = append(page.Pasted, platform.Name)
	}
	status := p.askPassword(c, &page.Danger)
	return p.render(c, status, web.Platforms, page)
}

func (p *Pages) rotate(c *call) error {
	if err := c.by.May(admin.Operate, ""); err != nil {
		return err
	}
	wrong, err := p.confirm(c)
	if err != nil {
		return err
	}
	if wrong != "" {
		return p.rotatePage(c, wrong)
	}
	if _, err := p.Keys.Rotate(c.ctx(), c.by, c.PostForm("stolen") != ""); err != nil {
		return err
	}
	return see(c.Context, keysURL+"?said=rotated")
}

func (p *Pages) pasted(c *call) error {
	if err := p.Keys.IsPasted(c.ctx(), c.by, c.Param("platform")); err != nil {
		return err
	}
	return see(c.Context, keysURL+"?said=pasted")
}
