package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/web"
)

type serverTest struct {
	Name      string `arg:"" help:"The server's name."`
	Callbacks bool   `help:"Wait too for what the server sends when the class has ended, and for its recording: up to 15 minutes, while 'bbbridge serve' runs."`
}

// testWait bounds the whole round, if nothing is waited for.
const testWait = time.Minute

func (t serverTest) Run(p *program) error {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	pages, err := web.New()
	if err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	var ctx context.Context = p
	if !t.Callbacks {
		bounded, cancel := context.WithTimeout(p, testWait)
		defer cancel()
		ctx = bounded
	}
	says := saying{p.out, func(id string) string { return pages.DeskText(web.English, id, nil) }}
	test, err := servers(p, cfg, db).Test(ctx, admin.Shell, t.Name, t.Callbacks, says.step)
	switch {
	case errors.Is(err, admin.ErrNotFound):
		return named("server", t.Name, err)
	case errors.Is(err, admin.ErrTestRuns):
		return fmt.Errorf("%s is being tested already, from a page or another shell: wait until that is over", t.Name)
	case err != nil:
		return err
	}
	return says.result(t, test)
}

// servers are what commands do with servers.
func servers(p *program, cfg configs.Config, db *store.DB) *admin.Servers {
	return &admin.Servers{
		Store: db, PublicURL: cfg.PublicURL, Loopback: cfg.Loopback(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Client: func(s classroom.Server) admin.ServerClient {
			return &bbb.Client{Server: s.Server, HTTP: guarded(cfg, bbbPatience)}
		},
	}
}

// saying shows a test at the shell.
type saying struct {
	out  io.Writer
	text func(id string) string
}

var stepMarks = map[admin.StepState]string{admin.StepGood: "✓", admin.StepNeeds: "✗", admin.StepIdle: "·"}

func (s saying) step(step admin.TestStep) {
	fmt.Fprintf(s.out, "%s %s (%.1f s)\n", stepMarks[step.State], s.text("server_test.step."+step.Name), step.Took.Seconds())
	if step.State != admin.StepNeeds && step.Code != "" {
		fmt.Fprintf(s.out, "  %s\n", s.text("cure."+step.Code))
	}
}

// result is an error that says what needs somebody.
func (s saying) result(t serverTest, test admin.ServerTest) error {
	var problems []string
	for _, step := range test.Steps {
		if step.State == admin.StepNeeds {
			problems = append(problems, s.problem(t.Name, step))
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n\n"))
	}
	if !test.Good() {
		return errors.New("the test was broken off")
	}
	fmt.Fprintln(s.out, s.text("server_test.good"))
	if !t.Callbacks {
		fmt.Fprintf(s.out, "Whether its reports come here says the button on the server's page, or, while 'bbbridge serve' runs: bbbridge server test %s --callbacks\n", quoted(t.Name))
	}
	return nil
}

func (s saying) problem(name string, step admin.TestStep) string {
	text := "could not " + lower(s.text("server_test.step."+step.Name))
	if step.Detail != "" {
		text += ": " + step.Detail
	}
	text += "\ncause: " + step.Code + "\n"
	if step.Code == string(admin.CauseAlgorithm) {
		return text + fmt.Sprintf("The server takes %s: bbbridge server edit %s --checksum %s.", step.Detail, quoted(name), strings.ToLower(step.Detail))
	}
	return text + s.text("cure."+step.Code)
}

// lower begins a sentence as a part of one.
func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }
