package ltitest

import (
	"maps"
	"net/url"
	"strings"
	"testing"
)

// request begins deep linking as Anna and returns the claims that the tool got.
func (y *toyTool) request(o LaunchOptions) map[string]any {
	y.t.Helper()
	p, err := y.l.DeepLink(NewBrowser(), "law", y.tool.ID, "anna", o)
	if err != nil || p.Status != 200 {
		y.t.Fatalf("deep linking: %v, %+v", err, p)
	}
	return y.last()
}

func settingsOf(claims map[string]any) map[string]any {
	return claims[dlClaim+"deep_linking_settings"].(map[string]any)
}

// response returns the claims of a right answer with one graded classroom.
func (y *toyTool) response(request map[string]any) map[string]any {
	now := y.l.Clock()
	claims := map[string]any{
		"iss": y.tool.ClientID, "aud": y.l.URL(), "iat": now.Unix(), "exp": now.Unix() + 300, "nonce": random(12),
		ltiClaim + "deployment_id": y.tool.DeploymentID,
		ltiClaim + "message_type":  "LtiDeepLinkingResponse",
		ltiClaim + "version":       "1.3.0",
		dlClaim + "content_items":  []any{classroom("Weekly lecture")},
	}
	if data, ok := settingsOf(request)["data"]; ok {
		claims[dlClaim+"data"] = data
	}
	return claims
}

func classroom(title string) map[string]any {
	return map[string]any{
		"type": "ltiResourceLink", "title": title, "text": "Live", "custom": map[string]any{"room": "r1"},
		"lineItem": map[string]any{"scoreMaximum": 50, "label": title, "resourceId": "r1", "tag": "attendance"},
	}
}

// answer posts a response to the LMS.
func (y *toyTool) answer(request map[string]any, jwt string) (status int, body string) {
	y.t.Helper()
	address := settingsOf(request)["deep_link_return_url"].(string)
	r, body := y.do("POST", address, map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		url.Values{"JWT": {jwt}}.Encode())
	return r.StatusCode, body
}

func TestDeepLinking(t *testing.T) {
	for profile := range profiles() {
		t.Run(profile, func(t *testing.T) {
			y := newToy(t, Options{Profile: profile})
			request := y.request(LaunchOptions{Framed: true})
			if _, ok := request[ltiClaim+"resource_link"]; ok != (profile == "blackboard") || request[ltiClaim+"message_type"] != "LtiDeepLinkingRequest" {
				t.Fatalf("claims: %v", request)
			}
			claims := y.response(request)
			claims[dlClaim+"msg"] = "One added"
			status, body := y.answer(request, y.sign(claims, nil))
			if status != 200 || !strings.Contains(body, "One added") {
				t.Fatalf("status %d: %s", status, body)
			}
			links := y.l.Links("law")
			if len(links) != 1 || links[0].Title != "Weekly lecture" {
				t.Fatalf("links: %+v", links)
			}
			if profiles()[profile].DropsCustom {
				if links[0].Custom != nil || links[0].LineItem != nil {
					t.Errorf("what this platform drops was kept: %+v", links[0])
				}
				return
			}
			if item := links[0].LineItem; item == nil || item.ScoreMaximum != 50 || item.Tag != "attendance" {
				t.Errorf("line item: %+v", links[0].LineItem)
			}
			launched := y.mustLaunch(links[0].ID, "ben", LaunchOptions{})
			if custom := launched[ltiClaim+"custom"].(map[string]any); custom["room"] != "r1" {
				t.Errorf("custom = %v", custom)
			}
		})
	}
}

func TestDeepLinkingRefuses(t *testing.T) {
	set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	item := func(change func(map[string]any)) func(map[string]any) {
		return func(c map[string]any) {
			one := classroom("x")
			change(one)
			c[dlClaim+"content_items"] = []any{one}
		}
	}
	for _, test := range []struct {
		name   string
		change func(map[string]any)
		reason string
	}{
		{"iss is the issuer", func(c map[string]any) { c["iss"] = c["aud"] }, "iss"},
		{"aud is a list", func(c map[string]any) { c["aud"] = []any{c["aud"]} }, "aud"},
		{"aud is somebody else", set("aud", "https://other.example"), "aud"},
		{"no nonce", set("nonce", ""), "nonce"},
		{"another deployment", set(ltiClaim+"deployment_id", "99"), "deployment_id"},
		{"the request's message type", set(ltiClaim+"message_type", "LtiDeepLinkingRequest"), "message_type"},
		{"version 2", set(ltiClaim+"version", "2.0"), "version"},
		{"expired", func(c map[string]any) { c["exp"] = c["iat"].(int64) - 1 }, "exp"},
		{"iat ahead", func(c map[string]any) { c["iat"] = c["iat"].(int64) + 60 }, "future"},
		{"iat old", func(c map[string]any) { c["iat"] = c["iat"].(int64) - 600 }, "old"},
		{"no iat", func(c map[string]any) { delete(c, "iat") }, "iat"},
		{"data not given", set(dlClaim+"data", "x"), "data"},
		{"no items", func(c map[string]any) { delete(c, dlClaim+"content_items") }, "content_items"},
		{"foreign azp", set("azp", "x"), "azp"},
		{"unknown type", item(func(i map[string]any) { i["type"] = "html" }), "type"},
		{"foreign url", item(func(i map[string]any) { i["url"] = "https://other.example/lti/launch" }), "url"},
		{"null in custom", item(func(i map[string]any) { i["custom"] = map[string]any{"room": nil} }), "custom"},
		{"number in custom", item(func(i map[string]any) { i["custom"] = map[string]any{"room": 7} }), "number"},
		{"no points", item(func(i map[string]any) { i["lineItem"] = map[string]any{"label": "x"} }), "scoreMaximum"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newToy(t, Options{})
			request := y.request(LaunchOptions{})
			claims := y.response(request)
			test.change(claims)
			y.refused(request, y.sign(claims, nil), test.reason)
		})
	}
}

// refused expects an answer to be refused for a reason, and nothing added.
func (y *toyTool) refused(request map[string]any, jwt, reason string) {
	y.t.Helper()
	before := len(y.l.Links("law"))
	status, body := y.answer(request, jwt)
	answers := y.l.DeepLinkAnswers()
	got := answers[len(answers)-1].Reason
	if status != 400 || !strings.Contains(got, reason) || !strings.Contains(body, "Nothing was added") {
		y.t.Errorf("status %d, reason %q, want 400 with %q", status, got, reason)
	}
	if len(y.l.Links("law")) != before {
		y.t.Error("a link was made")
	}
}

func TestDeepLinkingRefusesSignature(t *testing.T) {
	y := newToy(t, Options{})
	request := y.request(LaunchOptions{})
	claims := y.response(request)
	right := y.sign(claims, nil)
	y.refused(request, y.sign(claims, map[string]any{"kid": nil}), "kid")
	y.refused(request, y.sign(claims, map[string]any{"kid": "other"}), "not in the tool's key set")
	y.refused(request, y.sign(claims, map[string]any{"alg": "RS384"}), "alg")
	y.refused(request, y.sign(claims, map[string]any{"crit": []string{"x"}}), "crit")
	y.refused(request, spoilSignature(right), "signature")
	y.refused(request, right+".x", "three parts")
	if status, body := y.answer(request, right); status != 200 {
		t.Errorf("the right one: %d %s", status, body)
	}
}

func TestDeepLinkingNeedsTheForm(t *testing.T) {
	y := newToy(t, Options{})
	request := y.request(LaunchOptions{})
	jwt := y.sign(y.response(request), nil)
	address := settingsOf(request)["deep_link_return_url"].(string)
	for name, test := range map[string][3]string{
		"GET":          {"GET", "application/x-www-form-urlencoded", ""},
		"plain text":   {"POST", "text/plain", "JWT=" + jwt},
		"lower case":   {"POST", "application/x-www-form-urlencoded", "jwt=" + jwt},
		"another, too": {"POST", "application/x-www-form-urlencoded", "JWT=" + jwt + "&state=x"},
	} {
		r, body := y.do(test[0], address, map[string]string{"Content-Type": test[1]}, test[2])
		if r.StatusCode != 400 || !strings.Contains(body, "Nothing was added") {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
}

func TestDeepLinkingOnce(t *testing.T) {
	y := newToy(t, Options{})
	request := y.request(LaunchOptions{})
	claims := y.response(request)
	if status, body := y.answer(request, y.sign(claims, nil)); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	y.refused(request, y.sign(claims, nil), "nonce")
	claims["nonce"] = "another"
	y.refused(request, y.sign(claims, nil), "answered before")
	other := y.request(LaunchOptions{})
	delete(settingsOf(other), "deep_link_return_url")
	settingsOf(other)["deep_link_return_url"] = y.l.address("/lti/contentitem?course=law")
	y.refused(other, y.sign(y.response(other), nil), "query")
}

func TestDeepLinkingSettings(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	request := y.request(LaunchOptions{Settings: func(s map[string]any) {
		s["accept_multiple"], s["data"], s["accept_lineitem"] = false, "d-1", false
	}})
	claims := y.response(request)
	claims[dlClaim+"content_items"] = []any{classroom("a"), classroom("b")}
	y.refused(request, y.sign(claims, nil), "2 content items")
	without := maps.Clone(claims)
	delete(without, dlClaim+"data")
	y.refused(request, y.sign(without, nil), "data")
	claims[dlClaim+"content_items"] = []any{classroom("a")}
	if status, body := y.answer(request, y.sign(claims, nil)); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if links := y.l.Links("law"); len(links) != 1 || links[0].LineItem != nil {
		t.Errorf("links: %+v, want one without a column", links)
	}
}

func TestDeepLinkingWithoutItems(t *testing.T) {
	for profile, want := range map[string]int{"moodle": 200, "chamilo": 400} {
		y := newToy(t, Options{Profile: profile})
		request := y.request(LaunchOptions{})
		claims := y.response(request)
		claims[dlClaim+"content_items"] = []any{}
		if status, _ := y.answer(request, y.sign(claims, nil)); status != want {
			t.Errorf("%s: status %d, want %d", profile, status, want)
		}
	}
}

func TestDeepLinkingWithoutLineItemRights(t *testing.T) {
	y := newToy(t, Options{}, func(tool *Tool) { tool.LineItems = LineItemsNone })
	request := y.request(LaunchOptions{})
	if _, ok := request[agsClaim]; ok {
		t.Error("the request has an endpoint claim")
	}
	y.answer(request, y.sign(y.response(request), nil))
	if items := y.l.LineItems("law"); len(items) != 0 {
		t.Errorf("line items: %+v", items)
	}
}

// Chamilo takes the last key, whatever the kid.
func TestChamiloTakesTheLastKey(t *testing.T) {
	y := newToy(t, Options{Profile: "chamilo"})
	other := signingKey{"toy-2", toyKeys()[1]}
	y.keySet = append(y.keySet, other.jwk())
	request := y.request(LaunchOptions{})
	y.refused(request, y.sign(y.response(request), nil), "signature")
	y.key = other
	if status, body := y.answer(request, y.sign(y.response(request), nil)); status != 200 {
		t.Errorf("status %d: %s", status, body)
	}
}
