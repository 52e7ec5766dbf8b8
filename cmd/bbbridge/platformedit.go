package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bbbridge/bbbridge/admin"
)

// platformEdit has the options of platformAdd; nil: not named.
type platformEdit struct {
	Name string `arg:"" help:"The platform's name."`

	NewName       *string  `name:"name" help:"What we call it from now on."`
	Issuer        *string  `hidden:""`
	ClientID      *string  `name:"client-id" hidden:""`
	AuthURL       *string  `name:"auth-url" help:"Authentication request URL."`
	TokenURL      *string  `name:"token-url" help:"Access token URL; empty for a platform that takes no grades."`
	JWKSURL       *string  `name:"jwks-url" help:"Public keyset URL."`
	TokenAudience *string  `name:"token-audience" help:"Audience of token requests; empty for the token URL."`
	DeploymentID  []string `name:"deployment-id" sep:"none" help:"A deployment id; once for each, and no others count any more. Empty: each is adopted at its first valid launch." placeholder:"ID"`

	Algorithm          []string `help:"With what the platform signs: ${enum}. Once for each, instead of those of before." enum:"RS256,RS384,RS512,ES256" placeholder:"ALG"`
	FrameAncestor      []string `name:"frame-ancestor" sep:"none" help:"Another origin whose pages may frame ours; once for each, instead of those of before. Empty for none." placeholder:"ORIGIN"`
	TrustedAudience    []string `name:"trusted-audience" sep:"none" help:"An audience that may stand beside our client id; once for each, instead of those of before. Empty for none." placeholder:"AUDIENCE"`
	AllowAnonymous     *bool    `name:"allow-anonymous" negatable:"" help:"Whether launches are accepted that name no person."`
	LinkFromDeployment *bool    `name:"link-from-deployment" negatable:"" help:"Whether the deployment's id is taken for a link that has none (OpenOLAT)."`
}

// Help goes on after the list of options.
func (platformEdit) Help() string {
	return "What isn't named stays; " + sameForever + "."
}

const sameForever = "issuer and client id can't be edited: by them the platform is known in each launch, " +
	"and its courses, people and grades hang on them. With others it is another platform: see 'bbbridge platform add --help'"

func (e platformEdit) Run(p *program) error {
	platforms, cfg, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	before, err := platformCalled(p, platforms, e.Name)
	if err != nil {
		return err
	}
	if e.isAnother(before) {
		return errors.New(sameForever)
	}
	as := asAdded(before)
	if !e.overlay(&as) {
		return errors.New("name what is to change: see 'bbbridge platform edit --help'")
	}
	as.tidy()
	if err := as.check(cfg); err != nil {
		return err
	}
	after, err := platforms.Edit(p, admin.Shell, before.ID, func(platform *admin.Platform) { before = *platform; e.change(platform) })
	var invalid *admin.InvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Fields["name"] == "exists":
		return fmt.Errorf("another platform is called %q: see 'bbbridge platform list'", admin.Pasted(*e.NewName))
	case err != nil:
		return named("platform", e.Name, err)
	}
	return printChanges(p.out, before, after)
}

// change makes of a platform what is named.
func (e platformEdit) change(platform *admin.Platform) {
	as := asAdded(*platform)
	e.overlay(&as)
	as.tidy()
	known := platform.Deployments
	platform.Registration = as.registration(platform.Registration)
	if e.DeploymentID == nil || len(as.DeploymentID) == 0 { // those that are known stay
		platform.Deployments = known
	}
}

// isAnother reports whether e names another platform's identity.
func (e platformEdit) isAnother(platform admin.Platform) bool {
	return e.Issuer != nil && admin.Pasted(*e.Issuer) != platform.Issuer || e.ClientID != nil && admin.Pasted(*e.ClientID) != platform.ClientID
}

// asAdded is what "platform add" would have been told to make a platform so.
func asAdded(p admin.Platform) platformAdd {
	a := platformAdd{
		Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, AuthURL: p.AuthURL, TokenURL: p.TokenURL, JWKSURL: p.JWKSURL,
		TokenAudience: p.TokenAudience, Algorithm: p.Algorithms, FrameAncestor: p.FrameAncestors, TrustedAudience: p.TrustedAudiences,
		AllowAnonymous: p.AllowAnonymous, LinkFromDeployment: p.LinkFromDeployment,
	}
	if !p.AdoptDeployments {
		a.DeploymentID = slices.Sorted(maps.Keys(p.Deployments))
	}
	return a
}

// overlay puts what e names over a, and reports whether it names anything.
func (e platformEdit) overlay(a *platformAdd) bool {
	some := e.Issuer != nil || e.ClientID != nil
	for _, text := range []struct {
		said  *string
		field *string
	}{
		{e.NewName, &a.Name}, {e.AuthURL, &a.AuthURL}, {e.TokenURL, &a.TokenURL}, {e.JWKSURL, &a.JWKSURL}, {e.TokenAudience, &a.TokenAudience},
	} {
		if text.said != nil {
			*text.field, some = *text.said, true
		}
	}
	for _, list := range []struct {
		said  []string
		field *[]string
	}{
		{e.DeploymentID, &a.DeploymentID}, {e.Algorithm, &a.Algorithm}, {e.FrameAncestor, &a.FrameAncestor}, {e.TrustedAudience, &a.TrustedAudience},
	} {
		if list.said != nil {
			*list.field, some = list.said, true
		}
		if len(list.said) == 1 && admin.Pasted(list.said[0]) == "" {
			*list.field = nil
		}
	}
	for _, flag := range []struct {
		said  *bool
		field *bool
	}{
		{e.AllowAnonymous, &a.AllowAnonymous}, {e.LinkFromDeployment, &a.LinkFromDeployment},
	} {
		if flag.said != nil {
			*flag.field, some = *flag.said, true
		}
	}
	return some
}

// printChanges says what is another than before.
func printChanges(out io.Writer, before, after admin.Platform) error {
	was, is := byLabel(before), byLabel(after)
	var changed []string
	for _, label := range slices.Compact(append(labels(before), labels(after)...)) {
		if was[label] != is[label] && !slices.Contains(changed, label) {
			changed = append(changed, label)
		}
	}
	if len(changed) == 0 {
		fmt.Fprintf(out, "Nothing of %s is another than before.\n", after.Name)
		return nil
	}
	fmt.Fprintf(out, "Changed %s, on all nodes within 10 seconds:\n", after.Name)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, label := range changed {
		fmt.Fprintf(w, "  %s\t%s\n  \t→ %s\n", label, orNone(was[label]), orNone(is[label]))
	}
	return w.Flush()
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// labels are those of a platform's facts.
func labels(p admin.Platform) []string {
	var list []string
	for _, fact := range facts(p) {
		if fact[0] != "" {
			list = append(list, fact[0])
		}
	}
	return list
}

// byLabel has a platform's facts by their labels. A line without one goes on
// with the fact before.
func byLabel(p admin.Platform) map[string]string {
	values, more, label := map[string]string{}, map[string][]string{}, ""
	for _, fact := range facts(p) {
		if fact[0] != "" {
			label = fact[0]
			values[label] = fact[1]
			continue
		}
		more[label] = append(more[label], fact[1])
	}
	for label, list := range more {
		values[label] += ": " + strings.Join(list, ", ")
	}
	return values
}
