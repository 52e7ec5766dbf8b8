package store

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/admin"
)

// UseOf returns what hangs on a server. It looks at all rooms.
func (db *DB) UseOf(ctx context.Context, serverID string) (admin.ServerUse, error) {
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
		return admin.ServerUse{}, fmt.Errorf("use of server %s: %w", serverID, err)
	}
	use := admin.ServerUse{Rooms: had.Rooms, Courses: had.Courses}
	for _, r := range running {
		use.Running = append(use.Running, admin.RunningClass{Room: r.Room, Course: r.Course, Since: r.Since.time()})
	}
	return use, nil
}

// LiveOn returns how many meetings on a server haven't ended as far as we know.
func (db *DB) LiveOn(ctx context.Context, serverID string) (int, error) {
	var n int
	err := db.reads().get(ctx, &n, `SELECT COUNT(*) FROM meetings WHERE server_id = ? AND ended_at IS NULL`, serverID)
	return n, about("live meetings on server "+serverID, err)
}
