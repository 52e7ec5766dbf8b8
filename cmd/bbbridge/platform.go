package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

type platformCommand struct {
	Add        platformAdd        `cmd:"" help:"Register a platform."`
	List       platformList       `cmd:"" help:"List the platforms."`
	Show       platformShow       `cmd:"" help:"Show one platform, and what to paste there."`
	Edit       platformEdit       `cmd:"" help:"Change a platform: what is named, and nothing else."`
	Deployment platformDeployment `cmd:"" help:"Let one deployment of a platform launch, or refuse it."`
	Disable    platformDisable    `cmd:"" help:"Refuse a platform's launches and hold its grades for now; --undo takes them again."`
	Remove     platformRemove     `cmd:"" help:"Take a platform out of use. What people attended there is kept, unless --erase says otherwise."`
	Keep       platformKeep       `cmd:"" help:"Keep the data of a removed platform that would be erased."`
	Export     platformExport     `cmd:"" help:"Write all that is kept of a platform to a ZIP file of CSV files."`
}

type platformAdd struct {
	Name          string   `required:"" help:"What we call it."`
	Issuer        string   `required:"" help:"Issuer (platform id), exactly as the platform shows it."`
	ClientID      string   `required:"" name:"client-id" help:"Client id."`
	AuthURL       string   `required:"" name:"auth-url" help:"Authentication request URL."`
	TokenURL      string   `name:"token-url" help:"Access token URL. A platform without one takes no grades."`
	JWKSURL       string   `required:"" name:"jwks-url" help:"Public keyset URL."`
	TokenAudience string   `name:"token-audience" help:"Audience of token requests, if it isn't the token URL."`
	DeploymentID  []string `name:"deployment-id" sep:"none" help:"A deployment id; once for each. Without any, each is adopted at its first valid launch." placeholder:"ID"`

	Algorithm       []string `help:"With what the platform signs, if it isn't RS256 alone: ${enum}. Once for each." enum:"RS256,RS384,RS512,ES256" placeholder:"ALG"`
	FrameAncestor   []string `name:"frame-ancestor" sep:"none" help:"Another origin whose pages may frame ours, beside those of the issuer, the authentication URL and the launch's return URL; once for each." placeholder:"ORIGIN"`
	TrustedAudience []string `name:"trusted-audience" sep:"none" help:"An audience that may stand beside our client id; once for each." placeholder:"AUDIENCE"`
	Tenant          string   `help:"Whose it is; without it the tenant of all that name none." placeholder:"NAME"`
	LMS             string   `name:"lms" enum:"moodle,chamilo,sakai,canvas,blackboard,d2l,ilias,openolat,openedx,wordpress,other," default:"" help:"What kind of platform it is." placeholder:"KIND"`
	KeyPasted       bool     `name:"key-pasted" help:"The platform has our public key as text, and not its address (Chamilo)."`

	AllowAnonymous     bool `name:"allow-anonymous" help:"Accept launches that name no person: they are viewers without a grade."`
	LinkFromDeployment bool `name:"link-from-deployment" help:"Take the deployment's id for a link that has none (OpenOLAT)."`
}

// platforms opens the registrations of platforms, as their pages have them. The
// caller closes the database.
func (p *program) platforms() (*admin.Platforms, configs.Config, *store.DB, error) {
	cfg, db, err := p.open()
	if err != nil {
		return nil, cfg, nil, err
	}
	return newPlatforms(cfg, db, guarded(cfg, 0), time.Now), cfg, db, nil
}

// newPlatforms are the registrations of platforms, which client asks.
func newPlatforms(cfg configs.Config, db *store.DB, client *http.Client, now func() time.Time) *admin.Platforms {
	return &admin.Platforms{
		Store: db, Happened: db, Loopback: cfg.Loopback(), Now: now, Probe: &lti.Probe{HTTP: client, Keys: db, Now: now, Insecure: cfg.Loopback()},
	}
}

// platformCalled is the platform of a name.
func platformCalled(p *program, platforms *admin.Platforms, name string) (admin.Platform, error) {
	all, err := platforms.List(p, admin.Shell)
	if err != nil {
		return admin.Platform{}, err
	}
	for _, platform := range all {
		if platform.Name == name {
			return platform, nil
		}
	}
	return admin.Platform{}, named("platform", name, admin.ErrNotFound)
}

func (a platformAdd) Run(p *program) error {
	platforms, cfg, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	a.tidy()
	if err := a.check(cfg); err != nil {
		return err
	}
	tenant := classroom.DefaultTenant
	if a.Tenant != "" {
		if tenant, err = tenantID(p, db, a.Tenant); err != nil {
			return err
		}
	}
	platform := admin.Platform{
		TenantID: tenant, LMS: admin.LMS(a.LMS), KeyPasted: a.KeyPasted || admin.LMS(a.LMS) == admin.Chamilo,
		Registration: a.registration(lti.Registration{}),
	}
	others, err := tenantsWith(p, db, platform)
	if err != nil {
		return err
	}
	added, err := platforms.Add(p, admin.Shell, platform)
	var invalid *admin.InvalidError
	if errors.As(err, &invalid) && (invalid.Fields["name"] != "" || invalid.Fields["client_id"] != "") {
		return fmt.Errorf("a platform with this name, or with this issuer and client id, is registered already: see 'bbbridge platform list'")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Registered %s.\n", added.Name)
	if strings.HasSuffix(a.Issuer, "/") {
		fmt.Fprintln(p.out, "Note: the issuer ends with a slash. Few do; it must be exactly what the platform sends.")
	}
	if a.TokenURL == "" {
		fmt.Fprintln(p.out, "Note: without a token URL the platform takes no grades from us.")
	}
	for _, name := range others {
		fmt.Fprintf(p.out, "Note: the tenant %s has or had this client id, too. What we sign for this token URL is taken wherever we are known by it.\n", name)
	}
	printTool(p, cfg, added)
	return nil
}

// tenantsWith are the names of other tenants that have or had the platform's
// client id. Their own admins couldn't register it.
func tenantsWith(p *program, db *store.DB, platform admin.Platform) (names []string, err error) {
	same, err := db.RegisteredAs(p, platform.ClientID)
	if err != nil {
		return nil, err
	}
	tenants, err := db.Tenants(p)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		if t.ID != platform.TenantID && slices.ContainsFunc(same, func(other admin.Platform) bool { return other.TenantID == t.ID }) {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// registration is r as the options say.
func (a platformAdd) registration(r lti.Registration) lti.Registration {
	r.Name, r.Issuer, r.ClientID = a.Name, a.Issuer, a.ClientID
	r.AuthURL, r.TokenURL, r.JWKSURL, r.TokenAudience = a.AuthURL, a.TokenURL, a.JWKSURL, a.TokenAudience
	r.Deployments = map[string]bool{}
	for _, id := range a.DeploymentID {
		r.Deployments[id] = true
	}
	r.AdoptDeployments = len(a.DeploymentID) == 0
	r.Algorithms, r.FrameAncestors, r.TrustedAudiences = a.Algorithm, a.FrameAncestor, a.TrustedAudience
	r.AllowAnonymous, r.LinkFromDeployment = a.AllowAnonymous, a.LinkFromDeployment
	return r
}

// tidy takes away what pasting puts around values.
func (a *platformAdd) tidy() {
	for _, value := range []*string{&a.Name, &a.Issuer, &a.ClientID, &a.AuthURL, &a.TokenURL, &a.JWKSURL, &a.TokenAudience} {
		*value = admin.Pasted(*value)
	}
	for _, list := range []*[]string{&a.DeploymentID, &a.FrameAncestor, &a.TrustedAudience} {
		*list = pastedAll(*list)
	}
}

// check names every value that can't be right, at once.
func (a platformAdd) check(cfg configs.Config) error {
	p := admin.Platform{Registration: a.registration(lti.Registration{})}
	var wrong []error
	for _, flaw := range p.Flaws(cfg.Loopback()) {
		wrong = append(wrong, flawError("--"+strings.ReplaceAll(flaw.Field, "_", "-"), flaw))
	}
	slices.SortFunc(wrong, func(x, y error) int { return strings.Compare(x.Error(), y.Error()) })
	return errors.Join(wrong...)
}

// flawError says what is wrong with the value of an option.
func flawError(flag string, f admin.Flaw) error {
	switch f.Why {
	case "control":
		return fmt.Errorf("%s has control characters: %q", flag, f.Value)
	case "unseen":
		return fmt.Errorf("%s has characters that can't be seen: %q", flag, f.Value)
	case "address":
		return fmt.Errorf("%s is no address: %q", flag, f.Value)
	case "https":
		return fmt.Errorf("%s must begin with https://", flag)
	case "deployment":
		return fmt.Errorf("%s is empty or too long: %q", flag, f.Value)
	case "origin":
		return fmt.Errorf(`%s must be an origin, like "https://lms.example.edu": %q`, flag, f.Value)
	}
	return fmt.Errorf("%s is empty or too long", flag)
}

// printTool says what to paste into the platform.
func printTool(p *program, cfg configs.Config, platform admin.Platform) {
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

func stateOf(platform admin.Platform) string {
	switch {
	case platform.Disabled:
		return "disabled"
	case platform.Pending:
		return "waiting for approval"
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
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, line := range facts(platform) {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
	w.Flush()
	printTool(p, cfg, platform)
	return nil
}

// facts are what an admin may compare with the platform's own page.
func facts(platform admin.Platform) [][2]string {
	r := platform.Registration
	deployments := "each is adopted at its first valid launch"
	if !r.AdoptDeployments {
		deployments = "only these"
	}
	list := [][2]string{
		{"Name", platform.Name}, {"State", stateOf(platform)}, {"Issuer", r.Issuer}, {"Client id", r.ClientID},
		{"Authentication URL", r.AuthURL}, {"Token URL", cmp.Or(r.TokenURL, "none: the platform takes no grades")}, {"Keyset URL", r.JWKSURL},
		{"Token audience", cmp.Or(r.TokenAudience, "the token URL")},
		{"Algorithms", cmp.Or(strings.Join(r.Algorithms, ", "), "RS256")},
	}
	for _, option := range [][2]string{
		{"May frame us too", strings.Join(r.FrameAncestors, ", ")},
		{"Trusted audiences", strings.Join(r.TrustedAudiences, ", ")},
		{"Anonymous launches", accepted(r.AllowAnonymous)},
		{"Links without an id", accepted(r.LinkFromDeployment)},
	} {
		if option[1] != "" {
			list = append(list, option)
		}
	}
	list = append(list, [2]string{"Deployments", deployments})
	for _, id := range slices.Sorted(maps.Keys(r.Deployments)) {
		list = append(list, [2]string{"", id})
	}
	return list
}

func accepted(yes bool) string {
	if yes {
		return "accepted"
	}
	return ""
}

type platformDisable struct {
	Name string `arg:"" help:"The platform's name."`
	Undo bool   `help:"Take its launches again."`
}

func (d platformDisable) Run(p *program) error {
	platforms, _, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := platformCalled(p, platforms, d.Name)
	if err != nil {
		return err
	}
	if err := platforms.Disable(p, admin.Shell, platform.ID, !d.Undo); err != nil {
		return named("platform", d.Name, err)
	}
	if d.Undo {
		fmt.Fprintf(p.out, "Launches of %s are taken again, on all nodes, and its grades go out (within 10 seconds).\n", d.Name)
		return nil
	}
	fmt.Fprintf(p.out, "Launches of %s are refused from now on, on all nodes, and its grades wait (within 10 seconds).\n", d.Name)
	return nil
}

// named says that there is nothing of that name, if that's what err is.
func named(kind, name string, err error) error {
	if errors.Is(err, classroom.ErrNotFound) {
		return fmt.Errorf("no %s is called %q: see 'bbbridge %s list'", kind, name, kind)
	}
	return err
}
