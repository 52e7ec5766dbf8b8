package store

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// SaveAccount keeps what the evidence of a meeting comes to, with its stays, and
// the meeting is dirty no more. If something is new of it since, nothing changes:
// it waits for another account.
func (db *DB) SaveAccount(ctx context.Context, a attendance.Account) error {
	err := db.write(ctx, func(c *conn) error {
		current, err := c.exec(ctx, `UPDATE meetings SET dirty = FALSE WHERE id = ? AND news = ?`, a.Meeting.ID, a.Meeting.News)
		if err != nil || current == 0 {
			return err
		}
		if err := c.saveStays(ctx, a); err != nil {
			return fmt.Errorf("stays: %w", err)
		}
		_, err = c.exec(ctx, `
			INSERT INTO accounts (meeting_id, packed) VALUES (?, ?)
			ON CONFLICT (meeting_id) DO UPDATE SET packed = excluded.packed`, a.Meeting.ID, []byte(a.Pack()))
		return err
	})
	if err != nil {
		return fmt.Errorf("save account of meeting %s: %w", a.Meeting.ID, err)
	}
	return nil
}

func (c *conn) saveStays(ctx context.Context, a attendance.Account) error {
	if _, err := c.exec(ctx, `DELETE FROM stays WHERE meeting_id = ?`, a.Meeting.ID); err != nil {
		return err
	}
	var rows [][]any
	for _, s := range a.Stays {
		rows = append(rows, []any{a.Meeting.ID, s.PersonID, millis(s.From), millis(s.To), string(s.Source)})
	}
	return c.insert(ctx, `INSERT INTO stays (meeting_id, person_id, from_at, to_at, source) VALUES`, rows, ``)
}

type accountRow struct {
	MeetingID string `db:"meeting_id"`
	Packed    string
}

// RoomAccounts returns what was kept of the room's meetings, by Meeting.ID.
func (db *DB) RoomAccounts(ctx context.Context, roomID string) (map[string]string, error) {
	kept, err := db.reads().accounts(ctx, `WHERE m.room_id = ?`, roomID)
	if err != nil {
		return nil, fmt.Errorf("accounts of room %s: %w", roomID, err)
	}
	return kept, nil
}

// SessionAccounts returns what was kept of a session's meetings, by Meeting.ID.
func (db *DB) SessionAccounts(ctx context.Context, sessionID string) (map[string]string, error) {
	kept, err := db.reads().accounts(ctx, `WHERE m.session_id = ?`, sessionID)
	if err != nil {
		return nil, fmt.Errorf("accounts of session %s: %w", sessionID, err)
	}
	return kept, nil
}

func (c *conn) accounts(ctx context.Context, where string, args ...any) (map[string]string, error) {
	var rows []accountRow
	err := c.list(ctx, &rows, `SELECT a.meeting_id, a.packed FROM meetings m JOIN accounts a ON a.meeting_id = m.id `+where, args...)
	kept := make(map[string]string, len(rows))
	for _, r := range rows {
		kept[r.MeetingID] = r.Packed
	}
	return kept, err
}

// Settlements is how many settlements were kept of a room, or ErrNotFound.
func (db *DB) Settlements(ctx context.Context, roomID string) (int64, error) {
	var n int64
	if err := db.reads().get(ctx, &n, `SELECT settlements FROM rooms WHERE id = ?`, roomID); err != nil {
		return 0, fmt.Errorf("settlements of room %s: %w", roomID, err)
	}
	return n, nil
}

// RoomSessions returns the room's sessions as they were kept, oldest first.
func (db *DB) RoomSessions(ctx context.Context, roomID string) ([]classroom.KeptSession, error) {
	var rows []keptSessionRow
	if err := db.reads().list(ctx, &rows, selectKept, roomID); err != nil {
		return nil, fmt.Errorf("sessions of room %s: %w", roomID, err)
	}
	return each(rows, keptSessionRow.session), nil
}
