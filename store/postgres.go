package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

const (
	postgresConns = 16
	connectFor    = 5 * time.Second
)

func openPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text has no password in it
		return nil, fmt.Errorf("database: the address can't be read: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectFor
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "bbbridge"
	}
	place := fmt.Sprintf("database %s at %s", config.Database, config.Host)
	db := sqlx.NewDb(stdlib.OpenDB(*config), "pgx")
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s doesn't let us in or doesn't answer: %w", place, err), db.Close())
	}
	if err := migrate(ctx, db.DB, postgresSchema); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", place, err), db.Close())
	}
	return &DB{
		reads:      func() *conn { return &conn{on: db, bind: sqlx.DOLLAR, most: statementMost} },
		counts:     func() *conn { return &conn{on: db, bind: sqlx.DOLLAR} }, // one at a time: see handlers.Metrics
		writes:     transactions{db},
		close:      db.Close,
		skipLocked: " FOR UPDATE SKIP LOCKED",
	}, nil
}

// transactions is the transactor for PostgreSQL, which lets many write at once
// and has them share the wait for the disk.
type transactions struct{ db *sqlx.DB }

func (t transactions) once(_ context.Context, f func(*conn) error) error {
	return f(&conn{on: t.db, bind: sqlx.DOLLAR, most: statementMost})
}

func (t transactions) transact(ctx context.Context, f func(*conn) error) error {
	const tries = 4
	var err error
	for range tries {
		if err = t.try(ctx, f); !isCollision(err) {
			return err
		}
	}
	return err
}

// try runs f in a transaction. To begin and to commit are statements, too.
func (t transactions) try(ctx context.Context, f func(*conn) error) error {
	all, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(statementMost, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	tx, err := t.db.BeginTxx(all, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", told(inTime(all, err)))
	}
	defer tx.Rollback()
	late.Stop()
	if err := f(&conn{on: tx, bind: sqlx.DOLLAR, inTx: true, most: statementMost}); err != nil {
		return err
	}
	late.Reset(statementMost)
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", told(inTime(all, err)))
	}
	return nil
}

// inTime is err, with why ctx ended if that was by us.
func inTime(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

// isCollision reports whether two transactions waited for each other, so
// that the one that was broken off may try again.
func isCollision(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
}
