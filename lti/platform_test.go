package lti

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A platform for tests, made with the standard library alone, so that a
// mistake of ours in signing and one in verifying don't hide each other.

const (
	testIssuer = "https://lms.example"
	testClient = "client-1"
	testPublic = "https://bridge.example"
)

var testNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// A clock is the time of a test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// rsaKeys are made once: they are slow. The last one is too weak.
var rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	var list []*rsa.PrivateKey
	for _, bits := range []int{2048, 2048, 2048, 1024} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		list = append(list, key)
	}
	return list
})

var ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func rsaMember(kid string, key *rsa.PrivateKey) map[string]any {
	return map[string]any{"kty": "RSA", "kid": kid, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
}

func ecMember(kid string, key *ecdsa.PrivateKey) map[string]any {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}

func jwksText(members ...any) string {
	text, err := json.Marshal(map[string]any{"keys": members})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// signToken makes a compact JWS with an RSA or EC key; nil leaves it unsigned.
func signToken(t testing.TB, header, claims any, key any) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := claims.([]byte)
	if !ok {
		if c, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	input := b64(h) + "." + b64(c)
	sum := sha256.Sum256([]byte(input))
	var signature []byte
	switch key := key.(type) {
	case *rsa.PrivateKey:
		hash, digest := crypto.SHA256, sum[:]
		if m, ok := header.(map[string]any); ok && m["alg"] == "RS512" {
			hash = crypto.SHA512
			w := hash.New()
			w.Write([]byte(input))
			digest = w.Sum(nil)
		}
		signature, err = rsa.SignPKCS1v15(nil, key, hash, digest)
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, key, sum[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(signature)
}

// memory is a store of registrations.
type memory struct {
	list    []Registration
	err     error
	later   []Registration // the list after a look again; nil: as it is
	looks   int
	lookErr error
}

func (m *memory) LookAgain(context.Context) error {
	if m.looks++; m.later != nil {
		m.list = m.later
	}
	return m.lookErr
}

func (m *memory) RegistrationsOf(_ context.Context, issuer string) ([]Registration, error) {
	if m.err != nil {
		return nil, m.err
	}
	return slices.DeleteFunc(slices.Clone(m.list), func(r Registration) bool { return r.Issuer != issuer }), nil
}

func (m *memory) Registration(_ context.Context, id string) (Registration, error) {
	if m.err != nil {
		return Registration{}, m.err
	}
	for _, r := range m.list {
		if r.ID == id {
			return r, nil
		}
	}
	return Registration{}, ErrNoRegistration
}

// A world is a tool and one platform that it knows.
type world struct {
	tool    *Tool
	store   *memory
	clock   *clock
	fetches atomic.Int64
	mu      sync.Mutex
	jwks    string // what the platform publishes
	status  int
}

// newWorld's platform signs with rsaKeys()[0] as "key-1".
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: &clock{at: testNow}, status: http.StatusOK, jwks: jwksText(rsaMember("key-1", rsaKeys()[0]))}
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.fetches.Add(1)
		w.mu.Lock()
		defer w.mu.Unlock()
		rw.WriteHeader(w.status)
		_, _ = rw.Write([]byte(w.jwks))
	}))
	t.Cleanup(server.Close)
	w.store = &memory{list: []Registration{{
		ID: "reg-1", Name: "Campus", Issuer: testIssuer, ClientID: testClient,
		AuthURL: "https://lms.example/auth", TokenURL: "https://lms.example/token", JWKSURL: server.URL,
		Deployments: map[string]bool{"dep-1": true, "dep-off": false},
	}}}
	w.tool = &Tool{
		PublicURL: testPublic, Registrations: w.store, Now: w.clock.now,
		KeySets:  &KeySets{HTTP: server.Client(), Now: w.clock.now},
		StateKey: []byte("0123456789abcdef0123456789abcdef"),
	}
	return w
}

func (w *world) publish(status int, jwks string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.jwks = status, jwks
}

func (w *world) registration() *Registration { return &w.store.list[0] }

func goodLogin() LoginRequest {
	return LoginRequest{
		Issuer: testIssuer, ClientID: testClient, LoginHint: "hint", TargetLinkURI: testPublic + "/lti/launch", DeploymentID: "dep-1",
	}
}

// An attempt is one launch on its way, to be spoiled in one place.
type attempt struct {
	*world
	login     LoginRequest
	answer    Login
	header    map[string]any
	claims    map[string]any
	payload   []byte // instead of claims
	key       any
	rawHeader string // instead of header
	unsent    bool   // no id_token is sent
	response  Response
	cookies   map[string]string
}

// begin logs in and prepares the good token that answers the login.
func (w *world) begin(t testing.TB) *attempt {
	t.Helper()
	return w.beginWith(t, goodLogin())
}

func (w *world) beginWith(t testing.TB, request LoginRequest) *attempt {
	t.Helper()
	login, err := w.tool.Login(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := url.Parse(login.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	a := &attempt{
		world: w, login: request, answer: login,
		header:   map[string]any{"alg": "RS256", "typ": "JWT", "kid": "key-1"},
		claims:   goodClaims(redirect.Query().Get("nonce"), w.clock.now()),
		key:      rsaKeys()[0],
		cookies:  map[string]string{login.CookieName: login.CookieValue},
		response: Response{State: redirect.Query().Get("state")},
	}
	a.response.Cookie = func(name string) string { return a.cookies[name] }
	return a
}

// goodClaims is the smallest token that is whole.
func goodClaims(nonce string, now time.Time) map[string]any {
	return map[string]any{
		"iss": testIssuer, "aud": testClient, "sub": "user-1", "nonce": nonce,
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		claimDeploymentID: "dep-1", claimVersion: "1.3.0", claimMessageType: "LtiResourceLinkRequest",
		claimTargetLinkURI: testPublic + "/lti/launch", claimRoles: []string{"http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"},
		claimResourceLink: map[string]any{"id": "link-1"},
	}
}

// sign puts the token into the response, unless there is one.
func (a *attempt) sign(t testing.TB) {
	t.Helper()
	if a.response.IDToken != "" || a.unsent {
		return
	}
	var header, claims any = a.header, a.claims
	if a.rawHeader != "" {
		header = json.RawMessage(a.rawHeader)
	}
	if a.payload != nil {
		claims = a.payload
	}
	a.response.IDToken = IDToken(signToken(t, header, claims, a.key))
}

func (a *attempt) launch(t testing.TB) (Launch, error) {
	t.Helper()
	a.sign(t)
	return a.tool.Launch(t.Context(), a.response)
}

// mustLaunch is for launches that have to be accepted.
func (a *attempt) mustLaunch(t testing.TB) Launch {
	t.Helper()
	launch, err := a.launch(t)
	if err != nil {
		t.Fatalf("Launch: %v", err)
	}
	return launch
}

// codeOf is the code of a refusal, or empty.
func codeOf(err error) string {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("got code %q (%v), want %q", got, err, code)
	}
}

// moodleToken reads the claims that a real Moodle sent.
func moodleToken(t testing.TB, name string) map[string]any {
	t.Helper()
	var file struct {
		Claims map[string]any `json:"claims"`
	}
	readJSON(t, "moodle/"+name, &file)
	return maps.Clone(file.Claims)
}
