package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

type roomLineRow struct {
	ID             string
	Title          string
	TenantID       string `db:"tenant_id"`
	RegistrationID string `db:"registration_id"`
	Platform       string
	Course         string
	Live           bool
	LastClass      millis `db:"last_class"`
	Links          int
}

func (r roomLineRow) line() admin.RoomLine {
	return admin.RoomLine{
		ID: r.ID, Title: r.Title, TenantID: r.TenantID, RegistrationID: r.RegistrationID, Platform: r.Platform, Course: r.Course,
		Live: r.Live, LastClass: r.LastClass.time(), Links: r.Links,
	}
}

const selectRoomLine = `
	SELECT r.id, r.title, r.tenant_id, c.registration_id, g.name AS platform, c.title AS course,
		EXISTS (SELECT 1 FROM meetings m WHERE m.room_id = r.id AND m.ended_at IS NULL) AS live,
		(SELECT MAX(s.started_at) FROM sessions s WHERE s.room_id = r.id) AS last_class,
		(SELECT COUNT(*) FROM placements pl WHERE pl.room_id = r.id) AS links
	FROM rooms r JOIN courses c ON c.id = r.course_id JOIN registrations g ON g.id = c.registration_id
	WHERE `

// FindRooms returns rooms by their ids, which say nothing: it is an order in which
// one can go on.
func (db *DB) FindRooms(ctx context.Context, q admin.RoomQuery) ([]admin.RoomLine, error) {
	var w clause
	w.and("r.id > ?", q.After)
	w.in("r.tenant_id", q.Tenants)
	w.is("c.registration_id", q.RegistrationID)
	w.has(q.Text, "r.title", "c.title", "c.label")
	var rows []roomLineRow
	err := db.counts().list(ctx, &rows, selectRoomLine+w.String()+` ORDER BY r.id LIMIT ?`, append(w.args, q.Most)...)
	if err != nil {
		return nil, fmt.Errorf("find rooms: %w", err)
	}
	return each(rows, roomLineRow.line), nil
}

// RoomLine is one of FindRooms; ErrNotFound.
func (db *DB) RoomLine(ctx context.Context, id string) (admin.RoomLine, error) {
	var row roomLineRow
	if err := db.reads().get(ctx, &row, selectRoomLine+`r.id = ?`, id); err != nil {
		return admin.RoomLine{}, fmt.Errorf("room %s: %w", id, err)
	}
	return row.line(), nil
}

// TeacherSeat is a seat in the room as its teacher has one, by its newest link,
// and of nobody: there is no visit to it. ErrNotFound.
func (db *DB) TeacherSeat(ctx context.Context, roomID string) (classroom.Seat, error) {
	room, course, err := db.RoomWithCourse(ctx, roomID)
	if err != nil {
		return classroom.Seat{}, err
	}
	placements, err := db.RoomPlacements(ctx, roomID)
	if err != nil {
		return classroom.Seat{}, fmt.Errorf("links of room %s: %w", roomID, err)
	}
	seat := classroom.Seat{
		Room: room, Course: course, Placement: classroom.Placement{CourseID: course.ID, RoomID: roomID, Rule: room.Rule},
		Visit: classroom.Visit{RegistrationID: course.RegistrationID, DeploymentID: course.DeploymentID, CourseID: course.ID, Role: classroom.Moderator},
	}
	newest := time.Time{}
	for _, p := range placements {
		if p.CourseID == course.ID && (seat.Placement.ID == "" || p.NamedAt.After(newest)) {
			seat.Placement, newest = p, p.NamedAt
		}
	}
	seat.Visit.PlacementID = seat.Placement.ID
	return seat, nil
}
