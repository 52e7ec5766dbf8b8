package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A target is a package that is changed, or whose tests are run.
type target struct {
	name  string // from the module's root; . is the root
	path  string // to import it
	dir   string
	files []string
}

// A suite is the tests of a package.
type suite struct {
	target
	uses []string // packages that its tests reach
}

// A lab runs tests on mutants, one at a time.
type lab struct {
	order
	scratch string
	suites  []suite
	limits  map[string]time.Duration // of suites that have run on what is unchanged
	allowed map[string]bool          // suites besides the mutant's own; nil: all
}

// listed is what we need of go list's answer.
type listed struct {
	ImportPath, Dir, ForTest string
	GoFiles, CgoFiles, Deps  []string
	Module                   *struct{ Path string }
}

func newLab(ctx context.Context, o order) (*lab, error) {
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	l := &lab{order: o, scratch: scratch, limits: map[string]time.Duration{}}
	all, err := l.list(ctx, "-test", "./...")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(scratch))
	}
	for _, p := range all {
		if path, isTest := strings.CutSuffix(p.ImportPath, ".test"); isTest {
			s := suite{target: target{path: path, dir: p.Dir}}
			for _, dep := range p.Deps {
				name, _, _ := strings.Cut(dep, " ")
				s.uses = append(s.uses, name)
			}
			l.suites = append(l.suites, s)
		}
	}
	// Who uses little is near, and quick.
	slices.SortStableFunc(l.suites, func(a, b suite) int { return cmp.Compare(len(a.uses), len(b.uses)) })
	if o.tests == "" {
		return l, nil
	}
	named, err := l.list(ctx, strings.Fields(o.tests)...)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(scratch))
	}
	l.allowed = map[string]bool{}
	for _, p := range named {
		l.allowed[p.ImportPath] = true
	}
	return l, nil
}

// list asks go list.
func (l *lab) list(ctx context.Context, args ...string) ([]listed, error) {
	out, err := l.command(ctx, l.dir, "go", append([]string{"list", "-json=ImportPath,Dir,ForTest,GoFiles,CgoFiles,Deps,Module"}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, out)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// packages are those that are to be changed.
func (l *lab) packages(ctx context.Context, patterns []string) ([]target, error) {
	all, err := l.list(ctx, patterns...)
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, p := range all {
		if p.Module == nil {
			return nil, fmt.Errorf("%s is in no module", p.ImportPath)
		}
		t := target{name: cmp.Or(strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/"), "."), path: p.ImportPath, dir: p.Dir}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			t.files = append(t.files, filepath.Join(p.Dir, name))
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// try runs the tests on a package's mutants until enough have counted.
func (l *lab) try(ctx context.Context, p target, drawn []mutant, known map[equivalent]bool) (result, error) {
	r := result{pkg: p.name}
	for _, m := range drawn {
		if r.tried() == l.most {
			break
		}
		if !l.match.MatchString(m.place()) {
			continue
		}
		if known[m.equivalent()] {
			r.aside++
			continue
		}
		begin := time.Now()
		fate, err := l.fate(ctx, p, m)
		if err != nil {
			return r, err
		}
		switch fate {
		case "didn't compile":
			r.refused++
			continue
		case "lived":
			r.lived = append(r.lived, m)
		default:
			r.killed++
		}
		fmt.Fprintf(os.Stderr, "%d/%d %s %s, %s: %s (%v)\n", r.tried(), l.most, m.place(), m.kind, m.before, fate, time.Since(begin).Round(time.Second/10))
	}
	return r, nil
}

// fate is what becomes of a mutant: "didn't compile", "lived", or by whose
// tests it was killed.
func (l *lab) fate(ctx context.Context, p target, m mutant) (string, error) {
	overlay, err := l.overlay(m)
	if err != nil {
		return "", err
	}
	for i, s := range l.who(p) {
		err := l.passes(ctx, s, overlay)
		switch {
		case ctx.Err() != nil || errors.Is(err, errUnchanged):
			return "", cmp.Or(ctx.Err(), err)
		case errors.Is(err, errNoBuild) && i == 0:
			return "didn't compile", nil
		case err != nil:
			return "killed by " + s.path, nil
		}
	}
	return "lived", nil
}

// who may notice what is wrong with p: its own tests first.
func (l *lab) who(p target) []suite {
	var own, others []suite
	for _, s := range l.suites {
		switch {
		case s.path == p.path:
			own = append(own, s)
		case slices.Contains(s.uses, p.path) && (l.allowed == nil || l.allowed[s.path]):
			others = append(others, s)
		}
	}
	return append(own, others...)
}

// overlay writes m where the compiler takes it for the file.
func (l *lab) overlay(m mutant) (string, error) {
	file, overlay := filepath.Join(l.scratch, "mutant.go"), filepath.Join(l.scratch, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {m.path: file}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(file, m.source(), 0o600), os.WriteFile(overlay, text, 0o600))
}

var (
	errUnchanged = errors.New("tests fail with nothing changed")
	errNoBuild   = errors.New("doesn't compile")
)

// passes is nil if the tests of s pass with an overlay. They have several times
// as long as they take without.
func (l *lab) passes(ctx context.Context, s suite, overlay string) error {
	limit, known := l.limits[s.path]
	if !known {
		took, err := l.test(ctx, s, "", time.Hour)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errUnchanged, s.path, err)
		}
		limit = 4*took + l.slack
		l.limits[s.path] = limit
	}
	_, err := l.test(ctx, s, overlay, limit)
	return err
}

// test runs a suite, and says how long that took. Its binary is built first: the
// limit is on the tests alone.
func (l *lab) test(ctx context.Context, s suite, overlay string, limit time.Duration) (time.Duration, error) {
	binary := filepath.Join(l.scratch, "suite.test")
	args := []string{"test", "-c", "-vet=off", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	if out, err := l.command(ctx, l.dir, "go", append(args, s.path)...); err != nil {
		return 0, fmt.Errorf("%w: %w\n%s", errNoBuild, err, out)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begin := time.Now()
	out, err := l.command(ctx, s.dir, binary, "-test.failfast")
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return time.Since(begin), err
}

// command runs a program, and ends with it all that it has started.
func (l *lab) command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...) // #nosec G204 -- go, and what it has built
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	if name != "go" || !slices.Contains(args, "list") {
		cmd.Stderr = &out
	}
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what a test has left behind
	}
	return out.Bytes(), err
}
