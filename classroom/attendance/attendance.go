package attendance

import "time"

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
	for i, person := range whole.people {
		all = append(all, Attendance{SessionID: sessionID, PersonID: person, Time: whole.times[i], Activity: activities[person]})
	}
	return all, whole.length
}
