package bbbtest

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// userDataName is what a userdata parameter has to match: one dash only.
var userDataName = regexp.MustCompile(`^userdata-([^-]+)$`)

// join registers a user and sends the browser to the client. The person is in
// the meeting once the client's page has been opened, not before.
func (s *Server) join(c *call) answer {
	p := c.params
	m := s.find(p.text("meetingID"))
	switch {
	case m == nil && s.o.Mode == Scalelite:
		return failure(problem{"notFound", "A meeting with that ID does not exist"})
	case m == nil:
		return s.refuse(c, problem{"invalidMeetingIdentifier", "A meeting with that ID does not exist"})
	case !m.ended.IsZero():
		return s.refuse(c, problem{"meetingForciblyEnded", "You can not join a meeting that has already been forcibly ended"})
	case !p.has("fullName"):
		return html(http.StatusInternalServerError) // it falls over a name that is missing
	}
	if sent := p.text("createTime"); sent != "" && sent != strconv.FormatInt(m.created.UnixMilli(), 10) {
		return s.sendBack(c, problem{"mismatchCreateTimeParam", "The createTime parameter submitted mismatches with the current meeting."})
	}
	role := m.roleOf(p)
	if role == "" {
		return failure(problem{"Params required", "You must enter either a role or a password"})
	}
	x := newSession(p, role)
	if m.isFull(x.userID) {
		return s.sendBack(c, problem{"maxParticipantsReached", "The number of participants allowed for this meeting has been reached."})
	}
	m.sessions = append(m.sessions, x)
	x.guest = m.admission(p, role)
	if x.guest == "DENY" && !wantsXML(c) {
		return s.sendBack(c, problem{"guestDeniedAccess", "You have been denied access to this meeting based on the meeting's guest policy"})
	}
	return s.joined(c, m, x)
}

func newSession(p params, role string) *session {
	x := &session{
		id: "w_" + random(12), token: random(16), cookie: random(32),
		name: p.text("fullName"), role: role, logoutURL: p.text("logoutURL"), custom: map[string]string{},
	}
	x.userID = cmpOr(p.text("userID"), x.id)
	for name := range p {
		if match := userDataName.FindStringSubmatch(name); match != nil {
			x.custom[match[1]] = p.text(name)
		}
	}
	return x
}

// roleOf is what p asks for: a role that exists wins over the password.
func (m *meeting) roleOf(p params) string {
	if role := strings.ToUpper(p.text("role")); role == moderator || role == viewer {
		return role
	}
	switch password := p.text("password"); {
	case password == "":
		return ""
	case password == m.moderatorPW:
		return moderator
	case password == m.attendeePW:
		return viewer
	}
	return ""
}

// isFull counts distinct people. Who is inside already may come again.
func (m *meeting) isFull(userID string) bool {
	limit := m.number("maxParticipants", 0)
	people := m.people()
	return limit > 0 && !people[userID] && len(people) >= limit
}

// admission is what the guest policy makes of a person. Whoever is silent
// about being a guest counts as authenticated, which ASK_MODERATOR lets wait.
func (m *meeting) admission(p params, role string) string {
	guest := p.is("guest")
	authenticated := !p.has("guest") || p.is("auth")
	waits := false
	switch strings.ToUpper(cmpOr(m.params.text("guestPolicy"), "ALWAYS_ACCEPT")) {
	case "ALWAYS_ACCEPT":
	case "ASK_MODERATOR":
		waits = guest || authenticated
	case "ALWAYS_ACCEPT_AUTH":
		waits = guest && !authenticated
	default: // ALWAYS_DENY, and whatever the server doesn't know
		if role != moderator {
			return "DENY"
		}
	}
	if waits && role != moderator {
		return "WAIT"
	}
	return "ALLOW"
}

func (s *Server) joined(c *call, m *meeting, x *session) answer {
	client := s.clientPage(x.token)
	if !wantsXML(c) {
		return answer{
			status: http.StatusFound, contentType: "text/html", location: client,
			cookie: &http.Cookie{Name: "JSESSIONID", Value: x.cookie, Path: s.root + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode},
		}
	}
	key, message, address := "successfullyJoined", "You have joined successfully.", client
	switch x.guest {
	case "WAIT":
		key, message = "guestWait", "Guest waiting for approval to join meeting."
		address = s.base.String() + "/api/guestWait?sessionToken=" + x.token
	case "DENY":
		key, message, address = "guestDeny", "Guest denied to join the meeting.", s.page("/")
	}
	a := success(func(w *xmlWriter) {
		w.el("messageKey", key)
		w.el("message", message)
		w.el("meeting_id", m.internalID)
		w.el("user_id", x.id)
		w.el("auth_token", random(12))
		w.el("session_token", x.token)
		w.el("guestStatus", x.guest)
		w.el("url", address)
	})
	a.key, a.failed = key, x.guest == "DENY"
	if a.failed {
		a.body = strings.Replace(a.body, "SUCCESS", "FAILED", 1)
	}
	return a
}

func wantsXML(c *call) bool { return strings.EqualFold(c.params.text("redirect"), "false") }

// sendBack is for the failures that know errorRedirectUrl.
func (s *Server) sendBack(c *call, p problem) answer {
	return s.sendAway(c, p, cmpOr(c.params.text("errorRedirectUrl"), c.params.text("logoutURL")))
}

// sendAway redirects a browser that can't join, with the reason in errors=.
func (s *Server) sendAway(c *call, p problem, address string) answer {
	if wantsXML(c) || s.o.Mode == Scalelite {
		return failure(p)
	}
	address = cmpOr(address, s.page("/"))
	errors := jsonText([]struct {
		Key     string `json:"key"`
		Message string `json:"message"`
	}{{p.key, p.message}})
	return answer{
		status: http.StatusFound, contentType: "text/html", key: p.key, failed: true,
		location: addQuery(address, "errors="+url.QueryEscape(errors)),
	}
}

// addQuery adds a pair to an address and keeps the query that it has.
func addQuery(address, pair string) string {
	address, fragment, has := strings.Cut(address, "#")
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	address += sep + pair
	if has {
		address += "#" + fragment
	}
	return address
}

func (s *Server) clientPage(token string) string {
	return s.page("/html5client/join?sessionToken=" + url.QueryEscape(token))
}

// maxTabs is how many sessions one person may have; one more ends the oldest.
const maxTabs = 3

// enter is the client connecting: now the person is in the meeting. It's false
// if the meeting has filled up since join.
func (s *Server) enter(m *meeting, x *session) bool {
	if m.isFull(x.userID) {
		x.over = true
		return false
	}
	if m.started().IsZero() && m.records() && m.params.is("autoStartRecording") {
		m.recording, m.recorded = true, true
	}
	x.connect(s.now())
	tabs := slices.DeleteFunc(m.online(), func(y *session) bool { return y.userID != x.userID || y == x })
	for len(tabs) >= maxTabs {
		tabs[0].disconnect(s.now())
		tabs[0].over = true
		tabs = tabs[1:]
	}
	return true
}
