package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// get is one request to a handler.
func get(t *testing.T, handle gin.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(answer)
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	handle(c)
	return answer
}

func TestReadyz(t *testing.T) {
	hang := make(chan struct{})
	for _, test := range []struct {
		name   string
		ready  func(context.Context) error
		status int
		takes  time.Duration
	}{
		{"ready", func(context.Context) error { return nil }, http.StatusOK, 0},
		{"a full disk", func(context.Context) error { return errors.New("database or disk is full") }, http.StatusServiceUnavailable, 0},
		{"a database that hangs", func(context.Context) error { <-hang; return nil }, http.StatusServiceUnavailable, 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang = make(chan struct{})
				var checks atomic.Int64
				s := &Server{Log: slog.New(slog.DiscardHandler), Ready: func(ctx context.Context) error {
					checks.Add(1)
					return test.ready(ctx)
				}}
				begin := time.Now()
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						if got := get(t, s.readyz).Code; got != test.status {
							t.Errorf("status %d", got)
						}
					})
				}
				all.Wait()
				if took := time.Since(begin); took != test.takes {
					t.Errorf("took %v", took)
				}
				if n := checks.Load(); test.takes > 0 && n != 1 {
					t.Errorf("%d checks under way", n)
				}
				close(hang)
			})
		})
	}
}

// However many scrape, the store counts once at a time, and a scrape doesn't
// wait for a count that takes long.
func TestMetricsCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts, takes := 0, time.Duration(0)
		m := NewMetrics(func(context.Context) (classroom.Counts, error) {
			counts++
			n := counts
			<-time.After(takes)
			return classroom.Counts{Deliveries: map[gradebook.State]int{gradebook.Waiting: n}}, nil
		}, time.Now, slog.New(slog.DiscardHandler))
		scrape := func(want string) time.Duration {
			t.Helper()
			begin := time.Now()
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					page := get(t, func(c *gin.Context) { m.ServeHTTP(c.Writer, c.Request) }).Body.String()
					if !strings.Contains(page, `bbbridge_deliveries{state="waiting"} `+want+"\n") {
						t.Errorf("no %s waiting in\n%s", want, page)
					}
				})
			}
			all.Wait()
			return time.Since(begin)
		}
		scrape("1")
		scrape("1")
		<-time.After(11 * time.Second)
		takes = 33 * time.Second
		if took := scrape("1"); took > 2*time.Second { // what was counted before
			t.Errorf("a scrape took %v", took)
		}
		<-time.After(32 * time.Second)
		scrape("2")
		if counts != 2 {
			t.Errorf("counted %d times", counts)
		}
	})
}

// A check that a dead connection keeps ends, and the next one says what is so.
func TestReadyzAfterADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead atomic.Bool
		dead.Store(true)
		s := &Server{Log: slog.New(slog.DiscardHandler), Ready: func(ctx context.Context) error {
			if dead.Load() {
				<-ctx.Done()
			}
			return ctx.Err()
		}}
		if got := get(t, s.readyz).Code; got != http.StatusServiceUnavailable {
			t.Errorf("status %d while it is dead", got)
		}
		dead.Store(false)
		<-time.After(10 * time.Second)
		synctest.Wait()
		if got := get(t, s.readyz).Code; got != http.StatusOK {
			t.Errorf("status %d when it's back", got)
		}
	})
}
