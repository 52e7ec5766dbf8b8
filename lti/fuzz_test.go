package lti

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzJSON holds our parser to encoding/json.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"x\u00e9\n",null,true]}`, `{"a":1,"a":2}`, ` [ ] `, `{"a":{"b":{}}}`, `"\ud800"`, `01`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := parseJSON(text)
		deep := bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxDepth
		if want := json.Valid(text) && utf8.Valid(text); want != (err == nil) && (!want || !deep) {
			t.Fatalf("parseJSON(%q) = %v, encoding/json takes it: %v", text, err, want)
		}
		if err != nil {
			return
		}
		o, err := value.object()
		if err != nil || len(value) > 0 && value[0] == '[' {
			return
		}
		var want map[string]any
		if err := json.Unmarshal(text, &want); err != nil || len(want) != len(o) {
			t.Fatalf("object(%q) has %d members, want %v (%v)", text, len(o), want, err)
		}
		for _, member := range o {
			var got any
			if member.value != nil && json.Unmarshal(member.value, &got) != nil || !reflect.DeepEqual(got, want[string(member.name)]) {
				t.Fatalf("member %q of %q is %q, want %v", member.name, text, member.value, want[string(member.name)])
			}
		}
	})
}

// FuzzState: nothing that isn't ours opens, and nothing panics.
func FuzzState(f *testing.F) {
	good := loginState{Created: testNow, Registration: "reg-1", HasDeployment: true, StorageTarget: "_parent"}
	f.Add(good.seal(stateKey), []byte("short"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, state string, inner []byte) {
		if _, err := openState(stateKey, state); err == nil && state != good.seal(stateKey) {
			t.Fatalf("%q opens", state)
		}
		if _, err := openWindow(stateKey, state, state, ""); err == nil {
			t.Fatalf("%q opens as a window", state)
		}
		parsed, err := parseState(inner)
		if err == nil && len(parsed.Registration) > 255 {
			t.Fatalf("registration of %d bytes", len(parsed.Registration))
		}
	})
}

// FuzzIDToken: whatever comes instead of a token is refused with a code.
func FuzzIDToken(f *testing.F) {
	w := newWorld(f)
	a := w.begin(f)
	a.sign(f)
	f.Add(string(a.response.IDToken))
	f.Add("a.b.c")
	f.Add(strings.Repeat(".", 5))
	f.Add(b64([]byte(`{"alg":"RS256","kid":"key-1"}`)) + "." + b64([]byte(`{}`)) + ".")
	f.Fuzz(func(t *testing.T, token string) {
		response := a.response
		response.IDToken = IDToken(token)
		_, err := w.tool.Launch(t.Context(), response)
		if token == string(a.response.IDToken) {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if codeOf(err) == "" {
			t.Fatalf("Launch(%q) = %v, want a refusal", token, err)
		}
	})
}

// FuzzClaims: a signed payload of any content is refused, or makes a launch
// that keeps its promises.
func FuzzClaims(f *testing.F) {
	w := newWorld(f)
	a := w.begin(f)
	state, err := openState(stateKey, a.response.State)
	if err != nil {
		f.Fatal(err)
	}
	seed, err := json.Marshal(a.claims)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	files, err := filepath.Glob(filepath.Join("..", "testdata", "moodle", "id_token_*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		claims := moodleToken(f, filepath.Base(file))
		for _, name := range []string{"iss", "aud", "nonce", "iat", "exp", claimDeploymentID, claimTargetLinkURI} {
			claims[name] = a.claims[name]
		}
		text, err := json.Marshal(claims)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, err := parseClaims(payload)
		if err != nil {
			return
		}
		l, err := w.tool.checkClaims(claims, *w.registration(), state, testNow)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		checkPromises(t, l)
	})
}

// checkPromises says what every accepted launch has.
func checkPromises(t *testing.T, l Launch) {
	t.Helper()
	if l.User.ID == "" || len(l.User.ID) > 255 || l.DeploymentID != "dep-1" || l.Nonce == "" || l.IssuedAt.IsZero() {
		t.Errorf("launch %+v", l)
	}
	if (l.Message == ResourceLinkRequest) != (l.ResourceLink.ID != "") || (l.Message == DeepLinkingRequest) != (l.DeepLinking != nil) {
		t.Errorf("launch %+v", l)
	}
	for _, address := range []string{l.Grades.LineItem, l.Grades.LineItems, l.Memberships, l.Presentation.ReturnURL} {
		if address != "" && !strings.HasPrefix(strings.ToLower(address), "https://") {
			t.Errorf("address %q", address)
		}
	}
	for _, text := range []string{l.User.DisplayName(), l.Context.Title, l.ResourceLink.Title, l.Platform.Name} {
		if utf8.RuneCountInString(text) > 2*255+1 || strings.ContainsAny(text, "\x00\n\r\x1b") || !utf8.ValidString(text) {
			t.Errorf("text %q", text)
		}
	}
	if len(l.Custom) > 100 || len(l.RawRoles) > 100 {
		t.Errorf("%d custom parameters, %d roles", len(l.Custom), len(l.RawRoles))
	}
}

func FuzzRoles(f *testing.F) {
	f.Add("http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor,Learner")
	f.Add("urn:lti:role:ims/lis/TeachingAssistant/x")
	f.Fuzz(func(t *testing.T, raw string) {
		roles := ParseRoles([]string{raw})
		lower := strings.ToLower(raw)
		if roles.HasContext("Instructor") && !strings.Contains(lower, "instructor") && !strings.Contains(lower, "teachingassistant") {
			t.Fatalf("%q makes an instructor", raw)
		}
		for _, role := range roles {
			if role.Principal == "" || role.Scope == "" {
				t.Fatalf("%q has role %+v", raw, role)
			}
		}
	})
}

func FuzzLink(f *testing.F) {
	f.Add(`<https://m.example/a?b=1>; rel="next", <x>; rel=“next”`)
	f.Add(`<>;rel=next`)
	base, err := url.Parse(moodleItems)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		next, err := samePlace(base, nextPage([]string{header}, base))
		if err == nil && next != "" && !strings.HasPrefix(strings.ToLower(next), "https://m.example") {
			t.Fatalf("%q leads to %q", header, next)
		}
	})
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add([]byte(goodToken))
	f.Add([]byte(`{"access_token":"t","expires_in":"1e9"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		token, life, err := parseTokenAnswer(body)
		if err == nil && (token == "" || strings.ContainsAny(string(token), "\r\n ") || life < 0 || life > maxTokenLife) {
			t.Fatalf("parseTokenAnswer(%q) = %q for %v", body, string(token), life)
		}
		_ = reasonOf("400 Bad Request", body)
	})
}

// FuzzKeySet takes sets in which $n stands for a good modulus, $x and $y for a
// point: most of what the fuzzer changes then leaves the keys whole, and inputs
// are short. To shorten one that is new takes it the square of its length.
func FuzzKeySet(f *testing.F) {
	point := elliptic.P256().Params()
	text := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	modulus := new(big.Int).Lsh(big.NewInt(1), minRSABits-1)
	whole := strings.NewReplacer("$n", text(modulus.Add(modulus, big.NewInt(1))), "$x", text(point.Gx), "$y", text(point.Gy))
	f.Add(`{"keys":[{"kid":"a","kty":"RSA","n":"$n","e":"AQAB"}]}`)
	f.Add(`{"keys":[{"kid":"a","kty":"RSA","alg":"RS256","use":"sig","n":"$n","e":"AQAB"},{"kid":"a","kty":"EC","crv":"P-256","x":"$x","y":"$y"}]}`)
	f.Add(`{"keys":[{"kid":"a","kty":"EC","crv":"P-256","key_ops":["verify"],"x":"$x","y":"$y=="}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 400 {
			return
		}
		set, err := parseKeySet([]byte(whole.Replace(body)))
		if err != nil {
			return
		}
		for _, kid := range slices.Sorted(maps.Keys(set.keys)) {
			for _, key := range set.keys[kid] {
				if kid == "" || !strong(key.raw) {
					t.Fatalf("key %q of type %T", kid, key.raw)
				}
			}
			if len(set.keys[kid]) > maxSameKid {
				t.Fatalf("%d keys of kid %q", len(set.keys[kid]), kid)
			}
		}
		_ = set.reasons()
	})
}
