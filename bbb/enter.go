package bbb

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
)

// enterHops is how many redirects of a join are followed: balancer, node, client.
const enterHops = 6

// An Entrance is how far a join led that was followed as a browser does it.
type Entrance struct {
	Followed bool // up to a page; else what came after the server couldn't be reached from here
	Status   int  // of that page
}

// Enter follows a join as a browser does, up to the client's page, to test a
// server: whoever the page lets in is in. The error says why the server refused.
func (c *Client) Enter(ctx context.Context, r JoinRequest) (Entrance, error) {
	return c.enter(ctx, c.JoinURL(r))
}

// EnterSpoiled is Enter with a signature that isn't right: nil is a server that
// takes it.
func (c *Client) EnterSpoiled(ctx context.Context, r JoinRequest) error {
	address := c.JoinURL(r)
	last := "0"
	if strings.HasSuffix(address, last) {
		last = "1"
	}
	_, err := c.enter(ctx, address[:len(address)-1]+last)
	return err
}

func (c *Client) enter(ctx context.Context, address string) (Entrance, error) {
	start := c.now()
	ctx, cancel := context.WithTimeout(ctx, limit("join"))
	defer cancel()
	e, err := c.followJoin(ctx, address)
	if c.Observe != nil {
		c.Observe("join", outcome(err), c.now().Sub(start))
	}
	return e, err
}

func (c *Client) followJoin(ctx context.Context, address string) (Entrance, error) {
	call := request{call: "join"}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.HTTP != nil {
		browser.Transport = c.HTTP.Transport
	}
	browser.Jar, _ = cookiejar.New(nil) // it never fails
	for hop := range enterHops {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return Entrance{}, c.fail(call, &Error{kind: ErrNotBBB, Message: "it leads to no address"})
		}
		if c.UserAgent != "" {
			req.Header.Set("User-Agent", c.UserAgent)
		}
		res, err := browser.Do(req)
		switch {
		case err != nil && (hop == 0 || ctx.Err() != nil):
			return Entrance{}, c.lost(call, err)
		case err != nil:
			return Entrance{}, nil
		}
		to, err := res.Location()
		if res.StatusCode/100 != 3 || err != nil {
			return c.arrived(ctx, call, hop, res)
		}
		drop(res)
		if failed := ParseJoinErrors(to.RawQuery); len(failed) > 0 {
			return Entrance{}, c.fail(call, &Error{Key: failed[0].Key, Message: failed[0].Message, Status: res.StatusCode})
		}
		address = to.String()
	}
	return Entrance{}, c.fail(call, &Error{kind: ErrRedirect, Message: "again and again"})
}

// arrived reads the page at which a join has ended. The server's own answer is
// one of the API: it says why it sends nobody on.
func (c *Client) arrived(ctx context.Context, call request, hop int, res *http.Response) (Entrance, error) {
	defer drop(res)
	if hop > 0 {
		return Entrance{Followed: true, Status: res.StatusCode}, nil
	}
	_, err := c.answer(ctx, call, res)
	return Entrance{Followed: err == nil, Status: res.StatusCode}, err
}

func drop(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	_ = res.Body.Close()
}

// Webhooks reports whether the server has bbb-webhooks installed, as far as it
// shows. Old ones take SHA-1 alone.
func (c *Client) Webhooks(ctx context.Context) (bool, error) {
	var err error
	for _, algorithm := range []Algorithm{c.Server.Algorithm, SHA1} {
		probe := *c
		probe.Server.Algorithm = algorithm
		if _, err = probe.call(ctx, "hooks/list", query{}); !errors.Is(err, ErrChecksum) {
			break
		}
	}
	var answer *Error
	switch {
	case err == nil, errors.Is(err, ErrChecksum):
		return true, nil
	case errors.As(err, &answer):
		return false, nil
	}
	return false, err
}
