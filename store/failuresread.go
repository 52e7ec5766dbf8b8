package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

type failureRow struct {
	ID             string
	At             millis
	Request        string
	Kind           string
	Code           string
	TenantID       string `db:"tenant_id"`
	RegistrationID string `db:"registration_id"`
	RoomID         string `db:"room_id"`
	PersonID       string `db:"person_id"`
	Name           string
	Subject        string
	Detail         jsonText[admin.FailureDetail]
	Platform       string
	Tenant         string
	Room           string
	Course         string
}

func (r failureRow) failure() admin.Failure {
	return admin.Failure{
		ID: r.ID, At: r.At.time(), Request: r.Request, Kind: admin.Happening(r.Kind), Code: r.Code,
		TenantID: r.TenantID, RegistrationID: r.RegistrationID, RoomID: r.RoomID, PersonID: r.PersonID,
		Name: r.Name, Subject: r.Subject, FailureDetail: r.Detail.V,
		Platform: r.Platform, Tenant: r.Tenant, Room: r.Room, Course: r.Course,
	}
}

const selectFailure = `
	SELECT f.id, f.at, f.request, f.kind, f.code, f.tenant_id, f.registration_id, f.room_id, f.person_id, f.name, f.subject, f.detail,
		COALESCE(g.name, '') AS platform, COALESCE(t.name, '') AS tenant, COALESCE(r.title, '') AS room, COALESCE(c.title, '') AS course
	FROM failures f LEFT JOIN registrations g ON g.id = f.registration_id LEFT JOIN tenants t ON t.id = f.tenant_id
	LEFT JOIN rooms r ON r.id = f.room_id LEFT JOIN courses c ON c.id = r.course_id `

// A clause is a WHERE that is put together.
type clause struct {
	parts []string
	args  []any
}

func (w *clause) and(part string, args ...any) {
	w.parts, w.args = append(w.parts, part), append(w.args, args...)
}

// in wants a column to be one of some values; nil wants nothing.
func (w *clause) in(column string, values []string) {
	if values == nil {
		return
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
	w.parts = append(w.parts, column+" IN ("+marks+")")
	for _, v := range values {
		w.args = append(w.args, v)
	}
}

// is wants a column to be a value; an empty one wants nothing.
func (w *clause) is(column, value string) {
	if value != "" {
		w.and(column+" = ?", value)
	}
}

// has wants a text in one of some columns; an empty one wants nothing.
func (w *clause) has(text string, columns ...string) {
	if text == "" {
		return
	}
	pattern := "%" + escapeLike(strings.ToLower(text)) + "%"
	var parts []string
	for _, column := range columns {
		parts, w.args = append(parts, "LOWER("+column+") LIKE ? ESCAPE '!'"), append(w.args, pattern)
	}
	w.parts = append(w.parts, "("+strings.Join(parts, " OR ")+")")
}

func (w *clause) String() string { return strings.Join(w.parts, " AND ") }

func asTexts[T ~string](values []T) []string {
	return each(values, func(v T) string { return string(v) })
}

// Failures returns failures, the newest first.
func (db *DB) Failures(ctx context.Context, q admin.FailureQuery) ([]admin.Failure, error) {
	var w clause
	w.and("f.at >= ?", sinceMillis(q.Since))
	if !q.Until.IsZero() {
		w.and("f.at < ?", millis(q.Until))
	}
	w.in("f.tenant_id", q.Tenants)
	w.is("f.request", q.Request)
	w.is("f.code", q.Code)
	w.in("f.kind", asTexts(q.Kinds))
	w.is("f.registration_id", q.RegistrationID)
	w.is("f.person_id", q.PersonID)
	w.has(q.Text, "f.name", "f.code", "g.name", "r.title", "c.title")
	if q.Before != "" {
		w.and(`(f.at, f.id) < (SELECT at, id FROM failures WHERE id = ?)`, q.Before)
	}
	from := db.reads
	if q.Text != "" { // may have to look at all of them
		from = db.counts
	}
	var rows []failureRow
	err := from().list(ctx, &rows, selectFailure+`WHERE `+w.String()+` ORDER BY f.at DESC, f.id DESC LIMIT ?`, append(w.args, q.Most)...)
	if err != nil {
		return nil, fmt.Errorf("failures: %w", err)
	}
	return each(rows, failureRow.failure), nil
}

// Failure returns one; ErrNotFound.
func (db *DB) Failure(ctx context.Context, id string) (admin.Failure, error) {
	var row failureRow
	if err := db.reads().get(ctx, &row, selectFailure+`WHERE f.id = ?`, id); err != nil {
		return admin.Failure{}, fmt.Errorf("failure %s: %w", id, err)
	}
	return row.failure(), nil
}

type tallyRow struct {
	Hour   millis
	Kind   string
	Code   string
	OfID   string `db:"of_id"`
	N      int
	Kept   int
	LastAt millis `db:"last_at"`
}

func (r tallyRow) tally() admin.Tally {
	return admin.Tally{
		TallyKey: admin.TallyKey{Hour: r.Hour.time(), Kind: admin.Happening(r.Kind), Code: r.Code, Of: r.OfID},
		N:        r.N, Kept: r.Kept, LastAt: r.LastAt.time(),
	}
}

// ofTenants wants a registration of these tenants; nil wants nothing.
func (w *clause) ofTenants(column string, tenants []string) {
	if tenants == nil {
		return
	}
	var inner clause
	inner.in("tenant_id", tenants)
	w.and(column+" IN (SELECT id FROM registrations WHERE "+inner.String()+")", inner.args...)
}

// FailureCounts are the tallies of what failed since, of all hours and platforms
// together.
func (db *DB) FailureCounts(ctx context.Context, since time.Time, tenants []string) ([]admin.Tally, error) {
	var w clause
	w.and("hour >= ? AND code <> '' AND kind <> ?", millis(since.Truncate(time.Hour)), string(admin.Call))
	w.ofTenants("of_id", tenants)
	var rows []tallyRow
	err := db.counts().list(ctx, &rows, `
		SELECT MAX(hour) AS hour, kind, code, '' AS of_id, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(kept) AS BIGINT) AS kept, MAX(last_at) AS last_at
		FROM tallies WHERE `+w.String()+` GROUP BY kind, code`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("counts of failures: %w", err)
	}
	return each(rows, tallyRow.tally), nil
}

// Tallies are those of the hours since then.
func (db *DB) Tallies(ctx context.Context, since time.Time, tenants []string) ([]admin.Tally, error) {
	var w clause
	w.and("hour >= ?", millis(since.Truncate(time.Hour)))
	w.ofTenants("of_id", tenants)
	var rows []tallyRow
	err := db.counts().list(ctx, &rows, `
		SELECT hour, kind, code, of_id, n, kept, last_at FROM tallies WHERE `+w.String()+` ORDER BY hour, kind, code, of_id`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("tallies: %w", err)
	}
	return each(rows, tallyRow.tally), nil
}

// Trail is what went well for a failure's person in its room: their newest launch,
// joins, and the grade.
func (db *DB) Trail(ctx context.Context, f admin.Failure, from, to time.Time) ([]admin.Step, error) {
	c := db.reads()
	var came []struct{ At millis }
	var joins []struct {
		At   millis
		Room string
	}
	var deliveries []deliveryRow
	err := inOrder(
		func() error {
			return c.list(ctx, &came, `
				SELECT e.seen_at AS at FROM enrolments e
				WHERE e.course_id IN (SELECT course_id FROM placements WHERE room_id = ?) AND e.person_id = ? AND e.seen_at >= ? AND e.seen_at < ?`,
				f.RoomID, f.PersonID, millis(from), millis(to))
		},
		func() error {
			return c.list(ctx, &joins, `
				SELECT e.at, r.title AS room FROM meetings m JOIN evidence e ON e.meeting_id = m.id JOIN rooms r ON r.id = m.room_id
				WHERE m.room_id = ? AND e.source = ? AND e.body = ? AND e.at >= ? AND e.at < ? ORDER BY e.at DESC LIMIT 20`,
				f.RoomID, string(attendance.Joining), []byte(f.PersonID), millis(from), millis(to))
		},
		func() error {
			return c.list(ctx, &deliveries, selectDelivery+`
				WHERE d.person_id = ? AND d.placement_id IN (SELECT id FROM placements WHERE room_id = ?)`, f.PersonID, f.RoomID)
		},
	)
	if err != nil {
		return nil, fmt.Errorf("trail of %s: %w", f.PersonID, err)
	}
	var steps []admin.Step
	for _, v := range came {
		steps = append(steps, admin.Step{At: v.At.time(), What: "launch"})
	}
	for _, j := range joins {
		steps = append(steps, admin.Step{At: j.At.time(), What: "joined", Room: j.Room})
	}
	for _, d := range each(deliveries, deliveryRow.delivery) {
		steps = append(steps, admin.Step{At: d.TrueAt, What: "earned", Delivery: &d})
		if !d.SentAt.IsZero() {
			steps = append(steps, admin.Step{At: d.SentAt, What: "sent", Delivery: &d})
		}
	}
	return steps, nil
}
