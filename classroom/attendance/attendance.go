package attendance

import (
	"cmp"
	"slices"
	"time"
)

// An Attendance is what one person's stays come to in one session.
type Attendance struct {
	SessionID string
	PersonID  string
	Time      time.Duration // united: two tabs count once
	Activity  Activity
}

// Attendances unites each person's stays in the meetings of a session, and
// says how long the session was: the time in which anybody was there.
func Attendances(sessionID string, of []Account) ([]Attendance, time.Duration) {
	whole := sumOf(of)
	activities := map[string]Activity{}
	for _, a := range of {
		for person, activity := range a.Whole().Activities {
			activities[person] = activities[person].plus(activity)
		}
	}
	var all []Attendance
	for person, there := range whole.times {
		all = append(all, Attendance{SessionID: sessionID, PersonID: person, Time: there, Activity: activities[person]})
	}
	slices.SortFunc(all, func(a, b Attendance) int { return cmp.Compare(a.PersonID, b.PersonID) })
	return all, whole.length
}
