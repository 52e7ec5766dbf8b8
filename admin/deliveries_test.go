package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// A gradeShelf has grades, the newest first, and keeps which were sent again. The
// rest of the store is nobody's to call.
type gradeShelf struct {
	gradeStore
	grades  []Grade
	sent    []gradebook.Key
	steps   []Entry
	longest int // of its pages
}

func (s *gradeShelf) Grades(_ context.Context, q GradeQuery) ([]Grade, error) {
	if q.State == "" || q.State == gradebook.Delivered {
		return nil, errors.New("the whole ledger is read")
	}
	of := slices.DeleteFunc(slices.Clone(s.grades), func(g Grade) bool { return g.State != q.State })
	from := 0
	if q.Before != (GradeKey{}) {
		from = 1 + slices.IndexFunc(of, func(g Grade) bool { return g.Key() == q.Before })
	}
	page := of[from:min(from+q.Most, len(of))]
	s.longest = max(s.longest, len(page))
	return page, nil
}

func (s *gradeShelf) ResendGrades(_ context.Context, keys []gradebook.Key, e Entry) (int, error) {
	s.sent, s.steps = append(s.sent, keys...), append(s.steps, e)
	return len(keys), nil
}

// ledgerOf has so many grades, each in the state that the function says.
func ledgerOf(n int, state func(i int) gradebook.Delivery) *gradeShelf {
	s := &gradeShelf{}
	for i := range n {
		d := state(i)
		d.PlacementID, d.PersonID, d.TrueAt = "p", fmt.Sprint(i), eight.Add(-time.Duration(i)*time.Second)
		s.grades = append(s.grades, Grade{Delivery: d, TenantID: "a"})
	}
	return s
}

// One act sends so many grades again, and says whether there are more: the newest,
// in transactions of a bounded size, each with its line of the audit log.
func TestResendAllEnds(t *testing.T) {
	refused := func(int) gradebook.Delivery { return gradebook.Delivery{State: gradebook.Refused} }
	held := func(i int) gradebook.Delivery {
		all := []gradebook.Delivery{
			{State: gradebook.Refused}, {State: gradebook.Waiting, Reason: "unavailable"}, // these two alone
			{State: gradebook.Waiting}, {State: gradebook.Delivered}, {State: gradebook.Superseded}, {State: gradebook.Withdrawn},
		}
		return all[i%len(all)]
	}
	for _, test := range []struct {
		name  string
		shelf *gradeShelf
		sent  int
		more  bool
	}{
		{"none", ledgerOf(0, refused), 0, false},
		{"a page that isn't full", ledgerOf(99, refused), 99, false},
		{"a full page, and nothing after it", ledgerOf(100, refused), 100, false},
		{"one less than an act sends", ledgerOf(4999, refused), 4999, false},
		{"as many as an act sends", ledgerOf(5000, refused), 5000, false},
		{"more", ledgerOf(5001, refused), 5000, true},
		{"many more", ledgerOf(7000, refused), 5000, true},
		{"more, of both kinds", ledgerOf(18_000, held), 5000, true},
		{"what is delivered, or of another hand, doesn't count", ledgerOf(12_000, held), 4000, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			woken := 0
			d := Deliveries{Store: test.shelf, Wake: func() { woken++ }}
			if sent, more, err := d.ResendAll(t.Context(), Actor{Role: Operator}, GradeQuery{State: gradebook.Delivered}); sent != 0 || more || err != nil {
				t.Fatalf("delivered: %d, more %v, %v", sent, more, err)
			}
			sent, more, err := d.ResendAll(t.Context(), Actor{Role: Operator}, GradeQuery{Since: eight})
			if err != nil || sent != test.sent || more != test.more {
				t.Fatalf("%d, more %v, %v", sent, more, err)
			}
			var want []gradebook.Key
			for _, state := range []gradebook.State{gradebook.Refused, gradebook.Waiting} {
				for _, g := range test.shelf.grades {
					if g.State == state && again(g) && len(want) < test.sent {
						want = append(want, gradebook.Key{PlacementID: g.PlacementID, PersonID: g.PersonID})
					}
				}
			}
			if !slices.Equal(test.shelf.sent, want) {
				t.Errorf("not the newest: %d of %d", len(test.shelf.sent), len(want))
			}
			if steps := (test.sent + resendStep - 1) / resendStep; len(test.shelf.steps) != steps || test.shelf.longest > resendStep {
				t.Errorf("%d steps for %d, pages of %d", len(test.shelf.steps), test.sent, test.shelf.longest)
			}
			if (woken > 0) != (sent > 0) {
				t.Errorf("the runner was woken %d times", woken)
			}
		})
	}
}
