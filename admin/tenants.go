package admin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/classroom"
)

// tenantStore keeps tenants. What changes is written together with its line of
// the audit log.
type tenantStore interface {
	Tenants(context.Context) ([]classroom.Tenant, error)
	AddTenant(context.Context, classroom.Tenant) (classroom.Tenant, error)
	EditTenant(ctx context.Context, id, did string, change func(*classroom.Tenant) error) (before, after classroom.Tenant, err error)
	RemoveTenant(ctx context.Context, id string) error
	MovePlatform(ctx context.Context, name, tenantID string) error
	SetLogo(ctx context.Context, tenantID, digest string, png []byte) error
	StaffList(context.Context) ([]Staff, error)
	Platforms(context.Context) ([]Platform, error)
}

// Tenants are whom platforms belong to.
type Tenants struct {
	Store tenantStore
	// Locales are the languages of our pages.
	Locales []string
}

// List is the tenants with which the actor may do action, by name.
func (s *Tenants) List(ctx context.Context, by Actor, action Action) ([]classroom.Tenant, error) {
	if !by.Somewhere(action) {
		return nil, ErrForbidden
	}
	all, err := s.Store.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	return slices.DeleteFunc(all, func(t classroom.Tenant) bool { return !by.Can(action, t.ID) }), nil
}

// Find is the tenant of that id or name, if the actor may do action with it.
// One of others isn't there.
func (s *Tenants) Find(ctx context.Context, by Actor, action Action, idOrName string) (classroom.Tenant, error) {
	all, err := s.Store.Tenants(ctx)
	if err != nil {
		return classroom.Tenant{}, fmt.Errorf("tenants: %w", err)
	}
	for _, of := range []func(classroom.Tenant) string{
		func(t classroom.Tenant) string { return t.ID }, func(t classroom.Tenant) string { return t.Name },
	} {
		for _, t := range all {
			if of(t) == idOrName && by.Can(See, t.ID) {
				return t, by.May(action, t.ID)
			}
		}
	}
	return classroom.Tenant{}, fmt.Errorf("tenant %s: %w", idOrName, ErrNotFound)
}

// Add adds a tenant. An *InvalidError says what is wrong with its name.
func (s *Tenants) Add(ctx context.Context, by Actor, name string) (classroom.Tenant, error) {
	if err := by.May(EditTenants, ""); err != nil {
		return classroom.Tenant{}, err
	}
	t := classroom.Tenant{Name: strings.TrimSpace(name)}
	if err := s.check(t); err != nil {
		return classroom.Tenant{}, err
	}
	t, err := s.Store.AddTenant(By(ctx, by), t)
	if errors.Is(err, ErrExists) {
		return classroom.Tenant{}, Invalid("name", "exists")
	}
	if err != nil {
		return classroom.Tenant{}, fmt.Errorf("add tenant: %w", err)
	}
	return t, nil
}

// Change changes what a tenant says, but for the roles that moderate and the
// logo: they have ways of their own. An *InvalidError names the fields that
// can't be taken.
func (s *Tenants) Change(ctx context.Context, by Actor, id string, change func(*classroom.Tenant)) (classroom.Tenant, error) {
	return s.edit(ctx, by, id, "tenant.edit", func(t *classroom.Tenant) {
		policy, logo := t.Policy, t.Look.Logo
		change(t)
		t.Policy, t.Look.Logo = policy, logo
	})
}

// SetPolicy changes which roles moderate, from the next launch on.
func (s *Tenants) SetPolicy(ctx context.Context, by Actor, id string, change func(*classroom.Policy)) (classroom.Tenant, error) {
	return s.edit(ctx, by, id, "tenant.roles", func(t *classroom.Tenant) { change(&t.Policy) })
}

func (s *Tenants) edit(ctx context.Context, by Actor, id, did string, change func(*classroom.Tenant)) (classroom.Tenant, error) {
	t, err := s.Find(ctx, by, EditTenant, id)
	if err != nil {
		return classroom.Tenant{}, err
	}
	_, after, err := s.Store.EditTenant(By(ctx, by), t.ID, did, func(t *classroom.Tenant) error {
		name := t.Name
		change(t)
		if t.Name != name { // it is by its name that others know it
			if err := by.May(EditTenants, ""); err != nil {
				return err
			}
		}
		return s.check(*t)
	})
	if errors.Is(err, ErrExists) {
		return classroom.Tenant{}, Invalid("name", "exists")
	}
	if err != nil {
		return classroom.Tenant{}, fmt.Errorf("edit tenant %s: %w", t.ID, err)
	}
	return after, nil
}

// Remove takes a tenant away to which no platform and no account belongs; else
// it is ErrInUse. So it is for the default tenant: it is whose all is that
// names no other.
func (s *Tenants) Remove(ctx context.Context, by Actor, id string) (classroom.Tenant, error) {
	if err := by.May(EditTenants, ""); err != nil {
		return classroom.Tenant{}, err
	}
	t, err := s.Find(ctx, by, EditTenants, id)
	if err != nil {
		return classroom.Tenant{}, err
	}
	staff, err := s.Store.StaffList(ctx)
	if err != nil {
		return t, fmt.Errorf("staff: %w", err)
	}
	if t.ID == classroom.DefaultTenant || slices.ContainsFunc(staff, func(m Staff) bool { return slices.Contains(m.Tenants, t.ID) }) {
		return t, fmt.Errorf("tenant %s: %w", t.ID, ErrInUse)
	}
	if err := s.Store.RemoveTenant(By(ctx, by), t.ID); err != nil {
		return t, fmt.Errorf("remove tenant %s: %w", t.ID, err)
	}
	return t, nil
}

// Move gives a platform to another tenant, with its rooms: what that says
// counts for them from then on.
func (s *Tenants) Move(ctx context.Context, by Actor, platformID, tenantID string) (Platform, error) {
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return Platform{}, fmt.Errorf("platforms: %w", err)
	}
	at := slices.IndexFunc(all, func(p Platform) bool { return p.ID == platformID && by.Can(See, p.TenantID) })
	if at < 0 {
		return Platform{}, fmt.Errorf("platform %s: %w", platformID, ErrNotFound)
	}
	if err := by.May(EditPlatforms, all[at].TenantID); err != nil {
		return Platform{}, err
	}
	to, err := s.Find(ctx, by, EditPlatforms, tenantID)
	if errors.Is(err, ErrNotFound) {
		return Platform{}, Invalid("tenant", "choice")
	}
	if err != nil {
		return Platform{}, err
	}
	if err := s.Store.MovePlatform(By(ctx, by), all[at].Name, to.ID); err != nil {
		return Platform{}, fmt.Errorf("move platform %s: %w", platformID, err)
	}
	return all[at], nil
}

// SetLogo takes a picture for a tenant's pages. An *InvalidError says what is
// wrong with it.
func (s *Tenants) SetLogo(ctx context.Context, by Actor, id string, picture []byte) error {
	t, err := s.Find(ctx, by, EditTenant, id)
	if err != nil {
		return err
	}
	png, digest, err := MakeLogo(picture)
	if err != nil {
		return err
	}
	if err := s.Store.SetLogo(By(ctx, by), t.ID, digest, png); err != nil {
		return fmt.Errorf("logo of tenant %s: %w", t.ID, err)
	}
	return nil
}

// RemoveLogo takes the picture away.
func (s *Tenants) RemoveLogo(ctx context.Context, by Actor, id string) error {
	t, err := s.Find(ctx, by, EditTenant, id)
	if err != nil {
		return err
	}
	if err := s.Store.SetLogo(By(ctx, by), t.ID, "", nil); err != nil {
		return fmt.Errorf("logo of tenant %s: %w", t.ID, err)
	}
	return nil
}

// Limits of what a tenant says.
const (
	TenantNameMost  = 100 // characters
	SupportTextMost = 300
	ContactMost     = 254 // bytes
)

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// check is an *InvalidError for all of a tenant that can't be taken.
func (s *Tenants) check(t classroom.Tenant) error {
	wrong := map[string]string{}
	set := func(field, why string, is bool) {
		if is && wrong[field] == "" {
			wrong[field] = why
		}
	}
	set("name", "tenant_name", t.Name == "" || utf8.RuneCountInString(t.Name) > TenantNameMost || Unprintable(t.Name) || strings.TrimSpace(t.Name) != t.Name)
	set("support_text", "support_text", utf8.RuneCountInString(t.Support.Text) > SupportTextMost || !utf8.ValidString(t.Support.Text) || strings.ContainsRune(t.Support.Text, 0))
	set("support_contact", "support_contact", t.Support.Contact != "" && ContactURL(t.Support.Contact) == "")
	set("locale", "choice", t.Locale != "" && !slices.Contains(s.Locales, t.Locale))
	set("names", "choice", !slices.Contains([]classroom.Naming{classroom.WholeNames, classroom.ShortNames, classroom.Pseudonyms}, t.Names))
	set("accent", "accent", t.Look.Accent != "" && !colour.MatchString(t.Look.Accent))
	set("evidence_months", "months", t.Keep.EvidenceMonths < 0 || t.Keep.EvidenceMonths > classroom.KeepMost)
	set("people_months", "months", t.Keep.PeopleMonths < 0 || t.Keep.PeopleMonths > classroom.KeepMost)
	for _, lock := range t.Locked {
		set("locked", "choice", !slices.Contains(classroom.Lockable(), lock))
	}
	for _, field := range t.Defaults.Wrong() {
		set(field, "default_"+field, true)
	}
	for _, field := range t.Rule.Wrong() {
		set("rule_"+field, "rule_"+field, true)
	}
	if len(wrong) > 0 {
		return &InvalidError{wrong}
	}
	return nil
}

// ContactURL is where a contact leads: an address of mail, or of a page; empty
// for what is none.
func ContactURL(contact string) string {
	if len(contact) > ContactMost || Unseen(contact) {
		return ""
	}
	if validEmail(contact) {
		return "mailto:" + contact
	}
	u, err := url.Parse(contact)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return u.String()
}
