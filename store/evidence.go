package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

type evidenceRow struct {
	ID        string
	MeetingID string `db:"meeting_id"`
	Source    string
	At, Until millis
	Body      []byte
}

func (r evidenceRow) evidence() attendance.Evidence {
	return attendance.Evidence{
		ID: r.ID, MeetingID: r.MeetingID, Source: attendance.Source(r.Source),
		At: r.At.time(), Until: r.Until.time(), Body: r.Body,
	}
}

// EvidenceOf returns all evidence of a meeting in the order in which it came.
func (db *DB) EvidenceOf(ctx context.Context, meetingID string) ([]attendance.Evidence, error) {
	var rows []evidenceRow
	err := db.reads().list(ctx, &rows, `
		SELECT id, meeting_id, source, at, until, body FROM evidence WHERE meeting_id = ? ORDER BY at, id`, meetingID)
	if err == nil {
		err = unpatch(rows)
	}
	if err != nil {
		return nil, fmt.Errorf("evidence of meeting %s: %w", meetingID, err)
	}
	return each(rows, evidenceRow.evidence), nil
}

// EvidenceFrom returns a meeting's evidence from a time on, by our clock, in the
// order in which it came, and how many pieces the meeting has in all. If from is
// later than all of them, it's 0.
func (db *DB) EvidenceFrom(ctx context.Context, meetingID string, from time.Time) ([]attendance.Evidence, int, error) {
	var rows []struct {
		evidenceRow
		Pieces int
	}
	err := db.reads().list(ctx, &rows, `
		SELECT id, meeting_id, source, at, until, body, (SELECT COUNT(*) FROM evidence WHERE meeting_id = ?) AS pieces
		FROM evidence WHERE meeting_id = ? AND at >= ? ORDER BY at, id`, meetingID, meetingID, sinceMillis(from))
	plain, pieces := make([]evidenceRow, len(rows)), 0
	for i, r := range rows {
		plain[i], pieces = r.evidenceRow, r.Pieces
	}
	if err == nil {
		err = unpatch(plain)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("evidence of meeting %s: %w", meetingID, err)
	}
	return each(plain, evidenceRow.evidence), pieces, nil
}

// Sightings returns when the first was told of a meeting that isn't a report, and
// until when the newest look saw it, by our clock; zero: never.
func (db *DB) Sightings(ctx context.Context, meetingID string) (first, newest time.Time, err error) {
	c := db.reads()
	var at, until millis
	err = c.get(ctx, &at, `SELECT at FROM evidence WHERE meeting_id = ? AND source <> ? ORDER BY at LIMIT 1`,
		meetingID, string(attendance.Analytics))
	if err == nil {
		err = c.get(ctx, &until, `SELECT MAX(until) FROM evidence WHERE meeting_id = ? AND source = ?`, meetingID, string(attendance.Poll))
	}
	if err != nil && !errors.Is(err, classroom.ErrNotFound) {
		return time.Time{}, time.Time{}, fmt.Errorf("sightings of meeting %s: %w", meetingID, err)
	}
	return at.time(), until.time(), nil
}

// newestPoll is what the newest look at a meeting found.
const newestPoll = `
	SELECT id, meeting_id, source, at, until, body FROM evidence
	WHERE meeting_id = ? AND source = ? ORDER BY at DESC, id DESC LIMIT 1`
