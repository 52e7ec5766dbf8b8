package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// OverviewPage is the first page of who has signed in: how it goes.
type OverviewPage struct {
	Now             time.Time
	Classes, People int // now
	Figures         []Figure
	Jobs            []NamedCount // by kind; empty: not theirs to know
	Deliveries      []NamedCount // by state
	Platforms       []MarkLine
	Servers         []MarkLine
	Charts          []Chart
	Days            bool   // the charts are of 30 days, not of 24 hours
	OtherURL        string // the page with the other ones
	StartURL        string // the guide, as long as something of it is left to do; empty: nothing is, or it isn't theirs
	Staff           int    // -1: not theirs to know
}

// A Figure is a number of the last 24 hours, linked to what it counts: Name is
// the message "figure.NAME".
type Figure struct {
	Name string
	N    int
	URL  string // empty: there is no such page
}

// A NamedCount is how many there are of a kind: messages "grade_state.NAME" or
// "job_kind.NAME".
type NamedCount struct {
	Name string
	N    int
	URL  string
}

// A MarkLine is a platform or a server with its mark.
type MarkLine struct {
	Name  string
	URL   string
	State string // good, waiting, needs, off
	Why   string // message "mark.WHY"; empty: "mark.STATE"
	At    time.Time
}

// Shape is the shape of its mark.
func (m MarkLine) Shape() string {
	if m.State == "off" {
		return "over"
	}
	return m.State
}

// Said is the name of its text.
func (m MarkLine) Said() string {
	if m.Why != "" {
		return m.Why
	}
	return m.State
}

// A Chart is one series of counts over time, with what of them was refused.
// Name is the message "chart.NAME".
type Chart struct {
	Name   string
	Days   bool
	Series []Point
}

// A Point is the counts of one hour or day.
type Point struct {
	From        time.Time
	Well, Wrong int
}

// Sum counts what went well and what didn't.
func (c Chart) Sum() (sum Point) {
	for _, p := range c.Series {
		sum.Well, sum.Wrong = sum.Well+p.Well, sum.Wrong+p.Wrong
	}
	return sum
}

// Most is the tallest bar.
func (c Chart) Most() int {
	most := 0
	for _, p := range c.Series {
		most = max(most, p.Well+p.Wrong)
	}
	return most
}

// Size of a chart, in its own units.
const (
	chartWidth  = 480
	chartHeight = 80
)

// Drawing is the chart as SVG. Its numbers stand in the table beside it, so it is
// nothing that is read aloud; what was refused has a pattern of its own besides
// its colour.
func (c Chart) Drawing() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-hidden="true" focusable="false">`, chartWidth, chartHeight)
	most, n := max(1, c.Most()), max(1, len(c.Series))
	step := float64(chartWidth) / float64(n)
	bar := func(class string, i int, from, to int) {
		if to == from {
			return
		}
		y0, y1 := height(to, most), height(from, most)
		fmt.Fprintf(&b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class,
			short(float64(i)*step+step*0.1), short(y0), short(step*0.8), short(y1-y0))
	}
	for i, p := range c.Series {
		bar("well", i, 0, p.Well)
		bar("wrong", i, p.Well, p.Well+p.Wrong)
	}
	fmt.Fprintf(&b, `<line class="axis" x1="0" x2="%d" y1="%d" y2="%d"/></svg>`, chartWidth, chartHeight-1, chartHeight-1)
	return template.HTML(b.String())
}

// height is where a value stands, from the top. What isn't nothing is seen.
func height(n, most int) float64 {
	h := float64(n) / float64(most) * (chartHeight - 2)
	if n > 0 {
		h = max(h, 2)
	}
	return chartHeight - 1 - h
}

func short(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// GradesPage is grades on their way, the newest first.
type GradesPage struct {
	Now    time.Time
	Fields []Field // of the search, by GET: state, reason, platform, course, since
	Paused []PausedPlatform
	Lines  []GradeLine
	More   string
	// Where grades are sent again, by POST with the fields of Hidden; empty: not by
	// them. SinceText is what "all since" begins with, as typed.
	ResendURL string
	Hidden    []Hidden
	Since     bool // the search has a time, so all since then can be sent again
	Said      string
	SaidCount int
	SaidMore  bool
}

// A PausedPlatform is one for which grades wait.
type PausedPlatform struct {
	Name, Reason string
	Waiting      int
	NextAt       time.Time // zero: any moment
	TryURL       string    // POST "platform" to it; empty: not by them
	ID           string
}

// A GradeLine is one grade.
type GradeLine struct {
	Key                            string // value of the field "grade"
	At                             time.Time
	Person, Link, Course, Platform string
	RoomURL                        string
	Points, Max                    float64
	State, Reason                  string
	Detail                         string // in the platform's words
	Attempts                       int
	NextAt                         time.Time
	MayResend                      bool
}

// Shape is that of the grade's state.
func (g GradeLine) Shape() string {
	switch g.State {
	case "delivered":
		return "good"
	case "refused":
		return "needs"
	case "waiting":
		return "waiting"
	}
	return "over"
}

// CoursesPage is rooms of all courses.
type CoursesPage struct {
	Now    time.Time
	Fields []Field // of the search, by GET: q, platform
	Lines  []RoomLine
	More   string
}

// A RoomLine is one room.
type RoomLine struct {
	Title, Course, Platform string
	URL                     string // a look at it
	Live                    bool
	LastClass               time.Time // zero: none yet
	Links                   int
}
