package lti

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Limits of what a login may bring, in bytes.
const (
	maxIssuer        = 2048
	maxLoginHint     = 8 << 10
	maxTargetLinkURI = 4 << 10
	maxMessageHint   = 16 << 10
	maxID            = 255
)

// Tool is us, as platforms see us. Its methods may be called from several
// goroutines.
type Tool struct {
	PublicURL     string // where we are, without a slash at the end; the redirect URI is PublicURL/lti/launch
	Registrations registrations
	KeySets       *KeySets
	StateKey      []byte // 32 bytes, the same on all nodes; authenticates state
	Now           func() time.Time
	// InsecureLoopback is for trying things out, when PublicURL is http on a
	// loopback host: http URLs of platforms are accepted. Whether they may be
	// called is for the HTTP client to say.
	InsecureLoopback bool
	Log              *slog.Logger // nil: silent
}

func (t *Tool) log() *slog.Logger {
	if t.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return t.Log
}

// A LoginRequest is a login initiation (1EdTech Security Framework 1.0,
// 5.1.1.1). The hints go back as they came.
type LoginRequest struct {
	Issuer, LoginHint, TargetLinkURI, MessageHint string
	DeploymentID, ClientID                        string // empty: not sent
	StorageTarget                                 string // frame for platform storage; empty: not offered
	RegistrationID                                string // from the address /lti/login/<id>; empty otherwise
}

// ParseLoginRequest reads the parameters of a login initiation, of its query
// or its form. The error is a *Refusal.
func ParseLoginRequest(v url.Values) (LoginRequest, error) {
	if err := CheckVersion(v); err != nil {
		return LoginRequest{}, err
	}
	r := LoginRequest{
		Issuer:        v.Get("iss"),
		LoginHint:     v.Get("login_hint"),
		TargetLinkURI: v.Get("target_link_uri"),
		MessageHint:   v.Get("lti_message_hint"),
		DeploymentID:  v.Get("lti_deployment_id"),
		ClientID:      v.Get("client_id"),
		StorageTarget: v.Get("lti_storage_target"),
	}
	if r.DeploymentID == "" {
		r.DeploymentID = v.Get("deployment_id") // as Canvas documents it
	}
	for _, p := range []struct {
		name, code string
		required   bool
		limit      int
	}{
		{"iss", CodeLoginMissingIss, true, maxIssuer},                      // L2
		{"login_hint", CodeLoginMissingHint, true, maxLoginHint},           // L3
		{"target_link_uri", CodeLoginBadTarget, true, maxTargetLinkURI},    // L4
		{"lti_message_hint", CodeLoginBadHint, false, maxMessageHint},      // L7
		{"client_id", CodeLoginUnknownPlatform, false, maxIssuer},          // L5
		{"lti_deployment_id", CodeDeploymentMismatch, false, maxLoginHint}, // L8: judged at V15
		{"lti_storage_target", CodeLoginBadHint, false, maxID},
	} {
		if err := oneValue(v[p.name], p.required, p.limit); err != nil {
			return LoginRequest{}, r.traced(refuse(p.code, "%s: %w", p.name, err))
		}
	}
	return r, nil
}

// CheckVersion refuses a form of LTI 1.1 or 1.2: a launch that OAuth 1 signs,
// with a consumer key. What a login or launch of LTI 1.3 has to have, it lacks.
func CheckVersion(v url.Values) error {
	if v.Get("id_token") != "" || v.Get("state") != "" || v.Get("iss") != "" {
		return nil
	}
	message, version := v.Get("lti_message_type"), v.Get("lti_version")
	if message == "" && !strings.HasPrefix(version, "LTI-") && v.Get("oauth_consumer_key") == "" {
		return nil
	}
	return refuse(CodeLTI11, "message %.100q of version %.100q", message, version)
}

func oneValue(values []string, required bool, limit int) error {
	switch {
	case len(values) > 1:
		return errors.New("it was sent more than once")
	case required && (len(values) == 0 || values[0] == ""):
		return errors.New("it is missing")
	case len(values) == 1 && len(values[0]) > limit:
		return fmt.Errorf("it is longer than %d bytes", limit)
	}
	return nil
}

// A Login is the answer to a login initiation.
type Login struct {
	Redirect      string // send the browser there, with 302 or 303
	CookieName    string // set this cookie: it binds the launch to the browser
	CookieValue   string
	MaxAge        time.Duration // of the cookie
	Registration  Registration
	StorageTarget string // as it came
}

// Login begins a launch. It stores nothing. A login that is refused is a
// *Refusal.
func (t *Tool) Login(ctx context.Context, r LoginRequest) (Login, error) {
	if err := t.ownURL(r.TargetLinkURI); err != nil {
		return Login{}, r.traced(refuse(CodeLoginBadTarget, "target_link_uri %.200q: %w", r.TargetLinkURI, err).with(t.launchURL(), r.TargetLinkURI))
	}
	registration, err := t.registrationOf(ctx, r)
	if err != nil {
		return Login{}, r.traced(err)
	}
	nonce, binding := random(), newBinding(registration.ID)
	state := loginState{
		Created:       t.Now(),
		Nonce:         digestOf(nonce),
		Binding:       digestOf(binding),
		Target:        digestOf(r.TargetLinkURI),
		HasDeployment: r.DeploymentID != "",
		Registration:  registration.ID,
		StorageTarget: r.StorageTarget,
	}
	if state.HasDeployment {
		state.Deployment = digestOf(r.DeploymentID)
	}
	_, _ = rand.Read(state.ID[:]) // never fails
	return Login{
		Redirect:      t.authenticationURL(registration, r, state.seal(t.StateKey), nonce),
		CookieName:    state.cookieName(),
		CookieValue:   binding,
		MaxAge:        stateLife,
		Registration:  registration,
		StorageTarget: r.StorageTarget,
	}, nil
}

// traced adds what the login has told of itself.
func (r LoginRequest) traced(err error) error {
	return traced(err, func(of *Trace) {
		of.Issuer, of.ClientID = cleanText(r.Issuer, maxTraced), cleanText(r.ClientID, maxTraced)
		of.DeploymentID = cleanText(r.DeploymentID, maxTraced)
	})
}

// authenticationURL is the authentication request (Security Framework 1.0,
// 5.1.1.2).
func (t *Tool) authenticationURL(registration Registration, r LoginRequest, state, nonce string) string {
	address, _, _ := strings.Cut(registration.AuthURL, "#")
	query := url.Values{
		"scope":         {"openid"},
		"response_type": {"id_token"},
		"response_mode": {"form_post"},
		"prompt":        {"none"},
		"client_id":     {registration.ClientID},
		"redirect_uri":  {t.launchURL()},
		"login_hint":    {r.LoginHint},
		"state":         {state},
		"nonce":         {nonce},
	}
	if r.MessageHint != "" {
		query.Set("lti_message_hint", r.MessageHint)
	}
	return withQuery(address, query)
}

func (t *Tool) launchURL() string { return t.PublicURL + "/lti/launch" }

// registrationOf finds whom the login comes from (L5, L6). Before it refuses
// it looks again: an admin may have registered them this second.
func (t *Tool) registrationOf(ctx context.Context, r LoginRequest) (Registration, error) {
	found, err := t.chosen(ctx, r)
	if outdated(err) {
		if err := t.Registrations.LookAgain(ctx); err != nil {
			return Registration{}, fmt.Errorf("look again for %.200q: %w", r.Issuer, err)
		}
		found, err = t.chosen(ctx, r)
	}
	return found, err
}

// outdated reports whether a refusal may come from registrations that are held
// in memory and have been changed.
func outdated(err error) bool {
	if err == nil {
		return false
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code {
	case CodeLoginUnknownPlatform, CodeLoginAmbiguousClient, CodePlatformDisabled, CodePlatformPending, CodeDeploymentUnknown:
		return true
	}
	return false
}

// chosen is the one registration that the login can be of. It never guesses
// between several.
func (t *Tool) chosen(ctx context.Context, r LoginRequest) (Registration, error) {
	candidates, err := t.candidates(ctx, r)
	if err != nil {
		return Registration{}, err
	}
	ofIssuer := candidates
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(c Registration) bool {
		return c.Issuer != r.Issuer || r.ClientID != "" && c.ClientID != r.ClientID
	})
	if len(candidates) == 0 {
		return Registration{}, refuse(CodeLoginUnknownPlatform, "no registration with iss %.200q and client_id %.200q", r.Issuer, r.ClientID).
			with(r.wanted(ofIssuer))
	}
	known, shut := candidates[0].ID, candidates[0].shut()
	candidates = slices.DeleteFunc(candidates, func(c Registration) bool { return c.shut() != "" })
	if len(candidates) == 0 {
		return Registration{}, traced(refuse(shut, "iss %.200q, client_id %.200q", r.Issuer, r.ClientID),
			func(of *Trace) { of.RegistrationID = known })
	}
	if len(candidates) > 1 {
		candidates = slices.DeleteFunc(candidates, func(c Registration) bool { return !c.Deployments[r.DeploymentID] })
	}
	if len(candidates) != 1 {
		return Registration{}, refuse(CodeLoginAmbiguousClient,
			"iss %.200q has several registrations, the login has no client_id, and deployment %.200q doesn't tell", r.Issuer, r.DeploymentID)
	}
	return candidates[0], nil
}

// wanted are the values to be compared where no registration is the login's:
// client ids, or, if the issuer isn't known either, what it is.
func (r LoginRequest) wanted(ofIssuer []Registration) (expected, got string) {
	if len(ofIssuer) == 0 {
		return "", r.Issuer
	}
	if one := ofIssuer[0]; one.Issuer != r.Issuer { // of the address that names one
		return one.Issuer, r.Issuer
	}
	return ofIssuer[0].ClientID, r.ClientID
}

// candidates are the registration that the address names, or all of the issuer.
func (t *Tool) candidates(ctx context.Context, r LoginRequest) ([]Registration, error) {
	if r.RegistrationID == "" {
		all, err := t.Registrations.RegistrationsOf(ctx, r.Issuer)
		if err != nil {
			return nil, fmt.Errorf("registrations of %.200q: %w", r.Issuer, err)
		}
		return all, nil
	}
	one, err := t.Registrations.Registration(ctx, r.RegistrationID)
	if errors.Is(err, ErrNoRegistration) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("registration %.200q: %w", r.RegistrationID, err)
	}
	return []Registration{one}, nil
}
