package lti

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An asked is one request as a platform's service saw it.
type asked struct {
	method, url, body string
	header            http.Header
}

// A fakeService answers requests from a list of answers, the last one again
// and again. It has no network, so that tests can run in a bubble.
type fakeService struct {
	mu      sync.Mutex
	answers []fakeAnswer
	asked   []asked
	hold    chan struct{} // if not nil, answers wait for it
}

type fakeAnswer struct {
	status int
	phrase string // after the status; empty: the usual one
	header http.Header
	body   string
	err    error
}

func (s *fakeService) RoundTrip(r *http.Request) (*http.Response, error) {
	var body strings.Builder
	if r.Body != nil {
		if _, err := fmt.Fprint(&body, readAll(r)); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.asked = append(s.asked, asked{r.Method, r.URL.String(), body.String(), r.Header.Clone()})
	next := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if next.err != nil {
		return nil, next.err
	}
	recorder := httptest.NewRecorder()
	for name, values := range next.header {
		recorder.Header()[name] = values
	}
	recorder.WriteHeader(next.status)
	recorder.Body.WriteString(next.body)
	response := recorder.Result()
	response.Request = r
	if next.phrase != "" {
		response.Status = fmt.Sprint(next.status, " ", next.phrase)
	}
	return response, nil
}

func readAll(r *http.Request) string {
	b, err := readLimited(r.Body, 1<<20)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (s *fakeService) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

const goodToken = `{"access_token":"tok-1","token_type":"Bearer","expires_in":3600,"scope":"a b"}`

var testRegistration = Registration{ID: "reg-1", Name: "Campus", Issuer: testIssuer, ClientID: testClient, TokenURL: "https://lms.example/token"}

func newTokens(t testing.TB, answers ...fakeAnswer) (*Tokens, *fakeService, *clock) {
	t.Helper()
	s, c := &fakeService{answers: answers}, &clock{at: testNow}
	return &Tokens{HTTP: &http.Client{Transport: s}, Keys: oneKey{testKey(t)}, Now: c.now}, s, c
}

func (s *fakeService) wantToken(t *testing.T, tokens *Tokens, r Registration, deployment string, requests int, scopes ...string) {
	t.Helper()
	if _, err := tokens.Token(t.Context(), r, deployment, scopes...); err != nil {
		t.Errorf("Token: %v", err)
	}
	if got := s.count(); got != requests {
		t.Errorf("%d requests, want %d", got, requests)
	}
}

// TestTokenRequest: fact sheet 7.
func TestTokenRequest(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	got, err := tokens.Token(t.Context(), testRegistration, "dep-1", "scope-b", "scope-a", "scope-b")
	if err != nil || string(got) != "tok-1" {
		t.Fatalf("Token = %s, %v", string(got), err)
	}
	request := s.asked[0]
	if request.method != http.MethodPost || request.url != testRegistration.TokenURL || request.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%s %s as %s", request.method, request.url, request.header.Get("Content-Type"))
	}
	form, err := url.ParseQuery(request.body)
	if err != nil {
		t.Fatal(err)
	}
	header, claims := readJWT(t, form.Get("client_assertion"), testKey(t))
	form.Del("client_assertion")
	wantForm := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"scope-a scope-b"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	if diff := cmp.Diff(wantForm, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": testKey(t).ID}, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if jti, ok := claims["jti"].(string); !ok || len(jti) < 20 {
		t.Errorf("jti %v", claims["jti"])
	}
	delete(claims, "jti")
	wantClaims := map[string]any{
		"iss": testClient, "sub": testClient, "aud": testRegistration.TokenURL, claimDeploymentID: "dep-1",
		"iat": float64(testNow.Unix() - 5), "exp": float64(testNow.Unix() + 295),
	}
	if diff := cmp.Diff(wantClaims, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestTokenAudience(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	r := testRegistration
	r.TokenAudience = "https://api.brightspace.com/auth/token"
	s.wantToken(t, tokens, r, "", 1, "a")
	form, err := url.ParseQuery(s.asked[0].body)
	if err != nil {
		t.Fatal(err)
	}
	_, claims := readJWT(t, form.Get("client_assertion"), testKey(t))
	if _, has := claims[claimDeploymentID]; has || claims["aud"] != r.TokenAudience {
		t.Errorf("claims %v", claims)
	}
}

// TestTokenJTI: Canvas takes each only once.
func TestTokenJTI(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	seen := map[any]bool{}
	for i, scope := range []string{"a", "b", "c"} {
		s.wantToken(t, tokens, testRegistration, "dep-1", i+1, scope)
		form, err := url.ParseQuery(s.asked[i].body)
		if err != nil {
			t.Fatal(err)
		}
		_, claims := readJWT(t, form.Get("client_assertion"), testKey(t))
		if seen[claims["jti"]] {
			t.Errorf("jti %v came twice", claims["jti"])
		}
		seen[claims["jti"]] = true
	}
}

func TestTokenCache(t *testing.T) {
	tokens, s, c := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	s.wantToken(t, tokens, testRegistration, "dep-1", 1, "a", "b")
	s.wantToken(t, tokens, testRegistration, "dep-1", 1, "b", "a")
	s.wantToken(t, tokens, testRegistration, "dep-1", 2, "a")
	s.wantToken(t, tokens, testRegistration, "dep-2", 3, "a", "b")
	other := testRegistration
	other.ID = "reg-2"
	s.wantToken(t, tokens, other, "dep-1", 4, "a", "b")
	moved := testRegistration
	moved.TokenURL = "https://lms.example/token2"
	s.wantToken(t, tokens, moved, "dep-1", 5, "a", "b")
	c.pass(59*time.Minute - time.Second)
	s.wantToken(t, tokens, testRegistration, "dep-1", 5, "a", "b")
	c.pass(time.Second) // a minute early
	s.wantToken(t, tokens, testRegistration, "dep-1", 6, "a", "b")
	if got := len(tokens.cached); got != 1 {
		t.Errorf("%d tokens are kept, want the old ones gone", got)
	}
}

func TestTokenLife(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"access_token":"t"}`: 4 * time.Minute,
		`{"access_token":"t","token_type":"bearer","expires_in":"3600"}`:  59 * time.Minute,
		`{"access_token":"t","token_type":null,"expires_in":600.5}`:       540*time.Second + 500*time.Millisecond,
		`{"access_token":"t","expires_in":60}`:                            30 * time.Second,
		`{"access_token":"t","expires_in":99999999}`:                      24*time.Hour - time.Minute,
		`{"access_token":"t","expires_in":"soon"}`:                        4 * time.Minute,
		` {"access_token":"t","expires_in":1e300,"scope":["a"],"x":{}}  `: 24*time.Hour - time.Minute,
	} {
		tokens, s, c := newTokens(t, fakeAnswer{status: 200, body: body})
		s.wantToken(t, tokens, testRegistration, "", 1, "a")
		c.pass(want - time.Millisecond)
		s.wantToken(t, tokens, testRegistration, "", 1, "a")
		c.pass(time.Millisecond)
		s.wantToken(t, tokens, testRegistration, "", 2, "a")
	}
}

// TestTokenWithoutLife isn't kept at all.
func TestTokenWithoutLife(t *testing.T) {
	for _, life := range []string{"0", "-5"} {
		tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: `{"access_token":"t","expires_in":` + life + `}`})
		s.wantToken(t, tokens, testRegistration, "", 1, "a")
		s.wantToken(t, tokens, testRegistration, "", 2, "a")
	}
}

// TestTokenRefused: the platform's words are kept, our assertion isn't.
func TestTokenRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer fakeAnswer
		want   ServiceError
	}{
		{"RFC 6749", fakeAnswer{status: 400, body: `{"error":"invalid_scope","error_description":"not yours"}`}, ServiceError{"token", 400, "invalid_scope: not yours", 0}},
		{"Moodle", fakeAnswer{status: 400, body: "{\n  \"error\" : \"Expired token\"\n}"}, ServiceError{"token", 400, "Expired token", 0}},
		{"Moodle, no JSON", fakeAnswer{status: 400, body: `{"error" : ""kid" invalid, unable to lookup correct key"}`},
			ServiceError{"token", 400, `{"error" : ""kid" invalid, unable to lookup correct key"}`, 0}},
		{"HTML", fakeAnswer{status: 502, body: "<html>"}, ServiceError{"token", 502, "Bad Gateway", 0}},
		{"busy", fakeAnswer{status: 429, header: http.Header{"Retry-After": {"30"}}}, ServiceError{"token", 429, "Too Many Requests", 30 * time.Second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokens, _, _ := newTokens(t, test.answer)
			_, err := tokens.Token(t.Context(), testRegistration, "dep-1", "a")
			var got *ServiceError
			if !errors.As(err, &got) || *got != test.want || !strings.Contains(err.Error(), "Campus") {
				t.Errorf("got %v, want %+v", err, test.want)
			}
		})
	}
}

// echo repeats what it was sent.
type echo struct{}

func (echo) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(http.StatusBadRequest)
	form, err := url.ParseQuery(readAll(r))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(recorder, "bad: %s", form.Get("client_assertion"))
	return recorder.Result(), nil
}

func TestTokenErrorHasNoAssertion(t *testing.T) {
	tokens, _, _ := newTokens(t)
	tokens.HTTP = &http.Client{Transport: echo{}}
	_, err := tokens.Token(t.Context(), testRegistration, "dep-1", "a")
	if err == nil || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("got %v, want an error without our assertion", err)
	}
}

func TestTokenBadAnswers(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `<html>`, `{}`, `{"access_token":""}`, `{"access_token":7}`, `{"access_token":"a b"}`, `{"access_token":"é"}`, "{\"access_token\":\"a\\r\\nX: y\"}",
		`{"access_token":"secret","token_type":"mac"}`, `{"access_token":"secret","access_token":"secret"}`, strings.Repeat(" ", maxTokenAnswer+1),
	} {
		tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: body})
		_, err := tokens.Token(t.Context(), testRegistration, "", "a")
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("answer %.60q: %v, want an error without the token", body, err)
		}
		// A failure isn't kept.
		s.answers = []fakeAnswer{{status: 200, body: goodToken}}
		s.wantToken(t, tokens, testRegistration, "", 2, "a")
	}
}

// TestTokenSingleFlight: deliveries that start together ask once.
func TestTokenSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
		s.hold = make(chan struct{})
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if got, err := tokens.Token(t.Context(), testRegistration, "", "a"); err != nil || string(got) != "tok-1" {
					t.Errorf("Token = %v, %v", got, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := tokens.Token(ctx, testRegistration, "", "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("Token = %v, want context.Canceled", err)
		}
		close(s.hold)
		group.Wait()
		if got := s.count(); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
}

// TestServicesTimeLimit: neither a token nor a score is waited for longer than
// 15 s, by a client that has no limit of its own.
func TestServicesTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
		s.hold = make(chan struct{})
		begin := time.Now()
		_, err := tokens.Token(t.Context(), testRegistration, "", "a")
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 15*time.Second {
			t.Errorf("token: after %v: %v", took, err)
		}
		g, s, _ := newGrades(t, fakeAnswer{status: 200})
		s.hold = make(chan struct{})
		begin = time.Now()
		err = g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1})
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 15*time.Second {
			t.Errorf("score: after %v: %v", took, err)
		}
	})
}

// TestTokenOutlivesCaller: whoever gives up doesn't spoil it for those who wait.
func TestTokenOutlivesCaller(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokens.Token(ctx, testRegistration, "", "a"); err != nil || s.count() != 1 {
		t.Errorf("Token = %v after %d requests", err, s.count())
	}
}

type noKey struct{}

var errNoKey = errors.New("no key")

func (noKey) KeyFor(context.Context, Registration) (Key, error) { return Key{}, errNoKey }

func TestTokenWithoutKey(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	tokens.Keys = noKey{}
	if _, err := tokens.Token(t.Context(), testRegistration, "", "a"); !errors.Is(err, errNoKey) || s.count() != 0 {
		t.Errorf("Token = %v after %d requests", err, s.count())
	}
}

func TestTokenWithoutAddress(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	r := testRegistration
	r.TokenURL = "https://lms.example/%zz"
	if _, err := tokens.Token(t.Context(), r, "", "a"); err == nil || s.count() != 0 {
		t.Errorf("Token = %v after %d requests", err, s.count())
	}
}

func TestTokenNetworkError(t *testing.T) {
	down := errors.New("connection refused")
	tokens, _, _ := newTokens(t, fakeAnswer{err: down})
	if _, err := tokens.Token(t.Context(), testRegistration, "", "a"); !errors.Is(err, down) {
		t.Errorf("Token = %v, want the network's error", err)
	}
}
