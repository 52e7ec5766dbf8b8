package classroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// countingStore is what says which classes count for which links.
type countingStore interface {
	RoomPlacements(ctx context.Context, roomID string) ([]Placement, error)
	RoomMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error)
	Decisions(ctx context.Context, roomID string) (attendance.Decisions, error)
}

// Link is what of p says which classes count for it.
func (p Placement) Link() attendance.Link {
	return attendance.Link{PlacementID: p.ID, CourseID: p.CourseID, Rule: p.Rule, Terms: p.Terms}
}

func countingOf(placements []Placement, meetings []attendance.Meeting, sessionOf map[string]string, d attendance.Decisions) attendance.Counting {
	links := make([]attendance.Link, len(placements))
	for i, p := range placements {
		links[i] = p.Link()
	}
	return attendance.CountingOf(links, meetings, sessionOf, d)
}

// A Counting says which classes of a room count for the links of one course.
type Counting struct {
	Own   Placement   // the seat's
	Links []Placement // those of the course that grade
	all   attendance.Counting
}

// AllLinks reports whether every class counts for each link, as a teacher of
// the course has said.
func (c Counting) AllLinks() bool { return c.all.AllLinks[c.Own.CourseID] }

// Several reports whether the course has more links with grades than one, so
// that a class may count for one and not for another.
func (c Counting) Several() bool { return len(c.Links) > 1 }

// LeftWith reports whether a class belongs to a link of the course that leads
// elsewhere by now.
func (c Counting) LeftWith(sessionID string) bool { return c.all.LeftWith(c.Own.CourseID, sessionID) }

// Counts reports whether a class counts for the seat's link. For one that
// grades nothing, every class does.
func (c Counting) Counts(sessionID string) bool {
	own := c.Own.Link()
	return !own.Grades() || c.all.Counts(own, sessionID)
}

// InForce reports whether a class counts by the rule that the seat's link has
// now, not by one before it.
func (c Counting) InForce(sessionID string) bool { return c.all.InForce(c.Own.Link(), sessionID) }

// For are the links for which a class counts.
func (c Counting) For(sessionID string) []Placement {
	var list []Placement
	for _, p := range c.Links {
		if c.all.Counts(p.Link(), sessionID) {
			list = append(list, p)
		}
	}
	return list
}

// Before reports whether a class began before the seat's link led to the room.
func (c Counting) Before(sessionID string) bool {
	class, ok := c.all.Classes[sessionID]
	return ok && class.From.Before(c.Own.Terms.Since)
}

// Counting says which classes of the seat's room count for the links of its
// course. Whoever may see the room may know.
func (s *Registers) Counting(ctx context.Context, seat Seat) (Counting, error) {
	if err := seat.May(See); err != nil {
		return Counting{}, err
	}
	placements, err := s.Store.RoomPlacements(ctx, seat.Room.ID)
	if err != nil {
		return Counting{}, fmt.Errorf("placements of room %s: %w", seat.Room.ID, err)
	}
	meetings, err := s.Store.RoomMeetings(ctx, seat.Room.ID)
	if err != nil {
		return Counting{}, fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	decisions, err := s.Store.Decisions(ctx, seat.Room.ID)
	if err != nil {
		return Counting{}, fmt.Errorf("decisions about room %s: %w", seat.Room.ID, err)
	}
	sessionOf := map[string]string{}
	for _, m := range meetings {
		if m.SessionID != "" {
			sessionOf[m.ID] = m.SessionID
		}
	}
	c := Counting{Own: seat.Placement, all: countingOf(placements, meetings, sessionOf, decisions)}
	for _, p := range placements {
		if p.CourseID == seat.Course.ID && p.Link().Grades() {
			c.Links = append(c.Links, p)
		}
	}
	return c, nil
}

// MoveClass has a class count for one link of the seat's course, whichever it
// was started through. It is ErrNotFound for a class or a link that isn't of
// the seat's room and course.
func (s *Rooms) MoveClass(ctx context.Context, seat Seat, sessionID, placementID string) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	to := Placement{ID: placementID, CourseID: seat.Course.ID, RoomID: seat.Room.ID}
	if err := s.Store.MoveClass(ctx, sessionID, to); err != nil {
		return fmt.Errorf("class %s to placement %s: %w", sessionID, placementID, err)
	}
	s.wake()
	return nil
}

// ShareClasses has every class of the room count for each link of the seat's
// course, or each again for its own.
func (s *Rooms) ShareClasses(ctx context.Context, seat Seat, all bool) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	if err := s.Store.ShareClasses(ctx, seat.Room.ID, seat.Course.ID, all); err != nil {
		return fmt.Errorf("classes of room %s for all links: %w", seat.Room.ID, err)
	}
	s.wake()
	return nil
}

// CountEarlier has the classes that were held before the seat's link led to
// the room count for it, too, or no longer.
func (s *Rooms) CountEarlier(ctx context.Context, seat Seat, earlier bool) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	if err := s.Store.CountEarlier(ctx, seat.Placement, earlier); err != nil {
		return fmt.Errorf("earlier classes for placement %s: %w", seat.Placement.ID, err)
	}
	s.wake()
	return nil
}

// From says which classes a changed rule counts.
type From string

// The answers to that.
const (
	Unasked    From = ""
	NextClass  From = "next" // those that begin from now on; what others have given stays
	AllClasses From = "all"  // all; who has less by it gets less
)

// An Answer is what a teacher says who was shown what a rule's change does.
type Answer struct {
	From From
	Seen Effect // what they were shown, if they say AllClasses
}

// An Effect is what belongs in the gradebook by a new rule, if it counts for
// all classes: of how many people more, and of how many less.
type Effect struct{ Gain, Lose int }

// An AffectedError is of a new rule that gives or takes points of classes that
// were held, until somebody says whether it shall.
type AffectedError struct{ Effect }

func (e *AffectedError) Error() string {
	return fmt.Sprintf("the rule gives %d people more and %d less", e.Gain, e.Lose)
}

// ruled is the seat's placement with a new rule, as the answer says, and which
// classes that counts; Unasked: it is no change. The error is an *AffectedError
// if somebody has to be asked.
func (s *Rooms) ruled(ctx context.Context, seat Seat, rule attendance.Rule, answer Answer) (Placement, From, error) {
	p := seat.Placement
	if rule == p.Rule && (answer.From != AllClasses || len(p.Terms.Past) == 0) {
		return p, Unasked, nil
	}
	l, err := load(ctx, s.Store, seat.Room.ID, nil)
	if err != nil {
		return p, Unasked, err
	}
	now := s.Now()
	attendance.Wait(l.accounts, now)
	tally := attendance.Count(seat.Room.ID, l.accounts)
	all := p.ruledBy(p.Link().ForAll(rule, now))
	effect := effectOf(l.shares(tally, now), l.with(all).shares(tally, now))
	switch {
	case answer.From == AllClasses && (answer.Seen == effect || effect == Effect{}):
		return all, AllClasses, nil
	case answer.From != NextClass && effect != Effect{}:
		return p, Unasked, &AffectedError{effect}
	case answer.From == NextClass || tally.GoesOn(): // a class that is on keeps its rule
		counting := countingOf(l.placements, l.meetings, tally.SessionOf, l.decisions)
		return p.ruledBy(counting.From(p.Link(), rule, now)), NextClass, nil
	}
	return all, AllClasses, nil
}

func (p Placement) ruledBy(l attendance.Link) Placement {
	p.Rule, p.Terms = l.Rule, l.Terms
	return p
}

// with is the ledger with another version of one placement.
func (l ledger) with(p Placement) ledger {
	l.placements = slices.Clone(l.placements)
	for i := range l.placements {
		if l.placements[i].ID == p.ID {
			l.placements[i].Rule, l.placements[i].Terms = p.Rule, p.Terms
		}
	}
	return l
}

// shares are the parts of all points that belong in the gradebook, by what has
// been planned and what is to be: of classes that are over.
func (l ledger) shares(tally attendance.Tally, now time.Time) map[gradebook.Key]float64 {
	_, plan := l.outcome(tally, false, now)
	shares := map[gradebook.Key]float64{}
	for _, d := range slices.Concat(l.deliveries, plan) {
		if d.Max > 0 {
			shares[gradebook.Key{PlacementID: d.PlacementID, PersonID: d.PersonID}] = d.Points / d.Max
		}
	}
	return shares
}

// leastShare is the smallest difference that is one: points have hundredths.
const leastShare = 1e-6

func effectOf(before, after map[gradebook.Key]float64) Effect {
	var e Effect
	for key := range before {
		if after[key] < before[key]-leastShare {
			e.Lose++
		}
	}
	for key := range after {
		if after[key] > before[key]+leastShare {
			e.Gain++
		}
	}
	return e
}
