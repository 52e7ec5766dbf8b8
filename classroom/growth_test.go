package classroom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

func (b *books) Reports(_ context.Context, meetingID string, most int) (all []attendance.Evidence, err error) {
	return all, b.do("Reports", func() error {
		for _, e := range slices.Backward(b.evidence) {
			if e.MeetingID == meetingID && e.Source == attendance.Analytics && len(all) < most {
				all = append(all, e)
			}
		}
		return nil
	})
}

func (b *books) KeepReport(ctx context.Context, e attendance.Evidence, spare []string, most, bytesMost int, settleAt time.Time) error {
	err := b.do("KeepReport", func() error {
		b.evidence = slices.DeleteFunc(b.evidence, func(e attendance.Evidence) bool { return slices.Contains(spare, e.ID) })
		number, size := 1, len(e.Body)
		for _, old := range b.evidence {
			if old.MeetingID == e.MeetingID && old.Source == e.Source {
				number, size = number+1, size+len(old.Body)
			}
		}
		if number > 1 && (number > most || size > bytesMost) {
			return ErrTooManyReports
		}
		return nil
	})
	if err == nil {
		_, err = b.KeepEvidence(ctx, e, settleAt)
	}
	return err
}

// However many reports of a meeting come, few are kept, and nobody's attendance
// is less by that.
func TestReportsOfOneMeeting(t *testing.T) {
	hour := func(people ...string) map[string][]stretch {
		all := map[string][]stretch{}
		for _, p := range people {
			all[p] = []stretch{{0, 60}}
		}
		return all
	}
	report := func(finish float64, people map[string][]stretch) []byte { return reportBody("in-a", 0, finish, people) }
	for _, test := range []struct {
		name    string
		reports [][]byte
		kept    int
		refused int
	}{
		{"the same thirty times, each time written otherwise", func() (all [][]byte) {
			for i := range 30 {
				all = append(all, append(report(60, hour("ann")), strings.Repeat(" ", i)...))
			}
			return all
		}(), 1, 0},
		{"each says more than the one before", func() (all [][]byte) {
			for i := range 30 {
				all = append(all, report(60+float64(i), hour("ann", "ben")))
			}
			return all
		}(), 1, 0},
		{"each says less than the one before", [][]byte{report(60, hour("ann", "ben", "eve")), report(60, hour("ann", "ben")), report(60, hour("ann")), report(60, nil)}, 1, 0},
		{"two halves", [][]byte{report(60, hour("ann")), report(60, hour("ben"))}, 2, 0},
		{"two halves, and the whole", [][]byte{report(60, hour("ann")), report(60, hour("ben")), report(60, hour("ann", "ben"))}, 1, 0},
		{"each of thirty names somebody else", func() (all [][]byte) {
			for i := range 30 {
				all = append(all, report(60, hour(fmt.Sprint("learner", i))))
			}
			return all
		}(), reportsMost, 30 - reportsMost},
		{"three of ten megabytes", func() (all [][]byte) {
			for i := range 3 {
				all = append(all, append(report(60, hour(fmt.Sprint("learner", i))), bytes.Repeat([]byte(" "), 10<<20)...))
			}
			return all
		}(), 2, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, _, _ := watched(t)
			refused := 0
			var all []attendance.Evidence
			for _, body := range test.reports {
				err := s.Callback(t.Context(), bearer("secret-of-s1", nine(0).Add(time.Hour)), bytes.NewReader(body))
				switch {
				case errors.Is(err, ErrTooManyReports):
					refused++
				case err != nil:
					t.Fatal(err)
				default:
					all = append(all, attendance.Evidence{MeetingID: "a", Source: attendance.Analytics, Body: body})
				}
			}
			if n := b.reports(); n != test.kept || refused != test.refused {
				t.Errorf("%d kept, %d refused; want %d and %d", n, refused, test.kept, test.refused)
			}
			sameStays(t, b, all)
		})
	}
}

// sameStays holds what was kept against all that came.
func sameStays(t *testing.T, b *books, all []attendance.Evidence) {
	t.Helper()
	whole, kept := attendance.AccountOf(b.meetings[0], all, everybody), attendance.AccountOf(b.meetings[0], b.evidence, everybody)
	if diff := cmp.Diff(whole.Stays, kept.Stays); diff != "" {
		t.Errorf("stays: %s", diff)
	}
	if diff := cmp.Diff(whole.Activities, kept.Activities); diff != "" {
		t.Errorf("activities: %s", diff)
	}
	if whole.Exact != kept.Exact || !whole.Meeting.EndedAt.Equal(kept.Meeting.EndedAt) {
		t.Errorf("ended %v, exact %v; want %v, %v", kept.Meeting.EndedAt, kept.Exact, whole.Meeting.EndedAt, whole.Exact)
	}
}

// The same for reports that are made up.
func TestReportsThatAreDropped(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		b, s, _, _ := watched(t)
		var all []attendance.Evidence
		for range 2 + random.IntN(6) {
			people := map[string][]stretch{}
			for _, id := range []string{"ann", "ben", "eve"}[:random.IntN(4)] {
				for range random.IntN(3) {
					from := float64(random.IntN(5)) * 10
					people[id] = append(people[id], stretch{from, from + float64(random.IntN(4))*10})
				}
				people[id] = slices.Clip(people[id])
			}
			body := reportBody("in-a", float64(random.IntN(2)), 50+float64(random.IntN(3)), people)
			if err := s.Callback(t.Context(), bearer("secret-of-s1", nine(0).Add(time.Hour)), bytes.NewReader(body)); err != nil {
				t.Fatal(err)
			}
			all = append(all, attendance.Evidence{MeetingID: "a", Source: attendance.Analytics, Body: body})
		}
		b.meetings[0].EndedAt = time.Time{}
		if sameStays(t, b, all); t.Failed() {
			t.Fatalf("seed %d: %d of %d reports kept", seed, b.reports(), len(all))
		}
	}
}
