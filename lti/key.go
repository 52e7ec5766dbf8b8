package lti

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// A Key is one key pair of the tool: RSA of 2048 bits, for RS256.
type Key struct {
	ID      string // kid; never used for another key
	private *rsa.PrivateKey
}

func (Key) String() string               { return redacted }
func (Key) GoString() string             { return redacted }
func (Key) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Key) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// signers is what the package needs of the store.
type signers interface {
	// KeyFor returns the key with which we sign what the platform reads.
	KeyFor(context.Context, Registration) (Key, error)
}

const (
	pemType = "PRIVATE KEY"
	pemID   = "Key-Id"
)

// NewKey makes a key. Its ID begins with the day, for people.
func NewKey(now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Key{}, fmt.Errorf("make a key: %w", err)
	}
	return Key{ID: now.UTC().Format(time.DateOnly) + "-" + thumbprint(&private.PublicKey)[:16], private: private}, nil
}

// Marshal writes the key with its ID, unsealed: PKCS #8 in PEM.
func (k Key) Marshal() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		panic(fmt.Sprintf("write key %s: %v", k.ID, err)) // no RSA key is refused
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Headers: map[string]string{pemID: k.ID}, Bytes: der})
}

// ParseKey reads what Marshal wrote, or an RSA key in PKCS #8 from elsewhere,
// in PEM or DER. The ID of a key without one is its thumbprint (RFC 7638).
func ParseKey(b []byte) (Key, error) {
	der, id := b, ""
	if block, _ := pem.Decode(b); block != nil {
		der, id = block.Bytes, block.Headers[pemID]
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Key{}, errors.New("not a private key in PKCS #8") // the cause may tell parts of the key
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || !strong(&private.PublicKey) {
		return Key{}, errors.New("not an RSA key of 2048 bits or more")
	}
	if id == "" {
		id = thumbprint(&private.PublicKey)
	}
	return Key{ID: id, private: private}, nil
}

// PublicPEM is the public half as platforms take it that want a key pasted.
func (k Key) PublicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		panic(fmt.Sprintf("write key %s: %v", k.ID, err)) // no RSA key is refused
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// rsaJWK has the members of a public key in the order of RFC 7638.
type rsaJWK struct {
	E   string `json:"e"`
	Kty string `json:"kty"`
	N   string `json:"n"`
}

func publicJWK(public *rsa.PublicKey) rsaJWK {
	return rsaJWK{
		E:   base64URL.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		Kty: "RSA",
		N:   base64URL.EncodeToString(public.N.Bytes()),
	}
}

func thumbprint(public *rsa.PublicKey) string {
	text, _ := json.Marshal(publicJWK(public)) // strings only
	sum := sha256.Sum256(text)
	return base64URL.EncodeToString(sum[:])
}

// PublicKeySet is the JWKS with the public halves, in the order of keys. The
// signing key has to be the last one: Chamilo takes that, whatever the kid.
// Each key names its alg, without which Moodle fetches the set for every token.
func PublicKeySet(keys []Key) []byte {
	type published struct {
		rsaJWK
		Kid string `json:"kid"`
		Alg string `json:"alg"`
		Use string `json:"use"`
	}
	set := struct {
		Keys []published `json:"keys"`
	}{Keys: []published{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, published{rsaJWK: publicJWK(&k.private.PublicKey), Kid: k.ID, Alg: "RS256", Use: "sig"})
	}
	text, _ := json.Marshal(set) // strings only
	return text
}

// sign makes a signed JWT of the claims.
func (k Key) sign(claims any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.ID})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := jws.NewSigner(jwa.RS256)
	if err != nil {
		return "", err
	}
	input := base64URL.EncodeToString(header) + "." + base64URL.EncodeToString(payload)
	signature, err := signer.Sign([]byte(input), k.private)
	if err != nil {
		return "", fmt.Errorf("sign with key %s: %w", k.ID, err)
	}
	return input + "." + base64URL.EncodeToString(signature), nil
}
