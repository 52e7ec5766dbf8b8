package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// An institution is a small OpenID Connect provider that lets everybody in. It
// checks what the client sends by itself.
type institution struct {
	t     *testing.T
	key   *rsa.PrivateKey
	url   string
	clock *clock

	mu       sync.Mutex
	claims   map[string]any // of the next sign-in
	userinfo map[string]any // said there alone
	spoil    func(header, claims map[string]any)
	down     bool
	answers  url.Values // of the next return, in place of a code
	asked    url.Values // by the last sign-in
	found    int        // how often it was asked for its addresses
}

const (
	oidcClient = "bbbridge client"
	oidcSecret = "a secret/with+signs"
)

func newInstitution(t *testing.T) *institution {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	in := &institution{t: t, key: key, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /realm/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		in.found++
		in.json(w, map[string]any{
			"issuer": in.url, "authorization_endpoint": in.url + "/auth", "token_endpoint": in.url + "/token", "jwks_uri": in.url + "/keys",
			"userinfo_endpoint": in.url + "/me", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /realm/keys", func(w http.ResponseWriter, _ *http.Request) {
		in.json(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("GET /realm/auth", in.auth)
	mux.HandleFunc("POST /realm/token", in.token)
	mux.HandleFunc("GET /realm/me", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		in.json(w, in.userinfo)
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.down {
			in.found++
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	in.url = srv.URL + "/realm"
	return in
}

func (in *institution) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		in.t.Error(err)
	}
}

func (in *institution) auth(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	in.asked = q
	for name, want := range map[string]string{"response_type": "code", "client_id": oidcClient, "code_challenge_method": "S256", "scope": "openid email profile"} {
		if q.Get(name) != want {
			in.t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	back := url.Values{"code": {"the code"}}
	if in.answers != nil {
		back = maps.Clone(in.answers)
	}
	if !back.Has("state") {
		back.Set("state", q.Get("state"))
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (in *institution) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != url.QueryEscape(oidcClient) || password != url.QueryEscape(oidcSecret) {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != in.asked.Get("code_challenge") || r.PostFormValue("code") != "the code" || r.PostFormValue("redirect_uri") != in.asked.Get("redirect_uri") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	now := in.clock.now()
	claims := map[string]any{"iss": in.url, "aud": oidcClient, "sub": "u1", "nonce": in.asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	maps.Copy(claims, in.claims)
	header := map[string]any{"alg": "RS256", "kid": "k"}
	if in.spoil != nil {
		in.spoil(header, claims)
	}
	in.json(w, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": in.sign(header, claims)})
}

func (in *institution) sign(header, claims map[string]any) string {
	var parts []string
	for _, part := range []any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			in.t.Error(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	signed := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, in.key, crypto.SHA256, sum[:])
	if err != nil {
		in.t.Error(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// withInstitution is a world whose staff may sign in there.
func withInstitution(t *testing.T, claim string, roles ...string) (*world, *institution) {
	in := newInstitution(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(oidcSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, worldOptions{config: func(c *configs.Config) {
		c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecretFile, c.OIDCName = in.url, oidcClient, file, "Example University"
		c.OIDCClaim, c.OIDCRoles = claim, roles
		c.AllowHosts = append(c.AllowHosts, hostOf(in.url))
	}})
	in.clock = w.clock
	return w, in
}

// byInstitution comes to a page by way of the institution.
func (w *world) byInstitution(path string) *ltitest.Page {
	w.t.Helper()
	return w.click(w.answers(w.get(ltitest.NewBrowser(), path), http.StatusOK, "E-mail address"), "Sign in with Example University")
}

// set changes what the institution does from now on.
func (in *institution) set(do func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	do()
}

// Members of the institution come in as what its claim makes them.
func TestSignInByInstitution(t *testing.T) {
	w, in := withInstitution(t, "realm_access.roles", "boss=operator", "law=tenant-admin:default", "desk=helper:default", "far=helper:nowhere", "a=b=operator")
	for _, test := range []struct {
		name  string
		roles any
		want  string // empty: nobody
	}{
		{"operator", []string{"x", "boss"}, "Operator"},
		{"a tenant's admin", []string{"law"}, "Tenant admin"},
		{"helper", []string{"desk"}, "Helper"},
		{"the widest counts", []string{"desk", "law", "boss"}, "Operator"},
		{"one text", "desk", "Helper"},
		{"a value with a sign", "a=b", "Operator"},
		{"a tenant that there isn't", []string{"far"}, ""},
		{"none that is known", []string{"x", "BOSS", "boss "}, ""},
		{"empty", []string{}, ""},
		{"empty text", "", ""},
		{"null", nil, ""},
		{"an object", map[string]any{"boss": true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			in.set(func() {
				in.claims = map[string]any{"email": "anna@uni.example", "realm_access": map[string]any{"roles": test.roles}}
				in.userinfo = map[string]any{"sub": "u1"}
			})
			page := w.byInstitution("/admin/account")
			if test.want == "" {
				w.answers(page, http.StatusForbidden, "Nobody has said what you may do here", "anna@uni.example", "realm_access.roles", "What came: aud, email, exp")
				w.out(page)
				return
			}
			w.answers(page, http.StatusOK, "You are signed in")
			if got := page.Header.Get("Refresh"); got != "0; url=/admin/account" {
				t.Errorf("it goes on by %q", got)
			}
			w.answers(w.click(page, "Go on"), http.StatusOK, "Your account", "anna@uni.example", test.want, "without an account of your own")
		})
	}
}

// A member's place is asked for with each click, and a dangerous act asks them
// to sign in anew.
func TestMemberIsNoAccount(t *testing.T) {
	w, in := withInstitution(t, "", "boss=operator")
	in.claims = map[string]any{"preferred_username": "anna", "groups": []string{"boss"}}
	first, second := w.click(w.byInstitution("/admin/"), "Go on"), w.click(w.byInstitution("/admin/"), "Go on")
	account := w.answers(w.at(first, "/admin/account"), http.StatusOK, "Where you are signed in", "anna")
	w.answers(w.submit(account, "/admin/account/end"), http.StatusOK, "Ended.")
	w.out(second)
	if strings.Contains(account.Text, "Codes at sign-in") {
		t.Error("who has no password may have codes besides it")
	}
	boss := w.setUp()
	me, err := w.db.StaffByEmail(t.Context(), "boss@school.example")
	if err != nil {
		t.Fatal(err)
	}
	w.setUpAgain()
	w.clock.advance(11 * time.Minute)
	page := w.answers(w.at(first, "/admin/people/"+me.ID+"/remove"), http.StatusOK, "Sign in once more for this")
	w.answers(w.submit(page, "/remove"), http.StatusForbidden, "Sign in once more for this")
	w.signedIn(boss, "boss@school.example")
	w.svc.accounts.Grants = nil // as after a start with other settings
	w.out(first)
}

// What isn't this sign-in's, or isn't the provider's, lets nobody in.
func TestInstitutionIsNotBelieved(t *testing.T) {
	w, in := withInstitution(t, "groups", "boss=operator")
	claim := func(name string, value any) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { claims[name] = value }
	}
	for _, test := range []struct {
		name    string
		spoil   func(header, claims map[string]any)
		answers url.Values
		says    string
	}{
		{"another nonce", claim("nonce", "another"), nil, "can't be trusted"},
		{"no nonce", func(_, claims map[string]any) { delete(claims, "nonce") }, nil, "can't be trusted"},
		{"another client's", claim("aud", "another"), nil, "can't be trusted"},
		{"another issuer's", claim("iss", "https://login.example.org"), nil, "can't be trusted"},
		{"too old", claim("exp", 1), nil, "can't be trusted"},
		{"no subject", claim("sub", ""), nil, "can't be trusted"},
		{"not signed", func(header, _ map[string]any) { header["alg"] = "none" }, nil, "can't be trusted"},
		{"signed with what everybody knows", func(header, _ map[string]any) { header["alg"] = "HS256" }, nil, "can't be trusted"},
		{"another browser's", nil, url.Values{"code": {"the code"}, "state": {"another"}}, "can't be trusted"},
		{"no state", nil, url.Values{"code": {"the code"}, "state": {""}}, "can't be trusted"},
		{"another code", nil, url.Values{"code": {"another"}}, "can't be trusted"},
		{"no code", nil, url.Values{}, "can't be trusted"},
		{"the answer of another provider", nil, url.Values{"code": {"the code"}, "iss": {"https://login.example.org"}}, "can't be trusted"},
		{"given up", nil, url.Values{"error": {"access_denied"}}, "let nobody in"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			in.set(func() {
				in.claims, in.spoil, in.answers = map[string]any{"groups": []string{"boss"}}, test.spoil, test.answers
			})
			page := w.byInstitution("/admin/")
			w.answers(page, http.StatusForbidden, test.says, "E-mail address")
			w.out(page)
		})
	}
	in.set(func() { in.spoil, in.answers = nil, nil })
	page := w.answers(w.byInstitution("/admin/"), http.StatusOK, "You are signed in")
	again := w.get(page.Browser, page.URL.String()) // the same address once more
	w.answers(again, http.StatusForbidden, "can't be trusted")
}

// What the ID token doesn't say is asked of userinfo, of the same person alone.
func TestUserinfo(t *testing.T) {
	w, in := withInstitution(t, "groups", "boss=operator")
	for _, test := range []struct {
		name   string
		claims map[string]any
		info   map[string]any
		status int
	}{
		{"said there", nil, map[string]any{"sub": "u1", "groups": []string{"boss"}}, http.StatusOK},
		{"said of another", nil, map[string]any{"sub": "u2", "groups": []string{"boss"}}, http.StatusForbidden},
		{"said of nobody", nil, map[string]any{"groups": []string{"boss"}}, http.StatusForbidden},
		{"what is signed counts", map[string]any{"groups": []string{"x"}}, map[string]any{"sub": "u1", "groups": []string{"boss"}}, http.StatusForbidden},
		{"more than can be read", nil, map[string]any{"sub": "u1", "groups": slices.Repeat([]string{"boss"}, 1<<18)}, http.StatusBadGateway},
	} {
		t.Run(test.name, func(t *testing.T) {
			in.set(func() { in.claims, in.userinfo = test.claims, test.info })
			if page := w.in(t).byInstitution("/admin/"); page.Status != test.status {
				t.Errorf("answered %d: %s", page.Status, page.Text)
			}
		})
	}
}

// A provider that is down holds up nobody, isn't asked by each click, and is
// asked again.
func TestInstitutionIsDown(t *testing.T) {
	w, in := withInstitution(t, "groups", "boss=operator")
	in.down = true
	in.claims = map[string]any{"groups": []string{"boss"}}
	for range 3 {
		page := w.answers(w.byInstitution("/admin/people"), http.StatusBadGateway, "The sign-in of your institution doesn't answer.", "E-mail address")
		if page.URL.Path != "/admin/oidc" {
			t.Errorf("at %s", page.URL)
		}
	}
	in.set(func() {
		if in.found != 1 {
			t.Errorf("it was asked %d times", in.found)
		}
		in.down = false
	})
	w.signedIn(w.setUp(), boss)
	w.clock.advance(5 * time.Second)
	w.answers(w.byInstitution("/admin/"), http.StatusOK, "You are signed in")
	w.answers(w.byInstitution("/admin/"), http.StatusOK, "You are signed in")
	in.set(func() {
		if in.found != 2 {
			t.Errorf("it was asked %d times", in.found)
		}
	})
}

// Without the setting there is nothing of it.
func TestNoInstitution(t *testing.T) {
	w := newWorld(t, worldOptions{})
	if page := w.get(ltitest.NewBrowser(), "/admin/sign-in"); strings.Contains(page.Text, "Sign in with") {
		t.Error("the sign-in names an institution")
	}
	for _, path := range []string{"/admin/oidc", "/admin/oidc/back?code=x&state=y"} {
		w.answers(w.get(ltitest.NewBrowser(), path), http.StatusNotFound)
	}
}
