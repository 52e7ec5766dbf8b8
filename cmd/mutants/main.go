// Command mutants asks whether the tests would notice. It changes the program
// in one place at a time, as programs go wrong, and runs the tests of the
// package, then those of each package that uses it. A mutant that no test
// notices has lived: a test is missing, or the change makes no difference.
//
// Mutants are drawn by a seed, so that a draw can be repeated. No file of the
// tree is changed: the compiler is given another text in its place. Those that
// don't compile don't count, and one that runs for too long is noticed.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// An order is what to do.
type order struct {
	dir      string // the module's
	patterns []string
	seed     uint64
	most     int            // mutants of each package
	match    *regexp.Regexp // of mutants' places
	tests    string         // packages whose tests may notice besides the mutant's own; empty: all that use it
	known    string         // the file of equivalents
	slack    time.Duration  // what a package's tests may take longer on a busy machine
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	o := order{slack: 20 * time.Second}
	flags.StringVar(&o.dir, "dir", ".", "the module's `folder`")
	flags.Uint64Var(&o.seed, "seed", 1, "another number draws other mutants")
	flags.IntVar(&o.most, "n", 40, "mutants of each package")
	match := flags.String("match", "", "draw only where `file:line function` matches this regular expression")
	flags.StringVar(&o.tests, "tests", "", "`packages` whose tests run after the package's own, instead of all that use it")
	flags.StringVar(&o.known, "equivalents", "cmd/mutants/equivalents.txt", "the `file` of mutants that make no difference")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if o.match, err = regexp.Compile(*match); err != nil {
		return fmt.Errorf("-match: %w", err)
	}
	if o.patterns = flags.Args(); len(o.patterns) == 0 {
		o.patterns = []string{"./..."}
	}
	return o.do(ctx, out)
}

// do draws, runs and reports package by package.
func (o order) do(ctx context.Context, out io.Writer) error {
	known, err := readEquivalents(o.known)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer os.RemoveAll(l.scratch)
	targets, err := l.packages(ctx, o.patterns)
	if err != nil {
		return err
	}
	for _, p := range targets {
		all, err := mutantsOf(p)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			continue
		}
		r, err := l.try(ctx, p, draw(o.seed, p.name, all), known)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		r.write(out)
	}
	return nil
}

// A result is what became of a package's mutants.
type result struct {
	pkg                    string
	killed, aside, refused int // aside: known equivalents; refused: by the compiler
	lived                  []mutant
}

func (r result) tried() int { return r.killed + len(r.lived) }

func (r result) write(out io.Writer) {
	percent := 100
	if n := r.tried(); n > 0 {
		percent = 100 * r.killed / n
	}
	fmt.Fprintf(out, "%s: %d of %d killed, %d %%; equivalent and left aside: %d; didn't compile: %d\n",
		r.pkg, r.killed, r.tried(), percent, r.aside, r.refused)
	slices.SortFunc(r.lived, func(a, b mutant) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.from, b.from)) })
	for _, m := range r.lived {
		fmt.Fprintf(out, "\n# %s: %s\n%s\n", m.place(), m.kind, strings.TrimRight(m.entry(), "\n"))
	}
	if len(r.lived) > 0 {
		fmt.Fprintln(out)
	}
}
