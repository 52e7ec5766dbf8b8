package classroom

import (
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// A Role is what a person is in a room. Institution and system roles make no
// moderator unless the tenant's policy says so.
type Role string

const (
	Viewer    Role = "viewer"
	Moderator Role = "moderator"
)

// An Action is something a person does with a room. Each is asked for on the
// server: hiding a button protects nothing.
type Action string

const (
	See          Action = "see"           // the room's page, one's own attendance
	Join         Action = "join"          // a running class
	Start        Action = "start"         // a class
	End          Action = "end"           // the running class
	Change       Action = "change"        // settings, rule
	ReadRegister Action = "read_register" // others' attendance and grades
	Resend       Action = "resend"        // a grade
	Record       Action = "record"        // publish, unpublish, delete recordings
	Pick         Action = "pick"          // rooms for a deep link
)

// A Visit is a person's signed-in time with our pages, begun by one launch.
type Visit struct {
	ID             string // in addresses; worth nothing without the browser's cookie
	Browser        string // hash of the browser's cookie value
	RegistrationID string
	DeploymentID   string
	PersonID       string
	CourseID       string
	PlacementID    string // empty for deep linking
	Role           Role
	Graded         bool
	Locale         string                   // of our pages
	Language       string                   // what the platform says is the person's, a language tag; empty: nothing
	ReturnURL      string                   // of the platform; has the user's secrets, never logged
	DeepLinking    *lti.DeepLinkingSettings // of a deep-linking visit
	Frame          string                   // the visit for which a frame waits that will post the answer; empty: this page posts it
	LaunchID       string                   // the visit that the launch began, of a window's own; empty: this one
	Joined         bool                     // a class: being there is as good as an open page
	CreatedAt      time.Time
	ExpiresAt      time.Time // whatever is open then
	SeenAt         time.Time // when a page of it was open last, exact to seenEvery
}

const (
	// VisitLife is how long a visit lasts at most: a page that somebody has
	// forgotten in a browser asks for ever.
	VisitLife = 12 * time.Hour

	visitIdle = 90 * time.Minute // without an open page the visit is over
	seenEvery = 5 * time.Minute  // not each request writes
)

// A Seat is a visit with all that it may speak about. Placement and Room are
// zero for a deep-linking visit.
type Seat struct {
	Visit     Visit
	Person    Person
	Course    Course
	Placement Placement
	Room      Room
	Newest    Role     // what the person's newest launch into the course says
	Shut      bool     // the platform is disabled or removed
	Tenant    Tenant   // whose platform it is; zero: not known any more
	Own       Settings // of the room, whatever the tenant has locked
	Tries     int      // how often this click was tried before, since the class had just ended
}

// held is the visit's role as far as it holds now. The newest signed word on
// the person counts, so a launch as a learner ends what older tabs may do. It
// takes and doesn't give: a tab that was opened as a learner's stays one.
func (s Seat) held() Role {
	if s.Newest == Moderator {
		return s.Visit.Role
	}
	return Viewer
}

// Moderates reports whether the person moderates the room's classes.
func (s Seat) Moderates() bool { return s.Visit.Role == Moderator }

// May is ErrForbidden unless the seat's person may do a, and ErrNotFound for
// an action in a room that the visit isn't about.
func (s Seat) May(a Action) error {
	if a == Pick {
		if s.Visit.DeepLinking == nil {
			return ErrNotFound
		}
		if !s.Moderates() {
			return ErrForbidden
		}
		return nil
	}
	if s.Room.ID == "" {
		return ErrNotFound
	}
	switch a {
	case See, Join:
		return nil
	case Start:
		if s.Moderates() || s.Room.Settings.LearnersMayStart {
			return nil
		}
	case End, Change, ReadRegister, Resend, Record:
		if s.Moderates() {
			return nil
		}
	}
	return ErrForbidden
}
