package ltitest

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	y := newToy(t, Options{})
	status, body := y.ask(y.tokenForm(y.sign(y.assertion(), nil), scopeScore, "https://unknown.example/scope"))
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if status != 200 || answer["scope"] != scopeScore || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 {
		t.Errorf("status %d: %v", status, answer)
	}
	if n := y.l.TokenRequests(); n != 1 {
		t.Errorf("%d requests counted", n)
	}
}

func TestTokenRefusesAssertion(t *testing.T) {
	now := time.Now()
	set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	for _, test := range []struct {
		name   string
		change func(map[string]any)
		reason string
	}{
		{"another sub", set("sub", "x"), "iss and sub"},
		{"another iss", set("iss", "x"), "iss and sub"},
		{"neither is known", func(c map[string]any) { c["iss"], c["sub"] = "x", "x" }, "no such client"},
		{"aud is the issuer", func(c map[string]any) { c["aud"] = strings.TrimSuffix(c["aud"].(string), "/lti/token") }, "aud"},
		{"aud is a list", func(c map[string]any) { c["aud"] = []any{c["aud"]} }, "aud"},
		{"no exp", func(c map[string]any) { delete(c, "exp") }, "exp"},
		{"expired", func(c map[string]any) { c["exp"] = c["iat"] }, "exp"},
		{"no iat", func(c map[string]any) { delete(c, "iat") }, "iat"},
		{"iat 2 s ahead", func(c map[string]any) { c["iat"] = c["iat"].(int64) + 7 }, "future"},
		{"iat old", func(c map[string]any) { c["iat"] = c["iat"].(int64) - 600 }, "old"},
		{"lives a day", func(c map[string]any) { c["exp"] = c["iat"].(int64) + 86400 }, "lives"},
		{"no jti", func(c map[string]any) { delete(c, "jti") }, "jti"},
		{"no deployment", func(c map[string]any) { delete(c, ltiClaim+"deployment_id") }, "deployment_id"},
		{"another deployment", set(ltiClaim+"deployment_id", "99"), "deployment_id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newToy(t, Options{Profile: "plain", Now: func() time.Time { return now }}) // no second turns meanwhile
			claims := y.assertion()
			test.change(claims)
			status, body := y.ask(y.tokenForm(y.sign(claims, nil), scopeScore))
			if status != 400 || !strings.Contains(body, "invalid_client") || !strings.Contains(body, test.reason) {
				t.Errorf("status %d: %s, want %q", status, body, test.reason)
			}
		})
	}
}

func TestTokenRefusesSignature(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	for reason, assertion := range map[string]string{
		"kid is missing": y.sign(y.assertion(), map[string]any{"kid": nil}),
		"alg":            y.sign(y.assertion(), map[string]any{"alg": "none"}),
		"typ":            y.sign(y.assertion(), map[string]any{"typ": "at+jwt"}),
		"not in the":     y.sign(y.assertion(), map[string]any{"kid": "other"}),
		"verification":   spoilSignature(y.sign(y.assertion(), nil)),
		"three parts":    "x.y",
	} {
		if status, body := y.ask(y.tokenForm(assertion, scopeScore)); status != 400 || !strings.Contains(body, reason) {
			t.Errorf("status %d: %s, want %q", status, body, reason)
		}
	}
}

func TestTokenRefusesForm(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(url.Values)
		code   string
	}{
		{"another grant", func(v url.Values) { v.Set("grant_type", "password") }, "unsupported_grant_type"},
		{"another assertion type", func(v url.Values) { v.Set("client_assertion_type", "jwt") }, "invalid_request"},
		{"no scope", func(v url.Values) { v.Del("scope") }, "invalid_request"},
		{"scope twice", func(v url.Values) { v.Add("scope", scopeScore) }, "invalid_request"},
		{"client_id too", func(v url.Values) { v.Set("client_id", "x") }, "invalid_request"},
		{"unknown scope", func(v url.Values) { v.Set("scope", "x") }, "invalid_scope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newToy(t, Options{Profile: "plain"})
			form := y.tokenForm(y.sign(y.assertion(), nil), scopeScore)
			test.change(form)
			if status, body := y.ask(form); status != 400 || !strings.Contains(body, test.code) {
				t.Errorf("status %d: %s, want %s", status, body, test.code)
			}
		})
	}
}

func TestTokenNeedsAForm(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	form := y.tokenForm(y.sign(y.assertion(), nil), scopeScore)
	address := y.l.Registration(y.tool).TokenURL
	if r, _ := y.do("POST", address, map[string]string{"Content-Type": "application/json"}, form.Encode()); r.StatusCode != 400 {
		t.Errorf("JSON: status %d", r.StatusCode)
	}
	if r, _ := y.do("GET", address+"?"+form.Encode(), nil, ""); r.StatusCode != 400 {
		t.Errorf("GET: status %d", r.StatusCode)
	}
}

func TestAssertionWorksOnce(t *testing.T) {
	y := newToy(t, Options{})
	form := y.tokenForm(y.sign(y.assertion(), nil), scopeScore)
	if status, body := y.ask(form); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if status, _ := y.ask(form); status != 400 {
		t.Errorf("second use: status %d, want 400", status)
	}
}

func TestScopesAllOrNone(t *testing.T) {
	y := newToy(t, Options{Profile: "sakai"}, func(tool *Tool) { tool.Roster = false })
	if status, body := y.ask(y.tokenForm(y.sign(y.assertion(), nil), scopeScore, scopeRoster)); status != 400 {
		t.Errorf("status %d: %s, want 400", status, body)
	}
	y.token(scopeScore, scopeLineItem)
}

func TestToolKeysRotate(t *testing.T) {
	y := newToy(t, Options{})
	y.token(scopeScore)
	y.token(scopeScore)
	if y.fetches != 1 {
		t.Errorf("%d fetches of the key set for two tokens", y.fetches)
	}
	y.key = signingKey{"toy-2", toyKeys()[1]}
	y.keySet = []map[string]any{y.key.jwk()}
	y.token(scopeScore)
	if y.fetches != 2 {
		t.Errorf("%d fetches after the tool's key changed, want 2", y.fetches)
	}
}

func TestTwoDeployments(t *testing.T) {
	y := newToy(t, Options{})
	second := y.tool
	second.DeploymentID = "second"
	second = y.l.AddTool(second)
	claims := y.assertion()
	claims[ltiClaim+"deployment_id"] = "second"
	if status, body := y.ask(y.tokenForm(y.sign(claims, nil), scopeScore)); status != 200 {
		t.Errorf("status %d: %s", status, body)
	}
	link := y.l.AddLink(Link{Course: "law", Tool: second.ID, Title: "Second"})
	if got := y.mustLaunch(link.ID, "ben", LaunchOptions{})[ltiClaim+"deployment_id"]; got != "second" {
		t.Errorf("deployment_id = %v", got)
	}
}

func TestAccessTokenEnds(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	y := newToy(t, Options{Now: func() time.Time { return now }})
	y.l.Change(func(b *Behaviour) { b.AccessTokenLife = time.Minute })
	item := y.link().LineItem
	access := y.token(scopeLineItem)
	if status := y.get(access, y.l.LineItemURL(*item), typeLineItem); status != 200 {
		t.Fatalf("status %d", status)
	}
	now = now.Add(2 * time.Minute)
	if status := y.get(access, y.l.LineItemURL(*item), typeLineItem); status != 401 {
		t.Errorf("expired: status %d, want 401", status)
	}
	access = y.token(scopeLineItem)
	y.l.RevokeTokens()
	if status := y.get(access, y.l.LineItemURL(*item), typeLineItem); status != 401 {
		t.Errorf("revoked: status %d, want 401", status)
	}
}

// get calls a service and returns the status.
func (y *toyTool) get(access, address, accept string) int {
	y.t.Helper()
	r, _ := y.do("GET", address, map[string]string{"Authorization": "Bearer " + access, "Accept": accept}, "")
	return r.StatusCode
}
