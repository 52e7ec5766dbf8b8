package classroom

import (
	"context"
	"fmt"
)

// Resend sends a person's grade once more, for a teacher who asks for it in
// the register of a session. It counts as of now. What somebody gave in the
// gradebook stays, unless the teacher wants it replaced.
//
// It is ErrForbidden, or ErrNotFound for somebody without a grade and for a
// session of another room.
func (s *Registers) Resend(ctx context.Context, seat Seat, sessionID, personID string, replaces bool) error {
	if err := s.mayResend(ctx, seat, sessionID); err != nil {
		return err
	}
	if err := s.Store.Resend(ctx, seat.Placement.ID, personID, replaces); err != nil {
		return fmt.Errorf("resend to placement %s: %w", seat.Placement.ID, err)
	}
	s.wake()
	return nil
}

// ResendAll sends all grades of the seat's link once more, for a teacher who
// asks for it in the register of a session. What somebody gave stays.
func (s *Registers) ResendAll(ctx context.Context, seat Seat, sessionID string) error {
	if err := s.mayResend(ctx, seat, sessionID); err != nil {
		return err
	}
	return s.resendAll(ctx, seat, false)
}

// NewColumn has a column made for the seat's link, since the one that we made
// was deleted and a teacher wants it back, and all grades sent there.
func (s *Registers) NewColumn(ctx context.Context, seat Seat) error {
	if err := seat.May(Resend); err != nil {
		return err
	}
	return s.resendAll(ctx, seat, true)
}

func (s *Registers) mayResend(ctx context.Context, seat Seat, sessionID string) error {
	if err := seat.May(Resend); err != nil {
		return err
	}
	if _, err := s.Store.Session(ctx, seat.Room.ID, sessionID); err != nil {
		return fmt.Errorf("session %s of room %s: %w", sessionID, seat.Room.ID, err)
	}
	return nil
}

func (s *Registers) resendAll(ctx context.Context, seat Seat, newColumn bool) error {
	if err := s.Store.ResendAll(ctx, seat.Placement.ID, newColumn); err != nil {
		return fmt.Errorf("resend all to placement %s: %w", seat.Placement.ID, err)
	}
	s.wake()
	return nil
}

func (s *Registers) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}
