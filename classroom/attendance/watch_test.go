package attendance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is watched comes to the same as all evidence read at once, whenever it
// was looked at in between.
func TestWatch(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for round := range 300 {
		m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), ClockOffset: time.Duration(random.IntN(3)) * time.Minute}
		told := slices.DeleteFunc(someEvidence(random, m, []string{"ann", "bob", "cy", "w_stranger"}), func(e Evidence) bool { return e.Source == Analytics })
		slices.SortStableFunc(told, func(a, b Evidence) int { return a.At.Compare(b.At) })
		told = slices.CompactFunc(told, func(a, b Evidence) bool { return a.At.Equal(b.At) }) // one look at a time
		w := NewWatch(m)
		var have []Evidence
		look := func() {
			t.Helper()
			i := slices.IndexFunc(have, func(e Evidence) bool { return !e.At.Before(w.From()) })
			if !w.See(have[max(0, i):], len(have)) {
				t.Fatalf("round %d: %d pieces can't be added", round, len(have))
			}
			want := AccountOf(m, have, notStranger)
			want.Strangers = nil
			if diff := cmp.Diff(want, w.Account(m, notStranger)); diff != "" {
				t.Fatalf("round %d after %d pieces: %s", round, len(have), diff)
			}
		}
		for i, e := range told {
			e.ID = fmt.Sprint("e", i)
			until := e.Until
			e.Until = e.At
			have = append(have, e)
			if random.IntN(2) == 0 {
				look()
			}
			if next := i + 1; e.Source == Poll && next < len(told) && told[next].Source == Poll { // it lasts
				have[i].Until = until
			}
		}
		if len(have) > 0 {
			look()
			look()
		}
	}
}

// A report, or something that was told late, makes it begin anew.
func TestWatchThatCantGoOn(t *testing.T) {
	m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), ClockOffset: 1}
	poll := Evidence{ID: "p", Source: Poll, At: nine(5), Until: nine(9), Body: pollBody("ann")}
	for name, more := range map[string]Evidence{
		"a report":  {ID: "r", Source: Analytics, At: nine(10), Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": {{0, 60}}})},
		"told late": {ID: "j", Source: Joining, At: nine(1), Body: []byte("bob")},
	} {
		w := NewWatch(m)
		if !w.See([]Evidence{poll}, 1) {
			t.Fatal("a poll can't be added")
		}
		var next []Evidence
		for _, e := range []Evidence{poll, more} {
			if !e.At.Before(w.From()) {
				next = append(next, e)
			}
		}
		if w.See(next, 2) {
			t.Errorf("%s was added", name)
		}
	}
}

// What is held of a long class doesn't grow with the looks at it, but with the
// stays in it.
func TestWatchHoldsStaysAlone(t *testing.T) {
	m := Meeting{ID: "m1", CreateTime: nine(0), ClockOffset: 1}
	w := NewWatch(m)
	for i := range 400 {
		at := nine(float64(i))
		join := Evidence{ID: fmt.Sprint("j", i), Source: Joining, At: at, Until: at, Body: []byte("ann")}
		seen := Evidence{ID: fmt.Sprint("p", i), Source: Poll, At: at.Add(time.Second), Until: at.Add(time.Second), Body: pollBody("ann", fmt.Sprint("guest", i%2))}
		if !w.See([]Evidence{join, seen}, 2*i+2) {
			t.Fatal(i)
		}
	}
	if w.Stays() != 401 || len(w.tail) != 1 || len(w.hints) != 0 {
		t.Errorf("%d stays, %d pieces, %d hints", w.Stays(), len(w.tail), len(w.hints))
	}
}
