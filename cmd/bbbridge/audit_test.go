package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
)

// The audit log is read by tenant and by person, in words of the pages where what
// has changed; who looks after one tenant learns nothing of another.
func TestAuditLogIsRead(t *testing.T) {
	w := newWorld(t, worldOptions{})
	page := w.setUp()
	const medicine = "elsewhere"
	_, _, err := w.db.EditPlatform(admin.By(t.Context(), admin.Shell), "Test LMS", func(p *admin.Platform) error {
		p.TokenAudience = "https://aud.example"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	help := w.join("help@school.example", admin.TenantAdmin, classroom.DefaultTenant)
	helper, err := w.db.StaffByEmail(t.Context(), "help@school.example")
	if err != nil {
		t.Fatal(err)
	}
	boss := admin.Actor{Name: "boss@school.example", Role: admin.Operator, StaffID: "b"}
	if err := w.svc.accounts.Change(t.Context(), boss, helper.ID, admin.Wish{Role: admin.Helper, Tenants: []string{medicine}}); err != nil {
		t.Fatal(err)
	}
	log := func(pairs ...string) string {
		q := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return w.answers(w.at(page, "/admin/audit?"+q.Encode()), http.StatusOK, "Audit log").Text
	}
	whole := log()
	for _, want := range []string{
		"Changed the platform Test LMS", "Audience of token requests https://aud.example", "command line",
		"Role Tenant admin Helper", "Changed role or tenants of help@school.example",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("the log lacks %q: %s", want, whole)
		}
	}
	for _, test := range []struct {
		name       string
		asked      []string
		has, hasnt string
	}{
		{"by a person", []string{"who", "COMMAND"}, "Changed the platform Test LMS", "Changed role"},
		{"by another", []string{"who", "boss@"}, "Changed role", "Changed the platform"},
		{"not by what it was done to", []string{"who", "help@"}, "Signed in", "Changed role"},
		{"by tenant", []string{"tenant", medicine}, "Changed role", "Changed the platform"},
		{"by the other", []string{"tenant", classroom.DefaultTenant}, "Changed the platform", "Made the first account"},
		{"by both", []string{"tenant", medicine, "who", "command"}, "Nothing is written down for this.", "Changed role"},
		{"by nobody", []string{"who", "\x00nobody%"}, "Nothing is written down for this.", "Changed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := log(test.asked...)
			if !strings.Contains(got, test.has) || strings.Contains(got, test.hasnt) {
				t.Errorf("want %q and not %q: %s", test.has, test.hasnt, got)
			}
		})
	}
	if file := w.at(page, "/admin/audit.csv?who=boss%40&tenant="+medicine); strings.Count(file.Body, "\n") != 2 {
		t.Errorf("the file has more than what is shown, : %s", file.Body)
	}

	w.answers(w.at(help, "/admin/audit"), http.StatusForbidden) // a helper now
	theirs := w.join("theirs@school.example", admin.TenantAdmin, classroom.DefaultTenant)
	w.answers(w.at(theirs, "/admin/audit?tenant="+medicine), http.StatusForbidden)
	w.answers(w.at(theirs, "/admin/audit.csv?tenant="+medicine), http.StatusForbidden)
	if text := w.answers(w.at(theirs, "/admin/audit"), http.StatusOK, "Changed role or tenants of help@school.example").Text; strings.Contains(text, medicine) {
		t.Errorf("they learn of another tenant: %s", text)
	}
}
