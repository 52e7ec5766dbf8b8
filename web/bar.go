package web

import (
	"strconv"
	"time"
)

// A bar draws stays on the axis of a class. Places are in percent of its
// width, as SVG's x and width take them: no style attribute is needed.
type bar struct{ Spans []span }

type span struct {
	X, Width string
	Exact    bool
}

// A tick is a time on the axis.
type tick struct {
	X  string
	At time.Time
}

// Bar is the person's bar on the axis of the class.
func (r Register) Bar(p Person) bar {
	var b bar
	from, length := r.From, r.end().Sub(r.From)
	if length <= 0 {
		return b
	}
	for _, s := range p.Stays {
		start, end := share(s.From.Sub(from), length), share(s.To.Sub(from), length)
		width := max(end-start, 0.004) // a short stay is still seen
		b.Spans = append(b.Spans, span{X: percentage(min(start, 1-0.004)), Width: percentage(width), Exact: s.Exact})
	}
	return b
}

// Ticks are round times on the axis of the class, 3 to 6 of them, none so
// near the right edge that its label would be cut.
func (r Register) Ticks() []tick {
	length := r.end().Sub(r.From)
	if length <= 0 {
		return nil
	}
	step := time.Minute
	for _, step = range []time.Duration{1, 5, 10, 15, 30, 60, 120, 240, 480, 1440} {
		step *= time.Minute
		if length/step <= 5 {
			break
		}
	}
	var ticks []tick
	// Round in the zone that is shown: some are a quarter of an hour off.
	_, offset := r.From.Zone()
	shift := time.Duration(offset) * time.Second
	at := r.From.Add(shift).Truncate(step).Add(-shift)
	for ; at.Before(r.end()); at = at.Add(step) {
		x := share(at.Sub(r.From), length)
		if !at.Before(r.From) && x <= 0.86 {
			ticks = append(ticks, tick{X: percentage(x), At: at})
		}
	}
	return ticks
}

func share(part, whole time.Duration) float64 {
	return max(0, min(1, float64(part)/float64(whole)))
}

func percentage(share float64) string {
	return strconv.FormatFloat(share*100, 'f', 2, 64) + "%"
}
