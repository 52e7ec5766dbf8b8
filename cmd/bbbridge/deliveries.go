package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

type deliveriesCommand struct {
	List   deliveriesList   `cmd:"" help:"List grades on their way, the newest first, and platforms that hold some up."`
	Resend deliveriesResend `cmd:"" help:"Send refused grades, and those that wait for their platform, again."`
}

// gradeFlags say which grades are meant.
type gradeFlags struct {
	State    string        `default:"refused" enum:"refused,waiting,superseded,delivered,withdrawn,all" help:"One of: ${enum}."`
	Reason   string        `help:"With this reason alone, like platform_down."`
	Platform string        `help:"Of one platform, by its name."`
	Course   string        `help:"Part of the course's title."`
	Since    time.Duration `help:"Of classes that were counted so long ago at the most, like 24h."`
}

func (f gradeFlags) query(platform string) admin.GradeQuery {
	q := admin.GradeQuery{State: gradebook.State(f.State), Reason: f.Reason, RegistrationID: platform, Course: f.Course}
	if f.State == "all" {
		q.State = ""
	}
	if f.Since > 0 {
		q.Since = time.Now().Add(-f.Since)
	}
	return q
}

type deliveriesList struct {
	gradeFlags `embed:""`
	Most       int `default:"100" help:"How many at the most."`
}

// Run lists grades.
func (c deliveriesList) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := platformID(p, db, c.Platform)
	if err != nil {
		return err
	}
	d := &admin.Deliveries{Store: db}
	paused, err := d.Paused(p, admin.Shell)
	if err != nil {
		return err
	}
	for _, pause := range paused {
		if _, err := fmt.Fprintf(p.out, "%s holds up %d grades: %s\n", pause.Platform, pause.Waiting, pause.Reason); err != nil {
			return err
		}
	}
	q := c.query(platform)
	q.Most = min(max(c.Most, 1), 10_000)
	list, err := d.Page(p, admin.Shell, q)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(p.out, "No grade fits.")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tSTATE\tREASON\tPOINTS\tPERSON\tCOURSE\tPLATFORM\tTRIES\tSAID")
	for _, g := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%g/%g\t%s\t%s\t%s\t%d\t%s\n", g.TrueAt.UTC().Format("2006-01-02 15:04:05"), g.State, blank(g.Reason),
			g.Points, g.Max, blank(g.Person), blank(g.Course), blank(g.Platform), g.Attempts, blank(g.Detail))
	}
	return w.Flush()
}

type deliveriesResend struct {
	gradeFlags `embed:""`
}

// Run sends grades again. A state in which nothing is to be sent is said to be
// one.
func (c deliveriesResend) Run(p *program) error {
	if state := gradebook.State(c.State); state != gradebook.Refused && state != gradebook.Waiting && c.State != "all" {
		return errors.New("only grades that were refused or wait are sent again: --state refused, waiting or all")
	}
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	platform, err := platformID(p, db, c.Platform)
	if err != nil {
		return err
	}
	sent, more, err := (&admin.Deliveries{Store: db}).ResendAll(p, admin.Shell, c.query(platform))
	if err != nil {
		return err
	}
	said := fmt.Sprintf("Sent again: %d.", sent)
	if more {
		said += " There are more: run this once more."
	}
	_, err = fmt.Fprintln(p.out, said)
	return err
}
