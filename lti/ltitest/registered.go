package ltitest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	toolConfiguration = "https://purl.imsglobal.org/spec/lti-tool-configuration"
	scopeRegistration = "https://purl.imsglobal.org/spec/lti-reg/scope/registration"
	canvasPrivacy     = "https://canvas.instructure.com/lti/privacy_level"

	maxRegistration = 300_000 // Sakai's limit
)

// serveRegistrations takes the registration of a new tool, or of one that is
// there (Dynamic Registration 1.0, 3.5).
func (l *LMS) serveRegistrations(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how := l.behaviour.Registering
	if r.Method != http.MethodPost { // Moodle takes no PUT here
		l.refuseRegistration(w, registrationRefusal{status: http.StatusBadRequest, words: "invalid_method"})
		return
	}
	invitation := l.invited(r, how.TokenIn)
	if invitation == nil {
		l.refuseRegistration(w, l.uninvited(r, how))
		return
	}
	if l.register(w, r, invitation.updates) {
		invitation.used = true
	}
}

// uninvited is the refusal of a request that shows no good invitation. The
// caller holds mu.
func (l *LMS) uninvited(r *http.Request, how Registering) registrationRefusal {
	token, shown := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	i := l.invitations[token]
	switch {
	case how.TokenIn != "endpoint" && !shown:
		return registrationRefusal{status: how.TokenStatus, words: "missing_registration_token"}
	case how.Errors == "text" && i == nil:
		return registrationRefusal{status: http.StatusNotFound, words: "Wrong number of segments", exception: true}
	case how.Errors == "text" && !i.used:
		return registrationRefusal{status: http.StatusNotFound, words: "Expired token", exception: true}
	}
	return registrationRefusal{status: how.TokenStatus, words: "token_already_used"}
}

// serveRegistration changes a registration at its own address, for who has an
// access token of the tool (Dynamic Registration 1.0, 3.6).
func (l *LMS) serveRegistration(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := r.PathValue("tool")
	g, ok := l.tokens.grants[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case l.behaviour.Registering.Updates != "put" || r.Method != http.MethodPut:
		l.refuseRegistration(w, registrationRefusal{status: http.StatusMethodNotAllowed, words: "invalid_method"})
	case !ok || l.clock().After(g.expires) || g.tool != id || !slices.Contains(g.scopes, scopeRegistration):
		l.refuseRegistration(w, registrationRefusal{status: http.StatusUnauthorized, words: "invalid_token"})
	default:
		l.register(w, r, id)
	}
}

// register makes a tool, or changes one that is there, and answers.
func (l *LMS) register(w http.ResponseWriter, r *http.Request, updates string) bool {
	how := l.behaviour.Registering
	request, refusal := readRegistration(r)
	if refusal == nil {
		refusal = checkRegistration(how, request)
	}
	if refusal == nil {
		refusal = l.checkDomain(request, updates)
	}
	if refusal != nil {
		l.refuseRegistration(w, *refusal)
		return false
	}
	tool := l.toolOf(request)
	if updates != "" {
		before := l.campus.tools[l.campus.mustTool(updates)]
		tool.ID, tool.ClientID, tool.DeploymentID, tool.Pending = before.ID, before.ClientID, before.DeploymentID, before.Pending
		l.campus.tools[l.campus.mustTool(updates)] = tool
	} else {
		l.identify(&tool)
		l.campus.tools = append(l.campus.tools, tool)
	}
	answer := l.registrationAnswer(request, tool)
	if how.AnswerAs != nil {
		how.AnswerAs(answer)
	}
	status := how.Status
	if status == 0 || updates != "" {
		status = http.StatusOK
	}
	writeJSON(w, status, "application/json; charset=utf-8", answer)
	return true
}

func readRegistration(r *http.Request) (map[string]any, *registrationRefusal) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil, &registrationRefusal{status: http.StatusUnsupportedMediaType, words: "invalid_content_type"}
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxRegistration+1))
	if err != nil || len(raw) > maxRegistration {
		return nil, &registrationRefusal{status: http.StatusBadRequest, words: "JSON too long"}
	}
	var request map[string]any
	if err := json.Unmarshal(raw, &request); err != nil {
		return nil, &registrationRefusal{status: http.StatusBadRequest, words: "Badly formatted JSON"}
	}
	return request, nil
}

// checkRegistration makes the checks of all platforms, in Moodle's order and
// words.
func checkRegistration(how Registering, request map[string]any) *registrationRefusal {
	for _, name := range []string{
		"response_types", "initiate_login_uri", "redirect_uris", "client_name", "jwks_uri", "token_endpoint_auth_method", toolConfiguration,
	} {
		if request[name] == nil {
			return &registrationRefusal{status: http.StatusBadRequest, words: "missing required attribute " + name}
		}
	}
	tool, _ := request[toolConfiguration].(map[string]any)
	domain, _ := tool["domain"].(string)
	grants := stringsIn(request["grant_types"])
	switch {
	case !slices.Contains(stringsIn(request["response_types"]), "id_token"):
		return &registrationRefusal{status: http.StatusBadRequest, words: "invalid_response_types"}
	case request["application_type"] != "web":
		return &registrationRefusal{status: http.StatusBadRequest, words: "invalid_application_type"}
	case request["token_endpoint_auth_method"] != "private_key_jwt":
		return &registrationRefusal{status: http.StatusBadRequest, words: "invalid_token_endpoint_auth_method"}
	case !slices.Contains(grants, "implicit") || !slices.Contains(grants, "client_credentials"):
		return &registrationRefusal{status: http.StatusBadRequest, words: "invalid_grant_types"}
	case domain == "":
		return &registrationRefusal{status: http.StatusBadRequest, words: "missing_domain"}
	case len(stringsIn(request["redirect_uris"])) == 0:
		return &registrationRefusal{status: http.StatusBadRequest, words: "missing required attribute redirect_uris"}
	}
	if _, ok := request["scope"].(string); !ok {
		return &registrationRefusal{status: http.StatusBadRequest, words: "scope is no text"}
	}
	return checkMessages(how, tool, domain)
}

// checkMessages wants each address in the domain, with its port, and only what
// the LMS has.
func checkMessages(how Registering, tool map[string]any, domain string) *registrationRefusal {
	addresses := []any{tool["target_link_uri"]}
	messages, _ := tool["messages"].([]any)
	for _, member := range messages {
		message, _ := member.(map[string]any)
		addresses = append(addresses, message["target_link_uri"])
		kind, _ := message["type"].(string)
		if kind != "LtiResourceLinkRequest" && kind != "LtiDeepLinkingRequest" {
			return &registrationRefusal{status: http.StatusBadRequest, words: "unknown message " + kind}
		}
		places := stringsIn(message["placements"])
		if how.NeedsPlacements && len(places) == 0 {
			return &registrationRefusal{status: http.StatusBadRequest, words: "a message without placements: " + kind}
		}
		for _, place := range places {
			if !how.NoLists && !slices.Contains(how.Placements[kind], place) {
				return &registrationRefusal{status: http.StatusBadRequest, words: "unknown placement " + place}
			}
		}
	}
	for _, address := range addresses {
		text, _ := address.(string)
		if u, err := url.Parse(text); err != nil || u.Host != domain {
			return &registrationRefusal{status: http.StatusBadRequest, words: "domain_targetlinkuri_mismatch"}
		}
	}
	return nil
}

// checkDomain makes the checks that look at the world outside of the request.
func (l *LMS) checkDomain(request map[string]any, updates string) *registrationRefusal {
	how := l.behaviour.Registering
	launch, _ := request[toolConfiguration].(map[string]any)["target_link_uri"].(string)
	if how.OneDomain && slices.ContainsFunc(l.campus.tools, func(t Tool) bool {
		return t.ID != updates && sameHost(t.LaunchURL, launch)
	}) {
		return &registrationRefusal{status: http.StatusBadRequest, words: "The domain is used by another registration"}
	}
	if how.ReachesKeys {
		keys, _ := request["jwks_uri"].(string)
		l.mu.Unlock() // the tool may look at us meanwhile
		_, err := l.fetchToolKeys(keys)
		l.mu.Lock()
		if err != nil {
			return &registrationRefusal{status: http.StatusBadRequest, words: "The keyset can't be reached"}
		}
	}
	return nil
}

// toolOf is the tool that a request describes, as far as this LMS grants it.
func (l *LMS) toolOf(request map[string]any) Tool {
	text := func(of map[string]any, name string) string { s, _ := of[name].(string); return s }
	configuration, _ := request[toolConfiguration].(map[string]any)
	how := l.behaviour.Registering
	tool := Tool{
		Name: text(request, "client_name"), LoginURL: text(request, "initiate_login_uri"), JWKSURL: text(request, "jwks_uri"),
		LaunchURL: text(configuration, "target_link_uri"), RedirectURIs: stringsIn(request["redirect_uris"]),
		LineItems: LineItemsNone, NoDeepLinking: true, Pending: how.Pending, Registered: true, LinkFields: map[string]string{},
	}
	tool.DeepLinkingURL = tool.LaunchURL
	scopes := l.granted(strings.Fields(text(request, "scope")))
	switch {
	case slices.Contains(scopes, scopeLineItem):
		tool.LineItems = LineItemsFull
	case slices.Contains(scopes, scopeScore):
		tool.LineItems = LineItemsReadOnly
	}
	tool.Roster = slices.Contains(scopes, scopeRoster)
	for _, member := range l.grantedMessages(configuration) {
		if member["type"] == "LtiDeepLinkingRequest" {
			tool.NoDeepLinking, tool.DeepLinkingURL = false, text(member, "target_link_uri")
		}
	}
	claims := stringsIn(configuration["claims"])
	tool.ShareName, tool.ShareEmail = slices.Contains(claims, "name"), slices.Contains(claims, "email")
	if how.Family == "canvas" { // the claims don't matter there
		level := text(configuration, canvasPrivacy)
		tool.ShareName, tool.ShareEmail = level == "public" || level == "name_only", level == "public" || level == "email_only"
	}
	custom, _ := configuration["custom_parameters"].(map[string]any)
	for name := range custom {
		tool.LinkFields[name] = text(custom, name)
	}
	return tool
}

// granted are the scopes of a list that the LMS has and doesn't drop.
func (l *LMS) granted(asked []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(name string) bool {
		return !slices.Contains(allScopes, name) || slices.Contains(l.behaviour.Registering.Drops, name)
	})
}

// grantedMessages are a configuration's messages with the placements that
// aren't dropped.
func (l *LMS) grantedMessages(configuration map[string]any) []map[string]any {
	drops := l.behaviour.Registering.Drops
	messages := []map[string]any{}
	all, _ := configuration["messages"].([]any)
	for _, member := range all {
		message, _ := member.(map[string]any)
		if kind, _ := message["type"].(string); slices.Contains(drops, kind) {
			continue
		}
		message = maps.Clone(message)
		if places := stringsIn(message["placements"]); len(places) > 0 {
			message["placements"] = slices.DeleteFunc(places, func(place string) bool { return slices.Contains(drops, place) })
		}
		messages = append(messages, message)
	}
	return messages
}

// identify gives a new tool its ids.
func (l *LMS) identify(tool *Tool) {
	how := l.behaviour.Registering
	tool.ID = l.campus.number()
	switch how.ClientIDs {
	case "number":
		tool.ClientID = "1000000000" + fmt.Sprintf("%04s", tool.ID)
	case "uuid":
		tool.ClientID = uuid()
	default:
		tool.ClientID = rand.Text()[:15]
	}
	switch how.Deployment {
	case "one":
		tool.DeploymentID = "1"
	case "uuid":
		tool.DeploymentID = uuid()
	case "later":
		if !tool.Pending {
			tool.DeploymentID = uuid()
		}
	default:
		tool.DeploymentID = tool.ID
	}
}

func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// registrationAnswer is the registration as it was stored.
func (l *LMS) registrationAnswer(request map[string]any, tool Tool) map[string]any {
	how := l.behaviour.Registering
	answer := maps.Clone(request)
	configuration, _ := request[toolConfiguration].(map[string]any)
	configuration = maps.Clone(configuration)
	answer[toolConfiguration] = configuration
	answer["client_id"] = tool.ClientID
	if how.Deployment != "later" {
		configuration["deployment_id"] = tool.DeploymentID
	}
	if how.Updates == "put" {
		answer["registration_client_uri"] = l.address("/lti/registrations/" + tool.ID)
	}
	if how.Echo {
		return answer
	}
	asked, _ := request["scope"].(string)
	answer["scope"] = strings.Join(l.granted(strings.Fields(asked)), " ")
	messages := l.grantedMessages(configuration)
	if how.Terse {
		terse := []map[string]any{}
		for _, message := range messages {
			if message["type"] == "LtiDeepLinkingRequest" {
				terse = append(terse, map[string]any{"type": message["type"], "target_link_uri": message["target_link_uri"]})
			}
		}
		messages = terse
	}
	configuration["messages"] = messages
	return answer
}

func stringsIn(v any) []string {
	list, _ := v.([]any)
	var texts []string
	for _, member := range list {
		if text, ok := member.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
