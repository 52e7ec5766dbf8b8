package store

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
)

var errRefused = errors.New("refused")

func newBatches(t *testing.T) *batches {
	t.Helper()
	db, err := sqlx.Connect("sqlite3", "file:"+filepath.Join(t.TempDir(), "batch.db")+sqliteWriter)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE TABLE numbers (n INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	return &batches{db: db}
}

func (b *batches) numbers(t *testing.T) []int {
	t.Helper()
	var list []int
	if err := b.db.Select(&list, `SELECT n FROM numbers ORDER BY n`); err != nil {
		t.Fatal(err)
	}
	return list
}

func add(ctx context.Context, n int) func(*conn) error {
	return func(c *conn) error {
		_, err := c.exec(ctx, `INSERT INTO numbers (n) VALUES (?)`, n)
		return err
	}
}

// queued queues the writes while another one is under way, so that they
// share a transaction, and returns their errors.
func (b *batches) queued(t *testing.T, writes []func(*conn) error) []error {
	t.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		first <- b.transact(t.Context(), func(*conn) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	errs := make([]error, len(writes))
	done := make(chan struct{})
	for i, w := range writes {
		go func() {
			errs[i] = b.transact(t.Context(), w)
			done <- struct{}{}
		}()
		for waits := 0; waits <= i; runtime.Gosched() {
			b.mu.Lock()
			waits = len(b.waiting)
			b.mu.Unlock()
		}
	}
	close(hold)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range writes {
		<-done
	}
	return errs
}

// One that goes wrong takes back its own writes, and no other's.
func TestBatch(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, test := range []struct {
		name  string
		wrong func(*conn) error
		want  string // of its error
	}{
		{"all well", add(t.Context(), 2), ""},
		{"refused before it wrote", func(*conn) error { return errRefused }, "refused"},
		{"refused after it wrote", func(c *conn) error { return errors.Join(add(t.Context(), 2)(c), errRefused) }, "refused"},
		{"a statement that fails", func(c *conn) error {
			return errors.Join(add(t.Context(), 2)(c), add(t.Context(), 2)(c))
		}, "UNIQUE"},
		{"a statement that ends the transaction, as a full disk does", func(c *conn) error {
			_, err := c.exec(t.Context(), `INSERT OR ROLLBACK INTO numbers (n) VALUES (1)`)
			return err
		}, "UNIQUE"},
		{"a read that ends the transaction", func(c *conn) error {
			var n int
			return c.get(t.Context(), &n, `INSERT OR ROLLBACK INTO numbers (n) VALUES (1) RETURNING n`)
		}, "UNIQUE"},
		{"a list that ends the transaction", func(c *conn) error {
			var n []int
			return c.list(t.Context(), &n, `INSERT OR ROLLBACK INTO numbers (n) VALUES (1) RETURNING n`)
		}, "UNIQUE"},
		{"a read that finds nothing", func(c *conn) error {
			var n int
			return c.get(t.Context(), &n, `SELECT n FROM numbers WHERE n = 99`)
		}, "not found"},
		{"panic", func(c *conn) error {
			if err := add(t.Context(), 2)(c); err != nil {
				return err
			}
			panic("at the disco")
		}, "at the disco"},
		{"panic before it wrote", func(*conn) error { panic("at the disco") }, "at the disco"},
		{"cancelled half way", func(c *conn) error {
			err := add(cancelled, 2)(c)
			cancel()
			return errors.Join(err, add(cancelled, 3)(c))
		}, "context canceled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBatches(t)
			errs := b.queued(t, []func(*conn) error{add(t.Context(), 1), test.wrong, add(t.Context(), 4)})
			want := []int{1, 4}
			if test.want == "" {
				want = []int{1, 2, 4}
			}
			if diff := cmp.Diff(want, b.numbers(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if errs[0] != nil || errs[2] != nil {
				t.Errorf("errors of the others: %v, %v", errs[0], errs[2])
			}
			if (errs[1] == nil) != (test.want == "") || errs[1] != nil && !strings.Contains(errs[1].Error(), test.want) {
				t.Errorf("error is %v, want %q", errs[1], test.want)
			}
		})
	}
}

// Those that wait together share one transaction, up to a bound.
func TestBatchShares(t *testing.T) {
	b := newBatches(t)
	var writes []func(*conn) error
	seen := map[any]int{}
	for i := range maxBatch + 10 {
		writes = append(writes, func(c *conn) error {
			seen[c.on]++
			return add(t.Context(), i)(c)
		})
	}
	for _, err := range b.queued(t, writes) {
		if err != nil {
			t.Error(err)
		}
	}
	var sizes []int
	for _, n := range seen {
		sizes = append(sizes, n)
	}
	if len(sizes) != 2 || max(sizes[0], sizes[1]) != maxBatch {
		t.Errorf("transactions of %v writes, want %d and 10", sizes, maxBatch)
	}
	if n := len(b.numbers(t)); n != len(writes) {
		t.Errorf("%d numbers, want %d", n, len(writes))
	}
}

// A commit that fails is everybody's error.
func TestBatchCommitFails(t *testing.T) {
	b := newBatches(t)
	if _, err := b.db.Exec(`CREATE TABLE child (n INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)`); err != nil {
		t.Fatal(err)
	}
	orphan := func(c *conn) error {
		_, err := c.exec(t.Context(), `INSERT INTO child (n) VALUES (99)`)
		return err
	}
	errs := b.queued(t, []func(*conn) error{orphan, add(t.Context(), 1)})
	if errs[0] == nil || errs[1] == nil {
		t.Errorf("errors are %v, want two", errs)
	}
	if got := b.numbers(t); len(got) != 0 {
		t.Errorf("%v was kept", got)
	}
	if err := b.transact(t.Context(), add(t.Context(), 1)); err != nil {
		t.Errorf("the next write: %v", err)
	}
}
