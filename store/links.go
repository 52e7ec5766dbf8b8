package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// saysNoMore reports whether the link is known, and a launch says nothing else
// of its room than launches before it. A launch that names none says nothing.
func saysNoMore(p, said classroom.Placement) bool {
	return p.ID != "" && (said.Named == "" || said.Named == p.Named) && slices.Equal(said.Notices.Unusable, p.Notices.Unusable)
}

// leadsElsewhere reports whether the launch says something else of a known
// link's room than launches before it, and was issued after them.
func leadsElsewhere(p classroom.Placement, a arrival) bool {
	said := a.Placement
	return !said.NamedAt.Before(p.NamedAt) &&
		(a.Moves || a.Claims != "" || said.Named != p.Named || !slices.Equal(said.Notices.Unusable, p.Notices.Unusable))
}

// learnRoom takes over what the newest launch of a known link says of its
// room. A launch that was issued later and came first has the last word.
func (c *conn) learnRoom(ctx context.Context, a arrival, k *known) error {
	p, said := k.Placement, a.Placement
	if !leadsElsewhere(p, a) { // another launch has told it meanwhile
		return nil
	}
	moves := a.Moves && said.RoomID != p.RoomID
	notices := p.Notices.With(said.Notices.Unusable)
	if said.Named != p.Named {
		notices.Late, p.CopiedFrom = said.Notices.Late, said.CopiedFrom
	}
	if moves {
		told, err := c.mustTell(ctx, a, p.RoomID)
		if err != nil {
			return err
		}
		notices.Late, notices.LeftRoom = false, p.RoomID
		if told {
			notices.MovedFrom = k.Room.Title
		}
	}
	changed, err := c.exec(ctx, `
		UPDATE placements SET named_room = ?, named_at = ?, copied_from = ?, notices = ?
		WHERE id = ? AND (named_at IS NULL OR named_at <= ?)`,
		said.Named, millis(said.NamedAt), p.CopiedFrom, asJSON(notices), p.ID, millis(said.NamedAt))
	if err != nil {
		return fmt.Errorf("room that placement %s names: %w", p.ID, err)
	}
	if changed == 0 {
		return nil
	}
	if err := c.claimRoom(ctx, a, k.Course.ID); err != nil {
		return err
	}
	if moves {
		if err := c.movePlacement(ctx, p.ID, p.RoomID, said.RoomID, a.Visit.CreatedAt); err != nil {
			return fmt.Errorf("placement %s to room %s: %w", p.ID, said.RoomID, err)
		}
		if err := c.one(ctx, `UPDATE placements SET rule = ? WHERE id = ?`, asJSON(said.Rule), p.ID); err != nil {
			return fmt.Errorf("rule of placement %s: %w", p.ID, err)
		}
	}
	row, err := c.placement(ctx, k.Course.ID, p.ResourceLinkID)
	if err != nil {
		return fmt.Errorf("placement %s: %w", p.ID, err)
	}
	k.Placement, k.Room = row.placement(), row.room()
	return nil
}

// mustTell reports whether the teacher is told that a link has left its room:
// not of a room that was there only until a moderator came, and in which there
// was no class.
func (c *conn) mustTell(ctx context.Context, a arrival, roomID string) (bool, error) {
	if a.Claims == "" {
		return true, nil
	}
	var used bool
	err := c.get(ctx, &used, `SELECT EXISTS (SELECT 1 FROM meetings WHERE room_id = ?)`, roomID)
	if err != nil {
		return false, fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	return used, nil
}

// claimRoom has the room of the launch's link come into its course. It is
// ErrRoomClaimed if another course was faster.
func (c *conn) claimRoom(ctx context.Context, a arrival, courseID string) error {
	if a.Claims == "" {
		return nil
	}
	changed, err := c.exec(ctx, `UPDATE rooms SET course_id = ? WHERE id = ? AND course_id IN (?, ?)`,
		courseID, a.Placement.RoomID, a.Claims, courseID)
	if err != nil {
		return fmt.Errorf("room %s into course %s: %w", a.Placement.RoomID, courseID, err)
	}
	if changed == 0 {
		return classroom.ErrRoomClaimed
	}
	return nil
}

// renameRoom has a link's room go along with the link's name. A room that came
// from another course has the name that it has there.
func (c *conn) renameRoom(ctx context.Context, k *known, before, now string) error {
	title := k.Room.Renamed(before, now)
	if title == k.Room.Title || k.Room.CourseID != k.Course.ID || before == now {
		return nil
	}
	changed, err := c.exec(ctx, `UPDATE rooms SET title = ? WHERE id = ? AND title = ? AND NOT titled`, title, k.Room.ID, k.Room.Title)
	if err != nil {
		return fmt.Errorf("title of room %s: %w", k.Room.ID, err)
	}
	if changed > 0 {
		k.Room.Title = title
	}
	return nil
}

// learnOpened notes that a launch has named the room.
func (c *conn) learnOpened(ctx context.Context, a arrival, k *known) error {
	if _, err := c.exec(ctx, `UPDATE rooms SET picked = FALSE WHERE id = ?`, a.Opens); err != nil {
		return fmt.Errorf("first launch of room %s: %w", a.Opens, err)
	}
	if k.Room.ID == a.Opens {
		k.Room.Picked = false
	}
	return nil
}

// learnKept lets a picked room wait longer for a moderator, who says in which
// course it is.
func (c *conn) learnKept(ctx context.Context, a arrival, _ *known) error {
	if _, err := c.exec(ctx, `UPDATE rooms SET created_at = ? WHERE id = ? AND picked`, millis(a.Visit.CreatedAt), a.Keeps); err != nil {
		return fmt.Errorf("learner's launch of room %s: %w", a.Keeps, err)
	}
	return nil
}

// SaveNotices keeps what a teacher is to be told of a placement.
func (db *DB) SaveNotices(ctx context.Context, placementID string, n classroom.LinkNotices) error {
	err := db.writes.once(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE placements SET notices = ? WHERE id = ?`, asJSON(n), placementID)
	})
	if err != nil {
		return fmt.Errorf("notices of placement %s: %w", placementID, err)
	}
	return nil
}

// sweepPicks removes rooms that were made in the picker and that no launch has
// named, and the stand-ins of courses for requests that named none.
func (db *DB) sweepPicks(ctx context.Context, now time.Time) error {
	before := millis(now.Add(-classroom.UnusedKept))
	err := db.inSteps(ctx, 200, func(c *conn, step int64) (int64, error) {
		return c.exec(ctx, `
			DELETE FROM rooms WHERE id IN (
				SELECT r.id FROM rooms r WHERE r.picked AND r.created_at <= ?
					AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.room_id = r.id)
					AND NOT EXISTS (SELECT 1 FROM meetings m WHERE m.room_id = r.id)
				ORDER BY r.created_at LIMIT ?)`, before, step)
	})
	if err != nil {
		return err
	}
	return db.inSteps(ctx, 200, func(c *conn, step int64) (int64, error) {
		if _, err := c.exec(ctx, `DELETE FROM enrolments WHERE course_id IN (`+emptyProvisional+`)`, before, step); err != nil {
			return 0, err
		}
		return c.exec(ctx, `DELETE FROM courses WHERE id IN (`+emptyProvisional+`)`, before, step)
	})
}

// emptyProvisional finds stand-ins whose visits are long over. All their rooms
// have come into courses, or were swept.
const emptyProvisional = `
	SELECT c.id FROM courses c WHERE c.provisional_at IS NOT NULL AND c.provisional_at <= ?
		AND NOT EXISTS (SELECT 1 FROM rooms r WHERE r.course_id = c.id)
		AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.course_id = c.id)
	ORDER BY c.provisional_at, c.id LIMIT ?`
