package attendance

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What polls saw beside a report: of people whom it doesn't name, and outside
// the time of those whom it names. Polls come at full half-minutes.
func TestBesidesReports(t *testing.T) {
	poll := func(from, until float64, people ...string) Evidence {
		return Evidence{Source: Poll, At: nine(from), Until: nine(until), Body: pollBody(people...)}
	}
	report := func(start, finish float64, people map[string][]stretch) Evidence {
		return Evidence{Source: Analytics, Body: reportBody("in-1", start, finish, people)}
	}
	ann := map[string][]stretch{"ann": {{10, 40}}}
	type stay struct {
		Person   string
		From, To float64
		Source   Source
	}
	exact := stay{"ann", 10, 40, Analytics}
	for _, test := range []struct {
		name     string
		evidence []Evidence
		want     []stay
		ended    float64
	}{
		{"whom it doesn't name", []Evidence{poll(0.5, 30, "ann", "bob"), poll(30.5, 60, "ann"), report(0, 60, ann)}, []stay{{"bob", 0.25, 30.25, Poll}, exact}, 60},
		{"whom it doesn't name, seen once", []Evidence{poll(9.5, 9.5), poll(10, 10, "bob"), poll(10.5, 60), report(0, 60, ann)}, []stay{exact}, 60},
		{"seen once by a look and again by the next, which saw others too", []Evidence{poll(10, 10, "bob"), poll(10.5, 10.5, "ann", "bob"), poll(11, 60), report(0, 60, ann)}, []stay{{"bob", 9.75, 10.75, Poll}, exact}, 60},
		{"seen twice, each time by one look", []Evidence{poll(9.5, 9.5), poll(10, 10, "bob"), poll(10.5, 20), poll(20.5, 20.5, "bob"), poll(21, 60), report(0, 60, ann)}, []stay{{"bob", 9.75, 10.25, Poll}, exact, {"bob", 20.25, 20.75, Poll}}, 60},
		{"named without a time", []Evidence{poll(0.5, 30, "ann", "bob"), poll(30.5, 60), report(0, 60, map[string][]stretch{"ann": {{10, 40}}, "bob": {}})}, []stay{{"bob", 0.25, 30.25, Poll}, exact}, 60},
		{"within its time it replaces", []Evidence{poll(0.5, 59.5, "ann"), report(0, 60, ann)}, []stay{exact}, 60},
		{"it ends before the class did", []Evidence{poll(0.5, 59.5, "ann"), report(0, 45, ann)}, []stay{exact, {"ann", 47, 59.5, Poll}}, 59.5},
		{"it begins after the class did", []Evidence{poll(0.5, 59.5, "ann"), report(8, 60, ann)}, []stay{{"ann", 0.25, 6, Poll}, exact}, 60},
		{"a look sees those who have just left", []Evidence{poll(0.5, 46.5, "ann"), report(0, 45, ann)}, []stay{exact}, 45},
		{"one look long after", []Evidence{poll(0.5, 44, "ann"), poll(44.5, 59), poll(59.5, 59.5, "ann"), report(0, 45, ann)}, []stay{exact}, 59.5},
		{"another report names them later", []Evidence{poll(0.5, 59.5, "ann"), report(0, 45, ann), report(0, 59.5, ann)}, []stay{exact}, 59.5},
		{"strangers", []Evidence{poll(0.5, 59.5, "w_stranger"), report(0, 60, ann)}, []stay{exact}, 60},
		{"it names nobody and no time", []Evidence{poll(0.5, 30, "ann"), poll(30.5, 60), report(0, 0, nil)}, []stay{{"ann", 0.25, 30.25, Poll}}, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), ClockOffset: time.Nanosecond, EndedAt: nine(60)}
			known := func(id string) bool { return id == "ann" || id == "bob" }
			a := AccountOf(m, test.evidence, known)
			var got []stay
			for _, s := range a.Stays {
				at := func(t time.Time) float64 { return t.Sub(nine(0)).Round(time.Second).Minutes() }
				got = append(got, stay{s.PersonID, at(s.From), at(s.To), s.Source})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if ended := a.Meeting.EndedAt.Sub(nine(test.ended)); ended.Abs() > time.Second {
				t.Errorf("ended at %v", a.Meeting.EndedAt)
			}
		})
	}
}

// Where the server's clock is hours off ours by how much nobody saw, what was
// observed beside its report counts as long as it was, and no time is taken for
// one outside the report.
func TestBesidesReportsOfAnotherClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, 5 * time.Hour, -3 * time.Hour} {
		ours := func(minute float64) time.Time { return nine(minute).Add(-ahead) }
		m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), EndedAt: nine(60)}
		a := AccountOf(m, []Evidence{
			{Source: Poll, At: ours(0.5), Until: ours(30), Body: pollBody("ann", "bob")},
			{Source: Poll, At: ours(30.5), Until: ours(59.5), Body: pollBody("ann")},
			{Source: Analytics, Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": {{10, 40}}})},
		}, everybody)
		got := map[string]time.Duration{}
		for _, s := range a.Stays {
			got[s.PersonID] += s.To.Sub(s.From).Round(time.Minute)
		}
		if diff := cmp.Diff(map[string]time.Duration{"ann": minutes(30), "bob": minutes(30)}, got); diff != "" || !a.Exact || !a.Meeting.EndedAt.Equal(nine(60)) {
			t.Errorf("%v ahead: exact %v, ended at %v\n%s", ahead, a.Exact, a.Meeting.EndedAt, diff)
		}
	}
}

// A class that is seen long after its report lives again, if it does.
func TestSeenAfterItsReport(t *testing.T) {
	for name, test := range map[string]struct{ ended, want time.Time }{
		"it lives": {}, "it has ended": {nine(90), nine(80)},
	} {
		m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), ClockOffset: time.Nanosecond, EndedAt: test.ended}
		a := AccountOf(m, []Evidence{
			{Source: Poll, At: nine(0.5), Until: nine(80), Body: pollBody("ann")},
			{Source: Analytics, Body: reportBody("in-1", 0, 45, map[string][]stretch{"ann": {{0, 45}}})},
		}, everybody)
		if got := a.Meeting.EndedAt; got.Sub(test.want).Abs() > time.Second {
			t.Errorf("%s: ended at %v, want %v", name, got, test.want)
		}
	}
}

// A report never takes from somebody whom it doesn't name what two looks or
// more saw, whatever else there is.
func TestAbsenceFromAReportErasesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	people := []string{"ann", "bob", "cy"}
	for round := range 300 {
		m := Meeting{ID: "m1", InternalID: "in-1", CreateTime: nine(0), EndedAt: nine(60), ClockOffset: time.Duration(1+random.IntN(3)) * time.Minute}
		polls := slices.DeleteFunc(someEvidence(random, m, people), func(e Evidence) bool { return e.Source == Analytics })
		before := besidesOf(m, polls, "bob")
		report := Evidence{Source: Analytics, Body: reportBody("in-1", 0, 60, map[string][]stretch{"ann": {{0, 60}}})}
		after := AccountOf(m, append(polls, report), everybody)
		var got time.Duration
		for _, s := range after.Stays {
			if s.PersonID == "bob" {
				got += s.To.Sub(s.From)
			}
		}
		if got < before {
			t.Fatalf("round %d: bob had %v by looks, and has %v beside a report", round, before, got)
		}
	}
}

// besidesOf is how long two looks or more saw somebody.
func besidesOf(m Meeting, polls []Evidence, id string) time.Duration {
	return length(unite(observedPresence(m, seenTwice(looks(m, polls)), joinHints(m, polls), func(p string) bool { return p == id }).spans[id]))
}

// The reports of cases after public bug reports: one that lacks a person, and a
// good one.
func TestReportsOfCases(t *testing.T) {
	for _, test := range []struct {
		name string
		want map[string]time.Duration
	}{
		{"report-lacks-a-person", map[string]time.Duration{"TEACHER": 76 * time.Second, "ANN": 76 * time.Second, "BOB": 75 * time.Second}},
		{"good-report-of-3-0", map[string]time.Duration{"TEACHER": 85 * time.Second, "ANN": 78 * time.Second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cases", test.name, "report.json"))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
			m := Meeting{ID: "m1", InternalID: "INTERNAL", CreateTime: start, ClockOffset: time.Nanosecond}
			evidence := []Evidence{{Source: Analytics, Body: body}}
			if test.want["BOB"] > 0 {
				evidence = append(evidence, Evidence{Source: Poll, At: start.Add(time.Second), Until: start.Add(75 * time.Second),
					Body: []byte(`{"people":["ANN","BOB","TEACHER"],"interval":2000000000}`)})
			}
			a := AccountOf(m, evidence, everybody)
			got := map[string]time.Duration{}
			for _, s := range a.Stays {
				got[s.PersonID] += s.To.Sub(s.From).Truncate(time.Second)
				if observed := s.PersonID == "BOB"; observed != (s.Source == Poll) {
					t.Errorf("%s: from %s", s.PersonID, s.Source)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || !a.Exact {
				t.Errorf("exact %v\n%s", a.Exact, diff)
			}
		})
	}
}
