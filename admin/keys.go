package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// keyRing keeps the tool's keys.
type keyRing interface {
	PublishedKeys(context.Context) ([]lti.Key, error)
	SigningKey(context.Context) (lti.Key, error)
	NewestKey(context.Context) (lti.Key, error)
	RotateKeys(ctx context.Context, activeFrom, retireAt time.Time) (lti.Key, error)
}

// Keys are the keys with which the tool signs.
type Keys struct {
	Store     keyRing
	Platforms *Platforms
	Now       func() time.Time
}

const (
	// keyOverlap is how long a new key is published before it signs, and an
	// old one after: platforms keep key sets for hours.
	keyOverlap = 24 * time.Hour
	// stolenOverlap is as long as what the old key signed may be on its way.
	stolenOverlap = time.Hour
)

// A Rotation is a new key.
type Rotation struct {
	Key     lti.Key
	Signs   time.Time  // from then on
	Gone    time.Time  // the old one is published until then
	ToPaste []Platform // platforms that have the old one as text: it signs for them until the new one is pasted
}

// Rotate makes a new key, which signs in a day. stolen has it sign at once:
// platforms that keep key sets may then refuse us for some hours.
func (k *Keys) Rotate(ctx context.Context, by Actor, stolen bool) (Rotation, error) {
	if err := by.May(Operate, ""); err != nil {
		return Rotation{}, err
	}
	r := Rotation{Signs: k.Now(), Gone: k.Now().Add(stolenOverlap)}
	if !stolen {
		r.Signs = r.Signs.Add(keyOverlap)
		r.Gone = r.Signs.Add(keyOverlap)
	}
	var err error
	if r.Key, err = k.Store.RotateKeys(By(ctx, by), r.Signs, r.Gone); err != nil {
		return Rotation{}, fmt.Errorf("rotate keys: %w", err)
	}
	r.ToPaste, err = k.ToPaste(ctx, by)
	return r, err
}

// ToPaste are the actor's platforms that have an older key as text than the
// newest.
func (k *Keys) ToPaste(ctx context.Context, by Actor) ([]Platform, error) {
	all, err := k.Pasted(ctx, by)
	if err != nil {
		return nil, err
	}
	newest, err := k.Store.NewestKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("newest key: %w", err)
	}
	return slices.DeleteFunc(all, func(p Platform) bool { return p.SignsWith == newest.ID }), nil
}

// Pasted are the actor's platforms that have a key as text.
func (k *Keys) Pasted(ctx context.Context, by Actor) ([]Platform, error) {
	all, err := k.Platforms.List(ctx, by)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p Platform) bool { return !p.KeyPasted }), nil
}

// IsPasted notes that a platform has the newest key now: from now on that one
// signs for it.
func (k *Keys) IsPasted(ctx context.Context, by Actor, platformID string) error {
	newest, err := k.Store.NewestKey(ctx)
	if err != nil {
		return fmt.Errorf("newest key: %w", err)
	}
	_, err = k.Platforms.Edit(ctx, by, platformID, func(p *Platform) { p.KeyPasted, p.SignsWith = true, newest.ID })
	return err
}

// Published are the keys that platforms know, the one that signs last.
func (k *Keys) Published(ctx context.Context, by Actor) ([]lti.Key, error) {
	if !by.Somewhere(See) {
		return nil, ErrForbidden
	}
	return k.Store.PublishedKeys(ctx)
}
