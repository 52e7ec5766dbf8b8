// Package gradebooktest is a platform's gradebook in memory, for tests of what
// sends grades there.
package gradebooktest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// Column is the line item that is there at first, of 10 points.
const Column = "https://lms/1"

// A Cell is the place of one person in a column.
type Cell struct{ Column, User string }

// An LMS is a platform's gradebook. It compares timestamps by the second, as
// Moodle does. While it is in use, its fields are read and written under Do.
type LMS struct {
	Columns    map[string]lti.LineItem
	Scores     map[Cell]lti.Score // as they are now
	Hands      map[Cell]bool      // overridden: a score is taken and changes nothing, as in a column of Moodle's own
	Taken      []lti.Score        // all that were taken
	Unreadable bool               // results aren't offered
	Replaces   bool               // takes a score with the timestamp that it has
	Fails      map[string][]error // by call, what it says next; nil: what it would
	Calls      []string           // "line item", "find", "create", "score", "results"

	mu            sync.Mutex
	before, after func(call string) error
}

// New makes an LMS with one column.
func New() *LMS {
	return &LMS{
		Columns: map[string]lti.LineItem{Column: {URL: Column, ScoreMaximum: 10}},
		Scores:  map[Cell]lti.Score{}, Hands: map[Cell]bool{}, Fails: map[string][]error{},
	}
}

// Do has the LMS to itself.
func (l *LMS) Do(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// Watch has before called before each call, and after when it was carried out:
// what they say is what the caller hears. Each may be nil. They have the LMS to
// themselves.
func (l *LMS) Watch(before, after func(call string) error) {
	l.Do(func() { l.before, l.after = before, after })
}

// Unlocked does something in Watch that calls the LMS again.
func (l *LMS) Unlocked(f func()) {
	l.mu.Unlock()
	defer l.mu.Lock()
	f()
}

// Give is a teacher who types points into a cell of Column.
func (l *LMS) Give(user string, points float64, at time.Time) {
	l.Do(func() {
		l.Scores[Cell{Column, user}] = lti.Score{UserID: user, ScoreGiven: points, ScoreMaximum: 10, Timestamp: at}
	})
}

// Has is the score of a person: in Column, or else in another one.
func (l *LMS) Has(user string) lti.Score {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.Scores[Cell{Column, user}]; ok {
		return s
	}
	for cell, s := range l.Scores {
		if cell.User == user {
			return s
		}
	}
	return lti.Score{}
}

// Count is how many calls of a kind there were.
func (l *LMS) Count(call string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.Calls {
		if c == call {
			n++
		}
	}
	return n
}

// Delivered is how many scores were taken.
func (l *LMS) Delivered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.Taken)
}

// Refusal is what a platform answers that says no.
func Refusal(call string, status int) error {
	return &lti.ServiceError{Call: call, Status: status, Reason: "their words"}
}

func (l *LMS) do(call string, f func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.before != nil {
		if err := l.before(call); err != nil {
			return err
		}
	}
	l.Calls = append(l.Calls, call)
	if queue := l.Fails[call]; len(queue) > 0 {
		l.Fails[call] = queue[1:]
		if queue[0] != nil {
			return queue[0]
		}
	}
	if err := f(); err != nil {
		return err
	}
	if l.after != nil {
		return l.after(call)
	}
	return nil
}

// LineItem reads a column.
func (l *LMS) LineItem(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, url string) (item lti.LineItem, err error) {
	if !slices.Contains(e.Scopes, lti.AGSLineItem) {
		return item, lti.ErrNotGranted
	}
	return item, l.do("line item", func() error {
		found, ok := l.Columns[url]
		if !ok {
			return Refusal("line item", http.StatusNotFound)
		}
		item = found
		return nil
	})
}

// FindLineItem finds the column of a link, or that with our tag and id.
func (l *LMS) FindLineItem(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, want lti.LineItem) (item lti.LineItem, err error) {
	if !slices.Contains(e.Scopes, lti.AGSLineItem) || e.LineItems == "" {
		return item, lti.ErrNotGranted
	}
	return item, l.do("find", func() error {
		for _, found := range l.Columns {
			ours := found.Tag == want.Tag && found.ResourceID == want.ResourceID
			if ours || found.ResourceLinkID == want.ResourceLinkID && want.ResourceLinkID != "" {
				item = found
				return nil
			}
		}
		return lti.ErrNoLineItem
	})
}

// CreateLineItem makes a column.
func (l *LMS) CreateLineItem(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, want lti.LineItem) (item lti.LineItem, err error) {
	if !slices.Contains(e.Scopes, lti.AGSLineItem) || e.LineItems == "" {
		return item, lti.ErrNotGranted
	}
	return item, l.do("create", func() error {
		want.URL = fmt.Sprintf("https://lms/made%d", len(l.Columns)+1)
		l.Columns[want.URL], item = want, want
		return nil
	})
}

// PostScore takes a score.
func (l *LMS) PostScore(_ context.Context, _ lti.Registration, _ string, e lti.Endpoint, url string, s lti.Score) error {
	if !slices.Contains(e.Scopes, lti.AGSScore) {
		return lti.ErrNotGranted
	}
	return l.do("score", func() error {
		if _, ok := l.Columns[url]; !ok {
			return Refusal("score", http.StatusNotFound)
		}
		cell := Cell{url, s.UserID}
		old, there := l.Scores[cell]
		same := there && old.Timestamp.Equal(s.Timestamp) && l.Replaces
		if there && !same && !s.Timestamp.Truncate(time.Second).After(old.Timestamp.Truncate(time.Second)) {
			return Refusal("score", http.StatusConflict)
		}
		if !l.Hands[cell] {
			l.Scores[cell] = s
		}
		if !same {
			l.Taken = append(l.Taken, s)
		}
		return nil
	})
}

// Results reads a column.
func (l *LMS) Results(_ context.Context, _ lti.Registration, _ string, _ lti.Endpoint, url, userID string) (list []lti.Result, err error) {
	if l.Unreadable {
		return nil, lti.ErrNotGranted
	}
	return list, l.do("results", func() error {
		if _, ok := l.Columns[url]; !ok {
			return Refusal("results", http.StatusNotFound)
		}
		for cell, s := range l.Scores {
			if cell.Column == url && (userID == "" || userID == cell.User) {
				list = append(list, lti.Result{UserID: cell.User, Score: s.ScoreGiven, Maximum: s.ScoreMaximum, Comment: s.Comment})
			}
		}
		return nil
	})
}
