package web

import "testing"

// Which link a class counts for is a question where there is more than one, or
// was.
func TestSeveral(t *testing.T) {
	one := []Link{{Title: "Seminar"}}
	for _, test := range []struct {
		name string
		Counting
		want bool
	}{
		{"no link with grades", Counting{}, false},
		{"none, and one that leads elsewhere by now", Counting{Left: true}, false},
		{"one", Counting{Links: one}, false},
		{"one, and one that leads elsewhere by now", Counting{Links: one, Left: true}, true},
		{"two", Counting{Links: append(one, one...)}, true},
	} {
		if got := test.Several(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
