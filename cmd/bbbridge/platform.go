package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

type platformCommand struct {
	Add     platformAdd     `cmd:"" help:"Register a platform."`
	List    platformList    `cmd:"" help:"List the platforms."`
	Show    platformShow    `cmd:"" help:"Show one platform, and what to paste there."`
	Disable platformDisable `cmd:"" help:"Refuse a platform's launches for now; --undo takes them again."`
	Remove  platformRemove  `cmd:"" help:"Forget a platform. What people attended there is kept."`
}

type platformAdd struct {
	Name          string   `required:"" help:"What we call it."`
	Issuer        string   `required:"" help:"Issuer (platform id), exactly as the platform shows it."`
	ClientID      string   `required:"" name:"client-id" help:"Client id."`
	AuthURL       string   `required:"" name:"auth-url" help:"Authentication request URL."`
	TokenURL      string   `required:"" name:"token-url" help:"Access token URL."`
	JWKSURL       string   `required:"" name:"jwks-url" help:"Public keyset URL."`
	TokenAudience string   `name:"token-audience" help:"Audience of token requests, if it isn't the token URL."`
	DeploymentID  []string `name:"deployment-id" sep:"none" help:"A deployment id; once for each. Without any, each is adopted at its first valid launch."`
}

func (a platformAdd) Run(p *program) error {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := a.check(cfg); err != nil {
		return err
	}
	deployments := map[string]bool{}
	for _, id := range a.DeploymentID {
		deployments[id] = true
	}
	added, err := db.AddPlatform(p, store.Platform{
		TenantID: classroom.DefaultTenant,
		Registration: lti.Registration{
			Name: a.Name, Issuer: a.Issuer, ClientID: a.ClientID,
			AuthURL: a.AuthURL, TokenURL: a.TokenURL, JWKSURL: a.JWKSURL, TokenAudience: a.TokenAudience,
			Deployments: deployments, AdoptDeployments: len(deployments) == 0,
		},
	})
	if errors.Is(err, store.ErrExists) {
		return fmt.Errorf("a platform with this name, or with this issuer and client id, is registered already: see 'bbbridge platform list'")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Registered %s.\n", added.Name)
	if strings.HasSuffix(a.Issuer, "/") {
		fmt.Fprintln(p.out, "Note: the issuer ends with a slash. Few do; it must be exactly what the platform sends.")
	}
	printTool(p, cfg, added)
	return nil
}

// check names every value that can't be right, at once.
func (a platformAdd) check(cfg configs.Config) error {
	var wrong []error
	for flag, value := range map[string]string{"--name": a.Name, "--issuer": a.Issuer, "--client-id": a.ClientID} {
		if strings.TrimSpace(value) == "" || len(value) > 2048 {
			wrong = append(wrong, fmt.Errorf("%s is empty or too long", flag))
		}
	}
	for flag, value := range map[string]string{"--auth-url": a.AuthURL, "--token-url": a.TokenURL, "--jwks-url": a.JWKSURL} {
		u, err := url.Parse(value)
		switch {
		case err != nil || u.Host == "":
			wrong = append(wrong, fmt.Errorf("%s is no address: %q", flag, value))
		case u.Scheme != "https" && (u.Scheme != "http" || !cfg.Loopback()):
			wrong = append(wrong, fmt.Errorf("%s must begin with https://", flag))
		}
	}
	for _, id := range a.DeploymentID {
		if id == "" || len(id) > 255 {
			wrong = append(wrong, fmt.Errorf("--deployment-id is empty or too long: %q", id))
		}
	}
	slices.SortFunc(wrong, func(x, y error) int { return strings.Compare(x.Error(), y.Error()) })
	return errors.Join(wrong...)
}

// printTool says what to paste into the platform.
func printTool(p *program, cfg configs.Config, platform store.Platform) {
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "\nPaste into the platform:\n")
	fmt.Fprintf(w, "  Tool / launch URL, redirect URI, content selection URL\t%s/lti/launch\n", cfg.PublicURL)
	fmt.Fprintf(w, "  Initiate login URL\t%s/lti/login\n", cfg.PublicURL)
	fmt.Fprintf(w, "  Initiate login URL, for this platform alone\t%s/lti/login/%s\n", cfg.PublicURL, platform.Registration.ID)
	fmt.Fprintf(w, "  Public keyset URL\t%s/.well-known/jwks.json\n", cfg.PublicURL)
	w.Flush()
}

type platformList struct{}

func (platformList) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Platforms(p)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(p.out, "No platform is registered yet: see 'bbbridge platform add --help'.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tISSUER\tCLIENT ID\tSTATE")
	for _, platform := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", platform.Name, platform.Registration.Issuer, platform.Registration.ClientID, stateOf(platform))
	}
	return w.Flush()
}

func stateOf(platform store.Platform) string {
	if platform.Registration.Disabled {
		return "disabled"
	}
	return "active"
}

type platformShow struct {
	Name string `arg:"" help:"The platform's name."`
}

func (s platformShow) Run(p *program) error {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := db.Platform(p, s.Name)
	if err != nil {
		return named("platform", s.Name, err)
	}
	r := platform.Registration
	deployments := "each is adopted at its first valid launch"
	if !r.AdoptDeployments {
		deployments = "only these"
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, line := range [][2]string{
		{"Name", platform.Name}, {"State", stateOf(platform)}, {"Issuer", r.Issuer}, {"Client id", r.ClientID},
		{"Authentication URL", r.AuthURL}, {"Token URL", r.TokenURL}, {"Keyset URL", r.JWKSURL},
		{"Token audience", r.TokenAudience}, {"Deployments", deployments},
	} {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
	ids := make([]string, 0, len(r.Deployments))
	for id := range r.Deployments {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		fmt.Fprintf(w, "\t%s\n", id)
	}
	w.Flush()
	printTool(p, cfg, platform)
	return nil
}

type platformDisable struct {
	Name string `arg:"" help:"The platform's name."`
	Undo bool   `help:"Take its launches again."`
}

func (d platformDisable) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.SetPlatformDisabled(p, d.Name, !d.Undo); err != nil {
		return named("platform", d.Name, err)
	}
	if d.Undo {
		fmt.Fprintf(p.out, "Launches of %s are taken again.\n", d.Name)
		return nil
	}
	fmt.Fprintf(p.out, "Launches of %s are refused from now on (within 10 seconds on all nodes).\n", d.Name)
	return nil
}

type platformRemove struct {
	Name string `arg:"" help:"The platform's name."`
}

func (r platformRemove) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.RemovePlatform(p, r.Name); err != nil {
		return named("platform", r.Name, err)
	}
	fmt.Fprintf(p.out, "Removed %s. What people attended is kept; registering the same issuer and client id again brings it back.\n", r.Name)
	return nil
}

// named says that there is nothing of that name, if that's what err is.
func named(kind, name string, err error) error {
	if errors.Is(err, classroom.ErrNotFound) {
		return fmt.Errorf("no %s is called %q: see 'bbbridge %s list'", kind, name, kind)
	}
	return err
}
