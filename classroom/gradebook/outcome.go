package gradebook

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// Reasons why a grade isn't in the gradebook, with texts "reason.…".
const (
	ReasonNotGradable      = "not_gradable"      // the platform says that this person can't be graded there
	ReasonForbidden        = "forbidden"         // or that we may not
	ReasonScopeMissing     = "scope_missing"     // it doesn't offer grading to us
	ReasonNoLineItem       = "no_line_item"      // there is no column, and we may make none
	ReasonLineItemGone     = "line_item_gone"    // the column was deleted
	ReasonOutdated         = "outdated"          // somebody graded later
	ReasonBadRequest       = "bad_request"       // it doesn't understand us
	ReasonPlatformDown     = "platform_down"     // it doesn't answer, or asks to wait
	ReasonPlatformDisabled = "platform_disabled" // its registration is switched off
)

// tries is how often an order is tried: for 5 days. Then a platform that is
// down has refused.
const tries = 19

// retries are the waits after each attempt: the second comes within 10
// seconds, the fourth within 3 minutes of the first. The last wait repeats.
var retries = []time.Duration{
	5 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// judge writes into o what the platform's answer comes to, and returns what of
// it belongs in the log.
func (g *Grades) judge(ctx context.Context, o *Order, tried bool, problem error) error {
	var service *lti.ServiceError
	switch {
	case problem == nil:
		g.delivered(o)
		return nil
	case errors.Is(problem, lti.ErrOutdated):
		return g.outdated(ctx, o, tried, problem)
	case errors.Is(problem, errHeld): // no attempt, and soon over
		o.Attempts--
		o.NextAt = g.Now().Add(foundWait)
		return nil
	case errors.Is(problem, errGone):
		return g.refuse(o, ReasonLineItemGone, problem)
	case errors.Is(problem, lti.ErrNotGranted):
		if slices.Contains(o.Grades.Scopes, lti.AGSScore) {
			return g.refuse(o, ReasonNoLineItem, problem)
		}
		return g.refuse(o, ReasonScopeMissing, problem)
	case errors.As(problem, &service) && service.Final():
		return g.refuse(o, reasonOf(service), problem)
	}
	return g.later(o, problem)
}

// An unsentError is a problem from before the score left.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

// notTaken reports whether a problem proves that the platform hasn't taken the
// score. A connection that broke, or a server's fault, proves nothing.
func notTaken(problem error) bool {
	var unsent unsentError
	var service *lti.ServiceError
	var call *net.OpError
	switch {
	case errors.As(problem, &unsent), errors.Is(problem, lti.ErrNotGranted):
		return true
	case errors.As(problem, &service):
		return service.Call != "score" || service.Status < 500 || service.Status == http.StatusServiceUnavailable
	}
	return errors.As(problem, &call) && call.Op == "dial"
}

func reasonOf(e *lti.ServiceError) string {
	switch {
	case e.Status == http.StatusForbidden:
		return ReasonForbidden
	case e.Call == "line item":
		return ReasonNoLineItem
	case e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusOK:
		return ReasonNotGradable // Moodle, Sakai: 400; Canvas: 422; Moodle at times: 200
	}
	return ReasonBadRequest
}

func (g *Grades) delivered(o *Order) {
	o.State, o.Reason, o.Detail, o.NextAt = Delivered, "", "", time.Time{}
	o.SentAt, o.SentPoints = g.Now(), o.Points
}

func (g *Grades) refuse(o *Order, reason string, err error) error {
	o.State, o.Reason, o.Detail, o.NextAt = Refused, reason, detail(err), time.Time{}
	return err
}

// later leaves the order waiting for the next attempt.
func (g *Grades) later(o *Order, err error) error {
	reason := ReasonPlatformDown
	var service *lti.ServiceError
	if errors.As(err, &service) && refusesUs(service) {
		reason = ReasonForbidden // until somebody puts that right
	}
	if o.Attempts >= tries {
		return g.refuse(o, reason, err)
	}
	wait := retries[min(max(o.Attempts, 1), len(retries))-1]
	wait += time.Duration(rand.Int64N(int64(wait)/10 + 1)) // #nosec G404 -- spreads a load
	if service != nil {
		wait = max(wait, service.RetryAfter) // lti bounds it
	}
	o.State, o.Reason, o.Detail, o.NextAt = Waiting, reason, detail(err), g.Now().Add(wait)
	return err
}

// refusesUs reports whether the platform doesn't accept our key or our token.
func refusesUs(e *lti.ServiceError) bool {
	if e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout {
		return false
	}
	return e.Status == http.StatusUnauthorized || e.Call == "token" && e.Status < 500
}

// detailMost bounds what we keep of a platform's own words.
const detailMost = 300

func detail(err error) string {
	var service *lti.ServiceError
	if errors.As(err, &service) && service.Reason != "" {
		return cut(service.Reason)
	}
	return cut(err.Error())
}

func cut(text string) string {
	if r := []rune(text); len(r) > detailMost {
		return string(r[:detailMost])
	}
	return text
}

// outdated judges a 409. If the gradebook holds what we send, an earlier
// attempt brought it there. Else somebody graded later, which we respect: two
// scores of ours are never so close that one could outdate the other.
func (g *Grades) outdated(ctx context.Context, o *Order, tried bool, problem error) error {
	results, err := g.results(ctx, *o)
	var service *lti.ServiceError
	unreadable := errors.Is(err, lti.ErrNotGranted) || errors.As(err, &service) && service.Final()
	switch {
	case err == nil && holds(results, *o), unreadable && tried:
		o.SentStamp, _ = o.stamp()
		g.delivered(o)
		return nil
	case err != nil && !unreadable: // ask again
		return g.later(o, err)
	}
	o.State, o.Reason, o.Detail, o.NextAt = Superseded, ReasonOutdated, detail(problem), time.Time{}
	return problem
}

// results are what the gradebook has of the order's person.
func (g *Grades) results(ctx context.Context, o Order) ([]lti.Result, error) {
	if o.LineItem.URL == "" {
		return nil, fmt.Errorf("results: %w", lti.ErrNotGranted)
	}
	return g.Platform.Results(ctx, o.Registration, o.DeploymentID, o.Grades, o.LineItem.URL, o.Subject)
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
