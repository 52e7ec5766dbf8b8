package attendance

import (
	"math"
	"time"
)

// A Measure is what a rule counts.
type Measure string

// The measures.
const (
	NoMeasure Measure = ""        // nothing is completed and nothing graded
	Minutes   Measure = "minutes" // minutes of presence
	Percent   Measure = "percent" // share of the session's length
)

// A Rule says what completes a placement and what that is worth. The zero
// value grades nothing.
type Rule struct {
	Measure      Measure `json:"measure,omitempty"`
	Need         int     `json:"need,omitempty"`         // minutes or percent, at least 1
	InTotal      bool    `json:"in_total,omitempty"`     // over all sessions; else the best one counts
	Proportional bool    `json:"proportional,omitempty"` // points by share of Need; else all or nothing
	Points       float64 `json:"points,omitempty"`       // the maximum, above 0
}

// Limits of a rule.
const (
	MostMinutes = 10_000
	MostPoints  = 100_000
)

// Wrong names the fields that are out of bounds.
func (r Rule) Wrong() []string {
	most := MostMinutes
	switch r.Measure {
	case NoMeasure:
		return nil
	case Minutes:
	case Percent:
		most = 100
	default:
		return []string{"measure"}
	}
	var wrong []string
	if r.Need < 1 || r.Need > most {
		wrong = append(wrong, "need")
	}
	if math.IsNaN(r.Points) || r.Points < 0.01 || r.Points > MostPoints {
		wrong = append(wrong, "points")
	}
	return wrong
}

// attended is one ended session as one person attended it, or what it had come
// to at a pause.
type attended struct {
	time, length time.Duration
	interim      bool // the session went on, and stands once more in what follows
}

// needed is the time that a rule asks of sessions of this length.
func (r Rule) needed(length time.Duration) time.Duration {
	if r.Measure == Minutes {
		return time.Duration(r.Need) * time.Minute
	}
	return length * time.Duration(r.Need) / 100
}

// Alone is what one session by itself asks of a person: a time, or a percentage
// of the session's length. Both are 0 if sessions add up, or nothing completes.
func (r Rule) Alone() (time.Duration, int) {
	switch {
	case r.InTotal:
		return 0, 0
	case r.Measure == Minutes:
		return r.needed(0), 0
	case r.Measure == Percent:
		return 0, r.Need
	}
	return 0, 0
}

// NeededAlone is the time that one session of this length asks by itself; 0 if
// sessions add up, or nothing completes.
func (r Rule) NeededAlone(length time.Duration) time.Duration {
	need, percent := r.Alone()
	return need + length*time.Duration(percent)/100
}

// Running reports whether what the rule gives is a running figure: a share of
// all sessions may fall with the next one.
func (r Rule) Running() bool { return r.Measure == Percent && r.InTotal }

// judge says how far the sessions, in the order of time, fulfil the rule. It
// looks at every prefix of them and takes the best, so what the rule has once
// given no later session takes away. Of a running figure the last one counts.
func (r Rule) judge(history []attended) Result {
	var best Result
	var before attended // all sessions that are over, if they add up
	for _, a := range history {
		sum := attended{time: before.time + a.time, length: before.length + a.length}
		if r.InTotal && !a.interim {
			before = sum
		}
		needed := r.needed(sum.length)
		if needed <= 0 {
			continue
		}
		share := min(1, float64(sum.time)/float64(needed))
		if r.Running() || share > best.Share || share == best.Share && sum.time > best.Time || best.Needed == 0 {
			best = Result{Share: share, Time: sum.time, Needed: needed, Complete: sum.time >= needed}
		}
	}
	return r.worth(best)
}

// worth is result with what it is worth by r.
func (r Rule) worth(result Result) Result {
	result.Points = r.pointsFor(result)
	result.Sends = r.Measure != NoMeasure && (result.Complete || r.Proportional && result.Share > 0)
	return result
}

// pointsFor rounds down to a hundredth: nearly all is not all. Who has a share
// gets a hundredth at least, so no points mean that nothing was earned.
func (r Rule) pointsFor(result Result) float64 {
	switch {
	case result.Complete:
		return r.Points
	case r.Proportional && result.Share > 0:
		return max(0.01, math.Floor(result.Share*r.Points*100)/100)
	}
	return 0
}
