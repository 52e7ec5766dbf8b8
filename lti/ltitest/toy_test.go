package ltitest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// toyTool is as little of an LTI tool as can be right: it launches, answers
// deep linking and calls services.
type toyTool struct {
	t    *testing.T
	l    *LMS
	tool Tool
	srv  *httptest.Server
	key  signingKey
	web  *http.Client

	mu       sync.Mutex
	launches []map[string]any // claims of accepted launches
	errors   []url.Values     // forms with an error
	keySet   []map[string]any
	fetches  int
}

var toyKeys = sync.OnceValue(func() [2]*rsa.PrivateKey { return [2]*rsa.PrivateKey{mustKey(), mustKey()} })

func mustKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// newToy registers a toy tool with a new seeded LMS.
func newToy(t *testing.T, o Options, change ...func(*Tool)) *toyTool {
	t.Helper()
	o.Seed = true
	toy := &toyTool{t: t, l: Start(t, o), key: signingKey{"toy-1", toyKeys()[0]}, web: &http.Client{}}
	toy.keySet = []map[string]any{toy.key.jwk()}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", toy.login)
	mux.HandleFunc("/launch", toy.launch)
	mux.HandleFunc("/done", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "in the room") })
	mux.HandleFunc("/jwks", toy.jwks)
	toy.srv = httptest.NewServer(mux)
	t.Cleanup(toy.srv.Close)
	t.Cleanup(toy.web.CloseIdleConnections)
	tool := Tool{
		LoginURL: toy.srv.URL + "/login", LaunchURL: toy.srv.URL + "/launch", JWKSURL: toy.srv.URL + "/jwks",
		Roster: true, ShareName: true, ShareEmail: true,
	}
	for _, f := range change {
		f(&tool)
	}
	toy.tool = toy.l.AddTool(tool)
	return toy
}

// link adds an activity with a column of ten points.
func (y *toyTool) link() Link {
	return y.l.AddLink(Link{Course: "law", Tool: y.tool.ID, Title: "Lecture", LineItem: &LineItem{ScoreMaximum: 10}})
}

func (y *toyTool) jwks(w http.ResponseWriter, _ *http.Request) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.fetches++
	writeJSON(w, 200, "application/json", map[string]any{"keys": y.keySet})
}

func (y *toyTool) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Form.Get("iss") != y.l.URL() {
		http.Error(w, "unknown issuer", http.StatusNotFound)
		return
	}
	state, nonce := random(16), random(16)
	http.SetCookie(w, &http.Cookie{
		Name: "__Host-" + state, Value: nonce, Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
	query := url.Values{
		"scope": {"openid"}, "response_type": {"id_token"}, "response_mode": {"form_post"}, "prompt": {"none"},
		"client_id": {y.tool.ClientID}, "redirect_uri": {y.tool.LaunchURL}, "login_hint": {r.Form.Get("login_hint")},
		"state": {state}, "nonce": {nonce},
	}
	if hint := r.Form.Get("lti_message_hint"); hint != "" {
		query.Set("lti_message_hint", hint)
	}
	http.Redirect(w, r, y.l.Registration(y.tool).AuthURL+"?"+query.Encode(), http.StatusFound)
}

func (y *toyTool) launch(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		http.Error(w, "not a form", http.StatusMethodNotAllowed)
		return
	}
	if r.PostForm.Has("error") {
		y.mu.Lock()
		y.errors = append(y.errors, r.PostForm)
		y.mu.Unlock()
		http.Error(w, r.PostForm.Get("error"), http.StatusBadRequest)
		return
	}
	cookie, err := r.Cookie("__Host-" + r.PostForm.Get("state"))
	if err != nil {
		http.Error(w, "no cookie for this state", http.StatusForbidden)
		return
	}
	claims, err := y.verify(r.PostForm.Get("id_token"))
	if err != nil || claims["nonce"] != cookie.Value {
		http.Error(w, fmt.Sprint("token: ", err), http.StatusUnauthorized)
		return
	}
	y.mu.Lock()
	y.launches = append(y.launches, claims)
	y.mu.Unlock()
	http.Redirect(w, r, "/done", http.StatusSeeOther)
}

// verify checks an ID token as a tool must, by the published key set.
func (y *toyTool) verify(idToken string) (map[string]any, error) {
	parsed, err := parseToken(idToken)
	if err != nil {
		return nil, err
	}
	kid, err := parsed.kid()
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []map[string]any }
	_, body := y.do(http.MethodGet, y.l.Registration(y.tool).JWKSURL, nil, "")
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		return nil, err
	}
	for _, jwk := range set.Keys {
		if jwk["kid"] == kid && jwk["kty"] == "RSA" {
			public, err := parseRSA(jwk)
			if err != nil {
				return nil, err
			}
			return parsed.claims, parsed.verify(public)
		}
	}
	return nil, fmt.Errorf("unknown kid %s", kid)
}

// last returns the claims of the last accepted launch.
func (y *toyTool) last() map[string]any {
	y.t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.launches) == 0 {
		y.t.Fatal("no launch was accepted")
	}
	return y.launches[len(y.launches)-1]
}

// mustLaunch launches a link and expects to end in the room.
func (y *toyTool) mustLaunch(link, person string, o LaunchOptions) map[string]any {
	y.t.Helper()
	p, err := y.l.Launch(NewBrowser(), link, person, o)
	if err != nil {
		y.t.Fatal(err)
	}
	if p.Status != 200 || p.Body != "in the room" {
		y.t.Fatalf("launch ends with status %d at %s: %s", p.Status, p.URL, p.Body)
	}
	return y.last()
}

// sign makes a JWT with the tool's key.
func (y *toyTool) sign(claims, header map[string]any) string {
	y.t.Helper()
	full := map[string]any{"alg": "RS256", "typ": "JWT", "kid": y.key.kid}
	maps.Copy(full, header)
	for name, value := range full {
		if value == nil {
			delete(full, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		y.t.Fatal(err)
	}
	return signRS256(encode(full, payload), y.key.private)
}

// assertion returns the claims of a right client assertion.
func (y *toyTool) assertion() map[string]any {
	now := y.l.Clock()
	return map[string]any{
		"iss": y.tool.ClientID, "sub": y.tool.ClientID, "aud": y.l.Registration(y.tool).TokenURL,
		"iat": now.Unix() - 5, "exp": now.Unix() + 300, "jti": random(12),
		ltiClaim + "deployment_id": y.tool.DeploymentID,
	}
}

func (y *toyTool) tokenForm(assertion string, scopes ...string) url.Values {
	return url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
		"scope":                 {strings.Join(scopes, " ")},
	}
}

// token asks for an access token and expects to get it.
func (y *toyTool) token(scopes ...string) string {
	y.t.Helper()
	status, body := y.ask(y.tokenForm(y.sign(y.assertion(), nil), scopes...))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || answer.AccessToken == "" {
		y.t.Fatalf("token: status %d, %s", status, body)
	}
	return answer.AccessToken
}

// ask posts a form to the token endpoint.
func (y *toyTool) ask(form url.Values) (status int, body string) {
	y.t.Helper()
	r, body := y.do(http.MethodPost, y.l.Registration(y.tool).TokenURL, map[string]string{
		"Content-Type": "application/x-www-form-urlencoded",
	}, form.Encode())
	return r.StatusCode, body
}

// do sends a request and returns the answer with its body.
func (y *toyTool) do(method, address string, header map[string]string, body string) (*http.Response, string) {
	y.t.Helper()
	response, content, err := y.try(method, address, header, body)
	if err != nil {
		y.t.Fatal(err)
	}
	return response, content
}

func (y *toyTool) try(method, address string, header map[string]string, body string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := y.web.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response, string(content), err
}
