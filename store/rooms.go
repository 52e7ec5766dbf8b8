package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

type placementRoomRow struct {
	placementRow
	roomRow
}

// placement finds a placement and its room by the course and the link.
func (c *conn) placement(ctx context.Context, courseID, resourceLinkID string) (placementRoomRow, error) {
	var row placementRoomRow
	err := c.get(ctx, &row, `SELECT `+columns[placementRow]("pl")+`, `+columns[roomRow]("r")+`
		FROM placements pl JOIN rooms r ON r.id = pl.room_id
		WHERE pl.course_id = ? AND pl.resource_link_id = ?`, courseID, resourceLinkID)
	return row, err
}

var selectPlacementOf = `SELECT ` + columns[placementRow]("pl") + `
	FROM courses c JOIN placements pl ON pl.course_id = c.id AND pl.resource_link_id = ?
	WHERE c.registration_id = ? AND c.deployment_id = ? AND c.context_key = ?`

// PlacementOf returns the placement of a link, or ErrNotFound.
func (db *DB) PlacementOf(ctx context.Context, l classroom.Link) (classroom.Placement, error) {
	var row placementRow
	err := db.reads().get(ctx, &row, selectPlacementOf, l.ResourceLinkID, l.RegistrationID, l.DeploymentID, l.ContextKey)
	if err != nil {
		return classroom.Placement{}, fmt.Errorf("placement of link %s: %w", l.ResourceLinkID, err)
	}
	return row.placement(), nil
}

// RoomWithCourse returns a room and the course it belongs to, or ErrNotFound.
func (db *DB) RoomWithCourse(ctx context.Context, roomID string) (classroom.Room, classroom.Course, error) {
	var row struct {
		roomRow
		courseRow
	}
	err := db.reads().get(ctx, &row, `SELECT `+columns[roomRow]("r")+`, `+columns[courseRow]("c")+`
		FROM rooms r JOIN courses c ON c.id = r.course_id WHERE r.id = ?`, roomID)
	if err != nil {
		return classroom.Room{}, classroom.Course{}, fmt.Errorf("room %s: %w", roomID, err)
	}
	return row.room(), row.course(), nil
}

// RoomByMeetingID returns the room whose meetings BigBlueButton calls so, or
// did before the room took another id, or ErrNotFound.
func (db *DB) RoomByMeetingID(ctx context.Context, meetingID string) (classroom.Room, error) {
	var row roomRow
	err := db.reads().get(ctx, &row, `SELECT `+columns[roomRow]("r")+` FROM rooms r
		WHERE r.meeting_id = ? OR r.id = (SELECT f.room_id FROM former_meeting_ids f WHERE f.meeting_id = ?)`, meetingID, meetingID)
	if err != nil {
		return classroom.Room{}, fmt.Errorf("room of meeting id %s: %w", meetingID, err)
	}
	return row.room(), nil
}

// ReplaceMeetingID gives a room another meeting id in place of the old one,
// which goes on leading to it, and returns the id that holds: somebody else's
// if they were faster. It is ErrNotFound for a room that isn't there.
func (db *DB) ReplaceMeetingID(ctx context.Context, roomID, old, id string) (string, error) {
	var holds string
	err := db.write(ctx, func(c *conn) error {
		changed, err := c.exec(ctx, `UPDATE rooms SET meeting_id = ? WHERE id = ? AND meeting_id = ?`, id, roomID, old)
		if err != nil {
			return err
		}
		if changed > 0 {
			_, err := c.exec(ctx, `INSERT INTO former_meeting_ids (meeting_id, room_id, left_at) VALUES (?, ?, ?)`,
				old, roomID, millis(db.Now()))
			if err != nil {
				return err
			}
		}
		return c.get(ctx, &holds, `SELECT meeting_id FROM rooms WHERE id = ?`, roomID)
	})
	if err != nil {
		return "", fmt.Errorf("replace meeting id of room %s: %w", roomID, err)
	}
	return holds, nil
}

// RoomsOfCourse returns the rooms that belong to the course, newest first.
func (db *DB) RoomsOfCourse(ctx context.Context, courseID string) ([]classroom.Room, error) {
	var rows []roomRow
	err := db.reads().list(ctx, &rows, `SELECT `+columns[roomRow]("r")+`
		FROM rooms r WHERE r.course_id = ? ORDER BY r.created_at DESC, r.id`, courseID)
	if err != nil {
		return nil, fmt.Errorf("rooms of course %s: %w", courseID, err)
	}
	return each(rows, roomRow.room), nil
}

// AddPicked makes a room in the picker. It is ErrManyPicks if most others of the
// course wait for their links.
func (db *DB) AddPicked(ctx context.Context, room classroom.Room, most int) error {
	return db.write(ctx, func(c *conn) error {
		var waiting int
		if err := c.get(ctx, &waiting, `SELECT COUNT(*) FROM rooms WHERE course_id = ? AND picked`, room.CourseID); err != nil {
			return fmt.Errorf("picked rooms of course %s: %w", room.CourseID, err)
		}
		if waiting >= most {
			return classroom.ErrManyPicks
		}
		return c.addRoom(ctx, room)
	})
}

func (c *conn) addRoom(ctx context.Context, r classroom.Room) error {
	_, err := c.exec(ctx, `
		INSERT INTO rooms (id, tenant_id, course_id, title, meeting_id, settings, rule, picked, titled, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.TenantID, r.CourseID, r.Title, r.MeetingID, asJSON(r.Settings), asJSON(r.Rule), r.Picked, r.Titled, millis(r.CreatedAt))
	if err != nil {
		return fmt.Errorf("add room %s: %w", r.ID, err)
	}
	return nil
}

// SaveSettings keeps the room's title and settings, and the rule: as the
// placement's own, with those before it, and as the one that new placements of
// the room start with. With settle the room is settled now. It is ErrNotFound
// for a placement that doesn't lead to the room.
func (db *DB) SaveSettings(ctx context.Context, r classroom.Room, p classroom.Placement, settle bool) error {
	err := db.write(ctx, func(c *conn) error {
		err := c.one(ctx, `UPDATE placements SET rule = ?, past_rules = ?, graded_since = ? WHERE id = ? AND room_id = ?`,
			asJSON(p.Rule), pastRules{p.Terms.Past}, millis(p.Terms.Graded), p.ID, r.ID)
		if err != nil {
			return err
		}
		err = c.one(ctx, `UPDATE rooms SET title = ?, titled = ?, settings = ?, rule = ? WHERE id = ?`,
			r.Title, r.Titled, asJSON(r.Settings), asJSON(p.Rule), r.ID)
		if err != nil || !settle {
			return err
		}
		return c.settle(ctx, r.ID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("save settings of room %s: %w", r.ID, err)
	}
	return nil
}

// MovePlacement lets a placement lead to another room, or stay with its own:
// the question of where it was copied from is decided. Both rooms are settled.
// What people have earned in the room before stays theirs; classes of the new
// one count from now on, by the rule that the placement has.
func (db *DB) MovePlacement(ctx context.Context, placementID, roomID string) error {
	err := db.write(ctx, func(c *conn) error {
		var from string
		if err := c.get(ctx, &from, `SELECT room_id FROM placements WHERE id = ?`, placementID); err != nil {
			return err
		}
		return c.movePlacement(ctx, placementID, from, roomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("move placement %s to room %s: %w", placementID, roomID, err)
	}
	return nil
}

func (c *conn) movePlacement(ctx context.Context, placementID, from, to string, at time.Time) error {
	if err := c.one(ctx, `UPDATE placements SET room_id = ?, copied_from = '' WHERE id = ?`, to, placementID); err != nil {
		return err
	}
	if _, err := c.exec(ctx, `DELETE FROM share_requests WHERE placement_id = ?`, placementID); err != nil {
		return err
	}
	if from != to {
		err := c.one(ctx, `UPDATE placements SET room_since = ?, counts_earlier = FALSE, graded_since = NULL, past_rules = ? WHERE id = ?`,
			millis(at), pastRules{}, placementID)
		if err != nil {
			return err
		}
		if _, err := c.exec(ctx, `UPDATE deliveries SET kept = points / max_points WHERE placement_id = ? AND max_points > 0`, placementID); err != nil {
			return err
		}
	}
	if err := c.settle(ctx, from, at); err != nil {
		return err
	}
	return c.settle(ctx, to, at)
}

func (c *conn) settle(ctx context.Context, roomID string, at time.Time) error {
	return c.enqueue(ctx, settleJob(roomID, at))
}

func settleJob(roomID string, at time.Time) jobs.Job {
	return jobs.Job{Kind: classroom.SettleJob, Subject: roomID, RunAt: at}
}

// each makes domain values of rows.
func each[Row, Value any](rows []Row, value func(Row) Value) []Value {
	if len(rows) == 0 {
		return nil
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return values
}
