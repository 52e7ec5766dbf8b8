package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFreeLanes(t *testing.T) {
	for _, test := range []struct {
		name  string
		busy  lanes
		limit int
		full  []string
	}{
		{"nothing under way", lanes{}, perLane, nil},
		{"one has a place left: all that is claimed may be for it", lanes{"a": perLane - 1}, 1, nil},
		{"one is full", lanes{"a": perLane}, perLane, []string{"a"}},
		{"one is full, one is half full", lanes{"b": perLane, "a": perLane, "c": perLane - 2}, 2, []string{"a", "b"}},
		{"all hands are busy", lanes{"a": perLane, "": workers - perLane}, 0, []string{"", "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			limit, full := test.busy.free()
			if limit != test.limit || cmp.Diff(test.full, full) != "" {
				t.Errorf("%d, %v; want %d, %v", limit, full, test.limit, test.full)
			}
		})
	}
}
