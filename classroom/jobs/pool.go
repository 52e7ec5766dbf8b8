package jobs

import (
	"context"
	"maps"
	"slices"
	"time"
)

// A pool does the jobs of one kind. Its lanes are served in turn.
type pool struct {
	*Runner
	kind  Kind
	work  Work
	lanes map[string]*lane
	last  string    // the lane that was served last
	read  time.Time // when the lanes were read; zero: they have to be
	seen  time.Time // the clock, when it was looked at last
	done  chan ended
}

// ended is a job that has.
type ended struct {
	*running
	outcome Outcome
	took    time.Duration
}

// run does jobs until ctx ends, each with the context working, and then waits
// for those under way.
func (p *pool) run(ctx, working context.Context) {
	for ctx.Err() == nil {
		if wait := p.begin(ctx, working); wait > 0 {
			p.await(ctx, wait)
		}
	}
	for p.underWay() > 0 {
		p.end(<-p.done)
	}
}

func (p *pool) underWay() int {
	n := 0
	for _, l := range p.lanes {
		n += len(l.running)
	}
	return n
}

// free is how many more jobs may begin. Those in silent lanes have a bound of
// their own: nobody else waits for them.
func (p *pool) free(now time.Time) int {
	answered, silent := 0, 0
	for _, l := range p.lanes {
		if l.silent(now) {
			silent += len(l.running)
		} else {
			answered += len(l.running)
		}
	}
	return min(p.work.Workers-answered, silentMost-silent)
}

// begin claims and begins jobs that are due, in one lane after the other, once
// around. It returns how long there will be nothing to begin; zero: look again.
func (p *pool) begin(ctx, working context.Context) time.Duration {
	now := p.Now()
	if err := p.hasten(ctx, now); err != nil {
		return p.broken(ctx, err)
	}
	if age := now.Sub(p.read); age < 0 || age >= idleMost {
		if err := p.readLanes(ctx, now); err != nil {
			return p.broken(ctx, err)
		}
	}
	wait := idleMost
	for _, name := range p.inTurn() {
		l := p.lanes[name]
		wait = min(wait, p.release(ctx, name, now))
		if at := l.opens(); at.After(now) {
			wait = min(wait, max(soonest, at.Sub(now)))
			continue
		}
		room := min(l.room(now), p.free(now))
		// Few claims for many jobs: a lane that is busy waits until half of it
		// has ended.
		if l.due.IsZero() || room <= 0 || len(l.running) > 0 && room < int(l.window)/2 {
			continue
		}
		jobs, err := p.Store.ClaimJobs(ctx, p.kind, name, now, lease, room)
		if err != nil {
			return p.broken(ctx, err)
		}
		if len(jobs) < room { // when the next one is due must be read
			l.due, p.read = time.Time{}, time.Time{}
		}
		if len(jobs) == 0 { // another node has it
			wait = min(wait, soonest)
			continue
		}
		for _, job := range jobs {
			p.start(working, l, job)
		}
		p.last, wait = name, 0
	}
	return wait
}

// hasten makes all jobs of the kind due if the clock has gone back: they were
// asked for by the one of before, perhaps for hours from now. To be early does
// no harm.
func (p *pool) hasten(ctx context.Context, now time.Time) error {
	before := p.seen
	p.seen = now.Round(0) // as people read it
	if before.Sub(p.seen) < backMost {
		return nil
	}
	p.Log.WarnContext(ctx, "the clock went back", "job", string(p.kind), "from", before, "to", p.seen)
	if err := p.Store.HastenJobs(ctx, p.kind, now, now.Add(lease)); err != nil {
		p.seen = before
		return err
	}
	for _, l := range p.lanes {
		l.heldTo, l.released, l.ended = time.Time{}, time.Time{}, now
	}
	p.read = time.Time{}
	return nil
}

// backMost is by how much a clock is put right without a word.
const backMost = time.Minute

// inTurn are the lanes' names, those after the one that was served last first.
func (p *pool) inTurn() []string {
	names := slices.Sorted(maps.Keys(p.lanes))
	i, found := slices.BinarySearch(names, p.last)
	if found {
		i++
	}
	return slices.Concat(names[i:], names[:i])
}

// readLanes asks in which lanes there are jobs, and forgets those of which
// nothing is worth knowing any more.
func (p *pool) readLanes(ctx context.Context, now time.Time) error {
	all, err := p.Store.Lanes(ctx, p.kind)
	if err != nil {
		return err
	}
	p.read = now
	for _, l := range p.lanes {
		l.due = time.Time{}
	}
	for _, found := range all {
		l := p.lanes[found.Name]
		if l == nil {
			l = newLane()
			p.lanes[found.Name] = l
		}
		l.due = found.Due
	}
	maps.DeleteFunc(p.lanes, func(_ string, l *lane) bool {
		return l.due.IsZero() && len(l.running) == 0 && now.Sub(l.heldTo) > goneFor && now.Sub(l.ended) > goneFor
	})
	return nil
}

// broken is how long a pool waits after the database has failed it.
func (p *pool) broken(ctx context.Context, err error) time.Duration {
	p.read = time.Time{}
	if ctx.Err() == nil {
		p.Log.ErrorContext(ctx, "no jobs can be claimed", "job", string(p.kind), "err", err)
	}
	return brokenWait
}

func (p *pool) start(working context.Context, l *lane, job Job) {
	r := &running{job: job, begun: p.Now()}
	l.running[r] = true
	go func() {
		outcome, took := p.do(working, p.work, job)
		p.done <- ended{r, outcome, took}
	}()
}

// await returns when there may be something to do, after wait at the latest.
func (p *pool) await(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-p.wakes[p.kind]:
		p.read = time.Time{}
	case e := <-p.done:
		p.end(e)
	}
}

// end takes over what a job that has ended tells of its lane.
func (p *pool) end(e ended) {
	l, now := p.lanes[e.job.Lane], p.Now()
	delete(l.running, e.running)
	if again := e.outcome.Again; !again.IsZero() && (l.due.IsZero() || again.Before(l.due)) {
		l.due = again
	}
	l.tell(e.outcome, e.took, now, p.work.PerLane)
}

// release calls back what was put off in a lane, if it is time for that. It
// returns how long it isn't.
func (p *pool) release(ctx context.Context, name string, now time.Time) time.Duration {
	l := p.lanes[name]
	at := l.calls()
	switch {
	case p.work.Release == nil || at.IsZero():
		return idleMost
	case at.After(now):
		return at.Sub(now)
	}
	if err := p.work.Release(ctx, name, l.release(now)); err != nil && ctx.Err() == nil {
		p.Log.ErrorContext(ctx, "jobs aren't called back", "job", string(p.kind), "lane", name, "err", err)
	}
	p.read = time.Time{}
	return soonest
}
