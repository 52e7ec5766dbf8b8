package lti

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxKeySetSize = 1 << 20
	maxSameKid    = 8 // keys: each is tried on a bad signature
	maxReasons    = 10
)

// A keySet has the usable keys of a platform by their kid. Keys of different
// types may share one (RFC 7517, 4.5), and so may a new key and the one of
// before.
type keySet struct {
	keys    map[string][]publicKey
	leftOut map[string]string // why a key of that kid is of no use for us
}

// parseKeySet reads a JWKS. Keys that are of no use for us are left out and
// don't spoil the others.
func parseKeySet(text []byte) (keySet, error) {
	value, err := parseJSON(text)
	if err != nil {
		return keySet{}, err
	}
	object, err := value.object()
	if err != nil {
		return keySet{}, err
	}
	list, ok := object.at("keys").list()
	if !ok {
		return keySet{}, errors.New("it has no keys member")
	}
	set := keySet{keys: map[string][]publicKey{}, leftOut: map[string]string{}}
	for _, member := range list {
		kid, key, err := parseJWK(member)
		if err == nil && len(set.keys[kid]) == maxSameKid {
			err = fmt.Errorf("%d keys before it have the same kid", maxSameKid)
		}
		if err != nil {
			set.leftOut[kid] = err.Error()
			continue
		}
		set.keys[kid] = append(set.keys[kid], key)
	}
	return set, nil
}

// reasons are for the log: of each kid whose key was left out, why. They are
// cut where there are many.
func (s keySet) reasons() []string {
	var list []string
	for _, kid := range slices.Sorted(maps.Keys(s.leftOut)) {
		if len(list) == maxReasons {
			return append(list, fmt.Sprintf("and %d more", len(s.leftOut)-len(list)))
		}
		list = append(list, fmt.Sprintf("kid %.100q: %s", kid, s.leftOut[kid]))
	}
	return list
}

// fetchKeySet returns a platform's key set and how long it is fresh.
func fetchKeySet(ctx context.Context, client *http.Client, address string, insecure bool) (keySet, time.Duration, error) {
	set, header, err := getKeySet(ctx, client, address, insecure)
	return set, keySetAge(header.Get("Cache-Control")), err
}

// getKeySet returns a platform's key set, and what else its answer says.
func getKeySet(ctx context.Context, client *http.Client, address string, insecure bool) (keySet, http.Header, error) {
	if _, err := absoluteURL(address, insecure); err != nil {
		return keySet{}, nil, fmt.Errorf("key set address %.200q: %w", address, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return keySet{}, nil, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := careful(client, insecure).Do(request)
	if err != nil {
		return keySet{}, nil, err
	}
	defer response.Body.Close()
	body, err := readLimited(response.Body, maxKeySetSize)
	if err != nil {
		return keySet{}, nil, fmt.Errorf("key set %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return keySet{}, nil, fmt.Errorf("key set %s: the platform answers %d", address, response.StatusCode)
	}
	set, err := parseKeySet(body)
	if err != nil {
		return keySet{}, nil, fmt.Errorf("key set %s: %w", address, err)
	}
	return set, response.Header, nil
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
