package main

import (
	"fmt"
	"time"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Make a new signing key."`
	Show   keysShow   `cmd:"" help:"Show the published keys, and the one that signs in PEM, for platforms that want it pasted."`
}

type keysShow struct{}

func (keysShow) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := db.PublishedKeys(p)
	if err != nil {
		return err
	}
	signs := keys[len(keys)-1]
	for _, key := range keys {
		what := "published"
		if key.ID == signs.ID {
			what = "published, signs now"
		}
		fmt.Fprintf(p.out, "%s  %s\n", key.ID, what)
	}
	fmt.Fprintf(p.out, "\n%s", signs.PublicPEM())
	return nil
}

type keysRotate struct {
	Now bool `help:"Sign with the new key at once, not in 24 hours, and publish the old one for an hour more: for a key that may be known to others. Platforms that keep key sets may refuse us for some hours."`
}

const (
	// keyOverlap is how long a new key is published before it signs, and an
	// old one after: platforms keep key sets for hours.
	keyOverlap = 24 * time.Hour
	// stolenOverlap is as long as what the old key signed may be on its way.
	stolenOverlap = time.Hour
)

func (r keysRotate) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	signs, gone := time.Now(), time.Now().Add(stolenOverlap)
	if !r.Now {
		signs = signs.Add(keyOverlap)
		gone = signs.Add(keyOverlap)
	}
	key, err := db.RotateKeys(p, signs, gone)
	if err != nil {
		return err
	}
	const minute = "2 Jan 2006 15:04 MST"
	fmt.Fprintf(p.out, "Key %s is published now and signs from %s. The old one stays published until %s.\n",
		key.ID, signs.UTC().Format(minute), gone.UTC().Format(minute))
	return nil
}
