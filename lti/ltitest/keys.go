package ltitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"sync"
)

// Signing says how an ID token is signed.
type Signing int

const (
	SignRight      Signing = iota
	SignBroken             // one bit of the signature is wrong
	SignNone               // alg none, no signature
	SignHS256              // HMAC with the PEM of the public key as its secret
	SignOtherKey           // the right kid, another key
	SignUnknownKid         // the right key, a kid that is in no set
	SignNoKid              // the right key, no kid
	SignOldKey             // kid and key from before the last RotateKeys, which must have been
)

type signingKey struct {
	kid     string
	private *rsa.PrivateKey
}

// A keyRing is the platform's keys; LMS.mu guards it.
type keyRing struct {
	current, previous signingKey
	owned             []*rsa.PrivateKey
	published         []map[string]any // besides the current one
	fetches           int
}

func newKeyRing() keyRing {
	r := keyRing{published: []map[string]any{ellipticDecoy(), unknownDecoy(), encryptionDecoy()}}
	r.renew()
	return r
}

func (r *keyRing) renew() {
	r.current = signingKey{"k-" + random(9), takeKey()}
	r.owned = append(r.owned, r.current.private)
}

// rotate makes a new current key.
func (r *keyRing) rotate(keepOld bool) {
	r.previous = r.current
	if keepOld {
		r.published = append(r.published, r.previous.jwk())
	}
	r.renew()
}

// RotateKeys makes the LMS sign with a new key from now on. With keepOld the
// key set keeps the old one, as real platforms do; without it is gone.
func (l *LMS) RotateKeys(keepOld bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys.rotate(keepOld)
}

// ReplaceKey makes the LMS sign with a new key from now on, which has the kid
// of the one before; that one is gone.
func (l *LMS) ReplaceKey() {
	l.mu.Lock()
	defer l.mu.Unlock()
	kid := l.keys.current.kid
	l.keys.rotate(false)
	l.keys.current.kid = kid
}

// KeySetFetches says how often the LMS was asked for its key set.
func (l *LMS) KeySetFetches() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys.fetches
}

func (l *LMS) serveKeySet(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.keys.fetches++
	behaviour := l.behaviour
	// The key in use stands in the middle: neither first nor last will do.
	set := slices.Insert(slices.Clone(l.keys.published), 1, l.keys.current.jwk())
	l.mu.Unlock()
	if behaviour.KeysWithoutAlg {
		for i := range set {
			set[i] = maps.Clone(set[i])
			delete(set[i], "alg")
		}
	}
	if age := behaviour.KeySetMaxAge; age > 0 {
		w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%.0f", age.Seconds()))
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"keys": set})
}

// serveOtherKeys serves a set of keys that sign nothing.
func (l *LMS) serveOtherKeys(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"keys": l.keys.published})
}

func (k signingKey) jwk() map[string]any {
	return map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": k.kid, "e": "AQAB",
		"n": b64.EncodeToString(k.private.N.Bytes()),
	}
}

// sign makes a token in the way asked for. The header may be changed once its
// members are there.
func (r keyRing) sign(how Signing, payload []byte, change func(map[string]any)) string {
	key := r.current
	if how == SignOldKey {
		key = r.previous
	}
	if key.private == nil {
		panic("ltitest: SignOldKey before RotateKeys")
	}
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.kid}
	switch how {
	case SignNone:
		header["alg"] = "none"
	case SignHS256:
		header["alg"] = "HS256"
	case SignUnknownKid:
		header["kid"] = "k-" + random(9)
	case SignNoKid:
		delete(header, "kid")
	}
	if change != nil {
		change(header)
	}
	signed := encode(header, payload)
	switch how {
	case SignNone:
		return signed + "."
	case SignHS256:
		return signed + "." + b64.EncodeToString(hmacWithPublicKey(signed, key.private))
	case SignOtherKey:
		return signRS256(signed, strangerKey())
	case SignBroken:
		return spoilSignature(signRS256(signed, key.private))
	}
	return signRS256(signed, key.private)
}

func hmacWithPublicKey(signed string, key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(fmt.Sprintf("ltitest: public key: %v", err))
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

func spoilSignature(s string) string {
	t, err := parseToken(s)
	if err != nil {
		panic(fmt.Sprintf("ltitest: own token: %v", err))
	}
	t.signature[len(t.signature)/2] ^= 1
	return t.signed + "." + b64.EncodeToString(t.signature)
}

func ellipticDecoy() map[string]any {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("ltitest: elliptic key: %v", err))
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(fmt.Sprintf("ltitest: elliptic key: %v", err))
	}
	return map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "e-" + random(9),
		"x": b64.EncodeToString(point[1:33]), "y": b64.EncodeToString(point[33:]),
	}
}

// unknownDecoy is a key of a type that nobody knows yet.
func unknownDecoy() map[string]any {
	return map[string]any{"kty": "XYZ", "use": "sig", "kid": "x-" + random(9), "z": random(32)}
}

// encryptionDecoy looks like an RSA key, but is not for signatures.
func encryptionDecoy() map[string]any {
	n := make([]byte, 256)
	rand.Read(n)
	n[0], n[255] = n[0]|0x80, n[255]|1
	return map[string]any{
		"kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "kid": "c-" + random(9), "e": "AQAB",
		"n": b64.EncodeToString(new(big.Int).SetBytes(n).Bytes()),
	}
}

// RSA keys take long to make. A platform that a test has ended leaves its keys
// to the next one; two that live at once never share one.
var freeKeys struct {
	sync.Mutex
	keys []*rsa.PrivateKey
}

func takeKey() *rsa.PrivateKey {
	freeKeys.Lock()
	defer freeKeys.Unlock()
	if last := len(freeKeys.keys) - 1; last >= 0 {
		key := freeKeys.keys[last]
		freeKeys.keys = freeKeys.keys[:last]
		return key
	}
	return makeKey()
}

func makeKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("ltitest: RSA key: %v", err))
	}
	return key
}

// strangerKey belongs to no platform.
var strangerKey = sync.OnceValue(makeKey)

// leaveKeys gives the LMS's keys to whoever starts next.
func (l *LMS) leaveKeys() {
	l.mu.Lock()
	defer l.mu.Unlock()
	freeKeys.Lock()
	defer freeKeys.Unlock()
	freeKeys.keys = append(freeKeys.keys, l.keys.owned...)
	l.keys.owned = nil
}
