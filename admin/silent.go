package admin

import (
	"context"
	"fmt"
	"time"
)

// A Silence is a platform to which browsers were sent to sign in, and from which
// none came back: it refuses to answer, and tells them alone why.
type Silence struct {
	RegistrationID string
	LoginAt        time.Time // the newest
	LaunchAt       time.Time // the newest that came back; zero: none within a day
	Logins         int       // within the hour of the newest, or within a day if none came back
}

// A login is answered within seconds, unless its person has to sign in first. Of
// platforms that do answer, some people don't come back.
const (
	silentAfter = time.Minute
	silentOf    = 3
)

// Silent are the platforms of the actor that don't answer logins.
func (f *Failures) Silent(ctx context.Context, by Actor) ([]Silence, error) {
	tenants, err := tenantsFor(by, See)
	if err != nil {
		return nil, err
	}
	tallies, err := f.Store.Tallies(ctx, f.Now().Add(-24*time.Hour), tenants)
	if err != nil {
		return nil, fmt.Errorf("silent platforms: %w", err)
	}
	return silent(tallies, f.Now()), nil
}

// silent finds them in the tallies of a day, which are in the order of their
// hours.
func silent(tallies []Tally, now time.Time) []Silence {
	type sums struct {
		Silence
		all, hour, answered int // logins of the day and of the newest hour, and launches of that
		newest              time.Time
	}
	of := map[string]*sums{}
	var order []string
	for _, t := range tallies {
		if t.Of == "" || t.Kind != Login && t.Kind != Launch && t.Kind != Window {
			continue
		}
		s := of[t.Of]
		if s == nil {
			s = &sums{Silence: Silence{RegistrationID: t.Of}}
			of[t.Of], order = s, append(order, t.Of)
		}
		if !t.Hour.Equal(s.newest) {
			s.newest, s.hour, s.answered = t.Hour, 0, 0
		}
		switch {
		case t.Kind != Login:
			s.answered += t.N
			s.LaunchAt = later(s.LaunchAt, t.LastAt)
		case t.Code == "":
			s.all, s.hour, s.LoginAt = s.all+t.N, s.hour+t.N, later(s.LoginAt, t.LastAt)
		}
	}
	var list []Silence
	for _, id := range order {
		s := of[id]
		s.Logins = s.all
		if !s.LaunchAt.IsZero() {
			s.Logins = s.hour
			if s.hour-s.answered < silentOf {
				continue
			}
		}
		if s.all > 0 && s.LoginAt.After(s.LaunchAt) && now.Sub(s.LoginAt) >= silentAfter {
			list = append(list, s.Silence)
		}
	}
	return list
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
