package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

// So many failures of one hour are kept: with one code of one platform, with one
// code, and in all. Of those beyond it is known how many there were.
const (
	keptOfOne  = 500
	keptOfCode = 2000
	keptOfHour = 10_000
)

// talliesKept is how long hours are counted.
const talliesKept = 31 * 24 * time.Hour

// KeepHappenings counts failures, and keeps them as far as there is place in
// their hours. Tallies are of what is counted alone.
func (db *DB) KeepHappenings(ctx context.Context, failures []admin.Failure, tallies []admin.Tally) error {
	err := db.write(ctx, func(c *conn) error {
		k := keeping{conn: c, kept: map[time.Time]keptBy{}, sums: map[admin.TallyKey]admin.Tally{}}
		for _, f := range failures {
			if err := k.keep(ctx, f); err != nil {
				return err
			}
		}
		for _, t := range tallies {
			k.add(t)
		}
		return k.count(ctx)
	})
	if err != nil {
		return fmt.Errorf("keep %d failures: %w", len(failures), err)
	}
	return nil
}

// A keeping is one transaction in which failures are kept.
type keeping struct {
	*conn
	kept map[time.Time]keptBy // by hour
	sums map[admin.TallyKey]admin.Tally
}

// keptBy is how many failures of an hour are kept, by code and platform, by code
// alone, and in all.
type keptBy map[[2]string]int

var inAll = [2]string{"", "\x00"}

func ofCode(code string) [2]string { return [2]string{code, "\x00"} }

func (k keptBy) add(code, of string, n int) {
	k[[2]string{code, of}] += n
	k[ofCode(code)] += n
	k[inAll] += n
}

func (k keptBy) place(code, of string) bool {
	return k[[2]string{code, of}] < keptOfOne && k[ofCode(code)] < keptOfCode && k[inAll] < keptOfHour
}

func (k *keeping) keptOf(ctx context.Context, hour time.Time) (keptBy, error) {
	if known, ok := k.kept[hour]; ok {
		return known, nil
	}
	var rows []tallyRow
	err := k.list(ctx, &rows, `SELECT hour, kind, code, of_id, n, kept, last_at FROM tallies WHERE hour = ? AND kept > 0`, millis(hour))
	if err != nil {
		return nil, err
	}
	known := keptBy{}
	for _, r := range rows {
		known.add(r.Code, r.OfID, r.Kept)
	}
	k.kept[hour] = known
	return known, nil
}

func (k *keeping) keep(ctx context.Context, f admin.Failure) error {
	if err := k.resolve(ctx, &f); err != nil {
		return err
	}
	t := admin.Tally{TallyKey: admin.TallyKey{Hour: f.At.Truncate(time.Hour), Kind: f.Kind, Code: f.Code, Of: f.RegistrationID}, N: 1, LastAt: f.At}
	kept, err := k.keptOf(ctx, t.Hour)
	if err != nil {
		return err
	}
	if f.Code != "" && kept.place(f.Code, f.RegistrationID) {
		_, err := k.exec(ctx, `
			INSERT INTO failures (id, at, request, kind, code, tenant_id, registration_id, room_id, person_id, name, subject, detail)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			newID(), millis(f.At), f.Request, string(f.Kind), f.Code, f.TenantID, f.RegistrationID, f.RoomID, f.PersonID,
			f.Name, f.Subject, asJSON(f.FailureDetail))
		if err != nil {
			return err
		}
		t.Kept = 1
		kept.add(f.Code, f.RegistrationID, 1)
	}
	k.add(t)
	return nil
}

func (k *keeping) add(t admin.Tally) {
	sum, ok := k.sums[t.TallyKey]
	if !ok {
		sum.TallyKey = t.TallyKey
	}
	sum.N, sum.Kept = sum.N+t.N, sum.Kept+t.Kept
	if t.LastAt.After(sum.LastAt) {
		sum.LastAt = t.LastAt
	}
	k.sums[t.TallyKey] = sum
}

// count writes the sums, in an order that all nodes have: none waits for a row
// of another that waits for one of its own.
func (k *keeping) count(ctx context.Context) error {
	var rows [][]any
	for _, t := range sortedTallies(k.sums) {
		rows = append(rows, []any{millis(t.Hour), string(t.Kind), t.Code, t.Of, t.N, t.Kept, millis(t.LastAt)})
	}
	return k.insert(ctx, `INSERT INTO tallies (hour, kind, code, of_id, n, kept, last_at) VALUES`, rows, `
		ON CONFLICT (hour, kind, code, of_id) DO UPDATE SET n = tallies.n + excluded.n, kept = tallies.kept + excluded.kept,
			last_at = CASE WHEN tallies.last_at > excluded.last_at THEN tallies.last_at ELSE excluded.last_at END`)
}

func sortedTallies(sums map[admin.TallyKey]admin.Tally) []admin.Tally {
	var list []admin.Tally
	for _, t := range sums {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b admin.Tally) int { return a.Compare(b.TallyKey) })
	return list
}

// resolve finds out what a failure was about, from what was known when it
// happened: a visit's person and room, a room's platform, whose that is.
func (k *keeping) resolve(ctx context.Context, f *admin.Failure) error {
	for _, step := range []func(context.Context, *admin.Failure) error{k.ofVisit, k.ofRoom, k.ofRegistration, k.ofPerson} {
		if err := step(ctx, f); err != nil && !errors.Is(err, classroom.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (k *keeping) ofVisit(ctx context.Context, f *admin.Failure) error {
	if f.VisitID == "" {
		return nil
	}
	var row struct {
		PersonID       string `db:"person_id"`
		RoomID         string `db:"room_id"`
		PlacementID    string `db:"placement_id"`
		RegistrationID string `db:"registration_id"`
		CreatedAt      millis `db:"created_at"`
	}
	err := k.get(ctx, &row, `
		SELECT v.created_at, v.person_id, COALESCE(pl.room_id, '') AS room_id, v.placement_id, c.registration_id
		FROM visits v JOIN courses c ON c.id = v.course_id LEFT JOIN placements pl ON pl.id = v.placement_id WHERE v.id = ?`, f.VisitID)
	if err != nil {
		return err
	}
	f.PersonID, f.RegistrationID, f.PlacementID = row.PersonID, row.RegistrationID, row.PlacementID
	f.EnteredAt = row.CreatedAt.time()
	if row.RoomID != "" {
		f.RoomID = row.RoomID
	}
	return nil
}

func (k *keeping) ofRoom(ctx context.Context, f *admin.Failure) error {
	if f.RoomID == "" {
		return nil
	}
	var row struct {
		TenantID       string `db:"tenant_id"`
		RegistrationID string `db:"registration_id"`
	}
	err := k.get(ctx, &row, `
		SELECT r.tenant_id, c.registration_id FROM rooms r JOIN courses c ON c.id = r.course_id WHERE r.id = ?`, f.RoomID)
	switch {
	case errors.Is(err, classroom.ErrNotFound): // an address that somebody made up
		f.RoomID = ""
		return nil
	case err != nil:
		return err
	}
	f.TenantID = row.TenantID
	if f.RegistrationID == "" {
		f.RegistrationID = row.RegistrationID
	}
	return nil
}

func (k *keeping) ofRegistration(ctx context.Context, f *admin.Failure) error {
	if f.RegistrationID == "" {
		return nil
	}
	var tenant string
	err := k.get(ctx, &tenant, `SELECT tenant_id FROM registrations WHERE id = ?`, f.RegistrationID)
	switch {
	case errors.Is(err, classroom.ErrNotFound):
		f.RegistrationID = ""
		return nil
	case err != nil:
		return err
	}
	f.TenantID = tenant
	return nil
}

func (k *keeping) ofPerson(ctx context.Context, f *admin.Failure) error {
	var row struct{ ID, Name, Subject string }
	var err error
	switch {
	case f.PersonID != "":
		err = k.get(ctx, &row, `SELECT id, name, subject FROM people WHERE id = ?`, f.PersonID)
	case f.Subject != "" && f.RegistrationID != "":
		err = k.get(ctx, &row, `SELECT id, name, subject FROM people WHERE registration_id = ? AND subject = ?`, f.RegistrationID, f.Subject)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	f.PersonID, f.Subject = row.ID, row.Subject
	if f.Name == "" {
		f.Name = row.Name
	}
	return nil
}

// sweepFailures deletes what is past its life.
func (db *DB) sweepFailures(ctx context.Context, now time.Time) error {
	err := db.inSteps(ctx, 500, func(c *conn, step int64) (int64, error) {
		return c.exec(ctx, `DELETE FROM failures WHERE id IN (SELECT id FROM failures WHERE at <= ? ORDER BY at LIMIT ?)`,
			millis(now.Add(-db.FailuresKept)), step)
	})
	if err != nil {
		return err
	}
	return db.write(ctx, func(c *conn) error {
		_, err := c.exec(ctx, `DELETE FROM tallies WHERE hour <= ?`, millis(now.Add(-talliesKept)))
		return err
	})
}
