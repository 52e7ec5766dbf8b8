package gradebook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

var (
	errGone = errors.New("line item is gone")        // nor is there another one
	errHeld = errors.New("line item is being found") // by another node
)

// A Column is a placement's place in the gradebook.
type Column struct {
	Grades   lti.Endpoint // as the newest launch gave it
	LineItem LineItem     // what we use: from the launch, or found, or made
}

// A LineItem is the gradebook column of a placement.
type LineItem struct {
	URL  string  // empty: not known yet
	Max  float64 // the column's maximum; 0: not known
	Made bool    // we found or made it; else a launch has named it
}

// Offered reports whether the newest launch gave us all that a grade needs.
func (c Column) Offered() bool {
	has := func(scope string) bool { return slices.Contains(c.Grades.Scopes, scope) }
	return has(lti.AGSScore) && (c.LineItem.URL != "" || c.Grades.LineItems != "" && has(lti.AGSLineItem))
}

// holdFor is how long one node alone looks for a column: longer than an attempt
// takes.
const holdFor = 40 * time.Second

// foundWait is how long a delivery waits for another node to find its column.
const foundWait = 2 * time.Second

// send posts the score. If the column is gone it looks for another one, or
// makes one, and tries once more.
func (g *Grades) send(ctx context.Context, o *Order, stamp time.Time) error {
	err := g.post(ctx, o, stamp)
	if !noColumn(err) {
		return err
	}
	o.LineItem = LineItem{}
	err = g.post(ctx, o, stamp)
	if noColumn(err) || errors.Is(err, lti.ErrNotGranted) {
		return unsentError{fmt.Errorf("%w: %w", errGone, err)}
	}
	return err
}

// noColumn reports whether a score was refused since its column is gone.
func noColumn(err error) bool {
	var service *lti.ServiceError
	return errors.As(err, &service) && service.Call == "score" &&
		(service.Status == http.StatusNotFound || service.Status == http.StatusGone)
}

// post sends the score, to the placement's column or to one found or made.
func (g *Grades) post(ctx context.Context, o *Order, stamp time.Time) error {
	item, err := g.lineItem(ctx, *o)
	if err != nil {
		return unsentError{err}
	}
	o.LineItem = item
	given, most := o.Points, o.Max
	if item.Max > 0 { // the column's own measure: OpenOLAT doesn't convert
		given, most = o.Points/o.Max*item.Max, item.Max
	}
	return g.Platform.PostScore(ctx, o.Registration, o.DeploymentID, o.Grades, item.URL, lti.Score{
		UserID: o.Subject, Timestamp: stamp, ScoreGiven: given, ScoreMaximum: most, Comment: o.Comment,
	})
}

// lineItem is the placement's column. One search is under way for a placement,
// here and on all nodes, so that none is made twice.
func (g *Grades) lineItem(ctx context.Context, o Order) (LineItem, error) {
	item := o.LineItem
	if item.URL != "" && item.Max > 0 {
		return item, nil
	}
	found, err, _ := g.finding.Do(o.PlacementID+" "+item.URL, func() (any, error) {
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
	item := o.LineItem
	read, err := g.Platform.LineItem(ctx, o.Registration, o.DeploymentID, o.Grades, item.URL)
	if err != nil || read.ScoreMaximum <= 0 {
		return item, nil
	}
	item.Max = read.ScoreMaximum
	return item, g.Store.SaveLineItem(ctx, o.PlacementID, item)
}

// found finds the column, or makes it, unless another node is at that.
func (g *Grades) found(ctx context.Context, o Order) (LineItem, error) {
	now := g.Now()
	held, err := g.Store.HoldLineItem(ctx, o.PlacementID, now, now.Add(holdFor))
	if err != nil {
		return LineItem{}, err
	}
	if !held {
		return LineItem{}, errHeld
	}
	item, err := g.findOrMake(ctx, o)
	return item, errors.Join(err, g.Store.FreeLineItem(context.WithoutCancel(ctx), o.PlacementID))
}

func (g *Grades) findOrMake(ctx context.Context, o Order) (LineItem, error) {
	title := o.Title
	if title == "" {
		title = "Attendance"
	}
	made, err := g.Platform.FindOrCreateLineItem(ctx, o.Registration, o.DeploymentID, o.Grades, lti.LineItem{
		Label: title, ScoreMaximum: o.Max, ResourceID: o.RoomID, Tag: "attendance", ResourceLinkID: o.ResourceLinkID,
	})
	if err != nil {
		return LineItem{}, err
	}
	item := LineItem{URL: made.URL, Max: made.ScoreMaximum, Made: true}
	return item, g.Store.SaveLineItem(ctx, o.PlacementID, item)
}
