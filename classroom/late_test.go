package classroom

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// aside is a place for late reports in memory.
type aside struct {
	mu            sync.Mutex
	kept, refused map[string]LateReport
	full          error
}

func newAside() *aside {
	return &aside{kept: map[string]LateReport{}, refused: map[string]LateReport{}}
}

func (a *aside) Put(r LateReport) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.full == nil {
		a.kept[string(rune('a'+len(a.kept)))] = r
	}
	return a.full
}

func (a *aside) Names() ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for name := range a.kept {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (a *aside) Read(name string) (LateReport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kept[name], nil
}

func (a *aside) Done(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.kept, name)
	return nil
}

func (a *aside) Refuse(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused[name] = a.kept[name]
	delete(a.kept, name)
	return nil
}

func (a *aside) count() (kept, refused int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.kept), len(a.refused)
}

var errAway = errors.New("the database is away")

// away fails all calls from now on, until the time.
func (b *books) away(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = func(string) error {
		if time.Now().Before(until) {
			return errAway
		}
		return nil
	}
}

// reporting is a class that is on, whose report can come.
func reporting(t *testing.T) (*books, *Classes, *aside, func() error) {
	t.Helper()
	b, s, _, _ := watched(t)
	place := newAside()
	s.Late, s.Log, s.Now = place, slog.New(slog.DiscardHandler), time.Now
	if err := s.takeInAll(t.Context()); err != nil { // as at every tick
		t.Fatal(err)
	}
	body := reportBody("in-a", 0, 60, map[string][]stretch{"ann": {{0, 60}}})
	return b, s, place, func() error {
		return s.Callback(t.Context(), bearer("secret-of-s1", time.Now().Add(time.Hour)), bytes.NewReader(body))
	}
}

func (b *books) reports() int {
	n := 0
	for _, e := range b.evidence {
		if e.Source == attendance.Analytics {
			n++
		}
	}
	return n
}

// A report is sent once: while the database is away for a while, it is waited
// for; whatever fails, and however often.
func TestReportWaitsForTheDatabase(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 8 * time.Second, 35 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b, _, place, report := reporting(t)
			b.away(time.Now().Add(away))
			if err := report(); err != nil || b.reports() != 1 || len(place.kept) != 0 {
				t.Errorf("away for %v: %v, %d reports, %d put aside", away, err, b.reports(), len(place.kept))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // each call once
		b, _, _, report := reporting(t)
		failed := map[string]bool{}
		b.before = func(call string) error {
			if !failed[call] {
				failed[call] = true
				return errAway
			}
			return nil
		}
		if err := report(); err != nil || b.reports() != 1 || !failed["KeepEvidence"] || !failed["EndMeeting"] {
			t.Errorf("%v, %d reports, failed %v", err, b.reports(), failed)
		}
	})
}

// If it is away for longer, the report is put aside, and taken in when it's
// back, as one that came when it came.
func TestReportPutAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s, place, report := reporting(t)
		came := time.Now()
		b.away(came.Add(48 * time.Hour))
		if err := report(); err != nil || b.reports() != 0 || len(place.kept) != 1 {
			t.Fatalf("%v, %d reports, %d put aside", err, b.reports(), len(place.kept))
		}
		if took := time.Since(came); took > 55*time.Second {
			t.Errorf("answered after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.TakeIn(ctx) }()
		pass(47 * time.Hour)
		if kept, refused := place.count(); kept != 1 || refused != 0 {
			t.Errorf("%d put aside, %d refused, while it's away", kept, refused)
		}
		pass(time.Hour + time.Minute) // the sender's token is over by now
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if b.reports() != 1 || len(place.kept) != 0 {
			t.Fatalf("%d reports, %d put aside", b.reports(), len(place.kept))
		}
		for _, e := range b.evidence {
			if e.Source == attendance.Analytics && !e.At.Equal(came) {
				t.Errorf("it came at %v, want %v", e.At, came)
			}
		}
		if b.meetings[0].EndedAt.IsZero() {
			t.Error("the meeting lives")
		}
	})
}

// What isn't signed isn't put aside, nor is what isn't ours.
func TestWhatIsNotPutAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s, place, _ := reporting(t)
		b.away(time.Now().Add(time.Hour))
		for name, authorization := range map[string]string{"another's": bearer("guessed", time.Now().Add(time.Hour)), "unsigned": ""} {
			if err := s.Callback(t.Context(), authorization, bytes.NewReader(reportBody("in-a", 0, 60, nil))); !refuses(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(place.kept) != 0 {
			t.Errorf("%d put aside", len(place.kept))
		}
		place.kept["x"] = LateReport{At: time.Now(), Signed: []string{"s1"}, Body: []byte("no report")}
		place.kept["y"] = LateReport{At: time.Now(), Signed: []string{"gone"}, Body: reportBody("in-a", 0, 60, nil)}
		pass(time.Hour)
		if err := s.takeInAll(t.Context()); err != nil || len(place.kept) != 0 {
			t.Errorf("%v, %d left", err, len(place.kept))
		}
		if diff := cmp.Diff(2, len(place.refused)); diff != "" {
			t.Error(diff)
		}
	})
}

// What can't be put aside either is an error for the sender.
func TestReportThatCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, place, report := reporting(t)
		b.away(time.Now().Add(time.Hour))
		place.full = errors.New("disk full")
		if err := report(); !errors.Is(err, place.full) || !errors.Is(err, errAway) {
			t.Errorf("%v", err)
		}
	})
}
