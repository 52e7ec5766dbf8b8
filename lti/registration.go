package lti

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// A Registration is a platform registered with us: the security contract that
// issuer and client id name.
type Registration struct {
	ID, Name string
	Issuer   string // exact: a slash at the end makes another issuer
	ClientID string

	AuthURL, JWKSURL string
	TokenURL         string   // empty: the platform has none, so it offers no services
	TokenAudience    string   // of our client assertions; empty: TokenURL
	Algorithms       []string // of id_tokens; nil: RS256 only. RS384, RS512 and ES256 may be added

	Disabled           bool
	Pending            bool            // it registered itself, and nobody has said yes so far
	Deployments        map[string]bool // by id; false: not active
	AdoptDeployments   bool            // an unknown deployment id is adopted at its first valid launch
	AllowAnonymous     bool            // launches without a sub are accepted
	LinkFromDeployment bool            // a resource_link without id takes the deployment's (OpenOLAT sends {})
	TrustedAudiences   []string        // may stand in aud beside our client id
	FrameAncestors     []string        // origins that may frame us, beside those of Issuer and AuthURL
	// SignsWith is the id of the key that the platform has pasted, so that no
	// other is of use there; empty: it fetches our key set.
	SignsWith string
}

// ErrNoRegistration is what Registration says of an id that it doesn't know.
var ErrNoRegistration = errors.New("no such registration")

// registrations is what Tool needs of the store.
type registrations interface {
	// RegistrationsOf returns all of the issuer, disabled ones too.
	RegistrationsOf(ctx context.Context, issuer string) ([]Registration, error)
	Registration(ctx context.Context, id string) (Registration, error)
	// LookAgain returns when what the two answer is newer than the call, as
	// far as that isn't asked for too often.
	LookAgain(ctx context.Context) error
}

// accepts reports whether r's platform may sign with alg. What a registration
// lists beyond the known algorithms ("none", HS256) is never accepted.
func (r Registration) accepts(alg string) bool {
	if _, known := algorithms[alg]; !known {
		return false
	}
	if r.Algorithms == nil {
		return alg == "RS256"
	}
	return slices.Contains(r.Algorithms, alg)
}

// shut is the code of all refusals of a registration whose launches aren't
// taken; empty if they are.
func (r Registration) shut() string {
	switch {
	case r.Disabled:
		return CodePlatformDisabled
	case r.Pending:
		return CodePlatformPending
	}
	return ""
}

// someDeployment is the first of the active ones, for an assertion that isn't
// about one of them.
func (r Registration) someDeployment() string {
	for _, id := range slices.Sorted(maps.Keys(r.Deployments)) {
		if r.Deployments[id] {
			return id
		}
	}
	return ""
}

// tokenAudience is the aud of our client assertions.
func (r Registration) tokenAudience() string {
	if r.TokenAudience != "" {
		return r.TokenAudience
	}
	return r.TokenURL
}
