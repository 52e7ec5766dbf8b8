package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// A problem is what a person is told of an error: the code's texts stand in
// web/locales.
type problem struct {
	Code   string
	Status int
}

// statuses are those of login and launch (codes of docs/conformance.md) that
// are not 400.
var statuses = map[string]int{
	"login_unknown_platform": http.StatusNotFound,
	"platform_disabled":      http.StatusForbidden,
	"platform_pending":       http.StatusForbidden,
	"too_many_logins":        http.StatusTooManyRequests,
	"state_mismatch":         http.StatusForbidden,
	lti.CodeCookieMissing:    http.StatusForbidden,
	"jwks_unavailable":       http.StatusBadGateway,
	"nonce_mismatch":         http.StatusUnauthorized,
	lti.CodeNonceReplayed:    http.StatusUnauthorized,
	"deployment_unknown":     http.StatusForbidden,
	"deployment_mismatch":    http.StatusForbidden,
	"bad_method":             http.StatusMethodNotAllowed,
	"too_large":              http.StatusRequestEntityTooLarge,
}

// sentinels are the errors of the domain that a person can be told of.
var sentinels = []struct {
	err     error
	problem problem
}{
	{classroom.ErrReplayed, problem{lti.CodeNonceReplayed, http.StatusUnauthorized}},
	{classroom.ErrShut, problem{"platform_disabled", http.StatusForbidden}},
	{classroom.ErrForbidden, problem{"forbidden", http.StatusForbidden}},
	{classroom.ErrTooMany, problem{"too_many_requests", http.StatusConflict}},
	{classroom.ErrManyPicks, problem{"too_many_picks", http.StatusConflict}},
	{classroom.ErrVisitOver, problem{"visit_over", http.StatusNotFound}},
	{classroom.ErrNotFound, problem{"not_found", http.StatusNotFound}},
	{classroom.ErrNoServer, problem{"no_server", http.StatusServiceUnavailable}},
	{classroom.ErrOtherMeet, problem{"meeting_taken", http.StatusConflict}},
	{classroom.ErrMayRun, problem{"meeting_stuck", http.StatusConflict}},
	{classroom.ErrNotRunning, problem{"not_running", http.StatusConflict}},
	{classroom.ErrFull, problem{"room_full", http.StatusConflict}},
	{errContentType, problem{"bad_form", http.StatusUnsupportedMediaType}},
	{errCrossOrigin, problem{"csrf", http.StatusForbidden}},
}

// codeAway is of a database that can't be asked.
const codeAway = "database_away"

// errContentType is of a post that is no form.
var errContentType = errors.New("content type of a form is wanted")

// errCrossOrigin is of a form that another site sent in the person's name.
var errCrossOrigin = errors.New("form of another site")

// problemOf finds what to tell of err; what no table lists is our fault.
func problemOf(err error) problem {
	if errors.Is(err, classroom.ErrAway) { // before all that looks like a fault of others
		return problem{codeAway, http.StatusServiceUnavailable}
	}
	var refusal *lti.Refusal
	if errors.As(err, &refusal) {
		status, ok := statuses[refusal.Code]
		switch {
		case ok:
		case strings.HasPrefix(refusal.Code, "jwt_"):
			status = http.StatusUnauthorized
		default:
			status = http.StatusBadRequest
		}
		return problem{refusal.Code, status}
	}
	var moved *classroom.MovedError
	if errors.As(err, &moved) {
		return problem{"not_found", http.StatusNotFound}
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.problem
		}
	}
	var invalid *classroom.InvalidError
	if errors.As(err, &invalid) {
		return problem{"bad_form", http.StatusBadRequest}
	}
	if bbb.Failed(err) {
		return serverProblem(err)
	}
	return problem{"internal", http.StatusInternalServerError}
}

// busy are answers of a server that may do by itself what it now refuses.
var busy = []error{bbb.ErrUnavailable, bbb.ErrFull, bbb.ErrForciblyEnded, bbb.ErrIDNotUnique, bbb.ErrNotFound}

// serverProblem tells a server that has said no from one that has said nothing.
func serverProblem(err error) problem {
	var answer *bbb.Error
	switch {
	case !errors.As(err, &answer) || !answer.Answered():
		return problem{"server_down", http.StatusBadGateway}
	case slices.ContainsFunc(busy, func(kind error) bool { return errors.Is(err, kind) }):
		return problem{"server_busy", http.StatusServiceUnavailable}
	}
	return problem{"server_refused", http.StatusBadGateway}
}
