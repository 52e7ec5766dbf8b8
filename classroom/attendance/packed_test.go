package attendance

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func notStranger(id string) bool { return id != "w_stranger" }

// someAccount is that of a meeting of which something was told, and the meeting.
func someAccount(random *rand.Rand) (Meeting, Account) {
	m := Meeting{
		ID: "m1", InternalID: "in-1", CreateTime: nine(0), EndedAt: nine(60),
		ClockOffset: time.Duration(random.IntN(3)) * time.Minute, CountsAt: nine(62), SessionID: "m0", Parted: true,
	}
	if random.IntN(4) == 0 {
		m.EndedAt = time.Time{}
	}
	return m, AccountOf(m, someEvidence(random, m, []string{"ann", "bob", "cy", "w_stranger"}), notStranger)
}

// What is kept of an account is all of it.
func TestPack(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 300 {
		m, want := someAccount(random)
		packed := want.Pack()
		got, ok := Unpack(m, packed, notStranger)
		if !ok {
			t.Fatalf("round %d: it can't be read again", round)
		}
		if got.Stays != nil || got.Came() != want.Came() || !got.From.Equal(want.From) || !got.To.Equal(want.To) {
			t.Fatalf("round %d: before it's opened: %+v", round, got)
		}
		var spans, stays []span
		for _, s := range got.spans() {
			spans = append(spans, s)
		}
		for _, s := range want.spans() {
			stays = append(stays, s)
		}
		if diff := cmp.Diff(stays, spans, cmp.AllowUnexported(span{})); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		if diff := cmp.Diff(sumOf([]Account{want, {}}), sumOf([]Account{got}), cmp.AllowUnexported(sum{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("round %d: added up: %s", round, diff)
		}
		got = got.Whole()
		got.Packed = ""
		if len(want.Activities) == 0 {
			want.Activities = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
	}
}

// What was kept holds only for the meeting and the people of which it was made,
// and for this form of it.
func TestUnpackNoMore(t *testing.T) {
	m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), EndedAt: nine(60)}
	evidence := []Evidence{
		{Source: Poll, At: nine(1), Until: nine(50), Body: pollBody("ann", "w_stranger")},
		{Source: Analytics, Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": {{10, 40}}, "bob": {}})},
	}
	packed := AccountOf(m, evidence, notStranger).Pack()
	for name, test := range map[string]struct {
		packed string
		change func(*Meeting)
		known  func(string) bool
		want   bool
	}{
		"the same":                    {packed: packed, want: true},
		"it counts from another time": {packed: packed, change: func(m *Meeting) { m.CountsAt = nine(99) }, want: true},
		"it lives again":              {packed: packed, change: func(m *Meeting) { m.EndedAt = time.Time{} }},
		"it ended at another time":    {packed: packed, change: func(m *Meeting) { m.EndedAt = nine(61) }},
		"it began at another time":    {packed: packed, change: func(m *Meeting) { m.CreateTime = nine(-1) }},
		"its server's clock":          {packed: packed, change: func(m *Meeting) { m.ClockOffset = time.Second }},
		"a stranger isn't one":        {packed: packed, known: everybody},
		"somebody is one now":         {packed: packed, known: func(id string) bool { return id == "bob" }},
		"somebody without a stay is":  {packed: packed, known: func(id string) bool { return id == "ann" }},
		"nothing":                     {packed: ""},
		"another form":                {packed: "\x00" + packed[1:]},
		"more than there was":         {packed: packed + "\x00"},
	} {
		m := m
		if test.change != nil {
			test.change(&m)
		}
		if test.known == nil {
			test.known = notStranger
		}
		if _, ok := Unpack(m, test.packed, test.known); ok != test.want {
			t.Errorf("%s: holds %v", name, ok)
		}
	}
	for n := range packed {
		if _, ok := Unpack(m, packed[:n], notStranger); ok {
			t.Errorf("the first %d of %d bytes hold", n, len(packed))
		}
	}
}

// FuzzUnpack: whatever is kept, it is read or it isn't, and what is read is the
// same when it's packed again.
func FuzzUnpack(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 5 {
		_, a := someAccount(random)
		f.Add(a.Pack())
	}
	f.Add("\x01")
	f.Fuzz(func(t *testing.T, packed string) {
		p := open(packed)
		m := Meeting{ID: "m1", CreateTime: p.Recorded.CreateTime, EndedAt: p.Recorded.EndedAt, ClockOffset: p.Recorded.ClockOffset}
		a, ok := Unpack(m, packed, func(id string) bool { return !slices.Contains(p.strangers, id) })
		if !ok {
			return
		}
		whole := a.Whole()
		whole.Packed = ""
		again, ok := Unpack(m, whole.Pack(), func(string) bool { return true })
		if !ok && len(p.strangers) == 0 {
			t.Fatal("it can't be read again")
		}
		if diff := cmp.Diff(len(whole.Stays), len(again.Whole().Stays)); diff != "" && ok {
			t.Error(diff)
		}
	})
}
