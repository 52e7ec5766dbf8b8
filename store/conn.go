package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"

	"github.com/bbbridge/bbbridge/classroom"
)

// A conn runs statements, each by itself or all in one transaction. Their
// text has ? for arguments, on both databases; both drivers keep statements
// prepared by their text.
type conn struct {
	on          sqlx.ExtContext
	bind        int           // how the driver wants arguments
	most        time.Duration // for one statement; 0: as long as it takes
	uncancelled bool          // a statement takes microseconds and is not broken off
	inTx        bool
	wrote       bool // a statement has changed something, or failed: then SQLite may have ended the transaction
}

// ctx is what a statement runs under. done must be called when it has.
func (c *conn) ctx(ctx context.Context) (_ context.Context, done func(), err error) {
	switch {
	case c.uncancelled:
		// Watching a context costs SQLite's driver more than the statement.
		return context.WithoutCancel(ctx), func() {}, ctx.Err()
	case c.most == 0:
		return ctx, func() {}, nil
	}
	ctx, done = context.WithTimeout(ctx, c.most)
	return ctx, done, nil
}

// get reads one row. It is ErrNotFound if there is none.
func (c *conn) get(ctx context.Context, dest any, query string, args ...any) error {
	ctx, done, err := c.ctx(ctx)
	defer done()
	if err != nil {
		return told(err)
	}
	err = c.row(ctx, dest, query, args)
	if errors.Is(err, sql.ErrNoRows) {
		return classroom.ErrNotFound
	}
	c.wrote = c.wrote || err != nil
	return told(err)
}

// row scans the first row.
func (c *conn) row(ctx context.Context, dest any, query string, args []any) (err error) {
	rows, err := c.on.QueryContext(ctx, c.rebind(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	v := reflect.ValueOf(dest).Elem()
	return newReader(rows, v.Type(), query).read(v)
}

// rows scans all rows into a list.
func (c *conn) rows(ctx context.Context, dest any, query string, args []any) (err error) {
	rows, err := c.on.QueryContext(ctx, c.rebind(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	list := reflect.ValueOf(dest).Elem()
	r := newReader(rows, list.Type().Elem(), query)
	for rows.Next() {
		n := list.Len()
		list.Grow(1)
		list.SetLen(n + 1)
		if err := r.read(list.Index(n)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A reader scans rows into values of one type. Which field a column goes to is
// looked up once for each statement: every launch reads rows of fifty columns.
type reader struct {
	*sql.Rows
	query  string
	whole  bool // a row is one value
	paths  [][]int
	fields []any // of one row; used again
}

func newReader(rows *sql.Rows, of reflect.Type, query string) *reader {
	whole := of.Kind() != reflect.Struct || reflect.PointerTo(of).Implements(reflect.TypeFor[sql.Scanner]())
	return &reader{Rows: rows, query: query, whole: whole}
}

func (r *reader) read(v reflect.Value) (err error) {
	if r.whole {
		return r.Scan(v.Addr().Interface())
	}
	if r.paths == nil {
		if r.paths, err = pathsOf(v.Type(), r.query, r.Rows); err != nil {
			return err
		}
		r.fields = make([]any, len(r.paths))
	}
	for i, path := range r.paths {
		r.fields[i] = v.FieldByIndex(path).Addr().Interface()
	}
	return r.Scan(r.fields...)
}

// paths are the fields of a statement's columns, by statement and type: as many
// as there are texts of statements in this package.
var paths sync.Map // of statement to [][]int

type statement struct {
	into  reflect.Type
	query string
}

var fieldNames = reflectx.NewMapperFunc("db", strings.ToLower)

func pathsOf(into reflect.Type, query string, rows *sql.Rows) ([][]int, error) {
	key := statement{into, query}
	if known, ok := paths.Load(key); ok {
		return known.([][]int), nil
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	found := fieldNames.TraversalsByName(into, columns)
	for i, path := range found {
		if len(path) == 0 {
			return nil, fmt.Errorf("no field of %v for column %s", into, columns[i])
		}
	}
	paths.Store(key, found)
	return found, nil
}

// list reads all rows.
func (c *conn) list(ctx context.Context, dest any, query string, args ...any) error {
	ctx, done, err := c.ctx(ctx)
	defer done()
	if err != nil {
		return told(err)
	}
	err = c.rows(ctx, dest, query, args)
	c.wrote = c.wrote || err != nil
	return told(err)
}

// exec runs a statement that writes and returns how many rows it changed.
func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, done, err := c.ctx(ctx)
	defer done()
	if err != nil {
		return 0, told(err)
	}
	result, err := c.on.ExecContext(ctx, c.rebind(query), args...)
	if err != nil {
		c.wrote = true
		return 0, told(err)
	}
	changed, err := result.RowsAffected()
	c.wrote = c.wrote || changed > 0
	return changed, told(err)
}

// one is exec for a statement that must find its row, else it's ErrNotFound.
func (c *conn) one(ctx context.Context, query string, args ...any) error {
	changed, err := c.exec(ctx, query, args...)
	if err == nil && changed == 0 {
		return classroom.ErrNotFound
	}
	return err
}

// returning is get for a statement that writes.
func (c *conn) returning(ctx context.Context, dest any, query string, args ...any) error {
	c.wrote = true
	return c.get(ctx, dest, query, args...)
}

// insert writes rows, as many as fit with one statement. query ends with
// VALUES; after it come the rows and then the text of conflict.
func (c *conn) insert(ctx context.Context, query string, rows [][]any, conflict string) error {
	const most = 50
	for len(rows) > 0 {
		n := min(most, len(rows))
		row := ", (?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
		var args []any
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := c.exec(ctx, query+strings.Repeat(row, n)[1:]+" "+conflict, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (c *conn) rebind(query string) string {
	return sqlx.Rebind(c.bind, query)
}

// newID is 16 lowercase letters and digits that nobody can guess (80 bits).
func newID() string { return strings.ToLower(rand.Text()[:16]) }

// millis is a time as integer milliseconds; the zero time is NULL.
type millis time.Time

func (m millis) time() time.Time { return time.Time(m) }

// Value implements driver.Valuer.
func (m millis) Value() (driver.Value, error) {
	if m.time().IsZero() {
		return nil, nil
	}
	return m.time().UnixMilli(), nil
}

// Scan implements sql.Scanner.
func (m *millis) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*m = millis{}
	case int64:
		*m = millis(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", src)
	}
	return nil
}

// span is a duration as integer milliseconds.
type span time.Duration

// Value implements driver.Valuer.
func (s span) Value() (driver.Value, error) { return time.Duration(s).Milliseconds(), nil }

// Scan implements sql.Scanner.
func (s *span) Scan(src any) error {
	var n sql.Null[int64]
	err := n.Scan(src)
	*s = span(time.Duration(n.V) * time.Millisecond)
	return err
}

// jsonText is a value as JSON; NULL is its zero value.
type jsonText[T any] struct{ V T }

// Value implements driver.Valuer.
func (j jsonText[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.V)
	return string(text), err
}

// Scan implements sql.Scanner.
func (j *jsonText[T]) Scan(src any) error {
	var zero T
	j.V = zero
	switch text := src.(type) {
	case nil:
		return nil
	case string:
		if text == "{}" || text == "null" {
			return nil
		}
		return json.Unmarshal([]byte(text), &j.V)
	default:
		return fmt.Errorf("JSON is stored as %T", src)
	}
}

// asJSON makes an argument of v.
func asJSON[T any](v T) jsonText[T] { return jsonText[T]{v} }
