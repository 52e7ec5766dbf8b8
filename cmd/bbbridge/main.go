// Command bbbridge stands between learning management systems and
// BigBlueButton: an LTI 1.3 tool to the one, an API client to the other.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/web"
)

// commands are what the program does.
type commands struct {
	Config  string           `help:"TOML file with settings. Variables of the environment, BBBRIDGE_…, override it." placeholder:"FILE" type:"path"`
	Version kong.VersionFlag `help:"Print the version."`

	Serve        serveCommand        `cmd:"" help:"Run the service."`
	Health       healthCommand       `cmd:"" help:"Ask the service on this machine whether it can serve: exits with 0 or 1."`
	Demo         demoCommand         `cmd:"" help:"Run the service with a simulated LMS and BigBlueButton on this machine."`
	Platform     platformCommand     `cmd:"" help:"Register learning management systems."`
	Registration registrationCommand `cmd:"" help:"Have learning management systems register themselves, by a link."`
	Server       serverCommand       `cmd:"" help:"Set up BigBlueButton servers."`
	Tenant       tenantCommand       `cmd:"" help:"Whom platforms belong to, and what holds for these."`
	Staff        staffCommand        `cmd:"" help:"People who set bbbridge up in a browser."`
	Audit        auditCommand        `cmd:"" help:"What staff and commands have changed, and who."`
	Failures     failuresCommand     `cmd:"" help:"What was refused or didn't work, and why."`
	Deliveries   deliveriesCommand   `cmd:"" help:"Grades on their way to the gradebook."`
	Support      supportCommand      `cmd:"" help:"Make a file for whoever helps you, without secrets and names."`
	Keys         keysCommand         `cmd:"" help:"The tool's signing keys."`
	Release      versionCommand      `name:"version" cmd:"" help:"Print the version."`
}

// program is what each command gets.
type program struct {
	context.Context
	config string
	out    io.Writer
	log    io.Writer
	env    []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run carries out one command and returns the exit status: 0, 1 for what
// went wrong, 2 for words that are no command.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("bbbridge"), kong.Writers(out, errs),
		kong.Description("Classrooms of BigBlueButton in the courses of your LMS, and grades for who attended."),
		helpWords(),
		kong.Exit(func(code int) { exit = code }))
	if err != nil {
		panic(err) // the commands above are wrong
	}
	line, err := parser.Parse(args)
	if exit >= 0 { // --help, --version
		return exit
	}
	if err != nil {
		fmt.Fprintf(errs, "bbbridge: %v (see 'bbbridge --help')\n", err)
		return 2
	}
	err = line.Run(&program{Context: admin.By(ctx, admin.Shell), config: c.Config, out: out, log: errs, env: os.Environ()})
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(errs, "bbbridge: %v\n", err)
		return 1
	}
	return 0
}

// helpWords are what the help of commands is filled in with.
func helpWords() kong.Vars {
	return kong.Vars{"version": "bbbridge " + version(), "languages": strings.Join(web.Locales(), ", ")}
}

// settings reads the configuration.
func (p *program) settings() (configs.Config, error) { return configs.Load(p.config, p.env) }

func newLogger(to io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level}))
}

// release is set by the linker for released programs.
var release = ""

// version is that of the release, or of the commit it was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}

type versionCommand struct{}

func (versionCommand) Run(p *program) error {
	_, err := fmt.Fprintf(p.out, "bbbridge %s\n", version())
	return err
}
