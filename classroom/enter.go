package classroom

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

// Rooms lets people into rooms and does there what they may.
// Several goroutines may use it.
type Rooms struct {
	Store       roomStore
	Client      func(Server) MeetingServer // the client of a server
	PublicURL   string                     // ours, without a slash at the end
	PasswordKey []byte                     // meeting passwords are made with it; the same on all nodes
	Version     string                     // ours, told to BigBlueButton
	PollEvery   time.Duration
	Now         func() time.Time
	Wake        func()       // tells the job runner that something is due; may be nil
	Log         *slog.Logger // nil: silent

	live  lives
	loads loads
	tasks tasks
}

// roomStore is what Rooms needs of the database.
type roomStore interface {
	Tenant(ctx context.Context, registrationID string) (Tenant, error)
	PlacementOf(context.Context, Link) (Placement, error)
	RoomWithCourse(ctx context.Context, roomID string) (Room, Course, error)
	Arrive(context.Context, Arrival) (Seat, error)
	Seat(ctx context.Context, visitID string) (Seat, error)
	LatestVisit(ctx context.Context, browser, roomID string) (string, error)
	OpenWindow(ctx context.Context, v Visit, most int) (string, error)
	SeeVisit(ctx context.Context, visitID string, at time.Time) error
	EndVisits(ctx context.Context, v Visit, at time.Time) error
	NewestLooks(ctx context.Context, roomID string, since time.Time, most int) ([]attendance.Evidence, error)
	Enrolment(ctx context.Context, courseID, personID string) (Enrolment, error)
	RoomsOfCourse(ctx context.Context, courseID string) ([]Room, error)
	AddPicked(ctx context.Context, room Room, most int) error
	ledgerStore
	ReplaceMeetingID(ctx context.Context, roomID, old, id string) (string, error)
	SaveSettings(ctx context.Context, room Room, p Placement, settle bool) error
	MoveClass(ctx context.Context, sessionID string, to Placement) error
	ShareClasses(ctx context.Context, roomID, courseID string, all bool) error
	CountEarlier(ctx context.Context, p Placement, earlier bool) error
	MovePlacement(ctx context.Context, placementID, roomID string) error
	SaveNotices(ctx context.Context, placementID string, n LinkNotices) error
	FramedPick(ctx context.Context, nonce string) (visitID string, items []lti.ContentItem, err error)
	SaveFramedPick(ctx context.Context, visitID string, items []lti.ContentItem) error
	ShareRequest(ctx context.Context, placementID string) (ShareRequest, error)
	AskToShare(ctx context.Context, r ShareRequest, most int) error
	Questions(ctx context.Context, roomID string, now time.Time) ([]Question, error)
	AnswerShare(ctx context.Context, r ShareRequest, yes bool, now time.Time) error
	// ServersOf are those of a tenant, drained ones too, the oldest first.
	// ErrNoServer.
	ServersOf(ctx context.Context, tenantID string) ([]Server, error)
	Server(ctx context.Context, id string) (Server, error)
	sightStore
	StopMeeting(ctx context.Context, id string, at, pollAt time.Time) error
	LiveMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error)
	LastMeeting(ctx context.Context, roomID string) (attendance.Meeting, error)
	LastClass(ctx context.Context, roomID string) (newest attendance.Session, ahead time.Duration, err error)
	Presence(ctx context.Context, roomID, meetingID string, since time.Time, most int) (Presence, error)
	KeepJoin(ctx context.Context, v Visit, e attendance.Evidence) error
	Enqueue(context.Context, jobs.Job) error
}

// MeetingServer is what we need of a BigBlueButton server. *bbb.Client is one.
type MeetingServer interface {
	Create(context.Context, bbb.CreateRequest) (bbb.Created, error)
	JoinURL(bbb.JoinRequest) string
	MeetingInfo(ctx context.Context, meetingID string) (bbb.Meeting, error)
	IsMeetingRunning(ctx context.Context, meetingID string) (bool, error)
	Meetings(context.Context) ([]bbb.Meeting, error)
	End(ctx context.Context, meetingID, moderatorPassword string) error
	Recordings(context.Context, bbb.RecordingsRequest) ([]bbb.Recording, error)
	PublishRecordings(ctx context.Context, ids []string, publish bool) error
	DeleteRecordings(ctx context.Context, ids []string) error
}

// newID is 16 lowercase letters and digits that nobody can guess (80 bits).
func newID() string { return strings.ToLower(rand.Text()[:16]) }

// newSecretID is for what stands in an address: 26 characters (130 bits).
func newSecretID() string { return strings.ToLower(rand.Text()) }

// Enter records the launch and returns the seat that its person takes.
// browser names the person's browser, locale is the one of our pages.
//
// It is ErrReplayed if the launch's nonce was used before, on any node.
func (s *Rooms) Enter(ctx context.Context, l lti.Launch, browser, locale string) (Seat, error) {
	tenant, err := s.Store.Tenant(ctx, l.Registration.ID)
	if err != nil {
		return Seat{}, fmt.Errorf("tenant of %s: %w", l.Registration.ID, err)
	}
	a := s.arrival(l, tenant, browser, locale)
	if l.DeepLinking != nil {
		seat, err := s.Store.Arrive(ctx, a)
		return seated(seat, tenant), err
	}
	// Nearly all launches lead where those before them led: no need to look first.
	if seat, err := s.Store.Arrive(ctx, asBefore(l, a)); !errors.Is(err, ErrUnplaced) {
		return seated(seat, tenant), err
	}
	// Twice: another course's launch may be the first to claim the room.
	for tries := 2; ; tries-- {
		a.Room, a.Moves, a.Claims, a.Opens, a.Keeps = nil, false, "", "", ""
		before, err := s.place(ctx, tenant, l, &a)
		if err != nil {
			return Seat{}, err
		}
		seat, err := s.Store.Arrive(ctx, a)
		if errors.Is(err, ErrRoomClaimed) && tries > 0 {
			continue
		}
		if err == nil {
			s.logUnusable(ctx, l, seat, before.Notices)
			s.wakeFor(a)
		}
		return seated(seat, tenant), err
	}
}

// logUnusable tells of custom parameters that can't be used, once.
func (s *Rooms) logUnusable(ctx context.Context, l lti.Launch, seat Seat, before LinkNotices) {
	now := seat.Placement.Notices
	if s.Log == nil || len(now.Unusable) == 0 || slices.Equal(now.Unusable, before.Unusable) {
		return
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "custom parameters can't be used", slog.String("platform", l.Registration.Name),
		slog.String("room", seat.Room.ID), slog.Any("parameters", now.Unusable))
}

// wakeFor has a room settled at once to which a link has gone over.
func (s *Rooms) wakeFor(a Arrival) {
	if a.Moves {
		s.wake()
	}
}

func (s *Rooms) arrival(l lti.Launch, tenant Tenant, browser, locale string) Arrival {
	now := s.Now()
	role := roleOf(l.Roles, tenant.Policy)
	subject := l.User.ID
	if l.User.Anonymous {
		role, subject = Viewer, "anonymous:"+newID()
	}
	graded := role == Viewer && !l.User.Anonymous && learns(l.Roles, tenant.Policy)
	course := Course{
		ID: newID(), RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID,
		ContextKey: contextKey(l), Title: cut(l.Context.Title, 255), Label: cut(l.Context.Label, 255),
	}
	if l.DeepLinking != nil && l.Context.ID == "" {
		course.ProvisionalAt = now
	}
	visit := Visit{
		ID: newID(), Browser: HashBrowser(browser), RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID,
		Role: role, Graded: graded, Locale: locale, Language: l.Locale(), ReturnURL: l.Presentation.ReturnURL, DeepLinking: l.DeepLinking,
		CreatedAt: now, ExpiresAt: now.Add(VisitLife), SeenAt: now,
	}
	if l.DeepLinking != nil && l.InWindow {
		visit.Frame = visit.ID
	}
	return Arrival{
		Nonce:         NonceOf(l),
		NonceExpires:  l.NonceExpires,
		NewDeployment: l.NewDeployment,
		Course:        course,
		Person: Person{ID: "u" + newSecretID(), RegistrationID: l.Registration.ID, Subject: subject, Name: l.User.DisplayName(),
			Administrator: !l.User.Anonymous && administers(l.Roles)},
		Enrolment: Enrolment{Role: role, Graded: graded, SeenAt: now},
		Anonymous: l.User.Anonymous,
		Visit:     visit,
	}
}

// NonceOf is what stands for a launch's nonce, in the store and in tickets.
func NonceOf(l lti.Launch) string {
	sum := sha256.Sum256([]byte(l.Registration.ID + "\x00" + l.Nonce))
	return hex.EncodeToString(sum[:])
}

// HashBrowser is what the store keeps of a browser's cookie value.
func HashBrowser(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:16])
}

// cut shortens text to n characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}
