package classroom

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

// A resending store is that of registers, of which a resend needs only what
// books have.
type resending struct {
	*books
	unasked
}

type unasked interface {
	Classes(ctx context.Context, roomID, courseID string, rule attendance.Rule, newest int) ([]ClassLine, error)
	LastClasses(ctx context.Context, courseID string) (map[string]time.Time, error)
	ClassGrades(ctx context.Context, roomID, placementID string, since time.Time) ([]ClassGrades, error)
	Register(ctx context.Context, sessionID, courseID, placementID string) ([]RegisterRow, error)
	History(ctx context.Context, roomID, personID string) ([]HistoryLine, error)
	ResultOf(ctx context.Context, placementID, personID string) (*attendance.Result, *gradebook.Delivery, error)
	PlacementDeliveries(ctx context.Context, placementID string) ([]gradebook.Delivery, error)
}

func TestResend(t *testing.T) {
	teacher := Seat{Visit: Visit{Role: Moderator}, Room: Room{ID: "room"}, Placement: Placement{ID: "p1"}}
	learner := teacher
	learner.Visit.Role = Viewer
	for _, test := range []struct {
		name string
		ask  func(*Registers, Seat, string, string) error
		all  bool // of the link: no person is named
		want map[string]gradebook.State
	}{
		{"one", func(r *Registers, seat Seat, session, person string) error {
			return r.Resend(t.Context(), seat, session, person, false)
		}, false, map[string]gradebook.State{"ann": gradebook.Waiting, "bob": gradebook.Superseded, "cy": gradebook.Refused}},
		{"one in place of somebody's", func(r *Registers, seat Seat, session, person string) error {
			return r.Resend(t.Context(), seat, session, person, true)
		}, false, map[string]gradebook.State{"ann": gradebook.Waiting, "bob": gradebook.Superseded, "cy": gradebook.Refused}},
		{"all but somebody's", func(r *Registers, seat Seat, session, _ string) error {
			return r.ResendAll(t.Context(), seat, session)
		}, true, map[string]gradebook.State{"ann": gradebook.Waiting, "bob": gradebook.Superseded, "cy": gradebook.Waiting}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _ := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
			for person, state := range map[string]gradebook.State{"ann": gradebook.Delivered, "bob": gradebook.Superseded, "cy": gradebook.Refused} {
				b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: person}] = gradebook.Delivery{PlacementID: "p1", PersonID: person, Points: 10, Max: 10, TrueAt: nine(60), State: state}
			}
			woken := 0
			registers := &Registers{Store: resending{books: b}, Wake: func() { woken++ }}
			b.settlement.Sessions = []attendance.Session{{ID: "s1", RoomID: "room"}, {ID: "s2", RoomID: "other"}}
			b.now = func() time.Time { return nine(90) }
			if err := test.ask(registers, learner, "s1", "ann"); !errors.Is(err, ErrForbidden) {
				t.Errorf("a learner: %v", err)
			}
			if err := test.ask(registers, teacher, "s1", "nobody"); !test.all && !errors.Is(err, ErrNotFound) {
				t.Errorf("nobody's: %v", err)
			}
			if err := test.ask(registers, teacher, "s2", "ann"); !errors.Is(err, ErrNotFound) {
				t.Errorf("from another room's register: %v", err)
			}
			woken = 0
			if err := test.ask(registers, teacher, "s1", "ann"); err != nil || woken != 1 {
				t.Fatalf("%v, woken %d times", err, woken)
			}
			got := map[string]gradebook.State{}
			for person := range test.want {
				got[person] = b.delivery(person).State
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if d := b.delivery("ann"); !d.TrueAt.Equal(nine(90)) && !test.all || d.Replaces != (test.name == "one in place of somebody's") {
				t.Errorf("%+v", d)
			}
		})
	}
}

// Only who teaches has a deleted column made again, and then all grades go
// there.
func TestNewColumn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := class(attendance.Rule{})
		b.now = time.Now
		b.placements[0].Column = gradebook.Column{
			LineItem: gradebook.LineItem{URL: "https://lms/gone", Max: 10, Made: true}, Gone: true,
			Grades: lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSLineItem}, LineItems: "https://lms/list"},
		}
		lms := gradebooktest.New()
		clear(lms.Columns)
		for _, person := range []string{"ann", "bob", "cy"} {
			b.put(gradebook.Delivery{PlacementID: "p1", PersonID: person, Points: 10, Max: 10, TrueAt: time.Now()}, time.Now())
		}
		p := start(b, lms, nil, silent())
		defer p.stop(t)
		pass(time.Minute)
		if d := b.delivery("ann"); d.Reason != gradebook.ReasonLineItemGone || len(lms.Columns) != 0 {
			t.Fatalf("%+v, %d columns", d, len(lms.Columns))
		}
		registers := &Registers{Store: resending{books: b}, Wake: p.Wake}
		seat := Seat{Visit: Visit{Role: Viewer}, Room: Room{ID: "room"}, Placement: Placement{ID: "p1"}}
		if err := registers.NewColumn(t.Context(), seat); !errors.Is(err, ErrForbidden) {
			t.Errorf("a learner: %v", err)
		}
		seat.Visit.Role = Moderator
		if err := registers.NewColumn(t.Context(), seat); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		if len(lms.Columns) != 1 || lms.Delivered() != 3 {
			t.Errorf("%d columns, %d grades", len(lms.Columns), lms.Delivered())
		}
	})
}
