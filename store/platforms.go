package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

// registrationOptions are what most registrations leave as they are.
type registrationOptions struct {
	Algorithms         []string `json:"algorithms,omitempty"`
	AdoptDeployments   bool     `json:"adopt_deployments,omitempty"`
	AllowAnonymous     bool     `json:"allow_anonymous,omitempty"`
	LinkFromDeployment bool     `json:"link_from_deployment,omitempty"`
	TrustedAudiences   []string `json:"trusted_audiences,omitempty"`
	FrameAncestors     []string `json:"frame_ancestors,omitempty"`
	LMS                string   `json:"lms,omitempty"`
	KeyPasted          bool     `json:"key_pasted,omitempty"`
	Pending            bool     `json:"pending,omitempty"`
}

type platformRow struct {
	ID            string
	TenantID      string `db:"tenant_id"`
	Name          string
	Issuer        string
	ClientID      string `db:"client_id"`
	AuthURL       string `db:"auth_url"`
	TokenURL      string `db:"token_url"`
	JWKSURL       string `db:"jwks_url"`
	TokenAudience string `db:"token_audience"`
	Options       jsonText[registrationOptions]
	Disabled      bool
	SignsWith     string `db:"signs_with"`
	CreatedAt     millis `db:"created_at"`
}

func (r platformRow) platform() admin.Platform {
	o := r.Options.V
	return admin.Platform{TenantID: r.TenantID, CreatedAt: r.CreatedAt.time(), LMS: admin.LMS(o.LMS), KeyPasted: o.KeyPasted, Registration: lti.Registration{
		ID: r.ID, Name: r.Name, Issuer: r.Issuer, ClientID: r.ClientID,
		AuthURL: r.AuthURL, TokenURL: r.TokenURL, JWKSURL: r.JWKSURL, TokenAudience: r.TokenAudience,
		Algorithms: o.Algorithms, Disabled: r.Disabled, Deployments: map[string]bool{},
		AdoptDeployments: o.AdoptDeployments, AllowAnonymous: o.AllowAnonymous, LinkFromDeployment: o.LinkFromDeployment,
		TrustedAudiences: o.TrustedAudiences, FrameAncestors: o.FrameAncestors, SignsWith: r.SignsWith, Pending: o.Pending,
	}}
}

const platformColumns = `
	id, tenant_id, name, issuer, client_id, auth_url, token_url, jwks_url, token_audience, options, disabled, signs_with, created_at`

// platforms returns those that aren't removed, by name.
func (c *conn) platforms(ctx context.Context) ([]admin.Platform, error) {
	var rows []platformRow
	err := c.list(ctx, &rows, `SELECT `+platformColumns+` FROM registrations WHERE removed_at IS NULL`)
	if err != nil {
		return nil, err
	}
	var deployments []struct {
		RegistrationID string `db:"registration_id"`
		DeploymentID   string `db:"deployment_id"`
		Active         bool
	}
	if err := c.list(ctx, &deployments, `SELECT registration_id, deployment_id, active FROM deployments`); err != nil {
		return nil, err
	}
	list := each(rows, platformRow.platform)
	slices.SortFunc(list, func(a, b admin.Platform) int { return compareNames(a.Name, b.Name) })
	of := map[string]map[string]bool{}
	for _, p := range list {
		of[p.ID] = p.Deployments
	}
	for _, d := range deployments {
		if active, here := of[d.RegistrationID]; here {
			active[d.DeploymentID] = d.Active
		}
	}
	return list, nil
}

// Platforms returns all platforms that aren't removed, by name.
func (db *DB) Platforms(ctx context.Context) ([]admin.Platform, error) {
	list, err := db.reads().platforms(ctx)
	if err != nil {
		return nil, fmt.Errorf("list platforms: %w", err)
	}
	return list, nil
}

// RegisteredAs returns the platforms with that client id, removed ones too,
// without their deployments.
func (db *DB) RegisteredAs(ctx context.Context, clientID string) ([]admin.Platform, error) {
	var rows []platformRow
	err := db.reads().list(ctx, &rows, `
		SELECT id, tenant_id, name, issuer, client_id, auth_url, token_url, jwks_url, token_audience, options, disabled, signs_with, created_at
		FROM registrations WHERE client_id = ?`, clientID)
	if err != nil {
		return nil, fmt.Errorf("platforms with client id %s: %w", clientID, err)
	}
	return each(rows, platformRow.platform), nil
}

// Platform returns the platform of that name, or ErrNotFound.
func (db *DB) Platform(ctx context.Context, name string) (admin.Platform, error) {
	p, err := db.reads().platform(ctx, name)
	if err != nil {
		return admin.Platform{}, fmt.Errorf("platform %s: %w", name, err)
	}
	return p, nil
}

func (c *conn) platform(ctx context.Context, name string) (admin.Platform, error) {
	list, err := c.platforms(ctx)
	if err != nil {
		return admin.Platform{}, err
	}
	for _, p := range list {
		if p.Name == name {
			return p, nil
		}
	}
	return admin.Platform{}, classroom.ErrNotFound
}

// AddPlatform registers a platform and returns it with its id. It is admin.ErrExists
// if its name is taken, or its issuer and client id are registered. One that
// was removed comes back with its courses, people and grades, and what waits
// for it is sent; its deployments are only those that p names.
func (db *DB) AddPlatform(ctx context.Context, p admin.Platform) (admin.Platform, error) {
	if p.ID == "" {
		p.ID = newID()
	}
	if p.TenantID == "" {
		p.TenantID = classroom.DefaultTenant
	}
	p.CreatedAt = exactly(db.Now()).time()
	var added admin.Platform
	err := db.write(ctx, func(c *conn) (err error) {
		if err := c.addPlatform(ctx, p, db.Now()); err != nil {
			return err
		}
		if added, err = c.platform(ctx, p.Name); err != nil {
			return err
		}
		return c.platformChanged(ctx, "platform.add", nil, &added, db.Now())
	})
	if err != nil {
		return admin.Platform{}, fmt.Errorf("add platform %s: %w", p.Name, err)
	}
	db.known.forget()
	return added, nil
}

func (c *conn) addPlatform(ctx context.Context, p admin.Platform, now time.Time) error {
	if err := c.nameFree(ctx, `SELECT id FROM registrations WHERE name = ? AND removed_at IS NULL`, p.Name); err != nil {
		return err
	}
	var id string
	err := c.returning(ctx, &id, `
		INSERT INTO registrations (id, tenant_id, name, issuer, client_id, auth_url, token_url, jwks_url, token_audience,
			options, disabled, signs_with, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (issuer, client_id) DO UPDATE SET
			tenant_id = excluded.tenant_id, name = excluded.name, auth_url = excluded.auth_url,
			token_url = excluded.token_url, jwks_url = excluded.jwks_url, token_audience = excluded.token_audience,
			options = excluded.options, disabled = excluded.disabled, signs_with = excluded.signs_with, removed_at = NULL, erase_at = NULL
		WHERE registrations.removed_at IS NOT NULL
		RETURNING id`,
		p.ID, p.TenantID, p.Name, p.Issuer, p.ClientID, p.AuthURL, p.TokenURL, p.JWKSURL, p.TokenAudience,
		asJSON(optionsOf(p)),
		p.Disabled, p.SignsWith, millis(p.CreatedAt))
	if errors.Is(err, classroom.ErrNotFound) {
		return fmt.Errorf("issuer %s with client id %s: %w", p.Issuer, p.ClientID, admin.ErrExists)
	}
	if err != nil {
		return err
	}
	if _, err := c.exec(ctx, `DELETE FROM deployments WHERE registration_id = ?`, id); err != nil {
		return fmt.Errorf("deployments of before: %w", err)
	}
	if err := c.moveRooms(ctx, id, p.TenantID); err != nil { // it may be another's by now
		return err
	}
	for _, deployment := range slices.Sorted(maps.Keys(p.Deployments)) {
		_, err := c.exec(ctx, `INSERT INTO deployments (registration_id, deployment_id, active, created_at) VALUES (?, ?, ?, ?)`,
			id, deployment, p.Deployments[deployment], millis(p.CreatedAt))
		if err != nil {
			return fmt.Errorf("deployment %s: %w", deployment, err)
		}
	}
	return c.deliverWaiting(ctx, id, now)
}

func optionsOf(p admin.Platform) registrationOptions {
	return registrationOptions{
		p.Algorithms, p.AdoptDeployments, p.AllowAnonymous, p.LinkFromDeployment, p.TrustedAudiences, p.FrameAncestors, string(p.LMS), p.KeyPasted, p.Pending,
	}
}

// EditPlatform changes what its admin has said of a platform, but not its id,
// issuer and client id. It returns the platform as it was and as it is, and what
// waits for it is sent. change may be
// called several times. The error is change's, admin.ErrExists for a name that another
// one has, or ErrNotFound.
func (db *DB) EditPlatform(ctx context.Context, name string, change func(*admin.Platform) error) (before, after admin.Platform, err error) {
	err = db.write(ctx, func(c *conn) error {
		if before, err = c.platform(ctx, name); err != nil {
			return err
		}
		if after, err = c.platform(ctx, name); err != nil { // its own lists
			return err
		}
		if err := change(&after); err != nil {
			return err
		}
		after.ID, after.Issuer, after.ClientID = before.ID, before.Issuer, before.ClientID
		if err := c.editPlatform(ctx, before, after, db.Now()); err != nil {
			return err
		}
		return c.platformChanged(ctx, "platform.edit", &before, &after, db.Now())
	})
	if err != nil {
		return admin.Platform{}, admin.Platform{}, fmt.Errorf("edit platform %s: %w", name, err)
	}
	db.known.forget()
	return before, after, nil
}

func (c *conn) editPlatform(ctx context.Context, before, p admin.Platform, now time.Time) error {
	if p.Name != before.Name {
		if err := c.nameFree(ctx, `SELECT id FROM registrations WHERE name = ? AND removed_at IS NULL`, p.Name); err != nil {
			return err
		}
	}
	err := c.one(ctx, `
		UPDATE registrations SET name = ?, auth_url = ?, token_url = ?, jwks_url = ?, token_audience = ?, options = ?, signs_with = ? WHERE id = ?`,
		p.Name, p.AuthURL, p.TokenURL, p.JWKSURL, p.TokenAudience, asJSON(optionsOf(p)), p.SignsWith, before.ID)
	if err != nil {
		return err
	}
	for deployment := range before.Deployments {
		if _, stays := p.Deployments[deployment]; !stays {
			if _, err := c.exec(ctx, `DELETE FROM deployments WHERE registration_id = ? AND deployment_id = ?`, before.ID, deployment); err != nil {
				return fmt.Errorf("deployment %s: %w", deployment, err)
			}
		}
	}
	for _, deployment := range slices.Sorted(maps.Keys(p.Deployments)) {
		_, err := c.exec(ctx, `
			INSERT INTO deployments (registration_id, deployment_id, active, created_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (registration_id, deployment_id) DO UPDATE SET active = excluded.active`,
			before.ID, deployment, p.Deployments[deployment], millis(now))
		if err != nil {
			return fmt.Errorf("deployment %s: %w", deployment, err)
		}
	}
	if before.Disabled { // its grades are held
		return nil
	}
	return c.deliverWaiting(ctx, before.ID, now)
}

// nameFree is admin.ErrExists if the query finds something of that name.
func (c *conn) nameFree(ctx context.Context, query, name string) error {
	var id string
	err := c.get(ctx, &id, query, name)
	switch {
	case errors.Is(err, classroom.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("name %q: %w", name, admin.ErrExists)
}

// deliverWaiting asks for all deliveries of a registration that wait: it was
// away, and their jobs may have ended meanwhile.
func (c *conn) deliverWaiting(ctx context.Context, registrationID string, now time.Time) error {
	var rows []struct {
		PlacementID string `db:"placement_id"`
		PersonID    string `db:"person_id"`
	}
	err := c.list(ctx, &rows, `
		SELECT d.placement_id, d.person_id FROM deliveries d
		JOIN placements p ON p.id = d.placement_id
		JOIN courses c ON c.id = p.course_id
		WHERE d.state = ? AND c.registration_id = ?`, string(gradebook.Waiting), registrationID)
	if err != nil {
		return fmt.Errorf("deliveries that wait: %w", err)
	}
	var sends []jobs.Job
	for _, r := range rows {
		sends = append(sends, deliverJob(r.PlacementID, r.PersonID, registrationID, now))
	}
	return c.enqueue(ctx, sends...)
}

// SetPlatformDisabled refuses a platform's launches and holds its grades, or
// lets them go on; ErrNotFound.
func (db *DB) SetPlatformDisabled(ctx context.Context, name string, disabled bool) error {
	did := "platform.enable"
	if disabled {
		did = "platform.disable"
	}
	err := db.write(ctx, func(c *conn) error {
		before, err := c.platform(ctx, name)
		if err != nil {
			return err
		}
		if err := c.one(ctx, `UPDATE registrations SET disabled = ? WHERE id = ?`, disabled, before.ID); err != nil {
			return err
		}
		if !disabled {
			if err := c.deliverWaiting(ctx, before.ID, db.Now()); err != nil {
				return err
			}
		}
		after := before
		after.Disabled = disabled
		return c.platformChanged(ctx, did, &before, &after, db.Now())
	})
	if err != nil {
		return fmt.Errorf("platform %s: %w", name, err)
	}
	db.known.forget()
	return nil
}

// RemovePlatform takes a platform out of use: its launches are unknown and its
// grades wait. Nothing of it is deleted. ErrNotFound.
func (db *DB) RemovePlatform(ctx context.Context, name string) error {
	return db.removePlatform(ctx, name, time.Time{})
}

func (db *DB) removePlatform(ctx context.Context, name string, eraseAt time.Time) error {
	did := "platform.remove"
	if !eraseAt.IsZero() {
		did = "platform.erase"
	}
	err := db.write(ctx, func(c *conn) error {
		before, err := c.platform(ctx, name)
		if err != nil {
			return err
		}
		if err := c.one(ctx, `UPDATE registrations SET removed_at = ?, erase_at = ? WHERE id = ?`, millis(db.Now()), millis(eraseAt), before.ID); err != nil {
			return err
		}
		return c.platformChanged(ctx, did, &before, nil, db.Now())
	})
	if err != nil {
		return fmt.Errorf("remove platform %s: %w", name, err)
	}
	db.known.forget()
	return nil
}

// platformChanged writes it into the audit log.
func (c *conn) platformChanged(ctx context.Context, did string, before, after *admin.Platform, now time.Time) error {
	e := admin.Entry{Did: did}
	for _, of := range []struct {
		platform *admin.Platform
		text     *string
	}{{before, &e.Before}, {after, &e.After}} {
		if of.platform != nil {
			e.What, e.TenantID, *of.text = of.platform.Name, of.platform.TenantID, shown(of.platform)
		}
	}
	return c.record(ctx, e, now)
}
