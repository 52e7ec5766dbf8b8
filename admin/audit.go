package admin

import (
	"context"
	"fmt"
	"time"
)

// An AuditQuery says which lines of the audit log are wanted.
type AuditQuery struct {
	Since, Until time.Time // Until: zero for now
	Tenants      []string  // nil: of all, and of the service as a whole
	Tenant       string    // id; empty: of all of these
	Who          string    // part of who did it, in capitals or not
	Text         string    // part of who, what or did, in capitals or not
	Before       string    // id of the line after which to go on; empty: the newest
	Most         int
}

type auditStore interface {
	Audit(context.Context, AuditQuery) ([]Entry, error)
}

// An AuditLog is who has changed what.
type AuditLog struct{ Store auditStore }

// Page returns lines that the actor may see, the newest first.
func (l *AuditLog) Page(ctx context.Context, by Actor, q AuditQuery) ([]Entry, error) {
	if !by.Somewhere(SeeAudit) {
		return nil, ErrForbidden
	}
	if by.Role != Operator {
		q.Tenants = by.Tenants
	}
	if q.Tenant != "" {
		if err := by.May(SeeAudit, q.Tenant); err != nil {
			return nil, err
		}
		q.Tenants = []string{q.Tenant}
	}
	list, err := l.Store.Audit(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return list, nil
}
