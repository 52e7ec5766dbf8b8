package lti

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Response is what the platform had the browser post to us.
type Response struct {
	State                   string
	IDToken                 IDToken
	Error, ErrorDescription string                   // instead of an id_token; either may be empty
	Failed                  bool                     // the form has an error, be it empty (Chamilo)
	Cookie                  func(name string) string // of the browser; empty if it has none of that name
	Cookies                 func() []*http.Cookie    // all of the browser; nil: not known
	Window                  string                   // Unbound.Window, posted from our own origin; else empty
}

// Launch makes every check of a launch; after it nothing is doubted but that
// the nonce is new. Whoever records the launch uses Nonce up in the same step,
// and refuses with CodeNonceReplayed if it was used before.
//
// A launch that fails a check is a *Refusal; one that no cookie came back for,
// and that is valid otherwise, is an *Unbound. Other errors are faults of ours.
func (t *Tool) Launch(ctx context.Context, r Response) (Launch, error) {
	launch, err := t.launch(ctx, r)
	return launch, t.tracedLaunch(r, err)
}

// tracedLaunch adds to a refusal which login the launch answers.
func (t *Tool) tracedLaunch(r Response, err error) error {
	return traced(err, func(of *Trace) {
		if state, err := openState(t.StateKey, r.State); err == nil {
			of.RegistrationID, of.LoginAt = state.Registration, state.Created
		}
	})
}

func (t *Tool) launch(ctx context.Context, r Response) (Launch, error) {
	if r.failed() {
		return Launch{}, t.platformError(ctx, r)
	}
	if r.State == "" {
		return Launch{}, refuse(CodeStateMissing, "the form has no state")
	}
	state, err := openState(t.StateKey, r.State)
	if err != nil {
		return Launch{}, refuse(CodeStateUnknown, "state: %w", err)
	}
	now, bound, err := t.clock(r, state)
	if err != nil {
		return Launch{}, err
	}
	if age := now.Sub(state.Created); age >= stateLife || age < -skew {
		return Launch{}, refuse(CodeStateExpired, "the login was %v ago", age)
	}
	launch, err := t.check(ctx, r.IDToken, state, now)
	if outdated(err) {
		if err := t.Registrations.LookAgain(ctx); err != nil {
			return Launch{}, fmt.Errorf("look again for registration %s: %w", state.Registration, err)
		}
		launch, err = t.check(ctx, r.IDToken, state, now)
	}
	if err != nil {
		return Launch{}, err
	}
	if !bound {
		return Launch{}, &Unbound{
			Launch:        launch,
			Window:        sealWindow(t.StateKey, now, r.State, r.IDToken),
			MaxAge:        windowLife,
			CookieName:    state.cookieName(),
			StorageTarget: state.StorageTarget,
		}
	}
	launch.InWindow = r.Window != ""
	return launch, nil
}

// clock says at which time the launch is judged, and whether this browser
// began it. A launch that goes on in a new window is judged at the time of its
// first post (a token of Moodle lives 60 s), and needs no cookie, but must not
// have a wrong one: see Unbound.
func (t *Tool) clock(r Response, state loginState) (now time.Time, bound bool, err error) {
	now = t.Now()
	if r.Window == "" {
		bound, err = state.bound(r.Cookie)
		return now, bound, err
	}
	at, err := openWindow(t.StateKey, r.Window, r.State, r.IDToken)
	if err != nil {
		return time.Time{}, false, refuse(CodeStateUnknown, "window: %w", err)
	}
	if age := now.Sub(at); age >= windowLife || age < -skew {
		return time.Time{}, false, refuse(CodeStateExpired, "the window was offered %v ago", age)
	}
	_, err = state.bound(r.Cookie)
	return at, true, err
}

// check makes checks V5 to V24.
func (t *Tool) check(ctx context.Context, token IDToken, state loginState, now time.Time) (Launch, error) {
	registration, err := t.Registrations.Registration(ctx, state.Registration)
	switch {
	case errors.Is(err, ErrNoRegistration):
		return Launch{}, refuse(CodeLoginUnknownPlatform, "registration %q is gone since the login", state.Registration)
	case err != nil:
		return Launch{}, fmt.Errorf("registration %s: %w", state.Registration, err)
	case registration.shut() != "":
		return Launch{}, refuse(registration.shut(), "registration %q", registration.ID)
	}
	signed, err := splitToken(token, registration)
	if err != nil {
		return Launch{}, err
	}
	if err := t.verify(ctx, signed, registration); err != nil {
		return Launch{}, err
	}
	// Parsed only now: before, anybody could have written it.
	claims, err := parseClaims(signed.payload)
	if err != nil {
		return Launch{}, refuse(CodeIDTokenMalformed, "payload: %w", err)
	}
	return t.checkClaims(claims, registration, state, now)
}

// checkClaims makes the checks of a token whose signature is good.
func (t *Tool) checkClaims(claims *claims, registration Registration, state loginState, now time.Time) (Launch, error) {
	c := checker{tool: t, registration: registration, state: state, now: now, claims: claims}
	c.launch.Registration = registration
	for _, check := range []func() error{c.identity, c.times, c.nonce, c.deployment, c.message, c.person, c.purpose, c.optional} {
		err := check()
		if claims.duplicate != nil { // V5: two readers may see two different values
			return Launch{}, refuse(CodeIDTokenMalformed, "%w", claims.duplicate)
		}
		if err != nil {
			return Launch{}, c.traced(err)
		}
	}
	if len(claims.ignored) > 0 {
		t.log().Info("parts of the token are ignored", "platform", registration.Name, "claims", claims.ignored)
	}
	return c.launch, nil
}

// traced adds to a refusal what the token says of its person, which the platform
// has signed.
func (c *checker) traced(err error) error {
	return traced(err, func(of *Trace) {
		id, _ := c.claims.member("sub").id()
		of.User = c.claims.user(cleanText(id, maxTraced))
		of.Course = c.claims.context().Title
		of.Link = c.claims.object(claimResourceLink).clean("title", maxTitle)
	})
}

// purpose makes the checks of the kind of message.
func (c *checker) purpose() error {
	if c.launch.Message == DeepLinkingRequest {
		return c.deepLinking()
	}
	return c.link()
}
