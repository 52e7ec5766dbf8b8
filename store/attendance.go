package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

type meetingRow struct {
	ID          string           `db:"meeting.id"`
	RoomID      string           `db:"meeting.room_id"`
	ServerID    string           `db:"meeting.server_id"`
	InternalID  string           `db:"meeting.internal_id"`
	MeetingID   string           `db:"meeting.meeting_id"`
	CreateTime  millis           `db:"meeting.create_time"`
	ClockOffset span             `db:"meeting.clock_offset"`
	EndedAt     millis           `db:"meeting.ended_at"`
	CountsAt    millis           `db:"meeting.counts_at"`
	SessionID   sql.Null[string] `db:"meeting.session_id"`
	PlacementID string           `db:"meeting.placement_id"`
	Dirty       bool             `db:"meeting.dirty"`
	News        int64            `db:"meeting.news"`
	Absences    int              `db:"meeting.absences"`
	AbsentSince millis           `db:"meeting.absent_since"`
	StoppedAt   millis           `db:"meeting.stopped_at"`
	Parted      bool             `db:"meeting.parted"`
	Frozen      bool             `db:"meeting.frozen"`
	Swept       bool             `db:"meeting.swept"`
}

func (r meetingRow) meeting() attendance.Meeting {
	return attendance.Meeting{
		ID: r.ID, RoomID: r.RoomID, ServerID: r.ServerID, InternalID: r.InternalID, MeetingID: r.MeetingID,
		CreateTime: r.CreateTime.time(), ClockOffset: time.Duration(r.ClockOffset),
		EndedAt: r.EndedAt.time(), CountsAt: r.CountsAt.time(), SessionID: r.SessionID.V,
		PlacementID: r.PlacementID, Dirty: r.Dirty, News: r.News,
		Absences: r.Absences, AbsentSince: r.AbsentSince.time(), StoppedAt: r.StoppedAt.time(),
		Parted: r.Parted, Frozen: r.Frozen, Swept: r.Swept,
	}
}

var selectMeeting = `SELECT ` + columns[meetingRow]("m") + ` FROM meetings m `

func (c *conn) meeting(ctx context.Context, where string, args ...any) (attendance.Meeting, error) {
	var row meetingRow
	err := c.get(ctx, &row, selectMeeting+where, args...)
	return row.meeting(), err
}

func (c *conn) meetings(ctx context.Context, where string, args ...any) ([]attendance.Meeting, error) {
	var rows []meetingRow
	err := c.list(ctx, &rows, selectMeeting+where, args...)
	return each(rows, meetingRow.meeting), err
}

// hasNews notes that something is new of a meeting: no account that is made of
// what there was before makes it clean.
const hasNews = `dirty = TRUE, news = news + 1`

// alive makes a meeting one that lives, also if it was taken for over.
const alive = `ended_at = NULL, counts_at = NULL, ` + hasNews + `, absences = 0, absent_since = NULL, stopped_at = NULL, frozen = FALSE`

// RecordMeeting keeps a meeting that the server has just shown, once for each
// server and internal id, and returns the one that is kept. A new one is polled
// from pollAt, and its room settled now, so that its class is seen. So is one
// that wasn't found for a while or was taken for over: it lives, unless a report
// of BigBlueButton says that it has ended. Through which placement it was started
// is what the first says who knows.
func (db *DB) RecordMeeting(ctx context.Context, m attendance.Meeting, pollAt time.Time) (attendance.Meeting, bool, error) {
	var kept attendance.Meeting
	var isNew bool
	err := db.write(ctx, func(c *conn) error {
		changed, err := c.exec(ctx, `
			INSERT INTO meetings (id, room_id, server_id, internal_id, meeting_id, create_time, clock_offset, ended_at, placement_id, parted, dirty)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE)
			ON CONFLICT (internal_id, server_id) DO NOTHING`,
			m.ID, m.RoomID, m.ServerID, m.InternalID, m.MeetingID, millis(m.CreateTime), span(m.ClockOffset), millis(m.EndedAt),
			m.PlacementID, m.Parted)
		if err != nil {
			return err
		}
		if isNew = changed > 0; !isNew {
			changed, err = c.exec(ctx, `
				UPDATE meetings SET `+alive+`
				WHERE internal_id = ? AND server_id = ? AND (ended_at IS NULL AND absences > 0 OR ended_at IS NOT NULL
					AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.meeting_id = meetings.id AND e.source = ?))`,
				m.InternalID, m.ServerID, string(attendance.Analytics))
			if err != nil {
				return err
			}
		}
		kept, err = c.meeting(ctx, `WHERE m.internal_id = ? AND m.server_id = ?`, m.InternalID, m.ServerID)
		if err == nil && kept.PlacementID == "" && m.PlacementID != "" {
			kept.PlacementID = m.PlacementID
			changed, err = c.exec(ctx, `UPDATE meetings SET placement_id = ? WHERE id = ?`, kept.PlacementID, kept.ID)
		}
		if err != nil || changed == 0 {
			return err
		}
		return c.enqueue(ctx,
			pollJob(kept, pollAt), settleJob(kept.RoomID, db.Now()))
	})
	if err != nil {
		return attendance.Meeting{}, false, fmt.Errorf("record meeting %s: %w", m.InternalID, err)
	}
	return kept, isNew, nil
}

// ReviveMeeting makes a meeting live that the server shows with people in it,
// whatever has ended it before. It is looked at again from pollAt, and its room
// settled now.
func (db *DB) ReviveMeeting(ctx context.Context, id string, pollAt time.Time) (attendance.Meeting, error) {
	var m attendance.Meeting
	err := db.write(ctx, func(c *conn) error {
		if err := c.one(ctx, `UPDATE meetings SET `+alive+` WHERE id = ?`, id); err != nil {
			return err
		}
		var err error
		if m, err = c.meeting(ctx, `WHERE m.id = ?`, id); err != nil {
			return err
		}
		return c.enqueue(ctx, pollJob(m, pollAt), settleJob(m.RoomID, db.Now()))
	})
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("revive meeting %s: %w", id, err)
	}
	return m, nil
}

// MissMeeting notes that a look, at a time by our clock, didn't find a meeting,
// and returns it. A look that sees it forgets that: see KeepPoll.
func (db *DB) MissMeeting(ctx context.Context, id string, at time.Time) (attendance.Meeting, error) {
	var m attendance.Meeting
	err := db.write(ctx, func(c *conn) (err error) {
		err = c.one(ctx, `
			UPDATE meetings SET absences = absences + 1, absent_since = COALESCE(absent_since, ?) WHERE id = ?`, millis(at), id)
		if err == nil {
			m, err = c.meeting(ctx, `WHERE m.id = ?`, id)
		}
		return err
	})
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("miss meeting %s: %w", id, err)
	}
	return m, nil
}

// StopMeeting notes that a teacher ended a meeting, at a time by our clock, and
// has it looked at from pollAt. One that has ended already stays as it is.
func (db *DB) StopMeeting(ctx context.Context, id string, at, pollAt time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		changed, err := c.exec(ctx, `UPDATE meetings SET stopped_at = ? WHERE id = ? AND ended_at IS NULL`, millis(at), id)
		if err != nil || changed == 0 {
			return err
		}
		m, err := c.meeting(ctx, `WHERE m.id = ?`, id)
		if err != nil {
			return err
		}
		return c.enqueue(ctx, pollJob(m, pollAt))
	})
	if err != nil {
		return fmt.Errorf("stop meeting %s: %w", id, err)
	}
	return nil
}

// PartMeeting notes that a teacher has parted a meeting of the room from the
// class before, or has joined them again, and has the room settled now. It is
// ErrNotFound for a meeting of another room.
func (db *DB) PartMeeting(ctx context.Context, roomID, id string, parted bool) error {
	err := db.write(ctx, func(c *conn) error {
		if err := c.one(ctx, `UPDATE meetings SET parted = ? WHERE id = ? AND room_id = ?`, parted, id, roomID); err != nil {
			return err
		}
		return c.settle(ctx, roomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("part meeting %s: %w", id, err)
	}
	return nil
}

func pollJob(m attendance.Meeting, at time.Time) jobs.Job {
	return jobs.Job{Kind: classroom.PollJob, Subject: m.ID, Lane: m.ServerID, RunAt: at}
}

// LiveMeetings returns the room's meetings that haven't ended, newest first.
func (db *DB) LiveMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error) {
	list, err := db.reads().meetings(ctx, `WHERE m.room_id = ? AND m.ended_at IS NULL ORDER BY m.create_time DESC, m.id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("live meetings of room %s: %w", roomID, err)
	}
	return list, nil
}

// LastMeeting returns the room's newest meeting, or ErrNotFound.
func (db *DB) LastMeeting(ctx context.Context, roomID string) (attendance.Meeting, error) {
	m, err := db.reads().meeting(ctx, `WHERE m.room_id = ? ORDER BY m.create_time DESC, m.id LIMIT 1`, roomID)
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("last meeting of room %s: %w", roomID, err)
	}
	return m, nil
}

// RoomMeetings returns all meetings of the room, oldest first.
func (db *DB) RoomMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error) {
	list, err := db.reads().meetings(ctx, `WHERE m.room_id = ? ORDER BY m.create_time, m.id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	return list, nil
}

// SessionMeetings returns the meetings of a session, oldest first.
func (db *DB) SessionMeetings(ctx context.Context, sessionID string) ([]attendance.Meeting, error) {
	list, err := db.reads().meetings(ctx, `WHERE m.session_id = ? ORDER BY m.create_time, m.id`, sessionID)
	if err != nil {
		return nil, fmt.Errorf("meetings of session %s: %w", sessionID, err)
	}
	return list, nil
}

// Meeting returns the meeting that we call so, or ErrNotFound.
func (db *DB) Meeting(ctx context.Context, id string) (attendance.Meeting, error) {
	m, err := db.reads().meeting(ctx, `WHERE m.id = ?`, id)
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("meeting %s: %w", id, err)
	}
	return m, nil
}

// MeetingsByInternalID returns the meetings that their servers call so, newest
// first: one of each server at most.
func (db *DB) MeetingsByInternalID(ctx context.Context, internalID string) ([]attendance.Meeting, error) {
	list, err := db.reads().meetings(ctx, `WHERE m.internal_id = ? ORDER BY m.create_time DESC, m.id`, internalID)
	if err != nil {
		return nil, fmt.Errorf("meetings %s: %w", internalID, err)
	}
	return list, nil
}

// EndMeeting notes when a meeting ended, by the server's clock, and has its
// room settled now. Without a report, what was observed of it counts from
// countsAt on, by our clock. The first end is the one that stays; a later one
// can only have it count earlier.
func (db *DB) EndMeeting(ctx context.Context, id string, at, countsAt time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		var roomID string
		err := c.returning(ctx, &roomID, `
			UPDATE meetings SET ended_at = COALESCE(ended_at, ?), `+hasNews+`,
				counts_at = CASE WHEN counts_at < ? THEN counts_at ELSE ? END
			WHERE id = ? RETURNING room_id`, millis(at), millis(countsAt), millis(countsAt), id)
		if err != nil {
			return err
		}
		return c.settle(ctx, roomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("end meeting %s: %w", id, err)
	}
	return nil
}

// KeepJoin keeps that a visit's person was let into a class: for the visit, for
// the one that its window came from, and as evidence of the meeting, which is
// dirty then. Of a join that is signed once more it is kept when that was.
func (db *DB) KeepJoin(ctx context.Context, v classroom.Visit, e attendance.Evidence) error {
	digest := sha256.Sum256(e.Body)
	err := db.write(ctx, func(c *conn) error {
		if !v.Joined {
			if _, err := c.exec(ctx, `UPDATE visits SET joined = TRUE WHERE id IN (?, ?)`, v.ID, v.LaunchID); err != nil {
				return err
			}
		}
		isNew, err := c.addEvidence(ctx, e, digest[:])
		if err != nil {
			return err
		}
		if !isNew {
			_, err = c.exec(ctx, `UPDATE evidence SET until = ? WHERE meeting_id = ? AND source = ? AND digest = ? AND until < ?`,
				millis(e.Until), e.MeetingID, string(e.Source), digest[:], millis(e.Until))
			return err
		}
		return c.one(ctx, `UPDATE meetings SET `+hasNews+` WHERE id = ?`, e.MeetingID)
	})
	if err != nil {
		return fmt.Errorf("keep join to meeting %s: %w", e.MeetingID, err)
	}
	return nil
}

func (c *conn) addEvidence(ctx context.Context, e attendance.Evidence, digest []byte) (bool, error) {
	if e.Body == nil {
		e.Body = []byte{}
	}
	changed, err := c.exec(ctx, `
		INSERT INTO evidence (id, meeting_id, source, at, until, body, digest) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (meeting_id, source, digest) DO NOTHING`,
		e.ID, e.MeetingID, string(e.Source), millis(e.At), millis(e.Until), e.Body, digest)
	return changed > 0, err
}

// addPoll adds a poll that found something else than the newest.
func (c *conn) addPoll(ctx context.Context, newest evidenceRow, meetingID string, body []byte, at time.Time) error {
	e := attendance.Evidence{ID: newID(), MeetingID: meetingID, Source: attendance.Poll, At: at, Until: at, Body: body}
	if _, err := c.addEvidence(ctx, e, nil); err != nil || !at.After(newest.Until.time()) {
		return err
	}
	patch, ok := patchOf(newest.Body, body, e.ID)
	if !ok {
		return nil
	}
	_, err := c.exec(ctx, `UPDATE evidence SET body = ? WHERE id = ?`, patch, newest.ID)
	return err
}

// KeepPoll keeps what a poll found at a time. If that is what the poll before
// found, that one's evidence lasts until then; else it is a new piece. What no
// look had found is found now. Of a meeting whose end has been noted meanwhile, it has the room settled again.
func (db *DB) KeepPoll(ctx context.Context, meetingID string, body []byte, at time.Time) error {
	err := db.write(ctx, func(c *conn) error {
		var newest evidenceRow
		err := c.get(ctx, &newest, newestPoll, meetingID, string(attendance.Poll))
		switch {
		case err != nil && !errors.Is(err, classroom.ErrNotFound):
			return err
		case err == nil && string(newest.Body) == string(body):
			if !at.After(newest.Until.time()) { // heard late
				return nil
			}
			err = c.one(ctx, `UPDATE evidence SET until = ? WHERE id = ?`, millis(at), newest.ID)
		default:
			err = c.addPoll(ctx, newest, meetingID, body, at)
		}
		if err != nil {
			return err
		}
		var m struct {
			RoomID string `db:"room_id"`
			Ended  bool
		}
		err = c.returning(ctx, &m, `
			UPDATE meetings SET `+hasNews+`, absences = 0, absent_since = NULL WHERE id = ? RETURNING room_id, ended_at IS NOT NULL AS ended`, meetingID)
		if err != nil || !m.Ended {
			return err
		}
		return c.settle(ctx, m.RoomID, db.Now())
	})
	if err != nil {
		return fmt.Errorf("keep poll of meeting %s: %w", meetingID, err)
	}
	return nil
}
