package lti

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	minKeySetAge     = 5 * time.Minute
	maxKeySetAge     = 24 * time.Hour
	defaultKeySetAge = time.Hour
	keySetGrace      = 24 * time.Hour // how long an outdated set serves while it can't be fetched
	keySetPause      = time.Minute    // between fetches for unknown kids, and after failures
	keySetTimeout    = 10 * time.Second
	maxKid           = 1024
)

var (
	errUnknownKid = errors.New("the platform's key set has no such key")
	errWrongAlg   = errors.New("the key is for another algorithm")
)

// KeySets caches the public keys of platforms by the address of their key
// set. Its methods may be called from several goroutines, and a key that is in
// the cache is never kept waiting by the network.
type KeySets struct {
	HTTP *http.Client // GuardedClient, outside of tests
	Now  func() time.Time
	// Observe, if set, is told the end of each fetch; see Tokens.Observe.
	Observe func(call, outcome string, took time.Duration)

	mu   sync.Mutex // never held while the network is used
	sets map[string]*cachedSet
}

// A cachedSet is what we know of one key set.
type cachedSet struct {
	keys       keySet
	freshUntil time.Time // zero, which is long ago: never fetched
	refetched  time.Time // when last for an unknown kid
	retryAt    time.Time // an outdated set isn't fetched before
	failure    error     // of the last fetch; nil if it was good
	unknown    map[string]time.Time
	pending    chan struct{} // closed when the fetch under way ends; nil if there is none
}

func (s *cachedSet) fresh(now time.Time) bool { return now.Before(s.freshUntil) }

// usable is also true of an outdated set for a while.
func (s *cachedSet) usable(now time.Time) bool {
	return now.Before(s.freshUntil.Add(keySetGrace))
}

// key finds the key for a token's kid and alg. It is errUnknownKid or
// errWrongAlg if the set has none; any other error says why the set couldn't
// be fetched. insecure allows http.
func (k *KeySets) key(ctx context.Context, address, kid, alg string, insecure bool) (any, error) {
	if len(kid) > maxKid {
		return nil, errUnknownKid
	}
	pending, lead := k.begin(address, kid)
	switch {
	case lead:
		k.fetch(ctx, address, insecure)
	case pending != nil:
		select {
		case <-pending:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return k.find(address, kid, alg, pending != nil)
}

// begin decides whether the set must be fetched for kid. It returns the fetch
// to wait for, if any, and whether the caller is the one to do it.
func (k *KeySets) begin(address, kid string) (pending chan struct{}, lead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.sets[address]
	if set == nil {
		if k.sets == nil {
			k.sets = map[string]*cachedSet{}
		}
		set = &cachedSet{}
		k.sets[address] = set
	}
	now := k.Now()
	wanted, counted := set.wants(kid, now)
	switch {
	case !wanted:
		return nil, false
	case set.pending != nil:
		return set.pending, false
	case counted && now.Before(set.refetched.Add(keySetPause)):
		return nil, false
	case counted:
		set.refetched = now
	}
	set.pending = make(chan struct{})
	set.retryAt = now.Add(keySetPause)
	return set.pending, true
}

// wants reports whether kid calls for a fetch, and whether that is one for an
// unknown kid, of which there is one a minute.
func (s *cachedSet) wants(kid string, now time.Time) (wanted, counted bool) {
	_, known := s.keys[kid]
	switch {
	case !s.usable(now):
		return true, false
	case known:
		// One caller fetches an outdated set; the others use it meanwhile.
		return !s.fresh(now) && !now.Before(s.retryAt), false
	case !s.fresh(now):
		return s.pending != nil || !now.Before(s.retryAt), false
	}
	return !now.Before(s.unknown[kid].Add(keySetPause)), true
}

// fetch brings the set up to date. It goes on if the caller's browser goes
// away, since others may wait for it.
func (k *KeySets) fetch(ctx context.Context, address string, insecure bool) {
	var keys keySet
	var age time.Duration
	err := errors.New("the fetch broke off")
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		set := k.sets[address]
		if set.failure = err; err == nil {
			set.keys, set.freshUntil, set.unknown = keys, k.Now().Add(age), nil
		}
		close(set.pending)
		set.pending = nil
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keySetTimeout)
	defer cancel()
	begin := k.Now()
	keys, age, err = fetchKeySet(ctx, k.HTTP, address, insecure)
	observe(k.Observe, "key_set", begin, k.Now(), err)
}

// find looks into the set as it is now. What isn't in a set just fetched is
// remembered as unknown.
func (k *KeySets) find(address, kid, alg string, fetched bool) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set, now := k.sets[address], k.Now()
	if !set.usable(now) {
		return nil, set.failure
	}
	keys, known := set.keys[kid]
	if known {
		return keys.fit(alg)
	}
	if set.failure != nil {
		return nil, set.failure
	}
	if fetched {
		if set.unknown == nil {
			set.unknown = map[string]time.Time{}
		}
		set.unknown[kid] = now
	}
	return nil, errUnknownKid
}
