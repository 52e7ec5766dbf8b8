package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/store"
)

// change opens the database and changes a server there.
func (p *program) change(name string, do func(*admin.Servers, *store.DB) error) error {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	var wrong *admin.InvalidError
	switch err := do(servers(p, cfg, db), db); {
	case errors.Is(err, admin.ErrNotFound):
		return named("server", name, err)
	case errors.As(err, &wrong) && wrong.Fields["server_name"] == "exists":
		return errors.New("another server is called so already: see 'bbbridge server list'")
	case errors.As(err, &wrong):
		return fmt.Errorf("--url must be the address of a server and begin with https://, --name must be printable: %w", err)
	default:
		return err
	}
}

type serverEdit struct {
	Name     string `arg:"" help:"The server's name."`
	To       string `name:"name" help:"What we call it from now on." placeholder:"NEW"`
	URL      string `help:"Its new address, with or without /bigbluebutton/api."`
	Checksum string `default:"" enum:",sha1,sha256,sha384,sha512" help:"Hash of the checksums: sha1, sha256, sha384 or sha512."`
}

// Run changes what is named. What isn't stays.
func (e serverEdit) Run(p *program) error {
	if e.To == "" && e.URL == "" && e.Checksum == "" {
		return errors.New("nothing to change: name --name, --url or --checksum")
	}
	return p.change(e.Name, func(s *admin.Servers, _ *store.DB) error {
		changed, err := s.Edit(p, admin.Shell, e.Name, admin.ServerWish{Name: admin.Pasted(e.To), URL: admin.Pasted(e.URL), Algorithm: bbb.Algorithm(e.Checksum)})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "Changed %s (%s), on all nodes within 10 seconds. Try it: bbbridge server test %s\n", changed.Name, changed.URL, quoted(changed.Name))
		return nil
	})
}

type serverSecret struct {
	Name           string `arg:"" help:"The server's name."`
	SecretFile     string `name:"secret-file" help:"File with the new secret, or with what bbb-conf --secret prints; - for standard input." placeholder:"FILE"`
	KeepPrevious   bool   `name:"keep-previous" default:"true" negatable:"" help:"Accept reports that are still signed with the secret of before. Not, if somebody else may know it."`
	ForgetPrevious bool   `name:"forget-previous" help:"Accept no report any more that is signed with a secret of before."`
}

func (s serverSecret) Run(p *program) error {
	if s.SecretFile == "" && !s.ForgetPrevious {
		return errors.New("name --secret-file FILE, or --forget-previous")
	}
	return p.change(s.Name, func(servers *admin.Servers, _ *store.DB) error {
		if s.SecretFile == "" {
			if err := servers.ForgetSecrets(p, admin.Shell, s.Name); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Reports of %s must be signed with its secret of now.\n", s.Name)
			return nil
		}
		file, err := readSecret(s.SecretFile)
		if err != nil {
			return fmt.Errorf("--secret-file: %w", err)
		}
		keep := s.KeepPrevious && !s.ForgetPrevious
		if err := servers.SetSecret(p, admin.Shell, s.Name, file.secret, keep); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s has a new secret, on all nodes within 10 seconds. Try it: bbbridge server test %s\n", s.Name, quoted(s.Name))
		if keep {
			fmt.Fprintf(p.out, "Reports signed with the one before are still accepted. When none comes any more, in a day: bbbridge server secret %s --forget-previous\n", quoted(s.Name))
		}
		return nil
	})
}

type serverDrain struct {
	Name string `arg:"" help:"The server's name."`
	Undo bool   `help:"Put it back into service."`
}

func (d serverDrain) Run(p *program) error {
	return p.change(d.Name, func(s *admin.Servers, db *store.DB) error {
		if err := s.Drain(p, admin.Shell, d.Name, !d.Undo); err != nil {
			return err
		}
		if d.Undo {
			fmt.Fprintf(p.out, "%s is back in service.\n", d.Name)
			return nil
		}
		card, err := s.Find(p, admin.Shell, d.Name)
		if err != nil {
			return err
		}
		live, err := db.LiveOn(p, card.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s is out of service: no class begins there, on all nodes within 10 seconds. %s there now, and goes on to its end.\n", d.Name, counted(live, "class runs", "classes run"))
		for _, tenant := range card.Tenants {
			on, err := beginOn(p, db, tenant.ID)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "New classes of %s begin on: %s\n", tenant.Name, on)
		}
		return nil
	})
}

type serverAssign struct {
	Name   string   `arg:"" help:"The server's name."`
	Tenant []string `sep:"none" help:"Tenant whose classes begin there, by its name; once for each. None: of nobody, but those without a server of their own." placeholder:"T"`
}

func (a serverAssign) Run(p *program) error {
	return p.change(a.Name, func(s *admin.Servers, db *store.DB) error {
		tenants, err := db.Tenants(p)
		if err != nil {
			return err
		}
		var ids []string
		for _, name := range a.Tenant {
			id := ""
			for _, t := range tenants {
				if t.Name == name {
					id = t.ID
				}
			}
			if id == "" {
				return fmt.Errorf("no tenant is called %q", name)
			}
			ids = append(ids, id)
		}
		if err := s.Assign(p, admin.Shell, a.Name, ids); err != nil {
			return err
		}
		if len(ids) == 0 {
			fmt.Fprintf(p.out, "%s belongs to nobody: tenants without a server of their own use the oldest in service.\n", a.Name)
			return nil
		}
		fmt.Fprintf(p.out, "Classes of %s begin on %s, and on their other servers.\n", strings.Join(a.Tenant, ", "), a.Name)
		return nil
	})
}
