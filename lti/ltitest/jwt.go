package ltitest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A token is a JWS in compact form (RFC 7515), taken apart but not verified.
type token struct {
	header, claims map[string]any
	signed         string // header and payload, as they were signed
	signature      []byte
}

var b64 = base64.RawURLEncoding.Strict()

const maxToken = 64 << 10

// parseToken takes a token apart. Header and payload must be JSON objects that
// have no member twice.
func parseToken(s string) (token, error) {
	parts := strings.Split(s, ".")
	if len(s) > maxToken || len(parts) != 3 {
		return token{}, fmt.Errorf("not three parts, or over %d bytes", maxToken)
	}
	t := token{signed: parts[0] + "." + parts[1]}
	var err error
	if t.header, err = parsePart(parts[0]); err != nil {
		return token{}, fmt.Errorf("header: %w", err)
	}
	if t.claims, err = parsePart(parts[1]); err != nil {
		return token{}, fmt.Errorf("payload: %w", err)
	}
	if t.signature, err = b64.DecodeString(parts[2]); err != nil {
		return token{}, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

func parsePart(part string) (map[string]any, error) {
	raw, err := b64.DecodeString(part)
	if err != nil {
		return nil, err
	}
	return parseObject(raw)
}

// parseObject reads one JSON object; a member that comes twice is an error.
func parseObject(raw []byte) (map[string]any, error) {
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, errors.New("null, not an object")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if seen[key] {
			return nil, fmt.Errorf("%q comes twice", key)
		}
		seen[key] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// kid checks the header and returns the key's id.
func (t token) kid() (string, error) {
	if t.header["alg"] != "RS256" {
		return "", fmt.Errorf("alg is %v, not RS256", t.header["alg"])
	}
	if typ, ok := t.header["typ"]; ok && typ != "JWT" {
		return "", fmt.Errorf("typ is %v, not JWT", typ)
	}
	if _, ok := t.header["crit"]; ok {
		return "", errors.New("crit is not understood")
	}
	kid := t.text("kid", t.header)
	if kid == "" {
		return "", errors.New("kid is missing or empty")
	}
	return kid, nil
}

// verify checks the signature, RS256 only.
func (t token) verify(key *rsa.PublicKey) error {
	digest := sha256.Sum256([]byte(t.signed))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature)
}

func (t token) text(name string, in map[string]any) string {
	s, _ := in[name].(string)
	return s
}

// claim returns a claim that is a string, else "".
func (t token) claim(name string) string { return t.text(name, t.claims) }

// moment returns a NumericDate claim.
func (t token) moment(name string) (time.Time, error) {
	n, ok := t.claims[name].(float64)
	if !ok {
		return time.Time{}, fmt.Errorf("%s is missing or no number", name)
	}
	return time.UnixMilli(int64(n * 1000)), nil
}

// fresh checks exp and iat. The clocks may be ahead seconds apart.
func (t token) fresh(now time.Time, ahead, maxAge time.Duration) error {
	iat, err := t.moment("iat")
	if err != nil {
		return err
	}
	exp, err := t.moment("exp")
	switch {
	case err != nil:
		return err
	case iat.After(now.Add(ahead)):
		return fmt.Errorf("iat is %v in the future", iat.Sub(now))
	case iat.Before(now.Add(-maxAge)):
		return fmt.Errorf("iat is %v old", now.Sub(iat))
	case !exp.After(now):
		return fmt.Errorf("exp was %v ago", now.Sub(exp))
	case exp.Sub(iat) > time.Hour:
		return fmt.Errorf("lives %v", exp.Sub(iat))
	}
	return nil
}

// encode returns header and payload as they are signed.
func encode(header map[string]any, payload []byte) string {
	h, err := json.Marshal(header)
	if err != nil {
		panic(fmt.Sprintf("ltitest: header of a token: %v", err))
	}
	return b64.EncodeToString(h) + "." + b64.EncodeToString(payload)
}

// signRS256 appends an RS256 signature.
func signRS256(signed string, key *rsa.PrivateKey) string {
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(fmt.Sprintf("ltitest: sign: %v", err))
	}
	return signed + "." + b64.EncodeToString(signature)
}
