package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/store"
)

type failuresCommand struct {
	Since    time.Duration `default:"24h" help:"How far to look back."`
	Platform string        `help:"Of one platform, by its name."`
	Code     string        `help:"With this code alone."`
	Search   string        `help:"The number on somebody's page, or part of a name, course or platform."`
	Most     int           `default:"100" help:"How many at the most, the newest first."`
	JSON     bool          `name:"json" help:"One failure a line, as JSON, with all that is known."`
}

// Run lists what was refused, the newest first.
func (c failuresCommand) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	q := admin.FailureQuery{Text: c.Search, Code: c.Code, Since: time.Now().Add(-c.Since), Most: min(max(c.Most, 1), 10_000)}
	if q.RegistrationID, err = platformID(p, db, c.Platform); err != nil {
		return err
	}
	list, err := (&admin.Failures{Store: db, Now: time.Now}).Page(p, admin.Shell, q)
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		for _, f := range list {
			if err := e.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(p.out, "Nothing was refused in the last %v.\n", c.Since)
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tNUMBER\tWHAT\tCODE\tPLATFORM\tPERSON\tEXPECTED\tCAME")
	for _, f := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.At.UTC().Format("2006-01-02 15:04:05"), cmp.Or(f.Request, "-"), f.Kind, f.Code,
			cmp.Or(f.Platform, f.Issuer, "-"), cmp.Or(f.Name, "-"), cmp.Or(f.Expected, "-"), cmp.Or(f.Got, f.Said, "-"))
	}
	return w.Flush()
}

// platformID is the id of a platform's name; empty without one.
func platformID(p *program, db *store.DB, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	all, err := db.Platforms(p)
	if err != nil {
		return "", err
	}
	for _, platform := range all {
		if platform.Name == name {
			return platform.ID, nil
		}
	}
	return "", fmt.Errorf("there is no platform %q (see 'bbbridge platform list')", name)
}

type supportCommand struct {
	File string `arg:"" help:"File to make, a ZIP."`
}

// Run makes the bundle that somebody sends to who helps them.
func (c supportCommand) Run(p *program) (err error) {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(c.File))
		}
	}()
	b := &admin.Bundles{Store: db, Version: version(), Settings: cfg.Shown(), Now: time.Now}
	if err := b.Write(p, admin.Shell, file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s has versions, settings without secrets, the last failures and figures. No names are in it.\n", c.File)
	return err
}

// blank is a text in one column of a table.
func blank(text string) string { return cmp.Or(strings.Join(strings.Fields(text), " "), "-") }
