package classroom

import (
	"slices"

	"github.com/bbbridge/bbbridge/lti"
)

// roleOf makes a role of what the platform says of a person. Only context
// roles count; the others and the doubtful ones where the policy says so, and
// the institution's alone where the launch names no context role at all.
// No role, an unknown one, observers and mentors are viewers.
func roleOf(roles lti.Roles, policy Policy) Role {
	if roles.TestUser() {
		return Viewer
	}
	learner := false
	for _, r := range roles {
		if r.Scope != lti.ScopeContext {
			continue
		}
		if moderates(r, policy) {
			return Moderator
		}
		learner = learner || r.Principal == "Learner"
	}
	if policy.InstitutionInstructorsModerate && !namesCourseRole(roles) && ofInstitution(roles, "Instructor") {
		return Moderator
	}
	if policy.AdministratorsModerate && !learner && administers(roles) {
		return Moderator
	}
	return Viewer
}

// learns reports whether a viewer is one whose attendance counts: who only
// watches the course, or runs the institution, has no grade in it. Where the
// institution's roles count, they say it of a launch that names no other.
func learns(roles lti.Roles, policy Policy) bool {
	if roles.TestUser() {
		return false
	}
	if roles.HasContext("Learner") {
		return true
	}
	for _, r := range roles {
		if r.Scope != lti.ScopeContext {
			continue
		}
		switch r.Principal {
		case "Mentor", "Manager", "Officer", "ContentDeveloper":
			return false
		}
	}
	if policy.InstitutionInstructorsModerate && !namesCourseRole(roles) {
		switch {
		case ofInstitution(roles, "Student", "Learner"):
			return true
		case ofInstitution(roles, "Instructor", "Faculty", "Staff", "Guest", "Mentor", "Observer"):
			return false
		}
	}
	return !administers(roles)
}

// namesCourseRole reports whether a launch says what the person is in the
// course. A role that nobody knows may be one.
func namesCourseRole(roles lti.Roles) bool {
	return slices.ContainsFunc(roles, func(r lti.Role) bool { return r.Scope == lti.ScopeContext || r.Scope == lti.ScopeUnknown })
}

// ofInstitution reports whether a person is one of these in the institution,
// which isn't to be one in the course.
func ofInstitution(roles lti.Roles, principals ...string) bool {
	return slices.ContainsFunc(roles, func(r lti.Role) bool {
		return r.Scope == lti.ScopeInstitution && slices.Contains(principals, r.Principal)
	})
}

// moderates judges one context role. The principal decides, never the text
// after the last #: membership/Learner#Instructor is a learner.
func moderates(r lti.Role, policy Policy) bool {
	switch r.Principal {
	case "Instructor":
		return r.Sub != "Grader" || !policy.GradersView
	case "Administrator":
		return true
	case "ContentDeveloper":
		return policy.ContentDevelopersModerate
	case "Manager":
		return policy.ManagersModerate
	}
	return false
}

// administers reports whether a person administers the institution or the
// platform, which is no role in the course.
func administers(roles lti.Roles) bool {
	for _, r := range roles {
		switch r.Scope {
		case lti.ScopeInstitution, lti.ScopeSystem:
			switch r.Principal {
			case "Administrator", "SysAdmin", "AccountAdmin":
				return true
			}
		}
	}
	return false
}
