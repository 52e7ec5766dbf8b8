package lti

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	vInstitution = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
	vSystem      = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
	vMembership  = "http://purl.imsglobal.org/vocab/lis/v2/membership"
)

func inCourse(principal, sub string) Role { return Role{ScopeContext, principal, sub} }
func inSchool(principal string) Role      { return Role{Scope: ScopeInstitution, Principal: principal} }
func inSystem(principal string) Role      { return Role{Scope: ScopeSystem, Principal: principal} }
func unknown(text string) Role            { return Role{Scope: ScopeUnknown, Principal: text} }

func TestParseRoles(t *testing.T) {
	for _, test := range []struct {
		name string
		raw  []string
		want Roles
	}{
		// What each platform really sends.
		{"Moodle teacher, tutor, manager", []string{vMembership + "#Instructor"}, Roles{inCourse("Instructor", "")}},
		{"Moodle admin", []string{vInstitution + "Administrator", vMembership + "#Instructor", vSystem + "Administrator"},
			Roles{inSchool("Administrator"), inCourse("Instructor", ""), inSystem("Administrator")}},
		{"Moodle NRPS teacher", []string{"Instructor"}, Roles{inCourse("Instructor", "")}},
		{"Moodle NRPS admin", []string{"Instructor", "http://purl.imsglobal.org/vocab/lis/v2/person#Administrator"},
			Roles{inCourse("Instructor", ""), inSchool("Administrator")}},
		{"Canvas account admin", []string{vInstitution + "Administrator", vSystem + "User"}, Roles{inSchool("Administrator"), inSystem("User")}},
		{"Canvas site admin", []string{vSystem + "SysAdmin"}, Roles{inSystem("SysAdmin")}},
		{"Canvas assistant", []string{vMembership + "/Instructor#TeachingAssistant", vMembership + "#Instructor"},
			Roles{inCourse("Instructor", "TeachingAssistant"), inCourse("Instructor", "")}},
		{"Canvas student who teaches elsewhere", []string{vInstitution + "Instructor", vInstitution + "Student", vMembership + "#Learner", vSystem + "User"},
			Roles{inSchool("Instructor"), inSchool("Student"), inCourse("Learner", ""), inSystem("User")}},
		{"Canvas test student", []string{vMembership + "#Learner", "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"},
			Roles{inCourse("Learner", ""), {Scope: ScopeLTI, Principal: "TestUser"}}},
		{"Canvas observer", []string{vMembership + "#Mentor"}, Roles{inCourse("Mentor", "")}},
		{"Canvas designer", []string{vMembership + "#ContentDeveloper"}, Roles{inCourse("ContentDeveloper", "")}},
		{"Canvas group leader", []string{vMembership + "#Member", vMembership + "#Manager"}, Roles{inCourse("Member", ""), inCourse("Manager", "")}},
		{"Canvas nobody", []string{vSystem + "None"}, Roles{inSystem("None")}},
		{"Sakai admin", []string{"Instructor", vMembership + "#Instructor", "Administrator", vInstitution + "Administrator", vSystem + "Administrator"},
			Roles{inCourse("Instructor", ""), inCourse("Administrator", ""), inSchool("Administrator"), inSystem("Administrator")}},
		{"Sakai assistant", []string{"TeachingAssistant", vMembership + "#Instructor#TeachingAssistant"}, Roles{inCourse("Instructor", "TeachingAssistant")}},
		{"Sakai NRPS, joined by a comma", []string{vMembership + "#Learner,Learner"}, Roles{inCourse("Learner", "")}},
		{"Chamilo teacher", []string{vInstitution + "Instructor", vMembership + "#Instructor", vSystem + "User"},
			Roles{inSchool("Instructor"), inCourse("Instructor", ""), inSystem("User")}},
		{"Chamilo HR manager", []string{vMembership + "#Mentor", vInstitution + "Mentor"}, Roles{inCourse("Mentor", ""), inSchool("Mentor")}},
		{"ILIAS admin", []string{vMembership + "#Administrator"}, Roles{inCourse("Administrator", "")}},
		{"OpenOLAT, nothing chosen", []string{"LEARNER"}, Roles{inCourse("Learner", "")}},
		{"Blackboard admin in a course", []string{vMembership + "#Instructor", vSystem + "Administrator", vMembership + "#Administrator", vInstitution + "Staff"},
			Roles{inCourse("Instructor", ""), inSystem("Administrator"), inCourse("Administrator", ""), inSchool("Staff")}},
		{"D2L, role not mapped", []string{}, nil},
		// The vocabulary's corners.
		{"a learner's sub-role called Instructor", []string{vMembership + "/Learner#Instructor"}, Roles{inCourse("Learner", "Instructor")}},
		{"sub-role without its principal", []string{vMembership + "/Instructor#Grader"}, Roles{inCourse("Instructor", "Grader")}},
		{"sub-role that isn't in the vocabulary", []string{vMembership + "/Mentor#Wizard"}, Roles{inCourse("Mentor", "Wizard")}},
		{"simple names in any case", []string{"instructor", "cOnTentDeveloper"}, Roles{inCourse("Instructor", ""), inCourse("ContentDeveloper", "")}},
		{"URNs of LTI 1", []string{"urn:lti:role:ims/lis/Instructor", "urn:lti:role:ims/lis/TeachingAssistant/TeachingAssistant",
			"urn:lti:role:ims/lis/Learner/GuestLearner", "urn:lti:instrole:ims/lis/Administrator", "urn:lti:sysrole:ims/lis/SysAdmin"},
			Roles{inCourse("Instructor", ""), inCourse("Instructor", "TeachingAssistant"), inCourse("Learner", "GuestLearner"), inSchool("Administrator"), inSystem("SysAdmin")}},
		{"spaces and empty names", []string{" Learner , ,", ""}, Roles{inCourse("Learner", "")}},
		{"each once", []string{"Learner", "Learner", vMembership + "#Learner"}, Roles{inCourse("Learner", "")}},
		// No rights for what nobody knows.
		{"unknown URI", []string{"https://lms.example/roles#Instructor"}, Roles{unknown("https://lms.example/roles#Instructor")}},
		{"unknown simple name", []string{"Teacher"}, Roles{unknown("Teacher")}},
		{"simple name of an institution role", []string{"Faculty"}, Roles{unknown("Faculty")}},
		{"unknown course role", []string{vMembership + "#Wizard"}, Roles{unknown(vMembership + "#Wizard")}},
		{"unknown principal with a known sub-role", []string{vMembership + "/Wizard#Instructor"}, Roles{unknown(vMembership + "/Wizard#Instructor")}},
		{"vocabulary without a role", []string{vMembership, vInstitution}, Roles{unknown(vMembership), unknown(vInstitution)}},
		{"vocabulary continued", []string{vMembership + "s#Instructor"}, Roles{unknown(vMembership + "s#Instructor")}},
		{"too long", []string{strings.Repeat("x", 300)}, Roles{unknown(strings.Repeat("x", 255))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ParseRoles(test.raw)); diff != "" {
				t.Errorf("ParseRoles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRolePredicates(t *testing.T) {
	student := ParseRoles([]string{vInstitution + "Instructor", vMembership + "/Learner#Instructor", vSystem + "Administrator"})
	for _, test := range []struct {
		name      string
		got, want bool
	}{
		{"institution role is no course role", student.HasContext("Instructor"), false},
		{"institution role", student.Has(ScopeInstitution, "Instructor"), true},
		{"system role", student.Has(ScopeSystem, "Administrator"), true},
		{"system role is no institution role", student.Has(ScopeInstitution, "Administrator"), false},
		{"sub-role counts as its principal", student.HasContext("Learner"), true},
		{"no test user", student.TestUser(), false},
		{"test user", ParseRoles([]string{"http://purl.imsglobal.org/vocab/lti/system/person#TestUser"}).TestUser(), true},
		{"somebody who calls himself so", ParseRoles([]string{"TestUser", vSystem + "TestUser"}).TestUser(), false},
		{"nobody", Roles(nil).HasContext("Instructor"), false},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
}
