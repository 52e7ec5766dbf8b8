package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Presence returns what is known of who is in a meeting of the room: whom the
// newest look saw, if that was at a time or later, and whose joins were signed
// since, most at most.
func (db *DB) Presence(ctx context.Context, roomID, meetingID string, since time.Time, most int) (classroom.Presence, error) {
	var p classroom.Presence
	c := db.reads()
	var look evidenceRow
	err := c.get(ctx, &look, newestPoll, meetingID, string(attendance.Poll))
	if err != nil && !errors.Is(err, classroom.ErrNotFound) {
		return p, fmt.Errorf("newest look at meeting %s: %w", meetingID, err)
	}
	var report attendance.PollReport
	if err == nil && !look.Until.time().Before(since) && json.Unmarshal(look.Body, &report) == nil {
		p.SeenAt = look.Until.time()
	}
	var joins []struct {
		Body  []byte
		Until millis
	}
	err = c.list(ctx, &joins, `
		SELECT body, until FROM evidence WHERE meeting_id = ? AND source = ? AND until >= ? ORDER BY until DESC, id LIMIT ?`,
		meetingID, string(attendance.Joining), sinceMillis(since), most)
	if err != nil {
		return p, fmt.Errorf("joins to meeting %s: %w", meetingID, err)
	}
	if len(joins) == 0 && p.SeenAt.IsZero() {
		return p, nil
	}
	people, err := c.participants(ctx, roomID)
	if err != nil {
		return p, fmt.Errorf("people of room %s: %w", roomID, err)
	}
	if !p.SeenAt.IsZero() {
		p.Seen = each(report.People, people.named)
	}
	for _, j := range joins {
		p.Joined = append(p.Joined, classroom.Joined{Participant: people.named(string(j.Body)), At: j.Until.time()})
	}
	return p, nil
}

// sinceMillis is an argument for comparisons: the zero time is before all.
func sinceMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// participants are a room's people by id.
type participants map[string]classroom.Participant

func (c *conn) participants(ctx context.Context, roomID string) (participants, error) {
	var rows []struct{ ID, Name, Role string }
	err := c.list(ctx, &rows, `
		SELECT p.id, p.name, e.role FROM placements pl
		JOIN enrolments e ON e.course_id = pl.course_id JOIN people p ON p.id = e.person_id
		WHERE pl.room_id = ?`, roomID)
	all := participants{}
	for _, r := range rows {
		someone := all[r.ID]
		someone.PersonID, someone.Name = r.ID, classroom.Person{ID: r.ID, Name: r.Name}.DisplayName()
		someone.Moderator = someone.Moderator || classroom.Role(r.Role) == classroom.Moderator
		all[r.ID] = someone
	}
	return all, err
}

// named is somebody, known or not.
func (p participants) named(id string) classroom.Participant {
	if someone, ok := p[id]; ok {
		return someone
	}
	return classroom.Participant{PersonID: id, Name: classroom.Person{ID: id}.DisplayName()}
}
