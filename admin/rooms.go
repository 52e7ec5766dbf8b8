package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// A RoomQuery says which rooms are wanted.
type RoomQuery struct {
	Tenants        []string // nil: of all
	Text           string   // part of the room's title, or of its course's title or label
	RegistrationID string
	After          string // id of the one after which to go on
	Most           int
}

// A RoomLine is a room with whose it is.
type RoomLine struct {
	ID, Title                string
	TenantID, RegistrationID string
	Platform, Course         string
	Live                     bool
	LastClass                time.Time // zero: none yet
	Links                    int
}

type roomFinder interface {
	FindRooms(context.Context, RoomQuery) ([]RoomLine, error)
	RoomLine(ctx context.Context, id string) (RoomLine, error)
	// TeacherSeat is a seat in the room as its teacher has one, of nobody.
	TeacherSeat(ctx context.Context, roomID string) (classroom.Seat, error)
	Record(context.Context, Entry) error
}

// Rooms are the classrooms of all courses.
type Rooms struct{ Store roomFinder }

// Find returns rooms that the actor may see.
func (r *Rooms) Find(ctx context.Context, by Actor, q RoomQuery) ([]RoomLine, error) {
	var err error
	if q.Tenants, err = tenantsFor(by, See); err != nil {
		return nil, err
	}
	list, err := r.Store.FindRooms(ctx, q)
	return list, about("rooms", err)
}

// Look is a room as its teacher sees it. The seat is nobody's: there is no visit
// to it, so nothing can be done by it. Who has looked is written down.
func (r *Rooms) Look(ctx context.Context, by Actor, id string) (classroom.Seat, error) {
	if !by.Somewhere(See) {
		return classroom.Seat{}, ErrForbidden
	}
	line, err := r.Store.RoomLine(ctx, id)
	if err == nil && !by.Can(See, line.TenantID) {
		err = ErrNotFound
	}
	if err != nil {
		return classroom.Seat{}, fmt.Errorf("room %s: %w", id, err)
	}
	seat, err := r.Store.TeacherSeat(ctx, id)
	if err != nil {
		return classroom.Seat{}, fmt.Errorf("room %s: %w", id, err)
	}
	e := Entry{Did: "room.look", What: line.Title, TenantID: line.TenantID}
	if err := r.Store.Record(By(ctx, by), e); err != nil {
		return classroom.Seat{}, fmt.Errorf("room %s: %w", id, err)
	}
	return seat, nil
}
