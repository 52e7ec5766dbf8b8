package lti

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Media types of AGS 2.0. A GET names exactly one of them: Moodle refuses
// lists and */*.
const (
	typeLineItem  = "application/vnd.ims.lis.v2.lineitem+json"
	typeLineItems = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	typeResults   = "application/vnd.ims.lis.v2.resultcontainer+json"
	typeScore     = "application/vnd.ims.lis.v1.score+json"
)

// A list is bounded as a whole, however many pages it comes in.
const (
	maxPages   = 200
	maxList    = 20 << 20 // bytes
	maxMembers = 50_000
	maxAnswer  = 1 << 20 // bytes of what is no list
)

// ErrTooMuch is the error of a list that is longer than we read.
var ErrTooMuch = errors.New("the list is longer than we read")

// Grades speaks to the Assignment and Grade Services 2.0 of platforms. Each
// call asks for a token with the least scope that will do, of those that the
// launch listed: Sakai refuses a token altogether for one scope too many.
// Refusals are *ServiceError, ErrNotGranted says that the launch didn't offer
// what the call needs, and the network's errors come as they are.
type Grades struct {
	HTTP   *http.Client // GuardedClient, outside of tests
	Tokens *Tokens
	Now    func() time.Time
}

// grant finds which of the scopes the launch listed; the first one is best.
func (g *Grades) grant(r Registration, deploymentID string, e Endpoint, scopes ...string) (grant, error) {
	if r.TokenURL == "" {
		return grant{}, fmt.Errorf("%s has no token URL: %w", r.Name, ErrNotGranted)
	}
	for _, scope := range scopes {
		if slices.Contains(e.Scopes, scope) {
			return grant{registration: r, deploymentID: deploymentID, scopes: []string{scope}}, nil
		}
	}
	return grant{}, fmt.Errorf("scope %s: %w", strings.Join(scopes, " or "), ErrNotGranted)
}

// pages calls each with every member of a list and of the pages that follow,
// until it returns false.
func (g *Grades) pages(ctx context.Context, grant grant, address, name, accept string, each func(jsonText) bool) error {
	seen := map[string]bool{}
	left, members := int64(maxList), 0
	for address != "" {
		if seen[address] || len(seen) == maxPages {
			return fmt.Errorf("%s: it doesn't end: %w", name, ErrTooMuch)
		}
		seen[address] = true
		list, header, err := g.page(ctx, grant, address, name, accept, &left)
		if err != nil {
			return err
		}
		if members += len(list); members > maxMembers {
			return fmt.Errorf("%s: %w", name, ErrTooMuch)
		}
		for _, member := range list {
			if !each(member) {
				return nil
			}
		}
		base, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if address, err = samePlace(base, nextPage(header.Values("Link"), base)); err != nil {
			return fmt.Errorf("%s: next page: %w", name, err)
		}
	}
	return nil
}

// page reads one page of a list. left is how many bytes it may have.
func (g *Grades) page(ctx context.Context, grant grant, address, name, accept string, left *int64) ([]jsonText, http.Header, error) {
	result, err := g.Tokens.authorized(ctx, g.HTTP, grant, service{call: name, method: http.MethodGet, address: address, accept: accept, limit: *left})
	if errors.Is(err, errTooLarge) {
		err = fmt.Errorf("%s: %w", name, ErrTooMuch)
	}
	if err != nil {
		return nil, nil, err
	}
	*left -= int64(len(result.body))
	value, err := parseJSON(result.body)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	list, ok := value.list()
	if !ok {
		return nil, nil, fmt.Errorf("%s: %w", name, errShape)
	}
	return list, result.header, nil
}
