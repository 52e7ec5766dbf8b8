package classroom

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// copied is a teacher's seat at a link that was copied out of the course of
// the room "old".
func copied() Seat {
	return Seat{
		Visit: Visit{Role: Moderator}, Person: Person{ID: "tess"}, Room: Room{ID: "new", CourseID: "c2"},
		Course:    Course{ID: "c2", RegistrationID: "reg", DeploymentID: "1", ContextKey: "context:78"},
		Placement: Placement{ID: "p", CopiedFrom: "old"},
	}
}

func TestSharingACopiedCoursesRoom(t *testing.T) {
	teaches := func(ago time.Duration) *Enrolment { return &Enrolment{Role: Moderator, SeenAt: noon.Add(-ago)} }
	learns := Enrolment{Role: Viewer, SeenAt: noon}
	request := ShareRequest{PlacementID: "p", RoomID: "old", ExpiresAt: noon.Add(time.Hour)}
	refused, over, other := request, request, request
	refused.Refused, over.ExpiresAt, other.RoomID = true, noon, "older"
	may, ask := Sharing{May: true}, Sharing{MayAsk: true}
	for _, test := range []struct {
		name    string
		there   *Enrolment // in the old course; nil is none
		request *ShareRequest
		change  func(*fakeRooms, *Seat)
		want    Sharing
	}{
		{"teaches both", teaches(0), nil, nil, may},
		{"taught there a month ago", teaches(teachesFor), nil, nil, may},
		{"taught there more than a month ago", teaches(teachesFor + time.Millisecond), nil, nil, ask},
		{"taught there a year ago", teaches(365 * 24 * time.Hour), nil, nil, ask},
		{"learns in the old one", &learns, nil, nil, ask},
		{"a stranger there", nil, nil, nil, ask},
		{"has asked", nil, &request, nil, Sharing{Asked: true}},
		{"has asked, and teaches there by now", teaches(0), &request, nil, Sharing{May: true, Asked: true}},
		{"was told no", nil, &refused, nil, Sharing{Refused: true}},
		{"was told no, and teaches there", teaches(0), &refused, nil, Sharing{May: true, Refused: true}},
		{"has asked in vain", nil, &over, nil, ask},
		{"has asked for another room", nil, &other, nil, ask},
		{"a learner", teaches(0), nil, func(_ *fakeRooms, s *Seat) { s.Visit.Role = Viewer }, Sharing{}},
		{"not copied", teaches(0), nil, func(_ *fakeRooms, s *Seat) { s.Placement.CopiedFrom = "" }, Sharing{}},
		{"the old room is gone", teaches(0), nil, func(f *fakeRooms, _ *Seat) { delete(f.rooms, "old") }, Sharing{}},
		{"out of a course that rests on a link", teaches(0), nil, courseKey("link:5"), Sharing{}},
		{"out of a course that rests on nothing", teaches(0), nil, courseKey("link:"), Sharing{}},
		{"out of a course without a key", teaches(0), nil, courseKey(""), Sharing{}},
		{"out of a course of an empty context", teaches(0), nil, courseKey("context:"), Sharing{}},
		{"out of a pick without a course", teaches(0), nil, courseKey("pick:x"), Sharing{}},
		{"into a course that rests on a link", teaches(0), nil, func(_ *fakeRooms, s *Seat) { s.Course.ContextKey = "link:6" }, Sharing{}},
		{"out of another platform's", teaches(0), nil, func(_ *fakeRooms, s *Seat) { s.Course.RegistrationID = "reg2" }, Sharing{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, rooms := newFake()
			seat := copied()
			f.request = test.request
			if test.there != nil {
				f.enrolments[[2]string{"c1", "tess"}] = *test.there
			}
			if test.change != nil {
				test.change(f, &seat)
			}
			got, err := rooms.Sharing(t.Context(), seat)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("Sharing (-want +got)\n%s%v", diff, err)
			}
			// What the page doesn't offer is refused, too.
			if seat.Placement.CopiedFrom == "" {
				return
			}
			err = rooms.Adopt(t.Context(), seat, true)
			if test.want.May != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) || test.want.May != (f.moved == "old") {
				t.Errorf("Adopt = %v, moved to %q", err, f.moved)
			}
			f.request = test.request
			err = rooms.AskToShare(t.Context(), seat)
			if fine := test.want.MayAsk || test.want.Asked; fine != (err == nil) || !fine && !errors.Is(err, ErrForbidden) {
				t.Errorf("AskToShare = %v", err)
			}
			asked := ShareRequest{PlacementID: "p", RoomID: "old", PersonID: "tess", AskedAt: noon, ExpiresAt: noon.Add(askedFor)}
			if test.want.MayAsk && (f.request == nil || *f.request != asked) || !test.want.MayAsk && f.request != test.request {
				t.Errorf("request %+v", f.request)
			}
		})
	}
}

// courseKey changes what the old course is known by.
func courseKey(key string) func(*fakeRooms, *Seat) {
	return func(f *fakeRooms, _ *Seat) {
		c := f.courses["c1"]
		c.ContextKey = key
		f.courses["c1"] = c
	}
}

func TestKeepingTheNewRoom(t *testing.T) {
	f, rooms := newFake()
	if err := rooms.Adopt(t.Context(), copied(), false); err != nil || f.moved != "new" {
		t.Errorf("moved to %q, %v", f.moved, err)
	}
}

func TestAnswerShare(t *testing.T) {
	teacher := Seat{
		Visit: Visit{Role: Moderator}, Room: Room{ID: "old", CourseID: "c1"},
		Course: Course{ID: "c1", RegistrationID: "reg", ContextKey: "context:77"},
	}
	for _, test := range []struct {
		name      string
		placement string
		change    func(*Seat)
		want      error
		asked     bool // whether the page has the question
	}{
		{"the room's teacher", "p", func(*Seat) {}, nil, true},
		{"what nobody asks", "other", func(*Seat) {}, ErrNotFound, true},
		{"a learner", "p", func(s *Seat) { s.Visit.Role = Viewer }, ErrForbidden, false},
		{"a teacher of a course that shares the room", "p", func(s *Seat) { s.Course.ID = "c3" }, ErrNotFound, false},
		{"a course that rests on a link", "p", func(s *Seat) { s.Course.ContextKey = "link:5" }, ErrNotFound, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, yes := range []bool{true, false} {
				f, rooms := newFake()
				f.questions = []Question{{ShareRequest: ShareRequest{PlacementID: "p", RoomID: "old"}}}
				seat := teacher
				test.change(&seat)
				if got, err := rooms.Questions(t.Context(), seat); err != nil || (len(got) == 1) != test.asked {
					t.Errorf("questions %v, %v", got, err)
				}
				err := rooms.AnswerShare(t.Context(), seat, test.placement, yes)
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("AnswerShare = %v, want %v", err, test.want)
				}
				if (len(f.answered) == 1 && f.answered[0] == yes) != (test.want == nil) {
					t.Errorf("answers %v", f.answered)
				}
			}
		})
	}
}
