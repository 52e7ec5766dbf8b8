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

// ErrNoLineItem says that there is none that fits.
var ErrNoLineItem = errors.New("no such line item")

// A LineItem is a column of the gradebook.
type LineItem struct {
	URL            string // its id; the platform makes it
	Label          string
	ScoreMaximum   float64
	ResourceID     string // ours
	Tag            string // ours
	ResourceLinkID string
}

// LineItem reads one line item. Chamilo 1.11 wants the scope that may write
// for that, though the other one would do.
func (g *Grades) LineItem(ctx context.Context, r Registration, deploymentID string, e Endpoint, address string) (LineItem, error) {
	grant, err := g.grant(r, deploymentID, e, AGSLineItem, AGSLineItemReadOnly)
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

// FindLineItem looks for the line item of want's resource link, ours before
// others; failing that, for one with our tag and ResourceID, which must tell it
// from all others. It is ErrNoLineItem if there is none.
func (g *Grades) FindLineItem(ctx context.Context, r Registration, deploymentID string, e Endpoint, want LineItem) (LineItem, error) {
	grant, err := g.grant(r, deploymentID, e, AGSLineItem, AGSLineItemReadOnly)
	if err != nil {
		return LineItem{}, err
	}
	if e.LineItems == "" {
		return LineItem{}, fmt.Errorf("list of line items: %w", ErrNotGranted)
	}
	found, err := LineItem{}, ErrNoLineItem
	failed := false
	if want.ResourceLinkID != "" {
		found, err = g.find(ctx, grant, e, url.Values{"resource_link_id": {want.ResourceLinkID}}, want.ofLink)
		failed = failsOnFilter(err)
	}
	// Chamilo 1.11 finds nothing by the link, whose id is another one there.
	if (failed || errors.Is(err, ErrNoLineItem)) && want.Tag != "" {
		found, err = g.find(ctx, grant, e, url.Values{"tag": {want.Tag}}, want.ours)
	}
	// Open edX (lti_consumer 9.14.4) fails on the link's id.
	if failed && errors.Is(err, ErrNoLineItem) {
		found, err = g.find(ctx, grant, e, nil, want.ofLink)
	}
	return found, err
}

// failsOnFilter reports whether a list may be had without the filter with
// which it couldn't.
func failsOnFilter(err error) bool {
	var refused *ServiceError
	if !errors.As(err, &refused) || refused.Call != "line item" {
		return false
	}
	switch refused.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusNotImplemented:
		return true
	}
	return false
}

// find returns the item of the list that suits best.
func (g *Grades) find(ctx context.Context, grant grant, e Endpoint, filter url.Values, suits func(LineItem) int) (LineItem, error) {
	found, best := LineItem{}, 0
	err := g.pages(ctx, grant, withQuery(e.LineItems, filter), "line item", typeLineItems, func(member jsonText) bool {
		item, err := lineItemOf(member)
		if err != nil || item.URL == "" {
			return true
		}
		if how := suits(item); how > best {
			found, best = item, how
		}
		return best < suitsBest
	})
	if err != nil {
		return LineItem{}, err
	}
	if best == 0 {
		return LineItem{}, ErrNoLineItem
	}
	// The token goes to that address next.
	if found.URL, err = besides(e.LineItems, found.URL); err != nil {
		return LineItem{}, fmt.Errorf("line item: id %.200q: %w", found.URL, err)
	}
	return found, nil
}

// suitsBest is what no other item can surpass; 0 suits not at all.
const suitsBest = 3

// ofLink reports how well an item suits the link of want. Not every platform
// knows every filter (Sakai), so what comes is looked at again. The copy of a
// course has copies of our line items, with our ResourceID of the original.
func (want LineItem) ofLink(item LineItem) int {
	switch {
	case item.ResourceLinkID == "":
		return want.ours(item)
	case item.ResourceLinkID != want.ResourceLinkID:
		return 0
	case item.Tag != want.Tag:
		return 1
	case item.ResourceID != want.ResourceID:
		return 2
	}
	return suitsBest
}

// ours reports whether an item is the one that we made as want.
func (want LineItem) ours(item LineItem) int {
	if item.Tag == want.Tag && want.ResourceID != "" && item.ResourceID == want.ResourceID {
		return suitsBest
	}
	return 0
}

// CreateLineItem makes a line item. Two calls make two.
func (g *Grades) CreateLineItem(ctx context.Context, r Registration, deploymentID string, e Endpoint, want LineItem) (LineItem, error) {
	grant, err := g.grant(r, deploymentID, e, AGSLineItem)
	if err != nil {
		return LineItem{}, err
	}
	if e.LineItems == "" {
		return LineItem{}, fmt.Errorf("list of line items: %w", ErrNotGranted)
	}
	return g.create(ctx, grant, e, want)
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
