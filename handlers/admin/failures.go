package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/web"
)

// failuresPage is how many failures a page lists.
const failuresPage = 50

func (p *Pages) failureRoutes(r gin.IRouter) {
	r.GET("/admin/failures", p.staff(p.failures))
	r.GET("/admin/failures/:failure", p.staff(p.failure))
	r.POST("/admin/support", p.staff(p.support))
}

// asked is a value of the address, bounded.
func asked(c *call, name string) string {
	text := []rune(harmlessText(c.Query(name)))
	return string(text[:min(len(text), 100)])
}

// when is how a browser's field for a time writes it, here in UTC.
const when = "2006-01-02T15:04"

func whenAsked(c *call, name string) (at time.Time, text string) {
	at, err := time.Parse(when, c.Query(name))
	if err != nil {
		return time.Time{}, ""
	}
	return at, c.Query(name)
}

// platformOptions are the platforms of the actor, for a choice.
func (p *Pages) platformOptions(c *call, chosen string) (options []web.Option, names map[string]string, err error) {
	all, err := p.Registry.Platforms(c.ctx())
	if err != nil {
		return nil, nil, err
	}
	names = map[string]string{}
	for _, platform := range all {
		if c.by.Can(admin.See, platform.TenantID) {
			names[platform.ID] = platform.Name
			options = append(options, web.Option{Value: platform.ID, Label: platform.Name, On: platform.ID == chosen})
		}
	}
	slices.SortFunc(options, func(a, b web.Option) int { return compare(a.Label, b.Label) })
	return append([]web.Option{{Text: "choice.any"}}, options...), names, nil
}

// kinds are those of a list with commas.
func kinds(text string) (list []admin.Happening) {
	for kind := range strings.SplitSeq(text, ",") {
		if kind != "" {
			list = append(list, admin.Happening(kind))
		}
	}
	return list
}

func (p *Pages) failures(c *call) error {
	ctx := c.ctx()
	q := admin.FailureQuery{
		Text: asked(c, "q"), Code: asked(c, "code"), Kinds: kinds(asked(c, "kind")), RegistrationID: asked(c, "platform"),
		Before: asked(c, "before"), Most: failuresPage,
	}
	var since, until string
	q.Since, since = whenAsked(c, "since")
	q.Until, until = whenAsked(c, "until")
	list, err := p.Failures.Page(ctx, c.by, q)
	if err != nil {
		return err
	}
	if len(list) == 1 && q.Before == "" && list[0].Request != "" && sameNumber(q.Text, list[0].Request) {
		return see(c.Context, "/admin/failures/"+list[0].ID)
	}
	counts, err := p.Failures.Counts(ctx, c.by)
	if err != nil {
		return err
	}
	options, names, err := p.platformOptions(c, q.RegistrationID)
	if err != nil {
		return err
	}
	page := web.FailuresPage{
		Now: p.Now(), Kept: p.FailuresKept, Asked: q.Text+q.Code+c.Query("kind")+q.RegistrationID+since+until != "",
		Fields: []web.Field{
			{Kind: "search", Name: "q", As: "failure_text", Value: q.Text, Max: 100},
			{Kind: "select", Name: "code", As: "failure_code", Options: codeOptions(counts, q.Code)},
			{Kind: "select", Name: "platform", As: "failure_platform", Options: options},
			{Kind: "when", Name: "since", As: "failure_since", Value: since},
			{Kind: "when", Name: "until", As: "failure_until", Value: until},
		},
	}
	for _, f := range list {
		page.Lines = append(page.Lines, failureLine(f))
	}
	if len(list) == failuresPage {
		page.More = query("/admin/failures", "q", q.Text, "code", q.Code, "kind", asked(c, "kind"), "platform", q.RegistrationID,
			"since", since, "until", until, "before", list[len(list)-1].ID)
	}
	if !page.Asked && q.Before == "" {
		if err := p.failuresAtLarge(c, counts, names, &page); err != nil {
			return err
		}
	}
	return p.show(c, web.Failures, page)
}

// failuresAtLarge adds what isn't about one failure.
func (p *Pages) failuresAtLarge(c *call, counts []admin.CodeCount, names map[string]string, page *web.FailuresPage) error {
	for _, n := range counts {
		page.Counts = append(page.Counts, web.FailureCount{
			Kind: string(n.Kind), Code: n.Code, Day: n.Day, Week: n.Week, Unkept: n.Unkept, LastAt: n.LastAt,
			URL: query("/admin/failures", "code", n.Code, "kind", string(n.Kind)),
		})
	}
	silent, err := p.Failures.Silent(c.ctx(), c.by)
	if err != nil {
		return err
	}
	for _, s := range silent {
		if name := names[s.RegistrationID]; name != "" {
			page.Silent = append(page.Silent, web.SilentPlatform{Name: name, LoginAt: s.LoginAt, Logins: s.Logins, LaunchURL: p.PublicURL + "/lti/launch"})
		}
	}
	if c.by.Can(admin.Operate, "") {
		page.Bundle = "/admin/support"
	}
	return nil
}

// codeOptions are the codes that there were, for a choice.
func codeOptions(counts []admin.CodeCount, chosen string) []web.Option {
	var codes []string
	for _, n := range counts {
		codes = append(codes, n.Code)
	}
	if chosen != "" {
		codes = append(codes, chosen)
	}
	slices.Sort(codes)
	options := []web.Option{{Text: "choice.any"}}
	for _, code := range slices.Compact(codes) {
		options = append(options, web.Option{Value: code, Label: code, On: code == chosen})
	}
	return options
}

func failureLine(f admin.Failure) web.FailureLine {
	line := web.FailureLine{
		At: f.At, URL: "/admin/failures/" + f.ID, Kind: string(f.Kind), Code: f.Code, Number: f.Request,
		Person: f.Name, Platform: f.Platform, Room: f.Room, Course: f.Course,
	}
	if line.Platform == "" {
		line.Platform = f.Issuer
	}
	if line.Room == "" {
		line.Room, line.Course = f.LinkTitle, f.CourseTitle
	}
	return line
}

func (p *Pages) failure(c *call) error {
	story, err := p.Failures.Story(c.ctx(), c.by, c.Param("failure"))
	if err != nil {
		return err
	}
	page := web.FailurePage{
		Now: p.Now(), Kind: string(story.Kind), Code: story.Code, Number: story.Request, LMS: story.Platform,
		Facts: p.failureFacts(story.Failure), Steps: steps(story), Ahead: max(story.ClockAhead, 0), Behind: max(-story.ClockAhead, 0),
	}
	if c.Query("said") == "resent" {
		page.Said = "resent"
	}
	if story.Approve {
		page.ApproveURL, page.Deployment = "/admin/platforms/by/"+story.RegistrationID+"/deployment", story.DeploymentID
	}
	switch story.Code {
	case "login_unknown_platform":
		if c.by.Somewhere(admin.EditPlatforms) {
			page.RegisterURL = "/admin/platforms/new"
		}
	case "platform_error", "login_bad_target_link_uri", "target_link_uri_invalid":
		page.Setup = p.PublicURL + "/lti/launch"
	case "server_down", "server_busy", "server_refused", "no_server", "no_token", "bad_token":
		if c.by.Can(admin.EditServers, "") {
			page.ServersURL = "/admin/servers"
		}
	}
	switch story.Code {
	case "server_down", "server_busy", "server_refused":
		page.ServerCause = causeOfCall(story.Got)
	}
	if story.Resend {
		page.ResendURL, page.Grade = "/admin/deliveries?back="+story.ID, gradeOf(story)
	}
	return p.show(c, web.Failures, page)
}

// gradeOf names the grade of a story.
func gradeOf(story admin.Story) string {
	for _, s := range story.Steps {
		if d := s.Delivery; d != nil && (d.State == gradebook.Refused || d.State == gradebook.Waiting) {
			return gradeKey(*d)
		}
	}
	return ""
}

// steps are the lines of a story. What began it is said first.
func steps(story admin.Story) []web.StoryStep {
	var list []web.StoryStep
	lms := story.Platform
	if lms == "" {
		lms = story.Issuer
	}
	first := story.LoginAt
	if first.IsZero() && story.Kind == admin.Login {
		first = story.At
	}
	switch {
	case story.Kind != admin.Login && story.Kind != admin.Launch || first.IsZero() || lms == "":
	case story.Name != "":
		list = append(list, web.StoryStep{At: first, What: "clicked", Person: story.Name, Link: story.LinkTitle, LMS: lms})
	default:
		list = append(list, web.StoryStep{At: first, What: "began", LMS: lms})
	}
	for _, s := range story.Steps {
		step := web.StoryStep{At: s.At, What: s.What}
		if s.Failure != nil {
			step.Kind, step.Code = string(s.Failure.Kind), s.Failure.Code
			if !s.This {
				step.URL = "/admin/failures/" + s.Failure.ID
			}
		}
		switch {
		case s.Delivery == nil:
		case s.What == "sent":
			step.Points, step.Max = s.Delivery.SentPoints, s.Delivery.SentMax
		default:
			step.Points, step.Max = s.Delivery.Points, s.Delivery.Max
		}
		list = append(list, step)
	}
	return list
}

// failureFacts are the values that are known of a failure, in the order in which an
// admin compares them.
func (p *Pages) failureFacts(f admin.Failure) []web.FailureFact {
	link := f.LinkTitle
	course := f.Course
	if course == "" {
		course = f.CourseTitle
	}
	room := ""
	if f.RoomID != "" {
		room = "/admin/rooms/" + f.RoomID
	}
	status := ""
	if f.Status != 0 {
		status = itoa(f.Status)
	}
	var list []web.FailureFact
	for _, fact := range []web.FailureFact{
		{Name: "expected", Value: f.Expected, Code: true}, {Name: "got", Value: f.Got, Code: true}, {Name: "said", Value: f.Said},
		{Name: "number", Value: f.Request, Code: true}, {Name: "code", Value: f.Code, Code: true},
		{Name: "time", Value: f.At.UTC().Format("2006-01-02 15:04:05 UTC"), Code: true},
		{Name: "tenant", Value: f.Tenant}, {Name: "platform", Value: f.Platform}, {Name: "course", Value: course},
		{Name: "room", Value: f.Room, URL: room}, {Name: "link", Value: link}, {Name: "person", Value: f.Name},
		{Name: "issuer", Value: f.Issuer, Code: true}, {Name: "client_id", Value: f.ClientID, Code: true},
		{Name: "deployment", Value: f.DeploymentID, Code: true}, {Name: "path", Value: f.Path, Code: true},
		{Name: "call", Value: f.Call, Code: true}, {Name: "status", Value: status, Code: true}, {Name: "cause", Value: f.Cause, Code: true},
	} {
		if fact.Value != "" {
			list = append(list, fact)
		}
	}
	return list
}

// support hands out the bundle.
func (p *Pages) support(c *call) error {
	if err := c.by.May(admin.Operate, ""); err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="bbbridge-support.zip"`)
	c.Header("Content-Type", "application/zip")
	b := buffer()
	defer buffers.Put(b)
	if err := p.Bundles.Write(c.ctx(), c.by, b); err != nil {
		c.Writer.Header().Del("Content-Disposition")
		return err
	}
	c.Data(http.StatusOK, "application/zip", b.Bytes())
	return nil
}

// sameNumber reports whether a text is a request's number, as people type it.
func sameNumber(text, number string) bool {
	plain := strings.NewReplacer("-", "", " ", "")
	return strings.EqualFold(plain.Replace(text), plain.Replace(number))
}
