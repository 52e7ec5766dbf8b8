package classroom

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// A lesson is a random story of a room, step by step.
type lesson struct {
	*books
	t      *testing.T
	random *rand.Rand
	now    time.Time
	s      *Classes
}

func newLesson(t *testing.T, seed uint64) *lesson {
	b, s := class(halfAnHour)
	l := &lesson{books: b, t: t, random: rand.New(rand.NewPCG(seed, 11)), now: nine(0), s: s}
	second := b.placements[0]
	second.ID, second.Rule = "p2", attendance.Rule{Measure: attendance.Percent, Need: 50, Points: 5, InTotal: true, Proportional: true}
	b.placements = append(b.placements, second)
	b.decisions = attendance.Decisions{Moved: map[string]map[string]string{}, AllLinks: map[string]bool{}, Graded: map[string]string{}}
	b.now = func() time.Time { return l.now }
	s.Now = b.now
	return l
}

func (l *lesson) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// one is any of the meetings, or none.
func (l *lesson) one() *attendance.Meeting {
	if len(l.meetings) == 0 {
		return nil
	}
	return &l.meetings[l.random.IntN(len(l.meetings))]
}

func (l *lesson) some() []string {
	return slices.DeleteFunc([]string{"ann", "bob", "cy", "dan", "teacher", "w_stranger"}, func(string) bool { return l.random.IntN(3) == 0 })
}

// steps are all that may happen. Each is of one meeting, which may be nil.
var steps = map[string]func(*lesson, *attendance.Meeting){
	"a meeting": func(l *lesson, _ *attendance.Meeting) {
		m := attendance.Meeting{ID: l.id("m"), RoomID: "room", ServerID: "s1", CreateTime: l.now, PlacementID: []string{"", "p1", "p2"}[l.random.IntN(3)]}
		m.InternalID, m.ClockOffset = "in-"+m.ID, time.Duration(l.random.IntN(2))*time.Minute
		_, _, err := l.RecordMeeting(l.t.Context(), m, l.now)
		l.ok(err)
	},
	"a look": func(l *lesson, m *attendance.Meeting) {
		if m != nil {
			l.ok(l.KeepPoll(l.t.Context(), m.ID, pollBody(l.some()...), l.now))
		}
	},
	"an end": func(l *lesson, m *attendance.Meeting) {
		if m != nil {
			l.ok(l.EndMeeting(l.t.Context(), m.ID, l.now, l.now.Add(2*time.Minute)))
		}
	},
	"a report": func(l *lesson, m *attendance.Meeting) {
		if m == nil {
			return
		}
		from := m.CreateTime.Sub(nine(0)).Minutes()
		stays := map[string][]stretch{}
		for _, p := range l.some() {
			begin := from + l.random.Float64()*30
			stays[p] = []stretch{{begin, begin + l.random.Float64()*60}}
		}
		_, err := l.KeepEvidence(l.t.Context(), attendance.Evidence{
			ID: l.id("e"), MeetingID: m.ID, Source: attendance.Analytics, At: l.now, Until: l.now,
			Body: reportBody(m.InternalID, from, from+90, stays),
		}, l.now)
		l.ok(err)
		l.ok(l.EndMeeting(l.t.Context(), m.ID, nine(from+90), l.now))
	},
	"it lives again": func(l *lesson, m *attendance.Meeting) {
		if m != nil && !m.EndedAt.IsZero() {
			_, err := l.ReviveMeeting(l.t.Context(), m.ID, l.now)
			l.ok(err)
		}
	},
	"a break is one": func(l *lesson, m *attendance.Meeting) {
		if m != nil {
			l.ok(l.PartMeeting(l.t.Context(), "room", m.ID, l.random.IntN(2) == 0))
		}
	},
	"a class is moved": func(l *lesson, m *attendance.Meeting) {
		if m != nil {
			l.decisions.Moved = maps.Clone(l.decisions.Moved)
			l.decisions.Moved[m.ID] = map[string]string{"c1": []string{"p1", "p2", "gone"}[l.random.IntN(3)]}
		}
	},
	"all for all": func(l *lesson, _ *attendance.Meeting) {
		l.decisions.AllLinks = map[string]bool{"c1": l.random.IntN(2) == 0}
	},
	"another rule": func(l *lesson, _ *attendance.Meeting) {
		rules := []attendance.Rule{{}, halfAnHour, anHour, {Measure: attendance.Percent, Need: 60, Points: 10, Proportional: true},
			{Measure: attendance.Minutes, Need: 90, Points: 10, InTotal: true}}
		answer := Answer{From: NextClass}
		if l.random.IntN(2) == 0 {
			answer.From = AllClasses
		}
		_ = l.ruled(rules[l.random.IntN(len(rules))], answer) // may ask first
	},
	"earlier classes": func(l *lesson, _ *attendance.Meeting) {
		p := &l.placements[l.random.IntN(2)]
		p.Terms.Since, p.Terms.Earlier = l.now, l.random.IntN(2) == 0
	},
	"somebody comes into the course": func(l *lesson, _ *attendance.Meeting) {
		l.people = append(l.people, Enrolment{CourseID: "c1", PersonID: []string{"dan", "w_stranger"}[l.random.IntN(2)], Role: Viewer, Graded: true})
	},
	"somebody is of another course that leaves": func(l *lesson, _ *attendance.Meeting) {
		l.people = slices.DeleteFunc(slices.Clone(l.people), func(e Enrolment) bool { return e.PersonID == "cy" || e.PersonID == "dan" })
	},
	"somebody teaches now": func(l *lesson, _ *attendance.Meeting) {
		l.people = append(l.people, Enrolment{CourseID: "c2", PersonID: "bob", Role: Moderator})
	},
	"grades arrive": func(l *lesson, _ *attendance.Meeting) { l.deliver() },
	"time":          func(*lesson, *attendance.Meeting) {},
}

// forgetful are the same books without what was kept of accounts.
func (b *books) forgetful() *books {
	c := newBooks()
	c.servers, c.rooms, c.platform, c.decisions, c.now = b.servers, b.rooms, b.platform, b.decisions, b.now
	c.meetings, c.evidence = slices.Clone(b.meetings), slices.Clone(b.evidence)
	c.people, c.placements = slices.Clone(b.people), slices.Clone(b.placements)
	c.deliveries, c.expected, c.settlement, c.settled = maps.Clone(b.deliveries), maps.Clone(b.expected), b.settlement, b.settled
	return c
}

// said is all that a settlement leaves behind.
func (b *books) said() any {
	return struct {
		Sessions    []attendance.Session
		SessionOf   map[string]string
		Attendances []attendance.Attendance
		Results     []attendance.Result
		Deliveries  map[gradebook.Key]gradebook.Delivery
		Expected    map[string][]Enrolment
		Meetings    []attendance.Meeting
	}{b.settlement.Sessions, b.settlement.SessionOf, b.attendances(), b.settlement.Results, b.deliveries, b.expected, b.meetings}
}

// Whatever happens in whatever order, a settlement that goes by what was kept
// comes to the same as one that reads all evidence.
func TestSettlesAsIfAllWereRead(t *testing.T) {
	names := slices.Sorted(maps.Keys(steps))
	for seed := range uint64(120) {
		l := newLesson(t, seed)
		var story []string
		for range 60 {
			name := names[l.random.IntN(len(names))]
			if l.random.IntN(2) == 0 { // mostly it is evidence
				name = "a look"
			}
			steps[name](l, l.one())
			story = append(story, name)
			l.now = l.now.Add(time.Duration(l.random.IntN(20)) * time.Minute)
			if l.random.IntN(3) > 0 {
				continue
			}
			all := l.forgetful()
			settle(t, l.s)
			settle(t, &Classes{Store: all, Now: l.s.Now, Interval: l.s.Interval})
			if diff := cmp.Diff(all.said(), l.said(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("seed %d (-all evidence +kept)\n%s\nafter %q", seed, diff, story)
			}
		}
	}
}

// Evidence is read of meetings of which something is new, and of those that
// live: of no other.
func TestOnlyWhatIsNewIsRead(t *testing.T) {
	b, s := class(halfAnHour)
	b.held("a", 0, 60, "ann", "bob", "w_stranger")
	b.held("b", 300, 360, "ann")
	b.held("c", 500, 0, "ann")
	read := func(what string, want ...string) {
		t.Helper()
		b.read = nil
		settle(t, s)
		if diff := cmp.Diff(want, b.read); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	read("at first", "a", "b", "c")
	read("nothing is new, but one lives", "c")
	kept := b.settled
	read("and the same again", "c")
	if b.settled != kept {
		t.Errorf("%d settlements were kept of nothing new", b.settled-kept)
	}
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 10}}})
	read("a report", "a", "c")
	if d := b.delivery("ann"); d.Points == 0 {
		t.Errorf("what the second class gave is gone: %+v", d)
	}
	b.placements[0].Rule = anHour
	read("another rule", "c")
	b.people = append(b.people, Enrolment{CourseID: "c1", PersonID: "zoe", Role: Viewer, Graded: true})
	read("somebody new", "c")
	b.people = append(b.people, Enrolment{CourseID: "c1", PersonID: "w_stranger", Role: Viewer, Graded: true})
	read("somebody whom polls had seen", "a", "c")
	delete(b.accounts, "b")
	read("what was kept is lost", "b", "c")
	lost := b.accounts["a"]
	lost.Packed = "\x00" + lost.Pack()[1:]
	b.accounts["a"] = lost
	read("what was kept is of another version", "a", "c")
	if n := len(b.attendances()); n != 5 {
		t.Errorf("%d attendances, want 3, 1 and 1", n)
	}
}

// What was read of a room that was never settled so stays read, however often
// its settling is broken off.
func TestFirstSettlingGoesOn(t *testing.T) {
	b, s := class(halfAnHour)
	for i := range 20 {
		b.held(fmt.Sprint("m", i), float64(100*i), float64(100*i+40), "ann")
	}
	calls := 0
	b.before = func(call string) error {
		if call == "EvidenceOf" {
			calls++
		}
		if calls%8 == 0 {
			return errDead
		}
		return nil
	}
	tries := 0
	for err := errDead; err != nil; tries++ {
		calls++
		_, err = s.Settle(t.Context(), "room")
		if tries > 10 {
			t.Fatal("it never ends")
		}
	}
	if len(b.read) != 20 || b.delivery("ann").Points == 0 {
		t.Errorf("%d meetings were read in %d tries; %+v", len(b.read), tries, b.delivery("ann"))
	}
}

// Somebody else settles the room while it is settled: what came later counts.
func TestSettledMeanwhile(t *testing.T) {
	b, s := class(halfAnHour)
	b.held("a", 0, 60, "ann")
	meanwhile := true
	b.before = func(call string) error {
		if call == "SaveSettlement" && meanwhile {
			meanwhile = false
			b.settled++
		}
		return nil
	}
	settle(t, s)
	if b.settled != 2 || b.delivery("ann").Points != 40 {
		t.Errorf("%d settlements, %+v", b.settled, b.delivery("ann"))
	}
}

// A meeting that ends while its account is made has ended in the next one.
func TestEndsWhileItIsSettled(t *testing.T) {
	b, s := class(halfAnHour)
	b.held("a", 0, 0, "ann")
	once := true
	b.before = func(call string) error {
		if m := &b.meetings[0]; call == "SaveAccount" && once {
			once = false
			m.EndedAt, m.CountsAt = nine(40), nine(42)
			b.news(m)
		}
		return nil
	}
	settle(t, s)
	if !b.meetings[0].Dirty {
		t.Error("that it has ended is forgotten")
	}
	settle(t, s)
	if got := b.settlement.Sessions[0]; got.EndedAt.IsZero() || b.meetings[0].Dirty {
		t.Errorf("session %+v", got)
	}
}

// The attendances of many classes are kept step by step; broken off between two
// steps, they are kept by the next settling.
func TestManyAttendancesInSteps(t *testing.T) {
	b, s := class(halfAnHour)
	for i := range 9 {
		b.held(fmt.Sprint("m", i), float64(200*i), float64(200*i+40), "ann")
	}
	steps := 0
	b.before = func(call string) error {
		if call == "SaveAttended" {
			if steps++; steps == 4 {
				return errDead
			}
		}
		return nil
	}
	if _, err := s.Settle(t.Context(), "room"); !errors.Is(err, errDead) {
		t.Fatalf("broken off: %v", err)
	}
	if n := len(b.attendances()); n != 5 {
		t.Errorf("%d attendances when it was broken off, want those of the two newest classes and of three more", n)
	}
	settle(t, s)
	if n := len(b.attendances()); n != 9 || steps != 4+2 || len(b.expected) != 9 {
		t.Errorf("%d attendances after %d steps, %d meetings of which it's known who was expected", n, steps, len(b.expected))
	}
}
