package attendance

import "time"

// Happened is when the newest thing happened, by our clock, on which what the
// accounts come to rests: a meeting ended, or a report came after what was
// observed had counted. Zero: nothing yet.
func Happened(accounts []Account) time.Time {
	var newest time.Time
	for _, a := range accounts {
		if a.Meeting.EndedAt.IsZero() {
			continue
		}
		at := a.Meeting.EndedAt.Add(-a.Meeting.ClockOffset).Round(time.Millisecond)
		if a.Exact && a.Reported.After(a.Meeting.CountsAt) && !a.Meeting.CountsAt.IsZero() {
			at = a.Reported
		}
		if at.After(newest) {
			newest = at
		}
	}
	return newest
}
