package classroom

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// booked is a store of which the books keep all that matters for classes.
type booked struct {
	*books
	elsewhere
}

type elsewhere struct{ roomStore }

// ruled is the room of class, in which a teacher changes the rule of the first
// placement.
func (b *books) ruled(rule attendance.Rule, answer Answer) error {
	rooms := &Rooms{Store: booked{books: b}, Now: b.now}
	seat := Seat{Visit: Visit{Role: Moderator}, Room: b.rooms[0], Course: Course{ID: "c1"}, Placement: b.placements[0]}
	seat.Room.Title = "Seminar"
	_, err := rooms.Change(context.Background(), seat, "Seminar", Settings{}, rule, answer)
	return err
}

// deliver has all that waits in the gradebook.
func (b *books) deliver() {
	for key, d := range b.deliveries {
		d.State, d.SentStamp, d.SentAt, d.SentPoints = gradebook.Delivered, d.TrueAt, d.TrueAt, d.Points
		b.deliveries[key] = d
	}
}

func (b *books) points(placement, person string) float64 {
	return b.deliveries[gradebook.Key{PlacementID: placement, PersonID: person}].Points
}

var (
	halfAnHour = attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 40}
	anHour     = attendance.Rule{Measure: attendance.Minutes, Need: 60, Points: 40}
)

func TestANewRuleAsksFirst(t *testing.T) {
	for _, test := range []struct {
		name      string
		was, rule attendance.Rule
		want      Effect
	}{
		{"takes", halfAnHour, anHour, Effect{Lose: 1}},
		{"gives", anHour, halfAnHour, Effect{Gain: 1}},
		{"takes and gives", attendance.Rule{Measure: attendance.Minutes, Need: 35, Points: 10, Proportional: true}, halfAnHour, Effect{Gain: 1, Lose: 1}},
		{"a first rule gives", attendance.Rule{}, halfAnHour, Effect{Gain: 1}},
		{"other points are worth the same", halfAnHour, attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 7}, Effect{}},
		{"nobody is near it", halfAnHour, attendance.Rule{Measure: attendance.Minutes, Need: 29, Points: 40}, Effect{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s := class(test.was)
			b.held("a", 0, 60)
			b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 34}}, "bob": {{0, 20}}, "teacher": {{0, 60}}})
			settle(t, s)
			b.deliver()
			err := b.ruled(test.rule, Answer{})
			var asks *AffectedError
			if errors.As(err, &asks) != (test.want != Effect{}) || asks != nil && asks.Effect != test.want {
				t.Fatalf("Change: %v, want %+v", err, test.want)
			}
			if saved := b.placements[0].Rule == test.rule; saved == (asks != nil) {
				t.Errorf("saved: %v", saved)
			}
		})
	}
}

// From the next class on: what earlier classes gave stays, however often it is
// computed again; then, for all classes.
func TestARuleFromTheNextClassOn(t *testing.T) {
	b, s := class(halfAnHour)
	b.held("a", 0, 60)
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 34}}})
	settle(t, s)
	b.deliver()
	b.now = func() time.Time { return nine(90) }
	if err := b.ruled(anHour, Answer{From: NextClass}); err != nil {
		t.Fatal(err)
	}
	b.held("b", 300, 400)
	b.reported("b", 300, 400, map[string][]stretch{"bob": {{300, 334}}, "cy": {{300, 370}}})
	settle(t, s)
	want := func(when string, ann, bob, cy float64) {
		t.Helper()
		if a, b, c := b.points("p1", "ann"), b.points("p1", "bob"), b.points("p1", "cy"); a != ann || b != bob || c != cy {
			t.Errorf("%s: Ann %v, Bob %v, Cy %v; want %v, %v, %v", when, a, b, c, ann, bob, cy)
		}
	}
	want("from the next class on", 40, 0, 40)
	if d := b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: "ann"}]; d.State != gradebook.Delivered {
		t.Errorf("Ann's grade is sent once more: %+v", d)
	}
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 35}}, "bob": {{0, 31}}})
	settle(t, s)
	want("after a late report, by the rule of its time", 40, 40, 40)

	// The answer is for the numbers that were shown.
	b.deliver()
	b.now = func() time.Time { return nine(500) }
	var asks *AffectedError
	if err := b.ruled(anHour, Answer{From: AllClasses, Seen: Effect{Lose: 1}}); !errors.As(err, &asks) || asks.Effect != (Effect{Lose: 2}) {
		t.Fatalf("an answer to other numbers: %v", err)
	}
	settle(t, s)
	want("while it is asked", 40, 40, 40)
	for range 2 { // twice does no harm
		if err := b.ruled(anHour, Answer{From: AllClasses, Seen: Effect{Lose: 2}}); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, s)
	want("for all classes", 0, 0, 40)
}

// A class that is on counts by the rule with which it began.
func TestARuleChangedDuringAClass(t *testing.T) {
	b, s := class(halfAnHour)
	b.held("a", 0, 0, "ann")
	settle(t, s)
	b.now = func() time.Time { return nine(5) }
	if err := b.ruled(anHour, Answer{}); err != nil {
		t.Fatal(err)
	}
	b.meetings[0].EndedAt = nine(40)
	b.reported("a", 0, 40, map[string][]stretch{"ann": {{0, 40}}})
	settle(t, s)
	if got := b.points("p1", "ann"); got != 40 {
		t.Errorf("Ann has %v points", got)
	}
	b.held("b", 300, 340)
	b.reported("b", 300, 340, map[string][]stretch{"bob": {{300, 340}}})
	settle(t, s)
	if got := b.points("p1", "bob"); got != 0 {
		t.Errorf("Bob has %v points for 40 of 60 minutes", got)
	}
}

// week is a second graded link of the course, there since some minute.
func (b *books) week(id string, since float64) {
	p := b.placements[0]
	p.ID, p.Terms.Since = id, nine(since)
	b.placements = append(b.placements, p)
}

func TestDuplicatedActivity(t *testing.T) {
	b, s := class(halfAnHour)
	b.placements[0].Terms.Since = nine(-10)
	b.held("a", 0, 58)
	b.meetings[0].PlacementID = "a plain link"
	b.reported("a", 0, 58, map[string][]stretch{"ann": {{0, 58}}})
	settle(t, s)
	b.deliver()
	b.week("p2", 100)
	settle(t, s)
	want := func(when string, points ...float64) {
		t.Helper()
		settle(t, s)
		for i, key := range []gradebook.Key{{PlacementID: "p1", PersonID: "ann"}, {PlacementID: "p1", PersonID: "bob"}, {PlacementID: "p2", PersonID: "ann"}, {PlacementID: "p2", PersonID: "bob"}} {
			if got := b.deliveries[key].Points; got != points[i] {
				t.Errorf("%s: %v has %v points, want %v", when, key, got, points[i])
			}
		}
	}
	want("a second link takes nothing of the first", 40, 0, 0, 0)
	b.held("b", 180, 238)
	b.meetings[1].PlacementID = "p2"
	b.reported("b", 180, 238, map[string][]stretch{"bob": {{180, 238}}})
	want("each its own class", 40, 0, 0, 40)
	b.decisions.AllLinks = map[string]bool{"c1": true}
	want("all classes for all links", 40, 40, 0, 40)
	b.placements[1].Terms.Earlier = true
	want("and those from before", 40, 40, 40, 40)
	b.deliver()
	b.decisions = attendance.Decisions{Moved: map[string]map[string]string{"a": {"c1": "p2"}}}
	b.placements[1].Terms.Earlier = false
	want("moved", 0, 0, 40, 40)
	b.decisions = attendance.Decisions{}
	b.placements[1].Terms.Since = nine(500)
	want("nothing before the link came", 40, 40, 0, 0)
}

func TestAClassKnowsItsLink(t *testing.T) {
	store, _, rooms := newClass()
	seat := seatOf(Moderator)
	seat.Placement.ID = "w1"
	if _, err := rooms.Start(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	if got := store.live[0].PlacementID; got != "w1" {
		t.Errorf("started through %q", got)
	}
}

func TestDecisionsAreATeachers(t *testing.T) {
	_, _, rooms := newClass()
	learner := seatOf(Viewer)
	for name, decide := range map[string]func() error{
		"move":    func() error { return rooms.MoveClass(t.Context(), learner, "s", "p") },
		"share":   func() error { return rooms.ShareClasses(t.Context(), learner, true) },
		"earlier": func() error { return rooms.CountEarlier(t.Context(), learner, true) },
	} {
		if err := decide(); !errors.Is(err, ErrForbidden) {
			t.Errorf("a learner decides: %s: %v", name, err)
		}
	}
}

// A share of all classes is a running figure: it falls with a class that
// somebody misses, and what is sent follows.
func TestRunningFigureIsSent(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Percent, Need: 80, Points: 10, InTotal: true})
	b.held("a", 0, 60)
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 60}}})
	settle(t, s)
	b.deliver()
	if got := b.points("p1", "ann"); got != 10 {
		t.Fatalf("after the first class: %v", got)
	}
	b.held("b", 300, 0, "bob")
	settle(t, s)
	if got := b.points("p1", "ann"); got != 10 {
		t.Errorf("while the next one is on: %v", got)
	}
	b.meetings[1].EndedAt = nine(360)
	b.reported("b", 300, 360, map[string][]stretch{"bob": {{300, 360}}})
	settle(t, s)
	if d := b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: "ann"}]; d.Points != 0 || d.State != gradebook.Waiting {
		t.Errorf("after a class that she missed: %+v", d)
	}
}
