package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A FactorSecret is what makes the codes of an account, in base32.
type FactorSecret string

func (FactorSecret) String() string { return "[redacted]" }

// A SecondFactor is what an account is asked for besides its password: a code of
// six digits that changes every half minute (TOTP, RFC 6238), or one of the
// codes for who has lost it.
type SecondFactor struct {
	Secret       FactorSecret
	ConfirmedAt  time.Time // zero: its owner has to show first that they have it
	LastStep     int64     // of the newest code that was used
	RecoveryLeft int
}

// secondFactorStore keeps them. A code is used up there, so that one is good
// once on all nodes.
type secondFactorStore interface {
	SecondFactor(ctx context.Context, staffID string) (SecondFactor, error)
	// BeginSecondFactor is ErrExists if one is confirmed.
	BeginSecondFactor(ctx context.Context, staffID string, secret FactorSecret) error
	ConfirmSecondFactor(ctx context.Context, staffID string, step int64, recovery [][]byte) error
	// UseStep and UseRecoveryCode are ErrNotFound if that was used before.
	UseStep(ctx context.Context, staffID string, step int64) error
	UseRecoveryCode(ctx context.Context, staffID string, digest []byte) error
	RemoveSecondFactor(ctx context.Context, staffID string) error
	// PassPending is ErrNotFound if nothing waits for a code any more.
	PassPending(ctx context.Context, pendingID string, s SignIn) error
}

const (
	stepLength    = 30  // seconds, as all apps have it
	factorLength  = 20  // bytes, as RFC 4226 recommends
	recoveryCodes = 10  // made at once
	recoveryParts = 4   // of four signs: 80 bits
	factorSize    = 240 // pixels of the picture
	factorSkew    = 1   // steps by which clocks may differ
	factorSigns   = 6   // digits
	factorName    = "bbbridge"
)

var factorRules = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// step is that of a moment.
func step(at time.Time) int64 { return at.Unix() / stepLength }

// matchingStep is the step, near to now, whose code that is.
func (f SecondFactor) matchingStep(code string, now time.Time) (int64, bool) {
	for at := step(now) - factorSkew; at <= step(now)+factorSkew; at++ {
		ok, err := hotp.ValidateCustom(code, uint64(at), string(f.Secret), factorRules)
		if err == nil && ok {
			return at, true
		}
	}
	return 0, false
}

// An Enrolment is what its owner puts into an app, by the picture or by typing.
type Enrolment struct {
	Secret  string // in groups of four
	Address string // otpauth://…
	Picture []byte // PNG of a QR code
}

// SecondFactor is the actor's own. The zero value: none.
func (a *Accounts) SecondFactor(ctx context.Context, actor Actor) (SecondFactor, error) {
	if !actor.Account {
		return SecondFactor{}, nil
	}
	f, err := a.Store.SecondFactor(ctx, actor.StaffID)
	if errors.Is(err, ErrNotFound) {
		return SecondFactor{}, nil
	}
	if err != nil {
		return SecondFactor{}, fmt.Errorf("second factor: %w", err)
	}
	return f, nil
}

// BeginSecondFactor makes a secret for the actor, which is asked for once they
// have shown that they have it. ErrExists if one is asked for already.
func (a *Accounts) BeginSecondFactor(ctx context.Context, actor Actor) error {
	if !actor.Account {
		return ErrForbidden
	}
	secret := make([]byte, factorLength)
	rand.Read(secret)
	if err := a.Store.BeginSecondFactor(By(ctx, actor), actor.StaffID, FactorSecret(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret))); err != nil {
		return fmt.Errorf("begin second factor: %w", err)
	}
	return nil
}

// Enrolment is how the actor gets a secret that waits for its first code into
// their app; ErrNotFound if none waits.
func (a *Accounts) Enrolment(ctx context.Context, actor Actor) (Enrolment, error) {
	f, err := a.SecondFactor(ctx, actor)
	if err == nil && (f.Secret == "" || !f.ConfirmedAt.IsZero()) {
		err = ErrNotFound
	}
	if err != nil {
		return Enrolment{}, err
	}
	host := a.PublicURL
	if u, err := url.Parse(a.PublicURL); err == nil {
		host = u.Host
	}
	address := (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + factorName + " " + host + ":" + actor.Name, RawQuery: url.Values{
		"secret": {string(f.Secret)}, "issuer": {factorName + " " + host},
	}.Encode()}).String()
	address = strings.ReplaceAll(address, "+", "%20") // apps read no plus as a space
	key, err := otp.NewKeyFromURL(address)
	if err != nil {
		return Enrolment{}, fmt.Errorf("address of second factor: %w", err)
	}
	picture, err := key.Image(factorSize, factorSize)
	if err != nil {
		return Enrolment{}, fmt.Errorf("picture of second factor: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return Enrolment{}, fmt.Errorf("picture of second factor: %w", err)
	}
	return Enrolment{Secret: grouped(string(f.Secret), " "), Address: address, Picture: b.Bytes()}, nil
}

// ConfirmSecondFactor has the actor asked for codes from now on, if that is one,
// and returns the codes for when they lose their app: they are seen only now.
// ErrWrong, ErrNotFound if nothing waits for a code.
func (a *Accounts) ConfirmSecondFactor(ctx context.Context, actor Actor, text string) ([]string, error) {
	f, err := a.SecondFactor(ctx, actor)
	if err == nil && (f.Secret == "" || !f.ConfirmedAt.IsZero()) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	at, ok := f.matchingStep(typedCode(text), a.Now())
	if !ok {
		return nil, ErrWrong
	}
	var texts []string
	var digests [][]byte
	for range recoveryCodes {
		text := rand.Text()[:4*recoveryParts]
		texts, digests = append(texts, grouped(text, "-")), append(digests, code(text).digest())
	}
	if err := a.Store.ConfirmSecondFactor(By(ctx, actor), actor.StaffID, at, digests); err != nil {
		return nil, fmt.Errorf("confirm second factor: %w", err)
	}
	return texts, nil
}

// RemoveOwnSecondFactor has the actor asked for the password alone.
func (a *Accounts) RemoveOwnSecondFactor(ctx context.Context, actor Actor) error {
	if err := a.Store.RemoveSecondFactor(By(ctx, actor), actor.StaffID); err != nil {
		return fmt.Errorf("remove second factor: %w", err)
	}
	return nil
}

// RemoveSecondFactor takes it off somebody who has lost it. An operator may.
func (a *Accounts) RemoveSecondFactor(ctx context.Context, by Actor, idOrEmail string) (Staff, error) {
	if err := by.May(EditTenants, ""); err != nil {
		return Staff{}, err
	}
	s, err := a.Find(ctx, by, idOrEmail)
	if err != nil {
		return Staff{}, err
	}
	if err := a.Store.RemoveSecondFactor(By(ctx, by), s.ID); err != nil {
		return s, fmt.Errorf("remove second factor of %s: %w", s.ID, err)
	}
	return s, nil
}

// pending is the sign-in that waits for a code, by its cookie; ErrSignedOut.
func (a *Accounts) pending(ctx context.Context, cookie string) (SignIn, error) {
	if cookie == "" {
		return SignIn{}, ErrSignedOut
	}
	s, err := a.Store.SignIn(ctx, code(cookie).digest())
	if errors.Is(err, ErrNotFound) || err == nil && (!s.Pending || s.Over(a.Now())) {
		return SignIn{}, ErrSignedOut
	}
	if err != nil {
		return SignIn{}, fmt.Errorf("pending sign-in: %w", err)
	}
	return s, nil
}

// Pending is ErrSignedOut unless the cookie is of a sign-in that waits for a
// code.
func (a *Accounts) Pending(ctx context.Context, cookie string) error {
	_, err := a.pending(ctx, cookie)
	return err
}

// EnterCode signs in whose password was right, by a code of their app or one of
// those for when it is lost. ErrWrong, ErrTooManyTry, and ErrSignedOut if the
// password was too long ago.
func (a *Accounts) EnterCode(ctx context.Context, cookie, text string, from From) (SignedIn, error) {
	waits, err := a.pending(ctx, cookie)
	if err != nil {
		return SignedIn{}, err
	}
	s, err := a.Store.StaffByID(ctx, waits.StaffID)
	if errors.Is(err, ErrNotFound) {
		return SignedIn{}, ErrSignedOut
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("staff of pending sign-in: %w", err)
	}
	browser := a.knows(from.Known, s.Email)
	if !a.tries.allowCode(a.Now(), s.ID, from.Address, browser) {
		return SignedIn{}, fmt.Errorf("code from %s: %w", from.Address, ErrTooManyTry)
	}
	ctx = By(ctx, Actor{StaffID: s.ID, Name: s.Email, Address: from.Address})
	if s.SecondFactor { // else it was taken off meanwhile
		if err := a.useCode(ctx, s, typedCode(text)); err != nil {
			return SignedIn{}, err
		}
	}
	a.tries.forget(strings.ToLower(s.Email), s.ID, browser)
	in, err := a.start(ctx, SignIn{StaffID: s.ID}, from, func(ctx context.Context, in SignIn) error {
		return a.Store.PassPending(ctx, waits.ID, in)
	})
	return a.remembered(in, s), err
}

// useCode uses a code up; ErrWrong.
func (a *Accounts) useCode(ctx context.Context, s Staff, text string) error {
	f, err := a.Store.SecondFactor(ctx, s.ID)
	if err != nil {
		return fmt.Errorf("second factor: %w", err)
	}
	if len(text) == factorSigns {
		err = ErrNotFound
		if at, ok := f.matchingStep(text, a.Now()); ok {
			err = a.Store.UseStep(ctx, s.ID, at)
		}
	} else {
		err = a.Store.UseRecoveryCode(ctx, s.ID, code(text).digest())
	}
	if errors.Is(err, ErrNotFound) {
		a.recordRefused(ctx, "staff.refused-code", s.Email)
		return ErrWrong
	}
	if err != nil {
		return fmt.Errorf("use code: %w", err)
	}
	return nil
}

// typedCode is a code without what people type between its parts.
func typedCode(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(text[:min(len(text), 100)]))
}

// grouped is a text in groups of four.
func grouped(text, between string) string {
	var parts []string
	for ; len(text) > 4; text = text[4:] {
		parts = append(parts, text[:4])
	}
	return strings.Join(append(parts, text), between)
}
