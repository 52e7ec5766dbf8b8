package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// That a page is open is noted forwards only.
func testOpenVisit(t *testing.T, w *world) {
	seat, other := w.launch("ann", "link"), w.launch("ben", "link")
	w.pass(20 * time.Minute)
	w.ok(w.SeeVisit(w.ctx, seat.Visit.ID, w.now))
	seat.Visit.SeenAt = w.now
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
	w.ok(w.SeeVisit(w.ctx, seat.Visit.ID, w.now.Add(-time.Minute)))
	w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
	w.same(must(w.Seat(w.ctx, other.Visit.ID))(w), other)
	w.ok(w.SeeVisit(w.ctx, "unknown", w.now))
}

// Who goes in by a window has gone in from the page that it came from.
func testJoinedVisit(t *testing.T, w *world) {
	frame, other := w.launch("ann", "link"), w.launch("ann", "link")
	window := w.window(frame, "window")
	m := w.meeting(frame.Room)
	unknown := m
	unknown.ID = "unknown"
	if err := w.KeepJoin(w.ctx, other.Visit, w.joining(unknown, "ann", w.now)); err == nil {
		t.Error("a join to an unknown meeting was kept")
	}
	w.ok(w.KeepJoin(w.ctx, window.Visit, w.joining(m, "ann", w.now)))
	for _, test := range []struct {
		seat classroom.Seat
		want bool
	}{{frame, true}, {window, true}, {other, false}} {
		w.same(must(w.Seat(w.ctx, test.seat.Visit.ID))(w).Visit.Joined, test.want)
	}
}

// window has a person go on in a window with cookies of its own.
func (w *world) window(from classroom.Seat, browser string) classroom.Seat {
	w.t.Helper()
	from.Visit.LaunchID, from.Visit.ID, from.Visit.Browser = from.Visit.ID, w.id("v"), browser
	w.same(must(w.OpenWindow(w.ctx, from.Visit, 20))(w), from.Visit.ID)
	w.same(must(w.Seat(w.ctx, from.Visit.ID))(w), from)
	return from
}

// Who leaves has left all that they had open in this browser and what came
// from there, and nothing of others.
func testLeftVisit(t *testing.T, w *world) {
	in := func(browser, subject, link string) classroom.Seat {
		a := w.arrival(subject, link)
		a.Visit.Browser, a.Visit.ReturnURL = browser, "https://lms.example.org/return?sesskey=1"
		return must(w.Arrive(w.ctx, a))(w)
	}
	ben, home := in("shared", "ben", "link"), in("at home", "ann", "link")
	homeWindow := w.window(home, "at home, out of the frame")
	var frame classroom.Seat
	for _, name := range []string{"from the frame", "from its window"} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			frame = in("shared", "ann", "link")
			again, window := in("shared", "ann", "another link"), w.window(frame, "shared, out of the frame")
			visit := frame.Visit
			if name == "from its window" {
				visit = window.Visit
			}
			w.ok(w.EndVisits(w.ctx, visit, w.now))
			for _, seat := range []classroom.Seat{frame, window, again} {
				got := must(w.Seat(w.ctx, seat.Visit.ID))(w).Visit
				w.same(got.ExpiresAt, w.now)
				w.same(got.ReturnURL, "")
			}
			for _, seat := range []classroom.Seat{ben, home, homeWindow} {
				w.same(must(w.Seat(w.ctx, seat.Visit.ID))(w), seat)
			}
		})
	}
	// What is over stays over since then, and the nonce stays used.
	w.pass(time.Hour)
	w.ok(w.EndVisits(w.ctx, frame.Visit, w.now))
	w.same(must(w.Seat(w.ctx, frame.Visit.ID))(w).Visit.ExpiresAt, w.now.Add(-time.Hour))
	_, err := w.LatestVisit(w.ctx, "shared, out of the frame", frame.Room.ID)
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.LatestVisit(w.ctx, "shared", frame.Room.ID))(w), ben.Visit.ID)
}

// A seat knows what the newest launch into the course says, and whether its
// platform is out of use: at once, whoever changed that.
func testNewestRole(t *testing.T, w *world) {
	first := w.teach("ann", "link")
	w.same(first.Newest, classroom.Moderator)
	at := func() classroom.Seat {
		seat := must(w.Seat(w.ctx, first.Visit.ID))(w)
		w.same(seat.Visit.Role, classroom.Moderator) // what its own launch said
		return seat
	}
	w.same(at().Newest, classroom.Moderator)
	w.launch("ann", "another link")
	w.same(at().Newest, classroom.Viewer)
	w.teach("ann", "link")
	w.same(at().Newest, classroom.Moderator)
	elsewhere := w.arrival("ann", "link")
	elsewhere.Course.ContextKey = "context:43"
	must(w.Arrive(w.ctx, elsewhere))(w)
	w.same(at().Newest, classroom.Moderator)

	w.same(at().Shut, false)
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", true))
	w.same(at().Shut, true)
	w.ok(w.SetPlatformDisabled(w.ctx, "uni", false))
	w.same(at().Shut, false)
	w.ok(w.RemovePlatform(w.ctx, "uni"))
	w.same(at().Shut, true)
}

// The newest looks at a room are those at all its latest classes.
func testNewestLooks(t *testing.T, w *world) {
	room, other := w.launch("ann", "link").Room, w.launch("ann", "another link").Room
	first, second, elsewhere := w.meeting(room), w.meeting(room), w.meeting(other)
	begin := w.now
	for i, m := range []attendance.Meeting{first, first, second, elsewhere, second} {
		w.pass(time.Minute)
		w.ok(w.KeepPoll(w.ctx, m.ID, fmt.Appendf(nil, `{"people":["p%d"]}`, i), w.now))
	}
	w.ok(w.KeepJoin(w.ctx, classroom.Visit{}, w.joining(second, "p", w.now)))
	w.ok(w.KeepPoll(w.ctx, second.ID, []byte(`{"people":["p4"]}`), w.now.Add(time.Minute))) // the same again
	bodies := func(since time.Duration, most int) (all []string) {
		for _, e := range must(w.NewestLooks(w.ctx, room.ID, begin.Add(since), most))(w) {
			all = append(all, string(e.Body[12:14]))
		}
		return all
	}
	w.same(bodies(0, 10), []string{"p4", "p2", "p1", "p0"})
	w.same(bodies(0, 2), []string{"p4", "p2"})
	w.same(bodies(3*time.Minute, 10), []string{"p4", "p2"})
	w.same(bodies(6*time.Minute, 10), []string{"p4"})
	w.same(len(bodies(7*time.Minute, 10)), 0)
}
