package ltitest

import (
	"fmt"
	"net/http"
	"net/url"
)

// A pending launch has begun and waits for the tool's authentication request.
type pending struct {
	tool      Tool
	course    Course
	link      Link // its ID is empty in deep linking
	person    Person
	framed    bool
	changes   LaunchOptions
	loginHint string
	hint      string // lti_message_hint
	returnKey string // in the deep linking return URL
	used      bool
}

func (p *pending) deepLinking() bool { return p.link.ID == "" }

// target is where the launch should end.
func (p *pending) target() string {
	if p.deepLinking() {
		return p.tool.DeepLinkingURL
	}
	return p.link.TargetLinkURI
}

// launches are the pending ones; LMS.mu guards it.
type launches struct {
	waiting map[string]*pending // by hint, or by login hint when there's no other
	order   []string
	deep    map[string]*deepLink
	answers []DeepLinkAnswer
	nonces  map[string]bool // of deep linking responses
}

// maxWaiting bounds what is remembered of launches that nobody finished, and
// of used hints.
const maxWaiting = 20000

func newLaunches() launches {
	return launches{waiting: map[string]*pending{}, deep: map[string]*deepLink{}, nonces: map[string]bool{}}
}

func (s *launches) add(p *pending) {
	key := p.hint
	if key == "" {
		key = p.loginHint
	}
	if len(s.order) >= maxWaiting {
		delete(s.waiting, s.order[0])
		s.order = s.order[1:]
	}
	s.waiting[key], s.order = p, append(s.order, key)
}

func (s *launches) find(hint, loginHint string) (*pending, bool) {
	if hint == "" {
		hint = loginHint
	}
	p, ok := s.waiting[hint]
	return p, ok
}

// An initiation is the request that begins a launch at the tool (LTI core
// 1.3, 5.1.1.1; security framework, 5.1.1.1).
type initiation struct {
	Action string
	Method string
	Fields url.Values
}

// beginLink begins the launch of an activity.
func (l *LMS) beginLink(link, person string, framed bool, changes LaunchOptions) (initiation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.campus.link(link)
	if !ok {
		return initiation{}, fmt.Errorf("ltitest: no link %q", link)
	}
	return l.begin(&pending{link: k, framed: framed, changes: changes}, k.Course, k.Tool, person)
}

// beginDeepLinking begins the choice of content for a course.
func (l *LMS) beginDeepLinking(course, tool, person string, framed bool, changes LaunchOptions) (initiation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begin(&pending{framed: framed, changes: changes}, course, tool, person)
}

func (l *LMS) begin(p *pending, course, tool, person string) (initiation, error) {
	var known [3]bool
	p.course, known[0] = l.campus.course(course)
	p.tool, known[1] = first(l.campus.tools, func(t Tool) bool { return t.ID == tool })
	p.person, known[2] = l.campus.person(person)
	if known != [3]bool{true, true, true} {
		return initiation{}, fmt.Errorf("ltitest: course %q, tool %q, person %q: known %v", course, tool, person, known)
	}
	switch {
	case p.tool.Pending:
		return initiation{}, fmt.Errorf("ltitest: tool %q waits for the admin of the LMS", tool)
	case p.deepLinking() && p.tool.NoDeepLinking:
		return initiation{}, fmt.Errorf("ltitest: tool %q has no deep linking", tool)
	}
	p.loginHint = l.loginHint(p)
	p.hint = l.messageHint(p)
	p.returnKey = random(12)
	l.launches.add(p)
	return l.initiation(p), nil
}

func (l *LMS) loginHint(p *pending) string {
	if l.behaviour.LoginHintJWT {
		return encode(map[string]any{"alg": "HS256", "typ": "JWT"}, []byte(`{"launch":"`+random(9)+`"}`)) + "." + random(32)
	}
	return p.person.ID
}

func (l *LMS) messageHint(p *pending) string {
	switch l.behaviour.MessageHint {
	case "json":
		if p.deepLinking() {
			return fmt.Sprintf(`{"launchid":"ltilaunch_ContentItemSelectionRequest%s"}`, random(9))
		}
		return fmt.Sprintf(`{"cmid":%q,"launchid":"ltilaunch%s_%s"}`, p.link.ID, p.link.ID, random(9))
	case "jwt":
		return encode(map[string]any{"alg": "HS256", "typ": "JWT"}, []byte(`{"verifier":"`+random(24)+`"}`)) + "." + random(32)
	case "number":
		return l.campus.number()
	case "odd":
		return "l=" + random(9) + `+ %2B%/&é"'<>`
	}
	return ""
}

func (l *LMS) initiation(p *pending) initiation {
	fields := url.Values{
		"iss":             {l.issuer()},
		"target_link_uri": {p.target()},
		"login_hint":      {p.loginHint},
		"client_id":       {p.tool.ClientID},
	}
	optional := map[string]string{
		"lti_message_hint":   p.hint,
		"lti_deployment_id":  p.tool.DeploymentID,
		"lti_storage_target": l.behaviour.StorageTarget,
	}
	if l.behaviour.NoLoginDeployment {
		optional["lti_deployment_id"] = ""
	}
	for name, value := range optional {
		if value != "" {
			fields.Set(name, value)
		}
	}
	for name, value := range l.behaviour.LoginExtras {
		fields.Set(name, value)
	}
	method := http.MethodPost
	if l.behaviour.LoginByGET {
		method = http.MethodGet
	}
	return initiation{p.tool.LoginURL, method, fields}
}
