package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/web"
)

// tenantCommand is for whom platforms belong to. Without a name it is the
// default tenant, to which all belongs that names none.
type tenantCommand struct {
	Add    tenantAdd    `cmd:"" help:"Add a tenant."`
	List   tenantList   `cmd:"" help:"List the tenants."`
	Show   tenantShow   `cmd:"" help:"Show what holds for a tenant's platforms; without a name, of the default tenant."`
	Set    tenantSet    `cmd:"" help:"Change what holds for a tenant's platforms. What isn't named stays."`
	Move   tenantMove   `cmd:"" help:"Give a platform to another tenant, with its rooms."`
	Remove tenantRemove `cmd:"" help:"Remove a tenant to which nothing belongs."`
}

// tenants opens the database and the tenants in it.
func (p *program) tenants() (*admin.Tenants, *store.DB, error) {
	_, db, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	return &admin.Tenants{Store: db, Locales: web.Locales()}, db, nil
}

// tenantOf is the tenant of that name; without one, the default tenant.
func tenantOf(p *program, tenants *admin.Tenants, name string) (classroom.Tenant, error) {
	t, err := tenants.Find(p, admin.Shell, admin.EditTenant, cmp.Or(name, classroom.DefaultTenant))
	return t, named("tenant", name, err)
}

type tenantAdd struct {
	Name string `required:"" help:"What it is called." placeholder:"T"`
}

func (a tenantAdd) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	added, err := tenants.Add(p, admin.Shell, a.Name)
	if err != nil {
		return wrongTenant(err)
	}
	fmt.Fprintf(p.out, "Added %s.\n", added.Name)
	return nil
}

type tenantList struct{}

func (tenantList) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	list, err := tenants.List(p, admin.Shell, admin.See)
	if err != nil {
		return err
	}
	platforms, err := db.Platforms(p)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tPLATFORMS")
	for _, t := range list {
		n := 0
		for _, platform := range platforms {
			if platform.TenantID == t.ID {
				n++
			}
		}
		fmt.Fprintf(w, "%s\t%d\n", t.Name, n)
	}
	return w.Flush()
}

type tenantMove struct {
	Platform string `arg:"" help:"The platform's name."`
	To       string `required:"" help:"The tenant's name." placeholder:"T"`
}

func (m tenantMove) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := db.Platform(p, m.Platform)
	if err != nil {
		return named("platform", m.Platform, err)
	}
	to, err := tenantOf(p, tenants, m.To)
	if err != nil {
		return err
	}
	if _, err := tenants.Move(p, admin.Shell, platform.ID, to.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s belongs to %s now, with its rooms (on all nodes within 10 seconds).\n", platform.Name, to.Name)
	return nil
}

type tenantRemove struct {
	Name string `arg:"" help:"The tenant's name."`
}

func (r tenantRemove) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	t, err := tenantOf(p, tenants, r.Name)
	if err != nil {
		return err
	}
	_, err = tenants.Remove(p, admin.Shell, t.ID)
	if errors.Is(err, admin.ErrInUse) {
		return fmt.Errorf("%s can't be removed: it is the default tenant, or a platform (perhaps a removed one) or an account belongs to it", t.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Removed %s.\n", t.Name)
	return nil
}

type tenantShow struct {
	Name string `arg:"" optional:"" help:"The tenant's name."`
}

func (s tenantShow) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	tenant, err := tenantOf(p, tenants, s.Name)
	if err != nil {
		return err
	}
	name, err := beginOn(p, db, tenant.ID)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "New classes are on\t%s\n", name)
	for _, line := range []struct {
		who       string
		moderates bool
	}{
		{"Administrators without a role in the course", tenant.Policy.AdministratorsModerate},
		{"Content developers", tenant.Policy.ContentDevelopersModerate},
		{"Managers", tenant.Policy.ManagersModerate},
		{"Graders", !tenant.Policy.GradersView},
		{"Instructors of the institution, where a launch names no role in the course", tenant.Policy.InstitutionInstructorsModerate},
	} {
		what := "view"
		if line.moderates {
			what = "moderate"
		}
		fmt.Fprintf(w, "%s\t%s\n", line.who, what)
	}
	setUp := "no link to the pages of staff"
	if tenant.Policy.AdministratorsSetUp {
		setUp = "a link on their pages, as admin of this tenant"
	}
	fmt.Fprintf(w, "Administrators of the institution or the platform have\t%s\n", setUp)
	for _, line := range tenantFacts(tenant) {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
	return w.Flush()
}

// beginOn are the names of the servers on which a tenant's classes begin.
func beginOn(ctx context.Context, db *store.DB, tenantID string) (string, error) {
	pool, err := db.ServersOf(ctx, tenantID)
	if errors.Is(err, classroom.ErrNoServer) {
		return "none: see 'bbbridge server add --help'", nil
	}
	if err != nil {
		return "", err
	}
	var names []string
	for _, s := range pool {
		if !s.Drained {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "none: all are out of service, see 'bbbridge server drain --help'", nil
	}
	return strings.Join(names, ", "), nil
}

type tenantSet struct {
	Name string `arg:"" optional:"" help:"The tenant's name."`

	tenantOptions

	Server                    *string `help:"The one BigBlueButton server of new classes, by its name; empty for the oldest in service. For several: server assign." placeholder:"NAME"`
	AdministratorsModerate    *bool   `name:"administrators-moderate" negatable:"" help:"Whether administrators of the institution or the platform moderate, who hold no role in the course."`
	ContentDevelopersModerate *bool   `name:"content-developers-moderate" negatable:"" help:"Whether content developers (designers) moderate."`
	ManagersModerate          *bool   `name:"managers-moderate" negatable:"" help:"Whether managers moderate."`
	GradersModerate           *bool   `name:"graders-moderate" negatable:"" help:"Whether instructors who only grade moderate; they do unless this says no."`

	AdministratorsSetUp            *bool `name:"administrators-set-up" negatable:"" help:"Whether whom a platform calls an administrator of the institution or the platform gets a link \"Administration\" on their pages, and may by it all that an admin of this tenant may: register platforms, change settings, invite people. Every platform of the tenant decides whom it calls so."`
	InstitutionInstructorsModerate *bool `name:"institution-instructors-moderate" negatable:"" help:"Whether instructors of the institution moderate, where a launch names no role in the course at all (Open edX before 11.1)."`
}

// Run changes roles from the next launch on, the server from the next class.
func (s tenantSet) Run(p *program) error {
	tenants, db, err := p.tenants()
	if err != nil {
		return err
	}
	defer db.Close()
	tenant, err := tenantOf(p, tenants, s.Name)
	if err != nil {
		return err
	}
	var server classroom.Server
	if s.Server != nil && *s.Server != "" { // before anything is changed
		if server, err = db.ServerByName(p, *s.Server); err != nil {
			return named("server", *s.Server, err)
		}
	}
	if _, err := tenants.Change(p, admin.Shell, tenant.ID, s.tenantOptions.change); err != nil {
		return wrongTenant(err)
	}
	if tenant, err = tenants.SetPolicy(p, admin.Shell, tenant.ID, s.change); err != nil {
		return err
	}
	if s.Server != nil {
		var own []string
		if server.ID != "" {
			own = []string{server.ID}
		}
		if err := db.SetTenantServers(p, tenant.ID, own); err != nil {
			return err
		}
	}
	return tenantShow{cmp.Or(s.Rename, s.Name)}.Run(p)
}

func (s tenantSet) change(policy *classroom.Policy) {
	for _, flag := range []struct {
		said  *bool
		field *bool
	}{
		{s.AdministratorsModerate, &policy.AdministratorsModerate},
		{s.AdministratorsSetUp, &policy.AdministratorsSetUp},
		{s.ContentDevelopersModerate, &policy.ContentDevelopersModerate},
		{s.ManagersModerate, &policy.ManagersModerate},
		{s.InstitutionInstructorsModerate, &policy.InstitutionInstructorsModerate},
	} {
		if flag.said != nil {
			*flag.field = *flag.said
		}
	}
	if s.GradersModerate != nil {
		policy.GradersView = !*s.GradersModerate
	}
}
