// Package admin is what staff do: who they are and what they may, tenants,
// registrations, servers, what was refused, and the log of all of it. It knows
// neither HTTP nor SQL; handlers/admin has its pages, cmd/bbbridge its commands.
package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// Errors that somebody can be told of.
var (
	ErrForbidden  = classroom.ErrForbidden
	ErrNotFound   = classroom.ErrNotFound
	ErrSignedOut  = errors.New("nobody is signed in")
	ErrConfirm    = errors.New("the password is wanted once more")
	ErrExists     = errors.New("already exists")
	ErrInUse      = errors.New("something belongs to it")
	ErrLastOne    = errors.New("the last operator stays")
	ErrLinkOver   = errors.New("the link is used, too old, or was replaced")
	ErrWrong      = errors.New("address or password is wrong")
	ErrTooManyTry = errors.New("too many tries")
)

// A Role says what a member of the staff may do.
type Role string

// The roles, the widest first.
const (
	Operator    Role = "operator"     // everything
	TenantAdmin Role = "tenant-admin" // their tenants, with settings and secrets
	Helper      Role = "helper"       // their tenants: reads, and sends grades again
)

// Roles are all of them.
func Roles() []Role { return []Role{Operator, TenantAdmin, Helper} }

// An Action is something for which a right is asked.
type Action string

// The actions. Each is asked for a tenant; those of the whole service for none.
const (
	See           Action = "see"            // failures, classes, deliveries, platforms and servers, without secrets
	Resend        Action = "resend"         // grades
	SeeAudit      Action = "see-audit"      // who has changed what
	EditPlatforms Action = "edit-platforms" // registrations, their links and deployments
	EditTenant    Action = "edit-tenant"    // settings of a tenant
	EditStaff     Action = "edit-staff"     // accounts of a tenant
	EditServers   Action = "edit-servers"   // BigBlueButton servers, and whose they are
	EditTenants   Action = "edit-tenants"   // which there are
	Operate       Action = "operate"        // keys, the bundle for support, what holds for all
)

// ofRole are the actions of a role in each of its tenants. An operator may all,
// everywhere.
var ofRole = map[Role][]Action{
	TenantAdmin: {See, Resend, SeeAudit, EditPlatforms, EditTenant, EditStaff},
	Helper:      {See, Resend},
}

// An Actor is who acts: staff who are signed in, or whoever has the shell.
type Actor struct {
	StaffID  string // empty at the shell; of a guest what is no account's
	Name     string // for the audit log: an e-mail address, or how they came
	Role     Role
	Tenants  []string // ids; of an operator none: all are theirs
	Address  string   // where from. May be empty
	SignInID string
	// ConfirmedAt is when they last showed that it is them: by their password,
	// or by signing in anew.
	ConfirmedAt time.Time
	// Account reports whether they have a password to confirm with.
	Account bool
}

// Shell is who runs a command on the server.
var Shell = Actor{Name: "command line", Role: Operator}

// May is ErrForbidden unless the actor may do that in the tenant. The empty
// tenant is the service as a whole.
func (a Actor) May(action Action, tenantID string) error {
	if a.Can(action, tenantID) {
		return nil
	}
	return ErrForbidden
}

// Can is May for who decides what to show.
func (a Actor) Can(action Action, tenantID string) bool {
	if a.Role == Operator {
		return true
	}
	return tenantID != "" && slices.Contains(ofRole[a.Role], action) && slices.Contains(a.Tenants, tenantID)
}

// Somewhere reports whether there is a tenant in which the actor may do that.
func (a Actor) Somewhere(action Action) bool {
	return a.Role == Operator || len(a.Tenants) > 0 && slices.Contains(ofRole[a.Role], action)
}

// ConfirmFor is how long somebody who has shown that it is them needn't again.
const ConfirmFor = 10 * time.Minute

// Confirmed reports whether a dangerous act needs no password now. At the shell
// none is asked for.
func (a Actor) Confirmed(now time.Time) bool {
	return a.SignInID == "" || now.Sub(a.ConfirmedAt) < ConfirmFor
}

type actorKey struct{}

// By has what the context's call changes written down as the actor's doing.
func By(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// ActorOf is who By named. Without anybody it is the program itself.
func ActorOf(ctx context.Context) Actor {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok {
		return Actor{Name: "bbbridge"}
	}
	return a
}

// An Entry is a line of the audit log.
type Entry struct {
	ID      string
	At      time.Time
	StaffID string // who; may be empty
	Who     string
	Address string
	Did     string // "platform.add", "staff.sign-in"
	What    string // the name of what it was done to
	// TenantID is whose it is; empty: the whole service.
	TenantID      string
	Before, After string // JSON of what changed, without secrets; empty: nothing was there
}

// Staff are people who set bbbridge up.
type Staff struct {
	ID, Email string
	Role      Role
	Tenants   []string
	Password  string // as hashed; empty: not chosen yet
	CreatedAt time.Time
	Locale    string // of their pages; empty: what their browser asks for
	// SecondFactor reports whether signing in takes a code besides the password.
	SecondFactor bool
}

// Active reports whether the account can be signed in to.
func (s Staff) Active() bool { return s.Password != "" }

// A Link lets one person in once, for a purpose.
type Link struct {
	Digest    []byte // of its code
	Purpose   Purpose
	StaffID   string // empty for Setup, which makes an account
	CreatedAt time.Time
	ExpiresAt time.Time
}

// A Purpose is what a link is for.
type Purpose string

// The purposes.
const (
	Setup  Purpose = "setup"  // the first account, an operator's
	Invite Purpose = "invite" // a password for a new account
	Reset  Purpose = "reset"  // a new password
)

// A SignIn is the time for which a browser speaks for somebody.
type SignIn struct {
	ID, StaffID string
	Digest      []byte // of the cookie's value
	Guest       *Guest // who signs in without an account; StaffID is its ID
	CreatedAt   time.Time
	SeenAt      time.Time
	ConfirmedAt time.Time
	Address     string
	Browser     string // as it calls itself, bounded
	// Pending is one that speaks for nobody yet: the password was right, and a
	// code is wanted.
	Pending bool
}

const (
	signInMost = 12 * time.Hour
	signInIdle = 2 * time.Hour
	pendingFor = 10 * time.Minute
)

// Over reports whether it has ended by itself.
func (s SignIn) Over(now time.Time) bool {
	if s.Pending && now.Sub(s.CreatedAt) >= pendingFor {
		return true
	}
	return now.Sub(s.CreatedAt) >= signInMost || now.Sub(s.SeenAt) >= signInIdle
}
