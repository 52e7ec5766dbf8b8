package classroom

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Seat returns the seat of a visit. browser is the cookie's value; roomID is
// the room that the address speaks of, empty for deep linking. Without a
// visitID it is the browser's newest visit to the room.
//
// It is ErrVisitOver for a visit that is over or another browser's, and a
// *MovedError if the room was its link's before. The seat comes with the
// error, for the page that says so, if that is ErrShut or ErrNotFound: the
// visit is about another room.
func (s *Rooms) Seat(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	hash := HashBrowser(browser)
	if visitID == "" && roomID != "" {
		id, err := s.Store.LatestVisit(ctx, hash, roomID)
		if err != nil {
			return Seat{}, noVisit(fmt.Errorf("newest visit to room %s: %w", roomID, err))
		}
		visitID = id
	}
	seat, err := s.visit(ctx, visitID, hash)
	if err != nil {
		return Seat{}, err
	}
	return s.current(ctx, seat, roomID)
}

// visit is the seat of a visit that is the browser's, be it over or not.
func (s *Rooms) visit(ctx context.Context, visitID, browserHash string) (Seat, error) {
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(seat.Visit.Browser), []byte(browserHash)) != 1 {
		return Seat{}, fmt.Errorf("another browser's: %w", ErrVisitOver)
	}
	return seat, nil
}

// windowsMost is how many windows of one launch have a visit of their own, each
// in another browser or in one that keeps no cookies: some clicks more than
// anybody makes. One more takes the place of the oldest.
const windowsMost = 20

// SeatByTicket is Seat for a new window, to which the frame's cookie doesn't
// come: the caller has checked a ticket of ours for the visit. The window's
// browser gets a visit of its own, one for each launch.
func (s *Rooms) SeatByTicket(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	var moved *MovedError
	switch seat, err = s.current(ctx, seat, roomID); {
	case errors.As(err, &moved):
		seat = moved.Seat
	case err != nil:
		return seat, err
	}
	hash := HashBrowser(browser)
	if seat.Visit.Browser == hash {
		return seat, err
	}
	if seat.Visit.LaunchID == "" {
		seat.Visit.LaunchID = seat.Visit.ID
	}
	seat.Visit.ID, seat.Visit.Browser, seat.Visit.CreatedAt, seat.Visit.SeenAt = newID(), hash, s.Now(), s.Now()
	if seat.Visit.ID, err = s.Store.OpenWindow(ctx, seat.Visit, windowsMost); err != nil {
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

// current is the seat with the rights that hold now. Whoever asks for it has a
// page open.
func (s *Rooms) current(ctx context.Context, seat Seat, roomID string) (Seat, error) {
	if err := s.goesOn(ctx, seat); err != nil {
		return Seat{}, err
	}
	seat.Visit.Role = seat.held()
	seat, err := s.housed(ctx, seat)
	if err != nil {
		return Seat{}, err
	}
	switch {
	case seat.Shut:
		return seat, fmt.Errorf("platform %s: %w", seat.Visit.RegistrationID, ErrShut)
	case seat.Room.ID == roomID:
		return seat, nil
	case roomID != "" && seat.Placement.Notices.LeftRoom == roomID:
		return Seat{}, &MovedError{seat}
	}
	return seat, fmt.Errorf("visit of another room: %w", ErrNotFound)
}

// housed is the seat with what its tenant says. Of a platform that is removed
// nobody says anything.
func (s *Rooms) housed(ctx context.Context, seat Seat) (Seat, error) {
	tenant, err := s.Store.Tenant(ctx, seat.Visit.RegistrationID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Seat{}, fmt.Errorf("tenant of %s: %w", seat.Visit.RegistrationID, err)
	}
	return seated(seat, tenant), nil
}

func seated(seat Seat, tenant Tenant) Seat {
	seat.Tenant, seat.Own = tenant, seat.Room.Settings
	seat.Room.Settings = tenant.In(seat.Own)
	if look := tenant.Look; look.LogoInClass && look.Logo != "" {
		seat.Room.Logo = LogoPath(tenant.ID, look.Logo)
	}
	return seat
}

// goesOn is ErrVisitOver unless the visit goes on, and notes now and then
// that it does.
func (s *Rooms) goesOn(ctx context.Context, seat Seat) error {
	now, v := s.Now(), seat.Visit
	if !now.Before(v.ExpiresAt) {
		return fmt.Errorf("since %v: %w", v.ExpiresAt, ErrVisitOver)
	}
	idle := now.Sub(v.SeenAt)
	if idle < seenEvery {
		return nil
	}
	if idle >= visitIdle {
		was, err := s.wasInClass(ctx, seat, now.Add(-visitIdle))
		if err != nil {
			return err
		}
		if !was {
			return fmt.Errorf("no page open since %v: %w", v.SeenAt, ErrVisitOver)
		}
	}
	if err := s.Store.SeeVisit(ctx, v.ID, now); err != nil {
		return fmt.Errorf("see visit: %w", err)
	}
	return nil
}

// wasInClass reports whether a look at the room's class has seen the person
// since. Most come right out of class, so the newest looks are asked first.
func (s *Rooms) wasInClass(ctx context.Context, seat Seat, since time.Time) (bool, error) {
	if !seat.Visit.Joined {
		return false, nil
	}
	const first, all = 4, 1000
	for _, most := range []int{first, all} {
		looks, err := s.Store.NewestLooks(ctx, seat.Room.ID, since, most)
		if err != nil {
			return false, fmt.Errorf("looks at room %s: %w", seat.Room.ID, err)
		}
		if slices.ContainsFunc(looks, func(e attendance.Evidence) bool {
			var report attendance.PollReport
			return json.Unmarshal(e.Body, &report) == nil && slices.Contains(report.People, seat.Person.ID)
		}) {
			return true, nil
		}
		if len(looks) < most {
			break
		}
	}
	return false, nil
}

// Alive notes that a page of the browser's visit is open, of whatever room.
// The errors are those of Seat.
func (s *Rooms) Alive(ctx context.Context, visitID, browser string) error {
	seat, err := s.visit(ctx, visitID, HashBrowser(browser))
	if err != nil {
		return err
	}
	_, err = s.current(ctx, seat, seat.Room.ID)
	return err
}

// Leave ends the browser's visit, and with it all that its person has open in
// this browser, or in windows that came from there: who sits here now is
// somebody else. Visits of others go on. It returns whom it was.
func (s *Rooms) Leave(ctx context.Context, visitID, browser string) (Visit, error) {
	seat, err := s.visit(ctx, visitID, HashBrowser(browser))
	if err != nil {
		return Visit{}, err
	}
	if err := s.Store.EndVisits(ctx, seat.Visit, s.Now()); err != nil {
		return Visit{}, fmt.Errorf("leave: %w", err)
	}
	return seat.Visit, nil
}

// A MovedError is of a visit to a room that its link has left since: the visit
// goes on in Seat's room.
type MovedError struct{ Seat Seat }

func (e *MovedError) Error() string { return "the link leads to room " + e.Seat.Room.ID + " now" }
