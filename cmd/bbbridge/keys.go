package main

import (
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/store"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Make a new signing key."`
	Show   keysShow   `cmd:"" help:"Show the published keys, and the newest in PEM, for platforms that want it pasted."`
	Pasted keysPasted `cmd:"" help:"Say that a platform has the newest key pasted: from now on that one signs for it."`
}

// keyRing opens the keys. Whoever calls it closes the database.
func (p *program) keyRing() (*admin.Keys, *store.DB, error) {
	cfg, db, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	return &admin.Keys{Store: db, Platforms: &admin.Platforms{Store: db, Loopback: cfg.Loopback(), Now: time.Now}, Now: time.Now}, db, nil
}

type keysShow struct{}

func (keysShow) Run(p *program) error {
	keys, db, err := p.keyRing()
	if err != nil {
		return err
	}
	defer db.Close()
	published, err := keys.Published(p, admin.Shell)
	if err != nil {
		return err
	}
	newest, err := db.NewestKey(p)
	if err != nil {
		return err
	}
	signs := published[len(published)-1]
	for _, key := range published {
		what := "published"
		switch key.ID {
		case signs.ID:
			what = "published, signs now"
		case newest.ID:
			what = "published, signs later"
		}
		fmt.Fprintf(p.out, "%s  %s\n", key.ID, what)
	}
	fmt.Fprintf(p.out, "\n%s", newest.PublicPEM())
	return toPaste(p, keys)
}

// toPaste names the platforms that have an older key as text.
func toPaste(p *program, keys *admin.Keys) error {
	waiting, err := keys.ToPaste(p, admin.Shell)
	if err != nil || len(waiting) == 0 {
		return err
	}
	fmt.Fprintln(p.out, "\nThese platforms have an older key as text, which signs for them until the newest is pasted there")
	fmt.Fprintln(p.out, "('bbbridge keys show') and 'bbbridge keys pasted NAME' has said so:")
	for _, platform := range waiting {
		fmt.Fprintf(p.out, "  %s\n", platform.Name)
	}
	return nil
}

type keysRotate struct {
	Now bool `help:"Sign with the new key at once, not in 24 hours, and publish the old one for an hour more: for a key that may be known to others. Platforms that keep key sets may refuse us for some hours."`
}

func (r keysRotate) Run(p *program) error {
	keys, db, err := p.keyRing()
	if err != nil {
		return err
	}
	defer db.Close()
	made, err := keys.Rotate(p, admin.Shell, r.Now)
	if err != nil {
		return err
	}
	const minute = "2 Jan 2006 15:04 MST"
	fmt.Fprintf(p.out, "Key %s is published now and signs from %s. The old one stays published until %s.\n",
		made.Key.ID, made.Signs.UTC().Format(minute), made.Gone.UTC().Format(minute))
	return toPaste(p, keys)
}

type keysPasted struct {
	Name string `arg:"" help:"The platform's name."`
}

func (k keysPasted) Run(p *program) error {
	keys, db, err := p.keyRing()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := db.Platform(p, k.Name)
	if err != nil {
		return named("platform", k.Name, err)
	}
	if err := keys.IsPasted(p, admin.Shell, platform.ID); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "The newest key signs for %s from now on (on all nodes within 10 seconds).\n", platform.Name)
	return nil
}
