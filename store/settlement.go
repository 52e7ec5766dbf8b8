package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// SaveSettlement keeps what the accounts of a room come to, and asks for the
// deliveries that follow, in one transaction. To save the same twice changes
// nothing the second time: a delivery waits, and gets its job, only where its
// points, maximum or comment are new. It is classroom.ErrOutdated, and changes
// nothing, if another settlement came since s was begun.
func (db *DB) SaveSettlement(ctx context.Context, s classroom.Settlement) error {
	err := db.write(ctx, func(c *conn) error {
		var settlements int64 // the room's row is held: they follow one another
		err := c.returning(ctx, &settlements, `UPDATE rooms SET settlements = settlements + 1 WHERE id = ? RETURNING settlements`, s.RoomID)
		if err != nil {
			return err
		}
		if settlements != s.After+1 {
			return classroom.ErrOutdated
		}
		lanes, err := c.placementLanes(ctx, s.RoomID)
		if err != nil {
			return err
		}
		return inOrder(
			func() error { return c.saveSessions(ctx, s) },
			func() error { return c.saveResults(ctx, s, lanes) },
			func() error { return c.saveDeliveries(ctx, s, lanes) },
			func() error { return c.saveExpected(ctx, s.Frozen) },
		)
	})
	if err != nil {
		return fmt.Errorf("save settlement of room %s: %w", s.RoomID, err)
	}
	return nil
}

// placementLanes says which placements lead to the room, and in whose lane
// their deliveries go: their registration's.
func (c *conn) placementLanes(ctx context.Context, roomID string) (map[string]string, error) {
	var rows []struct{ ID, Lane string }
	err := c.list(ctx, &rows, `
		SELECT p.id, c.registration_id AS lane FROM placements p JOIN courses c ON c.id = p.course_id
		WHERE p.room_id = ?`, roomID)
	lanes := make(map[string]string, len(rows))
	for _, r := range rows {
		lanes[r.ID] = r.Lane
	}
	return lanes, err
}

// A sessionRow, an attendanceRow and a resultRow can be compared: of a room's
// many, few change at a time, and only those are written.
type sessionRow struct {
	ID        string
	RoomID    string `db:"room_id"`
	StartedAt millis `db:"started_at"`
	EndedAt   millis `db:"ended_at"`
	Length    span
	Exact     bool
	Counting  bool
}

func (r sessionRow) session() attendance.Session {
	return attendance.Session{
		ID: r.ID, RoomID: r.RoomID, StartedAt: r.StartedAt.time(), EndedAt: r.EndedAt.time(),
		Length: time.Duration(r.Length), Exact: r.Exact, Counting: r.Counting,
	}
}

type keptSessionRow struct {
	sessionRow
	MadeOf string `db:"made_of"`
}

func (r keptSessionRow) session() classroom.KeptSession {
	return classroom.KeptSession{Session: r.sessionRow.session(), MadeOf: r.MadeOf}
}

func (r keptSessionRow) key() [2]string { return [2]string{r.ID} }

func (r keptSessionRow) values() []any {
	return []any{r.ID, r.RoomID, r.StartedAt, r.EndedAt, r.Length, r.Exact, r.Counting, r.MadeOf}
}

const (
	sessionColumns = `s.id, s.room_id, s.started_at, s.ended_at, s.length, s.exact, s.counting`
	selectSession  = `SELECT ` + sessionColumns + ` FROM sessions s `
	selectKept     = `SELECT ` + sessionColumns + `, s.made_of FROM sessions s WHERE s.room_id = ? ORDER BY s.started_at, s.id`
)

// saveSessions makes the room's sessions those of s, and the attendances
// those of the sessions. The new sessions come first and the old ones go last,
// for meetings and attendances to change over.
func (c *conn) saveSessions(ctx context.Context, s classroom.Settlement) error {
	var have, want []keptSessionRow
	if err := c.list(ctx, &have, selectKept, s.RoomID); err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	madeOf := map[string]string{}
	for _, row := range have {
		madeOf[row.ID] = row.MadeOf
	}
	for _, a := range s.Attended {
		madeOf[a.SessionID] = a.MadeOf
	}
	for _, ses := range s.Sessions {
		want = append(want, keptSessionRow{sessionRow{
			ses.ID, s.RoomID, exactly(ses.StartedAt), exactly(ses.EndedAt), whole(ses.Length), ses.Exact, ses.Counting,
		}, madeOf[ses.ID]})
	}
	changed, gone := compare(have, want)
	err := c.insert(ctx, `INSERT INTO sessions (id, room_id, started_at, ended_at, length, exact, counting, made_of) VALUES`, changed, `
		ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,
			length = excluded.length, exact = excluded.exact, counting = excluded.counting, made_of = excluded.made_of`)
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	if err := c.assignMeetings(ctx, s); err != nil {
		return fmt.Errorf("sessions of meetings: %w", err)
	}
	for _, a := range s.Attended {
		if err := c.saveAttendances(ctx, a); err != nil {
			return fmt.Errorf("attendances of session %s: %w", a.SessionID, err)
		}
	}
	for _, old := range gone {
		if err := c.removeSession(ctx, old.ID); err != nil {
			return fmt.Errorf("session %s: %w", old.ID, err)
		}
	}
	return nil
}

// SaveAttended keeps the attendances of a session that a settlement has left as
// they were. It is classroom.ErrOutdated, and changes nothing, if the room doesn't
// have that many settlements any more.
func (db *DB) SaveAttended(ctx context.Context, roomID string, settlements int64, a classroom.Attended) error {
	err := db.write(ctx, func(c *conn) error {
		current, err := c.exec(ctx, `UPDATE rooms SET settlements = settlements WHERE id = ? AND settlements = ?`, roomID, settlements)
		if err == nil && current == 0 {
			err = classroom.ErrOutdated
		}
		if err != nil {
			return err
		}
		if err := c.one(ctx, `UPDATE sessions SET made_of = ? WHERE id = ? AND room_id = ?`, a.MadeOf, a.SessionID, roomID); err != nil {
			return err
		}
		return c.saveAttendances(ctx, a)
	})
	if err != nil {
		return fmt.Errorf("save attendances of session %s: %w", a.SessionID, err)
	}
	return nil
}

func (c *conn) removeSession(ctx context.Context, id string) error {
	if _, err := c.exec(ctx, `DELETE FROM attendances WHERE session_id = ?`, id); err != nil {
		return err
	}
	_, err := c.exec(ctx, `DELETE FROM sessions WHERE id = ?`, id)
	return err
}

func (c *conn) assignMeetings(ctx context.Context, s classroom.Settlement) error {
	meetings, err := c.meetings(ctx, `WHERE m.room_id = ?`, s.RoomID)
	if err != nil {
		return err
	}
	for _, m := range meetings {
		id := s.SessionOf[m.ID]
		if id == m.SessionID {
			continue
		}
		err := c.one(ctx, `UPDATE meetings SET session_id = ? WHERE id = ?`, sql.Null[string]{V: id, Valid: id != ""}, m.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

type attendanceRow struct {
	SessionID string `db:"session_id"`
	PersonID  string `db:"person_id"`
	Present   span
	Activity  jsonText[attendance.Activity]
}

func (r attendanceRow) key() [2]string { return [2]string{r.SessionID, r.PersonID} }
func (r attendanceRow) values() []any  { return []any{r.SessionID, r.PersonID, r.Present, r.Activity} }

func (c *conn) saveAttendances(ctx context.Context, s classroom.Attended) error {
	var have, want []attendanceRow
	err := c.list(ctx, &have, `
		SELECT a.session_id, a.person_id, a.present, a.activity FROM attendances a WHERE a.session_id = ?`, s.SessionID)
	if err != nil {
		return err
	}
	for _, a := range s.People {
		want = append(want, attendanceRow{s.SessionID, a.PersonID, whole(a.Time), asJSON(a.Activity)})
	}
	changed, gone := compare(have, want)
	for _, old := range gone {
		_, err := c.exec(ctx, `DELETE FROM attendances WHERE session_id = ? AND person_id = ?`, old.SessionID, old.PersonID)
		if err != nil {
			return err
		}
	}
	return c.insert(ctx, `INSERT INTO attendances (session_id, person_id, present, activity) VALUES`, changed, `
		ON CONFLICT (session_id, person_id) DO UPDATE SET present = excluded.present, activity = excluded.activity`)
}

func (r resultRow) key() [2]string { return [2]string{r.PlacementID, r.PersonID} }

func (r resultRow) values() []any {
	return []any{r.PlacementID, r.PersonID, r.Complete, r.Share, r.Points, r.Present, r.Needed, r.TrueAt, r.Sends}
}

// saveResults keeps the results of those placements that still lead to the
// room: one that has moved is settled with its new room.
func (c *conn) saveResults(ctx context.Context, s classroom.Settlement, lanes map[string]string) error {
	var have, want []resultRow
	err := c.list(ctx, &have, selectResult+`JOIN placements p ON p.id = r.placement_id WHERE p.room_id = ?`, s.RoomID)
	if err != nil {
		return err
	}
	for _, r := range s.Results {
		if _, here := lanes[r.PlacementID]; here {
			want = append(want, resultRow{
				r.PlacementID, r.PersonID, r.Complete, r.Share, r.Points,
				whole(r.Time), whole(r.Needed), exactly(r.TrueAt), r.Sends,
			})
		}
	}
	changed, gone := compare(have, want)
	for _, old := range gone {
		_, err := c.exec(ctx, `DELETE FROM results WHERE placement_id = ? AND person_id = ?`, old.PlacementID, old.PersonID)
		if err != nil {
			return err
		}
	}
	return c.insert(ctx, `
		INSERT INTO results (placement_id, person_id, complete, share, points, present, needed, true_at, sends) VALUES`, changed, `
		ON CONFLICT (placement_id, person_id) DO UPDATE SET
			complete = excluded.complete, share = excluded.share, points = excluded.points, present = excluded.present,
			needed = excluded.needed, true_at = excluded.true_at, sends = excluded.sends`)
}

// saveDeliveries has those sent that say something new, each in its
// registration's lane.
func (c *conn) saveDeliveries(ctx context.Context, s classroom.Settlement, lanes map[string]string) error {
	var sends []jobs.Job
	for _, d := range s.Deliveries {
		lane, here := lanes[d.PlacementID]
		if !here {
			continue
		}
		// true_at grows with each new value, whatever the clock does: it tells
		// an attempt that is under way that its value is an old one.
		changed, err := c.exec(ctx, `
			INSERT INTO deliveries (placement_id, person_id, points, max_points, comment, true_at,
				state, reason, detail, attempts, sent_points, kept)
			VALUES (?, ?, ?, ?, ?, ?, ?, '', '', 0, 0, 0)
			ON CONFLICT (placement_id, person_id) DO UPDATE SET
				points = excluded.points, max_points = excluded.max_points, comment = excluded.comment,
				true_at = CASE WHEN excluded.true_at > deliveries.true_at THEN excluded.true_at ELSE deliveries.true_at + 1 END,
				state = excluded.state, reason = '', detail = '', attempts = 0, next_at = NULL
			WHERE deliveries.points <> excluded.points OR deliveries.max_points <> excluded.max_points
				OR deliveries.comment <> excluded.comment`,
			d.PlacementID, d.PersonID, d.Points, d.Max, d.Comment, millis(d.TrueAt), string(gradebook.Waiting))
		if err != nil {
			return fmt.Errorf("delivery of person %s: %w", d.PersonID, err)
		}
		if changed > 0 {
			sends = append(sends, deliverJob(d.PlacementID, d.PersonID, lane, s.At))
		}
	}
	return c.enqueue(ctx, sends...)
}

// A storedRow can be told from others and compared with what should be there.
type storedRow interface {
	comparable
	key() [2]string
	values() []any
}

// compare says what must be written for the rows that are there to become
// those that are wanted, and which of them must go.
func compare[Row storedRow](have, want []Row) (changed [][]any, gone []Row) {
	old := make(map[[2]string]Row, len(have))
	for _, row := range have {
		old[row.key()] = row
	}
	for _, row := range want {
		if was, ok := old[row.key()]; !ok || was != row {
			changed = append(changed, row.values())
		}
		delete(old, row.key())
	}
	for _, row := range have {
		if _, left := old[row.key()]; left {
			gone = append(gone, row)
		}
	}
	return changed, gone
}

// exactly is a time as it comes back from the database.
func exactly(t time.Time) millis {
	if t.IsZero() {
		return millis{}
	}
	return millis(time.UnixMilli(t.UnixMilli()).UTC())
}

// whole is a duration as it comes back from the database.
func whole(d time.Duration) span { return span(d.Truncate(time.Millisecond)) }
