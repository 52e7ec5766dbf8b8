package ltitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A deepLink is a choice of content under way.
type deepLink struct {
	pending  *pending
	settings deepLinkingSettings
	used     bool
}

// deepLinkingSettings are what the answer is held to.
type deepLinkingSettings struct {
	AcceptTypes    []string `json:"accept_types"`
	AcceptMultiple bool     `json:"accept_multiple"`
	AcceptLineItem *bool    `json:"accept_lineitem"`
	Data           *string  `json:"data"`
}

// DeepLinkAnswer is what came of one deep linking response.
type DeepLinkAnswer struct {
	Course, Person string // ids; empty if the response belongs to no request
	Reason         string // why it was refused; "" if it was accepted
	Claims         map[string]any
	Message        string // for the person: msg or errormsg
	Links          []Link // made of it
}

// DeepLinkAnswers returns all deep linking responses, refused ones too.
func (l *LMS) DeepLinkAnswers() []DeepLinkAnswer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.launches.answers)
}

// deepLinkingSettings returns the claim (deep linking 2.0, 4.4.1).
func (l *LMS) deepLinkingSettings(p *pending) map[string]any {
	query := url.Values{"course": {p.course.ID}, "id": {p.tool.ID}, "key": {p.returnKey}}
	settings := map[string]any{
		"deep_link_return_url":                 l.address("/lti/contentitem?" + query.Encode()),
		"accept_types":                         []string{"ltiResourceLink"},
		"accept_presentation_document_targets": []string{"frame", "iframe", "window"},
		"accept_multiple":                      true,
		"accept_unsigned":                      false,
		"auto_create":                          false,
		"title":                                p.tool.Name,
		"text":                                 "",
	}
	if l.behaviour.AcceptsLineItem {
		settings["accept_lineitem"] = true
	}
	if prefix := l.behaviour.DataPrefix; prefix != "" {
		settings["data"] = prefix + p.tool.ID
	}
	if p.changes.Settings != nil {
		p.changes.Settings(settings)
	}
	return settings
}

// awaitItems remembers what the tool was asked, as it was asked.
func (l *LMS) awaitItems(p *pending, claims map[string]any) {
	raw, err := json.Marshal(claims[dlClaim+"deep_linking_settings"])
	if err != nil {
		panic(fmt.Sprintf("ltitest: deep linking settings: %v", err))
	}
	var settings deepLinkingSettings
	// What a test spoiled on purpose asks for nothing.
	_ = json.Unmarshal(raw, &settings)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.launches.deep[p.returnKey] = &deepLink{pending: p, settings: settings}
}

// serveDeepLinkResponse takes the tool's answer, which the browser posts.
func (l *LMS) serveDeepLinkResponse(w http.ResponseWriter, r *http.Request) {
	answer, err := l.takeAnswer(r)
	page := addedPage{shell: l.shell("Added to the course"), Message: answer.Message, Links: answer.Links}
	if answer.Person != "" {
		page.Back = l.coursePath(answer.Person, answer.Course)
	}
	status := http.StatusOK
	if err != nil {
		answer.Reason, answer.Links = err.Error(), nil
		page.Title, page.Problem, page.Links = "Nothing was added", answer.Reason, nil
		status = http.StatusBadRequest
		l.log.Info("deep linking response refused", "err", err)
	}
	l.mu.Lock()
	l.launches.answers = append(l.launches.answers, answer)
	l.mu.Unlock()
	l.pages.show(w, status, "added", page)
}

func (l *LMS) takeAnswer(r *http.Request) (DeepLinkAnswer, error) {
	jwt, err := answerJWT(r)
	if err != nil {
		return DeepLinkAnswer{}, err
	}
	l.mu.Lock()
	deep, ok := l.launches.deep[r.URL.Query().Get("key")]
	l.mu.Unlock()
	if !ok {
		return DeepLinkAnswer{}, errors.New("the return URL's query is not the one that was sent")
	}
	answer := DeepLinkAnswer{Course: deep.pending.course.ID, Person: deep.pending.person.ID}
	t, err := parseToken(jwt)
	if err != nil {
		return answer, fmt.Errorf("JWT: %w", err)
	}
	answer.Claims = t.claims
	if err := l.checkAnswer(t, deep); err != nil {
		return answer, err
	}
	answer.Message = t.claim(dlClaim+"msg") + t.claim(dlClaim+"errormsg")
	links, err := contentItems(t.claims, deep)
	if err != nil {
		return answer, err
	}
	answer.Links, err = l.useAnswer(t, deep, links)
	return answer, err
}

// answerJWT reads the form: a POST with one field, JWT (deep linking 2.0, 4.4).
func answerJWT(r *http.Request) (string, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" {
		return "", fmt.Errorf("%s of %q is not a POST of a form", r.Method, kind)
	}
	if err := r.ParseForm(); err != nil {
		return "", fmt.Errorf("form: %w", err)
	}
	if len(r.PostForm) != 1 || len(r.PostForm["JWT"]) != 1 {
		return "", errors.New("the form has not exactly one field JWT")
	}
	return r.PostForm.Get("JWT"), nil
}

// checkAnswer makes the checks of the response's own claims (deep linking
// 2.0, 4.5).
func (l *LMS) checkAnswer(t token, deep *deepLink) error {
	_, now := l.present()
	l.mu.Lock()
	issuer := l.issuer()
	l.mu.Unlock()
	tool := deep.pending.tool
	if err := l.verifyByTool(t, tool); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if err := t.fresh(now, 30*time.Second, 5*time.Minute); err != nil {
		return err
	}
	if _, ok := t.claims["azp"]; ok && t.claim("azp") != issuer {
		return errors.New("azp is not the platform")
	}
	for _, want := range []struct{ name, value string }{
		{"iss", tool.ClientID},
		{"aud", issuer}, // as a plain string: Chamilo compares no list
		{ltiClaim + "deployment_id", tool.DeploymentID},
		{ltiClaim + "message_type", "LtiDeepLinkingResponse"},
		{ltiClaim + "version", "1.3.0"},
	} {
		if t.claims[want.name] != want.value {
			return fmt.Errorf("%s is %v, not %q", want.name, t.claims[want.name], want.value)
		}
	}
	data, ok := t.claims[dlClaim+"data"]
	switch given := deep.settings.Data; {
	case given == nil && ok:
		return errors.New("data was not given")
	case given != nil && data != *given:
		return fmt.Errorf("data is %v, not %q", data, *given)
	}
	return nil
}

// useAnswer uses up nonce and request, and makes the links.
func (l *LMS) useAnswer(t token, deep *deepLink, links []Link) ([]Link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	nonce := t.claim("nonce")
	if nonce == "" || l.launches.nonces[nonce] {
		return nil, errors.New("nonce is missing or was used before")
	}
	if deep.used {
		return nil, errors.New("this request was answered before")
	}
	if l.behaviour.NeedsItems && len(links) == 0 {
		return nil, errors.New("no content items")
	}
	l.launches.nonces[nonce], deep.used = true, true
	for i := range links {
		if l.behaviour.DropsCustom {
			links[i].Custom, links[i].LineItem = nil, nil
		}
		links[i] = l.addLink(links[i])
	}
	return links, nil
}

// A contentItem of type ltiResourceLink (deep linking 2.0, 3.3).
type contentItem struct {
	Type     string            `json:"type"`
	URL      string            `json:"url"`
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	Custom   map[string]string `json:"custom"`
	LineItem *struct {
		Label        string  `json:"label"`
		ScoreMaximum float64 `json:"scoreMaximum"`
		ResourceID   string  `json:"resourceId"`
		Tag          string  `json:"tag"`
	} `json:"lineItem"`
}

// contentItems reads the items of an answer as links to be made.
func contentItems(claims map[string]any, deep *deepLink) ([]Link, error) {
	list, ok := claims[dlClaim+"content_items"].([]any)
	if !ok {
		return nil, errors.New("content_items is missing or no list")
	}
	if len(list) > 1 && !deep.settings.AcceptMultiple {
		return nil, fmt.Errorf("%d content items where one is accepted", len(list))
	}
	var links []Link
	for i, raw := range list {
		link, err := itemLink(raw, deep)
		if err != nil {
			return nil, fmt.Errorf("content item %d: %w", i, err)
		}
		links = append(links, link)
	}
	return links, nil
}

func itemLink(raw any, deep *deepLink) (Link, error) {
	item, err := parseItem(raw)
	if err != nil {
		return Link{}, err
	}
	tool := deep.pending.tool
	if !slices.Contains(deep.settings.AcceptTypes, item.Type) || item.Type != "ltiResourceLink" {
		return Link{}, fmt.Errorf("type %q is not accepted", item.Type)
	}
	if item.URL != "" && !sameHost(item.URL, tool.LaunchURL) {
		return Link{}, fmt.Errorf("url %q is not the tool's", item.URL)
	}
	link := Link{
		Course: deep.pending.course.ID, Tool: tool.ID, Title: item.Title, Description: item.Text,
		TargetLinkURI: item.URL, Custom: item.Custom,
	}
	if link.Title == "" {
		link.Title = tool.Name
	}
	if item.LineItem == nil {
		return link, nil
	}
	if item.LineItem.ScoreMaximum <= 0 {
		return Link{}, errors.New("lineItem.scoreMaximum is not above 0")
	}
	accepted := deep.settings.AcceptLineItem
	if tool.LineItems != LineItemsNone && (accepted == nil || *accepted) {
		link.LineItem = &LineItem{
			ScoreMaximum: item.LineItem.ScoreMaximum, ResourceID: item.LineItem.ResourceID, Tag: item.LineItem.Tag,
		}
	}
	return link, nil
}

// parseItem reads an item and refuses wrong types, null in custom among them.
func parseItem(raw any) (contentItem, error) {
	var item contentItem
	members, ok := raw.(map[string]any)
	if !ok {
		return item, errors.New("not an object")
	}
	if custom, ok := members["custom"].(map[string]any); ok {
		for name, value := range custom {
			if value == nil {
				return item, fmt.Errorf("custom %s is null", name)
			}
		}
	}
	encoded, err := json.Marshal(members)
	if err != nil {
		return item, err
	}
	return item, json.Unmarshal(encoded, &item)
}

func sameHost(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host && x.Host != ""
}
