// Package oidc is the sign-in of staff by a provider of their institution
// (OpenID Connect Core 1.0, code flow with PKCE).
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// Errors of a sign-in.
var (
	ErrAway      = errors.New("the provider doesn't answer as one")
	ErrCancelled = errors.New("the provider let nobody in")
	ErrRefused   = errors.New("what the provider said can't be believed")
)

// A Secret prints as [redacted].
type Secret string

func (Secret) String() string { return "[redacted]" }

// A Provider is asked who somebody is. Its fields are set before it is used;
// several goroutines may use it.
type Provider struct {
	Issuer, ClientID string
	Secret           Secret   // may be empty: PKCE alone
	RedirectURL      string   // of ours
	Scopes           []string // besides openid
	Claim            string   // is asked of the userinfo endpoint if the ID token lacks it
	HTTP             *http.Client
	Now              func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	known  *oidc.Provider
	failed time.Time
	why    error
}

const (
	patience   = 10 * time.Second // for what one step asks of the provider
	failedFor  = 5 * time.Second  // a provider that is down isn't asked by each click
	answerMost = 1 << 20          // bytes
	tokenMost  = 64 << 10
)

// A Step is what a browser keeps between leaving for the provider and coming
// back.
type Step struct{ State, Nonce, Verifier string }

// A Person is whom the provider has named.
type Person struct {
	Subject string
	Name    string // an e-mail address, or what else the provider calls them
	Claims  map[string]any
}

// Begin returns the provider's address to which a browser is led, and what it
// has to keep. ErrAway.
func (p *Provider) Begin(ctx context.Context) (string, Step, error) {
	config, _, err := p.config(ctx)
	if err != nil {
		return "", Step{}, err
	}
	s := Step{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return config.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), s, nil
}

// Finish is who has come back with these parameters. ErrCancelled, ErrRefused,
// ErrAway.
func (p *Provider) Finish(ctx context.Context, s Step, back url.Values) (Person, error) {
	if s.State == "" || subtle.ConstantTimeCompare([]byte(s.State), []byte(back.Get("state"))) != 1 {
		return Person{}, fmt.Errorf("%w: the state is another browser's, or too old", ErrRefused)
	}
	if iss := back.Get("iss"); iss != "" && iss != p.Issuer { // RFC 9207
		return Person{}, fmt.Errorf("%w: the answer is of %q", ErrRefused, iss)
	}
	if code := back.Get("error"); code != "" {
		return Person{}, fmt.Errorf("%w: %q %q", ErrCancelled, code, back.Get("error_description"))
	}
	config, provider, err := p.config(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client()), patience)
	defer cancel()
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil {
		return Person{}, asked("token", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" || len(raw) > tokenMost {
		return Person{}, fmt.Errorf("%w: an ID token of %d bytes", ErrRefused, len(raw))
	}
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if s.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(s.Nonce)) != 1 {
		return Person{}, fmt.Errorf("%w: its nonce is another's", ErrRefused)
	}
	who := Person{Subject: id.Subject, Claims: map[string]any{}}
	if err := id.Claims(&who.Claims); err != nil || who.Subject == "" {
		return Person{}, fmt.Errorf("%w: claims of subject %q: %w", ErrRefused, who.Subject, err)
	}
	if err := p.more(ctx, provider, token, &who); err != nil {
		return Person{}, err
	}
	who.Name = who.Subject
	for _, claim := range []string{"email", "preferred_username", "name"} {
		if name, _ := who.Claims[claim].(string); strings.TrimSpace(name) != "" {
			who.Name = name
			break
		}
	}
	return who, nil
}

// more asks the userinfo endpoint for what the ID token hasn't said.
func (p *Provider) more(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, who *Person) error {
	if Values(who.Claims, p.Claim) != nil || provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return asked("userinfo", err)
	}
	if info.Subject != who.Subject { // Core, 5.3.2
		return fmt.Errorf("%w: userinfo is of another subject", ErrRefused)
	}
	claims := map[string]any{}
	if err := info.Claims(&claims); err != nil {
		return fmt.Errorf("%w: userinfo: %w", ErrRefused, err)
	}
	maps.Copy(claims, who.Claims) // what is signed counts more
	who.Claims = claims
	return nil
}

// asked tells an endpoint that says no from one that doesn't answer.
func asked(what string, err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response != nil && said.Response.StatusCode < http.StatusInternalServerError {
		return fmt.Errorf("%w: %s: %s %q", ErrRefused, what, said.ErrorCode, said.ErrorDescription)
	}
	return fmt.Errorf("%w: %s: %w", ErrAway, what, err)
}

// config asks the provider for its addresses when it is first needed.
func (p *Provider) config(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	provider, err := p.discovered(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(p.Secret), Endpoint: provider.Endpoint(), RedirectURL: p.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}, provider, nil
}

func (p *Provider) discovered(ctx context.Context) (*oidc.Provider, error) {
	known, err := p.last()
	if known != nil || err != nil {
		return known, err
	}
	found := p.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(oidc.ClientContext(context.WithoutCancel(ctx), p.client()), patience)
		defer cancel()
		known, err := oidc.NewProvider(ctx, p.Issuer)
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrAway, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.known, p.why, p.failed = known, err, p.Now()
		return known, err
	})
	select {
	case r := <-found:
		known, _ := r.Val.(*oidc.Provider)
		return known, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// last is what asking came to, if that needn't be done again.
func (p *Provider) last() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil && p.why != nil {
		if ago := p.Now().Sub(p.failed); ago >= 0 && ago < failedFor {
			return nil, p.why
		}
	}
	return p.known, nil
}

// client reads no more of an answer than answerMost.
func (p *Provider) client() *http.Client {
	bounded := *p.HTTP
	bounded.Transport = limited{p.HTTP.Transport}
	return &bounded
}

type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport
	}
	answer, err := next.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{http.MaxBytesReader(nil, answer.Body, answerMost), answer.Body}
	}
	return answer, err
}

// Values are what a claim says, as texts: of one by its name, or by the names
// that lead to it with points between ("realm_access.roles"). Nil: nothing.
func Values(claims map[string]any, claim string) []string {
	value, ok := claims[claim]
	if !ok {
		first, rest, found := strings.Cut(claim, ".")
		inner, isObject := claims[first].(map[string]any)
		if !found || !isObject {
			return nil
		}
		return Values(inner, rest)
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	var texts []string
	for _, one := range list {
		switch one.(type) {
		case string, bool, float64:
			if text := fmt.Sprint(one); text != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
