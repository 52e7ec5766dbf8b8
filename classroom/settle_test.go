package classroom

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// class is a room with its course, ready for meetings.
func class(rule attendance.Rule) (*books, *Classes) {
	b := newBooks()
	b.servers = []Server{testServer("s1", "secret-of-s1")}
	b.rooms = []Room{{ID: "room", MeetingID: "room-meeting"}}
	b.platform = lti.Registration{ID: "lms", Name: "LMS"}
	b.placements = []Placement{{ID: "p1", CourseID: "c1", RoomID: "room", Rule: rule, Column: gradebook.Column{
		LineItem: gradebook.LineItem{URL: "https://lms/1"}, Grades: lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSResultReadOnly}}}}}
	for _, id := range []string{"ann", "bob", "cy"} {
		b.people = append(b.people, Enrolment{CourseID: "c1", PersonID: id, Role: Viewer, Graded: true})
	}
	b.people = append(b.people, Enrolment{CourseID: "c1", PersonID: "teacher", Role: Moderator})
	return b, &Classes{Store: b, Now: func() time.Time { return nine(600) }, Interval: 30 * time.Second}
}

// held has a meeting in the books, with polls that saw people all the time.
func (b *books) held(id string, created, ended float64, people ...string) {
	m := attendance.Meeting{ID: id, RoomID: "room", ServerID: "s1", InternalID: "in-" + id, MeetingID: "room-meeting", CreateTime: nine(created), ClockOffset: 1, Dirty: true}
	if ended != 0 {
		m.EndedAt = nine(ended)
	}
	b.meetings = append(b.meetings, m)
	until := ended
	if ended == 0 {
		until = created + 5
	}
	b.evidence = append(b.evidence, attendance.Evidence{MeetingID: id, Source: attendance.Poll, At: nine(created), Until: nine(until), Body: pollBody(people...)})
}

func (b *books) reported(id string, start, finish float64, people map[string][]stretch) {
	if m, err := b.byID(id); err == nil {
		b.news(m)
	}
	b.evidence = append(b.evidence, attendance.Evidence{MeetingID: id, Source: attendance.Analytics, Body: reportBody("in-"+id, start, finish, people)})
}

func settle(t *testing.T, s *Classes) {
	t.Helper()
	if _, err := s.Settle(t.Context(), "room"); err != nil {
		t.Fatal(err)
	}
}

func TestSettle(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 60, "teacher", "ann", "w_stranger")
	b.reported("a", 0, 60, map[string][]stretch{"teacher": {{0, 60}}, "ann": {{5, 40}}, "bob": {{0, 10}}})
	settle(t, s)
	st := b.settlement
	if diff := cmp.Diff([]attendance.Session{{ID: "a", RoomID: "room", StartedAt: nine(0), EndedAt: nine(60), Length: minutes(60), Exact: true}}, st.Sessions); diff != "" {
		t.Error(diff)
	}
	if n := len(b.attendances()); n != 3 || len(st.Results) != 2 {
		t.Errorf("%d attendances, %d results, want 3 and 2", n, len(st.Results))
	}
	want := []gradebook.Delivery{{PlacementID: "p1", PersonID: "ann", Points: 10, Max: 10, Comment: "35 / 30 min", TrueAt: nine(60), State: gradebook.Waiting}}
	if diff := cmp.Diff(want, st.Deliveries); diff != "" {
		t.Error(diff)
	}
	if b.meetings[0].Dirty {
		t.Error("the meeting is still dirty")
	}
	settle(t, s)
	if b.settled != 1 || len(b.read) != 1 {
		t.Errorf("%d settlements were kept, evidence of %q was read", b.settled, b.read)
	}
}

// A late report corrects what polls had given, in both directions.
func TestLateReport(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 60, "ann", "bob")
	settle(t, s)
	for _, id := range []string{"ann", "bob"} {
		if d := b.delivery(id); d.Points != 10 || d.State != gradebook.Waiting {
			t.Fatalf("%s: %+v", id, d)
		}
	}
	sent := b.delivery("ann")
	sent.State, sent.SentStamp, sent.SentAt = gradebook.Delivered, sent.TrueAt, sent.TrueAt
	b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: "ann"}] = sent
	b.reported("a", 0, 60, map[string][]stretch{"cy": {{0, 60}}, "ann": {{0, 5}}, "bob": {{50, 60}}})
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 0 || d.State != gradebook.Waiting || !d.TrueAt.After(sent.TrueAt) {
		t.Errorf("who got it before: %+v", d)
	}
	if d := b.delivery("bob"); d.Points != 0 || d.MayBeSent() {
		t.Errorf("who hadn't got it yet: %+v", d)
	}
	if d := b.delivery("cy"); d.Points != 10 {
		t.Errorf("who wasn't seen: %+v", d)
	}
}

// Absence from a report says nothing: who was seen keeps what that gave, also
// who had it in the gradebook already.
func TestReportThatLacksSomebody(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 60, "teacher", "ann", "bob")
	settle(t, s)
	b.reported("a", 0, 60, map[string][]stretch{"teacher": {{0, 60}}, "ann": {{0, 60}}})
	b.meetings[0].Dirty = true
	settle(t, s)
	for _, id := range []string{"ann", "bob"} {
		if d := b.delivery(id); d.Points != 10 {
			t.Errorf("%s: %+v", id, d)
		}
	}
	if ses := b.settlement.Sessions[0]; !ses.Exact || ses.Counting {
		t.Errorf("session: %+v", ses)
	}
	sources := map[string]attendance.Source{}
	for _, stay := range b.accounts["a"].Stays {
		sources[stay.PersonID] = stay.Source
	}
	if diff := cmp.Diff(map[string]attendance.Source{"teacher": attendance.Analytics, "ann": attendance.Analytics, "bob": attendance.Poll}, sources); diff != "" {
		t.Error(diff)
	}
}

// While a class goes on nothing is taken away, whatever comes: it may be the
// second half of one that counts as a whole when it has ended.
func TestClassThatGoesOn(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 40, "ann")
	settle(t, s)
	b.held("b", 50, 0, "ann", "bob")
	b.reported("a", 0, 40, map[string][]stretch{"ann": {{0, 35}}})
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 10 || len(b.settlement.Deliveries) != 0 {
		t.Errorf("while the restart goes on: %+v, planned %v", d, b.settlement.Deliveries)
	}
	if r := b.settlement.Results[0]; !r.Complete || r.Time.Round(time.Minute) != minutes(35) {
		t.Errorf("result: %+v", r)
	}
	b.meetings[1].EndedAt = nine(55)
	settle(t, s)
	if st := b.settlement; len(st.Sessions) != 1 || st.Results[0].Time.Round(time.Minute) != minutes(40) || b.meetings[1].Dirty {
		t.Errorf("when it has ended: %+v", st)
	}
}

// That holds for those, too, who were hardly there by what came meanwhile.
func TestNothingIsTakenWhileAClassGoesOn(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	b.held("a", 0, 40, "ann")
	settle(t, s)
	b.held("b", 400, 0, "bob")
	b.reported("a", 0, 40, map[string][]stretch{"bob": {{0, 40}}, "ann": {{0, 5}}})
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 10 {
		t.Errorf("while it goes on: %+v", d)
	}
	if d := b.delivery("bob"); d.Points != 10 {
		t.Errorf("who has passed: %+v", d)
	}
	b.meetings[1].EndedAt = nine(405)
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 0 {
		t.Errorf("when it has ended: %+v", d)
	}
}

// A class that has ended is seen at once, but graded only when its report has
// come or nobody waits for it any more.
func TestClassThatIsBeingCounted(t *testing.T) {
	ended := func() (*books, *Classes, *time.Time) {
		b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
		b.held("a", 0, 40, "ann")
		b.meetings[0].CountsAt = nine(42)
		now := nine(40)
		s.Now = func() time.Time { return now }
		next, err := s.Settle(t.Context(), "room")
		if err != nil || !next.Equal(nine(42)) {
			t.Fatalf("settled, and again at %v, %v", next, err)
		}
		if st := b.settlement; len(st.Sessions) != 1 || !st.Sessions[0].Counting || st.Sessions[0].EndedAt.IsZero() ||
			len(b.attendances()) != 1 || len(st.Results) != 0 || len(b.deliveries) != 0 {
			t.Fatalf("while it is counted: %+v", st)
		}
		return b, s, &now
	}
	counted := func(b *books, s *Classes) {
		t.Helper()
		next, err := s.Settle(t.Context(), "room")
		if err != nil || !next.IsZero() {
			t.Errorf("settled, and again at %v, %v", next, err)
		}
		if st := b.settlement; st.Sessions[0].Counting || b.delivery("ann").Points != 10 {
			t.Errorf("when it was counted: %+v", st)
		}
	}
	b, s, now := ended()
	*now = nine(42)
	counted(b, s)

	b, s, now = ended()
	*now = nine(41)
	b.reported("a", 0, 40, map[string][]stretch{"ann": {{0, 35}}})
	counted(b, s)
}

// Points that change while a class goes on are worth what they are now.
func TestPointsChangedWhileAClassGoesOn(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 100})
	b.held("a", 0, 40, "ann")
	settle(t, s)
	b.held("b", 41, 0, "bob") // the same class goes on: nothing of it counts now
	b.placements[0].Rule.Points = 10
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 10 || d.Max != 10 {
		t.Errorf("%v of %v points", d.Points, d.Max)
	}
	if r := b.settlement.Results[0]; r.Points != 10 || !r.Complete {
		t.Errorf("result: %+v", r)
	}
}

// The second half of a class doesn't hide what the first had come to, neither
// while it goes on nor while it is counted.
func TestRestartHidesNothing(t *testing.T) {
	for _, gap := range []float64{1, 20} {
		b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 50, Points: 10})
		b.held("a", 0, 40, "ann")
		settle(t, s)
		before := b.settlement.Results
		if len(before) != 1 || before[0].Time.Round(time.Minute) != minutes(40) {
			t.Fatalf("first half: %+v", before)
		}
		b.held("b", 40+gap, 0, "bob")
		settle(t, s)
		if diff := cmp.Diff(before[0], b.settlement.Results[0]); diff != "" {
			t.Errorf("%v minutes later, while it goes on: %s", gap, diff)
		}
		b.meetings[1].EndedAt, b.meetings[1].CountsAt = nine(70), nine(1000)
		settle(t, s)
		if diff := cmp.Diff(before[0], b.settlement.Results[0]); diff != "" {
			t.Errorf("%v minutes later, while it is counted: %s", gap, diff)
		}
	}
}

// A new rule counts for what was held already.
func TestNewRule(t *testing.T) {
	b, s := class(attendance.Rule{})
	b.held("a", 0, 40, "ann")
	settle(t, s)
	if len(b.settlement.Results) != 0 || len(b.deliveries) != 0 {
		t.Fatalf("without a rule: %+v", b.settlement)
	}
	b.placements[0].Rule = attendance.Rule{Measure: attendance.Percent, Need: 80, Points: 5}
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 5 {
		t.Errorf("with a rule: %+v", d)
	}
	b.placements[0].Rule = attendance.Rule{}
	settle(t, s)
	if d := b.delivery("ann"); d.Points != 0 || d.MayBeSent() {
		t.Errorf("without it again, before it was sent: %+v", d)
	}
}

func TestUnchangedResultsKeepTheirTime(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10, Proportional: true})
	now := nine(600)
	s.Now = func() time.Time { return now }
	b.held("a", 0, 10, "ann", "bob")
	settle(t, s)
	now = now.Add(-time.Hour) // set back
	b.held("b", 300, 320, "ann")
	settle(t, s)
	for _, r := range b.settlement.Results {
		if same := r.TrueAt.Equal(nine(600)); same != (r.PersonID == "bob") || r.TrueAt.Before(nine(600)) {
			t.Errorf("%s: true at %v", r.PersonID, r.TrueAt)
		}
	}
	if d := b.delivery("ann"); !d.TrueAt.Equal(nine(320)) {
		t.Errorf("delivery: %v", d.TrueAt)
	}
}

// A score's timestamp is the end of the class, or of what changed the result
// since: what a teacher gave between that and the counting is later.
func TestScoreIsAsOldAsWhatItComesOf(t *testing.T) {
	b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
	now := nine(75)
	s.Now = func() time.Time { return now }
	trueAt := func(what string, points float64, want time.Time) {
		t.Helper()
		settle(t, s)
		if d := b.delivery("ann"); d.Points != points || !d.TrueAt.Equal(want) {
			t.Errorf("%s: %v points of %v, want %v of %v", what, d.Points, d.TrueAt, points, want)
		}
	}
	b.held("a", 0, 60, "ann")
	b.meetings[0].CountsAt = nine(62)
	trueAt("a class, counted late", 10, nine(60))
	now = nine(100)
	b.placements[0].Rule.Points = 20
	trueAt("another rule", 20, nine(100))
	now = nine(150)
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 10}}, "bob": {{0, 50}}})
	b.evidence[len(b.evidence)-1].At = nine(140)
	sent := b.delivery("ann")
	sent.State, sent.SentStamp = gradebook.Delivered, sent.TrueAt
	b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: "ann"}] = sent
	trueAt("a report that came late", 0, nine(140))
	if d := b.delivery("bob"); d.Points != 20 || !d.TrueAt.Equal(nine(140)) {
		t.Errorf("whom the report names: %+v", d)
	}
}

// What was refused since there was no way to grade goes out once there is.
func TestGradingOfferedLater(t *testing.T) {
	for _, test := range []struct {
		reason string
		offers bool
		state  gradebook.State
	}{
		{gradebook.ReasonScopeMissing, true, gradebook.Waiting},
		{gradebook.ReasonNoLineItem, true, gradebook.Waiting},
		{gradebook.ReasonNoLineItem, false, gradebook.Refused},
		{gradebook.ReasonNotGradable, true, gradebook.Refused},
	} {
		b, s := class(attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 10})
		b.held("a", 0, 40, "ann")
		settle(t, s)
		d := b.delivery("ann")
		d.State, d.Reason = gradebook.Refused, test.reason
		b.deliveries[gradebook.Key{PlacementID: "p1", PersonID: "ann"}] = d
		b.jobs = map[string]*bookedJob{}
		if !test.offers {
			b.placements[0].Grades = lti.Endpoint{}
		}
		settle(t, s)
		if got := b.delivery("ann").State; got != test.state || len(b.jobs) == 1 != (test.state == gradebook.Waiting) {
			t.Errorf("%s, offers %v: %s, %d jobs", test.reason, test.offers, got, len(b.jobs))
		}
	}
}

// Whatever the order and doubling of evidence, and whenever it is settled in
// between, all of it comes to the same.
func TestSettlementOfAnyOrder(t *testing.T) {
	rules := []attendance.Rule{
		{Measure: attendance.Minutes, Need: 25, Points: 10}, {Measure: attendance.Percent, Need: 50, Points: 10},
		{Measure: attendance.Percent, Need: 60, Points: 10, InTotal: true, Proportional: true}, {Measure: attendance.Minutes, Need: 60, Points: 10, InTotal: true, Proportional: true},
	}
	for seed := range uint64(150) {
		world := rand.New(rand.NewPCG(seed, 7))
		rule := rules[seed%uint64(len(rules))]
		steps := someSteps(world)
		var want Settlement
		var wantPoints map[gradebook.Key]float64
		for variant := range uint64(5) {
			got, points := play(t, rule, steps, rand.New(rand.NewPCG(seed, variant)), variant > 0)
			if variant == 0 {
				want, wantPoints = got, points
				continue
			}
			ignore := cmp.Options{
				cmpopts.IgnoreFields(Settlement{}, "After", "Attended", "Deliveries", "Frozen", "At"),
				cmpopts.IgnoreFields(attendance.Result{}, "TrueAt"), cmpopts.EquateEmpty(),
			}
			if diff := cmp.Diff(want, got, ignore); diff != "" {
				t.Fatalf("seed %d, variant %d: %s", seed, variant, diff)
			}
			if diff := cmp.Diff(wantPoints, points, cmpopts.IgnoreMapEntries(func(_ gradebook.Key, p float64) bool { return p == 0 })); diff != "" {
				t.Fatalf("seed %d, variant %d: deliveries %s", seed, variant, diff)
			}
		}
	}
}

func everybody(string) bool { return true }

// A step is what happens to a meeting: polls in their order, its end as a poll
// sees it, and reports that come whenever they like.
type step struct {
	meeting attendance.Meeting // to be recorded, if it has an ID
	id      string
	poll    *attendance.Evidence
	ended   time.Time
	report  []byte
}

func someSteps(random *rand.Rand) [][]step {
	var all [][]step
	at := 0.0
	for i := range 1 + random.IntN(3) {
		id := string(rune('a' + i))
		m := attendance.Meeting{ID: id, RoomID: "room", ServerID: "s1", InternalID: "in-" + id, MeetingID: "room-meeting", CreateTime: nine(at), ClockOffset: time.Hour}
		steps := []step{{meeting: m, id: id}}
		for _, e := range someEvidence(random, m, []string{"ann", "bob", "teacher", "w_stranger"}) {
			switch e.Source {
			case attendance.Poll:
				steps = append(steps, step{id: id, poll: &e})
			case attendance.Analytics:
				steps = append(steps, step{id: id, report: e.Body})
			}
		}
		ended := at + 50 + random.Float64()*10
		steps = append(steps, step{id: id, ended: nine(ended)})
		all = append(all, steps)
		at = ended + random.Float64()*120
	}
	return all
}

// play plays the steps; wild moves the reports, doubles them, and settles in
// between.
func play(t *testing.T, rule attendance.Rule, meetings [][]step, random *rand.Rand, wild bool) (Settlement, map[gradebook.Key]float64) {
	t.Helper()
	b, s := class(rule)
	var order []step
	for _, steps := range meetings {
		order = append(order, steps...)
	}
	if wild {
		order = disturb(random, order)
	}
	for _, step := range order {
		b.play(t, step)
		if wild && random.IntN(4) == 0 {
			settle(t, s)
		}
	}
	settle(t, s)
	points := map[gradebook.Key]float64{}
	for key, d := range b.deliveries {
		points[key] = d.Points
	}
	return b.settlement, points
}

func disturb(random *rand.Rand, order []step) []step {
	var still, reports []step
	for _, s := range order {
		if s.report == nil {
			still = append(still, s)
			continue
		}
		reports = append(reports, s)
		if random.IntN(2) == 0 {
			reports = append(reports, s)
		}
	}
	for _, r := range reports {
		first := 0
		for i, s := range still {
			if s.meeting.ID == r.id {
				first = i + 1
			}
		}
		i := first + random.IntN(len(still)-first+1)
		still = append(still[:i:i], append([]step{r}, still[i:]...)...)
	}
	return still
}

func (b *books) play(t *testing.T, s step) {
	t.Helper()
	ctx := context.Background()
	var err error
	switch {
	case s.meeting.ID != "":
		_, _, err = b.RecordMeeting(ctx, s.meeting, nine(0))
	case s.poll != nil:
		if err = b.KeepPoll(ctx, s.id, s.poll.Body, s.poll.At); err == nil {
			err = b.KeepPoll(ctx, s.id, s.poll.Body, s.poll.Until)
		}
	case s.report != nil:
		if _, err = b.KeepEvidence(ctx, attendance.Evidence{ID: b.id("e"), MeetingID: s.id, Source: attendance.Analytics, Body: s.report}, nine(0)); err == nil {
			var m attendance.Meeting
			m, _ = b.Meeting(ctx, s.id)
			finish := attendance.AccountOf(m, []attendance.Evidence{{Source: attendance.Analytics, Body: s.report}}, everybody).Meeting.EndedAt
			err = b.EndMeeting(ctx, s.id, finish, nine(0))
		}
	default:
		err = b.EndMeeting(ctx, s.id, s.ended, nine(0))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A class that was counted, and was started again within the hour: who had
// fulfilled the rule by then has, even if the rest makes the share smaller.
func TestRestartTakesNothingAway(t *testing.T) {
	for _, test := range []struct {
		name  string
		pause float64 // minutes to the restart
		want  float64
	}{
		{"counted before", 20, 10},
		{"started again at once: one class", 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, s := class(attendance.Rule{Measure: attendance.Percent, Need: 60, Points: 10})
			b.held("a", 0, 30, "ann", "teacher")
			b.held("b", 30+test.pause, 30+test.pause+60, "teacher")
			settle(t, s)
			if len(b.settlement.Sessions) != 1 {
				t.Fatalf("sessions %+v", b.settlement.Sessions)
			}
			for _, r := range b.settlement.Results {
				if r.PersonID == "ann" && r.Points != test.want {
					t.Errorf("Ann has %v points of 10, want %v: %+v", r.Points, test.want, r)
				}
			}
		})
	}
}

// Who was expected in a class is kept when it has ended and counts, once.
func TestExpectedIsFrozen(t *testing.T) {
	b, s := class(attendance.Rule{})
	now := nine(30)
	s.Now = func() time.Time { return now }
	enrol := func(id string) {
		b.people = append(b.people, Enrolment{CourseID: "c1", PersonID: id, Role: Viewer, Graded: true})
	}
	frozen := func() []string {
		settle(t, s)
		var ids []string
		for _, e := range b.expected["a"] {
			ids = append(ids, e.PersonID)
		}
		return ids
	}
	b.held("a", 0, 0, "ann", "teacher")
	if got := frozen(); got != nil {
		t.Errorf("while it lives: %v", got)
	}
	b.meetings[0].EndedAt, b.meetings[0].CountsAt = nine(60), nine(62)
	enrol("dan")
	now = nine(61)
	if got := frozen(); got != nil {
		t.Errorf("while it is counted: %v", got)
	}
	enrol("eve")
	now = nine(63)
	want := []string{"ann", "bob", "cy", "dan", "eve"}
	if diff := cmp.Diff(want, frozen()); diff != "" {
		t.Errorf("when it counts: %s", diff)
	}
	enrol("late")
	b.reported("a", 0, 60, map[string][]stretch{"ann": {{0, 60}}})
	if diff := cmp.Diff(want, frozen()); diff != "" || len(b.settlement.Frozen) != 0 {
		t.Errorf("later: %s", diff)
	}
	b.held("b", 300, 310)
	settle(t, s)
	if b.meetings[1].Frozen {
		t.Error("nobody came, and somebody was expected")
	}
}

func TestWhoIsGraded(t *testing.T) {
	people := []Enrolment{
		{CourseID: "c1", PersonID: "learner", Role: Viewer, Graded: true},
		{CourseID: "c1", PersonID: "teacher", Role: Moderator},
		{CourseID: "c1", PersonID: "guest or test user", Role: Viewer},
		{CourseID: "c2", PersonID: "learner elsewhere", Role: Viewer, Graded: true},
		{CourseID: "c1", PersonID: "teaches the other course of the room", Role: Viewer, Graded: true},
		{CourseID: "c2", PersonID: "teaches the other course of the room", Role: Moderator},
		{CourseID: "c1", PersonID: "learner of both", Role: Viewer, Graded: true},
		{CourseID: "c2", PersonID: "learner of both", Role: Viewer, Graded: true},
	}
	want := map[string]bool{"learner": true, "learner of both": true}
	if diff := cmp.Diff(want, gradedIn("c1", people)); diff != "" {
		t.Error(diff)
	}
}
