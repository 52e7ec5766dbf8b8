package lti

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// A bridge is a tool that registers itself where it is invited, and launches.
type bridge struct {
	t         *testing.T
	lms       *ltitest.LMS
	clock     *clock
	store     *memory
	tool      *Tool
	registrar *Registrar
	tokens    *Tokens
	url       string

	mu         sync.Mutex
	offer      Offer
	registered Registered
	err        error
	launched   Launch
	invited    url.Values // of the last visit
}

func newBridge(t *testing.T, o ltitest.Options) *bridge {
	t.Helper()
	b := &bridge{t: t, clock: &clock{at: testNow}, store: &memory{}}
	o.Seed, o.Now = true, b.clock.now
	b.lms = ltitest.Start(t, o)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	keys := oneKey{testKey(t)}
	client := GuardedClient("bbbridge-test", []string{strings.TrimPrefix(rootOf(b.lms.URL()), "http://")}, 0)
	t.Cleanup(client.CloseIdleConnections)
	b.tool = &Tool{
		PublicURL: b.url, Registrations: b.store, KeySets: &KeySets{HTTP: client, Now: b.clock.now},
		StateKey: stateKey, Now: b.clock.now, InsecureLoopback: true,
	}
	b.tokens = &Tokens{HTTP: client, Keys: keys, Now: b.clock.now}
	b.registrar = &Registrar{
		HTTP: client, PublicURL: b.url, InsecureLoopback: true, Tokens: b.tokens, Now: b.clock.now,
		Card: Card{
			Texts: map[string]CardTexts{
				"en": {Name: "Classrooms", Description: "Live classes", Open: "Classroom", Choose: "Choose a classroom"},
				"de": {Name: "Klassenräume", Choose: "Raum wählen"},
			},
			IconURL: b.url + "/icon.png", HomeURL: b.url + "/",
			Custom: map[string]string{"user": "$User.username", "zone": "$Person.address.timezone", "open": "room"},
		},
	}
	mux.HandleFunc("/lti/register", b.register)
	mux.HandleFunc("/lti/login", b.login)
	mux.HandleFunc("/lti/launch", b.launch)
	mux.HandleFunc("/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(PublicKeySet([]Key{keys.key}))
	})
	return b
}

// rootOf is an address without its path.
func rootOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return origin(u)
}

func (b *bridge) register(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invited = r.URL.Query()
	token := RegistrationToken(b.invited.Get("registration_token"))
	if b.offer, b.err = b.registrar.Look(r.Context(), b.invited.Get("openid_configuration"), token); b.err == nil {
		var known *Client
		if len(b.store.list) == 1 {
			known = &Client{b.store.list[0], b.registered.ClientURI}
		}
		var registered Registered
		if registered, b.err = b.registrar.Register(r.Context(), b.offer, token, known); b.err == nil {
			b.registered = registered
			registered.Registration.ID = "reg-1"
			b.store.list = []Registration{registered.Registration}
		}
	}
	fmt.Fprintln(w, "done")
}

func (b *bridge) login(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	request, err := ParseLoginRequest(r.Form)
	if err == nil {
		var login Login
		if login, err = b.tool.Login(r.Context(), request); err == nil {
			http.SetCookie(w, &http.Cookie{
				Name: login.CookieName, Value: login.CookieValue, Path: "/", Secure: true, HttpOnly: true,
				SameSite: http.SameSiteNoneMode, Partitioned: true,
			})
			http.Redirect(w, r, login.Redirect, http.StatusSeeOther)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusBadRequest)
}

func (b *bridge) launch(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	launched, err := b.tool.Launch(r.Context(), Response{
		State: r.PostForm.Get("state"), IDToken: IDToken(r.PostForm.Get("id_token")),
		Cookie: func(name string) string {
			cookie, err := r.Cookie(name)
			if err != nil {
				return ""
			}
			return cookie.Value
		},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.launched = launched
	fmt.Fprintln(w, "in")
}

// invite has the LMS's admin paste our link.
func (b *bridge) invite(o ltitest.RegisterOptions) error {
	b.t.Helper()
	page, err := b.lms.OpenRegistration(b.url+"/lti/register?code=c0de", o)
	if err != nil || page.Status != http.StatusOK || b.invited.Get("code") != "c0de" {
		b.t.Fatalf("the link leads to %v, %v", page, err)
	}
	return b.err
}

// mustInvite expects a registration, which is switched on.
func (b *bridge) mustInvite(o ltitest.RegisterOptions) ltitest.Tool {
	b.t.Helper()
	if err := b.invite(o); err != nil {
		b.t.Fatal(err)
	}
	tools := b.lms.Tools()
	return b.lms.ActivateTool(tools[len(tools)-1].ID)
}

// launches launches a new link as Anna.
func (b *bridge) launches(tool ltitest.Tool) {
	b.t.Helper()
	link := b.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "Room", LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
	page, err := b.lms.Launch(ltitest.NewBrowser(), link.ID, "anna", ltitest.LaunchOptions{})
	if err != nil || page.Status != http.StatusOK {
		b.t.Fatalf("launch: %v, %v", page, err)
	}
	if b.launched.DeploymentID != tool.DeploymentID || b.launched.User.Name != "Anna Moreau" || b.launched.User.Email != "" {
		b.t.Errorf("launched %+v of deployment %s", b.launched.User, tool.DeploymentID)
	}
	if b.launched.Grades.LineItem == "" {
		b.t.Error("the launch names no line item")
	}
	if _, err := b.tokens.Token(b.t.Context(), b.store.list[0], tool.DeploymentID, AGSScore); err != nil {
		b.t.Errorf("access token: %v", err)
	}
}

func codeOfRegistration(err error) string {
	var refused *RegistrationError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// TestRegisterInTheMannerOf registers with each kind of platform, launches and
// asks for an access token.
func TestRegisterInTheMannerOf(t *testing.T) {
	withoutRegistration := slices.Clone(wishedScopes)
	shared := []string{"iss", "sub", "name", "given_name", "family_name"}
	for _, test := range []struct {
		profile    string
		family     Family
		placements []string
		deployment bool // it is named in the answer
		adopts     bool
		algorithms []string
		client     bool // it can be updated at an address of its own
		audience   string
	}{
		{profile: "moodle", family: FamilyMoodle, placements: []string{"ContentArea"}, deployment: true},
		{profile: "canvas", family: FamilyCanvas, placements: []string{"course_navigation", "assignment_selection", "link_selection", "editor_button"}, adopts: true},
		{profile: "sakai", family: FamilySakai, deployment: true, adopts: true},
		{profile: "blackboard", family: FamilyBlackboard, adopts: true, algorithms: []string{"RS256", "RS512"}, client: true},
		{profile: "d2l", family: FamilyD2L, deployment: true, adopts: true, audience: "/auth/token"},
		{profile: "plain", family: FamilyOther, placements: []string{"ContentArea", "RichTextEditor"}, deployment: true, client: true},
	} {
		t.Run(test.profile, func(t *testing.T) {
			b := newBridge(t, ltitest.Options{Profile: test.profile, Name: "Our school"})
			tool := b.mustInvite(ltitest.RegisterOptions{})
			wanted := Features{
				Messages: []MessageType{ResourceLinkRequest, DeepLinkingRequest}, Placements: test.placements,
				Scopes: withoutRegistration, Claims: shared, Custom: []string{"open", "user"},
			}
			for name, got := range map[string]Features{"asked": b.registered.Asked, "granted": b.registered.Granted} {
				if diff := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if diff := cmp.Diff(Features{}, b.registered.Dropped()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
			known := b.lms.Registration(tool)
			want := Registration{
				ID: "reg-1", Name: strings.TrimPrefix(rootOf(b.lms.URL()), "http://"), Issuer: known.Issuer, ClientID: tool.ClientID,
				AuthURL: known.AuthURL, TokenURL: known.TokenURL, JWKSURL: known.JWKSURL, Algorithms: test.algorithms,
				AdoptDeployments: test.adopts, Deployments: map[string]bool{},
			}
			if test.family == FamilyCanvas {
				want.Name = "Our school"
			}
			if test.audience != "" {
				want.TokenAudience = b.lms.URL() + test.audience
			}
			if test.deployment {
				want.Deployments[tool.DeploymentID] = true
			}
			if diff := cmp.Diff([]Registration{want}, b.store.list); diff != "" {
				t.Errorf("registration (-want +got):\n%s", diff)
			}
			if b.registered.Family != test.family || b.offer.Belongs != OwnIssuer || (b.registered.ClientURI != "") != test.client {
				t.Errorf("family %s, %s issuer, client at %q", b.registered.Family, b.offer.Belongs, b.registered.ClientURI)
			}
			b.launches(tool)
			if tool.LinkFields["user"] != "$User.username" || tool.Name != "Classrooms" || tool.ShareEmail {
				t.Errorf("the platform knows %+v", tool)
			}
		})
	}
}

// TestRegisterAgain: the same client, with its deployment, whichever way the
// platform has for it.
func TestRegisterAgain(t *testing.T) {
	for _, test := range []struct {
		profile string
		update  bool // the platform's admin asks for it
		used    bool // the token is used up: it goes by the client's own address
	}{
		{"moodle", true, false},
		{"sakai", true, false},
		{"plain", true, false},
		{"plain", false, true},
		{"blackboard", false, true},
	} {
		t.Run(fmt.Sprint(test.profile, " by its own address: ", test.used), func(t *testing.T) {
			b := newBridge(t, ltitest.Options{Profile: test.profile})
			tool := b.mustInvite(ltitest.RegisterOptions{})
			first := b.store.list[0]
			b.launches(tool)
			if test.profile == "blackboard" { // it names no deployment, but we have met one
				b.store.list[0].Deployments[tool.DeploymentID] = true
				first.Deployments = map[string]bool{}
			}
			b.registrar.Card.Texts["en"] = CardTexts{Name: "Renamed", Open: "Classroom", Choose: "Choose"}
			o := ltitest.RegisterOptions{}
			if test.update {
				o.Update = tool.ID
			}
			if test.used {
				b.lms.Change(func(lms *ltitest.Behaviour) { lms.Registering.OneDomain = true })
			}
			b.mustInvite(o)
			if diff := cmp.Diff(first, b.store.list[0]); diff != "" {
				t.Errorf("registration (-first +again):\n%s", diff)
			}
			tools := b.lms.Tools()
			if len(tools) != 1 || tools[0].Name != "Renamed" || b.registered.Updated != test.used {
				t.Errorf("%d tools, the first is called %s, updated by its address: %v", len(tools), tools[0].Name, b.registered.Updated)
			}
			b.launches(tools[0])
		})
	}
}

// TestRegisterRefused has each failure with its code. Nothing that any of them
// says has the token in it.
func TestRegisterRefused(t *testing.T) {
	quirk := func(f func(*ltitest.Registering)) func(*bridge) {
		return func(b *bridge) { b.lms.Change(func(lms *ltitest.Behaviour) { f(&lms.Registering) }) }
	}
	configuration := func(name string, value any) func(*bridge) {
		return quirk(func(r *ltitest.Registering) {
			r.ConfigurationAs = func(c map[string]any) {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
		})
	}
	answer := func(f func(map[string]any)) func(*bridge) {
		return quirk(func(r *ltitest.Registering) { r.AnswerAs = f })
	}
	fault := func(f ltitest.Fault) func(*bridge) { return func(b *bridge) { b.lms.Be(f) } }
	at := func(address string) ltitest.RegisterOptions {
		return ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("openid_configuration", address) }}
	}
	for _, test := range []struct {
		name    string
		profile string
		spoil   func(*bridge)
		options ltitest.RegisterOptions
		code    string
		words   string // of the platform
	}{
		{name: "no address", options: at(""), code: CodeRegistrationAddress},
		{name: "an address that is none", options: at("moodle.example"), code: CodeRegistrationAddress},
		{name: "a file", options: at("file:///etc/passwd"), code: CodeRegistrationAddress},
		{name: "loopback on a port that isn't allowed", options: at("http://127.0.0.1:1/c"), code: CodeRegistrationPrivate},
		{name: "a cloud's metadata", options: at("http://169.254.169.254/latest"), code: CodeRegistrationPrivate},
		{name: "a private network", options: at("https://10.0.0.1/c"), code: CodeRegistrationPrivate},
		{name: "http where https is", spoil: func(b *bridge) { b.registrar.InsecureLoopback = false }, code: CodeRegistrationAddress},
		{name: "https where http is", spoil: func(*bridge) {}, options: ltitest.RegisterOptions{Link: func(q url.Values) {
			q.Set("openid_configuration", strings.Replace(q.Get("openid_configuration"), "http:", "https:", 1))
		}}, code: CodeRegistrationTLS},
		{name: "the connection closes", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Answer: ltitest.AnswerClosed}), code: CodeRegistrationUnreachable},
		{name: "a page", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Answer: ltitest.AnswerHTML}), code: CodeRegistrationUnreadable},
		{name: "64 MiB", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Answer: ltitest.AnswerHuge}), code: CodeRegistrationTooLarge},
		{name: "half an answer", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Answer: ltitest.AnswerTruncated}), code: CodeRegistrationUnreachable},
		{name: "a fault of its own", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Status: 503}), code: CodeRegistrationPlatformFails, words: "Service Unavailable"},
		{name: "no configuration there", spoil: fault(ltitest.Fault{At: ltitest.ConfigurationEndpoint, Status: 404}), code: CodeRegistrationNoConfig, words: "Not Found"},
		{name: "parameters lost", profile: "sakai", options: ltitest.RegisterOptions{Link: func(q url.Values) {
			q.Set("openid_configuration", strings.Split(q.Get("openid_configuration"), "?")[0])
		}}, code: CodeRegistrationNoConfig, words: "Missing clientId"},
		{name: "Canvas tells it to no stranger", profile: "canvas", options: ltitest.RegisterOptions{Link: func(q url.Values) {
			q.Set("registration_token", "made-up")
		}}, code: CodeRegistrationToken, words: "invalid_token"},
		{name: "a token with a line break", options: ltitest.RegisterOptions{Link: func(q url.Values) {
			q.Set("registration_token", "a\r\nb: c")
		}}, code: CodeRegistrationToken},
		{name: "no issuer", spoil: configuration("issuer", nil), code: CodeRegistrationIncomplete, words: "issuer"},
		{name: "an issuer of null", spoil: configuration("issuer", map[string]any{}), code: CodeRegistrationIncomplete, words: "issuer"},
		{name: "an empty issuer", spoil: configuration("issuer", ""), code: CodeRegistrationIncomplete, words: "issuer"},
		{name: "an issuer with a query", spoil: configuration("issuer", "https://lms.example/?a"), code: CodeRegistrationIncomplete, words: "issuer"},
		{name: "an issuer that no login could name", spoil: configuration("issuer", "https://lms.example/"+strings.Repeat("x", 2048)), code: CodeRegistrationIncomplete, words: "issuer"},
		{name: "somebody else's issuer", spoil: configuration("issuer", "https://moodle.other.example"), code: CodeRegistrationIssuer, words: "https://moodle.other.example"},
		{name: "the issuer's host on another port", spoil: configuration("issuer", "http://127.0.0.1"), code: CodeRegistrationIssuer, words: "http://127.0.0.1"},
		{name: "no keys", spoil: configuration("jwks_uri", nil), code: CodeRegistrationIncomplete, words: "jwks_uri"},
		{name: "a token endpoint that is none", spoil: configuration("token_endpoint", "ftp://lms.example"), code: CodeRegistrationIncomplete, words: "token_endpoint"},
		{name: "an authentication endpoint with a user", spoil: configuration("authorization_endpoint", "https://a:b@lms.example"), code: CodeRegistrationIncomplete, words: "authorization_endpoint"},
		{name: "nowhere to register", spoil: quirk(func(r *ltitest.Registering) { r.NoEndpoint = true }), code: CodeRegistrationUnsupported},
		{name: "signatures that nobody should trust", spoil: quirk(func(r *ltitest.Registering) { r.Algorithms = "none HS256" }), code: CodeRegistrationAlgorithm},
		{name: "signatures of ours that it doesn't take", spoil: configuration("token_endpoint_auth_signing_alg_values_supported", []string{"ES256"}), code: CodeRegistrationAlgorithm},
		{name: "no token", options: ltitest.RegisterOptions{Link: func(q url.Values) { q.Del("registration_token") }}, code: CodeRegistrationToken, words: "missing_registration_token"},
		{name: "a token of nobody", options: ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("registration_token", "made-up") }}, code: CodeRegistrationToken, words: "Exception - Wrong number of segments"},
		{name: "a token of Sakai's that is nobody's", profile: "sakai", options: ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("registration_token", "made-up") }}, code: CodeRegistrationToken, words: "Forbidden"},
		{name: "the domain is another tool's", profile: "d2l", spoil: func(b *bridge) {
			b.lms.AddTool(ltitest.Tool{LaunchURL: b.url + "/other"})
		}, code: CodeRegistrationRefused, words: "invalid_client_metadata: The domain is used by another registration"},
		{name: "our keys can't be had", profile: "d2l", spoil: func(b *bridge) {
			b.registrar.PublicURL = "http://127.0.0.1:1"
		}, code: CodeRegistrationRefused, words: "invalid_client_metadata: The keyset can't be reached"},
		{name: "a fault while registering", spoil: fault(ltitest.Fault{At: ltitest.RegistrationEndpoint, Status: 500}), code: CodeRegistrationPlatformFails, words: "Internal Server Error"},
		{name: "a page instead of an answer", spoil: fault(ltitest.Fault{At: ltitest.RegistrationEndpoint, Answer: ltitest.AnswerHTML}), code: CodeRegistrationUnreadable},
		{name: "an answer of 64 MiB", spoil: fault(ltitest.Fault{At: ltitest.RegistrationEndpoint, Answer: ltitest.AnswerHuge}), code: CodeRegistrationTooLarge},
		{name: "no client id", spoil: answer(func(a map[string]any) { delete(a, "client_id") }), code: CodeRegistrationNoClientID},
		{name: "a client id of null", spoil: answer(func(a map[string]any) { a["client_id"] = nil }), code: CodeRegistrationNoClientID},
		{name: "an empty client id", spoil: answer(func(a map[string]any) { a["client_id"] = "" }), code: CodeRegistrationNoClientID},
		{name: "a client id that is an object", spoil: answer(func(a map[string]any) { a["client_id"] = map[string]any{} }), code: CodeRegistrationNoClientID},
		{name: "a client id with a line break", spoil: answer(func(a map[string]any) { a["client_id"] = "a\nb" }), code: CodeRegistrationNoClientID},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBridge(t, ltitest.Options{Profile: test.profile})
			if test.spoil != nil {
				test.spoil(b)
			}
			err := b.invite(test.options)
			var refused *RegistrationError
			if !errors.As(err, &refused) || refused.Code != test.code || refused.Words != test.words {
				t.Fatalf("%v, want %s with words %q", err, test.code, test.words)
			}
			if len(b.store.list) > 0 {
				t.Errorf("registered all the same: %+v", b.store.list)
			}
			if token := b.invited.Get("registration_token"); len(token) > 10 && strings.Contains(fmt.Sprintf("%v %+v %#v", err, refused, *refused), token) {
				t.Errorf("the token is in %v", err)
			}
		})
	}
}

// TestRegistrationTokenOnce uses a token twice, and one that is too old.
func TestRegistrationTokenOnce(t *testing.T) {
	for _, profile := range []string{"moodle", "canvas", "sakai", "blackboard", "d2l", "plain"} {
		t.Run(profile, func(t *testing.T) {
			b := newBridge(t, ltitest.Options{Profile: profile})
			b.mustInvite(ltitest.RegisterOptions{})
			b.store.list = nil
			offer, token := b.offer, RegistrationToken(b.invited.Get("registration_token"))
			if _, err := b.registrar.Register(t.Context(), offer, token, nil); codeOfRegistration(err) != CodeRegistrationToken {
				t.Errorf("used twice: %v", err)
			}
			late := ltitest.RegisterOptions{Link: func(url.Values) { b.clock.pass(time.Hour + time.Second) }}
			if err := b.invite(late); codeOfRegistration(err) != CodeRegistrationToken {
				t.Errorf("too old: %v", err)
			}
			if tools := b.lms.Tools(); len(tools) != 1 {
				t.Errorf("%d tools", len(tools))
			}
		})
	}
}

// TestGranted: what the platform leaves out is said, and what it doesn't
// speak of is as asked.
func TestGranted(t *testing.T) {
	tool := func(f func(map[string]any)) func(map[string]any) {
		return func(a map[string]any) { f(a[toolConfiguration].(map[string]any)) }
	}
	for _, test := range []struct {
		name    string
		profile string
		drops   []string
		answer  func(map[string]any)
		want    Features
	}{
		{name: "all is granted"},
		{name: "no scores", drops: []string{AGSScore}, want: Features{Scopes: []string{AGSScore}}},
		{name: "no deep linking", drops: []string{"LtiDeepLinkingRequest"}, want: Features{
			Messages: []MessageType{DeepLinkingRequest}, Placements: []string{"ContentArea", "RichTextEditor"},
		}},
		{name: "no deep linking (Moodle)", profile: "moodle", drops: []string{"LtiDeepLinkingRequest"}, want: Features{
			Messages: []MessageType{DeepLinkingRequest}, Placements: []string{"ContentArea"},
		}},
		{name: "a place less", drops: []string{"RichTextEditor"}, want: Features{Placements: []string{"RichTextEditor"}}},
		{name: "no scope is spoken of", answer: func(a map[string]any) { delete(a, "scope") }},
		{name: "scopes of null", answer: func(a map[string]any) { a["scope"] = nil }},
		{name: "no scope at all", answer: func(a map[string]any) { a["scope"] = "" }, want: Features{Scopes: wishedScopes}},
		{name: "scopes as a list", answer: func(a map[string]any) { a["scope"] = wishedScopes[1:] }, want: Features{Scopes: wishedScopes[:1]}},
		{name: "no configuration of the tool", answer: func(a map[string]any) { delete(a, toolConfiguration) }},
		{name: "no name", answer: tool(func(c map[string]any) { c["claims"] = []string{"iss", "sub", "given_name", "family_name"} }), want: Features{Claims: []string{"name"}}},
		{name: "no custom parameters, as PHP writes it", answer: tool(func(c map[string]any) { c["custom_parameters"] = []string{} }), want: Features{Custom: []string{"open", "user"}}},
		{name: "messages by name alone", answer: tool(func(c map[string]any) { c["messages"] = []string{"LtiDeepLinkingRequest"} })},
	} {
		t.Run(test.name, func(t *testing.T) {
			profile := test.profile
			if profile == "" {
				profile = "plain"
			}
			b := newBridge(t, ltitest.Options{Profile: profile})
			b.lms.Change(func(lms *ltitest.Behaviour) {
				lms.Registering.Drops, lms.Registering.AnswerAs = test.drops, test.answer
			})
			b.mustInvite(ltitest.RegisterOptions{})
			if diff := cmp.Diff(test.want, b.registered.Dropped(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
			if b.registered.Granted.Grades() == slices.Contains(test.want.Scopes, AGSScore) {
				t.Errorf("grades can be sent: %v", b.registered.Granted.Grades())
			}
		})
	}
}

// TestDeploymentInAnswer: a missing or empty deployment is none, and then one
// is adopted.
func TestDeploymentInAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"text", "7", "7"},
		{"a number", 7, "7"},
		{"null", nil, ""},
		{"empty", "", ""},
		{"an object", map[string]any{}, ""},
		{"too long", strings.Repeat("7", 256), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBridge(t, ltitest.Options{Profile: "plain"})
			b.lms.Change(func(lms *ltitest.Behaviour) {
				lms.Registering.AnswerAs = func(a map[string]any) { a[toolConfiguration].(map[string]any)["deployment_id"] = test.value }
			})
			b.mustInvite(ltitest.RegisterOptions{})
			r := b.store.list[0]
			if b.registered.Deployment != test.want || r.AdoptDeployments != (test.want == "") || len(r.Deployments) != len(test.want) {
				t.Errorf("deployment %q, %+v", b.registered.Deployment, r)
			}
		})
	}
}

// TestRequestOfRegistration compares what is sent with what a Moodle has taken.
func TestRequestOfRegistration(t *testing.T) {
	b := newBridge(t, ltitest.Options{})
	b.mustInvite(ltitest.RegisterOptions{})
	requests := b.lms.Requests(ltitest.RegistrationEndpoint)
	if len(requests) != 1 || requests[0].Header.Get("Accept") != "application/json" {
		t.Fatalf("requests %+v", requests)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(requests[0].Body), &got); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(b.url, "http://")
	want := map[string]any{
		"application_type": "web", "response_types": []any{"id_token"}, "grant_types": []any{"implicit", "client_credentials"},
		"initiate_login_uri": b.url + "/lti/login", "redirect_uris": []any{b.url + "/lti/launch"},
		"jwks_uri": b.url + "/.well-known/jwks.json", "token_endpoint_auth_method": "private_key_jwt",
		"client_name": "Classrooms", "client_name#de": "Klassenräume", "logo_uri": b.url + "/icon.png", "client_uri": b.url + "/",
		"scope": strings.Join(wishedScopes, " "),
		toolConfiguration: map[string]any{
			"domain": host, "target_link_uri": b.url + "/lti/launch", "description": "Live classes",
			"claims":            []any{"iss", "sub", "name", "given_name", "family_name"},
			"custom_parameters": map[string]any{"open": "room", "user": "$User.username"},
			"messages": []any{
				map[string]any{
					"type": "LtiResourceLinkRequest", "target_link_uri": b.url + "/lti/launch", "label": "Classroom", "icon_uri": b.url + "/icon.png",
				},
				map[string]any{
					"type": "LtiDeepLinkingRequest", "target_link_uri": b.url + "/lti/launch", "label": "Choose a classroom",
					"label#de": "Raum wählen", "icon_uri": b.url + "/icon.png", "placements": []any{"ContentArea"},
				},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}
