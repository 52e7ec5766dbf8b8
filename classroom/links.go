package classroom

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// place finds the link's placement, or proposes one and, unless it leads to a
// room that is there, its new room.
func (s *Rooms) place(ctx context.Context, tenant Tenant, l lti.Launch) (Placement, *Room, error) {
	link := Link{RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID, ContextKey: contextKey(l), ResourceLinkID: l.ResourceLink.ID}
	p, err := s.Store.PlacementOf(ctx, link)
	switch {
	case err == nil:
		refresh(&p, l)
		return p, nil, nil
	case !errors.Is(err, ErrNotFound):
		return Placement{}, nil, fmt.Errorf("placement of link %s: %w", link.ResourceLinkID, err)
	}
	p = Placement{ID: newID(), ResourceLinkID: l.ResourceLink.ID, Terms: attendance.Terms{Since: s.Now()}}
	refresh(&p, l)
	room := s.newRoom(tenant, roomTitle(l))
	old, course, err := s.namedRoom(ctx, l)
	if err != nil {
		return Placement{}, nil, err
	}
	switch {
	case old.ID == "":
		room.Rule = ruleOf(l.Custom, room.Rule)
	case course.ContextKey == link.ContextKey:
		p.RoomID, p.Rule = old.ID, old.Rule
		return p, nil, nil
	default: // a copied course: nothing of the old one is seen here but its settings
		room.Settings, room.Rule = old.Settings, old.Rule
		p.CopiedFrom = old.ID
	}
	p.Rule = room.Rule
	return p, &room, nil
}

// namedRoom is the room that the link's custom parameter names, if it is one
// of the same deployment; else zero.
func (s *Rooms) namedRoom(ctx context.Context, l lti.Launch) (Room, Course, error) {
	id := l.Custom["room"]
	if id == "" || len(id) > 64 {
		return Room{}, Course{}, nil
	}
	room, course, err := s.Store.RoomWithCourse(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Room{}, Course{}, nil
	}
	if err != nil {
		return Room{}, Course{}, fmt.Errorf("room %s: %w", id, err)
	}
	if course.RegistrationID != l.Registration.ID || course.DeploymentID != l.DeploymentID {
		return Room{}, Course{}, nil
	}
	return room, course, nil
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
		if title = cut(strings.TrimSpace(title), MaxTitle); len([]rune(title)) >= 2 {
			return title
		}
	}
	return "Classroom"
}

// ruleOf reads the rule of a link made by hand: complete_minutes or
// complete_percent. What can't be read leaves the default.
func ruleOf(custom map[string]string, standard attendance.Rule) attendance.Rule {
	if n, err := strconv.Atoi(strings.TrimSpace(custom["complete_minutes"])); err == nil {
		if r := (attendance.Rule{Measure: attendance.Minutes, Need: n, Points: DefaultPoints}); r.Wrong() == "" {
			return r
		}
	}
	if n, err := strconv.Atoi(strings.TrimRight(strings.TrimSpace(custom["complete_percent"]), " %")); err == nil {
		if r := (attendance.Rule{Measure: attendance.Percent, Need: n, Points: DefaultPoints}); r.Wrong() == "" {
			return r
		}
	}
	return standard
}

// DefaultPoints are what a rule is worth that says nothing of points.
const DefaultPoints = 100
