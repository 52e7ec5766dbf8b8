package lti

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A Card is what a platform is told of us besides our addresses. Languages are
// those of RFC 5646; "en" is the one without a mark.
type Card struct {
	Texts                                 map[string]CardTexts
	IconURL, HomeURL, PolicyURL, TermsURL string // empty: there is none
	Contacts                              []string
	Custom                                map[string]string // custom parameters of each launch; a value may be a $Variable
}

// CardTexts are a Card's texts in one language.
type CardTexts struct {
	Name, Description string
	Open              string // label of what opens a room
	Choose            string // label of what chooses one
}

// Features are what a registration switches on.
type Features struct {
	Messages   []MessageType
	Placements []string
	Scopes     []string
	Claims     []string
	Custom     []string // names of custom parameters
}

// wishes are scopes and claims that we have a use for. The person's address
// isn't one of them.
var (
	wishedScopes = []string{AGSLineItem, AGSLineItemReadOnly, AGSResultReadOnly, AGSScore, nrpsScope}
	wishedClaims = []string{"iss", "sub", "name", "given_name", "family_name", "locale"}
)

// Asks is what we would ask this platform for: what we have a use for, as far
// as it says that it has it, or doesn't say.
func (r *Registrar) Asks(o Offer) Features {
	f := Features{Messages: []MessageType{ResourceLinkRequest}}
	if o.messages.allows(string(DeepLinkingRequest)) {
		f.Messages = append(f.Messages, DeepLinkingRequest)
	}
	for _, message := range f.Messages {
		for _, place := range o.places(message) {
			if !slices.Contains(f.Placements, place) {
				f.Placements = append(f.Placements, place)
			}
		}
	}
	if o.TokenURL != "" {
		f.Scopes = allowed(wishedScopes, o.scopes)
	}
	f.Claims = allowed(wishedClaims, o.claims)
	for _, name := range slices.Sorted(maps.Keys(r.Card.Custom)) {
		if variable, is := strings.CutPrefix(r.Card.Custom[name], "$"); !is || o.variables.allows(variable) {
			f.Custom = append(f.Custom, name)
		}
	}
	return f
}

func allowed(wished []string, offered said) []string {
	return slices.DeleteFunc(slices.Clone(wished), func(name string) bool { return !offered.allows(name) })
}

// places are the placements to ask for. A platform that lists messages without
// places has no use for them, but for a family that needs some.
func (o Offer) places(message MessageType) []string {
	listed := o.placements[message]
	if len(listed) == 0 && o.Family != FamilyCanvas {
		return nil
	}
	return allowed(placementsOf(o.Family, message), listed)
}

// request is the client registration (Dynamic Registration 1.0, 3.5).
func (r *Registrar) request(o Offer) ([]byte, error) {
	own, err := url.Parse(r.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("our public URL: %w", err)
	}
	asks := r.Asks(o)
	launch := r.PublicURL + "/lti/launch"
	tool := map[string]any{
		"domain":          own.Host, // with the port: Moodle compares it with the addresses
		"target_link_uri": launch,
		"claims":          asks.Claims,
		"messages":        r.messages(o, asks, launch),
	}
	r.text(tool, "description", func(t CardTexts) string { return t.Description })
	if len(asks.Custom) > 0 {
		custom := map[string]string{}
		for _, name := range asks.Custom {
			custom[name] = r.Card.Custom[name]
		}
		tool["custom_parameters"] = custom
	}
	if o.Family == FamilyCanvas { // which shares nobody's name unless it is asked to
		tool["https://canvas.instructure.com/lti/privacy_level"] = "name_only"
	}
	registration := map[string]any{
		"application_type":           "web",
		"response_types":             []string{"id_token"},
		"grant_types":                []string{"implicit", "client_credentials"},
		"initiate_login_uri":         r.PublicURL + "/lti/login",
		"redirect_uris":              []string{launch},
		"jwks_uri":                   r.PublicURL + "/.well-known/jwks.json",
		"token_endpoint_auth_method": "private_key_jwt",
		"scope":                      strings.Join(asks.Scopes, " "),
		toolConfiguration:            tool,
	}
	r.text(registration, "client_name", func(t CardTexts) string { return t.Name })
	for name, value := range map[string]string{
		"logo_uri": r.Card.IconURL, "client_uri": r.Card.HomeURL, "policy_uri": r.Card.PolicyURL, "tos_uri": r.Card.TermsURL,
	} {
		if value != "" {
			registration[name] = value
		}
	}
	if len(r.Card.Contacts) > 0 {
		registration["contacts"] = r.Card.Contacts
	}
	return json.Marshal(registration)
}

func (r *Registrar) messages(o Offer, asks Features, launch string) []map[string]any {
	list := []map[string]any{}
	for _, kind := range asks.Messages {
		message := map[string]any{"type": kind, "target_link_uri": launch}
		label := func(t CardTexts) string { return t.Open }
		if kind == DeepLinkingRequest {
			label = func(t CardTexts) string { return t.Choose }
		}
		r.text(message, "label", label)
		if r.Card.IconURL != "" {
			message["icon_uri"] = r.Card.IconURL
		}
		places := o.places(kind)
		switch {
		case len(places) > 0:
			message["placements"] = places
		case o.Family == FamilyCanvas: // which takes no message without one
			continue
		}
		if slices.Contains(places, "course_navigation") { // a teacher switches it on
			message["https://canvas.instructure.com/lti/course_navigation/default_enabled"] = false
			message["https://canvas.instructure.com/lti/visibility"] = "members"
		}
		list = append(list, message)
	}
	return list
}

// text adds a text in all its languages: "name", "name#de" (OpenID Connect
// Dynamic Client Registration 1.0, 2.1).
func (r *Registrar) text(to map[string]any, name string, of func(CardTexts) string) {
	for language, texts := range r.Card.Texts {
		text := of(texts)
		switch {
		case text == "":
		case language == "en":
			to[name] = text
		default:
			to[name+"#"+language] = text
		}
	}
}
