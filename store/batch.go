package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/jmoiron/sqlx"
)

// maxBatch is how many writes share a transaction at most.
const maxBatch = 128

// batches is the transactor for SQLite, which has one writer and waits for the
// disk at each commit. Writes that come while the disk is busy wait together
// and then share one transaction and one wait; each returns after its commit.
//
// It has no goroutine: the first to come leads, runs all that waits, and
// passes the lead on to the next.
type batches struct {
	db *sqlx.DB // of one connection

	mu      sync.Mutex
	waiting []*write
	led     bool
}

type write struct {
	run  func(*conn) error
	err  error
	turn chan bool // tells its caller to lead (true), or that it's done
}

func (b *batches) once(ctx context.Context, f func(*conn) error) error {
	return b.transact(ctx, f)
}

func (b *batches) transact(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := &write{run: f, turn: make(chan bool, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, mine)
	leads := !b.led
	b.led = true
	b.mu.Unlock()
	if leads || <-mine.turn {
		b.lead()
	}
	return mine.err
}

// finish waits until all that came before is on the disk.
func (b *batches) finish() error {
	return b.transact(context.Background(), func(*conn) error { return nil })
}

// lead runs what waits, the caller's own write first, and passes the lead on.
func (b *batches) lead() {
	batch := b.take(maxBatch)
	b.commit(batch)
	for _, w := range batch[1:] {
		w.turn <- false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.led = len(b.waiting) > 0; b.led {
		b.waiting[0].turn <- true
	}
}

func (b *batches) take(most int) []*write {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(most, len(b.waiting))
	batch := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	return batch
}

// commit runs the batch in one transaction. If that can't be, because one has
// written and then gone wrong, nothing of it stays and each runs by itself.
func (b *batches) commit(batch []*write) {
	err := b.together(batch)
	if errors.Is(err, errSpoiled) && len(batch) > 1 {
		for i := range batch {
			b.commit(batch[i : i+1])
		}
		return
	}
	if err != nil && !errors.Is(err, errSpoiled) {
		for _, w := range batch {
			w.err = err
		}
	}
}

// errSpoiled: one of the batch has gone wrong after it wrote something, or by
// a statement that failed: a full disk ends the transaction there and then.
var errSpoiled = errors.New("transaction is spoiled")

func (b *batches) together(batch []*write) (err error) {
	// What has begun ends, whatever becomes of one caller.
	tx, err := b.db.BeginTxx(context.Background(), nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", told(err))
	}
	for _, w := range batch {
		c := conn{on: tx, bind: sqlx.QUESTION, uncancelled: true, inTx: true}
		if w.err = w.guarded(&c); w.err != nil && c.wrote {
			return errors.Join(errSpoiled, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", told(err)) // the driver has rolled back
	}
	return nil
}

// guarded makes an error of a panic: others wait for what comes after.
func (w *write) guarded(c *conn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.wrote = true
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return w.run(c)
}
