package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// failure is one of now.
func (w *world) failure(code string, change func(*admin.Failure)) admin.Failure {
	f := admin.Failure{At: w.now, Request: "7F3K-92QD", Kind: admin.Launch, Code: code}
	if change != nil {
		change(&f)
	}
	return f
}

func (w *world) keep(failures ...admin.Failure) {
	w.t.Helper()
	w.ok(w.KeepHappenings(w.ctx, failures, nil))
}

// codes are those of the failures that a query finds.
func (w *world) codes(q admin.FailureQuery) []string {
	w.t.Helper()
	if q.Most == 0 {
		q.Most = 100
	}
	var codes []string
	for _, f := range must(w.Failures(w.ctx, q))(w) {
		codes = append(codes, f.Code)
	}
	return codes
}

// What a failure is about is found out when it is kept.
func testFailures(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	w.keep(
		w.failure("visit", func(f *admin.Failure) { f.VisitID = seat.Visit.ID }),
		w.failure("room", func(f *admin.Failure) { f.RoomID, f.Kind = seat.Room.ID, admin.Callback }),
		w.failure("subject", func(f *admin.Failure) { f.RegistrationID, f.Subject, f.Name = w.platform.ID, "ann", "Anna M." }),
		w.failure("stranger", func(f *admin.Failure) {
			f.RegistrationID, f.RoomID, f.VisitID, f.Subject, f.Request = "nobody", "nowhere", "never", "eve", "AAAA-2222"
			f.Issuer, f.LoginAt, f.ClockAhead = "https://other.example", w.now.Add(-time.Second), -time.Minute
		}),
	)
	got := map[string]admin.Failure{}
	for _, f := range must(w.Failures(w.ctx, admin.FailureQuery{Most: 10}))(w) {
		same := must(w.Failure(w.ctx, f.ID))(w)
		w.same(same, f)
		got[f.Code] = f
	}
	tenant := classroom.DefaultTenant
	for code, want := range map[string]admin.Failure{
		"visit":   {TenantID: tenant, RegistrationID: w.platform.ID, RoomID: seat.Room.ID, PersonID: seat.Person.ID, Name: "Ann", Subject: "ann"},
		"room":    {TenantID: tenant, RegistrationID: w.platform.ID, RoomID: seat.Room.ID},
		"subject": {TenantID: tenant, RegistrationID: w.platform.ID, PersonID: seat.Person.ID, Name: "Anna M.", Subject: "ann"},
	} {
		f := got[code]
		if want.Name == "Ann" {
			want.Name = seat.Person.Name
		}
		w.same([]string{f.TenantID, f.RegistrationID, f.RoomID, f.PersonID, f.Name, f.Subject, f.VisitID},
			[]string{want.TenantID, want.RegistrationID, want.RoomID, want.PersonID, want.Name, want.Subject, ""})
		w.same(f.Platform, "uni")
	}
	w.same(got["visit"].Room, seat.Room.Title)
	w.same(got["visit"].EnteredAt.Equal(seat.Visit.CreatedAt), true)
	stranger := got["stranger"]
	w.same([]string{stranger.TenantID, stranger.RegistrationID, stranger.RoomID, stranger.PersonID}, []string{"", "", "", ""})
	w.same(stranger.Issuer, "https://other.example")
	w.same(stranger.ClockAhead, -time.Minute)
	w.same(stranger.LoginAt.Equal(w.now.Add(-time.Second)), true)
	_, err := w.Failure(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

func testFailureQueries(t *testing.T, w *world) {
	seat := w.launch("ann", "link")
	for _, code := range []string{"first", "second", "third"} {
		w.pass(time.Minute)
		w.keep(w.failure(code, func(f *admin.Failure) { f.VisitID = seat.Visit.ID }))
	}
	w.keep(w.failure("of nobody", func(f *admin.Failure) { f.Name, f.Request, f.Kind = "100%_Zoë!", "AAAA-2222", admin.Login }))
	all := []string{"third", "second", "first"}
	tenant := []string{classroom.DefaultTenant}
	for name, test := range map[string]struct {
		q    admin.FailureQuery
		want []string
	}{
		"of a tenant":            {admin.FailureQuery{Tenants: tenant}, all},
		"of no tenant":           {admin.FailureQuery{Tenants: []string{"other"}}, nil},
		"a number":               {admin.FailureQuery{Request: "AAAA-2222"}, []string{"of nobody"}},
		"a number of another's":  {admin.FailureQuery{Request: "AAAA-2222", Tenants: tenant}, nil},
		"a name":                 {admin.FailureQuery{Text: "100%_zoë!"}, []string{"of nobody"}},
		"a pattern is text":      {admin.FailureQuery{Text: "1%z"}, nil},
		"a code":                 {admin.FailureQuery{Code: "second"}, []string{"second"}},
		"part of one":            {admin.FailureQuery{Text: "SECO"}, []string{"second"}},
		"a platform by its name": {admin.FailureQuery{Text: "uni"}, all},
		"a platform":             {admin.FailureQuery{RegistrationID: w.platform.ID}, all},
		"a kind":                 {admin.FailureQuery{Kinds: []admin.Happening{admin.Login}}, []string{"of nobody"}},
		"a person":               {admin.FailureQuery{PersonID: seat.Person.ID}, all},
		"since":                  {admin.FailureQuery{Since: w.now, Tenants: tenant}, []string{"third"}},
		"until":                  {admin.FailureQuery{Until: w.now}, []string{"second", "first"}},
		"a few":                  {admin.FailureQuery{Most: 1, Tenants: tenant}, []string{"third"}},
	} {
		t.Run(name, func(t *testing.T) { w.in(t).same(w.codes(test.q), test.want) })
	}
	page := must(w.Failures(w.ctx, admin.FailureQuery{Tenants: tenant, Most: 2}))(w)
	w.same(w.codes(admin.FailureQuery{Tenants: tenant, Before: page[1].ID}), []string{"first"})
}

// A storm fills no disk: of what is too much it is known how much it was. One
// platform's takes no place from another's.
func testManyFailures(t *testing.T, w *world) {
	storm := func(n int, code, of string) {
		t.Helper()
		list := make([]admin.Failure, n)
		for i := range list {
			list[i] = w.failure(code, func(f *admin.Failure) { f.RegistrationID = of })
		}
		w.keep(list...)
	}
	kept := func(code string) int { return len(w.codes(admin.FailureQuery{Code: code, Most: 20_000})) }
	storm(450, "loud", w.platform.ID)
	storm(150, "loud", w.platform.ID)
	w.same(kept("loud"), 500)
	storm(1, "loud", "")
	w.same(kept("loud"), 501)
	storm(3, "quiet", w.platform.ID)
	w.same(kept("quiet"), 3)
	counts := func() map[string][2]int {
		all := map[string][2]int{}
		for _, c := range must(w.FailureCounts(w.ctx, w.now.Add(-time.Hour), nil))(w) {
			all[c.Code] = [2]int{c.N, c.Kept}
		}
		return all
	}
	w.same(counts(), map[string][2]int{"loud": {601, 501}, "quiet": {3, 3}})
	w.pass(time.Hour)
	storm(1, "loud", w.platform.ID)
	w.same(kept("loud"), 502)
	of := must(w.FailureCounts(w.ctx, w.now.Add(-24*time.Hour), []string{classroom.DefaultTenant}))(w)
	w.same([]int{of[0].N, of[0].Kept}, []int{601, 501})
	w.same(len(must(w.FailureCounts(w.ctx, w.now.Add(-24*time.Hour), []string{"other"}))(w)), 0)
}

// What went well is counted, by the hour, and swept as failures are.
func testTallies(t *testing.T, w *world) {
	hour := w.now.Truncate(time.Hour)
	well := admin.TallyKey{Hour: hour, Kind: admin.Launch, Of: w.platform.ID}
	w.ok(w.KeepHappenings(w.ctx, nil, []admin.Tally{{TallyKey: well, N: 2, LastAt: w.now}}))
	w.ok(w.KeepHappenings(w.ctx, nil, []admin.Tally{{TallyKey: well, N: 3, LastAt: w.now.Add(-time.Second)}}))
	w.keep(w.failure("", func(f *admin.Failure) { f.RegistrationID = w.platform.ID }), w.failure("loud", nil))
	got := must(w.Tallies(w.ctx, w.now.Add(-time.Minute), []string{classroom.DefaultTenant}))(w)
	w.same(len(got), 1)
	w.same(got[0].N, 6)
	w.same(got[0].Kept, 0)
	w.same(got[0].LastAt.Equal(w.now.Truncate(time.Millisecond)), true)
	w.same(len(must(w.Tallies(w.ctx, w.now, nil))(w)), 2)
	w.same(w.codes(admin.FailureQuery{}), []string{"loud"})

	w.ok(w.Sweep(w.ctx, w.now.Add(30*24*time.Hour-time.Minute)))
	w.same(len(w.codes(admin.FailureQuery{})), 1)
	w.ok(w.Sweep(w.ctx, w.now.Add(30*24*time.Hour)))
	w.same(len(w.codes(admin.FailureQuery{})), 0)
	w.same(len(must(w.Tallies(w.ctx, hour, nil))(w)), 2)
	w.ok(w.Sweep(w.ctx, hour.Add(31*24*time.Hour)))
	w.same(len(must(w.Tallies(w.ctx, hour, nil))(w)), 0)
	w.FailuresKept = 24 * time.Hour
	w.keep(w.failure("loud", nil))
	w.ok(w.Sweep(w.ctx, w.now.Add(24*time.Hour)))
	w.same(len(w.codes(admin.FailureQuery{})), 0)
}

// The way of a failure's person: their launch, their joins, and the grade.
func testTrail(t *testing.T, w *world) {
	c := w.settled("link")
	m := w.meeting(c.ann.Room)
	at := w.now
	w.pass(time.Second)
	for _, id := range []string{c.ann.Person.ID, c.ben.Person.ID} {
		w.ok(w.KeepJoin(w.ctx, c.ann.Visit, attendance.Evidence{
			ID: w.id("e"), MeetingID: m.ID, Source: attendance.Joining, At: w.now, Until: w.now, Body: []byte(id)}))
	}
	steps := func(person, room string, from, to time.Time) []string {
		t.Helper()
		what := []string{}
		for _, s := range must(w.Trail(w.ctx, admin.Failure{PersonID: person, RoomID: room}, from, to))(w) {
			what = append(what, fmt.Sprint(s.What, " ", s.Room))
		}
		return what
	}
	long, later := at.Add(-24*time.Hour), at.Add(24*time.Hour)
	w.same(steps(c.ann.Person.ID, c.ann.Room.ID, long, later), []string{"launch ", "joined " + c.ann.Room.Title, "earned "})
	w.same(steps(c.ben.Person.ID, c.ann.Room.ID, long, later), []string{"launch ", "joined " + c.ann.Room.Title})
	w.same(steps(c.ben.Person.ID, c.ann.Room.ID, later, later), []string{})
	w.same(steps(c.ann.Person.ID, "", long, later), []string{})
	w.same(steps("", c.ann.Room.ID, long, later), []string{})
}
