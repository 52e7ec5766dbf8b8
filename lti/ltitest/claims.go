package ltitest

import (
	"net/url"
	"strings"
)

// Prefixes of claims and scopes (LTI core 1.3, deep linking 2.0, AGS 2.0,
// NRPS 2.0).
const (
	ltiClaim  = "https://purl.imsglobal.org/spec/lti/claim/"
	dlClaim   = "https://purl.imsglobal.org/spec/lti-dl/claim/"
	agsClaim  = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	nrpsClaim = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

	scopeLineItem     = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
	scopeLineItemRead = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
	scopeResultRead   = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
	scopeScore        = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
	scopeRoster       = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
)

// claims returns the payload of a launch's ID token; the caller holds mu.
func (l *LMS) claims(p *pending, nonce string) map[string]any {
	b, now := l.behaviour, l.clock()
	claims := map[string]any{
		"iss": l.issuer(), "aud": p.tool.ClientID, "sub": p.person.ID, "nonce": nonce,
		"iat": now.Unix(), "exp": now.Add(b.IDTokenLife).Unix(),

		ltiClaim + "version":         "1.3.0",
		ltiClaim + "deployment_id":   p.tool.DeploymentID,
		ltiClaim + "target_link_uri": p.target(),
		ltiClaim + "roles":           rolesIn(b, p.person, p.course.ID),
		ltiClaim + "context": map[string]any{
			"id": p.course.ID, "label": p.course.Label, "title": p.course.Title, "type": []string{"CourseSection"},
		},
		ltiClaim + "tool_platform": map[string]any{
			"guid": l.base.Host, "name": l.name, "product_family_code": l.profile, "version": "1",
		},
		ltiClaim + "launch_presentation": l.presentation(p),
		ltiClaim + "custom":              l.customClaim(p),
	}
	if b.AudienceList {
		claims["aud"] = []string{p.tool.ClientID}
	}
	if b.AuthorizedParty {
		claims["azp"] = p.tool.ClientID
	}
	if len(p.person.Mentors) > 0 && b.Extras != extrasMoodle {
		claims[ltiClaim+"role_scope_mentor"] = p.person.Mentors
	}
	l.messageClaims(claims, p)
	l.serviceClaims(claims, p)
	personClaims(claims, b, p)
	l.extraClaims(claims, p)
	return claims
}

func (l *LMS) messageClaims(claims map[string]any, p *pending) {
	if p.deepLinking() {
		claims[ltiClaim+"message_type"] = "LtiDeepLinkingRequest"
		claims[dlClaim+"deep_linking_settings"] = l.deepLinkingSettings(p)
		if l.behaviour.LinkInDeepLinking {
			claims[ltiClaim+"resource_link"] = map[string]any{"id": p.course.ID}
		}
		return
	}
	claims[ltiClaim+"message_type"] = "LtiResourceLinkRequest"
	link := map[string]any{"id": p.link.ID, "title": p.link.Title, "description": p.link.Description}
	if l.behaviour.Nulls && p.link.Description == "" {
		link["description"] = nil
	}
	claims[ltiClaim+"resource_link"] = link
}

func (l *LMS) serviceClaims(claims map[string]any, p *pending) {
	if scopes := scopesOf(p.tool, false); len(scopes) > 0 {
		endpoint := map[string]any{"scope": scopes, "lineitems": l.lineItemsURL(p.course.ID, p.tool.ID)}
		if items := l.itemsOfLink(p.link.ID); len(items) == 1 && !p.deepLinking() {
			endpoint["lineitem"] = l.lineItemURL(items[0])
		}
		claims[agsClaim] = endpoint
	}
	if p.tool.Roster {
		claims[nrpsClaim] = map[string]any{
			"context_memberships_url": l.rosterURL(p.course.ID, p.tool.ID),
			"service_versions":        []string{"1.0", "2.0"},
		}
	}
}

func personClaims(claims map[string]any, b Behaviour, p *pending) {
	shared := map[string]string{}
	if p.tool.ShareName {
		shared["name"], shared["given_name"], shared["family_name"] = p.person.Name, p.person.Given, p.person.Family
	}
	if p.tool.ShareEmail {
		shared["email"] = p.person.Email
	}
	for _, name := range []string{"name", "given_name", "family_name", "email"} {
		if shared[name] != "" {
			claims[name] = shared[name]
		} else if b.Nulls {
			claims[name] = nil
		}
	}
	if p.person.Locale != "" && b.Extras != extrasMoodle {
		claims["locale"] = p.person.Locale
	}
}

// extraClaims adds what one platform sends besides. Moodle: see
// testdata/moodle; Canvas: nulls, a placement, a full context type.
func (l *LMS) extraClaims(claims map[string]any, p *pending) {
	switch l.behaviour.Extras {
	case extrasMoodle:
		claims[ltiClaim+"ext"] = map[string]any{"user_username": p.person.Username, "lms": "moodle-2"}
		claims[ltiClaim+"lis"] = map[string]any{"person_sourcedid": "", "course_section_sourcedid": p.course.Label}
		if len(l.itemsOfLink(p.link.ID)) > 0 {
			claims["https://purl.imsglobal.org/spec/lti-bo/claim/basicoutcome"] = map[string]any{
				"lis_result_sourcedid":    `{"data":{"instanceid":"` + p.link.ID + `","userid":"` + p.person.ID + `"}}`,
				"lis_outcome_service_url": l.address("/lti/service"),
			}
		}
	case extrasCanvas:
		claims[ltiClaim+"lis"] = map[string]any{"person_sourcedid": nil, "course_offering_sourcedid": p.course.Label}
		claims[ltiClaim+"lti11_legacy_user_id"] = "legacy-" + p.person.ID
		claims["https://www.instructure.com/placement"] = "assignment_view"
		claims[ltiClaim+"context"].(map[string]any)["type"] = []string{vocabulary + "course#CourseOffering"}
	}
}

func (l *LMS) presentation(p *pending) map[string]any {
	target := "window"
	if p.framed {
		target = "iframe"
	}
	presentation := map[string]any{"document_target": target}
	if p.person.Locale != "" {
		presentation["locale"] = p.person.Locale
	}
	if !p.deepLinking() {
		presentation["return_url"] = l.address("/as/" + url.PathEscape(p.person.Username) +
			"/courses/" + url.PathEscape(p.course.ID) + "/return?link=" + url.QueryEscape(p.link.ID))
	}
	return presentation
}

// scopesOf returns what a tool may ask a token for, the roster's scope too if
// asked for.
func scopesOf(t Tool, roster bool) []string {
	var scopes []string
	switch t.LineItems {
	case LineItemsFull:
		scopes = []string{scopeLineItem, scopeLineItemRead, scopeResultRead, scopeScore}
	case LineItemsReadOnly:
		scopes = []string{scopeLineItemRead, scopeResultRead, scopeScore}
	}
	if roster && t.Roster {
		scopes = append(scopes, scopeRoster)
	}
	return scopes
}

// customClaim returns the custom parameters of tool and link, with the
// variables that this LMS knows filled in; the link's win.
func (l *LMS) customClaim(p *pending) any {
	custom := map[string]string{}
	for _, fields := range []map[string]string{p.tool.LinkFields, p.link.Custom} {
		for name, value := range fields {
			value = p.substitute(value)
			custom[name] = value
			if l.behaviour.DoubleCustomNames {
				custom[moodleName(name)] = value
			}
		}
	}
	if len(custom) == 0 && l.behaviour.EmptyAsList {
		return []string{}
	}
	return custom
}

// substitute fills in a variable (LTI core 1.3, appendix B). One that isn't
// known stays as it is.
func (p *pending) substitute(value string) string {
	values := map[string]string{
		"$User.id":                  p.person.ID,
		"$User.username":            p.person.Username,
		"$Person.name.full":         p.person.Name,
		"$Person.name.given":        p.person.Given,
		"$Person.name.family":       p.person.Family,
		"$Person.email.primary":     p.person.Email,
		"$Context.id":               p.course.ID,
		"$Context.title":            p.course.Title,
		"$Context.label":            p.course.Label,
		"$Context.id.history":       "",
		"$ResourceLink.id":          p.link.ID,
		"$ResourceLink.title":       p.link.Title,
		"$ResourceLink.description": p.link.Description,
	}
	if known, ok := values[value]; ok {
		return known
	}
	return value
}

// moodleName is the second name that Moodle gives a custom parameter.
func moodleName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, name)
}
