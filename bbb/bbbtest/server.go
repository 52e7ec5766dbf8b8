// Package bbbtest is a simulated BigBlueButton server for tests and for the
// demo. It speaks the real API over real HTTP, checks every signature with
// code of its own, keeps meetings that end and expire by an injected clock,
// sends the real callbacks, and can misbehave on demand.
//
// Nothing moves by itself: rules are evaluated at each request and by Tick,
// callbacks leave in DeliverCallbacks. Run does both until its context ends.
package bbbtest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Mode is what stands between the tool and the meetings.
type Mode string

// The modes. They differ in callbacks, algorithms and some answers.
const (
	Plain     Mode = ""          // one BigBlueButton server
	Scalelite Mode = "scalelite" // re-signs analytics, forgets a meeting at end
	B3scale   Mode = "b3scale"   // analytics come from the node, encoded ids, HTTP 500
)

// Options says how a simulated server behaves. Of the delays zero means the
// default that is named, and a negative one means none.
type Options struct {
	BaseURL    string   // http://127.0.0.1:8082/bigbluebutton
	Secret     string   // default: a fixed one
	Secrets    []string // accepted as well; Scalelite signs callbacks with each in turn
	NodeSecret string   // signs analytics in mode B3scale; default: a fixed one
	Algorithms []string // accepted checksums: sha1 sha256 sha384 sha512; default: what Mode accepts
	Release    string   // "2.5" or "3.0" (default): rules of duplicates and of lingering people
	Mode       Mode
	TLS        bool // Start serves https; Client trusts it

	// RequireCookie refuses a client page without the cookie that join set,
	// as real servers do when somebody joins on behalf of a browser.
	RequireCookie bool

	Now            func() time.Time // default time.Now
	ClockOffset    time.Duration    // the server's clock is off by this
	Zone           *time.Location   // of the stamps in analytics; default UTC
	EndDelay       time.Duration    // from the end to the room's removal; 2 s
	AnalyticsDelay time.Duration    // from the removal to the analytics; 5 s
	RecordingDelay time.Duration    // from the end to "published"; 30 s
	Linger         time.Duration    // how long a person who left still counts; 60 s

	GemVersion         string // shape of the analytics: "1.2" or "2.0" (default)
	StripAuthorization bool   // a proxy on the way loses the token
	DropAnalytics      bool   // they never arrive
	DuplicateAnalytics bool   // they arrive twice
	MissingLeaves      bool   // the events say nothing of people leaving
	ZeroHands          bool   // hands and emojis count 0, as in 2.7 and early 3.0

	// MissingPeople are user ids of whom the analytics know nothing, as of
	// events that lost their content (bigbluebutton/bigbluebutton#13298).
	MissingPeople []string

	AcceptForged  bool // join asks for no signature
	ClientDown    bool // the client's pages answer 502
	Webhooks      bool // bbb-webhooks are installed
	NoRecordings  bool // record is ignored
	DropCallbacks bool // nothing gets out: no end callback, no analytics

	ProtectRecordings bool // playback addresses work once, as Scalelite's
	// SplitRecordings lists each format of a recording as a recording of its
	// own (bigbluebutton/bigbluebutton#5433).
	SplitRecordings bool
	NoAddress       []string // formats that are listed without an address

	Log            *slog.Logger // default: none
	CallbackClient *http.Client // its redirects are never followed
}

const (
	defaultSecret     = "bbbtest-shared-secret-0123456789abcdef"
	defaultNodeSecret = "bbbtest-node-secret-0123456789abcdef"
)

// Server is a simulated BigBlueButton. It may be used by several goroutines.
type Server struct {
	mu         sync.Mutex
	o          Options
	base       *url.URL
	root       string // path above /bigbluebutton, without a slash at its end
	meetings   []*meeting
	past       []*meeting // gone, for snapshots and analytics
	recordings []*recording
	callbacks  []*callback
	faults     []*fault
	stuck      map[string]Stuck // by external id
	requests   []Request
	deliveries []Delivery
	lastCreate time.Time
	client     *http.Client
	stop       chan struct{}
	stopOnce   sync.Once
	fail       func(format string, args ...any)
}

// New returns a server for o.BaseURL, which has to be an absolute address.
func New(o Options) *Server {
	base, err := url.Parse(strings.TrimSuffix(o.BaseURL, "/"))
	if err != nil || base.Host == "" {
		panic("bbbtest: Options.BaseURL has to be an absolute address, not " + o.BaseURL)
	}
	root := path.Dir(base.Path)
	if root == "/" || root == "." {
		root = ""
	}
	s := &Server{base: base, root: root, stop: make(chan struct{}), fail: panicf}
	s.Change(func(now *Options) { *now = o })
	return s
}

// Start serves a simulated server until the test ends. o.BaseURL is ignored:
// the server's own path prefix is /bigbluebutton.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	var s *Server
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
	}))
	scheme := "http"
	if o.TLS {
		scheme = "https"
	}
	o.BaseURL = scheme + "://" + web.Listener.Addr().String() + "/bigbluebutton"
	s = New(o)
	s.fail = func(format string, args ...any) {
		t.Helper()
		t.Fatalf("bbbtest: "+format, args...)
	}
	if o.TLS {
		web.StartTLS()
	} else {
		web.Start()
	}
	s.client = web.Client()
	t.Cleanup(func() {
		s.Close()
		web.Close()
	})
	return s
}

// Change alters the behaviour of a running server; its address stays.
func (s *Server) Change(edit func(*Options)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.o)
	s.o.setDefaults()
}

func (o *Options) setDefaults() {
	or(&o.Secret, defaultSecret)
	or(&o.NodeSecret, defaultNodeSecret)
	or(&o.Release, "3.0")
	or(&o.GemVersion, "2.0")
	orDelay(&o.EndDelay, 2*time.Second)
	orDelay(&o.AnalyticsDelay, 5*time.Second)
	orDelay(&o.RecordingDelay, 30*time.Second)
	orDelay(&o.Linger, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.CallbackClient == nil {
		o.CallbackClient = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Algorithms == nil {
		o.Algorithms = o.Mode.algorithms()
	}
}

func or(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func orDelay(field *time.Duration, value time.Duration) {
	if *field == 0 {
		*field = value
	}
}

// after is at + d, where a negative d is none.
func after(at time.Time, d time.Duration) time.Time { return at.Add(max(d, 0)) }

// URL is what an administrator pastes: the address without /api.
func (s *Server) URL() string { return s.base.String() }

// Secret is what an administrator pastes with it.
func (s *Server) Secret() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Secret
}

// RotateSecret makes secret the only valid one from now on.
func (s *Server) RotateSecret(secret string) {
	s.Change(func(o *Options) { o.Secret, o.Secrets = secret, nil })
}

// Client is an HTTP client that trusts a server of Start.
func (s *Server) Client() *http.Client {
	if s.client == nil {
		return http.DefaultClient
	}
	return s.client
}

// Close lets go of requests that a fault keeps waiting.
func (s *Server) Close() { s.stopOnce.Do(func() { close(s.stop) }) }

// Run evaluates the rules and sends the callbacks that are due twice a second,
// until ctx is done. It's for the demo: tests call Tick and DeliverCallbacks.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	defer s.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := s.DeliverCallbacks(ctx); err != nil && ctx.Err() == nil {
				s.logger().Info("callback not accepted", "err", err)
			}
		}
	}
}

func (s *Server) logger() *slog.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Log
}

// now is the server's own clock.
func (s *Server) now() time.Time { return s.o.Now().Add(s.o.ClockOffset).UTC() }

// page is the address of one of the server's pages, which lie beside the API.
func (s *Server) page(path string) string {
	return s.base.Scheme + "://" + s.base.Host + s.root + path
}

// ServeHTTP answers API calls and pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if call, ok := strings.CutPrefix(r.URL.Path, s.base.Path+"/api"); ok {
		s.serveCall(w, r, strings.TrimPrefix(call, "/"))
		return
	}
	s.servePage(w, r, strings.TrimPrefix(r.URL.Path, s.root))
}
