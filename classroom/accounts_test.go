package classroom

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// noEvidence is a store of which nothing may be asked.
type noEvidence struct{ evidenceStore }

var errAsked = errors.New("evidence is asked for")

func (noEvidence) EvidenceOf(context.Context, string) ([]attendance.Evidence, error) {
	return nil, errAsked
}

// Of a meeting whose evidence is gone, what was kept holds, whatever has changed
// since; and without it nothing is made up.
func TestSweptMeetingsAreWhatWasKept(t *testing.T) {
	m := attendance.Meeting{ID: "m", CreateTime: nine(0), EndedAt: nine(60)}
	a := attendance.Account{Meeting: m, From: nine(0), To: nine(60), Stays: []attendance.Stay{{PersonID: "ann", From: nine(1), To: nine(50), Source: attendance.Analytics}}}
	kept := map[string]string{"m": a.Pack()}
	nobody := func(string) bool { return false }
	accounts := func(m attendance.Meeting, kept map[string]string) ([]attendance.Account, error) {
		return accountsOf(t.Context(), noEvidence{}, []attendance.Meeting{m}, kept, nobody, nil)
	}
	if _, err := accounts(m, kept); !errors.Is(err, errAsked) {
		t.Errorf("a person that isn't known any more changes nothing: %v", err)
	}
	m.Swept, m.Dirty = true, true
	m.ClockOffset = time.Hour
	got, err := accounts(m, kept)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	if diff := cmp.Diff(kept["m"], got[0].Packed); diff != "" {
		t.Error(diff)
	}
	for name, packed := range map[string]string{"nothing": "", "what can't be read": "\xff"} {
		if _, err := accounts(m, map[string]string{"m": packed}); err == nil || errors.Is(err, errAsked) {
			t.Errorf("%s is kept: %v", name, err)
		}
	}
}
