package classroom

import (
	"testing"

	"github.com/bbbridge/bbbridge/lti"
)

const (
	inContext     = "http://purl.imsglobal.org/vocab/lis/v2/membership"
	inInstitution = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
	inSystem      = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
	testUser      = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
)

// What each platform really sends: lti.md, section 4.3.
func TestRoleOf(t *testing.T) {
	for _, test := range []struct {
		name  string
		roles []string
		want  Role
	}{
		{"nobody says anything", nil, Viewer},
		{"unknown role", []string{"https://school.example/roles#Head"}, Viewer},
		{"simple name", []string{"Instructor"}, Moderator},
		{"simple name of a learner, in capitals (OpenOLAT)", []string{"LEARNER"}, Viewer},
		{"Moodle teacher", []string{inContext + "#Instructor"}, Moderator},
		{"Moodle student", []string{inContext + "#Learner"}, Viewer},
		{"Moodle non-editing teacher, manager, as a launch has them", []string{inContext + "#Instructor"}, Moderator},
		{"Moodle non-editing teacher, as a roster has them", []string{"Learner"}, Viewer},
		{"Moodle admin, as a roster has them", []string{"Instructor", "http://purl.imsglobal.org/vocab/lis/v2/person#Administrator"}, Moderator},
		{"Moodle admin who manages the activity", []string{inInstitution + "Administrator", inSystem + "Administrator", inContext + "#Instructor"}, Moderator},
		{"Moodle admin in a course of others", []string{inInstitution + "Administrator", inSystem + "Administrator"}, Viewer},
		{"Canvas teacher", []string{inInstitution + "Instructor", inContext + "#Instructor", inSystem + "User"}, Moderator},
		{"Canvas TA", []string{inContext + "/Instructor#TeachingAssistant", inContext + "#Instructor"}, Moderator},
		{"Canvas student who teaches elsewhere", []string{inInstitution + "Instructor", inInstitution + "Student", inContext + "#Learner", inSystem + "User"}, Viewer},
		{"Canvas account admin", []string{inInstitution + "Administrator", inSystem + "User"}, Viewer},
		{"Canvas site admin", []string{inSystem + "SysAdmin"}, Viewer},
		{"Canvas observer", []string{inContext + "#Mentor"}, Viewer},
		{"Canvas guest", []string{inSystem + "None"}, Viewer},
		{"Canvas designer", []string{inContext + "#ContentDeveloper"}, Viewer},
		{"Canvas student view", []string{inContext + "#Learner", testUser}, Viewer},
		{"a teacher's test user", []string{inContext + "#Instructor", testUser}, Viewer},
		{"Canvas group leader", []string{inContext + "#Member", inContext + "#Manager"}, Viewer},
		{"Sakai maintainer", []string{"Instructor", inContext + "#Instructor"}, Moderator},
		{"Sakai admin", []string{"Instructor", inContext + "#Instructor", "Administrator", inInstitution + "Administrator", inSystem + "Administrator"}, Moderator},
		{"Sakai student", []string{"Learner", inContext + "#Learner"}, Viewer},
		{"Sakai mentor", []string{"Mentor", inContext + "#Mentor"}, Viewer},
		{"Sakai TA, with two #", []string{"TeachingAssistant", inContext + "#Instructor#TeachingAssistant"}, Moderator},
		{"Sakai, joined by a comma", []string{inContext + "#Learner,Learner"}, Viewer},
		{"Chamilo teacher", []string{inInstitution + "Instructor", inContext + "#Instructor", inSystem + "User"}, Moderator},
		{"Chamilo admin", []string{inInstitution + "Instructor", inContext + "#Instructor", inInstitution + "Administrator", inSystem + "SysAdmin", inSystem + "Administrator", inSystem + "User"}, Moderator},
		{"Chamilo student", []string{inInstitution + "Student", inContext + "#Learner", inSystem + "User"}, Viewer},
		{"Chamilo human resources", []string{inContext + "#Mentor", inInstitution + "Mentor"}, Viewer},
		{"Chamilo guest", []string{inInstitution + "Student", inContext + "#Learner", inInstitution + "Guest"}, Viewer},
		{"ILIAS administrator", []string{inContext + "#Administrator"}, Moderator},
		{"ILIAS course admin, tutor", []string{inContext + "#Instructor"}, Moderator},
		{"ILIAS member, guest, observer", []string{inContext + "#Learner"}, Viewer},
		{"OpenOLAT coach as an assistant", []string{inContext + "/Instructor#TeachingAssistant"}, Moderator},
		{"OpenOLAT coach as a mentor", []string{inContext + "#Mentor"}, Viewer},
		{"OpenOLAT author as an administrator and designer", []string{inInstitution + "Administrator", inContext + "#ContentDeveloper"}, Viewer},
		{"Blackboard teacher, assistant, grader", []string{inContext + "#Instructor"}, Moderator},
		{"Blackboard assistant, mapped", []string{inContext + "/Instructor#TeachingAssistant"}, Moderator},
		{"Blackboard student", []string{inContext + "#Learner"}, Viewer},
		{"Blackboard guest, by an institution role alone", []string{inInstitution + "Guest"}, Viewer},
		{"D2L teacher with an institution role", []string{inContext + "#Instructor", inInstitution + "Faculty"}, Moderator},
		{"D2L assistant", []string{inContext + "/Instructor#TeachingAssistant"}, Moderator},
		{"D2L student with an institution role", []string{inContext + "#Learner", inInstitution + "Student"}, Viewer},
		{"D2L advisor", []string{}, Viewer},
		{"Blackboard administrator in a course", []string{inContext + "#Instructor", inSystem + "Administrator", inContext + "#Administrator", inInstitution + "Staff"}, Moderator},
		{"D2L, role not mapped", []string{}, Viewer},
		{"grader", []string{inContext + "/Instructor#Grader"}, Moderator},
		{"a learner sub-role that is called Instructor", []string{inContext + "/Learner#Instructor"}, Viewer},
		{"learner and instructor", []string{inContext + "#Learner", inContext + "#Instructor"}, Moderator},
		{"staff of the institution", []string{inInstitution + "Staff", inInstitution + "Faculty"}, Viewer},
		{"old URNs", []string{"urn:lti:role:ims/lis/Instructor"}, Moderator},
		{"old URN of an administrator", []string{"urn:lti:sysrole:ims/lis/SysAdmin"}, Viewer},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := roleOf(lti.ParseRoles(test.roles), Policy{}); got != test.want {
				t.Errorf("roleOf(%v) = %s, want %s", test.roles, got, test.want)
			}
		})
	}
}

func TestRoleOfPolicy(t *testing.T) {
	for _, test := range []struct {
		name   string
		roles  []string
		policy Policy
		want   Role
	}{
		{"administrators may", []string{inInstitution + "Administrator"}, Policy{AdministratorsModerate: true}, Moderator},
		{"but not where they learn", []string{inInstitution + "Administrator", inContext + "#Learner"}, Policy{AdministratorsModerate: true}, Viewer},
		{"teachers elsewhere still may not", []string{inInstitution + "Instructor"}, Policy{AdministratorsModerate: true}, Viewer},
		{"designers may", []string{inContext + "#ContentDeveloper"}, Policy{ContentDevelopersModerate: true}, Moderator},
		{"managers may", []string{inContext + "#Manager"}, Policy{ManagersModerate: true}, Moderator},
		{"graders may not", []string{inContext + "/Instructor#Grader"}, Policy{GradersView: true}, Viewer},
		{"Open edX before 11.1, staff", []string{inSystem + "Administrator", inInstitution + "Instructor"}, institutions, Moderator},
		{"Open edX before 11.1, course admin", []string{inInstitution + "Instructor"}, institutions, Moderator},
		{"Open edX before 11.1, learner", []string{inInstitution + "Student"}, institutions, Viewer},
		{"Open edX before 11.1, without the policy", []string{inInstitution + "Instructor"}, Policy{}, Viewer},
		{"Canvas student who teaches elsewhere", []string{inInstitution + "Instructor", inInstitution + "Student", inContext + "#Learner"}, institutions, Viewer},
		{"any course role is the one that counts", []string{inInstitution + "Instructor", inContext + "#Mentor"}, institutions, Viewer},
		{"a course role that nobody knows", []string{inInstitution + "Instructor", inContext + "#Proctor"}, institutions, Viewer},
		{"faculty, staff and administrators are no instructors", []string{inInstitution + "Faculty", inInstitution + "Staff", inInstitution + "Administrator"}, institutions, Viewer},
		{"no role at all", nil, institutions, Viewer},
		{"a test user", []string{inInstitution + "Instructor", testUser}, institutions, Viewer},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := roleOf(lti.ParseRoles(test.roles), test.policy); got != test.want {
				t.Errorf("roleOf(%v, %+v) = %s, want %s", test.roles, test.policy, got, test.want)
			}
		})
	}
}

// institutions is what Open edX before 11.1 needs.
var institutions = Policy{InstitutionInstructorsModerate: true}

func TestLearns(t *testing.T) {
	for _, test := range []struct {
		name   string
		roles  []string
		policy Policy
		want   bool
	}{
		{"learner", []string{inContext + "#Learner"}, Policy{}, true},
		{"nobody says anything", nil, Policy{}, true},
		{"student of the institution", []string{inInstitution + "Student"}, Policy{}, true},
		{"the institution's role doesn't count", []string{inInstitution + "Instructor"}, Policy{}, true},
		{"observer", []string{inContext + "#Mentor"}, Policy{}, false},
		{"administrator", []string{inInstitution + "Administrator"}, Policy{}, false},
		{"student of the institution, by policy", []string{inInstitution + "Student"}, institutions, true},
		{"learner of the institution, by policy", []string{inInstitution + "Learner"}, institutions, true},
		{"student who works there", []string{inInstitution + "Student", inInstitution + "Staff"}, institutions, true},
		{"faculty", []string{inInstitution + "Faculty"}, institutions, false},
		{"staff", []string{inInstitution + "Staff"}, institutions, false},
		{"guest", []string{inInstitution + "Guest"}, institutions, false},
		{"observer of the institution", []string{inInstitution + "Observer"}, institutions, false},
		{"mentor of the institution", []string{inInstitution + "Mentor"}, institutions, false},
		{"administrator, by policy", []string{inInstitution + "Administrator"}, institutions, false},
		{"nobody says anything, by policy", nil, institutions, true},
		{"a course role is the one that counts", []string{inInstitution + "Staff", inContext + "#Learner"}, institutions, true},
		{"member", []string{inInstitution + "Staff", inContext + "#Member"}, institutions, true},
		{"a test user", []string{inInstitution + "Student", testUser}, institutions, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := learns(lti.ParseRoles(test.roles), test.policy); got != test.want {
				t.Errorf("learns(%v, %+v) = %v, want %v", test.roles, test.policy, got, test.want)
			}
		})
	}
}

func TestMay(t *testing.T) {
	teacher := Seat{Visit: Visit{Role: Moderator}, Room: Room{ID: "room"}}
	learner := Seat{Visit: Visit{Role: Viewer}, Room: Room{ID: "room"}}
	starter := learner
	starter.Room.Settings.LearnersMayStart = true
	picker := Seat{Visit: Visit{Role: Moderator, DeepLinking: &lti.DeepLinkingSettings{}}}
	curious := Seat{Visit: Visit{Role: Viewer, DeepLinking: &lti.DeepLinkingSettings{}}}
	for _, test := range []struct {
		name string
		seat Seat
		may  []Action
		want error // of all others
	}{
		{"teacher", teacher, []Action{See, Join, Start, End, Change, ReadRegister, Resend, Record}, ErrNotFound},
		{"learner", learner, []Action{See, Join}, ErrForbidden},
		{"learner who may start", starter, []Action{See, Join, Start}, ErrForbidden},
		{"who picks", picker, []Action{Pick}, ErrNotFound},
		{"learner who would pick", curious, nil, ErrForbidden},
		{"nobody", Seat{}, nil, ErrNotFound},
	} {
		for _, a := range []Action{See, Join, Start, End, Change, ReadRegister, Resend, Record, Pick, "fly"} {
			got := test.seat.May(a)
			allowed := false
			for _, b := range test.may {
				allowed = allowed || a == b
			}
			if allowed != (got == nil) {
				t.Errorf("%s may %s: %v", test.name, a, got)
			}
		}
	}
}
