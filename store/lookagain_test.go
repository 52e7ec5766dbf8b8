package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many look for what isn't known, all is read once a second, and who
// would be one too many doesn't wait.
func TestLookAgainBounds(t *testing.T) {
	path := "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := Open(t.Context(), path, MasterKey{1})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		begin := time.Now()
		ask := func(n int) (waited int64) {
			t.Helper()
			var group sync.WaitGroup
			var slow atomic.Int64
			for range n {
				group.Go(func() {
					came := time.Now()
					if err := db.LookAgain(t.Context()); err != nil {
						t.Error(err)
					}
					if time.Since(came) > 0 {
						slow.Add(1)
					}
				})
			}
			group.Wait()
			return slow.Load()
		}
		if _, err := db.snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := db.known.newest.Load()
		if ask(1) != 0 || db.known.newest.Load() == first || time.Since(begin) != 0 {
			t.Errorf("the first look is made after %v", time.Since(begin))
		}
		second := db.known.newest.Load()
		if waited := ask(3 * lookMost); waited != lookMost || time.Since(begin) != lookEvery {
			t.Errorf("%d waited, until %v", waited, time.Since(begin))
		}
		if s := db.known.newest.Load(); s == second || s.at.Sub(begin) != lookEvery {
			t.Errorf("all was read at %v", s.at.Sub(begin))
		}
		// Who gives up leaves alone; the one that makes the look makes it for all.
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _ = db.LookAgain(ctx) })
		synctest.Wait()
		group.Go(func() {
			if err := db.LookAgain(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("whoever gives up gets %v", err)
			}
		})
		group.Go(func() {
			if err := db.LookAgain(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		group.Wait()
		if time.Since(begin) != 2*lookEvery {
			t.Errorf("the third look ends after %v", time.Since(begin))
		}
		db.Now = func() time.Time { return begin.Add(-time.Hour) } // a clock that is set back
		if ask(1); time.Since(begin) != 3*lookEvery {
			t.Errorf("the fourth look ends after %v", time.Since(begin))
		}
	})
}

// Without a database nobody is told that a platform is unknown.
func TestLookAgainFails(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), MasterKey{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.LookAgain(t.Context()); err == nil {
		t.Error("a closed database has been read")
	}
	if _, err := db.snapshot(t.Context()); err != nil {
		t.Errorf("what was known is lost: %v", err)
	}
}
