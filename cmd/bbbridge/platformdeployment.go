package main

import (
	"fmt"

	"github.com/bbbridge/bbbridge/admin"
)

type platformDeployment struct {
	Name   string `arg:"" help:"The platform's name."`
	ID     string `arg:"" help:"The deployment's id, as a refused launch has told it: see 'bbbridge failures'."`
	Refuse bool   `help:"Refuse it."`
}

func (d platformDeployment) Run(p *program) error {
	platforms, _, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := db.Platform(p, d.Name)
	if err != nil {
		return named("platform", d.Name, err)
	}
	if err := platforms.SetDeployment(p, admin.Shell, platform.ID, admin.Pasted(d.ID), !d.Refuse); err != nil {
		return err
	}
	what := "launches from now on"
	if d.Refuse {
		what = "is refused from now on"
	}
	_, err = fmt.Fprintf(p.out, "Deployment %s of %s %s, on all nodes within 10 seconds.\n", d.ID, platform.Name, what)
	return err
}
