package bbb

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxDepth      = 32
	maxElements   = 200_000 // 4,000 meetings have fewer, and so has a class of 20,000
	maxAttributes = 100_000
)

// An element is a part of an answer, whether that came as XML or JSON. The zero
// value stands for one that is missing, and has no text and no children.
type element struct {
	name     string
	content  string // trimmed
	attrs    []xml.Attr
	children []element
}

// child returns the first child of that name, in whatever case it's written.
func (e *element) child(name string) *element {
	for i := range e.children {
		if e.children[i].is(name) {
			return &e.children[i]
		}
	}
	return &element{}
}

func (e *element) is(name string) bool {
	return len(e.name) == len(name) && strings.EqualFold(e.name, name)
}

// all returns the children of that name.
func (e *element) all(name string) []*element {
	var list []*element
	for i := range e.children {
		if e.children[i].is(name) {
			list = append(list, &e.children[i])
		}
	}
	return list
}

func (e *element) text(name string) string { return e.child(name).content }

func (e *element) flag(name string) bool { return isTrue(e.text(name)) }

// number is 0 for what is missing, empty or no number.
func (e *element) number(name string) int64 {
	n, err := strconv.ParseInt(e.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (e *element) count(name string) int {
	return int(max(0, min(e.number(name), 1<<31-1)))
}

// millis is a time in ms since 1970; zero for 0, which means "not yet".
func (e *element) millis(name string) time.Time { return millisTime(e.number(name)) }

func millisTime(ms int64) time.Time {
	if ms <= 0 || ms > 253402300799999 { // the year 9999
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// values are children with names of somebody's choice: metadata, customdata.
func (e *element) values() map[string]string {
	if len(e.children) == 0 {
		return nil
	}
	values := make(map[string]string, len(e.children))
	for _, c := range e.children {
		values[c.name] = c.content
	}
	return values
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.Name.Local, name) {
			return a.Value
		}
	}
	return ""
}

func isTrue(text string) bool { return strings.EqualFold(text, "true") || text == "1" }

// parseAnswer reads the body of an answer. What is none of BigBlueButton's is
// ErrHTML or ErrNotBBB.
func parseAnswer(ctx context.Context, body []byte) (*element, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0:
		return nil, ErrNotBBB
	case body[0] == '{':
		return parseJSON(body)
	case isHTML(body):
		return nil, ErrHTML
	}
	root, err := parseXML(ctx, body)
	if errors.Is(err, errTooMany) || ctx.Err() != nil {
		return nil, ErrTooLarge
	}
	if err != nil || !root.is("response") || root.text("returncode") == "" {
		return nil, ErrNotBBB
	}
	return root, nil
}

var htmlStart = regexp.MustCompile(`(?is)^(\s|<!--.*?-->|<\?xml.*?\?>)*<(!doctype\s+html|html)\b`)

func isHTML(body []byte) bool { return htmlStart.Match(body[:min(len(body), 2048)]) }

// parseXML is lenient where servers and proxies are careless: a lone &, bytes
// that aren't UTF-8, control characters. An end that is missing is an error.
func parseXML(ctx context.Context, body []byte) (*element, error) {
	body = legible(body)
	if err := sparse(body); err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	d.CharsetReader = charset
	r := reader{ctx: ctx, Decoder: d, left: maxElements}
	for {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			var root element
			err := r.read(&root, start, maxDepth)
			return &root, err
		}
	}
}

var (
	errTooDeep = errors.New("too deep")
	errTooMany = errors.New("too many elements or attributes")
)

// sparse is errTooMany for text with more attributes than any answer has. The
// decoder keeps all of one element before it hands out the first.
func sparse(body []byte) error {
	const tagMost = 64 << 10 // bytes of a tag, within which attributes need no quotes
	for rest := body; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		if len(rest) > tagMost && rest[0] != '!' && bytes.IndexByte(rest[:tagMost], '>') < 0 {
			return errTooMany
		}
	}
	quoted := 0
	for rest := body; ; {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		rest = rest[i+1:]
		value := bytes.TrimLeft(rest[:min(len(rest), tagMost)], " \t\r\n")
		if len(value) == 0 || value[0] == '"' || value[0] == '\'' {
			quoted++
		}
		if quoted > maxAttributes {
			return errTooMany
		}
	}
}

// A reader makes elements of XML, as long as its context lasts.
type reader struct {
	*xml.Decoder
	ctx  context.Context
	left int // elements
}

func (r *reader) read(e *element, start xml.StartElement, depth int) error {
	if depth == 0 {
		return errTooDeep
	}
	if r.left--; r.left < 0 {
		return errTooMany
	}
	if r.left%1024 == 0 && r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	e.name = start.Name.Local
	if len(start.Attr) > 0 {
		e.attrs = start.Attr
	}
	var text []byte
	for pieces := 1; ; pieces++ {
		if pieces%1024 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		token, err := r.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.StartElement:
			e.children = append(e.children, element{})
			if err := r.read(&e.children[len(e.children)-1], t, depth-1); err != nil {
				return err
			}
		case xml.EndElement:
			e.content = string(bytes.TrimSpace(text))
			return nil
		}
	}
}

var declaredEncoding = regexp.MustCompile(`^<\?xml[^>]*encoding=["']([^"']*)["']`)

// legible replaces what XML can't hold: control characters, and bytes that are
// no UTF-8 where no other encoding is declared.
func legible(body []byte) []byte {
	declared := declaredEncoding.FindSubmatch(body[:min(len(body), 200)])
	if declared == nil || strings.EqualFold(string(declared[1]), "utf-8") {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	if !bytes.ContainsFunc(body, isControl) {
		return body
	}
	clean := bytes.Clone(body)
	for i, c := range clean {
		if isControl(rune(c)) {
			clean[i] = ' '
		}
	}
	return clean
}

func isControl(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

// charset reads the encodings that old proxies declare: Latin-1, or UTF-8
// under another name.
func charset(_ string, input io.Reader) (io.Reader, error) {
	body, err := io.ReadAll(input)
	if err != nil || utf8.Valid(body) {
		return bytes.NewReader(body), err
	}
	runes := make([]rune, len(body))
	for i, c := range body {
		runes[i] = rune(c)
	}
	return strings.NewReader(string(runes)), nil
}

// parseJSON reads the JSON form that BigBlueButton has for its answers.
func parseJSON(body []byte) (*element, error) {
	if bytes.Count(body, []byte(","))+bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) > maxElements {
		return nil, ErrTooLarge
	}
	var outer map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&outer); err != nil {
		return nil, ErrNotBBB
	}
	inner, ok := outer["response"].(map[string]any)
	if !ok {
		inner = outer
	}
	root := element{name: "response"}
	root.fill(inner, maxDepth)
	if root.text("returncode") == "" {
		return nil, ErrNotBBB
	}
	return &root, nil
}

func (e *element) fill(value any, depth int) {
	if depth == 0 {
		return
	}
	switch v := value.(type) {
	case string:
		e.content = strings.TrimSpace(v)
	case bool:
		e.content = strconv.FormatBool(v)
	case json.Number:
		e.content = v.String()
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			items, ok := v[name].([]any)
			if !ok {
				items = []any{v[name]}
			}
			for _, item := range items {
				c := element{name: name}
				c.fill(item, depth-1)
				e.children = append(e.children, c)
			}
		}
	}
}

// refusal is the Error of an answer that isn't SUCCESS, in either of the two
// shapes that BigBlueButton has for them; nil for one that is.
func refusal(root *element) *Error {
	if strings.EqualFold(root.text("returncode"), "SUCCESS") {
		return nil
	}
	e := &Error{Key: root.text("messageKey"), Message: root.text("message")}
	if list := root.child("errors"); e.Key == "" && list.name != "" {
		first := list.child("error")
		if first.name == "" { // JSON
			first = list
		}
		e.Key, e.Message = first.text("key"), first.text("message")
	}
	return e
}

// noAnswer says what a body that isn't BigBlueButton's means.
func noAnswer(status int, body []byte, err error) *Error {
	e := &Error{Status: status, Message: string(body), kind: err}
	if errors.Is(err, ErrHTML) {
		e.Message = title(body)
	}
	switch {
	case status == http.StatusBadRequest && wantsTLS.Match(body):
		e.kind = ErrTLSExpected
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusGone:
		e.kind = ErrNoSuchPath
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusProxyAuthRequired:
		e.kind = ErrAccessDenied
	case status >= 500 || status == http.StatusTooManyRequests:
		e.kind = ErrUnavailable
	}
	return e
}

// wantsTLS is how nginx, Apache and Go answer plain HTTP at a port of TLS.
var wantsTLS = regexp.MustCompile(`plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled|HTTP request to an HTTPS server`)

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

func title(page []byte) string {
	if found := titleElement.FindSubmatch(page[:min(len(page), 16<<10)]); found != nil {
		return string(found[1])
	}
	return ""
}
