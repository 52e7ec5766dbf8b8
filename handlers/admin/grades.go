package admin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/web"
)

// gradesPage is how many grades a page lists.
const gradesPage = 50

func (p *Pages) gradeRoutes(r gin.IRouter) {
	r.GET("/admin/deliveries", p.staff(p.grades))
	r.POST("/admin/deliveries", p.staff(p.resend))
	r.POST("/admin/deliveries/try", p.staff(p.tryNow))
}

var states = []gradebook.State{gradebook.Refused, gradebook.Waiting, gradebook.Superseded, gradebook.Delivered, gradebook.Withdrawn}

// gradeParams are the search, in an address and in the form that sends again.
var gradeParams = []string{"state", "reason", "platform", "course", "since", "before"}

// gradeQuery is what is searched for. Without a state it is what was refused: it
// waits for somebody.
func gradeQuery(value func(string) string) admin.GradeQuery {
	q := admin.GradeQuery{
		State: gradebook.State(value("state")), Reason: value("reason"), RegistrationID: value("platform"), Course: value("course"), Most: gradesPage,
	}
	switch {
	case q.State == "all":
		q.State = ""
	case !slices.Contains(states, q.State):
		q.State = gradebook.Refused
	}
	q.Since, _ = time.Parse(when, value("since"))
	if parts := strings.SplitN(value("before"), "/", 3); len(parts) == 3 {
		if at, err := strconv.ParseInt(parts[0], 10, 64); err == nil {
			q.Before = admin.GradeKey{TrueAt: time.UnixMilli(at).UTC(), Key: gradebook.Key{PlacementID: parts[1], PersonID: parts[2]}}
		}
	}
	return q
}

func gradeKey(d gradebook.Delivery) string { return d.PlacementID + "/" + d.PersonID }

func (p *Pages) grades(c *call) error {
	ctx := c.ctx()
	value := func(name string) string { return asked(c, name) }
	q := gradeQuery(value)
	list, err := p.Deliveries.Page(ctx, c.by, q)
	if err != nil {
		return err
	}
	paused, err := p.Deliveries.Paused(ctx, c.by)
	if err != nil {
		return err
	}
	platforms, _, err := p.platformOptions(c, q.RegistrationID)
	if err != nil {
		return err
	}
	page := web.GradesPage{Now: p.Now(), Fields: gradeFields(q, value, platforms), Since: !q.Since.IsZero()}
	for _, pause := range paused {
		line := web.PausedPlatform{Name: pause.Platform, Reason: pause.Reason, Waiting: pause.Waiting, NextAt: pause.NextAt, ID: pause.RegistrationID}
		if c.by.Can(admin.Resend, pause.TenantID) && !pause.Disabled {
			line.TryURL = "/admin/deliveries/try"
		}
		page.Paused = append(page.Paused, line)
	}
	if c.by.Somewhere(admin.Resend) {
		page.ResendURL = "/admin/deliveries"
	}
	params := url.Values{}
	for _, name := range gradeParams {
		if v := value(name); v != "" {
			page.Hidden = append(page.Hidden, web.Hidden{Name: name, Value: v})
			params.Set(name, v)
		}
	}
	for _, g := range list {
		page.Lines = append(page.Lines, gradeLine(c, g))
	}
	if len(list) == gradesPage {
		k := list[len(list)-1].Key()
		params.Set("before", strconv.FormatInt(k.TrueAt.UnixMilli(), 10)+"/"+k.PlacementID+"/"+k.PersonID)
		page.More = "/admin/deliveries?" + params.Encode()
	}
	sentAgain(c, &page)
	return p.show(c, web.Failures, page)
}

// sentAgain tells what was just done.
func sentAgain(c *call, page *web.GradesPage) {
	switch what := c.Query("said"); what {
	case "resent":
		page.SaidCount, _ = strconv.Atoi(c.Query("n"))
		page.SaidMore = c.Query("more") != ""
		page.Said = what
	case "tried":
		page.Said = what
	}
}

func gradeFields(q admin.GradeQuery, value func(string) string, platforms []web.Option) []web.Field {
	chosen := []web.Option{{Value: "all", Text: "choice.any", On: q.State == ""}}
	for _, s := range states {
		chosen = append(chosen, web.Option{Value: string(s), Text: "grade_state." + string(s), On: s == q.State})
	}
	reasons := []web.Option{{Text: "choice.any"}}
	for _, r := range append(web.Reasons(), gradebook.ReasonGiven) {
		reasons = append(reasons, web.Option{Value: r, Text: "grade_reason." + r, On: r == q.Reason})
	}
	return []web.Field{
		{Kind: "select", Name: "state", As: "grade_state", Options: chosen},
		{Kind: "select", Name: "reason", As: "grade_reason", Options: reasons},
		{Kind: "select", Name: "platform", As: "failure_platform", Options: platforms},
		{Kind: "search", Name: "course", As: "grade_course", Value: q.Course, Max: 100},
		{Kind: "when", Name: "since", As: "failure_since", Value: value("since")},
	}
}

func gradeLine(c *call, g admin.Grade) web.GradeLine {
	return web.GradeLine{
		Key: gradeKey(g.Delivery), At: g.TrueAt, Person: g.Person, Link: g.Link, Course: g.Course, Platform: g.Platform,
		RoomURL: "/admin/rooms/" + g.RoomID, Points: g.Points, Max: g.Max, State: string(g.State), Reason: g.Reason, Detail: g.Detail,
		Attempts: g.Attempts, NextAt: g.NextAt,
		MayResend: c.by.Can(admin.Resend, g.TenantID) && g.State != gradebook.Withdrawn && g.State != gradebook.Superseded,
	}
}

// resend sends one grade again, all that the page shows, or all since a time.
func (p *Pages) resend(c *call) error {
	form := func(name string) string { return typed(c.Context, name) }
	q := gradeQuery(form)
	var sent int
	var more bool
	var err error
	switch all, one := form("all"), form("grade"); {
	case one != "":
		sent, err = p.Deliveries.ResendOne(c.ctx(), c.by, one)
	case all == "shown":
		sent, err = p.Deliveries.ResendPage(c.ctx(), c.by, q)
	case all == "since" && !q.Since.IsZero():
		sent, more, err = p.Deliveries.ResendAll(c.ctx(), c.by, q)
	default:
		return errForm
	}
	if err != nil {
		return err
	}
	if back := asked(c, "back"); back != "" {
		return see(c.Context, "/admin/failures/"+url.PathEscape(back)+"?said=resent")
	}
	params := []string{"said", "resent", "n", strconv.Itoa(sent)}
	if more {
		params = append(params, "more", "1")
	}
	for _, name := range gradeParams {
		params = append(params, name, form(name))
	}
	return see(c.Context, query("/admin/deliveries", params...))
}

func (p *Pages) tryNow(c *call) error {
	if err := p.Deliveries.TryNow(c.ctx(), c.by, typed(c.Context, "platform")); err != nil {
		return err
	}
	return see(c.Context, "/admin/deliveries?state=waiting&said=tried")
}
