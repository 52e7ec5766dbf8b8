package classroom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/bbbridge/bbbridge/lti"
)

// Grades carries results to the gradebook: at least once, and harmless to
// repeat. What a crash between two steps leaves:
//
//	before the claim       the job is due and is claimed after the start
//	claimed, nothing sent  the lease runs out, it is claimed again
//	sent, not kept         it is sent again with the same timestamp; the
//	                       platform says 409, and its result is compared
//	kept, job not ended    it is claimed again, and there is nothing to do
//
// Several goroutines may use it.
type Grades struct {
	Store    gradeStore
	Platform gradebook
	Now      func() time.Time
	Log      *slog.Logger
	Wake     func() // may be nil

	finding singleflight.Group
}

// gradeStore is what Grades needs of the database.
type gradeStore interface {
	Order(ctx context.Context, placementID, personID string) (Order, error)
	SaveLineItem(ctx context.Context, placementID string, item LineItem) error
	SaveDelivery(context.Context, Delivery) error
	Resend(ctx context.Context, placementID, personID string) error
}

// gradebook is a platform's. *lti.Grades is one.
type gradebook interface {
	LineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, address string) (lti.LineItem, error)
	FindOrCreateLineItem(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, want lti.LineItem) (lti.LineItem, error)
	PostScore(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL string, s lti.Score) error
	Results(ctx context.Context, r lti.Registration, deploymentID string, e lti.Endpoint, lineItemURL, userID string) ([]lti.Result, error)
}

// Reasons why a grade isn't in the gradebook, with texts "reason.…".
const (
	ReasonNotGradable      = "not_gradable"      // the platform says that this person can't be graded there
	ReasonForbidden        = "forbidden"         // or that we may not
	ReasonScopeMissing     = "scope_missing"     // it doesn't offer grading to us
	ReasonLineItemGone     = "line_item_gone"    // the column was deleted
	ReasonOutdated         = "outdated"          // somebody graded later
	ReasonBadRequest       = "bad_request"       // it doesn't understand us
	ReasonPlatformDown     = "platform_down"     // it doesn't answer, or asks to wait
	ReasonPlatformDisabled = "platform_disabled" // its registration is switched off
)

const (
	tryFor       = 5 * 24 * time.Hour // then a platform that is down has refused
	disabledWait = time.Hour
	retryMost    = 24 * time.Hour
)

// retries are the waits after each attempt: the second comes within 10
// seconds, the fourth within 3 minutes of the first.
var retries = []time.Duration{
	5 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// JobSubject names a delivery's job.
func (d Delivery) JobSubject() string { return d.PlacementID + "/" + d.PersonID }

// Deliver makes one attempt at a job's delivery and returns when to make the
// next; zero: there is nothing left to do. A platform's no is kept and logged
// and is no error.
func (g *Grades) Deliver(ctx context.Context, job Job) (time.Time, error) {
	placementID, personID, _ := strings.Cut(job.Subject, "/")
	o, err := g.Store.Order(ctx, placementID, personID)
	if errors.Is(err, ErrNotFound) || err == nil && o.State != Waiting {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("order %s: %w", job.Subject, err)
	}
	if o.Registration.Disabled {
		o.State, o.Reason, o.NextAt = Waiting, ReasonPlatformDisabled, g.Now().Add(disabledWait)
	} else {
		err = g.attempt(ctx, &o, job.Attempts > 1)
	}
	if saved := g.Store.SaveDelivery(ctx, o.Delivery); saved != nil {
		return time.Time{}, fmt.Errorf("keep delivery %s: %w", job.Subject, saved)
	}
	if err != nil {
		g.Log.InfoContext(ctx, "grade not taken", "platform", o.Registration.Name, "subject", job.Subject,
			"state", o.State, "code", o.Reason, "next", o.NextAt, "err", err)
	}
	return o.NextAt, nil
}

// attempt sends the order's score once and writes into it what became of it.
// unsure: an earlier attempt may have arrived without our knowing. The error
// is for the log.
func (g *Grades) attempt(ctx context.Context, o *Order, unsure bool) error {
	o.Attempts++
	stamp := o.TrueAt
	if earliest := o.SentStamp.Add(time.Second); !o.SentStamp.IsZero() && stamp.Before(earliest) {
		stamp = earliest
	}
	err := g.post(ctx, o, stamp)
	if status(err) == http.StatusNotFound { // the column is gone: find or make it, once
		o.Placement.LineItem = LineItem{}
		err = g.post(ctx, o, stamp)
		if status(err) == http.StatusNotFound {
			return g.refuse(o, ReasonLineItemGone, err)
		}
	}
	var service *lti.ServiceError
	switch {
	case err == nil:
		g.delivered(o, stamp)
		return nil
	case errors.Is(err, lti.ErrOutdated):
		return g.outdated(ctx, o, stamp, unsure, err)
	case errors.Is(err, lti.ErrNotGranted), errors.Is(err, lti.ErrNoLineItem):
		return g.refuse(o, ReasonScopeMissing, err)
	case errors.As(err, &service) && service.Final():
		return g.refuse(o, reasonOf(service), err)
	}
	return g.later(o, err)
}

// status is that of a platform's refusal, or 0.
func status(err error) int {
	var service *lti.ServiceError
	if errors.As(err, &service) {
		return service.Status
	}
	return 0
}

func reasonOf(e *lti.ServiceError) string {
	switch {
	case e.Call == "score" && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusOK):
		return ReasonNotGradable
	case e.Status == http.StatusForbidden:
		return ReasonForbidden
	case e.Status == http.StatusNotFound:
		return ReasonLineItemGone
	}
	return ReasonBadRequest
}

func (g *Grades) delivered(o *Order, stamp time.Time) {
	o.State, o.Reason, o.Detail, o.NextAt = Delivered, "", "", time.Time{}
	o.SentAt, o.SentPoints, o.SentStamp = g.Now(), o.Points, stamp
}

func (g *Grades) refuse(o *Order, reason string, err error) error {
	o.State, o.Reason, o.Detail, o.NextAt = Refused, reason, detail(err), time.Time{}
	return err
}

// later leaves the order waiting for the next attempt.
func (g *Grades) later(o *Order, err error) error {
	now := g.Now()
	if now.Sub(o.TrueAt) > tryFor {
		return g.refuse(o, ReasonPlatformDown, err)
	}
	wait := retries[min(max(o.Attempts, 1), len(retries))-1]
	wait += time.Duration(rand.Int64N(int64(wait)/10 + 1)) // #nosec G404 -- spreads a load
	var service *lti.ServiceError
	if errors.As(err, &service) && service.RetryAfter > 0 {
		wait = min(service.RetryAfter, retryMost)
	}
	o.State, o.Reason, o.Detail, o.NextAt = Waiting, ReasonPlatformDown, detail(err), now.Add(wait)
	return err
}

// detailMost bounds what we keep of a platform's own words.
const detailMost = 300

func detail(err error) string {
	var service *lti.ServiceError
	if errors.As(err, &service) && service.Reason != "" {
		return cut(service.Reason, detailMost)
	}
	return cut(err.Error(), detailMost)
}

// outdated judges a 409. If the gradebook holds what we send, an earlier
// attempt brought it there. Else somebody graded later, which we respect.
func (g *Grades) outdated(ctx context.Context, o *Order, stamp time.Time, unsure bool, err error) error {
	results, failed := g.Platform.Results(ctx, o.Registration, o.DeploymentID, o.Placement.Grades, o.Placement.LineItem.URL, o.Subject)
	switch {
	case failed == nil && holds(results, *o), failed != nil && unsure:
		g.delivered(o, stamp)
		return nil
	}
	o.State, o.Reason, o.Detail, o.NextAt = Superseded, ReasonOutdated, detail(err), time.Time{}
	return err
}

// holds reports whether the gradebook has the order's points.
func holds(results []lti.Result, o Order) bool {
	for _, r := range results {
		if r.UserID == o.Subject && !r.Empty && r.Maximum > 0 {
			return math.Abs(r.Score/r.Maximum-o.Points/o.Max) < 0.005
		}
	}
	return false
}

// post sends the score, to the placement's column or to one found or made.
func (g *Grades) post(ctx context.Context, o *Order, stamp time.Time) error {
	item, err := g.lineItem(ctx, *o)
	if err != nil {
		return err
	}
	o.Placement.LineItem = item
	given, most := o.Points, o.Max
	if item.Max > 0 { // the column's own measure: OpenOLAT doesn't convert
		given, most = o.Points/o.Max*item.Max, item.Max
	}
	return g.Platform.PostScore(ctx, o.Registration, o.DeploymentID, o.Placement.Grades, item.URL, lti.Score{
		UserID: o.Subject, Timestamp: stamp, ScoreGiven: given, ScoreMaximum: most, Comment: o.Comment,
	})
}

// lineItem is the placement's column. One search is under way for a
// placement, so that none is made twice.
func (g *Grades) lineItem(ctx context.Context, o Order) (LineItem, error) {
	item := o.Placement.LineItem
	if item.URL != "" && item.Max > 0 {
		return item, nil
	}
	found, err, _ := g.finding.Do(o.Placement.ID+" "+item.URL, func() (any, error) {
		if item.URL != "" {
			return g.measured(ctx, o)
		}
		return g.found(ctx, o)
	})
	item, _ = found.(LineItem)
	return item, err
}

// measured reads the maximum of a column that we have. If it may not be read,
// or not now, points are sent in our own measure.
func (g *Grades) measured(ctx context.Context, o Order) (LineItem, error) {
	item := o.Placement.LineItem
	read, err := g.Platform.LineItem(ctx, o.Registration, o.DeploymentID, o.Placement.Grades, item.URL)
	if err != nil || read.ScoreMaximum <= 0 {
		return item, nil
	}
	item.Max = read.ScoreMaximum
	return item, g.Store.SaveLineItem(ctx, o.Placement.ID, item)
}

func (g *Grades) found(ctx context.Context, o Order) (LineItem, error) {
	title := o.Placement.Title
	if title == "" {
		title = "Attendance"
	}
	made, err := g.Platform.FindOrCreateLineItem(ctx, o.Registration, o.DeploymentID, o.Placement.Grades, lti.LineItem{
		Label: title, ScoreMaximum: o.Max, ResourceID: o.RoomID, Tag: "attendance", ResourceLinkID: o.Placement.ResourceLinkID,
	})
	if err != nil {
		return LineItem{}, err
	}
	item := LineItem{URL: made.URL, Max: made.ScoreMaximum, Made: true}
	return item, g.Store.SaveLineItem(ctx, o.Placement.ID, item)
}

// Resend sends a person's grade once more, for a teacher who asks for it.
func (g *Grades) Resend(ctx context.Context, seat Seat, personID string) error {
	if err := seat.May(Resend); err != nil {
		return err
	}
	if err := g.Store.Resend(ctx, seat.Placement.ID, personID); err != nil {
		return fmt.Errorf("resend to placement %s: %w", seat.Placement.ID, err)
	}
	if g.Wake != nil {
		g.Wake()
	}
	return nil
}
