package admin

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// roomsPage is how many rooms a page lists.
const roomsPage = 50

func (p *Pages) overviewRoutes(r gin.IRouter) {
	r.GET("/admin/", p.staff(p.overview))
	r.GET("/admin/courses", p.staff(p.courses))
	r.GET("/admin/rooms/:room", p.staff(p.look))
}

// A looker shows a room as its teacher sees it, without what could be done there.
type looker interface {
	Look(*gin.Context, classroom.Seat) error
}

func (p *Pages) overview(c *call) error {
	period := admin.Hours
	if c.Query("period") == string(admin.Days) {
		period = admin.Days
	}
	view, err := p.Overviews.Overview(c.ctx(), c.by, period)
	if err != nil {
		return err
	}
	page := web.OverviewPage{
		Now: p.Now(), Classes: view.Classes, People: view.People, Figures: figures(view.Day), Charts: charts(view.Spans, period == admin.Days),
		Days: period == admin.Days, OtherURL: "/admin/?period=30d", Staff: -1,
	}
	if page.Days {
		page.OtherURL = "/admin/"
	}
	for _, s := range states {
		page.Deliveries = append(page.Deliveries, web.NamedCount{Name: string(s), N: view.Deliveries[s], URL: "/admin/deliveries?state=" + string(s)})
	}
	for kind, n := range view.Jobs {
		page.Jobs = append(page.Jobs, web.NamedCount{Name: string(kind), N: n})
	}
	slices.SortFunc(page.Jobs, func(a, b web.NamedCount) int { return compare(a.Name, b.Name) })
	for _, m := range view.Platforms {
		line := web.MarkLine{Name: m.Name, State: string(m.State), Why: m.Why, At: m.At, URL: "/admin/failures?platform=" + m.ID}
		if c.by.Somewhere(admin.EditPlatforms) {
			line.URL = "/admin/platforms/by/" + m.ID
		}
		page.Platforms = append(page.Platforms, line)
	}
	for _, m := range view.Servers {
		page.Servers = append(page.Servers, web.MarkLine{Name: m.Name, State: string(m.State), Why: m.Why, At: m.At, URL: serverAt(m.ID)})
	}
	if c.by.Somewhere(admin.EditStaff) {
		people, err := p.Accounts.List(c.ctx(), c.by)
		if err != nil {
			return err
		}
		page.Staff = len(people)
	}
	if c.by.Somewhere(admin.EditPlatforms) {
		start, err := p.Starts.Of(c.ctx(), c.by)
		if err != nil {
			return err
		}
		if !start.Done() {
			page.StartURL = startURL
		}
	}
	return p.show(c, web.Overview, page)
}

// figures are the numbers of a day, each linked to what it counts.
func figures(s admin.Sums) []web.Figure {
	failures := func(kinds string) string {
		return query("/admin/failures", "kind", kinds, "since", s.From.UTC().Format(when))
	}
	return []web.Figure{
		{Name: "launches", N: s.Launches}, {Name: "refused", N: s.Refused, URL: failures("login,launch")},
		{Name: "joins", N: s.Joins}, {Name: "joins_refused", N: s.JoinsRefused, URL: failures("join")},
		{Name: "callbacks", N: s.Callbacks}, {Name: "callbacks_refused", N: s.CallbacksRefused, URL: failures("callback")},
		{Name: "grades", N: s.Grades}, {Name: "grades_refused", N: s.GradesRefused, URL: failures("delivery")},
	}
}

func charts(spans []admin.Sums, days bool) []web.Chart {
	list := []web.Chart{{Name: "launches"}, {Name: "joins"}, {Name: "callbacks"}, {Name: "grades"}}
	for i := range list {
		list[i].Days = days
	}
	for _, s := range spans {
		for i, n := range [][2]int{{s.Launches, s.Refused}, {s.Joins, s.JoinsRefused}, {s.Callbacks, s.CallbacksRefused}, {s.Grades, s.GradesRefused}} {
			list[i].Series = append(list[i].Series, web.Point{From: s.From, Well: n[0], Wrong: n[1]})
		}
	}
	return list
}

func (p *Pages) courses(c *call) error {
	q := admin.RoomQuery{Text: asked(c, "q"), RegistrationID: asked(c, "platform"), After: asked(c, "after"), Most: roomsPage}
	list, err := p.Rooms.Find(c.ctx(), c.by, q)
	if err != nil {
		return err
	}
	platforms, _, err := p.platformOptions(c, q.RegistrationID)
	if err != nil {
		return err
	}
	page := web.CoursesPage{Now: p.Now(), Fields: []web.Field{
		{Kind: "search", Name: "q", As: "room_text", Value: q.Text, Max: 100},
		{Kind: "select", Name: "platform", As: "failure_platform", Options: platforms},
	}}
	for _, r := range list {
		page.Lines = append(page.Lines, web.RoomLine{
			Title: r.Title, Course: r.Course, Platform: r.Platform, URL: "/admin/rooms/" + r.ID, Live: r.Live, LastClass: r.LastClass, Links: r.Links,
		})
	}
	if len(list) == roomsPage {
		page.More = query("/admin/courses", "q", q.Text, "platform", q.RegistrationID, "after", list[len(list)-1].ID)
	}
	return p.show(c, web.Overview, page)
}

func (p *Pages) look(c *call) error {
	seat, err := p.Rooms.Look(c.ctx(), c.by, c.Param("room"))
	if err != nil {
		return err
	}
	return p.Looker.Look(c.Context, seat)
}
