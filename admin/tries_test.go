package admin

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// Whoever tries is slowed down by the account, and whatever accounts by the
// network that they are tried from.
func TestTriesAreSlow(t *testing.T) {
	for _, test := range []struct {
		name             string
		account, address func(i int) string
		most             int
		slow             time.Duration
	}{
		{"one account, from everywhere", func(int) string { return "ann" }, func(i int) string { return fmt.Sprint("192.0.2.", i) }, triesAccount, triesAccountSlow},
		{"many accounts, from one address", func(i int) string { return fmt.Sprint("a", i) }, func(int) string { return "192.0.2.7" }, triesAddress, triesAddressSlow},
		{"many addresses of one subscriber", func(i int) string { return fmt.Sprint("a", i) }, func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }, triesAddress, triesAddressSlow},
		{"an address that can't be read", func(i int) string { return fmt.Sprint("a", i) }, func(int) string { return "" }, triesAddress, triesAddressSlow},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tries tries
			now, n := noon, 0
			for tries.allow(now, test.account(n), test.address(n), "") {
				n++
			}
			if n != test.most {
				t.Fatalf("%d tries at once, want %d", n, test.most)
			}
			for range 3 {
				now = now.Add(test.slow - time.Nanosecond)
				if tries.allow(now, test.account(n), test.address(n), "") {
					t.Error("the next comes too early")
				}
				now = now.Add(time.Nanosecond)
				if !tries.allow(now, test.account(n), test.address(n), "") {
					t.Error("the next is in time, and refused")
				}
			}
			if now = now.Add(-time.Hour); !tries.allow(now, test.account(n), test.address(n), "") {
				t.Error("a clock that was set back stops everybody")
			}
		})
	}
}

// What is refused costs nothing: it doesn't put off the next.
func TestRefusedTriesCostNothing(t *testing.T) {
	var tries tries
	for range triesAccount {
		tries.allow(noon, "ann", "192.0.2.1", "")
	}
	for range 1000 {
		if tries.allow(noon, "ann", "192.0.2.2", "") {
			t.Fatal("too many")
		}
	}
	if !tries.allow(noon, "bob", "192.0.2.2", "") {
		t.Error("another account is refused, for tries that were never made")
	}
	tries.forget("ann", "", "")
	if !tries.allow(noon, "ann", "192.0.2.2", "") {
		t.Error("who came in is slowed down")
	}
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "::ffff:192.0.2.7", "2001:db8:1:2:3::7": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "unix": "unix",
	} {
		if got := networkOf(address); got != want {
			t.Errorf("network of %q = %q, want %q", address, got, want)
		}
	}
}

func TestTriesAreBounded(t *testing.T) {
	var tries tries
	for i := range 2 * triesKept {
		if !tries.allow(noon, fmt.Sprint("a", i), fmt.Sprintf("2001:db8:%x::1", i), "") {
			t.Fatal("a new account from a new address is refused")
		}
		if len(tries.when) > triesKept {
			t.Fatalf("%d are remembered", len(tries.when))
		}
	}
	later := noon.Add(triesAccount * triesAccountSlow)
	if !tries.allow(later, "ann", "192.0.2.1", "") || len(tries.when) != 2 {
		t.Errorf("%d are remembered when all are paid", len(tries.when))
	}
}

func clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }
