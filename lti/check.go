package lti

import (
	"crypto/hmac"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	skew        = time.Minute // between the platform's clock and ours
	maxTokenAge = stateLife   // no token answers a login older than that
	clockAlarm  = 30 * time.Second
)

// A checker makes the checks of one token's claims, in the order of their
// numbers in docs/conformance.md. It stops at the first that fails.
type checker struct {
	tool         *Tool
	registration Registration
	state        loginState
	now          time.Time
	claims       *claims
	launch       Launch
}

// identity makes checks V10 to V12: whose token it is, and for whom.
func (c *checker) identity() error {
	r := c.registration
	if iss, _ := c.claims.member("iss").text(); iss != r.Issuer {
		return refuse(CodeIssMismatch, "received iss %.200q, registered %q", c.claims.member("iss"), r.Issuer).with(r.Issuer, iss)
	}
	audiences, err := c.audiences()
	if err != nil {
		return err
	}
	azp := c.claims.member("azp")
	if azp == nil && len(audiences) > 1 {
		return refuse(CodeAzpMismatch, "several audiences, and no azp")
	}
	if text, _ := azp.text(); azp != nil && text != r.ClientID {
		return refuse(CodeAzpMismatch, "azp %.200q, client id %q", azp, r.ClientID).with(r.ClientID, text)
	}
	return nil
}

// audiences makes check V11.
func (c *checker) audiences() ([]string, error) {
	r, aud := c.registration, c.claims.member("aud")
	audiences, _ := aud.texts()
	if members, isList := aud.list(); isList && len(members) != len(audiences) {
		return nil, refuse(CodeAudMismatch, "aud has a member that isn't a string")
	}
	if !slices.Contains(audiences, r.ClientID) {
		return nil, refuse(CodeAudMismatch, "aud %.200q, client id %q", aud, r.ClientID).with(r.ClientID, strings.Join(audiences, ", "))
	}
	for _, audience := range audiences {
		if audience != r.ClientID && !slices.Contains(r.TrustedAudiences, audience) {
			return nil, refuse(CodeAudMismatch, "audience %.200q is not trusted", audience).with(r.ClientID, strings.Join(audiences, ", "))
		}
	}
	return audiences, nil
}

// times makes check V13.
func (c *checker) times() error {
	expires, ok := c.claims.time("exp")
	if !ok {
		return refuse(CodeExpired, "exp %.100q", c.claims.member("exp"))
	}
	issued, ok := c.claims.time("iat")
	if !ok {
		return refuse(CodeIatInvalid, "iat %.100q", c.claims.member("iat"))
	}
	c.watchClock(issued)
	switch {
	case !c.now.Before(expires.Add(skew)):
		return c.untimely(refuse(CodeExpired, "exp %v, now %v", expires, c.now), expires, issued)
	case issued.After(c.now.Add(skew)), issued.Before(c.now.Add(-maxTokenAge - skew)), !expires.After(issued):
		return c.untimely(refuse(CodeIatInvalid, "iat %v, exp %v, now %v", issued, expires, c.now), issued, issued)
	}
	if c.claims.member("nbf") != nil {
		if begins, ok := c.claims.time("nbf"); !ok || begins.After(c.now.Add(skew)) {
			return c.untimely(refuse(CodeNotYetValid, "nbf %.100q, now %v", c.claims.member("nbf"), c.now), begins, issued)
		}
	}
	c.launch.IssuedAt = issued
	return nil
}

// untimely adds the time that came, and by how much the clocks differ: a token
// is issued a moment before it comes.
func (c *checker) untimely(r *Refusal, got, issued time.Time) *Refusal {
	r.Of.ClockAhead = issued.Sub(c.now).Round(time.Second)
	return r.with(c.now.UTC().Format(time.RFC3339), got.UTC().Format(time.RFC3339))
}

// watchClock warns early: a Moodle token lives 60 s, so 90 s between the
// clocks break every launch.
func (c *checker) watchClock(issued time.Time) {
	if difference := c.now.Sub(issued); difference.Abs() > clockAlarm {
		c.tool.log().Warn("platform's clock differs, or the launch was slow", "platform", c.registration.Name, "difference", difference)
	}
}

// nonce makes the part of check V14 that needs no memory: the token answers
// this very login.
func (c *checker) nonce() error {
	nonce, ok := c.claims.member("nonce").text()
	if !ok || !c.state.Nonce.is(nonce) {
		return refuse(CodeNonceMismatch, "nonce %.200q is not the login's", c.claims.member("nonce"))
	}
	c.launch.Nonce = nonce
	// The nonce counts only together with its state, which is refused after
	// stateLife, or after windowLife more in a new window.
	c.launch.NonceExpires = c.state.Created.Add(stateLife + windowLife + skew)
	return nil
}

// adoptMost is how many deployments a platform has before no more are adopted:
// all of them are held in memory.
const adoptMost = 5000

// deployment makes check V15.
func (c *checker) deployment() error {
	id, ok := c.claims.member(claimDeploymentID).id()
	if !ok || id == "" || len(id) > maxID {
		return refuse(CodeDeploymentMissing, "deployment_id %.300q", c.claims.member(claimDeploymentID))
	}
	if c.state.HasDeployment && !c.state.Deployment.is(id) {
		return refuse(CodeDeploymentMismatch, "deployment_id %.200q is not the login's", id).with("", id)
	}
	active, known := c.registration.Deployments[id]
	adopts := c.registration.AdoptDeployments && len(c.registration.Deployments) < adoptMost
	if known && !active || !known && !adopts {
		known := slices.Sorted(maps.Keys(c.registration.Deployments))
		refusal := refuse(CodeDeploymentUnknown, "deployment_id %.200q", id).with(strings.Join(known[:min(len(known), 5)], ", "), id)
		refusal.Of.DeploymentID = id
		return refusal
	}
	c.launch.DeploymentID, c.launch.NewDeployment = id, !known
	return nil
}

// message makes checks V16 and V17.
func (c *checker) message() error {
	version := c.claims.member(claimVersion)
	if version == nil {
		return refuse(CodeVersionMissing, "no version")
	}
	if text, _ := version.text(); text != ltiVersion {
		return refuse(CodeVersionUnsupported, "version %.100q", version).with(ltiVersion, string(version))
	}
	message := c.claims.member(claimMessageType)
	if message == nil {
		return refuse(CodeMessageMissing, "no message_type")
	}
	text, _ := message.text()
	switch c.launch.Message = MessageType(text); c.launch.Message {
	case ResourceLinkRequest, DeepLinkingRequest:
		return nil
	}
	return refuse(CodeMessageUnsupported, "message_type %.100q", message).with("", string(message))
}

// person makes checks V18 and V19.
func (c *checker) person() error {
	roles, ok := c.claims.member(claimRoles).texts()
	if !ok {
		return refuse(CodeRolesMissing, "roles %.100q", c.claims.member(claimRoles))
	}
	c.launch.RawRoles = roles[:min(len(roles), maxRoles)]
	c.launch.Roles = ParseRoles(c.launch.RawRoles)

	sub := c.claims.member("sub")
	id, ok := sub.id()
	if sub != nil && !ok || len(id) > maxID {
		return refuse(CodeSubMissing, "sub %.300q", sub)
	}
	if id == "" && !c.registration.AllowAnonymous {
		return refuse(CodeSubMissing, "no sub, and anonymous launches are not allowed")
	}
	c.launch.User = c.claims.user(id)
	return nil
}

// link makes checks V20 and V21 of a resource link launch.
func (c *checker) link() error {
	link := c.claims.object(claimResourceLink)
	id, ok := link.at("id").id()
	if !ok && link.at("id") != nil || len(id) > maxID {
		return refuse(CodeResourceLinkMissing, "resource_link.id %.300q", link.at("id"))
	}
	if id == "" && c.registration.LinkFromDeployment {
		id = c.launch.DeploymentID
	}
	if id == "" {
		return refuse(CodeResourceLinkMissing, "no resource_link.id")
	}
	c.launch.ResourceLink = ResourceLink{
		ID:          id,
		Title:       link.clean("title", maxTitle),
		Description: link.clean("description", maxDescription),
	}
	target := c.claims.member(claimTargetLinkURI)
	if target == nil {
		return refuse(CodeTargetMissing, "no target_link_uri")
	}
	return c.target(target)
}

// target makes the second half of V21. The claim counts, because it is
// signed; the login's may differ (Chamilo, Sakai).
func (c *checker) target(claim jsonText) error {
	uri, _ := claim.text()
	if err := c.tool.ownURL(uri); err != nil {
		return refuse(CodeTargetInvalid, "target_link_uri %.200q: %w", claim, err).with(c.tool.launchURL(), uri)
	}
	if !c.state.Target.is(uri) {
		c.tool.log().Info("target_link_uri is not the login's", "platform", c.registration.Name, "target", uri)
	}
	c.launch.TargetLinkURI = uri
	return nil
}

// deepLinking makes check V22 of a deep linking request. Its target_link_uri
// isn't required, and its resource_link (Blackboard) means nothing.
func (c *checker) deepLinking() error {
	settings, err := c.claims.deepLinkingSettings(c.tool.InsecureLoopback)
	if err != nil {
		return refuse(CodeDeepLinkingInvalid, "%w", err)
	}
	c.launch.DeepLinking = settings
	if target := c.claims.member(claimTargetLinkURI); target != nil {
		return c.target(target)
	}
	return nil
}

// optional makes checks V23 and V24: what is of a wrong shape is left out,
// but an id that can't be one refuses the launch.
func (c *checker) optional() error {
	l, insecure := &c.launch, c.tool.InsecureLoopback
	l.Context = c.claims.context()
	l.Platform = c.claims.platform()
	if len(l.Context.ID) > maxID {
		return refuse(CodeContextIDInvalid, "context.id has %d bytes", len(l.Context.ID))
	}
	if len(l.Platform.GUID) > maxID {
		return refuse(CodePlatformGUIDInvalid, "tool_platform.guid has %d bytes", len(l.Platform.GUID))
	}
	if l.DeepLinking != nil {
		l.DeepLinking.EmptyCancels = emptyCancels(l.Platform)
	}
	l.Presentation = c.claims.presentation(insecure)
	l.Custom = c.claims.custom()
	if c.registration.TokenURL == "" { // no service takes a call of ours (WordPress)
		return nil
	}
	l.Grades = c.claims.endpoint(insecure)
	l.Memberships = c.claims.url(c.claims.object(claimNRPS), "context_memberships_url", insecure)
	return nil
}

// bound makes check V4. It is false without an error if no cookie came back.
func (s loginState) bound(cookie func(string) string) (bool, error) {
	value := ""
	if cookie != nil {
		value = cookie(s.cookieName())
	}
	if value == "" {
		return false, nil
	}
	if got := digestOf(value); !hmac.Equal(got[:], s.Binding[:]) {
		return false, refuse(CodeStateMismatch, "the cookie is another login's")
	}
	return true, nil
}

// epoch reads a NumericDate (RFC 7519, 2), which may have a fraction.
func epoch(seconds float64) (time.Time, bool) {
	if seconds <= 0 || seconds > 1e11 { // ms by mistake, or nonsense
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}
