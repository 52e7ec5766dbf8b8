package classroom

import (
	"context"
	"fmt"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// A Choice is what a teacher picks for a deep link: rooms of the course, or
// one new room, or nothing at all (they cancelled).
type Choice struct {
	RoomIDs []string
	New     *NewRoom
}

// A NewRoom is a room to be made for a deep link.
type NewRoom struct {
	Title  string
	Record bool
	Rule   attendance.Rule
}

// Offer lists the rooms of the seat's course.
func (s *Rooms) Offer(ctx context.Context, seat Seat) ([]Room, error) {
	if err := seat.May(Pick); err != nil {
		return nil, err
	}
	rooms, err := s.Store.RoomsOfCourse(ctx, seat.Course.ID)
	if err != nil {
		return nil, fmt.Errorf("rooms of course %s: %w", seat.Course.ID, err)
	}
	return rooms, nil
}

// Picked makes what has to be made and returns the content items for the
// platform, in the order chosen. Only one comes back if it takes no more.
func (s *Rooms) Picked(ctx context.Context, seat Seat, choice Choice) ([]lti.ContentItem, error) {
	rooms, err := s.Offer(ctx, seat)
	if err != nil {
		return nil, err
	}
	byID := map[string]Room{}
	for _, room := range rooms {
		byID[room.ID] = room
	}
	var picked []Room
	for _, id := range choice.RoomIDs {
		room, ok := byID[id]
		if !ok {
			return nil, fmt.Errorf("room %s of course %s: %w", id, seat.Course.ID, ErrNotFound)
		}
		picked = append(picked, room)
	}
	if choice.New != nil {
		room, err := s.makeRoom(ctx, seat, *choice.New)
		if err != nil {
			return nil, err
		}
		picked = append(picked, room)
	}
	if len(picked) > 1 && !seat.Visit.DeepLinking.AcceptMultiple {
		picked = picked[:1]
	}
	items := make([]lti.ContentItem, len(picked))
	for i, room := range picked {
		items[i] = s.contentItem(room)
	}
	return items, nil
}

func (s *Rooms) makeRoom(ctx context.Context, seat Seat, wish NewRoom) (Room, error) {
	title, err := typedTitle(wish.Title)
	if err != nil {
		return Room{}, err
	}
	if field := wish.Rule.Wrong(); field != "" {
		return Room{}, &InvalidError{field}
	}
	tenant, err := s.Store.Tenant(ctx, seat.Visit.RegistrationID)
	if err != nil {
		return Room{}, fmt.Errorf("tenant of %s: %w", seat.Visit.RegistrationID, err)
	}
	room := s.newRoom(tenant, title)
	room.CourseID, room.Settings.Record, room.Rule = seat.Course.ID, wish.Record, wish.Rule
	if err := s.Store.AddRooms(ctx, []Room{room}); err != nil {
		return Room{}, fmt.Errorf("new room of course %s: %w", seat.Course.ID, err)
	}
	return room, nil
}

// contentItem is the link to a room. Its address is the same for every room:
// the room stands in the signed custom parameter.
func (s *Rooms) contentItem(room Room) lti.ContentItem {
	item := lti.ContentItem{
		URL: s.PublicURL + "/lti/launch", Title: room.Title,
		Window: &lti.Window{TargetName: "_blank"}, Custom: map[string]string{"room": room.ID},
	}
	if room.Rule.Measure != attendance.NoMeasure {
		item.LineItem = &lti.ItemLineItem{Label: room.Title, ScoreMaximum: room.Rule.Points, ResourceID: room.ID, Tag: "attendance"}
	}
	return item
}
