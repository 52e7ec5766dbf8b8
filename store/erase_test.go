package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

// named are columns without a foreign key that name something all the same.
var named = map[string]string{
	"registration_id": "registrations", "course_id": "courses", "room_id": "rooms", "person_id": "people", "placement_id": "placements",
	"meeting_id": "meetings", "session_id": "sessions", "of_id": "registrations",
}

// The tables are those of a database, of each its columns, and what they name.
type tables struct {
	list    []string
	columns map[string][][2]string       // name and type
	names   map[string]map[string]string // the table that a column names
}

func tablesOf(t *testing.T, db *store.DB) tables {
	t.Helper()
	texts := func(query string, args ...any) []string {
		list, err := db.Texts(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	s := tables{columns: map[string][][2]string{}, names: map[string]map[string]string{}}
	s.list = texts(`SELECT name AS v FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'goose_db_version' ORDER BY rowid`)
	for _, table := range s.list {
		s.names[table] = map[string]string{}
		for _, c := range texts(`SELECT name || ' ' || type AS v FROM pragma_table_info(?)`, table) {
			name, kind, _ := strings.Cut(c, " ")
			s.columns[table] = append(s.columns[table], [2]string{name, kind})
			if of := named[name]; of != "" && of != table && name != "id" {
				s.names[table][name] = of
			}
		}
		for _, f := range texts(`SELECT "from" || ' ' || "table" AS v FROM pragma_foreign_key_list(?)`, table) {
			column, of, _ := strings.Cut(f, " ")
			s.names[table][column] = of
		}
	}
	delete(s.names["rooms"], "meeting_id") // BigBlueButton's
	delete(s.names["meetings"], "meeting_id")
	delete(s.names["former_meeting_ids"], "meeting_id")
	delete(s.names["server_tests"], "meeting_id")
	return s
}

// of reports whether rows of a table are of a platform.
func (s tables) of(table string) bool {
	if table == "registrations" {
		return true
	}
	for _, of := range s.names[table] {
		if of != table && of != "tenants" && of != "servers" && s.of(of) {
			return true
		}
	}
	return false
}

// fill adds a row to each table that has such of a platform, whose ids and texts
// begin with a prefix.
func (s tables) fill(t *testing.T, db *store.DB, prefix string) (filled []string) {
	t.Helper()
	tables := slices.DeleteFunc(slices.Clone(s.list), func(table string) bool { return !s.of(table) })
	for len(tables) > 0 { // what is named comes first
		table := tables[0]
		tables = tables[1:]
		if slices.ContainsFunc(tables, func(other string) bool {
			return slices.ContainsFunc(s.columns[table], func(c [2]string) bool { return s.names[table][c[0]] == other })
		}) {
			tables = append(tables, table)
			continue
		}
		var columns []string
		var values []any
		for _, c := range s.columns[table] {
			columns = append(columns, c[0])
			values = append(values, s.value(prefix, table, c))
		}
		query := `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + `)`
		if err := db.Exec(t.Context(), query, values...); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		filled = append(filled, table)
	}
	for kind, subject := range map[string]string{"poll": "meetings", "settle": "rooms", "check": "placements", "deliver": "placements/" + prefix + "people"} {
		err := db.Exec(t.Context(), `INSERT INTO jobs (kind, subject, lane, attempts, version) VALUES (?, ?, ?, 0, 1)`, kind, prefix+subject, prefix+"lane")
		if err != nil {
			t.Fatal(err)
		}
	}
	return append(filled, "jobs")
}

func (s tables) value(prefix, table string, column [2]string) any {
	switch of := s.names[table][column[0]]; of {
	case "":
	case "tenants":
		return "default"
	case "servers":
		return "server"
	default:
		return prefix + of
	}
	switch name := column[0]; {
	case name == "id":
		return prefix + table
	case slices.Contains([]string{"options", "settings", "rule", "notices", "past_rules", "activity", "detail"}, name):
		return "{}"
	case name == "removed_at" || name == "erase_at" || name == "provisional_at":
		return nil
	case column[1] == "TEXT":
		return prefix + name
	case column[1] == "BLOB":
		return []byte(prefix + name)
	}
	return 1
}

// Nothing of an erased platform is left in any table, and all of another one is.
// Tables that come are filled and looked through by themselves.
func TestErasedFromEveryTable(t *testing.T) {
	db := open(t, newSQLite(t))
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	db.Now = func() time.Time { return now }
	if _, err := db.AddServer(t.Context(), classroom.Server{ID: "server", Name: "server", Server: bbb.Server{URL: "https://bbb.example.org"}}); err != nil {
		t.Fatal(err)
	}
	s := tablesOf(t, db)
	filled := s.fill(t, db, "gone-")
	s.fill(t, db, "kept-")
	if len(filled) < 25 {
		t.Fatalf("only %q have rows of a platform", filled)
	}
	if err := db.ErasePlatform(t.Context(), "gone-name", now); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = db.Tidy(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range s.list {
		if table == "audit" { // it says who has erased what
			continue
		}
		for _, c := range s.columns[table] {
			found, err := db.Texts(t.Context(), fmt.Sprintf(`SELECT CAST(%[1]s AS TEXT) AS v FROM %[2]s WHERE CAST(%[1]s AS TEXT) LIKE '%%gone-%%'`, c[0], table))
			if err != nil {
				t.Fatal(err)
			}
			if table == "visits" { // over and swept a month before
				continue
			}
			if len(found) > 0 {
				t.Errorf("%s.%s has %q", table, c[0], found)
			}
		}
	}
	for _, table := range filled {
		n, err := db.Texts(t.Context(), `SELECT CAST(COUNT(*) AS TEXT) AS v FROM `+table)
		want := map[string]string{"jobs": "4", "visits": "2"}[table]
		if want == "" {
			want = "1"
		}
		if err != nil || n[0] != want {
			t.Errorf("%s has %s rows of the other platform, want %s: %v", table, n, want, err)
		}
	}
}
