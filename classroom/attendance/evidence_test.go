package attendance

import (
	"math/rand/v2"

	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
)

var (
	nine       = attendancetest.Nine
	minutes    = attendancetest.Minutes
	pollBody   = attendancetest.PollBody
	reportBody = attendancetest.ReportBody
)

type stretch = attendancetest.Stretch

// someEvidence is what might be told of a meeting of an hour.
func someEvidence(random *rand.Rand, m Meeting, people []string) []Evidence {
	var all []Evidence
	for _, e := range attendancetest.Told(random, m.InternalID, m.CreateTime, m.ClockOffset, people) {
		all = append(all, Evidence{MeetingID: m.ID, Source: Source(e.Source), At: e.At, Until: e.Until, Body: e.Body})
	}
	return all
}
