package store_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/store/storetest"
)

// Tables of which all rows are read now and then: they are few. Jobs are, for
// they go when they are done; so are the meeting ids that rooms have left, which
// a room does when BigBlueButton is broken, and links by which platforms register.
var small = []string{"staff", "staff_links", "tenants", "servers", "tenant_servers", "server_tests", "registrations", "deployments", "keys", "meta", "jobs", "former_meeting_ids", "registration_links", "logos"}

// Indexes of which the same is true: of classes that are on.
var smallIndexes = []string{"meetings_live"}

// Statements that read all of a table, and for which nobody waits twice: what /metrics and the overview have
// ready, and what the removal of a server says before.
var rare = []string{`SELECT 'delivery' AS what`, `SELECT c.registration_id, d.state, COUNT(*) AS n FROM deliveries`, `COUNT(DISTINCT r.course_id) AS courses FROM rooms r`}

// TestQueryPlans looks at each statement that the store runs: none reads the
// whole of a table that grows, nor of an index of one.
func TestQueryPlans(t *testing.T) {
	statements := store.Statements(t, func() {
		t.Run("all", func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) *store.DB { return open(t, newSQLite(t)) })
		})
	})
	verb := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\b`)
	scan := regexp.MustCompile(`^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?`)
	db := open(t, newSQLite(t))
	looked := 0
	for _, s := range statements {
		if isMigration(t, s) || !verb.MatchString(s) || strings.Contains(s, "goose_db_version") || strings.Contains(s, "sqlite_master") {
			continue
		}
		if slices.ContainsFunc(rare, func(part string) bool { return strings.Contains(s, part) }) {
			continue
		}
		looked++
		plan, err := db.Explain(t.Context(), s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		for _, step := range plan {
			found := scan.FindStringSubmatch(step)
			if found == nil || slices.Contains(small, found[1]) || slices.Contains(smallIndexes, found[2]) {
				continue
			}
			// A table that the statement doesn't name is looked at for foreign
			// keys, and only if one is broken.
			if regexp.MustCompile(`\b` + found[1] + `\b`).MatchString(s) {
				t.Errorf("%s\nreads all of %s:\n%s", s, found[1], strings.Join(plan, "\n"))
			}
		}
	}
	if looked < 80 {
		t.Errorf("only %d statements were seen", looked)
	}
}

// isMigration reports whether a statement is one of a migration, which runs once.
func isMigration(t *testing.T, statement string) bool {
	t.Helper()
	files, err := fs.Glob(store.Migrations, "migrations/sqlite/*")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(name string) bool {
		text, err := fs.ReadFile(store.Migrations, name)
		return err == nil && strings.Contains(string(text), statement)
	})
}

// TestMigrations compares both folders: the same numbers, tables and columns.
func TestMigrations(t *testing.T) {
	names := map[string][]string{}
	for _, kind := range []string{"sqlite", "postgres"} {
		files, err := fs.Glob(store.Migrations, "migrations/"+kind+"/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names[kind] = append(names[kind], path.Base(f))
		}
	}
	if len(names["sqlite"]) == 0 {
		t.Fatal("no migrations")
	}
	if diff := cmp.Diff(names["sqlite"], names["postgres"]); diff != "" {
		t.Fatalf("(-sqlite +postgres)\n%s", diff)
	}
	for _, name := range names["sqlite"] {
		if diff := cmp.Diff(schema(t, "sqlite", name), schema(t, "postgres", name)); diff != "" {
			t.Errorf("%s: (-sqlite +postgres)\n%s", name, diff)
		}
	}
}

// schema is a migration without comments, types and what only one database
// has.
func schema(t *testing.T, kind, name string) []string {
	t.Helper()
	text, err := fs.ReadFile(store.Migrations, path.Join("migrations", kind, name))
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`--.*`).ReplaceAll(text, nil)
	text = regexp.MustCompile(`\b(TEXT|BLOB|BYTEA|INTEGER|BIGINT|BOOLEAN|REAL|DOUBLE PRECISION|STRICT|WITHOUT ROWID)\b,?`).ReplaceAll(text, nil)
	text = regexp.MustCompile(`[\s(),]+`).ReplaceAll(text, []byte(" "))
	return strings.Split(string(text), ";")
}
