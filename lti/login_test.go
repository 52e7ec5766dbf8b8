package lti

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readLogin is what handlers do with a login initiation.
func (w *world) readLogin(v url.Values, id string) (Login, error) {
	request, err := ParseLoginRequest(v)
	if err != nil {
		return Login{}, err
	}
	request.RegistrationID = id
	return w.tool.Login(context.Background(), request)
}

func loginValues() url.Values {
	return url.Values{
		"iss": {testIssuer}, "client_id": {testClient}, "login_hint": {"hint"},
		"target_link_uri": {testPublic + "/lti/launch"}, "lti_deployment_id": {"dep-1"},
	}
}

// TestLogin spoils one good login in one place. L1, L9, L11 and L12 are of
// HTTP: see handlers.
func TestLogin(t *testing.T) {
	long := func(n int) []string { return []string{strings.Repeat("x", n)} }
	second := Registration{ID: "reg-2", Issuer: testIssuer, ClientID: "client-2", Deployments: map[string]bool{"dep-2": true}}
	for _, test := range []struct {
		name  string
		spoil func(url.Values, *world)
		code  string // empty: accepted
	}{
		{"L2 iss missing", func(v url.Values, _ *world) { v.Del("iss") }, CodeLoginMissingIss},
		{"L2 iss empty", func(v url.Values, _ *world) { v.Set("iss", "") }, CodeLoginMissingIss},
		{"L2 iss twice", func(v url.Values, _ *world) { v.Add("iss", "https://other.example") }, CodeLoginMissingIss},
		{"L2 iss too long", func(v url.Values, _ *world) { v["iss"] = long(maxIssuer + 1) }, CodeLoginMissingIss},
		{"L3 login_hint missing", func(v url.Values, _ *world) { v.Del("login_hint") }, CodeLoginMissingHint},
		{"L3 login_hint too long", func(v url.Values, _ *world) { v["login_hint"] = long(maxLoginHint + 1) }, CodeLoginMissingHint},
		{"L3 login_hint as long as may be", func(v url.Values, _ *world) { v["login_hint"] = long(maxLoginHint) }, ""},
		{"L4 target missing", func(v url.Values, _ *world) { v.Del("target_link_uri") }, CodeLoginBadTarget},
		{"L4 target not absolute", func(v url.Values, _ *world) { v.Set("target_link_uri", "/lti/launch") }, CodeLoginBadTarget},
		{"L4 target not https", func(v url.Values, _ *world) { v.Set("target_link_uri", "http://bridge.example/lti/launch") }, CodeLoginBadTarget},
		{"L4 target of another host", func(v url.Values, _ *world) { v.Set("target_link_uri", "https://evil.example/lti/launch") }, CodeLoginBadTarget},
		{"L4 target with our host as user", func(v url.Values, _ *world) {
			v.Set("target_link_uri", "https://bridge.example@evil.example/lti/launch")
		}, CodeLoginBadTarget},
		{"L4 target of another path", func(v url.Values, _ *world) { v.Set("target_link_uri", testPublic+"/admin") }, CodeLoginBadTarget},
		{"L4 target too long", func(v url.Values, _ *world) {
			v.Set("target_link_uri", testPublic+"/lti/launch?"+strings.Repeat("x", maxTargetLinkURI))
		}, CodeLoginBadTarget},
		{"L4 target is our root", func(v url.Values, _ *world) { v.Set("target_link_uri", testPublic) }, ""},
		{"L4 target with a query", func(v url.Values, _ *world) { v.Set("target_link_uri", testPublic+"/lti/launch?room=weekly") }, ""},
		{"L4 target with the usual port", func(v url.Values, _ *world) { v.Set("target_link_uri", "https://BRIDGE.example:443/lti/launch") }, ""},
		{"L5 issuer unknown", func(v url.Values, _ *world) { v.Set("iss", "https://other.example") }, CodeLoginUnknownPlatform},
		{"L5 issuer with a slash is another one", func(v url.Values, _ *world) { v.Set("iss", testIssuer+"/") }, CodeLoginUnknownPlatform},
		{"L5 client unknown", func(v url.Values, _ *world) { v.Set("client_id", "client-9") }, CodeLoginUnknownPlatform},
		{"L5 client twice", func(v url.Values, _ *world) { v.Add("client_id", "client-2") }, CodeLoginUnknownPlatform},
		{"L5 no client, one registration", func(v url.Values, _ *world) { v.Del("client_id") }, ""},
		{"L5 no client, two registrations", func(v url.Values, w *world) {
			v.Del("client_id")
			v.Del("lti_deployment_id")
			w.store.list = append(w.store.list, second)
		}, CodeLoginAmbiguousClient},
		{"L5 no client, two registrations, deployment of neither", func(v url.Values, w *world) {
			v.Del("client_id")
			v.Set("lti_deployment_id", "dep-3")
			w.store.list = append(w.store.list, second)
		}, CodeLoginAmbiguousClient},
		{"L5 no client, two registrations, deployment of both (Sakai calls each 1)", func(v url.Values, w *world) {
			v.Del("client_id")
			w.store.list = append(w.store.list, second)
			w.store.list[1].Deployments = map[string]bool{"dep-1": true}
		}, CodeLoginAmbiguousClient},
		{"L5 client too long", func(v url.Values, _ *world) { v["client_id"] = long(maxIssuer + 1) }, CodeLoginUnknownPlatform},
		{"L5 no client, two registrations, deployment tells", func(v url.Values, w *world) {
			v.Del("client_id")
			w.store.list = append(w.store.list, second)
		}, ""},
		{"L5 no client, the other one is disabled", func(v url.Values, w *world) {
			v.Del("client_id")
			off := second
			off.Disabled = true
			w.store.list = append(w.store.list, off)
		}, ""},
		{"L6 waits for approval", func(_ url.Values, w *world) { w.registration().Pending = true }, CodePlatformPending},
		{"L6 waits, and is disabled", func(_ url.Values, w *world) { w.registration().Pending, w.registration().Disabled = true, true }, CodePlatformDisabled},
		{"L6 disabled", func(_ url.Values, w *world) { w.registration().Disabled = true }, CodePlatformDisabled},
		{"L7 message hint too long", func(v url.Values, _ *world) { v["lti_message_hint"] = long(maxMessageHint + 1) }, CodeLoginBadHint},
		{"L7 message hint twice", func(v url.Values, _ *world) { v["lti_message_hint"] = []string{"a", "b"} }, CodeLoginBadHint},
		{"L8 deployment unknown is judged later", func(v url.Values, _ *world) { v.Set("lti_deployment_id", "dep-9") }, ""},
		{"L8 deployment missing", func(v url.Values, _ *world) { v.Del("lti_deployment_id") }, ""},
		{"L8 deployment twice", func(v url.Values, _ *world) { v.Add("lti_deployment_id", "dep-2") }, CodeDeploymentMismatch},
		{"L8 deployment far too long", func(v url.Values, _ *world) { v["lti_deployment_id"] = long(maxLoginHint + 1) }, CodeDeploymentMismatch},
		{"L8 storage target too long", func(v url.Values, _ *world) { v["lti_storage_target"] = long(maxID + 1) }, CodeLoginBadHint},
		{"good", func(url.Values, *world) {}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, v := newWorld(t), loginValues()
			test.spoil(v, w)
			login, err := w.readLogin(v, "")
			wantCode(t, err, test.code)
			if test.code == "" && (err != nil || login.Registration.ID != "reg-1") {
				t.Errorf("got registration %q, error %v; want reg-1", login.Registration.ID, err)
			}
		})
	}
	t.Run("L8 deployment is kept in the state", loginKeepsDeployment)
	t.Run("L10 values can't be guessed", loginValuesAreNew)
}

func loginKeepsDeployment(t *testing.T) {
	for _, id := range []string{"dep-1", ""} {
		w, v := newWorld(t), loginValues()
		v.Set("lti_deployment_id", id)
		login, err := w.readLogin(v, "")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(login.Redirect)
		if err != nil {
			t.Fatal(err)
		}
		state, err := openState(w.tool.StateKey, u.Query().Get("state"))
		if err != nil || state.HasDeployment != (id != "") || id != "" && !state.Deployment.is(id) {
			t.Errorf("deployment %q: state %+v, %v", id, state, err)
		}
	}
}

// loginValuesAreNew: what binds a launch to its login is random.
func loginValuesAreNew(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 50 {
		login, err := w.readLogin(loginValues(), "")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(login.Redirect)
		if err != nil {
			t.Fatal(err)
		}
		nonce := u.Query().Get("nonce")
		for _, value := range []string{u.Query().Get("state"), nonce, login.CookieValue, login.CookieName} {
			if seen[value] {
				t.Fatalf("value %q came twice", value)
			}
			seen[value] = true
		}
		for _, value := range []string{nonce, login.CookieValue} {
			if b, err := base64URL.DecodeString(value); err != nil || len(b) < 16 {
				t.Fatalf("%q has %d bytes (%v), want 128 bits", value, len(b), err)
			}
		}
	}
}

// TestLoginByAddress: /lti/login/<id> fixes the registration.
func TestLoginByAddress(t *testing.T) {
	for _, test := range []struct {
		name, id string
		spoil    func(url.Values)
		code     string
	}{
		{"of two, without client_id", "reg-1", func(v url.Values) { v.Del("client_id") }, ""},
		{"unknown", "reg-9", func(url.Values) {}, CodeLoginUnknownPlatform},
		{"contradicts iss", "reg-1", func(v url.Values) { v.Set("iss", "https://other.example") }, CodeLoginUnknownPlatform},
		{"contradicts client_id", "reg-1", func(v url.Values) { v.Set("client_id", "client-2") }, CodeLoginUnknownPlatform},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, v := newWorld(t), loginValues()
			w.store.list = append(w.store.list, Registration{ID: "reg-2", Issuer: testIssuer, ClientID: "client-2"})
			test.spoil(v)
			_, err := w.readLogin(v, test.id)
			wantCode(t, err, test.code)
		})
	}
}

// TestLooksAgain: what is refused for want of a registration is asked for
// again before, since an admin may have put it right this second. Good logins
// cost no look.
func TestLooksAgain(t *testing.T) {
	other := Registration{ID: "reg-2", Issuer: testIssuer, ClientID: "client-2", Deployments: map[string]bool{"dep-1": true}}
	for _, test := range []struct {
		name   string
		before func(*world) // what is in memory, where w has what is in the database
		login  func(url.Values)
		looks  int
	}{
		{"known", func(*world) {}, func(url.Values) {}, 0},
		{"unknown issuer", func(w *world) { w.store.list = nil }, func(url.Values) {}, 1},
		{"unknown client", func(w *world) { w.registration().ClientID = "client-0" }, func(url.Values) {}, 1},
		{"disabled", func(w *world) { w.registration().Disabled = true }, func(url.Values) {}, 1},
		{"waiting for approval", func(w *world) { w.registration().Pending = true }, func(url.Values) {}, 1},
		{"ambiguous", func(w *world) { w.store.list = append(w.store.list, other) }, func(v url.Values) { v.Del("client_id") }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, v := newWorld(t), loginValues()
			test.login(v)
			w.store.later = slices.Clone(w.store.list)
			test.before(w)
			if login, err := w.readLogin(v, ""); err != nil || login.Registration.ID != "reg-1" || w.store.looks != test.looks {
				t.Errorf("registration %q, %v after %d looks", login.Registration.ID, err, w.store.looks)
			}
		})
	}
	t.Run("still unknown", func(t *testing.T) {
		w, v := newWorld(t), loginValues()
		v.Set("iss", "https://other.example")
		_, err := w.readLogin(v, "")
		wantCode(t, err, CodeLoginUnknownPlatform)
		if w.store.looks != 1 {
			t.Errorf("%d looks, want 1", w.store.looks)
		}
	})
	t.Run("a look that fails is no refusal", func(t *testing.T) {
		w, v := newWorld(t), loginValues()
		v.Set("iss", "https://other.example")
		w.store.lookErr = errors.New("disk is gone")
		if _, err := w.readLogin(v, ""); !errors.Is(err, w.store.lookErr) || codeOf(err) != "" {
			t.Errorf("Login = %v", err)
		}
		a := w.begin(t)
		a.store.list = nil
		if _, err := a.launch(t); !errors.Is(err, w.store.lookErr) || codeOf(err) != "" {
			t.Errorf("Launch = %v", err)
		}
	})
	for name, before := range map[string]func(*world){
		"launch of a registration that came back":     func(w *world) { w.store.list = nil },
		"launch of a registration that is on again":   func(w *world) { w.registration().Disabled = true },
		"launch of a deployment that is new":          func(w *world) { w.registration().Deployments = map[string]bool{"dep-0": true} },
		"launch of a deployment that is active again": func(w *world) { w.registration().Deployments = map[string]bool{"dep-1": false} },
	} {
		t.Run(name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			a.store.later = slices.Clone(a.store.list)
			before(a.world)
			if a.mustLaunch(t); a.store.looks != 1 {
				t.Errorf("%d looks, want 1", a.store.looks)
			}
			if a.begin(t).mustLaunch(t); a.store.looks != 1 {
				t.Errorf("a good launch looks too: %d", a.store.looks)
			}
		})
	}
}

// TestCheckVersion: a form of LTI 1.1 is told from one of LTI 1.3.
func TestCheckVersion(t *testing.T) {
	old := url.Values{"lti_message_type": {"basic-lti-launch-request"}, "lti_version": {"LTI-1p0"}, "oauth_consumer_key": {"key"}, "resource_link_id": {"7"}}
	for _, test := range []struct {
		name string
		v    url.Values
		code string
	}{
		{"a launch", old, CodeLTI11},
		{"a launch that is cut", url.Values{"oauth_consumer_key": {"key"}}, CodeLTI11},
		{"content to be picked", url.Values{"lti_message_type": {"ContentItemSelectionRequest"}}, CodeLTI11},
		{"a version alone", url.Values{"lti_version": {"LTI-1p2"}}, CodeLTI11},
		{"nothing", url.Values{}, ""},
		{"a launch of LTI 1.3", url.Values{"id_token": {"a.b.c"}, "state": {"s"}, "lti_message_type": {"basic-lti-launch-request"}}, ""},
		{"a login of LTI 1.3", url.Values{"iss": {testIssuer}, "lti_version": {"LTI-1p0"}}, ""},
		{"an error of LTI 1.3", url.Values{"error": {"login_required"}, "state": {"s"}, "lti_version": {"LTI-1p0"}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) { wantCode(t, CheckVersion(test.v), test.code) })
	}
	_, err := ParseLoginRequest(old)
	wantCode(t, err, CodeLTI11)
}

func TestLoginStoreFails(t *testing.T) {
	w := newWorld(t)
	w.store.err = errors.New("disk is gone")
	for _, id := range []string{"", "reg-1"} {
		if _, err := w.readLogin(loginValues(), id); !errors.Is(err, w.store.err) || codeOf(err) != "" {
			t.Errorf("Login with id %q = %v, want the store's error and no refusal", id, err)
		}
	}
}

// TestAuthenticationRequest: fact sheet 1.3. Hints come back byte by byte.
func TestAuthenticationRequest(t *testing.T) {
	const hint = `{"cmid":41,"launchid":"a+b %41 é' <x>&y=1"}`
	w, v := newWorld(t), loginValues()
	w.registration().AuthURL = "https://lms.example/auth?school=7#top"
	v.Set("login_hint", "12+3 ü")
	v.Set("lti_message_hint", hint)
	v.Set("canvas_region", "eu")
	v.Set("lti_storage_target", "_parent")
	login, err := w.readLogin(v, "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(login.Redirect, "https://lms.example/auth?school=7&") || strings.Contains(login.Redirect, "#") {
		t.Errorf("redirect to %s: the query of the address isn't kept", login.Redirect)
	}
	u, err := url.Parse(login.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	got := u.Query()
	state, nonce := got.Get("state"), got.Get("nonce")
	got.Del("state")
	got.Del("nonce")
	want := url.Values{
		"school": {"7"}, "scope": {"openid"}, "response_type": {"id_token"}, "response_mode": {"form_post"}, "prompt": {"none"},
		"client_id": {testClient}, "redirect_uri": {testPublic + "/lti/launch"}, "login_hint": {"12+3 ü"}, "lti_message_hint": {hint},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{"state": state, "nonce": nonce, "cookie": login.CookieValue, "cookie name": login.CookieName} {
		if strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%s %q has characters that a platform may take away", name, value)
		}
	}
	if !strings.HasPrefix(login.CookieName, "__Host-lti_") || login.MaxAge != 10*time.Minute || login.StorageTarget != "_parent" {
		t.Errorf("got cookie %s for %v and storage target %q", login.CookieName, login.MaxAge, login.StorageTarget)
	}
}

// TestAuthenticationURL: an address with parameters of its own keeps them as
// they stand, and has ours once.
func TestAuthenticationURL(t *testing.T) {
	for _, test := range []struct{ name, address, before string }{
		{"none", "https://lms.example/auth", "https://lms.example/auth?"},
		{"WordPress", "https://wp.example/?lti-platform&auth", "https://wp.example/?lti-platform&auth&"},
		{"some with values", "https://lms.example/auth?school=7&a=%2F+b", "https://lms.example/auth?school=7&a=%2F+b&"},
		{"a list", "https://lms.example/auth?a[]=1&a[]=2", "https://lms.example/auth?a[]=1&a[]=2&"},
		{"a question mark and nothing", "https://lms.example/auth?", "https://lms.example/auth?"},
		{"empty ones", "https://lms.example/auth?&&a=1&", "https://lms.example/auth?a=1&"},
		{"some of ours", "https://lms.example/auth?scope=openid&a=1&prompt=login&client%5Fid=another", "https://lms.example/auth?a=1&"},
		{"one that only looks like ours", "https://lms.example/auth?scopes=a&State=b", "https://lms.example/auth?scopes=a&State=b&"},
		{"one that can't be read", "https://lms.example/auth?%zz=1", "https://lms.example/auth?%zz=1&"},
		{"a fragment", "https://lms.example/auth?a=1#top", "https://lms.example/auth?a=1&"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, v := newWorld(t), loginValues()
			w.registration().AuthURL = test.address
			v.Set("lti_message_hint", "hint")
			login, err := w.readLogin(v, "")
			if err != nil {
				t.Fatal(err)
			}
			ours, found := strings.CutPrefix(login.Redirect, test.before)
			if !found {
				t.Fatalf("redirect to %s", login.Redirect)
			}
			var names []string
			for parameter := range strings.SplitSeq(ours, "&") {
				name, _, _ := strings.Cut(parameter, "=")
				names = append(names, name)
			}
			want := []string{"client_id", "login_hint", "lti_message_hint", "nonce", "prompt", "redirect_uri", "response_mode", "response_type", "scope", "state"}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("our parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMoodleLogins: what a real Moodle posts is read as it is.
func TestMoodleLogins(t *testing.T) {
	var logins map[string]struct {
		Fields map[string]string `json:"fields"`
	}
	readJSON(t, "moodle/login_initiation.json", &logins)
	w := newWorld(t)
	w.tool.PublicURL, w.tool.InsecureLoopback = "http://127.0.0.1:8079", true
	w.registration().Issuer, w.registration().ClientID = "http://127.0.0.1:8085", "r9Ayq7efpCzEf2d"
	if len(logins) < 8 {
		t.Fatalf("only %d logins", len(logins))
	}
	for name, login := range logins {
		v := url.Values{}
		for field, value := range login.Fields {
			v.Set(field, value)
		}
		answer, err := w.readLogin(v, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		u, err := url.Parse(answer.Redirect)
		if err != nil || u.Query().Get("lti_message_hint") != login.Fields["lti_message_hint"] {
			t.Errorf("%s: hint %q, want %q", name, u.Query().Get("lti_message_hint"), login.Fields["lti_message_hint"])
		}
	}
}

// TestCanvasDeploymentName: Canvas documents deployment_id; the standard name
// wins.
func TestCanvasDeploymentName(t *testing.T) {
	v := loginValues()
	v.Del("lti_deployment_id")
	v.Set("deployment_id", "318:0b1c")
	if r, err := ParseLoginRequest(v); err != nil || r.DeploymentID != "318:0b1c" {
		t.Errorf("deployment %q, %v", r.DeploymentID, err)
	}
	v.Set("lti_deployment_id", "dep-1")
	if r, err := ParseLoginRequest(v); err != nil || r.DeploymentID != "dep-1" {
		t.Errorf("deployment %q, %v", r.DeploymentID, err)
	}
}
