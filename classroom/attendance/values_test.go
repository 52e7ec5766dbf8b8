package attendance

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each count is its own: of two reports of one meeting the greater, of two
// meetings the sum.
func TestActivityCounts(t *testing.T) {
	a := Activity{Chats: 1, Talks: 20, RaiseHands: 3, Emojis: 40, PollVotes: 5, TalkTime: 60}
	b := Activity{Chats: 10, Talks: 2, RaiseHands: 30, Emojis: 4, PollVotes: 50, TalkTime: 6}
	for name, test := range map[string]struct{ got, want Activity }{
		"of one meeting":  {a.atLeast(b), Activity{Chats: 10, Talks: 20, RaiseHands: 30, Emojis: 40, PollVotes: 50, TalkTime: 60}},
		"of two meetings": {a.plus(b), Activity{Chats: 11, Talks: 22, RaiseHands: 33, Emojis: 44, PollVotes: 55, TalkTime: 66}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// What one class asks, as its register and its page say.
func TestAlone(t *testing.T) {
	for _, test := range []struct {
		name    string
		rule    Rule
		time    time.Duration
		percent int
	}{
		{"minutes", Rule{Measure: Minutes, Need: 30}, 30 * time.Minute, 0},
		{"percent", Rule{Measure: Percent, Need: 60}, 0, 60},
		{"minutes of all classes", Rule{Measure: Minutes, Need: 30, InTotal: true}, 0, 0},
		{"percent of all classes", Rule{Measure: Percent, Need: 60, InTotal: true}, 0, 0},
		{"nothing", Rule{}, 0, 0},
	} {
		if time, percent := test.rule.Alone(); time != test.time || percent != test.percent {
			t.Errorf("%s: %v and %d %%, want %v and %d %%", test.name, time, percent, test.time, test.percent)
		}
	}
}

// Since when a link grades counts for the other links of its course.
func TestGradedSince(t *testing.T) {
	nothing := map[string]Class{}
	began := map[string]Class{"a": {From: nine(0), To: nine(60)}}
	for _, test := range []struct {
		name    string
		link    Link
		classes map[string]Class
		want    time.Time
	}{
		{"its first rule, before any class", Link{}, nothing, nine(100)},
		{"its first rule, after a class", Link{}, began, time.Time{}}, // the rule of before says that it graded nothing
		{"another rule", Link{Rule: thirty}, nothing, time.Time{}},
		{"another rule, after a class", Link{Rule: thirty}, began, time.Time{}},
		{"a rule again, which others have come before", Link{Terms: Terms{Past: []PastRule{{thirty, nine(-10)}, {Rule{}, nine(-5)}}}}, nothing, time.Time{}},
	} {
		c := Counting{Classes: test.classes}
		if got := c.From(test.link, Rule{Measure: Minutes, Need: 5, Points: 1}, nine(100)); !got.Terms.Graded.Equal(test.want) {
			t.Errorf("%s: graded since %v, want %v", test.name, got.Terms.Graded, test.want)
		}
	}
}

func TestFollow(t *testing.T) {
	part := Result{PlacementID: "p", PersonID: "ann", Share: 0.5, Time: minutes(15), Needed: minutes(30), TrueAt: nine(0)}
	full := Result{PlacementID: "p", PersonID: "ann", Share: 1, Points: 10, Time: minutes(30), Needed: minutes(30), Complete: true, Sends: true, TrueAt: nine(0)}
	with := func(r Result, change func(*Result)) Result { change(&r); return r }
	longer := with(full, func(r *Result) { r.Time = minutes(40) })
	none := Result{PlacementID: "p", PersonID: "ann"}
	at := func(r Result, minute float64) Result { r.TrueAt = nine(minute); return r }
	for _, test := range []struct {
		name        string
		now, before []Result
		held        bool
		want        []Result
	}{
		{"new", []Result{part}, nil, false, []Result{at(part, 60)}},
		{"as before", []Result{part}, []Result{part}, false, []Result{part}},
		{"more", []Result{full}, []Result{part}, false, []Result{at(full, 60)}},
		{"longer, and worth the same", []Result{longer}, []Result{full}, false, []Result{longer}},
		{"less", []Result{part}, []Result{full}, false, []Result{at(part, 60)}},
		{"less, while a class is on", []Result{part}, []Result{full}, true, []Result{full}},
		{"more, while a class is on", []Result{full}, []Result{part}, true, []Result{at(full, 60)}},
		{"longer, while a class is on", []Result{longer}, []Result{full}, true, []Result{longer}},
		{"nothing says anything yet, while a class is on", []Result{none}, []Result{full}, true, []Result{full}},
		{"nothing says anything yet", []Result{none}, nil, true, nil},
		{"of another person", []Result{with(part, func(r *Result) { r.PersonID = "bob" })}, []Result{full}, true,
			[]Result{at(with(part, func(r *Result) { r.PersonID = "bob" }), 60)}},
		{"of another placement", []Result{with(part, func(r *Result) { r.PlacementID = "q" })}, []Result{full}, true,
			[]Result{at(with(part, func(r *Result) { r.PlacementID = "q" }), 60)}},
		{"the clock went back", []Result{full}, []Result{at(part, 90)}, false, []Result{with(full, func(r *Result) { r.TrueAt = nine(90).Add(time.Millisecond) })}},
		{"in the same moment", []Result{full}, []Result{at(part, 60)}, false, []Result{with(full, func(r *Result) { r.TrueAt = nine(60).Add(time.Millisecond) })}},
		{"only now it's sent", []Result{with(part, func(r *Result) { r.Sends = true })}, []Result{part}, false,
			[]Result{at(with(part, func(r *Result) { r.Sends = true }), 60)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Follow(test.now, test.before, map[string]Rule{"p": thirty, "q": thirty}, test.held, nine(60))
			if diff := cmp.Diff(test.want, got); diff != "" && len(test.want)+len(got) > 0 {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A meeting was seen when it was made, if not by a look since.
func TestLastSeen(t *testing.T) {
	m := Meeting{CreateTime: nine(60), ClockOffset: minutes(60)} // at nine, by our clock
	for _, test := range []struct {
		name          string
		first, newest time.Time
		want          float64
	}{
		{"never since it was made", time.Time{}, time.Time{}, 0},
		{"by looks", nine(5), nine(25), 25},
		{"by one before it was made, by a clock that's off", nine(-5), nine(-5), 0},
	} {
		if got := LastSeen(m, test.first, test.newest); !got.Equal(nine(test.want)) {
			t.Errorf("%s: %v, want %v", test.name, got, nine(test.want))
		}
	}
}

// What was observed counts from some minutes after the end on, or with the
// report.
func TestWait(t *testing.T) {
	over := func(countsAt float64, exact bool) Account {
		return Account{Exact: exact, Meeting: Meeting{EndedAt: nine(1), CountsAt: nine(countsAt)}}
	}
	lives := Account{Meeting: Meeting{CountsAt: nine(99)}}
	for _, test := range []struct {
		name     string
		accounts []Account
		counting []bool
		next     time.Time
	}{
		{"nothing", nil, nil, time.Time{}},
		{"not yet", []Account{over(62, false)}, []bool{true}, nine(62)},
		{"just now", []Account{over(60, false)}, []bool{false}, time.Time{}},
		{"its report has come", []Account{over(62, true)}, []bool{false}, time.Time{}},
		{"it lives", []Account{lives}, []bool{false}, time.Time{}},
		{"the first of several", []Account{over(63, false), over(61, false), over(62, false), over(5, false)}, []bool{true, true, true, false}, nine(61)},
	} {
		next := Wait(test.accounts, nine(60))
		var counting []bool
		for _, a := range test.accounts {
			counting = append(counting, a.Counting)
		}
		if diff := cmp.Diff(test.counting, counting); diff != "" || !next.Equal(test.next) {
			t.Errorf("%s: next %v, want %v\n%s", test.name, next, test.next, diff)
		}
	}
	was := over(62, false)
	was.Counting = true
	if list := []Account{was}; !Wait(list, nine(70)).IsZero() || list[0].Counting {
		t.Error("it counts by now, and isn't said to")
	}
}

// What follows within the time in which a report is waited for is the same class
// still; later, what it had come to by then stands by itself.
func TestInterims(t *testing.T) {
	ended := func(id string, from, to time.Duration) Account {
		return Account{Meeting: Meeting{ID: id, CreateTime: nine(0).Add(from), EndedAt: nine(0).Add(to)}}
	}
	first := ended("a", 0, time.Hour)
	for _, test := range []struct {
		name string
		of   []Account
		want int
	}{
		{"one", []Account{first}, 0},
		{"at once", []Account{first, ended("b", time.Hour, 2*time.Hour)}, 0},
		{"two minutes later", []Account{first, ended("b", time.Hour+2*time.Minute, 2*time.Hour)}, 0},
		{"a little more", []Account{first, ended("b", time.Hour+2*time.Minute+1, 2*time.Hour)}, 1},
		{"twice", []Account{first, ended("b", 2*time.Hour, 3*time.Hour), ended("c", 4*time.Hour, 5*time.Hour)}, 2},
	} {
		if got := len(interimsOf(test.of)); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// Each person's times are their own, in the order of the sittings.
func TestHistories(t *testing.T) {
	sittings := []sitting{
		{sum: sum{minutes(60), []string{"ann", "bob", "eve"}, []time.Duration{1, 2, 3}}},
		{sum: sum{minutes(90), []string{"bob", "cy"}, []time.Duration{4, 5}}, interim: true},
		{sum: sum{minutes(30), []string{"ann", "cy"}, []time.Duration{6, 7}}},
	}
	got := map[int][]time.Duration{}
	for k, history := range histories(sittings, []string{"ann", "bob", "cy"}) {
		for n, a := range history {
			if a.length != sittings[n].length || a.interim != sittings[n].interim {
				t.Errorf("sitting %d of person %d: %+v", n, k, a)
			}
			got[k] = append(got[k], a.time)
		}
	}
	if diff := cmp.Diff(map[int][]time.Duration{0: {1, 0, 6}, 1: {2, 4, 0}, 2: {0, 5, 7}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	n := 0
	for range histories(sittings, []string{"ann", "bob"}) {
		if n++; n == 1 {
			break
		}
	}
}

// Who is asked about and came to nothing has a result; not who came, nor who
// isn't graded, and each once.
func TestAbsent(t *testing.T) {
	link := Link{PlacementID: "p1", Rule: thirty}
	tally := Tally{
		Sessions: []Session{{ID: "a", EndedAt: nine(60), Length: minutes(60)}},
		sums:     map[string]sum{"a": {minutes(60), []string{"ann", "tom"}, []time.Duration{minutes(60), minutes(60)}}},
	}
	got := tally.Absent(link, Counting{Links: []Link{link}}, map[string]bool{"ann": true, "bob": true, "cy": true}, []string{"cy", "ann", "tom", "eve", "bob", "cy"})
	var people []string
	for _, r := range got {
		people = append(people, r.PersonID)
		if r.Share != 0 || r.Needed != minutes(30) || r.Sends {
			t.Errorf("%+v", r)
		}
	}
	if diff := cmp.Diff([]string{"bob", "cy"}, people); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Two are the same if nothing differs, and by nothing less.
func TestSame(t *testing.T) {
	s := Session{ID: "a", RoomID: "r", StartedAt: nine(0), EndedAt: nine(60), Length: minutes(60)}
	if !s.Same(s) || !s.Same(Session{ID: "a", RoomID: "r", StartedAt: nine(0).Local(), EndedAt: nine(60).Local(), Length: minutes(60)}) {
		t.Error("a session isn't the same as itself")
	}
	for name, change := range map[string]func(*Session){
		"id": func(s *Session) { s.ID = "b" }, "room": func(s *Session) { s.RoomID = "q" }, "start": func(s *Session) { s.StartedAt = nine(1) },
		"end": func(s *Session) { s.EndedAt = nine(61) }, "length": func(s *Session) { s.Length++ },
		"exact": func(s *Session) { s.Exact = true }, "counting": func(s *Session) { s.Counting = true },
	} {
		other := s
		change(&other)
		if s.Same(other) {
			t.Errorf("sessions with another %s are the same", name)
		}
	}
	r := Result{PlacementID: "p", PersonID: "ann", Share: 1, TrueAt: nine(0)}
	at, more := r, r
	at.TrueAt, more.Points = nine(1), 1
	local := r
	local.TrueAt = nine(0).Local()
	if !r.Same(local) || r.Same(at) || r.Same(more) {
		t.Errorf("results: %v, %v, %v", r.Same(local), r.Same(at), r.Same(more))
	}
}

// A meeting is over for good when it has ended, somebody came and it counts.
func TestAccountCounts(t *testing.T) {
	from, to := nine(0), nine(60)
	ended := Meeting{EndedAt: nine(60)}
	for i, test := range []struct {
		account Account
		want    bool
	}{
		{Account{Meeting: ended, From: from, To: to}, true},
		{Account{From: from, To: to}, false},
		{Account{Meeting: ended}, false},
		{Account{Meeting: ended, From: from, To: to, Counting: true}, false},
	} {
		if got := test.account.Counts(); got != test.want {
			t.Errorf("%s: %v", fmt.Sprint(i), got)
		}
	}
}
