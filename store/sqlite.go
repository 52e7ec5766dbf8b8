package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

const (
	sqliteReaders = 4
	busyFor       = 5 * time.Second // how long to wait for another program's write

	// For both: foreign keys, and statements that stay prepared.
	sqliteOptions = "?_busy_timeout=5000&_foreign_keys=on&_stmt_cache_size=128"
	// A commit is on the disk when it returns. The log is copied into the
	// database every 4,000 pages: the more of them, the fewer are copied twice.
	sqliteWriter = sqliteOptions + "&_journal_mode=WAL&_txlock=immediate&_synchronous=FULL&_cache_size=-8000"
	sqliteReader = sqliteOptions + "&_query_only=true"
	checkpointAt = "PRAGMA wal_autocheckpoint = 4000"
)

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := touch(path); err != nil {
		return nil, err
	}
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	writer := sqlx.NewDb(sql.OpenDB(sqliteFile(file+sqliteWriter)), "sqlite3")
	writer.SetMaxOpenConns(1)
	if err := ready(ctx, writer); err != nil {
		return nil, errors.Join(sqliteProblem(path, err), writer.Close())
	}
	if err := migrate(ctx, writer.DB, sqliteSchema); err != nil {
		return nil, errors.Join(sqliteProblem(path, err), writer.Close())
	}
	reader := sqlx.NewDb(sql.OpenDB(sqliteFile(file+sqliteReader)), "sqlite3")
	reader.SetMaxOpenConns(sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)
	counter := sqlx.NewDb(sql.OpenDB(sqliteFile(file+sqliteReader)), "sqlite3")
	counter.SetMaxOpenConns(1)
	writes := &batches{db: writer}
	return &DB{
		reads:   func() *conn { return &conn{on: reader, bind: sqlx.QUESTION, uncancelled: true} },
		counts:  func() *conn { return &conn{on: counter, bind: sqlx.QUESTION} },
		writes:  writes,
		oneNode: true,
		// The writer last: whoever closes last tidies up, and only it may.
		close: func() error { return errors.Join(writes.finish(), counter.Close(), reader.Close(), writer.Close()) },
	}, nil
}

// sqliteFile connects to the database of its name.
type sqliteFile string

// sqliteDriver is replaced by tests that look at statements.
var sqliteDriver driver.Driver = &sqlite3.SQLiteDriver{}

// Connect implements driver.Connector.
func (f sqliteFile) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := sqliteDriver.Open(string(f))
	if err != nil {
		return nil, err
	}
	if _, err := c.(driver.ExecerContext).ExecContext(ctx, checkpointAt, nil); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Driver implements driver.Connector.
func (sqliteFile) Driver() driver.Driver { return sqliteDriver }

// touch makes the file if it's missing, for its owner only: it has names and
// attendance in it. SQLite gives its other files the same mode.
func touch(path string) error {
	if path == "" {
		return errors.New(`database: a file's path must follow "sqlite:"`)
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("database %s is a folder; name a file in it", path)
	}
	if err != nil {
		if err := folderFor(path); err != nil {
			return fmt.Errorf("database %s can't be made: %w", path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("database %s can't be written by this user: %w", path, err)
	case err != nil:
		return fmt.Errorf("database %s can't be opened: %w", path, err)
	}
	return f.Close()
}

// ready connects. Of two programs that make the same database at once, one
// may be told at once that it's busy, without waiting.
func ready(ctx context.Context, db *sqlx.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyFor)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if !isBusy(err) {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}

// sqliteProblem says what is wrong with the file in a sentence.
func sqliteProblem(path string, err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("database %s: %w", path, err)
	}
	switch e.Code {
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return fmt.Errorf("database %s is no SQLite database, or is damaged: %w", path, err)
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm:
		return fmt.Errorf("database %s or its folder can't be written by this user: %w", path, err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("database %s is held by another program: %w", path, err)
	case sqlite3.ErrFull:
		return fmt.Errorf("database %s: the disk is full: %w", path, err)
	}
	return fmt.Errorf("database %s: %w", path, err)
}
