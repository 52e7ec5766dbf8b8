package admin

import (
	"encoding/json"
	"net/url"
)

// CanvasJSON is what Canvas takes as "Paste JSON" for a developer key: all of
// its form at once.
func CanvasJSON(publicURL string) (string, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return "", err
	}
	launch, icon := publicURL+"/lti/launch", publicURL+"/static/icon-128.png"
	placement := func(name string) map[string]any {
		return map[string]any{
			"placement": name, "message_type": "LtiDeepLinkingRequest", "target_link_uri": launch, "text": "Classroom", "icon_url": icon,
		}
	}
	text, err := json.MarshalIndent(map[string]any{
		"title": "Classroom", "description": "Classrooms of BigBlueButton, and grades for who attended.",
		"target_link_uri": launch, "oidc_initiation_url": publicURL + "/lti/login", "public_jwk_url": publicURL + "/.well-known/jwks.json",
		"scopes": []string{
			"https://purl.imsglobal.org/spec/lti-ags/scope/lineitem", "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
			"https://purl.imsglobal.org/spec/lti-ags/scope/score",
		},
		"custom_fields": map[string]any{},
		"extensions": []any{map[string]any{
			"domain": u.Host, "platform": "canvas.instructure.com", "tool_id": "bbbridge", "privacy_level": "public",
			"settings": map[string]any{
				"text": "Classroom", "icon_url": icon,
				"placements": []any{placement("link_selection"), placement("assignment_selection")},
			},
		}},
	}, "", "  ")
	return string(text), err
}
