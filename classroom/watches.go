package classroom

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// watchStore is what classes that go on are watched in.
type watchStore interface {
	EvidenceOf(ctx context.Context, meetingID string) ([]attendance.Evidence, error)
	// EvidenceFrom returns the evidence of a meeting from a time on, by our clock,
	// in the order in which it came, and how many pieces there are of it in all.
	EvidenceFrom(ctx context.Context, meetingID string, from time.Time) ([]attendance.Evidence, int, error)
}

// watches remember what was read of meetings that live, each for the next who
// asks: hundreds of looks at a class aren't read again by each page about it.
type watches struct {
	mu    sync.Mutex
	byID  map[string]*watch
	asked int64
}

// A watch is one meeting's. Who holds mu may use Watch.
type watch struct {
	mu sync.Mutex
	*attendance.Watch
	asked int64 // grows; under watches.mu, like stays
	stays int
}

// watchedMost is how many stays are remembered at most: some 20 MB. Of meetings
// for which nobody has asked for longest, all is forgotten first.
const (
	watchedMost = 200_000
	watchLeast  = 100 // what a watch weighs with nobody in it
)

// account is what the evidence of a meeting that lives comes to now.
func (s *watches) account(ctx context.Context, store watchStore, m attendance.Meeting, known func(string) bool) (attendance.Account, error) {
	w := s.of(m.ID)
	w.mu.Lock()
	defer w.mu.Unlock()
	for range 2 { // if it can't go on, anew
		if w.Watch == nil {
			w.Watch = attendance.NewWatch(m)
		}
		evidence, pieces, err := store.EvidenceFrom(ctx, m.ID, w.From())
		if err != nil {
			return attendance.Account{}, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
		}
		if w.See(evidence, pieces) {
			s.weigh(w, w.Stays())
			return w.Account(m, known), nil
		}
		w.Watch = nil
	}
	evidence, err := store.EvidenceOf(ctx, m.ID)
	if err != nil {
		return attendance.Account{}, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
	}
	return attendance.AccountOf(m, evidence, known), nil
}

func (s *watches) of(meetingID string) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*watch{}
	}
	w := s.byID[meetingID]
	if w == nil {
		w = &watch{}
		s.byID[meetingID] = w
	}
	s.asked++
	w.asked = s.asked
	return w
}

// weigh notes how many stays a watch has, and forgets others if all have too many.
func (s *watches) weigh(w *watch, stays int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.stays = stays + watchLeast
	for {
		total, oldest := 0, ""
		for id, other := range s.byID {
			total += other.stays
			if other != w && (oldest == "" || other.asked < s.byID[oldest].asked) {
				oldest = id
			}
		}
		if total <= watchedMost || oldest == "" {
			return
		}
		delete(s.byID, oldest)
	}
}
