package ltitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A LineItem is a column of the gradebook.
type LineItem struct {
	ID           string // the LMS's number; its URL is what LineItemURL returns
	Course, Tool string
	Link         string // the activity it belongs to, if any
	Label        string
	ScoreMaximum float64
	ResourceID   string
	Tag          string
	ByTool       bool // made by the tool's own POST
}

// gradebook is guarded by LMS.mu.
type gradebook struct {
	items []*LineItem
	cells map[string]map[string]*cell // by line item and person
	posts []ScorePost

	fails  map[string]bool // line items whose scores fail
	blank  map[string]bool // line items that keep no points
	closed map[string]bool // courses whose gradebook was never opened
}

// A cell is one grade.
type cell struct {
	points  float64
	graded  bool
	stamp   time.Time // of the last score
	changed time.Time
	comment string
	byHand  bool // and it stays: see Behaviour.HandsOverride
}

func newGradebook() gradebook {
	return gradebook{cells: map[string]map[string]*cell{}, fails: map[string]bool{}, blank: map[string]bool{}, closed: map[string]bool{}}
}

func (b *gradebook) item(id string) (*LineItem, bool) {
	return first(b.items, func(i *LineItem) bool { return i.ID == id })
}

func (b *gradebook) remove(id string) {
	b.items = slices.DeleteFunc(b.items, func(i *LineItem) bool { return i.ID == id })
	delete(b.cells, id)
}

// cell returns the cell of a person, an empty one if there's none yet.
func (b *gradebook) cell(item, person string) *cell {
	if b.cells[item] == nil {
		b.cells[item] = map[string]*cell{}
	}
	if b.cells[item][person] == nil {
		b.cells[item][person] = &cell{}
	}
	return b.cells[item][person]
}

func (l *LMS) addItem(item LineItem) LineItem {
	item.ID = l.campus.number()
	l.book.items = append(l.book.items, &item)
	return item
}

func (l *LMS) itemsOfLink(link string) []*LineItem {
	var items []*LineItem
	for _, item := range l.book.items {
		if item.Link == link && link != "" {
			items = append(items, item)
		}
	}
	return items
}

// LineItems returns the columns of a course.
func (l *LMS) LineItems(course string) []LineItem {
	l.mu.Lock()
	defer l.mu.Unlock()
	var items []LineItem
	for _, item := range l.book.items {
		if item.Course == course {
			items = append(items, *item)
		}
	}
	return items
}

// LineItemURL returns the address of a line item, as the tool knows it.
func (l *LMS) LineItemURL(item LineItem) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lineItemURL(&item)
}

// RemoveLineItem deletes a column, as a teacher may.
func (l *LMS) RemoveLineItem(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.remove(id)
}

func (l *LMS) lineItemsURL(course, tool string) string {
	return l.serviceURL("/lti/services/"+url.PathEscape(course)+"/lineitems", tool)
}

func (l *LMS) lineItemURL(item *LineItem) string {
	return l.serviceURL("/lti/services/"+url.PathEscape(item.Course)+"/lineitems/"+item.ID+"/lineitem", item.Tool)
}

// serviceURL adds the query that services carry, on platforms that have one.
func (l *LMS) serviceURL(path, tool string) string {
	address := l.address(path)
	if name := l.behaviour.ServiceQuery; name != "" {
		address += "?" + name + "=" + tool
	}
	return address
}

// serveLineItems is the container (AGS 2.0, 3.2).
func (l *LMS) serveLineItems(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		if c, ok := l.call(w, r, needs{accept: typeLineItems, scopes: []string{scopeLineItem, scopeLineItemRead}}); ok {
			l.listItems(c)
		}
	case http.MethodPost:
		if c, ok := l.call(w, r, needs{content: typeLineItem, scopes: []string{scopeLineItem}}); ok {
			l.createItem(c)
		}
	default:
		l.wrongMethod(w, r)
	}
}

func (l *LMS) listItems(c call) {
	if refusal := l.filterRefusal(c); refusal != nil {
		l.refuse(c, *refusal)
		return
	}
	query := c.r.URL.Query()
	fits := func(name, value string) bool { return query.Get(name) == "" || query.Get(name) == value }
	l.mu.Lock()
	list := []map[string]any{}
	for _, item := range l.book.items {
		if item.Course == c.course.ID && item.Tool == c.tool.ID && fits("resource_link_id", l.linkOf(item)) &&
			fits("resource_id", item.ResourceID) && fits("tag", item.Tag) {
			list = append(list, l.itemJSON(item))
		}
	}
	address := l.lineItemsURL(c.course.ID, c.tool.ID)
	l.mu.Unlock()
	writeJSON(c.w, http.StatusOK, typeLineItems+"; charset=utf-8", page(c, address, list))
}

func (l *LMS) itemJSON(item *LineItem) map[string]any {
	members := map[string]any{
		"id": l.lineItemURL(item), "label": item.Label, "scoreMaximum": item.ScoreMaximum,
		"resourceId": item.ResourceID, "tag": item.Tag, "resourceLinkId": l.linkOf(item),
	}
	if item.Link == "" {
		delete(members, "resourceLinkId")
	}
	if l.behaviour.Extras == extrasMoodle && item.Link != "" {
		members["ltiLinkId"] = item.Link
	}
	return members
}

// itemBody is a line item as the tool sends it.
type itemBody struct {
	Label          string  `json:"label"`
	ScoreMaximum   float64 `json:"scoreMaximum"`
	ResourceID     string  `json:"resourceId"`
	Tag            string  `json:"tag"`
	ResourceLinkID string  `json:"resourceLinkId"`
}

// parseItemBody reads a line item and says what's wrong with it.
func (l *LMS) parseItemBody(c call) (itemBody, *callRefusal) {
	var body itemBody
	if err := json.Unmarshal(c.body, &body); err != nil {
		return body, &callRefusal{http.StatusBadRequest, "No line item: " + err.Error()}
	}
	if strings.TrimSpace(body.Label) == "" || body.ScoreMaximum <= 0 {
		return body, &callRefusal{http.StatusBadRequest, "No label or Score Maximum"}
	}
	if body.ResourceLinkID == "" {
		return body, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	link, ok := l.campus.link(body.ResourceLinkID)
	if !ok || link.Tool != c.tool.ID || link.Course != c.course.ID {
		return body, &callRefusal{c.b.ForeignLinkStatus, http.StatusText(c.b.ForeignLinkStatus)}
	}
	return body, nil
}

func (l *LMS) createItem(c call) {
	body, refusal := l.parseItemBody(c)
	if refusal != nil {
		l.refuse(c, *refusal)
		return
	}
	l.mu.Lock()
	if l.book.closed[c.course.ID] {
		l.mu.Unlock()
		l.refuse(c, failure)
		return
	}
	item := l.addItem(LineItem{
		Course: c.course.ID, Tool: c.tool.ID, Link: body.ResourceLinkID, Label: body.Label,
		ScoreMaximum: body.ScoreMaximum, ResourceID: body.ResourceID, Tag: body.Tag, ByTool: true,
	})
	members := l.itemJSON(&item)
	l.mu.Unlock()
	writeJSON(c.w, http.StatusCreated, typeLineItem+"; charset=utf-8", members)
}

// serveLineItem is one line item (AGS 2.0, 3.2).
func (l *LMS) serveLineItem(w http.ResponseWriter, r *http.Request) {
	n := needs{scopes: []string{scopeLineItem}}
	switch r.Method {
	case http.MethodGet:
		n.accept = typeLineItem
		if b, _ := l.present(); !b.ItemNeedsWrite {
			n.scopes = append(n.scopes, scopeLineItemRead)
		}
		if c, ok := l.call(w, r, n); ok {
			l.answerItem(c)
		}
	case http.MethodPut:
		n.content = typeLineItem
		if c, ok := l.call(w, r, n); ok {
			l.updateItem(c)
		}
	case http.MethodDelete:
		// Moodle 4.5.6 deletes the column of an activity, too.
		if c, ok := l.call(w, r, n); ok {
			l.RemoveLineItem(c.item.ID)
			w.WriteHeader(http.StatusNoContent)
		}
	default:
		l.wrongMethod(w, r)
	}
}

func (l *LMS) answerItem(c call) {
	l.mu.Lock()
	members := l.itemJSON(&c.item)
	l.mu.Unlock()
	writeJSON(c.w, http.StatusOK, typeLineItem+"; charset=utf-8", members)
}

// updateItem replaces a line item: members left out are reset.
func (l *LMS) updateItem(c call) {
	body, refusal := l.parseItemBody(c)
	if refusal != nil {
		l.refuse(c, *refusal)
		return
	}
	l.mu.Lock()
	item, ok := l.book.item(c.item.ID)
	if ok {
		item.Label, item.ScoreMaximum = body.Label, body.ScoreMaximum
		item.ResourceID, item.Tag, item.Link = body.ResourceID, body.Tag, body.ResourceLinkID
		c.item = *item
	}
	l.mu.Unlock()
	l.answerItem(c)
}
