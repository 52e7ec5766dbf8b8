package classroom

import "github.com/bbbridge/bbbridge/lti"

// roleOf makes a role of what the platform says of a person. Only context
// roles count; the others and the doubtful ones where the policy says so.
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
	if policy.AdministratorsModerate && !learner && administers(roles) {
		return Moderator
	}
	return Viewer
}

// learns reports whether a viewer is one whose attendance counts: who only
// watches the course, or runs the institution, has no grade in it.
func learns(roles lti.Roles) bool {
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
	return !administers(roles)
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
