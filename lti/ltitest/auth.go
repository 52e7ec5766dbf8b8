package ltitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// An authRefusal is an authentication request that was wrong. Without a Code
// the tool hears nothing: only the person sees a page.
type authRefusal struct {
	Code        string
	Description string
}

// authParameters are all that an authentication request may have (OpenID
// Connect core 3.2.2.1; security framework 5.1.1.2).
var authParameters = []string{
	"scope", "response_type", "response_mode", "prompt", "client_id",
	"redirect_uri", "login_hint", "lti_message_hint", "state", "nonce",
}

// serveAuth is the authentication endpoint: the tool sends the browser here,
// and here it gets the form with the ID token.
func (l *LMS) serveAuth(w http.ResponseWriter, r *http.Request) {
	values, err := authValues(r)
	if err != nil {
		l.authPage(w, err.Error())
		return
	}
	if reason := l.takeOwn(values); reason != "" {
		l.authPage(w, reason)
		return
	}
	p, refusal := l.checkAuth(values)
	switch {
	case refusal == nil:
		l.respond(w, p, values)
	case refusal.Code == "":
		l.authPage(w, refusal.Description)
	default:
		l.respondError(w, values, *refusal)
	}
}

func authValues(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("unreadable parameters: %w", err)
	}
	switch r.Method {
	case http.MethodGet:
		return r.Form, nil
	case http.MethodPost:
		return r.PostForm, nil
	}
	return nil, fmt.Errorf("method %s", r.Method)
}

// takeOwn takes the endpoint's own parameters out, which a tool must keep as
// they are.
func (l *LMS) takeOwn(v url.Values) (wrong string) {
	behaviour, _ := l.present()
	for name := range strings.SplitSeq(behaviour.AuthQuery, "&") {
		if own, ok := v[name]; name != "" && (!ok || len(own) != 1 || own[0] != "") {
			return "the endpoint's own parameter is missing or changed: " + name
		}
		delete(v, name)
	}
	return ""
}

// checkAuth finds the launch of an authentication request and uses it up.
func (l *LMS) checkAuth(v url.Values) (*pending, *authRefusal) {
	if reason := wrongParameters(v); reason != "" {
		return nil, &authRefusal{"", reason}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tool, ok := first(l.campus.tools, func(t Tool) bool { return t.ClientID == v.Get("client_id") })
	if !ok {
		return nil, &authRefusal{"", "unknown client_id"}
	}
	if !slices.Contains(tool.RedirectURIs, v.Get("redirect_uri")) {
		return nil, &authRefusal{"", "redirect_uri is not a registered one: " + v.Get("redirect_uri")}
	}
	if v.Get("scope") != "openid" {
		return nil, &authRefusal{"", "scope is not openid"}
	}
	if v.Get("nonce") == "" || v.Get("state") == "" {
		return nil, &authRefusal{"", "nonce or state is missing"}
	}
	p, ok := l.launches.find(v.Get("lti_message_hint"), v.Get("login_hint"))
	if !ok || p.hint != v.Get("lti_message_hint") || p.tool.ClientID != tool.ClientID {
		return nil, &authRefusal{"", "lti_message_hint is not the one that was sent, or too old"}
	}
	if refusal := wrongValues(v, p); refusal != nil {
		return nil, refusal
	}
	if p.used && !l.behaviour.HintsReusable {
		return nil, &authRefusal{"", "this launch was used before; start again from the course"}
	}
	p.used = true
	return p, nil
}

func wrongParameters(v url.Values) string {
	for name, values := range v {
		if !slices.Contains(authParameters, name) {
			return "unknown parameter " + name
		}
		if len(values) != 1 {
			return "parameter more than once: " + name
		}
	}
	return ""
}

// wrongValues makes the checks whose outcome the tool hears.
func wrongValues(v url.Values, p *pending) *authRefusal {
	switch {
	case v.Get("response_type") != "id_token":
		return &authRefusal{"unsupported_response_type", "response_type is not id_token"}
	case v.Get("response_mode") != "form_post":
		return &authRefusal{"invalid_request", "response_mode is not form_post"}
	case v.Get("prompt") != "none":
		return &authRefusal{"invalid_request", "prompt is not none"}
	case v.Get("login_hint") != p.loginHint:
		return &authRefusal{"login_required", "login_hint is not the person who is signed in"}
	}
	return nil
}

// respond sends the form with the ID token, by way of the browser.
func (l *LMS) respond(w http.ResponseWriter, p *pending, v url.Values) {
	behaviour, _ := l.present()
	action := v.Get("redirect_uri")
	if behaviour.PostsToTarget && !p.deepLinking() {
		action = p.link.TargetLinkURI
	}
	state, nonce := v.Get("state"), v.Get("nonce")
	if behaviour.StripsTags {
		state, nonce = stripTags(state), stripTags(nonce)
	}
	fields := url.Values{"id_token": {l.mint(p, nonce)}, "state": {state}}
	if behaviour.StorageTarget != "" {
		fields.Set("lti_storage_target", behaviour.StorageTarget)
	}
	l.pages.autoSubmit(w, autoSubmitPage{
		shell: l.shell(""), Action: action, Method: http.MethodPost, Fields: fields,
	})
}

// mint makes the ID token of a launch, with the changes asked for.
func (l *LMS) mint(p *pending, nonce string) string {
	l.mu.Lock()
	claims := l.claims(p, nonce)
	keys := l.keys
	l.mu.Unlock()
	changes := p.changes
	if changes.Claims != nil {
		changes.Claims(claims)
	}
	if p.deepLinking() {
		l.awaitItems(p, claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Sprintf("ltitest: claims: %v", err))
	}
	if changes.Payload != nil {
		payload = changes.Payload(payload)
	}
	idToken := keys.sign(changes.Sign, payload, changes.Header)
	if changes.Token != nil {
		idToken = changes.Token(idToken)
	}
	return idToken
}

func (l *LMS) respondError(w http.ResponseWriter, v url.Values, refusal authRefusal) {
	behaviour, _ := l.present()
	fields := url.Values{"error": {refusal.Code}, "error_description": {refusal.Description}}
	if !behaviour.ErrorsWithoutState {
		fields.Set("state", v.Get("state"))
	}
	l.pages.autoSubmit(w, autoSubmitPage{
		shell: l.shell(""), Action: v.Get("redirect_uri"), Method: http.MethodPost, Fields: fields,
	})
}

// authPage is an error page of the LMS itself; the tool hears nothing.
func (l *LMS) authPage(w http.ResponseWriter, reason string) {
	behaviour, _ := l.present()
	l.log.Info("authentication request refused", "reason", reason)
	l.pages.problem(w, behaviour.ErrorPageStatus, problemPage{l.shell("The activity can't be opened"), reason})
}

var tags = regexp.MustCompile(`<[^>]*>?`)

// stripTags does to a value what Moodle does to state and nonce.
func stripTags(s string) string { return tags.ReplaceAllString(s, "") }
