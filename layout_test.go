// Package bbbridge_test holds the repository to its own layout: who imports
// whom, how long files get, and that the clock is asked in one place.
package bbbridge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/bbbridge/bbbridge/"

// A layer is what a package may import besides the standard library: packages
// of ours, and those of other modules that begin with one of the prefixes.
type layer struct {
	ours, others []string
	pure         bool // no context, so nothing that waits for anybody
}

// rooms are the packages of the domain, the lowest first.
var rooms = []string{"classroom/jobs", "classroom/attendance", "classroom/gradebook", "classroom"}

// layers is the table of CONTRIBUTING.md.
var layers = map[string]layer{
	"lti":         {others: []string{"github.com/lestrrat-go/jwx/v2/", "golang.org/x/sync/"}},
	"lti/ltitest": {},
	"bbb":         {},
	"bbb/bbbtest": {},

	"classroom/jobs":                      {},
	"classroom/attendance":                {ours: []string{"bbb"}, pure: true},
	"classroom/attendance/attendancetest": {},
	"classroom/gradebook":                 {ours: []string{"classroom/attendance", "lti"}, others: []string{"golang.org/x/sync/"}},
	"classroom/gradebook/gradebooktest":   {ours: []string{"lti"}},
	"classroom": {
		ours:   []string{"classroom/jobs", "classroom/attendance", "classroom/gradebook", "lti", "bbb"},
		others: []string{"golang.org/x/sync/"}},

	"admin/oidc": {others: []string{"github.com/coreos/go-oidc/v3/oidc", "golang.org/x/oauth2", "golang.org/x/sync/"}},
	"admin":      {ours: append([]string{"lti", "bbb"}, rooms...), others: []string{"golang.org/x/crypto/argon2", "github.com/pquerna/otp", "golang.org/x/image/", "golang.org/x/sync/"}},

	"store": {ours: append([]string{"lti", "bbb", "admin"}, rooms...), others: []string{
		"github.com/jmoiron/sqlx", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3",
		"golang.org/x/sync/"}},
	"store/storetest": {ours: append([]string{"store", "lti", "bbb", "admin"}, rooms...), others: []string{"github.com/google/go-cmp/"}},
	"handlers/admin":  {ours: append([]string{"lti", "bbb", "admin/oidc", "web", "admin"}, rooms...), others: []string{"github.com/gin-gonic/gin"}},
	"handlers": {ours: append([]string{"lti", "bbb", "web", "admin"}, rooms...), others: []string{
		"github.com/gin-gonic/gin", "github.com/gorilla/sessions", "github.com/gorilla/securecookie",
		"github.com/prometheus/client_golang/", "golang.org/x/sync/", "golang.org/x/time/"}},
	"web":     {others: []string{"github.com/BurntSushi/toml", "github.com/nicksnyder/go-i18n/v2/", "golang.org/x/text/"}},
	"configs": {others: []string{"github.com/BurntSushi/toml", "github.com/caarlos0/env/v11"}},
}

// noNames are names that say nothing of what a package is about.
var noNames = []string{"util", "utils", "common", "models", "types", "helpers", "misc"}

// pkg is what we need of go list's answer.
type pkg struct {
	ImportPath, Dir                            string
	GoFiles, CgoFiles, IgnoredGoFiles, Imports []string
}

// files are those that are no tests, whatever their build tags.
func (p pkg) files() []string {
	var files []string
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles) {
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
	return files
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, problem := range misplaced(p) {
			t.Errorf("%s %s", p.ImportPath, problem)
		}
	}
}

// TestMisplaced checks that the table forbids what it was made to forbid.
func TestMisplaced(t *testing.T) {
	for _, test := range []struct {
		name, imports string
		want          []string
	}{
		{"lti", "github.com/lestrrat-go/jwx/v2/jws", nil},
		{"lti", module + "bbb", []string{"must not import bbb"}},
		{"bbb", "github.com/lestrrat-go/jwx/v2/jws", []string{"must not import github.com/lestrrat-go/jwx/v2/jws"}},
		{"bbb/bbbtest", module + "bbb", []string{"must not import bbb"}},
		{"lti/ltitest", module + "lti", []string{"must not import lti"}},
		{"classroom", module + "bbb", nil},
		{"classroom", module + "classroom/gradebook", nil},
		{"classroom/gradebook", module + "classroom/attendance", nil},
		{"classroom/gradebook", module + "classroom", []string{"must not import classroom"}},
		{"classroom/gradebook", module + "classroom/jobs", []string{"must not import classroom/jobs"}},
		{"classroom/attendance", module + "bbb", nil},
		{"classroom/attendance", module + "lti", []string{"must not import lti"}},
		{"classroom/attendance", module + "classroom/gradebook", []string{"must not import classroom/gradebook"}},
		{"classroom/attendance", "context", []string{"must not import context"}},
		{"classroom/jobs", module + "classroom/attendance", []string{"must not import classroom/attendance"}},
		{"classroom", module + "store", []string{"must not import store"}},
		{"classroom", "database/sql", []string{"must not import database/sql"}},
		{"classroom", "github.com/gin-gonic/gin", []string{"must not import github.com/gin-gonic/gin"}},
		{"handlers", "github.com/gin-gonic/gin", nil},
		{"handlers", "github.com/jmoiron/sqlx", []string{"must not import github.com/jmoiron/sqlx"}},
		{"handlers", module + "store", []string{"must not import store"}},
		{"handlers", module + "configs", []string{"must not import configs"}},
		{"store", module + "handlers", []string{"must not import handlers"}},
		{"web", module + "classroom", []string{"must not import classroom"}},
		{"cmd/bbbridge", module + "configs", nil},
		{"cmd/bbbridge", "github.com/lestrrat-go/jwx/v2/jwk", []string{"must not import github.com/lestrrat-go/jwx/v2/jwk"}},
		{"store/util", "fmt", []string{"has a name that says nothing", "has no row in the table of layers"}},
	} {
		p := pkg{ImportPath: module + test.name, Imports: []string{test.imports}}
		if diff := cmp.Diff(test.want, misplaced(p)); diff != "" {
			t.Errorf("%s importing %s (-want +got):\n%s", test.name, test.imports, diff)
		}
	}
}

// misplaced says what p breaks of the layout.
func misplaced(p pkg) []string {
	var problems []string
	name := strings.TrimPrefix(p.ImportPath, module)
	if slices.Contains(noNames, path.Base(name)) {
		problems = append(problems, "has a name that says nothing")
	}
	allows := cmdAllows
	if !strings.HasPrefix(name, "cmd/") {
		layer, known := layers[name]
		if !known {
			return append(problems, "has no row in the table of layers")
		}
		allows = func(imported string) bool { return layer.allows(name, imported) }
	}
	for _, imported := range p.Imports {
		if !allows(imported) {
			problems = append(problems, "must not import "+strings.TrimPrefix(imported, module))
		}
	}
	return problems
}

// cmdAllows is the rule for cmd, which puts all packages of ours together and
// does none of their work.
func cmdAllows(imported string) bool {
	return !slices.ContainsFunc(
		[]string{"github.com/lestrrat-go/jwx/", "github.com/jmoiron/sqlx", "github.com/gin-gonic/gin", "database/sql"},
		func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
}

func (l layer) allows(name, imported string) bool {
	if ours, ok := strings.CutPrefix(imported, module); ok {
		return slices.Contains(l.ours, ours)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") { // the standard library
		if l.pure && imported == "context" {
			return false
		}
		return !strings.HasPrefix(imported, "database/sql") || strings.HasPrefix(name, "store")
	}
	return slices.ContainsFunc(l.others, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
}

// TestSizes wants files and functions that can be read in one go.
func TestSizes(t *testing.T) {
	const fileMost, functionMost = 450, 60
	eachFile(t, func(name string, set *token.FileSet, file *ast.File) {
		if lines := set.File(file.Pos()).LineCount(); lines >= fileMost {
			t.Errorf("%s has %d lines: %d are too many", name, lines, fileMost)
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok {
				if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines >= functionMost {
					t.Errorf("%s: %s has %d lines: %d are too many", set.Position(f.Pos()), f.Name.Name, lines, functionMost)
				}
			}
		}
	})
}

// TestClock wants the clock asked by cmd alone. Others have a field
// Now func() time.Time, and may say that its default is time.Now.
func TestClock(t *testing.T) {
	eachFile(t, func(name string, set *token.FileSet, file *ast.File) {
		if strings.HasPrefix(name, "cmd/") {
			return
		}
		for _, position := range clockCalls(set, file) {
			t.Errorf("%s asks the clock: use a field Now func() time.Time", position)
		}
	})
}

func TestClockCalls(t *testing.T) {
	const text = `package p
		import "time"
		var now = time.Now
		var a = time.Now()
		var b = time.Since(a)
		func f() time.Duration { return time.Until(now()) }`
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, position := range clockCalls(set, file) {
		lines = append(lines, position.Line)
	}
	if diff := cmp.Diff([]int{4, 5, 6}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func clockCalls(set *token.FileSet, file *ast.File) []token.Position {
	var positions []token.Position
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := function.X.(*ast.Ident)
		if ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, function.Sel.Name) {
			positions = append(positions, set.Position(call.Pos()))
		}
		return true
	})
	return positions
}

// eachFile parses every file that is no test; name is from the repository's
// root.
func eachFile(t *testing.T, do func(name string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages(t) {
		for _, file := range p.files() {
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			do(filepath.ToSlash(name), set, parsed)
		}
	}
}

// packages asks go list for all packages but this one.
func packages(t *testing.T) []pkg {
	t.Helper()
	var errs bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,CgoFiles,IgnoredGoFiles,Imports", "./...")
	list.Stderr = &errs
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath+"/" != module {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		t.Fatal("go list found no packages")
	}
	return all
}
