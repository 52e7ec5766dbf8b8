package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

func testRooms(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	first, second := w.room("first"), w.room("second")
	first.CourseID, second.CourseID = seat.Course.ID, seat.Course.ID
	first.CreatedAt, second.CreatedAt = w.now.Add(time.Hour), w.now.Add(2*time.Hour)
	w.ok(w.AddPicked(w.ctx, *first, 2))
	w.ok(w.AddPicked(w.ctx, *second, 2))
	w.same(must(w.RoomsOfCourse(w.ctx, seat.Course.ID))(w), []classroom.Room{*second, *first, seat.Room})

	if err := w.AddPicked(w.ctx, *first, 2); err == nil {
		t.Error("a room was made twice")
	}
	w.same(len(must(w.RoomsOfCourse(w.ctx, seat.Course.ID))(w)), 3)
	_, _, err := w.RoomWithCourse(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	_, err = w.RoomByMeetingID(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

func testSettings(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	a := w.arrival("ann", "second link")
	a.Room, a.Placement.RoomID = nil, seat.Room.ID
	second := must(w.Arrive(w.ctx, a))(w)

	room, rule := seat.Room, attendance.Rule{Measure: attendance.Percent, Need: 60, InTotal: true, Proportional: true, Points: 2.5}
	room.Title, room.Settings = "Renamed", classroom.Settings{MuteOnStart: true, MaxParticipants: 30}
	place := seat.Placement
	place.Rule = rule
	w.ok(w.SaveSettings(w.ctx, room, place, false))
	w.same(len(w.claim(w.now.Add(time.Hour))), 0)
	got := must(w.Seat(w.ctx, seat.Visit.ID))(w)
	room.Rule = rule // what new placements begin with
	w.same(got.Room, room)
	w.same(got.Placement.Rule, rule)
	w.same(must(w.Seat(w.ctx, second.Visit.ID))(w).Placement.Rule, minutes(30))

	w.ok(w.SaveSettings(w.ctx, room, place, true))
	w.same(w.job(classroom.SettleJob, room.ID).RunAt, w.now)
	w.fails(w.SaveSettings(w.ctx, classroom.Room{ID: "another", Title: "x"}, place, true), classroom.ErrNotFound)
	// The placement may have moved since the form was shown: the other room keeps its settings.
	other := w.launch("ann", "third link").Room
	w.fails(w.SaveSettings(w.ctx, other, place, true), classroom.ErrNotFound)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Placement.Rule, rule)
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Room, room)
}

func testMovedPlacement(t *testing.T, w *world) {
	old := w.launch("ann", "link")
	a := w.arrival("ann", "copy")
	a.Course.ContextKey, a.Placement.CopiedFrom = "context:43", old.Room.ID
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Placement.CopiedFrom, old.Room.ID)

	w.ok(w.MovePlacement(w.ctx, seat.Placement.ID, old.Room.ID))
	got := must(w.Seat(w.ctx, seat.Visit.ID))(w)
	w.same(got.Room, old.Room)
	w.same(got.Placement.CopiedFrom, "")
	var settled []string
	for _, j := range w.claim(w.now) {
		w.same(j.Kind, classroom.SettleJob)
		settled = append(settled, j.Subject)
	}
	want := []string{old.Room.ID, seat.Room.ID}
	slices.Sort(settled)
	slices.Sort(want)
	w.same(settled, want)
	w.fails(w.MovePlacement(w.ctx, "unknown", old.Room.ID), classroom.ErrNotFound)
	if err := w.MovePlacement(w.ctx, seat.Placement.ID, "unknown"); err == nil {
		t.Error("moved to a room that isn't there")
	}
}

// A room's old meeting ids go on leading to it, and of many that would replace
// one, one does.
func testReplacedMeetingID(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	other := w.launch("ann", "another link").Room
	room, first := seat.Room, seat.Room.MeetingID
	room.MeetingID = "second"
	w.same(must(w.ReplaceMeetingID(w.ctx, room.ID, first, "second"))(w), "second")
	w.same(must(w.ReplaceMeetingID(w.ctx, room.ID, first, "too late"))(w), "second")
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w).Room, room)
	_, err := w.RoomByMeetingID(w.ctx, "too late")
	w.fails(err, classroom.ErrNotFound)

	parallel(8, func(int) {
		if _, err := w.ReplaceMeetingID(w.ctx, room.ID, "second", w.id("third")); err != nil {
			t.Error(err)
		}
	})
	room = must(w.Seat(w.ctx, seat.Visit.ID))(w).Room
	for _, id := range []string{first, "second", room.MeetingID} {
		w.same(must(w.RoomByMeetingID(w.ctx, id))(w), room)
	}
	w.same(must(w.RoomByMeetingID(w.ctx, other.MeetingID))(w), other)
	_, err = w.ReplaceMeetingID(w.ctx, "unknown", first, "fourth")
	w.fails(err, classroom.ErrNotFound)
	if _, err := w.ReplaceMeetingID(w.ctx, room.ID, room.MeetingID, other.MeetingID); err == nil {
		t.Error("two rooms have one meeting id")
	}

	const kept = 90 * 24 * time.Hour // longer than any report is under way
	w.ok(w.Sweep(w.ctx, w.now.Add(kept-time.Second)))
	w.same(must(w.RoomByMeetingID(w.ctx, first))(w), room)
	w.ok(w.Sweep(w.ctx, w.now.Add(kept)))
	_, err = w.RoomByMeetingID(w.ctx, first)
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.RoomByMeetingID(w.ctx, room.MeetingID))(w), room)
}

func testMeetings(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	w.same(len(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w)), 0)
	first := w.meeting(seat.Room)
	w.pass(time.Hour)
	second := w.meeting(seat.Room)
	w.meeting(w.launch("ann", "another link").Room)
	w.same(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w), []attendance.Meeting{second, first})
	w.same(must(w.RoomMeetings(w.ctx, seat.Room.ID))(w), []attendance.Meeting{first, second})
	w.same(must(w.LastMeeting(w.ctx, seat.Room.ID))(w), second)
	_, err := w.LastMeeting(w.ctx, w.launch("ann", "a link without a class").Room.ID)
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.Meeting(w.ctx, first.ID))(w), first)
	w.same(must(w.MeetingsByInternalID(w.ctx, second.InternalID))(w), []attendance.Meeting{second})
	_, err = w.Meeting(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
	w.same(len(must(w.MeetingsByInternalID(w.ctx, "unknown"))(w)), 0)
	elsewhere := second // another server may call its meeting the same
	elsewhere.ID, elsewhere.CreateTime = w.id("m"), second.CreateTime.Add(-time.Minute)
	elsewhere.ServerID = must(w.AddServer(w.ctx, classroom.Server{Name: "other", Server: bbb.Server{URL: "https://other.example.org/api", Secret: "s"}}))(w).ID
	_, _, err = w.RecordMeeting(w.ctx, elsewhere, w.now)
	w.ok(err)
	w.same(must(w.MeetingsByInternalID(w.ctx, second.InternalID))(w), []attendance.Meeting{second, elsewhere})
	w.ok(w.EndMeeting(w.ctx, elsewhere.ID, w.now, w.now))

	w.ok(w.EndMeeting(w.ctx, second.ID, w.now, w.now))
	w.same(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w), []attendance.Meeting{first})
	w.same(len(must(w.RoomMeetings(w.ctx, seat.Room.ID))(w)), 3)
}

// However often a meeting is recorded, there is one, polled once.
func testOneMeeting(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	first := w.meeting(seat.Room)
	poll := w.job(classroom.PollJob, first.ID)
	w.same(poll.Lane, w.server.ID)
	w.same(poll.RunAt, w.now.Add(30*time.Second))
	w.ok(w.FinishJob(w.ctx, poll))
	again := first
	again.ID, again.CreateTime = "again", w.now.Add(time.Hour)
	got, isNew, err := w.RecordMeeting(w.ctx, again, w.now)
	w.ok(err)
	w.same(isNew, false)
	w.same(got, first)
	w.same(len(w.claim(w.now.Add(time.Hour))), 0)
}

// A meeting that was taken for over, for a balancer had lost it for a moment,
// lives when the server shows it again: unless its report has come.
func testMeetingIsBack(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	m := w.meeting(seat.Room)
	w.finishAll()
	w.ok(w.EndMeeting(w.ctx, m.ID, w.now, w.now))
	again := m
	again.ID = "again"
	got, _, err := w.RecordMeeting(w.ctx, again, w.now.Add(30*time.Second))
	w.ok(err)
	m.Dirty, m.News = true, 2
	w.same(got, m)
	w.same(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w), []attendance.Meeting{m})
	jobs := w.claim(w.now.Add(30 * time.Second))
	w.same(len(jobs), 2)
	w.same(jobs[0].Kind, classroom.SettleJob) // its class is seen at once
	w.same(jobs[1].Kind, classroom.PollJob)

	w.evidence(m, "the report")
	w.finishAll()
	w.ok(w.EndMeeting(w.ctx, m.ID, w.now, w.now))
	m.EndedAt, m.CountsAt, m.News = w.now, w.now, 4
	got, _, err = w.RecordMeeting(w.ctx, again, w.now)
	w.ok(err)
	w.same(got, m)
	w.same(len(must(w.LiveMeetings(w.ctx, seat.Room.ID))(w)), 0)
}

func testEnd(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	m := w.meeting(seat.Room)
	w.finishAll()
	end := w.now.Add(time.Hour)
	w.ok(w.EndMeeting(w.ctx, m.ID, end, w.now.Add(2*time.Minute)))
	m.EndedAt, m.CountsAt, m.Dirty, m.News = end, w.now.Add(2*time.Minute), true, 1
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.ok(w.EndMeeting(w.ctx, m.ID, end.Add(time.Hour), w.now.Add(5*time.Minute))) // later in every respect
	m.News++
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.ok(w.EndMeeting(w.ctx, m.ID, end.Add(time.Hour), w.now.Add(time.Minute)))
	m.CountsAt, m.News = w.now.Add(time.Minute), 3
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.same(w.job(classroom.SettleJob, seat.Room.ID).RunAt, w.now)
	w.fails(w.EndMeeting(w.ctx, "unknown", end, end), classroom.ErrNotFound)
}

// A join makes its meeting dirty once, and is kept with when it was signed last.
func testJoins(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	m := w.meeting(seat.Room)
	report := attendance.Evidence{ID: w.id("e"), MeetingID: m.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: []byte("{\x00\xff}")}
	w.ok(w.KeepReport(w.ctx, report, nil, 9, 1<<20, w.now))
	w.finishAll()
	m = must(w.Meeting(w.ctx, m.ID))(w)
	at := func(minute int) time.Time { return w.now.Add(time.Duration(minute) * time.Minute) }
	join := w.joining(m, string(report.Body), at(1)) // the same words of another source
	w.ok(w.KeepJoin(w.ctx, seat.Visit, join))
	m.Dirty, m.News = true, m.News+1
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	w.same(len(w.claim(at(600))), 0) // what it tells waits for the end of the class
	for _, minute := range []int{3, 2} {
		w.ok(w.KeepJoin(w.ctx, seat.Visit, w.joining(m, string(report.Body), at(minute))))
	}
	join.Until = at(3)
	w.same(must(w.Meeting(w.ctx, m.ID))(w), m)
	nobody := w.joining(m, "", at(4))
	w.ok(w.KeepJoin(w.ctx, seat.Visit, nobody))
	w.same(must(w.EvidenceOf(w.ctx, m.ID))(w), []attendance.Evidence{report, join, nobody})

	other := w.joining(w.meeting(seat.Room), string(report.Body), at(1))
	w.ok(w.KeepJoin(w.ctx, seat.Visit, other))
	w.same(must(w.EvidenceOf(w.ctx, other.MeetingID))(w), []attendance.Evidence{other})
	other.ID, other.MeetingID = w.id("e"), "unknown"
	if err := w.KeepJoin(w.ctx, seat.Visit, other); err == nil {
		t.Error("a join to an unknown meeting was kept")
	}
}

func testPolls(t *testing.T, w *world) {
	m := w.meeting(w.launch("ann", "link").Room)
	poll := func(body string) {
		t.Helper()
		w.ok(w.KeepPoll(w.ctx, m.ID, []byte(body), w.now))
		w.pass(30 * time.Second)
	}
	start := w.now
	at := func(n int) time.Time { return start.Add(time.Duration(n) * 30 * time.Second) }
	poll("ann")
	poll("ann")
	w.ok(w.KeepJoin(w.ctx, classroom.Visit{}, w.joining(m, "x", at(1))))
	poll("ann")
	poll("ann ben")
	poll("ann") // who comes back makes a new piece
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("ann"), at(3)))
	type piece struct {
		Source    attendance.Source
		At, Until time.Time
		Body      string
	}
	var got []piece
	for _, e := range must(w.EvidenceOf(w.ctx, m.ID))(w) {
		got = append(got, piece{e.Source, e.At, e.Until, string(e.Body)})
	}
	w.same(got, []piece{
		{attendance.Poll, at(0), at(2), "ann"}, {attendance.Joining, at(1), at(1), "x"},
		{attendance.Poll, at(3), at(3), "ann ben"}, {attendance.Poll, at(4), at(4), "ann"},
	})
	w.same(must(w.Meeting(w.ctx, m.ID))(w).Dirty, true)
	for from, want := range map[time.Time]int{{}: 4, at(0): 4, at(1): 3, at(3): 2, at(4): 1, at(5): 0} {
		evidence, pieces, err := w.EvidenceFrom(w.ctx, m.ID, from)
		w.ok(err)
		w.same(len(evidence), want)
		w.same(pieces, map[bool]int{true: 4}[want > 0])
	}
	if err := w.KeepPoll(w.ctx, "unknown", []byte("ann"), w.now); err == nil {
		t.Error("a poll of an unknown meeting was kept")
	}
}

// What a look needs to know of those before it.
func testSightings(t *testing.T, w *world) {
	m := w.meeting(w.launch("ann", "link").Room)
	sightings := func(first, newest time.Time) {
		t.Helper()
		f, n, err := w.Sightings(w.ctx, m.ID)
		w.ok(err)
		w.same([]time.Time{f, n}, []time.Time{first, newest})
	}
	sightings(time.Time{}, time.Time{})
	w.evidence(m, "a report")
	sightings(time.Time{}, time.Time{})
	w.pass(time.Minute)
	first := w.now
	for _, id := range []string{"ben", "ann"} {
		w.ok(w.KeepJoin(w.ctx, classroom.Visit{}, w.joining(m, id, w.now)))
		w.pass(time.Second)
	}
	sightings(first, time.Time{})
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("ann"), w.now))
	w.pass(time.Minute)
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("ann"), w.now))
	sightings(first, w.now)
	w.pass(time.Minute)
	w.ok(w.KeepPoll(w.ctx, m.ID, []byte("ben"), w.now))
	sightings(first, w.now)
}
