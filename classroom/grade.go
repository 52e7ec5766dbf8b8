package classroom

import (
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// A DeliveryState is how far a result has come on its way to the gradebook.
type DeliveryState string

const (
	Waiting    DeliveryState = "waiting"    // to be sent, or sent again
	Delivered  DeliveryState = "delivered"  // in the gradebook
	Refused    DeliveryState = "refused"    // the platform said no; Reason says why
	Superseded DeliveryState = "superseded" // somebody graded later, which we respect
)

// A Delivery is one row of the ledger: what should be in the gradebook of one
// person, and what became of it.
type Delivery struct {
	PlacementID, PersonID string
	Points, Max           float64
	Comment               string
	TrueAt                time.Time // when the result came true; grows
	State                 DeliveryState
	Reason                string // code of why not; empty if none
	Detail                string // the platform's own words, for the log and the teacher
	Attempts              int
	NextAt                time.Time // of the next attempt while Waiting
	SentAt                time.Time // when the platform took it
	SentPoints            float64   // what it took last
	SentStamp             time.Time // the timestamp it took last
}

// An Order is a delivery with what is needed to carry it out.
type Order struct {
	Delivery
	Registration lti.Registration
	DeploymentID string
	Subject      string // the person's sub
	Placement    Placement
	RoomID       string
}
