package bbbridge_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// proofs are the tests that hold the rows of docs/operations.md, "What grows,
// and what ends it": of a package, or, after storetest, by their name there.
var proofs = map[string][]string{
	"meta": {again}, "goose_db_version": {again}, "tenants": {again, "storetest tenants"}, "logos": {"storetest logo"},
	"servers": {again, "storetest removed server"}, "tenant_servers": {"storetest servers of tenants"}, "server_tests": {"storetest server tests"},
	"registrations":      {again, "storetest removed platform", "storetest erased platform", "store TestErasedFromEveryTable"},
	"deployments":        {again, "storetest adopted deployment", "lti TestLaunch"},
	"registration_links": {"storetest swept links", "storetest registration link"}, "linked_platforms": {"storetest registered again"},
	"keys":       {swept, "storetest rotation"},
	"courses":    {again, "storetest swept picks"},
	"people":     {again, "storetest anonymous people", "storetest idle people"},
	"anonymous":  {"storetest anonymous people"},
	"enrolments": {again, "storetest anonymous people"},
	"rooms":      {again, "storetest swept picks", "storetest bounded picks", "storetest pick that learners open"},
	"placements": {again},
	"visits":     {swept, "storetest opened windows", "storetest windows at once", "cmd/bbbridge TestTicketOpensFewWindows"},
	"sessions":   {again}, "meetings": {again, "storetest one meeting"},
	"evidence":    {again, "storetest swept evidence", "storetest polls", "store TestPollsTakeLittleRoom", "storetest reports", "classroom TestReportsOfOneMeeting", "cmd/bbbridge TestManyReportsOfOneMeeting"},
	"accounts":    {again, "storetest account"},
	"stays":       {again, "storetest smaller settlement"},
	"attendances": {again, "storetest smaller settlement"},
	"expected":    {again, "storetest expected"}, "moved_classes": {"storetest decisions"}, "shared_classes": {"storetest decisions"},
	"results": {again, "storetest settled twice"}, "deliveries": {again, "storetest settled twice"},
	"share_requests":        {"storetest share request", "storetest share requests of a room"},
	"former_meeting_ids":    {"storetest replaced meeting id"},
	"staff":                 {"storetest staff"},
	"staff_links":           {"storetest staff links", "storetest swept staff"},
	"sign_ins":              {"storetest sign-ins", "storetest swept staff"},
	"second_factors":        {"storetest second factor"},
	"recovery_codes":        {"storetest second factor"},
	"audit":                 {"storetest swept staff"},
	"failures":              {"storetest many failures", "storetest tallies"},
	"tallies":               {"storetest tallies"},
	"admin.Recorder.counts": {"admin TestRecorderWhileAway"},
	"admin.tries.when":      {"admin TestTriesAreBounded"},
	"jobs":                  {again, "storetest jobs", "storetest job asked for again"},

	"classroom.lives.rooms": {bounded}, "classroom.lives.turns": {"classroom TestOneSlowServerAmongOthers"},
	"classroom.loads.of":     {"classroom TestLoadsAreBounded"},
	"classroom.watches.byID": {"classroom TestWatchesAreBounded"},
	"classroom.lives.flight": {"classroom TestManyStartOneClass"},
	"classroom.tasks.under":  {bounded, "classroom TestStop", "classroom TestForgottenLook"},

	"classroom/gradebook.Grades.finding":   {"classroom/gradebook TestOneColumnIsMade"},
	"classroom/gradebook.readings.kept":    {"classroom/gradebook TestReadingsAreBounded"},
	"classroom/gradebook.readings.reading": {"classroom/gradebook TestReadOnceForAll"},
	"classroom/gradebook.moments.at":       {"classroom/gradebook TestMoments"},
	"classroom/jobs.pool.lanes":            {"classroom/jobs TestLanesAreForgotten"},
	"classroom/jobs.lane.running":          {"classroom/jobs TestHungPartnersHoldUpNobody"},

	"handlers.limits.of": {"handlers TestIssuersAreBounded"}, "handlers.styles.of": {"handlers TestStylesAreBounded"}, "handlers.gauges.flight": {"handlers TestMetricsCountOnce"},
	"handlers.Server.checks": {"handlers TestReadyz"}, "handlers.buffers": {pooled}, "handlers/admin.buffers": {pooled}, "web.Pages.buffers": {pooled},

	"admin/oidc.Provider.flight": {"admin/oidc TestProviderIsAskedOnce"},
	"lti.KeySets.sets":           {"lti TestKeySetRemembersFewKids"},
	"lti.cachedSet.unknown":      {"lti TestKeySetRemembersFewKids"},
	"lti.Tokens.cached":          {"lti TestTokenCache"}, "lti.Tokens.pending": {"lti TestTokenSingleFlight"},
	"store.snapshot.registrations": {fresh}, "store.snapshot.ofIssuer": {fresh}, "store.snapshot.tenantOf": {fresh},
	"store.snapshot.tenants": {fresh}, "store.snapshot.servers": {fresh}, "store.paths": {"store TestQueryPlans"},
}

const (
	again   = "cmd/bbbridge TestTheSameAgainAddsNothing"
	swept   = "storetest sweep"
	bounded = "classroom TestLivesAreBounded"
	pooled  = "root TestPoolsAreTheRuntimes"
	fresh   = "store TestChangedByAnotherProgram"
)

// passing are structs whose maps are made for one call, or at the start of the
// program, and are as large as what that was given. Whatever keeps one is in the
// list itself.
var passing = []string{
	"admin.InvalidError", "admin.exportedPlatform", "handlers/admin.tenantForm", "admin/oidc.Person", "web.shelf.pages", "store.keeping", "admin.Bundles.Settings", "admin.Overview", "admin.ledgerCounts",
	"classroom.namedRoom", "classroom.Settlement", "classroom.Counts", "classroom/gradebook.reading",
	"classroom/jobs.Runner", "lti.keySet", "lti.ContentItem", "lti.Launch", "lti.Registration", "lti.Card", "lti.Offer",
	"web.locale", "web.Pages.locales", "web.Pages.staff", "web.Pages.assets",
}

// values are packages that keep nothing: bbb makes calls and reads answers,
// attendance computes. cmd/mutants is a tool of developers.
var values = []string{"bbb", "classroom/attendance", "cmd/mutants", ".ci/report"}

// A table or a map that nobody has thought about has no row; and a row without
// a test is a promise that nobody keeps.
func TestGrowthIsListed(t *testing.T) {
	tables, memory := growthRows(t)
	want := []string{"goose_db_version"}
	for _, file := range glob(t, "store/migrations/sqlite/*.sql") {
		text := read(t, file)
		for _, match := range regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`).FindAllStringSubmatch(text, -1) {
			want = append(want, match[1])
		}
		for _, match := range regexp.MustCompile(`(?m)^DROP TABLE (\w+)`).FindAllStringSubmatch(text, -1) {
			want = slices.DeleteFunc(want, func(name string) bool { return name == match[1] })
		}
	}
	sameNames(t, "tables of the database", tables, want)
	sameNames(t, "maps in memory", memory, keptInMemory(t))
	sameNames(t, "tests of the rows", slices.Collect(maps.Keys(proofs)), slices.Concat(tables, memory))
	for row, tests := range proofs {
		for _, test := range tests {
			if !testExists(t, test) {
				t.Errorf("%s: there is no test %s", row, test)
			}
		}
	}
}

// growthRows are the names of the rows of both tables.
func growthRows(t *testing.T) (tables, memory []string) {
	t.Helper()
	_, section, found := strings.Cut(read(t, "docs/operations.md"), "## What grows, and what ends it")
	section, _, _ = strings.Cut(section, "\n## ")
	first, second, both := strings.Cut(section, "In memory")
	if !found || !both {
		t.Fatal("docs/operations.md has no two lists of what grows")
	}
	rows := func(text string) (names []string) {
		for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(text, -1) {
			if cells := strings.Split(match[2], "|"); len(cells) != 3 || slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) == "" }) {
				t.Errorf("the row of %s doesn't say it all", match[1])
			}
			names = append(names, match[1])
		}
		return names
	}
	return rows(first), rows(second)
}

// keptInMemory are the fields and variables in which the program can keep any
// number of things: maps, pools, calls under way.
func keptInMemory(t *testing.T) []string {
	t.Helper()
	var kept []string
	add := func(folder, owner, name string) {
		full := folder + "." + name
		if owner != "" {
			full = folder + "." + owner + "." + name
		}
		if !slices.Contains(passing, full) && !slices.Contains(passing, folder+"."+owner) {
			kept = append(kept, full)
		}
	}
	for _, file := range goFiles(t) {
		folder := filepath.ToSlash(filepath.Dir(file))
		if slices.Contains(values, folder) {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range decl.Specs {
				eachKeeper(decl.Tok, spec, func(owner, name string) { add(folder, owner, name) })
			}
		}
	}
	return kept
}

// eachKeeper finds what a declaration has that can grow. A map that is written
// down with what is in it is a list of the program's own.
func eachKeeper(kind token.Token, spec ast.Spec, found func(owner, name string)) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		fields, ok := s.Type.(*ast.StructType)
		if !ok {
			return
		}
		for _, field := range fields.Fields.List {
			for _, name := range field.Names {
				if keeps(field.Type) {
					found(s.Name.Name, name.Name)
				}
			}
		}
	case *ast.ValueSpec:
		for i, name := range s.Names {
			var value ast.Expr
			if i < len(s.Values) {
				value = s.Values[i]
			}
			literal, written := value.(*ast.CompositeLit)
			list := written && len(literal.Elts) > 0
			if kind == token.VAR && (s.Type != nil && keeps(s.Type) || written && keeps(literal.Type)) && (!list || !isMap(literal.Type)) {
				found("", name.Name)
			}
		}
	}
}

func isMap(e ast.Expr) bool {
	_, ok := e.(*ast.MapType)
	return ok
}

func keeps(e ast.Expr) bool {
	switch t := e.(type) {
	case *ast.MapType:
		return true
	case *ast.StarExpr:
		return keeps(t.X)
	case *ast.SelectorExpr:
		of, _ := t.X.(*ast.Ident)
		return of != nil && slices.Contains([]string{"sync.Map", "sync.Pool", "singleflight.Group"}, of.Name+"."+t.Sel.Name)
	}
	return false
}

// goFiles are those of the program, without tests and the servers for tests.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || strings.HasSuffix(d.Name(), "test")):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// testExists finds a test: "package Name", or "storetest name".
func testExists(t *testing.T, test string) bool {
	t.Helper()
	folder, name, _ := strings.Cut(test, " ")
	pattern, files := `func `+regexp.QuoteMeta(name)+`\(t \*testing\.T\)`, folder+"/*_test.go"
	switch folder {
	case "storetest":
		pattern, files = `"`+regexp.QuoteMeta(name)+`": test`, "store/storetest/storetest.go"
	case "root":
		files = "*_test.go"
	}
	return slices.ContainsFunc(glob(t, files), func(file string) bool {
		return regexp.MustCompile(pattern).MatchString(read(t, file))
	})
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	return files
}

func sameNames(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: %s is missing", what, name)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s: %s isn't there", what, name)
		}
		if slices.Contains(got[:i], name) {
			t.Errorf("%s: %s is there twice", what, name)
		}
	}
}

// What is in a pool belongs to the collector of memory; nothing else holds it.
func TestPoolsAreTheRuntimes(t *testing.T) {
	for row := range proofs {
		if proofs[row][0] != pooled {
			continue
		}
		folder, name, _ := strings.Cut(row, ".")
		name = name[strings.LastIndex(name, ".")+1:]
		held := 0
		for _, file := range glob(t, folder+"/*.go") {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			if regexp.MustCompile(`\b` + name + `\b[^\n]*sync\.Pool`).Match(text) {
				held++
			}
		}
		if held == 0 {
			t.Errorf("%s is no sync.Pool", row)
		}
	}
}
