package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Reports returns the newest reports of a meeting, most at most.
func (db *DB) Reports(ctx context.Context, meetingID string, most int) ([]attendance.Evidence, error) {
	var rows []evidenceRow
	err := db.reads().list(ctx, &rows, `
		SELECT id, meeting_id, source, at, until, body FROM evidence
		WHERE meeting_id = ? AND source = ? ORDER BY at DESC, id LIMIT ?`, meetingID, string(attendance.Analytics), most)
	if err != nil {
		return nil, fmt.Errorf("reports of meeting %s: %w", meetingID, err)
	}
	return each(rows, evidenceRow.evidence), nil
}

// errSwept is of a meeting whose evidence is gone: it takes no other.
var errSwept = errors.New("the meeting's evidence is gone")

// KeepReport keeps a report in place of those of its meeting that say nothing
// beside it, makes the meeting dirty and has its room settled. One that came
// before changes nothing, nor does one of a meeting whose evidence is gone. It is ErrTooManyReports, and keeps all as it was, if
// the meeting would then have more than so many reports, or bytes of them.
func (db *DB) KeepReport(ctx context.Context, e attendance.Evidence, spare []string, most, bytesMost int, settleAt time.Time) error {
	digest := sha256.Sum256(e.Body)
	err := db.write(ctx, func(c *conn) error {
		// The meeting's row is ours from here, so reports come one after the other.
		var of struct {
			RoomID string `db:"room_id"`
			Swept  bool
		}
		if err := c.returning(ctx, &of, `UPDATE meetings SET `+hasNews+` WHERE id = ? RETURNING room_id, swept`, e.MeetingID); err != nil {
			return err
		}
		if of.Swept { // what it would be added to is gone
			return errSwept
		}
		for _, id := range spare {
			if _, err := c.exec(ctx, `DELETE FROM evidence WHERE id = ? AND meeting_id = ? AND source = ?`, id, e.MeetingID, string(e.Source)); err != nil {
				return err
			}
		}
		isNew, err := c.addEvidence(ctx, e, digest[:])
		if err != nil || !isNew {
			return err
		}
		var kept struct{ Number, Bytes int }
		err = c.get(ctx, &kept, `
			SELECT COUNT(*) AS number, COALESCE(SUM(LENGTH(body)), 0) AS bytes FROM evidence WHERE meeting_id = ? AND source = ?`,
			e.MeetingID, string(e.Source))
		if err != nil {
			return err
		}
		if kept.Number > 1 && (kept.Number > most || kept.Bytes > bytesMost) {
			return classroom.ErrTooManyReports
		}
		return c.settle(ctx, of.RoomID, settleAt)
	})
	if err != nil && !errors.Is(err, errSwept) {
		return fmt.Errorf("keep report of meeting %s: %w", e.MeetingID, err)
	}
	return nil
}
