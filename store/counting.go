package store

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Decisions returns what teachers have said about the room's classes.
func (db *DB) Decisions(ctx context.Context, roomID string) (attendance.Decisions, error) {
	d := attendance.Decisions{Moved: map[string]map[string]string{}, AllLinks: map[string]bool{}, Graded: map[string]string{}}
	var moved []struct {
		MeetingID   string `db:"meeting_id"`
		CourseID    string `db:"course_id"`
		PlacementID string `db:"placement_id"`
	}
	var courses []string
	var graded []struct {
		ID       string
		CourseID string `db:"course_id"`
	}
	c := db.reads()
	err := inOrder(
		func() error {
			return c.list(ctx, &moved, `
				SELECT mc.meeting_id, mc.course_id, mc.placement_id
				FROM meetings m JOIN moved_classes mc ON mc.meeting_id = m.id WHERE m.room_id = ?`, roomID)
		},
		func() error {
			return c.list(ctx, &courses, `SELECT course_id FROM shared_classes WHERE room_id = ?`, roomID)
		},
		func() error {
			return c.list(ctx, &graded, `
				SELECT p.id, p.course_id FROM placements p
				WHERE p.id IN (SELECT m.placement_id FROM meetings m WHERE m.room_id = ?)
					AND EXISTS (SELECT 1 FROM deliveries d WHERE d.placement_id = p.id AND d.kept > 0)`, roomID)
		},
	)
	if err != nil {
		return attendance.Decisions{}, fmt.Errorf("decisions about room %s: %w", roomID, err)
	}
	for _, m := range moved {
		if d.Moved[m.MeetingID] == nil {
			d.Moved[m.MeetingID] = map[string]string{}
		}
		d.Moved[m.MeetingID][m.CourseID] = m.PlacementID
	}
	for _, id := range courses {
		d.AllLinks[id] = true
	}
	for _, p := range graded {
		d.Graded[p.ID] = p.CourseID
	}
	return d, nil
}

// MoveClass has a session of to's room count, in to's course, for to alone.
// The session's meetings keep that, whichever sessions they are in later. It is
// ErrNotFound for another room's session, and for a placement that isn't of
// that course and room.
func (db *DB) MoveClass(ctx context.Context, sessionID string, to classroom.Placement) error {
	err := db.write(ctx, func(c *conn) error {
		var id string
		err := c.get(ctx, &id, `SELECT id FROM placements WHERE id = ? AND course_id = ? AND room_id = ?`, to.ID, to.CourseID, to.RoomID)
		if err != nil {
			return err
		}
		err = c.one(ctx, `
			INSERT INTO moved_classes (meeting_id, course_id, placement_id)
			SELECT m.id, ?, ? FROM meetings m WHERE m.session_id = ? AND m.room_id = ?
			ON CONFLICT (meeting_id, course_id) DO UPDATE SET placement_id = excluded.placement_id`,
			to.CourseID, to.ID, sessionID, to.RoomID)
		if err != nil {
			return err
		}
		return c.settle(ctx, to.RoomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("move class %s to placement %s: %w", sessionID, to.ID, err)
	}
	return nil
}

// ShareClasses has all classes of the room count for each link of the course,
// or each again for its own, and has the room settled.
func (db *DB) ShareClasses(ctx context.Context, roomID, courseID string, all bool) error {
	query := `DELETE FROM shared_classes WHERE room_id = ? AND course_id = ?`
	if all {
		query = `INSERT INTO shared_classes (room_id, course_id) VALUES (?, ?) ON CONFLICT (room_id, course_id) DO NOTHING`
	}
	err := db.write(ctx, func(c *conn) error {
		if _, err := c.exec(ctx, query, roomID, courseID); err != nil {
			return err
		}
		return c.settle(ctx, roomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("share classes of room %s: %w", roomID, err)
	}
	return nil
}

// CountEarlier has classes from before a placement led to its room count for
// it, or no longer, and has the room settled. It is ErrNotFound if p leads
// elsewhere by now.
func (db *DB) CountEarlier(ctx context.Context, p classroom.Placement, earlier bool) error {
	err := db.write(ctx, func(c *conn) error {
		err := c.one(ctx, `UPDATE placements SET counts_earlier = ? WHERE id = ? AND room_id = ?`, earlier, p.ID, p.RoomID)
		if err != nil {
			return err
		}
		return c.settle(ctx, p.RoomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("earlier classes for placement %s: %w", p.ID, err)
	}
	return nil
}
