package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

type stayRow struct {
	MeetingID string `db:"meeting_id"`
	PersonID  string `db:"person_id"`
	FromAt    millis `db:"from_at"`
	ToAt      millis `db:"to_at"`
	Source    string
}

func (r stayRow) stay() classroom.Stay {
	return classroom.Stay{
		MeetingID: r.MeetingID, PersonID: r.PersonID,
		From: r.FromAt.time(), To: r.ToAt.time(), Source: classroom.Source(r.Source),
	}
}

type activityRow struct {
	MeetingID string `db:"meeting_id"`
	PersonID  string `db:"person_id"`
	Activity  jsonText[classroom.Activity]
}

// RoomAccounts returns what the evidence of each meeting of the room came to
// when it was last settled, oldest meeting first. A meeting that never was has
// an empty account.
func (db *DB) RoomAccounts(ctx context.Context, roomID string) ([]classroom.MeetingAccount, error) {
	accounts, err := db.reads().accounts(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("accounts of room %s: %w", roomID, err)
	}
	return accounts, nil
}

func (c *conn) accounts(ctx context.Context, roomID string) ([]classroom.MeetingAccount, error) {
	var rows []struct {
		ID       string
		FirstAt  millis `db:"first_at"`
		LastAt   millis `db:"last_at"`
		Exact    bool
		Evidence int
	}
	var stays []stayRow
	var activities []activityRow
	err := inOrder(
		func() error {
			return c.list(ctx, &rows, `
				SELECT id, first_at, last_at, exact, evidence FROM meetings WHERE room_id = ? ORDER BY create_time, id`, roomID)
		},
		func() error {
			return c.list(ctx, &stays, `
				SELECT s.meeting_id, s.person_id, s.from_at, s.to_at, s.source
				FROM meetings m JOIN stays s ON s.meeting_id = m.id
				WHERE m.room_id = ? ORDER BY s.meeting_id, s.person_id, s.from_at`, roomID)
		},
		func() error {
			return c.list(ctx, &activities, `
				SELECT a.meeting_id, a.person_id, a.activity
				FROM meetings m JOIN activities a ON a.meeting_id = m.id WHERE m.room_id = ?`, roomID)
		},
	)
	if err != nil {
		return nil, err
	}
	accounts := make([]classroom.MeetingAccount, len(rows))
	at := make(map[string]*classroom.MeetingAccount, len(rows))
	for i, r := range rows {
		accounts[i] = classroom.MeetingAccount{
			MeetingID: r.ID, From: r.FirstAt.time(), To: r.LastAt.time(), Exact: r.Exact, Evidence: r.Evidence,
			Activities: map[string]classroom.Activity{},
		}
		at[r.ID] = &accounts[i]
	}
	for _, s := range stays {
		if a := at[s.MeetingID]; a != nil {
			a.Stays = append(a.Stays, s.stay())
		}
	}
	for _, r := range activities {
		if a := at[r.MeetingID]; a != nil {
			a.Activities[r.PersonID] = r.Activity.V
		}
	}
	return accounts, nil
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

func (r resultRow) result() classroom.Result {
	return classroom.Result{
		PlacementID: r.PlacementID, PersonID: r.PersonID, Complete: r.Complete, Share: r.Share, Points: r.Points,
		Time: time.Duration(r.Present), Needed: time.Duration(r.Needed), TrueAt: r.TrueAt.time(), Sends: r.Sends,
	}
}

const selectResult = `
	SELECT r.placement_id, r.person_id, r.complete, r.share, r.points, r.present, r.needed, r.true_at, r.sends FROM results r `

// RoomResults returns the results of all placements that lead to the room.
func (db *DB) RoomResults(ctx context.Context, roomID string) ([]classroom.Result, error) {
	var rows []resultRow
	err := db.reads().list(ctx, &rows, selectResult+`
		JOIN placements p ON p.id = r.placement_id WHERE p.room_id = ? ORDER BY r.placement_id, r.person_id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("results of room %s: %w", roomID, err)
	}
	return each(rows, resultRow.result), nil
}

// RoomDeliveries returns the ledger of all placements that lead to the room.
func (db *DB) RoomDeliveries(ctx context.Context, roomID string) ([]classroom.Delivery, error) {
	var rows []deliveryRow
	err := db.reads().list(ctx, &rows, selectDelivery+`
		JOIN placements p ON p.id = d.placement_id WHERE p.room_id = ? ORDER BY d.placement_id, d.person_id`, roomID)
	if err != nil {
		return nil, fmt.Errorf("deliveries of room %s: %w", roomID, err)
	}
	return each(rows, deliveryRow.delivery), nil
}
