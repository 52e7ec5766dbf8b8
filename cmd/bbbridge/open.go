package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/store"
)

// open reads the configuration and opens its database.
func (p *program) open() (configs.Config, *store.DB, error) {
	cfg, err := p.settings()
	if err != nil {
		return configs.Config{}, nil, err
	}
	_, db, err := openWith(p, cfg)
	return cfg, db, err
}

// openWith opens the database of a configuration, with its master key.
func openWith(ctx context.Context, cfg configs.Config) (store.MasterKey, *store.DB, error) {
	key, err := masterKey(ctx, cfg)
	if err != nil {
		return store.MasterKey{}, nil, err
	}
	db, err := store.Open(ctx, string(cfg.Database), key)
	if errors.Is(err, store.ErrWrongKey) {
		err = fmt.Errorf("%w; %s must be that one", err, keySetting(cfg))
	}
	if err == nil {
		db.FailuresKept = time.Duration(cfg.FailuresKept) * 24 * time.Hour
	}
	return key, db, err
}

// keySetting is where the master key comes from.
func keySetting(cfg configs.Config) string {
	if cfg.MasterKey != "" {
		return configs.Called("master_key")
	}
	return cfg.MasterKeyFile + ", which " + configs.Called("master_key_file") + " names,"
}

// masterKey is the one of the environment, or that of the file. The file is
// made if it is missing, but not for PostgreSQL, where another node has it, and
// not for a database in which things are sealed that a new key can't open.
func masterKey(ctx context.Context, cfg configs.Config) (store.MasterKey, error) {
	if cfg.MasterKey != "" {
		return store.ParseMasterKey(string(cfg.MasterKey))
	}
	key, err := store.LoadMasterKey(cfg.MasterKeyFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if !cfg.SQLite() {
		return key, fmt.Errorf(noKeyOnPostgres, cfg.MasterKeyFile, configs.Called("master_key_file"))
	}
	sealed, err := store.Sealed(ctx, string(cfg.Database))
	switch {
	case err != nil:
		return key, err
	case sealed:
		return key, fmt.Errorf(noKey, cfg.MasterKeyFile, configs.Called("master_key_file"))
	}
	return store.MakeMasterKey(cfg.MasterKeyFile)
}

// What to do without a key: it is in docs/operations.md, too.
const (
	restoreKey = `How to restore it, and what to do if it is lost: docs/operations.md, "Backup" and "The master key is lost"`

	noKey = `the master key is missing, and what the database has sealed can't be read without it.
Put its file, from your backup, at %s (%s), and nobody else may read it.
` + restoreKey
	noKeyOnPostgres = `the master key is missing. With PostgreSQL none is made by itself: all nodes need the same.
Put its file, from another node or your backup, at %[1]s (%[2]s), and nobody else may read it.
For a new database make one: (umask 077; openssl rand -base64 32 > %[1]s)
` + restoreKey
)

// An exposed file has secrets in it that others may read or change.
type exposed struct{ path, mode, cure string }

// exposedFiles are those of a configuration that are.
func exposedFiles(cfg configs.Config) []exposed {
	database, _ := strings.CutPrefix(string(cfg.Database), "sqlite:")
	var found []exposed
	for _, path := range []string{cfg.MasterKeyFile, cfg.DatabaseFile, database} {
		info, err := os.Stat(path)
		if err != nil { // not set, or PostgreSQL's address
			continue
		}
		others := fs.FileMode(0o077)
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
			others = 0o027 // it is by its group that we read it
		}
		if mode := info.Mode().Perm(); mode&others != 0 {
			found = append(found, exposed{path, fmt.Sprintf("%#o", mode), fmt.Sprintf("chmod %#o %s", mode&^others, quoted(path))})
		}
	}
	return found
}
