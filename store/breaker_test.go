package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// ErrBroken is what a Breaker says.
var ErrBroken = errors.New("the database broke")

// A Breaker is SQLite's driver for tests, of which one call fails: a statement,
// the first row of an answer, or the beginning or end of a transaction.
type Breaker struct {
	sqlite3.SQLiteDriver
	mu    sync.Mutex
	left  int // calls until the one that fails; 0: none does
	broke string
}

// NewBreaker has databases that are opened until the test ends break by what it
// returns.
func NewBreaker(t *testing.T) *Breaker {
	b := &Breaker{}
	was := sqliteDriver
	sqliteDriver = b
	t.Cleanup(func() { sqliteDriver = was })
	return b
}

// BreakAt has the nth call from now on fail, once; 0: none.
func (b *Breaker) BreakAt(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.broke = n, ""
}

// Broke is what has failed since BreakAt, or empty.
func (b *Breaker) Broke() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broke
}

func (b *Breaker) call(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 {
		return nil
	}
	if b.left--; b.left > 0 {
		return nil
	}
	b.broke = what
	return ErrBroken
}

// Open implements driver.Driver. What is lost when the machine stops isn't what
// these tests are about, so nothing waits for the disk.
func (b *Breaker) Open(dsn string) (driver.Conn, error) {
	c, err := b.SQLiteDriver.Open(strings.Replace(dsn, "_synchronous=FULL", "_synchronous=OFF", 1))
	if err != nil {
		return nil, err
	}
	return brokenConn{c.(*sqlite3.SQLiteConn), b}, nil
}

type brokenConn struct {
	*sqlite3.SQLiteConn
	breaker *Breaker
}

func (c brokenConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.breaker.call(query); err != nil {
		return nil, err
	}
	return c.SQLiteConn.ExecContext(ctx, query, args)
}

func (c brokenConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.breaker.call(query); err != nil {
		return nil, err
	}
	rows, err := c.SQLiteConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &brokenRows{Rows: rows, what: "the first row of " + query, breaker: c.breaker}, nil
}

func (c brokenConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.breaker.call("begin"); err != nil {
		return nil, err
	}
	tx, err := c.SQLiteConn.BeginTx(ctx, opts)
	return brokenTx{tx, c.breaker}, err
}

type brokenTx struct {
	driver.Tx
	breaker *Breaker
}

func (t brokenTx) Commit() error {
	if err := t.breaker.call("commit"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

type brokenRows struct {
	driver.Rows
	what    string
	begun   bool
	breaker *Breaker
}

func (r *brokenRows) Next(row []driver.Value) error {
	if !r.begun {
		r.begun = true
		if err := r.breaker.call(r.what); err != nil {
			return err
		}
	}
	return r.Rows.Next(row)
}
