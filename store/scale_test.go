package store_test

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// series counts from 0 to an argument; padded is a number as text of 9 digits.
const series = `WITH RECURSIVE series (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM series WHERE i + 1 < ?) `

func padded(number string) string { return `substr(CAST(1000000000 + ` + number + ` AS TEXT), 2)` }

// crowd fills a database with so many rooms, each of a course of ten, with ten
// classes to which all came. Nothing is asked of what is written so: only that it
// is there.
func crowd(b *testing.B, url, serverID string, rooms int) {
	b.Helper()
	raw := plain(b, url)
	raw.SetMaxOpenConns(1)
	blob := `zeroblob(400)`
	if strings.HasPrefix(url, "sqlite:") {
		raw.MustExec(`PRAGMA synchronous = OFF`)
		raw.MustExec(`PRAGMA foreign_keys = OFF`)
	} else {
		blob = `decode(repeat('00', 400), 'hex')`
		raw.MustExec(`SET session_replication_role = replica`) // no foreign keys
	}
	const day, hour, begin = 86_400_000, 3_600_000, 1_700_000_000_000
	i, tenth, hundredth := padded(`i`), padded(`i / 10`), padded(`i / 100`)
	person := padded(`(i / 100) * 10 + i % 10`) // of a stay
	at := fmt.Sprintf(`%d + (i %% 10) * CAST(%d AS BIGINT)`, begin, day)
	ofStay := fmt.Sprintf(`%d + ((i / 10) %% 10) * CAST(%d AS BIGINT)`, begin, day)
	for _, fill := range []struct {
		rows int
		text string
	}{
		{10 * rooms, `INSERT INTO people (id, registration_id, subject, name) ` + series + `SELECT 'u' || ` + i + `, 'crowd', 's' || ` + i + `, 'Somebody' FROM series`},
		{rooms, `INSERT INTO courses (id, registration_id, deployment_id, context_key, title, label) ` + series + `SELECT 'c' || ` + i + `, 'crowd', '1', 'context:' || ` + i + `, 'A course', 'C' FROM series`},
		{10 * rooms, `INSERT INTO enrolments (course_id, person_id, role, graded, seen_at) ` + series + `SELECT 'c' || ` + tenth + `, 'u' || ` + i + `, '` + string(classroom.Viewer) + `', TRUE, 0 FROM series`},
		{rooms, `INSERT INTO rooms (id, tenant_id, course_id, title, meeting_id, settings, rule, created_at) ` + series + `SELECT 'r' || ` + i + `, 'default', 'c' || ` + i + `, 'A room', 'm' || ` + i + `, '{}', '{}', 0 FROM series`},
		{rooms, `INSERT INTO placements (id, course_id, resource_link_id, room_id, title, rule, scopes, items_url, launch_item_url, item_url, item_max, item_made, copied_from, opens_class) ` +
			series + `SELECT 'l' || ` + i + `, 'c' || ` + i + `, 'link', 'r' || ` + i + `, 'A link', '{}', '', '', '', '', 0, FALSE, '', FALSE FROM series`},
		{10 * rooms, `INSERT INTO sessions (id, room_id, started_at, ended_at, length, exact, counting) ` + series + `SELECT 'x' || ` + i + `, 'r' || ` + tenth + `, ` + at + `, ` + at + ` + ` + strconv.Itoa(hour) + `, ` + strconv.Itoa(hour) + `, TRUE, FALSE FROM series`},
		{10 * rooms, `INSERT INTO meetings (id, room_id, server_id, internal_id, meeting_id, create_time, clock_offset, ended_at, counts_at, session_id, placement_id, dirty, frozen) ` +
			series + `SELECT 'x' || ` + i + `, 'r' || ` + tenth + `, '` + serverID + `', 'in-' || ` + i + `, 'm' || ` + tenth + `, ` + at + `, 0, ` + at + ` + ` + strconv.Itoa(hour) + `, ` + at + ` + ` + strconv.Itoa(hour) + `, 'x' || ` + i + `, 'l' || ` + tenth + `, FALSE, TRUE FROM series`},
		{10 * rooms, `INSERT INTO evidence (id, meeting_id, source, at, until, body) ` + series + `SELECT 'e' || ` + i + `, 'x' || ` + i + `, 'poll', ` + at + `, ` + at + `, ` + blob + ` FROM series`},
		{10 * rooms, `INSERT INTO accounts (meeting_id, packed) ` + series + `SELECT 'x' || ` + i + `, ` + blob + ` FROM series`},
		{100 * rooms, `INSERT INTO stays (meeting_id, person_id, from_at, to_at, source) ` + series + `SELECT 'x' || ` + tenth + `, 'u' || ` + person + `, ` + ofStay + `, ` + ofStay + ` + 1800000, 'analytics' FROM series`},
		{100 * rooms, `INSERT INTO attendances (session_id, person_id, present, activity) ` + series + `SELECT 'x' || ` + tenth + `, 'u' || ` + person + `, 1800000, '{}' FROM series`},
		{100 * rooms, `INSERT INTO expected (meeting_id, course_id, person_id) ` + series + `SELECT 'x' || ` + tenth + `, 'c' || ` + hundredth + `, 'u' || ` + person + ` FROM series`},
		{10 * rooms, `INSERT INTO results (placement_id, person_id, complete, share, points, present, needed, true_at, sends) ` + series + `SELECT 'l' || ` + tenth + `, 'u' || ` + i + `, TRUE, 1, 10, 1800000, 1800000, 0, TRUE FROM series`},
		{10 * rooms, `INSERT INTO deliveries (placement_id, person_id, points, max_points, comment, true_at, state, reason, detail, attempts, sent_points, kept) ` +
			series + `SELECT 'l' || ` + tenth + `, 'u' || ` + i + `, 10, 10, '30 / 30 min', 0, '` + string(gradebook.Delivered) + `', '', '', 1, 10, 0 FROM series`},
		{rooms, `INSERT INTO jobs (kind, subject, lane, run_at, attempts, version) ` + series + `SELECT '` + string(gradebook.DeliverJob) + `', 'l' || ` + i + ` || '/u', 'crowd', 9000000000000, 0, 1 FROM series`},
	} {
		begin := time.Now()
		if _, err := raw.Exec(sqlx.Rebind(sqlx.BindType(raw.DriverName()), fill.text), fill.rows); err != nil {
			b.Fatalf("%s: %v", fill.text, err)
		}
		if took := time.Since(begin); took > time.Minute {
			b.Logf("%d rows in %v: %.40s", fill.rows, took.Round(time.Second), fill.text)
		}
	}
	if !strings.HasPrefix(url, "sqlite:") {
		raw.MustExec(`ANALYZE`) // by itself it would be minutes later
	}
}

// BenchmarkScale is what is done for one room in an empty database, and in one
// with BENCH_ROOMS more: 100000 are a million people and ten million stays.
func BenchmarkScale(b *testing.B) {
	rooms, err := strconv.Atoi(cmp.Or(os.Getenv("BENCH_ROOMS"), "500"))
	if err != nil {
		b.Fatal(err)
	}
	benchmarks(b, func(b *testing.B, url string) {
		h := newHistory(b, open(b, url), 30)
		for range 20 {
			m := h.begin()
			h.looks(m, 2)
			h.report(m)
			h.settle()
		}
		b.Run("empty", func(b *testing.B) { oneRoom(b, h) })
		crowd(b, url, h.seat.Visit.ID, rooms)
		b.Run(fmt.Sprint(rooms), func(b *testing.B) { oneRoom(b, h) })
	})
}

// oneRoom measures what is done for one room.
func oneRoom(b *testing.B, h *history) {
	pages := &classroom.Registers{Store: h.DB}
	rooms := &classroom.Rooms{Store: h.DB, Now: h.Now, Client: func(classroom.Server) classroom.MeetingServer { return nil }}
	learner := h.seat
	learner.Visit.Role, learner.Person.ID = classroom.Viewer, h.people[0]
	h.now = h.now.Add(3 * time.Hour) // nobody looks for a class any more
	var last string
	for _, measured := range []struct {
		name string
		do   func() error
	}{
		{"launch", func() error {
			h.arrive(1, "link", classroom.Viewer)
			return nil
		}},
		{"teacher's page", func() error {
			if _, err := rooms.State(b.Context(), h.seat); err != nil {
				return err
			}
			lines, _, err := pages.Classes(b.Context(), h.seat, 8)
			if err != nil {
				return err
			}
			last = lines[0].Session.ID
			if _, err := pages.ClassGrades(b.Context(), h.seat, lines[7].Session.StartedAt); err != nil {
				return err
			}
			_, err = pages.Counting(b.Context(), h.seat)
			return err
		}},
		{"learner's page", func() error {
			if _, err := rooms.State(b.Context(), learner); err != nil {
				return err
			}
			_, err := pages.Own(b.Context(), learner)
			return err
		}},
		{"register", func() error {
			_, err := pages.Register(b.Context(), h.seat, last)
			return err
		}},
		{"settling, nothing new", func() error {
			h.settle()
			return nil
		}},
		{"settling, a report", func() error {
			m, err := h.LastMeeting(b.Context(), h.seat.Room.ID)
			if err != nil {
				return err
			}
			h.told++
			h.report(m)
			h.settle()
			return nil
		}},
		{"look", func() error {
			m, err := h.LastMeeting(b.Context(), h.seat.Room.ID)
			if err != nil {
				return err
			}
			if _, _, err := h.Sightings(b.Context(), m.ID); err != nil {
				return err
			}
			h.now = h.now.Add(time.Second)
			return h.KeepPoll(b.Context(), m.ID, attendancetest.PollBody(h.people...), h.now)
		}},
		{"delivery", func() error { return deliver(b, h) }},
	} {
		b.Run(measured.name, func(b *testing.B) {
			h.t = b
			before := cpu(b)
			for b.Loop() {
				if err := measured.do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
	h.t = b
}

// deliver has one grade sent again, and does what its job asks of the database.
func deliver(b *testing.B, h *history) error {
	ctx, id := b.Context(), h.seat.Placement.ID
	if err := h.Resend(ctx, id, h.people[0], false); err != nil {
		return err
	}
	lanes, err := h.Lanes(ctx, gradebook.DeliverJob)
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if lane.Due.After(h.now.Add(time.Hour)) {
			continue
		}
		due, err := h.ClaimJobs(ctx, gradebook.DeliverJob, lane.Name, h.now.Add(time.Hour), time.Minute, 1)
		if err != nil {
			return err
		}
		for _, job := range due {
			order, err := h.Order(ctx, id, h.people[0])
			if err != nil {
				return err
			}
			order.State, order.SentAt = gradebook.Delivered, h.now
			if err := h.SaveDelivery(ctx, order.Delivery, time.Time{}); err != nil {
				return err
			}
			if err := h.FinishJob(ctx, job); err != nil {
				return err
			}
		}
	}
	return nil
}
