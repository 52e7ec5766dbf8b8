package admin

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A Leaving is a removed platform of which all will be erased.
type Leaving struct {
	Platform
	EraseAt time.Time
}

// EraseAfter is how long a platform that is to be erased is kept: time to find
// out that somebody needs it.
const EraseAfter = 30 * 24 * time.Hour

// Erase takes a platform out of use, and has all of it erased after EraseAfter:
// courses, people, registers and grades. Registering it again before that keeps
// them.
func (s *Platforms) Erase(ctx context.Context, by Actor, id string) (Leaving, error) {
	p, err := s.Find(ctx, by, EditPlatforms, id)
	if err != nil {
		return Leaving{}, err
	}
	l := Leaving{Platform: p, EraseAt: s.Now().Add(EraseAfter)}
	if err := s.Store.ErasePlatform(By(ctx, by), p.Name, l.EraseAt); err != nil {
		return l, fmt.Errorf("erase platform %s: %w", id, err)
	}
	return l, nil
}

// Leaving is the platforms that will be erased and that the actor may see.
func (s *Platforms) Leaving(ctx context.Context, by Actor) ([]Leaving, error) {
	all, err := s.Store.Leaving(ctx)
	if err != nil {
		return nil, fmt.Errorf("platforms to be erased: %w", err)
	}
	return slices.DeleteFunc(all, func(l Leaving) bool { return !by.Can(See, l.TenantID) }), nil
}

// FindLeaving is the platform of that id that will be erased, if the actor may
// do action with it.
func (s *Platforms) FindLeaving(ctx context.Context, by Actor, action Action, id string) (Leaving, error) {
	all, err := s.Leaving(ctx, by)
	if err != nil {
		return Leaving{}, err
	}
	at := slices.IndexFunc(all, func(l Leaving) bool { return l.ID == id })
	if at < 0 {
		return Leaving{}, fmt.Errorf("platform %s: %w", id, ErrNotFound)
	}
	return all[at], by.May(action, all[at].TenantID)
}

// Keep has a platform that would be erased kept, as far as it is still there.
// It stays removed.
func (s *Platforms) Keep(ctx context.Context, by Actor, id string) error {
	l, err := s.FindLeaving(ctx, by, EditPlatforms, id)
	if err != nil {
		return err
	}
	if err := s.Store.KeepPlatform(By(ctx, by), l.ID); err != nil {
		return fmt.Errorf("keep platform %s: %w", id, err)
	}
	return nil
}
