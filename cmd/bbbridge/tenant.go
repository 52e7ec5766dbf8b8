package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

// tenantCommand is for the one tenant that there is: the whole school.
type tenantCommand struct {
	Show tenantShow `cmd:"" help:"Show what holds for all platforms."`
	Set  tenantSet  `cmd:"" help:"Change what holds for all platforms. What isn't named stays."`
}

type tenantShow struct{}

func (tenantShow) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	tenant, err := db.TenantByID(p, classroom.DefaultTenant)
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
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	tenant, err := db.TenantByID(p, classroom.DefaultTenant)
	if err != nil {
		return err
	}
	if s.Server != nil {
		var own []string
		if *s.Server != "" {
			server, err := db.ServerByName(p, *s.Server)
			if err != nil {
				return named("server", *s.Server, err)
			}
			own = []string{server.ID}
		}
		if err := db.SetTenantServers(p, tenant.ID, own); err != nil {
			return err
		}
	}
	s.change(&tenant.Policy)
	if err := db.SetTenant(p, tenant); err != nil {
		return err
	}
	return tenantShow{}.Run(p)
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
