package classroom

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
)

// Seat returns the seat of a visit. browser is the cookie's value; roomID is
// the room that the address speaks of, empty for deep linking. Without a
// visitID it is the browser's newest visit to the room.
//
// It is ErrVisitOver for a visit that is over or another browser's, and
// ErrNotFound for one that is about another room, or a *MovedError if that was
// its link's room before.
func (s *Rooms) Seat(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	hash := HashBrowser(browser)
	if visitID == "" && roomID != "" {
		id, err := s.Store.LatestVisit(ctx, hash, roomID)
		if err != nil {
			return Seat{}, noVisit(fmt.Errorf("newest visit to room %s: %w", roomID, err))
		}
		visitID = id
	}
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(seat.Visit.Browser), []byte(hash)) != 1 {
		return Seat{}, fmt.Errorf("another browser's: %w", ErrVisitOver)
	}
	return s.current(seat, roomID)
}

// SeatByTicket is Seat for a new window, to which the frame's cookie doesn't
// come: the caller has checked a ticket of ours for the visit. The window's
// browser gets a visit of its own.
func (s *Rooms) SeatByTicket(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	var moved *MovedError
	switch seat, err = s.current(seat, roomID); {
	case errors.As(err, &moved):
		seat = moved.Seat
	case err != nil:
		return Seat{}, err
	}
	hash := HashBrowser(browser)
	if seat.Visit.Browser == hash {
		return seat, err
	}
	seat.Visit.ID, seat.Visit.Browser, seat.Visit.CreatedAt = newID(), hash, s.Now()
	if err := s.Store.AddVisit(ctx, seat.Visit); err != nil {
		return Seat{}, fmt.Errorf("visit of a new window: %w", err)
	}
	if moved != nil {
		return Seat{}, &MovedError{seat}
	}
	return seat, nil
}

// noVisit makes of a visit that isn't found one that is over: the person came
// without it, or too late.
func noVisit(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrVisitOver, err)
	}
	return err
}

func (s *Rooms) current(seat Seat, roomID string) (Seat, error) {
	if !s.Now().Before(seat.Visit.ExpiresAt) {
		return Seat{}, fmt.Errorf("since %v: %w", seat.Visit.ExpiresAt, ErrVisitOver)
	}
	switch {
	case seat.Room.ID == roomID:
		return seat, nil
	case roomID != "" && seat.Placement.Notices.LeftRoom == roomID:
		return Seat{}, &MovedError{seat}
	}
	return Seat{}, fmt.Errorf("visit of another room: %w", ErrNotFound)
}

// A MovedError is of a visit to a room that its link has left since: the visit
// goes on in Seat's room.
type MovedError struct{ Seat Seat }

func (e *MovedError) Error() string { return "the link leads to room " + e.Seat.Room.ID + " now" }
