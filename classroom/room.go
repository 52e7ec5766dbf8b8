// Package classroom is the domain of bbbridge: rooms and who may do what in
// them, classes and who attended them, what that makes of a completion rule,
// and the grade's way to the gradebook. It knows the words of LTI and of
// BigBlueButton and nothing of HTTP or SQL.
package classroom

import (
	"errors"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// What callers act on.
var (
	ErrNotFound   = errors.New("not found")
	ErrAway       = errors.New("the database is away") // whatever was asked: nothing is known
	ErrVisitOver  = errors.New("visit is over")
	ErrShut       = errors.New("platform is disabled or removed")
	ErrForbidden  = errors.New("not allowed")
	ErrTooMany    = errors.New("too many requests are open")
	ErrManyPicks  = errors.New("too many picked rooms wait for their links")
	ErrReplayed   = errors.New("nonce is used up")
	ErrNoServer   = errors.New("no BigBlueButton server is set up")
	ErrNotRunning = errors.New("class is not running")
	ErrFull       = errors.New("class is full")
	ErrOtherMeet  = errors.New("people are in a meeting that somebody else has made under the room's id")
	ErrMayRun     = errors.New("people may be in the meeting that can't be created")

	ErrRoomClaimed = errors.New("room has come into another course")
	ErrUnplaced    = errors.New("where the link leads must be looked up")
)

// A Room is a lasting classroom of one course.
type Room struct {
	ID        string // in our addresses, and the value of the custom parameter "room"
	TenantID  string
	CourseID  string
	Title     string
	MeetingID string // what BigBlueButton calls its meetings; the same in each class, as long as one can begin under it
	Settings  Settings
	Rule      attendance.Rule // what a new placement of the room starts with
	Picked    bool            // made in the picker, and no launch has opened it so far
	Titled    bool            // the title is the teacher's: renaming the link leaves it
	CreatedAt time.Time
	Logo      string // path of the picture that its classes show, of a seat; empty: none
}

// Settings of a room count from the next class on.
type Settings struct {
	Welcome           string `json:"welcome,omitempty"`
	Record            bool   `json:"record,omitempty"`
	MuteOnStart       bool   `json:"mute_on_start,omitempty"`
	LearnersMayStart  bool   `json:"learners_may_start,omitempty"` // zero: learners wait for a moderator
	EveryoneModerates bool   `json:"everyone_moderates,omitempty"`
	MaxParticipants   int    `json:"max_participants,omitempty"` // 0: no limit
	DurationMinutes   int    `json:"duration_minutes,omitempty"` // 0: no limit
}

// Limits of what people write into a room.
const (
	MaxTitle   = 64
	MaxWelcome = 1000
	// maxEscaped is how long the welcome may be in an address, in bytes: servers
	// take addresses of 8 KB, and Chinese takes 9 bytes a character there.
	maxEscaped = 5000
)

// A Course is LTI's context. A link without a context is a course of its own.
type Course struct {
	ID                           string
	RegistrationID, DeploymentID string
	ContextKey                   string // contextKey of the launch
	Title, Label                 string
	ProvisionalAt                time.Time // when a deep linking request without a context made it; zero for a real one
}

// Provisional reports whether c is no course of the platform's, but stands for
// one deep linking request that named none. Nobody else is in it.
func (c Course) Provisional() bool { return !c.ProvisionalAt.IsZero() }

// contextKey tells courses of one deployment apart. A missing id is no key: a
// link without a context is a course of its own, and so is each deep linking
// request without one.
func contextKey(l lti.Launch) string {
	switch {
	case l.Context.ID != "":
		return "context:" + l.Context.ID
	case l.DeepLinking != nil:
		return "pick:" + newSecretID()
	}
	return "link:" + l.ResourceLink.ID
}

// A Link is what identifies one link of one course at the platform.
type Link struct {
	RegistrationID, DeploymentID, ContextKey, ResourceLinkID string
}

// A Placement is one link in a course: its room, rule and line item.
type Placement struct {
	gradebook.Column
	ID             string
	CourseID       string
	ResourceLinkID string
	RoomID         string
	Title          string
	Rule           attendance.Rule
	Terms          attendance.Terms // from when on it counts classes
	CopiedFrom     string           // the room of another course that the link named; empty once the teacher has decided
	OpensClass     bool             // custom parameter open=class
	Named          string           // the room that its newest launch named; it needn't be RoomID
	NamedAt        time.Time
	Notices        LinkNotices
}

// A Person is one user of one platform (issuer and sub).
type Person struct {
	ID             string // also the userID at BigBlueButton: lowercase letters and digits that say nothing
	RegistrationID string
	Subject        string // the sub claim
	Name           string // empty if the platform shares none
	Administrator  bool   // of the institution or the platform, says their newest launch
}

// DisplayName is never empty.
func (p Person) DisplayName() string {
	if p.Name != "" {
		return p.Name
	}
	if len(p.ID) < 4 {
		return "User"
	}
	return "User " + strings.ToUpper(p.ID[len(p.ID)-4:])
}

// An Enrolment is what a person is in a course, by their newest launch there.
type Enrolment struct {
	CourseID, PersonID string
	Role               Role
	Graded             bool // a learner of the course: no teacher, test user or guest
	SeenAt             time.Time
}
