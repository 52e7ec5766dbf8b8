package lti

import (
	"slices"
	"strings"
)

// A Scope is where a role holds. Only ScopeContext says anything about the
// course of the launch: somebody who teaches anywhere in a school may be
// "Instructor" of the institution and a student here.
type Scope string

// Scopes of roles.
const (
	ScopeContext     Scope = "context"
	ScopeInstitution Scope = "institution"
	ScopeSystem      Scope = "system"
	ScopeLTI         Scope = "lti"
	ScopeUnknown     Scope = "unknown"
)

// A Role is one role of the launch. Principal and Sub are spelled as in the
// vocabulary; for ScopeUnknown, Principal is the text as it came.
type Role struct {
	Scope          Scope
	Principal, Sub string
}

// Roles is a set: the order that platforms send means nothing.
type Roles []Role

const (
	vocabulary       = "http://purl.imsglobal.org/vocab/lis/v2/"
	roleMembership   = vocabulary + "membership"
	roleInstitution  = vocabulary + "institution/person#"
	roleSystem       = vocabulary + "system/person#"
	roleDeprecated   = vocabulary + "person#"
	roleLTI          = "http://purl.imsglobal.org/vocab/lti/system/person#"
	urnContext       = "urn:lti:role:ims/lis/"
	urnInstitution   = "urn:lti:instrole:ims/lis/"
	urnSystem        = "urn:lti:sysrole:ims/lis/"
	maxUnknownRole   = 255
	teacherAssistant = "TeachingAssistant"
)

// contextPrincipals are the course roles of LTI Core 1.3, A.2.3, by their
// names in lower case.
var contextPrincipals = lowered("Administrator", "ContentDeveloper", "Instructor", "Learner", "Mentor",
	"Manager", "Member", "Officer")

func lowered(names ...string) map[string]string {
	byLower := make(map[string]string, len(names))
	for _, name := range names {
		byLower[strings.ToLower(name)] = name
	}
	return byLower
}

// ParseRoles reads role names as platforms send them (LTI Core 1.3, A.2, and
// what is beside it): full URIs, simple names in any case, URNs of LTI 1, and
// several names in one entry with commas between (Sakai).
func ParseRoles(raw []string) Roles {
	var roles Roles
	for _, entry := range raw {
		for name := range strings.SplitSeq(entry, ",") {
			name = strings.TrimSpace(name)
			if name == "" {
				continue
			}
			if role := parseRole(name); !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

func parseRole(name string) Role {
	if rest, ok := strings.CutPrefix(name, roleMembership); ok {
		return membershipRole(name, rest)
	}
	for _, known := range []struct {
		prefix string
		scope  Scope
	}{
		{roleInstitution, ScopeInstitution},
		{roleSystem, ScopeSystem},
		{roleDeprecated, ScopeInstitution}, // Moodle 4.5 in NRPS
		{roleLTI, ScopeLTI},
		{urnInstitution, ScopeInstitution},
		{urnSystem, ScopeSystem},
	} {
		if rest, ok := strings.CutPrefix(name, known.prefix); ok && rest != "" {
			return Role{Scope: known.scope, Principal: rest}
		}
	}
	rest, isURN := strings.CutPrefix(name, urnContext)
	if isURN {
		principal, sub, _ := strings.Cut(rest, "/")
		return contextRole(name, principal, sub)
	}
	return contextRole(name, name, "")
}

// membershipRole reads what follows "…/membership": "#Principal",
// "/Principal#Sub", or Sakai's "#Principal#Sub". The principal decides:
// "/Learner#Instructor" is a learner.
func membershipRole(name, rest string) Role {
	if path, ok := strings.CutPrefix(rest, "/"); ok {
		principal, sub, _ := strings.Cut(path, "#")
		return contextRole(name, principal, sub)
	}
	if fragment, ok := strings.CutPrefix(rest, "#"); ok {
		principal, sub, _ := strings.Cut(fragment, "#")
		return contextRole(name, principal, sub)
	}
	return unknownRole(name)
}

func contextRole(name, principal, sub string) Role {
	// A principal of its own in LTI 1 and in Sakai.
	if strings.EqualFold(principal, teacherAssistant) {
		return Role{Scope: ScopeContext, Principal: "Instructor", Sub: teacherAssistant}
	}
	if known, ok := contextPrincipals[strings.ToLower(principal)]; ok {
		return Role{Scope: ScopeContext, Principal: known, Sub: sub}
	}
	return unknownRole(name)
}

func unknownRole(name string) Role {
	return Role{Scope: ScopeUnknown, Principal: name[:min(len(name), maxUnknownRole)]}
}

// Has reports whether the set has the principal in the scope, by itself or
// with any sub-role.
func (r Roles) Has(scope Scope, principal string) bool {
	return slices.ContainsFunc(r, func(role Role) bool {
		return role.Scope == scope && role.Principal == principal
	})
}

// HasContext reports whether the user has the principal or one of its
// sub-roles in the course.
func (r Roles) HasContext(principal string) bool { return r.Has(ScopeContext, principal) }

// TestUser reports whether this is the platform's preview of a student, who
// is nobody and gets no grades.
func (r Roles) TestUser() bool { return r.Has(ScopeLTI, "TestUser") }
