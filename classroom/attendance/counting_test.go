package attendance

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var thirty = Rule{Measure: Minutes, Need: 30, Points: 10}

// graded is a link with a rule, at a room since a minute after nine (less than
// 0: not known).
func graded(id, course string, since float64) Link {
	l := Link{PlacementID: id, CourseID: course, Rule: thirty}
	if since >= 0 {
		l.Terms.Since = nine(since)
	}
	return l
}

func plain(id, course string) Link { return Link{PlacementID: id, CourseID: course} }

func TestCounts(t *testing.T) {
	earlier := func(l Link) Link { l.Terms.Earlier = true; return l }
	gradedAt := func(l Link, at float64) Link { l.Terms.Graded = nine(at); return l }
	held := func(from, to float64, by string) Class {
		c := Class{From: nine(from), StartedBy: by}
		if to != 0 {
			c.To = nine(to)
		}
		return c
	}
	moved := func(c Class, course, to string) Class { c.Moved = map[string]string{course: to}; return c }
	for _, test := range []struct {
		name  string
		class Class
		links []Link
		all   string // the course that says: all classes for all links
		want  []string
	}{
		{"one link, started by a plain one", held(10, 60, "top"), []Link{plain("top", "c1"), graded("w1", "c1", 0)}, "", []string{"w1"}},
		{"one link, started by nobody knows whom", held(10, 60, ""), []Link{graded("w1", "c1", 0)}, "", []string{"w1"}},
		{"over before the link came", held(10, 60, "top"), []Link{graded("w1", "c1", 60)}, "", nil},
		{"on when the link came", held(10, 60, "top"), []Link{graded("w1", "c1", 59)}, "", []string{"w1"}},
		{"still on when the link came", held(10, 0, "top"), []Link{graded("w1", "c1", 59)}, "", []string{"w1"}},
		{"before the link, as its teacher says", held(10, 60, "top"), []Link{earlier(graded("w1", "c1", 90))}, "", []string{"w1"}},
		{"a link from before we knew", held(10, 60, ""), []Link{graded("w1", "c1", -1)}, "", []string{"w1"}},

		{"duplicated: the one that started it", held(10, 60, "w2"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "", []string{"w2"}},
		{"duplicated after the class", held(10, 60, "w1"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 70)}, "", []string{"w1"}},
		{"duplicated after a class by a plain link", held(10, 60, "top"), []Link{plain("top", "c1"), graded("w1", "c1", 0), graded("w2", "c1", 70)}, "", []string{"w1"}},
		{"duplicated during the class", held(10, 60, "top"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 20)}, "", []string{"w1"}},
		{"a plain link that got a rule later", held(10, 60, "top"), []Link{graded("w1", "c1", 0), gradedAt(graded("w2", "c1", 5), 70)}, "", []string{"w1"}},
		{"duplicated, started by a plain link", held(10, 60, "top"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "", nil},
		{"duplicated, started by another course's", held(10, 60, "x"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5), graded("x", "c2", 5)}, "", []string{"x"}},
		{"duplicated, nobody knows", held(10, 60, ""), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "", nil},
		{"duplicated before we knew", held(10, 60, ""), []Link{graded("w1", "c1", -1), graded("w2", "c1", -1)}, "", []string{"w1", "w2"}},
		{"duplicated before we knew, and now we do", held(10, 60, "w2"), []Link{graded("w1", "c1", -1), graded("w2", "c1", -1)}, "", []string{"w2"}},
		{"the later one wants earlier classes", held(10, 60, "w1"), []Link{graded("w1", "c1", 0), earlier(graded("w2", "c1", 70))}, "", []string{"w1", "w2"}},

		{"all for all", held(10, 60, "w2"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "c1", []string{"w1", "w2"}},
		{"all for all, but none from before", held(10, 60, "w1"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 70)}, "c1", []string{"w1"}},
		{"all for all in another course", held(10, 60, "w2"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "c2", []string{"w2"}},
		{"moved", moved(held(10, 60, "w2"), "c1", "w1"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "", []string{"w1"}},
		{"moved to one that came later", moved(held(10, 60, "w1"), "c1", "w2"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 70)}, "", []string{"w2"}},
		{"moved, though all count for all", moved(held(10, 60, "w1"), "c1", "w2"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "c1", []string{"w2"}},
		{"moved to one that is gone", moved(held(10, 60, "w2"), "c1", "gone"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5)}, "", []string{"w2"}},
		{"moved in another course", moved(held(10, 60, "w2"), "c2", "x"), []Link{graded("w1", "c1", 0), graded("w2", "c1", 5), graded("x", "c2", 0)}, "", []string{"w2", "x"}},

		{"another course's link shares the room", held(10, 60, "w1"), []Link{graded("w1", "c1", 0), graded("x", "c2", 5)}, "", []string{"w1", "x"}},
		{"another course's link, since it shares it", held(10, 60, "w1"), []Link{graded("w1", "c1", 0), graded("x", "c2", 70)}, "", []string{"w1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Counting{Links: test.links, Classes: map[string]Class{"s": test.class}, AllLinks: map[string]bool{test.all: true}}
			var got []string
			for _, l := range test.links {
				if l.Grades() && c.Counts(l, "s") {
					got = append(got, l.PlacementID)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A class of which a link that has left gave its grades counts for none of
// those that stay, unless somebody says so: what it gave stays with that link.
func TestLinkThatLeft(t *testing.T) {
	w1 := graded("w1", "c1", 0)
	for _, test := range []struct {
		name    string
		started string
		links   []Link
		all     string
		moved   string // in c1
		want    bool   // it counts for w1
	}{
		{"it has left", "w2", []Link{w1}, "", "", false},
		{"it has left and come back", "w2", []Link{w1, graded("w2", "c1", 90)}, "", "", false},
		{"another course's has left", "x", []Link{w1}, "", "", true},
		{"a plain link has left", "top", []Link{w1}, "", "", true},
		{"nobody knows who started it", "", []Link{w1}, "", "", true},
		{"all classes for all links", "w2", []Link{w1}, "c1", "", true},
		{"it was moved", "w2", []Link{w1}, "", "w1", true},
		{"it was moved to the one that has left", "w1", []Link{w1}, "", "w2", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			class := Class{From: nine(10), To: nine(60), StartedBy: test.started, Moved: map[string]string{"c1": test.moved}}
			c := Counting{
				Links: test.links, Classes: map[string]Class{"s": class}, AllLinks: map[string]bool{test.all: true},
				Graded: map[string]string{"w2": "c1", "x": "c2"},
			}
			if got := c.Counts(w1, "s"); got != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// A class is put in time by our clock, and belongs to the link through which
// its first meeting was started.
func TestCountingOf(t *testing.T) {
	const ahead = 5 * time.Hour
	at := func(minute float64) time.Time { return nine(minute).Add(ahead) }
	meetings := []Meeting{
		{ID: "b", ServerID: "s", CreateTime: at(50), ClockOffset: ahead, EndedAt: at(90), PlacementID: "w2"},
		{ID: "a", ServerID: "s", CreateTime: at(0), ClockOffset: ahead, EndedAt: at(40), PlacementID: "w1"},
		{ID: "c", ServerID: "s", CreateTime: at(300), EndedAt: at(310)}, // its creation wasn't seen
		{ID: "d", ServerID: "s", CreateTime: at(320)},
		{ID: "empty", ServerID: "s", CreateTime: at(600)},
	}
	got := CountingOf(nil, meetings, map[string]string{"a": "a", "b": "a", "c": "c", "d": "c"},
		Decisions{Moved: map[string]map[string]string{"b": {"c1": "w3"}}}).Classes
	want := map[string]Class{
		"a": {From: nine(0), To: nine(90), StartedBy: "w1", Moved: map[string]string{"c1": "w3"}},
		"c": {From: nine(300), Moved: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// heldAt are classes of an hour, and what somebody attended of them.
func heldAt(there map[string]float64, from map[string]float64) (Tally, Counting) {
	tally, c := Tally{sums: map[string]sum{}}, Counting{Classes: map[string]Class{}}
	for _, id := range []string{"a", "b", "c"} {
		at, ok := from[id]
		if !ok {
			continue
		}
		c.Classes[id] = Class{From: nine(at), To: nine(at + 60)}
		tally.Sessions = append(tally.Sessions, Session{ID: id, StartedAt: nine(at), EndedAt: nine(at + 60), Length: minutes(60)})
		if n := there[id]; n > 0 {
			tally.sums[id] = sum{minutes(60), []string{"ann"}, []time.Duration{minutes(n)}}
		} else {
			tally.sums[id] = sum{length: minutes(60)}
		}
	}
	return tally, c
}

func TestRuleFromTheNextClassOn(t *testing.T) {
	from := map[string]float64{"a": 0, "b": 120, "c": 240}
	half := Rule{Measure: Percent, Need: 50, Points: 10, InTotal: true}
	for _, test := range []struct {
		name         string
		before, rule Rule
		at           float64 // minutes after nine, when the rule changed
		there        map[string]float64
		want         float64
		complete     bool
	}{
		{"what was given stays", thirty, Rule{Measure: Minutes, Need: 60, Points: 10}, 100, map[string]float64{"a": 40, "b": 40}, 10, true},
		{"a class that is on keeps its rule", thirty, Rule{Measure: Minutes, Need: 60, Points: 10}, 150, map[string]float64{"b": 40}, 10, true},
		{"the next one counts by the new rule", thirty, Rule{Measure: Minutes, Need: 60, Points: 10}, 150, map[string]float64{"c": 40}, 0, false},
		{"an earlier one doesn't count by it", Rule{Measure: Minutes, Need: 60, Points: 10}, thirty, 100, map[string]float64{"a": 40}, 0, false},
		{"nor is it added to", Rule{Measure: Minutes, Need: 60, Points: 10, InTotal: true}, Rule{Measure: Minutes, Need: 50, Points: 10, InTotal: true}, 100, map[string]float64{"a": 40, "b": 40}, 0, false},
		{"a part stays a part", Rule{Measure: Minutes, Need: 60, Points: 40, Proportional: true}, Rule{Measure: Minutes, Need: 60, Points: 20}, 100, map[string]float64{"a": 24, "b": 59}, 8, false},
		{"more by the new rule", Rule{Measure: Minutes, Need: 60, Points: 40, Proportional: true}, Rule{Measure: Minutes, Need: 30, Points: 20}, 100, map[string]float64{"a": 24, "b": 59}, 20, true},
		{"all of it is worth something else by now", Rule{Measure: Minutes, Need: 30, Points: 40}, Rule{Measure: Minutes, Need: 60, Points: 20}, 100, map[string]float64{"a": 40}, 20, true},
		{"a running figure stops where it was", half, Rule{Measure: Minutes, Need: 60, Points: 10}, 100, map[string]float64{"a": 40, "c": 1}, 10, true},
		{"and begins with the next class", thirty, half, 100, map[string]float64{"b": 40}, 0, false},
		{"nothing was graded before", Rule{}, thirty, 100, map[string]float64{"a": 40, "b": 10}, 0, false},
		{"nothing is graded any more", thirty, Rule{}, 100, map[string]float64{"a": 40, "b": 10}, 10, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tally, c := heldAt(test.there, from)
			l := c.From(Link{PlacementID: "p", Rule: test.before}, test.rule, nine(test.at))
			c.Links = []Link{l}
			got := tally.Results(l, c, map[string]bool{"ann": true})
			if len(got) != 1 || got[0].Points != test.want || got[0].Complete != test.complete {
				t.Errorf("got %+v, want %v points", got, test.want)
			}
		})
	}
}

// Only rules by which a class has begun are kept, so there are no more of them
// than classes.
func TestPastRules(t *testing.T) {
	other := Rule{Measure: Minutes, Need: 60, Points: 10}
	_, c := heldAt(nil, map[string]float64{"a": 0})
	l := c.From(Link{Rule: thirty}, other, nine(100))
	if diff := cmp.Diff([]PastRule{{thirty, nine(100)}}, l.Terms.Past); diff != "" {
		t.Error(diff)
	}
	third := Rule{Measure: Percent, Need: 60, Points: 10}
	if got := c.From(l, third, nine(110)); got.Rule != third || len(got.Terms.Past) != 1 {
		t.Errorf("changed again before a class: %+v", got)
	}
	if got := c.From(l, thirty, nine(110)); got.Rule != thirty || len(got.Terms.Past) != 0 {
		t.Errorf("changed back before a class: %+v", got)
	}
	if got := l.ForAll(third, nine(120)); got.Rule != third || len(got.Terms.Past) != 0 || !got.Terms.Graded.IsZero() {
		t.Errorf("for all classes: %+v", got)
	}
	if got := (Link{}).ForAll(third, nine(120)); !got.Terms.Graded.Equal(nine(120)) {
		t.Errorf("graded since %v", got.Terms.Graded)
	}
	was := c.From(Link{}, thirty, nine(100))
	if got := was.ForAll(third, nine(120)); !got.Terms.Graded.Equal(nine(100)) {
		t.Errorf("graded since %v, though its first rule came at %v", got.Terms.Graded, nine(100))
	}
	empty := Counting{}
	if got := empty.From(Link{Rule: thirty}, other, nine(0)); len(got.Terms.Past) != 0 {
		t.Errorf("without any class: %+v", got)
	}
}

// While a class goes on, a part of the points that an earlier rule gave stays
// a part, also where the rule of now gives all or nothing.
func TestHeldPart(t *testing.T) {
	was := []Result{{PlacementID: "p", PersonID: "ann", Share: 0.4, Points: 4, Needed: minutes(60), Sends: true, TrueAt: nine(0)}}
	now := []Result{{PlacementID: "p", PersonID: "ann"}}
	got := Follow(now, was, map[string]Rule{"p": thirty}, true, nine(60))
	if diff := cmp.Diff(was, got); diff != "" {
		t.Error(diff)
	}
}
