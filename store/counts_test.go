package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

// What looks at whole tables needs none of the readers that people need.
func TestCountsHaveAReaderOfTheirOwn(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), MasterKey{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	readers := db.reads().on.(*sqlx.DB)
	for range sqliteReaders {
		taken, err := readers.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := db.Counts(ctx); err != nil {
		t.Error(err)
	}
}

// A database that can be read, and not written, isn't ready.
func TestReadyWrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	db, err := Open(t.Context(), "sqlite:"+file, MasterKey{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	writer := db.writes.(*batches).db
	if _, err := writer.Exec("PRAGMA query_only = on"); err != nil { // as a full disk is
		t.Fatal(err)
	}
	if err := db.Ready(t.Context()); err == nil {
		t.Error("ready, though nothing can be written")
	}
}
