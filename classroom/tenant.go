package classroom

import (
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A Tenant is whom registrations belong to: one school with its
// BigBlueButton servers, its policy and the defaults of its new rooms.
type Tenant struct {
	ID, Name string
	Servers  []string // ids of those that are its own; none: the oldest in service
	Policy   Policy
	Defaults Settings
	Rule     attendance.Rule
	TenantOptions
}

// DefaultTenant is the tenant of every registration that names no other.
const DefaultTenant = "default"

// A Policy says what the roles that LTI leaves open may do. The zero value
// is the careful one: none of them moderates.
type Policy struct {
	AdministratorsModerate    bool `json:"administrators_moderate,omitempty"`     // institution and system administrators without a course role
	ContentDevelopersModerate bool `json:"content_developers_moderate,omitempty"` // ContentDeveloper
	ManagersModerate          bool `json:"managers_moderate,omitempty"`           // Manager
	GradersView               bool `json:"graders_view,omitempty"`                // Instructor#Grader is a viewer

	// AdministratorsSetUp: the same people may do here what a tenant's admin may,
	// by a link on their pages.
	AdministratorsSetUp bool `json:"administrators_set_up,omitempty"`

	// Institution instructors moderate where a launch names no course role at
	// all, as those of Open edX before 11.1 (lti_consumer).
	InstitutionInstructorsModerate bool `json:"institution_instructors_moderate,omitempty"`
}

// A Server is a BigBlueButton server, or a balancer before several.
type Server struct {
	ID, Name string
	Drained  bool // out of service: no class begins there, and those that run go on
	bbb.Server
}
