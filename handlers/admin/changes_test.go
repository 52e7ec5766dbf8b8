package admin

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// What has changed is shown as the forms have it; whatever stands in the log.
func TestChanges(t *testing.T) {
	said := func(id string) []web.AuditValue { return []web.AuditValue{{Said: id}} }
	text := func(texts ...string) (list []web.AuditValue) {
		for _, t := range texts {
			list = append(list, web.AuditValue{Text: t})
		}
		return list
	}
	for _, test := range []struct {
		name, before, after string
		want                []web.AuditChange
	}{
		{"nothing", "", "", nil},
		{"the same", `{"Name":"a"}`, `{"Name":"a"}`, nil},
		{"what is empty in both ways", `{"Algorithms":null}`, `{"Name":""}`, nil},
		{"names as forms have them", `{"JWKSURL":"https://a.example","ClientID":"1"}`, `{"JWKSURL":"https://b.example","ClientID":"2"}`, []web.AuditChange{
			{Field: "client_id", Name: "ClientID", Before: text("1"), After: text("2")},
			{Field: "jwks_url", Name: "JWKSURL", Before: text("https://a.example"), After: text("https://b.example")},
		}},
		{"those of settings", `{}`, `{"graders_view":true}`, []web.AuditChange{{Field: "graders_view", Name: "graders_view", After: said("desk.yes")}}},
		{"one of several", `{"Deployments":{"1":true,"2":true}}`, `{"Deployments":{"1":false,"2":true}}`, []web.AuditChange{
			{Field: "deployment_ids", Name: "Deployments", Of: "1", Before: said("desk.yes"), After: said("desk.no")},
		}},
		{"tenants by their names", `{"Tenants":["t1"]}`, `{"Tenants":["t1","t9"],"TenantID":"t1"}`, []web.AuditChange{
			{Field: "tenant", Name: "TenantID", After: text("Law")},
			{Field: "tenants", Name: "Tenants", Before: text("Law"), After: text("Law", "t9")},
		}},
		{"roles", `{"Role":"helper"}`, `{"Role":"king"}`, []web.AuditChange{{Field: "role", Name: "Role", Before: said("role.helper"), After: text("king")}}},
		{"kinds of LMS", `{"LMS":"canvas"}`, `{"LMS":"other"}`, []web.AuditChange{{Field: "lms", Name: "LMS", Before: text("Canvas"), After: text("other")}}},
		{"numbers", `{"Previous":0}`, `{"Previous":1}`, []web.AuditChange{{Field: "previous", Name: "Previous", Before: text("0"), After: text("1")}}},
		{"no JSON", `nonsense`, `{"Name":"a"}`, []web.AuditChange{{Field: "name", Name: "Name", After: text("a")}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := changes(admin.Entry{Before: test.before, After: test.after}, map[string]string{"t1": "Law"})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
