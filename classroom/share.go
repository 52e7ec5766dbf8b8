package classroom

import (
	"context"
	"errors"
	"fmt"
)

// Adopt ends the question that a copied link leaves: share lets the link lead
// to the old course's room, else it keeps its new one. To share, the person
// must moderate the old course as well.
func (s *Rooms) Adopt(ctx context.Context, seat Seat, share bool) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	from := seat.Placement.CopiedFrom
	if from == "" {
		return nil
	}
	roomID := seat.Room.ID
	if share {
		if err := s.mayShare(ctx, seat, from); err != nil {
			return err
		}
		roomID = from
	}
	if err := s.Store.MovePlacement(ctx, seat.Placement.ID, roomID); err != nil {
		return fmt.Errorf("placement %s to room %s: %w", seat.Placement.ID, roomID, err)
	}
	return nil
}

// MayShare reports whether the seat's person may let a copied link lead to
// the old course's room.
func (s *Rooms) MayShare(ctx context.Context, seat Seat) bool {
	return seat.May(Change) == nil && seat.Placement.CopiedFrom != "" && s.mayShare(ctx, seat, seat.Placement.CopiedFrom) == nil
}

func (s *Rooms) mayShare(ctx context.Context, seat Seat, roomID string) error {
	_, course, err := s.Store.RoomWithCourse(ctx, roomID)
	if err != nil {
		return fmt.Errorf("room %s: %w", roomID, err)
	}
	if course.Provisional() { // having made a room in the picker is no role in a course
		return ErrForbidden
	}
	e, err := s.Store.Enrolment(ctx, course.ID, seat.Person.ID)
	if errors.Is(err, ErrNotFound) || err == nil && e.Role != Moderator {
		return ErrForbidden
	}
	return err
}
