package lti

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// configurationOf is a whole configuration of an issuer, whose addresses are
// all at one host.
func configurationOf(issuer, host, family string) map[string]any {
	return map[string]any{
		"issuer": issuer, "authorization_endpoint": "https://" + host + "/auth", "token_endpoint": "https://" + host + "/token",
		"jwks_uri": "https://" + host + "/jwks", "registration_endpoint": "https://" + host + "/register?registrationToken=s3cret-s3cret",
		platformConfiguration: map[string]any{"product_family_code": family},
	}
}

func textOf(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lookingAt is a registrar without a network: these are its answers.
func lookingAt(answers ...fakeAnswer) (*Registrar, *fakeService) {
	service := &fakeService{answers: answers}
	return &Registrar{HTTP: &http.Client{Transport: service}, PublicURL: testPublic, Now: (&clock{at: testNow}).now}, service
}

// TestBelonging: only whoever has an issuer's host says where its keys are,
// but for the issuers that vendors have for all.
func TestBelonging(t *testing.T) {
	for _, test := range []struct {
		name, from, issuer, host string
		spoil                    func(map[string]any)
		want                     Belonging // empty: refused
		frames                   []string
	}{
		{name: "at the issuer's host", from: "https://moodle.example/mod/c.php", issuer: "https://moodle.example", host: "moodle.example", want: OwnIssuer},
		{name: "an issuer with a path (Sakai)", from: "https://sakai.example/c", issuer: "https://sakai.example/deployment/2", host: "sakai.example", want: OwnIssuer},
		{name: "an issuer with a slash", from: "https://moodle.example/c", issuer: "https://moodle.example/", host: "moodle.example", want: OwnIssuer},
		{name: "the usual port, written out", from: "https://moodle.example:443/c", issuer: "https://Moodle.Example", host: "moodle.example", want: OwnIssuer},
		{name: "addresses elsewhere, which the issuer's host names (D2L)", from: "https://uni.d2l.example/c", issuer: "https://uni.d2l.example", host: "auth.brightspace.com", want: OwnIssuer},
		{name: "another host", from: "https://evil.example/c", issuer: "https://moodle.example", host: "moodle.example"},
		{name: "a host that ends alike", from: "https://evilmoodle.example/c", issuer: "https://moodle.example", host: "moodle.example"},
		{name: "another port", from: "https://moodle.example:8443/c", issuer: "https://moodle.example", host: "moodle.example"},
		{name: "a host above", from: "https://example/c", issuer: "https://moodle.example", host: "example"},
		{
			name: "Canvas at a school's host", from: "https://canvas.uni.example/api/c", issuer: "https://canvas.instructure.com",
			host: "sso.canvaslms.com", want: SharedIssuer, frames: []string{"https://canvas.uni.example"},
		},
		{
			name: "Canvas at the issuer's host", from: "https://canvas.instructure.com/api/c", issuer: "https://canvas.instructure.com",
			host: "canvas.instructure.com", want: SharedIssuer, frames: []string{"https://canvas.instructure.com"},
		},
		{
			name: "a Canvas that a school runs", from: "https://canvas.uni.example/api/c", issuer: "https://canvas.instructure.com",
			host: "canvas.uni.example", want: DoubtfulIssuer, frames: []string{"https://canvas.uni.example"},
		},
		{
			name: "a Canvas whose keys alone are elsewhere", from: "https://canvas.uni.example/api/c", issuer: "https://canvas.instructure.com",
			host: "sso.canvaslms.com", spoil: func(c map[string]any) { c["jwks_uri"] = "https://canvas.uni.example/jwks" },
			want: DoubtfulIssuer, frames: []string{"https://canvas.uni.example"},
		},
		{
			name: "a Canvas whose tokens alone are elsewhere", from: "https://canvas.uni.example/api/c", issuer: "https://canvas.instructure.com",
			host: "sso.canvaslms.com", spoil: func(c map[string]any) { c["token_endpoint"] = "https://canvas.uni.example/token" },
			want: DoubtfulIssuer, frames: []string{"https://canvas.uni.example"},
		},
		{
			name: "a Canvas where somebody else gives client ids", from: "https://canvas.uni.example/api/c", issuer: "https://canvas.instructure.com",
			host: "sso.canvaslms.com", spoil: func(c map[string]any) { c["registration_endpoint"] = "https://canvas.uni.example/register" },
			want: DoubtfulIssuer, frames: []string{"https://canvas.uni.example"},
		},
		{
			name: "hosts that end like the vendor's", from: "https://evil.example/c", issuer: "https://canvas.instructure.com",
			host: "evilinstructure.com", want: DoubtfulIssuer, frames: []string{"https://evil.example"},
		},
		{
			name: "Blackboard", from: "https://developer.blackboard.com/c", issuer: "https://blackboard.com",
			host: "developer.blackboard.com", want: SharedIssuer, frames: []string{"https://developer.blackboard.com"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			configuration := configurationOf(test.issuer, test.host, "")
			if test.spoil != nil {
				test.spoil(configuration)
			}
			r, _ := lookingAt(fakeAnswer{status: 200, body: textOf(t, configuration)}, fakeAnswer{status: 201, body: `{"client_id":"c"}`})
			offer, err := r.Look(t.Context(), test.from, "")
			if test.want == "" {
				if codeOfRegistration(err) != CodeRegistrationIssuer {
					t.Fatalf("%+v, %v", offer, err)
				}
				return
			}
			if err != nil || offer.Belongs != test.want || offer.Issuer != test.issuer {
				t.Fatalf("%+v, %v, want %s", offer, err, test.want)
			}
			registered, err := r.Register(t.Context(), offer, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.frames, registered.Registration.FrameAncestors); diff != "" {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVendors is what two vendors publish, as far as it is known.
func TestVendors(t *testing.T) {
	canvas := configurationOf("https://canvas.instructure.com", "canvas.instructure.com", "canvas")
	canvas["authorization_server"] = "canvas.instructure.com"
	canvas[platformConfiguration].(map[string]any)[canvasAccountName] = "Test \x00University"
	blackboard := configurationOf("https://blackboard.com", "developer.blackboard.com", "BlackboardLearn")
	blackboard["jwks_uri"] = "https://developer.blackboard.com/.well-known/jwks.json"
	blackboard["authorization_server"] = "https://developer.blackboard.com/token"
	d2l := configurationOf("https://uni.d2l.example", "auth.brightspace.com", "desire2learn")
	d2l["authorization_server"] = "https://api.brightspace.com/auth/token"
	for _, test := range []struct {
		name, from    string
		configuration map[string]any
		want          Registration
		family        Family
	}{
		{"Canvas's audience isn't an address", "https://canvas.uni.example/c", canvas, Registration{
			Name: "Test University", Issuer: "https://canvas.instructure.com", AuthURL: "https://canvas.instructure.com/auth",
			TokenURL: "https://canvas.instructure.com/token", JWKSURL: "https://canvas.instructure.com/jwks",
			FrameAncestors: []string{"https://canvas.uni.example"},
		}, FamilyCanvas},
		{"Blackboard's keys are the client's own", "https://developer.blackboard.com/c", blackboard, Registration{
			Name: "developer.blackboard.com", Issuer: "https://blackboard.com", AuthURL: "https://developer.blackboard.com/auth",
			TokenURL: "https://developer.blackboard.com/token", JWKSURL: "https://developer.blackboard.com/api/v1/management/applications/a%2Fb/jwks.json",
			FrameAncestors: []string{"https://developer.blackboard.com"},
		}, FamilyBlackboard},
		{"D2L's audience isn't the token URL", "https://uni.d2l.example/c", d2l, Registration{
			Name: "uni.d2l.example", Issuer: "https://uni.d2l.example", AuthURL: "https://auth.brightspace.com/auth",
			TokenURL: "https://auth.brightspace.com/token", JWKSURL: "https://auth.brightspace.com/jwks", TokenAudience: "https://api.brightspace.com/auth/token",
		}, FamilyD2L},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.ClientID, test.want.AdoptDeployments, test.want.Deployments = "a/b", true, map[string]bool{}
			r, asked := lookingAt(fakeAnswer{status: 200, body: textOf(t, test.configuration)}, fakeAnswer{status: 201, body: `{"client_id":"a/b"}`})
			offer, err := r.Look(t.Context(), test.from, "t0ken")
			if err != nil {
				t.Fatal(err)
			}
			registered, err := r.Register(t.Context(), offer, "t0ken", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, registered.Registration); diff != "" || registered.Family != test.family {
				t.Errorf("%s (-want +got):\n%s", registered.Family, diff)
			}
			post := asked.asked[1]
			if !strings.HasSuffix(post.url, "/register?registrationToken=s3cret-s3cret") || post.header.Get("Authorization") != "Bearer t0ken" {
				t.Errorf("posted to %s with %v", post.url, post.header)
			}
			if private := strings.Contains(post.body, `"https://canvas.instructure.com/lti/privacy_level":"name_only"`); private != (test.family == FamilyCanvas) {
				t.Errorf("posted %s", post.body)
			}
		})
	}
}

// TestMoodleRegisters reads what Moodle 4.5.6 said.
func TestMoodleRegisters(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("..", "testdata", "moodle", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	from, err := url.Parse("http://127.0.0.1:8085/mod/lti/openid-configuration.php")
	if err != nil {
		t.Fatal(err)
	}
	offer, refused := parseOffer(read("openid_configuration.json"), from, true)
	if refused != nil {
		t.Fatal(refused)
	}
	if offer.Family != FamilyMoodle || offer.Version != "4.5.6 (Build: 20250811)" || offer.Belongs != OwnIssuer || offer.Algorithms != nil {
		t.Errorf("%+v", offer)
	}
	var recorded struct {
		Calls []struct {
			Name     string
			Response json.RawMessage
		}
	}
	if err := json.Unmarshal(read("dynamic_registration.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	r := &Registrar{Card: Card{Custom: map[string]string{"groups": "$Moodle.Person.userGroupIds", "picture": "$User.image"}}}
	found := 0
	for _, call := range recorded.Calls {
		if call.Name != "registration" && call.Name != "update" {
			continue
		}
		found++
		got, refused := parseRegistered(call.Response, offer, r.Asks(offer), true)
		if refused != nil {
			t.Fatal(refused)
		}
		if diff := cmp.Diff(Features{}, got.Dropped()); diff != "" {
			t.Errorf("%s: dropped (-want +got):\n%s", call.Name, diff)
		}
		want := Registration{
			Name: "127.0.0.1:8085", Issuer: "http://127.0.0.1:8085", ClientID: "f5z4mUvuJmQDcVs", AuthURL: "http://127.0.0.1:8085/mod/lti/auth.php",
			TokenURL: "http://127.0.0.1:8085/mod/lti/token.php", JWKSURL: "http://127.0.0.1:8085/mod/lti/certs.php", Deployments: map[string]bool{"14": true},
		}
		if diff := cmp.Diff(want, got.Registration); diff != "" {
			t.Errorf("%s (-want +got):\n%s", call.Name, diff)
		}
		if diff := cmp.Diff([]string{"groups"}, got.Granted.Custom); diff != "" {
			t.Errorf("custom parameters (-want +got):\n%s", diff)
		}
	}
	if found != 2 {
		t.Errorf("%d registrations in the file", found)
	}
}

// TestUnreached: what an admin has to look at is told apart.
func TestUnreached(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"no such name", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "moodle.invalid", IsNotFound: true}}, CodeRegistrationName},
		{"a name server that is silent", &net.DNSError{IsTimeout: true}, CodeRegistrationTimeout},
		{"nobody listens", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, CodeRegistrationUnreachable},
		{"a deadline", context.DeadlineExceeded, CodeRegistrationTimeout},
		{"a certificate of somebody unknown", &tls.CertificateVerificationError{Err: errors.New("unknown authority")}, CodeRegistrationTLS},
		{"http spoken on https", tls.RecordHeaderError{}, CodeRegistrationTLS},
		{"a private address", &net.OpError{Op: "dial", Err: &AddressError{Address: "10.0.0.1:443"}}, CodeRegistrationPrivate},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := lookingAt(fakeAnswer{err: test.err})
			const secret = "t0p-s3cret"
			_, err := r.Look(t.Context(), "https://moodle.example/c?registration_token="+secret, secret)
			if codeOfRegistration(err) != test.want || strings.Contains(err.Error(), secret) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	client := GuardedClient("test", []string{strings.TrimPrefix(server.URL, "https://")}, 0)
	t.Cleanup(client.CloseIdleConnections)
	r := &Registrar{HTTP: client, PublicURL: testPublic, Now: (&clock{at: testNow}).now}
	if _, err := r.Look(t.Context(), server.URL+"/c", ""); codeOfRegistration(err) != CodeRegistrationTLS {
		t.Error(err)
	}
}

// TestSlowPlatform: one that doesn't answer is given up, and the call's end is
// observed.
func TestSlowPlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, service := lookingAt(fakeAnswer{status: 200})
		service.hold = make(chan struct{})
		outcomes := []string{}
		r.Now = time.Now
		r.Observe = func(call, outcome string, took time.Duration) {
			outcomes = append(outcomes, fmt.Sprint(call, " ", outcome, " ", took))
		}
		if _, err := r.Look(t.Context(), "https://moodle.example/c", ""); codeOfRegistration(err) != CodeRegistrationTimeout {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"configuration no_answer 15s"}, outcomes); diff != "" {
			t.Errorf("observed (-want +got):\n%s", diff)
		}
	})
}

// TestConfigurationMoved follows redirects as any call does. Whose
// configuration it is, the address says that answered at last.
func TestConfigurationMoved(t *testing.T) {
	moved := func(to string) fakeAnswer {
		return fakeAnswer{status: 302, header: http.Header{"Location": {to}}}
	}
	good := fakeAnswer{status: 200, body: textOf(t, configurationOf("https://moodle.example", "moodle.example", "moodle"))}
	for _, test := range []struct {
		name, from string
		token      RegistrationToken
		answers    []fakeAnswer
		want       string // code
	}{
		{"within the host", "https://moodle.example/old", "t", []fakeAnswer{moved("/new"), good}, ""},
		{"to the issuer's host", "https://www.moodle.example/c", "", []fakeAnswer{moved("https://moodle.example/c"), good}, ""},
		{"away from it, to somebody who pretends", "https://moodle.example/go?to=", "", []fakeAnswer{moved("https://evil.example/c"), good}, CodeRegistrationIssuer},
		{"with a token", "https://www.moodle.example/c", "t", []fakeAnswer{moved("https://moodle.example/c"), good}, CodeRegistrationRedirect},
		{"to http", "https://moodle.example/c", "", []fakeAnswer{moved("http://moodle.example/c"), good}, CodeRegistrationRedirect},
		{"in a circle", "https://moodle.example/c", "", []fakeAnswer{moved("/c")}, CodeRegistrationRedirect},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := lookingAt(test.answers...)
			if _, err := r.Look(t.Context(), test.from, test.token); codeOfRegistration(err) != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestRegisteringMoves posts nothing to another place than was named.
func TestRegisteringMoves(t *testing.T) {
	for _, status := range []int{302, 307} {
		r, _ := lookingAt(
			fakeAnswer{status: 200, body: textOf(t, configurationOf("https://moodle.example", "moodle.example", "moodle"))},
			fakeAnswer{status: status, header: http.Header{"Location": {"https://evil.example/register"}}},
			fakeAnswer{status: 200, body: `{"client_id":"c"}`},
		)
		offer, err := r.Look(t.Context(), "https://moodle.example/c", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Register(t.Context(), offer, "", nil); codeOfRegistration(err) != CodeRegistrationRedirect {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestWordsOfPlatform: what a platform says is short, on one line, and without
// the token, the one in an address included.
func TestWordsOfPlatform(t *testing.T) {
	said := "bad token t0p-s3cret\nand s3cret-s3cret " + strings.Repeat("x", 1000)
	r, _ := lookingAt(
		fakeAnswer{status: 200, body: textOf(t, configurationOf("https://moodle.example", "moodle.example", "moodle"))},
		fakeAnswer{status: 400, body: said},
	)
	offer, err := r.Look(t.Context(), "https://moodle.example/c", "t0p-s3cret")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Register(t.Context(), offer, "t0p-s3cret", nil)
	var refused *RegistrationError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	want := RegistrationError{
		Code: CodeRegistrationRefused, Step: "registration", Host: "moodle.example", Status: 400,
		Words: ("bad token [redacted] and [redacted] " + strings.Repeat("x", 1000))[:maxReason],
	}
	if diff := cmp.Diff(want, *refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	for _, secret := range []any{RegistrationToken("t0p-s3cret"), struct{ T RegistrationToken }{"t0p-s3cret"}} {
		if text := logged(secret) + fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, textOf(t, secret)); strings.Contains(text, "t0p") {
			t.Error(text)
		}
	}
}

// TestUpdateElsewhere: no token goes to an address that the platform names at
// another host, and a client of another issuer isn't touched.
func TestUpdateElsewhere(t *testing.T) {
	offer, refused := parseOffer([]byte(textOf(t, configurationOf("https://moodle.example", "lms.example", ""))), &url.URL{Scheme: "https", Host: "moodle.example"}, false)
	if refused != nil {
		t.Fatal(refused)
	}
	for _, test := range []struct{ name, uri, want string }{
		{"where we registered", "https://lms.example/clients/1", "https://lms.example/clients/1"},
		{"at the issuer", "https://moodle.example/clients/1", "https://moodle.example/clients/1"},
		{"elsewhere", "https://evil.example/clients/1", ""},
		{"http", "http://moodle.example/clients/1", ""},
		{"empty", "", ""},
	} {
		answer := textOf(t, map[string]any{"client_id": "c", "registration_client_uri": test.uri})
		got, refused := parseRegistered([]byte(answer), offer, Features{}, false)
		if refused != nil || got.ClientURI != test.want {
			t.Errorf("%s: %q, %v", test.name, got.ClientURI, refused)
		}
	}
	r, service := lookingAt(fakeAnswer{status: 409})
	r.Tokens = &Tokens{HTTP: r.HTTP, Keys: oneKey{testKey(t)}, Now: r.Now}
	for name, known := range map[string]*Client{
		"of another issuer":  {Registration{Issuer: "https://other.example", TokenURL: "https://other.example/t"}, "https://other.example/c"},
		"without an address": {Registration: Registration{Issuer: "https://moodle.example"}},
	} {
		service.asked = nil
		if _, err := r.Register(t.Context(), offer, "", known); codeOfRegistration(err) != CodeRegistrationRefused || len(service.asked) != 1 {
			t.Errorf("%s: %v after %d calls", name, err, len(service.asked))
		}
	}
}

// TestUpdatesAnotherClient: an answer about another client changes nothing of
// ours, and the first refusal is what is said.
func TestUpdatesAnotherClient(t *testing.T) {
	r, _ := lookingAt(
		fakeAnswer{status: 200, body: textOf(t, configurationOf("https://moodle.example", "moodle.example", ""))},
		fakeAnswer{status: 409, body: `{"error":"exists"}`}, fakeAnswer{status: 200, body: goodToken}, fakeAnswer{status: 200, body: `{"client_id":"another"}`},
	)
	r.Tokens = &Tokens{HTTP: r.HTTP, Keys: oneKey{testKey(t)}, Now: r.Now}
	offer, err := r.Look(t.Context(), "https://moodle.example/c", "")
	if err != nil {
		t.Fatal(err)
	}
	known := &Client{Registration{Issuer: "https://moodle.example", ClientID: "c", TokenURL: "https://moodle.example/token"}, "https://moodle.example/clients/c"}
	if _, err := r.Register(t.Context(), offer, "", known); codeOfRegistration(err) != CodeRegistrationRefused || !strings.Contains(err.Error(), "exists") {
		t.Error(err)
	}
}

func TestFamilies(t *testing.T) {
	for code, want := range map[string]Family{
		"moodle": FamilyMoodle, "Moodle": FamilyMoodle, "canvas": FamilyCanvas, "BlackboardLearn": FamilyBlackboard,
		"desire2learn": FamilyD2L, "Brightspace": FamilyD2L, "d2l": FamilyD2L, "sakailms.org": FamilySakai, "ilias.de": FamilyILIAS,
		"Open edX": FamilyOpenEdX, "openedx": FamilyOpenEdX, "ExampleLMS": FamilyOther, "": FamilyOther,
	} {
		if got := familyOf(code); got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
}

// TestAsks: a list that isn't there, or is empty, rules nothing out.
func TestAsks(t *testing.T) {
	card := Card{Custom: map[string]string{"history": "$Context.id.history", "fixed": "x"}}
	all := Features{
		Messages: []MessageType{ResourceLinkRequest, DeepLinkingRequest}, Scopes: wishedScopes, Claims: wishedClaims, Custom: []string{"fixed", "history"},
	}
	for _, test := range []struct {
		name  string
		spoil func(c, platform map[string]any)
		want  func(*Features)
	}{
		{"nothing is listed", func(_, _ map[string]any) {}, func(*Features) {}},
		{"all lists are empty", func(c, p map[string]any) {
			c["scopes_supported"], c["claims_supported"], p["messages_supported"], p["variables"] = []string{}, []string{}, []string{}, []string{}
		}, func(*Features) {}},
		{"lists are no lists", func(c, p map[string]any) {
			c["scopes_supported"], c["claims_supported"], p["messages_supported"], p["variables"] = 7, map[string]any{}, "", nil
		}, func(*Features) {}},
		{"what isn't there isn't asked for", func(c, p map[string]any) {
			c["scopes_supported"], c["claims_supported"] = []string{"openid", AGSScore}, []string{"sub", "picture"}
			p["messages_supported"], p["variables"] = []any{map[string]any{"type": "LtiResourceLinkRequest"}}, []string{"$User.id"}
		}, func(f *Features) {
			f.Messages, f.Scopes, f.Claims, f.Custom = f.Messages[:1], []string{AGSScore}, []string{"sub"}, []string{"fixed"}
		}},
		{"variables with their sign", func(_, p map[string]any) { p["variables"] = []string{"$Context.id.history"} }, func(*Features) {}},
		{"no token endpoint, no services", func(c, _ map[string]any) { delete(c, "token_endpoint") }, func(f *Features) { f.Scopes = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			configuration := configurationOf("https://lms.example", "lms.example", "")
			test.spoil(configuration, configuration[platformConfiguration].(map[string]any))
			offer, refused := parseOffer([]byte(textOf(t, configuration)), &url.URL{Scheme: "https", Host: "lms.example"}, false)
			if refused != nil {
				t.Fatal(refused)
			}
			want := all
			test.want(&want)
			if diff := cmp.Diff(want, (&Registrar{Card: card}).Asks(offer)); diff != "" {
				t.Errorf("asks (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzOffer: whatever a configuration says, it is refused with a code or keeps
// its promises; and so does the answer.
func FuzzOffer(f *testing.F) {
	good := textOf(f, configurationOf("https://lms.example", "lms.example", "canvas"))
	f.Add([]byte(good), []byte(`{"client_id":"a","scope":"x","`+toolConfiguration+`":{"deployment_id":7,"messages":["LtiDeepLinkingRequest"],"claims":[]}}`))
	f.Add([]byte(`{"issuer":"https://canvas.instructure.com"}`), []byte(`{"client_id":null}`))
	if text, err := os.ReadFile(filepath.Join("..", "testdata", "moodle", "openid_configuration.json")); err == nil {
		f.Add(text, []byte(`[]`))
	}
	from := &url.URL{Scheme: "https", Host: "lms.example"}
	whole, refused := parseOffer([]byte(good), from, false)
	if refused != nil {
		f.Fatal(refused)
	}
	r := &Registrar{PublicURL: testPublic, Card: Card{Custom: map[string]string{"a": "$User.id"}}}
	f.Fuzz(func(t *testing.T, configuration, answer []byte) {
		offer, refused := parseOffer(configuration, from, false)
		switch {
		case refused != nil && refused.Code == "":
			t.Fatalf("%v has no code", refused)
		case refused != nil:
			offer = whole
		}
		u, err := url.Parse(offer.Issuer)
		if err != nil || offer.Belongs == OwnIssuer && origin(u) != origin(from) {
			t.Fatalf("issuer %q is its own", offer.Issuer)
		}
		for _, address := range []string{offer.AuthURL, offer.JWKSURL, offer.endpoint} {
			if _, err := absoluteURL(address, false); err != nil {
				t.Fatalf("address %q: %v", address, err)
			}
		}
		if _, err := r.request(offer); err != nil {
			t.Fatal(err)
		}
		registered, refused := parseRegistered(answer, offer, r.Asks(offer), false)
		if refused != nil {
			if refused.Code == "" {
				t.Fatalf("%v has no code", refused)
			}
			return
		}
		if id := registered.Registration.ClientID; id == "" || len(id) > maxClientID || strings.ContainsAny(id, "\x00\r\n") {
			t.Fatalf("client id %q", id)
		}
		if id := registered.Deployment; len(id) > maxID || (id == "") == (len(registered.Registration.Deployments) == 1) {
			t.Fatalf("deployment %q of %v", id, registered.Registration.Deployments)
		}
		for _, scope := range registered.Granted.Scopes {
			if !strings.HasPrefix(scope, "https://purl.imsglobal.org/") {
				t.Fatalf("scope %q", scope)
			}
		}
	})
}
