package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// LastClasses are when the newest session of each room of the course began. A
// room without one isn't in it.
func (db *DB) LastClasses(ctx context.Context, courseID string) (map[string]time.Time, error) {
	var rows []struct {
		RoomID    string `db:"room_id"`
		StartedAt millis `db:"started_at"`
	}
	err := db.reads().list(ctx, &rows, `
		SELECT s.room_id, MAX(s.started_at) AS started_at
		FROM rooms r JOIN sessions s ON s.room_id = r.id
		WHERE r.course_id = ? GROUP BY s.room_id`, courseID)
	if err != nil {
		return nil, fmt.Errorf("newest sessions of course %s: %w", courseID, err)
	}
	last := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		last[r.RoomID] = r.StartedAt.time()
	}
	return last, nil
}

// ClassGrades counts, of each of the room's sessions that began at since or
// after it, the placement's deliveries of those who came, by what became of
// them.
func (db *DB) ClassGrades(ctx context.Context, roomID, placementID string, since time.Time) ([]classroom.ClassGrades, error) {
	var rows []struct {
		SessionID     string `db:"session_id"`
		State, Reason string
		FoundAt       millis `db:"found_at"`
		People        int
	}
	err := db.reads().list(ctx, &rows, `
		SELECT a.session_id, d.state, d.reason, MAX(d.found_at) AS found_at, COUNT(*) AS people
		FROM sessions s JOIN attendances a ON a.session_id = s.id
		JOIN deliveries d ON d.placement_id = ? AND d.person_id = a.person_id
		WHERE s.room_id = ? AND s.started_at >= ? AND a.present > 0
		GROUP BY a.session_id, d.state, d.reason, d.found_at IS NULL
		ORDER BY a.session_id, d.state, d.reason, d.found_at IS NULL`, placementID, roomID, millis(since))
	if err != nil {
		return nil, fmt.Errorf("grades of the classes of room %s: %w", roomID, err)
	}
	var grades []classroom.ClassGrades
	for _, r := range rows {
		grades = append(grades, classroom.ClassGrades{
			SessionID: r.SessionID, People: r.People,
			Delivery: gradebook.Delivery{State: gradebook.State(r.State), Reason: r.Reason, Found: gradebook.Found{At: r.FoundAt.time()}},
		})
	}
	return grades, nil
}
