package lti

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// with is a member of a key set, changed.
func with(member map[string]any, name string, value any) map[string]any {
	member = maps.Clone(member)
	member[name] = value
	return member
}

// TestJWK: what makes a key of use for us, and why another isn't.
func TestJWK(t *testing.T) {
	key, ec := rsaMember("k", rsaKeys()[0]), ecMember("k", ecKey())
	padded := base64.StdEncoding.EncodeToString(rsaKeys()[0].N.Bytes())
	for _, test := range []struct {
		name   string
		member any
		why    string // empty: it is of use
	}{
		{"RSA", key, ""},
		{"EC", ec, ""},
		{"with use and alg", with(with(key, "use", "sig"), "alg", "RS256"), ""},
		{"use empty", with(key, "use", ""), ""},
		{"use null", with(key, "use", nil), ""},
		{"for encryption", with(key, "use", "enc"), "its use is"},
		{"for something else", with(key, "use", "tls"), "its use is"},
		{"use in capitals", with(key, "use", "SIG"), "its use is"},
		{"use a number", with(key, "use", 7), "its use is"},
		{"use a list", with(key, "use", []string{"sig"}), "its use is"},
		{"may verify", with(key, "key_ops", []string{"verify"}), ""},
		{"may sign and verify", with(key, "key_ops", []string{"sign", "verify"}), ""},
		{"key_ops empty", with(key, "key_ops", []string{}), ""},
		{"key_ops null", with(key, "key_ops", nil), ""},
		{"may encrypt", with(key, "key_ops", []string{"encrypt", "wrapKey"}), "its key_ops"},
		{"may sign alone", with(key, "key_ops", []string{"sign"}), "its key_ops"},
		{"key_ops an object", with(key, "key_ops", map[string]any{}), "its key_ops"},
		{"use sig, but may encrypt alone", with(with(key, "use", "sig"), "key_ops", []string{"encrypt"}), "its key_ops"},
		{"EC for encryption", with(ec, "use", "enc"), "its use is"},
		{"EC may derive alone", with(ec, "key_ops", []string{"deriveKey"}), "its key_ops"},
		{"alg a list", with(key, "alg", []string{"RS256"}), "its alg"},
		{"x5c a text", with(key, "x5c", "MIIBIjANBg"), ""},
		{"x5c an object, x5t a number, x5u a list, ext a text", with(with(with(with(key, "x5c", map[string]any{}), "x5t", 7), "x5u", []int{1}), "ext", "yes"), ""},
		{"modulus padded, in plain base64, after a zero", with(key, "n", "AAAA"+padded), ""},
		{"private", with(key, "d", b64(rsaKeys()[0].D.Bytes())), "it isn't a public key"},
		{"private EC", with(ec, "d", "AAAA"), "it isn't a public key"},
		{"kid missing", with(key, "kid", nil), "it has no kid"},
		{"kid empty", with(key, "kid", ""), "it has no kid"},
		{"kid a number", with(key, "kid", 7), "it has no kid"},
		{"symmetric", map[string]any{"kty": "oct", "kid": "k", "k": "AAAA"}, "kty"},
		{"of a new type", map[string]any{"kty": "LMS", "kid": "k"}, "kty"},
		{"of no type", map[string]any{"kid": "k"}, "kty"},
		{"modulus missing", with(key, "n", nil), "n isn't a number"},
		{"modulus no base64", with(key, "n", "{}"), "n isn't a number"},
		{"exponent missing", with(key, "e", ""), "e isn't a number"},
		{"exponent huge", with(key, "e", b64([]byte{1, 0, 0, 0, 0, 0, 1, 0, 1})), "e has more than 4 bytes"},
		{"exponent even", with(key, "e", b64([]byte{4})), "isn't safe"},
		{"exponent one", with(key, "e", b64([]byte{1})), "isn't safe"},
		{"modulus giant", with(key, "n", b64(bytes.Repeat([]byte{0xff}, maxRSABits/8+1))), "n has more than 1024 bytes"},
		{"modulus small", rsaMember("k", rsaKeys()[3]), "1024 bits"},
		{"another curve", with(ec, "crv", "P-384"), "crv"},
		{"no point of the curve", with(ec, "y", ec["x"]), "x and y"},
		{"coordinate missing", with(ec, "x", nil), "x isn't a number"},
		{"coordinate too long", with(ec, "x", b64(bytes.Repeat([]byte{1}, 33))), "x has more than 32 bytes"},
		{"a member twice", json.RawMessage(`{"kid":"k","kid":"k"}`), "occurs twice"},
		{"a text", "text", "another JSON type"},
		{"null", nil, "another JSON type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(test.member)
			if err != nil {
				t.Fatal(err)
			}
			kid, got, err := parseJWK(text)
			switch {
			case test.why == "" && (err != nil || kid != "k" || !strong(got.raw)):
				t.Errorf("kid %q, key %T, %v", kid, got.raw, err)
			case test.why != "" && (err == nil || !strings.Contains(err.Error(), test.why)):
				t.Errorf("%v, want %q", err, test.why)
			}
		})
	}
}

// TestKeySetMembers: keys that are of no use don't spoil the others.
func TestKeySetMembers(t *testing.T) {
	set, err := parseKeySet([]byte(jwksText(
		with(rsaMember("enc", rsaKeys()[0]), "use", "enc"), rsaMember("sig", rsaKeys()[1]), rsaMember("weak", rsaKeys()[3]),
		rsaMember("", rsaKeys()[0]), ecMember("ec", ecKey()), ecMember("shared", ecKey()), rsaMember("shared", rsaKeys()[2]),
		map[string]any{}, "text", 7, nil,
	)))
	if err != nil {
		t.Fatal(err)
	}
	for kid, want := range map[string]int{"sig": 1, "ec": 1, "shared": 2} {
		if got := len(set.keys[kid]); got != want {
			t.Errorf("%d keys %q, want %d", got, kid, want)
		}
		delete(set.keys, kid)
	}
	if len(set.keys) != 0 {
		t.Errorf("keys %v were taken too", set.keys)
	}
}

// TestKeySetManyOfOneKid: however many there are, few are tried.
func TestKeySetManyOfOneKid(t *testing.T) {
	var members []any
	for range maxSameKid + 3 {
		members = append(members, rsaMember("k", rsaKeys()[0]))
	}
	set, err := parseKeySet([]byte(jwksText(members...)))
	if err != nil || len(set.keys["k"]) != maxSameKid || !strings.Contains(set.leftOut["k"], "same kid") {
		t.Errorf("%d keys, %v, %v", len(set.keys["k"]), set.leftOut, err)
	}
}

// keyCase is a key set of testdata/cases with two keys' moduli filled in.
func keyCase(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "cases", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("OF A 2048 BIT KEY", b64(rsaKeys()[0].N.Bytes()), "OF ANOTHER KEY", b64(rsaKeys()[1].N.Bytes())).Replace(string(text))
}

// TestKeyCases: key sets that other tools stumbled over.
func TestKeyCases(t *testing.T) {
	for _, name := range []string{"jwks-odd-optional-member/x5c-text.json", "jwks-odd-optional-member/x5c-pem.json", "kid-used-for-a-new-key/before.json"} {
		t.Run(name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			a.publish(http.StatusOK, keyCase(t, name))
			a.header["kid"] = "k1"
			a.mustLaunch(t)
		})
	}
}

// begun is a launch with this kid, signed by the n-th key.
func (w *world) begun(t *testing.T, kid string, n int) *attempt {
	t.Helper()
	a := w.begin(t)
	a.header["kid"], a.key = kid, rsaKeys()[n]
	return a
}

// TestKidUsedForANewKey: a platform changes its key and keeps the kid.
func TestKidUsedForANewKey(t *testing.T) {
	w := newWorld(t)
	w.publish(http.StatusOK, keyCase(t, "kid-used-for-a-new-key/before.json"))
	w.begun(t, "k1", 0).mustLaunch(t)
	w.publish(http.StatusOK, keyCase(t, "kid-used-for-a-new-key/after.json"))
	w.begun(t, "k1", 1).mustLaunch(t)
	w.begun(t, "k1", 1).mustLaunch(t)
	if got := w.fetches.Load(); got != 2 {
		t.Errorf("%d fetches, want 2", got)
	}
	// The key of before is out, and that is known without asking.
	_, err := w.begun(t, "k1", 0).launch(t)
	wantCode(t, err, CodeSignatureInvalid)
	if got := w.fetches.Load(); got != 2 {
		t.Errorf("%d fetches, want 2", got)
	}
}

// TestKidUsedForAnotherAlg: a new key may be for another algorithm, or the kid
// be gone.
func TestKidUsedForAnotherAlg(t *testing.T) {
	w := newWorld(t)
	w.registration().Algorithms = []string{"RS256", "ES256"}
	w.begun(t, "key-1", 0).mustLaunch(t)
	w.publish(http.StatusOK, jwksText(ecMember("key-1", ecKey())))
	a := w.begin(t)
	a.header["alg"], a.key = "ES256", ecKey()
	a.mustLaunch(t)
	w.clock.pass(time.Minute)
	w.publish(http.StatusOK, jwksText(rsaMember("key-2", rsaKeys()[1])))
	_, err := w.begun(t, "key-1", 1).launch(t)
	wantCode(t, err, CodeKidUnknown)
}

// TestKeysOfOneKid: all are tried, in a set of old and new ones.
func TestKeysOfOneKid(t *testing.T) {
	w := newWorld(t)
	w.publish(http.StatusOK, jwksText(rsaMember("k", rsaKeys()[2]), ecMember("k", ecKey()), with(rsaMember("k", rsaKeys()[1]), "alg", "RS512"), rsaMember("k", rsaKeys()[0])))
	w.begun(t, "k", 0).mustLaunch(t)
	w.begun(t, "k", 2).mustLaunch(t)
	_, err := w.begun(t, "k", 1).launch(t) // for RS512 alone
	wantCode(t, err, CodeSignatureInvalid)
}

// TestBadSignaturesShareOneFetch: those that come at once wait for one fetch,
// and keys that are known wait for none.
func TestBadSignaturesShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, s, _ := newKeySets()
		q := keyQuery{address: s.address, kid: "key-1"}
		if _, err := k.find(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		old, err := k.find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		s.rotate("key-1")
		hold := make(chan struct{})
		s.set(func(s *keyServer) { s.hold = hold })
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				anew, err := k.findAnew(t.Context(), q, old)
				if err != nil || anew.keys[0] == old.keys[0] {
					t.Errorf("%v, %v", anew, err)
				}
			})
		}
		synctest.Wait()
		look{"key-1", nil, 2}.check(t, k, s) // would deadlock if it waited
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := k.findAnew(ctx, q, old); !errors.Is(err, context.Canceled) {
			t.Errorf("whoever gives up gets %v", err)
		}
		close(hold)
		group.Wait()
		look{"key-1", nil, 2}.check(t, k, s)
		// Who held on to the old keys meanwhile gets the new ones without a fetch.
		if anew, err := k.findAnew(t.Context(), q, old); err != nil || anew.keys[0] == old.keys[0] || s.count() != 2 {
			t.Errorf("%v, %v after %d fetches", anew, err, s.count())
		}
	})
}

// TestBadSignatures: a flood of them costs one fetch a minute, and none of a
// set that was fetched for the first of them.
func TestBadSignatures(t *testing.T) {
	w := newWorld(t)
	flood := func(fetches int64) {
		t.Helper()
		for range 20 {
			_, err := w.begun(t, "key-1", 1).launch(t)
			wantCode(t, err, CodeSignatureInvalid)
		}
		w.begun(t, "key-1", 0).mustLaunch(t)
		if got := w.fetches.Load(); got != fetches {
			t.Errorf("%d fetches, want %d", got, fetches)
		}
	}
	flood(2) // the first of all, and one for the flood
	w.clock.pass(time.Minute - time.Second)
	flood(2)
	w.clock.pass(time.Second)
	flood(3)
	// A flood of bad signatures doesn't hold up a key that is really new.
	w.publish(http.StatusOK, jwksText(rsaMember("key-1", rsaKeys()[0]), rsaMember("key-2", rsaKeys()[2])))
	w.begun(t, "key-2", 2).mustLaunch(t)
}

// TestBadSignatureWhileThePlatformIsDown proves nothing against the keys that
// we have.
func TestBadSignatureWhileThePlatformIsDown(t *testing.T) {
	w := newWorld(t)
	w.begun(t, "key-1", 0).mustLaunch(t)
	w.publish(http.StatusServiceUnavailable, "")
	_, err := w.begun(t, "key-1", 1).launch(t)
	wantCode(t, err, CodeSignatureInvalid)
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the log doesn't say that the platform is down: %v", err)
	}
	w.begun(t, "key-1", 0).mustLaunch(t)
	w.publish(http.StatusOK, jwksText(rsaMember("key-1", rsaKeys()[1])))
	w.clock.pass(time.Minute)
	w.begun(t, "key-1", 1).mustLaunch(t)
}

// TestKeyLeftOutIsLogged: once, with the reason, and it is in the refusal.
func TestKeyLeftOutIsLogged(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t)
	w.tool.KeySets.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.publish(http.StatusOK, jwksText(with(rsaMember("key-1", rsaKeys()[0]), "use", "enc"), rsaMember("key-2", rsaKeys()[1])))
	for range 2 {
		_, err := w.begun(t, "key-1", 0).launch(t)
		wantCode(t, err, CodeKidUnknown)
		if err == nil || !strings.Contains(err.Error(), "its use is") {
			t.Errorf("the refusal doesn't say why: %v", err)
		}
		w.begun(t, "key-2", 1).mustLaunch(t)
		w.clock.pass(2 * time.Hour) // fetched anew
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "key-1") || !strings.Contains(got, "its use is") || !strings.Contains(got, "platform=Campus") {
		t.Errorf("log:\n%s", got)
	}
	log.Reset()
	var many []any
	for i := range 50 {
		many = append(many, with(rsaMember(fmt.Sprint("bad-", i), rsaKeys()[0]), "e", ""))
	}
	w.publish(http.StatusOK, jwksText(append(many, rsaMember("key-2", rsaKeys()[1]))...))
	w.begun(t, "key-2", 1).mustLaunch(t)
	if got := log.String(); !strings.Contains(got, "and 40 more") || strings.Count(got, "e isn't a number") != maxReasons {
		t.Errorf("log:\n%s", got)
	}
}
