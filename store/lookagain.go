package store

import (
	"context"
	"sync"
	"time"
)

const (
	lookEvery = time.Second // between reads for what isn't known
	lookMost  = 100         // who wait for one at a time
	lookFor   = 10 * time.Second
)

// looks are reads of what is registered for who didn't find it in memory.
type looks struct {
	mu      sync.Mutex
	began   time.Time // the last one
	next    *look     // that hasn't begun; nil: nobody waits for one
	waiting int       // for it
}

// A look is one read. err may be asked for once done is closed.
type look struct {
	done chan struct{}
	err  error
}

// LookAgain returns when what is answered from memory was read after the call,
// so that a registration just made is known. However many ask, all is read
// once a second: they wait for that together, a second and a little at most.
// What more than so many would wait for is answered from memory as it is.
func (db *DB) LookAgain(ctx context.Context) error {
	l, wait := db.known.looks.join(db.Now())
	switch {
	case l == nil:
		return nil
	case wait < 0:
		select {
		case <-l.done:
			return l.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	// Others wait for it, so it goes on if the caller gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookFor)
	defer cancel()
	pause := time.NewTimer(wait)
	defer pause.Stop()
	<-pause.C
	db.known.looks.begin(db.Now())
	l.err = db.lookNow(ctx)
	close(l.done)
	return l.err
}

func (db *DB) lookNow(ctx context.Context) error {
	db.known.reading.Lock()
	defer db.known.reading.Unlock()
	_, err := db.renew(ctx, db.known.newest.Load())
	return err
}

// join returns the look to wait for, nil if too many do. The first to come
// makes it, after wait; for the others wait is negative.
func (s *looks) join(now time.Time) (l *look, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.next == nil:
		s.next, s.waiting = &look{done: make(chan struct{})}, 1
		return s.next, min(max(lookEvery-now.Sub(s.began), 0), lookEvery)
	case s.waiting == lookMost:
		return nil, 0
	}
	s.waiting++
	return s.next, -1
}

// begin notes that the look begins: who comes from now on waits for another.
func (s *looks) begin(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began, s.next = now, nil
}
