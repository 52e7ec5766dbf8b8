package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

// databases runs a test on each kind of database. url makes a new one.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newSQLite(t)) })
	if os.Getenv("TEST_POSTGRES_DSN") != "" {
		t.Run("postgres", func(t *testing.T) { test(t, newPostgres(t)) })
	}
}

// plain connects without the store.
func plain(t testing.TB, url string) *sqlx.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, dsn = "sqlite3", "file:"+path
	}
	db, err := sqlx.Connect(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// What can't be used is refused with a sentence that says why.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	noDatabase := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(noDatabase, bytes.Repeat([]byte("Dear database, "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, url, want string }{
		{"no address", "", `must begin with "sqlite:" or "postgres://"`},
		{"another kind", "mysql://localhost/db", `must begin with "sqlite:" or "postgres://"`},
		{"no path", "sqlite:", "a file's path must follow"},
		{"folder", "sqlite:" + dir, "is a folder"},
		{"folder that isn't there", "sqlite:" + filepath.Join(dir, "nowhere", "test.db"), "nowhere isn't there; make it"},
		{"file for a folder", "sqlite:" + filepath.Join(noDatabase, "test.db"), "letter.txt is no folder"},
		{"nobody may write there", "sqlite:/proc/version", "can't be written by this user"},
		{"no database", "sqlite:" + noDatabase, "is no SQLite database"},
		{"nobody listens", "postgres://me:hush@127.0.0.1:1/db", "database db at 127.0.0.1"},
		{"wrong port", "postgres://me:hush@127.0.0.1:port/db", "the address can't be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), test.url, testKey)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error is %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestOpenNewerSchema(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		open(t, url)
		if _, err := plain(t, url).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), url, testKey); !errors.Is(err, store.ErrNewerSchema) {
			t.Errorf("error is %v, want ErrNewerSchema", err)
		}
	})
}

func TestOpenWrongKey(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		open(t, url)
		if _, err := store.Open(t.Context(), url, store.MasterKey{8}); !errors.Is(err, store.ErrWrongKey) {
			t.Errorf("error is %v, want ErrWrongKey", err)
		}
		open(t, url)
	})
}

// Programs that start at once make one database.
func TestOpenAtOnce(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				db, err := store.Open(t.Context(), url, testKey)
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(db.Ready(t.Context()), db.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int
		if err := plain(t, url).Get(&n, `SELECT COUNT(*) FROM tenants`); err != nil || n != 1 {
			t.Errorf("%d tenants, %v", n, err)
		}
	})
}

// A command changes the database while the service runs: the service sees it
// within 10 seconds, and both can write.
func TestTwoPrograms(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		serve, command := open(t, url), open(t, url)
		now := time.Now()
		serve.Now = func() time.Time { return now }
		if list, err := serve.RegistrationsOf(t.Context(), issuer); err != nil || len(list) != 0 {
			t.Fatalf("registrations %v, %v", list, err)
		}
		p := addPlatform(t, command)
		if _, err := serve.Tenant(t.Context(), p.ID); err == nil {
			t.Error("seen at once: the memory isn't used")
		}
		now = now.Add(5 * time.Second)
		if _, err := serve.Tenant(t.Context(), p.ID); err != nil {
			t.Errorf("after 5 s: %v", err)
		}
		var all sync.WaitGroup
		for i, db := range []*store.DB{serve, command, serve, command} {
			all.Go(func() {
				for n := range 25 {
					job := jobs.Job{Kind: classroom.PollJob, Subject: fmt.Sprint(i, "/", n), RunAt: now}
					if err := db.Enqueue(t.Context(), job); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if counts, err := serve.Counts(t.Context()); err != nil || counts.Jobs[classroom.PollJob] != 100 {
			t.Errorf("%v, %v, want 100 jobs", counts.Jobs, err)
		}
	})
}

const issuer = "https://lms.example.org"

func addPlatform(t testing.TB, db *store.DB) admin.Platform {
	t.Helper()
	p, err := db.AddPlatform(t.Context(), admin.Platform{Registration: lti.Registration{
		Name: "uni", Issuer: issuer, ClientID: "c1", Deployments: map[string]bool{"1": true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// No secret is in the files as it is.
func TestSealed(t *testing.T) {
	url := newSQLite(t)
	db := open(t, url)
	p := addPlatform(t, db)
	secrets := []string{"server-secret", "previous-secret", "sesskey=private", "deep-return", "opaque-data"}
	_, err := db.AddServer(t.Context(), classroom.Server{Name: "bbb", Server: bbb.Server{
		URL: "https://bbb.example.org/api", Secret: "server-secret", PreviousSecrets: []bbb.Secret{"previous-secret"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := launch(p, 1)
	a.Placement, a.Room = classroom.Placement{}, nil
	a.Visit.ReturnURL = "https://lms.example.org/return?sesskey=private"
	a.Visit.DeepLinking = &lti.DeepLinkingSettings{ReturnURL: "https://lms.example.org/deep-return", Data: json.RawMessage(`"opaque-data"`)}
	if _, err := db.Arrive(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(strings.TrimPrefix(url, "sqlite:") + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(secrets, "PRIVATE KEY") {
			if bytes.Contains(content, []byte(s)) {
				t.Errorf("%q is in %s", s, filepath.Base(name))
			}
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v, want 0600", filepath.Base(name), info.Mode(), err)
		}
	}
}

// launch is the arrival of one of ten people at a link.
func launch(p admin.Platform, n int) classroom.Arrival {
	now, id := time.Now(), fmt.Sprintf("%06d", n)
	return classroom.Arrival{
		Nonce: "nonce" + id, NonceExpires: now.Add(time.Hour),
		Course:    classroom.Course{ID: "c" + id, RegistrationID: p.ID, DeploymentID: "1", ContextKey: "context:1"},
		Person:    classroom.Person{ID: "u" + id, RegistrationID: p.ID, Subject: fmt.Sprint("person ", n%10)},
		Enrolment: classroom.Enrolment{Role: classroom.Viewer, Graded: true, SeenAt: now},
		Placement: classroom.Placement{ID: "p" + id, ResourceLinkID: fmt.Sprint("link ", n%3)},
		Room:      &classroom.Room{ID: "r" + id, TenantID: classroom.DefaultTenant, MeetingID: "m" + id, CreatedAt: now},
		Visit: classroom.Visit{
			ID: "v" + id, Browser: "b" + id, Role: classroom.Viewer, CreatedAt: now, ExpiresAt: now.Add(classroom.VisitLife),
		},
	}
}
