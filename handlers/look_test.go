package handlers

import (
	"fmt"
	"testing"

	"github.com/bbbridge/bbbridge/web"
)

// However often tenants change their colour, few are remembered.
func TestStylesAreBounded(t *testing.T) {
	var s styles
	for i := range 3 * stylesMost {
		accent := fmt.Sprintf("#%06x", i)
		_, want := web.LookStyle(accent)
		if got := s.hash(accent); got != want || s.hash(accent) != want {
			t.Fatalf("the style of %s is %s, want %s", accent, got, want)
		}
		if len(s.of) > stylesMost {
			t.Fatalf("%d are remembered", len(s.of))
		}
	}
	if s.hash("") != "" || s.hash("red") != "" {
		t.Error("no colour has a style")
	}
}
