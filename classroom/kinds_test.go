package classroom

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// A clock that is a day ahead for a moment sweeps nothing away.
func TestSweepsByATimeThatHasCome(t *testing.T) {
	now := nine(0)
	var swept []time.Time
	do := agreed(func() time.Time { return now }, func(_ context.Context, by time.Time) (bool, error) {
		swept = append(swept, by)
		return false, nil
	})
	run := func(at time.Time) {
		t.Helper()
		now = at
		if o := do(t.Context(), jobs.Job{}); o.Err != nil || !o.Again.Equal(at.Add(time.Hour)) {
			t.Errorf("%+v", o)
		}
	}
	run(nine(0))
	run(nine(60))
	run(nine(60 + 25*60)) // the clock is wrong
	run(nine(61))         // and right again
	run(nine(121))
	want := []time.Time{nine(0), nine(60), nine(61)}
	if diff := cmp.Diff(want, swept); diff != "" {
		t.Error(diff)
	}
}

// Where there is more to sweep, it goes on in a moment: what comes between
// isn't held up.
func TestSweepsOn(t *testing.T) {
	now, more := nine(0), true
	do := agreed(func() time.Time { return now }, func(context.Context, time.Time) (bool, error) { return more, nil })
	do(t.Context(), jobs.Job{})
	now = nine(60)
	if o := do(t.Context(), jobs.Job{}); !o.Again.Equal(nine(60).Add(tidyAgain)) {
		t.Errorf("with more to do: %+v", o)
	}
	more = false
	if o := do(t.Context(), jobs.Job{}); !o.Again.Equal(nine(120)) {
		t.Errorf("with all done: %+v", o)
	}
}
