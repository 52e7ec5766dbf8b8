package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
)

// accountStore keeps accounts. What changes is written together with its line
// of the audit log, by whom the context says.
type accountStore interface {
	StaffList(context.Context) ([]Staff, error)
	StaffByID(ctx context.Context, id string) (Staff, error)
	StaffByEmail(ctx context.Context, email string) (Staff, error)
	// AddStaff is ErrExists if the address has an account.
	AddStaff(ctx context.Context, s Staff, invite Link) (Staff, error)
	// ChangeStaff changes role and tenants, and is ErrLastOperator if no
	// operator with a password would be left.
	ChangeStaff(ctx context.Context, s Staff) error
	// RemoveStaff ends all that they are signed in to.
	RemoveStaff(ctx context.Context, id string) error
	// AddLink takes the place of all links of that purpose and account; those of
	// Setup are good side by side until one is used.
	AddLink(context.Context, Link) error
	Link(ctx context.Context, digest []byte) (Link, error)
	// UseLink makes the account of Setup, or gives the one of the link its
	// password, once; ErrLinkOver. It ends what they are signed in to.
	UseLink(ctx context.Context, digest []byte, s Staff) (Staff, error)
	BeginSignIn(context.Context, SignIn) error
	SignIn(ctx context.Context, digest []byte) (SignIn, error)
	SignIns(ctx context.Context, staffID string) ([]SignIn, error)
	SeeSignIn(ctx context.Context, id string, at time.Time) error
	ConfirmSignIn(ctx context.Context, id string, at time.Time) error
	EndSignIn(ctx context.Context, staffID, id string) error
	// RecordRefused writes a line, as far as there is place in its hour.
	RecordRefused(context.Context, Entry) error
	secondFactorStore
	guestStore
}

// Accounts are the staff's, and their signing in.
type Accounts struct {
	Store     accountStore
	PublicURL string
	Grants    Grants // what the institution's provider may give; may be nil
	KnownKey  []byte // signs what browsers keep that have signed in; empty: none is known
	Now       func() time.Time
	Log       *slog.Logger

	hashes hashes
	tries  tries
}

// NewAccounts is the accounts of a store. Log may be nil.
func NewAccounts(store accountStore, publicURL string, now func() time.Time, log *slog.Logger) *Accounts {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Accounts{Store: store, PublicURL: publicURL, Now: now, Log: log, hashes: newHashes()}
}

// How long links are good for.
const (
	setupFor  = 24 * time.Hour
	inviteFor = 7 * 24 * time.Hour
	resetFor  = 24 * time.Hour
)

// A code is what a link or a cookie says; the store knows its digest alone.
type code string

func newCode() code { return code(rand.Text() + rand.Text()) }

// digest is what is kept of a code.
func (c code) digest() []byte {
	sum := sha256.Sum256([]byte(c))
	return sum[:]
}

// SetupLink makes the link for the first account, an operator's. When one of
// those is used, no other opens anything any more.
func (a *Accounts) SetupLink(ctx context.Context) (string, error) {
	return a.link(ctx, Link{Purpose: Setup, ExpiresAt: a.Now().Add(setupFor)})
}

// link keeps a link and returns its address.
func (a *Accounts) link(ctx context.Context, l Link) (string, error) {
	c := newCode()
	l.Digest, l.CreatedAt = c.digest(), a.Now()
	if err := a.Store.AddLink(ctx, l); err != nil {
		return "", fmt.Errorf("link for %s: %w", l.Purpose, err)
	}
	return a.address(l.Purpose, c), nil
}

func (a *Accounts) address(p Purpose, c code) string {
	path := map[Purpose]string{Setup: "setup", Invite: "invitation", Reset: "password"}[p]
	return a.PublicURL + "/admin/" + path + "?code=" + string(c)
}

// Empty reports whether nobody can sign in so far.
func (a *Accounts) Empty(ctx context.Context) (bool, error) {
	all, err := a.Store.StaffList(ctx)
	if err != nil {
		return false, fmt.Errorf("staff: %w", err)
	}
	return !slices.ContainsFunc(all, func(s Staff) bool { return s.Active() && s.Role == Operator }), nil
}

// A Wish is an account that somebody asks for.
type Wish struct {
	Email   string
	Role    Role
	Tenants []string // ids
}

// An InvalidError names the fields that can't be taken, each with why.
type InvalidError struct{ Fields map[string]string }

func (e *InvalidError) Error() string { return fmt.Sprintf("fields can't be taken: %v", e.Fields) }

// Invalid is an InvalidError for one field.
func Invalid(field, why string) error { return &InvalidError{map[string]string{field: why}} }

// check is what is wrong with a wish.
func (w *Wish) check() error {
	wrong := map[string]string{}
	w.Email = strings.TrimSpace(w.Email)
	if !validEmail(w.Email) {
		wrong["email"] = "email"
	}
	if !slices.Contains(Roles(), w.Role) {
		wrong["role"] = "choice"
	}
	switch {
	case w.Role == Operator:
		w.Tenants = nil
	case len(w.Tenants) == 0:
		wrong["tenants"] = "choice"
	}
	if len(wrong) > 0 {
		return &InvalidError{wrong}
	}
	return nil
}

func validEmail(email string) bool {
	address, err := mail.ParseAddress(email)
	return err == nil && address.Address == email && len(email) <= 254 &&
		!strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
}

// mayManage is ErrForbidden unless the actor may manage accounts of that role
// in all those tenants: nobody gives what they don't have.
func mayManage(a Actor, role Role, tenants []string) error {
	if role == Operator || len(tenants) == 0 {
		return a.May(EditTenants, "")
	}
	for _, t := range tenants {
		if err := a.May(EditStaff, t); err != nil {
			return err
		}
	}
	return nil
}

// Add makes an account and returns it with the link by which its owner chooses
// a password. An address that has an account already is ErrExists.
func (a *Accounts) Add(ctx context.Context, by Actor, w Wish) (Staff, string, error) {
	if err := w.check(); err != nil {
		return Staff{}, "", err
	}
	if err := mayManage(by, w.Role, w.Tenants); err != nil {
		return Staff{}, "", err
	}
	c := newCode()
	now := a.Now()
	invite := Link{Digest: c.digest(), Purpose: Invite, CreatedAt: now, ExpiresAt: now.Add(inviteFor)}
	added, err := a.Store.AddStaff(By(ctx, by), Staff{Email: w.Email, Role: w.Role, Tenants: w.Tenants, CreatedAt: now}, invite)
	if err != nil {
		return Staff{}, "", fmt.Errorf("add staff: %w", err)
	}
	return added, a.address(Invite, c), nil
}

// List is the accounts that the actor may manage, by their addresses.
func (a *Accounts) List(ctx context.Context, by Actor) ([]Staff, error) {
	if !by.Somewhere(EditStaff) {
		return nil, ErrForbidden
	}
	all, err := a.Store.StaffList(ctx)
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	return slices.DeleteFunc(all, func(s Staff) bool { return !manages(by, s) }), nil
}

// manages reports whether an account is the actor's to manage.
func manages(by Actor, s Staff) bool { return mayManage(by, s.Role, s.Tenants) == nil }

// Find is the account of an id or address, if it is the actor's to manage.
func (a *Accounts) Find(ctx context.Context, by Actor, idOrEmail string) (Staff, error) {
	find := a.Store.StaffByID
	if strings.Contains(idOrEmail, "@") {
		find = a.Store.StaffByEmail
	}
	s, err := find(ctx, idOrEmail)
	if err == nil && !manages(by, s) {
		err = ErrNotFound
	}
	if err != nil {
		return Staff{}, fmt.Errorf("staff %s: %w", idOrEmail, err)
	}
	return s, nil
}

// NewLink makes a link by which the account's owner chooses a (new) password.
// Older ones open nothing any more.
func (a *Accounts) NewLink(ctx context.Context, by Actor, idOrEmail string) (string, error) {
	s, err := a.Find(ctx, by, idOrEmail)
	if err != nil {
		return "", err
	}
	l := Link{Purpose: Invite, StaffID: s.ID, ExpiresAt: a.Now().Add(inviteFor)}
	if s.Active() {
		l.Purpose, l.ExpiresAt = Reset, a.Now().Add(resetFor)
	}
	return a.link(By(ctx, by), l)
}

// Change gives an account another role or other tenants.
func (a *Accounts) Change(ctx context.Context, by Actor, id string, w Wish) error {
	s, err := a.Find(ctx, by, id)
	if err != nil {
		return err
	}
	w.Email = s.Email
	if err := w.check(); err != nil {
		return err
	}
	if err := mayManage(by, w.Role, w.Tenants); err != nil {
		return err
	}
	s.Role, s.Tenants = w.Role, w.Tenants
	if err := a.Store.ChangeStaff(By(ctx, by), s); err != nil {
		return fmt.Errorf("change staff %s: %w", s.ID, err)
	}
	return nil
}

// Remove takes an account away. The last operator stays: ErrLastOne.
func (a *Accounts) Remove(ctx context.Context, by Actor, idOrEmail string) (Staff, error) {
	s, err := a.Find(ctx, by, idOrEmail)
	if err != nil {
		return Staff{}, err
	}
	if err := a.Store.RemoveStaff(By(ctx, by), s.ID); err != nil {
		return s, fmt.Errorf("remove staff %s: %w", s.ID, err)
	}
	return s, nil
}

// Opened is what a link says that somebody has opened: its purpose and, but for
// Setup, whose it is. ErrLinkOver.
func (a *Accounts) Opened(ctx context.Context, p Purpose, text string) (Link, Staff, error) {
	l, err := a.Store.Link(ctx, code(text).digest())
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && (l.Purpose != p || !a.Now().Before(l.ExpiresAt)):
		return Link{}, Staff{}, fmt.Errorf("link for %s: %w", p, ErrLinkOver)
	case err != nil:
		return Link{}, Staff{}, fmt.Errorf("link for %s: %w", p, err)
	case l.StaffID == "":
		return l, Staff{}, nil
	}
	s, err := a.Store.StaffByID(ctx, l.StaffID)
	if errors.Is(err, ErrNotFound) {
		err = ErrLinkOver
	}
	if err != nil {
		return Link{}, Staff{}, fmt.Errorf("staff of link: %w", err)
	}
	return l, s, nil
}

// Choose uses a link up: the account gets its password, and for Setup its
// address. Whoever does it is signed in after that, or asked for a code.
func (a *Accounts) Choose(ctx context.Context, p Purpose, text, email, password string, from From) (SignedIn, error) {
	_, s, err := a.Opened(ctx, p, text)
	if err != nil {
		return SignedIn{}, err
	}
	wrong := map[string]string{}
	if p == Setup {
		s = Staff{Email: strings.TrimSpace(email), Role: Operator, CreatedAt: a.Now()}
		if !validEmail(s.Email) {
			wrong["email"] = "email"
		}
	}
	if why := WrongPassword(password, s.Email); why != "" {
		wrong["password"] = "password_" + why
	}
	if len(wrong) > 0 {
		return SignedIn{}, &InvalidError{wrong}
	}
	s.Password = a.hashes.of(password)
	ctx = By(ctx, Actor{StaffID: s.ID, Name: s.Email, Role: s.Role, Address: from.Address})
	s, err = a.Store.UseLink(ctx, code(text).digest(), s)
	if err != nil {
		return SignedIn{}, fmt.Errorf("use link for %s: %w", p, err)
	}
	return a.passed(ctx, s, from)
}

// LinkFor is how long a link is good for.
func LinkFor(p Purpose) time.Duration {
	return map[Purpose]time.Duration{Setup: setupFor, Invite: inviteFor, Reset: resetFor}[p]
}

// Found makes the first account without a link, for a service that is only
// shown.
func (a *Accounts) Found(ctx context.Context, email, password string) error {
	link, err := a.SetupLink(ctx)
	if err != nil {
		return err
	}
	_, c, _ := strings.Cut(link, "code=")
	_, err = a.Choose(ctx, Setup, c, email, password, From{})
	return err
}
