package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// copy has a teacher of another course arrive at a link that was copied there.
func (w *world) copy(subject, link string, from classroom.Room) classroom.Seat {
	w.t.Helper()
	a := w.arrival(subject, link)
	a.Course.ContextKey, a.Course.Title = "context:43", "Statistics"
	a.Enrolment.Role, a.Visit.Role = classroom.Moderator, classroom.Moderator
	a.Placement.CopiedFrom = from.ID
	return must(w.Arrive(w.ctx, a))(w)
}

// request is a seat's for a room, which nobody answers for two weeks.
func (w *world) request(seat classroom.Seat, room classroom.Room) classroom.ShareRequest {
	return classroom.ShareRequest{
		PlacementID: seat.Placement.ID, RoomID: room.ID, PersonID: seat.Person.ID, AskedAt: w.now, ExpiresAt: w.now.Add(14 * 24 * time.Hour),
	}
}

// A placement asks once at a time, be it answered with no or not at all, until
// that is over.
func testShareRequest(t *testing.T, w *world) {
	room, other := w.teach("ann", "link").Room, w.teach("ann", "other link").Room
	seat := w.copy("tess", "copy", room)
	_, err := w.ShareRequest(w.ctx, seat.Placement.ID)
	w.fails(err, classroom.ErrNotFound)
	holds := func(want classroom.ShareRequest) {
		t.Helper()
		w.same(must(w.ShareRequest(w.ctx, seat.Placement.ID))(w), want)
	}
	first := w.request(seat, room)
	w.ok(w.AskToShare(w.ctx, first, 1))
	holds(first)
	w.pass(time.Hour)
	w.ok(w.AskToShare(w.ctx, w.request(seat, room), 1))
	holds(first)
	w.ok(w.AnswerShare(w.ctx, first, false, w.now))
	w.ok(w.AskToShare(w.ctx, w.request(seat, room), 1))
	first.Refused = true
	holds(first)
	w.fails(w.AnswerShare(w.ctx, first, true, w.now), classroom.ErrNotFound)

	w.now = first.ExpiresAt
	again := w.request(seat, room)
	w.ok(w.AskToShare(w.ctx, again, 1))
	holds(again)
	elsewhere := w.request(seat, other)
	w.ok(w.AskToShare(w.ctx, elsewhere, 1))
	holds(elsewhere)

	w.ok(w.Sweep(w.ctx, elsewhere.ExpiresAt.Add(-time.Millisecond)))
	holds(elsewhere)
	w.ok(w.Sweep(w.ctx, elsewhere.ExpiresAt))
	_, err = w.ShareRequest(w.ctx, seat.Placement.ID)
	w.fails(err, classroom.ErrNotFound)
}

// A room is asked by few at a time. Who was told no, or never answered, asks
// for nothing any more.
func testShareRequestsOfARoom(t *testing.T, w *world) {
	room := w.teach("ann", "link").Room
	first, second, third := w.copy("tess", "copy 1", room), w.copy("tess", "copy 2", room), w.copy("uma", "copy 3", room)
	w.ok(w.AskToShare(w.ctx, w.request(first, room), 2))
	w.pass(time.Hour)
	w.ok(w.AskToShare(w.ctx, w.request(second, room), 2))
	w.fails(w.AskToShare(w.ctx, w.request(third, room), 2), classroom.ErrTooMany)
	w.ok(w.AskToShare(w.ctx, w.request(second, room), 2)) // has asked
	w.ok(w.AnswerShare(w.ctx, w.request(first, room), false, w.now))
	w.ok(w.AskToShare(w.ctx, w.request(third, room), 2))
	w.pass(14 * 24 * time.Hour)
	w.ok(w.AskToShare(w.ctx, w.request(first, room), 1))
}

func testQuestions(t *testing.T, w *world) {
	room := w.teach("ann", "link").Room
	tess, uma := w.copy("tess", "copy 1", room), w.copy("uma", "copy 2", room)
	asked := w.request(tess, room)
	w.ok(w.AskToShare(w.ctx, asked, 9))
	w.pass(time.Hour)
	later := w.request(uma, room)
	w.ok(w.AskToShare(w.ctx, later, 9))
	questions := func() []classroom.Question {
		t.Helper()
		return must(w.Questions(w.ctx, room.ID, w.now))(w)
	}
	second := classroom.Question{ShareRequest: later, Asker: uma.Person, Course: uma.Course}
	w.same(questions(), []classroom.Question{{ShareRequest: asked, Asker: tess.Person, Course: tess.Course}, second})
	w.same(len(must(w.Questions(w.ctx, tess.Room.ID, w.now))(w)), 0)

	// Who is a learner by now doesn't ask any more.
	a := w.arrival("tess", "copy 1")
	a.Course.ContextKey = "context:43"
	must(w.Arrive(w.ctx, a))(w)
	second.Course.Title = a.Course.Title
	w.same(questions(), []classroom.Question{second})
	w.ok(w.MovePlacement(w.ctx, uma.Placement.ID, uma.Room.ID)) // keeps the new room
	w.same(len(questions()), 0)
	w.fails(w.AnswerShare(w.ctx, later, true, w.now), classroom.ErrNotFound)
	w.same(must(w.Seat(w.ctx, uma.Visit.ID))(w).Room.ID, uma.Room.ID)

	w.copy("tess", "copy 1", room)
	w.same(len(questions()), 1)
	w.now = asked.ExpiresAt
	w.same(len(questions()), 0)
	w.fails(w.AnswerShare(w.ctx, asked, true, w.now), classroom.ErrNotFound)
}

// With yes the link leads to the room, once.
func testSharedByConsent(t *testing.T, w *world) {
	room, other := w.teach("ann", "link").Room, w.teach("ann", "other link").Room
	seat := w.copy("tess", "copy", room)
	asked := w.request(seat, room)
	w.ok(w.AskToShare(w.ctx, asked, 9))
	w.claim(w.now)
	foreign := asked
	foreign.RoomID = other.ID
	w.fails(w.AnswerShare(w.ctx, foreign, true, w.now), classroom.ErrNotFound)
	w.ok(w.AnswerShare(w.ctx, asked, true, w.now))
	got := must(w.Seat(w.ctx, seat.Visit.ID))(w)
	w.same(got.Room, room)
	w.same(got.Placement.CopiedFrom, "")
	w.job(classroom.SettleJob, room.ID)
	_, err := w.ShareRequest(w.ctx, seat.Placement.ID)
	w.fails(err, classroom.ErrNotFound)
	w.fails(w.AnswerShare(w.ctx, asked, true, w.now), classroom.ErrNotFound)
}
