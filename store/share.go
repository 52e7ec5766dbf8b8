package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

type shareRow struct {
	PlacementID string `db:"share.placement_id"`
	RoomID      string `db:"share.room_id"`
	PersonID    string `db:"share.person_id"`
	AskedAt     millis `db:"share.asked_at"`
	ExpiresAt   millis `db:"share.expires_at"`
	Refused     bool   `db:"share.refused"`
}

func (r shareRow) request() classroom.ShareRequest {
	return classroom.ShareRequest{
		PlacementID: r.PlacementID, RoomID: r.RoomID, PersonID: r.PersonID,
		AskedAt: r.AskedAt.time(), ExpiresAt: r.ExpiresAt.time(), Refused: r.Refused,
	}
}

// ShareRequest returns what a placement has asked for, answered or not, or
// ErrNotFound.
func (db *DB) ShareRequest(ctx context.Context, placementID string) (classroom.ShareRequest, error) {
	var row shareRow
	err := db.reads().get(ctx, &row, `SELECT `+columns[shareRow]("s")+` FROM share_requests s WHERE s.placement_id = ?`, placementID)
	if err != nil {
		return classroom.ShareRequest{}, fmt.Errorf("request of placement %s: %w", placementID, err)
	}
	return row.request(), nil
}

// AskToShare keeps a request, in place of one of the placement's that is over
// or for another room; one that isn't stays. It is ErrTooMany if most others
// are open for the room.
func (db *DB) AskToShare(ctx context.Context, r classroom.ShareRequest, most int) error {
	err := db.write(ctx, func(c *conn) error {
		var open int
		err := c.get(ctx, &open, `
			SELECT COUNT(*) FROM share_requests
			WHERE room_id = ? AND NOT refused AND expires_at > ? AND placement_id <> ?`, r.RoomID, millis(r.AskedAt), r.PlacementID)
		if err != nil {
			return err
		}
		if open >= most {
			return classroom.ErrTooMany
		}
		_, err = c.exec(ctx, `
			INSERT INTO share_requests (placement_id, room_id, person_id, asked_at, expires_at, refused) VALUES (?, ?, ?, ?, ?, FALSE)
			ON CONFLICT (placement_id) DO UPDATE SET
				room_id = excluded.room_id, person_id = excluded.person_id,
				asked_at = excluded.asked_at, expires_at = excluded.expires_at, refused = FALSE
			WHERE share_requests.expires_at <= excluded.asked_at OR share_requests.room_id <> excluded.room_id`,
			r.PlacementID, r.RoomID, r.PersonID, millis(r.AskedAt), millis(r.ExpiresAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("ask for room %s: %w", r.RoomID, err)
	}
	return nil
}

type questionRow struct {
	shareRow
	personRow
	courseRow
}

// Questions returns the open requests for a room, oldest first, of people who
// still teach where they asked, for links that are still undecided.
func (db *DB) Questions(ctx context.Context, roomID string, now time.Time) ([]classroom.Question, error) {
	var rows []questionRow
	err := db.reads().list(ctx, &rows, `
		SELECT `+columns[shareRow]("s")+`, `+columns[personRow]("p")+`, `+columns[courseRow]("c")+`
		FROM share_requests s
		JOIN placements pl ON pl.id = s.placement_id AND pl.copied_from = s.room_id
		JOIN courses c ON c.id = pl.course_id
		JOIN people p ON p.id = s.person_id
		JOIN enrolments e ON e.course_id = pl.course_id AND e.person_id = s.person_id
		WHERE s.room_id = ? AND NOT s.refused AND s.expires_at > ? AND e.role = ?
		ORDER BY s.asked_at, s.placement_id`, roomID, millis(now), string(classroom.Moderator))
	if err != nil {
		return nil, fmt.Errorf("requests for room %s: %w", roomID, err)
	}
	return each(rows, func(r questionRow) classroom.Question {
		return classroom.Question{ShareRequest: r.request(), Asker: r.person(), Course: r.course()}
	}), nil
}

// AnswerShare answers an open request: with yes, the placement leads to the
// room. It is ErrNotFound for one that isn't open any more, or whose link has
// been decided about meanwhile.
func (db *DB) AnswerShare(ctx context.Context, r classroom.ShareRequest, yes bool, now time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		err := c.one(ctx, `
			UPDATE share_requests SET refused = TRUE
			WHERE placement_id = ? AND room_id = ? AND NOT refused AND expires_at > ?
				AND EXISTS (SELECT 1 FROM placements pl WHERE pl.id = share_requests.placement_id AND pl.copied_from = share_requests.room_id)`,
			r.PlacementID, r.RoomID, millis(now))
		if err != nil || !yes {
			return err
		}
		var from string
		if err := c.get(ctx, &from, `SELECT room_id FROM placements WHERE id = ?`, r.PlacementID); err != nil {
			return err
		}
		return c.movePlacement(ctx, r.PlacementID, from, r.RoomID, now)
	})
	if err != nil {
		return fmt.Errorf("answer placement %s: %w", r.PlacementID, err)
	}
	return nil
}
