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

var long255, long256 = strings.Repeat("x", 255), strings.Repeat("x", 256)

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
	{"V3 state of the future", func(_ *testing.T, a *attempt) { a.clock.pass(-61 * time.Second) }, CodeStateExpired},
	{"V3 state of another node, whose clock is ahead", func(_ *testing.T, a *attempt) { a.clock.pass(-time.Minute) }, ""},
	{"V3 registration is gone since", func(_ *testing.T, a *attempt) { a.store.list = nil }, CodeLoginUnknownPlatform},
	{"V3 registration waits for approval", func(_ *testing.T, a *attempt) { a.registration().Pending = true }, CodePlatformPending},
	{"V3 registration is disabled since", func(_ *testing.T, a *attempt) { a.registration().Disabled = true }, CodePlatformDisabled},
	{"V4 cookie of another login", func(_ *testing.T, a *attempt) { a.cookies[a.answer.CookieName] = random() }, CodeStateMismatch},
	{"V4 cookie of another tab beside ours", func(_ *testing.T, a *attempt) { a.cookies["__Host-lti_another"] = random() }, ""},
}

var tokenSpoilings = []spoiling{
	{"V5 id_token missing", func(_ *testing.T, a *attempt) { a.unsent = true }, CodeIDTokenMissing},
	{"V5 two parts", rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")] }), CodeIDTokenMalformed},
	{"V5 four parts", rewrite(func(s string) string { return s + ".AA" }), CodeIDTokenMalformed},
	{"V5 five parts (encrypted)", rewrite(func(s string) string { return s + ".AA.AA" }), CodeIDTokenMalformed},
	{"V5 not base64url", rewrite(func(s string) string { return "+" + s }), CodeIDTokenMalformed},
	{"V5 padded", rewrite(func(s string) string { return s + "=" }), CodeIDTokenMalformed},
	{"V5 bits left over", rewrite(func(s string) string {
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(digits, s[len(s)-1]) // two bits of the signature, four that are 0
		return s[:len(s)-1] + digits[last+1:last+2]
	}), CodeIDTokenMalformed},
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
	{"V6 RS256, where RS512 alone is listed", func(_ *testing.T, a *attempt) {
		a.registration().Algorithms = []string{"RS512"}
	}, CodeAlgNotAllowed},
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
	{"V6 RS256 with a key for RS256 (Moodle)", func(_ *testing.T, a *attempt) {
		member := rsaMember("key-1", rsaKeys()[0])
		member["alg"] = "RS256"
		a.publish(http.StatusOK, jwksText(member))
	}, ""},
	{"V6 typ another", head("typ", "at+jwt"), CodeAlgNotAllowed},
	{"V6 typ not text", head("typ", 1), CodeAlgNotAllowed},
	{"V6 typ missing", head("typ", nil), ""},
	{"V6 typ in lower case", head("typ", "jwt"), ""},
	{"V6 crit", head("crit", []string{"exp"}), CodeAlgNotAllowed},
	{"V6 crit null", func(_ *testing.T, a *attempt) {
		a.rawHeader = `{"alg":"RS256","kid":"key-1","crit":null}`
	}, CodeAlgNotAllowed},
	{"V6 compressed", head("zip", "DEF"), CodeAlgNotAllowed},
	{"V6 says it is encrypted", head("enc", "A256GCM"), CodeAlgNotAllowed},
	{"V7 kid missing", head("kid", nil), CodeKidMissing},
	{"V7 kid empty", head("kid", ""), CodeKidMissing},
	{"V7 kid not text", head("kid", 1), CodeKidMissing},
	{"V8 kid unknown", head("kid", "key-9"), CodeKidUnknown},
	{"V8 key for encryption", func(_ *testing.T, a *attempt) {
		a.publish(http.StatusOK, jwksText(with(rsaMember("key-1", rsaKeys()[0]), "use", "enc")))
	}, CodeKidUnknown},
	{"V8 key that may wrap other keys alone", func(_ *testing.T, a *attempt) {
		a.publish(http.StatusOK, jwksText(with(rsaMember("key-1", rsaKeys()[0]), "key_ops", []string{"wrapKey"})))
	}, CodeKidUnknown},
	{"V8 key that may verify", func(_ *testing.T, a *attempt) {
		a.publish(http.StatusOK, jwksText(with(with(rsaMember("key-1", rsaKeys()[0]), "use", "sig"), "key_ops", []string{"verify"})))
	}, ""},
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
