package lti

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A keyServer publishes a key set and can be mean.
type keyServer struct {
	mu      sync.Mutex
	body    string
	status  int
	control string        // Cache-Control
	hold    chan struct{} // if not nil, answers wait for it
	fetches int
	address string
}

// RoundTrip answers without a network, so that tests can run in a bubble.
func (s *keyServer) RoundTrip(request *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.fetches++
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	recorder := httptest.NewRecorder()
	if s.control != "" {
		recorder.Header().Set("Cache-Control", s.control)
	}
	recorder.WriteHeader(s.status)
	recorder.Body.WriteString(s.body)
	response := recorder.Result()
	response.Request = request
	return response, nil
}

func (s *keyServer) set(change func(*keyServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *keyServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

func newKeySets() (*KeySets, *keyServer, *clock) {
	server := &keyServer{status: http.StatusOK, body: jwksText(rsaMember("key-1", rsaKeys()[0])), address: "https://lms.example/jwks"}
	c := &clock{at: testNow}
	return &KeySets{HTTP: &http.Client{Transport: server}, Now: c.now}, server, c
}

// key is the first key for a token's kid and alg.
func (k *KeySets) key(ctx context.Context, address, kid, alg string, insecure bool) (any, error) {
	found, err := k.find(ctx, keyQuery{platform: "Campus", address: address, kid: kid, insecure: insecure})
	if err != nil {
		return nil, err
	}
	for _, key := range found.keys {
		if key.fits(alg) {
			return key.raw, nil
		}
	}
	return nil, errWrongAlg
}

func (s *keyServer) rotate(kid string) {
	s.set(func(s *keyServer) { s.body = jwksText(rsaMember(kid, rsaKeys()[1])) })
}

// A look is one question for a key and what is to come of it.
type look struct {
	kid     string
	want    error // nil: found; errAnything: the set is unavailable
	fetches int   // so far
}

var errAnything = errors.New("any other error")

func (l look) check(t *testing.T, k *KeySets, s *keyServer) {
	t.Helper()
	_, err := k.key(t.Context(), s.address, l.kid, "RS256", false)
	switch {
	case errors.Is(l.want, errAnything) && (err == nil || errors.Is(err, errUnknownKid)),
		!errors.Is(l.want, errAnything) && !errors.Is(err, l.want):
		t.Errorf("key %s: %v, want %v", l.kid, err, l.want)
	}
	if got := s.count(); got != l.fetches {
		t.Errorf("key %s: %d fetches, want %d", l.kid, got, l.fetches)
	}
}

func TestKeySetCache(t *testing.T) {
	k, s, c := newKeySets()
	look{"key-1", nil, 1}.check(t, k, s)
	c.pass(time.Hour - time.Second)
	look{"key-1", nil, 1}.check(t, k, s) // warm
	c.pass(time.Second)
	look{"key-1", nil, 2}.check(t, k, s) // outdated
}

func TestKeySetRotation(t *testing.T) {
	k, s, c := newKeySets()
	look{"key-1", nil, 1}.check(t, k, s)
	s.rotate("key-2")
	look{"key-2", nil, 2}.check(t, k, s)           // at once: the first fetch doesn't count
	look{"key-1", errUnknownKid, 2}.check(t, k, s) // gone, and one fetch a minute
	s.rotate("key-3")
	look{"key-3", errUnknownKid, 2}.check(t, k, s)
	c.pass(time.Minute)
	look{"key-3", nil, 3}.check(t, k, s)
}

// TestKeySetUnknownKid: somebody who makes up kids costs one fetch a minute.
func TestKeySetUnknownKid(t *testing.T) {
	k, s, c := newKeySets()
	look{"forged", errUnknownKid, 1}.check(t, k, s)
	look{"forged", errUnknownKid, 1}.check(t, k, s) // remembered
	look{"forged-2", errUnknownKid, 2}.check(t, k, s)
	for i := range 100 {
		look{fmt.Sprint("forged-", i), errUnknownKid, 2}.check(t, k, s)
	}
	look{"key-1", nil, 2}.check(t, k, s)
	c.pass(time.Minute)
	look{"forged-2", errUnknownKid, 3}.check(t, k, s)
}

// TestKeySetOutage: the old set serves for a day, and a platform that is down
// is asked once a minute.
func TestKeySetOutage(t *testing.T) {
	k, s, c := newKeySets()
	look{"key-1", nil, 1}.check(t, k, s)
	s.set(func(s *keyServer) { s.status = http.StatusBadGateway })
	c.pass(time.Hour)
	look{"key-1", nil, 2}.check(t, k, s)
	look{"key-1", nil, 2}.check(t, k, s)
	look{"key-9", errAnything, 2}.check(t, k, s)
	c.pass(time.Minute)
	look{"key-1", nil, 3}.check(t, k, s)
	c.pass(24*time.Hour - 2*time.Minute)
	look{"key-1", nil, 4}.check(t, k, s)
	c.pass(time.Minute)
	look{"key-1", errAnything, 5}.check(t, k, s) // too old
	s.set(func(s *keyServer) { s.status = http.StatusOK })
	look{"key-1", nil, 6}.check(t, k, s)
}

// TestKeySetRefetchFails: an unknown kid while the platform is down is no
// proof that the kid is wrong, and known keys don't suffer.
func TestKeySetRefetchFails(t *testing.T) {
	k, s, c := newKeySets()
	look{"key-1", nil, 1}.check(t, k, s)
	s.set(func(s *keyServer) { s.status = http.StatusInternalServerError })
	look{"key-2", errAnything, 2}.check(t, k, s)
	look{"key-2", errAnything, 2}.check(t, k, s)
	look{"key-1", nil, 2}.check(t, k, s)
	s.set(func(s *keyServer) { s.status = http.StatusOK })
	s.rotate("key-2")
	c.pass(time.Minute)
	look{"key-2", nil, 3}.check(t, k, s)
}

// TestKeySetOutdatedAndUnknown: an outdated set is fetched for an unknown kid
// too, which doesn't count as a fetch for an unknown kid.
func TestKeySetOutdatedAndUnknown(t *testing.T) {
	k, s, c := newKeySets()
	look{"key-1", nil, 1}.check(t, k, s)
	c.pass(time.Hour)
	look{"key-2", errUnknownKid, 2}.check(t, k, s)
	s.rotate("key-3")
	look{"key-3", nil, 3}.check(t, k, s)
}

// TestKeySetLongKid isn't looked for at all.
func TestKeySetLongKid(t *testing.T) {
	k, s, _ := newKeySets()
	look{strings.Repeat("k", maxKid+1), errUnknownKid, 0}.check(t, k, s)
	look{strings.Repeat("k", maxKid), errUnknownKid, 1}.check(t, k, s)
}

// TestKeySetUnknownJoins: an unknown kid waits for the fetch of an outdated
// set that is under way, and finds itself there.
func TestKeySetUnknownJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, s, c := newKeySets()
		look{"key-1", nil, 1}.check(t, k, s)
		c.pass(time.Hour)
		s.set(func(s *keyServer) {
			s.body = jwksText(rsaMember("key-1", rsaKeys()[0]), rsaMember("key-2", rsaKeys()[1]))
		})
		hold := make(chan struct{})
		s.set(func(s *keyServer) { s.hold = hold })
		var group sync.WaitGroup
		for _, kid := range []string{"key-1", "key-2"} {
			group.Go(func() {
				if _, err := k.key(t.Context(), s.address, kid, "RS256", false); err != nil {
					t.Errorf("key %s: %v", kid, err)
				}
			})
			synctest.Wait()
		}
		close(hold)
		group.Wait()
		if got := s.count(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

// TestKeySetFirstFetchFails: the next launch tries again.
func TestKeySetFirstFetchFails(t *testing.T) {
	k, s, _ := newKeySets()
	s.set(func(s *keyServer) { s.status = http.StatusNotFound })
	look{"key-1", errAnything, 1}.check(t, k, s)
	s.set(func(s *keyServer) { s.status = http.StatusOK })
	look{"key-1", nil, 2}.check(t, k, s)
}

func TestKeySetAge(t *testing.T) {
	for control, want := range map[string]time.Duration{
		"": time.Hour, "max-age=600": 10 * time.Minute, "public, Max-Age=7200": 2 * time.Hour, "max-age=1": 5 * time.Minute,
		"max-age=0": 5 * time.Minute, "max-age=9999999": 24 * time.Hour, "no-store": 5 * time.Minute, "no-cache, max-age=600": 5 * time.Minute,
		"max-age=soon": time.Hour, `max-age="600"`: 10 * time.Minute, "max-age=-5": 5 * time.Minute, "max-age=99999999999999999999": time.Hour,
	} {
		k, s, c := newKeySets()
		s.control = control
		look{"key-1", nil, 1}.check(t, k, s)
		c.pass(want - time.Second)
		look{"key-1", nil, 1}.check(t, k, s)
		c.pass(time.Second)
		look{"key-1", nil, 2}.check(t, k, s)
	}
}

// TestKeySetSingleFlight: launches that come at once share one fetch, at the
// start and at a rotation.
func TestKeySetSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, s, _ := newKeySets()
		together(t, k, s, "key-1", 1)
		s.rotate("key-2")
		together(t, k, s, "key-2", 2)
	})
}

// together asks ten times for a key while the platform is slow.
func together(t *testing.T, k *KeySets, s *keyServer, kid string, fetches int) {
	t.Helper()
	hold := make(chan struct{})
	s.set(func(s *keyServer) { s.hold = hold })
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if _, err := k.key(t.Context(), s.address, kid, "RS256", false); err != nil {
				t.Errorf("key %s: %v", kid, err)
			}
		})
	}
	synctest.Wait()
	close(hold)
	group.Wait()
	if got := s.count(); got != fetches {
		t.Errorf("%d fetches, want %d", got, fetches)
	}
}

// TestKeySetWarmKeyNeverWaits: neither for the fetch of an unknown kid, nor
// for that of an outdated set.
func TestKeySetWarmKeyNeverWaits(t *testing.T) {
	for name, outdated := range map[string]bool{"unknown kid": false, "outdated": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, s, c := newKeySets()
				look{"key-1", nil, 1}.check(t, k, s)
				slow := "key-2"
				if outdated {
					c.pass(2 * time.Hour)
					slow = "key-1"
				}
				hold := make(chan struct{})
				s.set(func(s *keyServer) { s.hold = hold })
				var group sync.WaitGroup
				group.Go(func() { _, _ = k.key(t.Context(), s.address, slow, "RS256", false) })
				synctest.Wait()
				look{"key-1", nil, 2}.check(t, k, s) // would deadlock if it waited
				close(hold)
				group.Wait()
			})
		})
	}
}

// TestKeySetTimeLimit: a platform that doesn't answer holds a launch for 10 s.
func TestKeySetTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, s, _ := newKeySets()
		s.hold = make(chan struct{})
		begin := time.Now()
		_, err := k.key(t.Context(), s.address, "key-1", "RS256", false)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// TestKeySetWaiterGivesUp: whoever waits for another one's fetch may go.
func TestKeySetWaiterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, s, _ := newKeySets()
		hold := make(chan struct{})
		s.hold = hold
		var group sync.WaitGroup
		group.Go(func() { _, _ = k.key(t.Context(), s.address, "key-1", "RS256", false) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := k.key(ctx, s.address, "key-1", "RS256", false); !errors.Is(err, context.Canceled) {
			t.Errorf("key = %v, want context.Canceled", err)
		}
		close(hold)
		group.Wait()
	})
}

// TestKeySetSharedKid: alg picks the key of the right type.
func TestKeySetSharedKid(t *testing.T) {
	k, s, _ := newKeySets()
	s.body = jwksText(ecMember("shared", ecKey()), rsaMember("shared", rsaKeys()[2]))
	for alg, fits := range map[string]func(any) bool{"RS256": isRSA, "ES256": isP256} {
		if key, err := k.key(t.Context(), s.address, "shared", alg, false); err != nil || !fits(key) {
			t.Errorf("%s: %T, %v", alg, key, err)
		}
	}
}

func TestMoodleKeySet(t *testing.T) {
	var file struct {
		Keys []map[string]any `json:"keys"`
	}
	readJSON(t, "moodle/platform_jwks.json", &file)
	set, err := parseKeySet([]byte(jwksText(file.Keys[0])))
	if err != nil || len(set.keys["87172d3e6039938d9c82"]) != 1 {
		t.Errorf("%v, %v", set, err)
	}
}

func TestKeySetAnswers(t *testing.T) {
	good := jwksText(rsaMember("key-1", rsaKeys()[0]))
	for _, test := range []struct {
		name   string
		spoil  func(*keyServer)
		failed bool
	}{
		{"as large as may be", func(s *keyServer) { s.body = good + strings.Repeat(" ", maxKeySetSize-len(good)) }, false},
		{"too large", func(s *keyServer) { s.body = good + strings.Repeat(" ", maxKeySetSize-len(good)+1) }, true},
		{"HTML", func(s *keyServer) { s.body = "<html>" }, true},
		{"empty", func(s *keyServer) { s.body = "" }, true},
		{"no keys", func(s *keyServer) { s.body = "{}" }, true},
		{"keys an object", func(s *keyServer) { s.body = `{"keys":{}}` }, true},
		{"a list", func(s *keyServer) { s.body = `[1]` }, true},
		{"404", func(s *keyServer) { s.status = http.StatusNotFound }, true},
		{"201", func(s *keyServer) { s.status = http.StatusCreated }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, s, _ := newKeySets()
			test.spoil(s)
			want := error(nil)
			if test.failed {
				want = errAnything
			}
			look{"key-1", want, 1}.check(t, k, s)
		})
	}
}

// TestKeySetAddress: https, but on loopback, and no credentials.
func TestKeySetAddress(t *testing.T) {
	for _, test := range []struct {
		address  string
		insecure bool
		fetches  int
	}{
		{"https://lms.example/jwks", false, 1}, {"http://127.0.0.1/jwks", false, 0}, {"http://127.0.0.1/jwks", true, 1},
		{"file:///etc/passwd", true, 0}, {"https://a:b@lms.example/jwks", false, 0}, {"/jwks", true, 0}, {"", true, 0},
	} {
		k, s, _ := newKeySets()
		_, err := k.key(t.Context(), test.address, "key-1", "RS256", test.insecure)
		if s.count() != test.fetches || (err == nil) != (test.fetches == 1) {
			t.Errorf("%q, insecure %v: %d fetches, %v", test.address, test.insecure, s.count(), err)
		}
	}
}

// What is remembered of made-up kids is one a minute, until the next fetch.
func TestKeySetRemembersFewKids(t *testing.T) {
	k, s, c := newKeySets()
	for i := range 500 {
		if _, err := k.key(t.Context(), s.address, fmt.Sprint("forged-", i), "RS256", false); !errors.Is(err, errUnknownKid) {
			t.Fatal(err)
		}
		c.pass(10 * time.Second)
		if n := len(k.sets[s.address].unknown); n > 1 {
			t.Fatalf("%d kids are remembered", n)
		}
	}
	if len(k.sets) != 1 {
		t.Errorf("%d key sets of one address", len(k.sets))
	}
}
