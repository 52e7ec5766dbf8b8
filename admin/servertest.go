package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// testStore keeps tests of servers: of each the newest.
type testStore interface {
	// BeginServerTest takes the place of the server's test before. ErrTestRuns, if
	// that isn't over and who runs it was there at that time or later.
	BeginServerTest(ctx context.Context, t ServerTest, alive time.Time) error
	// SaveServerTest keeps the steps, when they were over, and that who runs them is
	// there. It is ErrNotFound for one whose place another has taken.
	SaveServerTest(ctx context.Context, t ServerTest) error
	ServerTest(ctx context.Context, id string) (ServerTest, error)
	NewestServerTest(ctx context.Context, serverID string) (ServerTest, error)
	// KeepTestCallback keeps what came of a test: a good one, or else the last.
	KeepTestCallback(ctx context.Context, id string, kind TestCallbackKind, c TestCallback) error
}

// ErrTestRuns is of a server that is being tested already.
var ErrTestRuns = errors.New("a test of this server is under way")

// A ServerTest is a class of a moment on a server, that shows whether all that
// classes need works there. It belongs to no room.
type ServerTest struct {
	ID, ServerID                   string
	StartedAt, AliveAt, FinishedAt time.Time
	MeetingID                      string
	Steps                          []TestStep
	Ended, Report                  TestCallback
}

// testAlive is how long nothing is heard of who runs a test, before it counts as
// broken off.
const testAlive = time.Minute

// Running reports whether the test goes on.
func (t ServerTest) Running(now time.Time) bool {
	return t.ID != "" && t.FinishedAt.IsZero() && now.Sub(t.AliveAt) < testAlive
}

// Good reports whether nothing was found that needs somebody.
func (t ServerTest) Good() bool {
	return !t.FinishedAt.IsZero() && !slices.ContainsFunc(t.Steps, func(s TestStep) bool {
		return s.State != StepGood && (s.State != StepIdle || s.Code == codeStopped)
	})
}

// A StepState is how far a step is.
type StepState string

// The states.
const (
	StepWaiting StepState = "waiting" // it hasn't begun
	StepRunning StepState = "running"
	StepGood    StepState = "good"
	StepNeeds   StepState = "needs" // somebody
	StepIdle    StepState = "idle"  // it was left out, or says nothing
)

// The steps, in their order.
const (
	StepReach     = "reach"
	StepSign      = "sign"
	StepCreate    = "create"
	StepModerator = "moderator"
	StepViewer    = "viewer"
	StepForged    = "forged"
	StepInside    = "inside"
	StepEnd       = "end"
	StepEnded     = "ended"
	StepReport    = "report"
	StepRecording = "recording"
)

// A TestStep is one thing that is tried.
type TestStep struct {
	Name      string
	State     StepState
	StartedAt time.Time
	Took      time.Duration
	Until     time.Time `json:",omitempty"` // it waits until then, at the longest
	Code      string    `json:",omitempty"` // what was found: a bbb.Cause, or one of ours
	Detail    string    `json:",omitempty"` // in the server's words
}

// A TestCallbackKind says which of the two it is.
type TestCallbackKind string

// The callbacks of a test.
const (
	TestEnded  TestCallbackKind = "ended"
	TestReport TestCallbackKind = "report"
)

// A TestCallback is one that came. The zero value hasn't.
type TestCallback struct {
	At       time.Time
	Code     string // CallbackGood, or what is wrong with it
	Recorded bool   // of the end: something was
}

// What comes of a callback.
const (
	CallbackGood       = "ok"
	CallbackNoToken    = "no_token"
	CallbackBadToken   = "bad_token"
	CallbackUnreadable = "unreadable"
)

// newTest is a test that hasn't begun. Its meeting's id is of a kind that no room
// has.
func (s *Servers) newTest(server classroom.Server) ServerTest {
	now := s.Now()
	t := ServerTest{
		ID: strings.ToLower(rand.Text()), ServerID: server.ID, StartedAt: now, AliveAt: now,
		MeetingID: "test" + strings.ToLower(rand.Text()),
	}
	for _, name := range []string{
		StepReach, StepSign, StepCreate, StepModerator, StepViewer, StepForged, StepInside, StepEnd, StepEnded, StepReport, StepRecording,
	} {
		t.Steps = append(t.Steps, TestStep{Name: name, State: StepWaiting})
	}
	return t
}

// BeginTest begins a test of a server, which goes on by itself. ErrTestRuns.
func (s *Servers) BeginTest(ctx context.Context, by Actor, idOrName string) (ServerTest, error) {
	card, err := s.Find(ctx, by, idOrName)
	if err != nil {
		return ServerTest{}, err
	}
	t := s.newTest(card.Server)
	if err := s.Store.BeginServerTest(ctx, t, s.Now().Add(-testAlive)); err != nil {
		return t, fmt.Errorf("test of server %s: %w", card.Name, err)
	}
	s.once.Do(func() { s.running, s.stop = context.WithCancel(context.Background()) })
	s.tests.Go(func() { s.run(s.running, card.Server, t, true, func(TestStep) {}) })
	return t, nil
}

// Test tests a server while the caller waits, and shows each step when it is
// done. Without callbacks it doesn't wait for what the server sends by itself.
func (s *Servers) Test(ctx context.Context, by Actor, idOrName string, callbacks bool, show func(TestStep)) (ServerTest, error) {
	card, err := s.Find(ctx, by, idOrName)
	if err != nil {
		return ServerTest{}, err
	}
	t := s.newTest(card.Server)
	if err := s.Store.BeginServerTest(ctx, t, s.Now().Add(-testAlive)); err != nil {
		return t, fmt.Errorf("test of server %s: %w", card.Name, err)
	}
	return s.run(ctx, card.Server, t, callbacks, show), nil
}

// Stop breaks off the tests that go on, and waits until their classes are ended.
func (s *Servers) Stop() {
	s.once.Do(func() { s.running, s.stop = context.WithCancel(context.Background()) })
	s.stop()
	s.tests.Wait()
}

// TestOf is the newest test of a server; ErrNotFound if there was none.
func (s *Servers) TestOf(ctx context.Context, by Actor, idOrName string) (ServerCard, error) {
	card, err := s.Find(ctx, by, idOrName)
	if err != nil {
		return card, err
	}
	card.Test, err = s.newestTest(ctx, card.ID)
	return card, err
}

// newestTest is zero if there was none.
func (s *Servers) newestTest(ctx context.Context, serverID string) (ServerTest, error) {
	t, err := s.Store.NewestServerTest(ctx, serverID)
	if errors.Is(err, ErrNotFound) {
		return ServerTest{}, nil
	}
	if err != nil {
		return t, fmt.Errorf("test of server %s: %w", serverID, err)
	}
	return t, nil
}

// EndedCallback takes a server's word that a test's class is over. ErrNotFound.
func (s *Servers) EndedCallback(ctx context.Context, id string, recorded bool) error {
	c := TestCallback{At: s.Now(), Code: CallbackGood, Recorded: recorded}
	return about("end of test "+id, s.Store.KeepTestCallback(ctx, id, TestEnded, c))
}

// testReportMost is how large the report of a class of a moment may be.
const testReportMost = 1 << 20

// ReportCallback takes the report of a test's class. What is wrong with it is
// kept too, and returned: bbb.ErrNoToken, bbb.ErrBadToken, ErrNotFound,
// classroom.ErrUnreadable.
func (s *Servers) ReportCallback(ctx context.Context, id, authorization string, body io.Reader) error {
	t, err := s.Store.ServerTest(ctx, id)
	if err != nil {
		return fmt.Errorf("report of test %s: %w", id, err)
	}
	servers, err := s.Store.Servers(ctx)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	i := slices.IndexFunc(servers, func(server classroom.Server) bool { return server.ID == t.ServerID })
	if i < 0 {
		return fmt.Errorf("server of test %s: %w", id, ErrNotFound)
	}
	found := bbb.VerifyCallback(authorization, servers[i].Secrets(), s.Now())
	if found == nil {
		found = isReportOf(t, body)
	}
	c := TestCallback{At: s.Now(), Code: CallbackGood}
	switch {
	case errors.Is(found, bbb.ErrNoToken):
		c.Code = CallbackNoToken
	case errors.Is(found, bbb.ErrBadToken):
		c.Code = CallbackBadToken
	case found != nil:
		c.Code = CallbackUnreadable
	}
	if err := s.Store.KeepTestCallback(ctx, id, TestReport, c); err != nil {
		return fmt.Errorf("report of test %s: %w", id, err)
	}
	return about("report of test "+id, found)
}

// isReportOf is nil for a report that speaks of the test's class.
func isReportOf(t ServerTest, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, testReportMost+1))
	if err != nil {
		return fmt.Errorf("%w: %w", classroom.ErrUnreadable, err)
	}
	report, err := bbb.ParseAnalytics(text)
	switch {
	case len(text) > testReportMost:
		return fmt.Errorf("%w: too large", classroom.ErrUnreadable)
	case err != nil:
		return fmt.Errorf("%w: %w", classroom.ErrUnreadable, err)
	case bbb.DecodeMeetingID(report.MeetingID) != t.MeetingID:
		return fmt.Errorf("%w: of another meeting", classroom.ErrUnreadable)
	}
	return nil
}
