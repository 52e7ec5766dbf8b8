package admin

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
)

// kept is a database of what happened.
type kept struct {
	mu       sync.Mutex
	failures []Failure
	tallies  map[TallyKey]int
	calls    int
	away     bool
	broken   bool
}

func (k *kept) KeepHappenings(_ context.Context, failures []Failure, tallies []Tally) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	switch {
	case k.away:
		return fmt.Errorf("disk: %w", classroom.ErrAway)
	case k.broken:
		return fmt.Errorf("a fault of ours")
	}
	k.failures = append(k.failures, failures...)
	for _, t := range tallies {
		if k.tallies == nil {
			k.tallies = map[TallyKey]int{}
		}
		k.tallies[t.TallyKey] += t.N
	}
	return nil
}

func (k *kept) counted() (failures, tallies int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range k.tallies {
		tallies += n
	}
	return len(k.failures), tallies
}

// recording runs a recorder; stop ends it.
func recording(t *testing.T, k *kept) (r *Recorder, stop func()) {
	t.Helper()
	r = &Recorder{Store: k, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func wants(t *testing.T, k *kept, failures, tallies int) {
	t.Helper()
	if f, c := k.counted(); f != failures || c != tallies {
		t.Errorf("%d failures and %d counts, want %d and %d", f, c, failures, tallies)
	}
}

// What comes within a second is written together, and what is left at the end
// too.
func TestRecorderGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kept{}
		r, stop := recording(t, k)
		for range 3 {
			r.Record(Failure{Kind: Launch, Code: "jwt_expired", RegistrationID: "r"})
			r.Went(Login, "r")
		}
		synctest.Wait()
		wants(t, k, 0, 0)
		time.Sleep(gatherFor)
		synctest.Wait()
		wants(t, k, 3, 3)
		if k.calls != 1 || !k.failures[0].At.Equal(time.Now().Add(-gatherFor)) {
			t.Errorf("%d writes, the first failure at %v", k.calls, k.failures[0].At)
		}
		r.Went(Launch, "r")
		stop()
		wants(t, k, 3, 4)
	})
}

// While the database is away, what happens waits, as much of it as there is
// place for; the rest is counted.
func TestRecorderWhileAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kept{away: true}
		r, stop := recording(t, k)
		const storm = 3 * queueMost
		for range storm {
			r.Record(Failure{Kind: Launch, Code: "deployment_unknown"})
		}
		for i := range 3 * countsMost {
			r.Went(Login, fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if k.calls > 14 {
			t.Errorf("%d attempts in a minute", k.calls)
		}
		k.mu.Lock()
		k.away = false
		k.mu.Unlock()
		time.Sleep(recordAway)
		synctest.Wait()
		wants(t, k, queueMost, storm-queueMost+countsMost-1)
		stop()
	})
}

// A fault of ours loses what it is about, and no more.
func TestRecorderGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kept{broken: true}
		r, stop := recording(t, k)
		r.Record(Failure{Kind: Launch, Code: "a"})
		time.Sleep(2 * gatherFor)
		synctest.Wait()
		k.mu.Lock()
		k.broken = false
		k.mu.Unlock()
		r.Record(Failure{Kind: Launch, Code: "b"})
		time.Sleep(2 * gatherFor)
		synctest.Wait()
		wants(t, k, 1, 0)
		stop()
		var none *Recorder
		none.Record(Failure{})
		none.Went(Login, "")
	})
}

// Nothing is kept by which somebody could act in another's name.
func TestHarmless(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a sentence", "deployment_id \"7\"", "deployment_id \"7\""},
		{"an address", "https://lms.example/mod/lti/token.php", "https://lms.example/mod/lti/token.php"},
		{"a signed address", "get https://bbb.example/bigbluebutton/api/join?fullName=Anna&checksum=abc123: refused", "get https://bbb.example/bigbluebutton/api/join?… refused"},
		{"one in quotation marks", `Get "https://lms.example/lineitems?type_id=3": EOF`, `Get "https://lms.example/lineitems?…": EOF`},
		{"a password in an address", "postgres://bbbridge:hunter2@db/x is away", "postgres://…@db/x is away"},
		{"a signed token", "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI1In0.c2lnbmF0dXJlc2ln is old", "token … is old"},
		{"a header", "Authorization: Bearer abcdef", "Authorization: Bearer …"},
		{"a form", "grant=x&client_assertion=abc&scope=y", "grant=x&client_assertion=…&scope=y"},
		{"JSON", `{"access_token":"abc","expires_in":3600}`, `{"access_token":"…","expires_in":3600}`},
		{"lines", "a\nb\tc\x00d", "a b cd"},
		{"no text", "a\xff\u202eb", "ab"},
		{"long", strings.Repeat("é", 400), strings.Repeat("é", 300)},
		{"endless", strings.Repeat("é", 1<<20), strings.Repeat("é", 300)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Harmless(test.text, 300)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
