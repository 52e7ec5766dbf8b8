package lti

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxConfiguration     = 256 << 10
	maxRegistration      = 256 << 10 // the answer
	maxRegistrationToken = 8 << 10
	registrationTimeout  = 15 * time.Second
	minSecret            = 8 // what is shorter than that is left in a platform's words
)

// A Registrar registers us with platforms (LTI Dynamic Registration 1.0). Its
// methods may be called from several goroutines. Their errors are
// *RegistrationError, but for faults of ours.
type Registrar struct {
	HTTP             *http.Client // GuardedClient, outside of tests
	PublicURL        string       // ours, without a slash at its end
	InsecureLoopback bool         // as in Tool
	Card             Card
	Tokens           accessTokens // nil: nothing is updated with one
	Now              func() time.Time
	// Observe, if set, is told the end of each call; see Tokens.Observe.
	Observe func(call, outcome string, took time.Duration)
}

// accessTokens gets access tokens of platforms.
type accessTokens interface {
	Token(ctx context.Context, r Registration, deploymentID string, scopes ...string) (AccessToken, error)
}

// Look fetches a platform's configuration and checks it. Nothing changes there.
func (r *Registrar) Look(ctx context.Context, configuration string, token RegistrationToken) (Offer, error) {
	x := exchange{step: "configuration", method: http.MethodGet, address: configuration, bearer: string(token), limit: maxConfiguration}
	body, from, refused := r.exchange(ctx, x)
	if refused == nil {
		var o Offer
		if o, refused = parseOffer(body, from, r.InsecureLoopback); refused == nil {
			return o, nil
		}
		refused.Step, refused.Host = x.step, from.Host
		refused.Words = x.clean(refused.Words)
	}
	return Offer{}, refused
}

// A Client is a registration that we have already.
type Client struct {
	Registration Registration
	URI          string // Registered.ClientURI; empty: the platform has none
}

// Register registers us with the platform of an offer. A platform that refuses
// it, because it has us already, is asked to update that client instead, if
// known tells how.
func (r *Registrar) Register(ctx context.Context, o Offer, token RegistrationToken, known *Client) (Registered, error) {
	request, err := r.request(o)
	if err != nil {
		return Registered{}, err
	}
	x := exchange{
		step: "registration", method: http.MethodPost, address: o.endpoint, bearer: string(token),
		body: request, limit: maxRegistration,
	}
	answer, _, refused := r.exchange(ctx, x)
	if refused != nil {
		if updated, err := r.update(ctx, o, request, known, refused); err == nil {
			return updated, nil
		}
		return Registered{}, refused
	}
	registered, refused := r.registered(o, x, answer)
	if refused != nil {
		return Registered{}, refused
	}
	return registered, nil
}

var errNoUpdate = errors.New("there is no client to update")

// update changes a client at its own address, with an access token (Dynamic
// Registration 1.0, 3.6).
func (r *Registrar) update(ctx context.Context, o Offer, request []byte, known *Client, why *RegistrationError) (Registered, error) {
	if known == nil || known.URI == "" || r.Tokens == nil || why.Status == 0 || why.Code == CodeRegistrationPlatformFails ||
		known.Registration.Issuer != o.Issuer {
		return Registered{}, errNoUpdate
	}
	token, err := r.Tokens.Token(ctx, known.Registration, known.Registration.someDeployment(), registrationScope)
	if err != nil {
		return Registered{}, fmt.Errorf("access token: %w", err)
	}
	x := exchange{step: "registration", method: http.MethodPut, address: known.URI, bearer: string(token), body: request, limit: maxRegistration}
	answer, _, refused := r.exchange(ctx, x)
	if refused != nil {
		return Registered{}, refused
	}
	registered, refused := r.registered(o, x, answer)
	switch {
	case refused != nil:
		return Registered{}, refused
	case registered.Registration.ClientID != known.Registration.ClientID:
		return Registered{}, errors.New("the platform updated another client")
	}
	registered.Updated = true
	return registered, nil
}

// registered reads the answer to x.
func (r *Registrar) registered(o Offer, x exchange, answer []byte) (Registered, *RegistrationError) {
	registered, refused := parseRegistered(answer, o, r.Asks(o), r.InsecureLoopback)
	if refused != nil {
		refused.Step, refused.Host = x.step, hostOf(x.address)
	}
	return registered, refused
}

// An exchange is one call to a platform that isn't registered yet.
type exchange struct {
	step, method, address, bearer string
	body                          []byte // JSON; nil: none
	limit                         int64
}

// exchange makes the call. The address is the one that answered, which may be
// another one after redirects.
func (r *Registrar) exchange(ctx context.Context, x exchange) ([]byte, *url.URL, *RegistrationError) {
	begin := r.Now()
	body, from, refused := r.ask(ctx, x)
	if r.Observe != nil {
		var err error
		if refused != nil {
			err = refused
			if refused.Status != 0 {
				err = &ServiceError{Call: x.step, Status: refused.Status}
			}
		}
		observe(r.Observe, x.step, begin, r.Now(), err)
	}
	if refused != nil {
		refused.Step, refused.Host = x.step, hostOf(x.address)
	}
	return body, from, refused
}

func (r *Registrar) ask(ctx context.Context, x exchange) ([]byte, *url.URL, *RegistrationError) {
	request, refused := x.request(r.InsecureLoopback)
	if refused != nil {
		return nil, nil, refused
	}
	ctx, cancel := context.WithTimeout(ctx, registrationTimeout)
	defer cancel()
	response, err := careful(r.HTTP, r.InsecureLoopback).Do(request.WithContext(ctx))
	if err != nil {
		return nil, nil, unreached(err)
	}
	defer response.Body.Close()
	body, err := readLimited(response.Body, x.limit)
	if err != nil {
		return nil, nil, unreached(err)
	}
	if response.StatusCode/100 == 2 {
		return body, response.Request.URL, nil
	}
	words := x.clean(reasonOf(response.Status, body))
	refused = &RegistrationError{Code: refusedCode(response.StatusCode, words), Status: response.StatusCode, Words: words}
	if x.method == http.MethodGet && refused.Code == CodeRegistrationRefused {
		refused.Code = CodeRegistrationNoConfig
	}
	return nil, nil, refused
}

var errToken = errors.New("the registration token has characters that no token has, or is too long")

func (x exchange) request(insecure bool) (*http.Request, *RegistrationError) {
	address, err := absoluteURL(x.address, insecure)
	if err != nil {
		return nil, &RegistrationError{Code: CodeRegistrationAddress, Err: err}
	}
	if len(x.bearer) > maxRegistrationToken || strings.ContainsFunc(x.bearer, notInToken) {
		return nil, &RegistrationError{Code: CodeRegistrationToken, Err: errToken}
	}
	var body io.Reader
	if x.body != nil {
		body = bytes.NewReader(x.body)
	}
	request, err := http.NewRequest(x.method, address.String(), body)
	if err != nil {
		return nil, &RegistrationError{Code: CodeRegistrationAddress, Err: errNotURL}
	}
	request.Header.Set("Accept", "application/json")
	if x.bearer != "" { // Canvas wants it for the configuration too
		request.Header.Set("Authorization", "Bearer "+x.bearer)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// clean makes words of a platform fit to be shown and kept: short, on one
// line, and without what is secret, in the query of an address too.
func (x exchange) clean(words string) string {
	secrets := []string{x.bearer}
	if u, err := url.Parse(x.address); err == nil {
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
	}
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			words = strings.ReplaceAll(words, secret, redacted)
		}
	}
	return cleanText(words, maxReason)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return cleanText(u.Host, maxName)
}
