package ltitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokens are the access tokens given and the assertions seen; LMS.mu guards it.
type tokens struct {
	grants   map[string]grant
	jtis     map[string]time.Time // when each expires
	requests int
}

// A grant is what an access token is good for.
type grant struct {
	tool    string // Tool.ID
	scopes  []string
	expires time.Time
}

func newTokens() tokens { return tokens{grants: map[string]grant{}, jtis: map[string]time.Time{}} }

// A tokenRefusal is an error of the token endpoint (RFC 6749, 5.2).
type tokenRefusal struct{ Code, Description string }

func (r tokenRefusal) Error() string { return r.Code + ": " + r.Description }

// TokenRequests says how often the token endpoint was asked.
func (l *LMS) TokenRequests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens.requests
}

// RevokeTokens makes all access tokens worthless, as a restart of some
// platforms does.
func (l *LMS) RevokeTokens() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.tokens.grants)
}

// serveToken is the token endpoint (security framework 4.1.1; RFC 7523).
func (l *LMS) serveToken(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.tokens.requests++
	l.mu.Unlock()
	granted, err := l.grant(r)
	var refusal tokenRefusal
	switch {
	case errors.As(err, &refusal):
		l.log.Info("access token refused", "err", refusal)
		l.refuseToken(w, refusal)
	case err != nil:
		l.refuseToken(w, tokenRefusal{"invalid_request", err.Error()})
	default:
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, "application/json", granted)
	}
}

func (l *LMS) refuseToken(w http.ResponseWriter, refusal tokenRefusal) {
	behaviour, _ := l.present()
	if behaviour.OddTokenErrors {
		// Moodle 4.5 puts its message between quotes as it comes.
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "{\n  \"error\" : %q\n}", refusal.Code)
		if refusal.Code == "invalid_client" {
			io.WriteString(w, "\n"+refusal.Description)
		}
		return
	}
	writeJSON(w, http.StatusBadRequest, "application/json",
		map[string]string{"error": refusal.Code, "error_description": refusal.Description})
}

// grant makes every check of a token request and returns the answer.
func (l *LMS) grant(r *http.Request) (map[string]any, error) {
	form, err := tokenForm(r)
	if err != nil {
		return nil, err
	}
	t, err := parseToken(form.Get("client_assertion"))
	if err != nil {
		return nil, fmt.Errorf("client_assertion: %w", err)
	}
	tool, err := l.assertingTool(t)
	if err != nil {
		return nil, tokenRefusal{"invalid_client", err.Error()}
	}
	if err := l.verifyByTool(t, tool); err != nil {
		return nil, tokenRefusal{"invalid_client", err.Error()}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkAssertion(t); err != nil {
		return nil, tokenRefusal{"invalid_client", err.Error()}
	}
	scopes, err := l.grantedScopes(tool, strings.Fields(form.Get("scope")))
	if err != nil {
		return nil, err
	}
	return l.issue(tool, scopes), nil
}

func tokenForm(r *http.Request) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%s of %q is not a POST of a form", r.Method, kind)
	}
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	for _, name := range []string{"grant_type", "client_assertion_type", "client_assertion", "scope"} {
		if len(r.PostForm[name]) != 1 || r.PostForm.Get(name) == "" {
			return nil, fmt.Errorf("%s is missing or comes twice", name)
		}
	}
	if len(r.PostForm) != 4 {
		return nil, errors.New("unknown parameters")
	}
	if r.PostForm.Get("grant_type") != "client_credentials" {
		return nil, tokenRefusal{"unsupported_grant_type", r.PostForm.Get("grant_type")}
	}
	if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return nil, errors.New("client_assertion_type is not jwt-bearer")
	}
	return r.PostForm, nil
}

// assertingTool finds the tool that an assertion speaks for.
func (l *LMS) assertingTool(t token) (Tool, error) {
	client, deployment := t.claim("sub"), ltiClaim+"deployment_id"
	if client == "" || t.claim("iss") != client {
		return Tool{}, errors.New("iss and sub are not both the client id")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, sent := t.claims[deployment]
	if !sent && !l.behaviour.DeploymentOptional {
		return Tool{}, errors.New("deployment_id is missing")
	}
	tool, ok := first(l.campus.tools, func(x Tool) bool {
		return x.ClientID == client && (!sent || x.DeploymentID == t.claim(deployment))
	})
	if !ok {
		return Tool{}, errors.New("no such client id with this deployment_id")
	}
	return tool, nil
}

// checkAssertion checks audience, times and jti; the jti is used up.
func (l *LMS) checkAssertion(t token) error {
	audience := l.audience()
	if t.claims["aud"] != audience {
		return fmt.Errorf("aud is %v, not the string %q", t.claims["aud"], audience)
	}
	// Moodle refuses an iat that is 2 s ahead.
	if err := t.fresh(l.clock(), time.Second, 5*time.Minute); err != nil {
		return err
	}
	jti := t.claim("sub") + " " + t.claim("jti")
	if _, used := l.tokens.jtis[jti]; used || t.claim("jti") == "" {
		return errors.New("jti is missing or was used before")
	}
	expires, err := t.moment("exp")
	l.tokens.jtis[jti] = expires
	return err
}

// audience is whom client assertions are for.
func (l *LMS) audience() string {
	switch own := l.behaviour.TokenAudience; {
	case own == "":
		return l.address("/lti/token")
	case strings.HasPrefix(own, "/"):
		return l.address(own)
	default:
		return own
	}
}

// grantedScopes returns those of the scopes asked for that the tool may have.
func (l *LMS) grantedScopes(tool Tool, asked []string) ([]string, error) {
	allowed := scopesOf(tool, true)
	if l.behaviour.Registering.Updates == "put" && tool.Registered {
		allowed = append(allowed, scopeRegistration)
	}
	var granted []string
	for _, scope := range asked {
		if slices.Contains(allowed, scope) {
			granted = append(granted, scope)
		} else if l.behaviour.ScopesAllOrNone {
			return nil, tokenRefusal{"invalid_scope", scope}
		}
	}
	if len(granted) == 0 {
		return nil, tokenRefusal{"invalid_scope", "none of them is allowed"}
	}
	return granted, nil
}

func (l *LMS) issue(tool Tool, scopes []string) map[string]any {
	now := l.clock()
	l.tokens.forget(now)
	access := random(24)
	l.tokens.grants[access] = grant{tool.ID, scopes, now.Add(l.behaviour.AccessTokenLife)}
	answer := map[string]any{
		"access_token": access, "token_type": l.behaviour.TokenType, "scope": strings.Join(scopes, " "),
		"expires_in": int(l.behaviour.AccessTokenLife.Seconds()),
	}
	if l.behaviour.NoExpiresIn {
		delete(answer, "expires_in")
	}
	return answer
}

func (s *tokens) forget(now time.Time) {
	for access, g := range s.grants {
		if now.After(g.expires) {
			delete(s.grants, access)
		}
	}
	for jti, expires := range s.jtis {
		if now.After(expires) {
			delete(s.jtis, jti)
		}
	}
}

// writeJSON answers with compact JSON of a media type.
func writeJSON(w http.ResponseWriter, status int, mediaType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ltitest: JSON: %v", err))
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	w.Write(body)
}
