package store_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
	"github.com/bbbridge/bbbridge/store"
)

// A history is a room in which many classes were held, one a day, each of them
// with looks and a report.
type history struct {
	*store.DB
	t       testing.TB
	classes *classroom.Classes
	seat    classroom.Seat // the teacher's
	people  []string
	next    func() classroom.Arrival
	held    int
	told    int // reports of a class beyond its first
	now     time.Time
	longest time.Duration // that one step of settling held the database
}

// timed measures the steps of settling that write.
type timed struct {
	*store.DB
	longest *time.Duration
}

func (t *timed) took(begin time.Time) { *t.longest = max(*t.longest, time.Since(begin)) }

func (t *timed) SaveAccount(ctx context.Context, a attendance.Account) error {
	defer t.took(time.Now())
	return t.DB.SaveAccount(ctx, a)
}

func (t *timed) SaveAttended(ctx context.Context, roomID string, settlements int64, a classroom.Attended) error {
	defer t.took(time.Now())
	return t.DB.SaveAttended(ctx, roomID, settlements, a)
}

func (t *timed) SaveExpected(ctx context.Context, f classroom.Frozen) error {
	defer t.took(time.Now())
	return t.DB.SaveExpected(ctx, f)
}

func (t *timed) SaveSettlement(ctx context.Context, s classroom.Settlement) error {
	defer t.took(time.Now())
	return t.DB.SaveSettlement(ctx, s)
}

func newHistory(t testing.TB, db *store.DB, people int) *history {
	h := &history{DB: db, t: t, now: attendancetest.Nine(0)}
	db.Now = func() time.Time { return h.now }
	h.classes = &classroom.Classes{Store: &timed{DB: db, longest: &h.longest}, Now: db.Now, Interval: 30 * time.Second}
	server, err := db.AddServer(t.Context(), classroom.Server{Name: "bbb", Server: bbb.Server{
		URL: "https://bbb.example.org/bigbluebutton/api", Secret: "secret", Algorithm: "sha256",
	}})
	h.ok(err)
	h.next = arrivals(t, db)
	h.seat = h.arrive(0, "link", classroom.Moderator)
	h.seat.Visit.Role = classroom.Moderator
	for i := range people {
		h.people = append(h.people, h.arrive(1+i, "link", classroom.Viewer).Person.ID)
	}
	h.seat.Visit.ID = server.ID // of where its classes are
	return h
}

// arrive has somebody come by a link.
func (h *history) arrive(subject int, link string, role classroom.Role) classroom.Seat {
	h.t.Helper()
	a := h.next()
	a.Person.Subject, a.Placement.ResourceLinkID = fmt.Sprint("subject-", subject), link
	a.Enrolment.Role, a.Enrolment.Graded = role, role == classroom.Viewer
	a.Placement.Terms.Since = h.now.Add(-time.Hour)
	seat, err := h.Arrive(h.t.Context(), a)
	h.ok(err)
	return seat
}

func (h *history) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// begin has a class begin, of an hour, the day after the one before.
func (h *history) begin() attendance.Meeting {
	h.t.Helper()
	h.now = attendancetest.Nine(float64(24 * 60 * h.held))
	h.held++
	m := attendance.Meeting{
		ID: fmt.Sprintf("m%015d", h.held), RoomID: h.seat.Room.ID, ServerID: h.seat.Visit.ID, MeetingID: h.seat.Room.MeetingID,
		InternalID: fmt.Sprint("in-", h.held), CreateTime: h.now, ClockOffset: time.Millisecond, PlacementID: h.seat.Placement.ID,
	}
	m, _, err := h.RecordMeeting(h.t.Context(), m, h.now)
	h.ok(err)
	return m
}

// looks has all people seen that often, of whom one comes and goes.
func (h *history) looks(m attendance.Meeting, n int) {
	h.t.Helper()
	for i := range n {
		h.now = h.now.Add(30 * time.Second)
		h.ok(h.KeepPoll(h.t.Context(), m.ID, attendancetest.PollBody(h.people[i%2:]...), h.now))
	}
}

// report has a class end, and its report come.
func (h *history) report(m attendance.Meeting) {
	h.t.Helper()
	from := m.CreateTime.Sub(attendancetest.Nine(0)).Minutes()
	stays := map[string][]attendancetest.Stretch{}
	for i, id := range h.people {
		stays[id] = []attendancetest.Stretch{{from + float64((i+h.told)%20), from + 60 - float64(i%7)}}
	}
	h.now = m.CreateTime.Add(time.Hour)
	err := h.KeepReport(h.t.Context(), attendance.Evidence{
		ID: fmt.Sprint("report-", m.ID, h.told), MeetingID: m.ID, Source: attendance.Analytics, At: h.now, Until: h.now,
		Body: attendancetest.ReportBody(m.InternalID, from, from+60, stays),
	}, []string{fmt.Sprint("report-", m.ID, h.told-1)}, 8, 1<<24, h.now)
	h.ok(err)
	h.ok(h.EndMeeting(h.t.Context(), m.ID, h.now, h.now))
}

func (h *history) settle() {
	h.t.Helper()
	_, err := h.classes.Settle(h.t.Context(), h.seat.Room.ID)
	h.ok(err)
}

// BenchmarkHistory is what a room costs in which many classes were held:
// BENCH_HISTORY says how many, and of how many people, as 450x1800.
func BenchmarkHistory(b *testing.B) {
	size := cmp.Or(os.Getenv("BENCH_HISTORY"), "120x300")
	var classes, people int
	if _, err := fmt.Sscanf(strings.ReplaceAll(size, "x", " "), "%d %d", &classes, &people); err != nil {
		b.Fatal(err)
	}
	benchmarks(b, func(b *testing.B, url string) {
		h := newHistory(b, open(b, url), people)
		for range classes {
			m := h.begin()
			h.looks(m, 2)
			h.report(m)
		}
		once := func(name string, f func()) {
			b.Run(size+"/"+name, func(b *testing.B) {
				h.t = b
				before := cpu(b)
				h.longest = 0
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(h.longest.Microseconds())/1000, "longest-write-ms")
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
			})
			h.t = b
		}
		raw := plain(b, url)
		once("first", func() { // after an upgrade: nothing was kept
			raw.MustExec(`DELETE FROM accounts`)
			raw.MustExec(`UPDATE sessions SET made_of = ''`)
			h.settle()
		})
		once("nothing new", h.settle)
		once("a class", func() {
			h.report(h.begin())
			h.settle()
		})
		pages := &classroom.Registers{Store: h.DB}
		learner := h.seat
		learner.Visit.Role, learner.Person.ID = classroom.Viewer, h.people[0]
		var last string
		once("the teacher's page", func() {
			lines, _, err := pages.Classes(b.Context(), h.seat, 8)
			h.ok(err)
			last = lines[0].Session.ID
			_, err = pages.Counting(b.Context(), h.seat)
			h.ok(err)
		})
		once("a learner's page", func() {
			_, err := pages.Own(b.Context(), learner)
			h.ok(err)
		})
		once("a register", func() {
			_, err := pages.Register(b.Context(), h.seat, last)
			h.ok(err)
		})
		m := h.begin()
		h.looks(m, 360)
		h.settle()
		session, err := h.Session(b.Context(), h.seat.Room.ID, m.ID)
		h.ok(err)
		once("a running class, first seen", func() {
			_, err := (&classroom.Registers{Store: h.DB}).Since(b.Context(), h.seat, session)
			h.ok(err)
		})
		once("a running class, a look later", func() {
			h.looks(m, 1)
			_, err := pages.Since(b.Context(), h.seat, session)
			h.ok(err)
		})
		once("a running class, for a learner", func() {
			_, err := pages.SoFar(b.Context(), learner, session)
			h.ok(err)
		})
	})
}
