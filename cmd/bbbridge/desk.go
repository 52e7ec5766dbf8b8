package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/handlers"
	adminpages "github.com/bbbridge/bbbridge/handlers/admin"
	"github.com/bbbridge/bbbridge/store"
)

// staffPages are the pages of staff, but for what the rest of the program has.
func staffPages(cfg configs.Config, db *store.DB, outgoing *http.Client, metrics *handlers.Metrics, now func() time.Time, log *slog.Logger) *adminpages.Pages {
	platforms := newPlatforms(cfg, db, outgoing, now)
	return &adminpages.Pages{
		Accounts: admin.NewAccounts(db, cfg.PublicURL, now, log), Audit: &admin.AuditLog{Store: db}, Registry: db, Platforms: platforms,
		Registering: newRegistering(cfg, db, outgoing, now, log, metrics.Call),
		Keys:        &admin.Keys{Store: db, Platforms: platforms, Now: now}, Starts: &admin.Starts{Store: db},
		Failures: &admin.Failures{Store: db, Now: now}, Deliveries: &admin.Deliveries{Store: db},
		Overviews: &admin.Overviews{Store: db, Now: now}, Rooms: &admin.Rooms{Store: db},
		Bundles:   &admin.Bundles{Store: db, Version: version(), Settings: cfg.Shown(), Metrics: metrics.Write, Now: now},
		PublicURL: cfg.PublicURL, FailuresKept: cfg.FailuresKept, Now: now, Log: log,
	}
}
