package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// ErasePlatform takes a platform out of use, as RemovePlatform does, and has all
// of it erased at a time, unless it is registered again before. ErrNotFound.
func (db *DB) ErasePlatform(ctx context.Context, name string, at time.Time) error {
	return db.removePlatform(ctx, name, at)
}

type leavingRow struct {
	platformRow
	EraseAt millis `db:"erase_at"`
}

func (r leavingRow) leaving() admin.Leaving {
	return admin.Leaving{Platform: r.platform(), EraseAt: r.EraseAt.time()}
}

// Leaving returns the platforms that are removed and will be erased, by name.
func (db *DB) Leaving(ctx context.Context) ([]admin.Leaving, error) {
	var rows []leavingRow
	err := db.reads().list(ctx, &rows, `
		SELECT `+platformColumns+`, erase_at FROM registrations WHERE removed_at IS NOT NULL AND erase_at IS NOT NULL ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("platforms to be erased: %w", err)
	}
	return each(rows, leavingRow.leaving), nil
}

// KeepPlatform has what is there of a removed platform kept after all, as far
// as it isn't erased yet; ErrNotFound.
func (db *DB) KeepPlatform(ctx context.Context, id string) error {
	err := db.write(ctx, func(c *conn) error {
		var p struct {
			Name     string
			TenantID string `db:"tenant_id"`
		}
		err := c.returning(ctx, &p, `
			UPDATE registrations SET erase_at = NULL WHERE id = ? AND erase_at IS NOT NULL AND removed_at IS NOT NULL RETURNING name, tenant_id`, id)
		if err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "platform.keep", What: p.Name, TenantID: p.TenantID}, db.Now())
	})
	if err != nil {
		return fmt.Errorf("keep platform %s: %w", id, err)
	}
	return nil
}

// eraseStep is how much goes in one transaction: launches don't wait for long.
const eraseStep = 200

// An erasure takes away some of what a removed platform has, and returns how
// much that was.
type erasure func(ctx context.Context, c *conn, registrationID string) (int, error)

// erasures are all that goes of a platform, in an order in which nothing names
// what is gone. Visits are over by themselves long before.
var erasures = []erasure{
	eraseMeetings,
	erasing(`SELECT s.id FROM courses k JOIN rooms r ON r.course_id = k.id JOIN sessions s ON s.room_id = r.id WHERE k.registration_id = ?`,
		`attendances.session_id`, `sessions.id`),
	erasePlacements,
	eraseRooms,
	erasing(`SELECT k.id FROM courses k WHERE k.registration_id = ?`,
		`enrolments.course_id`, `expected.course_id`, `moved_classes.course_id`, `shared_classes.course_id`, `anonymous.course_id`, `courses.id`),
	erasing(`SELECT p.id FROM people p WHERE p.registration_id = ?`,
		`enrolments.person_id`, `expected.person_id`, `results.person_id`, `deliveries.person_id`, `share_requests.person_id`, `anonymous.person_id`, `people.id`),
	erasing(`SELECT f.id FROM failures f WHERE f.registration_id = ?`, `failures.id`),
}

// erasing finds ids and deletes the rows of columns that are one of them.
func erasing(find string, columns ...string) erasure {
	return func(ctx context.Context, c *conn, registrationID string) (int, error) {
		ids, err := c.ids(ctx, find+` LIMIT ?`, registrationID, eraseStep)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		return len(ids), c.deleteAll(ctx, ids, columns...)
	}
}

func (c *conn) ids(ctx context.Context, query string, args ...any) ([]any, error) {
	var rows []struct{ ID string }
	err := c.list(ctx, &rows, query, args...)
	ids := make([]any, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

// deleteAll deletes the rows of each "table.column" that is one of the ids.
func (c *conn) deleteAll(ctx context.Context, ids []any, columns ...string) error {
	for _, of := range columns {
		table, column, _ := strings.Cut(of, ".")
		if _, err := c.exec(ctx, `DELETE FROM `+table+` WHERE `+column+` IN (`+marks(len(ids))+`)`, ids...); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// deleteJobs deletes jobs of a kind.
func (c *conn) deleteJobs(ctx context.Context, kind string, subjects []any) error {
	if len(subjects) == 0 {
		return nil
	}
	_, err := c.exec(ctx, `DELETE FROM jobs WHERE kind = ? AND subject IN (`+marks(len(subjects))+`)`, append([]any{kind}, subjects...)...)
	return err
}

// eraseMeetings takes a few at once: the evidence of one may be 24 MB.
func eraseMeetings(ctx context.Context, c *conn, registrationID string) (int, error) {
	ids, err := c.ids(ctx, `
		SELECT m.id FROM courses k JOIN rooms r ON r.course_id = k.id JOIN meetings m ON m.room_id = r.id
		WHERE k.registration_id = ? LIMIT ?`, registrationID, eraseStep/20)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := c.deleteJobs(ctx, string(classroom.PollJob), ids); err != nil {
		return 0, err
	}
	return len(ids), c.deleteAll(ctx, ids, `evidence.meeting_id`, `accounts.meeting_id`, `stays.meeting_id`, `expected.meeting_id`,
		`moved_classes.meeting_id`, `meetings.id`)
}

func erasePlacements(ctx context.Context, c *conn, registrationID string) (int, error) {
	ids, err := c.ids(ctx, `
		SELECT p.id FROM courses k JOIN placements p ON p.course_id = k.id WHERE k.registration_id = ? LIMIT ?`, registrationID, eraseStep/20)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	sends, err := c.ids(ctx, `SELECT placement_id || '/' || person_id AS id FROM deliveries WHERE placement_id IN (`+marks(len(ids))+`)`, ids...)
	if err != nil {
		return 0, err
	}
	for part := sends; len(part) > 0; part = part[min(len(part), eraseStep):] {
		if err := c.deleteJobs(ctx, string(gradebook.DeliverJob), part[:min(len(part), eraseStep)]); err != nil {
			return 0, err
		}
	}
	if err := c.deleteJobs(ctx, string(gradebook.CheckJob), ids); err != nil {
		return 0, err
	}
	return len(ids), c.deleteAll(ctx, ids, `results.placement_id`, `deliveries.placement_id`, `share_requests.placement_id`, `moved_classes.placement_id`, `placements.id`)
}

func eraseRooms(ctx context.Context, c *conn, registrationID string) (int, error) {
	ids, err := c.ids(ctx, `
		SELECT r.id FROM courses k JOIN rooms r ON r.course_id = k.id WHERE k.registration_id = ? LIMIT ?`, registrationID, eraseStep)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := c.deleteJobs(ctx, string(classroom.SettleJob), ids); err != nil {
		return 0, err
	}
	return len(ids), c.deleteAll(ctx, ids, `shared_classes.room_id`, `share_requests.room_id`, `former_meeting_ids.room_id`, `rooms.id`)
}

// eraseSome does the next step of erasing the platforms whose time has come,
// and reports whether there was one.
func (db *DB) eraseSome(ctx context.Context, now time.Time) (bool, error) {
	some := false
	err := db.write(ctx, func(c *conn) error {
		var p struct {
			ID, Name string
			TenantID string `db:"tenant_id"`
		}
		err := c.get(ctx, &p, `
			SELECT id, name, tenant_id FROM registrations WHERE removed_at IS NOT NULL AND erase_at <= ? ORDER BY erase_at, id LIMIT 1`, millis(now))
		if some = err == nil; !some {
			if errors.Is(err, classroom.ErrNotFound) {
				return nil
			}
			return err
		}
		for _, erase := range erasures {
			n, err := erase(ctx, c, p.ID)
			if err != nil || n > 0 {
				return err
			}
		}
		id := []any{p.ID}
		if err := c.deleteAll(ctx, id, `deployments.registration_id`, `linked_platforms.registration_id`, `registration_links.registration_id`,
			`tallies.of_id`, `registrations.id`); err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "platform.erased", What: p.Name, TenantID: p.TenantID}, db.Now())
	})
	if err != nil {
		return false, fmt.Errorf("erase what was of a removed platform: %w", err)
	}
	if some {
		db.known.forget()
	}
	return some, nil
}
