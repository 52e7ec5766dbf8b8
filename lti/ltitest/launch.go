package ltitest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Stop says where a launch stops on its way.
type Stop int

const (
	// StopAtEnd follows redirects inside the tool. One that leaves the tool,
	// say for the meeting, is the last page: see Page.Location.
	StopAtEnd      Stop = iota
	StopAfterLogin      // the tool's answer to the login initiation
	StopBeforePost      // the platform's page with the form for the tool
	StopAfterPost       // the tool's answer to that form
)

// LaunchOptions change a launch. The zero value is a launch as it should be,
// in a window of its own.
type LaunchOptions struct {
	Framed bool // in a frame of the LMS's page
	Stop   Stop

	// Login changes the login initiation. LoginMethod is GET or POST; "" is
	// what the platform does.
	Login       func(url.Values)
	LoginMethod string
	// Auth changes the authentication request, if it came by a redirect.
	Auth func(url.Values)

	// Claims changes the claims of the ID token, Settings the deep linking
	// settings among them, Header its header, Payload the signed bytes.
	Claims   func(map[string]any)
	Settings func(map[string]any)
	Header   func(map[string]any)
	Payload  func([]byte) []byte
	Sign     Signing
	Token    func(string) string // changes the finished token

	// Form changes what is posted to the tool; PostFrom is another browser
	// that posts it.
	Form     func(url.Values)
	PostFrom *Browser
}

// Launch opens a link as a person (ID or username) in a browser. A page of the
// tool or LMS that refuses the launch is no error: look at its Status.
func (l *LMS) Launch(b *Browser, link, person string, o LaunchOptions) (*Page, error) {
	begun, err := l.beginLink(link, person, o.Framed, o)
	if err != nil {
		return nil, err
	}
	return l.launch(b, begun, o)
}

// DeepLink opens a tool's choice of content for a course.
func (l *LMS) DeepLink(b *Browser, course, tool, person string, o LaunchOptions) (*Page, error) {
	begun, err := l.beginDeepLinking(course, tool, person, o.Framed, o)
	if err != nil {
		return nil, err
	}
	return l.launch(b, begun, o)
}

func (l *LMS) launch(b *Browser, begun initiation, o LaunchOptions) (*Page, error) {
	login, err := l.login(b, begun, o)
	if err != nil || o.Stop == StopAfterLogin {
		return login, err
	}
	form, err := l.authenticate(login, o)
	if err != nil || o.Stop == StopBeforePost || form.Status != http.StatusOK || site(form.URL) != site(l.base) {
		return form, err
	}
	return post(form, o)
}

// login posts the login initiation, as the LMS's page does.
func (l *LMS) login(b *Browser, begun initiation, o LaunchOptions) (*Page, error) {
	action, err := url.Parse(begun.Action)
	if err != nil {
		return nil, fmt.Errorf("login URL: %w", err)
	}
	if o.Login != nil {
		o.Login(begun.Fields)
	}
	r := request{method: either(o.LoginMethod, begun.Method), url: action, form: begun.Fields, initiator: l.base}
	if o.Framed {
		r.top = l.base
	}
	if r.method == http.MethodGet {
		query := action.Query()
		for name, values := range begun.Fields {
			query[name] = values
		}
		u := *action
		u.RawQuery = query.Encode()
		r.url, r.form = &u, nil
	}
	return b.open(r, nowhere)
}

// authenticate takes the tool's answer to the authentication endpoint, be it
// a redirect or a page with a form for it.
func (l *LMS) authenticate(login *Page, o LaunchOptions) (*Page, error) {
	if next, ok := login.redirect(); ok {
		if o.Auth != nil {
			query := next.url.Query()
			o.Auth(query)
			u := *next.url
			u.RawQuery = query.Encode()
			next.url = &u
		}
		return login.Browser.open(next, nowhere)
	}
	if f, err := login.Form(l.address("/lti/auth")); err == nil {
		return login.submit(f, Button{}, nowhere)
	}
	return login, nil
}

// post posts the platform's form to the tool.
func post(form *Page, o LaunchOptions) (*Page, error) {
	f := form.Forms[0]
	if o.Form != nil {
		o.Form(f.Fields)
	}
	if o.PostFrom != nil {
		form = form.In(o.PostFrom)
	}
	follow := nowhere
	if o.Stop == StopAtEnd {
		follow = inside(f.Action)
	}
	return form.submit(f, Button{}, follow)
}

// inside follows redirects that stay at the origin of an address.
func inside(address string) func(*Page) bool {
	origin := address
	if u, err := url.Parse(address); err == nil {
		origin = site(u)
	}
	return func(p *Page) bool {
		to, ok := p.Location()
		return ok && strings.EqualFold(site(to), origin)
	}
}
