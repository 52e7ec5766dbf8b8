package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

// LastLaunch is when somebody came last from one of the platforms: who
// moderates, or a learner, which guests and administrators aren't; zero if
// nobody has. It looks at some of their courses, not at thousands: who asks has
// just begun.
func (db *DB) LastLaunch(ctx context.Context, registrationIDs []string, moderates bool) (time.Time, error) {
	args := make([]any, 0, len(registrationIDs)+1)
	for _, id := range registrationIDs {
		args = append(args, id)
	}
	who := `e.graded AND e.role <> ?`
	if moderates {
		who = `e.role = ?`
	}
	var at millis
	err := db.reads().get(ctx, &at, `
		SELECT MAX(e.seen_at) AS at FROM (
			SELECT c.id FROM courses c WHERE c.registration_id IN (`+marks(len(registrationIDs))+`) LIMIT 200) c
		JOIN enrolments e ON e.course_id = c.id
		WHERE `+who, append(args, string(classroom.Moderator))...)
	if err != nil {
		return time.Time{}, fmt.Errorf("newest launch: %w", err)
	}
	return at.time(), nil
}

// marks are so many arguments of a statement.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// LastWell is when something of that kind went well last, of a registration or
// server; zero if it didn't in the last month.
func (db *DB) LastWell(ctx context.Context, id string, kind admin.Happening) (time.Time, error) {
	var at millis
	err := db.reads().get(ctx, &at, `SELECT MAX(last_at) AS at FROM tallies WHERE of_id = ? AND kind = ? AND code = ''`, id, string(kind))
	if err != nil {
		return time.Time{}, fmt.Errorf("when %s went well last: %w", kind, err)
	}
	return at.time(), nil
}
