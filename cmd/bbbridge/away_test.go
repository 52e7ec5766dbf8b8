package main

import (
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// wantAway holds a page to what is true while the database is away: it says so,
// and when it may be asked again.
func wantAway(t *testing.T, what string, page *ltitest.Page) {
	t.Helper()
	if page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %d, again after %q s: %s", what, page.Status, page.Header.Get("Retry-After"), page.Text)
	}
	if !strings.Contains(page.Text, "We can't look things up right now.") || strings.Contains(page.Text, "BigBlueButton") {
		t.Errorf("%s says: %s", what, page.Text)
	}
}

// withoutDatabase are addresses that have something to say without it.
var withoutDatabase = []string{
	"GET /", "POST /", "GET /goodbye", "GET /lti/register", "GET /lti/launch", "GET /styleguide", "GET /healthz", "GET /metrics", "GET /readyz",
	"GET /lti/login", "POST /lti/login", // without a login; see TestLaunchWithoutADatabase
	"GET /lti/login/:registration", "POST /lti/login/:registration", "POST /lti/launch", "POST /lti/window", "POST /lti/frame",
	"GET /.well-known/jwks.json",                                                                                                                   // from memory, for a while
	"POST /bbb/analytics/:room", "GET /bbb/ended/:room", "GET /bbb/tests/:test/ended", "POST /bbb/tests/:test/report", "GET /tenant/:tenant/:file", // no pages
}

// Every page says that it is the database that is away, and goes on by itself,
// or has all that was entered.
func TestEachPageWithoutADatabase(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.teach("law", "anna", "Anna Moreau", "ben", "Ben Okafor")
	picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{})
	w.dead = true
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(openRoutes, visitRoutes)
	forms := map[string]string{}
	for _, r := range roomRoutes {
		all, forms[r.route] = append(all, r.route), r.form
	}
	for _, route := range all {
		if slices.Contains(withoutDatabase, route) {
			continue
		}
		t.Run(route, func(t *testing.T) {
			w := w.in(t)
			page := room.page
			if strings.HasSuffix(route, "/pick") {
				page = picker
			}
			form := forms[route] + "&typed=" + url.QueryEscape(`what "was" <typed>`)
			_, answer := w.try(page, route, room, w.visit(page), form)
			wantAway(t, route, answer)
			if strings.HasPrefix(route, "GET") {
				if !strings.Contains(answer.Body, `data-next="`) || !strings.Contains(answer.Body, `http-equiv="refresh"`) {
					t.Errorf("it doesn't go on by itself: %s", answer.Body)
				}
				return
			}
			again, err := answer.Form(answer.URL.Path)
			if err != nil || again.Fields.Get("typed") != `what "was" <typed>` {
				t.Errorf("what was entered is lost: %v %v", again, err)
			}
			goes := strings.HasSuffix(route, "/start") || strings.HasSuffix(route, "/join")
			if strings.Contains(answer.Body, "data-send=") != goes {
				t.Errorf("sent by itself: %v", !goes)
			}
		})
	}
	if got := w.ask("GET", "/bbb/ended/"+room.room, "", ""); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.body, "database_away") {
		t.Errorf("a callback: %d %s", got.StatusCode, got.body)
	}
}

// A launch that the database fails says so, too, in the platform's frame as
// well, and its page goes on with it.
func TestLaunchWithoutADatabase(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.dead = true
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, framed := range []bool{false, true} {
		page := w.launch(link, "ben", ltitest.LaunchOptions{Framed: framed})
		wantAway(t, "a launch", page)
		if page.Blocked != "" {
			t.Errorf("the frame stays empty: %s", page.Blocked)
		}
		again, err := page.Form("/lti/launch")
		if err != nil || again.Fields.Get("id_token") == "" || again.Fields.Get("state") == "" || !strings.Contains(page.Body, `data-send="again"`) {
			t.Errorf("the launch can't go on: %v", err)
		}
	}
}

// locked has another program hold SQLite's lock, until free is called.
func locked(t *testing.T, path string) (free func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	free = sync.OnceFunc(func() {
		if err := errors.Join(lock.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(free) // before the service ends
	return free
}

// While another program holds SQLite's lock nothing can be written: what only
// reads goes on, and the rest goes on when the lock is gone, with all that was
// entered.
func TestLockedDatabase(t *testing.T) {
	var path string
	w := newWorld(t, worldOptions{config: func(c *configs.Config) { path, _ = strings.CutPrefix(string(c.Database), "sqlite:") }})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	settings, err := w.click(anna, "Change").Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	free := locked(t, path)
	steps := map[string]func() (*ltitest.Page, error){
		"launch": func() (*ltitest.Page, error) {
			return w.lms.Launch(ltitest.NewBrowser(), link.ID, "ben", ltitest.LaunchOptions{})
		},
		"settings": func() (*ltitest.Page, error) { return anna.Submit(settings.Set("title", "Moot <court>")) },
	}
	pages := map[string]*ltitest.Page{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, step := range steps {
		all.Go(func() {
			page, err := step()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			pages[name] = page
			wantAway(t, name, page)
		})
	}
	all.Wait()
	if page := w.opened(anna); page.Status != http.StatusOK || !strings.Contains(page.Text, "Weekly seminar") {
		t.Errorf("the room's page, which only reads: %d %s", page.Status, page.Text)
	}
	free()
	if t.Failed() {
		return
	}
	if page := w.submit(pages["launch"], "/lti/launch"); page.Status != http.StatusOK || !strings.Contains(page.URL.Path, "/rooms/") {
		t.Errorf("the launch, once more: %d %s", page.Status, page.Text)
	}
	wantText(t, w.submit(pages["settings"], "/settings"), true, "Moot <court>")
}

// PostgreSQL that is stopped, or that doesn't answer, is told as that, and all
// goes on when it is back.
func TestPostgresAway(t *testing.T) {
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" {
		return
	}
	wire := newWire(t, dsn)
	w := newWorld(t, worldOptions{config: func(c *configs.Config) {
		c.Database, c.MasterKey = wire.to(newSchema(t, dsn)), configs.Secret(strings.Repeat("A", 43)+"=")
	}})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	for name, fault := range map[string]func(){"stopped": wire.cut, "silent": wire.hold} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			fault()
			wantAway(t, "the room's page", w.opened(anna))
			state, err := anna.Open(anna.URL.Path + "/state?" + anna.URL.RawQuery)
			if err != nil || state.Status != http.StatusServiceUnavailable {
				t.Errorf("/state: %v %d", err, state.Status)
			}
			wire.mend()
			w.eventually("the page is back", func() bool { return w.opened(anna).Status == http.StatusOK })
			page := w.launch(link, "ben", ltitest.LaunchOptions{})
			if page.Status != http.StatusOK {
				t.Errorf("a launch afterwards: %d %s", page.Status, page.Text)
			}
		})
	}
}
