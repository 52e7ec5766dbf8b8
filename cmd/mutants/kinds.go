package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// swaps are operators that are easily taken for each other.
var swaps = map[token.Token]struct {
	kind string
	by   token.Token
}{
	token.LSS: {"edge", token.LEQ}, token.LEQ: {"edge", token.LSS},
	token.GTR: {"edge", token.GEQ}, token.GEQ: {"edge", token.GTR},
	token.EQL: {"equality", token.NEQ}, token.NEQ: {"equality", token.EQL},
	token.LAND: {"and, or", token.LOR}, token.LOR: {"and, or", token.LAND},
	token.ADD: {"arithmetic", token.SUB}, token.SUB: {"arithmetic", token.ADD},
	token.MUL: {"arithmetic", token.QUO}, token.QUO: {"arithmetic", token.MUL},
}

func (f *finder) ofExpression(n ast.Node) {
	if f.quiet[n] {
		return
	}
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if swap, ok := swaps[n.Op]; ok && !f.joinsText(n) {
			f.change(swap.kind, n, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), swap.by.String())
		}
	case *ast.BasicLit:
		f.ofConstant(n)
	case *ast.Ident:
		switch n.Name {
		case "true":
			f.constant("true, false", n, "false")
		case "false":
			f.constant("true, false", n, "true")
		}
	case *ast.CallExpr:
		switch name := f.text(n.Fun); {
		case name == "min" && len(n.Args) > 1:
			f.change("min, max", n, n.Fun.Pos(), n.Fun.End(), "max")
		case name == "max" && len(n.Args) > 1:
			f.change("min, max", n, n.Fun.Pos(), n.Fun.End(), "min")
		}
	}
}

// joinsText reports whether an operation is one of texts, which no other
// operator takes.
func (f *finder) joinsText(n *ast.BinaryExpr) bool {
	text := func(e ast.Expr) bool {
		l, ok := e.(*ast.BasicLit)
		return ok && l.Kind == token.STRING
	}
	if n.Op != token.ADD {
		return false
	}
	left, ok := n.X.(*ast.BinaryExpr)
	return text(n.X) || text(n.Y) || ok && f.joinsText(left)
}

// constant is replace for a constant, shown with what stands around it: by
// itself it says little.
func (f *finder) constant(kind string, n ast.Node, text string) {
	shown := n
	if i := len(f.stack) - 2; i >= 0 && len(oneLine(f.text(f.stack[i]))) <= 100 {
		shown = f.stack[i]
	}
	f.change(kind, shown, n.Pos(), n.End(), text)
}

func (f *finder) ofConstant(n *ast.BasicLit) {
	switch n.Kind {
	case token.INT:
		if value, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			f.constant("number", n, strconv.FormatInt(value+1, 10))
		}
	case token.STRING:
		if isSQL(n.Value) {
			f.ofSQL(n)
		} else {
			f.constant("text", n, `"mutant"`)
		}
	}
}

func (f *finder) ofStatement(n ast.Node) {
	switch n := n.(type) {
	case *ast.IfStmt:
		f.negate(n.Cond)
	case *ast.ForStmt:
		f.negate(n.Cond)
	case *ast.ReturnStmt:
		f.ofReturn(n)
	case *ast.ExprStmt:
		if _, calls := n.X.(*ast.CallExpr); calls {
			f.replace("call left out", n, "")
		}
	case *ast.DeferStmt:
		f.replace("defer left out", n, "")
	case *ast.AssignStmt:
		f.ofAssignment(n)
	case *ast.IncDecStmt:
		f.replace("assignment left out", n, "")
	case *ast.CaseClause:
		f.empty(n, n.Body)
	case *ast.CommClause:
		f.empty(n, n.Body)
	case *ast.BranchStmt:
		switch n.Tok {
		case token.BREAK:
			f.change("break, continue", n, n.Pos(), n.Pos()+token.Pos(len("break")), "continue")
		case token.CONTINUE:
			f.change("break, continue", n, n.Pos(), n.Pos()+token.Pos(len("continue")), "break")
		}
	}
}

// negate turns a condition round, unless to swap its operator does the same.
func (f *finder) negate(condition ast.Expr) {
	if condition == nil {
		return
	}
	if b, ok := condition.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return
	}
	f.replace("condition", condition, "!("+f.text(condition)+")")
}

// ofReturn has an error returned as none.
func (f *finder) ofReturn(n *ast.ReturnStmt) {
	if f.returnsError(n) {
		last := n.Results[len(n.Results)-1]
		f.change("error dropped", n, last.Pos(), last.End(), "nil")
	}
}

// returnsError reports whether n ends with an error, perhaps one of nothing but
// not nil by itself.
func (f *finder) returnsError(n *ast.ReturnStmt) bool {
	results := f.results[len(f.results)-1]
	if results == nil || len(n.Results) == 0 {
		return false
	}
	returned := 0
	for _, field := range results.List {
		returned += max(1, len(field.Names))
	}
	return f.text(results.List[len(results.List)-1].Type) == "error" && len(n.Results) == returned && f.text(n.Results[returned-1]) != "nil"
}

// ofAssignment leaves out what is written into a field, a list or a map.
func (f *finder) ofAssignment(n *ast.AssignStmt) {
	if len(n.Lhs) != 1 || n.Tok == token.DEFINE {
		return
	}
	switch n.Lhs[0].(type) {
	case *ast.SelectorExpr, *ast.IndexExpr, *ast.StarExpr:
		f.replace("assignment left out", n, "_ = "+f.text(n.Rhs[0]))
	}
}

// empty leaves out what a case does.
func (f *finder) empty(clause ast.Node, body []ast.Stmt) {
	if len(body) > 0 {
		f.change("case emptied", clause, body[0].Pos(), body[len(body)-1].End(), "")
	}
}

// ofSQL leaves out a condition of a statement, or moves its edge.
func (f *finder) ofSQL(n *ast.BasicLit) {
	at := func(from, to int, kind, text string) {
		f.change(kind, n, n.Pos()+token.Pos(from), n.Pos()+token.Pos(to), text)
		m := &f.found[len(f.found)-1] // the part of the statement that counts
		m.before, m.after = oneLine(n.Value[from:to]), oneLine(text)
	}
	for _, c := range conditions(n.Value) {
		at(c[0], c[1], "SQL condition", "("+n.Value[c[0]:c[1]]+" OR 1 = 1)")
	}
	for _, e := range sqlEdge.FindAllStringIndex(n.Value, -1) {
		was := n.Value[e[0]:e[1]]
		by := strings.Replace(was, "=", "", 1)
		if by == was {
			by = strings.TrimRight(was, " ") + "= "
		}
		at(e[0], e[1], "SQL edge", by)
	}
}
