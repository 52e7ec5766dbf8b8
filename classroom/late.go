package classroom

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A LateReport is one that the database couldn't take when it came.
type LateReport struct {
	At     time.Time `json:"at"`     // when it came
	Signed []string  `json:"signed"` // ids of the servers whose secrets signed it
	Body   []byte    `json:"body"`
}

// lateReports is a place beside the database.
type lateReports interface {
	// Put keeps a report until Done is called with its name.
	Put(LateReport) error
	// Names are those of all that are kept, the oldest first.
	Names() ([]string, error)
	Read(name string) (LateReport, error)
	Done(name string) error
	// Refuse keeps a report that is no good for us, for people to look at.
	Refuse(name string) error
}

const (
	insistFor   = 40 * time.Second // servers wait for an answer for a minute
	insistFirst = 100 * time.Millisecond
	insistLast  = 2 * time.Second
	insistOnce  = 10 * time.Second // one try
	lateEvery   = 10 * time.Second // between two tries to take in what is late
)

// insist repeats what the database fails to do, for insistFor.
func (s *Classes) insist(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistFor)
	defer cancel()
	for wait := insistFirst; ; wait = min(2*wait, insistLast) {
		once, done := context.WithTimeout(ctx, insistOnce)
		err := do(once)
		done()
		if err == nil || refuses(err) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// serversOrLast are the servers, or those of last time if the database can't
// say: what they sign isn't lost by that.
func (s *Classes) serversOrLast(ctx context.Context) ([]Server, error) {
	servers, err := s.Store.Servers(ctx)
	if err == nil {
		s.last.Store(&servers)
		return servers, nil
	}
	if last := s.last.Load(); last != nil {
		return *last, nil
	}
	return nil, err
}

// TakeIn takes in reports that came while the database was away, until ctx
// ends. They are this node's own.
func (s *Classes) TakeIn(ctx context.Context) error {
	tick := time.NewTicker(lateEvery)
	defer tick.Stop()
	for {
		if err := s.takeInAll(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "late reports", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// takeInAll stops at the first that the database doesn't take.
func (s *Classes) takeInAll(ctx context.Context) error {
	// The servers are read even if nothing is late: their secrets are needed
	// when the database is away.
	servers, err := s.serversOrLast(ctx)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	names, err := s.Late.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.takeIn(ctx, servers, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *Classes) takeIn(ctx context.Context, servers []Server, name string) error {
	late, err := s.Late.Read(name)
	if err != nil {
		return errors.Join(err, s.Late.Refuse(name))
	}
	signed := map[string]bool{}
	for _, server := range servers {
		signed[server.ID] = false
	}
	for _, id := range late.Signed {
		signed[id] = true
	}
	err = s.take(ctx, signed, late)
	switch {
	case err == nil:
		s.Log.InfoContext(ctx, "late report taken in", "name", name)
		return s.Late.Done(name)
	case refuses(err):
		s.Log.ErrorContext(ctx, "late report refused", "name", name, "err", err)
		return s.Late.Refuse(name)
	}
	return err
}
