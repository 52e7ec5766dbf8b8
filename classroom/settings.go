package classroom

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// An InvalidError names the field of a form that can't be taken as it is.
type InvalidError struct{ Field string }

func (e *InvalidError) Error() string { return "field " + e.Field + " can't be taken" }

// Change sets the room's title and settings and the placement's rule. They
// count from the next class on; the rule counts for past ones too.
// The error is an *InvalidError for the first field that can't be taken.
func (s *Rooms) Change(ctx context.Context, seat Seat, title string, settings Settings, rule attendance.Rule) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	title, err := typedTitle(title)
	if err != nil {
		return err
	}
	settings.Welcome = typed(settings.Welcome)
	if err := settings.Validate(); err != nil {
		return err
	}
	if field := rule.Wrong(); field != "" {
		return &InvalidError{field}
	}
	room := seat.Room
	room.Title, room.Settings = title, settings
	if err := s.Store.SaveSettings(ctx, room, seat.Placement.ID, rule, rule != seat.Placement.Rule); err != nil {
		return fmt.Errorf("settings of room %s: %w", room.ID, err)
	}
	s.wake()
	return nil
}

// typedTitle is a title as a person has typed it, without blanks around, on
// one line. It is an *InvalidError for one that no room can have.
func typedTitle(text string) (string, error) {
	title := strings.Join(strings.Fields(typed(text)), " ")
	if n := utf8.RuneCountInString(title); n < 2 || n > MaxTitle {
		return "", &InvalidError{"title"}
	}
	return title, nil
}

// typed is text as a person has typed or pasted it, without what isn't text:
// XML, in which BigBlueButton answers, and PostgreSQL have no place for that.
func typed(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(text)
}

// Validate is an *InvalidError for the first setting out of bounds.
func (s Settings) Validate() error {
	switch {
	case utf8.RuneCountInString(s.Welcome) > MaxWelcome, len(url.QueryEscape(s.Welcome)) > maxEscaped:
		return &InvalidError{"welcome"}
	case s.MaxParticipants < 0 || s.MaxParticipants > 10_000:
		return &InvalidError{"max_participants"}
	case s.DurationMinutes < 0 || s.DurationMinutes > 24*60:
		return &InvalidError{"duration"}
	}
	return nil
}
