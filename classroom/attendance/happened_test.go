package attendance

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
)

func TestHappened(t *testing.T) {
	nine := attendancetest.Nine
	for _, test := range []struct {
		name     string
		accounts []Account
		want     time.Time
	}{
		{"nothing", nil, time.Time{}},
		{"a class that goes on", []Account{{Meeting: Meeting{CreateTime: nine(0)}}}, time.Time{}},
		{"a class, on a server that is an hour ahead", []Account{{Meeting: Meeting{EndedAt: nine(120), ClockOffset: time.Hour}}}, nine(60)},
		{"its report came in time", []Account{{Exact: true, Reported: nine(61), Meeting: Meeting{EndedAt: nine(60), CountsAt: nine(61)}}}, nine(60)},
		{"its report came late", []Account{{Exact: true, Reported: nine(90), Meeting: Meeting{EndedAt: nine(60), CountsAt: nine(62)}}}, nine(90)},
		{"a late report that says nothing", []Account{{Reported: nine(90), Meeting: Meeting{EndedAt: nine(60), CountsAt: nine(62)}}}, nine(60)},
		{"the newest of several", []Account{
			{Meeting: Meeting{EndedAt: nine(300)}}, {Meeting: Meeting{EndedAt: nine(60)}}, {Meeting: Meeting{CreateTime: nine(400)}},
		}, nine(300)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Happened(test.accounts); !got.Equal(test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
