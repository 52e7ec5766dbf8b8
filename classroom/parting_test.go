package classroom

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// groups are two groups back to back in one room: Ann in the first, Bob in the
// second, and the teacher in both.
func groups(t *testing.T) (*books, *Classes, Seat) {
	t.Helper()
	b, s := class(attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 10})
	b.held("a", 0, 45, "teacher", "ann")
	b.held("b", 60, 105, "teacher", "bob")
	for i := range b.meetings {
		b.meetings[i].CountsAt = b.meetings[i].EndedAt
	}
	settle(t, s)
	seat := seatOf(Moderator)
	seat.Placement.ID = "p1"
	return b, s, seat
}

func (b *books) allPoints() map[string]float64 {
	points := map[string]float64{}
	for key, d := range b.deliveries {
		points[key.PersonID] = d.Points
	}
	return points
}

// Two classes within the hour are one until a teacher parts them: then each
// counts by itself, whatever is computed later, until they are joined again.
func TestPart(t *testing.T) {
	b, s, seat := groups(t)
	if n := len(b.settlement.Sessions); n != 1 {
		t.Fatalf("%d sessions", n)
	}
	if diff := cmp.Diff(map[string]float64{"ann": 10}, b.allPoints()); diff != "" { // she was there when the first half was counted
		t.Fatal(diff)
	}
	want := Parting{
		Break:   attendance.Break{MeetingID: "b", From: nine(45), To: nine(60)},
		Changes: []PointsChange{{PersonID: "bob", After: 10, Complete: true}},
	}
	got, err := s.Parting(t.Context(), seat, "b", true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(b.settlement.Sessions) != 1 || b.meetings[1].Parted {
		t.Errorf("before: %s", diff)
	}
	before, err := s.Part(t.Context(), seat, "b", true)
	if err != nil || before != "a" {
		t.Fatalf("session before: %q, %v", before, err)
	}
	parted := func(what string) {
		t.Helper()
		if ses := b.settlement.Sessions; len(ses) != 2 || ses[1].ID != "b" || b.jobs["settle room"] == nil {
			t.Errorf("%s: sessions %+v", what, ses)
		}
		if diff := cmp.Diff(map[string]float64{"ann": 10, "bob": 10}, b.allPoints()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	parted("parted")
	b.reported("a", 0, 45, map[string][]stretch{"teacher": {{0, 45}}, "ann": {{0, 45}}})
	b.meetings[0].Dirty = true
	settle(t, s)
	parted("after a report")
	if _, err := s.Part(t.Context(), seat, "b", true); err != nil {
		t.Errorf("parted twice: %v", err)
	}
	parted("parted twice")

	got, err = s.Parting(t.Context(), seat, "b", false)
	if err != nil {
		t.Fatal(err)
	}
	want = Parting{
		Break:   attendance.Break{MeetingID: "b", From: nine(45), To: nine(60), Parted: true},
		Changes: []PointsChange{{PersonID: "bob", Before: 10}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("before they are joined: %s", diff)
	}
	if before, err = s.Part(t.Context(), seat, "b", false); err != nil || before != "a" || len(b.settlement.Sessions) != 1 {
		t.Errorf("joined: %q, %v, sessions %+v", before, err, b.settlement.Sessions)
	}
	if d := b.delivery("bob"); d.Points != 0 {
		t.Errorf("joined: Bob has %v", d.Points)
	}
}

// While a class is on nothing is taken away, but what will be is shown before.
func TestPartingWhileAClassIsOn(t *testing.T) {
	b, s, seat := groups(t)
	if _, err := s.Part(t.Context(), seat, "b", true); err != nil {
		t.Fatal(err)
	}
	b.held("c", 590, 0, "teacher", "ann")
	settle(t, s)
	got, err := s.Parting(t.Context(), seat, "b", false)
	if diff := cmp.Diff([]PointsChange{{PersonID: "bob", Before: 10}}, got.Changes); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	if _, err := s.Part(t.Context(), seat, "b", false); err != nil || b.points("p1", "bob") != 10 {
		t.Errorf("joined while a class is on: Bob has %v, %v", b.points("p1", "bob"), err)
	}
}

// What changes at other links of the room is told by its number alone.
func TestPartingOfOthers(t *testing.T) {
	b, s, seat := groups(t)
	b.placements = append(b.placements, Placement{ID: "p2", CourseID: "c1", RoomID: "room", Column: gradebook.Column{},
		Rule: attendance.Rule{Measure: attendance.Percent, Need: 90, Points: 5}})
	settle(t, s)
	got, err := s.Parting(t.Context(), seat, "b", true)
	if err != nil || got.Others != 1 || len(got.Changes) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Of two links' classes back to back each counts for its own when they are
// parted, also after a late report.
func TestPartingOfTwoLinks(t *testing.T) {
	b, s, seat := groups(t)
	b.placements[0].Terms.Since = nine(-10)
	b.week("p2", -5)
	b.meetings[0].PlacementID, b.meetings[1].PlacementID = "p1", "p2"
	settle(t, s)
	if n := b.points("p2", "bob"); n != 0 {
		t.Fatalf("joined: Bob has %v", n)
	}
	if _, err := s.Part(t.Context(), seat, "b", true); err != nil {
		t.Fatal(err)
	}
	got := []float64{b.points("p1", "ann"), b.points("p1", "bob"), b.points("p2", "ann"), b.points("p2", "bob")}
	if diff := cmp.Diff([]float64{10, 0, 0, 10}, got); diff != "" {
		t.Error(diff)
	}
	b.reported("b", 60, 105, map[string][]stretch{"teacher": {{60, 105}}, "bob": {{60, 100}}}) // late
	b.meetings[1].Dirty = true
	settle(t, s)
	if b.points("p2", "bob") != 10 || b.points("p1", "ann") != 10 {
		t.Errorf("after a late report: %v", b.allPoints())
	}
}

func TestPartIsAskedFor(t *testing.T) {
	for _, test := range []struct {
		name, meeting string
		change        func(*Seat)
		want          error
	}{
		{"a learner", "b", func(s *Seat) { s.Visit.Role = Viewer }, ErrForbidden},
		{"the first meeting", "a", func(*Seat) {}, ErrNotFound},
		{"no meeting", "unknown", func(*Seat) {}, ErrNotFound},
		{"another room's", "b", func(s *Seat) { s.Room.ID = "another" }, ErrNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s, seat := groups(t)
			test.change(&seat)
			if _, err := s.Part(t.Context(), seat, test.meeting, true); !errors.Is(err, test.want) {
				t.Errorf("part: %v", err)
			}
			if _, err := s.Parting(t.Context(), seat, test.meeting, true); !errors.Is(err, test.want) {
				t.Errorf("before: %v", err)
			}
			if b.meetings[0].Parted || b.meetings[1].Parted {
				t.Error("parted")
			}
		})
	}
}
