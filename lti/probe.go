package lti

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// A Probe asks a platform for what each launch and grade will need, so that its
// admin knows before anybody launches. Nothing is taken from a cache, and
// nothing goes into one.
type Probe struct {
	HTTP     *http.Client
	Keys     signers
	Now      func() time.Time
	Insecure bool // http addresses are right
}

// A KeySetFound is what a platform's key set has.
type KeySetFound struct {
	Usable  int      // keys that a token may be signed with
	LeftOut []string // why others are of no use, for an admin to read
	// Ahead is how far the platform's clock is before ours, as far as its
	// answer says: whole seconds, and false if it doesn't say.
	Ahead   time.Duration
	HasTime bool
}

// KeySet fetches the registration's key set.
func (p *Probe) KeySet(ctx context.Context, r Registration) (KeySetFound, error) {
	ctx, cancel := context.WithTimeout(ctx, keySetTimeout)
	defer cancel()
	begin := p.Now()
	set, header, err := getKeySet(ctx, p.HTTP, r.JWKSURL, p.Insecure)
	if err != nil {
		return KeySetFound{}, err
	}
	var found KeySetFound
	for _, keys := range set.keys {
		found.Usable += len(keys)
	}
	found.LeftOut = set.reasons()
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		// The answer was written somewhere between; its date has no fractions.
		end := p.Now()
		found.HasTime = true
		switch {
		case date.Add(time.Second).Before(begin):
			found.Ahead = date.Add(time.Second).Sub(begin).Truncate(time.Second)
		case date.After(end):
			found.Ahead = date.Sub(end).Round(time.Second)
		}
	}
	return found, nil
}

// Token asks for an access token for grades, as the first grade will. A
// platform that refuses is a *ServiceError, one without a token URL
// ErrNotGranted.
func (p *Probe) Token(ctx context.Context, r Registration, deploymentID string) error {
	if r.TokenURL == "" {
		return ErrNotGranted
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	tokens := &Tokens{HTTP: p.HTTP, Keys: p.Keys, Now: p.Now}
	if _, _, err := tokens.request(ctx, r, deploymentID, []string{AGSScore}); err != nil {
		return fmt.Errorf("access token: %w", err)
	}
	return nil
}
