package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"github.com/bbbridge/bbbridge/classroom"
)

// What says that the database can't be asked is told from what says no.
func TestWhenTheDatabaseIsAway(t *testing.T) {
	pg := func(code string) error { return &pgconn.PgError{Code: code} }
	lite := func(code sqlite3.ErrNo) error { return sqlite3.Error{Code: code} }
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"no answer in time", context.DeadlineExceeded, true},
		{"the caller has left", context.Canceled, false},
		{"nothing listens", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		{"the connection broke", io.ErrUnexpectedEOF, true},
		{"a connection of before", driver.ErrBadConn, true},
		{"a connection that was closed", sql.ErrConnDone, true},
		{"closed by us", errors.New("sql: database is closed"), true},
		{"PostgreSQL is being stopped", pg("57P01"), true},
		{"PostgreSQL starts", pg("57P03"), true},
		{"too many connections", pg("53300"), true},
		{"the disk is full", pg("53100"), true},
		{"a standby", pg("25006"), true},
		{"another password", pg("28P01"), true},
		{"a lock", pg("55P03"), true},
		{"there is one already", pg("23505"), false},
		{"no such table", pg("42P01"), false},
		{"two that waited for each other", pg("40P01"), false},
		{"SQLite is locked", lite(sqlite3.ErrBusy), true},
		{"SQLite's disk is full", lite(sqlite3.ErrFull), true},
		{"SQLite's file is read-only", lite(sqlite3.ErrReadonly), true},
		{"SQLite's file is gone", lite(sqlite3.ErrIoErr), true},
		{"there is one already, in SQLite", lite(sqlite3.ErrConstraint), false},
		{"no such table, in SQLite", lite(sqlite3.ErrError), false},
		{"not found", classroom.ErrNotFound, false},
		{"something else", errors.New("row is odd"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := told(fmt.Errorf("look up: %w", test.err))
			if errors.Is(got, classroom.ErrAway) != test.want || !errors.Is(got, test.err) {
				t.Errorf("told %v", got)
			}
			if again := told(got); again.Error() != got.Error() {
				t.Errorf("told twice: %v", again)
			}
		})
	}
	if told(nil) != nil {
		t.Error("nothing is an error")
	}
}

// A transaction that can't begin is told of, and nothing of it is done.
func TestTransactionsOfAPostgreSQLThatIsAway(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqlx.Open("pgx", "postgres://somebody@"+nobody.Addr().String()+"/database?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	err = transactions{db}.transact(t.Context(), func(*conn) error {
		t.Error("something was done")
		return nil
	})
	if !errors.Is(err, classroom.ErrAway) {
		t.Errorf("told as %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
