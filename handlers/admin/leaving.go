package admin

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

func (p *Pages) leavingRoutes(r gin.IRouter) {
	r.GET("/admin/platforms/by/:platform/tenant", p.staff(p.movePlatform))
	r.POST("/admin/platforms/by/:platform/tenant", p.staff(p.movedPlatform))
	r.GET("/admin/platforms/by/:platform/export.zip", p.staff(p.exportPlatform))
	r.GET("/admin/platforms/leaving/:leaving", p.staff(p.leaving))
	r.POST("/admin/platforms/leaving/:leaving/keep", p.staff(p.keepPlatform))
}

func leavingURL(id string) string { return "/admin/platforms/leaving/" + url.PathEscape(id) }

func (p *Pages) movePlatform(c *call) error {
	platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, c.Param("platform"))
	if err != nil {
		return err
	}
	return p.movePage(c, platform, platform.TenantID, nil)
}

func (p *Pages) movePage(c *call, platform admin.Platform, to string, wrong map[string]string) error {
	at := platformURL(platform.ID)
	page := web.MovePage{Name: platform.Name, URL: at + "/tenant", BackURL: at, Wrong: len(wrong) > 0}
	field, err := p.tenantField(c, admin.EditPlatforms, to, wrong["tenant"])
	if err != nil {
		return err
	}
	if field == nil { // there is no other
		return admin.ErrNotFound
	}
	page.Fields = []web.Field{*field}
	return p.render(c, formStatus(page.Wrong), web.Platforms, page)
}

func (p *Pages) movedPlatform(c *call) error {
	to := typed(c.Context, "tenant")
	platform, err := p.Tenants.Move(c.ctx(), c.by, c.Param("platform"), to)
	if wrong := invalid(err); wrong != nil {
		platform, err := p.Platforms.Find(c.ctx(), c.by, admin.EditPlatforms, c.Param("platform"))
		if err != nil {
			return err
		}
		return p.movePage(c, platform, to, wrong)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(platformURL(platform.ID), "said", "changed"))
}

// daysUntil is how many days there are to a time, the last one too.
func daysUntil(now, at time.Time) int {
	return max(0, int((at.Sub(now)+24*time.Hour-1)/(24*time.Hour)))
}

func (p *Pages) leaving(c *call) error {
	l, err := p.Platforms.FindLeaving(c.ctx(), c.by, admin.See, c.Param("leaving"))
	if err != nil {
		return err
	}
	page := web.LeavingPage{Now: p.Now(), Name: l.Name, Days: daysUntil(p.Now(), l.EraseAt), EraseAt: l.EraseAt}
	if c.by.Can(admin.EditPlatforms, l.TenantID) {
		page.KeepURL, page.ExportURL = leavingURL(l.ID)+"/keep", platformURL(l.ID)+"/export.zip"
	}
	return p.show(c, web.Platforms, page)
}

func (p *Pages) keepPlatform(c *call) error {
	if err := p.Platforms.Keep(c.ctx(), c.by, c.Param("leaving")); err != nil {
		return err
	}
	return see(c.Context, "/admin/platforms?said=kept")
}

// leavingLines are the removed platforms that will be erased.
func (p *Pages) leavingLines(c *call) ([]web.LeavingLine, error) {
	all, err := p.Platforms.Leaving(c.ctx(), c.by)
	if err != nil {
		return nil, err
	}
	var lines []web.LeavingLine
	for _, l := range all {
		lines = append(lines, web.LeavingLine{Name: l.Name, Days: daysUntil(p.Now(), l.EraseAt), URL: leavingURL(l.ID)})
	}
	return lines, nil
}

// exportPatience is how long whoever has an export may take for a piece of it.
const exportPatience = time.Minute

// exportPlatform sends all that is kept of a platform, as it is read.
func (p *Pages) exportPlatform(c *call) error {
	platform, err := p.Exports.Find(c.ctx(), c.by, c.Param("platform"))
	if err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="bbbridge-`+platform.ID+`.zip"`)
	c.Header("Content-Type", "application/zip")
	w := &patient{ResponseWriter: c.Writer, control: http.NewResponseController(c.Writer), now: p.Now}
	err = p.Exports.Write(c.ctx(), c.by, platform.ID, w)
	if err != nil && c.Writer.Written() {
		p.Log.ErrorContext(c.Request.Context(), "export", "request", c.GetString("request"), "err", err)
		panic(http.ErrAbortHandler) // so that nobody takes half a file for a whole one
	}
	return err
}

// A patient writer has as long as it goes on: the server's own limit is for pages.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
}

func (w *patient) Write(b []byte) (int, error) {
	if err := w.control.SetWriteDeadline(w.now().Add(exportPatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}
