package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"

	"github.com/bbbridge/bbbridge/classroom"
)

// A Guest is who signs in without an account. What they may is asked anew for
// each request, of who has vouched for them.
type Guest struct {
	ID       string // the same each time; not an account's
	Via      Via
	Name     string
	Said     []string // by the institution's provider: those values that give a role
	PersonID string   // whom their LMS has named
}

// A Via is who vouches for a guest.
type Via string

// Those who do.
const (
	ViaProvider Via = "oidc" // the institution's OpenID Connect provider
	ViaLMS      Via = "lms"
)

// guestStore is what is known of guests.
type guestStore interface {
	Tenants(context.Context) ([]classroom.Tenant, error)
	// AdministratorOf is the tenant for which a person's newest launch says that
	// they administer its institution or platform, which isn't shut; ErrNotFound.
	AdministratorOf(ctx context.Context, personID string) (classroom.Tenant, error)
}

// guestID is for who isn't to be taken for an account, nor for another guest.
func guestID(via Via, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return string(via) + ":" + base32.StdEncoding.EncodeToString(sum[:15])
}

// A Grant is a role for whoever has a value of the provider's claim.
type Grant struct {
	Value  string
	Role   Role
	Tenant string // its name; of an operator none
}

// Grants are what an institution's provider may give.
type Grants []Grant

// of is the widest role that values give, with the tenants in which they do.
func (g Grants) of(values []string, tenants []classroom.Tenant) (Role, []string) {
	for _, role := range Roles() {
		var ids []string
		for _, grant := range g {
			if grant.Role != role || grant.Value == "" || !slices.Contains(values, grant.Value) {
				continue
			}
			if role == Operator {
				return Operator, nil
			}
			for _, t := range tenants {
				if t.Name == grant.Tenant && !slices.Contains(ids, t.ID) {
					ids = append(ids, t.ID)
				}
			}
		}
		if len(ids) > 0 {
			return role, ids
		}
	}
	return "", nil
}

// A Member is whom the institution's provider has named.
type Member struct {
	Issuer, Subject string
	Name            string
	Values          []string // of its claim
}

// AdmitMember signs a member in; ErrForbidden if none of their values gives a
// role.
func (a *Accounts) AdmitMember(ctx context.Context, m Member, from From) (SignedIn, error) {
	g := Guest{ID: guestID(ViaProvider, m.Issuer, m.Subject), Via: ViaProvider, Name: shortened(m.Name)}
	for _, grant := range a.Grants {
		if grant.Value != "" && slices.Contains(m.Values, grant.Value) {
			g.Said = append(g.Said, grant.Value)
		}
	}
	return a.admit(ctx, g, from)
}

// guestName is what is kept of a guest's name, in characters.
const guestName = 200

func shortened(name string) string {
	if runes := []rune(name); len(runes) > guestName {
		return string(runes[:guestName])
	}
	return name
}

func (a *Accounts) admit(ctx context.Context, g Guest, from From) (SignedIn, error) {
	return a.begin(ctx, SignIn{StaffID: g.ID, Guest: &g}, from)
}

// vouched is what a guest may now; ErrForbidden if that is nothing any more.
func (a *Accounts) vouched(ctx context.Context, g Guest) (Role, []string, error) {
	switch g.Via {
	case ViaLMS:
		return a.vouchedByLMS(ctx, g)
	case ViaProvider:
	default:
		return "", nil, ErrForbidden
	}
	tenants, err := a.Store.Tenants(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("tenants of a guest: %w", err)
	}
	role, ids := a.Grants.of(g.Said, tenants)
	if role == "" {
		return "", nil, fmt.Errorf("nothing gives a role: %w", ErrForbidden)
	}
	return role, ids, nil
}

// AdmitAdministrator signs in whom their LMS calls an administrator, as an admin
// of its tenant. ErrForbidden unless the tenant has switched that on.
func (a *Accounts) AdmitAdministrator(ctx context.Context, p classroom.Person, from From) (SignedIn, error) {
	return a.admit(ctx, Guest{ID: guestID(ViaLMS, p.ID), Via: ViaLMS, Name: shortened(p.DisplayName()), PersonID: p.ID}, from)
}

func (a *Accounts) vouchedByLMS(ctx context.Context, g Guest) (Role, []string, error) {
	tenant, err := a.Store.AdministratorOf(ctx, g.PersonID)
	if errors.Is(err, ErrNotFound) || err == nil && !tenant.Policy.AdministratorsSetUp {
		return "", nil, fmt.Errorf("person %s sets nothing up: %w", g.PersonID, ErrForbidden)
	}
	if err != nil {
		return "", nil, fmt.Errorf("tenant of person %s: %w", g.PersonID, err)
	}
	return TenantAdmin, []string{tenant.ID}, nil
}

// guest is who a guest's sign-in speaks for. ErrForbidden.
func (a *Accounts) guest(ctx context.Context, s SignIn) (Actor, error) {
	role, tenants, err := a.vouched(ctx, *s.Guest)
	return Actor{
		StaffID: s.StaffID, Name: s.Guest.Name, Role: role, Tenants: tenants, Address: s.Address, SignInID: s.ID, ConfirmedAt: s.ConfirmedAt,
	}, err
}

// gone reports whether an actor's sign-in has lost what it stood on.
func gone(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) }
