package store

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom"
)

const (
	// sessionFrozen tells whether it is kept who was expected in session s.
	sessionFrozen = `s.ended_at IS NOT NULL AND NOT s.counting
		AND EXISTS (SELECT 1 FROM meetings m WHERE m.session_id = s.id AND m.frozen)`
	// wasExpected tells whether a person of a course was; both follow it.
	wasExpected = `EXISTS (SELECT 1 FROM meetings m JOIN expected x ON x.meeting_id = m.id
		WHERE m.session_id = s.id AND x.course_id = ? AND x.person_id = `
)

// SaveExpected keeps who was expected in a meeting that counts, unless it lives
// again by now.
func (db *DB) SaveExpected(ctx context.Context, f classroom.Frozen) error {
	err := db.write(ctx, func(c *conn) error {
		current, err := c.exec(ctx, `UPDATE meetings SET frozen = frozen WHERE id = ? AND ended_at IS NOT NULL`, f.MeetingID)
		if err != nil || current == 0 {
			return err
		}
		return c.saveExpected(ctx, []classroom.Frozen{f})
	})
	if err != nil {
		return fmt.Errorf("save who was expected in meeting %s: %w", f.MeetingID, err)
	}
	return nil
}

// saveExpected keeps who was expected in meetings. Of one that lived again
// after that, those count as well who were expected the first time.
func (c *conn) saveExpected(ctx context.Context, frozen []classroom.Frozen) error {
	for _, f := range frozen {
		var rows [][]any
		for _, e := range f.Expected {
			rows = append(rows, []any{f.MeetingID, e.CourseID, e.PersonID})
		}
		err := c.insert(ctx, `INSERT INTO expected (meeting_id, course_id, person_id) VALUES`, rows, `
			ON CONFLICT (meeting_id, course_id, person_id) DO NOTHING`)
		if err != nil {
			return fmt.Errorf("expected in meeting %s: %w", f.MeetingID, err)
		}
		if err := c.one(ctx, `UPDATE meetings SET frozen = TRUE WHERE id = ?`, f.MeetingID); err != nil {
			return fmt.Errorf("freeze meeting %s: %w", f.MeetingID, err)
		}
	}
	return nil
}
