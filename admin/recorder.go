package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// A Recorder keeps what happens, beside those to whom it happens: nobody waits
// for it, and it doesn't fail. Failures wait in a queue for one writer, which
// takes all that have come within a second; those for which there is no place
// are counted all the same.
//
// A nil Recorder records nothing. Several goroutines may use it.
type Recorder struct {
	Store recordStore
	Now   func() time.Time
	Log   *slog.Logger

	mu     sync.Mutex
	queue  []Failure
	counts map[TallyKey]*Tally
	some   chan struct{} // there is something to write
	once   sync.Once
}

type recordStore interface {
	// KeepHappenings counts failures, and keeps them as far as there is place in
	// their hours. Tallies are of what is counted alone.
	KeepHappenings(context.Context, []Failure, []Tally) error
}

const (
	queueMost  = 1000            // failures that wait to be written
	countsMost = 10_000          // numbers that do
	gatherFor  = time.Second     // so that a launch's counts are written with those of others
	recordAway = 5 * time.Second // between attempts, while the database is away
	recordMost = 10 * time.Second
	recordStep = 100 // failures, and numbers, in a transaction
)

func (r *Recorder) prepare() {
	r.once.Do(func() { r.some, r.counts = make(chan struct{}, 1), map[TallyKey]*Tally{} })
}

// Record records a failure, or, if it has no code, counts what went well. It has
// its time from here.
func (r *Recorder) Record(f Failure) {
	if r == nil {
		return
	}
	f.At = r.Now().UTC()
	f = f.light()
	r.count(TallyKey{Kind: f.Kind, Code: f.Code, Of: f.RegistrationID}, f.At, &f)
}

// Went counts what went well, of a registration, or a server.
func (r *Recorder) Went(kind Happening, of string) { r.Counted(kind, "", of) }

// Counted counts what has become of something that isn't kept by itself.
func (r *Recorder) Counted(kind Happening, code, of string) {
	if r == nil {
		return
	}
	r.count(TallyKey{Kind: kind, Code: code, Of: of}, r.Now().UTC(), nil)
}

func (r *Recorder) count(key TallyKey, at time.Time, f *Failure) {
	r.prepare()
	key.Hour = at.Truncate(time.Hour)
	r.mu.Lock()
	defer r.mu.Unlock()
	if f != nil && len(r.queue) < queueMost {
		r.queue = append(r.queue, *f)
		r.wake()
		return
	}
	t := r.counts[key]
	if t == nil {
		if len(r.counts) >= countsMost { // the database is away for long
			return
		}
		t = &Tally{TallyKey: key}
		r.counts[key] = t
		r.wake()
	}
	t.N, t.LastAt = t.N+1, at
}

func (r *Recorder) wake() {
	select {
	case r.some <- struct{}{}:
	default:
	}
}

// Run writes until ctx ends, and then what is left.
func (r *Recorder) Run(ctx context.Context) error {
	r.prepare()
	for {
		select {
		case <-ctx.Done():
			return r.finish(ctx)
		case <-r.some:
		}
		wait := gatherFor
		for wait > 0 {
			select {
			case <-ctx.Done():
				return r.finish(ctx)
			case <-time.After(wait):
			}
			wait = r.flush(ctx)
		}
	}
}

// finish writes what is left at the end, if the database takes it at once.
func (r *Recorder) finish(ctx context.Context) error {
	r.flush(ctx)
	return nil
}

// flush writes what waits, in steps: launches don't wait for long. It returns
// after which time to try again, while the database is away. What has begun to
// be written isn't broken off.
func (r *Recorder) flush(ctx context.Context) time.Duration {
	failures, tallies := r.take()
	for len(failures)+len(tallies) > 0 {
		some, sums := failures[:min(len(failures), recordStep)], tallies[:min(len(tallies), recordStep)]
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordMost)
		err := r.Store.KeepHappenings(bound, some, sums)
		cancel()
		if errors.Is(err, classroom.ErrAway) {
			r.putBack(failures, tallies)
			return recordAway
		}
		if err != nil { // a fault of ours, which another attempt wouldn't mend
			r.Log.ErrorContext(ctx, "keep what happened", "failures", len(some), "err", err)
		}
		failures, tallies = failures[len(some):], tallies[len(sums):]
	}
	return 0
}

func (r *Recorder) take() (failures []Failure, tallies []Tally) {
	r.mu.Lock()
	queue, counts := r.queue, r.counts
	r.queue, r.counts = nil, map[TallyKey]*Tally{}
	r.mu.Unlock()
	for _, f := range queue {
		failures = append(failures, f.bounded())
	}
	for _, t := range counts {
		tallies = append(tallies, *t)
	}
	return failures, tallies
}

// putBack has what couldn't be written wait, before what has come since.
func (r *Recorder) putBack(failures []Failure, tallies []Tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(failures, r.queue...)
	r.queue = r.queue[:min(len(r.queue), queueMost)]
	for _, old := range tallies {
		if t := r.counts[old.TallyKey]; t != nil {
			t.N += old.N
		} else if len(r.counts) < countsMost {
			r.counts[old.TallyKey] = &old
		}
	}
}
