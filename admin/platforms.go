package admin

import (
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// A Platform is a registration as its admin sees it. Its name is unique.
type Platform struct {
	lti.Registration
	TenantID  string // empty: the default tenant
	CreatedAt time.Time
}
