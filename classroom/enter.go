package classroom

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
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
	Wake        func() // tells the job runner that something is due; may be nil

	live lives
}

// roomStore is what Rooms needs of the database.
type roomStore interface {
	Tenant(ctx context.Context, registrationID string) (Tenant, error)
	PlacementOf(context.Context, Link) (Placement, error)
	RoomWithCourse(ctx context.Context, roomID string) (Room, Course, error)
	Arrive(context.Context, Arrival) (Seat, error)
	Seat(ctx context.Context, visitID string) (Seat, error)
	LatestVisit(ctx context.Context, browser, roomID string) (string, error)
	AddVisit(context.Context, Visit) error
	Enrolment(ctx context.Context, courseID, personID string) (Enrolment, error)
	RoomsOfCourse(ctx context.Context, courseID string) ([]Room, error)
	AddRooms(context.Context, []Room) error
	ReplaceMeetingID(ctx context.Context, roomID, old, id string) (string, error)
	SaveSettings(ctx context.Context, room Room, placementID string, rule Rule, settle bool) error
	MovePlacement(ctx context.Context, placementID, roomID string) error
	ServerOf(ctx context.Context, tenantID string) (Server, error)
	Server(ctx context.Context, id string) (Server, error)
	RecordMeeting(ctx context.Context, m Meeting, pollAt time.Time) (Meeting, bool, error)
	LiveMeetings(ctx context.Context, roomID string) ([]Meeting, error)
	RoomMeetings(ctx context.Context, roomID string) ([]Meeting, error)
	KeepEvidence(ctx context.Context, e Evidence, settleAt time.Time) (bool, error)
	Enqueue(context.Context, Job) error
}

// MeetingServer is what we need of a BigBlueButton server. *bbb.Client is one.
type MeetingServer interface {
	Create(context.Context, bbb.CreateRequest) (bbb.Created, error)
	JoinURL(bbb.JoinRequest) string
	MeetingInfo(ctx context.Context, meetingID string) (bbb.Meeting, error)
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
	if l.DeepLinking == nil {
		if a.Placement, a.Room, err = s.place(ctx, tenant, l); err != nil {
			return Seat{}, err
		}
		if a.Room != nil {
			a.Placement.RoomID = a.Room.ID
		}
	}
	return s.Store.Arrive(ctx, a)
}

func (s *Rooms) arrival(l lti.Launch, tenant Tenant, browser, locale string) Arrival {
	now := s.Now()
	role := roleOf(l.Roles, tenant.Policy)
	subject := l.User.ID
	if l.User.Anonymous {
		role, subject = Viewer, "anonymous:"+newID()
	}
	graded := role == Viewer && !l.User.Anonymous && learns(l.Roles)
	nonce := sha256.Sum256([]byte(l.Registration.ID + "\x00" + l.Nonce))
	return Arrival{
		Nonce:         hex.EncodeToString(nonce[:]),
		NonceExpires:  l.NonceExpires,
		NewDeployment: l.NewDeployment,
		Course: Course{
			ID: newID(), RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID,
			ContextKey: contextKey(l), Title: cut(l.Context.Title, 255), Label: cut(l.Context.Label, 255),
		},
		Person:    Person{ID: "u" + newSecretID(), RegistrationID: l.Registration.ID, Subject: subject, Name: l.User.DisplayName()},
		Enrolment: Enrolment{Role: role, Graded: graded, SeenAt: now},
		Visit: Visit{
			ID: newID(), Browser: HashBrowser(browser), RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID,
			Role: role, Graded: graded, Locale: locale, Language: l.Locale(), ReturnURL: l.Presentation.ReturnURL, DeepLinking: l.DeepLinking,
			CreatedAt: now, ExpiresAt: now.Add(VisitLife),
		},
	}
}

// HashBrowser is what the store keeps of a browser's cookie value.
func HashBrowser(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:16])
}

// place finds the link's placement, or proposes one and, unless it leads to a
// room that is there, its new room.
func (s *Rooms) place(ctx context.Context, tenant Tenant, l lti.Launch) (Placement, *Room, error) {
	link := Link{RegistrationID: l.Registration.ID, DeploymentID: l.DeploymentID, ContextKey: contextKey(l), ResourceLinkID: l.ResourceLink.ID}
	p, err := s.Store.PlacementOf(ctx, link)
	switch {
	case err == nil:
		refresh(&p, l)
		return p, nil, nil
	case !errors.Is(err, ErrNotFound):
		return Placement{}, nil, fmt.Errorf("placement of link %s: %w", link.ResourceLinkID, err)
	}
	p = Placement{ID: newID(), ResourceLinkID: l.ResourceLink.ID}
	refresh(&p, l)
	room := s.newRoom(tenant, roomTitle(l))
	old, course, err := s.namedRoom(ctx, l)
	if err != nil {
		return Placement{}, nil, err
	}
	switch {
	case old.ID == "":
		room.Rule = ruleOf(l.Custom, room.Rule)
	case course.ContextKey == link.ContextKey:
		p.RoomID, p.Rule = old.ID, old.Rule
		return p, nil, nil
	default: // a copied course: nothing of the old one is seen here but its settings
		room.Settings, room.Rule = old.Settings, old.Rule
		p.CopiedFrom = old.ID
	}
	p.Rule = room.Rule
	return p, &room, nil
}

// namedRoom is the room that the link's custom parameter names, if it is one
// of the same deployment; else zero.
func (s *Rooms) namedRoom(ctx context.Context, l lti.Launch) (Room, Course, error) {
	id := l.Custom["room"]
	if id == "" || len(id) > 64 {
		return Room{}, Course{}, nil
	}
	room, course, err := s.Store.RoomWithCourse(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Room{}, Course{}, nil
	}
	if err != nil {
		return Room{}, Course{}, fmt.Errorf("room %s: %w", id, err)
	}
	if course.RegistrationID != l.Registration.ID || course.DeploymentID != l.DeploymentID {
		return Room{}, Course{}, nil
	}
	return room, course, nil
}

func (s *Rooms) newRoom(tenant Tenant, title string) Room {
	return Room{
		ID: newID(), TenantID: tenant.ID, Title: title, MeetingID: bbb.NewMeetingID(),
		Settings: tenant.Defaults, Rule: tenant.Rule, CreatedAt: s.Now(),
	}
}

// refresh takes over what a launch tells of its link.
func refresh(p *Placement, l lti.Launch) {
	if l.ResourceLink.Title != "" {
		p.Title = cut(l.ResourceLink.Title, 255)
	}
	p.OpensClass = l.Custom["open"] == "class"
	if len(l.Grades.Scopes) == 0 { // some platforms tell it to teachers only
		return
	}
	p.Grades = l.Grades
	if l.Grades.LineItem != "" && l.Grades.LineItem != p.LineItem.URL {
		p.LineItem = LineItem{URL: l.Grades.LineItem}
	}
}

// roomTitle is what a link's new room is called: 2 to MaxTitle characters,
// as BigBlueButton wants a meeting's name.
func roomTitle(l lti.Launch) string {
	for _, title := range []string{l.ResourceLink.Title, l.Context.Title, l.Context.Label} {
		if title = cut(strings.TrimSpace(title), MaxTitle); len([]rune(title)) >= 2 {
			return title
		}
	}
	return "Classroom"
}

// ruleOf reads the rule of a link made by hand: complete_minutes or
// complete_percent. What can't be read leaves the default.
func ruleOf(custom map[string]string, standard Rule) Rule {
	if n, err := strconv.Atoi(strings.TrimSpace(custom["complete_minutes"])); err == nil {
		if r := (Rule{Measure: Minutes, Need: n, Points: DefaultPoints}); r.Validate() == nil {
			return r
		}
	}
	if n, err := strconv.Atoi(strings.TrimRight(strings.TrimSpace(custom["complete_percent"]), " %")); err == nil {
		if r := (Rule{Measure: Percent, Need: n, Points: DefaultPoints}); r.Validate() == nil {
			return r
		}
	}
	return standard
}

// DefaultPoints are what a rule is worth that says nothing of points.
const DefaultPoints = 100

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

// Seat returns the seat of a visit. browser is the cookie's value; roomID is
// the room that the address speaks of, empty for deep linking. Without a
// visitID it is the browser's newest visit to the room.
//
// It is ErrVisitOver for a visit that is over or another browser's, and
// ErrNotFound for one that is about another room.
func (s *Rooms) Seat(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	hash := HashBrowser(browser)
	if visitID == "" && roomID != "" {
		id, err := s.Store.LatestVisit(ctx, hash, roomID)
		if err != nil {
			return Seat{}, noVisit(fmt.Errorf("newest visit to room %s: %w", roomID, err))
		}
		visitID = id
	}
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(seat.Visit.Browser), []byte(hash)) != 1 {
		return Seat{}, fmt.Errorf("another browser's: %w", ErrVisitOver)
	}
	return s.current(seat, roomID)
}

// SeatByTicket is Seat for a new window, to which the frame's cookie doesn't
// come: the caller has checked a ticket of ours for the visit. The window's
// browser gets a visit of its own.
func (s *Rooms) SeatByTicket(ctx context.Context, visitID, browser, roomID string) (Seat, error) {
	seat, err := s.Store.Seat(ctx, visitID)
	if err != nil {
		return Seat{}, noVisit(fmt.Errorf("visit: %w", err))
	}
	if seat, err = s.current(seat, roomID); err != nil {
		return Seat{}, err
	}
	hash := HashBrowser(browser)
	if seat.Visit.Browser == hash {
		return seat, nil
	}
	seat.Visit.ID, seat.Visit.Browser, seat.Visit.CreatedAt = newID(), hash, s.Now()
	if err := s.Store.AddVisit(ctx, seat.Visit); err != nil {
		return Seat{}, fmt.Errorf("visit of a new window: %w", err)
	}
	return seat, nil
}

// noVisit makes of a visit that isn't found one that is over: the person came
// without it, or too late.
func noVisit(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrVisitOver, err)
	}
	return err
}

func (s *Rooms) current(seat Seat, roomID string) (Seat, error) {
	if !s.Now().Before(seat.Visit.ExpiresAt) {
		return Seat{}, fmt.Errorf("since %v: %w", seat.Visit.ExpiresAt, ErrVisitOver)
	}
	if seat.Room.ID != roomID {
		return Seat{}, fmt.Errorf("visit of another room: %w", ErrNotFound)
	}
	return seat, nil
}
