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
	errGone   = errors.New("line item is gone")         // again and again
	errMissed = errors.New("line item isn't there now") // which may pass
	errHeld   = errors.New("line item is being found")  // by another node
	errOff    = errors.New("the platform had a line item for this link, and has none now")
)

// A Column is a placement's place in the gradebook.
type Column struct {
	Grades   lti.Endpoint // as the newest launch gave it
	LineItem LineItem     // what we use: from the launch, or found, or made
	Own      bool         // the platform had one of its own for this link: we make none
	MissedAt time.Time    // since when LineItem is answered with "not there"; zero: it is there
	Gone     bool         // LineItem was deleted, we heard it again and again: none is made until a teacher asks
}

// A LineItem is the gradebook column of a placement.
type LineItem struct {
	URL  string  // empty: not known yet
	Max  float64 // the column's maximum; 0: not known
	Made bool    // we made it; else it is the platform's own
}

// A Lack is why a link's grades have no place to go.
type Lack string

// What a column may lack.
const (
	NoLack     Lack = ""
	NotOffered Lack = "not_offered" // the platform takes no grades for this link
	Off        Lack = "off"         // the platform's own column was switched off or deleted
	Deleted    Lack = "deleted"     // the column that we made was; we make another one if asked
)

// Lacks is what keeps c from taking grades, as far as the newest launch and
// the platform's answers tell.
func (c Column) Lacks() Lack {
	switch {
	case !c.has(lti.AGSScore):
		return NotOffered
	case c.Gone && c.LineItem.Made:
		return Deleted
	case c.Gone, c.Own && c.LineItem.URL == "":
		return Off
	case c.LineItem.URL == "" && !c.mayMake():
		return NotOffered
	}
	return NoLack
}

// Offered reports whether a grade has all that it needs.
func (c Column) Offered() bool { return c.Lacks() == NoLack }

func (c Column) has(scope string) bool { return slices.Contains(c.Grades.Scopes, scope) }

func (c Column) mayMake() bool {
	return !c.Own && !c.Gone && c.Grades.LineItems != "" && c.has(lti.AGSLineItem)
}

// Told is c after a launch that tells e of its link: the newest signed word
// counts. A launch that names no line item where the platform had one of its
// own says that it was switched off.
func (c Column) Told(e lti.Endpoint) Column {
	if len(e.Scopes) == 0 { // some platforms tell it to teachers only
		return c
	}
	before := c.Grades.LineItem
	c.Grades = e
	switch {
	case e.LineItem == "":
		if c.Own && !c.LineItem.Made {
			c.LineItem, c.MissedAt, c.Gone = LineItem{}, time.Time{}, false
		}
	case e.LineItem != c.LineItem.URL:
		c.LineItem, c.MissedAt, c.Gone = LineItem{URL: e.LineItem}, time.Time{}, false
	case before == "": // it is named again
		c.MissedAt, c.Gone = time.Time{}, false
	}
	c.Own = c.Own || e.LineItem != "" && !c.LineItem.Made
	return c
}

// Equal reports whether both say the same.
func (c Column) Equal(d Column) bool {
	g, h := c.Grades, d.Grades
	return slices.Equal(g.Scopes, h.Scopes) && g.LineItems == h.LineItems && g.LineItem == h.LineItem &&
		c.LineItem == d.LineItem && c.Own == d.Own && c.Gone == d.Gone && c.MissedAt.Equal(d.MissedAt)
}

const (
	// holdFor is how long one node alone looks for a column: longer than an
	// attempt takes.
	holdFor = 40 * time.Second
	// foundWait is how long a delivery waits for another node to find its column.
	foundWait = 2 * time.Second
	// goneAfter is how long a column must be missing, at two attempts at least,
	// before it is taken for deleted.
	goneAfter = time.Minute
	// unmeasuredFor is how long a column's maximum isn't asked for again after
	// it couldn't be read.
	unmeasuredFor = time.Minute
)

// ItemTag is the tag of line items that we make.
const ItemTag = "attendance"

// noColumn reports whether a score was refused since its column is gone.
func noColumn(err error) bool {
	var service *lti.ServiceError
	return errors.As(err, &service) && service.Call == "score" &&
		(service.Status == http.StatusNotFound || service.Status == http.StatusGone)
}

// columnOf keeps whether the order's column is there, as the answer to its
// score tells, and returns what that makes of the problem. Once is no proof: a
// column is gone when it was missing for a while.
func (g *Grades) columnOf(ctx context.Context, o *Order, problem error) (said, err error) {
	if !noColumn(problem) {
		if problem == nil && !o.MissedAt.IsZero() {
			return nil, g.Store.MissLineItem(ctx, o.PlacementID, o.LineItem.URL, time.Time{}, false)
		}
		return problem, nil
	}
	now := g.Now()
	since := o.MissedAt
	if since.IsZero() {
		since = now
	}
	gone := now.Sub(since) >= goneAfter
	if err := g.Store.MissLineItem(ctx, o.PlacementID, o.LineItem.URL, since, gone); err != nil {
		return nil, err
	}
	if gone {
		return fmt.Errorf("%w: %w", errGone, problem), nil
	}
	return fmt.Errorf("%w: %w", errMissed, problem), nil
}

// another finds another column for an order whose own isn't there: the
// platform's, or one that we made before.
func (g *Grades) another(ctx context.Context, o *Order) bool {
	item, err := g.Platform.FindLineItem(ctx, o.Registration, o.DeploymentID, o.Grades, o.wanted())
	if err != nil || item.URL == o.LineItem.URL {
		return false
	}
	found := o.asFound(item)
	if err := g.Store.SaveLineItem(ctx, o.PlacementID, found); err != nil {
		return false
	}
	o.LineItem, o.Own, o.MissedAt = found, o.Own || !found.Made, time.Time{}
	return true
}

// wanted is the line item that an order's link has or gets. Its ResourceID
// tells it from those of other links, also where ids of links are foreign.
func (o Order) wanted() lti.LineItem {
	title := o.Title
	if title == "" {
		title = "Attendance"
	}
	return lti.LineItem{Label: title, ScoreMaximum: o.Max, ResourceID: o.PlacementID, Tag: ItemTag, ResourceLinkID: o.ResourceLinkID}
}

func (o Order) asFound(item lti.LineItem) LineItem {
	return LineItem{URL: item.URL, Max: item.ScoreMaximum, Made: item.Tag == ItemTag}
}

// post sends the score to the order's column.
func (g *Grades) post(ctx context.Context, o Order, stamp time.Time) error {
	given, most := o.Points, o.Max
	if o.LineItem.Max > 0 { // the column's own measure: OpenOLAT doesn't convert
		given, most = o.Points/o.Max*o.LineItem.Max, o.LineItem.Max
	}
	err := g.Platform.PostScore(ctx, o.Registration, o.DeploymentID, o.Grades, o.LineItem.URL, lti.Score{
		UserID: o.Subject, Timestamp: stamp, ScoreGiven: given, ScoreMaximum: most, Comment: o.Comment,
	})
	if err == nil {
		g.up.set(o.Registration.ID, g.Now())
	}
	return err
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
	if g.unmeasured.within(item.URL, g.Now(), unmeasuredFor) {
		return item, nil
	}
	read, err := g.Platform.LineItem(ctx, o.Registration, o.DeploymentID, o.Grades, item.URL)
	if err != nil || read.ScoreMaximum <= 0 {
		g.unmeasured.set(item.URL, g.Now())
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
	item, err := g.Platform.FindLineItem(ctx, o.Registration, o.DeploymentID, o.Grades, o.wanted())
	if errors.Is(err, lti.ErrNoLineItem) {
		if !o.mayMake() {
			return LineItem{}, errOff
		}
		item, err = g.Platform.CreateLineItem(ctx, o.Registration, o.DeploymentID, o.Grades, o.wanted())
		item.Tag = ItemTag // Chamilo, for one, needn't say it again
	}
	if err != nil {
		return LineItem{}, err
	}
	found := o.asFound(item)
	return found, g.Store.SaveLineItem(ctx, o.PlacementID, found)
}
