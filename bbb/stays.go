package bbb

import (
	"math"
	"slices"
	"time"
)

// stays builds an attendee's intervals: of each session for itself, where the
// report has sessions (bbbevents 2.0), else of all joins and leaves together.
//
// A session without a leave counts to the end of the meeting, also when
// another session of the same person began later: BigBlueButton records no
// leave for those who are inside at the end, and a person who adds a phone for
// some minutes must not lose time. The server's own duration counts the same.
func (r reportAttendee) stays(start, finish time.Time) []Interval {
	var list []Interval
	for _, s := range r.Sessions {
		list = append(list, pair(times(s.Joins), times(s.Lefts), finish, 1)...)
	}
	if len(list) == 0 {
		list = pair(sorted(r.Joins), sorted(r.Leaves), finish, math.MaxInt)
	}
	for i := range list {
		list[i].From = clamp(list[i].From, start, finish)
		list[i].To = clamp(list[i].To, list[i].From, finish)
	}
	slices.SortStableFunc(list, func(a, b Interval) int { return a.From.Compare(b.From) })
	return list
}

// pair goes through sorted joins and leaves and returns the stretches in which
// somebody was inside. limit is how many can be: 1 for a session, in which a
// second join is a reconnection whose leave got lost.
func pair(joins, leaves []time.Time, finish time.Time, limit int) []Interval {
	var list []Interval
	var from time.Time
	inside := 0
	for len(joins)+len(leaves) > 0 {
		if leaveIsNext(joins, leaves, inside) {
			if inside > 0 {
				if inside--; inside == 0 {
					list = append(list, Interval{From: from, To: leaves[0]})
				}
			}
			leaves = leaves[1:]
			continue
		}
		if inside == 0 {
			from = joins[0]
		}
		inside = min(inside+1, limit)
		joins = joins[1:]
	}
	if inside > 0 {
		list = append(list, Interval{From: from, To: finish, Open: true})
	}
	return list
}

// leaveIsNext decides within a second by what makes sense: who is inside
// leaves and comes back (a reload), who isn't comes and leaves.
func leaveIsNext(joins, leaves []time.Time, inside int) bool {
	switch {
	case len(leaves) == 0:
		return false
	case len(joins) == 0:
		return true
	case leaves[0].Equal(joins[0]):
		return inside > 0
	}
	return leaves[0].Before(joins[0])
}

func times(events []reportEvent) []time.Time {
	stamps := make([]stamp, len(events))
	for i, e := range events {
		stamps[i] = e.Timestamp
	}
	return sorted(stamps)
}

// sorted leaves out what isn't a time.
func sorted(stamps []stamp) []time.Time {
	list := make([]time.Time, 0, len(stamps))
	for _, s := range stamps {
		if at := time.Time(s); !at.IsZero() {
			list = append(list, at)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

func clamp(at, low, high time.Time) time.Time {
	switch {
	case at.Before(low):
		return low
	case at.After(high):
		return high
	}
	return at
}
