package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// A schema is how one kind of database gets its tables.
type schema struct {
	dialect goose.Dialect
	folder  string
	lock    bool // the database locks others out meanwhile
}

var (
	sqliteSchema   = schema{goose.DialectSQLite3, "migrations/sqlite", false}
	postgresSchema = schema{goose.DialectPostgres, "migrations/postgres", true}
)

func (s schema) provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, s.folder)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.lock {
		// Once a second, for five minutes: long enough for another node.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.dialect, db, files, options...)
}

// migrate brings the tables up to date. A schema that is newer than the
// program is left alone: it is ErrNewerSchema.
func migrate(ctx context.Context, db *sql.DB, s schema) error {
	p, err := s.provider(db)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	// SQLite has no lock for this. Of two programs, one finds a step taken by
	// the other and looks again.
	const looks = 5
	for range looks {
		var current, target int64
		if current, target, err = p.GetVersions(ctx); err != nil {
			continue
		}
		if current > target {
			return fmt.Errorf("%w: its schema is %d, this program knows %d; run the newer program", ErrNewerSchema, current, target)
		}
		if current == target {
			return nil
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errors.New("the tables can't be brought up to date"), err)
}
