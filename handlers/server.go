// Package handlers is the HTTP of bbbridge: routes, cookies, forms, and what
// an error looks like. A handler reads the request, makes one call to the
// domain, and answers.
package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// A Server answers all requests of browsers, platforms and BigBlueButton.
type Server struct {
	PublicURL   string // ours, without a slash at the end
	Tool        *lti.Tool
	Answers     deepLinking
	Rooms       *classroom.Rooms
	Registers   *classroom.Registers
	Classes     *classroom.Classes
	Tests       callbackTests // may be nil: there are none
	Platforms   registrations
	Tenants     tenants // may be nil: nobody says how pages look
	Registering registering
	Keys        keys
	Pages       *web.Pages
	CookieKey   []byte // 32 bytes, the same on all nodes, as the next one
	TicketKey   []byte
	// LoginRate is how many logins of one issuer are taken in a second, with
	// bursts of twice that. 0: no limit.
	LoginRate rate.Limit
	Ready     func(context.Context) error // nil if requests can be served
	Metrics   *Metrics
	Recorder  *admin.Recorder // may be nil
	Staff     staffPages      // may be nil: there are none
	Styles    bool            // the page of all components at /styleguide
	Now       func() time.Time
	Log       *slog.Logger

	visitors *visitors
	logins   limits
	styles   styles
	checks   singleflight.Group // of readiness
}

// keys are those of the tool.
type keys interface {
	PublishedKeys(context.Context) ([]lti.Key, error)
}

// staffPages are those below /admin/.
type staffPages interface {
	Routes(gin.IRouter)
	// Admit signs in whom their LMS calls an administrator, and leads to the pages.
	Admit(*gin.Context, classroom.Person) error
}

// registrations tells whose frames may hold our pages.
type registrations interface {
	Registration(ctx context.Context, id string) (lti.Registration, error)
}

// Limits of bodies, in bytes (docs/conformance.md L1, V1).
const (
	loginLimit    = 32 << 10
	launchLimit   = 256 << 10
	formLimit     = 64 << 10
	callbackLimit = 10 << 20
)

// Handler returns the service. It is called once.
func (s *Server) Handler() http.Handler {
	s.visitors = newVisitors(s.CookieKey)
	s.logins.rate = s.LoginRate
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	if err := r.SetTrustedProxies(nearby); err != nil {
		panic(err) // the list is wrong
	}
	r.Use(s.begin, s.legible, s.guard())
	r.NoRoute(s.page(func(*gin.Context) error { return classroom.ErrNotFound }))
	r.NoMethod(s.page(func(*gin.Context) error { return errMethod }))
	s.routes(r)
	return headAsGet(r)
}

// nearby are the networks whose proxies are believed when they say for whom they
// ask: a request that comes from elsewhere speaks for itself.
var nearby = []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"}

// headAsGet answers HEAD as GET (RFC 9110, 9.3.2): net/http leaves the body
// out, as long as the request that it knows stays a HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// legible refuses addresses whose ids are no text. They name nothing of ours,
// and PostgreSQL would refuse to look them up.
func (s *Server) legible(c *gin.Context) {
	for _, text := range []string{c.Request.URL.Path, c.Query("v")} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			s.fail(c, fmt.Errorf("address %.200q: %w", c.Request.URL.Path, classroom.ErrNotFound))
			c.Abort()
			return
		}
	}
}

// guard refuses forms that other sites send in a person's name, but for the
// platform's own posts. Where a browser says no more than Origin, that is held
// against the host of the public URL, and not against Host, which a proxy may
// have made.
func (s *Server) guard() gin.HandlerFunc {
	host := hostOf(s.PublicURL)
	origins := http.NewCrossOriginProtection()
	for _, path := range []string{"/{$}", "/lti/login", "/lti/login/", "/lti/launch"} {
		origins.AddInsecureBypassPattern("POST " + path)
	}
	return func(c *gin.Context) {
		if c.FullPath() == "" { // no such page: nobody's name is used for anything
			return
		}
		c.Request.Host = host
		if err := origins.Check(c.Request); err != nil {
			s.fail(c, fmt.Errorf("%w: %w", errCrossOrigin, err))
			c.Abort()
		}
	}
}

// hostOf is an address's host and port as browsers write it in Origin: in
// lower case, without the port that is usual.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]; port != "" {
		host = strings.TrimSuffix(host, port)
	}
	return host
}

// routes is the list of all addresses, with roomRoutes.
func (s *Server) routes(r *gin.Engine) {
	r.GET("/", s.page(s.front))
	r.POST("/", s.page(s.frontPosted))
	r.GET("/lti/login", s.page(s.login))
	r.POST("/lti/login", s.page(s.login))
	r.GET("/lti/login/:registration", s.page(s.login))
	r.POST("/lti/login/:registration", s.page(s.login))
	r.GET("/lti/launch", s.page(s.launchByHand))
	r.POST("/lti/launch", s.page(s.launch))
	r.POST("/lti/window", s.page(s.window))
	r.POST("/lti/frame", s.page(s.waitFrame))
	r.GET("/lti/register", s.page(s.registration))
	r.POST("/lti/register", s.page(s.registerPlatform))
	r.GET("/.well-known/jwks.json", s.page(s.jwks))

	r.GET("/alive", s.page(s.alive))
	r.POST("/leave", s.page(s.leave))
	r.GET("/goodbye", s.page(s.goodbye))

	r.GET("/pick", s.page(s.picker))
	r.POST("/pick", s.page(s.pick))
	r.POST("/pick/administration", s.page(s.administration))
	s.roomRoutes(r)

	r.POST("/bbb/analytics/:room", patient, s.analytics)
	r.GET("/bbb/ended/:room", s.ended)
	if s.Tests != nil {
		r.GET("/bbb/tests/:test/ended", s.testEnded)
		r.POST("/bbb/tests/:test/report", patient, s.testReport)
	}

	r.GET("/healthz", s.healthz)
	r.GET("/readyz", s.readyz)
	r.GET("/metrics", s.metrics)
	if s.Tenants != nil {
		r.GET("/tenant/:tenant/:file", s.page(s.tenantFile))
	}
	r.GET(web.StaticPath+"*file", gin.WrapH(s.Pages.Static()))
	if s.Staff != nil {
		s.Staff.Routes(r)
	}
	if s.Styles {
		r.GET("/styleguide", s.page(s.styleguide))
	}
}

// roomRoutes are the addresses that speak of a room.
func (s *Server) roomRoutes(r *gin.Engine) {
	r.GET("/rooms/:room", s.page(s.room))
	r.GET("/rooms/:room/state", s.page(s.state))
	r.GET("/rooms/:room/class", s.page(s.class))
	r.GET("/rooms/:room/join", s.page(s.wait))
	r.POST("/rooms/:room/join", s.page(s.join))
	r.POST("/rooms/:room/start", s.page(s.start))
	r.POST("/rooms/:room/administration", s.page(s.administration))
	r.GET("/rooms/:room/left", s.page(s.left))
	r.GET("/rooms/:room/again/join", s.page(s.retry))
	r.GET("/rooms/:room/end", s.page(s.confirmEnd))
	r.POST("/rooms/:room/end", s.page(s.end))
	r.GET("/rooms/:room/settings", s.page(s.settings))
	r.POST("/rooms/:room/settings", s.page(s.change))
	r.POST("/rooms/:room/keep", s.page(s.adopt(false)))
	r.POST("/rooms/:room/share", s.page(s.adopt(true)))
	r.POST("/rooms/:room/noted", s.page(s.noted))
	r.POST("/rooms/:room/ask", s.page(s.ask))
	r.POST("/rooms/:room/requests/:request", s.page(s.answerRequest))
	r.GET("/rooms/:room/classes/:session", s.page(s.register))
	r.GET("/rooms/:room/classes/:session/register.csv", s.page(s.registerCSV))
	r.POST("/rooms/:room/classes/:session/resend", s.page(s.resendAll))
	r.POST("/rooms/:room/classes/:session/resend/:person", s.page(s.resend(false)))
	r.POST("/rooms/:room/classes/:session/replace/:person", s.page(s.resend(true)))
	r.POST("/rooms/:room/column", s.page(s.newColumn))
	r.GET("/rooms/:room/classes/:session/part/:meeting", s.page(s.confirmParting(true)))
	r.POST("/rooms/:room/classes/:session/part/:meeting", s.page(s.part(true)))
	r.GET("/rooms/:room/classes/:session/unite/:meeting", s.page(s.confirmParting(false)))
	r.POST("/rooms/:room/classes/:session/unite/:meeting", s.page(s.part(false)))
	r.POST("/rooms/:room/classes/:session/count/:placement", s.page(s.moveClass))
	r.POST("/rooms/:room/links/all", s.page(s.decide(s.Rooms.ShareClasses, true)))
	r.POST("/rooms/:room/links/own", s.page(s.decide(s.Rooms.ShareClasses, false)))
	r.POST("/rooms/:room/earlier/count", s.page(s.decide(s.Rooms.CountEarlier, true)))
	r.POST("/rooms/:room/earlier/leave", s.page(s.decide(s.Rooms.CountEarlier, false)))
	r.GET("/rooms/:room/recordings", s.page(s.recordings))
	r.POST("/rooms/:room/recordings/:recording/play/:format", s.page(s.play))
	r.GET("/rooms/:room/recordings/:recording/delete", s.page(s.confirmDelete))
	r.POST("/rooms/:room/recordings/:recording/delete", s.page(s.recordingAction(web.SaidDeleted, s.Rooms.Delete)))
	r.POST("/rooms/:room/recordings/:recording/publish", s.page(s.publish(true)))
	r.POST("/rooms/:room/recordings/:recording/unpublish", s.page(s.publish(false)))
}
