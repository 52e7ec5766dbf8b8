package lti

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ActivityProgress is how far the person has come (AGS 2.0, 3.4.8).
type ActivityProgress string

// GradingProgress is how far the grading has come (AGS 2.0, 3.4.9). Moodle and
// Chamilo erase the grade that is there for anything but FullyGraded.
type GradingProgress string

// The values of both.
const (
	Initialized       ActivityProgress = "Initialized"
	Started           ActivityProgress = "Started"
	InProgress        ActivityProgress = "InProgress"
	Submitted         ActivityProgress = "Submitted"
	ActivityCompleted ActivityProgress = "Completed"

	FullyGraded   GradingProgress = "FullyGraded"
	Pending       GradingProgress = "Pending"
	PendingManual GradingProgress = "PendingManual"
	Failed        GradingProgress = "Failed"
	NotReady      GradingProgress = "NotReady"
)

// A Score is what one person gets in one line item.
type Score struct {
	UserID           string    // the sub claim
	Timestamp        time.Time // when it came true; platforms want it later than the last one by a second. Zero: now
	ScoreGiven       float64   // 0 or more
	ScoreMaximum     float64   // 0: no score is sent, which clears an earlier one
	Comment          string
	ActivityProgress ActivityProgress // empty: ActivityCompleted
	GradingProgress  GradingProgress  // empty: FullyGraded
}

// A Result is what the gradebook has of one person.
type Result struct {
	UserID  string
	Score   float64
	Maximum float64 // 1 if the platform doesn't say
	Empty   bool    // there is no score
	Comment string
	Scorer  string // who gave it (scoringUserId), where the platform says so
}

// timestamp is what all platforms read: milliseconds and a zone.
const timestamp = "2006-01-02T15:04:05.000Z07:00"

// PostScore sends one score to a line item. It is safe to repeat. It returns
// ErrOutdated if the platform has a score with this timestamp or a later one
// (AGS 2.0, 3.4.4); Moodle compares whole seconds.
func (g *Grades) PostScore(ctx context.Context, r Registration, deploymentID string, e Endpoint, lineItemURL string, s Score) error {
	grant, err := g.grant(r, deploymentID, e, AGSScore)
	if err != nil {
		return err
	}
	body, err := s.body(g.Now(), isCanvas(lineItemURL))
	if err != nil {
		return err
	}
	result, err := g.Tokens.authorized(ctx, g.HTTP, grant, service{
		call:        "score",
		method:      http.MethodPost,
		address:     below(lineItemURL, "scores"),
		accept:      typeScore, // Chamilo asks for it
		contentType: typeScore,
		body:        body,
		limit:       maxAnswer,
	})
	if err != nil {
		return err
	}
	if string(bytes.TrimSpace(result.body)) == "[]" {
		// Moodle 4.5: a success has no body.
		return &ServiceError{Call: "score", Status: result.status, Reason: "refused without a reason"}
	}
	return nil
}

// body is the score as compact JSON. With a line break in it, Moodle would
// answer 200 to what it refuses.
func (s Score) body(now time.Time, canvas bool) ([]byte, error) {
	if s.UserID == "" {
		return nil, errors.New("score: it names no user")
	}
	if s.ScoreMaximum < 0 || s.ScoreGiven < 0 || !finite(s.ScoreGiven) || !finite(s.ScoreMaximum) {
		return nil, fmt.Errorf("score: %v of %v", s.ScoreGiven, s.ScoreMaximum)
	}
	at := s.Timestamp
	if at.IsZero() {
		at = now
	}
	members := map[string]any{
		"userId":           s.UserID,
		"timestamp":        at.UTC().Format(timestamp),
		"activityProgress": s.ActivityProgress,
		"gradingProgress":  s.GradingProgress,
	}
	if s.ActivityProgress == "" {
		members["activityProgress"] = ActivityCompleted
	}
	if s.GradingProgress == "" {
		members["gradingProgress"] = FullyGraded
	}
	if s.ScoreMaximum > 0 {
		members["scoreGiven"], members["scoreMaximum"] = s.ScoreGiven, s.ScoreMaximum
	}
	if s.Comment != "" {
		members["comment"] = s.Comment
	}
	if canvas {
		members["https://canvas.instructure.com/lti/submission"] = map[string]bool{"new_submission": false}
	}
	return json.Marshal(members)
}

func finite(n float64) bool { return !math.IsNaN(n) && !math.IsInf(n, 0) }

// isCanvas tells Canvas by the path of its services. There each score would
// otherwise be a new submission of the student. Others get no member that the
// specification doesn't know.
func isCanvas(lineItemURL string) bool {
	return strings.Contains(lineItemURL, "/api/lti/courses/") && strings.Contains(lineItemURL, "/line_items/")
}

// Results reads what the gradebook has, of one person or, if userID is empty,
// of all. It is ErrTooMuch if those are more than we read.
func (g *Grades) Results(ctx context.Context, r Registration, deploymentID string, e Endpoint, lineItemURL, userID string) ([]Result, error) {
	grant, err := g.grant(r, deploymentID, e, AGSResultReadOnly)
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	switch {
	case userID != "":
		query.Set("user_id", userID)
	case isCanvas(lineItemURL):
		query.Set("limit", "100") // else it is ten; Moodle fails on any
	}
	var results []Result
	err = g.pages(ctx, grant, withQuery(below(lineItemURL, "results"), query), "results", typeResults, func(member jsonText) bool {
		o, err := member.object()
		if err != nil || userID != "" && o.at("userId").plain() != userID {
			return true
		}
		results = append(results, resultOf(o))
		return userID == ""
	})
	return results, err
}

func resultOf(o jsonObject) Result {
	result := Result{
		UserID:  o.at("userId").plain(),
		Score:   o.amount("resultScore"),
		Maximum: o.amount("resultMaximum"),
		Empty:   o.at("resultScore").plain() == "",
		Comment: o.at("comment").plain(),
		Scorer:  o.at("scoringUserId").plain(),
	}
	if result.Maximum <= 0 {
		result.Maximum = 1
	}
	return result
}

// GivesZeros reports whether the gradebook of a line item may hold a 0 that
// nobody gave. Chamilo 1.11 writes one for everybody without a result when a
// teacher looks; Moodle, Canvas and Sakai are known not to, by their paths.
func GivesZeros(lineItemURL string) bool {
	return !isCanvas(lineItemURL) && !strings.Contains(lineItemURL, "/mod/lti/services.php/") && !strings.Contains(lineItemURL, "/imsblis/")
}
