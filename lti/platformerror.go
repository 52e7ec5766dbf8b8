package lti

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// A PlatformError is the Refusal of a launch that the platform answered with
// an error of its own (Security Framework 1.0, 5.1.1.5), for a browser that
// began a login of ours. Only there may its words be shown: anybody can have a
// browser post some.
type PlatformError struct {
	*Refusal
	Words string // short, without control characters; may be empty
	// Bound is true of an error with the state of this browser's login, which
	// only the platform was told. Another may be anybody's word: it may be shown
	// in the frames of Registrations alone, at which this browser began logins.
	Bound         bool
	Registrations []Registration
}

// Unwrap makes it a Refusal for errors.As.
func (e *PlatformError) Unwrap() error { return e.Refusal }

// Limits of a platform's words, in characters, and of the logins that an error
// without a state may answer.
const (
	maxErrorCode   = 100
	maxErrorText   = 300
	maxLoginsBegun = 16
)

// failed reports whether the platform sent an error and no token. Chamilo
// sends an empty one, and says what is wrong in the description alone.
func (r Response) failed() bool {
	return r.Error != "" || r.IDToken == "" && (r.Failed || r.ErrorDescription != "")
}

// platformError is a *PlatformError for a browser that began a login, and a
// *Refusal for any other.
func (t *Tool) platformError(ctx context.Context, r Response) error {
	refusal := refuse(CodePlatformError, "%.100q: %.300q", r.Error, r.ErrorDescription)
	begun := t.loginsBegun(ctx, r)
	if len(begun) == 0 {
		return refusal
	}
	words := []string{cleanText(r.Error, maxErrorCode), cleanText(r.ErrorDescription, maxErrorText)}
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	refusal.Of.RegistrationID = begun[0].ID
	refusal.Got = cleanText(strings.Join(words, ": "), maxTraced)
	return &PlatformError{Refusal: refusal, Words: strings.Join(words, ": "), Bound: r.State != "", Registrations: begun}
}

// loginsBegun are the registrations of the logins that this browser has begun
// and that the response may answer: that of its state or, without a state,
// those of all cookies of logins.
func (t *Tool) loginsBegun(ctx context.Context, r Response) []Registration {
	var ids []string
	switch state, err := openState(t.StateKey, r.State); {
	case r.State == "":
		ids = cookieRegistrations(r.Cookies)
	case err == nil:
		if bound, err := state.bound(r.Cookie); bound && err == nil {
			ids = append(ids, state.Registration)
		}
	}
	var begun []Registration
	for _, id := range ids {
		if registration, err := t.Registrations.Registration(ctx, id); err == nil {
			begun = append(begun, registration)
		}
	}
	return begun
}

// newBinding is the value of a login's cookie: random, and with the
// registration's id for the error that comes without a state.
func newBinding(registrationID string) string {
	b := make([]byte, randomSize, randomSize+len(registrationID))
	_, _ = rand.Read(b) // never fails
	return base64URL.EncodeToString(append(b, registrationID...))
}

// cookieRegistrations are the ids in the cookies of logins, each once. Nobody
// but us can have set them: their name begins with __Host-.
func cookieRegistrations(cookies func() []*http.Cookie) []string {
	if cookies == nil {
		return nil
	}
	var ids []string
	for _, cookie := range cookies() {
		value, err := base64URL.DecodeString(cookie.Value)
		if !strings.HasPrefix(cookie.Name, cookiePrefix) || err != nil || len(value) <= randomSize {
			continue
		}
		if id := string(value[randomSize:]); !slices.Contains(ids, id) && len(ids) < maxLoginsBegun {
			ids = append(ids, id)
		}
	}
	return ids
}
