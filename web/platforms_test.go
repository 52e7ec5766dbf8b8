package web

import "maps"

// platformSamples are the pages about platforms.
func platformSamples() map[string]any {
	findings := []CheckFinding{{Kind: "good", Code: "keys"}, {Kind: "needs", Code: "clock_ahead", Detail: "1m12s"}, {Kind: "needs", Code: "token_refused", Detail: "token: the platform answers 400: invalid_grant"}, {Kind: "waiting", Code: "token_none"}, {Kind: "needs", Code: "issuer_spelled", Detail: "https://moodle.school.example/"}}
	name := Field{Kind: "text", Name: "name", Value: "Our Moodle", Max: 200}
	return map[string]any{
		"desk_platforms": atDesk(Platforms, PlatformsPage{Now: now, Add: true, Many: true, Links: "/admin/links", List: []PlatformLine{
			{Name: "Our Moodle", Kind: "Moodle", Issuer: "https://moodle.school.example", Tenant: "School of Law", State: "active", URL: "/admin/platforms/by/a"},
			{Name: "\u05d1\u05d9\u05ea \u05e1\u05e4\u05e8", Issuer: "https://lms.school.example/a/very/long/path/that/has/no/end", Tenant: "School of Medicine", State: "disabled", URL: "/admin/platforms/by/b"},
			{Name: "Canvas", Kind: "Canvas", Issuer: "https://canvas.instructure.com", Tenant: "School of Law", State: "waiting", URL: "/admin/platforms/by/c"},
		}}),
		"desk_platforms_empty": atDesk(Platforms, PlatformsPage{Now: now, Add: true, Said: "removed"}),
		"desk_platform_new":    atDesk(Platforms, NewPlatformPage{LinkURL: "/admin/links/new", Kinds: []KindChoice{{Name: "Moodle", URL: "/m", ByLink: true}, {Name: "D2L Brightspace", URL: "/d"}, {URL: "/o"}}}),
		"desk_guide": atDesk(Platforms, GuidePage{
			Name: "Chamilo", Where: "Administration → Plugins → IMS/LTI client → Add external tool", Shows: "IMS/LTI client → Configuration settings for tool",
			Steps: []GuideStep{
				{N: 1, Label: "Name", Say: "name"}, {N: 2, Label: "Launch URL", Value: "https://bbb.school.example/lti/launch"},
				{N: 3, Label: "Public key type", Choose: "RSA key", Note: "chamilo_key"},
				{N: 4, Label: "Public key", Value: "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx\n-----END PUBLIC KEY-----\n", Note: "whole_key"},
			},
			Notes: []string{"chamilo_assessments", "chamilo_courses"}, Seen: true, URL: "/admin/platforms/new/chamilo", TryURL: "/admin/platforms/new/chamilo/try", Wrong: true,
			Fields: []Field{name, {Kind: "select", Name: "tenant", Options: []Option{{Value: "a", Label: "School of Law", On: true}, {Value: "b", Label: "School of Medicine"}}},
				{Kind: "choice", Name: "kind", Options: []Option{{Value: "chamilo_1", Text: "choice.chamilo_1", On: true}, {Value: "chamilo_2", Text: "choice.chamilo_2"}}},
				{Kind: "text", Name: "issuer", Own: "Platform ID", Value: "chamilo.school.example", Wrong: "value_address", Focus: true}, {Kind: "text", Name: "client_id", Own: "Client ID"}},
		}),
		"desk_guide_other": atDesk(Platforms, GuidePage{
			Steps: []GuideStep{{N: 1, Label: "Redirect URI", Value: "https://bbb.school.example/lti/launch"}}, URL: "/admin/platforms/new/other",
			Imports: []GuideImport{{ID: "json", What: "canvas_paste", Text: "{\n  \"title\": \"Classroom\"\n}"}},
			Fields:  []Field{name, {Kind: "area", Name: "deployment_id", As: "deployment_ids", Own: "Deployment ID", Optional: true}, {Kind: "check", Name: "key_pasted"}},
		}),
		"desk_guide_again": atDesk(Platforms, GuidePage{
			Name: "Moodle", Of: "Our Moodle", OfURL: "/p", Seen: true,
			Steps: []GuideStep{{N: 1, Label: "Redirection URI(s)", Value: "https://bbb.school.example/lti/launch", Note: "exactly"}},
		}),
		"desk_platform": atDesk(Platforms, PlatformPage{
			Now: now, Name: "Our Moodle", Kind: "Moodle", State: "active", Said: "added", Checked: true, Findings: findings, Adopts: true,
			Facts:       []Fact{{Name: "issuer", Value: "https://moodle.school.example"}, {Name: "token_url", Text: "platforms.no_token"}, {Name: "own_login", Value: "https://bbb.school.example/lti/login/abc"}},
			Deployments: []DeploymentLine{{ID: "4", Active: true, URL: "/x"}, {ID: "9:865c1b1c", URL: "/x"}},
			News:        PlatformNews{LaunchAt: minutesAgo(3), RefusedAt: minutesAgo(70), Code: "jwt_expired", FailureURL: "/admin/failures/x"},
			Waiting:     []WaitingLine{{ID: "12:ab", Name: "Anna Moreau", At: minutesAgo(9), URL: "/x"}},
			CheckURL:    "/c", GuideURL: "/g", EditURL: "/e", DisableURL: "/d", RemoveURL: "/r", LikeURL: "/l",
		}),
		"desk_platform_reader": atDesk(Platforms, PlatformPage{Now: now, Name: "Our Moodle", State: "disabled", Facts: []Fact{{Name: "issuer", Value: "x"}}, CheckURL: "/c", GuideURL: "/g"}),
		"desk_platform_edit": atDesk(Platforms, EditPlatformPage{Name: "Our Moodle", URL: "/e", BackURL: "/b", Fields: []Field{
			name, {Kind: "url", Name: "auth_url", Value: "http://x", Wrong: "value_https"}, {Kind: "area", Name: "frame_ancestors", Optional: true}, {Kind: "check", Name: "adopt", On: true},
			{Kind: "choices", Name: "algorithms", Options: []Option{{Value: "RS256", Label: "RS256", On: true}, {Value: "ES256", Label: "ES256"}}},
		}}),
		"desk_start":      atDesk(Overview, StartPage{Now: now, ServerURL: "/admin/servers/new", PlatformURL: "/admin/platforms/new", Waits: true}),
		"desk_start_try":  atDesk(Overview, StartPage{Now: now, Servers: 1, Platforms: 1, LMS: "moodle", TeacherAt: minutesAgo(2), Waits: true, Refusal: &StartRefusal{Code: "deployment_unknown", URL: "/admin/failures/x", At: minutesAgo(1)}}),
		"desk_start_done": atDesk(Overview, StartPage{Now: now, Servers: 1, Platforms: 1, LMS: "canvas", TeacherAt: minutesAgo(2), LearnerAt: minutesAgo(1)}),
		"desk_keys": atDesk(Platforms, KeysPage{Now: now, Said: "rotated", PEM: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", RotateURL: "/admin/platforms/keys/rotate",
			Keys:   []KeyLine{{ID: "2026-11-01-abc"}, {ID: "2026-11-17-def", Signs: true}, {ID: "2026-11-18-ghi", Later: true}},
			Pasted: []PastedLine{{Name: "Our Chamilo", URL: "/p", Old: true, PastedURL: "/pasted"}, {Name: "The other", URL: "/q", PastedURL: "/pasted"}}}),
		"desk_keys_none": atDesk(Platforms, KeysPage{Now: now, Keys: []KeyLine{{ID: "2026-11-17-def", Signs: true}}}),
		"desk_rotate": atDesk(Platforms, RotatePage{Pasted: []string{"Our Chamilo"}, Danger: DangerPage{URL: "/r", BackURL: "/k", Wrong: "confirm",
			Fields: []Field{{Kind: "check", Name: "stolen"}, {Kind: "password", Name: "password", As: "confirm_password"}}}}),
		"desk_findings": desked{page: FindingsPart{Findings: findings, Fields: []Field{{Kind: "url", Name: "auth_url", Value: "nonsense", Wrong: "value_address"}}}},
	}
}

func init() { moreDesk = append(moreDesk, platformSamples) }

// moreDesk are the samples of each area of the pages of staff.
var moreDesk []func() map[string]any

func addDesk(to map[string]any) map[string]any {
	for _, more := range moreDesk {
		maps.Copy(to, more())
	}
	return to
}
