package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

type serverRow struct {
	ID        string
	Name      string
	URL       string
	Algorithm string
	Secrets   []byte
	DrainedAt millis `db:"drained_at"`
}

// serverSecrets is what of a server is sealed.
type serverSecrets struct {
	Secret   string   `json:"secret"`
	Previous []string `json:"previous,omitempty"`
}

func (s sealer) sealServer(server classroom.Server) ([]byte, error) {
	secrets := serverSecrets{Secret: string(server.Secret)}
	for _, p := range server.PreviousSecrets {
		secrets.Previous = append(secrets.Previous, string(p))
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	return s.seal("servers", server.ID, plain), nil
}

func (s sealer) openServer(r serverRow) (classroom.Server, error) {
	plain, err := s.open("servers", r.ID, r.Secrets)
	if err != nil {
		return classroom.Server{}, err
	}
	var secrets serverSecrets
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return classroom.Server{}, fmt.Errorf("read secrets of server %s: %w", r.ID, err)
	}
	server := classroom.Server{ID: r.ID, Name: r.Name, Drained: !r.DrainedAt.time().IsZero(), Server: bbb.Server{
		URL: r.URL, Secret: bbb.Secret(secrets.Secret), Algorithm: bbb.Algorithm(r.Algorithm),
	}}
	for _, p := range secrets.Previous {
		server.PreviousSecrets = append(server.PreviousSecrets, bbb.Secret(p))
	}
	return server, nil
}

// servers returns those that aren't removed, oldest first.
func (c *conn) servers(ctx context.Context, seal sealer) ([]classroom.Server, error) {
	var rows []serverRow
	err := c.list(ctx, &rows, `
		SELECT id, name, url, algorithm, secrets, drained_at FROM servers WHERE removed_at IS NULL ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	var list []classroom.Server
	for _, r := range rows {
		server, err := seal.openServer(r)
		if err != nil {
			return nil, err
		}
		list = append(list, server)
	}
	return list, nil
}

// Servers returns all servers that aren't removed, oldest first.
func (db *DB) Servers(ctx context.Context) ([]classroom.Server, error) {
	list, err := db.reads().servers(ctx, db.seal)
	if err != nil {
		return nil, fmt.Errorf("list servers: %w", err)
	}
	return list, nil
}

// ServerByName returns the server of that name, or ErrNotFound.
func (db *DB) ServerByName(ctx context.Context, name string) (classroom.Server, error) {
	list, err := db.Servers(ctx)
	if err != nil {
		return classroom.Server{}, err
	}
	for _, s := range list {
		if s.Name == name {
			return s, nil
		}
	}
	return classroom.Server{}, fmt.Errorf("server %s: %w", name, classroom.ErrNotFound)
}

// AddServer adds a server and returns it with its id. It is admin.ErrExists if the
// name is taken. A removed one with the same URL comes back under its old id,
// and so do its meetings.
func (db *DB) AddServer(ctx context.Context, s classroom.Server) (classroom.Server, error) {
	var added classroom.Server
	err := db.write(ctx, func(c *conn) (err error) {
		if added, err = c.addServer(ctx, db.seal, s, db.Now()); err != nil {
			return err
		}
		return c.serverChanged(ctx, "server.add", nil, &added, db.Now())
	})
	if err != nil {
		return classroom.Server{}, fmt.Errorf("add server %s: %w", s.Name, err)
	}
	db.known.forget()
	return added, nil
}

func (c *conn) addServer(ctx context.Context, seal sealer, s classroom.Server, now time.Time) (classroom.Server, error) {
	if err := c.nameFree(ctx, `SELECT id FROM servers WHERE name = ? AND removed_at IS NULL`, s.Name); err != nil {
		return s, err
	}
	err := c.get(ctx, &s.ID, `SELECT id FROM servers WHERE url = ? AND removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1`, s.URL)
	if err != nil && !errors.Is(err, classroom.ErrNotFound) {
		return s, err
	}
	if s.ID == "" {
		s.ID = newID()
	}
	secrets, err := seal.sealServer(s)
	if err != nil {
		return s, err
	}
	_, err = c.exec(ctx, `
		INSERT INTO servers (id, name, url, algorithm, secrets, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, algorithm = excluded.algorithm, secrets = excluded.secrets,
			drained_at = NULL, found = '', removed_at = NULL`,
		s.ID, s.Name, s.URL, string(s.Algorithm), secrets, millis(now))
	return s, err
}

// RemoveServer takes a server out of use. Nothing of it is deleted.
// ErrNotFound.
func (db *DB) RemoveServer(ctx context.Context, name string) error {
	err := db.write(ctx, func(c *conn) error {
		all, err := c.servers(ctx, db.seal)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(s classroom.Server) bool { return s.Name == name })
		if at < 0 {
			return classroom.ErrNotFound
		}
		if err := c.one(ctx, `UPDATE servers SET removed_at = ? WHERE id = ?`, millis(db.Now()), all[at].ID); err != nil {
			return err
		}
		return c.serverChanged(ctx, "server.remove", &all[at], nil, db.Now())
	})
	if err != nil {
		return fmt.Errorf("remove server %s: %w", name, err)
	}
	db.known.forget()
	return nil
}

// shownServer is a server in the audit log: of its secrets only how many it has.
type shownServer struct {
	Name, URL string
	Algorithm bbb.Algorithm
	Previous  int // secrets that are still good
	Drained   bool
}

// serverChanged writes it into the audit log.
func (c *conn) serverChanged(ctx context.Context, did string, before, after *classroom.Server, now time.Time) error {
	e := admin.Entry{Did: did}
	for _, of := range []struct {
		server *classroom.Server
		text   *string
	}{{before, &e.Before}, {after, &e.After}} {
		if of.server != nil {
			e.What, *of.text = of.server.Name, shown(shownServer{of.server.Name, of.server.URL, of.server.Algorithm, len(of.server.PreviousSecrets), of.server.Drained})
		}
	}
	return c.record(ctx, e, now)
}

// compareNames is the same order on both databases, whatever their collation.
func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}
