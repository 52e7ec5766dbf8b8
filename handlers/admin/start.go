package admin

import (
	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

const startURL = "/admin/start"

// start is the guide from nothing to the first class.
func (p *Pages) start(c *call) error {
	s, err := p.Starts.Of(c.ctx(), c.by)
	if err != nil {
		return err
	}
	page := web.StartPage{
		Now: p.Now(), Servers: s.Servers, Platforms: len(s.Platforms), TeacherAt: s.TeacherAt, LearnerAt: s.LearnerAt, Waits: !s.Done(),
	}
	if c.by.Can(admin.EditServers, "") {
		page.ServerURL = "/admin/servers/new"
	}
	if c.by.Somewhere(admin.EditPlatforms) {
		page.PlatformURL = "/admin/platforms/new"
	}
	newest := admin.Platform{}
	for _, platform := range s.Platforms {
		if !platform.CreatedAt.Before(newest.CreatedAt) {
			newest = platform
		}
	}
	page.LMS = string(newest.LMS)
	return p.show(c, web.Overview, page)
}
