package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

type stayRow struct {
	MeetingID string `db:"meeting_id"`
	PersonID  string `db:"person_id"`
	FromAt    millis `db:"from_at"`
	ToAt      millis `db:"to_at"`
	Source    string
}

func (r stayRow) stay() attendance.Stay {
	return attendance.Stay{
		MeetingID: r.MeetingID, PersonID: r.PersonID,
		From: r.FromAt.time(), To: r.ToAt.time(), Source: attendance.Source(r.Source),
	}
}

// inOrder runs steps until one goes wrong.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// RoomPlacements returns the placements that lead to the room.
func (db *DB) RoomPlacements(ctx context.Context, roomID string) ([]classroom.Placement, error) {
	var rows []placementRow
	err := db.reads().list(ctx, &rows, `SELECT `+columns[placementRow]("pl")+`
		FROM placements pl WHERE pl.room_id = ? ORDER BY pl.id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("placements of room %s: %w", roomID, err)
	}
	return each(rows, placementRow.placement), nil
}

// RoomPeople returns the enrolments in all courses that have a placement of
// the room. A person of several courses occurs several times.
func (db *DB) RoomPeople(ctx context.Context, roomID string) ([]classroom.Enrolment, error) {
	var rows []enrolmentRow
	err := db.reads().list(ctx, &rows, `SELECT `+columns[enrolmentRow]("e")+` FROM enrolments e
		WHERE e.course_id IN (SELECT course_id FROM placements WHERE room_id = ?)
		ORDER BY e.course_id, e.person_id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("people of room %s: %w", roomID, err)
	}
	return each(rows, enrolmentRow.enrolment), nil
}

type resultRow struct {
	PlacementID string `db:"placement_id"`
	PersonID    string `db:"person_id"`
	Complete    bool
	Share       float64
	Points      float64
	Present     span
	Needed      span
	TrueAt      millis `db:"true_at"`
	Sends       bool
}

func (r resultRow) result() attendance.Result {
	return attendance.Result{
		PlacementID: r.PlacementID, PersonID: r.PersonID, Complete: r.Complete, Share: r.Share, Points: r.Points,
		Time: time.Duration(r.Present), Needed: time.Duration(r.Needed), TrueAt: r.TrueAt.time(), Sends: r.Sends,
	}
}

const selectResult = `
	SELECT r.placement_id, r.person_id, r.complete, r.share, r.points, r.present, r.needed, r.true_at, r.sends FROM results r `

// RoomResults returns the results of all placements that lead to the room.
func (db *DB) RoomResults(ctx context.Context, roomID string) ([]attendance.Result, error) {
	var rows []resultRow
	err := db.reads().list(ctx, &rows, selectResult+`
		JOIN placements p ON p.id = r.placement_id WHERE p.room_id = ? ORDER BY r.placement_id, r.person_id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("results of room %s: %w", roomID, err)
	}
	return each(rows, resultRow.result), nil
}

// RoomDeliveries returns the ledger of all placements that lead to the room.
func (db *DB) RoomDeliveries(ctx context.Context, roomID string) ([]gradebook.Delivery, error) {
	var rows []deliveryRow
	err := db.reads().list(ctx, &rows, selectDelivery+`
		JOIN placements p ON p.id = d.placement_id WHERE p.room_id = ? ORDER BY d.placement_id, d.person_id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("deliveries of room %s: %w", roomID, err)
	}
	return each(rows, deliveryRow.delivery), nil
}
