package bbbtest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

func TestStuckMeeting(t *testing.T) {
	const info = "getMeetingInfo"
	for _, test := range []struct {
		name    string
		stuck   bbbtest.Stuck
		running bool     // there is a meeting
		want    []string // keys of getMeetingInfo, create, end, create
	}{
		{"nothing there", bbbtest.Stuck{}, false, []string{"notFound", "internalError", "notFound", ""}},
		{"nothing there, another key", bbbtest.Stuck{Key: "idNotUnique", Message: "Taken."}, false,
			[]string{"notFound", "idNotUnique", "notFound", ""}},
		{"nothing helps", bbbtest.Stuck{ForGood: true}, false, []string{"notFound", "internalError", "notFound", "internalError"}},
		{"node out of reach", bbbtest.Stuck{Unreachable: true}, false,
			[]string{"internalError", "internalError", "internalError", ""}},
		{"node out of reach with a class", bbbtest.Stuck{Unreachable: true}, true,
			[]string{"internalError", "internalError", "internalError", ""}},
		{"a class", bbbtest.Stuck{}, true, []string{"", "internalError", "sentEndMeetingRequest", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{EndDelay: -1})
			if test.running {
				b.create("")
			}
			b.Stick("room-a", test.stuck)
			b.wantKey(b.call("create", "meetingID=room-b&name=Other"), "") // another one isn't stuck
			var got []string
			for _, call := range []string{info, "create", "end", "create"} {
				query := "meetingID=room-a"
				if call == "create" {
					query = createA
				}
				got = append(got, b.call(call, query).key())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// A meeting that was ended goes on dying until it's ended once more.
func TestMeetingThatGoesOnDying(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	first := b.meeting().InternalID
	b.Stick("room-a", bbbtest.Stuck{Dying: true})
	b.EndNow("room-a")
	b.pass(time.Hour)
	r := b.call("create", createA)
	if r.key() != "duplicateWarning" || r.value("hasBeenForciblyEnded") != "true" || r.value("internalMeetingID") != first {
		t.Errorf("after an hour: %s", r.body)
	}
	b.wantKey(b.call("end", "meetingID=room-a"), "sentEndMeetingRequest")
	if r := b.call("create", createA); !r.ok() || r.value("internalMeetingID") == first {
		t.Errorf("after the end: %s", r.body)
	}
}
