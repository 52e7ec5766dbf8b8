package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/web"
)

type registrationCommand struct {
	Link    registrationLink    `cmd:"" help:"Make a link by which the admin of an LMS registers it: they paste it there. It registers one LMS."`
	List    registrationList    `cmd:"" help:"List what has registered, and the links."`
	Show    registrationShow    `cmd:"" help:"Show what a platform is registered with."`
	Check   registrationCheck   `cmd:"" help:"Look whether a platform's keys can be had, its clock is right, and it gives us access tokens."`
	Approve registrationApprove `cmd:"" help:"Take the launches of a platform that waits for approval."`
	Revoke  registrationRevoke  `cmd:"" help:"Take a link back, by its id."`
}

// A registrations is what the commands need.
type registrations struct {
	*admin.Registering
	platforms *admin.Platforms
	db        *store.DB
	cfg       configs.Config
}

// registrations opens what registers platforms. The caller closes the database.
func (p *program) registrations() (registrations, error) {
	cfg, db, err := p.open()
	if err != nil {
		return registrations{}, err
	}
	client := guarded(cfg, 0)
	return registrations{
		newRegistering(cfg, db, client, time.Now, newLogger(p.log, cfg.LogLevel), nil),
		newPlatforms(cfg, db, client, time.Now), db, cfg,
	}, nil
}

// platform is the one of a name.
func (r registrations) platform(p *program, name string) (admin.Platform, error) {
	return platformCalled(p, r.platforms, name)
}

type registrationLink struct {
	Tenant  string        `help:"Whose the LMS will be, by name. Default: the only one." placeholder:"NAME"`
	Note    string        `help:"What the link is for: it stands in the list."`
	Expires time.Duration `default:"24h" help:"For how long it can be used; 90 days at most."`
	Approve bool          `help:"Refuse launches until somebody approves what the link has registered."`
}

func (l registrationLink) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	tenant := classroom.DefaultTenant
	if l.Tenant != "" {
		if tenant, err = tenantID(p, r.db, l.Tenant); err != nil {
			return err
		}
	}
	_, address, err := r.NewLink(p, admin.Shell, admin.LinkWish{TenantID: tenant, Note: admin.Pasted(l.Note), Life: l.Expires, Approve: l.Approve})
	var invalid *admin.InvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Fields["life"] != "":
		return fmt.Errorf("--expires must be a minute or more, and 90 days (2160h) at most: %v", l.Expires)
	case errors.As(err, &invalid):
		return fmt.Errorf("--note has control characters, or more than %d: %q", admin.NoteMost, l.Note)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintln(p.out, address)
	return err
}

type registrationList struct{}

func (registrationList) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	platforms, err := r.platforms.List(p, admin.Shell)
	if err != nil {
		return err
	}
	links, err := r.Links(p, admin.Shell)
	if err != nil {
		return err
	}
	if len(platforms)+len(links) == 0 {
		fmt.Fprintln(p.out, "Nothing is registered, and there is no link yet: see 'bbbridge registration link --help'.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	names := map[string]string{}
	if len(platforms) > 0 {
		fmt.Fprintln(w, "NAME\tISSUER\tCLIENT ID\tSTATE")
	}
	for _, platform := range platforms {
		names[platform.ID] = platform.Name
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", platform.Name, platform.Issuer, platform.ClientID, stateOf(platform))
	}
	w.Flush()
	if len(links) > 0 {
		fmt.Fprintf(w, "\nLINK\tNOTE\tEXPIRES\tSTATE\tPLATFORM\tLAST FAILURE\n")
	}
	for _, l := range links {
		failure := ""
		if len(l.Failures) > 0 {
			failure = l.Failures[0].Code
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.Note, l.ExpiresAt.UTC().Format("2006-01-02 15:04 MST"), l.State(time.Now()), names[l.PlatformID], failure)
	}
	return w.Flush()
}

type registrationShow struct {
	Name string `arg:"" help:"The platform's name."`
}

func (s registrationShow) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	platform, err := r.platform(p, s.Name)
	if err != nil {
		return err
	}
	list := facts(platform)
	said, err := r.Said(p, platform)
	switch {
	case errors.Is(err, admin.ErrNotFound):
	case err != nil:
		return err
	default:
		list = append(list, linkedFacts(said)...)
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, line := range list {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
	w.Flush()
	printTool(p, r.cfg, platform)
	return nil
}

// linkedFacts are what a platform said when it registered by a link.
func linkedFacts(l admin.LinkedPlatform) [][2]string {
	messages := make([]string, 0, len(l.Granted.Messages))
	for _, m := range l.Granted.Messages {
		messages = append(messages, string(m))
	}
	missing := (lti.Registered{Asked: l.Asked, Granted: l.Granted}).Dropped()
	return [][2]string{
		{"Registered by link", l.RegisteredAt.UTC().Format("2006-01-02 15:04 MST")},
		{"LMS", strings.TrimSpace(string(l.Family) + " " + l.Version)},
		{"Messages", cmp.Or(strings.Join(messages, ", "), "none")},
		{"Placements", cmp.Or(strings.Join(l.Granted.Placements, ", "), "as the LMS has them")},
		{"Scopes", cmp.Or(strings.Join(shortScopes(l.Granted.Scopes), ", "), "none: no grades")},
		{"Asked for, not granted", cmp.Or(strings.Join(slices.Concat(shortScopes(missing.Scopes), missing.Claims, missing.Placements, missing.Custom), ", "), "nothing")},
	}
}

// shortScopes are the last parts of scopes.
func shortScopes(scopes []string) []string {
	var short []string
	for _, s := range scopes {
		short = append(short, s[strings.LastIndex(s, "/")+1:])
	}
	return short
}

type registrationCheck struct {
	Name string `arg:"" help:"The platform's name."`
}

func (s registrationCheck) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	platform, err := r.platform(p, s.Name)
	if err != nil {
		return err
	}
	found, err := r.platforms.Check(p, admin.Shell, platform.ID)
	if err != nil {
		return err
	}
	pages, err := web.New()
	if err != nil {
		return err
	}
	wrong := 0
	for _, f := range found {
		mark := map[admin.Mark]string{admin.Good: "ok", admin.Note: "note", admin.Needs: "LOOK"}[f.Mark]
		fmt.Fprintf(p.out, "%-5s %s\n", mark, pages.DeskText(web.English, "check."+f.Code, nil))
		if f.Detail != "" {
			fmt.Fprintf(p.out, "      %s\n", f.Detail)
		}
		if f.Mark != admin.Good {
			fmt.Fprintf(p.out, "      %s\n", pages.DeskText(web.English, "check."+f.Code+".cure", nil))
		}
		if f.Mark == admin.Needs {
			wrong++
		}
	}
	if state := stateOf(platform); state != "active" {
		wrong++
		fmt.Fprintf(p.out, "LOOK  Its launches are refused: it is %s.\n", state)
	}
	if wrong > 0 {
		return fmt.Errorf("%d of these need somebody", wrong)
	}
	return nil
}

type registrationApprove struct {
	Name string `arg:"" help:"The platform's name."`
}

func (a registrationApprove) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	platform, err := r.platform(p, a.Name)
	if err != nil {
		return err
	}
	waited, err := r.Registering.Approve(p, admin.Shell, platform.ID)
	if err != nil {
		return err
	}
	if !waited {
		fmt.Fprintf(p.out, "%s didn't wait for approval: nothing has changed.\n", a.Name)
		return nil
	}
	fmt.Fprintf(p.out, "Launches of %s are taken from now on.\n", a.Name)
	return nil
}

type registrationRevoke struct {
	ID string `arg:"" help:"The link's id, as 'registration list' has it."`
}

func (v registrationRevoke) Run(p *program) error {
	r, err := p.registrations()
	if err != nil {
		return err
	}
	defer r.db.Close()
	if err := r.Revoke(p, admin.Shell, v.ID); err != nil {
		if errors.Is(err, admin.ErrNotFound) {
			return fmt.Errorf("no link has the id %q: see 'bbbridge registration list'", v.ID)
		}
		return err
	}
	fmt.Fprintln(p.out, "The link registers nothing any more.")
	return nil
}
