package store

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom"
)

// A seatRow is a visit with all that it may speak about.
type seatRow struct {
	visitRow
	personRow
	courseRow
	placementRow
	roomRow
}

var selectSeat = `SELECT ` + columns[visitRow]("v") + `, ` + columns[personRow]("p") + `, ` + columns[courseRow]("c") + `, ` +
	columns[placementRow]("pl") + `, ` + columns[roomRow]("r") + `
	FROM visits v
	JOIN people p ON p.id = v.person_id
	JOIN courses c ON c.id = v.course_id
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

// AddVisit begins a visit that no launch began.
func (db *DB) AddVisit(ctx context.Context, v classroom.Visit) error {
	private, err := db.seal.sealVisit(v)
	if err != nil {
		return err
	}
	err = db.writes.once(ctx, func(c *conn) error {
		_, err := c.insertVisit(ctx, v, private, nil, millis(v.ExpiresAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("add visit %s: %w", v.ID, err)
	}
	return nil
}

// insertVisit reports whether the nonce was new. A nil one is.
func (c *conn) insertVisit(ctx context.Context, v classroom.Visit, private, nonce []byte, keptUntil millis) (bool, error) {
	changed, err := c.exec(ctx, `
		INSERT INTO visits (id, nonce, browser, person_id, course_id, placement_id, role, graded, locale, language, private,
			created_at, expires_at, kept_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (nonce) DO NOTHING`,
		v.ID, nonce, v.Browser, v.PersonID, v.CourseID, v.PlacementID, string(v.Role), v.Graded, v.Locale, v.Language, private,
		millis(v.CreatedAt), millis(v.ExpiresAt), keptUntil)
	return changed == 1, err
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
