package classroom

import (
	"context"
	"fmt"
	"slices"
)

// LinkNotices are what a teacher is to be told of a link, until they have
// seen it.
type LinkNotices struct {
	MovedFrom string      `json:"moved_from,omitempty"` // title of the room it led to, before other content was picked
	LeftRoom  string      `json:"left,omitempty"`       // id of that room; stays when MovedFrom was told
	Late      bool        `json:"late,omitempty"`       // CopiedFrom came when the link had a room already
	Unusable  []Parameter `json:"unusable,omitempty"`   // as the newest launch has them
	Seen      bool        `json:"seen,omitempty"`       // Unusable was told
}

// A Parameter is a custom parameter of a link. The value is cut.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// mostShown is how much of a parameter's value is kept, in characters.
const mostShown = 80

func parameter(name, value string) Parameter { return Parameter{name, cut(value, mostShown)} }

// Told is n once the teacher has seen it.
func (n LinkNotices) Told() LinkNotices {
	return LinkNotices{LeftRoom: n.LeftRoom, Late: n.Late, Unusable: n.Unusable, Seen: true}
}

// With is n for a link whose newest launch has these unusable parameters.
func (n LinkNotices) With(unusable []Parameter) LinkNotices {
	if !slices.Equal(n.Unusable, unusable) {
		n.Unusable, n.Seen = unusable, false
	}
	return n
}

// Noted ends the notices of the seat's link.
func (s *Rooms) Noted(ctx context.Context, seat Seat) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	if err := s.Store.SaveNotices(ctx, seat.Placement.ID, seat.Placement.Notices.Told()); err != nil {
		return fmt.Errorf("notices of placement %s: %w", seat.Placement.ID, err)
	}
	return nil
}
