package attendance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBreaks(t *testing.T) {
	held := func(id, session string, from, to float64) Meeting {
		m := Meeting{ID: id, SessionID: session, CreateTime: nine(from)}
		if to != 0 {
			m.EndedAt = nine(to)
		}
		return m
	}
	parted := func(m Meeting) Meeting {
		m.Parted = true
		return m
	}
	pause := func(meeting string, from, to float64, parted bool) Break {
		return Break{MeetingID: meeting, From: nine(from), To: nine(to), Parted: parted}
	}
	for _, test := range []struct {
		name     string
		meetings []Meeting
		want     map[string][]Break
	}{
		{"none", nil, map[string][]Break{}},
		{"one", []Meeting{held("a", "a", 0, 30)}, map[string][]Break{}},
		{"joined", []Meeting{held("a", "a", 0, 30), held("b", "a", 40, 70), held("c", "a", 80, 0)},
			map[string][]Break{"a": {pause("b", 30, 40, false), pause("c", 70, 80, false)}}},
		{"in whatever order", []Meeting{held("b", "a", 40, 70), held("a", "a", 0, 30)}, map[string][]Break{"a": {pause("b", 30, 40, false)}}},
		{"parted", []Meeting{held("a", "a", 0, 30), parted(held("b", "b", 40, 70))}, map[string][]Break{"b": {pause("b", 30, 40, true)}}},
		{"far apart", []Meeting{held("a", "a", 0, 30), held("b", "b", 100, 120)}, map[string][]Break{}},
		{"far apart, and parted when that wasn't known", []Meeting{held("a", "a", 0, 30), parted(held("b", "b", 100, 120))}, map[string][]Break{}},
		{"at once", []Meeting{held("a", "a", 0, 60), held("b", "a", 30, 50)}, map[string][]Break{}},
		{"after one inside the other", []Meeting{held("a", "a", 0, 60), held("b", "a", 30, 40), held("c", "a", 70, 80)}, map[string][]Break{"a": {pause("c", 60, 70, false)}}},
		{"nobody came in between", []Meeting{held("a", "a", 0, 30), held("b", "", 32, 38), held("c", "a", 40, 70)}, map[string][]Break{"a": {pause("c", 30, 40, false)}}},
		{"parted before one to which nobody came", []Meeting{held("a", "a", 0, 30), parted(held("b", "", 32, 38)), held("c", "c", 40, 70)}, map[string][]Break{"c": {pause("b", 30, 40, true)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Breaks(test.meetings)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
