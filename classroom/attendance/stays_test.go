package attendance

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
)

func everybody(string) bool { return true }

func TestUnite(t *testing.T) {
	s := func(from, to float64) span { return span{nine(from), nine(to)} }
	for _, test := range []struct {
		name string
		in   []span
		want []span
	}{
		{"nothing", nil, nil},
		{"two tabs", []span{s(0, 10), s(5, 20)}, []span{s(0, 20)}},
		{"one tab inside the other's time", []span{s(0, 30), s(5, 10)}, []span{s(0, 30)}},
		{"a reload in the same second", []span{s(10, 20), s(0, 10)}, []span{s(0, 20)}},
		{"away in between", []span{s(12, 20), s(0, 10)}, []span{s(0, 10), s(12, 20)}},
		{"no time at all, or less", []span{s(5, 5), s(9, 8)}, nil},
		{"the same twice", []span{s(0, 10), s(0, 10)}, []span{s(0, 10)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, unite(test.in), cmp.AllowUnexported(span{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The table of bbb.md's "what the libraries compute": seconds after start, of
// one person with several internal users.
func TestExactStaysAreUnited(t *testing.T) {
	sec := func(n float64) float64 { return n / 60 }
	for _, test := range []struct {
		name   string
		events []stretch
		want   time.Duration
	}{
		{"one after the other", []stretch{{300, 600}, {1200, 1500}}, 600 * time.Second},
		{"overlap", []stretch{{300, 1500}, {1200, 3000}}, 2700 * time.Second},
		{"nested", []stretch{{300, 3000}, {1200, 1500}}, 2700 * time.Second},
		{"same second", []stretch{{300, 1500}, {300, 3000}}, 2700 * time.Second},
		{"reload", []stretch{{300, 1200}, {1200, 3000}}, 2700 * time.Second},
		{"three devices", []stretch{{300, 2000}, {400, 600}, {500, 3000}}, 2700 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stays []stretch
			for _, e := range test.events {
				stays = append(stays, stretch{sec(e[0]), sec(e[1])})
			}
			m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0)}
			a := AccountOf(m, []Evidence{{Source: Analytics, Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": stays})}}, everybody)
			var sum time.Duration
			for _, s := range a.Stays {
				sum += s.To.Sub(s.From)
			}
			if sum != test.want || !a.Exact {
				t.Errorf("%v, exact %v; want %v, exact", sum, a.Exact, test.want)
			}
		})
	}
}

// What BigBlueButton itself reported: our stays add up to its own duration.
func TestReportsOfBigBlueButton(t *testing.T) {
	for _, name := range []string{"own-60", "own-edge", "own-night", "own-still-talking"} {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("..", "..", "testdata", "analytics", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			report, err := bbb.ParseAnalytics(body)
			if err != nil {
				t.Fatal(err)
			}
			m := Meeting{ID: "m1", InternalID: report.InternalMeetingID, CreateTime: report.Start}
			a := AccountOf(m, []Evidence{{Source: Analytics, Body: body}}, everybody)
			got := map[string]time.Duration{}
			for _, s := range a.Stays {
				got[s.PersonID] += s.To.Sub(s.From)
			}
			for _, person := range report.Attendees {
				if off := (got[person.UserID] - person.Duration).Abs(); off > time.Second {
					t.Errorf("%s: %v, BigBlueButton says %v", person.UserID, got[person.UserID], person.Duration)
				}
			}
			if len(report.Attendees) == 0 || !a.Exact || !a.Meeting.EndedAt.Equal(report.Finish) {
				t.Errorf("%d attendees, exact %v, finish %v", len(report.Attendees), a.Exact, a.Meeting.EndedAt)
			}
		})
	}
}

func TestObservedStays(t *testing.T) {
	// Polls at full half-minutes; the meeting lives from 0 to 60.
	poll := func(from, until float64, people ...string) Evidence {
		return Evidence{Source: Poll, At: nine(from), Until: nine(until), Body: pollBody(people...)}
	}
	joins := func(at float64, person string) Evidence {
		return Evidence{Source: Joining, At: nine(at), Until: nine(at), Body: []byte(person)}
	}
	for _, test := range []struct {
		name     string
		evidence []Evidence
		live     bool
		want     []stretch // of ann
	}{
		{"seen once: half an interval to both sides", []Evidence{poll(5, 5), poll(10, 10, "ann"), poll(10.5, 12)}, false, []stretch{{9.75, 10.25}}},
		{"seen again and again is there in between", []Evidence{poll(9.5, 9.5), poll(10, 20, "ann"), poll(20.5, 21)}, false, []stretch{{9.75, 20.25}}},
		{"others come and go", []Evidence{poll(9.5, 9.5), poll(10, 12, "ann"), poll(12.5, 14, "ann", "bob"), poll(14.5, 15, "ann"), poll(15.5, 16)}, false, []stretch{{9.75, 15.25}}},
		{"away and back", []Evidence{poll(9.5, 9.5), poll(10, 12, "ann"), poll(12.5, 14), poll(14.5, 15, "ann"), poll(15.5, 16)}, false, []stretch{{9.75, 12.25}, {14.25, 15.25}}},
		{"polls closer than the interval", []Evidence{poll(9.9, 9.9), poll(10, 10, "ann"), poll(10.1, 11)}, false, []stretch{{9.95, 10.05}}},
		{"the server was silent before and after", []Evidence{poll(1, 1), poll(10, 10, "ann"), poll(30, 31)}, false, []stretch{{9.75, 10.25}}},
		{"the server was silent in between: never left", []Evidence{poll(9.5, 9.5), poll(10, 10, "ann"), poll(30, 30, "ann", "bob"), poll(30.5, 31)}, false, []stretch{{9.75, 30.25}}},
		{"from the join that we signed", []Evidence{poll(9.5, 9.5), joins(9.6, "ann"), poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.6, 12.25}}},
		{"the first join counts of two", []Evidence{poll(9.5, 9.5), joins(9.8, "ann"), joins(9.6, "ann"), poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.6, 12.25}}},
		{"a join before a poll that didn't see them", []Evidence{joins(9.4, "ann"), poll(9.5, 9.5), poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.75, 12.25}}},
		{"a join long ago", []Evidence{joins(5, "ann"), poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.75, 12.25}}},
		{"somebody else's join", []Evidence{poll(9.5, 9.5), joins(9.6, "bob"), poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.75, 12.25}}},
		{"a join alone is no presence", []Evidence{joins(9.6, "ann"), poll(10, 12)}, false, nil},
		{"who starts the class has been there from the start", []Evidence{joins(0.01, "ann"), poll(0.55, 12, "ann"), poll(12.5, 13)}, false, []stretch{{0.01, 12.25}}},
		{"not before the meeting", []Evidence{poll(0.1, 12, "ann"), poll(12.5, 13)}, false, []stretch{{0.05, 12.25}}},
		{"not after its end", []Evidence{poll(9.5, 9.5), poll(10, 59.9, "ann")}, false, []stretch{{9.75, 60}}},
		{"to its end", []Evidence{poll(9.5, 9.5), poll(10, 59.5, "ann")}, false, []stretch{{9.75, 59.75}}},
		{"still there while it lives", []Evidence{poll(9.5, 9.5), poll(10, 30, "ann")}, true, []stretch{{9.75, 30}}},
		{"a report that can't be read is none", []Evidence{{Source: Poll, At: nine(9.5), Until: nine(9.5), Body: []byte("{")}, poll(10, 12, "ann"), poll(12.5, 13)}, false, []stretch{{9.75, 12.25}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Meeting{ID: "m1", CreateTime: nine(0), ClockOffset: time.Nanosecond, EndedAt: nine(60)}
			if test.live {
				m.EndedAt = time.Time{}
			}
			var got []stretch
			for _, s := range AccountOf(m, test.evidence, everybody).Stays {
				if s.PersonID == "ann" {
					got = append(got, stretch{s.From.Round(time.Millisecond).Sub(nine(0)).Minutes(), s.To.Round(time.Millisecond).Sub(nine(0)).Minutes()})
				}
				if s.Source != Poll {
					t.Errorf("source %s", s.Source)
				}
			}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClocksThatDiffer(t *testing.T) {
	// The server is three hours ahead, or behind; we see ann from minute 10 to
	// 20 of the meeting.
	for _, test := range []struct {
		name         string
		ahead        time.Duration
		offset       time.Duration // as recorded
		from, to     float64       // minutes of the server's clock
		joinWasFirst bool
	}{
		{"ahead", 3 * time.Hour, 3 * time.Hour, 9.75, 20.25, false},
		{"behind", -3 * time.Hour, -3 * time.Hour, 9.75, 20.25, false},
		{"ahead by how much wasn't seen: by the join", 3 * time.Hour, 0, 9.75, 20.25, true},
		{"ahead by how much wasn't seen: by the poll, at least", 3 * time.Hour, 0, 0, 10.25, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours := func(minute float64) time.Time { return nine(minute).Add(-test.ahead) }
			evidence := []Evidence{
				{Source: Poll, At: ours(10), Until: ours(20), Body: pollBody("ann")},
				{Source: Poll, At: ours(20.5), Until: ours(30), Body: pollBody()},
			}
			if test.joinWasFirst {
				evidence = append(evidence, Evidence{Source: Joining, At: ours(0), Until: ours(0), Body: []byte("bob")})
			}
			m := Meeting{ID: "m1", CreateTime: nine(0), ClockOffset: test.offset, EndedAt: nine(60)}
			a := AccountOf(m, evidence, everybody)
			if len(a.Stays) != 1 || !a.From.Equal(nine(test.from)) || !a.To.Equal(nine(test.to)) {
				t.Errorf("%v to %v, want %v to %v", a.From, a.To, nine(test.from), nine(test.to))
			}
		})
	}
}

func TestSourcesOfAMeeting(t *testing.T) {
	polled := Evidence{Source: Poll, At: nine(0.5), Until: nine(50), Body: pollBody("ann", "bob")}
	report := func(people map[string][]stretch) Evidence {
		return Evidence{Source: Analytics, Body: reportBody("in-1", 0, 60, people)}
	}
	breakout := Evidence{Source: Analytics, Body: []byte(`{"meeting_id":"x","internal_meeting_id":"in-1","data":{"metadata":{"is_breakout":"true"},
		"start":"2026-03-02T09:00:00.000Z","finish":"2026-03-02T10:00:00.000Z","attendees":[{"ext_user_id":"ann","joins":["2026-03-02T09:00:00.000Z"],"leaves":[]}]}}`)}
	another := Evidence{Source: Analytics, Body: reportBody("in-2", 0, 60, map[string][]stretch{"ann": {{0, 60}}})}
	for _, test := range []struct {
		name     string
		evidence []Evidence
		exact    bool
		want     map[string]time.Duration
	}{
		{"polls alone", []Evidence{polled}, false, map[string]time.Duration{"ann": minutes(50), "bob": minutes(50)}},
		{"the report replaces polls of those whom it names", []Evidence{polled, report(map[string][]stretch{"ann": {{10, 40}}})}, true, map[string]time.Duration{"ann": minutes(30), "bob": minutes(50)}},
		{"a later one names the others too", []Evidence{polled, report(map[string][]stretch{"ann": {{10, 40}}}), report(map[string][]stretch{"bob": {{5, 10}}})}, true, map[string]time.Duration{"ann": minutes(30), "bob": minutes(5)}},
		{"reports that differ are united", []Evidence{report(map[string][]stretch{"ann": {{10, 40}}}), report(map[string][]stretch{"ann": {{30, 50}}, "bob": {{0, 5}}})}, true, map[string]time.Duration{"ann": minutes(40), "bob": minutes(5)}},
		{"a report of nobody doesn't empty a class that was seen", []Evidence{polled, report(nil)}, false, map[string]time.Duration{"ann": minutes(50), "bob": minutes(50)}},
		{"nor one of strangers", []Evidence{polled, report(map[string][]stretch{"w_stranger": {{0, 60}}})}, false, map[string]time.Duration{"ann": minutes(50), "bob": minutes(50)}},
		{"a report of nobody, and nobody was seen", []Evidence{report(nil)}, true, map[string]time.Duration{}},
		{"strangers don't count", []Evidence{report(map[string][]stretch{"ann": {{10, 40}}, "w_stranger": {{0, 60}}})}, true, map[string]time.Duration{"ann": minutes(30)}},
		{"a breakout room's", []Evidence{polled, breakout}, false, map[string]time.Duration{"ann": minutes(50), "bob": minutes(50)}},
		{"another meeting's", []Evidence{polled, another}, false, map[string]time.Duration{"ann": minutes(50), "bob": minutes(50)}},
		{"nothing", nil, false, map[string]time.Duration{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), ClockOffset: time.Nanosecond, EndedAt: nine(50)}
			known := func(id string) bool { return id == "ann" || id == "bob" }
			a := AccountOf(m, test.evidence, known)
			got := map[string]time.Duration{}
			for _, s := range a.Stays {
				got[s.PersonID] += s.To.Sub(s.From).Round(time.Minute)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || a.Exact != test.exact {
				t.Errorf("exact %v\n%s", a.Exact, diff)
			}
		})
	}
}

func TestReportsOfOneMeetingCountActivityOnce(t *testing.T) {
	m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0)}
	evidence := []Evidence{
		{Source: Analytics, Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": {{0, 10}, {20, 30}}})},
		{Source: Analytics, Body: reportBody("in-1", 0, 61, map[string][]stretch{"ann": {{0, 10}}})},
	}
	a := AccountOf(m, evidence, everybody)
	if got := a.Activities["ann"].Chats; got != 2 {
		t.Errorf("%d chats, want 2", got)
	}
	if !a.Meeting.EndedAt.Equal(nine(61)) {
		t.Errorf("finish %v", a.Meeting.EndedAt)
	}
}

// FuzzPollReport: whatever a poll says, stays lie in the meeting's life, don't
// overlap, and don't depend on the order.
func FuzzPollReport(f *testing.F) {
	f.Add([]byte(`{"people":["ann","bob"],"interval":30000000000}`), []byte(`{"people":[],"interval":30000000000}`), int64(30_000), int64(60_000))
	f.Add([]byte(`{"people":["ann","ann"],"interval":-5}`), []byte(`{"people":null,"interval":9223372036854775807}`), int64(-30_000), int64(0))
	f.Add([]byte(`[]`), []byte(`{"people":{}}`), int64(1<<40), int64(-1<<40))
	f.Fuzz(func(t *testing.T, first, second []byte, at, until int64) {
		when := func(ms int64) time.Time { return nine(0).Add(time.Duration(ms%(1<<40)) * time.Millisecond) }
		m := Meeting{ID: "m1", CreateTime: nine(0), EndedAt: nine(60)}
		evidence := []Evidence{
			{Source: Poll, At: when(at), Until: when(until), Body: first},
			{Source: Poll, At: when(until), Until: when(until + 30_000), Body: second},
			{Source: Joining, At: when(at - 10_000), Until: when(at - 10_000), Body: []byte("ann")},
		}
		a := AccountOf(m, evidence, everybody)
		last := map[string]time.Time{}
		for _, s := range a.Stays {
			if s.From.Before(m.CreateTime) || s.To.After(m.EndedAt) || !s.From.Before(s.To) || s.From.Before(last[s.PersonID]) {
				t.Fatalf("stay %v to %v after %v", s.From, s.To, last[s.PersonID])
			}
			last[s.PersonID] = s.To
		}
		slices.Reverse(evidence)
		if diff := cmp.Diff(a, AccountOf(m, evidence, everybody)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever the order of a meeting's evidence, and however often it comes, its
// account is the same.
func TestAccountOfAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	people := []string{"ann", "bob", "cy", "w_stranger"}
	for round := range 300 {
		m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), EndedAt: nine(60), ClockOffset: time.Duration(random.IntN(3)) * time.Minute}
		evidence := someEvidence(random, m, people)
		known := func(id string) bool { return id != "w_stranger" }
		want := AccountOf(m, evidence, known)
		shuffled := slices.Concat(evidence, evidence[:random.IntN(len(evidence)+1)])
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := AccountOf(m, shuffled, known)
		if diff := cmp.Diff(want, got); diff != "" || !want.Meeting.EndedAt.Equal(got.Meeting.EndedAt) {
			t.Fatalf("round %d: %s", round, diff)
		}
	}
}
