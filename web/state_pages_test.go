package web

import (
	"html"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
)

// A page of which who reads it is out of the class lets nobody in, so it
// promises nothing.
func TestLeftPagePromisesNothing(t *testing.T) {
	for _, name := range Locales() {
		for _, s := range standings() {
			page := html.UnescapeString(render(t, name, LeftPage{Title: "Law", Standing: s, RoomURL: "/rooms/r1", StateURL: "/rooms/r1/state"}))
			for _, state := range allStates {
				if promise := pages.Text(name, "state.promise."+string(state), nil); pages.locales[name].messages["state.promise."+string(state)] != nil && strings.Contains(page, promise) {
					t.Errorf("%s, a %s in state %s: %q", name, s.Role, s.State, promise)
				}
			}
		}
	}
}

// Where a class is over there is something to see of it, for whom it came to
// something.
func TestLeftPageLeadsOn(t *testing.T) {
	for _, test := range []struct {
		name string
		Standing
		want string
	}{
		{"a learner, over", Standing{State: Ended, Role: Learner}, "left.came_to"},
		{"one who may start, being counted", Standing{State: Reckoning, Role: Starter}, "left.came_to"},
		{"an observer, who gets nothing by it", Standing{State: Ended, Role: Observer}, "left.room"},
		{"a learner, not over yet", Standing{State: Ending, Role: Learner}, "left.room"},
		{"a teacher, whose register isn't there yet", Standing{State: Ending, Role: Teacher}, "left.room"},
	} {
		doc := parse(t, render(t, "en", LeftPage{Title: "Law", Standing: test.Standing, RoomURL: "/rooms/r1"}))
		if got, want := doc.Find("a.primary").Text(), pages.Text("en", test.want, nil); got != want {
			t.Errorf("%s: %q, want %q", test.name, got, want)
		}
	}
}

// The page that waits says that one waits as long as that is so.
func TestWaitingPageWaits(t *testing.T) {
	type shown struct {
		Patient bool
		Buttons string
	}
	for _, test := range []struct {
		name string
		Standing
		want shown
	}{
		{"no class yet", Standing{State: Waiting, Role: Learner}, shown{true, "Look again, My attendance"}},
		{"no place", Standing{State: Full, Role: Learner}, shown{true, "Look again, My attendance"}},
		{"somebody has to set it up", Standing{State: NoServer, Role: Learner}, shown{false, "Look again, My attendance"}},
		{"class is on", Standing{State: Live, Role: Learner}, shown{false, "Join class!, My attendance"}},
		{"in class, in another window", Standing{State: Inside, Role: Learner}, shown{false, "Join again, My attendance"}},
		{"the class ends", Standing{State: Ending, Role: Learner}, shown{false, "To the room!"}},
		{"over", Standing{State: Ended, Role: Learner}, shown{false, "See what this class came to!"}},
		{"over, for an observer", Standing{State: Ended, Role: Observer}, shown{false, "To the room!"}},
		{"an observer waits, who has no attendance", Standing{State: Away, Role: Observer}, shown{true, "Look again, To the room"}},
	} {
		doc := parse(t, render(t, "en", WaitingPage{Title: "Law", Standing: test.Standing, JoinURL: "/rooms/r1/join", BackURL: "/rooms/r1"}))
		var buttons []string
		doc.Find("main a").Each(func(_ int, a *goquery.Selection) {
			name := a.Text()
			if a.HasClass("primary") {
				name += "!"
			}
			buttons = append(buttons, name)
		})
		got := shown{strings.Contains(doc.Find("main").Text(), "Leave this page open.") && doc.Find(".dots").Length() == 1, strings.Join(buttons, ", ")}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

// The list of classes says of the one that isn't over what the page says above.
func TestOpenClassIsWhatThePageSays(t *testing.T) {
	open := minutesAgo(10)
	for state, want := range map[ClassState]string{
		Down: "needs: No answer", Starting: "waiting: Starting", Live: "live: Live", Inside: "live: Live", Away: "waiting: Live", Full: "waiting: Live", Ending: "ended: Ending",
	} {
		for _, role := range allRoles {
			if role == Teacher && state == Full {
				continue
			}
			standing := Standing{State: state, Role: role, Since: open}
			mark, page := ".own-classes .status", any(LearnerRoom{Title: "Law", Now: now, Standing: standing, Attendance: &Attendance{Classes: []OwnClass{{From: open}}}})
			if role == Teacher {
				mark, page = ".classes .status", TeacherRoom{Title: "Law", Now: now, Standing: standing, Classes: []ClassLine{{From: open}}}
			}
			found := parse(t, render(t, "en", page)).Find(mark)
			got := strings.TrimPrefix(found.AttrOr("class", ""), "status ") + ": " + found.Text()
			if got != want {
				t.Errorf("a %s in state %s: %q, want %q", role, state, got, want)
			}
		}
	}
}

// What the button of a frame opens does what the page in a window promises.
func TestOpenHintIsThePromise(t *testing.T) {
	for _, name := range Locales() {
		seen := map[string]ClassState{}
		for _, s := range standings() {
			if s.Go() != GoOpen || s.Role != Learner {
				continue
			}
			hint := parse(t, render(t, name, LearnerRoom{Title: "Law", Now: now, Standing: s})).Find("#standing .hint").Text()
			if same, is := seen[hint]; is || hint == "" {
				t.Errorf("%s says %q in states %s and %s", name, hint, same, s.State)
			}
			seen[hint] = s.State
			if promise := pages.Text("en", "state.promise."+string(s.State), nil); name == "en" {
				what := strings.TrimPrefix(promise, "This page ")
				if !strings.HasSuffix(hint, "and "+what) {
					t.Errorf("%q doesn't promise %q", hint, what)
				}
			}
		}
	}
}

// A teacher is told what learners read who come now: who may start the class
// isn't told to wait.
func TestLearnersSee(t *testing.T) {
	for waits, want := range map[bool]string{
		true:  "Learners who come now see: “Your teacher isn't here yet. This page lets you in as soon as class starts.”",
		false: "Learners who come now see: “Nobody is here yet. You can start the class.”",
	} {
		page := TeacherRoom{Title: "Law", Now: now, Standing: Standing{State: Waiting, Role: Teacher, Framed: true}, Settings: Settings{WaitForModerator: waits}}
		if got := parse(t, render(t, "en", page)).Find("#standing .hint").Text(); got != want {
			t.Errorf("learners wait: %v: %q, want %q", waits, got, want)
		}
	}
}

func parse(t *testing.T, page string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
