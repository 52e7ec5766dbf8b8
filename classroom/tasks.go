package classroom

import (
	"context"
	"sync"
	"time"
)

// tasks are what goes on when who asked for it has left.
type tasks struct {
	mu      sync.Mutex
	under   map[*context.CancelFunc]struct{}
	stopped bool
	group   sync.WaitGroup
}

// hold gives a task the context under which it goes on, for a time at most.
// done must be called at its end.
func (t *tasks) hold(ctx context.Context, most time.Duration) (_ context.Context, done func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		cancel()
		return ctx, func() {}
	}
	if t.under == nil {
		t.under = map[*context.CancelFunc]struct{}{}
	}
	t.under[&cancel] = struct{}{}
	t.group.Add(1)
	return ctx, func() {
		cancel()
		t.mu.Lock()
		delete(t.under, &cancel)
		t.mu.Unlock()
		t.group.Done()
	}
}

// stop breaks off all tasks and waits for their end. None begins afterwards.
func (t *tasks) stop() {
	t.mu.Lock()
	t.stopped = true
	for cancel := range t.under {
		(*cancel)()
	}
	t.mu.Unlock()
	t.group.Wait()
}

// Stop ends what goes on in the background: looks at classes, and creates whose
// askers have left. It is called when no request comes any more.
func (s *Rooms) Stop() { s.tasks.stop() }
