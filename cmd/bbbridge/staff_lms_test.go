package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

const (
	institutionAdmin = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
	systemAdmin      = "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"
	inCourse         = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
)

// withRoles launches with these roles.
func withRoles(framed bool, roles ...string) ltitest.LaunchOptions {
	return ltitest.LaunchOptions{Framed: framed, Claims: func(c map[string]any) {
		c["https://purl.imsglobal.org/spec/lti/claim/roles"] = roles
	}}
}

// letAdministrators switches the tenant's link on or off.
func (w *world) letAdministrators(setUp bool) {
	w.t.Helper()
	tenant, err := w.db.TenantByID(w.t.Context(), classroom.DefaultTenant)
	if err != nil {
		w.t.Fatal(err)
	}
	tenant.Policy.AdministratorsSetUp = setUp
	if err := w.db.SetTenant(w.t.Context(), tenant); err != nil {
		w.t.Fatal(err)
	}
}

// Whom the LMS calls an administrator comes to the pages of staff, as the admin
// of its tenant, where that is switched on.
func TestAdministratorsOfTheLMS(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	if page := w.launch(link, "anna", withRoles(false, institutionAdmin, inCourse+"Instructor")); strings.Contains(page.Text, "Administration") {
		t.Error("the link is there without having been switched on")
	}
	w.letAdministrators(true)
	for _, test := range []struct {
		name  string
		roles []string
		want  bool
	}{
		{"of the institution, and a teacher", []string{institutionAdmin, inCourse + "Instructor"}, true},
		{"of the system, without a role in the course", []string{systemAdmin}, true},
		{"of the course alone", []string{inCourse + "Administrator", inCourse + "Instructor"}, false},
		{"a teacher of the institution", []string{strings.Replace(institutionAdmin, "Administrator", "Instructor", 1)}, false},
		{"a learner", []string{inCourse + "Learner"}, false},
		{"nothing", []string{}, false},
	} {
		for _, framed := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				w := w.in(t)
				page := w.launch(link, "anna", withRoles(framed, test.roles...))
				w.answers(page, http.StatusOK, "Weekly seminar")
				if got := strings.Contains(page.Text, "Administration"); got != test.want {
					t.Fatalf("the link is there: %v, want %v: %s", got, test.want, page.Text)
				}
				if !test.want {
					return
				}
				desk := w.submit(page, "/administration")
				w.answers(desk, http.StatusOK, "You are signed in")
				w.answers(w.click(desk, "Go on"), http.StatusOK, "Overview", "Anna")
				w.answers(w.at(desk, "/admin/account"), http.StatusOK, "Tenant admin", "without an account of your own")
				w.answers(w.at(desk, "/admin/people"), http.StatusOK)
				w.answers(w.at(desk, "/admin/platforms/keys/rotate"), http.StatusForbidden)
			})
		}
	}
}

// What they may ends with the role, the switch and the platform, at once.
func TestAdministratorsOfTheLMSEnd(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.letAdministrators(true)
	link := w.link()
	page := w.launch(link, "anna", withRoles(false, institutionAdmin, inCourse+"Instructor"))
	desk := w.submit(page, "/administration")
	w.signedIn(desk, "Anna")
	for _, test := range []struct {
		name        string
		over, again func()
	}{
		{"the switch", func() { w.letAdministrators(false) }, func() { w.letAdministrators(true) }},
		{"the role", func() { w.launch(w.link(), "anna", withRoles(false, inCourse+"Instructor")) }, func() { w.launch(link, "anna", withRoles(false, institutionAdmin)) }},
		{"the platform", func() { w.disable(true) }, func() { w.disable(false) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.in(t)
			test.over()
			w.out(desk)
			if again := w.submit(page, "/administration"); again.Status != http.StatusForbidden {
				t.Errorf("the old page's button is answered %d", again.Status)
			}
			test.again()
			w.signedIn(desk, "Anna")
		})
	}
}

func (w *world) disable(disabled bool) {
	w.t.Helper()
	if err := w.db.SetPlatformDisabled(w.t.Context(), "Test LMS", disabled); err != nil {
		w.t.Fatal(err)
	}
}

// The link stands in the deep-linking dialogue too.
func TestAdministratorsInThePicker(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.letAdministrators(true)
	for _, framed := range []bool{false, true} {
		picker := w.pickerOf("law", "anna", withRoles(framed, institutionAdmin, inCourse+"Instructor"))
		w.answers(w.submit(picker, "/pick/administration"), http.StatusOK, "You are signed in")
	}
	picker := w.pickerOf("law", "anna", withRoles(false, inCourse+"Instructor"))
	if strings.Contains(picker.Text, "Administration") {
		t.Error("a teacher has the link")
	}
}
