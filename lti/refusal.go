package lti

import (
	"errors"
	"fmt"
	"time"
)

// Codes of refusals: in the log, on the page, in docs/conformance.md.
const (
	CodeLoginMissingIss      = "login_missing_iss"
	CodeLoginMissingHint     = "login_missing_login_hint"
	CodeLoginBadTarget       = "login_bad_target_link_uri"
	CodeLoginBadHint         = "login_bad_hint"
	CodeLoginUnknownPlatform = "login_unknown_platform"
	CodeLoginAmbiguousClient = "login_ambiguous_client"
	CodePlatformDisabled     = "platform_disabled"
	CodePlatformPending      = "platform_pending"
	CodePlatformError        = "platform_error"
	CodeLTI11                = "lti_1_1"
	CodeStateMissing         = "state_missing"
	CodeStateUnknown         = "state_unknown"
	CodeStateExpired         = "state_expired"
	CodeStateMismatch        = "state_mismatch"
	CodeCookieMissing        = "cookie_missing" // said by whoever doesn't go on from an Unbound
	CodeIDTokenMissing       = "id_token_missing"
	CodeIDTokenMalformed     = "id_token_malformed"
	CodeAlgNotAllowed        = "jwt_alg_not_allowed"
	CodeKidMissing           = "jwt_kid_missing"
	CodeKidUnknown           = "jwt_kid_unknown"
	CodeJWKSUnavailable      = "jwks_unavailable"
	CodeSignatureInvalid     = "jwt_signature_invalid"
	CodeIssMismatch          = "jwt_iss_mismatch"
	CodeAudMismatch          = "jwt_aud_mismatch"
	CodeAzpMismatch          = "jwt_azp_mismatch"
	CodeExpired              = "jwt_expired"
	CodeIatInvalid           = "jwt_iat_invalid"
	CodeNotYetValid          = "jwt_not_yet_valid"
	CodeNonceMismatch        = "nonce_mismatch"
	CodeNonceReplayed        = "nonce_replayed" // said by whoever uses the nonce up
	CodeDeploymentMissing    = "claim_missing:deployment_id"
	CodeDeploymentUnknown    = "deployment_unknown"
	CodeDeploymentMismatch   = "deployment_mismatch"
	CodeVersionMissing       = "lti_version_missing"
	CodeVersionUnsupported   = "lti_version_unsupported"
	CodeMessageMissing       = "message_type_missing"
	CodeMessageUnsupported   = "message_type_unsupported"
	CodeRolesMissing         = "claim_missing:roles"
	CodeSubMissing           = "claim_missing:sub"
	CodeResourceLinkMissing  = "claim_missing:resource_link.id"
	CodeTargetMissing        = "claim_missing:target_link_uri"
	CodeTargetInvalid        = "target_link_uri_invalid"
	CodeDeepLinkingInvalid   = "deep_linking_settings_invalid"
	CodeContextIDInvalid     = "claim_missing:context.id" // too long
	CodePlatformGUIDInvalid  = "claim_missing:tool_platform.guid"
)

// Codes lists every code of a Refusal, and CodeNonceReplayed.
func Codes() []string {
	return []string{
		CodeLoginMissingIss, CodeLoginMissingHint, CodeLoginBadTarget, CodeLoginBadHint,
		CodeLoginUnknownPlatform, CodeLoginAmbiguousClient, CodePlatformDisabled, CodePlatformPending, CodePlatformError, CodeLTI11,
		CodeStateMissing, CodeStateUnknown, CodeStateExpired, CodeStateMismatch, CodeCookieMissing,
		CodeIDTokenMissing, CodeIDTokenMalformed, CodeAlgNotAllowed, CodeKidMissing, CodeKidUnknown,
		CodeJWKSUnavailable, CodeSignatureInvalid, CodeIssMismatch, CodeAudMismatch, CodeAzpMismatch,
		CodeExpired, CodeIatInvalid, CodeNotYetValid, CodeNonceMismatch, CodeNonceReplayed,
		CodeDeploymentMissing, CodeDeploymentUnknown, CodeDeploymentMismatch,
		CodeVersionMissing, CodeVersionUnsupported, CodeMessageMissing, CodeMessageUnsupported,
		CodeRolesMissing, CodeSubMissing, CodeResourceLinkMissing, CodeTargetMissing, CodeTargetInvalid,
		CodeDeepLinkingInvalid, CodeContextIDInvalid, CodePlatformGUIDInvalid,
	}
}

// A Refusal is a login or launch that failed a check.
type Refusal struct {
	Code string
	Err  error // what exactly; for the log alone. May be nil
	// Expected and Got are the two values that should have been equal, or the
	// one that can't be taken, as far as there are such: short, as they came.
	Expected, Got string
	Of            Trace
}

// A Trace is what was known of a login or launch when it was refused.
type Trace struct {
	RegistrationID   string // empty: not known
	Issuer, ClientID string // as the login said
	DeploymentID     string
	LoginAt          time.Time // when the launch's login was accepted; zero: not known
	// ClockAhead is by how much the platform's clock is before ours, of a token
	// that is refused for its times.
	ClockAhead time.Duration
	// What a token says whose signature is good.
	User         User
	Course, Link string // titles
}

// with adds what should have come, and what came.
func (r *Refusal) with(expected, got string) *Refusal {
	r.Expected, r.Got = cleanText(expected, maxTraced), cleanText(got, maxTraced)
	return r
}

// maxTraced is how many characters of a value a refusal has.
const maxTraced = 300

// traced adds to a refusal of this package what is known of it.
func traced(err error, add func(*Trace)) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		add(&refusal.Of)
	}
	return err
}

func (r *Refusal) Error() string {
	if r.Err == nil {
		return r.Code
	}
	return r.Code + ": " + r.Err.Error()
}

func (r *Refusal) Unwrap() error { return r.Err }

// refuse makes a Refusal whose Err is the formatted text. What came from
// outside goes into it with %.200q: short, and without control characters.
func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Err: fmt.Errorf(format, args...)}
}

// Unbound is the error of a launch that is valid in all but one point: no
// cookie came back, so nothing says that this browser began it. Browsers that
// keep no cookies in frames are like that.
//
// Who gets it in a frame shows Launch's person by name and offers to go on in
// a new window, where we are first party: a form of our own origin posts the
// same state and id_token again, with Window (Response.Window). In a window
// the cookie would have come, so there the launch is refused with
// CodeCookieMissing: somebody slips it to this browser.
//
// That is safe without the cookie because only a platform's pages may frame
// ours; because the second post must come from our own origin (the caller
// enforces both), so another site can't make a browser send it; because the
// person sees whose name they go on with; and because the nonce is used up by
// whoever is first. Window itself can't be made without StateKey and fits one
// state and one id_token only.
//
// Where a browser doesn't say whether it is a frame, the caller sets a cookie
// of CookieName with another value than the login's. If it comes back in the
// new window, the page before stood in a window itself, and Launch refuses.
type Unbound struct {
	Launch        Launch
	Window        string
	MaxAge        time.Duration // of Window
	CookieName    string        // of the login's cookie, which didn't come
	StorageTarget string        // lti_storage_target of the login; empty if none came
}

func (*Unbound) Error() string { return "launch is not bound to this browser: no cookie came back" }
