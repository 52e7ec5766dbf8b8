package lti

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Names of LTI Dynamic Registration 1.0.
const (
	platformConfiguration = "https://purl.imsglobal.org/spec/lti-platform-configuration"
	toolConfiguration     = "https://purl.imsglobal.org/spec/lti-tool-configuration"
	canvasAccountName     = "https://canvas.instructure.com/lti/account_name"

	nrpsScope         = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
	registrationScope = "https://purl.imsglobal.org/spec/lti-reg/scope/registration"
)

// Belonging is how a configuration and the issuer that it names belong
// together.
type Belonging string

const (
	// OwnIssuer: the configuration stands at the issuer's own host.
	OwnIssuer Belonging = "own"
	// SharedIssuer: all schools of a vendor have the issuer, and all addresses
	// are at the vendor's hosts, wherever the configuration stands.
	SharedIssuer Belonging = "shared"
	// DoubtfulIssuer: a vendor's issuer with addresses elsewhere. A Canvas that
	// a school runs itself may be like that, and so may somebody who wants to
	// pass for one: a person who knows the school has to say yes.
	DoubtfulIssuer Belonging = "doubtful"
)

// An Offer is what a platform says of itself to whom it invites to register.
type Offer struct {
	Issuer, AuthURL, TokenURL, JWKSURL string
	TokenAudience                      string   // empty: TokenURL
	Algorithms                         []string // as in Registration
	Family                             Family
	Product, Version                   string // in the platform's own words; may be empty
	Account                            string // of the school there; may be empty
	Origin                             string // of the configuration: scheme, host and port
	Belongs                            Belonging

	endpoint   string // where to register; its query may be a secret
	messages   said
	placements map[MessageType]said
	scopes     said
	claims     said
	variables  said
}

// Name is what to call the platform until somebody says better.
func (o Offer) Name() string {
	if o.Account != "" {
		return o.Account
	}
	for _, address := range []string{o.Origin, o.Issuer} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			return u.Host
		}
	}
	return o.Issuer
}

// said is a list of what is supported. One that isn't there, or is empty, says
// nothing.
type said map[string]bool

func (s said) allows(name string) bool { return len(s) == 0 || s[name] }

func saidIn(list jsonText) said {
	texts, _ := list.texts()
	s := said{}
	for _, text := range texts {
		s[strings.TrimPrefix(text, "$")] = true
	}
	return s
}

// parseOffer reads the configuration that came from an address (Dynamic
// Registration 1.0, 3.4).
func parseOffer(body []byte, from *url.URL, insecure bool) (Offer, *RegistrationError) {
	configuration, err := parseJSONObject(body, 32)
	if err != nil {
		return Offer{}, &RegistrationError{Code: CodeRegistrationUnreadable, Err: err}
	}
	o := Offer{Origin: origin(from), scopes: saidIn(configuration.at("scopes_supported")), claims: saidIn(configuration.at("claims_supported"))}
	if refused := o.addresses(configuration, insecure); refused != nil {
		return Offer{}, refused
	}
	if refused := o.belong(from); refused != nil {
		return Offer{}, refused
	}
	if refused := o.algorithms(configuration); refused != nil {
		return Offer{}, refused
	}
	o.platform(configuration.at(platformConfiguration))
	if audience, _ := configuration.at("authorization_server").text(); audience != "" {
		// Canvas names a bare host there, which it doesn't take as an audience.
		if _, err := absoluteURL(audience, insecure); err == nil && audience != o.TokenURL {
			o.TokenAudience = audience
		}
	}
	return o, nil
}

var (
	errMissing  = errors.New("it is missing or no text")
	errInIssuer = errors.New("an issuer has no query and no fragment")
)

// addresses reads all addresses. Only the token endpoint may be missing: then
// the platform offers no services.
func (o *Offer) addresses(configuration jsonObject, insecure bool) *RegistrationError {
	for _, address := range []struct {
		name     string
		value    *string
		optional bool
	}{
		{"issuer", &o.Issuer, false}, {"authorization_endpoint", &o.AuthURL, false}, {"jwks_uri", &o.JWKSURL, false},
		{"token_endpoint", &o.TokenURL, true}, {"registration_endpoint", &o.endpoint, false},
	} {
		text, _ := configuration.at(address.name).text()
		if text == "" {
			if address.optional && configuration.at(address.name) == nil {
				continue
			}
			if address.name == "registration_endpoint" {
				return &RegistrationError{Code: CodeRegistrationUnsupported, Err: errMissing}
			}
			return incomplete(address.name, errMissing)
		}
		u, err := absoluteURL(text, insecure)
		if err == nil && address.name == "issuer" && (len(text) > maxIssuer || u.RawQuery != "" || u.ForceQuery || u.Fragment != "") {
			err = errInIssuer
		}
		if err != nil {
			return incomplete(address.name, err)
		}
		*address.value = text
	}
	return nil
}

func incomplete(name string, err error) *RegistrationError {
	return &RegistrationError{Code: CodeRegistrationIncomplete, Words: name, Err: err}
}

// belong compares the issuer with the address that its configuration came
// from. Only whoever has the issuer's host may say where its keys are.
func (o *Offer) belong(from *url.URL) *RegistrationError {
	issuer, err := url.Parse(o.Issuer)
	if err != nil {
		return incomplete("issuer", err)
	}
	i := slices.IndexFunc(sharedIssuers, func(s sharedIssuer) bool { return s.issuer == strings.TrimSuffix(o.Issuer, "/") })
	switch {
	case i >= 0 && o.within(sharedIssuers[i]):
		o.Belongs = SharedIssuer
	case origin(issuer) == origin(from):
		o.Belongs = OwnIssuer
	case i >= 0:
		o.Belongs = DoubtfulIssuer
	default:
		return &RegistrationError{
			Code: CodeRegistrationIssuer, Words: cleanText(o.Issuer, maxReason),
			Err: errors.New("the configuration came from " + origin(from)),
		}
	}
	return nil
}

// within reports whether all that a launch trusts, all that gets a token of
// ours, and who gives us a client id, is at the vendor's hosts.
func (o *Offer) within(s sharedIssuer) bool {
	for _, address := range []string{o.AuthURL, o.JWKSURL, o.TokenURL, o.endpoint} {
		u, err := url.Parse(address)
		if err != nil || address != "" && (u.Scheme != "https" || !s.has(strings.ToLower(u.Hostname()))) {
			return false
		}
	}
	return true
}

// algorithms takes those that we know; RS256 is the one of a platform that
// says nothing.
func (o *Offer) algorithms(configuration jsonObject) *RegistrationError {
	if ours := saidIn(configuration.at("token_endpoint_auth_signing_alg_values_supported")); !ours.allows("RS256") {
		return &RegistrationError{Code: CodeRegistrationAlgorithm, Err: errors.New("it takes no RS256 from us")}
	}
	offered := saidIn(configuration.at("id_token_signing_alg_values_supported"))
	if len(offered) == 0 {
		return nil
	}
	for _, name := range []string{"RS256", "RS384", "RS512", "ES256"} {
		if _, known := algorithms[name]; known && offered[name] {
			o.Algorithms = append(o.Algorithms, name)
		}
	}
	if len(o.Algorithms) == 0 {
		return &RegistrationError{Code: CodeRegistrationAlgorithm, Err: errors.New("it signs with nothing that we know")}
	}
	if slices.Equal(o.Algorithms, []string{"RS256"}) {
		o.Algorithms = nil
	}
	return nil
}

// platform reads what the platform says of itself, all of which is optional.
func (o *Offer) platform(value jsonText) {
	p, _ := value.object()
	code, _ := p.at("product_family_code").text()
	version, _ := p.at("version").text()
	account, _ := p.at(canvasAccountName).text()
	o.Family = familyOf(code)
	o.Product, o.Version, o.Account = cleanText(code, maxName), cleanText(version, maxName), cleanText(account, maxName)
	o.variables = saidIn(p.at("variables"))
	o.messages, o.placements = messagesIn(p.at("messages_supported"))
}

// messagesIn reads a list of messages with their placements: objects, or bare
// names.
func messagesIn(value jsonText) (said, map[MessageType]said) {
	messages, placements := said{}, map[MessageType]said{}
	list, _ := value.list()
	for _, member := range list {
		name, bare := member.text()
		if !bare {
			o, _ := member.object()
			name, _ = o.at("type").text()
			if kind := MessageType(name); kind == ResourceLinkRequest || kind == DeepLinkingRequest {
				if placements[kind] == nil {
					placements[kind] = said{}
				}
				for place := range saidIn(o.at("placements")) {
					placements[kind][place] = true
				}
			}
		}
		if name != "" {
			messages[name] = true
		}
	}
	return messages, placements
}
