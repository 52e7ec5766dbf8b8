package ltitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// invitedBy follows an invitation as a tool does: it returns the token and the
// configuration.
func invitedBy(t *testing.T, l *LMS, o RegisterOptions) (token string, configuration map[string]any) {
	t.Helper()
	address, err := l.Invite("https://tool.example/register?code=1", o)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("code") != "1" {
		t.Fatal(address, err)
	}
	token = u.Query().Get("registration_token")
	status, body := registering(t, l, http.MethodGet, u.Query().Get("openid_configuration"), token, "")
	if err := json.Unmarshal([]byte(body), &configuration); err != nil || status != http.StatusOK {
		t.Fatalf("configuration: %d %s %v", status, body, err)
	}
	return token, configuration
}

func registering(t *testing.T, l *LMS, method, address, token, body string) (int, string) {
	t.Helper()
	y := &toyTool{t: t, l: l, web: l.Client()}
	header := map[string]string{"Content-Type": "application/json"}
	if token != "" {
		header["Authorization"] = "Bearer " + token
	}
	r, answer := y.do(method, address, header, body)
	return r.StatusCode, answer
}

// goodRegistration is the least that every LMS takes.
func goodRegistration() map[string]any {
	return map[string]any{
		"application_type": "web", "response_types": []string{"id_token"}, "grant_types": []string{"client_credentials", "implicit"},
		"initiate_login_uri": "https://tool.example/login", "redirect_uris": []string{"https://tool.example/launch"}, "client_name": "Toy",
		"jwks_uri": "https://tool.example/jwks", "token_endpoint_auth_method": "private_key_jwt", "scope": scopeScore,
		toolConfiguration: map[string]any{
			"domain": "tool.example", "target_link_uri": "https://tool.example/launch", "claims": []string{"sub"},
			"messages": []any{map[string]any{"type": "LtiDeepLinkingRequest", "target_link_uri": "https://tool.example/choose"}},
		},
	}
}

// TestRegistrationRefusals spoils a good registration in one place, as Moodle
// 4.5.6 was seen to refuse it.
func TestRegistrationRefusals(t *testing.T) {
	configuration := func(f func(map[string]any)) func(map[string]any) {
		return func(r map[string]any) { f(r[toolConfiguration].(map[string]any)) }
	}
	for _, test := range []struct {
		name  string
		spoil func(map[string]any)
		want  string
	}{
		{"no response types", func(r map[string]any) { delete(r, "response_types") }, "missing required attribute response_types"},
		{"no login", func(r map[string]any) { delete(r, "initiate_login_uri") }, "missing required attribute initiate_login_uri"},
		{"no redirects", func(r map[string]any) { delete(r, "redirect_uris") }, "missing required attribute redirect_uris"},
		{"an empty list of redirects", func(r map[string]any) { r["redirect_uris"] = []string{} }, "missing required attribute redirect_uris"},
		{"no name", func(r map[string]any) { delete(r, "client_name") }, "missing required attribute client_name"},
		{"no keys", func(r map[string]any) { delete(r, "jwks_uri") }, "missing required attribute jwks_uri"},
		{"no method", func(r map[string]any) { delete(r, "token_endpoint_auth_method") }, "missing required attribute token_endpoint_auth_method"},
		{"a secret", func(r map[string]any) { r["token_endpoint_auth_method"] = "client_secret_post" }, "invalid_token_endpoint_auth_method"},
		{"no configuration", func(r map[string]any) { delete(r, toolConfiguration) }, "missing required attribute " + toolConfiguration},
		{"native", func(r map[string]any) { r["application_type"] = "native" }, "invalid_application_type"},
		{"another response", func(r map[string]any) { r["response_types"] = []string{"code"} }, "invalid_response_types"},
		{"a grant less", func(r map[string]any) { r["grant_types"] = []string{"implicit"} }, "invalid_grant_types"},
		{"scopes as a list", func(r map[string]any) { r["scope"] = []string{scopeScore} }, "scope is no text"},
		{"no domain", configuration(func(c map[string]any) { delete(c, "domain") }), "missing_domain"},
		{"another domain", configuration(func(c map[string]any) { c["domain"] = "other.example" }), "domain_targetlinkuri_mismatch"},
		{"the domain with a port", configuration(func(c map[string]any) { c["domain"] = "tool.example:8443" }), "domain_targetlinkuri_mismatch"},
		{"a message that isn't one", configuration(func(c map[string]any) {
			c["messages"] = []any{map[string]any{"type": "LtiStartProctoring", "target_link_uri": "https://tool.example/x"}}
		}), "unknown message LtiStartProctoring"},
		{"a place that isn't one", configuration(func(c map[string]any) {
			c["messages"] = []any{map[string]any{"type": "LtiDeepLinkingRequest", "target_link_uri": "https://tool.example/x", "placements": []string{"editor_button"}}}
		}), "unknown placement editor_button"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := Start(t, Options{})
			token, configuration := invitedBy(t, l, RegisterOptions{})
			request := goodRegistration()
			test.spoil(request)
			body, err := json.Marshal(request)
			if err != nil {
				t.Fatal(err)
			}
			endpoint := configuration["registration_endpoint"].(string)
			if status, words := registering(t, l, http.MethodPost, endpoint, token, string(body)); status != http.StatusBadRequest || words != test.want {
				t.Errorf("%d %s, want %s", status, words, test.want)
			}
			if len(l.Tools()) != 0 {
				t.Error("it is registered")
			}
			good, _ := json.Marshal(goodRegistration())
			if status, words := registering(t, l, http.MethodPost, endpoint, token, string(good)); status != http.StatusOK {
				t.Errorf("a refusal uses the token up: %d %s", status, words)
			}
		})
	}
}

// TestRegistrationNeedsAToken asks without one, with a used one and with one
// that is too old, in all manners.
func TestRegistrationNeedsAToken(t *testing.T) {
	for profile, want := range map[string]int{"moodle": 401, "sakai": 403, "d2l": 401, "blackboard": 401, "plain": 401} {
		tooOld := want
		if profile == "moodle" { // an exception there
			tooOld = 404
		}
		t.Run(profile, func(t *testing.T) {
			now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
			l := Start(t, Options{Profile: profile, Now: func() time.Time { return now }})
			l.Change(func(b *Behaviour) { b.Registering.ReachesKeys = false })
			token, configuration := invitedBy(t, l, RegisterOptions{})
			endpoint := configuration["registration_endpoint"].(string)
			body, _ := json.Marshal(goodRegistration())
			post := func(address, token string) int {
				status, _ := registering(t, l, http.MethodPost, address, token, string(body))
				return status
			}
			if got := post(strings.Split(endpoint, "?")[0], ""); got != want {
				t.Errorf("without: %d", got)
			}
			now = now.Add(invitationLife + time.Second)
			if got := post(endpoint, token); got != tooOld {
				t.Errorf("too old: %d", got)
			}
			now = now.Add(-2 * time.Second)
			if got := post(endpoint, token); got/100 != 2 {
				t.Errorf("good: %d", got)
			}
			if got := post(endpoint, token); got != want {
				t.Errorf("again: %d", got)
			}
			if len(l.Tools()) != 1 {
				t.Errorf("%d tools", len(l.Tools()))
			}
		})
	}
}

// TestPendingTool: nobody launches a tool that waits for the admin, or chooses
// content where the tool has no deep linking.
func TestPendingTool(t *testing.T) {
	y := newToy(t, Options{}, func(tool *Tool) { tool.Pending = true })
	link := y.link()
	if _, err := y.l.Launch(NewBrowser(), link.ID, "anna", LaunchOptions{}); err == nil {
		t.Error("a tool that waits is launched")
	}
	y.l.ActivateTool(y.tool.ID)
	y.mustLaunch(link.ID, "anna", LaunchOptions{})
	y.l.ChangeTool(y.tool.ID, func(tool *Tool) { tool.NoDeepLinking = true })
	if _, err := y.l.DeepLink(NewBrowser(), "law", y.tool.ID, "anna", LaunchOptions{}); err == nil {
		t.Error("a tool without deep linking is asked for content")
	}
}

// TestRegistrationPages: the admin pastes a link, and switches on what came.
func TestRegistrationPages(t *testing.T) {
	for profile, framed := range map[string]bool{"moodle": true, "d2l": false} {
		l := Start(t, Options{Profile: profile})
		b := NewBrowser()
		page, err := b.Get(l.URL() + "/admin")
		if err != nil {
			t.Fatal(err)
		}
		form, err := page.Form("/admin/register")
		if err != nil {
			t.Fatal(err)
		}
		b.Client.Transport = stopAt{"tool.example"}
		page, err = page.Submit(form.Set("link", "https://tool.example/register?code=1"))
		if framed != (err == nil && len(page.Frames) == 1 && strings.HasPrefix(page.Frames[0], "https://tool.example/register?code=1&openid_configuration=")) {
			t.Errorf("%s: %+v, %v", profile, page, err)
		}
	}
	l := Start(t, Options{})
	tool := l.AddTool(Tool{LaunchURL: "https://tool.example/launch", Pending: true})
	page, err := NewBrowser().Get(l.URL() + "/admin")
	if err != nil {
		t.Fatal(err)
	}
	form, err := page.Form("/activate")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.Submit(form); err != nil {
		t.Fatal(err)
	}
	if tool, _ = l.FindTool(tool.ID); tool.Pending {
		t.Error("it still waits")
	}
	for _, link := range []string{"", "javascript:alert(1)", "/register"} {
		page, err := NewBrowser().Get(l.URL() + "/admin/register?link=" + url.QueryEscape(link))
		if err != nil || page.Status != http.StatusBadRequest {
			t.Errorf("%q: %v %v", link, page, err)
		}
	}
}

// stopAt is a network without one host.
type stopAt struct{ host string }

func (s stopAt) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == s.host {
		return nil, http.ErrServerClosed
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestNoRegistration(t *testing.T) {
	l := Start(t, Options{Profile: "chamilo"})
	if _, err := l.Invite("https://tool.example/register", RegisterOptions{}); err == nil {
		t.Error("Chamilo invites")
	}
	if status, _ := registering(t, l, http.MethodGet, l.URL()+"/lti/openid-configuration", "", ""); status != http.StatusNotFound {
		t.Errorf("its configuration: %d", status)
	}
}
