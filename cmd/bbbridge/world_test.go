package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
	"github.com/bbbridge/bbbridge/store"
)

// A clock is the time of all three servers of a test, which can be put
// forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// A world is the whole service with an LMS and a BigBlueButton, over HTTP.
type world struct {
	t     testing.TB
	clock *clock
	lms   *ltitest.LMS
	tool  ltitest.Tool
	bbb   *bbbtest.Server
	db    *store.DB
	url   string
	svc   *service
	key   store.MasterKey
	dead  bool // the test has closed the database
}

// worldOptions change what newWorld makes.
type worldOptions struct {
	lms    ltitest.Options
	bbb    bbbtest.Options
	host   string // what the service calls itself; default: its address
	config func(*configs.Config)
	tool   func(*ltitest.Tool)
	log    slog.Handler // default: the test's

	unregistered bool // the LMS doesn't know us so far, nor we it
}

func newWorld(t testing.TB, o worldOptions) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}}
	o.lms.Now, o.lms.Seed = w.clock.now, true
	o.bbb.Now = w.clock.now
	w.lms, w.bbb = ltitest.Start(t, o.lms), bbbtest.Start(t, o.bbb)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := configs.Defaults()
	w.url = "http://" + listener.Addr().String()
	if o.host != "" {
		w.url = strings.Replace(w.url, "127.0.0.1", o.host, 1)
	}
	cfg.PublicURL = w.url
	folder := t.TempDir()
	cfg.Database = configs.Secret("sqlite:" + filepath.Join(folder, "bbbridge.db"))
	cfg.MasterKeyFile = filepath.Join(folder, "bbbridge.key")
	cfg.AllowHosts = []string{hostOf(w.lms.URL()), hostOf(w.bbb.URL())}
	if o.config != nil {
		o.config(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	key, db, err := openWith(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	db.Now = w.clock.now
	w.db, w.key = db, key
	if !o.unregistered {
		w.register(ctx, o.tool)
	}
	w.addServer(ctx)
	if o.log == nil {
		o.log = slog.NewTextHandler(testLog{t}, nil)
	}
	if w.svc, err = assemble(cfg, db, key, slog.New(o.log), w.clock.now); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.svc.serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := db.Close(); err != nil && !w.dead {
			t.Errorf("close database: %v", err)
		}
	})
	return w
}

// testLog keeps the service's log with the test's own output.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func hostOf(address string) string {
	host, _, _ := strings.Cut(strings.SplitN(address, "//", 2)[1], "/")
	return host
}

func (w *world) register(ctx context.Context, change func(*ltitest.Tool)) {
	w.t.Helper()
	tool := ltitest.Tool{LoginURL: w.url + "/lti/login", LaunchURL: w.url + "/lti/launch", JWKSURL: w.url + "/.well-known/jwks.json", Roster: true, ShareName: true}
	if change != nil {
		change(&tool)
	}
	w.tool = w.lms.AddTool(tool)
	r := w.lms.Registration(w.tool)
	_, err := w.db.AddPlatform(ctx, admin.Platform{TenantID: classroom.DefaultTenant, Registration: lti.Registration{
		Name: "Test LMS", Issuer: r.Issuer, ClientID: r.ClientID, AuthURL: r.AuthURL, TokenURL: r.TokenURL, JWKSURL: r.JWKSURL,
		Deployments: map[string]bool{r.DeploymentID: true},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addServer(ctx context.Context) {
	w.t.Helper()
	api, err := bbb.ParseURL(w.bbb.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.db.AddServer(ctx, classroom.Server{Name: "Test BBB", Server: bbb.Server{URL: api, Secret: bbb.Secret(w.bbb.Secret()), Algorithm: bbb.SHA256}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// link adds an activity to the course "law".
func (w *world) link(custom ...string) ltitest.Link {
	l := ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "Weekly seminar", Custom: map[string]string{}, LineItem: &ltitest.LineItem{ScoreMaximum: 10}}
	for i := 0; i+1 < len(custom); i += 2 {
		l.Custom[custom[i]] = custom[i+1]
	}
	return w.lms.AddLink(l)
}

// launch opens a link as somebody, in a browser of their own.
func (w *world) launch(link ltitest.Link, person string, o ltitest.LaunchOptions) *ltitest.Page {
	w.t.Helper()
	return w.launchIn(ltitest.NewBrowser(), link, person, o)
}

func (w *world) launchIn(b *ltitest.Browser, link ltitest.Link, person string, o ltitest.LaunchOptions) *ltitest.Page {
	w.t.Helper()
	page, err := w.lms.Launch(b, link.ID, person, o)
	if err != nil {
		w.t.Fatalf("launch of %s: %v", person, err)
	}
	return page
}

// submit sends the page's form whose action has this in it.
func (w *world) submit(page *ltitest.Page, action string) *ltitest.Page {
	w.t.Helper()
	form, err := page.Form(action)
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, page.Status, page.Text)
	}
	next, err := page.Submit(form)
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// click follows the page's link of this text.
func (w *world) click(page *ltitest.Page, text string) *ltitest.Page {
	w.t.Helper()
	next, err := page.Click(text)
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, page.Status, page.Text)
	}
	return next
}

// inClass follows the answer to a join to BigBlueButton's own page.
func (w *world) inClass(page *ltitest.Page) *ltitest.Page {
	w.t.Helper()
	if _, ok := page.Location(); ok {
		var err error
		if page, err = page.FollowRedirect(); err != nil {
			w.t.Fatal(err)
		}
	}
	at := page.URL
	if at.Host != hostOf(w.bbb.URL()) || page.Status != http.StatusOK {
		w.t.Fatalf("not in class but at %s: %d %s", at, page.Status, page.Text)
	}
	return page
}

// person is what BigBlueButton calls somebody, by their name.
func (w *world) person(m bbbtest.Meeting, name string) *bbbtest.Person {
	w.t.Helper()
	for _, u := range m.People {
		if u.Name == name {
			return w.bbb.Person(m.ID, u.UserID)
		}
	}
	w.t.Fatalf("%s isn't in meeting %s", name, m.ID)
	return nil
}

// meeting is the only one there is.
func (w *world) meeting() bbbtest.Meeting {
	w.t.Helper()
	all := w.bbb.Meetings()
	if len(all) == 0 {
		w.t.Fatal("there is no meeting")
	}
	return all[len(all)-1]
}

// patience is longer than a killed node keeps its jobs from the others.
const patience = 90 * time.Second

// eventually waits for what other goroutines do.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("never: %s", what)
		}
	}
}

// later puts all clocks forward, and lets the runner and BigBlueButton look.
func (w *world) later(d time.Duration) {
	w.clock.advance(d)
	w.bbb.Tick()
	w.svc.runner.Wake()
}

// callbacks has BigBlueButton send what is due.
func (w *world) callbacks() {
	w.t.Helper()
	if err := w.bbb.DeliverCallbacks(w.t.Context()); err != nil {
		w.t.Fatalf("callbacks: %v", err)
	}
}

// grade is what the gradebook has.
func (w *world) grade(link ltitest.Link, person string) string {
	points, most, ok := w.lms.Grade(link.ID, person)
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%g/%g", points, most)
}
