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
		plain(t, url).MustExec(statements)

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
