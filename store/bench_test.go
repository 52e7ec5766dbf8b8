package store_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

// benchmark runs f on each kind of database, with a class of 300 who have
// been there before.
func benchmark(b *testing.B, f func(b *testing.B, db *store.DB, next func() classroom.Arrival)) {
	benchmarks(b, func(b *testing.B, url string) {
		db := open(b, url)
		next := arrivals(b, db)
		for range 300 {
			if _, err := db.Arrive(b.Context(), next()); err != nil {
				b.Fatal(err)
			}
		}
		f(b, db, next)
	})
}

// benchmarks runs a benchmark on each kind of database. url makes a new one.
func benchmarks(b *testing.B, f func(b *testing.B, url string)) {
	b.Run("sqlite", func(b *testing.B) { f(b, newSQLite(b)) })
	if os.Getenv("TEST_POSTGRES_DSN") != "" {
		b.Run("postgres", func(b *testing.B) { f(b, newPostgres(b)) })
	}
}

// parallel has callers do f, all together b.N times, and reports what it
// takes of the processor and how often it's done in a second.
func parallel(b *testing.B, callers int, f func() error) {
	b.ReportAllocs()
	b.SetParallelism(callers)
	before := cpu(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// arrivals returns the launches of a class of 300, time and again: each with
// a nonce, a visit and a browser of its own.
func arrivals(b testing.TB, db *store.DB) func() classroom.Arrival {
	p, err := db.AddPlatform(b.Context(), admin.Platform{Registration: lti.Registration{
		Name: "bench", Issuer: "https://lms.example.org", ClientID: "c1", Deployments: map[string]bool{"1": true},
	}})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	var n atomic.Int64
	return func() classroom.Arrival {
		i := n.Add(1)
		who := i % 300
		id := fmt.Sprintf("%016x", uint64(i)*0x9E3779B97F4A7C15)
		link := fmt.Sprint("link", who%10)
		return classroom.Arrival{
			Nonce: id + id + id + id, NonceExpires: now.Add(time.Hour),
			Course:    classroom.Course{ID: "c" + id, RegistrationID: p.ID, DeploymentID: "1", ContextKey: "context:42", Title: "Introduction to Law", Label: "LAW1"},
			Person:    classroom.Person{ID: "u" + id, RegistrationID: p.ID, Subject: fmt.Sprint("subject-", who), Name: fmt.Sprint("Person ", who)},
			Enrolment: classroom.Enrolment{Role: classroom.Viewer, Graded: true, SeenAt: now},
			Placement: classroom.Placement{
				ID: "p" + id, ResourceLinkID: link, RoomID: "r" + id, Title: "Lecture",
				Rule: attendance.Rule{Measure: attendance.Minutes, Need: 30, Points: 100},
				Column: gradebook.Column{Grades: lti.Endpoint{Scopes: []string{
					"https://purl.imsglobal.org/spec/lti-ags/scope/lineitem", "https://purl.imsglobal.org/spec/lti-ags/scope/score",
					"https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
				}, LineItems: "https://lms.example.org/ags/42/lineitems", LineItem: "https://lms.example.org/ags/42/lineitems/" + link}},
			},
			Room: &classroom.Room{ID: "r" + id, TenantID: "default", Title: "Lecture", MeetingID: "m" + id, CreatedAt: now},
			Visit: classroom.Visit{
				ID: "v" + id[:15], Browser: id + id, RegistrationID: p.ID, DeploymentID: "1", Role: classroom.Viewer, Graded: true,
				Locale: "en", Language: "en", ReturnURL: "https://lms.example.org/mod/lti/return.php?course=42&sesskey=abcdefgh",
				CreatedAt: now, ExpiresAt: now.Add(classroom.VisitLife),
			},
		}
	}
}

// BenchmarkArrive records launches of people, courses and rooms that are
// known, as nearly all are, each durable when it returns.
func BenchmarkArrive(b *testing.B) {
	benchmark(b, func(b *testing.B, db *store.DB, next func() classroom.Arrival) {
		for _, callers := range []int{1, 8, 16, 64} {
			b.Run(fmt.Sprint(callers), func(b *testing.B) {
				parallel(b, callers, func() error {
					_, err := db.Arrive(b.Context(), next())
					return err
				})
			})
		}
	})
}

// BenchmarkEnter is all that a launch and the page behind it ask of the
// database, by 8 at once.
func BenchmarkEnter(b *testing.B) {
	benchmark(b, func(b *testing.B, db *store.DB, next func() classroom.Arrival) {
		parallel(b, 8, func() error { return enter(b.Context(), db, next()) })
	})
}

func enter(ctx context.Context, db *store.DB, a classroom.Arrival) error {
	c := a.Course
	if _, err := db.Tenant(ctx, c.RegistrationID); err != nil {
		return err
	}
	a.AsBefore = true
	seat, err := db.Arrive(ctx, a)
	if err != nil {
		return err
	}
	_, err = db.Seat(ctx, seat.Visit.ID)
	return err
}

// cpu is the processor time that this program has used.
func cpu(b testing.TB) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkSeat reads what each page view needs.
func BenchmarkSeat(b *testing.B) {
	benchmark(b, func(b *testing.B, db *store.DB, next func() classroom.Arrival) {
		var ids []string
		for range 3000 {
			seat, err := db.Arrive(b.Context(), next())
			if err != nil {
				b.Fatal(err)
			}
			ids = append(ids, seat.Visit.ID)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := db.Seat(b.Context(), ids[i%len(ids)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
