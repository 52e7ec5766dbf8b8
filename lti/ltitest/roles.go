package ltitest

import (
	"slices"
	"strings"
)

// Course roles of Person.Roles.
const (
	Teacher   = "teacher"
	Assistant = "assistant" // teaching assistant, non-editing teacher
	Learner   = "learner"
	Observer  = "observer" // mentor, parent
	Designer  = "designer"
)

const (
	vocabulary = "http://purl.imsglobal.org/vocab/lis/v2/"
	membership = vocabulary + "membership#"

	institutionAdmin = vocabulary + "institution/person#Administrator"
	systemAdmin      = vocabulary + "system/person#Administrator"
)

// specRoles are the context roles of LTI 1.3 core, appendix A.2.3.
var specRoles = map[string][]string{
	Teacher:   {membership + "Instructor"},
	Assistant: {vocabulary + "membership/Instructor#TeachingAssistant", membership + "Instructor"},
	Learner:   {membership + "Learner"},
	Observer:  {membership + "Mentor"},
	Designer:  {membership + "ContentDeveloper"},
}

// launchRoles has what platforms send instead in a launch.
var launchRoles = map[string]map[string][]string{
	rolesSpec:   specRoles,
	rolesCanvas: specRoles,
	rolesMoodle: {
		Teacher:   {membership + "Instructor"},
		Assistant: {membership + "Instructor"},
		Learner:   {membership + "Learner"},
		Observer:  {membership + "Learner"},
		Designer:  {membership + "Instructor"},
	},
	rolesChamilo: {
		Teacher:   {vocabulary + "institution/person#Instructor", membership + "Instructor"},
		Assistant: {vocabulary + "institution/person#Instructor", membership + "Instructor"},
		Learner:   {vocabulary + "institution/person#Student", membership + "Learner"},
		Observer:  {membership + "Mentor", vocabulary + "institution/person#Mentor"},
		Designer:  {membership + "Instructor"},
	},
	rolesSakai: {
		Teacher: {"Instructor", membership + "Instructor"},
		// The double # is Sakai's own.
		Assistant: {"TeachingAssistant", membership + "Instructor#TeachingAssistant"},
		Learner:   {"Learner", membership + "Learner"},
		Observer:  {membership + "Mentor"},
		Designer:  {membership + "Instructor"},
	},
	// Moodle's roster calls the non-editing teacher a learner.
	rolesShort: {
		Teacher: {"Instructor"}, Assistant: {"Learner"}, Learner: {"Learner"},
		Observer: {"Learner"}, Designer: {"Instructor"},
	},
	rolesUpper: {
		Teacher: {"INSTRUCTOR"}, Assistant: {"MENTOR"}, Learner: {"LEARNER"},
		Observer: {"MENTOR"}, Designer: {"INSTRUCTOR"},
	},
	rolesCommaOne: {
		Teacher:   {membership + "Instructor,Instructor"},
		Assistant: {membership + "Instructor,TeachingAssistant"},
		Learner:   {membership + "Learner,Learner"},
		Observer:  {membership + "Mentor,Mentor"},
		Designer:  {membership + "Instructor,Instructor"},
	},
}

// rolesIn returns the role URIs of a person in a course, never nil.
func rolesIn(b Behaviour, p Person, course string) []string {
	roles := slices.Clone(p.InstitutionRoles)
	if b.Roles == rolesChamilo || b.Roles == rolesCanvas {
		roles = append(roles, vocabulary+"system/person#User")
	}
	if b.AdminsTeach && p.administers() {
		roles = append(roles, membership+"Instructor")
	}
	roles = append(roles, mapRoles(launchRoles[b.Roles], p.Roles[course])...)
	slices.Sort(roles)
	return append([]string{}, slices.Compact(roles)...)
}

func mapRoles(style map[string][]string, roles []string) []string {
	var uris []string
	for _, role := range roles {
		if mapped, ok := style[role]; ok {
			uris = append(uris, mapped...)
		} else {
			uris = append(uris, role)
		}
	}
	return uris
}

// administers reports whether p runs the LMS.
func (p Person) administers() bool {
	return slices.ContainsFunc(p.InstitutionRoles, func(r string) bool {
		return strings.HasSuffix(r, "#Administrator") || strings.HasSuffix(r, "#SysAdmin")
	})
}

func (p Person) has(course string, roles ...string) bool {
	return slices.ContainsFunc(p.Roles[course], func(r string) bool { return slices.Contains(roles, r) })
}

// enters reports whether p may open a course at all.
func (p Person) enters(course string) bool { return len(p.Roles[course]) > 0 || p.administers() }

// teaches reports whether p may change a course and see all its grades.
func (p Person) teaches(course string) bool { return p.has(course, Teacher, Designer) }

// gradable reports whether p can have grades in a course.
func (p Person) gradable(course string) bool { return p.has(course, Learner) }
