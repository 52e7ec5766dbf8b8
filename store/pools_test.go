package store_test

import (
	"io/fs"
	"regexp"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

// In a database that is upgraded a tenant's server is the one that it had.
func TestServerOfThePast(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := open(t, url)
		for i, name := range []string{"first", "second"} {
			db.Now = func() time.Time { return time.Unix(int64(i), 0) }
			if _, err := db.AddServer(t.Context(), classroom.Server{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		db.Now = time.Now
		kind := "sqlite"
		if url[:6] != "sqlite" {
			kind = "postgres"
		}
		text, err := fs.ReadFile(store.Migrations, "migrations/"+kind+"/00017_servers.sql")
		if err != nil {
			t.Fatal(err)
		}
		raw := plain(t, url)
		for _, statement := range append([]string{
			`ALTER TABLE tenants ADD COLUMN server_id TEXT REFERENCES servers`,
			`UPDATE tenants SET server_id = (SELECT id FROM servers WHERE name = 'second')`,
		}, regexp.MustCompile(`(?m)^(INSERT|ALTER TABLE tenants).*;`).FindAllString(string(text), -1)...) {
			if _, err := raw.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		db.Now = func() time.Time { return time.Now().Add(time.Minute) } // read anew
		pool, err := db.ServersOf(t.Context(), classroom.DefaultTenant)
		if err != nil || len(pool) != 1 || pool[0].Name != "second" {
			t.Errorf("%+v, %v", pool, err)
		}
	})
}
