package main

import (
	"fmt"
	"os"
	"strings"
)

// An equivalent is a mutant that makes no difference, by what doesn't change
// when lines are added above it.
type equivalent struct{ pkg, function, before, after string }

func (m mutant) equivalent() equivalent {
	return equivalent{m.pkg, m.function, m.before, m.after}
}

// entry is m as the file of equivalents has it, but for the reason.
func (m mutant) entry() string {
	return strings.TrimRight(m.pkg+" "+m.function, " ") + "\n\t" + m.before + "\n\t" + m.after + "\n"
}

// readEquivalents reads the file of mutants that make no difference. An entry
// has the package and the function in its first line; then, each after a tab,
// what was, what is instead, and the reason why nobody can notice. Empty lines
// and those that begin with # say nothing.
func readEquivalents(path string) (map[equivalent]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("equivalents: %w", err)
	}
	known := map[equivalent]bool{}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" || strings.HasPrefix(lines[i], "#") {
			continue
		}
		following := lines[i+1 : min(i+4, len(lines))]
		for _, line := range append(following, make([]string, 3-len(following))...) {
			if !strings.HasPrefix(line, "\t") || strings.TrimSpace(line) == "" {
				return nil, fmt.Errorf("%s:%d: three lines must follow, each after a tab: before, after, the reason", path, i+1)
			}
		}
		pkg, function, _ := strings.Cut(lines[i], " ")
		known[equivalent{pkg, function, lines[i+1][1:], lines[i+2][1:]}] = true
		i += 3
	}
	return known, nil
}
