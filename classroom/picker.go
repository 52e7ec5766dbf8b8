package classroom

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

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

// How long a room that was made in the picker waits for its link's first
// launch: most that wait longer were never put into a course.
const (
	unusedOffered = 7 * 24 * time.Hour  // until then the picker offers it
	UnusedKept    = 90 * 24 * time.Hour // until then it is there, for a launch that names it after all
	keepEvery     = 24 * time.Hour      // a learner's launch lets it wait longer, and not each of them writes
	picksMost     = 500                 // of one course wait at once
)

// Offer lists the rooms of the seat's course. There are none if the request
// named no course.
func (s *Rooms) Offer(ctx context.Context, seat Seat) ([]Room, error) {
	if err := seat.May(Pick); err != nil {
		return nil, err
	}
	if seat.Course.Provisional() {
		return nil, nil
	}
	rooms, err := s.Store.RoomsOfCourse(ctx, seat.Course.ID)
	if err != nil {
		return nil, fmt.Errorf("rooms of course %s: %w", seat.Course.ID, err)
	}
	return slices.DeleteFunc(rooms, func(r Room) bool { return r.Picked && s.Now().Sub(r.CreatedAt) > unusedOffered }), nil
}

// Proposed is what a new room is called unless the teacher says otherwise:
// what they have typed at the platform, or else what the course is called.
func Proposed(seat Seat) string {
	for _, text := range []string{seat.Visit.DeepLinking.Title, seat.Course.Title} {
		if title, ok := asTitle(strings.Join(strings.Fields(typed(text)), " ")); ok {
			return title
		}
	}
	return ""
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
	if len(items) == 1 {
		keepTyped(&items[0], choice, seat)
	}
	return items, nil
}

// keepTyped gives the only item what the teacher has typed at the platform,
// as it came: an item without it would erase it there (Moodle 4.5).
func keepTyped(item *lti.ContentItem, choice Choice, seat Seat) {
	settings := seat.Visit.DeepLinking
	item.Text = settings.Text
	if strings.TrimSpace(settings.Title) != "" && (choice.New == nil || item.Title == Proposed(seat)) {
		item.Title = settings.Title
	}
}

func (s *Rooms) makeRoom(ctx context.Context, seat Seat, wish NewRoom) (Room, error) {
	title, wrong := typedTitle(wish.Title)
	if wrong = append(wrong, wish.Rule.Wrong()...); wrong != nil {
		return Room{}, &InvalidError{wrong}
	}
	tenant, err := s.Store.Tenant(ctx, seat.Visit.RegistrationID)
	if err != nil {
		return Room{}, fmt.Errorf("tenant of %s: %w", seat.Visit.RegistrationID, err)
	}
	room := s.newRoom(tenant, title)
	room.CourseID, room.Rule, room.Picked = seat.Course.ID, wish.Rule, true
	if !tenant.Locks(LockRecord) {
		room.Settings.Record = wish.Record
	}
	if err := s.Store.AddPicked(ctx, room, picksMost); err != nil {
		return Room{}, fmt.Errorf("new room of course %s: %w", seat.Course.ID, err)
	}
	return room, nil
}

// iconPath is where the picture of our links is.
const iconPath = "/static/icon-128.png"

// contentItem is the link to a room. The room stands in the custom parameters,
// which each launch signs, and in the address, for platforms that drop these.
// So does its rule, for copies at a place that doesn't know the room.
func (s *Rooms) contentItem(room Room) lti.ContentItem {
	item := lti.ContentItem{
		URL: s.PublicURL + "/lti/launch?room=" + url.QueryEscape(room.ID), Title: room.Title,
		Icon:   &lti.Icon{URL: s.PublicURL + iconPath, Width: 128, Height: 128},
		Window: &lti.Window{TargetName: "_blank"}, Custom: customOf(room.Rule),
	}
	item.Custom["room"] = room.ID
	if room.Rule.Measure != attendance.NoMeasure {
		item.LineItem = &lti.ItemLineItem{Label: room.Title, ScoreMaximum: room.Rule.Points, ResourceID: room.ID, Tag: "attendance"}
	}
	return item
}
