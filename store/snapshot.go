package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/lti"
)

// What each launch needs and only an admin changes is held in memory.
const (
	freshFor = time.Second      // then one caller reads it again, while the others go on with it
	usedFor  = 10 * time.Second // then all wait for that
)

// A snapshot is what was known at one time. Nobody changes it.
type snapshot struct {
	at            time.Time
	registrations map[string]lti.Registration // by id
	ofIssuer      map[string][]lti.Registration
	tenantOf      map[string]string // by registration id
	tenants       map[string]classroom.Tenant
	servers       map[string]classroom.Server
	serversByAge  []string  // ids, oldest first
	keys          []toolKey // oldest first
}

// snapshots holds the newest snapshot.
type snapshots struct {
	newest  atomic.Pointer[snapshot]
	reading sync.Mutex
	forgot  atomic.Int64 // how often it was
	looks   looks
}

// forget has the next caller read all again.
func (s *snapshots) forget() {
	s.forgot.Add(1)
	s.newest.Store(nil)
}

// snapshot returns what is known, at most usedFor old.
func (db *DB) snapshot(ctx context.Context) (*snapshot, error) {
	s := db.known.newest.Load()
	if db.younger(s, freshFor) {
		return s, nil
	}
	if !db.younger(s, usedFor) {
		db.known.reading.Lock()
	} else if !db.known.reading.TryLock() {
		return s, nil
	}
	defer db.known.reading.Unlock()
	if s := db.known.newest.Load(); db.younger(s, freshFor) { // read while we waited
		return s, nil
	}
	newer, err := db.renew(ctx, s)
	if err != nil && db.younger(s, usedFor) {
		return s, nil
	}
	return newer, err
}

// renew reads all again. known.reading is held.
func (db *DB) renew(ctx context.Context, before *snapshot) (*snapshot, error) {
	forgot := db.known.forgot.Load()
	newer, err := db.readSnapshot(ctx, before)
	if err != nil {
		return nil, fmt.Errorf("read what is registered: %w", err)
	}
	db.known.newest.Store(newer)
	if db.known.forgot.Load() != forgot { // what was read may be older
		db.known.newest.CompareAndSwap(newer, nil)
	}
	return newer, nil
}

func (db *DB) younger(s *snapshot, than time.Duration) bool {
	if s == nil {
		return false
	}
	age := db.Now().Sub(s.at)
	return age >= 0 && age < than
}

// readSnapshot takes opened keys over from the snapshot before.
func (db *DB) readSnapshot(ctx context.Context, before *snapshot) (*snapshot, error) {
	s := &snapshot{
		at:            db.Now(),
		registrations: map[string]lti.Registration{}, ofIssuer: map[string][]lti.Registration{},
		tenantOf: map[string]string{}, tenants: map[string]classroom.Tenant{}, servers: map[string]classroom.Server{},
	}
	c := db.reads()
	err := inOrder(
		func() error { return s.readTenants(ctx, c) },
		func() error { return s.readServers(ctx, c, db.seal) },
		func() error { return s.readRegistrations(ctx, c) },
		func() error { return s.readKeys(ctx, c, db.seal, before) },
	)
	return s, err
}

func (s *snapshot) readTenants(ctx context.Context, c *conn) error {
	var rows []struct {
		ID       string
		Name     string
		Policy   jsonText[classroom.Policy]
		Defaults jsonText[classroom.Settings]
		Rule     jsonText[attendance.Rule]
		Options  jsonText[classroom.TenantOptions]
	}
	if err := c.list(ctx, &rows, `SELECT id, name, policy, defaults, rule, options FROM tenants`); err != nil {
		return err
	}
	own, err := c.tenantServers(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		s.tenants[r.ID] = classroom.Tenant{
			ID: r.ID, Name: r.Name, Servers: own[r.ID], Policy: r.Policy.V, Defaults: r.Defaults.V, Rule: r.Rule.V,
			TenantOptions: r.Options.V,
		}
	}
	return nil
}

func (s *snapshot) readServers(ctx context.Context, c *conn, seal sealer) error {
	servers, err := c.servers(ctx, seal)
	for _, server := range servers {
		s.servers[server.ID] = server
		s.serversByAge = append(s.serversByAge, server.ID)
	}
	return err
}

func (s *snapshot) readRegistrations(ctx context.Context, c *conn) error {
	platforms, err := c.platforms(ctx)
	for _, p := range platforms {
		s.registrations[p.ID] = p.Registration
		s.ofIssuer[p.Issuer] = append(s.ofIssuer[p.Issuer], p.Registration)
		s.tenantOf[p.ID] = p.TenantID
	}
	return err
}

// RegistrationsOf returns all registrations of an issuer, disabled ones too.
// Like all that is answered from memory it isn't to be changed, and what
// another program has changed shows within usedFor, or after LookAgain.
func (db *DB) RegistrationsOf(ctx context.Context, issuer string) ([]lti.Registration, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return s.ofIssuer[issuer], nil
}

// Registration returns one registration, or lti.ErrNoRegistration.
func (db *DB) Registration(ctx context.Context, id string) (lti.Registration, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return lti.Registration{}, err
	}
	r, ok := s.registrations[id]
	if !ok {
		return lti.Registration{}, fmt.Errorf("registration %s: %w", id, lti.ErrNoRegistration)
	}
	return r, nil
}

// Tenant returns whom a registration belongs to, or ErrNotFound.
func (db *DB) Tenant(ctx context.Context, registrationID string) (classroom.Tenant, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return classroom.Tenant{}, err
	}
	tenant, ok := s.tenants[s.tenantOf[registrationID]]
	if !ok {
		return classroom.Tenant{}, fmt.Errorf("tenant of registration %s: %w", registrationID, classroom.ErrNotFound)
	}
	return tenant, nil
}

// TenantByID returns a tenant, or ErrNotFound.
func (db *DB) TenantByID(ctx context.Context, id string) (classroom.Tenant, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return classroom.Tenant{}, err
	}
	tenant, ok := s.tenants[id]
	if !ok {
		return classroom.Tenant{}, fmt.Errorf("tenant %s: %w", id, classroom.ErrNotFound)
	}
	return tenant, nil
}

// Tenants returns all tenants, by name.
func (db *DB) Tenants(ctx context.Context) ([]classroom.Tenant, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Collect(maps.Values(s.tenants))
	slices.SortFunc(list, func(a, b classroom.Tenant) int { return compareNames(a.Name, b.Name) })
	return list, nil
}

// SetTenant keeps a tenant's policy. It is ErrNotFound for a tenant
// that isn't there.
func (db *DB) SetTenant(ctx context.Context, t classroom.Tenant) error {
	err := db.write(ctx, func(c *conn) error {
		var before struct{ Name, Policy string }
		if err := c.get(ctx, &before, `SELECT name, policy FROM tenants WHERE id = ?`, t.ID); err != nil {
			return err
		}
		if err := c.one(ctx, `UPDATE tenants SET policy = ? WHERE id = ?`, asJSON(t.Policy), t.ID); err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "tenant.edit", What: before.Name, TenantID: t.ID, Before: before.Policy, After: shown(t.Policy)}, db.Now())
	})
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	db.known.forget()
	return nil
}

// ServersOf returns the servers of a tenant's classes, the oldest first, drained
// ones too: its own, as far as they aren't removed, or else all up to the oldest
// in service. ErrNoServer if there is none at all.
func (db *DB) ServersOf(ctx context.Context, tenantID string) ([]classroom.Server, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	own := s.tenants[tenantID].Servers
	var pool, rest []classroom.Server
	for _, id := range s.serversByAge {
		server := s.servers[id]
		if slices.Contains(own, id) {
			pool = append(pool, server)
		}
		if len(rest) == 0 || rest[len(rest)-1].Drained {
			rest = append(rest, server)
		}
	}
	switch {
	case len(pool) > 0:
		return pool, nil
	case len(rest) > 0:
		return rest, nil
	}
	return nil, fmt.Errorf("servers of tenant %s: %w", tenantID, classroom.ErrNoServer)
}

// Server returns one server, or ErrNotFound, also for one that was removed.
func (db *DB) Server(ctx context.Context, id string) (classroom.Server, error) {
	s, err := db.snapshot(ctx)
	if err != nil {
		return classroom.Server{}, err
	}
	server, ok := s.servers[id]
	if !ok {
		return classroom.Server{}, fmt.Errorf("server %s: %w", id, classroom.ErrNotFound)
	}
	return server, nil
}
