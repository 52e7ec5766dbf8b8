package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// A GradeQuery says which grades are wanted. The zero value of each field wants
// all of them.
type GradeQuery struct {
	Tenants        []string // nil: of all
	State          gradebook.State
	Reason         string
	RegistrationID string
	Course         string    // part of its title or label
	Since          time.Time // when they came true
	Before         GradeKey  // of the one after which to go on
	Most           int
}

// A GradeKey is a grade's place in the list.
type GradeKey struct {
	TrueAt time.Time
	gradebook.Key
}

// A Grade is a delivery with whose it is.
type Grade struct {
	gradebook.Delivery
	TenantID, RegistrationID string
	Platform, Course, Link   string // names
	RoomID                   string
	Person                   string
}

// Key is the grade's place.
func (g Grade) Key() GradeKey {
	return GradeKey{g.TrueAt, gradebook.Key{PlacementID: g.PlacementID, PersonID: g.PersonID}}
}

// A Pause is a platform whose grades wait because of it.
type Pause struct {
	RegistrationID, TenantID, Platform string
	Reason                             string // the one of most of them
	Waiting                            int
	NextAt                             time.Time // of the first attempt to come; zero: now
	Disabled                           bool
}

type gradeStore interface {
	Grades(context.Context, GradeQuery) ([]Grade, error)
	Grade(context.Context, gradebook.Key) (Grade, error)
	Pauses(ctx context.Context, tenants []string) ([]Pause, error)
	// ResendGrades has grades sent again now, and writes it into the audit log. Of
	// what another hand gave, and of what doesn't hold any more, nothing is sent.
	ResendGrades(ctx context.Context, keys []gradebook.Key, e Entry) (int, error)
	ReleaseDeliveries(ctx context.Context, registrationID string, attempts int) error
	Record(context.Context, Entry) error
}

// Deliveries is grades on their way.
type Deliveries struct {
	Store gradeStore
	Wake  func() // tells the job runner that something is due; may be nil
}

// Page returns grades that the actor may see, the newest first.
func (d *Deliveries) Page(ctx context.Context, by Actor, q GradeQuery) ([]Grade, error) {
	var err error
	if q.Tenants, err = tenantsFor(by, See); err != nil {
		return nil, err
	}
	list, err := d.Store.Grades(ctx, q)
	return list, about("grades", err)
}

// Paused are the platforms of the actor whose grades wait because of them.
func (d *Deliveries) Paused(ctx context.Context, by Actor) ([]Pause, error) {
	tenants, err := tenantsFor(by, See)
	if err != nil {
		return nil, err
	}
	list, err := d.Store.Pauses(ctx, tenants)
	return list, about("paused platforms", err)
}

// resendStep is how many grades are sent again in one transaction, and
// resendMost by one act.
const (
	resendStep = 100
	resendMost = 5000
)

// again reports whether an act for many sends a grade again: what was delivered
// is there, and what another hand gave stays.
func again(g Grade) bool {
	return g.State == gradebook.Refused || g.State == gradebook.Waiting && g.Reason != ""
}

// ResendSome sends those of the keys again that the actor may. It returns how
// many those were.
func (d *Deliveries) ResendSome(ctx context.Context, by Actor, grades []Grade) (int, error) {
	if !by.Somewhere(Resend) {
		return 0, ErrForbidden
	}
	byTenant := map[string][]gradebook.Key{}
	for _, g := range grades {
		if by.Can(Resend, g.TenantID) && g.State != gradebook.Withdrawn && g.State != gradebook.Superseded {
			byTenant[g.TenantID] = append(byTenant[g.TenantID], gradebook.Key{PlacementID: g.PlacementID, PersonID: g.PersonID})
		}
	}
	sent := 0
	for _, tenant := range sortedKeys(byTenant) {
		for step := range slices.Chunk(byTenant[tenant], resendStep) {
			n, err := d.Store.ResendGrades(By(ctx, by), step, Entry{Did: "grades.resend", What: strconv.Itoa(len(step)), TenantID: tenant})
			if err != nil {
				return sent, fmt.Errorf("resend grades: %w", err)
			}
			sent += n
		}
	}
	if d.Wake != nil && sent > 0 {
		d.Wake()
	}
	return sent, nil
}

// ResendOne sends one grade again, by "PLACEMENT/PERSON"; ErrNotFound.
func (d *Deliveries) ResendOne(ctx context.Context, by Actor, key string) (int, error) {
	if !by.Somewhere(Resend) {
		return 0, ErrForbidden
	}
	placementID, personID, _ := strings.Cut(key, "/")
	g, err := d.Store.Grade(ctx, gradebook.Key{PlacementID: placementID, PersonID: personID})
	if err == nil && !by.Can(See, g.TenantID) {
		err = ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("grade: %w", err)
	}
	return d.ResendSome(ctx, by, []Grade{g})
}

// ResendPage sends those again that a page shows.
func (d *Deliveries) ResendPage(ctx context.Context, by Actor, q GradeQuery) (int, error) {
	if !by.Somewhere(Resend) {
		return 0, ErrForbidden
	}
	list, err := d.Page(ctx, by, q)
	if err != nil {
		return 0, err
	}
	return d.ResendSome(ctx, by, slices.DeleteFunc(list, func(g Grade) bool { return !again(g) }))
}

// ResendAll sends again what of the query's grades was refused or waits for its
// platform: first what was refused, the newest first. More is true if there were
// too many for one act.
func (d *Deliveries) ResendAll(ctx context.Context, by Actor, q GradeQuery) (sent int, more bool, err error) {
	if !by.Somewhere(Resend) {
		return 0, false, ErrForbidden
	}
	var found []Grade
	// Of the other states nothing is read: there are as many as there were grades.
	for _, state := range []gradebook.State{gradebook.Refused, gradebook.Waiting} {
		if q.State != "" && q.State != state {
			continue
		}
		of := q
		of.State = state
		if found, err = d.toSend(ctx, by, of, found); err != nil {
			return 0, false, err
		}
	}
	more = len(found) > resendMost
	sent, err = d.ResendSome(ctx, by, found[:min(len(found), resendMost)])
	return sent, more, err
}

// toSend adds those of a query that are sent again, until there are more than
// one act sends.
func (d *Deliveries) toSend(ctx context.Context, by Actor, q GradeQuery, found []Grade) ([]Grade, error) {
	q.Most, q.Before = resendStep, GradeKey{}
	for len(found) <= resendMost {
		list, err := d.Page(ctx, by, q)
		if err != nil {
			return nil, err
		}
		for _, g := range list {
			if again(g) {
				found = append(found, g)
			}
		}
		if len(list) < resendStep {
			break
		}
		q.Before = list[len(list)-1].Key()
	}
	return found, nil
}

// TryNow has a paused platform's grades tried at once.
func (d *Deliveries) TryNow(ctx context.Context, by Actor, registrationID string) error {
	if !by.Somewhere(Resend) {
		return ErrForbidden
	}
	all, err := d.Paused(ctx, by)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(p Pause) bool { return p.RegistrationID == registrationID })
	if i < 0 {
		return nil // it goes on by itself already
	}
	if err := by.May(Resend, all[i].TenantID); err != nil {
		return err
	}
	if err := d.Store.ReleaseDeliveries(ctx, registrationID, 0); err != nil {
		return fmt.Errorf("try platform %s: %w", registrationID, err)
	}
	e := Entry{Did: "grades.try", What: all[i].Platform, TenantID: all[i].TenantID}
	if err := d.Store.Record(By(ctx, by), e); err != nil {
		return fmt.Errorf("try platform %s: %w", registrationID, err)
	}
	if d.Wake != nil {
		d.Wake()
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
