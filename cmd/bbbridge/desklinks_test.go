package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// In a browser alone a link is made, pasted into the LMS, approved and launched
// from; what went wrong on the way stands on the link's page.
func TestLinksInABrowser(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	home := w.operator()
	page := w.click(w.goTo(home, "/admin/platforms"), "Registration links")
	w.reads(page, "No link yet.")
	page = w.click(page, "Make a registration link")
	wrong := w.fill(page, "/admin/platforms/links", "note", strings.Repeat("x", 201))
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a long note: %d", wrong.Status)
	}
	w.reads(wrong, "Use 200 characters or fewer")
	made := w.fill(wrong, "/admin/platforms/links", "note", "School of Law", "life", "day", "approve", "on")
	w.reads(made, "Give this link", "This page shows it only now")
	link := linkIn(t, w, made)

	failed := w.pasted(link, ltitest.RegisterOptions{Link: func(q url.Values) { q.Set("openid_configuration", "https://10.1.2.3/c") }})
	w.reads(failed, "registration_private")
	page = w.click(w.goTo(made, "/admin/platforms/links"), "School of Law")
	w.reads(page, "Open, something went wrong", "The LMS has a private address.", "10.1.2.3", "waits for approval", "operator@school.example")
	if strings.Contains(page.Body, strings.Split(link, "code=")[1]) {
		t.Error("the code is on the link's page")
	}

	w.registers(link, ltitest.RegisterOptions{})
	activity := w.link()
	if refused := w.launch(activity, "anna", ltitest.LaunchOptions{}); refused.Status != http.StatusForbidden {
		t.Errorf("it launches before it is approved: %d", refused.Status)
	}
	page = w.click(w.goTo(page, "/admin/platforms/links"), "School of Law")
	w.reads(page, "Used")
	page = w.click(page, w.platforms()[0].Name)
	w.reads(page, "Waits for approval", "has registered itself by a link and waits")
	page = w.fill(page, "/approve")
	w.reads(page, "Approved.", "Active")
	w.reads(w.launch(activity, "anna", ltitest.LaunchOptions{}), "Start class")
	w.reads(w.goTo(page, "/admin/audit"), "Made a registration link School of Law", "Registered by a link", "registration link School of Law", "Approved the platform")
}

// linkIn is the link that a page shows once.
func linkIn(t *testing.T, w *world, page *ltitest.Page) string {
	t.Helper()
	_, rest, ok := strings.Cut(page.Text, w.url+"/lti/register?code=")
	if !ok {
		t.Fatalf("no link: %s", page.Text)
	}
	return w.url + "/lti/register?code=" + strings.Fields(rest)[0]
}

// A link that is taken back registers nothing; what it has registered stays.
func TestLinkTakenBack(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	home := w.operator()
	link := w.registrationLink()
	w.registers(link, ltitest.RegisterOptions{})
	page := w.click(w.goTo(home, "/admin/platforms/links"), "for the test")
	page = w.fill(page, "/revoke")
	w.reads(page, "The link is taken back.", "Taken back")
	if _, err := page.Form("/revoke"); err == nil {
		t.Error("it can be taken back again")
	}
	again := w.pasted(link, ltitest.RegisterOptions{Update: w.tool.ID})
	if again.Status != http.StatusGone || !strings.Contains(again.Text, "link_revoked") {
		t.Errorf("%d %s", again.Status, again.Text)
	}
	w.reads(w.launch(w.link(), "anna", ltitest.LaunchOptions{}), "Start class")
}

// Who may make, see and take back links, and approve: staff of the tenant with
// the right to, and operators.
func TestWhoMayRegister(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true})
	links := w.svc.registering
	mine, _, err := links.NewLink(t.Context(), admin.Shell, admin.LinkWish{TenantID: classroom.DefaultTenant, Life: time.Hour, Approve: true})
	if err != nil {
		t.Fatal(err)
	}
	w.registers(w.registrationLink(func(wish *admin.LinkWish) { wish.Approve = true }), ltitest.RegisterOptions{})
	platform := w.platforms()[0].ID
	for _, test := range []struct {
		name string
		by   admin.Actor
		may  bool
	}{
		{"nobody", admin.Actor{}, false},
		{"a helper of the tenant", admin.Actor{Role: admin.Helper, Tenants: []string{classroom.DefaultTenant}}, false},
		{"an admin of another tenant", admin.Actor{Role: admin.TenantAdmin, Tenants: []string{"other"}}, false},
		{"an admin of the tenant", admin.Actor{Role: admin.TenantAdmin, Tenants: []string{classroom.DefaultTenant}}, true},
		{"an operator", admin.Shell, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := t.Context()
			_, _, err := links.NewLink(ctx, test.by, admin.LinkWish{TenantID: classroom.DefaultTenant, Life: time.Hour})
			if (err == nil) != test.may {
				t.Errorf("makes one: %v", err)
			}
			if all, err := links.Links(ctx, test.by); (len(all) > 0) != test.may {
				t.Errorf("sees %d, %v", len(all), err)
			}
			if _, err := links.Link(ctx, test.by, mine.ID); (err == nil) != test.may {
				t.Errorf("sees it: %v", err)
			}
			if err := links.Revoke(ctx, test.by, mine.ID); (err == nil) != test.may {
				t.Errorf("takes it back: %v", err)
			}
			if _, err := links.Approve(ctx, test.by, platform); (err == nil) != test.may {
				t.Errorf("approves: %v", err)
			}
		})
	}
}
