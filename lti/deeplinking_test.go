package lti

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func goodAnswer() DeepLinkingAnswer {
	return DeepLinkingAnswer{
		Registration: testRegistration, DeploymentID: "dep-1",
		Settings: DeepLinkingSettings{ReturnURL: "https://lms.example/return?c=2", AcceptTypes: []string{"ltiResourceLink"}, AcceptMultiple: true},
		Items: []ContentItem{{
			URL: testPublic + "/lti/launch", Title: "Weekly lecture", Text: "Live & recorded",
			Icon: &Icon{URL: testPublic + "/static/icon.png", Width: 128, Height: 64}, Window: &Window{TargetName: "_blank"}, Custom: map[string]string{"room": "r_51d0aa"},
			LineItem: &ItemLineItem{Label: "Attendance", ScoreMaximum: 50, ResourceID: "r_51d0aa", Tag: "attendance"},
		}},
	}
}

func respond(t *testing.T, a DeepLinkingAnswer) (header, claims map[string]any) {
	t.Helper()
	d := DeepLinking{Keys: oneKey{testKey(t)}, Now: (&clock{at: testNow}).now}
	token, err := d.Response(t.Context(), a)
	if err != nil {
		t.Fatalf("Response: %v", err)
	}
	return readJWT(t, token, testKey(t))
}

func TestDeepLinkingResponse(t *testing.T) {
	a := goodAnswer()
	a.Settings.Data = json.RawMessage(`"b64:eyJ0b29sIjoxMn0="`)
	a.Message, a.Log = "1 room added", "room r_51d0aa"
	header, claims := respond(t, a)
	if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": testKey(t).ID}, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for _, name := range []string{"nonce", "jti"} {
		if value, ok := claims[name].(string); !ok || len(value) < 20 {
			t.Errorf("%s %v", name, claims[name])
		}
		delete(claims, name)
	}
	want := map[string]any{
		"iss": testClient, "aud": testIssuer, "iat": float64(testNow.Unix()), "exp": float64(testNow.Unix() + 300),
		claimDeploymentID: "dep-1", claimMessageType: "LtiDeepLinkingResponse", claimVersion: "1.3.0",
		claimDLData: "b64:eyJ0b29sIjoxMn0=", claimDLMsg: "1 room added", claimDLLog: "room r_51d0aa",
		claimDLItems: []any{map[string]any{
			"type": "ltiResourceLink", "url": testPublic + "/lti/launch", "title": "Weekly lecture", "text": "Live & recorded",
			"icon": map[string]any{"url": testPublic + "/static/icon.png", "width": 128.0, "height": 64.0}, "window": map[string]any{"targetName": "_blank"}, "custom": map[string]any{"room": "r_51d0aa"},
			"lineItem": map[string]any{"label": "Attendance", "scoreMaximum": 50.0, "resourceId": "r_51d0aa", "tag": "attendance"},
		}},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

// TestDeepLinkingCancel: always an answer, with an empty list.
func TestDeepLinkingCancel(t *testing.T) {
	a := goodAnswer()
	a.Items, a.Settings.AcceptTypes = nil, []string{"file"}
	a.ErrorMessage, a.ErrorLog = "Nothing was chosen", "cancelled"
	_, claims := respond(t, a)
	items, isList := claims[claimDLItems].([]any)
	if !isList || len(items) != 0 || claims[claimDLErrorMsg] != "Nothing was chosen" || claims[claimDLErrorLog] != "cancelled" {
		t.Errorf("claims %v", claims)
	}
	for _, name := range []string{claimDLData, claimDLMsg, claimDLLog} {
		if _, has := claims[name]; has {
			t.Errorf("claim %s came without being asked for", name)
		}
	}
}

// TestDeepLinkingDataReturns goes from the request to the answer.
func TestDeepLinkingDataReturns(t *testing.T) {
	for _, data := range []any{"tool:12 <&> é", "", 7.0, map[string]any{"a": []any{true, nil}}} {
		a := newWorld(t).begin(t)
		deepLinking(func(s map[string]any) { s["data"] = data })(t, a)
		answer := goodAnswer()
		answer.Settings = *a.mustLaunch(t).DeepLinking
		_, claims := respond(t, answer)
		if diff := cmp.Diff(data, claims[claimDLData]); diff != "" {
			t.Errorf("data (-want +got):\n%s", diff)
		}
	}
}

func TestDeepLinkingSeveral(t *testing.T) {
	a := goodAnswer()
	a.Items = append(a.Items, ContentItem{Title: "Second"})
	_, claims := respond(t, a)
	if items := claims[claimDLItems].([]any); len(items) != 2 || items[1].(map[string]any)["title"] != "Second" {
		t.Errorf("items %v", items)
	}
}

// TestDeepLinkingWithoutLineItems: a platform that says no gets none.
func TestDeepLinkingWithoutLineItems(t *testing.T) {
	a := goodAnswer()
	a.Settings.RefuseLineItems = true
	_, claims := respond(t, a)
	if item := claims[claimDLItems].([]any)[0].(map[string]any); item["lineItem"] != nil {
		t.Errorf("item %v", item)
	}
	if a.Items[0].LineItem == nil {
		t.Error("the caller's item was changed")
	}
}

func TestDeepLinkingRefuses(t *testing.T) {
	anything := errors.New("any error")
	for _, test := range []struct {
		name  string
		spoil func(*DeepLinkingAnswer)
		want  error
	}{
		{"two items where one is taken", func(a *DeepLinkingAnswer) {
			a.Settings.AcceptMultiple = false
			a.Items = append(a.Items, a.Items[0])
		}, ErrTooManyItems},
		{"links aren't taken", func(a *DeepLinkingAnswer) { a.Settings.AcceptTypes = []string{"link", "file"} }, ErrLinksRefused},
		{"nowhere to go", func(a *DeepLinkingAnswer) { a.Settings.ReturnURL = "" }, errNoReturnURL},
		{"no maximum", func(a *DeepLinkingAnswer) { a.Items[0].LineItem.ScoreMaximum = 0 }, anything},
		{"no number", func(a *DeepLinkingAnswer) { a.Items[0].LineItem.ScoreMaximum = math.NaN() }, anything},
		{"infinite", func(a *DeepLinkingAnswer) { a.Items[0].LineItem.ScoreMaximum = math.Inf(1) }, anything},
	} {
		a := goodAnswer()
		test.spoil(&a)
		d := DeepLinking{Keys: oneKey{testKey(t)}, Now: (&clock{at: testNow}).now}
		token, err := d.Response(t.Context(), a)
		if err == nil || token != "" || !errors.Is(test.want, anything) && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	d := DeepLinking{Keys: noKey{}, Now: (&clock{at: testNow}).now}
	if _, err := d.Response(t.Context(), goodAnswer()); !errors.Is(err, errNoKey) {
		t.Errorf("without a key: %v", err)
	}
}
