package classroom

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// TestPhase has one phase for whatever may be known of a room, and none twice.
func TestPhase(t *testing.T) {
	now := nine(60)
	teacher := Seat{Person: Person{ID: "tea"}, Visit: Visit{Role: Moderator}}
	learner := Seat{Person: Person{ID: "ann"}, Visit: Visit{Role: Viewer}}
	starter := Seat{Person: Person{ID: "ann"}, Room: Room{Settings: Settings{LearnersMayStart: true}}}
	limited := func(s Seat, most int) Seat {
		s.Room.Settings.MaxParticipants = most
		return s
	}
	tea, ann, ben := Participant{PersonID: "tea", Moderator: true}, Participant{PersonID: "ann"}, Participant{PersonID: "ben"}
	on := func(began time.Duration, people ...Participant) Live {
		l := Live{Meeting: attendance.Meeting{ID: "m", InternalID: "i", CreateTime: now.Add(-began)}, People: people, Running: len(people) > 0}
		for _, p := range people {
			if p.Moderator {
				l.Moderators++
			}
		}
		return l
	}
	stopped := func(ago time.Duration, l Live) Live {
		l.Meeting.StoppedAt = now.Add(-ago)
		return l
	}
	late := func(l Live) Live {
		l.Late = true
		return l
	}
	ahead := on(time.Hour)
	ahead.Meeting.CreateTime, ahead.Meeting.ClockOffset = now.Add(5*time.Hour-time.Minute), 5*time.Hour
	class := func(ended time.Duration) attendance.Session {
		return attendance.Session{ID: "s", StartedAt: now.Add(-2 * time.Hour), EndedAt: now.Add(-ended)}
	}
	counting := class(time.Minute)
	counting.Counting = true
	open := attendance.Session{ID: "s", StartedAt: now.Add(-time.Hour)}
	none := attendance.Session{}
	for _, test := range []struct {
		name  string
		seat  Seat
		live  Live
		class attendance.Session
		ahead time.Duration
		want  Phase
	}{
		{"nothing is known", learner, Live{}, none, 0, PhaseNotStarted},
		{"no server", teacher, Live{NoServer: true}, none, 0, PhaseNoServer},
		{"the server was removed after class", teacher, Live{NoServer: true}, class(time.Minute), 0, PhaseNoServer},
		{"silent server", learner, Live{Unknown: true}, none, 0, PhaseDown},
		{"silent server, with a class as far as we know", teacher, Live{Unknown: true, Meeting: attendance.Meeting{ID: "m"}}, open, 0, PhaseDown},
		{"just begun, by the teacher", teacher, on(time.Minute), none, 0, PhaseStarting},
		{"just begun, for a learner", learner, on(time.Minute), open, 0, PhaseStarting},
		{"just begun by a clock that is ahead", learner, ahead, open, 0, PhaseStarting},
		{"nobody came, or all left", teacher, on(3 * time.Minute), open, 0, PhaseAway},
		{"nobody is in, for a learner", learner, on(3 * time.Minute), open, 0, PhaseAway},
		{"runs", teacher, on(time.Hour, tea, ann), open, 0, PhaseInside},
		{"runs without them", learner, on(time.Hour, tea, ben), open, 0, PhaseRunning},
		{"a teacher looks at another's class", Seat{Person: Person{ID: "second"}, Visit: Visit{Role: Moderator}}, on(time.Hour, tea, ben), open, 0, PhaseRunning},
		{"they are in", learner, on(time.Hour, tea, ann), open, 0, PhaseInside},
		{"they are in, and their teacher has left", learner, on(time.Hour, ann), open, 0, PhaseInside},
		{"without a teacher", learner, on(time.Hour, ben), open, 0, PhaseAway},
		{"without a teacher, just begun", learner, on(time.Second, ben), open, 0, PhaseAway},
		{"without a teacher, where none is needed", starter, on(time.Hour, ben), open, 0, PhaseRunning},
		{"full", limited(learner, 2), on(time.Hour, tea, ben), open, 0, PhaseFull},
		{"full, where learners may start", limited(starter, 1), on(time.Hour, ben), open, 0, PhaseFull},
		{"full with them in it", limited(learner, 2), on(time.Hour, tea, ann), open, 0, PhaseInside},
		{"they were in, and the server is silent since", learner, late(on(time.Hour, tea, ann)), open, 0, PhaseRunning},
		{"full when it was seen, and the server is silent since", limited(learner, 2), late(on(time.Hour, tea, ben)), open, 0, PhaseRunning},
		{"full isn't for teachers", limited(teacher, 1), on(time.Hour, ben), open, 0, PhaseRunning},
		{"ended a moment ago, and they are still in", learner, stopped(5*time.Second, on(time.Hour, tea, ann)), open, 0, PhaseEnding},
		{"ended, and it goes on all the same", learner, stopped(time.Minute, on(time.Hour, tea, ann)), open, 0, PhaseInside},
		{"ended and gone, by our records it isn't over", teacher, Live{Over: true}, open, 0, PhaseCounting},
		{"not found, by our records it isn't over", teacher, Live{}, open, 0, PhaseEnding},
		{"being counted", teacher, Live{}, counting, 0, PhaseCounting},
		{"over", teacher, Live{}, class(9 * time.Minute), 0, PhaseEnded},
		{"over for long", teacher, Live{}, class(10 * time.Minute), 0, PhaseNotStarted},
		{"counted for a day, for the server is silent", teacher, Live{}, func() attendance.Session { c := counting; c.EndedAt = now.Add(-time.Hour); return c }(), 0, PhaseNotStarted},
		{"over by a clock that is ahead", teacher, Live{}, class(time.Minute - 5*time.Hour), 5 * time.Hour, PhaseEnded},
		{"over for long by a clock that is behind", teacher, Live{}, class(time.Minute), -5 * time.Hour, PhaseNotStarted},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := phaseOf(test.seat, test.live, test.class, now, test.ahead); got != test.want {
				t.Errorf("phase %s, want %s", got, test.want)
			}
		})
	}
}
