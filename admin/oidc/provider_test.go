package oidc

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Many who sign in at once ask a provider for its addresses once.
func TestProviderIsAskedOnce(t *testing.T) {
	var asked atomic.Int64
	begun, hold := make(chan struct{}, 100), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		begun <- struct{}{}
		<-hold
		http.Error(w, "no", http.StatusInternalServerError)
	}))
	defer srv.Close()
	p := &Provider{Issuer: srv.URL, HTTP: srv.Client(), Now: time.Now}
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, _, err := p.Begin(gone)
		left <- err
	}()
	<-begun
	leave()
	if err := <-left; err == nil {
		t.Error("who has gone is let in")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := p.Begin(t.Context()); err == nil {
				t.Error("a provider that doesn't answer lets somebody in")
			}
		})
	}
	close(hold)
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
}
