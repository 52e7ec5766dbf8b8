package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// errNoLineItem says that there is none that fits.
var errNoLineItem = errors.New("no such line item")

// A LineItem is a column of the gradebook.
type LineItem struct {
	URL            string // its id; the platform makes it
	Label          string
	ScoreMaximum   float64
	ResourceID     string // ours
	Tag            string // ours
	ResourceLinkID string
}

// LineItem reads one line item.
func (g *Grades) LineItem(ctx context.Context, r Registration, deploymentID string, e Endpoint, address string) (LineItem, error) {
	grant, err := g.grant(r, deploymentID, e, AGSLineItemReadOnly, AGSLineItem)
	if err != nil {
		return LineItem{}, err
	}
	result, err := g.Tokens.authorized(ctx, g.HTTP, grant, service{call: "line item", method: http.MethodGet, address: address, accept: typeLineItem, limit: maxAnswer})
	if err != nil {
		return LineItem{}, err
	}
	item, err := parseLineItem(result.body)
	if err != nil {
		return LineItem{}, fmt.Errorf("line item: %w", err)
	}
	if item.URL == "" {
		item.URL = address
	}
	return item, nil
}

// FindOrCreateLineItem looks for a line item of want's resource link and tag,
// or of its ResourceID if want has no resource link, and makes it if there is
// none. Two calls at once may make two: whoever calls it takes care of that.
func (g *Grades) FindOrCreateLineItem(ctx context.Context, r Registration, deploymentID string, e Endpoint, want LineItem) (LineItem, error) {
	grant, err := g.grant(r, deploymentID, e, AGSLineItem)
	if err != nil {
		return LineItem{}, err
	}
	item, err := g.find(ctx, grant, e, want)
	if !errors.Is(err, errNoLineItem) {
		return item, err
	}
	return g.create(ctx, grant, e, want)
}

func (g *Grades) find(ctx context.Context, grant grant, e Endpoint, want LineItem) (LineItem, error) {
	if e.LineItems == "" {
		return LineItem{}, fmt.Errorf("list of line items: %w", ErrNotGranted)
	}
	query := url.Values{}
	if want.ResourceLinkID != "" {
		query.Set("resource_link_id", want.ResourceLinkID)
	} else if want.ResourceID != "" {
		query.Set("resource_id", want.ResourceID)
	}
	if want.Tag != "" {
		query.Set("tag", want.Tag)
	}
	found := LineItem{}
	err := g.pages(ctx, grant, withQuery(e.LineItems, query), "line item", typeLineItems, func(member jsonText) {
		item, err := lineItemOf(member)
		if err == nil && item.URL != "" && item.suits(want) && (found.URL == "" || found.ResourceID != want.ResourceID && item.ResourceID == want.ResourceID) {
			found = item
		}
	})
	if err != nil {
		return LineItem{}, err
	}
	if found.URL == "" {
		return LineItem{}, errNoLineItem
	}
	// The token goes to that address next.
	if found.URL, err = besides(e.LineItems, found.URL); err != nil {
		return LineItem{}, fmt.Errorf("line item: id %.200q: %w", found.URL, err)
	}
	return found, nil
}

// suits reports whether the item may serve as want. Not every platform knows
// every filter (Sakai), so what comes is looked at again. The copy of a course
// has copies of our line items, with our ResourceID of the original.
func (i LineItem) suits(want LineItem) bool {
	if want.Tag != "" && i.Tag != want.Tag {
		return false
	}
	if want.ResourceLinkID != "" && i.ResourceLinkID != "" {
		return i.ResourceLinkID == want.ResourceLinkID
	}
	return want.ResourceID != "" && i.ResourceID == want.ResourceID
}

func (g *Grades) create(ctx context.Context, grant grant, e Endpoint, want LineItem) (LineItem, error) {
	if !(want.ScoreMaximum > 0) || math.IsInf(want.ScoreMaximum, 0) {
		return LineItem{}, fmt.Errorf("new line item: its maximum is %v", want.ScoreMaximum)
	}
	body, err := json.Marshal(struct {
		Label          string  `json:"label"`
		ScoreMaximum   float64 `json:"scoreMaximum"`
		ResourceID     string  `json:"resourceId,omitempty"`
		Tag            string  `json:"tag,omitempty"`
		ResourceLinkID string  `json:"resourceLinkId,omitempty"`
	}{want.Label, want.ScoreMaximum, want.ResourceID, want.Tag, want.ResourceLinkID})
	if err != nil {
		return LineItem{}, err
	}
	result, err := g.Tokens.authorized(ctx, g.HTTP, grant, service{call: "line item", method: http.MethodPost, address: e.LineItems,
		accept: typeLineItem, contentType: typeLineItem, body: body, limit: maxAnswer})
	if err != nil {
		return LineItem{}, err
	}
	item, err := parseLineItem(result.body)
	if err != nil {
		return LineItem{}, fmt.Errorf("new line item: %w", err)
	}
	if item.URL == "" {
		item.URL = result.header.Get("Location")
	}
	if item.URL, err = besides(e.LineItems, item.URL); err != nil {
		return LineItem{}, fmt.Errorf("new line item: id %.200q: %w", item.URL, err)
	}
	return item, nil
}

func parseLineItem(body []byte) (LineItem, error) {
	value, err := parseJSON(body)
	if err != nil {
		return LineItem{}, err
	}
	return lineItemOf(value)
}

func lineItemOf(value jsonText) (LineItem, error) {
	o, err := value.object()
	if err != nil {
		return LineItem{}, err
	}
	return LineItem{
		URL:            o.at("id").plain(),
		Label:          o.at("label").plain(),
		ScoreMaximum:   o.amount("scoreMaximum"),
		ResourceID:     o.at("resourceId").plain(),
		Tag:            o.at("tag").plain(),
		ResourceLinkID: o.at("resourceLinkId").plain(),
	}, nil
}

// amount is a member with a number, which some platforms write as a string; 0
// if it is neither.
func (o jsonObject) amount(name string) float64 {
	n, err := strconv.ParseFloat(o.at(name).plain(), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	return n
}
