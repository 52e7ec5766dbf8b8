package store

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// Migrations are the files of all schemas.
var Migrations = migrations

// Explain says how SQLite would run a statement.
func (db *DB) Explain(ctx context.Context, query string) ([]string, error) {
	var steps []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	args := make([]any, strings.Count(query, "?"))
	err := db.reads().list(ctx, &steps, `EXPLAIN QUERY PLAN `+query, args...)
	var details []string
	for _, s := range steps {
		details = append(details, s.Detail)
	}
	return details, err
}

// Exec runs a statement as it is.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	return db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, query, args...)
		return err
	})
}

// Texts returns the first column of a query.
func (db *DB) Texts(ctx context.Context, query string, args ...any) (list []string, err error) {
	var rows []struct{ V string }
	err = db.reads().list(ctx, &rows, query, args...)
	for _, r := range rows {
		list = append(list, r.V)
	}
	return list, err
}

// Statements runs f and returns each statement that it ran on SQLite.
func Statements(t *testing.T, f func()) []string {
	t.Helper()
	r := record(t)
	f()
	return r.list
}

// A Cost is how many statements something runs on SQLite, and in how many
// transactions that write.
type Cost struct{ Statements, Transactions int }

// Costs returns what tells of an f what it costs, on databases that are opened
// from now on.
func Costs(t *testing.T) func(f func()) Cost {
	t.Helper()
	r := record(t)
	return func(f func()) Cost {
		before := r.cost()
		f()
		after := r.cost()
		return Cost{after.Statements - before.Statements, after.Transactions - before.Transactions}
	}
}

func record(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{seen: map[string]bool{}}
	was := sqliteDriver
	sqliteDriver = r
	t.Cleanup(func() { sqliteDriver = was })
	return r
}

// A recorder is SQLite's driver, and remembers what it ran.
type recorder struct {
	sqlite3.SQLiteDriver
	mu    sync.Mutex
	seen  map[string]bool
	list  []string
	total Cost
}

func (r *recorder) cost() Cost {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

func (r *recorder) Open(dsn string) (driver.Conn, error) {
	c, err := r.SQLiteDriver.Open(dsn)
	if err != nil {
		return nil, err
	}
	return recordedConn{c.(*sqlite3.SQLiteConn), r}, nil
}

func (r *recorder) record(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.Statements++
	if !r.seen[query] {
		r.seen[query] = true
		r.list = append(r.list, query)
	}
}

type recordedConn struct {
	*sqlite3.SQLiteConn
	recorder *recorder
}

func (c recordedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.recorder.record(query)
	return c.SQLiteConn.ExecContext(ctx, query, args)
}

func (c recordedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.recorder.record(query)
	return c.SQLiteConn.QueryContext(ctx, query, args)
}

func (c recordedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.recorder.mu.Lock()
	c.recorder.total.Transactions++
	c.recorder.mu.Unlock()
	return c.SQLiteConn.BeginTx(ctx, opts)
}
