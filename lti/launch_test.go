package lti

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A spoiling is one good launch, wrong in one place.
type spoiling struct {
	name  string
	spoil func(*testing.T, *attempt)
	code  string // empty: accepted
}

// set changes one claim.
func set(name string, value any) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) { a.claims[name] = value }
}

// unset takes one claim out.
func unset(name string) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) { delete(a.claims, name) }
}

// head changes one member of the header, or takes it out.
func head(name string, value any) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) {
		if a.header[name] = value; value == nil {
			delete(a.header, name)
		}
	}
}

// rewrite changes the signed token.
func rewrite(change func(string) string) func(*testing.T, *attempt) {
	return func(t *testing.T, a *attempt) {
		a.sign(t)
		a.response.IDToken = IDToken(change(string(a.response.IDToken)))
	}
}

// literal has the payload as text, with name's value replaced.
func literal(name, value string) func(*testing.T, *attempt) {
	return func(t *testing.T, a *attempt) {
		a.claims[name] = json.RawMessage(value)
		payload, err := json.Marshal(a.claims)
		if err != nil {
			t.Fatal(err)
		}
		a.payload = payload
	}
}

func deepLinking(change func(settings map[string]any)) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) {
		settings := goodSettings()
		change(settings)
		a.claims[claimMessageType] = "LtiDeepLinkingRequest"
		a.claims[claimDLSettings] = settings
		delete(a.claims, claimResourceLink)
	}
}

func goodSettings() map[string]any {
	return map[string]any{
		"deep_link_return_url": "https://lms.example/return?course=2", "accept_types": []string{"ltiResourceLink"},
		"accept_presentation_document_targets": []string{"iframe", "window"},
	}
}

func times(iat, exp time.Duration) func(*testing.T, *attempt) {
	return func(_ *testing.T, a *attempt) {
		a.claims["iat"], a.claims["exp"] = testNow.Add(iat).Unix(), testNow.Add(exp).Unix()
	}
}

var long256 = strings.Repeat("x", 256)

// TestLaunch spoils one good launch in one place for each check. V1 and V25
// are of HTTP: see handlers. V14's second half, nonce_replayed, is of whoever
// records the launch.
func TestLaunch(t *testing.T) {
	for _, group := range [][]spoiling{stateSpoilings, tokenSpoilings, identitySpoilings, timeSpoilings, ltiSpoilings, linkSpoilings, optionalSpoilings} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) {
				a := newWorld(t).begin(t)
				test.spoil(t, a)
				_, err := a.launch(t)
				wantCode(t, err, test.code)
				if test.code == "" && err != nil {
					t.Errorf("Launch: %v, want it accepted", err)
				}
			})
		}
	}
}

var stateSpoilings = []spoiling{
	{"good", func(*testing.T, *attempt) {}, ""},
	{"V2 platform error", func(_ *testing.T, a *attempt) {
		a.response.Error, a.response.ErrorDescription = "login_required", "no session"
	}, CodePlatformError},
	{"V2 platform error without state (Chamilo)", func(_ *testing.T, a *attempt) { a.response = Response{Error: "access_denied"} }, CodePlatformError},
	{"V3 state missing", func(_ *testing.T, a *attempt) { a.response.State = "" }, CodeStateMissing},
	{"V3 state never given", func(_ *testing.T, a *attempt) { a.response.State = "state-forged" }, CodeStateUnknown},
	{"V3 state too short", func(_ *testing.T, a *attempt) { a.response.State = "AAAA" }, CodeStateUnknown},
	{"V3 state too long", func(_ *testing.T, a *attempt) { a.response.State = strings.Repeat("A", maxState+4) }, CodeStateUnknown},
	{"V3 state changed", func(t *testing.T, a *attempt) {
		b, err := base64URL.DecodeString(a.response.State)
		if err != nil {
			t.Fatal(err)
		}
		b[7]++ // a second younger
		a.response.State = base64URL.EncodeToString(b)
	}, CodeStateUnknown},
	{"V3 state of another key", func(_ *testing.T, a *attempt) {
		a.response.State = loginState{Created: testNow, Registration: "reg-1"}.seal([]byte("another key"))
	}, CodeStateUnknown},
	{"V3 state of another form, well authenticated", func(_ *testing.T, a *attempt) {
		a.response.State = base64URL.EncodeToString(append([]byte("short"), mac(a.tool.StateKey, "state", []byte("short"))...))
	}, CodeStateUnknown},
	{"V3 state expired", func(_ *testing.T, a *attempt) {
		a.clock.pass(10 * time.Minute)
		a.claims["iat"], a.claims["exp"] = a.clock.now().Unix(), a.clock.now().Add(time.Minute).Unix()
	}, CodeStateExpired},
	{"V3 state just not expired", func(_ *testing.T, a *attempt) {
		a.clock.pass(10*time.Minute - time.Second)
		a.claims["iat"], a.claims["exp"] = a.clock.now().Unix(), a.clock.now().Add(time.Minute).Unix()
	}, ""},
	{"V3 state of the future", func(_ *testing.T, a *attempt) { a.clock.pass(-2 * time.Minute) }, CodeStateExpired},
	{"V3 registration is gone since", func(_ *testing.T, a *attempt) { a.store.list = nil }, CodeLoginUnknownPlatform},
	{"V3 registration is disabled since", func(_ *testing.T, a *attempt) { a.registration().Disabled = true }, CodePlatformDisabled},
	{"V4 cookie of another login", func(_ *testing.T, a *attempt) { a.cookies[a.answer.CookieName] = random() }, CodeStateMismatch},
	{"V4 cookie of another tab beside ours", func(_ *testing.T, a *attempt) { a.cookies["__Host-lti_another"] = random() }, ""},
}

var tokenSpoilings = []spoiling{
	{"V5 id_token missing", func(_ *testing.T, a *attempt) { a.unsent = true }, CodeIDTokenMissing},
	{"V5 two parts", rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")] }), CodeIDTokenMalformed},
	{"V5 five parts (encrypted)", rewrite(func(s string) string { return s + ".AA.AA" }), CodeIDTokenMalformed},
	{"V5 not base64url", rewrite(func(s string) string { return "+" + s }), CodeIDTokenMalformed},
	{"V5 padded", rewrite(func(s string) string { return s + "=" }), CodeIDTokenMalformed},
	{"V5 too long", set("padding", strings.Repeat("x", maxIDToken)), CodeIDTokenMalformed},
	{"V5 header not JSON", rewrite(func(s string) string { return b64([]byte("{")) + s[strings.Index(s, "."):] }), CodeIDTokenMalformed},
	{"V5 header a list", rewrite(func(s string) string { return b64([]byte("[]")) + s[strings.Index(s, "."):] }), CodeIDTokenMalformed},
	{"V5 header says alg twice", func(_ *testing.T, a *attempt) {
		a.rawHeader = `{"alg":"RS256","kid":"key-1","alg":"RS256"}`
	}, CodeIDTokenMalformed},
	{"V5 payload not JSON", func(_ *testing.T, a *attempt) { a.payload = []byte("hello") }, CodeIDTokenMalformed},
	{"V5 payload a list", func(_ *testing.T, a *attempt) { a.payload = []byte(`[]`) }, CodeIDTokenMalformed},
	{"V5 payload not UTF-8", func(_ *testing.T, a *attempt) { a.payload = []byte("{\"sub\":\"\xff\"}") }, CodeIDTokenMalformed},
	{"V5 a claim occurs twice", func(t *testing.T, a *attempt) {
		payload, err := json.Marshal(a.claims)
		if err != nil {
			t.Fatal(err)
		}
		a.payload = append([]byte(`{"sub":"admin",`), payload[1:]...)
	}, CodeIDTokenMalformed},
	{"V5 a claim occurs twice, once escaped", func(t *testing.T, a *attempt) {
		payload, err := json.Marshal(a.claims)
		if err != nil {
			t.Fatal(err)
		}
		a.payload = append([]byte(`{"s\u0075b":"admin",`), payload[1:]...)
	}, CodeIDTokenMalformed},
	{"V5 a member of a claim occurs twice", literal(claimResourceLink, `{"id":"link-1","id":"link-2"}`), CodeIDTokenMalformed},
	{"V5 a member of an optional claim occurs twice", literal(claimContext, `{"id":"1","id":"2"}`), CodeIDTokenMalformed},
	{"V5 a member of a claim we don't read occurs twice", literal("https://lms.example/extra", `{"a":1,"a":2}`), ""},
	{"V6 none", func(_ *testing.T, a *attempt) { a.header["alg"], a.key = "none", nil }, CodeAlgNotAllowed},
	{"V6 alg missing", head("alg", nil), CodeAlgNotAllowed},
	{"V6 alg not text", head("alg", 256), CodeAlgNotAllowed},
	{"V6 HS256 with the public key", hs256, CodeAlgNotAllowed},
	{"V6 HS256, listed by mistake", func(t *testing.T, a *attempt) {
		a.registration().Algorithms = []string{"HS256", "none", "RS256"}
		hs256(t, a)
	}, CodeAlgNotAllowed},
	{"V6 RS512, not listed", head("alg", "RS512"), CodeAlgNotAllowed},
	{"V6 RS512, listed", func(_ *testing.T, a *attempt) {
		a.registration().Algorithms = []string{"RS256", "RS512"}
		a.header["alg"] = "RS512"
	}, ""},
	{"V6 ES256, listed", func(_ *testing.T, a *attempt) {
		a.registration().Algorithms = []string{"ES256"}
		a.publish(http.StatusOK, jwksText(ecMember("key-1", ecKey())))
		a.header["alg"], a.key = "ES256", ecKey()
	}, ""},
	{"V6 ES256 with the kid of an RSA key", func(_ *testing.T, a *attempt) {
		a.registration().Algorithms = []string{"ES256", "RS256"}
		a.header["alg"], a.key = "ES256", ecKey()
	}, CodeAlgNotAllowed},
	{"V6 RS256 with a key for RS512", func(_ *testing.T, a *attempt) {
		member := rsaMember("key-1", rsaKeys()[0])
		member["alg"] = "RS512"
		a.publish(http.StatusOK, jwksText(member))
	}, CodeAlgNotAllowed},
	{"V6 typ another", head("typ", "at+jwt"), CodeAlgNotAllowed},
	{"V6 typ not text", head("typ", 1), CodeAlgNotAllowed},
	{"V6 typ missing", head("typ", nil), ""},
	{"V6 typ in lower case", head("typ", "jwt"), ""},
	{"V6 crit", head("crit", []string{"exp"}), CodeAlgNotAllowed},
	{"V6 compressed", head("zip", "DEF"), CodeAlgNotAllowed},
	{"V7 kid missing", head("kid", nil), CodeKidMissing},
	{"V7 kid empty", head("kid", ""), CodeKidMissing},
	{"V7 kid not text", head("kid", 1), CodeKidMissing},
	{"V8 kid unknown", head("kid", "key-9"), CodeKidUnknown},
	{"V8 kid too long", head("kid", strings.Repeat("k", maxKid+1)), CodeKidUnknown},
	{"V8 key set unavailable", func(_ *testing.T, a *attempt) { a.publish(http.StatusInternalServerError, "") }, CodeJWKSUnavailable},
	{"V8 key set over http", func(_ *testing.T, a *attempt) {
		a.registration().JWKSURL = strings.Replace(a.registration().JWKSURL, "https:", "http:", 1)
	}, CodeJWKSUnavailable},
	{"V9 signature of another key", func(_ *testing.T, a *attempt) { a.key = rsaKeys()[1] }, CodeSignatureInvalid},
	{"V9 signature changed", rewrite(func(s string) string {
		if s[len(s)-10] == 'A' {
			return s[:len(s)-10] + "B" + s[len(s)-9:]
		}
		return s[:len(s)-10] + "A" + s[len(s)-9:]
	}), CodeSignatureInvalid},
	{"V9 signature empty", rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")+1] }), CodeSignatureInvalid},
	{"V9 payload changed", rewrite(func(s string) string {
		parts := strings.Split(s, ".")
		return parts[0] + "." + b64([]byte(`{}`)) + "." + parts[2]
	}), CodeSignatureInvalid},
	{"V9 key in the header", func(_ *testing.T, a *attempt) {
		a.header["jwk"], a.key = rsaMember("key-1", rsaKeys()[1]), rsaKeys()[1]
	}, CodeSignatureInvalid},
	{"V9 key of another registered platform", otherPlatform, CodeKidUnknown},
}

// hs256 signs with the published key as the secret of an HMAC.
func hs256(t *testing.T, a *attempt) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKeys()[0].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	a.header["alg"] = "HS256"
	token := signToken(t, a.header, a.claims, nil)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(strings.TrimSuffix(token, ".")))
	a.response.IDToken = IDToken(token + b64(h.Sum(nil)))
}

// otherPlatform has a second platform sign a token in its own name, as the
// answer to a login of the first.
func otherPlatform(t *testing.T, a *attempt) {
	t.Helper()
	other := newWorld(t)
	other.publish(http.StatusOK, jwksText(rsaMember("key-2", rsaKeys()[1])))
	second := *other.registration()
	second.ID, second.Issuer = "reg-2", "https://second.example"
	a.store.list = append(a.store.list, second)
	a.header["kid"], a.key, a.claims["iss"] = "key-2", rsaKeys()[1], second.Issuer
}

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
	{"V15 deployment_id too long", set(claimDeploymentID, long256), CodeDeploymentMissing},
	{"V15 deployment_id is not the login's", func(_ *testing.T, a *attempt) {
		a.registration().Deployments["dep-2"] = true
		a.claims[claimDeploymentID] = "dep-2"
	}, CodeDeploymentMismatch},
	{"V15 deployment unknown", deployment("dep-9", false), CodeDeploymentUnknown},
	{"V15 deployment not active", deployment("dep-off", false), CodeDeploymentUnknown},
	{"V15 deployment not active, though new ones are adopted", deployment("dep-off", true), CodeDeploymentUnknown},
	{"V15 deployment adopted", deployment("dep-9", true), ""},
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
	{"V23 context text", set(claimContext, "course"), ""},
	{"V23 custom a list", set(claimCustom, []string{"a"}), ""},
}

func TestLaunchStoreFails(t *testing.T) {
	a := newWorld(t).begin(t)
	a.store.err = errors.New("disk is gone")
	if _, err := a.launch(t); !errors.Is(err, a.store.err) || codeOf(err) != "" {
		t.Errorf("Launch = %v, want the store's error and no refusal", err)
	}
}

// TestLaunchTwoTabs: two launches of one browser don't disturb each other.
func TestLaunchTwoTabs(t *testing.T) {
	w := newWorld(t)
	first, second := w.begin(t), w.begin(t)
	jar := first.cookies
	for name, value := range second.cookies {
		jar[name] = value
	}
	second.cookies = jar
	second.mustLaunch(t)
	first.mustLaunch(t)
}

// TestLaunchSecondRegistration: two clients of one issuer, each with its own
// keys; neither's token answers a login of the other.
func TestLaunchSecondRegistration(t *testing.T) {
	w := newWorld(t)
	second := *w.registration()
	second.ID, second.ClientID = "reg-2", "client-2"
	w.store.list = append(w.store.list, second)
	request := goodLogin()
	request.ClientID = "client-2"
	a := w.beginWith(t, request)
	_, err := a.launch(t)
	wantCode(t, err, CodeAudMismatch)

	b := w.beginWith(t, request)
	b.claims["aud"] = "client-2"
	if got := b.mustLaunch(t).Registration.ID; got != "reg-2" {
		t.Errorf("launch of registration %s, want reg-2", got)
	}
}

// TestRefusalText: an administrator can see what to change.
func TestRefusalText(t *testing.T) {
	a := newWorld(t).begin(t)
	a.claims["iss"] = testIssuer + "/"
	_, err := a.launch(t)
	for _, part := range []string{CodeIssMismatch, testIssuer + "/", `registered "` + testIssuer + `"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v doesn't say %s", err, part)
		}
	}
	if got := (&Refusal{Code: CodeStateMissing}).Error(); got != CodeStateMissing {
		t.Errorf("a refusal without a cause says %q", got)
	}
}

// TestLaunchGivesUp: a browser that goes away doesn't leave a launch behind.
func TestLaunchGivesUp(t *testing.T) {
	a := newWorld(t).begin(t)
	a.sign(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.tool.Launch(ctx, a.response); err != nil {
		t.Errorf("Launch = %v: the key set is fetched for others too", err)
	}
	if got := a.fetches.Load(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
}
