package classroom

import (
	"fmt"
	"testing"
)

// What is remembered of running classes weighs no more than is allowed,
// however many there are; those of which nobody has asked for longest go.
func TestWatchesAreBounded(t *testing.T) {
	var s watches
	weight := func() (total int) {
		for _, w := range s.byID {
			total += w.stays
		}
		return total
	}
	for i := range 3 * watchedMost / watchLeast {
		s.weigh(s.of(fmt.Sprint("small ", i)), 0)
	}
	if got := len(s.byID); got != watchedMost/watchLeast {
		t.Errorf("%d classes without people are remembered", got)
	}
	last := fmt.Sprint("small ", 3*watchedMost/watchLeast-1)
	if s.byID[last] == nil || s.byID["small 0"] != nil {
		t.Error("the newest was forgotten, or the oldest wasn't")
	}
	s.weigh(s.of("large"), watchedMost/2)
	if got := weight(); got > watchedMost {
		t.Errorf("all weigh %d", got)
	}
	s.weigh(s.of("larger than all"), 2*watchedMost)
	if got := len(s.byID); got != 1 {
		t.Errorf("beside one that is too large %d are remembered", got-1)
	}
}
