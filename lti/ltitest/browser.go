package ltitest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Browser keeps cookies and sends what browsers send. It runs no scripts.
// It is safe for concurrent use: two tabs may load at once.
type Browser struct {
	// FrameCookies says what happens to cookies in frames of another site.
	FrameCookies FrameCookies
	Language     string // Accept-Language
	// NoFetchMetadata leaves out the headers Sec-Fetch-…, as Safari did before
	// 16.4.
	NoFetchMetadata bool
	Now             func() time.Time // for the cookies' lives
	Client          *http.Client     // sends single requests; redirects are followed here

	jar jar
}

// NewBrowser returns a browser without cookies, as Chrome is.
func NewBrowser() *Browser {
	return &Browser{
		Language: "en",
		Now:      time.Now,
		Client: &http.Client{
			Timeout:       30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Cookies returns the names of the cookies kept for the host of an address.
func (b *Browser) Cookies(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	b.jar.mu.Lock()
	defer b.jar.mu.Unlock()
	var names []string
	for _, k := range b.jar.cookies {
		if k.host == u.Host && k.alive(b.Now()) {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	return names
}

// RefusedCookies says which cookies weren't kept, and why.
func (b *Browser) RefusedCookies() []string {
	b.jar.mu.Lock()
	defer b.jar.mu.Unlock()
	return slices.Clone(b.jar.refused)
}

// ForgetCookies empties the jar, for all hosts.
func (b *Browser) ForgetCookies() {
	b.jar.mu.Lock()
	defer b.jar.mu.Unlock()
	b.jar.cookies = nil
}

// Get opens an address in a window of its own, as if it had been typed, and
// follows redirects wherever they lead.
func (b *Browser) Get(address string) (*Page, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return b.open(request{method: http.MethodGet, url: u}, everywhere)
}

// GetFramed opens an address in a frame of the page at top.
func (b *Browser) GetFramed(top, address string) (*Page, error) {
	t, err := url.Parse(top)
	if err != nil {
		return nil, err
	}
	u, err := t.Parse(address)
	if err != nil {
		return nil, err
	}
	return b.open(request{method: http.MethodGet, url: u, top: t, initiator: t}, everywhere)
}

// A request is a navigation of one window or frame.
type request struct {
	method    string
	url       *url.URL
	form      url.Values
	initiator *url.URL // the page that began it; nil if it was typed
	top       *url.URL // the page that frames the window; nil if none does
	hideFrom  bool     // that page has Referrer-Policy: no-referrer
	crossed   bool     // a hop was to another site than the initiator's

	formPolicies [][]string // form-action of the page whose form was sent
}

// framed reports whether the answer is shown in a frame of another site.
func (r request) framed() bool { return r.top != nil && site(r.top) != site(r.url) }

func (r request) crossSite() bool {
	return r.crossed || r.initiator != nil && site(r.initiator) != site(r.url)
}

func (r request) cookieContext(b *Browser) cookieContext {
	top := r.url
	if r.top != nil {
		top = r.top
	}
	return cookieContext{
		url: r.url, top: site(top), framed: r.framed(), crossSite: r.crossSite(),
		safe: r.method == http.MethodGet, policy: b.FrameCookies, now: b.Now(),
	}
}

// everywhere follows any redirect.
func everywhere(*Page) bool { return true }

// nowhere follows none.
func nowhere(*Page) bool { return false }

const maxRedirects = 20

// open makes a navigation and follows its redirects for as long as follow
// says so.
func (b *Browser) open(r request, follow func(*Page) bool) (*Page, error) {
	var steps []Step
	for range maxRedirects {
		p, err := b.once(r)
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{r.method, r.url.String(), p.Status})
		p.Steps = steps
		next, ok := p.redirect()
		if !ok || !follow(p) {
			return p, nil
		}
		r = next
	}
	return nil, fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, r.url)
}

const maxPage = 8 << 20

// once sends one request. It fails if the browser wouldn't send it.
func (b *Browser) once(r request) (*Page, error) {
	if r.initiator != nil && !permits(r.formPolicies, r.url, r.initiator) {
		return nil, fmt.Errorf("form-action of %s does not allow %s", r.initiator, site(r.url))
	}
	var body io.Reader
	if r.method == http.MethodPost {
		body = strings.NewReader(r.form.Encode())
	}
	sent, err := http.NewRequest(r.method, r.url.String(), body)
	if err != nil {
		return nil, err
	}
	b.headers(sent, r)
	for _, cookie := range b.jar.send(r.cookieContext(b)) {
		sent.AddCookie(cookie)
	}
	response, err := b.Client.Do(sent)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.url, err)
	}
	b.jar.receive(r.cookieContext(b), response.Cookies())
	return newPage(b, r, response, string(raw)), nil
}

func (b *Browser) headers(sent *http.Request, r request) {
	h := sent.Header
	h.Set("User-Agent", "Mozilla/5.0 (ltitest) Chrome/140.0.0.0")
	h.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	h.Set("Accept-Language", b.Language)
	h.Set("Upgrade-Insecure-Requests", "1")
	if !b.NoFetchMetadata {
		fetchMetadata(h, r)
	}
	if r.method != http.MethodPost {
		return
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case r.initiator == nil:
	case r.hideFrom:
		h.Set("Origin", "null") // Fetch, "append a request Origin header"
	default:
		h.Set("Origin", site(r.initiator))
	}
}

// fetchMetadata says where a request comes from and what its answer is for
// (Fetch Metadata, 2).
func fetchMetadata(h http.Header, r request) {
	h.Set("Sec-Fetch-Mode", "navigate")
	h.Set("Sec-Fetch-Dest", "document")
	if r.top != nil {
		h.Set("Sec-Fetch-Dest", "iframe")
	}
	h.Set("Sec-Fetch-Site", "same-origin")
	switch {
	case r.initiator == nil:
		h.Set("Sec-Fetch-Site", "none")
	case r.crossSite():
		h.Set("Sec-Fetch-Site", "cross-site")
	}
}

// redirect returns the navigation that an answer asks for (Fetch, 4.4).
func (p *Page) redirect() (request, bool) {
	location, ok := p.Location()
	if !ok {
		return request{}, false
	}
	next := p.request
	next.crossed = p.request.crossSite()
	next.url = location
	keep := p.Status == http.StatusTemporaryRedirect || p.Status == http.StatusPermanentRedirect
	if !keep && next.method == http.MethodPost {
		next.method, next.form = http.MethodGet, nil
	}
	return next, true
}

// ErrNotFound is returned when a page has no such form, button or link.
var ErrNotFound = errors.New("not on the page")
