package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife = 5 * time.Minute
	// Platforms whose clock is behind refuse an iat that is 2 s ahead (Moodle).
	assertionBackdate = 5 * time.Second
	renewEarly        = time.Minute
	defaultTokenLife  = 5 * time.Minute // where the platform doesn't say
	maxTokenLife      = 24 * time.Hour
	serviceTimeout    = 15 * time.Second
	maxTokenAnswer    = 64 << 10
)

// An AccessToken is a bearer token of a platform; it doesn't print.
type AccessToken string

func (AccessToken) String() string               { return redacted }
func (AccessToken) GoString() string             { return redacted }
func (AccessToken) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (AccessToken) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Tokens gets access tokens for the services of platforms (1EdTech Security
// Framework 1.0, 4.1) and caches them in memory. Its methods may be called
// from several goroutines; one request at a time is made for one token.
type Tokens struct {
	HTTP *http.Client
	Keys signers
	Now  func() time.Time
	// Observe, if set, is told the end of each call to a platform. outcome is
	// "ok", a status such as "409", or "no_answer".
	Observe func(call, outcome string, took time.Duration)

	mu      sync.Mutex
	cached  map[string]cachedToken
	pending map[string]*tokenCall
}

type cachedToken struct {
	token   AccessToken
	renewAt time.Time
}

type tokenCall struct {
	done  chan struct{}
	token AccessToken
	err   error
}

// Token is an access token for the scopes, from the cache or the platform. A
// platform that refuses it is a *ServiceError with Call "token".
func (t *Tokens) Token(ctx context.Context, r Registration, deploymentID string, scopes ...string) (AccessToken, error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	key := tokenKey(r, deploymentID, scopes)
	token, call, lead := t.begin(key)
	switch {
	case call == nil:
		return token, nil
	case lead:
		return t.lead(ctx, key, call, r, deploymentID, scopes)
	}
	select {
	case <-call.done:
		return call.token, call.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// tokenKey has all that a token depends on.
func tokenKey(r Registration, deploymentID string, scopes []string) string {
	return fmt.Sprintf("%q", []string{r.ID, r.ClientID, r.TokenURL, r.tokenAudience(), deploymentID, strings.Join(scopes, " ")})
}

// begin returns the cached token, or the call to wait for and whether the
// caller is the one to make it.
func (t *Tokens) begin(key string) (AccessToken, *tokenCall, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cached := t.cached[key]; t.Now().Before(cached.renewAt) {
		return cached.token, nil, false
	}
	if call, ok := t.pending[key]; ok {
		return "", call, false
	}
	if t.pending == nil {
		t.pending, t.cached = map[string]*tokenCall{}, map[string]cachedToken{}
	}
	call := &tokenCall{done: make(chan struct{}), err: errors.New("the request for an access token broke off")}
	t.pending[key] = call
	return "", call, true
}

// lead makes the call. It goes on if the caller gives up, since others wait.
func (t *Tokens) lead(ctx context.Context, key string, call *tokenCall, r Registration, deploymentID string, scopes []string) (AccessToken, error) {
	var life time.Duration
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.pending, key)
		if call.err == nil {
			t.keep(key, call.token, life)
		}
		close(call.done)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), serviceTimeout)
	defer cancel()
	call.token, life, call.err = t.request(ctx, r, deploymentID, scopes)
	if call.err != nil {
		call.err = fmt.Errorf("access token of %s: %w", r.Name, call.err)
	}
	return call.token, call.err
}

// keep caches a token, and drops those that are over. t.mu is held.
func (t *Tokens) keep(key string, token AccessToken, life time.Duration) {
	now := t.Now()
	for other, cached := range t.cached {
		if !now.Before(cached.renewAt) {
			delete(t.cached, other)
		}
	}
	t.cached[key] = cachedToken{token: token, renewAt: now.Add(max(life-renewEarly, life/2))}
}

// drop forgets a token that a service refused, unless there is a newer one.
func (t *Tokens) drop(r Registration, deploymentID string, scopes []string, token AccessToken) {
	key := tokenKey(r, deploymentID, slices.Compact(slices.Sorted(slices.Values(scopes))))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cached[key].token == token {
		delete(t.cached, key)
	}
}

func (t *Tokens) request(ctx context.Context, r Registration, deploymentID string, scopes []string) (AccessToken, time.Duration, error) {
	assertion, err := t.assertion(ctx, r, deploymentID)
	if err != nil {
		return "", 0, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
		"scope":                 {strings.Join(scopes, " ")},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	answer, err := t.call(t.HTTP, request, "token", assertion, maxTokenAnswer)
	if err != nil {
		return "", 0, err
	}
	return parseTokenAnswer(answer.body)
}

// assertion is how we say who we are (RFC 7523). Its aud is one string: D2L
// fails on an array.
func (t *Tokens) assertion(ctx context.Context, r Registration, deploymentID string) (string, error) {
	key, err := t.Keys.KeyFor(ctx, r)
	if err != nil {
		return "", fmt.Errorf("signing key: %w", err)
	}
	issued := t.Now().Add(-assertionBackdate)
	claims := map[string]any{
		"iss": r.ClientID,
		"sub": r.ClientID,
		"aud": r.tokenAudience(),
		"iat": issued.Unix(),
		"exp": issued.Add(assertionLife).Unix(),
		"jti": random(),
	}
	if deploymentID != "" {
		claims[claimDeploymentID] = deploymentID
	}
	return key.sign(claims)
}

// parseTokenAnswer reads RFC 6749, 5.1. The answer itself is never part of an
// error: it may hold the token.
func parseTokenAnswer(body []byte) (AccessToken, time.Duration, error) {
	answer, err := parseJSONObject(body, 8)
	if err != nil {
		return "", 0, fmt.Errorf("the answer: %w", err)
	}
	token, _ := answer.at("access_token").text()
	if token == "" || strings.ContainsFunc(token, notInToken) {
		return "", 0, errors.New("the answer has no usable access_token")
	}
	if kind, ok := answer.at("token_type").text(); ok && !strings.EqualFold(kind, "bearer") {
		return "", 0, fmt.Errorf("the token is of type %.50q", kind)
	}
	life := defaultTokenLife
	if seconds, err := strconv.ParseFloat(answer.at("expires_in").plain(), 64); err == nil {
		life = time.Duration(min(max(seconds, 0), maxTokenLife.Seconds()) * float64(time.Second))
	}
	return AccessToken(token), life, nil
}

// notInToken is true of what can't be in a header.
func notInToken(r rune) bool { return r <= ' ' || r > '~' }
