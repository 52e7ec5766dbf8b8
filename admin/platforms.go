package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// A Platform is a registration as its admin sees it. Its name is unique.
type Platform struct {
	lti.Registration
	TenantID  string // empty: the default tenant
	CreatedAt time.Time
	LMS       LMS  // what kind of platform it is; empty: not known
	KeyPasted bool // it has our key as text, so a new one must be pasted there
}

// Limits of what somebody may type.
const (
	valueMost      = 2048 // bytes of a name or address
	deploymentMost = 255  // bytes of a deployment's id
)

// A Flaw is a value of a platform that can't be right.
type Flaw struct {
	Field string // "name", "issuer", "client_id", "auth_url", "token_url", "jwks_url", "token_audience", "deployment_id", "frame_ancestor", "trusted_audience"
	Why   string // "empty", "control", "unseen", "address", "https", "deployment", "origin"
	Value string
}

// Flaws are all values of p that can't be right. loopback says that http is
// right, too: the service is then only for trying things out.
func (p Platform) Flaws(loopback bool) []Flaw {
	var flaws []Flaw
	flaw := func(field, why, value string) { flaws = append(flaws, Flaw{field, why, value}) }
	for _, v := range [][2]string{{"name", p.Name}, {"issuer", p.Issuer}, {"client_id", p.ClientID}} {
		if v[1] == "" || len(v[1]) > valueMost {
			flaw(v[0], "empty", v[1])
		}
	}
	if Unprintable(p.Name) {
		flaw("name", "control", p.Name)
	}
	for _, v := range [][2]string{
		{"issuer", p.Issuer}, {"client_id", p.ClientID}, {"auth_url", p.AuthURL}, {"token_url", p.TokenURL},
		{"jwks_url", p.JWKSURL}, {"token_audience", p.TokenAudience},
	} {
		if Unseen(v[1]) {
			flaw(v[0], "unseen", v[1])
		}
	}
	for _, v := range [][2]string{{"auth_url", p.AuthURL}, {"token_url", p.TokenURL}, {"jwks_url", p.JWKSURL}} {
		if why := wrongAddress(v[1], loopback); why != "" && (v[0] != "token_url" || v[1] != "") {
			flaw(v[0], why, v[1])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Deployments)) {
		switch {
		case id == "" || len(id) > deploymentMost:
			flaw("deployment_id", "deployment", id)
		case Unseen(id):
			flaw("deployment_id", "unseen", id)
		}
	}
	for _, audience := range p.TrustedAudiences {
		if Unseen(audience) {
			flaw("trusted_audience", "unseen", audience)
		}
	}
	for _, origin := range p.FrameAncestors {
		if !isOrigin(origin, loopback) {
			flaw("frame_ancestor", "origin", origin)
		}
	}
	return flaws
}

func wrongAddress(text string, loopback bool) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return "address"
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		return "https"
	}
	return ""
}

// isOrigin reports whether text is one origin and nothing else: it goes into
// a header.
func isOrigin(text string, loopback bool) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || text != u.Scheme+"://"+u.Host || strings.ContainsAny(text, ";,") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// registry keeps platforms. What changes is written together with its line of
// the audit log.
type registry interface {
	Platforms(context.Context) ([]Platform, error)
	AddPlatform(context.Context, Platform) (Platform, error)
	EditPlatform(ctx context.Context, name string, change func(*Platform) error) (before, after Platform, err error)
	SetPlatformDisabled(ctx context.Context, name string, disabled bool) error
	RemovePlatform(ctx context.Context, name string) error
	// ErasePlatform is RemovePlatform, and all of it goes at that time.
	ErasePlatform(ctx context.Context, name string, at time.Time) error
	Leaving(context.Context) ([]Leaving, error)
	KeepPlatform(ctx context.Context, id string) error
	Tenants(context.Context) ([]classroom.Tenant, error)
	NewestKey(context.Context) (lti.Key, error)
	// RegisteredAs are the platforms with that client id, removed ones too.
	RegisteredAs(ctx context.Context, clientID string) ([]Platform, error)
}

// prober asks platforms; see lti.Probe.
type prober interface {
	KeySet(context.Context, lti.Registration) (lti.KeySetFound, error)
	Token(ctx context.Context, r lti.Registration, deploymentID string) error
}

// Platforms are the registrations of platforms.
type Platforms struct {
	Store    registry
	Probe    prober
	Happened newsStore
	Loopback bool // http addresses are right, for trying things out
	Now      func() time.Time
}

// List is the platforms that the actor may see, by name.
func (s *Platforms) List(ctx context.Context, by Actor) ([]Platform, error) {
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return nil, fmt.Errorf("platforms: %w", err)
	}
	return slices.DeleteFunc(all, func(p Platform) bool { return !by.Can(See, p.TenantID) }), nil
}

// Find is the platform of that id, if the actor may do action with it. One of
// a tenant of others isn't there.
func (s *Platforms) Find(ctx context.Context, by Actor, action Action, id string) (Platform, error) {
	all, err := s.List(ctx, by)
	if err != nil {
		return Platform{}, err
	}
	at := slices.IndexFunc(all, func(p Platform) bool { return p.ID == id })
	if at < 0 {
		return Platform{}, fmt.Errorf("platform %s: %w", id, ErrNotFound)
	}
	return all[at], by.May(action, all[at].TenantID)
}

// Add registers a platform. An *InvalidError names the fields that can't be
// taken; ErrExists is of its name, or of its issuer and client id.
func (s *Platforms) Add(ctx context.Context, by Actor, p Platform) (Platform, error) {
	p.TenantID = cmp.Or(p.TenantID, classroom.DefaultTenant)
	if err := by.May(EditPlatforms, p.TenantID); err != nil {
		return Platform{}, err
	}
	if err := s.check(p); err != nil {
		return Platform{}, err
	}
	if err := s.tenantIsThere(ctx, p.TenantID); err != nil {
		return Platform{}, err
	}
	same, err := s.Store.RegisteredAs(ctx, p.ClientID)
	if err != nil {
		return Platform{}, fmt.Errorf("client id %s: %w", p.ClientID, err)
	}
	if foreign(by, p, same) {
		return Platform{}, Invalid("client_id", "elsewhere")
	}
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return Platform{}, fmt.Errorf("platforms: %w", err)
	}
	for _, other := range all {
		if other.Issuer == p.Issuer && other.ClientID == p.ClientID {
			return Platform{}, Invalid("client_id", "registered")
		}
	}
	if p.KeyPasted {
		key, err := s.Store.NewestKey(ctx)
		if err != nil {
			return Platform{}, fmt.Errorf("the key to be pasted: %w", err)
		}
		p.SignsWith = key.ID
	}
	added, err := s.Store.AddPlatform(By(ctx, by), p)
	if errors.Is(err, ErrExists) {
		return Platform{}, Invalid("name", "exists")
	}
	if err != nil {
		return Platform{}, fmt.Errorf("add platform: %w", err)
	}
	return added, nil
}

// foreign reports whether p would have what belongs to a tenant of others: by
// the issuer and client id of one that was removed its courses and people, by
// the client id alone what we sign for its token URL. All platforms know us by
// the same keys.
func foreign(by Actor, p Platform, same []Platform) bool {
	return slices.ContainsFunc(same, func(other Platform) bool {
		return !by.Can(EditPlatforms, other.TenantID) && (other.Issuer == p.Issuer || other.TokenURL != "" && p.TokenURL != "")
	})
}

func (s *Platforms) check(p Platform) error {
	if wrong := s.Wrong(p); len(wrong) > 0 {
		return &InvalidError{wrong}
	}
	return nil
}

// Wrong is what of p can't be taken, as InvalidError has it.
func (s *Platforms) Wrong(p Platform) map[string]string {
	wrong := map[string]string{}
	for _, f := range p.Flaws(s.Loopback) {
		if wrong[f.Field] == "" {
			wrong[f.Field] = "value_" + f.Why
		}
	}
	return wrong
}

func (s *Platforms) tenantIsThere(ctx context.Context, id string) error {
	all, err := s.Store.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("tenants: %w", err)
	}
	if !slices.ContainsFunc(all, func(t classroom.Tenant) bool { return t.ID == id }) {
		return Invalid("tenant", "choice")
	}
	return nil
}

// Edit changes a platform, but not its issuer and client id: by them it is
// known, and what people have there hangs on them.
func (s *Platforms) Edit(ctx context.Context, by Actor, id string, change func(*Platform)) (Platform, error) {
	p, err := s.Find(ctx, by, EditPlatforms, id)
	if err != nil {
		return Platform{}, err
	}
	key, err := s.Store.NewestKey(ctx)
	if err != nil {
		return Platform{}, fmt.Errorf("the key to be pasted: %w", err)
	}
	same, err := s.Store.RegisteredAs(ctx, p.ClientID)
	if err != nil {
		return Platform{}, fmt.Errorf("client id %s: %w", p.ClientID, err)
	}
	_, after, err := s.Store.EditPlatform(By(ctx, by), p.Name, func(p *Platform) error {
		if p.ID != id { // another one has that name now
			return ErrNotFound
		}
		token, audience := p.TokenURL, p.TokenAudience
		change(p)
		if (p.TokenURL != token || p.TokenAudience != audience) && foreign(by, *p, same) {
			return Invalid("token_url", "elsewhere")
		}
		switch {
		case !p.KeyPasted:
			p.SignsWith = ""
		case p.SignsWith == "":
			p.SignsWith = key.ID
		}
		return s.check(*p)
	})
	if errors.Is(err, ErrExists) {
		return Platform{}, Invalid("name", "exists")
	}
	if err != nil {
		return Platform{}, fmt.Errorf("edit platform %s: %w", id, err)
	}
	return after, nil
}

// SetDeployment lets a deployment launch, or refuses it.
func (s *Platforms) SetDeployment(ctx context.Context, by Actor, id, deployment string, active bool) error {
	_, err := s.Edit(ctx, by, id, func(p *Platform) {
		p.Deployments = maps.Clone(p.Deployments)
		p.Deployments[deployment] = active
	})
	return err
}

// Disable refuses a platform's launches and holds its grades, or lets them go
// on.
func (s *Platforms) Disable(ctx context.Context, by Actor, id string, disabled bool) error {
	p, err := s.Find(ctx, by, EditPlatforms, id)
	if err != nil {
		return err
	}
	if err := s.Store.SetPlatformDisabled(By(ctx, by), p.Name, disabled); err != nil {
		return fmt.Errorf("disable platform %s: %w", id, err)
	}
	return nil
}

// Remove takes a platform out of use. What people attended there is kept.
func (s *Platforms) Remove(ctx context.Context, by Actor, id string) (Platform, error) {
	p, err := s.Find(ctx, by, EditPlatforms, id)
	if err != nil {
		return Platform{}, err
	}
	if err := s.Store.RemovePlatform(By(ctx, by), p.Name); err != nil {
		return p, fmt.Errorf("remove platform %s: %w", id, err)
	}
	return p, nil
}
