package gradebook

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// Reasons why a grade isn't in the gradebook, with texts "reason.…".
const (
	ReasonNotGradable      = "not_gradable"      // the platform says that this person can't be graded there
	ReasonForbidden        = "forbidden"         // or that we may not
	ReasonKeyRefused       = "key_refused"       // it doesn't accept our key
	ReasonScopeMissing     = "scope_missing"     // it doesn't offer grading to us
	ReasonNoLineItem       = "no_line_item"      // there is no column, and we may make none
	ReasonLineItemGone     = "line_item_gone"    // the column was deleted
	ReasonLocked           = "locked"            // it fails at this grade alone: locked, or a column that is half deleted
	ReasonNoGradebook      = "no_gradebook"      // it fails at making a column: the course has no gradebook yet
	ReasonGiven            = "given"             // another hand gave one, which we have read
	ReasonKept             = "kept"              // another hand gave one, and the platform keeps it, though it took ours in its place
	ReasonOutdated         = "outdated"          // somebody graded later, which we can't read
	ReasonMissing          = "missing"           // it was taken, and wasn't there when we looked
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
func (g *Grades) judge(o *Order, problem error) error {
	var service *lti.ServiceError
	switch {
	case problem == nil:
		g.delivered(o)
		return nil
	case errors.Is(problem, errHeld): // no attempt, and soon over
		o.Attempts--
		o.NextAt = g.Now().Add(foundWait)
		return nil
	case errors.Is(problem, errGone):
		return g.refuse(o, ReasonLineItemGone, problem)
	case errors.Is(problem, errMissed):
		return g.later(o, problem)
	case errors.Is(problem, errOff):
		return g.refuse(o, ReasonNoLineItem, problem)
	case errors.Is(problem, lti.ErrNotGranted):
		if o.has(lti.AGSScore) {
			return g.refuse(o, ReasonNoLineItem, problem)
		}
		return g.refuse(o, ReasonScopeMissing, problem)
	case errors.Is(problem, lti.ErrOutdated): // again and again, though nobody graded
		return g.later(o, problem)
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
	o.SentAt, o.SentPoints, o.SentMax = g.Now(), o.Points, o.Max
	o.Found, o.Replaces = Found{}, false
}

// inPlace is delivered for a score that was read in the gradebook. If we
// haven't sent it, somebody gave the same.
func (g *Grades) inPlace(o *Order, r reading, tried bool) {
	at, points, most := o.SentAt, o.SentPoints, o.SentMax
	g.delivered(o)
	if !tried {
		o.SentAt, o.SentPoints, o.SentMax = at, points, most
	}
	o.Found = o.found(r)
}

// given leaves the gradebook as another hand has made it.
func (o *Order) given(f Found) {
	o.State, o.Reason, o.Detail, o.NextAt = Superseded, ReasonGiven, "", time.Time{}
	o.Found, o.Replaces = f, false
}

// sent judges what became of a score that went out. A platform that keeps what
// somebody gave says nothing of that (an override in Moodle): where ours was to
// replace it, what it has now is read at once.
func (g *Grades) sent(ctx context.Context, o *Order, problem error) (said, err error) {
	replaced := o.Replaces
	if problem, err = g.columnOf(ctx, o, problem); err != nil {
		return nil, err
	}
	if problem != nil || !replaced {
		return g.judge(o, problem), nil
	}
	g.delivered(o)
	r := g.read(ctx, *o, time.Time{}, g.readings.begun.Load())
	switch {
	case r.err != nil:
	case o.verdict(r) == theirs:
		o.given(o.found(r))
		o.Reason = ReasonKept
	case o.verdict(r) == same:
		o.Found = o.found(r)
	}
	return nil, nil
}

func (g *Grades) refuse(o *Order, reason string, err error) error {
	o.State, o.Reason, o.Detail, o.NextAt = Refused, reason, detail(err), time.Time{}
	return err
}

// later leaves the order waiting for the next attempt.
func (g *Grades) later(o *Order, err error) error {
	reason := g.reasonNow(o, err)
	if o.Attempts >= tries {
		return g.refuse(o, reason, err)
	}
	wait := jittered(retries[min(max(o.Attempts, 1), len(retries))-1])
	var service *lti.ServiceError
	if errors.As(err, &service) {
		wait = max(wait, service.RetryAfter) // lti bounds it
	}
	o.State, o.Reason, o.Detail, o.NextAt = Waiting, reason, detail(err), g.Now().Add(wait)
	return err
}

// jittered is a little more than wait, which spreads a load.
func jittered(wait time.Duration) time.Duration {
	return wait + time.Duration(rand.Int64N(int64(wait)/10+1)) // #nosec G404 -- it needn't be secret
}

// faultsFine is how many attempts may meet a fault of the platform before it is
// taken for one of this grade or column alone.
const faultsFine = 2

// reasonNow says why a score waits, until somebody puts that right.
func (g *Grades) reasonNow(o *Order, err error) string {
	var service *lti.ServiceError
	switch {
	case errors.Is(err, errMissed):
		return ReasonLineItemGone
	case errors.Is(err, lti.ErrOutdated):
		return ReasonBadRequest
	case !errors.As(err, &service):
		return ReasonPlatformDown
	case service.KeyRefused():
		return ReasonKeyRefused
	case refusesUs(service):
		return ReasonForbidden
	case service.Status != http.StatusInternalServerError || o.Attempts <= faultsFine:
		return ReasonPlatformDown
	case service.Call == "line item" && o.LineItem.URL == "":
		return ReasonNoGradebook
	case (service.Call == "score" || service.Call == "results") && g.up.within(o.Registration.ID, g.Now(), readingFor):
		return ReasonLocked
	}
	return ReasonPlatformDown
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

// outdated judges a 409 where results can't be read. If this very score went
// out before, that attempt brought it there. Else somebody graded later, which
// we respect: two scores of ours are never so close that one could outdate the
// other.
func (g *Grades) outdated(o *Order, tried bool, problem error) error {
	if tried {
		g.delivered(o)
		return nil
	}
	o.State, o.Reason, o.Detail, o.NextAt = Superseded, ReasonOutdated, detail(problem), time.Time{}
	o.Replaces = false
	return problem
}
