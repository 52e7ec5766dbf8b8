package lti

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

var identitySpoilings = []spoiling{
	{"V10 iss of another platform", set("iss", "https://evil.example"), CodeIssMismatch},
	{"V10 iss with a slash", set("iss", testIssuer+"/"), CodeIssMismatch},
	{"V10 iss missing", unset("iss"), CodeIssMismatch},
	{"V10 iss a list", set("iss", []string{testIssuer}), CodeIssMismatch},
	{"V10 iss in capitals is another claim", func(_ *testing.T, a *attempt) {
		delete(a.claims, "iss")
		a.claims["ISS"] = testIssuer
	}, CodeIssMismatch},
	{"V11 aud of another tool", set("aud", "someone-else"), CodeAudMismatch},
	{"V11 aud missing", unset("aud"), CodeAudMismatch},
	{"V11 aud an empty list", set("aud", []string{}), CodeAudMismatch},
	{"V11 aud a list without us", set("aud", []string{"someone-else"}), CodeAudMismatch},
	{"V11 aud a list with something else", set("aud", []any{testClient, 7}), CodeAudMismatch},
	{"V11 aud with an untrusted one", func(_ *testing.T, a *attempt) {
		a.claims["aud"], a.claims["azp"] = []string{testClient, "someone-else"}, testClient
	}, CodeAudMismatch},
	{"V11 aud with a trusted one", func(_ *testing.T, a *attempt) {
		a.registration().TrustedAudiences = []string{"campus"}
		a.claims["aud"], a.claims["azp"] = []string{"campus", testClient}, testClient
	}, ""},
	{"V11 aud a list of us", set("aud", []string{testClient}), ""},
	{"V11 aud a number", func(_ *testing.T, a *attempt) {
		a.registration().ClientID = "7"
		a.claims["aud"] = 7
	}, CodeAudMismatch},
	{"V12 azp of another tool", set("azp", "someone-else"), CodeAzpMismatch},
	{"V12 azp not text", set("azp", []string{testClient}), CodeAzpMismatch},
	{"V12 azp ours", set("azp", testClient), ""},
	{"V12 azp missing with several audiences", func(_ *testing.T, a *attempt) {
		a.registration().TrustedAudiences = []string{"campus"}
		a.claims["aud"] = []string{"campus", testClient}
	}, CodeAzpMismatch},
	{"V14 nonce mismatch", set("nonce", random()), CodeNonceMismatch},
	{"V14 nonce missing", unset("nonce"), CodeNonceMismatch},
	{"V14 nonce not text", set("nonce", 7), CodeNonceMismatch},
	{"V14 nonce of another login", func(t *testing.T, a *attempt) { a.claims["nonce"] = a.begin(t).claims["nonce"] }, CodeNonceMismatch},
}

var timeSpoilings = []spoiling{
	{"V13 exp missing", unset("exp"), CodeExpired},
	{"V13 exp text", set("exp", "1795231757"), CodeExpired},
	{"V13 exp in milliseconds", set("exp", testNow.UnixMilli()), CodeExpired},
	{"V13 expired", times(-10*time.Minute, -time.Minute), CodeExpired},
	{"V13 expired within the leeway", times(-10*time.Minute, -59*time.Second), ""},
	{"V13 exp with a fraction", set("exp", float64(testNow.Unix())+0.5), ""},
	{"V13 iat missing", unset("iat"), CodeIatInvalid},
	{"V13 iat text", set("iat", "1795231697"), CodeIatInvalid},
	{"V13 iat in the future", times(61*time.Second, time.Hour), CodeIatInvalid},
	{"V13 iat in the future within the leeway", times(time.Minute, time.Hour), ""},
	{"V13 iat too long ago", times(-11*time.Minute-time.Second, time.Hour), CodeIatInvalid},
	{"V13 iat long ago within the leeway", times(-11*time.Minute, time.Hour), ""},
	{"V13 exp before iat", times(30*time.Second, 20*time.Second), CodeIatInvalid},
	{"V13 exp is iat", times(0, 0), CodeIatInvalid},
	{"V13 nbf in the future", set("nbf", testNow.Add(61*time.Second).Unix()), CodeNotYetValid},
	{"V13 nbf in the future within the leeway", set("nbf", testNow.Add(time.Minute).Unix()), ""},
	{"V13 nbf text", set("nbf", "soon"), CodeNotYetValid},
	{"V13 nbf past (D2L)", set("nbf", testNow.Add(-5*time.Minute).Unix()), ""},
	{"V13 60 s token, our clock 40 s ahead", times(-40*time.Second, 20*time.Second), ""},
	{"V13 60 s token, our clock 100 s ahead", times(-100*time.Second, -40*time.Second), ""},
	{"V13 60 s token, our clock 40 s behind", times(40*time.Second, 100*time.Second), ""},
}

var ltiSpoilings = []spoiling{
	{"V15 deployment_id missing", unset(claimDeploymentID), CodeDeploymentMissing},
	{"V15 deployment_id empty", set(claimDeploymentID, ""), CodeDeploymentMissing},
	{"V15 deployment_id an object", set(claimDeploymentID, map[string]any{}), CodeDeploymentMissing},
	{"V15 deployment_id with a NUL", deployment("a\x00b", true), CodeDeploymentMissing},
	{"V15 deployment_id too long", deployment(long256, true), CodeDeploymentMissing},
	{"V15 deployment_id as long as may be", deployment(long255, true), ""},
	{"V15 the login names no deployment (Chamilo)", func(t *testing.T, a *attempt) {
		deployment("", false)(t, a)
		a.claims[claimDeploymentID] = "dep-1"
	}, ""},
	{"V15 deployment_id a number", func(t *testing.T, a *attempt) {
		deployment("13", true)(t, a)
		a.claims[claimDeploymentID] = 13
	}, ""},
	{"V15 deployment_id is not the login's", func(_ *testing.T, a *attempt) {
		a.registration().Deployments["dep-2"] = true
		a.claims[claimDeploymentID] = "dep-2"
	}, CodeDeploymentMismatch},
	{"V15 deployment unknown", deployment("dep-9", false), CodeDeploymentUnknown},
	{"V15 deployment not active", deployment("dep-off", false), CodeDeploymentUnknown},
	{"V15 deployment not active, though new ones are adopted", deployment("dep-off", true), CodeDeploymentUnknown},
	{"V15 deployment adopted", deployment("dep-9", true), ""},
	{"V15 deployment one too many to be adopted", func(t *testing.T, a *attempt) {
		deployment("dep-9", true)(t, a)
		crowd := maps.Clone(a.registration().Deployments)
		for i := range adoptMost {
			crowd[fmt.Sprint("adopted ", i)] = true
		}
		a.registration().Deployments = crowd
	}, CodeDeploymentUnknown},
	{"V16 version missing", unset(claimVersion), CodeVersionMissing},
	{"V16 version null", set(claimVersion, nil), CodeVersionMissing},
	{"V16 version another", set(claimVersion, "1.1"), CodeVersionUnsupported},
	{"V16 version a number", set(claimVersion, 1.3), CodeVersionUnsupported},
	{"V17 message_type missing", unset(claimMessageType), CodeMessageMissing},
	{"V17 message_type another", set(claimMessageType, "LtiStartProctoring"), CodeMessageUnsupported},
	{"V17 submission review", set(claimMessageType, "LtiSubmissionReviewRequest"), CodeMessageUnsupported},
	{"V17 message_type not text", set(claimMessageType, 1), CodeMessageUnsupported},
	{"V18 roles missing", unset(claimRoles), CodeRolesMissing},
	{"V18 roles null", set(claimRoles, nil), CodeRolesMissing},
	{"V18 roles an object", set(claimRoles, map[string]any{"a": 1}), CodeRolesMissing},
	{"V18 roles empty", set(claimRoles, []string{}), ""},
	{"V18 roles one text", set(claimRoles, "Learner"), ""},
	{"V19 sub missing", unset("sub"), CodeSubMissing},
	{"V19 sub empty", set("sub", ""), CodeSubMissing},
	{"V19 sub too long", set("sub", long256), CodeSubMissing},
	{"V19 sub as long as may be", set("sub", long255), ""},
	{"V19 sub with a NUL", set("sub", "a\x00b"), CodeSubMissing},
	{"V19 sub an object", set("sub", map[string]any{}), CodeSubMissing},
	{"V19 sub a number", set("sub", 12), ""},
	{"V19 sub missing, anonymous allowed", anonymous(nil), ""},
	{"V19 sub too long, anonymous allowed", anonymous(long256), CodeSubMissing},
	{"V19 sub an object, anonymous allowed", anonymous(map[string]any{}), CodeSubMissing},
}

// deployment has both login and token name a deployment.
func deployment(id string, adopt bool) func(*testing.T, *attempt) {
	return func(t *testing.T, a *attempt) {
		a.registration().AdoptDeployments = adopt
		request := goodLogin()
		request.DeploymentID = id
		*a = *a.beginWith(t, request)
		a.claims[claimDeploymentID] = id
	}
}

func anonymous(sub any) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) {
		a.registration().AllowAnonymous = true
		a.claims["sub"] = sub
	}
}

var linkSpoilings = []spoiling{
	{"V20 resource_link missing", unset(claimResourceLink), CodeResourceLinkMissing},
	{"V20 resource_link without id", set(claimResourceLink, map[string]any{"title": "x"}), CodeResourceLinkMissing},
	{"V20 resource_link.id empty", set(claimResourceLink, map[string]any{"id": ""}), CodeResourceLinkMissing},
	{"V20 resource_link.id null", set(claimResourceLink, map[string]any{"id": nil}), CodeResourceLinkMissing},
	{"V20 resource_link.id too long", set(claimResourceLink, map[string]any{"id": long256}), CodeResourceLinkMissing},
	{"V20 resource_link.id as long as may be", set(claimResourceLink, map[string]any{"id": long255}), ""},
	{"V20 resource_link.id with a NUL", set(claimResourceLink, map[string]any{"id": "a\x00b"}), CodeResourceLinkMissing},
	{"V20 resource_link.id an object", set(claimResourceLink, map[string]any{"id": map[string]any{}}), CodeResourceLinkMissing},
	{"V20 resource_link text", set(claimResourceLink, "link-1"), CodeResourceLinkMissing},
	{"V20 resource_link {} (OpenOLAT), allowed", func(_ *testing.T, a *attempt) {
		a.registration().LinkFromDeployment = true
		a.claims[claimResourceLink] = map[string]any{}
	}, ""},
	{"V20 resource_link.id too long, though it may be missing", func(_ *testing.T, a *attempt) {
		a.registration().LinkFromDeployment = true
		a.claims[claimResourceLink] = map[string]any{"id": long256}
	}, CodeResourceLinkMissing},
	{"V20 resource_link.id an object, though it may be missing", func(_ *testing.T, a *attempt) {
		a.registration().LinkFromDeployment = true
		a.claims[claimResourceLink] = map[string]any{"id": map[string]any{}}
	}, CodeResourceLinkMissing},
	{"V21 target_link_uri missing", unset(claimTargetLinkURI), CodeTargetMissing},
	{"V21 target_link_uri elsewhere", set(claimTargetLinkURI, "https://evil.example/lti/launch"), CodeTargetInvalid},
	{"V21 target_link_uri of another path", set(claimTargetLinkURI, testPublic+"/rooms/x"), CodeTargetInvalid},
	{"V21 target_link_uri without https", set(claimTargetLinkURI, "http://bridge.example/lti/launch"), CodeTargetInvalid},
	{"V21 target_link_uri a script", set(claimTargetLinkURI, "javascript:alert(1)"), CodeTargetInvalid},
	{"V21 target_link_uri not text", set(claimTargetLinkURI, 7), CodeTargetInvalid},
	{"V21 target_link_uri is not the login's", set(claimTargetLinkURI, testPublic+"/lti/launch?room=weekly"), ""},
	{"V22 good", deepLinking(func(map[string]any) {}), ""},
	{"V22 settings missing", func(t *testing.T, a *attempt) {
		deepLinking(func(map[string]any) {})(t, a)
		delete(a.claims, claimDLSettings)
	}, CodeDeepLinkingInvalid},
	{"V22 settings a list", func(t *testing.T, a *attempt) {
		deepLinking(func(map[string]any) {})(t, a)
		a.claims[claimDLSettings] = []string{"x"}
	}, CodeDeepLinkingInvalid},
	{"V22 return URL missing", deepLinking(func(s map[string]any) { delete(s, "deep_link_return_url") }), CodeDeepLinkingInvalid},
	{"V22 return URL without https", deepLinking(func(s map[string]any) { s["deep_link_return_url"] = "http://lms.example/return" }), CodeDeepLinkingInvalid},
	{"V22 return URL a script", deepLinking(func(s map[string]any) { s["deep_link_return_url"] = "javascript:alert(1)" }), CodeDeepLinkingInvalid},
	{"V22 return URL relative", deepLinking(func(s map[string]any) { s["deep_link_return_url"] = "/return" }), CodeDeepLinkingInvalid},
	{"V22 accept_types missing", deepLinking(func(s map[string]any) { delete(s, "accept_types") }), CodeDeepLinkingInvalid},
	{"V22 accept_types an object", deepLinking(func(s map[string]any) { s["accept_types"] = map[string]any{"a": 1} }), CodeDeepLinkingInvalid},
	{"V22 targets missing", deepLinking(func(s map[string]any) { delete(s, "accept_presentation_document_targets") }), CodeDeepLinkingInvalid},
	{"V22 data too long", deepLinking(func(s map[string]any) { s["data"] = strings.Repeat("x", maxData) }), CodeDeepLinkingInvalid},
	{"V22 target_link_uri may be missing", func(t *testing.T, a *attempt) {
		deepLinking(func(map[string]any) {})(t, a)
		delete(a.claims, claimTargetLinkURI)
	}, ""},
	{"V22 target_link_uri elsewhere", func(t *testing.T, a *attempt) {
		deepLinking(func(map[string]any) {})(t, a)
		a.claims[claimTargetLinkURI] = "https://evil.example/lti/launch"
	}, CodeTargetInvalid},
	{"V22 resource_link means nothing (Blackboard)", func(t *testing.T, a *attempt) {
		deepLinking(func(map[string]any) {})(t, a)
		a.claims[claimResourceLink] = map[string]any{"id": long256}
	}, ""},
}

var optionalSpoilings = []spoiling{
	{"V23 context.id too long", set(claimContext, map[string]any{"id": long256}), CodeContextIDInvalid},
	{"V23 guid too long", set(claimToolPlatform, map[string]any{"guid": long256}), CodePlatformGUIDInvalid},
	{"V23 ids as long as may be", func(_ *testing.T, a *attempt) {
		a.claims[claimContext], a.claims[claimToolPlatform] = map[string]any{"id": long255}, map[string]any{"guid": long255}
	}, ""},
	{"V23 context text", set(claimContext, "course"), ""},
	{"V23 custom a list", set(claimCustom, []string{"a"}), ""},
}
