package main

import (
	"crypto/rand"
	"encoding/base64"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// Two nodes share a PostgreSQL and a master key behind a balancer that gives
// each request to the other one: whatever began on one goes on at the other.
// Then one of them dies. TEST_POSTGRES_DSN says where the server is.
func TestBalancedNodes(t *testing.T) {
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" {
		return
	}
	w := &world{t: t, clock: &clock{}}
	w.lms = ltitest.Start(t, ltitest.Options{Seed: true})
	w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
	nodes, die := balanced(t, w, string(newSchema(t, dsn)))
	link := w.registered(nodes[0])
	for _, node := range nodes {
		node.serve()
	}
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	ben := w.launch(link, "ben", ltitest.LaunchOptions{})
	w.eventually("Ben is let in, whichever node answers", func() bool {
		in, err := ben.Open(strings.Replace(ben.URL.String(), "?", "/join?", 1))
		if err != nil {
			t.Fatal(err)
		}
		return in.URL.Host == hostOf(w.bbb.URL())
	})

	// The first post arrives at one node, the second at the other.
	launched := w.launch(link, "ben", ltitest.LaunchOptions{Stop: ltitest.StopAfterPost})
	if again, err := launched.Reload(); err != nil || !strings.Contains(again.Text, "nonce_replayed") {
		t.Errorf("a launch is taken by both nodes: %v %d", err, again.Status)
	}

	die()
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if got := len(w.lms.AcceptedScores(link.ID, "ben")); got != 1 {
		t.Errorf("the gradebook took %d scores for Ben, want 1", got)
	}
}

// balanced makes two nodes and a balancer, which takes turns until die has
// killed the first node.
func balanced(t *testing.T, w *world, database string) (nodes [2]*process, die func()) {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	var inside [2]*url.URL
	for i := range nodes {
		nodes[i] = newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
		var err error
		if inside[i], err = url.Parse(nodes[i].at); err != nil {
			t.Fatal(err)
		}
	}
	var turn atomic.Int64
	var dead atomic.Bool
	balancer := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		next := turn.Add(1) % 2
		if dead.Load() {
			next = 1
		}
		r.SetURL(inside[next])
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(balancer.Close)
	for _, node := range nodes {
		node.url = balancer.URL
		node.env = append(node.env, "BBBRIDGE_PUBLIC_URL="+balancer.URL, "BBBRIDGE_DATABASE="+database, "BBBRIDGE_MASTER_KEY_FILE="+file)
	}
	return nodes, func() {
		dead.Store(true)
		nodes[0].kill()
	}
}
