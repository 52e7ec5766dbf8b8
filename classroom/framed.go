package classroom

import (
	"context"
	"errors"
	"fmt"

	"github.com/bbbridge/bbbridge/lti"
)

// A FramedPick is how far a choice has come that is made in a window, for the
// frame which the platform opened: the platform takes an answer from there
// alone (Moodle 4.5), and the frame has no cookie.
type FramedPick struct {
	Seat  Seat // of the visit that began with the frame's launch
	Over  bool // that visit is
	Made  bool
	Items []lti.ContentItem // none: cancelled
}

// FramedPick finds what became of a launch's choice. It is ErrNotFound if the
// window was never opened.
func (s *Rooms) FramedPick(ctx context.Context, nonce string) (FramedPick, error) {
	visitID, items, err := s.Store.FramedPick(ctx, nonce)
	if err != nil {
		return FramedPick{}, fmt.Errorf("choice of a frame's launch: %w", err)
	}
	seat, err := s.Store.Seat(ctx, visitID)
	if err == nil {
		seat, err = s.current(ctx, seat, "")
	}
	if err == nil && items != nil { // no teacher by now
		err = seat.May(Pick)
	}
	if errors.Is(err, ErrVisitOver) || errors.Is(err, ErrNotFound) {
		return FramedPick{Over: true}, nil
	}
	return FramedPick{Seat: seat, Made: items != nil, Items: items}, err
}

// HandOver leaves what was chosen to the frame that waits for it.
func (s *Rooms) HandOver(ctx context.Context, seat Seat, items []lti.ContentItem) error {
	if err := seat.May(Pick); err != nil {
		return err
	}
	if err := s.Store.SaveFramedPick(ctx, seat.Visit.Frame, items); err != nil {
		return fmt.Errorf("choice of visit %s: %w", seat.Visit.ID, err)
	}
	return nil
}
