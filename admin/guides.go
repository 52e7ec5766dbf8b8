package admin

import (
	"net/url"
	"strings"

	"github.com/bbbridge/bbbridge/lti"
)

// GuideOf is the guide of a kind, or that of any other platform.
func GuideOf(l LMS) Guide {
	for _, g := range Guides() {
		if g.LMS == l {
			return g
		}
	}
	return other
}

// Guides are all of them, in the order in which they are offered.
func Guides() []Guide {
	return []Guide{moodle, canvas, sakai, chamilo, blackboard, d2l, ilias, openOLAT, openEdX, wordPress, other}
}

var moodle = Guide{
	LMS: Moodle, Name: "Moodle", Seen: true, ByLink: true,
	Where: "Site administration → Plugins → Activity modules → External tool → Manage tools → configure a tool manually",
	Steps: []GuideStep{
		{Label: "Tool name", Say: "name"},
		{Label: "Tool URL", Paste: OurLaunch},
		{Label: "LTI version", Choose: "LTI 1.3"},
		{Label: "Public key type", Choose: "Keyset URL"},
		{Label: "Public keyset", Paste: OurKeys},
		{Label: "Initiate login URL", Paste: OurLogin},
		{Label: "Redirection URI(s)", Paste: OurLaunch, Note: "exactly"},
		{Label: "Custom parameters", Say: "empty"},
		{Label: "Tool configuration usage", Choose: "Show in activity chooser and as a preconfigured tool"},
		{Label: "Default launch container", Choose: "New window"},
		{Label: "Supports Deep Linking (Content-Item Message)", Say: "yes", Note: "show_more"},
		{Label: "Content Selection URL", Paste: OurLaunch},
		{Label: "Secure icon URL", Paste: OurIcon},
		{Label: "IMS LTI Assignment and Grade Services", Choose: "Use this service for grade sync and column management"},
		{Label: "IMS LTI Names and Role Provisioning", Choose: "Use this service to retrieve members' information as per privacy settings"},
		{Label: "Share launcher's name with tool", Choose: "Always"},
		{Label: "Share launcher's email with tool", Choose: "Never"},
		{Label: "Accept grades from the tool", Choose: "Delegate to teacher"},
	},
	Shows: "Manage tools → View configuration details",
	Asks:  []Ask{{Field: "issuer", Label: "Platform ID"}, {Field: "client_id", Label: "Client ID"}, {Field: "deployment_id", Label: "Deployment ID"}},
	Notes: []string{"moodle_ports"},
	derive: func(a Answers) lti.Registration {
		return at(a["issuer"], "/mod/lti/auth.php", "/mod/lti/token.php", "/mod/lti/certs.php")
	},
}

var canvas = Guide{
	LMS: Canvas, Name: "Canvas", ByLink: true,
	Where: "Admin → Developer Keys → + Developer Key → + LTI Key",
	Steps: []GuideStep{
		{Label: "Redirect URIs", Paste: OurLaunch},
		{Label: "Method", Choose: "Paste JSON", Note: "canvas_json"},
		{Label: "Title", Say: "name"},
		{Label: "Target Link URI", Paste: OurLaunch},
		{Label: "OpenID Connect Initiation URL", Paste: OurLogin},
		{Label: "JWK Method", Choose: "Public JWK URL"},
		{Label: "Public JWK URL", Paste: OurKeys},
		{Label: "LTI Advantage Services", Say: "canvas_services"},
		{Label: "Additional settings → Privacy Level", Choose: "Public", Note: "canvas_privacy"},
		{Label: "Placements", Choose: "Link Selection, Assignment Selection: LtiDeepLinkingRequest"},
		{Label: "State", Choose: "ON"},
		{Label: "Settings → Apps → + App → By Client ID", Say: "canvas_install"},
	},
	Shows: "Developer Keys; Settings → Apps → the tool",
	Asks: []Ask{
		{Field: "kind", Choices: []string{"canvas_cloud", "canvas_beta", "canvas_test", "canvas_own"}},
		{Field: "client_id", Label: "Client ID"},
		{Field: "host", Optional: true}, {Field: "issuer", Label: "lti_iss", Optional: true}, // of one's own alone
		{Field: "deployment_id", Label: "Deployment ID", Optional: true, Lines: true},
	},
	Notes: []string{"canvas_deployments", "canvas_own"},
	derive: func(a Answers) lti.Registration {
		variant := map[string]string{"canvas_beta": "beta.", "canvas_test": "test."}[a["kind"]]
		if a["kind"] == "canvas_own" {
			r := at(a["host"], "/api/lti/authorize_redirect", "/login/oauth2/token", "/api/lti/security/jwks")
			r.Issuer = a["issuer"]
			return r
		}
		r := at("https://sso."+variant+"canvaslms.com", "/api/lti/authorize_redirect", "/login/oauth2/token", "/api/lti/security/jwks")
		r.Issuer = "https://canvas." + variant + "instructure.com"
		return r
	},
}

var sakai = Guide{
	LMS: Sakai, Name: "Sakai", ByLink: true,
	Where: "Administration Workspace → External Tools → Install LTI 1.3 Tool",
	Steps: []GuideStep{
		{Label: "Title", Say: "name"},
		{Label: "Launch URL", Paste: OurLaunch},
		{Label: "Send User Names to External Tool", Say: "yes"},
		{Label: "Allow External Tool to return grades", Say: "yes"},
		{Label: "Allow External Tool to create grade columns", Say: "yes", Note: "sakai_columns"},
		{Label: "Launch in Popup", Choose: "Always launch in Popup"},
		{Label: "Allow the tool to be launched as a link", Say: "yes"},
		{Label: "Deep Linking (tool can be selected from content)", Say: "yes"},
		{Label: "LTI 1.3 Tool Keyset URL", Paste: OurKeys},
		{Label: "LTI 1.3 Tool OpenID Connect/Initialization Endpoint", Paste: OurLogin},
		{Label: "LTI 1.3 Tool Redirect Endpoint", Paste: OurLaunch},
	},
	Shows: "External Tools → the tool",
	Asks: []Ask{
		{Field: "issuer", Label: "LTI 1.3 Platform Issuer"}, {Field: "client_id", Label: "LTI 1.3 Client ID"},
		{Field: "deployment_id", Label: "LTI 1.3 Deployment ID"}, {Field: "token_url", Label: "LTI 1.3 Platform OAuth2 Bearer Token Retrieval URL"},
	},
	Notes: []string{"sakai_token"},
	derive: func(a Answers) lti.Registration {
		r := at(originOf(a["token_url"]), "/imsoidc/lti13/oidc_auth", "", "/imsblis/lti13/keyset")
		r.TokenURL = a["token_url"]
		return r
	},
}

var chamilo = Guide{
	LMS: Chamilo, Name: "Chamilo", Seen: true,
	Where: "Administration → Plugins → IMS/LTI client → Add external tool",
	Steps: []GuideStep{
		{Label: "Name", Say: "name"},
		{Label: "Launch URL", Paste: OurLaunch},
		{Label: "LTI Version", Choose: "LTI 1.3.0"},
		{Label: "Public key type", Choose: "RSA key", Note: "chamilo_key"},
		{Label: "Public key", Paste: OurKey, Note: "whole_key"},
		{Label: "Login URL", Paste: OurLogin},
		{Label: "Redirect URL", Paste: OurLaunch},
		{Label: "Custom params", Say: "empty", Note: "chamilo_advanced"},
		{Label: "Link target", Choose: "window"},
		{Label: "Support Deep-Linking", Say: "no", Note: "chamilo_deep"},
		{Label: "Assigment and Grades Service", Choose: "Synchronize grades and column management"},
		{Label: "Names and Role Provisioning Service", Choose: "Don't use service"},
		{Label: "Replacement for user_id (sub)", Say: "empty", Note: "chamilo_sub"},
		{Label: "Share launcher's name", Say: "yes", Note: "chamilo_privacy"},
	},
	Shows: "IMS/LTI client → Configuration settings for tool",
	Asks: []Ask{
		{Field: "kind", Choices: []string{"chamilo_1", "chamilo_2"}},
		{Field: "issuer", Label: "Platform ID"}, {Field: "deployment_id", Label: "Deployment ID"}, {Field: "client_id", Label: "Client ID"},
	},
	Notes: []string{"chamilo_enabled", "chamilo_assessments", "chamilo_courses"},
	derive: func(a Answers) lti.Registration {
		folder := "/plugin/ims_lti"
		if a["kind"] == "chamilo_2" {
			folder = "/plugin/ImsLti"
		}
		return at(a["issuer"], folder+"/auth.php", folder+"/token.php", folder+"/jwks.php")
	},
}

var blackboard = Guide{
	LMS: Blackboard, Name: "Blackboard",
	Where: "developer.anthology.com → My Apps → + → My integration supports LTI 1.3",
	Steps: []GuideStep{
		{Label: "Application Name", Say: "name"},
		{Label: "Domain(s)", Paste: OurDomain},
		{Label: "Login Initiation URL", Paste: OurLogin},
		{Label: "Tool Redirect URL(s)", Paste: OurLaunch},
		{Label: "Tool JWKS URL", Paste: OurKeys},
		{Label: "Signing Algorithm", Choose: "RS256"},
		{Label: "Administrator Panel → LTI Tool Providers → Register LTI 1.3/Advantage Tool", Say: "blackboard_school", Note: "blackboard_approve"},
		{Label: "Manage Placements → Create Placement → Target Link URI", Paste: OurLaunch, Note: "blackboard_placements"},
	},
	Shows: "developer.anthology.com; LTI Tool Providers → the tool",
	Asks: []Ask{
		{Field: "client_id", Label: "Application ID"}, {Field: "deployment_id", Label: "Deployment ID", Lines: true},
	},
	Notes: []string{"blackboard_deployments"},
	derive: func(a Answers) lti.Registration {
		r := at("https://developer.blackboard.com/api/v1", "/gateway/oidcauth", "/gateway/oauth2/jwttoken",
			"/management/applications/"+url.PathEscape(a["client_id"])+"/jwks.json")
		r.Issuer = "https://blackboard.com"
		return r
	},
}

var d2l = Guide{
	LMS: D2L, Name: "D2L Brightspace", ByLink: true,
	Where: "Admin Tools → Manage Extensibility → LTI Advantage → Register Tool → Standard",
	Steps: []GuideStep{
		{Label: "Name", Say: "name"},
		{Label: "Domain", Paste: OurOrigin, Note: "d2l_domain"},
		{Label: "Redirect URLs", Paste: OurLaunch},
		{Label: "OpenID Connect Login URL", Paste: OurLogin},
		{Label: "Target Link URI", Paste: OurLaunch},
		{Label: "Keyset URL", Paste: OurKeys},
		{Label: "Extensions", Choose: "Assignment and Grade Services, Deep Linking"},
		{Label: "External Learning Tools → LTI Advantage → New Deployment", Say: "d2l_deployment", Note: "d2l_names"},
	},
	Shows: "Manage Extensibility → LTI Advantage → the tool",
	Asks: []Ask{
		{Field: "client_id", Label: "Client Id"}, {Field: "issuer", Label: "Issuer"}, {Field: "deployment_id", Label: "Deployment Id", Lines: true},
	},
	derive: func(a Answers) lti.Registration {
		r := at(a["issuer"], "/d2l/lti/authenticate", "", "/d2l/.well-known/jwks")
		r.TokenURL, r.TokenAudience = "https://auth.brightspace.com/core/connect/token", "https://api.brightspace.com/auth/token"
		return r
	},
}

var ilias = Guide{
	LMS: ILIAS, Name: "ILIAS",
	Where: "Administration → LTI → ILIAS as LTI consumer",
	Steps: []GuideStep{
		{Label: "Content URL", Paste: OurLaunch},
		{Label: "Login initiation URL", Paste: OurLogin},
		{Label: "Redirection URIs", Paste: OurLaunch},
		{Label: "Key type", Choose: "JWK keyset"},
		{Label: "Keyset URL", Paste: OurKeys},
		{Label: "Deep linking", Say: "yes"},
		{Label: "Deep linking content URL", Paste: OurLaunch},
	},
	Shows: "Administration → LTI → the provider",
	Asks:  []Ask{{Field: "issuer", Label: "Platform ID"}, {Field: "client_id", Label: "Client ID"}, {Field: "deployment_id", Label: "Deployment ID"}},
	derive: func(a Answers) lti.Registration {
		return at(a["issuer"], "/ltiauth.php", "/ltitoken.php", "/lticerts.php")
	},
}

var openOLAT = Guide{
	LMS: OpenOLAT, Name: "OpenOLAT",
	Where: "Administration → LTI → External tools → Add new tool",
	Steps: []GuideStep{
		{Label: "Tool name", Say: "name"},
		{Label: "Tool URL", Paste: OurLaunch},
		{Label: "With shared deployment", Say: "yes"},
		{Label: "Public key type", Choose: "URL"},
		{Label: "Public key URL", Paste: OurKeys},
		{Label: "Initiate login URI", Paste: OurLogin},
		{Label: "Redirection URL(s)", Paste: OurLaunch},
	},
	Shows: "Administration → LTI → External tools",
	Asks: []Ask{
		{Field: "issuer", Label: "Issuer"}, {Field: "client_id", Label: "Client ID"},
		{Field: "token_url", Label: "Token URL"}, {Field: "deployment_id", Label: "Deployment ID", Optional: true},
	},
	Notes: []string{"openolat_on", "openolat_roles", "openolat_deployment"},
	derive: func(a Answers) lti.Registration {
		base, _, _ := strings.Cut(a["token_url"], "/lti/token")
		r := at(base, "/lti/auth", "", "/lti/keys")
		r.TokenURL = a["token_url"]
		r.LinkFromDeployment = a["deployment_id"] == ""
		return r
	},
}

var openEdX = Guide{
	LMS: OpenEdX, Name: "Open edX", Seen: true,
	Where: "Studio → Advanced → LTI Consumer → Edit",
	Steps: []GuideStep{
		{Label: "LTI Version", Choose: "LTI 1.3"},
		{Label: "Tool Launch URL (Launch URL)", Paste: OurLaunch},
		{Label: "Registered Redirect URIs", Paste: OurList},
		{Label: "Tool Initiate Login URL", Paste: OurLogin},
		{Label: "Tool Public Key Mode", Choose: "Keyset URL"},
		{Label: "Tool Keyset URL", Paste: OurKeys},
		{Label: "Deep linking", Choose: "False"},
		{Label: "LTI Assignment and Grades Service (Assignment and Grades)", Choose: "Allow tools to submit grades only (Declarative)"},
		{Label: "LTI Launch Target (Open tool in)", Choose: "New Window"},
		{Label: "Scored (This activity is graded)", Choose: "True"},
		{Label: "Weight (Grade Weight)", Say: "points"},
		{Label: "Accept grades past deadline (Accept grades after due date)", Choose: "True"},
		{Label: "Request user's full name (Share Full name)", Choose: "True"},
	},
	Shows: "Studio → the component, once it is published",
	Asks: []Ask{
		{Field: "client_id", Label: "Client ID"}, {Field: "jwks_url", Label: "Keyset URL"}, {Field: "token_url", Label: "Access Token URL"},
		{Field: "issuer", Optional: true}, // not shown; where the token URL is
	},
	Notes: []string{"openedx_each", "openedx_advanced", "openedx_names", "openedx_roles"},
	derive: func(a Answers) lti.Registration {
		r := at(originOf(a["token_url"]), "/api/lti_consumer/v1/launch/", "", "")
		r.JWKSURL, r.TokenURL, r.Issuer = a["jwks_url"], a["token_url"], strings.TrimSuffix(a["issuer"], "/")
		if r.Issuer == "" {
			r.Issuer = originOf(a["token_url"])
		}
		a["deployment_id"] = "1" // always
		return r
	},
}

var wordPress = Guide{
	LMS: WordPress, Name: "WordPress", Seen: true,
	Where: "Settings → LTI Tools → Add New",
	Steps: []GuideStep{
		{Label: "Name", Say: "name"},
		{Label: "Code", Choose: "classroom", Note: "wordpress_code"},
		{Label: "Enabled?", Say: "yes"},
		{Label: "Launch message URL", Paste: OurLaunch},
		{Label: "Use Content-Item/Deep Linking?", Say: "yes"},
		{Label: "Content-Item/Deep Linking URL", Say: "empty"},
		{Label: "Custom parameters", Say: "empty"},
		{Label: "Role Mappings", Say: "wordpress_roles"},
		{Label: "Presentation target", Choose: "New window"},
		{Label: "Send user's name?", Say: "yes"},
		{Label: "Send user's ID?", Say: "yes"},
		{Label: "Send user's email?", Say: "no"},
		{Label: "Send user's role?", Say: "yes"},
		{Label: "Initiate Login URL", Paste: OurLogin},
		{Label: "Redirection URI(s)", Paste: OurLaunch},
		{Label: "Public Keyset URL", Paste: OurKeys},
	},
	Shows: "Settings → LTI Tools → Platform configuration to share with this tool",
	Asks: []Ask{
		{Field: "issuer", Label: "Platform ID"}, {Field: "client_id", Label: "Client ID"}, {Field: "deployment_id", Label: "Deployment ID"},
	},
	Notes: []string{"wordpress_key", "wordpress_grades"},
	derive: func(a Answers) lti.Registration {
		r := at(a["issuer"], "/?lti-platform&auth", "", "/?lti-platform&keys")
		r.TokenURL = "" // there is none
		return r
	},
}

var other = Guide{
	LMS: OtherLMS, Name: "LTI 1.3",
	Steps: []GuideStep{
		{Label: "Launch URL, Target Link URI", Paste: OurLaunch},
		{Label: "Redirect URI", Paste: OurLaunch},
		{Label: "Deep Linking URL, Content Selection URL", Paste: OurLaunch},
		{Label: "OpenID Connect Login URL", Paste: OurLogin},
		{Label: "JWKS URL, Public Keyset URL", Paste: OurKeys},
		{Label: "Public Key", Paste: OurKey, Note: "key_instead"},
		{Label: "Icon URL", Paste: OurIcon},
		{Label: "Domain", Paste: OurDomain},
	},
	Asks: []Ask{
		{Field: "issuer", Label: "Issuer, Platform ID"}, {Field: "client_id", Label: "Client ID"},
		{Field: "deployment_id", Label: "Deployment ID", Optional: true, Lines: true},
		{Field: "auth_url", Label: "OpenID Connect Authentication URL"}, {Field: "token_url", Label: "Access Token URL", Optional: true},
		{Field: "jwks_url", Label: "Public Keyset URL"}, {Field: "token_audience", Label: "Token Audience", Optional: true},
		{Field: "key_pasted", Optional: true},
	},
	derive: func(a Answers) lti.Registration {
		return lti.Registration{AuthURL: a["auth_url"], TokenURL: a["token_url"], JWKSURL: a["jwks_url"], TokenAudience: a["token_audience"]}
	},
}
