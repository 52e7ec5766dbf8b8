package store_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/store"
)

// A step is one thing that is done with a database which may fail half-way.
type step struct {
	name string
	from chapter        // of the story, until where all went well
	prep func(w *story) // may be nil
	do   func(w *story) error
	// wakes: it leaves work for now, of which the runner is told.
	wakes bool
	// held: another look follows, or what failed is repeated at once. Then
	// nobody need be told.
	held bool
	// says is an error that is true when the database failed, besides its own.
	says error
	// but are columns and tables that tell how often something was tried.
	but []string
}

// TestHalfway has each call to the database fail once in each step. The error
// must be told, as what it is; and the step, when it's repeated, must come to
// the same as if nothing had been.
func TestHalfway(t *testing.T) {
	for _, s := range slices.Concat(steps, operating, staffing) {
		t.Run(s.name, func(t *testing.T) {
			breaker := store.NewBreaker(t)
			told := tell(t, s.from)
			var want []string
			// In a bubble nobody waits for what is tried again in a moment.
			synctest.Test(t, func(t *testing.T) { want = told.again(t, s).undisturbed(s) })
			for n, more := 1, true; more; n++ {
				synctest.Test(t, func(t *testing.T) { more = told.again(t, s).disturbed(s, breaker, n, want) })
				if t.Failed() {
					t.Fatalf("at call %d", n)
				}
			}
		})
	}
}

func (w *story) undisturbed(s step) []string {
	w.t.Helper()
	if err := s.do(w); err != nil {
		w.t.Fatalf("with a database that is well: %v", err)
	}
	if s.wakes && !w.woken {
		w.t.Error("nobody told the runner of work")
	}
	return w.state(s.but)
}

// disturbed does a step, of which the nth call to the database fails. It reports
// whether there are so many.
func (w *story) disturbed(s step, breaker *store.Breaker, n int, want []string) bool {
	w.t.Helper()
	breaker.BreakAt(n)
	err := s.do(w)
	broke := breaker.Broke()
	breaker.BreakAt(0)
	switch {
	case broke == "" && n < 3:
		w.t.Errorf("the database was asked %d times only", n-1)
		return false
	case broke == "":
		return false
	case err == nil && !s.held:
		w.t.Errorf("nobody was told that this failed: %s", broke)
	case err != nil && !errors.Is(err, store.ErrBroken) && (s.says == nil || !errors.Is(err, s.says)):
		w.t.Errorf("%v, and this had failed: %s", err, broke)
	}
	if err := s.do(w); err != nil {
		w.t.Errorf("when it's repeated: %v; before, this had failed: %s", err, broke)
	}
	if diff := cmp.Diff(want, w.state(s.but)); diff != "" {
		w.t.Errorf("this had failed: %s\n(-want +got)\n%s", broke, diff)
	}
	return true
}
