package lti

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var stateKey = []byte("0123456789abcdef0123456789abcdef")

func TestState(t *testing.T) {
	for _, want := range []loginState{
		{Created: testNow, ID: [6]byte{1, 2}, Nonce: digestOf("n"), Binding: digestOf("b"), Target: digestOf("t"), Registration: "reg-1"},
		{Created: testNow, HasDeployment: true, Deployment: digestOf("d"), Registration: "r", StorageTarget: "_parent"},
		{Created: testNow},
	} {
		got, err := openState(stateKey, want.seal(stateKey))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("openState: %v (-want +got):\n%s", err, diff)
		}
	}
}

// TestStateChanged: no bit of it can be changed.
func TestStateChanged(t *testing.T) {
	sealed, err := base64URL.DecodeString(loginState{Created: testNow, Registration: "reg-1", HasDeployment: true}.seal(stateKey))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if _, err := openState(stateKey, base64URL.EncodeToString(changed)); !errors.Is(err, errForged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := openState(stateKey, base64URL.EncodeToString(sealed[:i])); !errors.Is(err, errForged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

// TestStateOfAnotherVersion: well authenticated, but of another form.
func TestStateOfAnotherVersion(t *testing.T) {
	whole := loginState{Created: testNow, Registration: "reg-1", HasDeployment: true}.seal(stateKey)
	b, err := base64URL.DecodeString(whole)
	if err != nil {
		t.Fatal(err)
	}
	b = b[:len(b)-32]
	for i := range b { // all but the whole one
		if _, err := parseState(b[:i]); !errors.Is(err, errForged) {
			t.Errorf("the first %d bytes are taken for a state", i)
		}
	}
}

// TestStateTooLong: what nobody sends isn't looked at.
func TestStateTooLong(t *testing.T) {
	long := loginState{Created: testNow, StorageTarget: strings.Repeat("x", maxState)}.seal(stateKey)
	if _, err := openState(stateKey, long); !errors.Is(err, errForged) {
		t.Errorf("a state of %d bytes: %v", len(long), err)
	}
}

func TestWindow(t *testing.T) {
	at, err := openWindow(stateKey, sealWindow(stateKey, testNow, "s", "t"), "s", "t")
	if err != nil || !at.Equal(testNow) {
		t.Errorf("openWindow = %v, %v, want %v", at, err, testNow)
	}
}

func TestEpoch(t *testing.T) {
	for _, test := range []struct {
		seconds float64
		want    time.Time
		good    bool
	}{
		{1795231697, time.Unix(1795231697, 0), true}, {1795231697.5, time.Unix(1795231697, 5e8), true},
		{0, time.Time{}, false}, {-1, time.Time{}, false}, {1795231697000, time.Time{}, false},
	} {
		if got, ok := epoch(test.seconds); ok != test.good || ok && !got.Equal(test.want) {
			t.Errorf("epoch(%v) = %v, %v", test.seconds, got, ok)
		}
	}
}

// TestSecretsDoNotPrint: not in a log, not in an error, not in JSON.
func TestSecretsDoNotPrint(t *testing.T) {
	key, err := ParseKey(testKey(t).Marshal())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []any{IDToken("s3cret"), AccessToken("s3cret"), key} {
		for _, text := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret), logged(secret), asJSON(t, secret)} {
			if !containsOnlyRedacted(text) {
				t.Errorf("%T prints as %s", secret, text)
			}
		}
	}
}
