package ltitest

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options say what LMS to make. The zero value is an empty Moodle.
type Options struct {
	// BaseURL is where the LMS is reached, e.g. http://127.0.0.1:8081/moodle;
	// it is the issuer too. Start fills it.
	BaseURL string
	// Profile is "moodle" (also ""), "canvas", "chamilo", "openolat", "sakai",
	// "blackboard", "d2l" or "plain".
	Profile string
	Name    string           // on the LMS's pages; "" is "Little LMS"
	Now     func() time.Time // nil is time.Now
	Seed    bool             // with the courses and people of the demo
	Steps   []string         // what to do, on the first page; nil: what can always be done
	Aside   *Aside           // a way to elsewhere, on the first page
	TLS     bool             // Start serves https; Client trusts it
	Log     *slog.Logger     // nil logs nothing
}

// An Aside is a link to elsewhere, with what to know there.
type Aside struct{ Text, Href, Know string }

// LMS is a learning management system. It is safe for concurrent use and
// implements http.Handler for all paths below its base URL.
type LMS struct {
	name    string
	profile string
	base    *url.URL // without a slash at its end
	now     func() time.Time
	log     *slog.Logger
	handler http.Handler
	client  *http.Client // fetches the tools' key sets
	pages   *pages
	does    []string // the steps of the first page; nil: steps
	aside   *Aside

	mu          sync.Mutex // guards all below
	behaviour   Behaviour
	campus      campus
	book        gradebook
	keys        keyRing
	launches    launches
	tokens      tokens
	toolKeys    map[string][]toolKey   // by key set URL
	invitations map[string]*invitation // by token
	faults      []*fault
	requests    []Request
}

// New makes an LMS. It panics if the base URL or the profile makes no sense.
func New(o Options) *LMS {
	base, err := url.Parse(strings.TrimSuffix(o.BaseURL, "/"))
	if err != nil || base.Host == "" {
		panic("ltitest: base URL " + o.BaseURL)
	}
	if o.Profile == "" {
		o.Profile = "moodle"
	}
	behaviour, ok := profiles()[o.Profile]
	if !ok {
		panic("ltitest: unknown profile " + o.Profile)
	}
	l := &LMS{
		name: o.Name, profile: o.Profile, base: base, now: o.Now, log: o.Log,
		client:      &http.Client{Timeout: 10 * time.Second},
		pages:       parsePages(),
		behaviour:   behaviour,
		book:        newGradebook(),
		does:        o.Steps,
		aside:       o.Aside,
		keys:        newKeyRing(),
		launches:    newLaunches(),
		tokens:      newTokens(),
		toolKeys:    map[string][]toolKey{},
		invitations: map[string]*invitation{},
	}
	l.defaults()
	l.handler = http.StripPrefix(base.Path, l.routes())
	if o.Seed {
		l.seed()
	}
	return l
}

func (l *LMS) defaults() {
	if l.now == nil {
		l.now = time.Now
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.name == "" {
		l.name = "Little LMS"
	}
}

// Start serves a new LMS below the path /lms until the test ends.
func Start(t testing.TB, o Options) *LMS {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	scheme, start := "http", srv.Start
	if o.TLS {
		scheme, start = "https", srv.StartTLS
	}
	o.BaseURL = scheme + "://" + srv.Listener.Addr().String() + "/lms"
	l := New(o)
	srv.Config.Handler = l
	start()
	if o.TLS {
		l.client.Transport = srv.Client().Transport
	}
	t.Cleanup(func() {
		l.Heal() // a held request would keep Close waiting
		srv.Close()
		l.client.CloseIdleConnections()
		l.leaveKeys()
	})
	return l
}

// Client fetches the tools' key sets. With Options.TLS it trusts the LMS, and
// any other server of httptest.
func (l *LMS) Client() *http.Client { return l.client }

// URL returns the base URL, which is the issuer, without a slash at its end.
func (l *LMS) URL() string { return l.base.String() }

// ServeHTTP serves all of the LMS. Above its path prefix it only knows the
// way to its start page.
func (l *LMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.base.Path != "" && (r.URL.Path == "/" || r.URL.Path == l.base.Path) {
		http.Redirect(w, r, l.base.Path+"/", http.StatusSeeOther)
		return
	}
	l.handler.ServeHTTP(w, r)
}

func (l *LMS) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range []struct {
		pattern  string
		endpoint Endpoint
		handler  http.HandlerFunc
	}{
		{"/lti/auth", AuthEndpoint, l.serveAuth},
		{"GET /lti/certs", KeySetEndpoint, l.serveKeySet},
		{"GET /api/v1/management/applications/{client}/jwks.json", KeySetEndpoint, l.serveKeySet},
		{"GET /.well-known/jwks.json", KeySetEndpoint, l.serveOtherKeys},
		{"GET /lti/openid-configuration", ConfigurationEndpoint, l.serveConfiguration},
		{"/lti/registrations", RegistrationEndpoint, l.serveRegistrations},
		{"/lti/registrations/{tool}", RegistrationEndpoint, l.serveRegistration},
		{"/lti/token", TokenEndpoint, l.serveToken},
		{"/lti/contentitem", DeepLinkEndpoint, l.serveDeepLinkResponse},
		{"/lti/services/{course}/lineitems", LineItemsEndpoint, l.serveLineItems},
		{"/lti/services/{course}/lineitems/{item}/lineitem", LineItemEndpoint, l.serveLineItem},
		{"/lti/services/{course}/lineitems/{item}/lineitem/scores", ScoresEndpoint, l.serveScores},
		{"/lti/services/{course}/lineitems/{item}/lineitem/results", ResultsEndpoint, l.serveResults},
		{"/lti/services/{course}/memberships/{tool}", RosterEndpoint, l.serveRoster},
	} {
		mux.Handle(route.pattern, l.observed(route.endpoint, route.handler))
	}
	l.pageRoutes(mux)
	return mux
}

// address returns the absolute URL of a path of the LMS.
func (l *LMS) address(path string) string { return l.base.String() + path }

// clock is what the LMS thinks the time is; the caller holds mu.
func (l *LMS) clock() time.Time { return l.now().Add(l.behaviour.ClockOffset) }

// Change alters the behaviour of the LMS from the next request on.
func (l *LMS) Change(f func(*Behaviour)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.behaviour)
}

// present returns behaviour and time as they are now.
func (l *LMS) present() (Behaviour, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.behaviour, l.clock()
}

// random returns n random bytes as base64url.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
