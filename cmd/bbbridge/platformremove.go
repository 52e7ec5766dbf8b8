package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/store"
)

type platformRemove struct {
	Name  string `arg:"" help:"The platform's name."`
	Erase bool   `help:"Erase everything of it after 30 days: courses, people, registers and grades."`
}

func (r platformRemove) Run(p *program) error {
	platforms, _, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := platformCalled(p, platforms, r.Name)
	if err != nil {
		return err
	}
	if !r.Erase {
		if _, err := platforms.Remove(p, admin.Shell, platform.ID); err != nil {
			return named("platform", r.Name, err)
		}
		fmt.Fprintf(p.out, "Removed %s. What people attended is kept; registering the same issuer and client id again brings it back.\n", r.Name)
		return nil
	}
	leaving, err := platforms.Erase(p, admin.Shell, platform.ID)
	if err != nil {
		return named("platform", r.Name, err)
	}
	fmt.Fprintf(p.out, "Removed %s. Everything of it is erased after %s, unless 'bbbridge platform keep' or registering it again comes before that.\n",
		r.Name, leaving.EraseAt.UTC().Format(time.DateOnly))
	return nil
}

type platformKeep struct {
	Name string `arg:"" help:"The removed platform's name."`
}

func (k platformKeep) Run(p *program) error {
	platforms, _, db, err := p.platforms()
	if err != nil {
		return err
	}
	defer db.Close()
	leaving, err := leavingCalled(p, db, k.Name)
	if err != nil {
		return err
	}
	if len(leaving) == 0 {
		return fmt.Errorf("no platform that would be erased is called %q", k.Name)
	}
	for _, l := range leaving {
		if err := platforms.Keep(p, admin.Shell, l.ID); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "Nothing of %s is erased. It stays removed.\n", k.Name)
	return nil
}

// leavingCalled are the removed platforms of that name that will be erased: a
// name may have been used again.
func leavingCalled(p *program, db *store.DB, name string) ([]admin.Leaving, error) {
	all, err := db.Leaving(p)
	var of []admin.Leaving
	for _, l := range all {
		if l.Name == name {
			of = append(of, l)
		}
	}
	return of, err
}

type platformExport struct {
	Name string `arg:"" help:"The platform's name; a removed one's, too, as long as it is to be erased."`
	File string `arg:"" help:"The file to be made." type:"path"`
}

func (e platformExport) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := e.platform(p, db)
	if err != nil {
		return err
	}
	// Others needn't read it, and what is there isn't overwritten.
	file, err := os.OpenFile(e.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	exports := admin.Exports{Store: db, Now: time.Now}
	if err := errors.Join(exports.Write(p, admin.Shell, id, file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(e.File)) // nobody takes half a file for a whole one
	}
	fmt.Fprintf(p.out, "Wrote %s. It has names, attendance and grades of people.\n", e.File)
	return nil
}

func (e platformExport) platform(p *program, db *store.DB) (string, error) {
	platform, err := db.Platform(p, e.Name)
	if err == nil {
		return platform.ID, nil
	}
	if !errors.Is(err, admin.ErrNotFound) {
		return "", err
	}
	leaving, other := leavingCalled(p, db, e.Name)
	if other != nil {
		return "", other
	}
	if len(leaving) == 0 {
		return "", named("platform", e.Name, err)
	}
	return leaving[0].ID, nil
}
