package store_test

import (
	"testing"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// Databases have these words in them, written by whatever version: they stay.
func TestWordsInDatabases(t *testing.T) {
	for word, is := range map[string]string{
		"viewer": string(classroom.Viewer), "moderator": string(classroom.Moderator),
		"default": classroom.DefaultTenant,
		"poll":    string(attendance.Poll), "analytics": string(attendance.Analytics), "join": string(attendance.Joining),
		"minutes": string(attendance.Minutes), "percent": string(attendance.Percent), "": string(attendance.NoMeasure),
		"waiting": string(gradebook.Waiting), "delivered": string(gradebook.Delivered), "refused": string(gradebook.Refused),
		"superseded": string(gradebook.Superseded), "withdrawn": string(gradebook.Withdrawn),
		"not_gradable": gradebook.ReasonNotGradable, "forbidden": gradebook.ReasonForbidden, "key_refused": gradebook.ReasonKeyRefused,
		"scope_missing": gradebook.ReasonScopeMissing, "no_line_item": gradebook.ReasonNoLineItem,
		"line_item_gone": gradebook.ReasonLineItemGone, "locked": gradebook.ReasonLocked, "no_gradebook": gradebook.ReasonNoGradebook,
		"given": gradebook.ReasonGiven, "kept": gradebook.ReasonKept, "outdated": gradebook.ReasonOutdated,
		"missing": gradebook.ReasonMissing, "bad_request": gradebook.ReasonBadRequest,
		"platform_down": gradebook.ReasonPlatformDown, "platform_disabled": gradebook.ReasonPlatformDisabled,
	} {
		if is != word {
			t.Errorf("%q is written as %q now", word, is)
		}
	}
	if classroom.PollJob != "poll" || classroom.SettleJob != "settle" || classroom.SweepJob != "sweep" || classroom.TidyJob != "tidy" ||
		gradebook.DeliverJob != "deliver" || gradebook.CheckJob != "check" {
		t.Error("jobs of the version before are of no kind now")
	}
}
