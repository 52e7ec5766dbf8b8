package store_test

import (
	"testing"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/store"
)

// TestCosts holds what a learner's way into a class asks of the database: 300
// come within seconds, and each transaction waits for the disk.
func TestCosts(t *testing.T) {
	told := tell(t, running)
	costs := store.Costs(t)
	w := told.again(t, step{})
	ann := w.enter(w.launch("ann", "c1", "l1"))
	_, err := w.classes.Settle(w.ctx(), ann.Room.ID)
	w.ok(err)
	ungraded := ann
	ungraded.Placement.Rule = attendance.Rule{}
	relaunch := w.launch("ann", "c1", "l1")
	relaunch.Nonce = "another"
	seat := func() {
		_, err := w.rooms.Seat(w.ctx(), ann.Visit.ID, "browser of ann", ann.Room.ID)
		w.ok(err)
	}
	state := func(seat classroom.Seat) {
		_, err := w.rooms.State(w.ctx(), seat)
		w.ok(err)
	}
	own := func(seat classroom.Seat) {
		own, err := w.registers.Own(w.ctx(), seat)
		w.ok(err)
		if len(own.Lines) == 0 {
			t.Fatal("no class is on")
		}
	}
	join := func(seat classroom.Seat) {
		_, err := w.rooms.Join(w.ctx(), seat)
		w.ok(err)
	}
	seat() // readers connect
	state(ann)
	for _, test := range []struct {
		name string
		does func()
		want store.Cost
	}{
		{"a launch like those before", func() { w.enter(relaunch) }, store.Cost{Statements: 2, Transactions: 1}},
		{"the page", func() { seat(); state(ann); own(ann) }, store.Cost{Statements: 10}},
		{"the page of a link without a grade", func() { seat(); state(ann); own(ungraded) }, store.Cost{Statements: 5}},
		{"a poll while a class is on", func() {
			seat()
			if _, err := w.rooms.Phase(w.ctx(), ann); err != nil {
				t.Error(err)
			}
		}, store.Cost{Statements: 1}},
		{"the join", func() { seat(); join(ann) }, store.Cost{Statements: 4, Transactions: 1}},
		{"the join once more", func() {
			ann.Visit.Joined = true
			join(ann)
		}, store.Cost{Statements: 2, Transactions: 1}},
	} {
		if got := costs(test.does); got != test.want {
			t.Errorf("%s costs %+v, want %+v", test.name, got, test.want)
		}
	}
}
