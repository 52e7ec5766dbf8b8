package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A seatRow is a visit with all that it may speak about.
type seatRow struct {
	visitRow
	personRow
	courseRow
	placementRow
	roomRow
	Newest string
	Shut   bool
}

// Whether the platform is disabled is asked here and not of the snapshot: it
// ends open visits at once, on every node.
var selectSeat = `SELECT ` + columns[visitRow]("v") + `, ` + columns[personRow]("p") + `, ` + columns[courseRow]("c") + `, ` +
	columns[placementRow]("pl") + `, ` + columns[roomRow]("r") + `,
	COALESCE(e.role, '') AS newest, (g.disabled OR g.removed_at IS NOT NULL) AS shut
	FROM visits v
	JOIN people p ON p.id = v.person_id
	JOIN courses c ON c.id = v.course_id
	JOIN registrations g ON g.id = c.registration_id
	LEFT JOIN enrolments e ON e.course_id = v.course_id AND e.person_id = v.person_id
	LEFT JOIN placements pl ON pl.id = v.placement_id
	LEFT JOIN rooms r ON r.id = pl.room_id
	WHERE v.id = ?`

// Seat returns a visit with all that it may speak about, or ErrNotFound.
// Whether it's over is for the caller to say.
func (db *DB) Seat(ctx context.Context, visitID string) (classroom.Seat, error) {
	var row seatRow
	if err := db.reads().get(ctx, &row, selectSeat, visitID); err != nil {
		return classroom.Seat{}, fmt.Errorf("visit %s: %w", visitID, err)
	}
	visit, err := row.visit(db.seal, row.courseRow)
	return classroom.Seat{
		Visit: visit, Person: row.person(), Course: row.course(), Placement: row.placement(), Room: row.room(),
		Newest: classroom.Role(row.Newest), Shut: row.Shut,
	}, err
}

// LatestVisit returns the id of the browser's newest visit to the room that
// isn't over, or ErrNotFound.
func (db *DB) LatestVisit(ctx context.Context, browser, roomID string) (string, error) {
	var id string
	err := db.reads().get(ctx, &id, `
		SELECT v.id FROM visits v JOIN placements p ON p.id = v.placement_id
		WHERE v.browser = ? AND p.room_id = ? AND v.expires_at > ?
		ORDER BY v.created_at DESC, v.id LIMIT 1`, browser, roomID, millis(db.Now()))
	if err != nil {
		return "", fmt.Errorf("newest visit to room %s: %w", roomID, err)
	}
	return id, nil
}

// OpenWindow begins a visit for a window that came from a launch's page, and
// returns its id: that of the one that goes on, if its browser has one of the
// launch already. Of more than most windows of one launch the oldest go.
func (db *DB) OpenWindow(ctx context.Context, v classroom.Visit, most int) (string, error) {
	private, err := db.seal.sealVisit(v)
	if err != nil {
		return "", err
	}
	id := v.ID
	err = db.write(ctx, func(c *conn) error {
		// One after the other for each launch.
		if _, err := c.exec(ctx, `UPDATE visits SET seen_at = ? WHERE id = ?`, millis(v.SeenAt), v.LaunchID); err != nil {
			return err
		}
		err := c.get(ctx, &id, `
			SELECT id FROM visits WHERE launch = ? AND browser = ? AND expires_at > ? ORDER BY created_at DESC, id LIMIT 1`,
			v.LaunchID, v.Browser, millis(v.SeenAt))
		if err == nil {
			_, err = c.exec(ctx, `UPDATE visits SET seen_at = ? WHERE id = ?`, millis(v.SeenAt), id)
			return err
		}
		if !errors.Is(err, classroom.ErrNotFound) {
			return err
		}
		_, err = c.exec(ctx, `
			DELETE FROM visits WHERE launch = ? AND id NOT IN (
				SELECT id FROM visits WHERE launch = ? ORDER BY created_at DESC, id LIMIT ?)`, v.LaunchID, v.LaunchID, most-1)
		if err != nil {
			return err
		}
		_, err = c.insertVisit(ctx, v, private, nil, millis(v.ExpiresAt))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open a window of visit %s: %w", v.LaunchID, err)
	}
	return id, nil
}

// insertVisit reports whether the nonce was new. A nil one is.
func (c *conn) insertVisit(ctx context.Context, v classroom.Visit, private, nonce []byte, keptUntil millis) (bool, error) {
	if v.SeenAt.IsZero() { // it has just begun
		v.SeenAt = v.CreatedAt
	}
	changed, err := c.exec(ctx, `
		INSERT INTO visits (id, nonce, browser, person_id, course_id, placement_id, role, graded, locale, language, private,
			created_at, expires_at, kept_until, seen_at, joined, launch)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (nonce) DO NOTHING`,
		v.ID, nonce, v.Browser, v.PersonID, v.CourseID, v.PlacementID, string(v.Role), v.Graded, v.Locale, v.Language, private,
		millis(v.CreatedAt), millis(v.ExpiresAt), keptUntil, millis(v.SeenAt), v.Joined,
		sql.Null[string]{V: v.LaunchID, Valid: v.LaunchID != ""})
	return changed == 1, err
}

// SeeVisit notes that a page of the visit was open. A visit that isn't there
// any more has nothing to note.
func (db *DB) SeeVisit(ctx context.Context, visitID string, at time.Time) error {
	err := db.writes.once(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `UPDATE visits SET seen_at = ? WHERE id = ? AND seen_at < ?`, millis(at), visitID, millis(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("see visit %s: %w", visitID, err)
	}
	return nil
}

// EndVisits ends all visits of the visit's person in its browser, and in the
// one that its window came from, with all windows that came from those. What
// was secret of them goes.
func (db *DB) EndVisits(ctx context.Context, v classroom.Visit, at time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `
			WITH mine AS (SELECT COALESCE(launch, id) AS launch FROM visits
				WHERE browser IN (?, (SELECT browser FROM visits WHERE id = ?)) AND person_id = ?)
			UPDATE visits SET private = NULL, expires_at = CASE WHEN expires_at < ? THEN expires_at ELSE ? END
			WHERE id IN (SELECT launch FROM mine) OR launch IN (SELECT launch FROM mine)`,
			v.Browser, v.LaunchID, v.PersonID, millis(at), millis(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("end visit %s: %w", v.ID, err)
	}
	return nil
}

// NewestLooks returns the newest polls of a room's latest meetings that lasted
// until a time or longer, newest first, most at most.
func (db *DB) NewestLooks(ctx context.Context, roomID string, since time.Time, most int) ([]attendance.Evidence, error) {
	var rows []evidenceRow
	err := db.reads().list(ctx, &rows, `
		SELECT e.id, e.meeting_id, e.source, e.at, e.until, e.body FROM evidence e
		WHERE e.meeting_id IN (SELECT id FROM meetings WHERE room_id = ? ORDER BY create_time DESC LIMIT 8)
			AND e.source = ? AND e.until >= ?
		ORDER BY e.until DESC, e.id LIMIT ?`, roomID, string(attendance.Poll), millis(since), most)
	if err == nil {
		slices.Reverse(rows)
		err = unpatch(rows)
		slices.Reverse(rows)
	}
	if err != nil {
		return nil, fmt.Errorf("newest looks at room %s: %w", roomID, err)
	}
	return each(rows, evidenceRow.evidence), nil
}

// Enrolment returns what a person is in a course, or ErrNotFound.
func (db *DB) Enrolment(ctx context.Context, courseID, personID string) (classroom.Enrolment, error) {
	var row enrolmentRow
	err := db.reads().get(ctx, &row, `SELECT `+columns[enrolmentRow]("e")+`
		FROM enrolments e WHERE e.course_id = ? AND e.person_id = ?`, courseID, personID)
	if err != nil {
		return classroom.Enrolment{}, fmt.Errorf("person %s in course %s: %w", personID, courseID, err)
	}
	return row.enrolment(), nil
}
