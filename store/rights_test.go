package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// What is a teacher's, a learner can't do, whatever page or form they have: they
// are told so, and nothing changes.
func TestLearnersMayNot(t *testing.T) {
	told := tell(t, settled)
	w := told.again(t, step{})
	learner, person := w.seat("ann l1"), w.seat("bob l1").Person.ID
	session := attendance.Session{ID: w.meetings[0], RoomID: learner.Room.ID}
	rule := attendance.Rule{Measure: attendance.Minutes, Need: 1, Points: 10}
	before := w.state(nil)
	for name, do := range map[string]func() error{
		"start": func() error { return only(w.rooms.Start(w.ctx(), learner)) },
		"end":   func() error { return only(w.rooms.End(w.ctx(), learner)) },
		"change": func() error {
			return only(w.rooms.Change(w.ctx(), learner, "Mine", classroom.Settings{}, rule, classroom.Answer{}))
		},
		"move a class":  func() error { return w.rooms.MoveClass(w.ctx(), learner, session.ID, learner.Placement.ID) },
		"share classes": func() error { return w.rooms.ShareClasses(w.ctx(), learner, true) },
		"count earlier": func() error { return w.rooms.CountEarlier(w.ctx(), learner, true) },
		"adopt":         func() error { return w.rooms.Adopt(w.ctx(), learner, true) },
		"ask to share":  func() error { return w.rooms.AskToShare(w.ctx(), learner) },
		"answer": func() error {
			return w.rooms.AnswerShare(w.ctx(), learner, w.seat("teacher2 l2 of teacher2").Placement.ID, true)
		},
		"end notices":         func() error { return w.rooms.Noted(w.ctx(), learner) },
		"publish":             func() error { return w.rooms.Publish(w.ctx(), learner, "recording", true) },
		"delete":              func() error { return w.rooms.Delete(w.ctx(), learner, "recording") },
		"play statistics":     func() error { return only(w.rooms.Playback(w.ctx(), learner, "recording", "statistics")) },
		"read the register":   func() error { return only(w.registers.Register(w.ctx(), learner, session.ID)) },
		"since when":          func() error { return only(w.registers.Since(w.ctx(), learner, session)) },
		"send again":          func() error { return w.registers.Resend(w.ctx(), learner, session.ID, person, true) },
		"send all again":      func() error { return w.registers.ResendAll(w.ctx(), learner, session.ID) },
		"make a column":       func() error { return w.registers.NewColumn(w.ctx(), learner) },
		"part":                func() error { return only(w.classes.Part(w.ctx(), learner, w.meetings[1], true)) },
		"see what parting is": func() error { return only(w.classes.Parting(w.ctx(), learner, w.meetings[1], true)) },
		"list the classes": func() error {
			_, _, err := w.registers.Classes(w.ctx(), learner, 0)
			return err
		},
	} {
		if err := do(); !errors.Is(err, classroom.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The picker is no room's, and no learner's either.
	picks := learner
	picks.Visit.DeepLinking = &lti.DeepLinkingSettings{}
	for name, seat := range map[string]classroom.Seat{"without a picker": learner, "in a picker": picks} {
		want := classroom.ErrForbidden
		if seat.Visit.DeepLinking == nil {
			want = classroom.ErrNotFound
		}
		for what, do := range map[string]func() error{
			"offer": func() error { return only(w.rooms.Offer(w.ctx(), seat)) },
			"pick": func() error {
				return only(w.rooms.Picked(w.ctx(), seat, classroom.Choice{New: &classroom.NewRoom{Title: "Mine"}}))
			},
			"hand over": func() error { return w.rooms.HandOver(w.ctx(), seat, nil) },
			"last":      func() error { return only(w.registers.LastClasses(w.ctx(), seat)) },
		} {
			if err := do(); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, want)
			}
		}
	}
	if questions, err := w.rooms.Questions(w.ctx(), learner); err != nil || len(questions) > 0 {
		t.Errorf("questions: %v, %v", questions, err)
	}
	if sharing, err := w.rooms.Sharing(w.ctx(), learner); err != nil || sharing != (classroom.Sharing{}) {
		t.Errorf("sharing: %+v, %v", sharing, err)
	}
	if diff := cmp.Diff(before, w.state(nil)); diff != "" {
		t.Errorf("something has changed (-want +got)\n%s", diff)
	}
}

// only is the error of a call that returns something besides.
func only[T any](_ T, err error) error { return err }
