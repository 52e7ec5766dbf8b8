package gradebook

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/lti"
)

// A Found is what the gradebook had of a person.
type Found struct {
	At          time.Time // when it was read; zero: it wasn't
	Points, Max float64   // Max 0: nothing
}

// alike reports whether both are the same points.
func (f Found) alike(other Found) bool { return f.Points == other.Points && f.Max == other.Max }

// A held is what a reading keeps of one person's result.
type held struct {
	points, most float64
	empty        bool // there is a result, without a score
	signed       bool // it has words, or who gave it
}

// A reading is what a column had of everybody when it was read. It is shared
// by all deliveries of the column for a short while.
type reading struct {
	at  time.Time // when it began
	no  int64     // in the order of their beginning
	of  map[string]held
	err error
}

const (
	readingFor = time.Minute      // how long a reading is shared
	failureFor = 3 * time.Second  // and that a column couldn't be read
	readMost   = 20 * time.Second // so a job has time left to send
	// keptMost is how many results all readings together keep.
	keptMost = 200_000
)

// readings are those that are shared, by column.
type readings struct {
	mu      sync.Mutex
	kept    map[string]reading
	reading singleflight.Group
	begun   atomic.Int64
}

// unreadable reports whether a column can't be read, now or later.
func unreadable(err error) bool {
	var service *lti.ServiceError
	return errors.Is(err, lti.ErrNotGranted) || errors.As(err, &service) && (service.Final() || service.ScopeRefused())
}

// began reports whether r began since then, and after the after-th reading.
func (r reading) began(since time.Time, after int64) bool { return !r.at.Before(since) && r.no > after }

// young reports whether r is still shared.
func (r reading) young(now time.Time) bool {
	life := readingFor
	if r.err != nil && !unreadable(r.err) {
		life = failureFor
	}
	return now.Sub(r.at) < life
}

// read is a reading of the order's column that began since then, and after the
// after-th one.
func (g *Grades) read(ctx context.Context, o Order, since time.Time, after int64) reading {
	if o.LineItem.URL == "" || !o.has(lti.AGSResultReadOnly) {
		return reading{at: g.Now(), err: fmt.Errorf("results: %w", lti.ErrNotGranted)}
	}
	if now := g.Now(); since.After(now) { // no reading can be newer
		since = now
	}
	since = since.Truncate(time.Millisecond)
	key := o.PlacementID + " " + o.LineItem.URL
	for try := 1; ; try++ {
		if r, ok := g.readings.get(key); ok && r.young(g.Now()) && r.began(since, after) {
			return g.narrowed(ctx, o, r)
		}
		flown, _, _ := g.readings.reading.Do(key, func() (any, error) {
			if r, ok := g.readings.get(key); ok && r.young(g.Now()) && r.began(since, after) { // ended a moment ago
				return r, nil
			}
			r := g.readAll(ctx, o)
			g.readings.keep(key, r, g.Now())
			return r, nil
		})
		// One that was under way may have begun too early.
		if r, _ := flown.(reading); r.began(since, after) || try == 3 {
			return g.narrowed(ctx, o, r)
		}
	}
}

// readAll reads the whole column, for all who wait for it.
func (g *Grades) readAll(ctx context.Context, o Order) reading {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readMost)
	defer cancel()
	return g.results(ctx, o, "")
}

// narrowed is r, or, of a column that is too long to be read, what it has of
// the order's person.
func (g *Grades) narrowed(ctx context.Context, o Order, r reading) reading {
	if !errors.Is(r.err, lti.ErrTooMuch) {
		return r
	}
	return g.results(ctx, o, o.Subject)
}

func (g *Grades) results(ctx context.Context, o Order, userID string) reading {
	r := reading{at: g.Now().Truncate(time.Millisecond), no: g.readings.begun.Add(1)}
	var list []lti.Result
	if list, r.err = g.Platform.Results(ctx, o.Registration, o.DeploymentID, o.Grades, o.LineItem.URL, userID); r.err != nil {
		return r
	}
	g.up.set(o.Registration.ID, g.Now())
	r.of = make(map[string]held, len(list))
	for _, result := range list {
		h := held{points: result.Score, most: result.Maximum, empty: result.Empty, signed: result.Comment != "" || result.Scorer != ""}
		if h.points > h.most && o.LineItem.Max > h.most { // it doesn't say of how many
			h.most = o.LineItem.Max
		}
		if result.UserID != "" {
			r.of[result.UserID] = h
		}
	}
	return r
}

func (s *readings) get(key string) (reading, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.kept[key]
	return r, ok
}

// keep shares a reading, and drops those that are over, and the oldest ones if
// all together are too many.
func (s *readings) keep(key string, r reading, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]reading{}
	}
	s.kept[key] = r
	total := 0
	for other, old := range s.kept {
		if now.Sub(old.at) >= readingFor {
			delete(s.kept, other)
			continue
		}
		total += len(old.of) + 1
	}
	for total > keptMost && len(s.kept) > 1 {
		oldest := key
		for other, old := range s.kept {
			if old.at.Before(s.kept[oldest].at) {
				oldest = other
			}
		}
		total -= len(s.kept[oldest].of) + 1
		delete(s.kept, oldest)
	}
}

// A verdict is whose a result is.
type verdict int

const (
	nothing verdict = iota // there is none
	nobodys                // a 0 that the platform wrote by itself
	ours                   // of an earlier value
	same                   // what belongs there
	theirs                 // another hand gave it
)

// verdict says whose what r has of the order's person is. What we have sent,
// or may have sent, to this column is ours.
func (o Order) verdict(r reading) verdict {
	h, there := r.of[o.Subject]
	share := h.points / h.most
	here := o.SentItem == o.LineItem.URL
	taken := here && !o.SentAt.IsZero()
	switch {
	case !there || h.empty:
		return nothing
	case alike(share, o.Points, o.Max):
		return same
	case taken && alike(share, o.SentPoints, o.SentMax), here && o.MayBeSent() && alike(share, o.TriedPoints, o.TriedMax):
		return ours
	case h.points == 0 && !h.signed && !taken && lti.GivesZeros(o.LineItem.URL):
		return nobodys
	}
	return theirs
}

// alike reports whether a share is that of points, as platforms round.
func alike(share, points, most float64) bool {
	return most > 0 && math.Abs(share-points/most) < 0.005
}

// found is what r has of the order's person, for people to see.
func (o Order) found(r reading) Found {
	h, there := r.of[o.Subject]
	if !there || h.empty {
		return Found{At: r.at}
	}
	return Found{At: r.at, Points: h.points, Max: h.most}
}
