package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

type serverRemove struct {
	Name string `arg:"" help:"The server's name."`
}

func (r serverRemove) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	server, err := db.ServerByName(p, r.Name)
	if err != nil {
		return named("server", r.Name, err)
	}
	use, err := db.UseOf(p, server.ID)
	if err != nil {
		return err
	}
	if err := db.RemoveServer(p, r.Name); err != nil {
		return named("server", r.Name, err)
	}
	next, err := beginOn(p, db, classroom.DefaultTenant)
	if err != nil {
		return err
	}
	left, err := db.Servers(p)
	if err != nil {
		return err
	}
	parting{server, next, len(left) > 0, use, signsFor(left, server)}.print(p.out)
	return nil
}

// signsFor is a server that has one of gone's secrets: the same one under
// another name, or one behind the same balancer. Its zero has no name.
func signsFor(left []classroom.Server, gone classroom.Server) classroom.Server {
	for _, server := range left {
		for _, secret := range server.Secrets() {
			if slices.Contains(gone.Secrets(), secret) {
				return server
			}
		}
	}
	return classroom.Server{}
}

// A parting is what is so once a server was removed.
type parting struct {
	server classroom.Server
	next   string // on which new classes begin
	left   bool   // there is another one
	use    admin.ServerUse
	signs  classroom.Server // has the same secret; without a name: none has
}

// namedMost is how many running classes are named.
const namedMost = 20

func (p parting) print(out io.Writer) {
	fmt.Fprintf(out, "Removed %s, on all nodes within 10 seconds.\n", p.server.Name)
	if !p.left {
		fmt.Fprintln(out, "No server is left: no class can begin until one is added.")
	} else {
		fmt.Fprintf(out, "New classes begin on %s.\n", p.next)
	}
	running := len(p.use.Running)
	if running > 0 {
		fmt.Fprintf(out, "\n%s there now, as far as we know:\n", counted(running, "class runs", "classes run"))
		for _, c := range p.use.Running[:min(running, namedMost)] {
			fmt.Fprintf(out, "  %s in %s, since %s\n", cmp.Or(c.Room, "a room without a name"), cmp.Or(c.Course, "a course without a name"), c.Since.Format("2 Jan 15:04 MST"))
		}
		if running > namedMost {
			fmt.Fprintf(out, "  and %d more\n", running-namedMost)
		}
		fmt.Fprintln(out, "Nobody is sent away, but nothing there is looked at any more: in a minute or two it counts as over, with what was seen until now, and nobody else is let in.")
	}
	if p.use.Rooms == 0 {
		fmt.Fprintln(out, "\nNo room had a class there.")
		return
	}
	fmt.Fprintf(out, "\n%s in %s had classes there. Registers, points and grades stay as they are; recordings there aren't listed any more.\n",
		counted(p.use.Rooms, "room", "rooms"), counted(p.use.Courses, "course", "courses"))
	if p.signs.Name != "" {
		fmt.Fprintf(out, "Reports of those classes that still come are signed as those of %s are: they count where a room has its classes there now.\n", p.signs.Name)
	} else {
		fmt.Fprintln(out, "Reports of those classes that still come are refused, and BigBlueButton doesn't send them again: what was seen counts.")
	}
	fmt.Fprintf(out, "To take it all back: bbbridge server add with the same URL, %s. Classes that still run are then found again within the hour.\n", p.server.URL)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
