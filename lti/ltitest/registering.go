package ltitest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// invitationLife is how long a registration token is good.
const invitationLife = time.Hour

// An invitation lets a tool register once.
type invitation struct {
	token   string
	made    time.Time
	used    bool
	updates string // Tool.ID of the tool to change; "": a new one
}

// RegisterOptions change a registration. The zero value is one as it should be.
type RegisterOptions struct {
	Update  string                 // Tool.ID of a tool to register anew
	Link    func(query url.Values) // changes what is added to the tool's link
	Browser *Browser               // of the LMS's admin; nil: a new one
}

// Invite is the address that the LMS opens when its admin pastes a tool's
// registration link. Its token is good once, for an hour.
func (l *LMS) Invite(link string, o RegisterOptions) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", fmt.Errorf("registration link: %w", err)
	}
	l.mu.Lock()
	r, token := l.behaviour.Registering, random(24)
	l.invitations[token] = &invitation{token: token, made: l.clock(), updates: o.Update}
	l.mu.Unlock()
	if r.Off {
		return "", errors.New("ltitest: this LMS registers no tools by a link")
	}
	configuration := url.Values{}
	if r.KeyedQuery {
		configuration.Set("key", "7")
		configuration.Set("clientId", "of-the-key")
	}
	if r.TokenIn != "parameter" {
		configuration.Set("registration_token", token)
	}
	address := l.address("/lti/openid-configuration")
	if len(configuration) > 0 {
		address += "?" + configuration.Encode()
	}
	query := u.Query()
	query.Set("openid_configuration", address)
	if r.TokenIn != "endpoint" {
		query.Set("registration_token", token)
	}
	if o.Link != nil {
		o.Link(query)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// OpenRegistration opens a tool's registration link as the LMS does whose admin
// has pasted it: in a frame of the LMS's page, or in a tab.
func (l *LMS) OpenRegistration(link string, o RegisterOptions) (*Page, error) {
	address, err := l.Invite(link, o)
	if err != nil {
		return nil, err
	}
	b := o.Browser
	if b == nil {
		b = NewBrowser()
	}
	if behaviour, _ := l.present(); behaviour.Registering.Framed {
		return b.GetFramed(l.address("/admin"), address)
	}
	return b.Get(address)
}

// issuer is what the LMS calls itself in all that it says.
func (l *LMS) issuer() string {
	if own := l.behaviour.Registering.Issuer; own != "" {
		return own
	}
	return l.URL()
}

// invited finds the invitation that a request shows. It is nil for a token
// that is used up, too old or unknown; the caller holds mu.
func (l *LMS) invited(r *http.Request, where string) *invitation {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if where == "endpoint" {
		token = r.URL.Query().Get("registrationToken")
	}
	i := l.invitations[token]
	if i == nil || i.used || l.clock().Sub(i.made) > invitationLife {
		return nil
	}
	return i
}

// serveConfiguration says what the LMS is (Dynamic Registration 1.0, 3.4).
func (l *LMS) serveConfiguration(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.behaviour
	how := b.Registering
	query := r.URL.Query()
	token := query.Get("registration_token")
	switch {
	case how.Off:
		http.NotFound(w, r)
		return
	case how.KeyedQuery && (query.Get("key") == "" || query.Get("clientId") == ""):
		http.Error(w, "Missing clientId", http.StatusBadRequest)
		return
	case how.BearerForAll && l.invited(r, "header") == nil,
		how.TokenIn != "parameter" && l.invitations[token] == nil:
		l.refuseRegistration(w, registrationRefusal{status: how.TokenStatus, words: "invalid_token"})
		return
	}
	configuration := l.configuration(how, token)
	if how.ConfigurationAs != nil {
		how.ConfigurationAs(configuration)
	}
	writeJSON(w, http.StatusOK, "application/json", configuration)
}

func (l *LMS) configuration(how Registering, token string) map[string]any {
	algorithms := []string{"RS256"}
	if how.Algorithms != "" {
		algorithms = strings.Fields(how.Algorithms)
	}
	endpoint := l.address("/lti/registrations")
	if how.TokenIn == "endpoint" {
		endpoint += "?registrationToken=" + url.QueryEscape(token)
	}
	configuration := map[string]any{
		"issuer": l.issuer(), "authorization_endpoint": l.authURL(), "token_endpoint": l.address("/lti/token"),
		"jwks_uri": l.address("/lti/certs"), "registration_endpoint": endpoint,
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": algorithms,
		"id_token_signing_alg_values_supported":            algorithms,
		"response_types_supported":                         []string{"id_token"},
		"subject_types_supported":                          []string{"public", "pairwise"},
	}
	if how.KeysPerClient {
		configuration["jwks_uri"] = l.address("/.well-known/jwks.json")
	}
	if how.NoEndpoint {
		delete(configuration, "registration_endpoint")
	}
	if how.AuthServer {
		configuration["authorization_server"] = l.audience()
	}
	platform := map[string]any{"product_family_code": how.Family, "version": "1", "variables": []string{"Context.id", "User.username"}}
	if !how.NoLists {
		configuration["scopes_supported"] = append([]string{"openid"}, allScopes...)
		configuration["claims_supported"] = []string{"sub", "iss", "name", "given_name", "family_name", "email"}
		platform["messages_supported"] = messagesSupported(how)
	}
	if how.Family == "canvas" {
		platform["https://canvas.instructure.com/lti/account_name"] = l.name
	}
	configuration["https://purl.imsglobal.org/spec/lti-platform-configuration"] = platform
	return configuration
}

var allScopes = []string{
	scopeLineItem, scopeLineItemRead, scopeResultRead, scopeScore, scopeRoster, scopeRegistration,
}

func messagesSupported(how Registering) []map[string]any {
	var messages []map[string]any
	for _, kind := range []string{"LtiResourceLinkRequest", "LtiDeepLinkingRequest"} {
		message := map[string]any{"type": kind}
		if places := how.Placements[kind]; len(places) > 0 {
			message["placements"] = places
		}
		messages = append(messages, message)
	}
	return messages
}

// A registrationRefusal is a registration that the LMS doesn't make.
type registrationRefusal struct {
	status    int
	words     string
	exception bool // Moodle didn't expect it
}

// exceptionPage is Moodle's page, as far as it matters.
const exceptionPage = `<!DOCTYPE html>
<html><head><title>Error</title></head><body><div data-rel="fatalerror" class="box py-3 errorbox alert alert-danger">` +
	`<p class="errormessage">Exception - %s</p><p class="errorcode"><a href="https://docs.moodle.org/">More information about this error</a></p>` +
	`</div></body></html>`

func (l *LMS) refuseRegistration(w http.ResponseWriter, refusal registrationRefusal) {
	l.log.Info("registration refused", "status", refusal.status, "reason", refusal.words)
	switch l.behaviour.Registering.Errors {
	case "text": // Moodle's are no HTML, and say that they are; its exceptions are pages
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		words := refusal.words
		if refusal.exception {
			words = fmt.Sprintf(exceptionPage, words)
		}
		w.WriteHeader(refusal.status)
		fmt.Fprint(w, words)
	case "status":
		w.WriteHeader(refusal.status)
	case "message":
		writeJSON(w, refusal.status, "application/json", map[string]any{"errorMessage": refusal.words})
	default:
		writeJSON(w, refusal.status, "application/json",
			map[string]any{"error": "invalid_client_metadata", "error_description": refusal.words})
	}
}

// ActivateTool is the LMS's admin who switches on a tool that registered
// itself, and so makes its deployment where there is none yet.
func (l *LMS) ActivateTool(id string) Tool {
	l.mu.Lock()
	defer l.mu.Unlock()
	tool := &l.campus.tools[l.campus.mustTool(id)]
	tool.Pending = false
	if tool.DeploymentID == "" {
		tool.DeploymentID = l.campus.number() + ":" + strings.ToLower(random(20))
	}
	return *tool
}

// registerPage opens a tool's registration link, in a frame or instead of the
// page, as the platform does.
func (l *LMS) registerPage(w http.ResponseWriter, r *http.Request) {
	address, err := l.Invite(r.URL.Query().Get("link"), RegisterOptions{})
	if u, parsed := url.Parse(address); err != nil || parsed != nil || u.Scheme != "http" && u.Scheme != "https" {
		l.pages.problem(w, http.StatusBadRequest, problemPage{l.shell("Not registered"), "That is no registration link, or this LMS takes none."})
		return
	}
	if b, _ := l.present(); !b.Registering.Framed {
		http.Redirect(w, r, address, http.StatusSeeOther)
		return
	}
	l.pages.show(w, http.StatusOK, "register", registerPage{shell: l.shell("Register a tool"), Source: address, Back: l.base.Path + "/admin"})
}

func (l *LMS) activate(w http.ResponseWriter, r *http.Request) {
	if _, ok := l.FindTool(r.PathValue("tool")); !ok {
		l.notFound(w)
		return
	}
	l.ActivateTool(r.PathValue("tool"))
	http.Redirect(w, r, l.base.Path+"/admin", http.StatusSeeOther)
}

// Tools returns the registered tools, oldest first.
func (l *LMS) Tools() []Tool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Tool(nil), l.campus.tools...)
}
