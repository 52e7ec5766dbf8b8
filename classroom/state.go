package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Phase is what goes on in a room for one seat: always exactly one. Pages and
// those who poll are told the same.
type Phase string

// The phases. Who moderates is never told Full, and a learner who has to wait
// for a teacher isn't told that a class runs without one.
const (
	PhaseNoServer   Phase = "no_server"   // none is set up on which a class could begin
	PhaseDown       Phase = "down"        // the server doesn't answer, and we know nothing ourselves
	PhaseNotStarted Phase = "not_started" // no class
	PhaseStarting   Phase = "starting"    // it has just begun, and nobody is in
	PhaseRunning    Phase = "running"     // the seat's person can go in
	PhaseInside     Phase = "inside"      // they are in
	PhaseFull       Phase = "full"        // no place is left for them
	PhaseAway       Phase = "away"        // a class is on, and everybody, or every moderator, has left
	PhaseEnding     Phase = "ending"      // it was ended a moment ago, or isn't found, and isn't over by our records
	PhaseCounting   Phase = "counting"    // over a short while ago; who came isn't known for good yet
	PhaseEnded      Phase = "ended"       // over a short while ago, and counted
)

// Goes reports whether a class is on.
func (p Phase) Goes() bool {
	return slices.Contains([]Phase{PhaseStarting, PhaseRunning, PhaseInside, PhaseFull, PhaseAway}, p)
}

// A State is what goes on in a room, as one seat's person is concerned.
type State struct {
	Phase Phase
	Live  Live
	Class attendance.Session // the newest; zero: there was none, or the one that is over isn't listed yet
}

const (
	startingFor = 2 * time.Minute  // a class in which nobody is yet has just begun
	overFor     = 10 * time.Minute // a class is just over
)

// State says what goes on in the room of a seat.
func (s *Rooms) State(ctx context.Context, seat Seat) (State, error) {
	live, err := s.Live(ctx, seat.Room)
	if err != nil {
		return State{}, err
	}
	return s.stateOf(ctx, seat, live)
}

// Phase is State's, for those who poll: while a class is on, what our records
// say of it isn't asked.
func (s *Rooms) Phase(ctx context.Context, seat Seat) (Phase, error) {
	live, err := s.Live(ctx, seat.Room)
	if err != nil {
		return "", err
	}
	if p := live.phase(seat, s.Now()); p != "" {
		return p, nil
	}
	state, err := s.stateOf(ctx, seat, live)
	return state.Phase, err
}

// stateOf is the state with the newest class of our records.
func (s *Rooms) stateOf(ctx context.Context, seat Seat, live Live) (State, error) {
	class, ahead, err := s.Store.LastClass(ctx, seat.Room.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return State{}, fmt.Errorf("newest class of room %s: %w", seat.Room.ID, err)
	}
	if live.Over && !class.EndedAt.IsZero() { // the one before
		class = attendance.Session{}
	}
	return State{phaseOf(seat, live, class, s.Now(), ahead), live, class}, nil
}

// phaseOf is the phase by what is known of the room's meeting and of its newest
// class, whose server's clock is ahead of ours by so much.
func phaseOf(seat Seat, live Live, class attendance.Session, now time.Time, ahead time.Duration) Phase {
	if p := live.phase(seat, now); p != "" {
		return p
	}
	switch {
	case class.ID != "" && class.EndedAt.IsZero():
		return PhaseEnding
	case live.NoServer:
		return PhaseNoServer
	case class.ID == "" || now.Sub(class.EndedAt.Add(-ahead)).Abs() >= overFor:
		return PhaseNotStarted
	case class.Counting:
		return PhaseCounting
	}
	return PhaseEnded
}

// phase is the phase by what is known of the room's meeting; empty if there is
// none, and it depends on the class before.
func (l Live) phase(seat Seat, now time.Time) Phase {
	on := l.Meeting.ID != "" && !l.ending(now)
	switch {
	case l.Unknown:
		return PhaseDown
	case on && !l.Late && l.has(seat.Person.ID): // else they may have left since
		return PhaseInside
	case on && l.Admits(seat):
		if l.Full(seat) && !seat.Moderates() {
			return PhaseFull
		}
		return PhaseRunning
	case on && l.Running: // without a moderator
		return PhaseAway
	case on && now.Sub(l.Meeting.CreateTime.Add(-l.Meeting.ClockOffset)) < startingFor:
		return PhaseStarting
	case on:
		return PhaseAway
	case l.Over:
		return PhaseCounting
	case l.Meeting.ID != "":
		return PhaseEnding
	}
	return ""
}

// ending reports whether a teacher has ended the class a moment ago: it takes
// the server some seconds to send everybody out.
func (l Live) ending(now time.Time) bool {
	return !l.Meeting.StoppedAt.IsZero() && now.Sub(l.Meeting.StoppedAt) < endingFor
}

// has reports whether somebody is in the class.
func (l Live) has(personID string) bool {
	return slices.ContainsFunc(l.People, func(p Participant) bool { return p.PersonID == personID })
}
