package classroom

import "time"

// A Measure is what a rule counts.
type Measure string

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

// A Result is what a placement's rule makes of a person's attendances.
type Result struct {
	PlacementID string
	PersonID    string
	Complete    bool
	Share       float64       // of what is needed, 0 to 1
	Points      float64       // of Rule.Points
	Time        time.Duration // that counted
	Needed      time.Duration // for all points; 0 if no session says yet
	TrueAt      time.Time     // when it came true, our clock
	Sends       bool          // belongs in the gradebook
}
