package admin

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// A Bundles makes the file that somebody sends to who helps them. It has no
// secrets in it and nothing about people: what isn't listed here isn't in it.
type Bundles struct {
	Store    bundleStore
	Version  string
	Settings map[string]string       // without secrets
	Metrics  func(w io.Writer) error // of this process; nil: there are none
	Now      func() time.Time
}

type bundleStore interface {
	overviewStore
	// Schema is the number of the newest migration, and Database which it is.
	Schema(context.Context) (database string, number int64, err error)
	Servers(context.Context) ([]classroom.Server, error)
	Record(context.Context, Entry) error
}

// bundleFailures is how many of the last failures a bundle has.
const bundleFailures = 500

// A bundled failure is what of one concerns nobody.
type bundledFailure struct {
	At           time.Time     `json:"at"`
	Request      string        `json:"request,omitempty"`
	Kind         Happening     `json:"kind"`
	Code         string        `json:"code"`
	Registration string        `json:"registration,omitempty"`
	Path         string        `json:"path,omitempty"`
	Status       int           `json:"status,omitempty"`
	Call         string        `json:"call,omitempty"`
	Expected     string        `json:"expected,omitempty"`
	Got          string        `json:"got,omitempty"`
	Issuer       string        `json:"issuer,omitempty"`
	ClientID     string        `json:"client_id,omitempty"`
	DeploymentID string        `json:"deployment_id,omitempty"`
	LoginAt      time.Time     `json:"login_at,omitzero"`
	ClockAhead   time.Duration `json:"clock_ahead_ns,omitempty"`
}

// compares are codes whose expected and got are values of the platform's setup,
// and never of a person.
var compares = map[string]bool{
	"login_unknown_platform": true, "login_bad_target_link_uri": true, "jwt_iss_mismatch": true, "jwt_aud_mismatch": true, "jwt_azp_mismatch": true,
	"jwt_expired": true, "jwt_iat_invalid": true, "jwt_not_yet_valid": true, "jwt_alg_not_allowed": true, "jwt_kid_unknown": true,
	"deployment_unknown": true, "lti_version_unsupported": true, "message_type_unsupported": true, "target_link_uri_invalid": true,
	"server_down": true, "server_busy": true, "server_refused": true,
}

func bundled(f Failure) bundledFailure {
	b := bundledFailure{
		At: f.At, Request: f.Request, Kind: f.Kind, Code: f.Code, Registration: f.RegistrationID, Path: f.Path, Status: f.Status, Call: f.Call,
		Issuer: f.Issuer, ClientID: f.ClientID, DeploymentID: f.DeploymentID, LoginAt: f.LoginAt, ClockAhead: f.ClockAhead,
	}
	if compares[f.Code] {
		b.Expected, b.Got = f.Expected, f.Got
	}
	return b
}

// A bundledPlatform is how a registration is set up.
type bundledPlatform struct {
	ID, Issuer, ClientID, AuthURL, TokenURL, JWKSURL, TokenAudience string
	Deployments                                                     int
	Adopts, Disabled                                                bool
	CreatedAt                                                       time.Time
}

// Write makes the bundle. It is written down who did.
func (b *Bundles) Write(ctx context.Context, by Actor, to io.Writer) error {
	if err := by.May(Operate, ""); err != nil {
		return err
	}
	z := zip.NewWriter(to)
	for _, part := range []struct {
		name string
		make func(context.Context) (any, error)
	}{
		{"versions.json", b.versions}, {"settings.json", func(context.Context) (any, error) { return b.Settings, nil }},
		{"failures.json", b.failures}, {"tallies.json", b.tallies}, {"platforms.json", b.platforms}, {"servers.json", b.servers},
		{"counts.json", b.counts},
	} {
		value, err := part.make(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		w, err := b.file(z, part.name)
		if err != nil {
			return err
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "\t")
		if err := e.Encode(value); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if b.Metrics != nil {
		w, err := b.file(z, "metrics.txt")
		if err != nil {
			return err
		}
		if err := b.Metrics(w); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return about("bundle", b.Store.Record(By(ctx, by), Entry{Did: "support.bundle"}))
}

func (b *Bundles) file(z *zip.Writer, name string) (io.Writer, error) {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.Now()})
	return w, about(name, err)
}

func (b *Bundles) versions(ctx context.Context) (any, error) {
	database, schema, err := b.Store.Schema(ctx)
	return map[string]any{
		"bbbridge": b.Version, "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH, "cpus": runtime.NumCPU(),
		"database": database, "schema": schema, "at": b.Now().UTC(),
	}, err
}

func (b *Bundles) failures(ctx context.Context) (any, error) {
	list, err := b.Store.Failures(ctx, FailureQuery{Most: bundleFailures})
	all := []bundledFailure{}
	for _, f := range list {
		all = append(all, bundled(f))
	}
	return all, err
}

func (b *Bundles) tallies(ctx context.Context) (any, error) {
	return b.Store.Tallies(ctx, b.Now().Add(-7*24*time.Hour), nil)
}

func (b *Bundles) platforms(ctx context.Context) (any, error) {
	list, err := b.Store.Platforms(ctx)
	all := []bundledPlatform{}
	for _, p := range list {
		all = append(all, bundledPlatform{
			ID: p.ID, Issuer: p.Issuer, ClientID: p.ClientID, AuthURL: Harmless(p.AuthURL, failureText), TokenURL: Harmless(p.TokenURL, failureText),
			JWKSURL: Harmless(p.JWKSURL, failureText), TokenAudience: Harmless(p.TokenAudience, failureText), Deployments: len(p.Deployments),
			Adopts: p.AdoptDeployments, Disabled: p.Disabled, CreatedAt: p.CreatedAt,
		})
	}
	return all, err
}

func (b *Bundles) servers(ctx context.Context) (any, error) {
	list, err := b.Store.Servers(ctx)
	type server struct{ ID, URL, Algorithm string }
	all := []server{}
	for _, s := range list {
		all = append(all, server{s.ID, Harmless(s.URL, failureText), string(s.Algorithm)})
	}
	return all, err
}

func (b *Bundles) counts(ctx context.Context) (any, error) {
	counts, err := b.Store.Counts(ctx)
	if err != nil {
		return nil, err
	}
	classes, people, err := b.Store.LiveClasses(ctx, nil)
	if err != nil {
		return nil, err
	}
	pauses, err := b.Store.Pauses(ctx, nil)
	paused := map[string]int{}
	for _, p := range pauses {
		paused[p.RegistrationID] = p.Waiting
	}
	return map[string]any{
		"deliveries": counts.Deliveries, "jobs": counts.Jobs, "live_meetings": counts.LiveMeetings,
		"classes": classes, "people_in_them": people, "paused": paused,
	}, err
}
