package classroom

import (
	"strconv"
	"strings"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// The custom parameters of a link beside "room": made by hand, or by our
// picker, so that a copy at a place that doesn't know the room keeps its rule.
const (
	customOpen    = "open"             // room or class
	customMinutes = "complete_minutes" // how many complete the link
	customPercent = "complete_percent"
	customPoints  = "complete_points" // what that is worth; DefaultPoints
	customCounts  = "complete_counts" // best class, or total of all; best
	customAward   = "complete_award"  // all points or none, or a share; all
)

// DefaultPoints are what a rule is worth that says nothing of points.
const DefaultPoints = 100

// ruleOf reads the rule of a link from its custom parameters. What can't be
// read leaves the default.
func ruleOf(custom map[string]string, standard attendance.Rule) attendance.Rule {
	base := attendance.Rule{
		Points:  DefaultPoints,
		InTotal: custom[customCounts] == "total", Proportional: custom[customAward] == "share",
	}
	if points, ok := readPoints(custom[customPoints]); ok {
		base.Points = points
	}
	for _, measure := range []attendance.Measure{attendance.Minutes, attendance.Percent} {
		rule := base
		rule.Measure = measure
		if need, ok := readNeed(custom["complete_"+string(measure)], measure); ok {
			rule.Need = need
			return rule
		}
	}
	return standard
}

// readNeed reads how much completes a link: "60", also "60 %".
func readNeed(text string, measure attendance.Measure) (int, bool) {
	text = strings.TrimSpace(text)
	if measure == attendance.Percent {
		text = strings.TrimRight(text, " %")
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && attendance.Rule{Measure: measure, Need: n, Points: 1}.Wrong() == nil
}

func readPoints(text string) (float64, bool) {
	points, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return points, err == nil && attendance.Rule{Measure: attendance.Percent, Need: 1, Points: points}.Wrong() == nil
}

// customOf is a rule as custom parameters, which ruleOf reads.
func customOf(rule attendance.Rule) map[string]string {
	custom := map[string]string{}
	if rule.Measure == attendance.NoMeasure {
		return custom
	}
	custom["complete_"+string(rule.Measure)] = strconv.Itoa(rule.Need)
	custom[customPoints] = strconv.FormatFloat(rule.Points, 'f', -1, 64)
	if rule.InTotal {
		custom[customCounts] = "total"
	}
	if rule.Proportional {
		custom[customAward] = "share"
	}
	return custom
}

// unusable lists the custom parameters of a link that have no effect since
// they can't be read, and the room that it names if that isn't known here.
func unusable(custom map[string]string, noSuchRoom bool, roomID string) []Parameter {
	var list []Parameter
	if noSuchRoom {
		list = append(list, parameter("room", roomID))
	}
	oneOf := func(words ...string) func(string) bool {
		return func(value string) bool {
			for _, word := range words {
				if value == word {
					return true
				}
			}
			return false
		}
	}
	for _, p := range []struct {
		name string
		good func(string) bool
	}{
		{customOpen, oneOf("room", "class")},
		{customMinutes, func(v string) bool { _, ok := readNeed(v, attendance.Minutes); return ok }},
		{customPercent, func(v string) bool { _, ok := readNeed(v, attendance.Percent); return ok }},
		{customPoints, func(v string) bool { _, ok := readPoints(v); return ok }},
		{customCounts, oneOf("best", "total")},
		{customAward, oneOf("all", "share")},
	} {
		if value, ok := custom[p.name]; ok && !p.good(value) {
			list = append(list, parameter(p.name, value))
		}
	}
	return list
}
