package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// What becomes of a registration that the platform has made and we can't keep.
var (
	ErrOtherTenant = errors.New("the platform belongs to another tenant")
	ErrOtherKeys   = errors.New("the platform is registered with other addresses")
)

// registrar speaks with platforms.
type registrar interface {
	Look(ctx context.Context, configuration string, token lti.RegistrationToken) (lti.Offer, error)
	Register(ctx context.Context, o lti.Offer, token lti.RegistrationToken, known *lti.Client) (lti.Registered, error)
	Asks(o lti.Offer) lti.Features
}

// Registering registers platforms by link.
type Registering struct {
	Store     linkStore
	Platforms registrar
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
	Most      chan struct{} // as many platforms are asked at a time as it has room for; nil: any number
}

// A RegistrationVisit is one call of a registration link by a platform (Dynamic
// Registration 1.0, 3.3).
type RegistrationVisit struct {
	Code          string // of the link
	Configuration string // openid_configuration
	Token         lti.RegistrationToken
}

// An Invitation is what a platform offers, before anything has changed.
type Invitation struct {
	Link  RegistrationLink
	Offer lti.Offer
	Asks  lti.Features
	Waits bool // what is new will wait for approval
	// Clients are those that we have of the platform. One of them may be
	// updated, which makes nothing new.
	Clients []lti.Client
}

// A NewRegistration is what SaveRegistration saves.
type NewRegistration struct {
	LinkID     string
	Registered lti.Registered
	Pending    bool // if it is new
	Trusted    bool // the addresses are the issuer's own or its vendor's: they may replace others
}

// Saved is what became of a NewRegistration.
type Saved struct {
	Name    string // the platform's
	Again   bool   // it was registered before
	Pending bool   // it waits for approval
}

// Registration is a platform that has just been registered.
type Registration struct {
	lti.Registered
	Saved
}

// Open is the link of a code that can be used.
func (r *Registering) Open(ctx context.Context, code string) (RegistrationLink, error) {
	return r.linkOf(ctx, code)
}

// Look asks the platform what it is. What goes wrong is kept with the link.
func (r *Registering) Look(ctx context.Context, v RegistrationVisit) (Invitation, error) {
	link, err := r.linkOf(ctx, v.Code)
	if err != nil {
		return Invitation{}, err
	}
	done, err := r.turn()
	if err != nil {
		return Invitation{}, err
	}
	defer done()
	return r.look(ctx, link, time.Time{}, v)
}

func (r *Registering) look(ctx context.Context, link RegistrationLink, held time.Time, v RegistrationVisit) (Invitation, error) {
	offer, err := r.Platforms.Look(ctx, v.Configuration, v.Token)
	if err == nil && link.Issuer != "" && link.Issuer != offer.Issuer {
		err = ErrLinkUsed
	}
	if err != nil {
		return Invitation{}, r.failed(ctx, link, held, err)
	}
	clients, err := r.Store.ClientsOf(ctx, link.TenantID, offer.Issuer)
	if err != nil {
		return Invitation{}, r.failed(ctx, link, held, fmt.Errorf("clients of %s: %w", offer.Issuer, err))
	}
	return Invitation{Link: link, Offer: offer, Asks: r.Platforms.Asks(offer), Waits: mustWait(link, offer), Clients: clients}, nil
}

// mustWait reports whether a new platform waits for approval.
func mustWait(link RegistrationLink, o lti.Offer) bool {
	return link.Approve || o.Belongs == lti.DoubtfulIssuer
}

// Register registers us with the platform, and the platform with us. A link
// serves one registration at a time.
func (r *Registering) Register(ctx context.Context, v RegistrationVisit) (Registration, error) {
	link, err := r.linkOf(ctx, v.Code)
	if err != nil {
		return Registration{}, err
	}
	done, err := r.turn()
	if err != nil {
		return Registration{}, err
	}
	defer done()
	until := r.Now().UTC().Truncate(time.Millisecond).Add(linkHold)
	held, err := r.Store.HoldRegistrationLink(ctx, link.ID, until)
	switch {
	case err != nil:
		return Registration{}, fmt.Errorf("hold registration link %s: %w", link.ID, err)
	case !held:
		return Registration{}, ErrLinkBusy
	}
	// The platform's answer must not be lost because a browser goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linkHold)
	defer cancel()
	invitation, err := r.look(ctx, link, until, v)
	if err != nil {
		return Registration{}, err
	}
	return r.register(ctx, invitation, until, v.Token)
}

func (r *Registering) register(ctx context.Context, i Invitation, held time.Time, token lti.RegistrationToken) (Registration, error) {
	registered, err := r.Platforms.Register(ctx, i.Offer, token, i.known())
	if err != nil {
		return Registration{}, r.failed(ctx, i.Link, held, err)
	}
	who := "registration link"
	if i.Link.Note != "" {
		who += " " + i.Link.Note
	}
	saved, err := r.Store.SaveRegistration(By(ctx, Actor{Name: who}), NewRegistration{
		LinkID: i.Link.ID, Registered: registered, Pending: mustWait(i.Link, i.Offer), Trusted: i.Offer.Belongs != lti.DoubtfulIssuer,
	})
	if err != nil {
		return Registration{}, r.failed(ctx, i.Link, held, fmt.Errorf("save registration: %w", err))
	}
	return Registration{registered, saved}, nil
}

// known is the client that the platform may be asked to update: the only one
// that we have of its issuer, or the one that the link has made.
func (i Invitation) known() *lti.Client {
	for _, c := range i.Clients {
		if c.Registration.ID == i.Link.PlatformID || len(i.Clients) == 1 {
			return &c
		}
	}
	return nil
}

// turn waits for nobody: with too many platforms asked at once, the next one
// is told to come again.
func (r *Registering) turn() (done func(), err error) {
	if r.Most == nil {
		return func() {}, nil
	}
	select {
	case r.Most <- struct{}{}:
		return func() { <-r.Most }, nil
	default:
		return nil, ErrLinkBusy
	}
}

// failed keeps what went wrong with the link, and returns it. Of who goes away
// before there is an answer nothing is kept.
func (r *Registering) failed(ctx context.Context, link RegistrationLink, held time.Time, err error) error {
	if ctx.Err() != nil && held.IsZero() {
		return err
	}
	f := FailureOf(err)
	f.At = r.Now().UTC().Truncate(time.Millisecond)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if kept := r.Store.NoteRegistrationFailure(ctx, link.ID, held, f); kept != nil {
		r.Log.Error("keep the failure of a registration link", "link", link.ID, "err", kept)
	}
	return err
}

// failureCodes are those of this package's errors.
var failureCodes = []struct {
	err  error
	code string
}{
	{ErrLinkUnknown, "link_unknown"}, {ErrLinkRevoked, "link_revoked"}, {ErrLinkExpired, "link_expired"}, {ErrLinkUsed, "link_used"},
	{ErrLinkBusy, "link_busy"}, {ErrOtherTenant, "registration_other_tenant"}, {ErrOtherKeys, "registration_other_keys"},
}

// FailureOf is what to tell of an error of Open, Look or Register. Without a
// code it is a fault of ours.
func FailureOf(err error) RegistrationFailure {
	var refused *lti.RegistrationError
	if errors.As(err, &refused) {
		return RegistrationFailure{Code: refused.Code, Step: refused.Step, Host: refused.Host, Status: refused.Status, Words: refused.Words}
	}
	for _, f := range failureCodes {
		if errors.Is(err, f.err) {
			return RegistrationFailure{Code: f.code}
		}
	}
	return RegistrationFailure{}
}

// FailureCodes lists all codes of FailureOf.
func FailureCodes() []string {
	codes := lti.RegistrationCodes()
	for _, f := range failureCodes {
		codes = append(codes, f.code)
	}
	return codes
}

// A LinkedPlatform is what a platform said of itself when it registered by a
// link.
type LinkedPlatform struct {
	Family         lti.Family
	Version        string
	ClientURI      string // where the client can be updated; empty: nowhere
	Asked, Granted lti.Features
	RegisteredAt   time.Time
}

// Approve takes the launches of a platform that waits for it. waited is false
// of one that didn't.
func (r *Registering) Approve(ctx context.Context, by Actor, id string) (waited bool, err error) {
	all, err := r.Store.Platforms(ctx)
	if err != nil {
		return false, fmt.Errorf("platforms: %w", err)
	}
	at := slices.IndexFunc(all, func(p Platform) bool { return p.ID == id && by.Can(See, p.TenantID) })
	if at < 0 {
		return false, fmt.Errorf("platform %s: %w", id, ErrNotFound)
	}
	if err := by.May(EditPlatforms, all[at].TenantID); err != nil {
		return false, err
	}
	waited, err = r.Store.ApprovePlatform(By(ctx, by), all[at].Name)
	if err != nil {
		return false, fmt.Errorf("approve platform %s: %w", id, err)
	}
	return waited, nil
}

// Said is what a platform said when it registered by a link; ErrNotFound.
func (r *Registering) Said(ctx context.Context, p Platform) (LinkedPlatform, error) {
	said, err := r.Store.LinkedPlatform(ctx, p.ID)
	if err != nil {
		return LinkedPlatform{}, fmt.Errorf("what platform %s said: %w", p.Name, err)
	}
	return said, nil
}
