package ltitest

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Media types of the services.
const (
	typeLineItem  = "application/vnd.ims.lis.v2.lineitem+json"
	typeLineItems = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	typeResults   = "application/vnd.ims.lis.v2.resultcontainer+json"
	typeScore     = "application/vnd.ims.lis.v1.score+json"
	typeRoster    = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
)

// needs is what a service call must come with.
type needs struct {
	accept  string // for GET
	content string // for POST and PUT
	scopes  []string
	anyType bool // */* is welcome, whatever the behaviour
}

// A call is a service call that is allowed.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	b      Behaviour
	tool   Tool
	course Course
	item   LineItem // of paths that name one
	body   []byte
}

// A callRefusal is the answer to a service call that isn't allowed.
type callRefusal struct {
	status int
	reason string
}

const maxBody = 1 << 20

// call checks what all services check, and answers itself if it's wrong.
func (l *LMS) call(w http.ResponseWriter, r *http.Request, n needs) (call, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	c := call{w: w, r: r, body: body}
	c.b, _ = l.present()
	if err != nil {
		l.refuse(c, callRefusal{http.StatusBadRequest, "unreadable body"})
		return c, false
	}
	refusal := wrongMedia(c, n)
	if refusal == nil {
		refusal = l.admit(&c, n)
	}
	if refusal != nil {
		l.refuse(c, *refusal)
	}
	return c, refusal == nil
}

// wrongMedia checks the media types. Moodle looks at Accept for GET and at
// Content-Type otherwise, and calls an unknown one a missing handler.
func wrongMedia(c call, n needs) *callRefusal {
	accept := strings.Join(c.r.Header.Values("Accept"), ", ")
	if n.accept != "" && !accepts(accept, n, c.b.ExactAccept) {
		return &callRefusal{c.b.wrongType(), "No handler found for " + c.r.URL.Path + " " + accept}
	}
	if n.content == "" {
		return nil
	}
	content, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if content != n.content {
		status := http.StatusUnsupportedMediaType
		if c.b.ReasonPhrases {
			status = http.StatusBadRequest
		}
		return &callRefusal{status, "No handler found for " + c.r.URL.Path + "  " + content}
	}
	return nil
}

func accepts(accept string, n needs, exact bool) bool {
	if accept == "" || accept == n.accept || n.anyType && accept == "*/*" {
		return true
	}
	if exact {
		return false
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := mime.ParseMediaType(part)
		if kind == n.accept || kind == "*/*" || kind == "application/*" {
			return true
		}
	}
	return false
}

// admit checks token, scope and path, and fills in what they name.
func (l *LMS) admit(c *call, n needs) *callRefusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	access, bearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	g, ok := l.tokens.grants[access]
	if !bearer || !ok || l.clock().After(g.expires) {
		c.w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return &callRefusal{http.StatusUnauthorized, "Unauthorized"}
	}
	if !slices.ContainsFunc(n.scopes, func(s string) bool { return slices.Contains(g.scopes, s) }) {
		c.w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		return &callRefusal{c.b.WrongScopeStatus, http.StatusText(c.b.WrongScopeStatus)}
	}
	c.tool = l.campus.tools[l.campus.mustTool(g.tool)]
	if name := c.b.ServiceQuery; name != "" && c.r.URL.Query().Get(name) != c.tool.ID && c.r.PathValue("tool") == "" {
		return &callRefusal{http.StatusNotFound, "the query of the URL is gone: " + name}
	}
	if c.course, ok = l.campus.course(c.r.PathValue("course")); !ok {
		return &callRefusal{http.StatusNotFound, "Not Found: no such course"}
	}
	return l.admitItem(c)
}

func (l *LMS) admitItem(c *call) *callRefusal {
	id := c.r.PathValue("item")
	if id == "" {
		return nil
	}
	item, ok := l.book.item(id)
	if !ok || item.Tool != c.tool.ID || item.Course != c.course.ID {
		return &callRefusal{http.StatusNotFound, fmt.Sprintf("Not Found: Grade item %s doesn't exist", id)}
	}
	c.item = *item
	return nil
}

// refuse answers with an error as Moodle writes it.
func (l *LMS) refuse(c call, refusal callRefusal) {
	l.log.Info("service call refused", "path", c.r.URL.Path, "status", refusal.status, "reason", refusal.reason)
	body := map[string]any{
		"status": refusal.status, "reason": refusal.reason,
		"request": map[string]string{
			"method": c.r.Method, "url": l.base.Path + c.r.URL.RequestURI(),
			"accept": c.r.Header.Get("Accept"), "contentType": c.r.Header.Get("Content-Type"),
		},
	}
	writeJSON(c.w, refusal.status, "application/json; charset=utf-8", body)
}

func (l *LMS) wrongMethod(w http.ResponseWriter, r *http.Request) {
	l.refuse(call{w: w, r: r}, callRefusal{http.StatusMethodNotAllowed, "Method Not Allowed"})
}

// writeReason answers with a reason phrase of its own, for which net/http has
// no other way than to take over the connection.
func writeReason(w http.ResponseWriter, status int, reason, mediaType, body string) {
	reason = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, reason)
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		io.WriteString(w, body)
		return
	}
	defer conn.Close()
	noteStatus(w, status)
	fmt.Fprintf(buffer, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, reason, mediaType, len(body), body)
	buffer.Flush()
}

// page cuts a list as limit and from say, and sends the Link header (RFC 8288).
func page[T any](c call, address string, all []T) []T {
	query := c.r.URL.Query()
	limit := number(query.Get("limit"))
	if limit == 0 {
		limit = c.b.PageSize
	}
	from := min(number(query.Get("from")), len(all))
	if limit == 0 || len(all) == 0 {
		return all[from:]
	}
	to := min(from+limit, len(all))
	at := func(from int) string {
		u, err := url.Parse(address)
		if err != nil {
			panic(fmt.Sprintf("ltitest: own address %s: %v", address, err))
		}
		q := u.Query()
		for name, values := range query {
			q[name] = values
		}
		q.Set("limit", fmt.Sprint(limit))
		q.Set("from", fmt.Sprint(from))
		u.RawQuery = q.Encode()
		return u.String()
	}
	if c.b.CurlyLinks && c.item.ID == "" && c.r.PathValue("tool") == "" {
		c.w.Header().Set("Link", curlyLinks(at, from, to, len(all)))
	} else if to < len(all) {
		c.w.Header().Set("Link", "<"+at(to)+`>; rel="next"`)
	}
	return all[from:to]
}

// curlyLinks is the Link header of Moodle's line items, faults and all.
func curlyLinks(at func(int) string, from, to, total int) string {
	links := []string{"<" + at(0) + ">; rel=“first”", "<" + at(from) + ">; rel=“canonical”"}
	if to < total {
		links = append(links, "<"+at(to)+">; rel=“next”")
	}
	links = append(links, "<"+at(total)+">; rel=“last”")
	return strings.ReplaceAll(strings.Join(links, ", "), "&", "&amp;")
}

// number reads a count; what isn't one is 0.
func number(s string) int {
	n := 0
	for _, digit := range s {
		if digit < '0' || digit > '9' || n > 1e6 {
			return 0
		}
		n = n*10 + int(digit-'0')
	}
	return n
}
