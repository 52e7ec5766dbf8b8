package ltitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A ScorePost is one score that a tool sent, accepted or not.
type ScorePost struct {
	At       time.Time // when it came, by the platform's clock
	LineItem string
	Link     string // the line item's activity, if any
	Person   string // the userId sent
	Body     string

	ScoreGiven, ScoreMaximum          *float64
	ActivityProgress, GradingProgress string
	Timestamp                         time.Time
	Comment                           string

	Status int    // answered
	Reason string // of the refusal; "" if it was accepted
}

// Accepted reports whether the score was taken. A status of 200 doesn't say
// so: Moodle refuses with it too.
func (p ScorePost) Accepted() bool { return p.Reason == "" }

type scoreBody struct {
	UserID           json.RawMessage `json:"userId"`
	ScoreGiven       *float64        `json:"scoreGiven"`
	ScoreMaximum     *float64        `json:"scoreMaximum"`
	ActivityProgress string          `json:"activityProgress"`
	GradingProgress  string          `json:"gradingProgress"`
	Timestamp        string          `json:"timestamp"`
	Comment          string          `json:"comment"`
}

var (
	activityProgress = []string{"Initialized", "Started", "InProgress", "Submitted", "Completed"}
	gradingProgress  = []string{"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
)

// serveScores takes one score (AGS 2.0, 3.4).
func (l *LMS) serveScores(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		l.wrongMethod(w, r)
		return
	}
	c, ok := l.call(w, r, needs{content: typeScore, scopes: []string{scopeScore}})
	if !ok {
		return
	}
	l.mu.Lock()
	post, refusal := l.takeScore(c)
	if refusal != nil {
		post.Status, post.Reason = refusal.status, refusal.reason
		if c.b.BareScoreErrors && bytes.ContainsAny(c.body, "\r\n") {
			post.Status = http.StatusOK // the reason has a line break, so PHP sends no header
		}
	}
	l.book.posts = append(l.book.posts, post)
	l.mu.Unlock()
	l.log.Info("score", "line_item", post.LineItem, "person", post.Person, "status", post.Status, "reason", post.Reason)
	l.answerScore(c, post)
}

// takeScore checks a score and enters it; the caller holds mu.
func (l *LMS) takeScore(c call) (ScorePost, *callRefusal) {
	post := ScorePost{At: l.clock(), LineItem: c.item.ID, Link: c.item.Link, Body: string(c.body), Status: http.StatusOK}
	wrong := &callRefusal{http.StatusBadRequest, "Incorrect score received" + post.Body}
	if c.b.NeedsScoreAccept && c.r.Header.Get("Accept") != typeScore {
		return post, &callRefusal{c.b.wrongType(), wrong.reason}
	}
	var body scoreBody
	if err := json.Unmarshal(c.body, &body); err != nil {
		return post, wrong
	}
	if !post.fill(body, c.b) {
		return post, wrong
	}
	person, ok := l.campus.person(post.Person)
	if !ok || person.ID != post.Person || !person.gradable(c.course.ID) {
		return post, &callRefusal{c.b.UngradableStatus, wrong.reason}
	}
	if l.book.fails[c.item.ID] {
		return post, &failure
	}
	cell := l.book.cell(c.item.ID, person.ID)
	if !later(post.Timestamp, cell.stamp, c.b) {
		return post, &callRefusal{c.b.StaleStatus, fmt.Sprintf(
			"Refusing score with an earlier timestamp for item %s and user %s", c.item.ID, person.ID)}
	}
	if c.b.FirstScoreCreated && cell.stamp.IsZero() {
		post.Status = http.StatusCreated
	}
	if !cell.byHand && !l.book.blank[c.item.ID] {
		cell.enter(post, c)
	}
	return post, nil
}

// fill takes over what the body says, and reports whether it is a score.
func (p *ScorePost) fill(body scoreBody, b Behaviour) bool {
	p.ScoreGiven, p.ScoreMaximum, p.Comment = body.ScoreGiven, body.ScoreMaximum, body.Comment
	p.ActivityProgress, p.GradingProgress = body.ActivityProgress, body.GradingProgress
	if json.Unmarshal(body.UserID, &p.Person) != nil && b.UnknownProgress {
		p.Person = string(body.UserID) // Moodle takes a number too
	}
	stamp, err := time.Parse(time.RFC3339Nano, body.Timestamp)
	p.Timestamp = stamp
	switch {
	case err != nil, p.Person == "", p.ActivityProgress == "":
		return false
	case !b.UnknownProgress && !slices.Contains(activityProgress, p.ActivityProgress):
		return false
	case !slices.Contains(gradingProgress, p.GradingProgress):
		return false
	case p.ScoreGiven == nil:
		return true
	}
	return *p.ScoreGiven >= 0 && p.ScoreMaximum != nil && *p.ScoreMaximum > 0
}

// later reports whether a score's timestamp is after the one before.
func later(stamp, last time.Time, b Behaviour) bool {
	if b.WholeSeconds {
		stamp, last = stamp.Truncate(time.Second), last.Truncate(time.Second)
	}
	return stamp.After(last) || b.SameStampPasses && stamp.Equal(last)
}

// enter writes an accepted score into its cell.
func (g *cell) enter(post ScorePost, c call) {
	g.stamp, g.changed, g.comment = post.Timestamp, post.At, post.Comment
	counts := post.GradingProgress == "FullyGraded" || c.b.ManualCounts && post.GradingProgress == "PendingManual"
	switch {
	case counts && post.ScoreGiven != nil:
		g.graded, g.points = true, *post.ScoreGiven
		if !c.b.NoRescale {
			g.points *= c.item.ScoreMaximum / *post.ScoreMaximum
		}
		if c.b.CapsScores {
			g.points = min(g.points, c.item.ScoreMaximum)
		}
		g.points = math.Round(g.points*1e5) / 1e5
	case counts, c.b.UnfinishedErases:
		g.graded, g.points = false, 0
	}
}

// answerScore answers as the platform does.
func (l *LMS) answerScore(c call, post ScorePost) {
	score := typeScore + "; charset=utf-8"
	switch {
	case post.Accepted() && c.b.ResultURL:
		l.mu.Lock()
		address := l.resultsURL(&c.item, post.Person)
		l.mu.Unlock()
		writeJSON(c.w, post.Status, "application/json", map[string]string{"resultUrl": address})
	case post.Accepted():
		c.w.Header().Set("Content-Type", score)
		c.w.WriteHeader(post.Status)
	case c.b.BareScoreErrors && post.Status == http.StatusOK:
		c.w.Header().Set("Content-Type", score)
		io.WriteString(c.w, "[]")
	case c.b.BareScoreErrors && c.b.ReasonPhrases:
		writeReason(c.w, post.Status, post.Reason, score, "[]")
	default:
		l.refuse(c, callRefusal{post.Status, post.Reason})
	}
}

func (l *LMS) resultsURL(item *LineItem, person string) string {
	address, query, _ := strings.Cut(l.lineItemURL(item), "?")
	address += "/results?"
	if query != "" {
		address += query + "&"
	}
	return address + "user_id=" + person
}

// serveResults lists the grades of a column (AGS 2.0, 3.3).
func (l *LMS) serveResults(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		l.wrongMethod(w, r)
		return
	}
	c, ok := l.call(w, r, needs{accept: typeResults, scopes: []string{scopeResultRead}})
	if !ok {
		return
	}
	if c.b.ResultsLimitFails && r.URL.Query().Has("limit") {
		l.pages.problem(w, http.StatusNotFound, problemPage{l.shell("Error"), "Can't find data record in database."})
		return
	}
	l.mu.Lock()
	list := l.results(c)
	address, _, _ := strings.Cut(l.resultsURL(&c.item, ""), "&user_id=")
	l.mu.Unlock()
	writeJSON(w, http.StatusOK, typeResults+"; charset=utf-8", page(c, address, list))
}

func (l *LMS) results(c call) []map[string]any {
	list := []map[string]any{}
	for _, person := range l.campus.people {
		cell, ok := l.book.cells[c.item.ID][person.ID]
		asked := c.r.URL.Query().Get("user_id")
		if !ok || !cell.graded && !c.b.EmptyResults || asked != "" && asked != person.ID {
			continue
		}
		result := map[string]any{
			"id": l.resultsURL(&c.item, person.ID), "userId": person.ID, "scoreOf": l.lineItemURL(&c.item),
			"resultScore": cell.points, "resultMaximum": c.item.ScoreMaximum,
			"timestamp": cell.stamp.UTC().Format("2006-01-02T15:04:05+00:00"),
		}
		if cell.comment != "" {
			result["comment"] = cell.comment
		}
		if !cell.graded {
			result["resultScore"] = nil
		}
		list = append(list, result)
	}
	return list
}
