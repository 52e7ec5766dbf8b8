package lti

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

const maxClientID = 2048

// Registered is what a registration has come to.
type Registered struct {
	Registration Registration // without ID; Name is a suggestion
	Family       Family
	Product      string // in the platform's own words, as Version; may be empty
	Version      string
	Asked        Features
	Granted      Features // what the answer doesn't speak of is as asked
	Deployment   string   // empty: the platform names it at the first launch
	ClientURI    string   // where the client can be updated; empty: nowhere
	Updated      bool     // a client that we had was updated at its ClientURI
}

// Dropped is what was asked for and not granted.
func (r Registered) Dropped() Features {
	return Features{
		Messages:   without(r.Asked.Messages, r.Granted.Messages),
		Placements: without(r.Asked.Placements, r.Granted.Placements),
		Scopes:     without(r.Asked.Scopes, r.Granted.Scopes),
		Claims:     without(r.Asked.Claims, r.Granted.Claims),
		Custom:     without(r.Asked.Custom, r.Granted.Custom),
	}
}

func without[T comparable](list, taken []T) []T {
	var rest []T
	for _, member := range list {
		if !slices.Contains(taken, member) {
			rest = append(rest, member)
		}
	}
	return rest
}

// Grades reports whether scores can be sent at all.
func (f Features) Grades() bool { return slices.Contains(f.Scopes, AGSScore) }

// parseRegistered reads the answer of a platform (Dynamic Registration 1.0,
// 3.5.2).
func parseRegistered(body []byte, o Offer, asked Features, insecure bool) (Registered, *RegistrationError) {
	answer, err := parseJSONObject(body, 32)
	if err != nil {
		return Registered{}, &RegistrationError{Code: CodeRegistrationUnreadable, Err: err}
	}
	client, ok := answer.at("client_id").id()
	if !ok || client == "" || len(client) > maxClientID || cleanText(client, maxClientID) != client {
		return Registered{}, &RegistrationError{Code: CodeRegistrationNoClientID, Err: errors.New("client_id is missing or can't be one")}
	}
	tool, _ := answer.at(toolConfiguration).object()
	r := Registered{
		Family: o.Family, Product: o.Product, Version: o.Version, Asked: asked, Granted: asked,
		Deployment: deploymentIn(tool, answer), ClientURI: o.clientURI(answer, insecure),
		Registration: Registration{
			Name: o.Name(), Issuer: o.Issuer, ClientID: client, AuthURL: o.AuthURL, TokenURL: o.TokenURL,
			JWKSURL: o.keySetOf(client), TokenAudience: o.TokenAudience, Algorithms: slices.Clone(o.Algorithms),
			Deployments: map[string]bool{},
		},
	}
	if r.Deployment != "" {
		r.Registration.Deployments[r.Deployment] = true
	}
	r.Registration.AdoptDeployments = r.Deployment == "" || manyDeployments[o.Family]
	// The pages of a school aren't at the host of an issuer that many share.
	if o.Belongs != OwnIssuer {
		r.Registration.FrameAncestors = []string{o.Origin}
	}
	r.Granted = granted(asked, answer, tool)
	return r, nil
}

// deploymentIn is the deployment that the answer names. What can't be an id
// names none.
func deploymentIn(objects ...jsonObject) string {
	for _, o := range objects {
		if id, ok := o.at("deployment_id").id(); ok && id != "" && len(id) <= maxID {
			return id
		}
	}
	return ""
}

// clientURI is where the client can be updated. A token goes there, so it is
// at the host where we registered, or at the issuer's.
func (o Offer) clientURI(answer jsonObject, insecure bool) string {
	text, _ := answer.at("registration_client_uri").text()
	u, err := absoluteURL(text, insecure)
	if err != nil {
		return ""
	}
	for _, address := range []string{o.endpoint, o.Issuer} {
		if known, err := url.Parse(address); err == nil && origin(known) == origin(u) {
			return text
		}
	}
	return ""
}

// keySetOf is the address of the keys that sign for a client. Blackboard names
// one address for all and signs with the client's own.
func (o Offer) keySetOf(client string) string {
	root, forAll := strings.CutSuffix(o.JWKSURL, "/.well-known/jwks.json")
	if o.Family != FamilyBlackboard || !forAll {
		return o.JWKSURL
	}
	return root + "/api/v1/management/applications/" + url.PathEscape(client) + "/jwks.json"
}

// granted is what the answer leaves of what was asked. A list that isn't there
// says nothing; one that is there counts, be it empty.
func granted(asked Features, answer, tool jsonObject) Features {
	g := asked
	if scopes, ok := answer.at("scope").texts(); ok {
		g.Scopes = keep(asked.Scopes, strings.Fields(strings.Join(scopes, " ")))
	}
	if claims, ok := tool.at("claims").texts(); ok {
		g.Claims = keep(asked.Claims, claims)
	}
	if custom, err := tool.at("custom_parameters").object(); err == nil {
		g.Custom = slices.DeleteFunc(slices.Clone(asked.Custom), func(name string) bool { return !custom.has(name) })
	}
	if _, ok := tool.at("messages").list(); ok {
		messages, placements := messagesIn(tool.at("messages"))
		// A resource link needs no message of its own: Moodle names none.
		g.Messages = slices.DeleteFunc(slices.Clone(asked.Messages), func(m MessageType) bool {
			return m != ResourceLinkRequest && !messages[string(m)]
		})
		g.Placements = keptPlaces(asked, g.Messages, placements)
	}
	return g
}

// keptPlaces are the placements of messages that are still there. A message
// without any says nothing of them (Moodle).
func keptPlaces(asked Features, messages []MessageType, placements map[MessageType]said) []string {
	var all []string
	silent := false
	for _, m := range messages {
		if len(placements[m]) == 0 {
			silent = true
		}
		for place := range placements[m] {
			all = append(all, place)
		}
	}
	if silent && len(all) == 0 && len(messages) == len(asked.Messages) {
		return asked.Placements
	}
	return keep(asked.Placements, all)
}

func keep(asked, there []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(name string) bool { return !slices.Contains(there, name) })
}
