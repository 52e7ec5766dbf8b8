// Package bbb speaks to BigBlueButton and to balancers that answer like it:
// signed API calls, their answers, and the callbacks that servers send.
//
// Rules and quirks are those of BigBlueButton 2.4 to 3.0, Scalelite, b3scale,
// plugNmeet and bbbserver.de. Nothing here keeps state, asks a database or
// repeats a call; everything may be used by several goroutines.
package bbb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const maxAnswer = 8 << 20 // a getMeetings of a large balancer: see maxElements

// A Client calls one server. It repeats no call by itself and follows no
// redirect: behind one, the signature may not hold, and a password may leak.
type Client struct {
	Server    Server
	HTTP      *http.Client // its Transport is used; redirects and time limits are set for each call. nil: Go's default
	UserAgent string

	// Observe, if set, is told the end of each call. outcome is "ok",
	// "not_found" or a Cause.
	Observe func(call, outcome string, d time.Duration)
	Now     func() time.Time // nil: time.Now
}

// limit is how long a call may take. Scalelite gives its nodes 15 s to create a
// meeting, and old servers look through thousands of recordings.
func limit(call string) time.Duration {
	switch call {
	case "create", "getRecordings", "deleteRecordings", "publishRecordings", "updateRecordings":
		return 30 * time.Second
	}
	return 15 * time.Second
}

// A request is one call, its query built and signed once and for all.
type request struct {
	call  string // "" for the root
	query string
	body  []byte // XML: makes it a POST
}

// call makes a signed GET call and returns its answer if that is a SUCCESS.
func (c *Client) call(ctx context.Context, name string, q query) (*element, error) {
	return c.do(ctx, request{call: name, query: c.Server.sign(name, q.String())})
}

func (c *Client) do(ctx context.Context, r request) (*element, error) {
	start := c.now()
	root, err := c.exchange(ctx, r)
	if c.Observe != nil {
		c.Observe(r.name(), outcome(err), c.now().Sub(start))
	}
	return root, err
}

func (c *Client) exchange(ctx context.Context, r request) (*element, error) {
	ctx, cancel := context.WithTimeout(ctx, limit(r.call))
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return c.answer(ctx, r, res)
}

// answer reads the answer to r, which is an Error if it isn't a SUCCESS.
func (c *Client) answer(ctx context.Context, r request, res *http.Response) (*element, error) {
	if location := res.Header.Get("Location"); res.StatusCode/100 == 3 && location != "" {
		return nil, c.fail(r, redirected(res.StatusCode, location))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, c.lost(r, err)
	}
	if len(body) > maxAnswer {
		return nil, c.fail(r, &Error{Status: res.StatusCode, kind: ErrTooLarge})
	}
	root, err := parseAnswer(ctx, body)
	if ctx.Err() != nil {
		return nil, c.lost(r, ctx.Err())
	}
	if err != nil {
		return nil, c.fail(r, noAnswer(res.StatusCode, body, err))
	}
	if e := refusal(root); e != nil {
		e.Status = res.StatusCode
		return nil, c.fail(r, e)
	}
	return root, nil
}

// send sends the query exactly as it was signed.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if r.body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Server.URL+"/"+r.call, body)
	if err != nil {
		return nil, fmt.Errorf("%s: address of the server can't be read: %w", r.name(), ErrInvalid)
	}
	req.URL.RawQuery = r.query
	req.Header.Set("Accept", "text/xml, application/xml")
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/xml") // no charset: old insertDocument compares exactly
	}
	var once http.Client
	if c.HTTP != nil {
		once = *c.HTTP
	}
	once.Timeout, once.Jar = 0, nil // ctx has the limit
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	if err != nil {
		return nil, c.lost(r, err)
	}
	return res, nil
}

const rootCall = "root"

func (r request) name() string {
	if r.call == "" {
		return rootCall
	}
	return r.call
}

// fail completes e with what was called.
func (c *Client) fail(r request, e *Error) error {
	e.Call, e.Address = r.name(), c.address()
	e.Key, e.Message = scrub(e.Key, c.Server.Secret), scrub(e.Message, c.Server.Secret)
	return e
}

// lost is for a call without an answer.
func (c *Client) lost(r request, err error) error {
	var whole *url.Error
	if errors.As(err, &whole) {
		err = whole.Err
	}
	return &transportError{call: r.name(), address: c.address(), err: err}
}

// address is the API's, fit for logs whatever was configured.
func (c *Client) address() string {
	u, err := url.Parse(c.Server.URL)
	if err != nil {
		return "?"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func redirected(status int, location string) *Error {
	e := &Error{Status: status, kind: ErrRedirect, Message: "fix the server's URL"}
	if u, err := url.Parse(location); err == nil && u.Host != "" {
		e.Message = fmt.Sprintf("to %s://%s: fix the server's URL", u.Scheme, u.Host)
	} else if err == nil {
		e.Message = fmt.Sprintf("to its %s: fix the server's URL", u.EscapedPath())
	}
	return e
}

func (c *Client) now() time.Time {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return now()
}
