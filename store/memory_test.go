package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
)

// What a room's settling by and by leaves in the database is what comes of it
// when all that was kept is thrown away, and all evidence read again.
func TestSettlesAsIfAllWereRead(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		raw := plain(t, url)
		h := newHistory(t, open(t, url), 5)
		anew := raw.Rebind(`UPDATE meetings SET dirty = TRUE, news = news + 1 WHERE ended_at IS NULL OR ?`)
		s := &anything{history: h, random: rand.New(rand.NewPCG(18, 18))}
		s.teacher = classroom.Seat{Visit: classroom.Visit{Role: classroom.Moderator}, Course: h.seat.Course, Room: h.seat.Room, Placement: h.seat.Placement}
		s.elsewhere = h.arrive(0, "another link", classroom.Moderator).Room.ID
		for range 150 {
			s.step()
			if s.random.IntN(3) > 0 {
				continue
			}
			h.settle()
			kept := remains(t, raw)
			raw.MustExec(`DELETE FROM accounts`)
			raw.MustExec(`UPDATE sessions SET made_of = ''`)
			raw.MustExec(anew, s.random.IntN(2) == 0)
			h.settle()
			if diff := cmp.Diff(remains(t, raw), kept); diff != "" {
				t.Fatalf("(-all evidence +kept)\n%s\nafter %q", diff, s.told)
			}
		}
	})
}

// Anything is what may happen in a room.
type anything struct {
	*history
	random    *rand.Rand
	teacher   classroom.Seat
	elsewhere string // another room
	meetings  []attendance.Meeting
	told      []string
	serial    int
}

func (s *anything) step() {
	t, ctx := s.t, s.t.Context()
	s.now = s.now.Add(time.Duration(s.random.IntN(25)) * time.Minute)
	var m attendance.Meeting
	if n := len(s.meetings); n > 0 {
		m = s.meetings[s.random.IntN(n)]
	}
	if m.ID == "" || s.random.IntN(12) == 0 {
		s.told = append(s.told, "a meeting")
		s.meetings = append(s.meetings, s.begins())
		return
	}
	steps := map[string]func() error{
		"a look":           func() error { return s.look(m) },
		"another look":     func() error { return s.look(m) },
		"an end":           func() error { return s.EndMeeting(ctx, m.ID, s.now, s.now.Add(2*time.Minute)) },
		"a report":         func() error { return s.reports(m) },
		"it lives":         func() error { _, err := s.ReviveMeeting(ctx, m.ID, s.now); return err },
		"a break":          func() error { return s.PartMeeting(ctx, m.RoomID, m.ID, s.random.IntN(2) == 0) },
		"classes for all":  func() error { return s.ShareClasses(ctx, m.RoomID, s.teacher.Course.ID, s.random.IntN(2) == 0) },
		"earlier classes":  func() error { return s.CountEarlier(ctx, s.teacher.Placement, s.random.IntN(2) == 0) },
		"a class is moved": func() error { return s.moves(m) },
		"a rule":           s.rules,
		"a course leaves":  func() error { return s.MovePlacement(ctx, s.teacher.Placement.ID, s.elsewhere) },
		"a course is back": func() error { return s.MovePlacement(ctx, s.teacher.Placement.ID, m.RoomID) },
	}
	names := slices.Sorted(maps.Keys(steps))
	name := names[s.random.IntN(len(names))]
	s.told = append(s.told, name)
	if err := steps[name](); err != nil && !errors.Is(err, classroom.ErrNotFound) {
		t.Fatalf("%s: %v", name, err)
	}
}

func (s *anything) id() string {
	s.serial++
	return fmt.Sprintf("x%015d", s.serial)
}

func (s *anything) begins() attendance.Meeting {
	id := s.id()
	m, _, err := s.RecordMeeting(s.t.Context(), attendance.Meeting{
		ID: id, RoomID: s.teacher.Room.ID, ServerID: s.seat.Visit.ID, InternalID: "in-" + id, MeetingID: s.teacher.Room.MeetingID,
		CreateTime: s.now, ClockOffset: time.Duration(s.random.IntN(2)) * time.Minute, PlacementID: s.teacher.Placement.ID,
	}, s.now)
	s.ok(err)
	return m
}

func (s *anything) some() []string {
	here := []string{"w_stranger"}
	for _, id := range s.people {
		if s.random.IntN(2) == 0 {
			here = append(here, id)
		}
	}
	return here
}

func (s *anything) look(m attendance.Meeting) error {
	return s.KeepPoll(s.t.Context(), m.ID, attendancetest.PollBody(s.some()...), s.now)
}

func (s *anything) reports(m attendance.Meeting) error {
	if err := s.KeepReport(s.t.Context(), attendance.Evidence{
		ID: s.id(), MeetingID: m.ID, Source: attendance.Analytics, At: s.now, Until: s.now, Body: s.report(m),
	}, nil, 8, 1<<20, s.now); err != nil && !errors.Is(err, classroom.ErrTooManyReports) {
		return err
	}
	return s.EndMeeting(s.t.Context(), m.ID, m.CreateTime.Add(time.Hour), s.now)
}

// report is one of BigBlueButton, of a class of an hour.
func (s *anything) report(m attendance.Meeting) []byte {
	from := m.CreateTime.Sub(attendancetest.Nine(0)).Minutes()
	stays := map[string][]attendancetest.Stretch{}
	for _, id := range s.some() {
		begin := from + s.random.Float64()*30
		stays[id] = []attendancetest.Stretch{{begin, begin + s.random.Float64()*40}}
	}
	return attendancetest.ReportBody(m.InternalID, from, from+60, stays)
}

func (s *anything) moves(m attendance.Meeting) error {
	kept, err := s.Meeting(s.t.Context(), m.ID)
	s.ok(err)
	return s.MoveClass(s.t.Context(), kept.SessionID, s.teacher.Placement)
}

func (s *anything) rules() error {
	placements, err := s.RoomPlacements(s.t.Context(), s.teacher.Room.ID)
	s.ok(err)
	if len(placements) == 0 {
		return nil
	}
	p := placements[0]
	if s.random.IntN(2) == 0 {
		p.Terms.Past = append(p.Terms.Past, attendance.PastRule{Rule: p.Rule, Until: s.now})
	}
	p.Rule = []attendance.Rule{
		{}, {Measure: attendance.Minutes, Need: 20, Points: 10}, {Measure: attendance.Percent, Need: 60, Points: 10, Proportional: true},
		{Measure: attendance.Minutes, Need: 60, Points: 10, InTotal: true, Proportional: true}, {Measure: attendance.Percent, Need: 50, Points: 5, InTotal: true},
	}[s.random.IntN(5)]
	return s.SaveSettings(s.t.Context(), s.teacher.Room, p, true)
}

// remains is all that settling leaves behind, as text, table by table.
func remains(t *testing.T, raw *sqlx.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for table, columns := range map[string]string{
		"sessions":    `id, room_id, started_at, ended_at, length, exact, counting`,
		"meetings":    `id, session_id, frozen`,
		"stays":       `meeting_id, person_id, from_at, to_at, source`,
		"attendances": `session_id, person_id, present, activity`,
		"results":     `placement_id, person_id, complete, share, points, present, needed, true_at, sends`,
		"deliveries":  `placement_id, person_id, points, max_points, comment, true_at, state`,
		"expected":    `meeting_id, course_id, person_id`,
	} {
		var cells []string
		for _, column := range strings.Split(columns, `, `) {
			cells = append(cells, `COALESCE(CAST(`+column+` AS TEXT), '')`)
		}
		var lines []string
		if err := raw.Select(&lines, `SELECT `+strings.Join(cells, ` || ' ' || `)+` FROM `+table); err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		all[table] = strings.Join(lines, "\n")
	}
	return all
}
