package handlers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// Metrics counts what operators watch, and serves it to Prometheus.
type Metrics struct {
	http.Handler
	launches, callbacks *prometheus.CounterVec
	calls, jobs         *prometheus.HistogramVec
}

// NewMetrics returns metrics of their own registry. counts is asked at scrapes,
// every countFor at the most.
func NewMetrics(counts func(context.Context) (classroom.Counts, error), now func() time.Time, log *slog.Logger) *Metrics {
	m := &Metrics{
		launches:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bbbridge_launches_total", Help: "Logins and launches that ended, by outcome: ok, new_window, or the code of the refusal."}, []string{"outcome"}),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bbbridge_callbacks_total", Help: "Callbacks of BigBlueButton, by kind and outcome."}, []string{"call", "outcome"}),
		calls:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "bbbridge_api_call_seconds", Help: "Calls to BigBlueButton and to platforms.", Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30}}, []string{"call", "outcome"}),
		jobs:      prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "bbbridge_job_seconds", Help: "Runs of deferred jobs.", Buckets: []float64{.003, .01, .03, .1, .3, 1, 3, 10, 30}}, []string{"kind", "outcome"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.launches, m.callbacks, m.calls, m.jobs, &gauges{counts: counts, now: now, log: log},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.Handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// Write writes what /metrics shows.
func (m *Metrics) Write(w io.Writer) error {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/metrics", http.NoBody)
	if err != nil {
		return err
	}
	m.ServeHTTP(&answer{w, http.Header{}}, r)
	return nil
}

// An answer goes somewhere else than to who asked by HTTP.
type answer struct {
	io.Writer
	header http.Header
}

func (a *answer) Header() http.Header { return a.header }
func (*answer) WriteHeader(int)       {}

func (m *Metrics) launch(outcome string) { m.launches.WithLabelValues(outcome).Inc() }

func (m *Metrics) callback(call, outcome string) { m.callbacks.WithLabelValues(call, outcome).Inc() }

// Call observes one outgoing API call.
func (m *Metrics) Call(call, outcome string, took time.Duration) {
	m.calls.WithLabelValues(call, outcome).Observe(took.Seconds())
}

// Job observes one run of a job.
func (m *Metrics) Job(kind jobs.Kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(string(kind), outcome).Observe(took.Seconds())
}

// gauges are what the store counts, one count at a time, however many scrapes
// there are.
type gauges struct {
	counts func(context.Context) (classroom.Counts, error)
	now    func() time.Time
	log    *slog.Logger

	flight singleflight.Group
	newest atomic.Pointer[counted]
}

// counted is what was counted at a time.
type counted struct {
	classroom.Counts
	at time.Time
}

var (
	deliveriesGauge = prometheus.NewDesc("bbbridge_deliveries", "Grades in the ledger, by state.", []string{"state"}, nil)
	jobsGauge       = prometheus.NewDesc("bbbridge_jobs", "Jobs that wait, by kind.", []string{"kind"}, nil)
	liveGauge       = prometheus.NewDesc("bbbridge_live_meetings", "Meetings that haven't ended.", nil, nil)
)

func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	to <- deliveriesGauge
	to <- jobsGauge
	to <- liveGauge
}

const (
	countFor   = 10 * time.Second // how long a count is good for
	countMost  = time.Minute      // how long it may take
	scrapeWait = 2 * time.Second  // how long a scrape waits for it; then it tells what was counted before
)

// fresh is the newest count if it's still good, else nil.
func (g *gauges) fresh() *counted {
	known := g.newest.Load()
	if known == nil || g.now().Sub(known.at).Abs() >= countFor {
		return nil
	}
	return known
}

// count returns the newest count, or nil if there is none yet.
func (g *gauges) count() *counted {
	if known := g.fresh(); known != nil {
		return known
	}
	done := g.flight.DoChan("", func() (any, error) {
		if g.fresh() != nil { // a count that ended before this one could join it
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), countMost)
		defer cancel()
		counts, err := g.counts(ctx)
		if err != nil {
			g.log.ErrorContext(ctx, "count for metrics", "err", err)
			return nil, err
		}
		g.newest.Store(&counted{counts, g.now()})
		return nil, nil
	})
	timer := time.NewTimer(scrapeWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	return g.newest.Load()
}

func (g *gauges) Collect(to chan<- prometheus.Metric) {
	counts := g.count()
	if counts == nil {
		return
	}
	for _, state := range []gradebook.State{gradebook.Waiting, gradebook.Delivered, gradebook.Refused, gradebook.Superseded, gradebook.Withdrawn} {
		to <- prometheus.MustNewConstMetric(deliveriesGauge, prometheus.GaugeValue, float64(counts.Deliveries[state]), string(state))
	}
	for kind, n := range counts.Jobs {
		to <- prometheus.MustNewConstMetric(jobsGauge, prometheus.GaugeValue, float64(n), string(kind))
	}
	to <- prometheus.MustNewConstMetric(liveGauge, prometheus.GaugeValue, float64(counts.LiveMeetings))
}
