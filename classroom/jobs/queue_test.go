package jobs_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// A queue is a database of jobs in memory.
type queue struct {
	mu     sync.Mutex
	rows   map[string]*row
	claims int
	before func(call string) error // if set, asked before each call
}

type row struct {
	jobs.Job
	leased time.Time
}

func (r *row) due() time.Time {
	if !r.leased.IsZero() {
		return r.leased
	}
	return r.RunAt
}

func (q *queue) do(call string, f func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.before != nil {
		if err := q.before(call); err != nil {
			return err
		}
	}
	f()
	return nil
}

func name(j jobs.Job) string { return string(j.Kind) + " " + j.Subject }

func (q *queue) Enqueue(_ context.Context, j jobs.Job) error {
	return q.do("Enqueue", func() {
		if q.rows == nil {
			q.rows = map[string]*row{}
		}
		q.rows[name(j)] = &row{Job: j}
	})
}

func (q *queue) Lanes(_ context.Context, kind jobs.Kind) (all []jobs.Lane, err error) {
	return all, q.do("Lanes", func() {
		for _, r := range q.rows {
			if r.Kind != kind {
				continue
			}
			i := slices.IndexFunc(all, func(l jobs.Lane) bool { return l.Name == r.Lane })
			switch {
			case i < 0:
				all = append(all, jobs.Lane{Name: r.Lane, Due: r.due()})
			case r.due().Before(all[i].Due):
				all[i].Due = r.due()
			}
		}
	})
}

func (q *queue) ClaimJobs(_ context.Context, kind jobs.Kind, lane string, now time.Time, lease time.Duration, limit int) (claimed []jobs.Job, err error) {
	return claimed, q.do("ClaimJobs", func() {
		q.claims++
		var due []*row
		for _, r := range q.rows {
			if r.Kind == kind && r.Lane == lane && !r.due().After(now) {
				due = append(due, r)
			}
		}
		slices.SortFunc(due, func(a, b *row) int { return cmp.Or(a.due().Compare(b.due()), cmp.Compare(name(a.Job), name(b.Job))) })
		for _, r := range due[:min(limit, len(due))] {
			r.Attempts++
			r.leased = now.Add(lease)
			claimed = append(claimed, r.Job)
		}
	})
}

func (q *queue) HastenJobs(_ context.Context, kind jobs.Kind, now, leased time.Time) error {
	return q.do("HastenJobs", func() {
		for _, r := range q.rows {
			if r.Kind == kind && r.RunAt.After(now) {
				r.RunAt = now
			}
			if r.Kind == kind && r.leased.After(leased) {
				r.leased = leased
			}
		}
	})
}

func (q *queue) FreeJobs(context.Context) error { return q.do("FreeJobs", func() {}) }

func (q *queue) FinishJob(_ context.Context, j jobs.Job) error {
	return q.do("FinishJob", func() { delete(q.rows, name(j)) })
}

func (q *queue) RetryJob(_ context.Context, j jobs.Job, at time.Time) error {
	return q.do("RetryJob", func() {
		if r := q.rows[name(j)]; r != nil {
			r.RunAt, r.leased = at, time.Time{}
		}
	})
}

// ask puts n jobs into a lane.
func (q *queue) ask(kind jobs.Kind, lane string, n int) {
	for i := range n {
		_ = q.Enqueue(context.Background(), jobs.Job{Kind: kind, Subject: fmt.Sprintf("%s-%d", lane, i), Lane: lane, RunAt: time.Now()})
	}
}

func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.rows)
}

// A process is a runner that runs.
type process struct {
	*jobs.Runner
	cancel context.CancelFunc
	ended  chan error
}

func start(q *queue, kinds map[jobs.Kind]jobs.Work, log *slog.Logger) *process {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{&jobs.Runner{Store: q, Kinds: kinds, Now: time.Now, Log: log}, cancel, make(chan error, 1)}
	go func() { p.ended <- p.Run(ctx) }()
	return p
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	if err := <-p.ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

// A partner is whom the jobs of a lane lead to.
type partner struct {
	mu      sync.Mutex
	takes   time.Duration
	answers func(job jobs.Job) jobs.Outcome // nil: well
	now     int
	top     int
	calls   int
	good    int
}

func (p *partner) do(ctx context.Context, job jobs.Job) jobs.Outcome {
	p.mu.Lock()
	p.calls++
	p.now++
	p.top = max(p.top, p.now)
	takes, answers := p.takes, p.answers
	p.mu.Unlock()
	o := jobs.Outcome{}
	if takes > 0 {
		select {
		case <-ctx.Done():
			o = jobs.Outcome{Err: ctx.Err()}
		case <-time.After(takes):
		}
	}
	if answers != nil && o.Err == nil {
		o = answers(job)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
	if !o.Trouble && o.Err == nil {
		p.good++
	}
	return o
}

func (p *partner) count() (calls, good, top int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.good, p.top
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pass lets the bubble's time go on.
func pass(d time.Duration) { <-time.After(d) }

var errGone = errors.New("gone away")
