// Package store keeps the domain's data in SQLite or PostgreSQL: one text of
// SQL for both. What must change together is one method of DB, named after
// the step. Secrets are sealed with the master key before they touch the disk.
package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// What callers act on, beside the domain's own errors.
var (
	ErrNewerSchema = errors.New("the database was made by a newer bbbridge")
	ErrWrongKey    = errors.New("the master key is not the one that the database was made with")
)

// DB is the database. Several goroutines may use it, and several programs
// the same database: on PostgreSQL from anywhere, on SQLite from one machine.
type DB struct {
	Now          func() time.Time // the clock; set it before the first use or leave it
	FailuresKept time.Duration    // how long failures are; the same holds

	reads  func() *conn // for statements that read, each by itself
	counts func() *conn // for those that look at whole tables: people don't wait for them
	writes transactor
	close  func() error
	seal   sealer

	// Where the databases differ.
	skipLocked string // ends a SELECT of rows that others may have locked
	oneNode    bool   // only one program at a time does jobs

	known snapshots
}

// A transactor runs what writes. It may run f several times, so f begins by
// forgetting what an earlier run found; what counts is the last run.
type transactor interface {
	// transact runs f in a transaction, and rolls back if f returns an error.
	transact(ctx context.Context, f func(*conn) error) error
	// once is transact for an f that writes with one statement at most.
	once(ctx context.Context, f func(*conn) error) error
}

// Open opens the database at url, "sqlite:path" or "postgres://…", makes its
// tables or brings them up to date, and checks that key is the one that
// sealed it. Its errors are sentences for the operator; among them are
// ErrNewerSchema and ErrWrongKey.
func Open(ctx context.Context, url string, key MasterKey) (*DB, error) {
	db, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	db.Now, db.FailuresKept = time.Now, 30*24*time.Hour
	db.seal = newSealer(key)
	if err := db.checkKey(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connect(ctx context.Context, url string) (*DB, error) {
	kind, path, _ := strings.Cut(url, ":")
	switch kind {
	case "sqlite":
		return openSQLite(ctx, path)
	case "postgres", "postgresql":
		return openPostgres(ctx, url)
	}
	return nil, errors.New(`database: the address must begin with "sqlite:" or "postgres://"`)
}

// Close ends all connections. What is under way is waited for.
func (db *DB) Close() error { return db.close() }

// Ready reports whether the database takes what is written: one that answers
// may have a full disk under it.
func (db *DB) Ready(ctx context.Context) error {
	at := strconv.FormatInt(db.Now().UnixMilli(), 10)
	err := db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `
			INSERT INTO meta (name, value) VALUES ('ready', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, []byte(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}

// write runs f in a transaction; see transactor.
func (db *DB) write(ctx context.Context, f func(*conn) error) error {
	return db.writes.transact(ctx, f)
}

// checkKey seals a known text at the first start and opens it at each other.
func (db *DB) checkKey(ctx context.Context) error {
	const name, text = "master key", "this database is sealed with this key"
	return db.write(ctx, func(c *conn) error {
		var sealed []byte
		err := c.get(ctx, &sealed, `SELECT value FROM meta WHERE name = ?`, name)
		if errors.Is(err, classroom.ErrNotFound) {
			_, err = c.exec(ctx, `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
				name, db.seal.seal("meta", name, []byte(text)))
			if err != nil {
				return fmt.Errorf("note the master key: %w", err)
			}
			err = c.get(ctx, &sealed, `SELECT value FROM meta WHERE name = ?`, name)
		}
		if err != nil {
			return fmt.Errorf("check the master key: %w", err)
		}
		if plain, err := db.seal.open("meta", name, sealed); err != nil || string(plain) != text {
			return ErrWrongKey
		}
		return nil
	})
}
