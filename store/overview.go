package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// LiveClasses counts classes that are on, and who was in them when they were last
// looked at.
func (db *DB) LiveClasses(ctx context.Context, tenants []string) (classes, people int, err error) {
	var w clause
	w.and("m.ended_at IS NULL")
	w.in("r.tenant_id", tenants)
	var looks []struct{ Body []byte }
	err = db.counts().list(ctx, &looks, `
		SELECT (SELECT e.body FROM evidence e WHERE e.meeting_id = m.id AND e.source = ? ORDER BY e.at DESC, e.id DESC LIMIT 1) AS body
		FROM meetings m JOIN rooms r ON r.id = m.room_id WHERE `+w.String(), append([]any{string(attendance.Poll)}, w.args...)...)
	if err != nil {
		return 0, 0, fmt.Errorf("live classes: %w", err)
	}
	for _, look := range looks {
		var report attendance.PollReport
		if look.Body != nil && json.Unmarshal(look.Body, &report) == nil {
			people += len(report.People)
		}
	}
	return len(looks), people, nil
}

// DeliveryCounts are grades by registration and state. It reads all of them.
func (db *DB) DeliveryCounts(ctx context.Context) (map[string]map[gradebook.State]int, error) {
	var rows []struct {
		RegistrationID string `db:"registration_id"`
		State          string
		N              int
	}
	err := db.counts().list(ctx, &rows, `
		SELECT c.registration_id, d.state, COUNT(*) AS n FROM deliveries d JOIN placements pl ON pl.id = d.placement_id
		JOIN courses c ON c.id = pl.course_id GROUP BY c.registration_id, d.state`)
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	by := map[string]map[gradebook.State]int{}
	for _, r := range rows {
		if by[r.RegistrationID] == nil {
			by[r.RegistrationID] = map[gradebook.State]int{}
		}
		by[r.RegistrationID][gradebook.State(r.State)] = r.N
	}
	return by, nil
}

// Schema says which database it is, and up to which migration.
func (db *DB) Schema(ctx context.Context) (database string, number int64, err error) {
	database = "PostgreSQL"
	if db.oneNode {
		database = "SQLite"
	}
	if err := db.reads().get(ctx, &number, `SELECT MAX(version_id) FROM goose_db_version`); err != nil {
		return "", 0, fmt.Errorf("schema: %w", err)
	}
	return database, number, nil
}
