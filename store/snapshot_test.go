package store

import (
	"path/filepath"
	"testing"
	"time"
)

// While one reads again what is known, the others go on with it for a while.
func TestSnapshotDoesNotBlock(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), MasterKey{1})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	db.Now = func() time.Time { return now }
	first, err := db.snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db.known.reading.Lock() // as whoever reads it again
	for _, age := range []time.Duration{0, freshFor - 1, freshFor, usedFor - 1} {
		now = first.at.Add(age)
		if s, err := db.snapshot(t.Context()); err != nil || s != first {
			t.Errorf("%v old: another snapshot, or %v", age, err)
		}
	}
	db.known.reading.Unlock()
	if s, err := db.snapshot(t.Context()); err != nil || s == first {
		t.Errorf("%v old and nobody reads it again: %v", usedFor-1, err)
	}

	// A database that is away for a moment is not noticed.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(usedFor - 1)
	if _, err := db.snapshot(t.Context()); err != nil {
		t.Errorf("%v old without a database: %v", usedFor-1, err)
	}
	now = now.Add(1)
	if _, err := db.snapshot(t.Context()); err == nil {
		t.Errorf("%v old without a database, and used", usedFor)
	}
}
