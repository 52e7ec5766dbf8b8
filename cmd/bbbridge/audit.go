package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
)

type auditCommand struct {
	Since  time.Duration `default:"168h" help:"How far to look back."`
	Who    string        `help:"Part of who did it: an address, or \"command line\"."`
	Tenant string        `help:"What belongs to one tenant, by its name." placeholder:"NAME"`
	Search string        `help:"Part of who, what or what was done."`
	Most   int           `default:"100" help:"How many at the most, the newest first."`
	JSON   bool          `name:"json" help:"One line each, as JSON, with the values before and after."`
}

// Run lists what staff and commands have changed, the newest first.
func (c auditCommand) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	q := admin.AuditQuery{Since: time.Now().Add(-c.Since), Who: c.Who, Text: c.Search, Most: min(max(c.Most, 1), 10_000)}
	if c.Tenant != "" {
		if q.Tenant, err = tenantID(p, db, c.Tenant); err != nil {
			return err
		}
	}
	list, err := (&admin.AuditLog{Store: db}).Page(p, admin.Shell, q)
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		for _, entry := range list {
			if err := e.Encode(entry); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(p.out, "Nothing was changed in the last %v.\n", c.Since)
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tWHO\tFROM\tDID\tWHAT")
	for _, e := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.At.UTC().Format("2006-01-02 15:04:05"), e.Who, cmp.Or(e.Address, "-"), e.Did, cmp.Or(e.What, "-"))
	}
	return w.Flush()
}
