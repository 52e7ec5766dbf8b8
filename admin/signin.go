package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// From is where somebody signs in from.
type From struct {
	Address string // of their network
	Browser string // User-Agent; bounded here
	Known   string // SignedIn.Known of an earlier sign-in; may be anything
	// Unasked: a script of a page that stands open asks, and nobody uses it.
	Unasked bool
}

// SignedIn is a sign-in that has just begun.
type SignedIn struct {
	Cookie string // what the browser keeps; nobody else knows it
	Known  string // what it keeps beyond the sign-in, for From.Known; empty: nothing
	Actor  Actor  // of nobody yet, if Pending
	// Pending: a code is wanted besides the password, for EnterCode.
	Pending bool
}

// Enter signs in by address and password. ErrWrong says the same for an unknown
// address and a wrong password, and takes as long; ErrTooManyTry comes without
// looking, so that trying is of no use. A browser that has signed in to the
// account before has tries of its own.
func (a *Accounts) Enter(ctx context.Context, email, password string, from From) (SignedIn, error) {
	email = strings.TrimSpace(email)
	if len(email) > 254 || len(password) > passwordMost {
		email, password = "", ""
	}
	if !a.tries.allow(a.Now(), strings.ToLower(email), from.Address, a.knows(from.Known, email)) {
		return SignedIn{}, fmt.Errorf("sign in from %s: %w", from.Address, ErrTooManyTry)
	}
	s, err := a.Store.StaffByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, fmt.Errorf("staff: %w", err)
	}
	if !a.hashes.matches(s.Password, password) {
		if s.ID != "" { // of an account that there is: its owner wants to know
			a.recordRefused(By(ctx, Actor{StaffID: s.ID, Name: s.Email, Address: from.Address}), "staff.refused", s.Email)
		}
		return SignedIn{}, ErrWrong
	}
	return a.passed(ctx, s, from)
}

// passed goes on for who has shown that the account is theirs: they are in, or a
// code is wanted.
func (a *Accounts) passed(ctx context.Context, s Staff, from From) (SignedIn, error) {
	if s.SecondFactor {
		in, err := a.begin(ctx, SignIn{StaffID: s.ID, Pending: true}, from)
		in.Actor, in.Pending = Actor{}, true
		return in, err
	}
	a.tries.forget(strings.ToLower(s.Email), s.ID, a.knows(from.Known, s.Email))
	in, err := a.begin(ctx, SignIn{StaffID: s.ID}, from)
	return a.remembered(in, s), err
}

// remembered is a sign-in by which the browser is known from now on.
func (a *Accounts) remembered(in SignedIn, s Staff) SignedIn {
	if in.Cookie != "" {
		in.Known = a.knownTo(s.Email)
	}
	return in
}

// browserMost is what is kept of a User-Agent, in bytes.
const browserMost = 300

func (a *Accounts) begin(ctx context.Context, s SignIn, from From) (SignedIn, error) {
	return a.start(ctx, s, from, a.Store.BeginSignIn)
}

func (a *Accounts) start(ctx context.Context, s SignIn, from From, keep func(context.Context, SignIn) error) (SignedIn, error) {
	c := newCode()
	now := a.Now()
	s.ID, s.Digest = rand.Text(), c.digest()
	s.CreatedAt, s.SeenAt, s.ConfirmedAt = now, now, now
	s.Address, s.Browser = from.Address, strings.ToValidUTF8(from.Browser[:min(len(from.Browser), browserMost)], "")
	actor, err := a.actor(ctx, s)
	if err != nil {
		return SignedIn{}, err
	}
	err = keep(By(ctx, actor), s)
	if errors.Is(err, ErrNotFound) { // another used the code's page
		err = ErrSignedOut
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("sign in: %w", err)
	}
	return SignedIn{Cookie: string(c), Actor: actor}, nil
}

// actor is who a sign-in speaks for.
func (a *Accounts) actor(ctx context.Context, s SignIn) (Actor, error) {
	if s.Guest != nil {
		return a.guest(ctx, s)
	}
	who, err := a.Store.StaffByID(ctx, s.StaffID)
	if err != nil {
		return Actor{}, fmt.Errorf("staff %s: %w", s.StaffID, err)
	}
	return Actor{
		StaffID: s.StaffID, Name: who.Email, Role: who.Role, Tenants: who.Tenants, Address: s.Address,
		SignInID: s.ID, ConfirmedAt: s.ConfirmedAt, Account: true,
	}, nil
}

// seeEvery is how often it is written down that a sign-in is used.
const seeEvery = time.Minute

// Actor is who a cookie speaks for. ErrSignedOut.
func (a *Accounts) Actor(ctx context.Context, cookie string, from From) (Actor, error) {
	if cookie == "" {
		return Actor{}, ErrSignedOut
	}
	s, err := a.Store.SignIn(ctx, code(cookie).digest())
	switch {
	case errors.Is(err, ErrNotFound):
		return Actor{}, ErrSignedOut
	case err != nil:
		return Actor{}, fmt.Errorf("sign-in: %w", err)
	case s.Pending, s.Over(a.Now()):
		return Actor{}, ErrSignedOut
	}
	actor, err := a.actor(ctx, s)
	if gone(err) {
		return Actor{}, ErrSignedOut
	}
	if err != nil {
		return Actor{}, err
	}
	actor.Address = from.Address
	if now := a.Now(); !from.Unasked && now.Sub(s.SeenAt) >= seeEvery {
		if err := a.Store.SeeSignIn(ctx, s.ID, now); err != nil {
			a.Log.WarnContext(ctx, "a sign-in's use isn't noted", "err", err)
		}
	}
	return actor, nil
}

// Confirm has the actor show by the password that it is them, for a dangerous
// act. It is nil at once if they have just done so, ErrConfirm for an empty
// password and for who has none, and ErrWrong.
func (a *Accounts) Confirm(ctx context.Context, actor Actor, password string) error {
	if actor.Confirmed(a.Now()) {
		return nil
	}
	if password == "" || !actor.Account {
		return ErrConfirm
	}
	s, err := a.Store.StaffByID(ctx, actor.StaffID)
	if err != nil {
		return fmt.Errorf("staff %s: %w", actor.StaffID, err)
	}
	if !a.tries.allowAgain(a.Now(), s.ID) {
		return ErrTooManyTry
	}
	if len(password) > passwordMost || !a.hashes.matches(s.Password, password) {
		return ErrWrong
	}
	a.tries.forgetAgain(s.ID)
	if err := a.Store.ConfirmSignIn(ctx, actor.SignInID, a.Now()); err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	return nil
}

// Leave ends the actor's sign-in.
func (a *Accounts) Leave(ctx context.Context, actor Actor) error {
	if err := a.Store.EndSignIn(By(ctx, actor), actor.StaffID, actor.SignInID); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SignIns are the actor's own that aren't over, the newest first.
func (a *Accounts) SignIns(ctx context.Context, actor Actor) ([]SignIn, error) {
	if actor.StaffID == "" {
		return nil, nil
	}
	all, err := a.Store.SignIns(ctx, actor.StaffID)
	if err != nil {
		return nil, fmt.Errorf("sign-ins of %s: %w", actor.StaffID, err)
	}
	now := a.Now()
	var open []SignIn
	for _, s := range all {
		if !s.Over(now) {
			open = append(open, s)
		}
	}
	return open, nil
}

// End ends another sign-in of the actor.
func (a *Accounts) End(ctx context.Context, actor Actor, id string) error {
	if actor.StaffID == "" {
		return ErrNotFound
	}
	if err := a.Store.EndSignIn(By(ctx, actor), actor.StaffID, id); err != nil {
		return fmt.Errorf("end sign-in: %w", err)
	}
	return nil
}

// recordRefused writes that somebody wasn't let in.
func (a *Accounts) recordRefused(ctx context.Context, did, email string) {
	if err := a.Store.RecordRefused(ctx, Entry{Did: did, What: email}); err != nil {
		a.Log.WarnContext(ctx, "the audit log lacks a line", "did", did, "err", err)
	}
}

// SignOut ends all that an account is signed in to, and says how many that were.
func (a *Accounts) SignOut(ctx context.Context, by Actor, idOrEmail string) (int, error) {
	s, err := a.Find(ctx, by, idOrEmail)
	if err != nil {
		return 0, err
	}
	all, err := a.Store.SignIns(ctx, s.ID)
	if err != nil {
		return 0, fmt.Errorf("sign-ins of %s: %w", s.ID, err)
	}
	ended := 0
	for _, in := range all {
		switch err := a.Store.EndSignIn(By(ctx, by), s.ID, in.ID); {
		case errors.Is(err, ErrNotFound): // ended meanwhile
		case err != nil:
			return ended, fmt.Errorf("end sign-in: %w", err)
		default:
			ended++
		}
	}
	return ended, nil
}
