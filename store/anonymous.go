package store

import (
	"context"
	"time"
)

// anonymousKept is how long somebody of whom the platform doesn't say who it is
// is waited for to be counted in a class: reports come late.
const anonymousKept = 7 * 24 * time.Hour

// sweepAnonymous forgets anonymous people of launches who were in no class: each
// launch makes a new one. Those who were in one are in its register, and stay.
func (db *DB) sweepAnonymous(ctx context.Context, now time.Time) error {
	return db.inSteps(ctx, 200, func(c *conn, step int64) (int64, error) {
		var old []struct {
			PersonID string `db:"person_id"`
			CourseID string `db:"course_id"`
			Attended bool
		}
		err := c.list(ctx, &old, `
			SELECT n.person_id, n.course_id, EXISTS (
				SELECT 1 FROM placements p JOIN sessions s ON s.room_id = p.room_id JOIN attendances a ON a.session_id = s.id
				WHERE p.course_id = n.course_id AND a.person_id = n.person_id) AS attended
			FROM anonymous n WHERE n.came_at <= ? ORDER BY n.came_at LIMIT ?`, millis(now.Add(-anonymousKept)), step)
		if err != nil {
			return 0, err
		}
		for _, n := range old {
			if _, err := c.exec(ctx, `DELETE FROM anonymous WHERE person_id = ?`, n.PersonID); err != nil {
				return 0, err
			}
			if n.Attended {
				continue
			}
			if _, err := c.exec(ctx, `DELETE FROM enrolments WHERE course_id = ? AND person_id = ?`, n.CourseID, n.PersonID); err != nil {
				return 0, err
			}
			if _, err := c.exec(ctx, `DELETE FROM people WHERE id = ?`, n.PersonID); err != nil {
				return 0, err
			}
		}
		return int64(len(old)), nil
	})
}
