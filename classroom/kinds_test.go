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
	do := agreed(func() time.Time { return now }, func(_ context.Context, by time.Time) error {
		swept = append(swept, by)
		return nil
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
