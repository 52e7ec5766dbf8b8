package classroom

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A task goes on without its asker, for a time at most, until it's done or
// all are stopped; after that none begins.
func TestTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all tasks
		asker, left := context.WithCancel(t.Context())
		ctx, done := all.hold(asker, time.Minute)
		left()
		if ctx.Err() != nil {
			t.Errorf("it ends with its asker: %v", ctx.Err())
		}
		done()
		if !errors.Is(ctx.Err(), context.Canceled) || len(all.under) != 0 {
			t.Errorf("done: %v, %d under way", ctx.Err(), len(all.under))
		}

		ctx, done = all.hold(t.Context(), time.Minute)
		begin := time.Now()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), ctx.Err())
		}
		done()

		ctx, done = all.hold(t.Context(), time.Minute)
		ended := false
		go func() {
			<-ctx.Done()
			ended = true
			done()
		}()
		all.stop()
		if !ended || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("stopped, and not waited for: %v", ctx.Err())
		}
		ctx, done = all.hold(t.Context(), time.Minute)
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("begun after the end: %v", ctx.Err())
		}
		done()
	})
}
