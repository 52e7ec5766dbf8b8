package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/web"
)

func (p *Pages) serverRoutes(r gin.IRouter) {
	r.GET("/admin/servers", p.staff(p.servers))
	r.POST("/admin/servers", p.staff(p.addServer))
	r.GET("/admin/servers/new", p.staff(p.newServer))
	r.POST("/admin/servers/check", p.staff(p.checkServer))
	r.GET("/admin/servers/:server", p.staff(p.server))
	r.GET("/admin/servers/:server/edit", p.staff(p.serverForm))
	r.POST("/admin/servers/:server/edit", p.staff(p.editServer))
	r.GET("/admin/servers/:server/secret", p.staff(p.serverSecret))
	r.POST("/admin/servers/:server/secret", p.staff(p.setServerSecret))
	r.GET("/admin/servers/:server/forget", p.staff(p.confirmForget))
	r.POST("/admin/servers/:server/forget", p.staff(p.forgetSecrets))
	r.POST("/admin/servers/:server/assign", p.staff(p.assignServer))
	r.POST("/admin/servers/:server/drain", p.staff(p.drainServer))
	r.POST("/admin/servers/:server/look", p.staff(p.lookAtServer))
	r.GET("/admin/servers/:server/remove", p.staff(p.confirmServerRemove))
	r.POST("/admin/servers/:server/remove", p.staff(p.removeServer))
	r.GET("/admin/servers/:server/test", p.staff(p.serverTest))
	r.POST("/admin/servers/:server/test", p.staff(p.testServer))
}

func serverAt(id string) string { return "/admin/servers/" + id }

func markOf(card admin.ServerCard) web.ServerMark {
	switch {
	case card.Load.Err != nil:
		return "down"
	case card.Drained:
		return "drained"
	case card.Load.At.IsZero():
		return "unknown"
	}
	return "good"
}

func loadOf(card admin.ServerCard) web.ServerLoad {
	return web.ServerLoad{Known: card.Load.Err == nil && !card.Load.At.IsZero(), Classes: card.Load.Classes, People: card.Load.People}
}

func tenantNamesOf(card admin.ServerCard) []string {
	var names []string
	for _, t := range card.Tenants {
		names = append(names, t.Name)
	}
	return names
}

// silent is how many classes have ended without a report, if they are too many.
func silent(card admin.ServerCard) int {
	if !card.Reports.Silent() {
		return 0
	}
	return card.Reports.Without
}

func (p *Pages) servers(c *call) error {
	cards, err := p.Servers.List(c.ctx(), c.by)
	if err != nil {
		return err
	}
	page := web.ServersPage{Now: p.Now(), Said: justSaid(c, "removed")}
	if c.by.Can(admin.EditServers, "") {
		page.AddURL = "/admin/servers/new"
	}
	for _, card := range cards {
		page.Servers = append(page.Servers, web.ServerLine{
			Name: card.Name, URL: serverAt(card.ID), Address: card.URL, Mark: markOf(card), Load: loadOf(card),
			Tenants: tenantNamesOf(card), Silent: silent(card),
		})
	}
	return p.show(c, web.Servers, page)
}

// serverWish is the server that a form asks for.
func serverWish(c *call) admin.ServerWish {
	return admin.ServerWish{Name: typed(c.Context, "server_name"), URL: typed(c.Context, "server_url"), Secret: bbb.Secret(typed(c.Context, "server_secret"))}
}

func serverFields(w admin.ServerWish, isNew bool, wrong map[string]string) []web.Field {
	fields := []web.Field{
		{Kind: "text", Name: "server_name", Value: w.Name, Max: 255, Wrong: wrong["server_name"]},
		{Kind: "url", Name: "server_url", Value: w.URL, Max: 500, Wrong: wrong["server_url"]},
	}
	if isNew {
		fields = append(fields, web.Field{Kind: "secret", Name: "server_secret", Max: 500, Wrong: wrong["server_secret"]})
	}
	if !isNew { // of a new one the one that works is found
		checksum := web.Field{Kind: "select", Name: "server_checksum", Wrong: wrong["server_checksum"]}
		for _, a := range bbb.Algorithms() {
			checksum.Options = append(checksum.Options, web.Option{Value: string(a), Label: strings.ToUpper(string(a)), On: a == w.Algorithm})
		}
		fields = append(fields, checksum)
	}
	return focus(fields)
}

// finding is what a look found, for a page; nil if there was none.
func finding(f admin.Found) *web.ServerFinding {
	if f.At.IsZero() {
		return nil
	}
	detail := f.Detail
	if f.Cause == admin.CauseAlgorithm {
		detail = string(f.Algorithm)
	}
	return &web.ServerFinding{Code: string(f.Cause), Detail: detail}
}

// causeOfCall is the code of what a single call came to. It tries no other
// checksum than the one that is set, so it can't say which of the two is wrong.
func causeOfCall(code string) string {
	if code == string(bbb.CauseChecksum) {
		return "signature"
	}
	return code
}

// sameFault reports whether a call met what a look before it has explained.
func sameFault(call, look bbb.Cause) bool {
	return call == bbb.CauseChecksum && (look == bbb.CauseChecksum || look == admin.CauseAlgorithm)
}

func (p *Pages) newServer(c *call) error {
	if err := c.by.May(admin.EditServers, ""); err != nil {
		return err
	}
	return p.newServerPage(c, admin.ServerWish{}, nil, nil)
}

func (p *Pages) newServerPage(c *call, w admin.ServerWish, wrong map[string]string, found *web.ServerFinding) error {
	page := web.ServerForm{
		New: true, URL: "/admin/servers", BackURL: "/admin/servers", CheckURL: "/admin/servers/check",
		Fields: serverFields(w, true, wrong), Wrong: len(wrong) > 0, Finding: found,
	}
	status := http.StatusOK
	if page.Wrong || found != nil && found.Code != "" {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.Servers, page)
}

// checkServer looks at what is being typed, and answers with the form as it would
// be: nothing is kept.
func (p *Pages) checkServer(c *call) error {
	w := serverWish(c)
	found, err := p.Servers.Check(c.ctx(), c.by, w)
	page := web.ServerForm{New: true, URL: "/admin/servers", BackURL: "/admin/servers", Finding: finding(found)}
	if wrong := invalid(err); wrong != nil {
		page.Wrong, page.Fields = true, serverFields(w, true, wrong)
		return p.show(c, web.Servers, page)
	}
	if err != nil {
		return err
	}
	return p.show(c, web.Servers, page)
}

// addServer tries a server before it is added. One that doesn't work is added if
// that is said once more; the secret has to be typed again then.
func (p *Pages) addServer(c *call) error {
	w := serverWish(c)
	found, err := p.Servers.Check(c.ctx(), c.by, w)
	if wrong := invalid(err); wrong != nil {
		return p.newServerPage(c, w, wrong, nil)
	}
	if err != nil {
		return err
	}
	if !found.Works() && c.PostForm("anyway") == "" {
		return p.newServerPage(c, w, nil, finding(found))
	}
	added, err := p.Servers.Add(c.ctx(), c.by, w, found)
	if wrong := invalid(err); wrong != nil {
		return p.newServerPage(c, w, wrong, nil)
	}
	if err != nil {
		return err
	}
	return see(c.Context, query(serverAt(added.ID), "said", "added"))
}

func (p *Pages) serverForm(c *call) error {
	card, err := p.editedServer(c)
	if err != nil {
		return err
	}
	return p.serverFormPage(c, card, admin.ServerWish{Name: card.Name, URL: card.URL, Algorithm: card.Algorithm}, nil)
}

func (p *Pages) serverFormPage(c *call, card admin.ServerCard, w admin.ServerWish, wrong map[string]string) error {
	at, status := serverAt(card.ID), http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return p.render(c, status, web.Servers, web.ServerForm{
		Name: card.Name, URL: at + "/edit", BackURL: at, Fields: serverFields(w, false, wrong), Wrong: len(wrong) > 0,
	})
}

func (p *Pages) editServer(c *call) error {
	card, err := p.editedServer(c)
	if err != nil {
		return err
	}
	w := serverWish(c)
	w.Algorithm = bbb.Algorithm(typed(c.Context, "server_checksum"))
	for field, value := range map[string]string{"server_name": w.Name, "server_url": w.URL} {
		if value == "" { // the domain would leave it as it was
			wrong := map[string]string{field: map[string]string{"server_name": "server_name", "server_url": "server_url_empty"}[field]}
			return p.serverFormPage(c, card, w, wrong)
		}
	}
	_, err = p.Servers.Edit(c.ctx(), c.by, card.ID, w)
	if wrong := invalid(err); wrong != nil {
		return p.serverFormPage(c, card, w, wrong)
	}
	if err != nil {
		return err
	}
	if _, err := p.Servers.CheckAgain(c.ctx(), c.by, card.ID); err != nil {
		return err
	}
	return see(c.Context, query(serverAt(card.ID), "said", "changed"))
}

func (p *Pages) server(c *call) error {
	card, err := p.Servers.Card(c.ctx(), c.by, c.Param("server"))
	if err != nil {
		return err
	}
	f := card.Found
	page := web.ServerPage{
		Now: p.Now(), Name: card.Name, Address: card.URL, URL: serverAt(card.ID), Mark: markOf(card), Load: loadOf(card), Ours: card.Live,
		Said:    justSaid(c, "added", "changed", "secret", "forgotten", "drained", "undrained", "looked"),
		Tenants: tenantNamesOf(card), LookedAt: f.At, ReportAt: card.Reports.LastAt, Version: f.Version, BBB: f.BBB, Balance: f.Build,
		Three: f.GraphQL, Webhooks: f.Webhooks, Checksum: string(card.Algorithm), Silent: silent(card), Finding: finding(f),
	}
	switch {
	case sameFault(bbb.Explain(card.Load.Err), f.Cause): // it said more, since it tried more
	case card.Load.Err != nil: // the newer word
		page.Finding = &web.ServerFinding{Code: causeOfCall(string(bbb.Explain(card.Load.Err))), Detail: card.Load.Err.Error()}
	case f.Cause == "" || !card.Load.At.IsZero(): // it answers now
		page.Finding = nil
	}
	if card.Test.ID != "" {
		page.Test = &web.ServerTestLine{At: card.Test.StartedAt, State: p.testState(card.Test)}
	}
	if c.by.Can(admin.EditServers, "") {
		if page.Edit, err = p.serverEdit(c, card); err != nil {
			return err
		}
	}
	return p.show(c, web.Servers, page)
}

func (p *Pages) serverEdit(c *call, card admin.ServerCard) (*web.ServerEdit, error) {
	names, err := p.tenantNames(c, admin.EditServers)
	if err != nil {
		return nil, err
	}
	edit := &web.ServerEdit{Drained: card.Drained, Previous: len(card.PreviousSecrets), Tenants: web.Field{Kind: "choices", Name: "server_tenants"}}
	for id, name := range names {
		edit.Tenants.Options = append(edit.Tenants.Options, web.Option{Value: id, Label: name, On: slices.Contains(card.Own, id)})
	}
	slices.SortFunc(edit.Tenants.Options, func(a, b web.Option) int { return compare(a.Label, b.Label) })
	return edit, nil
}

func (p *Pages) assignServer(c *call) error {
	if err := p.Servers.Assign(c.ctx(), c.by, c.Param("server"), c.PostFormArray("server_tenants")); err != nil {
		return err
	}
	return see(c.Context, query(serverAt(c.Param("server")), "said", "changed"))
}

func (p *Pages) drainServer(c *call) error {
	out := c.PostForm("undo") == ""
	if err := p.Servers.Drain(c.ctx(), c.by, c.Param("server"), out); err != nil {
		return err
	}
	word := "undrained"
	if out {
		word = "drained"
	}
	return see(c.Context, query(serverAt(c.Param("server")), "said", word))
}

func (p *Pages) lookAtServer(c *call) error {
	if _, err := p.Servers.CheckAgain(c.ctx(), c.by, c.Param("server")); err != nil {
		return err
	}
	return see(c.Context, query(serverAt(c.Param("server")), "said", "looked"))
}

func (p *Pages) testState(t admin.ServerTest) string {
	switch {
	case t.Running(p.Now()):
		return "runs"
	case t.Good():
		return "good"
	case t.FinishedAt.IsZero():
		return "broken"
	}
	return "needs"
}

func (p *Pages) serverTest(c *call) error {
	card, err := p.Servers.TestOf(c.ctx(), c.by, c.Param("server"))
	if err != nil {
		return err
	}
	at := serverAt(card.ID)
	page := web.ServerTestPage{Now: p.Now(), Name: card.Name, URL: at + "/test", BackURL: at, State: "none", At: card.Test.StartedAt}
	if card.Test.ID != "" {
		page.State = p.testState(card.Test)
	}
	for _, s := range card.Test.Steps {
		step := web.ServerTestStep{Name: s.Name, State: string(s.State), Code: s.Code, Detail: s.Detail, Seconds: s.Took.Seconds(), Until: s.Until}
		if page.State == "broken" && (s.State == admin.StepRunning || s.State == admin.StepWaiting) {
			step.State, step.Until = string(admin.StepIdle), time.Time{}
		}
		page.Steps = append(page.Steps, step)
	}
	return p.show(c, web.Servers, page)
}

// testServer begins a test, or shows the one that goes on.
func (p *Pages) testServer(c *call) error {
	_, err := p.Servers.BeginTest(c.ctx(), c.by, c.Param("server"))
	if err != nil && !errors.Is(err, admin.ErrTestRuns) {
		return err
	}
	return see(c.Context, serverAt(c.Param("server"))+"/test")
}
