package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Looks that don't find a meeting are counted, from the first on, until one
// sees it.
func testMissedMeeting(t *testing.T, w *world) {
	m := w.meeting(w.launch("ann", "link").Room)
	first := w.now
	for n := range 3 {
		got := must(w.MissMeeting(w.ctx, m.ID, w.now))(w)
		m.Absences, m.AbsentSince = n+1, first
		w.same(got, m)
		w.pass(20 * time.Second)
	}
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("ann"), w.now))
	m.Absences, m.AbsentSince, m.Dirty, m.News = 0, time.Time{}, true, 1
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.pass(time.Minute)
	m.Absences, m.AbsentSince = 1, w.now
	w.same(must(w.MissMeeting(w.ctx, m.ID, w.now))(w), m)

	// The server's answer to a create shows it as well.
	again := m
	again.ID = "again"
	got, _, err := w.RecordMeeting(w.ctx, again, w.now)
	w.ok(err)
	m.Absences, m.AbsentSince, m.News = 0, time.Time{}, 2
	w.same(got, m)
	_, err = w.MissMeeting(w.ctx, "unknown", w.now)
	w.fails(err, classroom.ErrNotFound)
}

// A meeting that a teacher ended is looked at soon. One that is over stays so.
func testStoppedMeeting(t *testing.T, w *world) {
	m := w.meeting(w.launch("ann", "link").Room)
	w.finishAll()
	w.ok(w.StopMeeting(w.ctx, m.ID, w.now, w.now.Add(2*time.Second)))
	m.StoppedAt = w.now
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	poll := w.job(classroom.PollJob, m.ID)
	w.same(poll.RunAt, w.now.Add(2*time.Second))
	w.same(poll.Lane, w.server.ID)
	w.finishAll()
	w.ok(w.EndMeeting(w.ctx, m.ID, w.now, w.now))
	w.finishAll()
	ended := must(w.Meeting(w.ctx, m.ID))(w)
	w.pass(time.Minute)
	w.ok(w.StopMeeting(w.ctx, m.ID, w.now, w.now))
	w.same(must(w.Meeting(w.ctx, m.ID))(w), ended)
	w.same(len(w.claim(w.now)), 0)
}

// A meeting that is seen with people in it lives, also after its report and
// after a teacher ended it.
func testRevivedMeeting(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	m := w.meeting(seat.Room)
	w.evidence(m, "the report")
	w.ok(w.StopMeeting(w.ctx, m.ID, w.now, w.now))
	must(w.MissMeeting(w.ctx, m.ID, w.now))(w)
	w.ok(w.EndMeeting(w.ctx, m.ID, w.now, w.now))
	w.finishAll()
	got := must(w.ReviveMeeting(w.ctx, m.ID, w.now.Add(30*time.Second)))(w)
	m.Dirty, m.News = true, 3
	w.same(got, m)
	w.same(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w), []attendance.Meeting{m})
	jobs := w.claim(w.now.Add(30 * time.Second))
	w.same(len(jobs), 2)
	w.same(jobs[0].Kind, classroom.SettleJob)
	w.same(jobs[1].Kind, classroom.PollJob)
	_, err := w.ReviveMeeting(w.ctx, "unknown", w.now)
	w.fails(err, classroom.ErrNotFound)
}

// A teacher's decision that a class begins with a meeting stays, whatever comes
// of the meeting, until they decide otherwise.
func testPartedMeeting(t *testing.T, w *world) {
	c := w.settled("link")
	room := c.ann.Room.ID
	w.ok(w.PartMeeting(w.ctx, room, c.meeting.ID, true))
	w.same(w.job(classroom.SettleJob, room).RunAt, w.now)
	w.finishAll()
	w.save(c.settlement)
	w.ok(w.KeepPoll(w.ctx, c.meeting.ID, []byte("ann"), w.now))
	must(w.ReviveMeeting(w.ctx, c.meeting.ID, w.now))(w)
	w.same(must(w.RoomMeetings(w.ctx, room))(w)[0].Parted, true)
	w.ok(w.PartMeeting(w.ctx, room, c.meeting.ID, false))
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Parted, false)
	w.fails(w.PartMeeting(w.ctx, w.launch("ann", "another link").Room.ID, c.meeting.ID, true), classroom.ErrNotFound)
}

// What is known of who is in a meeting: whom the newest look saw, and whose
// joins were signed, by the newest of each.
func testPresence(t *testing.T, w *world) {
	ann, tess := w.launch("ann", "link"), w.teach("tess", "link")
	elsewhere := w.arrival("eve", "link")
	elsewhere.Course.ContextKey = "context:43"
	must(w.Arrive(w.ctx, elsewhere))(w)
	m, other := w.meeting(ann.Room), w.meeting(ann.Room)
	begin := w.now
	at := func(minute int) time.Time { return begin.Add(time.Duration(minute) * time.Minute) }
	presence := func(since time.Time, most int) classroom.Presence {
		t.Helper()
		return must(w.Presence(w.ctx, ann.Room.ID, m.ID, since, most))(w)
	}
	join := func(m attendance.Meeting, minute int, person string) {
		t.Helper()
		w.ok(w.KeepJoin(w.ctx, classroom.Visit{}, w.joining(m, person, at(minute))))
	}
	w.same(presence(time.Time{}, 9), classroom.Presence{})

	name := func(s classroom.Seat, moderates bool) classroom.Participant {
		return classroom.Participant{PersonID: s.Person.ID, Name: s.Person.Name, Moderator: moderates}
	}
	stranger := classroom.Participant{PersonID: "ustranger", Name: classroom.Person{ID: "ustranger"}.DisplayName()}
	join(m, 1, tess.Person.ID)
	join(m, 2, ann.Person.ID)
	join(other, 9, ann.Person.ID)
	join(m, 3, tess.Person.ID) // once more
	join(m, 2, tess.Person.ID) // heard late
	w.same(presence(time.Time{}, 9), classroom.Presence{Joined: []classroom.Joined{{Participant: name(tess, true), At: at(3)}, {Participant: name(ann, false), At: at(2)}}})
	w.same(presence(at(3), 9).Joined, []classroom.Joined{{Participant: name(tess, true), At: at(3)}})
	w.same(presence(time.Time{}, 1).Joined, []classroom.Joined{{Participant: name(tess, true), At: at(3)}})
	w.same(presence(at(4), 9), classroom.Presence{})

	w.ok(w.KeepPoll(w.ctx, m.ID, []byte(`{"people":[]}`), at(4)))
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte(`{"people":["`+ann.Person.ID+`","ustranger"]}`), at(5)))
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte(`{"people":["`+ann.Person.ID+`","ustranger"]}`), at(6)))
	w.ok(w.KeepPoll(w.ctx, other.ID, []byte(`{"people":[]}`), at(7)))
	w.same(presence(at(6), 9), classroom.Presence{SeenAt: at(6), Seen: []classroom.Participant{name(ann, false), stranger}})
	w.same(presence(at(7), 9), classroom.Presence{})
}
