package admin

import (
	"net/netip"
	"sync"
	"time"
)

// Tries to sign in: so many at once, then one in a while.
const (
	triesAccount     = 10
	triesAccountSlow = 10 * time.Second
	triesAddress     = 30 // a school is behind one
	triesAddressSlow = 4 * time.Second
	triesCode        = 10 // besides a password that was right
	triesCodeSlow    = time.Minute
	triesKept        = 10_000 // accounts and addresses that are remembered
)

// tries slows down who tries many passwords: for each account, whoever tries,
// and for each network address, whatever accounts. What is told there is the
// same for accounts that there aren't. A browser that has signed in to the account
// before has tries of its own, so that others can't use up its owner's.
type tries struct {
	mu   sync.Mutex
	when map[string]time.Time // until when all of a key's tries are paid
}

// allow takes one try from both, if both have one; or from the browser's own, if
// it is known.
func (t *tries) allow(now time.Time, account, address, browser string) bool {
	if browser != "" {
		return t.take(now, bucket{"b:" + browser, triesAccount, triesAccountSlow})
	}
	return t.take(now, bucket{"a:" + account, triesAccount, triesAccountSlow}, ofNetwork(address))
}

// allowCode is allow for a code besides the password.
func (t *tries) allowCode(now time.Time, staffID, address, browser string) bool {
	if browser != "" {
		return t.take(now, bucket{"d:" + browser, triesCode, triesCodeSlow})
	}
	return t.take(now, bucket{"c:" + staffID, triesCode, triesCodeSlow}, ofNetwork(address))
}

// allowAgain is for the password of who has signed in: nobody else can try here.
func (t *tries) allowAgain(now time.Time, staffID string) bool {
	return t.take(now, bucket{"p:" + staffID, triesAccount, triesAccountSlow})
}

func ofNetwork(address string) bucket {
	return bucket{"n:" + networkOf(address), triesAddress, triesAddressSlow}
}

// A bucket is how often something may be tried.
type bucket struct {
	key  string
	most int
	slow time.Duration
}

// take takes one try from all, if all have one.
func (t *tries) take(now time.Time, from ...bucket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.when == nil {
		t.when = map[string]time.Time{}
	}
	if len(t.when) >= triesKept {
		t.sweep(now)
	}
	paid := make([]time.Time, len(from))
	for i, b := range from {
		var ok bool
		if paid[i], ok = t.next(now, b); !ok {
			return false
		}
	}
	for i, b := range from {
		t.when[b.key] = paid[i]
	}
	return true
}

// networkOf is what one subscriber has: an address, or the /64 of IPv6.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	network, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// next is until when all of a bucket's tries would be paid after one more.
func (t *tries) next(now time.Time, b bucket) (time.Time, bool) {
	paid, longest := t.when[b.key], time.Duration(b.most)*b.slow
	if paid.Before(now) || paid.Sub(now) > longest { // or a clock that went back
		paid = now
	}
	paid = paid.Add(b.slow)
	return paid, paid.Sub(now) <= longest
}

// forget takes back the tries of who has come in: those of their browser, if it is
// known, and else the account's.
func (t *tries) forget(account, staffID, browser string) {
	if browser != "" {
		t.drop("b:"+browser, "d:"+browser)
		return
	}
	t.drop("a:"+account, "c:"+staffID)
}

// forgetAgain takes back those of who has shown that it is them.
func (t *tries) forgetAgain(staffID string) { t.drop("p:" + staffID) }

func (t *tries) drop(keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		delete(t.when, key)
	}
}

// sweep drops what is paid, and any others if that isn't enough: a tenth, so that
// the next doesn't have to look again.
func (t *tries) sweep(now time.Time) {
	for key, paid := range t.when {
		if !paid.After(now) {
			delete(t.when, key)
		}
	}
	for key := range t.when {
		if len(t.when) <= triesKept*9/10 {
			return
		}
		delete(t.when, key)
	}
}
