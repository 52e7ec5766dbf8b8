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

// An InvalidError names the fields of a form that can't be taken as they are.
type InvalidError struct{ Fields []string }

func (e *InvalidError) Error() string {
	return "can't be taken: " + strings.Join(e.Fields, ", ")
}

// Change sets the room's title and settings and the placement's rule. They
// count from the next class on; so does the rule while a class is on, and else
// for past ones, too. If it would give or take points of those, nothing is
// changed until the answer says which classes it counts. It returns which it
// counts; Unasked: the rule is as it was.
//
// The error is an *InvalidError for all fields that can't be taken, or an
// *AffectedError.
func (s *Rooms) Change(ctx context.Context, seat Seat, title string, settings Settings, rule attendance.Rule, answer Answer) (From, error) {
	if err := seat.May(Change); err != nil {
		return Unasked, err
	}
	title, wrong := typedTitle(title)
	settings.Welcome = typed(settings.Welcome)
	wrong = append(wrong, seat.refused(settings)...)
	if wrong = append(append(wrong, settings.Wrong()...), rule.Wrong()...); wrong != nil {
		return Unasked, &InvalidError{wrong}
	}
	p, from, err := s.ruled(ctx, seat, rule, answer)
	if err != nil {
		return Unasked, fmt.Errorf("rule of placement %s: %w", seat.Placement.ID, err)
	}
	room := seat.Room
	if title != room.Title {
		ofLink, ok := asTitle(seat.Placement.Title)
		room.Titled = !ok || title != ofLink
	}
	// What the tenant has locked the room keeps as its own, for when it isn't any more.
	room.Title, room.Settings = title, take(settings, seat.Own, seat.Tenant.Locked)
	if err := s.Store.SaveSettings(ctx, room, p, from != Unasked); err != nil {
		return Unasked, fmt.Errorf("settings of room %s: %w", room.ID, err)
	}
	s.wake()
	return from, nil
}

// Locked is what is before the name of a setting in an InvalidError that its
// tenant has locked.
const Locked = "locked:"

// refused names the settings that the tenant has locked and that would be
// others than it says.
func (s Seat) refused(as Settings) []string {
	var wrong []string
	for _, name := range s.Tenant.Locked {
		if take(as, s.Room.Settings, []string{name}) != as {
			wrong = append(wrong, Locked+name)
		}
	}
	return wrong
}

// typedTitle is a title as a person has typed it, without blanks around, on
// one line, and names the field if no room can have it.
func typedTitle(text string) (title string, wrong []string) {
	title = strings.Join(strings.Fields(typed(text)), " ")
	if n := utf8.RuneCountInString(title); n < 2 || n > MaxTitle {
		return "", []string{"title"}
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

// Wrong names the settings that are out of bounds.
func (s Settings) Wrong() []string {
	var wrong []string
	if utf8.RuneCountInString(s.Welcome) > MaxWelcome || len(url.QueryEscape(s.Welcome)) > maxEscaped {
		wrong = append(wrong, "welcome")
	}
	if s.MaxParticipants < 0 || s.MaxParticipants > 10_000 {
		wrong = append(wrong, "max_participants")
	}
	if s.DurationMinutes < 0 || s.DurationMinutes > 24*60 {
		wrong = append(wrong, "duration")
	}
	return wrong
}
