package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

type linkRow struct {
	ID             string
	TenantID       string `db:"tenant_id"`
	Note           string
	Approve        bool
	MadeBy         string `db:"made_by"`
	CreatedAt      millis `db:"created_at"`
	ExpiresAt      millis `db:"expires_at"`
	RevokedAt      millis `db:"revoked_at"`
	UsedAt         millis `db:"used_at"`
	Issuer         string
	RegistrationID sql.Null[string] `db:"registration_id"`
	Failures       jsonText[[]admin.RegistrationFailure]
}

const linkColumns = `id, tenant_id, note, approve, made_by, created_at, expires_at, revoked_at, used_at, issuer, registration_id, failures`

func (r linkRow) link() admin.RegistrationLink {
	return admin.RegistrationLink{
		ID: r.ID, TenantID: r.TenantID, Note: r.Note, Approve: r.Approve, MadeBy: r.MadeBy,
		CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), RevokedAt: r.RevokedAt.time(), UsedAt: r.UsedAt.time(),
		Issuer: r.Issuer, PlatformID: r.RegistrationID.V, Failures: r.Failures.V,
	}
}

// AddRegistrationLink keeps a link whose code has this digest, under a new id.
func (db *DB) AddRegistrationLink(ctx context.Context, l admin.RegistrationLink, digest []byte) (admin.RegistrationLink, error) {
	l.ID = newID()
	err := db.write(ctx, func(c *conn) error {
		var tenant string
		if err := c.get(ctx, &tenant, `SELECT id FROM tenants WHERE id = ?`, l.TenantID); err != nil {
			return fmt.Errorf("tenant %q: %w", l.TenantID, err)
		}
		_, err := c.exec(ctx, `
			INSERT INTO registration_links (id, tenant_id, hash, note, approve, made_by, created_at, expires_at, issuer, failures)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 'null')`,
			l.ID, l.TenantID, digest, l.Note, l.Approve, l.MadeBy, millis(l.CreatedAt), millis(l.ExpiresAt))
		if err != nil {
			return err
		}
		return c.linkChanged(ctx, "registration.link", l, db.Now())
	})
	if err != nil {
		return admin.RegistrationLink{}, fmt.Errorf("add registration link: %w", err)
	}
	return l, nil
}

// RegistrationLinks returns all links, the newest first.
func (db *DB) RegistrationLinks(ctx context.Context) ([]admin.RegistrationLink, error) {
	var rows []linkRow
	if err := db.reads().list(ctx, &rows, `SELECT `+linkColumns+` FROM registration_links ORDER BY created_at DESC, id`); err != nil {
		return nil, fmt.Errorf("list registration links: %w", err)
	}
	return each(rows, linkRow.link), nil
}

// RegistrationLinkOf returns the link of a code, or admin.ErrLinkUnknown.
func (db *DB) RegistrationLinkOf(ctx context.Context, digest []byte) (admin.RegistrationLink, error) {
	var row linkRow
	err := db.reads().get(ctx, &row, `SELECT `+linkColumns+` FROM registration_links WHERE hash = ?`, digest)
	if errors.Is(err, classroom.ErrNotFound) {
		return admin.RegistrationLink{}, admin.ErrLinkUnknown
	}
	return row.link(), err
}

// RevokeRegistrationLink makes a link useless; ErrNotFound. One that is used or
// over stays what it is.
func (db *DB) RevokeRegistrationLink(ctx context.Context, id string) error {
	err := db.write(ctx, func(c *conn) error {
		l, err := c.registrationLink(ctx, id)
		if err != nil || !l.RevokedAt.IsZero() {
			return err
		}
		l.RevokedAt = exactly(db.Now()).time()
		if err := c.one(ctx, `UPDATE registration_links SET revoked_at = ? WHERE id = ?`, millis(l.RevokedAt), id); err != nil {
			return err
		}
		return c.linkChanged(ctx, "registration.revoke", l, db.Now())
	})
	if err != nil {
		return fmt.Errorf("revoke registration link %s: %w", id, err)
	}
	return nil
}

// linkChanged writes it into the audit log.
func (c *conn) linkChanged(ctx context.Context, did string, l admin.RegistrationLink, now time.Time) error {
	what := l.Note
	if what == "" {
		what = l.ID
	}
	return c.record(ctx, admin.Entry{Did: did, What: what, TenantID: l.TenantID, After: shown(struct {
		ID        string
		ExpiresAt time.Time
		Approve   bool
	}{l.ID, l.ExpiresAt, l.Approve})}, now)
}

// HoldRegistrationLink holds a link until then, unless somebody else does.
func (db *DB) HoldRegistrationLink(ctx context.Context, id string, until time.Time) (held bool, err error) {
	err = db.write(ctx, func(c *conn) error {
		n, err := c.exec(ctx, `
			UPDATE registration_links SET held_until = ? WHERE id = ? AND (held_until IS NULL OR held_until <= ?)`,
			millis(until), id, millis(db.Now()))
		held = n == 1
		return err
	})
	return held, err
}

// NoteRegistrationFailure keeps a failure with the link, and lets go of it if
// it is held until then.
func (db *DB) NoteRegistrationFailure(ctx context.Context, id string, held time.Time, f admin.RegistrationFailure) error {
	return db.write(ctx, func(c *conn) error {
		link, err := c.registrationLink(ctx, id)
		if err != nil {
			return err
		}
		failures := append([]admin.RegistrationFailure{f}, link.Failures...)
		return c.one(ctx, `
			UPDATE registration_links SET failures = ?, held_until = CASE WHEN held_until = ? THEN NULL ELSE held_until END WHERE id = ?`,
			asJSON(failures[:min(len(failures), admin.FailuresMost)]), millis(held), id)
	})
}

func (c *conn) registrationLink(ctx context.Context, id string) (admin.RegistrationLink, error) {
	var row linkRow
	if err := c.get(ctx, &row, `SELECT `+linkColumns+` FROM registration_links WHERE id = ?`, id); err != nil {
		return admin.RegistrationLink{}, fmt.Errorf("registration link %s: %w", id, err)
	}
	return row.link(), nil
}

// ClientsOf returns the platforms of an issuer that a tenant has, by name.
func (db *DB) ClientsOf(ctx context.Context, tenantID, issuer string) ([]lti.Client, error) {
	c := db.reads()
	platforms, err := c.platforms(ctx)
	if err != nil {
		return nil, fmt.Errorf("clients of %s: %w", issuer, err)
	}
	var clients []lti.Client
	for _, p := range platforms {
		if p.TenantID != tenantID || p.Issuer != issuer {
			continue
		}
		linked, err := c.linkedPlatform(ctx, p.ID)
		if err != nil && !errors.Is(err, classroom.ErrNotFound) {
			return nil, fmt.Errorf("clients of %s: %w", issuer, err)
		}
		clients = append(clients, lti.Client{Registration: p.Registration, URI: linked.ClientURI})
	}
	return clients, nil
}

// LinkedPlatform returns what a platform said when it registered by a link, or
// ErrNotFound.
func (db *DB) LinkedPlatform(ctx context.Context, registrationID string) (admin.LinkedPlatform, error) {
	return db.reads().linkedPlatform(ctx, registrationID)
}

func (c *conn) linkedPlatform(ctx context.Context, registrationID string) (admin.LinkedPlatform, error) {
	var row struct {
		Family         string
		Version        string
		ClientURI      string `db:"client_uri"`
		Asked, Granted jsonText[lti.Features]
		RegisteredAt   millis `db:"registered_at"`
	}
	err := c.get(ctx, &row, `
		SELECT family, version, client_uri, asked, granted, registered_at FROM linked_platforms WHERE registration_id = ?`, registrationID)
	return admin.LinkedPlatform{
		Family: lti.Family(row.Family), Version: row.Version, ClientURI: row.ClientURI,
		Asked: row.Asked.V, Granted: row.Granted.V, RegisteredAt: row.RegisteredAt.time(),
	}, err
}

// SaveRegistration takes over what a platform has registered by a link: a new
// platform, or the one that it was before, with its courses, people and grades.
// It is ErrOtherTenant or ErrOtherKeys for one that must stay as it is, and the
// error of a link that can't be used any more.
func (db *DB) SaveRegistration(ctx context.Context, n admin.NewRegistration) (admin.Saved, error) {
	var saved admin.Saved
	err := db.write(ctx, func(c *conn) (err error) {
		saved, err = c.saveRegistration(ctx, n, exactly(db.Now()).time())
		return err
	})
	if err != nil {
		return admin.Saved{}, fmt.Errorf("registration by link %s: %w", n.LinkID, err)
	}
	db.known.forget()
	return saved, nil
}

func (c *conn) saveRegistration(ctx context.Context, n admin.NewRegistration, now time.Time) (admin.Saved, error) {
	link, err := c.registrationLink(ctx, n.LinkID)
	if err != nil {
		return admin.Saved{}, err
	}
	switch said := n.Registered.Registration; {
	case !link.RevokedAt.IsZero():
		return admin.Saved{}, admin.ErrLinkRevoked
	case link.Issuer != "" && link.Issuer != said.Issuer:
		return admin.Saved{}, admin.ErrLinkUsed
	}
	p, again, err := c.takeOver(ctx, n, link.TenantID, now)
	if err != nil {
		return admin.Saved{}, err
	}
	r := n.Registered
	_, err = c.exec(ctx, `
		INSERT INTO linked_platforms (registration_id, family, version, client_uri, asked, granted, registered_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (registration_id) DO UPDATE SET family = excluded.family, version = excluded.version,
			client_uri = excluded.client_uri, asked = excluded.asked, granted = excluded.granted, registered_at = excluded.registered_at`,
		p.ID, string(r.Family), r.Version, r.ClientURI, asJSON(r.Asked), asJSON(r.Granted), millis(now))
	if err != nil {
		return admin.Saved{}, fmt.Errorf("what the platform said: %w", err)
	}
	err = c.one(ctx, `
		UPDATE registration_links SET used_at = COALESCE(used_at, ?), held_until = NULL, issuer = ?, registration_id = ? WHERE id = ?`,
		millis(now), p.Issuer, p.ID, link.ID)
	return admin.Saved{Name: p.Name, Again: again, Pending: p.Pending}, err
}

// takeOver adds a platform, or changes what it says itself of one that is
// there. What its admin here has said stays.
func (c *conn) takeOver(ctx context.Context, n admin.NewRegistration, tenantID string, now time.Time) (p admin.Platform, again bool, err error) {
	said := n.Registered.Registration
	var owner string // of one that was removed, too: it would come back with its courses
	err = c.get(ctx, &owner, `SELECT tenant_id FROM registrations WHERE issuer = ? AND client_id = ?`, said.Issuer, said.ClientID)
	switch {
	case err != nil && !errors.Is(err, classroom.ErrNotFound):
		return admin.Platform{}, false, err
	case err == nil && owner != tenantID:
		return admin.Platform{}, false, admin.ErrOtherTenant
	}
	all, err := c.platforms(ctx)
	if err != nil {
		return admin.Platform{}, false, err
	}
	i := slices.IndexFunc(all, func(p admin.Platform) bool { return p.Issuer == said.Issuer && p.ClientID == said.ClientID })
	if i < 0 {
		p = admin.Platform{Registration: said, TenantID: tenantID, CreatedAt: now}
		p.ID, p.Name, p.Pending, p.LMS = newID(), freeName(all, said.Name), n.Pending, admin.LMS(n.Registered.Family)
		if err := c.addPlatform(ctx, p, now); err != nil {
			return admin.Platform{}, false, err
		}
		if p, err = c.platform(ctx, p.Name); err != nil { // one that was removed has its id of before
			return admin.Platform{}, false, err
		}
		return p, false, c.platformChanged(ctx, "platform.register", nil, &p, now)
	}
	before := all[i]
	if !n.Trusted && !sameOrigins(before.Registration, said) {
		return admin.Platform{}, false, admin.ErrOtherKeys
	}
	p = before
	p.AuthURL, p.TokenURL, p.JWKSURL, p.TokenAudience, p.Algorithms = said.AuthURL, said.TokenURL, said.JWKSURL, said.TokenAudience, said.Algorithms
	p.Deployments = maps.Clone(before.Deployments)
	for id := range said.Deployments {
		if _, known := p.Deployments[id]; !known {
			p.Deployments[id] = true
		}
	}
	for _, origin := range said.FrameAncestors {
		if !slices.Contains(p.FrameAncestors, origin) {
			p.FrameAncestors = append(slices.Clone(p.FrameAncestors), origin)
		}
	}
	if err := c.editPlatform(ctx, before, p, now); err != nil {
		return admin.Platform{}, false, err
	}
	return p, true, c.platformChanged(ctx, "platform.register_again", &before, &p, now)
}

// sameOrigins reports whether a platform's addresses are where they were.
func sameOrigins(a, b lti.Registration) bool {
	origin := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			return address
		}
		return u.Scheme + "://" + u.Host
	}
	return origin(a.AuthURL) == origin(b.AuthURL) && origin(a.TokenURL) == origin(b.TokenURL) && origin(a.JWKSURL) == origin(b.JWKSURL)
}

// freeName is a name that no platform has: this one, or with a number.
func freeName(all []admin.Platform, name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(all, func(p admin.Platform) bool { return p.Name == name })
	}
	free := name
	for i := 2; taken(free); i++ {
		free = fmt.Sprintf("%s (%d)", name, i)
	}
	return free
}

// ApprovePlatform takes the launches of a platform that has waited for it;
// ErrNotFound. One that doesn't wait stays as it is.
func (db *DB) ApprovePlatform(ctx context.Context, name string) (waited bool, err error) {
	err = db.write(ctx, func(c *conn) error {
		before, err := c.platform(ctx, name)
		if waited = before.Pending; err != nil || !waited {
			return err
		}
		after := before
		after.Pending = false
		if err := c.editPlatform(ctx, before, after, db.Now()); err != nil {
			return err
		}
		return c.platformChanged(ctx, "platform.approve", &before, &after, db.Now())
	})
	if err != nil {
		return false, fmt.Errorf("approve platform %s: %w", name, err)
	}
	db.known.forget()
	return waited, nil
}

// linksKept is how long a registration link is listed when it is over.
const linksKept = 90 * 24 * time.Hour

func (db *DB) sweepLinks(ctx context.Context, now time.Time) error {
	return db.inSteps(ctx, 500, func(c *conn, step int64) (int64, error) {
		return c.exec(ctx, `
			DELETE FROM registration_links WHERE id IN (SELECT id FROM registration_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
			millis(now.Add(-linksKept)), step)
	})
}
