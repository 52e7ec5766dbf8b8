package gradebook

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
)

var (
	nine    = attendancetest.Nine
	minutes = attendancetest.Minutes
)

func TestPlan(t *testing.T) {
	now := nine(100)
	rule := attendance.Rule{Measure: attendance.Minutes, Need: 54, Points: 10}
	passed := attendance.Result{PlacementID: "p1", PersonID: "ann", Complete: true, Share: 1, Points: 10, Time: minutes(60), Needed: minutes(54), Sends: true}
	failed := attendance.Result{PlacementID: "p1", PersonID: "ann", Share: 38.0 / 54, Time: minutes(38.5), Needed: minutes(54)}
	part := attendance.Result{PlacementID: "p1", PersonID: "ann", Share: 38.0 / 54, Points: 7.03, Time: minutes(38.5), Needed: minutes(54), Sends: true}
	unsent := passed
	unsent.Sends = false
	row := func(state State, points, most float64, sent bool) []Delivery {
		d := Delivery{PlacementID: "p1", PersonID: "ann", Points: points, Max: most, State: state, TrueAt: nine(90), Comment: "old words"}
		if sent {
			d.SentStamp = nine(90)
		}
		return []Delivery{d}
	}
	kept := func(share float64, rows []Delivery) []Delivery {
		rows[0].Kept = share
		return rows
	}
	given := func(rows []Delivery) []Delivery {
		rows[0].Reason = ReasonGiven
		return rows
	}
	planned1 := func(points float64, comment string) []Delivery {
		return []Delivery{{PlacementID: "p1", PersonID: "ann", Points: points, Max: 10, Comment: comment, TrueAt: nine(95), State: Waiting}}
	}
	for _, test := range []struct {
		name   string
		result []attendance.Result
		known  []Delivery
		want   []Delivery
	}{
		{"not passed: nothing is sent", []attendance.Result{failed}, nil, nil},
		{"passed", []attendance.Result{passed}, nil, planned1(10, "60 / 54 min")},
		{"a part", []attendance.Result{part}, nil, planned1(7.03, "38 / 54 min")},
		{"the same again, other words", []attendance.Result{passed}, row(Delivered, 10, 10, true), nil},
		{"the same again, refused", []attendance.Result{passed}, row(Refused, 10, 10, false), nil},
		{"the same again, somebody graded since", []attendance.Result{passed}, row(Superseded, 10, 10, false), nil},
		{"less than before, but somebody graded since", []attendance.Result{part}, row(Superseded, 10, 10, true), nil},
		{"worth another maximum, but somebody graded since", []attendance.Result{passed}, row(Superseded, 20, 20, true), nil},
		{"less than before, and we know what somebody gave", []attendance.Result{part}, given(row(Superseded, 10, 10, true)), planned1(7.03, "38 / 54 min")},
		{"no longer passed, and we know what somebody gave", []attendance.Result{failed}, given(row(Superseded, 10, 10, true)), planned1(0, "38 / 54 min")},
		{"the same again, and we know what somebody gave", []attendance.Result{passed}, given(row(Superseded, 10, 10, true)), nil},
		{"more than before, though somebody graded since", []attendance.Result{passed}, row(Superseded, 7, 10, true), planned1(10, "60 / 54 min")},
		{"more than before", []attendance.Result{passed}, row(Delivered, 7, 10, true), planned1(10, "60 / 54 min")},
		{"less than before", []attendance.Result{part}, row(Delivered, 10, 10, true), planned1(7.03, "38 / 54 min")},
		{"worth another maximum", []attendance.Result{passed}, row(Delivered, 10, 20, true), planned1(10, "60 / 54 min")},
		{"no longer passed", []attendance.Result{failed}, row(Delivered, 10, 10, true), planned1(0, "38 / 54 min")},
		{"no longer passed, and told so", []attendance.Result{failed}, row(Delivered, 0, 10, true), nil},
		{"no longer passed, maybe sent", []attendance.Result{failed}, row(Waiting, 10, 10, true), planned1(0, "38 / 54 min")},
		{"no longer passed before it was sent", []attendance.Result{failed}, row(Waiting, 10, 10, false), planned1(0, "38 / 54 min")},
		{"no longer passed, and was never taken", []attendance.Result{failed}, row(Refused, 10, 10, false), nil},
		{"no longer passed, but somebody graded since", []attendance.Result{failed}, row(Superseded, 10, 10, true), nil},
		{"passed after it was withdrawn", []attendance.Result{passed}, row(Withdrawn, 0, 10, false), planned1(10, "60 / 54 min")},
		{"earned in another room", []attendance.Result{failed}, kept(1, row(Delivered, 10, 10, true)), nil},
		{"earned in another room, less here", []attendance.Result{part}, kept(1, row(Waiting, 10, 10, false)), nil},
		{"a part earned in another room", []attendance.Result{failed}, kept(0.333, row(Delivered, 3.33, 10, true)), nil},
		{"a part earned in another room, more here", []attendance.Result{passed}, kept(0.333, row(Delivered, 3.33, 10, true)), planned1(10, "60 / 54 min")},
		{"earned in another room, worth another maximum", []attendance.Result{failed}, kept(0.333, row(Delivered, 6.66, 20, true)), planned1(3.33, "old words")},
		{"no longer sent, whatever it says of points", []attendance.Result{unsent}, row(Delivered, 10, 10, true), planned1(0, "60 / 54 min")},
		{"no result any more", nil, row(Waiting, 10, 10, false), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Plan(map[string]attendance.Rule{"p1": rule}, test.result, test.known, nine(95), now)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanWithoutRule(t *testing.T) {
	off := map[string]attendance.Rule{"p1": {}}
	rows := []Delivery{
		{PlacementID: "p1", PersonID: "waits", Points: 10, Max: 10, State: Waiting, TrueAt: nine(0)},
		{PlacementID: "p1", PersonID: "may be sent", Points: 10, Max: 10, State: Waiting, TrueAt: nine(0), SentStamp: nine(0)},
		{PlacementID: "p1", PersonID: "has it", Points: 10, Max: 10, State: Delivered, TrueAt: nine(0), SentStamp: nine(0)},
		{PlacementID: "p1", PersonID: "earned it in the room before", Points: 10, Max: 10, State: Waiting, TrueAt: nine(0), Kept: 1},
		{PlacementID: "elsewhere", PersonID: "waits", Points: 10, Max: 10, State: Waiting, TrueAt: nine(0)},
	}
	want := []Delivery{{PlacementID: "p1", PersonID: "waits", Max: 10, State: Waiting, TrueAt: nine(5)}}
	if diff := cmp.Diff(want, Plan(off, nil, rows, nine(4), nine(5))); diff != "" {
		t.Error(diff)
	}
}

// The time of a value is that of what it comes of, not of the counting.
func TestTrueAt(t *testing.T) {
	now := nine(10).Add(300 * time.Microsecond)
	for _, test := range []struct {
		name     string
		before   Delivery
		happened time.Time
		want     time.Time
	}{
		{"the first value: when the class ended", Delivery{}, nine(7), nine(7)},
		{"of another class since", Delivery{TrueAt: nine(5), SentStamp: nine(6)}, nine(7), nine(7)},
		{"no class since: something was changed now", Delivery{TrueAt: nine(7), SentStamp: nine(7)}, nine(7), nine(10)},
		{"an older class: the same", Delivery{TrueAt: nine(8)}, nine(7), nine(10)},
		{"nobody knows when", Delivery{}, time.Time{}, nine(10)},
		{"a server that is ahead", Delivery{}, nine(70), nine(10)},
		{"in the same second", Delivery{TrueAt: nine(10).Add(-200 * time.Millisecond)}, nine(7), nine(10).Add(800 * time.Millisecond)},
		{"another class, within the same second", Delivery{TrueAt: nine(7).Add(-200 * time.Millisecond)}, nine(7), nine(7).Add(800 * time.Millisecond)},
		{"our clock was set back", Delivery{TrueAt: nine(30)}, nine(7), nine(30).Add(time.Second)},
		{"the gradebook has a later one", Delivery{TrueAt: nine(5), SentStamp: nine(30)}, nine(7), nine(30).Add(time.Second)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.before.nextTrueAt(test.happened, now); !got.Equal(test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestComment(t *testing.T) {
	for _, test := range []struct {
		name         string
		time, needed time.Duration
		complete     bool
		want         string
	}{
		{"some", minutes(38.9), minutes(54), false, "38 / 54 min"},
		{"nearly all isn't shown as all", minutes(53.4), minutes(53.45), false, "53 / 54 min"},
		{"all isn't shown as less", minutes(53.6), minutes(53.5), true, "54 / 54 min"},
		{"more", minutes(80), minutes(54), true, "80 / 54 min"},
		{"no class", 0, 0, false, "0 / 0 min"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := comment(attendance.Result{Time: test.time, Needed: test.needed, Complete: test.complete}); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestShown(t *testing.T) {
	kept := &Delivery{State: Refused}
	if got := kept.Shown(); got != kept {
		t.Errorf("%v", got)
	}
	var none *Delivery
	if none.Shown() != nil || (&Delivery{State: Withdrawn}).Shown() != nil {
		t.Error("what isn't to be sent is shown")
	}
}
