package lti

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"
)

const (
	minKeySetAge     = 5 * time.Minute
	maxKeySetAge     = 24 * time.Hour
	defaultKeySetAge = time.Hour
	keySetGrace      = 24 * time.Hour // how long an outdated set serves while it can't be fetched
	keySetPause      = time.Minute    // between fetches for unknown kids, for bad signatures, and after failures
	keySetTimeout    = 10 * time.Second
	maxKid           = 1024
)

var (
	errUnknownKid = errors.New("the platform's key set has no such key")
	errWrongAlg   = errors.New("the key is for another algorithm")
	errNotAnew    = errors.New("the platform's key set was fetched anew a moment ago")
)

// KeySets caches the public keys of platforms by the address of their key
// set. Its methods may be called from several goroutines, and a key that is in
// the cache is never kept waiting by the network.
type KeySets struct {
	HTTP *http.Client // GuardedClient, outside of tests
	Now  func() time.Time
	// Observe, if set, is told the end of each fetch; see Tokens.Observe.
	Observe func(call, outcome string, took time.Duration)
	Log     *slog.Logger // of keys that are left out; nil: silent

	mu   sync.Mutex // never held while the network is used
	sets map[string]*cachedSet
}

// A cachedSet is what we know of one key set.
type cachedSet struct {
	keySet
	fetched    int       // how often it was, well
	freshUntil time.Time // zero, which is long ago: never fetched
	refetched  time.Time // when last for an unknown kid
	distrusted time.Time // when last for a bad signature
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

// A keyQuery asks for the keys of one kid.
type keyQuery struct {
	platform string // its name, for the log
	address  string // of the key set
	kid      string
	insecure bool // http is allowed
}

// A keyAnswer is what a set has for a kid.
type keyAnswer struct {
	keys    []publicKey
	fetched int  // which fetch brought them
	isNew   bool // it was made for this query
}

// find finds the keys of a token's kid. It is errUnknownKid if the set has
// none; any other error says why the set couldn't be fetched.
func (k *KeySets) find(ctx context.Context, q keyQuery) (keyAnswer, error) {
	if len(q.kid) > maxKid {
		return keyAnswer{}, errUnknownKid
	}
	pending, lead := k.begin(q.address, q.kid)
	if err := k.await(ctx, q, pending, lead); err != nil {
		return keyAnswer{}, err
	}
	return k.look(q, pending != nil)
}

// findAnew is find in a set that was fetched after the one which gave us old,
// whose keys don't fit a signature: a platform may have a new key under the
// kid of the one before. There is one such fetch a minute, however many bad
// signatures come; errNotAnew says that it wasn't the time.
func (k *KeySets) findAnew(ctx context.Context, q keyQuery, old keyAnswer) (keyAnswer, error) {
	if old.isNew {
		return keyAnswer{}, errNotAnew
	}
	pending, lead := k.beginAnew(q.address, old.fetched)
	if err := k.await(ctx, q, pending, lead); err != nil {
		return keyAnswer{}, err
	}
	if err := k.newer(q.address, old.fetched); err != nil {
		return keyAnswer{}, err
	}
	return k.look(q, pending != nil)
}

// await makes the fetch, or waits until who makes it is done.
func (k *KeySets) await(ctx context.Context, q keyQuery, pending chan struct{}, lead bool) error {
	switch {
	case lead:
		k.fetch(ctx, q)
	case pending != nil:
		select {
		case <-pending:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
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
	return set.start(now), true
}

// beginAnew is begin for a bad signature by a key of that fetch.
func (k *KeySets) beginAnew(address string, fetched int) (pending chan struct{}, lead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set, now := k.sets[address], k.Now()
	switch {
	case set.fetched != fetched: // there is a newer one already
		return nil, false
	case set.pending != nil:
		return set.pending, false
	case now.Before(set.distrusted.Add(keySetPause)):
		return nil, false
	}
	set.distrusted = now
	return set.start(now), true
}

// start notes that a fetch begins.
func (s *cachedSet) start(now time.Time) (pending chan struct{}) {
	s.pending = make(chan struct{})
	s.retryAt = now.Add(keySetPause)
	return s.pending
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
func (k *KeySets) fetch(ctx context.Context, q keyQuery) {
	var keys keySet
	var age time.Duration
	err := errors.New("the fetch broke off")
	defer func() {
		before := k.finish(q.address, keys, age, err)
		if err == nil && k.Log != nil && len(keys.leftOut) > 0 && !maps.Equal(before.leftOut, keys.leftOut) {
			k.Log.Info("keys of the platform's key set are left out", "platform", q.platform, "keys", keys.reasons())
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keySetTimeout)
	defer cancel()
	begin := k.Now()
	keys, age, err = fetchKeySet(ctx, k.HTTP, q.address, q.insecure)
	observe(k.Observe, "key_set", begin, k.Now(), err)
}

// finish takes over what a fetch has come to, and returns the set of before.
func (k *KeySets) finish(address string, keys keySet, age time.Duration, err error) (before keySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.sets[address]
	before = set.keySet
	if set.failure = err; err == nil {
		set.keySet, set.freshUntil, set.unknown = keys, k.Now().Add(age), nil
		set.fetched++
	}
	close(set.pending)
	set.pending = nil
	return before
}

// newer reports whether there is a set of after that fetch: errNotAnew, or why
// the last try to get one was in vain.
func (k *KeySets) newer(address string, fetched int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.sets[address]
	switch {
	case set.fetched != fetched:
		return nil
	case set.failure != nil:
		return set.failure
	}
	return errNotAnew
}

// look looks into the set as it is now. What isn't in a set just fetched is
// remembered as unknown.
func (k *KeySets) look(q keyQuery, fetched bool) (keyAnswer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set, now := k.sets[q.address], k.Now()
	if !set.usable(now) {
		return keyAnswer{}, set.failure
	}
	keys, known := set.keys[q.kid]
	if known {
		return keyAnswer{keys: keys, fetched: set.fetched, isNew: fetched}, nil
	}
	if set.failure != nil {
		return keyAnswer{}, set.failure
	}
	if fetched {
		if set.unknown == nil {
			set.unknown = map[string]time.Time{}
		}
		set.unknown[q.kid] = now
	}
	if reason, here := set.leftOut[q.kid]; here {
		return keyAnswer{}, fmt.Errorf("%w: one of this kid is left out: %s", errUnknownKid, reason)
	}
	return keyAnswer{}, errUnknownKid
}
