package attendance

import (
	"testing"
	"time"
)

func TestOver(t *testing.T) {
	now := nine(60)
	for _, test := range []struct {
		name string
		m    Meeting
		want bool
	}{
		{"never missed", Meeting{}, false},
		{"once, long ago", Meeting{Absences: 1, AbsentSince: nine(0)}, false},
		{"twice", Meeting{Absences: 2, AbsentSince: nine(0)}, false},
		{"often, in a minute", Meeting{Absences: 60, AbsentSince: nine(59)}, false},
		{"three times in more than a minute", Meeting{Absences: 3, AbsentSince: nine(59).Add(-1)}, true},
		{"once, after a teacher ended it", Meeting{Absences: 1, AbsentSince: now, StoppedAt: nine(59)}, true},
		{"once, long after a teacher ended it", Meeting{Absences: 1, AbsentSince: now, StoppedAt: nine(50)}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.m.Over(now); got != test.want {
				t.Errorf("over: %v, want %v", got, test.want)
			}
		})
	}
	if (Meeting{Absences: 3, AbsentSince: now}).Over(now.Add(time.Minute)) {
		t.Error("over after a minute")
	}
}
