package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/lti"
)

// What callers act on.
var (
	ErrLinkUnknown = errors.New("there is no such registration link")
	ErrLinkRevoked = errors.New("the registration link was revoked")
	ErrLinkExpired = errors.New("the registration link has expired")
	ErrLinkUsed    = errors.New("the registration link has registered another platform")
	ErrLinkBusy    = errors.New("the registration link is in use at this moment")
)

// Bounds of a registration link.
const (
	LinkLife     = 24 * time.Hour      // unless somebody says otherwise
	LinkLifeMost = 90 * 24 * time.Hour // a school's term of paper work
	NoteMost     = 200                 // characters
	FailuresMost = 10                  // that a link remembers
	linkHold     = time.Minute         // how long one registration may take
)

// A RegistrationLink lets the admin of an LMS register it (LTI Dynamic
// Registration 1.0). It registers one platform, and may register the same one
// again.
type RegistrationLink struct {
	ID, TenantID, Note string
	Approve            bool   // what it registers waits until somebody says yes
	MadeBy             string // who, as in the audit log
	CreatedAt          time.Time
	ExpiresAt          time.Time
	RevokedAt, UsedAt  time.Time             // zero: not
	Issuer             string                // that it has registered; empty: none so far
	PlatformID         string                // the newest one
	Failures           []RegistrationFailure // newest first, at most FailuresMost
}

// A RegistrationFailure is a registration that came to nothing.
type RegistrationFailure struct {
	At     time.Time
	Code   string // of lti.RegistrationError, or of an error of this package
	Step   string `json:",omitempty"`
	Host   string `json:",omitempty"`
	Status int    `json:",omitempty"`
	Words  string `json:",omitempty"` // of the platform
}

// LinkState is what can be done with a link.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "open"
	LinkUsed    LinkState = "used" // the same platform may register again
	LinkExpired LinkState = "expired"
	LinkRevoked LinkState = "revoked"
)

// State is the link's at a time.
func (l RegistrationLink) State(now time.Time) LinkState {
	switch {
	case !l.RevokedAt.IsZero():
		return LinkRevoked
	case !now.Before(l.ExpiresAt):
		return LinkExpired
	case !l.UsedAt.IsZero():
		return LinkUsed
	}
	return LinkOpen
}

// usable is why the link can't be used at all; nil if it can.
func (l RegistrationLink) usable(now time.Time) error {
	switch l.State(now) {
	case LinkRevoked:
		return ErrLinkRevoked
	case LinkExpired:
		return ErrLinkExpired
	}
	return nil
}

// A LinkWish is what somebody wants of a new link.
type LinkWish struct {
	TenantID, Note string
	Life           time.Duration
	Approve        bool
}

// check is what is wrong with a wish.
func (w *LinkWish) check() error {
	w.Note = strings.TrimSpace(w.Note)
	wrong := map[string]string{}
	if w.Life < time.Minute || w.Life > LinkLifeMost {
		wrong["life"] = "life"
	}
	if utf8.RuneCountInString(w.Note) > NoteMost || !utf8.ValidString(w.Note) ||
		strings.ContainsFunc(w.Note, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		wrong["note"] = "note"
	}
	if len(wrong) > 0 {
		return &InvalidError{wrong}
	}
	return nil
}

// NewLink makes a link and returns its address, which nobody sees again.
func (r *Registering) NewLink(ctx context.Context, by Actor, wish LinkWish) (RegistrationLink, string, error) {
	if err := by.May(EditPlatforms, wish.TenantID); err != nil {
		return RegistrationLink{}, "", err
	}
	if err := wish.check(); err != nil {
		return RegistrationLink{}, "", err
	}
	now := r.Now().UTC().Truncate(time.Millisecond)
	c := newCode()
	link := RegistrationLink{
		TenantID: wish.TenantID, Note: wish.Note, Approve: wish.Approve, MadeBy: by.Name, CreatedAt: now, ExpiresAt: now.Add(wish.Life),
	}
	link, err := r.Store.AddRegistrationLink(By(ctx, by), link, c.digest())
	if err != nil {
		return RegistrationLink{}, "", fmt.Errorf("make a registration link: %w", err)
	}
	return link, r.PublicURL + "/lti/register?code=" + string(c), nil
}

// Links are those of the actor's tenants, the newest first.
func (r *Registering) Links(ctx context.Context, by Actor) ([]RegistrationLink, error) {
	if !by.Somewhere(EditPlatforms) {
		return nil, ErrForbidden
	}
	all, err := r.Store.RegistrationLinks(ctx)
	if err != nil {
		return nil, fmt.Errorf("registration links: %w", err)
	}
	return slices.DeleteFunc(all, func(l RegistrationLink) bool { return !by.Can(EditPlatforms, l.TenantID) }), nil
}

// Link is one of Links.
func (r *Registering) Link(ctx context.Context, by Actor, id string) (RegistrationLink, error) {
	all, err := r.Links(ctx, by)
	if err != nil {
		return RegistrationLink{}, err
	}
	for _, l := range all {
		if l.ID == id {
			return l, nil
		}
	}
	return RegistrationLink{}, ErrNotFound
}

// Revoke makes a link useless.
func (r *Registering) Revoke(ctx context.Context, by Actor, id string) error {
	l, err := r.Link(ctx, by, id)
	if err != nil {
		return err
	}
	if err := r.Store.RevokeRegistrationLink(By(ctx, by), l.ID); err != nil {
		return fmt.Errorf("revoke registration link %s: %w", id, err)
	}
	return nil
}

// linkOf finds the link of a code.
func (r *Registering) linkOf(ctx context.Context, text string) (RegistrationLink, error) {
	link, err := r.Store.RegistrationLinkOf(ctx, code(text).digest())
	if err != nil {
		return RegistrationLink{}, fmt.Errorf("registration link: %w", err)
	}
	return link, link.usable(r.Now())
}

// linkStore keeps registration links.
type linkStore interface {
	// AddRegistrationLink gives the link an id.
	AddRegistrationLink(ctx context.Context, l RegistrationLink, digest []byte) (RegistrationLink, error)
	// RegistrationLinks are all, the newest first.
	RegistrationLinks(ctx context.Context) ([]RegistrationLink, error)
	RevokeRegistrationLink(ctx context.Context, id string) error
	// RegistrationLinkOf is ErrLinkUnknown if no link has this code.
	RegistrationLinkOf(ctx context.Context, digest []byte) (RegistrationLink, error)
	// HoldRegistrationLink reports whether nobody else holds it.
	HoldRegistrationLink(ctx context.Context, id string, until time.Time) (bool, error)
	// NoteRegistrationFailure keeps a failure with the link. Whoever held it
	// until then lets go of it; zero: nobody did.
	NoteRegistrationFailure(ctx context.Context, id string, held time.Time, f RegistrationFailure) error
	// ClientsOf are the platforms of an issuer that a tenant has.
	ClientsOf(ctx context.Context, tenantID, issuer string) ([]lti.Client, error)
	// SaveRegistration is what a link has registered, in one transaction.
	SaveRegistration(ctx context.Context, n NewRegistration) (Saved, error)
	// ApprovePlatform reports whether the platform has waited for it.
	ApprovePlatform(ctx context.Context, name string) (bool, error)
	Platforms(ctx context.Context) ([]Platform, error)
	// LinkedPlatform is ErrNotFound for one that didn't register by a link.
	LinkedPlatform(ctx context.Context, registrationID string) (LinkedPlatform, error)
}
