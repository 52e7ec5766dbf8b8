package classroom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// teachesFor is how long a launch as a teacher says that somebody teaches in
	// a course, to other courses. Who is asked for a newer one clicks once.
	teachesFor = 30 * 24 * time.Hour

	askedFor = 14 * 24 * time.Hour // a question that nobody answers is no more
	asksMost = 10                  // open questions to one room
)

// A ShareRequest asks the teachers of a room's course to let a link that was
// copied into another course lead to the room.
type ShareRequest struct {
	PlacementID string // the link's; it asks once at a time
	RoomID      string
	PersonID    string // who asks
	AskedAt     time.Time
	ExpiresAt   time.Time
	Refused     bool
}

// A Question is an open request, as the room's teachers read it.
type Question struct {
	ShareRequest
	Asker  Person
	Course Course // that the link was copied into
}

// Sharing is what may be done about a copied link, and what was.
type Sharing struct {
	May     bool // lead it to the old course's room
	MayAsk  bool // the teachers there for it
	Asked   bool // they haven't answered yet
	Refused bool // they said no
}

// real reports whether the course is one of the platform. One that rests on a
// link, or on nothing, may be anybody's: nothing is shared by it.
func (c Course) real() bool {
	id, ok := strings.CutPrefix(c.ContextKey, "context:")
	return ok && id != ""
}

// Adopt ends the question that a copied link leaves: share lets the link lead
// to the old course's room, else it keeps its new one. To share, the person
// must moderate the old course as well, by a recent launch.
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
		if err := s.mayShare(ctx, seat); err != nil {
			return err
		}
		roomID = from
	}
	if err := s.Store.MovePlacement(ctx, seat.Placement.ID, roomID); err != nil {
		return fmt.Errorf("placement %s to room %s: %w", seat.Placement.ID, roomID, err)
	}
	return nil
}

// mayShare is ErrForbidden unless the seat's person teaches in the course that
// the link was copied from, by a recent launch.
func (s *Rooms) mayShare(ctx context.Context, seat Seat) error {
	course, err := s.copiedFrom(ctx, seat)
	if err != nil {
		return err
	}
	if course.Provisional() { // having made a room in the picker is no role in a course
		return ErrForbidden
	}
	e, err := s.Store.Enrolment(ctx, course.ID, seat.Person.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrForbidden
	case err != nil:
		return fmt.Errorf("teacher of course %s: %w", course.ID, err)
	case e.Role != Moderator, s.Now().Sub(e.SeenAt) > teachesFor:
		return ErrForbidden
	}
	return nil
}

// copiedFrom is the course that the seat's link was copied from. It is
// ErrForbidden if nothing can be shared between the two.
func (s *Rooms) copiedFrom(ctx context.Context, seat Seat) (Course, error) {
	_, course, err := s.Store.RoomWithCourse(ctx, seat.Placement.CopiedFrom)
	if errors.Is(err, ErrNotFound) {
		return Course{}, ErrForbidden
	}
	if err != nil {
		return Course{}, fmt.Errorf("room %s: %w", seat.Placement.CopiedFrom, err)
	}
	if !course.real() || !seat.Course.real() || course.RegistrationID != seat.Course.RegistrationID {
		return Course{}, ErrForbidden
	}
	return course, nil
}

// Sharing says what the seat's person may do about a copied link.
func (s *Rooms) Sharing(ctx context.Context, seat Seat) (Sharing, error) {
	if seat.May(Change) != nil || seat.Placement.CopiedFrom == "" {
		return Sharing{}, nil
	}
	if _, err := s.copiedFrom(ctx, seat); err != nil {
		return Sharing{}, unlessForbidden(err)
	}
	err := s.mayShare(ctx, seat)
	if unlessForbidden(err) != nil {
		return Sharing{}, err
	}
	sharing := Sharing{May: err == nil}
	request, err := s.Store.ShareRequest(ctx, seat.Placement.ID)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return Sharing{}, fmt.Errorf("request of placement %s: %w", seat.Placement.ID, err)
	case request.RoomID == seat.Placement.CopiedFrom && s.Now().Before(request.ExpiresAt):
		sharing.Asked, sharing.Refused = !request.Refused, request.Refused
	}
	sharing.MayAsk = !sharing.May && !sharing.Asked && !sharing.Refused
	return sharing, nil
}

func unlessForbidden(err error) error {
	if errors.Is(err, ErrForbidden) {
		return nil
	}
	return err
}

// AskToShare asks the teachers of the course that the link was copied from.
// Who has asked already, and wasn't answered with no, has asked. It is
// ErrTooMany if they have enough to answer.
func (s *Rooms) AskToShare(ctx context.Context, seat Seat) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	sharing, err := s.Sharing(ctx, seat)
	switch {
	case err != nil:
		return err
	case seat.Placement.CopiedFrom == "", sharing.Asked:
		return nil
	case !sharing.MayAsk:
		return ErrForbidden
	}
	now := s.Now()
	err = s.Store.AskToShare(ctx, ShareRequest{
		PlacementID: seat.Placement.ID, RoomID: seat.Placement.CopiedFrom, PersonID: seat.Person.ID,
		AskedAt: now, ExpiresAt: now.Add(askedFor),
	}, asksMost)
	if err != nil {
		return fmt.Errorf("ask for room %s: %w", seat.Placement.CopiedFrom, err)
	}
	return nil
}

// Questions are the open requests for the seat's room, oldest first. Its own
// course's teachers answer them, not those of a course that shares it.
func (s *Rooms) Questions(ctx context.Context, seat Seat) ([]Question, error) {
	if seat.May(Change) != nil || seat.Course.ID != seat.Room.CourseID || !seat.Course.real() {
		return nil, nil
	}
	questions, err := s.Store.Questions(ctx, seat.Room.ID, s.Now())
	if err != nil {
		return nil, fmt.Errorf("requests for room %s: %w", seat.Room.ID, err)
	}
	return questions, nil
}

// AnswerShare answers one of Questions: with yes, the link leads to the room
// from now on. It is ErrNotFound for what isn't asked, or isn't any more.
func (s *Rooms) AnswerShare(ctx context.Context, seat Seat, placementID string, yes bool) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	questions, err := s.Questions(ctx, seat)
	if err != nil {
		return err
	}
	for _, q := range questions {
		if q.PlacementID != placementID {
			continue
		}
		if err := s.Store.AnswerShare(ctx, q.ShareRequest, yes, s.Now()); err != nil {
			return fmt.Errorf("answer placement %s: %w", placementID, err)
		}
		s.wake()
		return nil
	}
	return fmt.Errorf("request of placement %s: %w", placementID, ErrNotFound)
}
