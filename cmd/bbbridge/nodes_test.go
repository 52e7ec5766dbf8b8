package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// newSchema is the address of a PostgreSQL schema of the test's own.
func newSchema(t *testing.T, dsn string) configs.Secret {
	t.Helper()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "nodes_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), `CREATE SCHEMA `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP SCHEMA `+name+` CASCADE`); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	return configs.Secret(dsn + separator + "search_path=" + name)
}

// another is a second node's runner of jobs, on the same database.
func (w *world) another(cfg configs.Config) {
	w.t.Helper()
	key, err := masterKey(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	svc, err := assemble(cfg, w.db, key, slog.New(slog.DiscardHandler), w.clock.now)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.runner.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the other node: %v", err)
		}
	})
}

// Two nodes deliver the grades of a link that has no column yet: they make one,
// and each grade arrives in it, once.
func TestTwoNodes(t *testing.T) {
	databases := map[string]string{"SQLite": ""}
	if dsn := os.Getenv("TEST_POSTGRES_DSN"); dsn != "" {
		databases["PostgreSQL"] = dsn
	}
	for name, dsn := range databases {
		t.Run(name, func(t *testing.T) {
			var cfg configs.Config
			w := newWorld(t, worldOptions{config: func(c *configs.Config) {
				if dsn != "" {
					c.Database, c.MasterKey = newSchema(t, dsn), configs.Secret(strings.Repeat("A", 43)+"=")
				}
				cfg = *c
			}})
			w.another(cfg)
			w.twoNodesDeliver()
		})
	}
}

// What is no text can be no id: PostgreSQL would fail on it.
func TestAddressesThatAreNoText(t *testing.T) {
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	w := newWorld(t, worldOptions{config: func(c *configs.Config) {
		if dsn != "" {
			c.Database, c.MasterKey = newSchema(t, dsn), configs.Secret(strings.Repeat("A", 43)+"=")
		}
	}})
	for _, path := range []string{"/rooms/%00", "/rooms/a%FFb", "/rooms/r?v=%00", "/pick?v=%FF", "/bbb/ended/%00"} {
		if got := w.ask("GET", path, "", ""); got.StatusCode != 404 {
			t.Errorf("GET %s: %d", path, got.StatusCode)
		}
	}
}

func (w *world) twoNodesDeliver() {
	const learners = 6 // more than one node takes at once
	link := w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "No column", Custom: map[string]string{"complete_minutes": "5"}})
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	for i := range learners {
		id := fmt.Sprintf("learner%d", i)
		w.lms.AddPerson(ltitest.Person{Username: id, Given: id, Roles: map[string][]string{"law": {ltitest.Learner}}})
		w.inClass(w.submit(w.launch(link, id, ltitest.LaunchOptions{}), "/join"))
	}
	w.later(6 * time.Minute)
	hold := make(chan struct{})
	heal := w.lms.Be(ltitest.Fault{At: ltitest.LineItemsEndpoint, Hold: hold})
	room := w.open()[0].RoomID
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
	w.eventually("both nodes are at it", func() bool {
		ledger, err := w.db.RoomDeliveries(w.t.Context(), room)
		if err != nil {
			w.t.Fatal(err)
		}
		at := 0
		for _, d := range ledger {
			if d.State == gradebook.Waiting && (d.Attempts > 0 || !d.NextAt.IsZero()) {
				at++
			}
		}
		return at == learners
	})
	close(hold)
	heal()
	w.eventually("all have their grade", func() bool {
		w.later(time.Second)
		for i := range learners {
			if w.grade(link, fmt.Sprintf("learner%d", i)) != "100/100" {
				return false
			}
		}
		return true
	})
	scores := map[string]int{}
	for _, post := range w.lms.AcceptedScores(link.ID, "") {
		scores[post.Person]++
	}
	for person, n := range scores {
		if n != 1 {
			w.t.Errorf("%d scores for %s", n, person)
		}
	}
	if columns := w.lms.LineItems("law"); len(columns) != 1 || len(scores) != learners {
		w.t.Errorf("%d columns, %d people", len(columns), len(scores))
	}
}
