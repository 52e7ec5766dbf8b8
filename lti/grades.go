package lti

import (
	"context"
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

const (
	maxPages      = 200
	maxListAnswer = 10 << 20
	maxAnswer     = 1 << 20
)

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

// pages calls each with every member of a list and of the pages that follow.
func (g *Grades) pages(ctx context.Context, grant grant, address, name, accept string, each func(jsonText)) error {
	seen := map[string]bool{}
	for address != "" {
		if seen[address] || len(seen) == maxPages {
			return fmt.Errorf("%s: the list doesn't end", name)
		}
		seen[address] = true
		base, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		result, err := g.Tokens.authorized(ctx, g.HTTP, grant, service{call: name, method: http.MethodGet, address: address, accept: accept, limit: maxListAnswer})
		if err != nil {
			return err
		}
		value, err := parseJSON(result.body)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list, ok := value.list()
		if !ok {
			return fmt.Errorf("%s: %w", name, errShape)
		}
		for _, member := range list {
			each(member)
		}
		if address, err = samePlace(base, nextPage(result.header.Values("Link"), base)); err != nil {
			return fmt.Errorf("%s: next page: %w", name, err)
		}
	}
	return nil
}
