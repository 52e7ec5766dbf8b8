// Package storetest holds every promise of package store as a test, to be run
// on each database that it speaks to.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

// Run tests all promises. open opens a new, empty database that is closed and
// gone when its test ends.
func Run(t *testing.T, open func(*testing.T) *store.DB) {
	for name, test := range map[string]func(*testing.T, *world){
		"launch": testLaunch, "relaunch": testRelaunch, "replay": testReplay, "parallel replays": testParallelReplays,
		"new link in parallel": testNewLinkInParallel, "adopted deployment": testAdoptedDeployment,
		"failed launch": testFailedLaunch, "unwritable launch": testUnwritableLaunch, "cancelled launch": testCancelledLaunch, "existing room": testExistingRoom,
		"deep linking": testDeepLinking, "latest visit": testLatestVisit, "opened windows": testOpenedWindows, "windows at once": testWindowsAtOnce,
		"open visit": testOpenVisit, "joined visit": testJoinedVisit, "left visit": testLeftVisit, "newest role": testNewestRole, "newest looks": testNewestLooks,
		"share request": testShareRequest, "share requests of a room": testShareRequestsOfARoom, "shared by consent": testSharedByConsent, "questions": testQuestions,
		"strangers": testStrangers, "parallel launches": testParallelLaunches,
		"leads as before": testAsBefore, "named room": testNamedRoom, "named room in parallel": testNamedRoomInParallel, "asked late": testAskedLate,
		"claimed room": testClaimedRoom, "claims in parallel by courses": testClaimsInParallel,
		"renamed room": testRenamedRoom, "swept picks": testSweptPicks, "framed pick": testFramedPick,
		"bounded picks": testPicksAreBounded, "pick that learners open": testPickThatLearnersOpen, "anonymous people": testAnonymous,
		"rooms": testRooms, "settings": testSettings, "moved placement": testMovedPlacement, "replaced meeting id": testReplacedMeetingID,
		"meetings": testMeetings, "one meeting": testOneMeeting, "meeting is back": testMeetingIsBack, "missed meeting": testMissedMeeting, "stopped meeting": testStoppedMeeting, "revived meeting": testRevivedMeeting, "parted meeting": testPartedMeeting, "presence": testPresence, "end": testEnd, "joins": testJoins, "reports": testReports, "polls": testPolls, "sightings": testSightings,
		"settlement": testSettlement, "settled twice": testSettledTwice, "account": testAccount, "attended": testAttended, "dirty": testDirty, "outdated settlement": testOutdated, "smaller settlement": testSmallerSettlement,
		"people of a room": testPeople, "moved away": testMovedAway, "kept": testKept, "refused for lack": testRefusedForLack,
		"order": testOrder, "outcome": testOutcome, "released deliveries": testRelease, "outcome of an older value": testOldOutcome, "resend": testResend, "held line item": testHeldLineItem,
		"missed line item": testMissedLineItem, "missed line item, and sent again": testMissedWhenSentAgain, "what launches say of a line item": testToldLineItem, "resend all": testResendAll,
		"what was found": testFound, "read back": testReadBack,
		"expected": testExpected, "expected now": testExpectedNow, "expected too late": testExpectedTooLate, "classes": testClasses, "grades of classes": testClassGrades, "register": testRegister, "history": testHistory,
		"terms": testTerms, "decisions": testDecisions, "started by": testStartedBy, "a link that left": testLinkThatLeft,
		"jobs": testJobs, "job asked for again": testJobAgain, "job while it runs": testJobWhileRunning,
		"lease over": testLease, "free jobs": testFreeJobs, "retried job": testRetry, "lanes": testLanes, "hastened jobs": testHasten, "claims in parallel": testParallelClaims,
		"sweep": testSweep, "counts": testCounts,
		"platforms": testPlatforms, "edited platform": testEditedPlatform, "removed platform": testRemovedPlatform, "disabled platform": testDisabledPlatform,
		"registration link": testRegistrationLink, "held link": testHeldLink, "registered by link": testRegisteredByLink,
		"registered again": testRegisteredAgain, "swept links": testSweptLinks,
		"servers": testServers, "changed server": testChangedServer, "servers of tenants": testServersOfTenants, "server tests": testServerTests, "found of a server": testServerFound, "reports of a server": testReportsOf,
		"removed server": testRemovedServer, "tenant": testTenant, "tenants": testTenants, "moved platform": testMovedPlatform, "logo": testLogo, "erased platform": testErasedPlatform, "kept platform": testKeptPlatform,
		"swept evidence": testSweptEvidence, "idle people": testIdlePeople, "freshness": testFreshness,
		"staff": testStaff, "staff of tenants": testStaffOfTenants, "operators at once": testOperatorsAtOnce, "staff links": testStaffLinks, "staff link at once": testStaffLinkAtOnce, "sign-ins": testSignIns,
		"swept staff": testSweptStaff, "refused sign-ins": testRefusedSignIns, "audit": testAudit, "keys": testKeys, "first key in parallel": testFirstKey, "rotation": testRotation,
		"rotation at once": testRotationAtOnce, "pasted key": testPastedKey, "last launch": testLastLaunch, "client ids": testRegisteredAs, "grades": testGrades,
		"found rooms": testFindRooms, "second factor": testSecondFactor, "code at once": testCodeAtOnce, "pending sign-in": testPendingSignIn, "administrator": testAdministrator,
		"failures": testFailures, "failures that are looked for": testFailureQueries, "many failures": testManyFailures, "tallies": testTallies, "trail of a failure": testTrail,
	} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, open(t))) })
	}
}

// A world is a database with a platform and a server, and a clock that stands
// until a test moves it.
type world struct {
	*store.DB
	t        *testing.T
	ctx      context.Context
	now      time.Time
	platform admin.Platform
	server   classroom.Server
	ids      *atomic.Int64
}

func newWorld(t *testing.T, db *store.DB) *world {
	w := &world{DB: db, t: t, ctx: t.Context(), ids: new(atomic.Int64), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { return w.now }
	var err error
	w.platform, err = db.AddPlatform(w.ctx, platform("uni", "client-1"))
	w.ok(err)
	w.server, err = db.AddServer(w.ctx, classroom.Server{Name: "bbb", Server: bbb.Server{
		URL: "https://bbb.example.org/bigbluebutton/api", Secret: "secret-1", Algorithm: "sha256",
	}})
	w.ok(err)
	return w
}

func platform(name, clientID string) admin.Platform {
	return admin.Platform{Registration: lti.Registration{
		Name: name, Issuer: "https://lms.example.org", ClientID: clientID,
		AuthURL: "https://lms.example.org/auth", TokenURL: "https://lms.example.org/token", JWKSURL: "https://lms.example.org/jwks",
		Deployments: map[string]bool{"1": true},
	}}
}

// in is w within a subtest, which must not move its clock.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// ok ends the test if err isn't nil.
func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fails ends the test unless err is want.
func (w *world) fails(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("error is %v, want %v", err, want)
	}
}

// same ends the test if got isn't want.
func (w *world) same(got, want any) {
	w.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("(-want +got)\n%s", diff)
	}
}

// must is for calls that return a value and an error.
func must[T any](value T, err error) func(*world) T {
	return func(w *world) T {
		w.t.Helper()
		w.ok(err)
		return value
	}
}

// id makes an id that wasn't there before.
func (w *world) id(prefix string) string {
	return fmt.Sprintf("%s%06d", prefix, w.ids.Add(1))
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// arrival is what the domain makes of a launch: proposals for all that might
// be new.
func (w *world) arrival(subject, link string) classroom.Arrival {
	id := w.id("")
	return classroom.Arrival{
		Nonce: "nonce" + id, NonceExpires: w.now.Add(time.Hour),
		Course: classroom.Course{
			ID: "c" + id, RegistrationID: w.platform.ID, DeploymentID: "1", ContextKey: "context:42", Title: "Law", Label: "L1",
		},
		Person:    classroom.Person{ID: "u" + id, RegistrationID: w.platform.ID, Subject: subject, Name: "Name of " + subject},
		Enrolment: classroom.Enrolment{Role: classroom.Viewer, Graded: true, SeenAt: w.now},
		Placement: classroom.Placement{
			ID: "p" + id, ResourceLinkID: link, Title: "Lecture", Rule: minutes(30),
			Column: gradebook.Column{
				Grades:   lti.Endpoint{Scopes: []string{"score"}, LineItems: "https://lms.example.org/items", LineItem: "https://lms.example.org/items/" + link},
				LineItem: gradebook.LineItem{URL: "https://lms.example.org/items/" + link},
				Own:      true,
			},
		},
		Room: w.room("r" + id),
		Visit: classroom.Visit{
			ID: "v" + id, Browser: "browser of " + subject, RegistrationID: w.platform.ID, DeploymentID: "1",
			Role: classroom.Viewer, Graded: true, Locale: "en", Language: "pt-br", CreatedAt: w.now, ExpiresAt: w.now.Add(classroom.VisitLife), SeenAt: w.now,
		},
	}
}

func (w *world) room(id string) *classroom.Room {
	return &classroom.Room{
		ID: id, TenantID: classroom.DefaultTenant, Title: "Room " + id, MeetingID: "meeting-" + id,
		Settings: classroom.Settings{Welcome: "Hello", Record: true}, Rule: minutes(30), CreatedAt: w.now,
	}
}

func minutes(n int) attendance.Rule {
	return attendance.Rule{Measure: attendance.Minutes, Need: n, Points: 100}
}

// launch has a person arrive at a link.
func (w *world) launch(subject, link string) classroom.Seat {
	w.t.Helper()
	return must(w.Arrive(w.ctx, w.arrival(subject, link)))(w)
}

// teach has a teacher arrive at a link.
func (w *world) teach(subject, link string) classroom.Seat {
	w.t.Helper()
	a := w.arrival(subject, link)
	a.Enrolment.Role, a.Enrolment.Graded = classroom.Moderator, false
	a.Visit.Role, a.Visit.Graded = classroom.Moderator, false
	return must(w.Arrive(w.ctx, a))(w)
}

// meeting has a class begin in a room.
func (w *world) meeting(room classroom.Room) attendance.Meeting {
	w.t.Helper()
	m, isNew, err := w.RecordMeeting(w.ctx, attendance.Meeting{
		ID: w.id("m"), RoomID: room.ID, ServerID: w.server.ID, InternalID: w.id("internal"), MeetingID: room.MeetingID,
		CreateTime: w.now, ClockOffset: 1500 * time.Millisecond,
	}, w.now.Add(30*time.Second))
	w.ok(err)
	if !isNew {
		w.t.Fatal("a new meeting is an old one")
	}
	return m
}

// job finds a job among all that are due within a year, or fails.
func (w *world) job(kind jobs.Kind, subject string) jobs.Job {
	w.t.Helper()
	due := w.claim(w.now.Add(365 * 24 * time.Hour))
	i := slices.IndexFunc(due, func(j jobs.Job) bool { return j.Kind == kind && j.Subject == subject })
	if i < 0 {
		w.t.Fatalf("no job %s %s among %v", kind, subject, due)
	}
	return due[i]
}

// kinds are those of which tests claim jobs.
var kinds = []jobs.Kind{classroom.PollJob, classroom.SettleJob, classroom.SweepJob, classroom.TidyJob, gradebook.DeliverJob, gradebook.CheckJob}

// claim takes all jobs that are due at a time, for a minute, in all lanes but
// the busy ones. The longest due are first.
func (w *world) claim(at time.Time, busy ...string) []jobs.Job {
	w.t.Helper()
	var all []jobs.Job
	for _, kind := range kinds {
		for _, lane := range must(w.Lanes(w.ctx, kind))(w) {
			if !slices.Contains(busy, lane.Name) {
				all = append(all, must(w.ClaimJobs(w.ctx, kind, lane.Name, at, time.Minute, 1000))(w)...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b jobs.Job) int { return a.RunAt.Compare(b.RunAt) })
	return all
}

// next is when a job may be claimed next; zero: there is none.
func (w *world) next() time.Time {
	w.t.Helper()
	var next time.Time
	for _, kind := range kinds {
		for _, lane := range must(w.Lanes(w.ctx, kind))(w) {
			if next.IsZero() || lane.Due.Before(next) {
				next = lane.Due
			}
		}
	}
	return next
}

// parallel runs f n times at once.
func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}
