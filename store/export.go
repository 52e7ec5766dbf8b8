package store

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
)

// exportStep is how many courses or people are read at once.
const exportStep = 500

// An exported is a table of an export. What isn't of the platform itself is read
// course by course: nothing larger than what a course has is ever in memory.
type exported struct {
	name    string
	columns []string
	// read returns rows as text: of a course or, with by platform, those of the platform
	// behind a key, and the key of the last.
	read       func(ctx context.Context, c *conn, id string, behind []any) (rows [][]string, last []any, err error)
	byPlatform bool
}

// table reads the rows of a query, whose columns are Row's.
func table[Row any](name, query string) exported {
	t := exported{name: name, columns: tagsOf[Row]()}
	t.read = func(ctx context.Context, c *conn, id string, _ []any) ([][]string, []any, error) {
		var rows []Row
		err := c.list(ctx, &rows, query, id)
		return each(rows, textsOf[Row]), nil, err
	}
	return t
}

type (
	exportedCourse struct {
		ID           string
		DeploymentID string `db:"deployment_id"`
		ContextKey   string `db:"context_key"`
		Title, Label string
	}
	exportedPerson struct {
		ID, Subject, Name string
	}
	exportedEnrolment struct {
		CourseID string `db:"course_id"`
		PersonID string `db:"person_id"`
		Role     string
		Graded   bool
		SeenAt   millis `db:"seen_at"`
	}
	exportedRoom struct {
		ID        string
		CourseID  string `db:"course_id"`
		Title     string
		Settings  string
		Rule      string
		CreatedAt millis `db:"created_at"`
	}
	exportedLink struct {
		ID             string
		CourseID       string `db:"course_id"`
		ResourceLinkID string `db:"resource_link_id"`
		RoomID         string `db:"room_id"`
		Title          string
		Rule           string
		ItemURL        string `db:"item_url"`
	}
	exportedClass struct {
		ID        string
		RoomID    string `db:"room_id"`
		StartedAt millis `db:"started_at"`
		EndedAt   millis `db:"ended_at"`
		Length    int64  `db:"length"`
		Exact     bool
	}
	exportedAttendance struct {
		ClassID  string `db:"class_id"`
		PersonID string `db:"person_id"`
		Present  int64
		Activity string
	}
	exportedStay struct {
		ClassID  string `db:"class_id"`
		PersonID string `db:"person_id"`
		FromAt   millis `db:"from_at"`
		ToAt     millis `db:"to_at"`
		Source   string
	}
	exportedExpected struct {
		ClassID  string `db:"class_id"`
		CourseID string `db:"course_id"`
		PersonID string `db:"person_id"`
	}
	exportedResult struct {
		LinkID   string `db:"link_id"`
		PersonID string `db:"person_id"`
		Complete bool
		Share    float64
		Points   float64
		Present  int64
		Needed   int64
		TrueAt   millis `db:"true_at"`
	}
	exportedDelivery struct {
		LinkID     string  `db:"link_id"`
		PersonID   string  `db:"person_id"`
		Points     float64 `db:"points"`
		MaxPoints  float64 `db:"max_points"`
		State      string
		Reason     string
		SentAt     millis  `db:"sent_at"`
		SentPoints float64 `db:"sent_points"`
		Comment    string
	}
)

// exports are the tables of an export. Lengths are in milliseconds.
var exports = []exported{
	{name: "courses", columns: tagsOf[exportedCourse](), byPlatform: true, read: readCourses},
	{name: "people", columns: tagsOf[exportedPerson](), byPlatform: true, read: readPeople},
	table[exportedEnrolment]("enrolments", `SELECT course_id, person_id, role, graded, seen_at FROM enrolments WHERE course_id = ? ORDER BY person_id`),
	table[exportedRoom]("rooms", `SELECT id, course_id, title, settings, rule, created_at FROM rooms WHERE course_id = ? ORDER BY created_at, id`),
	table[exportedLink]("links", `SELECT id, course_id, resource_link_id, room_id, title, rule, item_url FROM placements WHERE course_id = ? ORDER BY resource_link_id`),
	table[exportedClass]("classes", `
		SELECT s.id, s.room_id, s.started_at, s.ended_at, s.length, s.exact FROM rooms r JOIN sessions s ON s.room_id = r.id
		WHERE r.course_id = ? ORDER BY s.room_id, s.started_at`),
	table[exportedAttendance]("attendances", `
		SELECT a.session_id AS class_id, a.person_id, a.present, a.activity
		FROM rooms r JOIN sessions s ON s.room_id = r.id JOIN attendances a ON a.session_id = s.id WHERE r.course_id = ? ORDER BY a.session_id, a.person_id`),
	table[exportedStay]("stays", `
		SELECT COALESCE(m.session_id, m.id) AS class_id, y.person_id, y.from_at, y.to_at, y.source
		FROM rooms r JOIN meetings m ON m.room_id = r.id JOIN stays y ON y.meeting_id = m.id WHERE r.course_id = ? ORDER BY m.id, y.person_id, y.from_at`),
	table[exportedExpected]("expected", `
		SELECT COALESCE(m.session_id, m.id) AS class_id, x.course_id, x.person_id
		FROM rooms r JOIN meetings m ON m.room_id = r.id JOIN expected x ON x.meeting_id = m.id WHERE r.course_id = ? ORDER BY m.id, x.person_id`),
	table[exportedResult]("results", `
		SELECT s.placement_id AS link_id, s.person_id, s.complete, s.share, s.points, s.present, s.needed, s.true_at
		FROM placements p JOIN results s ON s.placement_id = p.id WHERE p.course_id = ? ORDER BY s.placement_id, s.person_id`),
	table[exportedDelivery]("deliveries", `
		SELECT d.placement_id AS link_id, d.person_id, d.points, d.max_points, d.state, d.reason, d.sent_at, d.sent_points, d.comment
		FROM placements p JOIN deliveries d ON d.placement_id = p.id WHERE p.course_id = ? ORDER BY d.placement_id, d.person_id`),
}

func readCourses(ctx context.Context, c *conn, id string, behind []any) ([][]string, []any, error) {
	if behind == nil {
		behind = []any{"", ""}
	}
	var rows []exportedCourse
	err := c.list(ctx, &rows, `
		SELECT id, deployment_id, context_key, title, label FROM courses
		WHERE registration_id = ? AND (deployment_id, context_key) > (?, ?) ORDER BY deployment_id, context_key LIMIT ?`, id, behind[0], behind[1], exportStep)
	if len(rows) == exportStep {
		last := rows[len(rows)-1]
		return each(rows, textsOf[exportedCourse]), []any{last.DeploymentID, last.ContextKey}, err
	}
	return each(rows, textsOf[exportedCourse]), nil, err
}

func readPeople(ctx context.Context, c *conn, id string, behind []any) ([][]string, []any, error) {
	if behind == nil {
		behind = []any{""}
	}
	var rows []exportedPerson
	err := c.list(ctx, &rows, `
		SELECT id, subject, name FROM people WHERE registration_id = ? AND subject > ? ORDER BY subject LIMIT ?`, id, behind[0], exportStep)
	if len(rows) == exportStep {
		return each(rows, textsOf[exportedPerson]), []any{rows[len(rows)-1].Subject}, err
	}
	return each(rows, textsOf[exportedPerson]), nil, err
}

// ExportTables are what Export has, with the names of their columns.
func (db *DB) ExportTables() []admin.ExportTable {
	return each(exports, func(t exported) admin.ExportTable { return admin.ExportTable{Name: t.name, Columns: t.columns} })
}

// Export calls row with each row of a table of ExportTables, as far as it is of
// a platform, removed ones too. An error of row ends it.
func (db *DB) Export(ctx context.Context, registrationID, name string, row func([]string) error) error {
	c := db.counts() // for those that look at much: people don't wait for them
	for _, t := range exports {
		if t.name != name {
			continue
		}
		var err error
		if t.byPlatform {
			err = t.all(ctx, c, registrationID, row)
		} else {
			err = exports[0].all(ctx, c, registrationID, func(course []string) error { return t.all(ctx, c, course[0], row) })
		}
		return about("export "+name, err)
	}
	return fmt.Errorf("export: no table is called %q", name)
}

// all reads all rows of one platform or course.
func (t exported) all(ctx context.Context, c *conn, id string, row func([]string) error) error {
	var behind []any
	for {
		rows, last, err := t.read(ctx, c, id, behind)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := row(r); err != nil {
				return err
			}
		}
		if behind = last; behind == nil {
			return nil
		}
	}
}

// tagsOf are the columns of a row type.
func tagsOf[Row any]() []string {
	var names []string
	for f := range reflect.TypeFor[Row]().Fields() {
		name := f.Tag.Get("db")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		names = append(names, name)
	}
	return names
}

// textsOf are the values of a row, as a file has them.
func textsOf[Row any](row Row) []string {
	var texts []string
	v := reflect.ValueOf(row)
	for i := range v.NumField() {
		switch value := v.Field(i).Interface().(type) {
		case string:
			texts = append(texts, value)
		case bool:
			texts = append(texts, strconv.FormatBool(value))
		case int64:
			texts = append(texts, strconv.FormatInt(value, 10))
		case float64:
			texts = append(texts, strconv.FormatFloat(value, 'f', -1, 64))
		case millis:
			text := ""
			if !value.time().IsZero() {
				text = value.time().UTC().Format(time.RFC3339Nano)
			}
			texts = append(texts, text)
		default:
			panic(fmt.Sprintf("store: a row of an export has a %T", value))
		}
	}
	return texts
}
