package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// A FailureQuery says which failures are wanted. The zero value of each field
// wants all of them.
type FailureQuery struct {
	Tenants []string // nil: of all, and those of which it isn't known
	Request string
	Text    string // part of a name, a code, a platform, a room or a course
	Code    string
	Kinds   []Happening // nil: all

	RegistrationID string
	PersonID       string
	Since, Until   time.Time
	Before         string // id of the one after which to go on
	Most           int
}

type failureStore interface {
	Failures(context.Context, FailureQuery) ([]Failure, error)
	Failure(ctx context.Context, id string) (Failure, error)
	// FailureCounts are the tallies of what failed since, of all hours together;
	// of these registrations, unless it is nil.
	FailureCounts(ctx context.Context, since time.Time, tenants []string) ([]Tally, error)
	// Trail is what went well for a failure's person around it.
	Trail(ctx context.Context, f Failure, from, to time.Time) ([]Step, error)
	// Tallies of these hours, by registration or server; of all if tenants is nil.
	Tallies(ctx context.Context, since time.Time, tenants []string) ([]Tally, error)
}

// Failures is what didn't go as it should, and why.
type Failures struct {
	Store failureStore
	Now   func() time.Time
}

// requestNumber is the number on a person's page, as people type it.
var requestNumber = regexp.MustCompile(`^[A-Z2-7]{4}[- ]?[A-Z2-7]{4}$`)

// tenantsFor are those in which the actor may do that, nil for all of them and
// what belongs to none; ErrForbidden if there are none.
func tenantsFor(by Actor, action Action) ([]string, error) {
	switch {
	case by.Role == Operator:
		return nil, nil
	case !by.Somewhere(action):
		return nil, ErrForbidden
	}
	return by.Tenants, nil
}

// Page returns failures that the actor may see, the newest first. A text that is
// the number of a request finds that alone.
func (f *Failures) Page(ctx context.Context, by Actor, q FailureQuery) ([]Failure, error) {
	var err error
	if q.Tenants, err = tenantsFor(by, See); err != nil {
		return nil, err
	}
	if number := strings.ToUpper(strings.TrimSpace(q.Text)); requestNumber.MatchString(number) {
		numbered := q
		numbered.Text, numbered.Request = "", number[:4]+"-"+number[len(number)-4:]
		list, err := f.Store.Failures(ctx, numbered)
		if err != nil || len(list) > 0 || len(number) != 8 { // eight letters may be a name
			return list, about("failures", err)
		}
	}
	list, err := f.Store.Failures(ctx, q)
	return list, about("failures", err)
}

func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// A CodeCount is how often something was refused with a code.
type CodeCount struct {
	Kind      Happening
	Code      string
	Day, Week int // within the last 24 hours, and 7 days
	Unkept    int // of those of the week, so many have no page: there were too many in an hour
	LastAt    time.Time
}

// Counts are those of all codes that there were within a week, the most frequent
// first.
func (f *Failures) Counts(ctx context.Context, by Actor) ([]CodeCount, error) {
	tenants, err := tenantsFor(by, See)
	if err != nil {
		return nil, err
	}
	now := f.Now()
	type key struct {
		kind Happening
		code string
	}
	counts := map[key]*CodeCount{}
	for i, span := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour} {
		tallies, err := f.Store.FailureCounts(ctx, now.Add(-span), tenants)
		if err != nil {
			return nil, fmt.Errorf("counts of failures: %w", err)
		}
		for _, t := range tallies {
			c := counts[key{t.Kind, t.Code}]
			if c == nil {
				c = &CodeCount{Kind: t.Kind, Code: t.Code}
				counts[key{t.Kind, t.Code}] = c
			}
			if i == 0 {
				c.Day = t.N
				continue
			}
			c.Week, c.Unkept, c.LastAt = t.N, t.N-t.Kept, t.LastAt
		}
	}
	var list []CodeCount
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b CodeCount) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.Week, a.Week), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Kind, b.Kind))
	})
	return list, nil
}

// A Step is one line of the story of a failure.
type Step struct {
	At   time.Time
	What string // login, launch, joined, earned, sent, or failed
	Room string
	// Of a failure, and of a grade that is on its way.
	Failure  *Failure
	Delivery *gradebook.Delivery
	This     bool // it is the failure that the story is about
}

// A Story is a failure with what happened before and after it to its person.
type Story struct {
	Failure
	Steps []Step
	// Resend is true of a grade that can be sent again by the actor.
	Resend bool
	// Approve is true of a deployment that the actor may let in.
	Approve bool
}

// How far a story goes back and on, and how many lines it has.
const (
	storyBack = 2 * time.Hour
	storyOn   = 24 * time.Hour
	storyMost = 60
)

// Story tells a failure that the actor may see; ErrNotFound.
func (f *Failures) Story(ctx context.Context, by Actor, id string) (Story, error) {
	if !by.Somewhere(See) {
		return Story{}, ErrForbidden
	}
	failure, err := f.Store.Failure(ctx, id)
	if err == nil && !by.Can(See, failure.TenantID) {
		err = ErrNotFound
	}
	if err != nil {
		return Story{}, fmt.Errorf("failure %s: %w", id, err)
	}
	story := Story{Failure: failure, Steps: []Step{{At: failure.At, What: "failed", Failure: &failure, This: true}}}
	if !failure.LoginAt.IsZero() {
		story.Steps = append(story.Steps, Step{At: failure.LoginAt, What: "login"})
	}
	if !failure.EnteredAt.IsZero() {
		story.Steps = append(story.Steps, Step{At: failure.EnteredAt, What: "launch"})
	}
	if failure.PersonID != "" {
		if err := f.around(ctx, by, &story); err != nil {
			return Story{}, err
		}
	}
	slices.SortStableFunc(story.Steps, func(a, b Step) int { return a.At.Compare(b.At) })
	story.Approve = failure.Code == "deployment_unknown" && failure.RegistrationID != "" && by.Can(EditPlatforms, failure.TenantID)
	return story, nil
}

// around adds what else happened to the failure's person.
func (f *Failures) around(ctx context.Context, by Actor, story *Story) error {
	failure := story.Failure
	from, to := failure.At.Add(-storyBack), failure.At.Add(storyOn)
	if failure.Kind == Delivery {
		from = failure.At.Add(-7 * 24 * time.Hour) // the class was days ago
	}
	q := FailureQuery{PersonID: failure.PersonID, Since: from, Until: to, Most: storyMost}
	q.Tenants, _ = tenantsFor(by, See)
	others, err := f.Store.Failures(ctx, q)
	if err != nil {
		return fmt.Errorf("failures around %s: %w", failure.ID, err)
	}
	for _, other := range others {
		if other.ID != failure.ID {
			story.Steps = append(story.Steps, Step{At: other.At, What: "failed", Room: other.Room, Failure: &other})
		}
	}
	trail, err := f.Store.Trail(ctx, failure, from, to)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("trail of failure %s: %w", failure.ID, err)
	}
	for _, step := range trail {
		if step.What == "launch" && step.At.Sub(failure.EnteredAt).Abs() < time.Second { // the same, kept twice
			continue
		}
		story.Steps = append(story.Steps, step)
		if d := step.Delivery; d != nil && (d.State == gradebook.Refused || d.State == gradebook.Waiting) {
			story.Resend = by.Can(Resend, failure.TenantID)
		}
	}
	return nil
}

// Compare is an order of keys: by time, kind, code and whose they are.
func (k TallyKey) Compare(other TallyKey) int {
	return cmp.Or(k.Hour.Compare(other.Hour), cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.Code, other.Code), cmp.Compare(k.Of, other.Of))
}
