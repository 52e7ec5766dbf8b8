// Command report reads what `go test -json` prints, and shows of it what
// counts: the output of tests that did not pass, a line for each package, and
// at the end how many tests passed, failed and were skipped. It exits with 1
// unless all passed: a test that is skipped proves nothing.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// An event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

type report struct {
	out                     io.Writer
	output                  map[string]*strings.Builder // of tests that still run
	passed, failed, skipped int
	broken                  bool // a package failed, maybe without a test of its own
}

func main() {
	r := report{out: os.Stdout, output: make(map[string]*strings.Builder)}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	if r.broken || r.failed > 0 || r.skipped > 0 || r.passed == 0 {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader) error {
	decoder := json.NewDecoder(in)
	for {
		var e event
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e.Test == "" {
			r.ofPackage(e)
		} else {
			r.ofTest(e)
		}
	}
}

func (r *report) ofPackage(e event) {
	switch {
	case e.Action == "fail" || e.Action == "build-fail":
		r.broken = true
	case strings.HasSuffix(e.Action, "output") && e.Output != "PASS\n":
		fmt.Fprint(r.out, e.Output)
	}
}

func (r *report) ofTest(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if r.output[name] == nil {
			r.output[name] = new(strings.Builder)
		}
		r.output[name].WriteString(e.Output)
		return
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.show(name)
	case "skip":
		r.skipped++
		r.show(name)
	default:
		return
	}
	delete(r.output, name)
}

func (r *report) show(name string) {
	if text := r.output[name]; text != nil {
		fmt.Fprint(r.out, text)
	}
}
