package ltitest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// A Page is what a window or frame of a browser shows.
type Page struct {
	Browser *Browser
	URL     *url.URL
	Status  int
	Header  http.Header
	Body    string
	Steps   []Step // the requests that led here, redirects among them

	Title   string
	Text    string // what a person reads, in one line
	Forms   []*Form
	Anchors []Anchor
	Frames  []string // addresses of the page's own frames

	// Blocked says why a browser would show an empty frame in place of it:
	// frame-ancestors or X-Frame-Options. "" if it wouldn't.
	Blocked string

	request request
}

// A Step is one request and its answer.
type Step struct {
	Method, URL string
	Status      int
}

func newPage(b *Browser, r request, response *http.Response, body string) *Page {
	p := &Page{
		Browser: b, URL: r.url, Status: response.StatusCode, Header: response.Header, Body: body, request: r,
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		doc := scan(body)
		p.Title, p.Text, p.Forms, p.Anchors, p.Frames = doc.title, doc.text, doc.forms, doc.anchors, doc.frames
	}
	if r.top != nil {
		p.Blocked = refusesFrame(response.Header, r.url, r.top)
	}
	return p
}

// Framed reports whether the page is in a frame.
func (p *Page) Framed() bool { return p.request.top != nil }

// Location returns where the answer redirects to, if it does.
func (p *Page) Location() (*url.URL, bool) {
	value := p.Header.Get("Location")
	if p.Status < 300 || p.Status > 399 || value == "" {
		return nil, false
	}
	u, err := p.URL.Parse(value)
	return u, err == nil
}

// FollowRedirect goes where the answer redirects to, and on from there to
// the end.
func (p *Page) FollowRedirect() (*Page, error) {
	next, ok := p.redirect()
	if !ok {
		return nil, fmt.Errorf("%s has status %d and redirects nowhere", p.URL, p.Status)
	}
	return p.Browser.open(next, everywhere)
}

// Reload sends the last request again, a POST too.
func (p *Page) Reload() (*Page, error) { return p.Browser.open(p.request, everywhere) }

// In returns the page as if another browser had it on its screen: its forms
// are posted with that one's cookies.
func (p *Page) In(b *Browser) *Page {
	other := *p
	other.Browser = b
	return &other
}

// InNewWindow returns the page as if it stood in a window of its own.
func (p *Page) InNewWindow() *Page {
	other := *p
	other.request.top = nil
	return &other
}

// Form returns the first form whose id, action or button's text contains
// match.
func (p *Page) Form(match string) (*Form, error) {
	for _, f := range p.Forms {
		if strings.Contains(f.ID, match) || strings.Contains(f.Action, match) {
			return f, nil
		}
		for _, b := range f.Buttons {
			if strings.Contains(b.Text, match) {
				return f, nil
			}
		}
	}
	return nil, fmt.Errorf("form %q of %s: %w", match, p.URL, ErrNotFound)
}

// Submit sends a form with its first button, and follows redirects to the end.
// Its target decides where the answer is shown: a new window for _blank, the
// whole window for _top.
func (p *Page) Submit(f *Form) (*Page, error) {
	var button Button
	if len(f.Buttons) > 0 {
		button = f.Buttons[0]
	}
	return p.submit(f, button, everywhere)
}

// Press sends the form that has a button with this text, by that button.
func (p *Page) Press(text string) (*Page, error) {
	for _, f := range p.Forms {
		for _, b := range f.Buttons {
			if strings.Contains(b.Text, text) {
				return p.submit(f, b, everywhere)
			}
		}
	}
	return nil, fmt.Errorf("button %q of %s: %w", text, p.URL, ErrNotFound)
}

// Click follows the first link with this text, or else presses the button.
func (p *Page) Click(text string) (*Page, error) {
	for _, a := range p.Anchors {
		if strings.Contains(a.Text, text) {
			return p.Follow(a)
		}
	}
	return p.Press(text)
}

// Follow opens a link, in a new window if its target says so.
func (p *Page) Follow(a Anchor) (*Page, error) {
	u, err := p.URL.Parse(a.Href)
	if err != nil {
		return nil, err
	}
	r := p.from(a.Target)
	r.method, r.url = http.MethodGet, u
	return p.Browser.open(r, everywhere)
}

// Open follows a link that a script of the page would follow.
func (p *Page) Open(address string) (*Page, error) { return p.Follow(Anchor{Href: address}) }

// from returns a navigation that begins on this page.
func (p *Page) from(target string) request {
	r := request{initiator: p.URL, top: p.request.top, hideFrom: p.Header.Get("Referrer-Policy") == "no-referrer"}
	switch strings.ToLower(target) {
	case "", "_self":
	default: // _top, _parent and new windows: none of them is framed
		r.top = nil
	}
	return r
}

func (p *Page) submit(f *Form, b Button, follow func(*Page) bool) (*Page, error) {
	if strings.EqualFold(f.Enctype, "multipart/form-data") {
		return nil, fmt.Errorf("form %q of %s is multipart, which this browser can't send", f.ID, p.URL)
	}
	r := p.from(either(b.Target, f.Target))
	r.method = either(b.Method, f.Method)
	var err error
	if r.url, err = p.URL.Parse(either(b.Action, f.Action)); err != nil {
		return nil, err
	}
	r.form = maps.Clone(f.Fields)
	if b.Name != "" {
		r.form.Add(b.Name, b.Value)
	}
	if r.method == http.MethodGet {
		u := *r.url
		u.RawQuery = r.form.Encode()
		r.url, r.form = &u, nil
	}
	r.formPolicies = directive(p.Header, "form-action")
	return p.Browser.open(r, follow)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
