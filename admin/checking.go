package admin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// A Mark says how something is.
type Mark string

// The marks.
const (
	Good  Mark = "good"
	Note  Mark = "waiting" // good to know, or not known
	Needs Mark = "needs"   // somebody has to do something
)

// A Finding is what a check has found: its texts are "check.CODE" and, unless
// it is Good, "check.CODE.cure".
type Finding struct {
	Mark   Mark
	Code   string
	Detail string // in the words of who was asked, short. May be empty
}

// clockMost is how far apart clocks may be: Moodle's tokens live 60 s, and both
// sides allow for less.
const clockMost = 30 * time.Second

// Check asks the platform for its keys and for an access token, and compares
// clocks: what each launch and each grade will need.
func (s *Platforms) Check(ctx context.Context, by Actor, id string) ([]Finding, error) {
	p, err := s.Find(ctx, by, See, id)
	if err != nil {
		return nil, err
	}
	spelled, err := s.misspelled(ctx, p)
	if err != nil {
		return nil, err
	}
	return append(s.checked(ctx, p), spelled...), nil
}

// Try is Check for a platform that isn't registered so far: of what can be
// asked already.
func (s *Platforms) Try(ctx context.Context, by Actor, p Platform) ([]Finding, error) {
	if !by.Somewhere(EditPlatforms) {
		return nil, ErrForbidden
	}
	wrong := map[string]bool{}
	for _, f := range p.Flaws(s.Loopback) {
		wrong[f.Field] = true
	}
	var found []Finding
	if !wrong["jwks_url"] && !wrong["issuer"] {
		found = append(found, s.checkKeys(ctx, p)...)
		same, err := s.Store.RegisteredAs(ctx, p.ClientID)
		if err != nil {
			return nil, fmt.Errorf("client id %s: %w", p.ClientID, err)
		}
		if !wrong["client_id"] && !wrong["token_url"] && !foreign(by, p, same) {
			found = append(found, s.checkToken(ctx, p)...)
		}
	}
	return found, nil
}

func (s *Platforms) checked(ctx context.Context, p Platform) []Finding {
	var keys, token []Finding
	var wait sync.WaitGroup
	wait.Go(func() { keys = s.checkKeys(ctx, p) })
	wait.Go(func() { token = s.checkToken(ctx, p) })
	wait.Wait()
	found := append(keys, token...)
	if strings.HasSuffix(p.Issuer, "/") {
		found = append(found, Finding{Note, "issuer_slash", p.Issuer})
	}
	if len(p.Deployments) == 0 && !p.AdoptDeployments {
		found = append(found, Finding{Needs, "no_deployment", ""})
	}
	return found
}

func (s *Platforms) checkKeys(ctx context.Context, p Platform) []Finding {
	set, err := s.Probe.KeySet(ctx, p.Registration)
	if err != nil {
		return []Finding{{Needs, "keys_" + unreachable(err), wordsOf(err)}}
	}
	found := []Finding{{Mark: Good, Code: "keys"}}
	if set.Usable == 0 {
		found[0] = Finding{Needs, "keys_none", strings.Join(set.LeftOut, "; ")}
	}
	switch {
	case !set.HasTime:
	case set.Ahead.Abs() <= clockMost:
		found = append(found, Finding{Mark: Good, Code: "clock"})
	case set.Ahead > 0:
		found = append(found, Finding{Needs, "clock_ahead", set.Ahead.String()})
	default:
		found = append(found, Finding{Needs, "clock_behind", (-set.Ahead).String()})
	}
	return found
}

func (s *Platforms) checkToken(ctx context.Context, p Platform) []Finding {
	deployment := ""
	if ids := slices.Sorted(maps.Keys(p.Deployments)); len(ids) > 0 {
		deployment = ids[0]
	}
	err := s.Probe.Token(ctx, p.Registration, deployment)
	var refused *lti.ServiceError
	switch {
	case err == nil:
		return []Finding{{Mark: Good, Code: "token"}}
	case errors.Is(err, lti.ErrNotGranted):
		return []Finding{{Mark: Note, Code: "token_none"}}
	case errors.As(err, &refused) && refused.KeyRefused():
		return []Finding{{Needs, "token_key", refused.Reason}}
	case errors.As(err, &refused) && refused.ScopeRefused():
		return []Finding{{Needs, "token_scope", refused.Reason}}
	case errors.As(err, &refused):
		return []Finding{{Needs, "token_refused", refused.Error()}}
	}
	why := unreachable(err)
	if why == "refused" { // as said of the connection, and not by the platform
		why = "refused_connection"
	}
	return []Finding{{Needs, "token_" + why, wordsOf(err)}}
}

// unreachable says why an address gave no good answer: "blocked", "name",
// "refused", "slow", "certificate", "tls" or "unreadable".
func unreachable(err error) string {
	var blocked *lti.AddressError
	var name *net.DNSError
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &blocked):
		return "blocked"
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &certificate), errors.As(err, &unknown):
		return "certificate"
	case errors.As(err, &record):
		return "tls"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "slow"
	case errors.As(err, &network) && network.Op == "dial":
		return "refused"
	}
	return "unreadable"
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// detailMost is what a page shows of an error's own words, in bytes.
const detailMost = 300

func wordsOf(err error) string {
	text := err.Error()
	if len(text) > detailMost {
		text = strings.ToValidUTF8(text[:detailMost], "") + " …"
	}
	return text
}
