package web

import (
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	allStates = []ClassState{NoServer, Down, Waiting, Starting, Live, Inside, Full, Away, Ending, Reckoning, Ended}
	allRoles  = []RoomRole{Teacher, Learner, Starter, Observer}
)

// sentenceOf is a standing's sentence as people read it.
func sentenceOf(t *testing.T, locale string, s Standing) string {
	t.Helper()
	text, err := pages.locales[locale].standing(s)
	if err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(string(text))
}

// standings are all cells of the table: each state for each role, in a frame
// and in a window. Who moderates is never told that a class is full.
func standings() []Standing {
	var all []Standing
	for _, role := range allRoles {
		for _, state := range allStates {
			if role == Teacher && state == Full {
				continue
			}
			for _, framed := range []bool{false, true} {
				all = append(all, Standing{State: state, Role: role, Framed: framed})
			}
		}
	}
	return all
}

// TestStandings holds every cell of the table in docs/room-states.md.
func TestStandings(t *testing.T) {
	const file = "../docs/room-states.md"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, found := strings.Cut(string(want), "\n| ")
	if !found {
		t.Fatal("no table")
	}
	var got strings.Builder
	got.WriteString(intro + "\n| who | state | in a window | | in a frame | |\n| --- | --- | --- | --- | --- | --- |\n")
	var cells []string
	for _, s := range standings() {
		button := "–"
		if s.Go() != "" {
			button = "[" + pages.Text("en", "go."+string(s.Go()), nil) + "]"
		}
		cells = append(cells, sentenceOf(t, "en", s)+" | "+button)
		if s.Framed {
			if cells[0] == cells[1] {
				cells[1] = "the same |"
			}
			fmt.Fprintf(&got, "| %s | `%s` | %s |\n", s.Role, s.State, strings.Join(cells, " | "))
			cells = nil
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s says (-), the pages say (+); `make golden` writes it:\n%s", file, diff)
	}
}

// TestOneStateOneSentenceOneButton looks at every page that tells how things
// stand: it says that once, nothing of another state, and has one main button
// at most.
func TestOneStateOneSentenceOneButton(t *testing.T) {
	primary := regexp.MustCompile(`class="button primary"`)
	for _, locale := range Locales() {
		for _, s := range standings() {
			post := Post{URL: "/rooms/r1/join"}
			shown := map[string]any{}
			if s.Role == Teacher {
				shown["teacher"] = TeacherRoom{Title: "Law", Now: now, Standing: s, Join: post, RegisterURL: "/rooms/r1/classes/s1"}
			} else {
				shown["learner"] = LearnerRoom{Title: "Law", Now: now, Standing: s, Join: post, JoinURL: "/rooms/r1/join", Attendance: &Attendance{}}
				if s.Waits() && !s.Framed {
					shown["waiting"] = WaitingPage{Title: "Law", Standing: s, JoinURL: "/rooms/r1/join"}
				}
			}
			if s.Over() {
				shown["left"] = LeftPage{Title: "Law", Standing: s, RoomURL: "/rooms/r1", RegisterURL: map[RoomRole]string{Teacher: "/rooms/r1/classes/s1"}[s.Role]}
			}
			for name, page := range shown {
				text := html.UnescapeString(render(t, locale, page))
				main := text[strings.Index(text, "<main"):]
				where := fmt.Sprintf("%s page of a %s in state %s (framed %v, %s)", name, s.Role, s.State, s.Framed, locale)
				own := sentenceOf(t, locale, s)
				silent := name == "teacher" && (s.State == Waiting || s.State == Live) // the status beside the title says it
				if n := strings.Count(main, own); n != 1 && !silent {
					t.Errorf("%s says %q %d times", where, own, n)
				}
				for _, other := range allStates {
					o := sentenceOf(t, locale, Standing{State: other, Role: s.Role, Framed: s.Framed})
					if strings.Contains(main, o) && !strings.Contains(own, o) {
						t.Errorf("%s says %q as well", where, o)
					}
				}
				if strings.Contains(main, "room.status.") || strings.Contains(main, "state."+string(s.Role)+".") {
					t.Errorf("%s has a text's id in place of the text", where)
				}
				buttons := len(primary.FindAllString(main, -1))
				want := 1
				if s.Go() == "" || s.Go() == GoAgain {
					want = 0
				}
				if name == "left" && s.Role != Teacher { // to the room, and what the class came to
					want = 1
				}
				if name == "left" && s.State == Ending && s.Role == Teacher {
					want = 0
				}
				if buttons != want {
					t.Errorf("%s has %d main buttons, want %d", where, buttons, want)
				}
			}
		}
	}
}

// TestTimeInClass tells how long somebody has been there.
func TestTimeInClass(t *testing.T) {
	for _, test := range []struct {
		name string
		Standing
		want string
	}{
		{"in class", Standing{State: Inside, Role: Learner, Time: 12*time.Minute + 50*time.Second}, "You're in class · 12 min so far."},
		{"a teacher in class", Standing{State: Inside, Role: Teacher, Time: 75 * time.Minute}, "You're in class · 1 h 15 min so far."},
		{"just come", Standing{State: Inside, Role: Learner}, "You're in class."},
		{"over", Standing{State: Ended, Role: Learner, Time: 47 * time.Minute, Length: 52 * time.Minute}, "Class is over. You were there 47 min of 52 min."},
		{"over, and they weren't there", Standing{State: Ended, Role: Learner, Length: 52 * time.Minute}, "Class is over."},
		{"over, for a teacher", Standing{State: Ended, Role: Teacher, Time: 47 * time.Minute, Length: 52 * time.Minute}, "Class is over. The register shows who came."},
		{"running", Standing{State: Live, Role: Learner, Time: time.Minute}, "Class is on."},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.NewReplacer(noBreak, " ").Replace(sentenceOf(t, "en", test.Standing))
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A register whose figures are about to change looks again soon.
func TestRegisterMoves(t *testing.T) {
	over := func(change func(*Register)) Register {
		r := register(3, true)
		for i := range r.People {
			r.People[i].Grade = &Grade{State: GradeSeen}
		}
		change(&r)
		return r
	}
	for _, test := range []struct {
		name string
		page Register
		want string
	}{
		{"all is done", over(func(*Register) {}), `data-refresh="60"`},
		{"the class is on", over(func(r *Register) { r.To = time.Time{} }), `data-refresh="10"`},
		{"it is being counted", over(func(r *Register) { r.Counting = true }), `data-refresh="10"`},
		{"a grade is on its way", over(func(r *Register) { r.People[1].Grade.State = GradeWaiting }), `data-refresh="10"`},
		{"without grades", over(func(r *Register) { r.People[1].Grade = nil }), `data-refresh="60"`},
	} {
		if page := render(t, "en", test.page); !strings.Contains(page, test.want) {
			t.Errorf("%s: not %s", test.name, test.want)
		}
	}
}
