package bbbtest

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// maxLog is how many requests are kept; the demo may run for days.
const maxLog = 20000

// maxBody is what a server takes in one call, about.
const maxBody = 2 << 20

// params are the parameters of a call as sent, in the order of the values.
type params map[string][]string

// first is the value that counts where a key is repeated.
func (p params) first(name string) string {
	if len(p[name]) == 0 {
		return ""
	}
	return p[name][0]
}

func (p params) has(name string) bool { return len(p[name]) > 0 }

// text is a value as BigBlueButton uses it: no control characters, trimmed.
func (p params) text(name string) string { return clean(p.first(name)) }

// is reports whether a lenient boolean is true.
func (p params) is(name string) bool { return strings.EqualFold(p.text(name), "true") }

func clean(value string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, value))
}

// parse reads a query or form and forgives, as servlets do.
func parse(text string) params {
	p := params{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		p[name] = append(p[name], value)
	}
	return p
}

func unescape(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return plain
}

// A call is one API request.
type call struct {
	name, method, query string
	contentType         string
	accept              string
	params, form        params
	body                []byte
}

// Request is one API request as it came, for tests to look at.
type Request struct {
	Call        string // path below /api/
	Method      string
	RawQuery    string
	ContentType string
	Accept      string
	Params      url.Values // of the address and of a form body, decoded
	Body        []byte
	At          time.Time // by the server's clock
	Key         string    // messageKey of the answer
	Failed      bool      // it was refused, or a fault hit it
}

// Requests lists all API requests so far, or those of the named calls.
func (s *Server) Requests(calls ...string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.requests), func(r Request) bool {
		return len(calls) > 0 && !slices.Contains(calls, r.Call)
	})
}

func readCall(r *http.Request, name string) *call {
	c := &call{
		name: name, method: r.Method, query: r.URL.RawQuery,
		contentType: r.Header.Get("Content-Type"), accept: r.Header.Get("Accept"),
		params: parse(r.URL.RawQuery),
	}
	c.body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody)) // half a body is what came
	if c.mediaType() == formType {
		c.form = parse(string(c.body))
		for name, values := range c.form {
			c.params[name] = append(c.params[name], values...)
		}
	}
	return c
}

const formType = "application/x-www-form-urlencoded"

// mediaType is the content type without parameters, in lower case.
func (c *call) mediaType() string {
	kind, _, err := mime.ParseMediaType(c.contentType)
	if err != nil {
		kind, _, _ = strings.Cut(c.contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// A route is one call of the API.
type route struct {
	methods []string
	body    []string // content types; nil: not looked at, as in the recording part
	rules   []rule
	run     func(*Server, *call) answer
}

var (
	get      = []string{http.MethodGet}
	post     = []string{http.MethodPost}
	both     = slices.Concat(get, post)
	forms    = []string{formType, "multipart/form-data"}
	xmlTypes = []string{"application/xml", "text/xml"}
)

var routes = map[string]route{
	"create":            {both, slices.Concat(xmlTypes, forms), createRules, (*Server).create},
	"join":              {get, forms, joinRules, (*Server).join},
	"isMeetingRunning":  {both, forms, idRules, (*Server).isMeetingRunning},
	"getMeetingInfo":    {both, forms, idRules, (*Server).getMeetingInfo},
	"getMeetings":       {both, forms, nil, (*Server).getMeetings},
	"end":               {both, forms, endRules, (*Server).endCall},
	"insertDocument":    {post, xmlTypes, idRules, (*Server).insertDocument},
	"sendChatMessage":   {get, forms, chatRules, (*Server).sendChatMessage},
	"getRecordings":     {both, nil, nil, (*Server).getRecordings},
	"publishRecordings": {get, nil, publishRules, (*Server).publishRecordings},
	"deleteRecordings":  {get, nil, recordRules, (*Server).deleteRecordings},
	"updateRecordings":  {both, nil, recordRules, (*Server).updateRecordings},
	"hooks/list":        {get, nil, nil, (*Server).listHooks},
}

func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, name string) {
	c := readCall(r, name)
	if name == "guestWait" { // what join told a waiting guest to open
		http.Redirect(w, r, s.clientPage(c.params.first("sessionToken")), http.StatusFound)
		return
	}
	f := s.takeFault(c)
	if f.prevents() {
		a := f.instead(c)
		s.record(c, a)
		s.misbehave(w, r, f, a)
		return
	}
	s.mu.Lock()
	s.tick()
	a := s.answer(c, f)
	s.mu.Unlock()
	if f.is(Refused) || f.is(NotFound) {
		a = f.instead(c)
	}
	s.record(c, a)
	s.misbehave(w, r, f, a)
}

func (s *Server) record(c *call, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Call: c.name, Method: c.method, RawQuery: c.query, ContentType: c.contentType, Accept: c.accept,
		Params: url.Values(c.params), Body: c.body, At: s.now(), Key: a.key, Failed: a.failed,
	})
	if len(s.requests) > maxLog {
		s.requests = slices.Delete(s.requests, 0, maxLog/2)
	}
	s.o.Log.Debug("call", "call", c.name, "code", a.key)
}

// answer makes the checks of the real server in its order: checksum, content
// type, parameters, and only then what the call is about.
func (s *Server) answer(c *call, f *fault) answer {
	if c.name == "" {
		return s.apiRoot()
	}
	r, ok := routes[c.name]
	if !ok || (s.o.Mode == Scalelite && c.name == "sendChatMessage") || c.name == "hooks/list" && !s.o.Webhooks {
		return s.unknownCall()
	}
	if !slices.Contains(r.methods, c.method) {
		return html(http.StatusMethodNotAllowed)
	}
	secrets := slices.Concat([]string{s.o.Secret}, s.o.Secrets)
	if f.is(RotatedSecret) {
		secrets = []string{"another secret"}
	}
	if !s.signed(c, secrets) && !(s.o.AcceptForged && c.name == "join") {
		return s.unsigned(c)
	}
	if r.body != nil && len(c.body) > 0 && !slices.Contains(r.body, c.mediaType()) {
		return s.refuse(c, problem{"unsupportedContentType", "POST request Content-Type is missing or unsupported"})
	}
	for _, rule := range r.rules {
		if p, bad := rule(c.params); bad {
			return s.refuse(c, p)
		}
	}
	if f.is(Capacity) {
		return s.refuse(c, s.full())
	}
	if p, bad := s.stuckAt(c); bad {
		return s.refuse(c, p)
	}
	return r.run(s, c)
}

// listHooks has none to tell of.
func (s *Server) listHooks(*call) answer {
	return success(func(w *xmlWriter) { w.el("hooks", "") })
}

func (s *Server) unknownCall() answer {
	if s.o.Mode == Scalelite {
		return failure(problem{"unsupportedRequest", "This request is not supported."})
	}
	return html(http.StatusNotFound)
}

func (s *Server) unsigned(c *call) answer {
	p := problem{"checksumError", "Checksums do not match"}
	missing := !c.params.has("checksum")
	if missing {
		p.message = "You must provide the checksum"
	}
	if c.name == "getRecordings" && s.o.Mode == Plain {
		if missing {
			p.key = "MissingParam"
		}
		return failures(p)
	}
	a := s.refuse(c, p)
	if s.o.Mode == B3scale && c.name != "join" {
		a.status = http.StatusInternalServerError
	}
	return a
}

// refuse is a failure in the form that the call has: join sends people away.
func (s *Server) refuse(c *call, p problem) answer {
	if c.name == "join" {
		return s.sendAway(c, p, c.params.text("logoutURL"))
	}
	return failure(p)
}

// full is what servers without room for more say.
func (s *Server) full() problem {
	if s.o.Mode == Scalelite {
		return problem{"internalError", "Unable to create meeting on server."}
	}
	return problem{"maxConcurrent", "The number of concurrent meetings of this account has been reached."}
}

func (s *Server) apiRoot() answer {
	return success(func(w *xmlWriter) {
		w.el("version", "2.0")
		w.el("apiVersion", "2.0")
		switch {
		case s.o.Mode == Scalelite:
			w.el("build", "bbbtest")
		case s.o.Release != "2.5":
			w.el("bbbVersion", "")
			w.el("graphqlWebsocketUrl", "ws"+s.base.Scheme[4:]+"://"+s.base.Host+"/graphql")
			w.el("graphqlApiUrl", s.page("/api/rest"))
		default:
			w.el("bbbVersion", "")
		}
	})
}
