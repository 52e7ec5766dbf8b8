package admin

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// A Health says how a platform or a server does.
type Health struct {
	ID, Name string
	State    HealthState
	Why      string    // for Needs: silent, refused, paused, server or reports; drained; empty otherwise
	At       time.Time // when that was last; zero: never, as far as is known
}

// A HealthState is one of four.
type HealthState string

// The states of a mark.
const (
	HealthGood  HealthState = "good"
	HealthQuiet HealthState = "waiting" // nothing has come within a day
	HealthNeeds HealthState = "needs"
	HealthOff   HealthState = "off"
)

// Sums are what happened in a span of time.
type Sums struct {
	From                        time.Time // the span's beginning
	Launches, Refused           int       // refused: logins and launches
	Joins, JoinsRefused         int
	Callbacks, CallbacksRefused int
	Grades, GradesRefused       int
	Pages, Jobs                 int // that failed
}

// add counts a tally.
func (s *Sums) add(t Tally) {
	well, refused := new(int), new(int)
	switch t.Kind {
	case Launch:
		well, refused = &s.Launches, &s.Refused
	case Login:
		refused = &s.Refused
	case Joining:
		well, refused = &s.Joins, &s.JoinsRefused
	case Callback:
		well, refused = &s.Callbacks, &s.CallbacksRefused
	case Delivery:
		well, refused = &s.Grades, &s.GradesRefused
	case Opening:
		refused = &s.Pages
	case Work:
		refused = &s.Jobs
	}
	if t.Code == "" {
		*well += t.N
	} else {
		*refused += t.N
	}
}

// An Overview is how it goes.
type Overview struct {
	Classes, People int  // that are on, and who is in them
	Day             Sums // of the last 24 hours
	Spans           []Sums
	Deliveries      map[gradebook.State]int
	Jobs            map[jobs.Kind]int // nil: not for the actor to know
	Platforms       []Health
	Servers         []Health
}

type overviewStore interface {
	failureStore
	Platforms(context.Context) ([]Platform, error)
	// LiveClasses counts classes that are on, and who is in them.
	LiveClasses(ctx context.Context, tenants []string) (classes, people int, err error)
	// DeliveryCounts are grades by registration and state.
	DeliveryCounts(context.Context) (map[string]map[gradebook.State]int, error)
	Counts(context.Context) (classroom.Counts, error)
	Pauses(ctx context.Context, tenants []string) ([]Pause, error)
}

// Overviews tell how it goes.
type Overviews struct {
	Store   overviewStore
	Servers *Servers
	Now     func() time.Time

	mu     sync.Mutex
	counts ledgerCounts
}

// ledgerCounts are counts of the whole ledger, which take a while.
type ledgerCounts struct {
	at   time.Time
	by   map[string]map[gradebook.State]int
	jobs map[jobs.Kind]int
}

// countedFor is how long those are good for.
const countedFor = 10 * time.Second

// A Period is what charts go back.
type Period string

// The periods.
const (
	Hours Period = "24h" // of one hour each
	Days  Period = "30d" // of one day each, in UTC
)

// Overview is what the actor may see of how it goes.
func (o *Overviews) Overview(ctx context.Context, by Actor, period Period) (Overview, error) {
	tenants, err := tenantsFor(by, See)
	if err != nil {
		return Overview{}, err
	}
	now := o.Now()
	var view Overview
	if view.Classes, view.People, err = o.Store.LiveClasses(ctx, tenants); err != nil {
		return view, fmt.Errorf("classes: %w", err)
	}
	day, err := o.Store.Tallies(ctx, now.Add(-23*time.Hour), tenants)
	if err != nil {
		return view, fmt.Errorf("tallies: %w", err)
	}
	view.Day = Sums{From: now.Add(-23 * time.Hour).Truncate(time.Hour)}
	for _, t := range day {
		view.Day.add(t)
	}
	all := day
	if period == Days {
		if all, err = o.Store.Tallies(ctx, daysFrom(now), tenants); err != nil {
			return view, fmt.Errorf("tallies: %w", err)
		}
	}
	view.Spans = spans(all, period, now)
	if err := o.ledger(ctx, by, &view); err != nil {
		return view, err
	}
	return view, o.marks(ctx, by, tenants, day, &view)
}

const dayLong = 24 * time.Hour

func daysFrom(now time.Time) time.Time { return now.UTC().Truncate(dayLong).Add(-29 * dayLong) }

// spans are the sums of each hour of a day, or of each day of thirty, also where
// nothing happened.
func spans(tallies []Tally, period Period, now time.Time) []Sums {
	from, length, n := now.Add(-23*time.Hour).UTC().Truncate(time.Hour), time.Hour, 24
	if period == Days {
		from, length, n = daysFrom(now), dayLong, 30
	}
	list := make([]Sums, n)
	for i := range list {
		list[i].From = from.Add(time.Duration(i) * length)
	}
	for _, t := range tallies {
		if i := int(t.Hour.Sub(from) / length); i >= 0 && i < n && !t.Hour.Before(from) {
			list[i].add(t)
		}
	}
	return list
}

// ledger adds the grades by state, and the jobs for who may see all.
func (o *Overviews) ledger(ctx context.Context, by Actor, view *Overview) error {
	counts, err := o.counted(ctx)
	if err != nil {
		return err
	}
	platforms, err := o.platforms(ctx, by)
	if err != nil {
		return err
	}
	view.Deliveries = map[gradebook.State]int{}
	for of, states := range counts.by {
		if by.Role != Operator && !slices.ContainsFunc(platforms, func(p Platform) bool { return p.ID == of }) {
			continue
		}
		for state, n := range states {
			view.Deliveries[state] += n
		}
	}
	if by.Can(See, "") {
		view.Jobs = counts.jobs
	}
	return nil
}

// counted is what was counted in the last seconds. One counts at a time.
func (o *Overviews) counted(ctx context.Context) (ledgerCounts, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if age := o.Now().Sub(o.counts.at); age >= 0 && age < countedFor {
		return o.counts, nil
	}
	by, err := o.Store.DeliveryCounts(ctx)
	if err != nil {
		return ledgerCounts{}, fmt.Errorf("count grades: %w", err)
	}
	all, err := o.Store.Counts(ctx)
	if err != nil {
		return ledgerCounts{}, fmt.Errorf("count jobs: %w", err)
	}
	o.counts = ledgerCounts{o.Now(), by, all.Jobs}
	return o.counts, nil
}

func (o *Overviews) platforms(ctx context.Context, by Actor) ([]Platform, error) {
	all, err := o.Store.Platforms(ctx)
	if err != nil {
		return nil, fmt.Errorf("platforms: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(all), func(p Platform) bool { return !by.Can(See, p.TenantID) }), nil
}

// marks gives each platform and server its mark.
func (o *Overviews) marks(ctx context.Context, by Actor, tenants []string, day []Tally, view *Overview) error {
	platforms, err := o.platforms(ctx, by)
	if err != nil {
		return err
	}
	pauses, err := o.Store.Pauses(ctx, tenants)
	if err != nil {
		return fmt.Errorf("pauses: %w", err)
	}
	silences := silent(day, o.Now())
	for _, p := range platforms {
		view.Platforms = append(view.Platforms, platformMark(p, day, silences, pauses))
	}
	cards, err := o.Servers.visible(ctx, by)
	if err != nil {
		return err
	}
	calls := day
	if tenants != nil { // calls are of servers, not of platforms
		if calls, err = o.Store.Tallies(ctx, o.Now().Add(-23*time.Hour), nil); err != nil {
			return fmt.Errorf("tallies of servers: %w", err)
		}
	}
	for _, card := range cards {
		if card.Reports, err = o.Servers.reports(ctx, card.ID); err != nil {
			return err
		}
		view.Servers = append(view.Servers, serverMark(card, calls))
	}
	return nil
}

// newest is when something of some kinds happened last, with a code or without,
// and how often.
func newest(tallies []Tally, of string, refused bool, kinds ...Happening) (at time.Time, n int) {
	for _, t := range tallies {
		if t.Of == of && (t.Code != "") == refused && slices.Contains(kinds, t.Kind) {
			at, n = later(at, t.LastAt), n+t.N
		}
	}
	return at, n
}

// refusedOften is how many refusals in a row say that it isn't one person's.
const refusedOften = 3

func platformMark(p Platform, day []Tally, silences []Silence, pauses []Pause) Health {
	m := Health{ID: p.ID, Name: p.Name, State: HealthGood}
	wellAt, _ := newest(day, p.ID, false, Launch, Window)
	refusedAt, refused := newest(day, p.ID, true, Login, Launch)
	m.At = wellAt
	switch {
	case p.Disabled:
		m.State = HealthOff
	case slices.ContainsFunc(silences, func(s Silence) bool { return s.RegistrationID == p.ID }):
		m.State, m.Why = HealthNeeds, "silent"
	case refused > 0 && (wellAt.IsZero() || refused >= refusedOften && refusedAt.After(wellAt)):
		m.State, m.Why, m.At = HealthNeeds, "refused", refusedAt
	case slices.ContainsFunc(pauses, func(x Pause) bool { return x.RegistrationID == p.ID }):
		m.State, m.Why = HealthNeeds, "paused"
	case wellAt.IsZero():
		m.State = HealthQuiet
	}
	return m
}

// serverMark is that of a server. One out of service answers for the classes that
// go on there, so what is wrong with it comes first.
func serverMark(s ServerCard, day []Tally) Health {
	m := Health{ID: s.ID, Name: s.Name, State: HealthGood}
	wellAt, _ := newest(day, s.ID, false, Call)
	failedAt, _ := newest(day, s.ID, true, Call)
	m.At = wellAt
	switch {
	case failedAt.After(wellAt):
		m.State, m.Why, m.At = HealthNeeds, "server", failedAt
	case s.Reports.Silent():
		m.State, m.Why = HealthNeeds, "reports"
	case s.Drained:
		m.State, m.Why = HealthOff, "drained"
	case wellAt.IsZero():
		m.State = HealthQuiet
	}
	return m
}
