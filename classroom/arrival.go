package classroom

import "time"

// An Arrival is all that one launch changes. The store makes it true in one
// transaction: nothing of it, or all.
//
// Course, Person and Placement are proposals: where the store has the course
// (by registration, deployment and context key), the person (by registration
// and subject) or the placement (by course and resource link) it keeps its
// ids, and refreshes what a launch tells: titles, name, role, services. What
// it says of the link's room counts unless a launch issued later was faster.
type Arrival struct {
	Nonce         string // hash; used up for good
	NonceExpires  time.Time
	NewDeployment bool // the deployment is to be adopted
	Course        Course
	Person        Person
	Enrolment     Enrolment
	Placement     Placement // ID empty for deep linking
	Room          *Room     // to be made with a new placement; nil if Placement.RoomID is there already
	Moves         bool      // a known placement leads to Placement.RoomID from now on, with Placement.Rule
	Claims        string    // the provisional course out of which Placement.RoomID's room comes into this one; or empty
	Opens         string    // the picked room that the launch is the first to name; or empty
	Keeps         string    // the picked room of no course that a learner's launch names: it waits longer for a moderator; or empty
	Anonymous     bool      // the platform doesn't say who it is: Person is somebody new
	// AsBefore: nobody has looked where the link leads. Placement is only what
	// this launch tells. It is ErrUnplaced, and changes nothing, unless the link
	// is known and this launch says of its room what launches before it said.
	AsBefore bool
	Visit    Visit
}
