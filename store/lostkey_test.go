package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

// What docs/operations.md says to do without the master key: all that isn't
// sealed is still there afterwards.
func TestLostMasterKey(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```sql\n")
	statements, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("the page has no SQL")
	}
	databases(t, func(t *testing.T, url string) {
		server := classroom.Server{Name: "bbb", Server: bbb.Server{URL: "https://bbb.example.org/api", Secret: "secret"}}
		db := open(t, url)
		p := addPlatform(t, db)
		before, err := db.AddServer(t.Context(), server)
		_, err2 := db.SigningKey(t.Context())
		seat, err3 := db.Arrive(t.Context(), launch(p, 1))
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if sealed, err := store.Sealed(t.Context(), url); !sealed || err != nil {
			t.Errorf("before: sealed is %v, %v", sealed, err)
		}
		plain(t, url).MustExec(statements)
		if sealed, err := store.Sealed(t.Context(), url); sealed || err != nil {
			t.Errorf("after: sealed is %v, %v", sealed, err)
		}

		db, err = store.Open(t.Context(), url, store.MasterKey{8})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		after, err := db.AddServer(t.Context(), server)
		if err != nil || after.ID != before.ID {
			t.Errorf("the server is %q after %q: %v", after.ID, before.ID, err)
		}
		if _, err := db.SigningKey(t.Context()); err != nil {
			t.Errorf("signing key: %v", err)
		}
		again, err := db.Arrive(t.Context(), launch(p, 1))
		if err != nil || again.Room.ID != seat.Room.ID || again.Person.ID != seat.Person.ID {
			t.Errorf("the room is %s after %s: %v", again.Room.ID, seat.Room.ID, err)
		}
	})
}

// Whatever is sealed needs its key, also if the note of which key it is was
// deleted alone. A database that isn't there isn't made by asking.
func TestSealedNeedsItsKey(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
			if sealed, err := store.Sealed(t.Context(), url); sealed || err != nil {
				t.Errorf("of no file: %v, %v", sealed, err)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file is made: %v", err)
			}
		}
		sealed := func() bool {
			t.Helper()
			sealed, err := store.Sealed(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}
		db := open(t, url)
		if !sealed() {
			t.Error("the database is noted to be sealed, and isn't said to be")
		}
		sql := plain(t, url)
		forget := func(table string) { sql.MustExec("DELETE FROM " + table) }
		forget("meta")
		if sealed() {
			t.Error("nothing is sealed, and it is said to be")
		}
		p := addPlatform(t, db)
		for table, seal := range map[string]func() error{
			"keys": func() error { _, err := db.SigningKey(t.Context()); return err },
			"servers": func() error {
				_, err := db.AddServer(t.Context(), classroom.Server{Name: "bbb", Server: bbb.Server{URL: "https://bbb.example.org/api", Secret: "secret"}})
				return err
			},
			"visits": func() error { _, err := db.Arrive(t.Context(), launch(p, 1)); return err },
		} {
			if err := seal(); err != nil {
				t.Fatal(err)
			}
			if !sealed() {
				t.Errorf("what %s have is sealed, and isn't said to be", table)
			}
			forget(table)
		}
	})
}
