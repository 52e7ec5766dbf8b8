package store

import (
	"context"
	"fmt"
	"time"
)

// A ServerUse is what hangs on a server.
type ServerUse struct {
	Running        []RunningClass // the oldest first
	Rooms, Courses int            // that had classes there
}

// A RunningClass is one that hasn't ended as far as we know.
type RunningClass struct {
	Room, Course string // titles
	Since        time.Time
}

// UseOf returns what hangs on a server. It looks at all rooms.
func (db *DB) UseOf(ctx context.Context, serverID string) (ServerUse, error) {
	c := db.counts()
	var running []struct {
		Room, Course string
		Since        millis
	}
	var had struct{ Rooms, Courses int }
	err := inOrder(
		func() error {
			return c.list(ctx, &running, `
				SELECT r.title AS room, co.title AS course, m.create_time - m.clock_offset AS since
				FROM meetings m JOIN rooms r ON r.id = m.room_id JOIN courses co ON co.id = r.course_id
				WHERE m.ended_at IS NULL AND m.server_id = ? ORDER BY since, m.id`, serverID)
		},
		func() error {
			return c.get(ctx, &had, `
				SELECT COUNT(*) AS rooms, COUNT(DISTINCT r.course_id) AS courses FROM rooms r
				WHERE EXISTS (SELECT 1 FROM meetings m WHERE m.room_id = r.id AND m.server_id = ?)`, serverID)
		},
	)
	if err != nil {
		return ServerUse{}, fmt.Errorf("use of server %s: %w", serverID, err)
	}
	use := ServerUse{Rooms: had.Rooms, Courses: had.Courses}
	for _, r := range running {
		use.Running = append(use.Running, RunningClass{r.Room, r.Course, r.Since.time()})
	}
	return use, nil
}
