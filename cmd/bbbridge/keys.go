package main

import (
	"fmt"
	"time"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Make a new signing key."`
}

type keysRotate struct {
	Now bool `help:"Sign with the new key at once, not in 24 hours: for a key that may be known to others. Platforms that keep key sets may refuse us for some hours."`
}

// keyOverlap is how long a new key is published before it signs: platforms
// keep key sets for hours.
const keyOverlap = 24 * time.Hour

func (r keysRotate) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	from := time.Now()
	if !r.Now {
		from = from.Add(keyOverlap)
	}
	key, err := db.RotateKeys(p, from)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Key %s is published now and signs from %s. The old one stays published until a day later.\n",
		key.ID, from.UTC().Format("2 Jan 2006 15:04 MST"))
	return nil
}
