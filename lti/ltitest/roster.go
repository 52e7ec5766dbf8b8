package ltitest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (l *LMS) rosterURL(course, tool string) string {
	return l.address("/lti/services/" + url.PathEscape(course) + "/memberships/" + tool)
}

// serveRoster lists the members of a course (NRPS 2.0, 2).
func (l *LMS) serveRoster(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		l.wrongMethod(w, r)
		return
	}
	// Moodle takes */* here, unlike for line items.
	c, ok := l.call(w, r, needs{accept: typeRoster, scopes: []string{scopeRoster}, anyType: true})
	if !ok {
		return
	}
	if r.PathValue("tool") != c.tool.ID || !c.tool.Roster {
		l.refuse(c, callRefusal{http.StatusNotFound, "Not Found"})
		return
	}
	l.mu.Lock()
	members := l.members(c)
	address := l.rosterURL(c.course.ID, c.tool.ID)
	l.mu.Unlock()
	if len(members) == 0 && c.b.EmptyRosterBody {
		w.Header().Set("Content-Type", "application/json")
		return
	}
	writeJSON(w, http.StatusOK, typeRoster+"; charset=utf-8", map[string]any{
		"id":      address,
		"context": map[string]string{"id": c.course.ID, "label": c.course.Label, "title": c.course.Title},
		"members": page(c, address, members),
	})
}

func (l *LMS) members(c call) []map[string]any {
	query := c.r.URL.Query()
	members := []map[string]any{}
	for _, person := range l.campus.people {
		if len(person.Roles[c.course.ID]) == 0 {
			continue
		}
		roles := mapRoles(launchRoles[c.b.RosterRoles], person.Roles[c.course.ID])
		if role := query.Get("role"); role != "" && !hasRole(roles, role) {
			continue
		}
		member := map[string]any{"user_id": person.ID, "status": "Active", "roles": roles}
		if c.tool.ShareName {
			member["name"], member["given_name"], member["family_name"] = person.Name, person.Given, person.Family
		}
		if c.tool.ShareEmail {
			member["email"] = person.Email
		}
		if query.Get("rlid") != "" {
			member["message"] = []map[string]string{{ltiClaim + "message_type": "LtiResourceLinkRequest"}}
		}
		members = append(members, member)
	}
	return members
}

// hasRole compares roles by their last part: the short name and the full URI
// of a context role are the same.
func hasRole(roles []string, role string) bool {
	short := func(s string) string { return strings.TrimPrefix(s, membership) }
	return slices.ContainsFunc(roles, func(r string) bool { return short(r) == short(role) })
}
