package lti

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

const (
	maxKeySetSize = 1 << 20
	minRSABits    = 2048
	maxRSABits    = 8192 // more would only cost us time
	maxExponent   = 4    // bytes
)

// A keySet has the usable keys of a platform by their kid. Keys of different
// types may share one (RFC 7517, 4.5).
type keySet map[string]publicKeys

type publicKeys []publicKey

type publicKey struct {
	alg string // empty: the set doesn't say
	raw any    // *rsa.PublicKey or *ecdsa.PublicKey
}

// fit is the key for alg, or errWrongAlg.
func (keys publicKeys) fit(alg string) (any, error) {
	for _, key := range keys {
		if algorithms[alg].fits(key.raw) && (key.alg == "" || key.alg == alg) {
			return key.raw, nil
		}
	}
	return nil, errWrongAlg
}

// parseKeySet reads a JWKS. Keys that are of no use for us are left out and
// don't spoil the others.
func parseKeySet(text []byte) (keySet, error) {
	value, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	set, err := value.object()
	if err != nil {
		return nil, err
	}
	list, ok := set.at("keys").list()
	if !ok {
		return nil, errors.New("it has no keys member")
	}
	keys := keySet{}
	for _, member := range list {
		if kid, key, ok := parsePublicKey(member); ok {
			keys[kid] = append(keys[kid], key)
		}
	}
	return keys, nil
}

func parsePublicKey(text jsonText) (kid string, key publicKey, ok bool) {
	parsed, err := jwk.ParseKey(text)
	if err != nil || parsed.KeyID() == "" || parsed.KeyUsage() == string(jwk.ForEncryption) {
		return "", publicKey{}, false
	}
	if public, isRSA := parsed.(jwk.RSAPublicKey); isRSA && len(public.E()) > maxExponent {
		return "", publicKey{}, false
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil || !strong(raw) {
		return "", publicKey{}, false
	}
	return parsed.KeyID(), publicKey{alg: parsed.Algorithm().String(), raw: raw}, true
}

// strong reports whether raw is a public key that may verify a token. A
// private or symmetric key isn't one, whoever published it.
func strong(raw any) bool {
	switch key := raw.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return bits >= minRSABits && bits <= maxRSABits && key.E >= 3 && key.E%2 == 1
	case *ecdsa.PublicKey:
		return isP256(key)
	}
	return false
}

// fetchKeySet returns a platform's key set and how long it is fresh.
func fetchKeySet(ctx context.Context, client *http.Client, address string, insecure bool) (keySet, time.Duration, error) {
	if _, err := absoluteURL(address, insecure); err != nil {
		return nil, 0, fmt.Errorf("key set address %.200q: %w", address, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := careful(client, insecure).Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err := readLimited(response.Body, maxKeySetSize)
	if err != nil {
		return nil, 0, fmt.Errorf("key set %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("key set %s: the platform answers %d", address, response.StatusCode)
	}
	keys, err := parseKeySet(body)
	if err != nil {
		return nil, 0, fmt.Errorf("key set %s: %w", address, err)
	}
	return keys, keySetAge(response.Header.Get("Cache-Control")), nil
}

// keySetAge is how long a set is fresh: what the platform says, within bounds.
func keySetAge(cacheControl string) time.Duration {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minKeySetAge
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil {
				return defaultKeySetAge
			}
			return min(max(time.Duration(seconds)*time.Second, minKeySetAge), maxKeySetAge)
		}
	}
	return defaultKeySetAge
}

var errTooLarge = errors.New("the answer is too large")

// readLimited reads all of r, or errTooLarge.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLarge
	}
	return body, nil
}
