package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// A Start is how far the way from nothing to the first class has come.
type Start struct {
	Servers   int
	Platforms []Platform
	// TeacherAt and LearnerAt are when somebody launched last who moderates,
	// and a learner, as far as that is still known; zero: nobody.
	TeacherAt, LearnerAt time.Time
}

// Done reports whether everything has been seen to work.
func (s Start) Done() bool {
	return s.Servers > 0 && len(s.Platforms) > 0 && !s.TeacherAt.IsZero() && !s.LearnerAt.IsZero()
}

type startStore interface {
	Servers(context.Context) ([]classroom.Server, error)
	Platforms(context.Context) ([]Platform, error)
	LastLaunch(ctx context.Context, registrationIDs []string, moderates bool) (time.Time, error)
}

// Starts tells how far a set-up has come.
type Starts struct{ Store startStore }

// Of is how far the actor's tenants have come.
func (s *Starts) Of(ctx context.Context, by Actor) (Start, error) {
	if !by.Somewhere(See) {
		return Start{}, ErrForbidden
	}
	servers, err := s.Store.Servers(ctx)
	if err != nil {
		return Start{}, fmt.Errorf("servers: %w", err)
	}
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return Start{}, fmt.Errorf("platforms: %w", err)
	}
	start := Start{Servers: len(servers)}
	var ids []string
	for _, p := range all {
		if by.Can(See, p.TenantID) {
			start.Platforms, ids = append(start.Platforms, p), append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return start, nil
	}
	for _, of := range []struct {
		moderates bool
		at        *time.Time
	}{{true, &start.TeacherAt}, {false, &start.LearnerAt}} {
		if *of.at, err = s.Store.LastLaunch(ctx, ids, of.moderates); err != nil {
			return Start{}, fmt.Errorf("launches: %w", err)
		}
	}
	return start, nil
}
