package ltitest

import (
	"net/http"
	"slices"
)

// failure is what a platform answers that meets a fault of its own.
var failure = callRefusal{http.StatusInternalServerError, "Internal Server Error"}

// wrongType is the status of an answer to a media type that isn't known.
func (b Behaviour) wrongType() int {
	switch {
	case b.WrongTypeStatus != 0:
		return b.WrongTypeStatus
	case b.ReasonPhrases, b.NeedsScoreAccept:
		return http.StatusBadRequest
	}
	return http.StatusNotAcceptable
}

// linkOf is what the platform says of an item's link; the caller holds mu.
func (l *LMS) linkOf(item *LineItem) string {
	if l.behaviour.ForeignLinkIDs && item.Link != "" {
		return "tool-" + item.Tool
	}
	return item.Link
}

// filterRefusal is what a list is refused with that is asked for with a filter
// which the platform can't take.
func (l *LMS) filterRefusal(c call) *callRefusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	query := c.r.URL.Query()
	switch {
	case l.book.closed[c.course.ID]:
		return &failure
	case c.b.LinkFilterStatus != 0 && query.Has("resource_link_id"):
		return &callRefusal{c.b.LinkFilterStatus, http.StatusText(c.b.LinkFilterStatus)}
	case c.b.IDFilterFails && query.Has("resource_id") && slices.ContainsFunc(l.book.items, func(i *LineItem) bool {
		return i.Course == c.course.ID && i.ResourceID == query.Get("resource_id")
	}):
		return &failure
	}
	return nil
}

// AddLineItem gives a link that is there a column, as a teacher does who
// switches its grade on.
func (l *LMS) AddLineItem(link string, item LineItem) LineItem {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.campus.link(link)
	if !ok {
		panic("ltitest: no link " + link)
	}
	item.Course, item.Tool, item.Link = k.Course, k.Tool, k.ID
	if item.Label == "" {
		item.Label = k.Title
	}
	return l.addItem(item)
}

// FailScores makes scores to a column fail with 500, or no longer: it is
// locked, or half deleted. Launches go on naming it.
func (l *LMS) FailScores(item string, fail bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.fails[item] = fail
}

// KeepNoPoints makes a column take scores and keep none, as one with the grade
// type "None".
func (l *LMS) KeepNoPoints(item string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.blank[item] = true
}

// CloseGradebook makes lists and new columns of a course fail with 500, as
// where nobody has opened its gradebook yet; or no longer.
func (l *LMS) CloseGradebook(course string, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.closed[course] = closed
}

// ResetGrades empties the gradebook of a course. Its columns stay.
func (l *LMS) ResetGrades(course string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, item := range l.book.items {
		if item.Course == course {
			delete(l.book.cells, item.ID)
		}
	}
}

// Look is a teacher who looks at the grades of a link or line item. On some
// platforms that makes a 0, of now, for everybody without a result.
func (l *LMS) Look(linkOrLineItem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.behaviour.LooksMakeZeros {
		return
	}
	now := l.clock()
	for _, item := range l.columns(linkOrLineItem) {
		for _, person := range l.campus.people {
			if !person.gradable(item.Course) {
				continue
			}
			if c := l.book.cell(item.ID, person.ID); !c.graded {
				*c = cell{graded: true, stamp: now, changed: now}
			}
		}
	}
}
