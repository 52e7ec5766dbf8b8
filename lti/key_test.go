package lti

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
)

var newTestKey = sync.OnceValues(func() (Key, error) { return NewKey(testNow) })

func testKey(t testing.TB) Key {
	t.Helper()
	key, err := newTestKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// oneKey is a store of one key.
type oneKey struct{ key Key }

func (o oneKey) KeyFor(context.Context, Registration) (Key, error) { return o.key, nil }

func logged(v any) string {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
	_, text, _ := strings.Cut(b.String(), "v=")
	return text
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func containsOnlyRedacted(text string) bool {
	rest := strings.ReplaceAll(text, redacted, "")
	return rest != text && strings.Trim(rest, " \"\n") == ""
}

func TestKey(t *testing.T) {
	key := testKey(t)
	if !strings.HasPrefix(key.ID, "2026-11-21-") || key.private.N.BitLen() != 2048 {
		t.Errorf("key %s of %d bits", key.ID, key.private.N.BitLen())
	}
	again, err := ParseKey(key.Marshal())
	if err != nil || again.ID != key.ID || !again.private.Equal(key.private) {
		t.Errorf("ParseKey(Marshal) = %s, %v", again.ID, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.private)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ParseKey(der)
	if err != nil || foreign.ID != thumbprint(&key.private.PublicKey) {
		t.Errorf("ParseKey(DER) = %s, %v, want its thumbprint", foreign.ID, err)
	}
}

func TestPublicPEM(t *testing.T) {
	key := testKey(t)
	block, rest := pem.Decode(key.PublicPEM())
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		t.Fatalf("PEM %+v", block)
	}
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || !key.private.PublicKey.Equal(public) {
		t.Errorf("it is another key: %v", err)
	}
}

// TestThumbprint is the example of RFC 7638, 3.1.
func TestThumbprint(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs" +
		"tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI" +
		"SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	b, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		t.Fatal(err)
	}
	public := rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}
	if got := thumbprint(&public); got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("thumbprint %s", got)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	ec, err := x509.MarshalPKCS8PrivateKey(ecKey())
	if err != nil {
		t.Fatal(err)
	}
	weak, err := x509.MarshalPKCS8PrivateKey(rsaKeys()[3])
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("key"), "EC": ec, "weak": weak,
		"empty PEM": pem.EncodeToMemory(&pem.Block{Type: pemType}),
	} {
		if _, err := ParseKey(b); err == nil {
			t.Errorf("%s was taken for a key", name)
		}
	}
}

// TestPublicKeySet: no private part, alg and kid, the signing key last.
func TestPublicKeySet(t *testing.T) {
	old, err := NewKey(testNow)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(PublicKeySet([]Key{old, testKey(t)}), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 || set.Keys[1]["kid"] != testKey(t).ID {
		t.Fatalf("keys %v, want the signing key last", set.Keys)
	}
	for _, key := range set.Keys {
		if len(key) != 6 || key["kty"] != "RSA" || key["alg"] != "RS256" || key["use"] != "sig" || key["e"] != "AQAB" || key["n"] == "" {
			t.Errorf("member %v", key)
		}
	}
	if got := string(PublicKeySet(nil)); got != `{"keys":[]}` {
		t.Errorf("without keys: %s", got)
	}
	// We can read our own.
	keys, err := parseKeySet(PublicKeySet([]Key{old, testKey(t)}))
	if err != nil || len(keys.keys) != 2 || len(keys.leftOut) != 0 {
		t.Errorf("parseKeySet = %v, %v", keys, err)
	}
}

// readJWT verifies a token of ours with the standard library alone.
func readJWT(t testing.TB, token string, key Key) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		decoded[i] = b
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.private.PublicKey, crypto.SHA256, sum[:], decoded[2]); err != nil {
		t.Fatalf("signature: %v", err)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(decoded[i], into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}
