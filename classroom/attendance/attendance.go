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

// Attendances unites each person's stays in each session, and sets the
// sessions' lengths: the time in which anybody was there.
func Attendances(sessions []Session, sessionOf map[string]string, accounts []Account) []Attendance {
	type key struct{ session, person string }
	spans := map[key][]span{}
	activities := map[key]Activity{}
	whole := map[string][]span{}
	for _, a := range accounts {
		session, ok := sessionOf[a.Meeting.ID]
		if !ok {
			continue
		}
		for _, s := range a.Stays {
			k := key{session, s.PersonID}
			spans[k] = append(spans[k], span{s.From, s.To})
			whole[session] = append(whole[session], span{s.From, s.To})
		}
		for person, activity := range a.Activities {
			k := key{session, person}
			activities[k] = activities[k].plus(activity)
		}
	}
	for i := range sessions {
		sessions[i].Length = length(unite(whole[sessions[i].ID]))
	}
	var all []Attendance
	for k, s := range spans {
		all = append(all, Attendance{SessionID: k.session, PersonID: k.person, Time: length(unite(s)), Activity: activities[k]})
	}
	slices.SortFunc(all, func(a, b Attendance) int {
		return cmp.Or(cmp.Compare(a.SessionID, b.SessionID), cmp.Compare(a.PersonID, b.PersonID))
	})
	return all
}
