package classroom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// asBefore is a for a link that leads where it led.
func asBefore(l lti.Launch, a Arrival) Arrival {
	a.AsBefore = true
	a.Placement = Placement{ResourceLinkID: l.ResourceLink.ID, Named: roomNamed(l), Notices: LinkNotices{Unusable: unusable(l.Custom, false, "")}}
	refresh(&a.Placement, l)
	return a
}

// place finds the link's placement and says where it leads, or proposes one
// and, unless it leads to a room that is there, its new room. It returns the
// placement as it was.
func (s *Rooms) place(ctx context.Context, tenant Tenant, l lti.Launch, a *Arrival) (Placement, error) {
	link := Link{RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID, ContextKey: a.Course.ContextKey, ResourceLinkID: l.ResourceLink.ID}
	known, err := s.Store.PlacementOf(ctx, link)
	switch {
	case errors.Is(err, ErrNotFound):
		a.Placement = Placement{
			ID: newID(), ResourceLinkID: l.ResourceLink.ID, NamedAt: l.IssuedAt,
			Terms: attendance.Terms{Since: s.Now()},
		}
		refresh(&a.Placement, l)
		return Placement{}, s.placeNew(ctx, tenant, l, a)
	case err != nil:
		return Placement{}, fmt.Errorf("placement of link %s: %w", link.ResourceLinkID, err)
	}
	a.Placement = known
	refresh(&a.Placement, l)
	return known, s.placeAgain(ctx, l, a)
}

// placeNew says where a link leads that wasn't there before.
func (s *Rooms) placeNew(ctx context.Context, tenant Tenant, l lti.Launch, a *Arrival) error {
	p, room := &a.Placement, s.newRoom(tenant, roomTitle(l))
	named, err := s.namedRoom(ctx, l)
	if err != nil {
		return err
	}
	named.note(a)
	switch old := named.room; named.in(a) {
	case roomUnknown:
		room.Rule = ruleOf(l.Custom, room.Rule)
	case roomUnclaimed: // nobody gets into a room of which nobody knows yet whose it is
		room.Settings, room.Rule = old.Settings, old.Rule
	case roomHere:
		p.RoomID, p.Rule = old.ID, old.Rule
		return nil
	case roomElsewhere: // a copied course: nothing of the old one is seen here but its settings
		room.Settings, room.Rule = old.Settings, old.Rule
		p.CopiedFrom = old.ID
	}
	p.RoomID, p.Rule, a.Room = room.ID, room.Rule, &room
	return nil
}

// placeAgain says where a known link leads: somewhere else only if its newest
// launch names another room than the ones before. One that names none, as
// links made by hand do, leaves all as it is.
func (s *Rooms) placeAgain(ctx context.Context, l lti.Launch, a *Arrival) error {
	p := &a.Placement
	if l.IssuedAt.Before(p.NamedAt) { // it was on its way while another came: what it says is old
		return nil
	}
	if id := roomNamed(l); id == "" || id == p.Named {
		p.Notices = p.Notices.With(unusable(l.Custom, id != "" && slices.Contains(p.Notices.Unusable, parameter("room", id)), id))
		return nil
	}
	named, err := s.namedRoom(ctx, l)
	if err != nil {
		return err
	}
	unnoted := p.NamedAt.IsZero() // seen last by a version that noted no names
	named.note(a)
	switch old := named.room; {
	case named.in(a) == roomHere:
		a.Moves = old.ID != p.RoomID
		p.RoomID, p.CopiedFrom = old.ID, ""
		if a.Moves {
			p.Rule = old.Rule
		}
	case named.in(a) == roomElsewhere && old.ID != p.RoomID && !unnoted:
		p.CopiedFrom, p.Notices.Late = old.ID, true
	}
	return nil
}

// A namedRoom is the room that a launch names; zero for none, and for one that
// isn't known in its deployment.
type namedRoom struct {
	id     string // as it was named
	room   Room
	course Course
	custom map[string]string
	at     time.Time
}

// whereabouts is where a named room is, as seen from a launch.
type whereabouts int

const (
	roomUnknown   whereabouts = iota
	roomHere                  // in the launch's course, or it comes there by this launch
	roomElsewhere             // in another course
	roomUnclaimed             // in none, and a learner's launch doesn't say which
)

func (n namedRoom) in(a *Arrival) whereabouts {
	switch {
	case n.room.ID == "":
		return roomUnknown
	case n.course.Provisional() && a.Enrolment.Role != Moderator:
		return roomUnclaimed
	case n.course.Provisional(), n.course.ContextKey == a.Course.ContextKey:
		return roomHere
	}
	return roomElsewhere
}

// note has the store keep what the launch says of its room.
func (n namedRoom) note(a *Arrival) {
	p := &a.Placement
	p.Notices = p.Notices.With(unusable(n.custom, n.id != "" && n.room.ID == "", n.id))
	where := n.in(a)
	if where == roomUnclaimed { // so the next launch asks again
		if n.room.Picked && a.Visit.CreatedAt.Sub(n.room.CreatedAt) > keepEvery {
			a.Keeps = n.room.ID
		}
		return
	}
	if n.room.Picked {
		a.Opens = n.room.ID
	}
	if where == roomHere && n.course.Provisional() {
		a.Claims = n.course.ID
	}
	p.Named, p.NamedAt = n.id, n.at
}

// roomNamed is the id of the room that a launch names: in its custom
// parameters or, for platforms that drop these (Chamilo 1.11), in the query of
// the address that we gave its link. The launch signs both; people write them
// by hand, too.
func roomNamed(l lti.Launch) string {
	if id := typed(l.Custom["room"]); id != "" {
		return id
	}
	target, err := url.Parse(l.TargetLinkURI)
	if err != nil {
		return ""
	}
	return typed(target.Query().Get("room"))
}

// mostRoomID is more than any id of a room has, in bytes.
const mostRoomID = 64

// namedRoom finds the room that the launch names.
func (s *Rooms) namedRoom(ctx context.Context, l lti.Launch) (namedRoom, error) {
	n := namedRoom{id: cut(roomNamed(l), mostRoomID+1), custom: l.Custom, at: l.IssuedAt}
	if n.id == "" || len(n.id) > mostRoomID {
		return n, nil
	}
	room, course, err := s.Store.RoomWithCourse(ctx, n.id)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return n, fmt.Errorf("room %s: %w", n.id, err)
	case course.RegistrationID == l.Registration.ID && course.DeploymentID == l.DeploymentID:
		n.room, n.course = room, course
	}
	return n, nil
}

func (s *Rooms) newRoom(tenant Tenant, title string) Room {
	return Room{
		ID: newID(), TenantID: tenant.ID, Title: title, MeetingID: bbb.NewMeetingID(),
		Settings: tenant.Defaults, Rule: tenant.Rule, CreatedAt: s.Now(),
	}
}

// refresh takes over what a launch tells of its link.
func refresh(p *Placement, l lti.Launch) {
	if l.ResourceLink.Title != "" {
		p.Title = cut(l.ResourceLink.Title, 255)
	}
	p.OpensClass = l.Custom["open"] == "class"
	p.Column = p.Told(l.Grades)
}

// roomTitle is what a link's new room is called: 2 to MaxTitle characters,
// as BigBlueButton wants a meeting's name.
func roomTitle(l lti.Launch) string {
	for _, title := range []string{l.ResourceLink.Title, l.Context.Title, l.Context.Label} {
		if title, ok := asTitle(title); ok {
			return title
		}
	}
	return "Classroom"
}

func asTitle(text string) (string, bool) {
	title := strings.TrimSpace(cut(strings.TrimSpace(text), MaxTitle))
	return title, utf8.RuneCountInString(title) >= 2
}

// Renamed is what r is called once a link to it is called now, and before it
// was called something else (empty: the link is new). A room goes along with
// the link whose name it has, unless its teacher has named it otherwise.
func (r Room) Renamed(before, now string) string {
	title, ok := asTitle(now)
	if r.Titled || !ok {
		return r.Title
	}
	if old, ok := asTitle(before); ok && old != r.Title {
		return r.Title
	}
	return title
}
