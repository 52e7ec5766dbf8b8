package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Classes returns the room's sessions, newest first; so many of the newest with
// how many learners of the course came, how many there were, and how many of them
// the session alone completes by rule. Of a session that counts those are the
// learners who were expected then, and who came; else the course's.
func (db *DB) Classes(ctx context.Context, roomID, courseID string, rule attendance.Rule, newest int) ([]classroom.ClassLine, error) {
	var all []sessionRow
	var counts []struct {
		ID                       string
		Came, Enrolled, Complete int
	}
	const came = `FROM attendances a LEFT JOIN enrolments e ON e.course_id = ? AND e.person_id = a.person_id
		WHERE a.session_id = s.id AND (e.graded OR ` + wasExpected + `a.person_id))`
	need, percent := rule.Alone()
	c := db.reads()
	err := c.list(ctx, &all, selectSession+`WHERE s.room_id = ? ORDER BY s.started_at DESC, s.id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("classes of room %s: %w", roomID, err)
	}
	err = c.list(ctx, &counts, `
		SELECT s.id,
			(SELECT COUNT(*) `+came+` AND a.present > 0) AS came,
			(SELECT COUNT(*) `+came+` AND s.length > 0 AND a.present * 100 >= ? + s.length * ?) AS complete,
			CASE WHEN `+sessionFrozen+` THEN
				(SELECT COUNT(DISTINCT x.person_id) FROM meetings m JOIN expected x ON x.meeting_id = m.id
					WHERE m.session_id = s.id AND x.course_id = ?)
				+ (SELECT COUNT(*) FROM attendances a JOIN enrolments e ON e.course_id = ? AND e.person_id = a.person_id
					WHERE a.session_id = s.id AND e.graded AND a.present > 0 AND NOT `+wasExpected+`a.person_id))
			ELSE (SELECT COUNT(*) FROM enrolments e WHERE e.course_id = ? AND e.graded) END AS enrolled
		FROM sessions s WHERE s.room_id = ? ORDER BY s.started_at DESC, s.id LIMIT ?`,
		courseID, courseID, courseID, courseID, 100*need.Milliseconds(), percent,
		courseID, courseID, courseID, courseID, roomID, newest)
	if err != nil {
		return nil, fmt.Errorf("who came to the classes of room %s: %w", roomID, err)
	}
	lines := each(all, func(r sessionRow) classroom.ClassLine { return classroom.ClassLine{Session: r.session()} })
	of := make(map[string]*classroom.ClassLine, len(lines))
	for i := range lines {
		of[lines[i].Session.ID] = &lines[i]
	}
	for _, n := range counts {
		line := of[n.ID]
		if line == nil { // settled meanwhile
			continue
		}
		line.Came, line.Enrolled = n.Came, n.Enrolled
		if need > 0 || percent > 0 {
			line.Complete = &n.Complete
		}
	}
	return lines, nil
}

// Session returns one session of the room, or ErrNotFound.
func (db *DB) Session(ctx context.Context, roomID, sessionID string) (attendance.Session, error) {
	var row sessionRow
	err := db.reads().get(ctx, &row, selectSession+`WHERE s.id = ? AND s.room_id = ?`, sessionID, roomID)
	if err != nil {
		return attendance.Session{}, fmt.Errorf("session %s of room %s: %w", sessionID, roomID, err)
	}
	return row.session(), nil
}

// LastClass returns the room's newest session, and by how much its server's
// clock was ahead of ours when its newest meeting began; or ErrNotFound.
func (db *DB) LastClass(ctx context.Context, roomID string) (attendance.Session, time.Duration, error) {
	var row struct {
		sessionRow
		Ahead sql.Null[span]
	}
	err := db.reads().get(ctx, &row, `
		SELECT `+sessionColumns+`, (SELECT m.clock_offset FROM meetings m WHERE m.session_id = s.id ORDER BY m.create_time DESC LIMIT 1) AS ahead
		FROM sessions s WHERE s.room_id = ? ORDER BY s.started_at DESC, s.id LIMIT 1`, roomID)
	if err != nil {
		return attendance.Session{}, 0, fmt.Errorf("newest session of room %s: %w", roomID, err)
	}
	return row.session(), time.Duration(row.Ahead.V), nil
}

// Register returns the register of a session for one course: each learner who
// was expected (of a session that doesn't count yet, each of the course), and
// each of its other people who came, by name; of a session that lives, all
// others. Nobody of another course is in it. Result and delivery are those of
// the placement.
func (db *DB) Register(ctx context.Context, sessionID, courseID, placementID string) ([]classroom.RegisterRow, error) {
	var people []struct {
		personRow
		enrolmentRow
		Present  sql.Null[int64]
		Activity jsonText[attendance.Activity]
		Expected bool
	}
	var stays []stayRow
	var results []resultRow
	var deliveries []deliveryRow
	c := db.reads()
	err := inOrder(
		func() error {
			return c.list(ctx, &people, `
				SELECT `+columns[personRow]("p")+`, `+columns[enrolmentRow]("e")+`, a.present, a.activity,
					`+wasExpected+`e.person_id) AS expected
				FROM sessions s JOIN enrolments e ON e.course_id = ? JOIN people p ON p.id = e.person_id
				LEFT JOIN attendances a ON a.session_id = s.id AND a.person_id = e.person_id
				WHERE s.id = ? AND (a.person_id IS NOT NULL OR s.ended_at IS NULL OR `+wasExpected+`e.person_id)
					OR e.graded AND NOT (`+sessionFrozen+`))`, courseID, courseID, sessionID, courseID)
		},
		func() error {
			return c.list(ctx, &stays, `
				SELECT s.meeting_id, s.person_id, s.from_at, s.to_at, s.source
				FROM meetings m JOIN stays s ON s.meeting_id = m.id
				WHERE m.session_id = ? ORDER BY s.person_id, s.from_at, s.meeting_id`, sessionID)
		},
		func() error { return c.list(ctx, &results, selectResult+`WHERE r.placement_id = ?`, placementID) },
		func() error { return c.list(ctx, &deliveries, selectDelivery+`WHERE d.placement_id = ?`, placementID) },
	)
	if err != nil {
		return nil, fmt.Errorf("register of session %s: %w", sessionID, err)
	}
	var rows []classroom.RegisterRow
	for _, p := range people {
		person, e := p.person(), p.enrolment()
		rows = append(rows, classroom.RegisterRow{
			Person: person, Role: e.Role, Graded: e.Graded || p.Expected,
			Attendance: attendance.Attendance{
				SessionID: sessionID, PersonID: person.ID,
				Time: time.Duration(p.Present.V) * time.Millisecond, Activity: p.Activity.V,
			},
		})
	}
	fillRegister(rows, stays, results, deliveries)
	slices.SortFunc(rows, byName)
	return rows, nil
}

func fillRegister(rows []classroom.RegisterRow, stays []stayRow, results []resultRow, deliveries []deliveryRow) {
	of := make(map[string]*classroom.RegisterRow, len(rows))
	for i := range rows {
		of[rows[i].Person.ID] = &rows[i]
	}
	for _, s := range stays {
		if row := of[s.PersonID]; row != nil {
			row.Stays = append(row.Stays, s.stay())
		}
	}
	for _, r := range results {
		if row := of[r.PersonID]; row != nil {
			result := r.result()
			row.Result = &result
		}
	}
	for _, d := range deliveries {
		if row := of[d.PersonID]; row != nil {
			delivery := d.delivery()
			row.Delivery = &delivery
		}
	}
}

// byName is the same order on both databases, whatever their collation.
func byName(a, b classroom.RegisterRow) int {
	return cmp.Or(
		cmp.Compare(strings.ToLower(a.Person.DisplayName()), strings.ToLower(b.Person.DisplayName())),
		cmp.Compare(a.Person.ID, b.Person.ID),
	)
}

// History returns the room's sessions, newest first, as one person attended
// them.
func (db *DB) History(ctx context.Context, roomID, personID string) ([]classroom.HistoryLine, error) {
	var rows []struct {
		sessionRow
		Present  sql.Null[int64]
		Activity jsonText[attendance.Activity]
	}
	err := db.reads().list(ctx, &rows, `
		SELECT `+sessionColumns+`, a.present, a.activity
		FROM sessions s LEFT JOIN attendances a ON a.session_id = s.id AND a.person_id = ?
		WHERE s.room_id = ? ORDER BY s.started_at DESC, s.id`, personID, roomID)
	if err != nil {
		return nil, fmt.Errorf("history of person %s in room %s: %w", personID, roomID, err)
	}
	var lines []classroom.HistoryLine
	for _, r := range rows {
		lines = append(lines, classroom.HistoryLine{
			Session: r.session(),
			Attendance: attendance.Attendance{
				SessionID: r.ID, PersonID: personID,
				Time: time.Duration(r.Present.V) * time.Millisecond, Activity: r.Activity.V,
			},
		})
	}
	return lines, nil
}
