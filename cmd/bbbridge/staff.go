package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/store"
)

type staffCommand struct {
	Add     staffAdd     `cmd:"" help:"Make an account, and a link by which its owner chooses a password."`
	List    staffList    `cmd:"" help:"List the accounts."`
	Link    staffLink    `cmd:"" help:"Make a new link: to choose a password, or, without an address, to make the first account."`
	Change  staffChange  `cmd:"" help:"Give an account another role, or other tenants."`
	SignOut staffSignOut `cmd:"" name:"sign-out" help:"End all that somebody is signed in to."`
	Remove  staffRemove  `cmd:"" help:"Remove an account. Whoever has it is signed out."`
	Codes   staffCodes   `name:"second-off" cmd:"" help:"Have an account asked for its password alone, when its owner has lost the app for codes."`
}

// staffAccounts opens the accounts. done closes what they need.
func (p *program) staffAccounts() (accounts *admin.Accounts, db *store.DB, err error) {
	cfg, db, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	return admin.NewAccounts(db, cfg.PublicURL, time.Now, nil), db, nil
}

type staffAdd struct {
	Email  string   `required:"" help:"Address with which they sign in."`
	Role   string   `required:"" enum:"operator,tenant-admin,helper" help:"One of: ${enum}."`
	Tenant []string `sep:"none" help:"Whose they look after, by name; once for each. An operator looks after all." placeholder:"NAME"`
}

func (a staffAdd) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	w := admin.Wish{Email: admin.Pasted(a.Email), Role: admin.Role(a.Role)}
	for _, name := range a.Tenant {
		id, err := tenantID(p, db, name)
		if err != nil {
			return err
		}
		w.Tenants = append(w.Tenants, id)
	}
	_, link, err := accounts.Add(p, admin.Shell, w)
	var invalid *admin.InvalidError
	switch {
	case errors.Is(err, admin.ErrExists):
		return fmt.Errorf("%s has an account already: see 'bbbridge staff link --help'", w.Email)
	case errors.As(err, &invalid) && invalid.Fields["email"] != "":
		return fmt.Errorf("--email is no e-mail address: %q", a.Email)
	case errors.As(err, &invalid):
		return fmt.Errorf("--tenant says whose a %s looks after: see 'bbbridge tenant list'", a.Role)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintln(p.out, link)
	return err
}

// tenantID finds a tenant by its name.
func tenantID(p *program, db *store.DB, name string) (string, error) {
	all, err := db.Tenants(p)
	if err != nil {
		return "", err
	}
	for _, t := range all {
		if t.Name == name {
			return t.ID, nil
		}
	}
	return "", fmt.Errorf("no tenant is called %q", name)
}

type staffList struct{}

func (staffList) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := accounts.List(p, admin.Shell)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(p.out, "Nobody has an account yet: 'bbbridge staff link' makes the link for the first.")
		return err
	}
	tenants, err := db.Tenants(p)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "EMAIL\tROLE\tTENANTS\tSTATE")
	for _, s := range all {
		var names []string
		for _, t := range tenants {
			if slices.Contains(s.Tenants, t.ID) {
				names = append(names, t.Name)
			}
		}
		state := "active"
		if !s.Active() {
			state = "invited"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Email, s.Role, cmp.Or(strings.Join(names, ", "), "all"), state)
	}
	return w.Flush()
}

type staffLink struct {
	Email string `arg:"" optional:"" help:"Whose; without it, for the first account, which may do everything."`
}

func (l staffLink) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	var link string
	if l.Email == "" {
		link, err = accounts.SetupLink(p)
	} else {
		link, err = accounts.NewLink(p, admin.Shell, l.Email)
	}
	if err != nil {
		return named("staff", l.Email, err)
	}
	_, err = fmt.Fprintln(p.out, link)
	return err
}

type staffRemove struct {
	Email string `arg:"" help:"Address of the account."`
}

func (r staffRemove) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := accounts.Remove(p, admin.Shell, r.Email)
	switch {
	case errors.Is(err, admin.ErrLastOne):
		return errors.New("the last operator who can sign in stays: add another one first")
	case err != nil:
		return named("staff", r.Email, err)
	}
	_, err = fmt.Fprintf(p.out, "Removed %s, and signed them out.\n", s.Email)
	return err
}

type staffCodes struct {
	Email string `arg:"" help:"Address of the account."`
}

func (r staffCodes) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := accounts.RemoveSecondFactor(p, admin.Shell, r.Email)
	switch {
	case errors.Is(err, admin.ErrNotFound) && s.ID != "":
		return fmt.Errorf("%s is asked for the password alone already", s.Email)
	case err != nil:
		return named("staff", r.Email, err)
	}
	_, err = fmt.Fprintf(p.out, "%s signs in by the password alone.\n", s.Email)
	return err
}

type staffChange struct {
	Email  string   `arg:"" help:"Address of the account."`
	Role   string   `required:"" enum:"operator,tenant-admin,helper" help:"One of: ${enum}."`
	Tenant []string `sep:"none" help:"Whose they look after, by name, in place of those of before; once for each. An operator looks after all." placeholder:"NAME"`
}

func (c staffChange) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	w := admin.Wish{Role: admin.Role(c.Role)}
	for _, name := range c.Tenant {
		id, err := tenantID(p, db, name)
		if err != nil {
			return err
		}
		w.Tenants = append(w.Tenants, id)
	}
	err = accounts.Change(p, admin.Shell, c.Email, w)
	var invalid *admin.InvalidError
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("--tenant says whose a %s looks after: see 'bbbridge tenant list'", c.Role)
	case errors.Is(err, admin.ErrLastOne):
		return errors.New("the last operator who can sign in stays one: add another one first")
	case err != nil:
		return named("staff", c.Email, err)
	}
	_, err = fmt.Fprintf(p.out, "%s is %s from now on.\n", c.Email, c.Role)
	return err
}

type staffSignOut struct {
	Email string `arg:"" help:"Address of the account."`
}

func (c staffSignOut) Run(p *program) error {
	accounts, db, err := p.staffAccounts()
	if err != nil {
		return err
	}
	defer db.Close()
	n, err := accounts.SignOut(p, admin.Shell, c.Email)
	if err != nil {
		return named("staff", c.Email, err)
	}
	_, err = fmt.Fprintf(p.out, "%s was signed in at %d places, and is at none now.\n", c.Email, n)
	return err
}
