package ltitest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
)

// A toolKey is an RSA key of a tool's published key set.
type toolKey struct {
	kid    string
	public *rsa.PublicKey
}

const maxKeySet = 1 << 20

// parseKeySet reads a JWKS (RFC 7517) and returns its RSA signature keys in
// their order. It refuses a set that no platform should have to accept: a key
// without kid, a kid twice, a weak key, a private key.
func parseKeySet(raw []byte) ([]toolKey, error) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("no keys")
	}
	var keys []toolKey
	seen := map[string]bool{}
	for i, jwk := range set.Keys {
		kid, _ := jwk["kid"].(string)
		if kid == "" || seen[kid] {
			return nil, fmt.Errorf("key %d: kid %q is empty or comes twice", i, kid)
		}
		seen[kid] = true
		if _, secret := jwk["d"]; secret {
			return nil, fmt.Errorf("key %s: the private part is published", kid)
		}
		if jwk["kty"] != "RSA" || jwk["use"] == "enc" {
			continue
		}
		public, err := parseRSA(jwk)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", kid, err)
		}
		keys = append(keys, toolKey{kid, public})
	}
	return keys, nil
}

func parseRSA(jwk map[string]any) (*rsa.PublicKey, error) {
	if alg, ok := jwk["alg"]; ok && alg != "RS256" {
		return nil, fmt.Errorf("alg is %v, not RS256", alg)
	}
	n, err := parseNumber(jwk["n"])
	if err != nil {
		return nil, fmt.Errorf("n: %w", err)
	}
	e, err := parseNumber(jwk["e"])
	if err != nil {
		return nil, fmt.Errorf("e: %w", err)
	}
	if n.BitLen() < 2048 || n.BitLen() > 8192 || n.Bit(0) == 0 {
		return nil, fmt.Errorf("modulus of %d bits", n.BitLen())
	}
	if e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0 {
		return nil, errors.New("exponent out of range")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func parseNumber(v any) (*big.Int, error) {
	s, _ := v.(string)
	raw, err := b64.DecodeString(s)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, errors.New("missing")
	}
	return new(big.Int).SetBytes(raw), nil
}

// fetchToolKeys gets a tool's key set and remembers it.
func (l *LMS) fetchToolKeys(address string) ([]toolKey, error) {
	response, err := l.client.Get(address)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return nil, fmt.Errorf("key set %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("key set %s: %s", address, response.Status)
	}
	keys, err := parseKeySet(raw)
	if err != nil {
		return nil, fmt.Errorf("key set %s: %w", address, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.toolKeys[address] = keys
	return keys, nil
}

// verifyByTool checks the signature of a token by the tool's key set. Like
// Moodle it keeps the set and fetches it again when verification fails.
func (l *LMS) verifyByTool(t token, tool Tool) error {
	kid, err := t.kid()
	if err != nil {
		return err
	}
	if tool.PublicKey != "" {
		return verifyByPasted(t, tool.PublicKey)
	}
	l.mu.Lock()
	keys, lastOnly := l.toolKeys[tool.JWKSURL], l.behaviour.LastKeyOnly
	l.mu.Unlock()
	if verifyBySet(t, kid, keys, lastOnly) == nil {
		return nil
	}
	if keys, err = l.fetchToolKeys(tool.JWKSURL); err != nil {
		return err
	}
	return verifyBySet(t, kid, keys, lastOnly)
}

// verifyByPasted checks the signature by a key that was pasted, whatever the kid.
func verifyByPasted(t token, text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("the pasted key is no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("the pasted key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the pasted key is a %T", key)
	}
	return t.verify(public)
}

func verifyBySet(t token, kid string, keys []toolKey, lastOnly bool) error {
	// Chamilo does not look at the kid.
	if lastOnly && len(keys) > 0 {
		kid = keys[len(keys)-1].kid
	}
	for _, key := range keys {
		if key.kid == kid {
			return t.verify(key.public)
		}
	}
	return fmt.Errorf("kid %q is not in the tool's key set", kid)
}
