package attendance

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRuleWrong(t *testing.T) {
	for _, test := range []struct {
		name  string
		rule  Rule
		field string // several by a blank; empty: fine
	}{
		{"grades nothing", Rule{}, ""},
		{"minutes", Rule{Measure: Minutes, Need: 1, Points: 0.01}, ""},
		{"most minutes", Rule{Measure: Minutes, Need: 10_000, Points: 100_000}, ""},
		{"percent", Rule{Measure: Percent, Need: 100, Points: 10, InTotal: true, Proportional: true}, ""},
		{"another measure", Rule{Measure: "hours", Need: 1, Points: 1}, "measure"},
		{"no minutes", Rule{Measure: Minutes, Points: 1}, "need"},
		{"fewer than none", Rule{Measure: Minutes, Need: -1, Points: 1}, "need"},
		{"too many minutes", Rule{Measure: Minutes, Need: 10_001, Points: 1}, "need"},
		{"worth too much", Rule{Measure: Minutes, Need: 1, Points: 100_000.01}, "points"},
		{"more than the class", Rule{Measure: Percent, Need: 101, Points: 1}, "need"},
		{"worth nothing", Rule{Measure: Percent, Need: 50}, "points"},
		{"worth less than nothing", Rule{Measure: Percent, Need: 50, Points: -1}, "points"},
		{"no number", Rule{Measure: Percent, Need: 50, Points: math.NaN()}, "points"},
		{"neither time nor worth", Rule{Measure: Percent, Points: -1}, "need points"},
		{"endless", Rule{Measure: Percent, Need: 50, Points: math.Inf(1)}, "points"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if field := strings.Join(test.rule.Wrong(), " "); field != test.field {
				t.Errorf("Wrong: %q, want %q", field, test.field)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	of := func(pairs ...float64) (history []attended) { // minutes there, minutes of the class
		for i := 0; i < len(pairs); i += 2 {
			history = append(history, attended{time: minutes(pairs[i]), length: minutes(pairs[i+1])})
		}
		return history
	}
	half := Rule{Measure: Percent, Need: 50, Points: 10}
	thirty := Rule{Measure: Minutes, Need: 30, Points: 10}
	with := func(r Rule, changes ...func(*Rule)) Rule {
		for _, change := range changes {
			change(&r)
		}
		return r
	}
	total := func(r *Rule) { r.InTotal = true }
	share := func(r *Rule) { r.Proportional = true }
	for _, test := range []struct {
		name    string
		rule    Rule
		history []attended
		want    Result
	}{
		{"no class yet", thirty, nil, Result{}},
		{"exactly enough", thirty, of(30, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(30), Needed: minutes(30), Sends: true}},
		{"a second too little", thirty, of(30-1.0/60, 60), Result{Share: 1799.0 / 1800, Time: 1799 * time.Second, Needed: minutes(30)}},
		{"the best class counts", thirty, of(10, 60, 20, 60), Result{Share: 20.0 / 30, Time: minutes(20), Needed: minutes(30)}},
		{"two halves are not enough", thirty, of(20, 60, 20, 60), Result{Share: 20.0 / 30, Time: minutes(20), Needed: minutes(30)}},
		{"in total they are", with(thirty, total), of(20, 60, 20, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(40), Needed: minutes(30), Sends: true}},
		{"an absence changes nothing", thirty, of(40, 60, 0, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(40), Needed: minutes(30), Sends: true}},
		{"half the class", half, of(30, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(30), Needed: minutes(30), Sends: true}},
		{"nearly half", half, of(29, 60), Result{Share: 29.0 / 30, Time: minutes(29), Needed: minutes(30)}},
		{"a class of no length asks nothing and gives nothing", half, of(0, 0), Result{}},
		{"a later, shorter class lowers nothing", half, of(50, 90, 0, 10), Result{Complete: true, Share: 1, Points: 10, Time: minutes(50), Needed: minutes(45), Sends: true}},
		{"a share of all classes falls with the next", with(half, total), of(50, 90, 0, 90), Result{Share: 50.0 / 90, Time: minutes(50), Needed: minutes(90)}},
		{"and so do its points", with(half, total, share), of(50, 90, 0, 90), Result{Share: 50.0 / 90, Points: 5.55, Time: minutes(50), Needed: minutes(90), Sends: true}},
		{"in total, made up for later", with(half, total), of(0, 60, 60, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(60), Needed: minutes(60), Sends: true}},
		{"in total, never enough", with(half, total), of(10, 60, 0, 60), Result{Share: 10.0 / 60, Time: minutes(10), Needed: minutes(60)}},
		{"points by share", with(thirty, share), of(10, 60), Result{Share: 1.0 / 3, Points: 3.33, Time: minutes(10), Needed: minutes(30), Sends: true}},
		{"nearly all is not all", with(thirty, share), of(29.999, 60), Result{Share: 29.999 / 30, Points: 9.99, Time: minutes(29.999), Needed: minutes(30), Sends: true}},
		{"a moment is something", with(thirty, share), of(1.0/60, 60), Result{Share: 1.0 / 1800, Points: 0.01, Time: time.Second, Needed: minutes(30), Sends: true}},
		{"who wasn't there gets nothing sent", with(thirty, share), of(0, 60), Result{Needed: minutes(30)}},
		{"the longer of two that are enough", thirty, of(40, 60, 50, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(50), Needed: minutes(30), Sends: true}},
		{"also if it came first", thirty, of(50, 60, 40, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(50), Needed: minutes(30), Sends: true}},
		{"longer, and less of a longer class", half, of(29, 60, 40, 100), Result{Share: 29.0 / 30, Time: minutes(29), Needed: minutes(30)}},
		{"no more than all", with(thirty, share), of(60, 60), Result{Complete: true, Share: 1, Points: 10, Time: minutes(60), Needed: minutes(30), Sends: true}},
		{"a rule that grades nothing", Rule{}, of(60, 60), Result{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.rule.judge(test.history)
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What one class asks by itself is what judges it in the list of classes, too.
func TestNeededAlone(t *testing.T) {
	for _, test := range []struct {
		name   string
		rule   Rule
		length time.Duration
		want   time.Duration
	}{
		{"minutes", Rule{Measure: Minutes, Need: 30, Points: 10}, minutes(20), minutes(30)},
		{"a share", Rule{Measure: Percent, Need: 60, Points: 10}, minutes(90), minutes(54)},
		{"a share to the second", Rule{Measure: Percent, Need: 1, Points: 10}, time.Second, 10 * time.Millisecond},
		{"minutes in total", Rule{Measure: Minutes, Need: 30, InTotal: true, Points: 10}, minutes(20), 0},
		{"a share of all", Rule{Measure: Percent, Need: 60, InTotal: true, Points: 10}, minutes(90), 0},
		{"nothing", Rule{}, minutes(90), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.rule.NeededAlone(test.length); got != test.want {
				t.Errorf("NeededAlone(%v) = %v, want %v", test.length, got, test.want)
			}
		})
	}
}

// What a rule has given, no later class takes away, unless it is a running
// figure.
func TestJudgeNeverFalls(t *testing.T) {
	for _, rule := range []Rule{
		{Measure: Percent, Need: 60, Points: 10}, {Measure: Minutes, Need: 100, Points: 10, InTotal: true},
		{Measure: Minutes, Need: 45, Points: 10, Proportional: true}, {Measure: Minutes, Need: 300, Points: 10, InTotal: true, Proportional: true},
	} {
		if rule.Running() {
			t.Errorf("%+v is called a running figure", rule)
		}
		var history []attended
		var points float64
		for i, there := range []float64{10, 50, 0, 90, 3, 0, 0, 60, 1} {
			history = append(history, attended{time: minutes(there), length: minutes(max(there, float64(20+i*17%70)))})
			now := rule.judge(history).Points
			if now < points {
				t.Errorf("%+v: %v points after %d classes, %v before", rule, now, i+1, points)
			}
			points = now
		}
		if points == 0 {
			t.Errorf("%+v never gave anything", rule)
		}
	}
}

func TestResultsOf(t *testing.T) {
	rule := Rule{Measure: Minutes, Need: 30, Points: 10}
	sessions := []Session{{ID: "a", EndedAt: nine(60), Length: minutes(60)}, {ID: "b", Length: minutes(60)}}
	sums := map[string]sum{
		"a": {minutes(60), []string{"ann", "teacher"}, []time.Duration{minutes(20), minutes(60)}},
		"b": {minutes(60), []string{"ann"}, []time.Duration{minutes(60)}}, // lives
	}
	graded := map[string]bool{"ann": true, "bob": true}
	tally := Tally{Sessions: sessions, sums: sums}
	link := Link{PlacementID: "p1", Rule: rule}
	got := tally.Results(link, Counting{Links: []Link{link}}, graded)
	want := []Result{{PlacementID: "p1", PersonID: "ann", Share: 20.0 / 30, Time: minutes(20), Needed: minutes(30)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// What is kept is whole milliseconds, so that the same comes to the same.
	odd := Link{PlacementID: "p1", Rule: Rule{Measure: Percent, Need: 33, Points: 10}}
	sums["a"], sessions[0].Length = sum{3 * time.Millisecond, []string{"ann"}, []time.Duration{0}}, 3*time.Millisecond
	if got := tally.Results(odd, Counting{Links: []Link{odd}}, graded); len(got) != 1 || got[0].Needed != 0 {
		t.Errorf("99 hundredths of a millisecond: %+v", got)
	}
	sums["a"], sessions[0].Length = sum{5 * time.Millisecond, []string{"ann"}, []time.Duration{0}}, 5*time.Millisecond
	if got := tally.Results(odd, Counting{Links: []Link{odd}}, graded); len(got) != 1 || got[0].Needed != time.Millisecond {
		t.Errorf("1.65 milliseconds: %+v", got)
	}
	if got := tally.Results(Link{PlacementID: "p1"}, Counting{}, graded); got != nil {
		t.Errorf("results without a rule: %v", got)
	}
}
