package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is the program with one place changed.
type mutant struct {
	pkg, file     string // pkg from the module's root
	line          int
	function      string // Type.Method, or empty outside of functions
	kind          string
	before, after string // one line each
	path          string
	was           []byte // the file's whole text
	from, to      int    // the bytes of it that text replaces
	text          string
}

// place is where m is, for -match and for people.
func (m mutant) place() string {
	return fmt.Sprintf("%s:%d %s", filepath.ToSlash(filepath.Join(m.pkg, m.file)), m.line, cmp.Or(m.function, "-"))
}

// source is the whole text of m's file.
func (m mutant) source() []byte {
	return slices.Concat(m.was[:m.from], []byte(m.text), m.was[m.to:])
}

// mutantsOf are all mutants of a package, in the order of its text.
func mutantsOf(p target) ([]mutant, error) {
	var all []mutant
	for _, path := range p.files {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := find(path, source)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			m.pkg = p.name
			all = append(all, m)
		}
	}
	return all, nil
}

// draw puts mutants into an order by chance, the same for the same seed.
func draw(seed uint64, pkg string, all []mutant) []mutant {
	name := fnv.New64a()
	name.Write([]byte(pkg))
	random := rand.New(rand.NewPCG(seed, name.Sum64())) // #nosec G404 -- anybody may guess it
	drawn := slices.Clone(all)
	random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return drawn
}

// A finder walks through one file.
type finder struct {
	path     string
	source   []byte
	file     *token.File
	function string
	quiet    map[ast.Node]bool // constants that only a log or a programmer reads, or nobody
	results  []*ast.FieldList  // of the functions around, the innermost last
	stack    []ast.Node
	found    []mutant
}

// find lists the mutants of a file.
func find(path string, source []byte) ([]mutant, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &finder{path: path, source: source, file: set.File(tree.Pos()), quiet: map[ast.Node]bool{}}
	for _, declaration := range tree.Decls {
		f.function = nameOf(declaration)
		if imports, ok := declaration.(*ast.GenDecl); !ok || imports.Tok != token.IMPORT {
			ast.Inspect(declaration, f.visit)
		}
	}
	slices.SortStableFunc(f.found, func(a, b mutant) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.kind, b.kind)) })
	return f.found, nil
}

func nameOf(declaration ast.Decl) string {
	f, ok := declaration.(*ast.FuncDecl)
	if !ok {
		return ""
	}
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	for {
		switch t := of.(type) {
		case *ast.StarExpr:
			of = t.X
		case *ast.IndexExpr:
			of = t.X
		case *ast.Ident:
			return t.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

// visit is called before each node, and with nil after it.
func (f *finder) visit(n ast.Node) bool {
	if n == nil {
		last := f.stack[len(f.stack)-1]
		f.stack = f.stack[:len(f.stack)-1]
		if functionType(last) != nil {
			f.results = f.results[:len(f.results)-1]
		}
		return true
	}
	f.stack = append(f.stack, n)
	if t := functionType(n); t != nil {
		f.results = append(f.results, t.Results)
	}
	f.silence(n)
	f.ofStatement(n)
	f.ofExpression(n)
	return true
}

func functionType(n ast.Node) *ast.FuncType {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Type
	case *ast.FuncLit:
		return n.Type
	}
	return nil
}

// silence takes note of constants that aren't worth a test.
func (f *finder) silence(n ast.Node) {
	switch n := n.(type) {
	case *ast.Field:
		if n.Tag != nil {
			f.quiet[n.Tag] = true
		}
	case *ast.ReturnStmt:
		if f.returnsError(n) { // nobody reads the rest
			for _, result := range n.Results {
				f.quiet[result] = true
			}
		}
	case *ast.CallExpr:
		if forLogs(f.text(n.Fun)) {
			for _, arg := range n.Args {
				f.quiet[arg] = true
			}
		}
	}
}

// forLogs reports whether a function's texts are read in logs alone (refuse's
// code is a constant), or its numbers are a hint of how much memory to take.
func forLogs(function string) bool {
	if slices.Contains([]string{"fmt.Errorf", "errors.New", "panic", "make", "refuse"}, function) || strings.HasPrefix(function, "slog.") {
		return true
	}
	method := function[strings.LastIndex(function, ".")+1:]
	method = strings.TrimSuffix(method, "Context")
	return method != function && slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs"}, method)
}

func (f *finder) text(n ast.Node) string {
	return string(f.source[f.file.Offset(n.Pos()):f.file.Offset(n.End())])
}

// change adds a mutant in which the text from one place to another is another.
// shown is the node of which before and after tell.
func (f *finder) change(kind string, shown ast.Node, from, to token.Pos, text string) {
	begin, end := f.file.Offset(from), f.file.Offset(to)
	whole, wholeEnd := f.file.Offset(shown.Pos()), f.file.Offset(shown.End())
	after := string(f.source[whole:begin]) + text + string(f.source[end:wholeEnd])
	f.found = append(f.found, mutant{
		file: filepath.Base(f.path), line: f.file.Line(from), function: f.function, kind: kind,
		before: oneLine(string(f.source[whole:wholeEnd])), after: cmp.Or(oneLine(after), "(left out)"),
		path: f.path, was: f.source, from: begin, to: end, text: text,
	})
}

// replace is change of a whole node.
func (f *finder) replace(kind string, n ast.Node, text string) {
	f.change(kind, n, n.Pos(), n.End(), text)
}

// oneLine is text with each stretch of white space as one space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
