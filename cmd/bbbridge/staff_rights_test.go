package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	adminpages "github.com/bbbridge/bbbridge/handlers/admin"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// kindsOfStaff are those for whom staffRights says what each route answers, in
// this order. The tenant is that of the test's platform.
var kindsOfStaff = []struct {
	name   string
	role   admin.Role
	tenant string
}{
	{"operator", admin.Operator, ""},
	{"admin of the tenant", admin.TenantAdmin, classroom.DefaultTenant},
	{"admin of another tenant", admin.TenantAdmin, "elsewhere"},
	{"helper", admin.Helper, classroom.DefaultTenant},
}

// A right is what one route answers, and what is posted to it.
type right struct{ route, want, form string }

// open is a route that everybody may call; what it answers is tested elsewhere.
const open = "open"

// staffRights are all routes of staff: the status for each kind, and what is
// posted. Whoever hasn't signed in is led to the sign-in by all that aren't open.
var staffRights = []right{
	{"GET /admin", open, ""},
	{"GET /admin/sign-in", open, ""},
	{"POST /admin/sign-in", open, ""},
	{"GET /admin/setup", open, ""},
	{"POST /admin/setup", open, ""},
	{"GET /admin/invitation", open, ""},
	{"POST /admin/invitation", open, ""},
	{"GET /admin/password", open, ""},
	{"POST /admin/password", open, ""},

	{"GET /admin/oidc", open, ""},
	{"GET /admin/oidc/back", open, ""},
	{"GET /admin/sign-in/code", open, ""},
	{"POST /admin/sign-in/code", open, ""},

	{"GET /admin/", "200 200 200 200", ""},
	{"GET /admin/account", "200 200 200 200", ""},
	{"POST /admin/account/end", "404 404 404 404", "id=unknown"},
	{"GET /admin/account/second", "303 303 303 303", ""},
	{"POST /admin/account/second", "303 303 303 303", ""},
	{"POST /admin/account/second/confirm", "422 422 422 422", "code=123456x"},
	{"GET /admin/account/second/remove", "200 200 200 200", ""},
	{"POST /admin/account/second/remove", "303 303 303 303", ""},
	{"POST /admin/sign-out", "303 303 303 303", ""},

	{"GET /admin/people", "200 200 200 403", ""},
	{"POST /admin/people", "200 200 403 403", "email=NEW&role=helper&tenants=TENANT"},
	{"POST /admin/people", "200 403 403 403", "email=NEW&role=operator"},
	{"POST /admin/people", "200 403 200 403", "email=NEW&role=tenant-admin&tenants=elsewhere"},
	{"POST /admin/people", "200 403 403 403", "email=NEW&role=helper&tenants=elsewhere&tenants=TENANT"},
	{"GET /admin/people/new", "200 200 200 403", ""},
	{"GET /admin/people/:staff", "200 200 404 404", ""},
	{"POST /admin/people/:staff", "303 303 404 404", "role=helper&tenants=TENANT"},
	{"POST /admin/people/:staff", "303 403 404 404", "role=operator"},
	{"POST /admin/people/:staff", "303 403 404 404", "role=tenant-admin&tenants=TENANT&tenants=elsewhere"},
	{"POST /admin/people/:staff/link", "200 200 404 404", ""},
	{"GET /admin/people/:staff/remove", "200 200 404 404", ""},
	{"POST /admin/people/:staff/remove", "303 303 404 404", ""},

	{"GET /admin/people/:staff/second/remove", "200 403 403 403", ""},
	{"POST /admin/people/:staff/second/remove", "404 403 403 403", ""}, // they have none

	{"GET /admin/start", "200 200 200 200", ""},
	{"GET /admin/platforms", "200 200 200 200", ""},
	{"GET /admin/platforms/new", "200 200 200 403", ""},
	{"GET /admin/platforms/new/:lms", "200 200 200 403", ""},
	{"POST /admin/platforms/new/:lms", "422 422 422 403", ""},
	{"POST /admin/platforms/new/:lms/try", "200 200 200 403", ""},
	{"GET /admin/servers", "200 200 200 200", ""},
	{"POST /admin/servers", "422 403 403 403", ""},
	{"GET /admin/servers/new", "200 403 403 403", ""},
	{"POST /admin/servers/check", "200 403 403 403", ""},
	{"GET /admin/servers/:server", "200 200 404 200", ""},
	{"GET /admin/servers/:server/edit", "200 403 403 403", ""},
	{"POST /admin/servers/:server/edit", "422 403 403 403", ""},
	{"GET /admin/servers/:server/secret", "200 403 403 403", ""},
	{"POST /admin/servers/:server/secret", "200 403 403 403", ""},
	{"GET /admin/servers/:server/forget", "200 403 403 403", ""},
	{"POST /admin/servers/:server/forget", "303 403 403 403", ""},
	{"POST /admin/servers/:server/assign", "303 403 403 403", "server_tenants=TENANT"},
	{"POST /admin/servers/:server/drain", "303 403 403 403", "undo=1"},
	{"POST /admin/servers/:server/look", "303 303 404 303", ""},
	{"GET /admin/servers/:server/remove", "200 403 403 403", ""},
	{"POST /admin/servers/:server/remove", "303 403 403 403", ""},
	{"GET /admin/servers/:server/test", "200 200 404 200", ""},
	{"POST /admin/servers/:server/test", "303 303 404 303", ""},

	{"GET /admin/platforms/by/:platform", "200 200 404 200", ""},
	{"GET /admin/platforms/by/:platform/check", "200 200 404 200", ""},
	{"GET /admin/platforms/by/:platform/edit", "200 200 404 403", ""},
	{"POST /admin/platforms/by/:platform/edit", "422 422 404 403", ""},
	{"POST /admin/platforms/by/:platform/deployment", "303 303 404 403", "deployment=7&active=yes"},
	{"POST /admin/platforms/by/:platform/disable", "303 303 404 403", "disabled=yes"},
	{"GET /admin/platforms/by/:platform/remove", "200 200 404 403", ""},
	{"POST /admin/platforms/by/:platform/remove", "303 303 404 403", ""},
	{"POST /admin/platforms/by/:platform/pasted", "303 303 404 403", ""},
	{"GET /admin/platforms/keys", "200 200 200 200", ""},
	{"GET /admin/platforms/keys/rotate", "200 403 403 403", ""},
	{"POST /admin/platforms/keys/rotate", "303 403 403 403", ""},

	{"POST /admin/platforms/by/:platform/approve", "303 303 404 403", ""},
	{"GET /admin/platforms/links", "200 200 200 403", ""},
	{"GET /admin/platforms/links/new", "200 200 200 403", ""},
	{"POST /admin/platforms/links", "200 200 403 403", "life=day&tenant=TENANT"},
	{"POST /admin/platforms/links", "200 200 403 403", "life=day"},
	{"POST /admin/platforms/links", "404 403 404 403", "life=day&tenant=elsewhere"},
	{"GET /admin/platforms/links/by/:link", "200 200 404 403", ""},
	{"POST /admin/platforms/links/by/:link/revoke", "303 303 404 403", ""},
	{"GET /admin/failures", "200 200 200 200", ""},
	{"GET /admin/failures/:failure", "200 200 404 200", ""},
	{"POST /admin/support", "200 403 403 403", ""},
	{"GET /admin/deliveries", "200 200 200 200", ""},
	{"POST /admin/deliveries", "303 303 303 303", "all=shown"},
	{"POST /admin/deliveries", "404 404 404 404", "grade=unknown%2Funknown"},
	{"POST /admin/deliveries/try", "303 303 303 303", "platform=unknown"},
	{"GET /admin/courses", "200 200 200 200", ""},
	{"GET /admin/rooms/:room", "200 200 404 200", ""},
	{"GET /admin/platforms/by/:platform/tenant", "404 404 404 403", ""},
	{"POST /admin/platforms/by/:platform/tenant", "303 303 404 403", "tenant=TENANT"},
	{"POST /admin/platforms/by/:platform/tenant", "404 404 404 403", "tenant=elsewhere"},
	{"GET /admin/platforms/by/:platform/export.zip", "200 200 404 403", ""},
	{"POST /admin/platforms/by/:platform/remove", "303 303 404 403", "data=erase"},
	{"GET /admin/platforms/leaving/:leaving", "200 200 404 200", ""},
	{"POST /admin/platforms/leaving/:leaving/keep", "303 303 404 403", ""},

	{"GET /admin/tenants", "303 303 200 403", ""},
	{"POST /admin/tenants", "303 403 403 403", "name=NEW"},
	{"GET /admin/tenants/new", "200 403 403 403", ""},
	{"GET /admin/tenants/by/:tenant", "200 200 404 403", ""},
	{"POST /admin/tenants/by/:tenant", "303 303 404 403", "rule_measure=&names=&locale="},
	{"POST /admin/tenants/by/:tenant", "303 403 404 403", "name=NEW"},
	{"GET /admin/tenants/by/:tenant/roles", "200 200 404 403", ""},
	{"POST /admin/tenants/by/:tenant/roles", "303 303 404 403", ""},
	{"POST /admin/tenants/by/:tenant/logo", "422 422 404 403", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n"},
	{"POST /admin/tenants/by/:tenant/logo/remove", "303 303 404 403", ""},
	{"GET /admin/tenants/by/:tenant/remove", "200 403 403 403", ""},
	{"POST /admin/tenants/by/:tenant/remove", "409 403 403 403", ""},

	{"GET /admin/audit", "200 200 200 403", ""},
	{"GET /admin/audit.csv", "200 200 200 403", ""},
}

// staffParams make what a route names: of the test's tenant, new for each call.
var staffParams = map[string]func(*world) string{
	":lms": func(*world) string { return "moodle" },
	":link": func(w *world) string {
		l, _, err := w.svc.registering.NewLink(w.t.Context(), admin.Shell, admin.LinkWish{TenantID: classroom.DefaultTenant, Life: admin.LinkLife})
		if err != nil {
			w.t.Fatal(err)
		}
		return l.ID
	},
	":platform": func(w *world) string {
		name := w.newEmail()
		p, err := w.db.AddPlatform(w.t.Context(), admin.Platform{TenantID: classroom.DefaultTenant, Registration: lti.Registration{
			Name: name, Issuer: w.lms.URL() + "/" + name, ClientID: name, AuthURL: w.lms.URL(), TokenURL: w.lms.URL(), JWKSURL: w.lms.URL(),
		}})
		if err != nil {
			w.t.Fatal(err)
		}
		return p.ID
	},
	":failure": func(w *world) string {
		registration := w.lms.Registration(w.tool)
		of, err := w.db.RegistrationsOf(w.t.Context(), registration.Issuer)
		if err != nil || len(of) == 0 {
			w.t.Fatal(err)
		}
		f := admin.Failure{At: w.clock.now(), Kind: admin.Launch, Code: w.newEmail(), RegistrationID: of[0].ID}
		if err := w.db.KeepHappenings(w.t.Context(), []admin.Failure{f}, nil); err != nil {
			w.t.Fatal(err)
		}
		list, err := w.db.Failures(w.t.Context(), admin.FailureQuery{Code: f.Code, Most: 1})
		if err != nil || len(list) != 1 {
			w.t.Fatalf("%v, %v", list, err)
		}
		return list[0].ID
	},
	":room": func(w *world) string {
		page := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
		_, id, _ := strings.Cut(page.URL.Path, "/rooms/")
		return id
	},
	":server": func(w *world) string {
		s, err := w.svc.servers.Add(w.t.Context(), admin.Shell, admin.ServerWish{Name: w.newEmail(), URL: "https://127.0.0.1:1", Secret: "secret"}, admin.Found{})
		if err == nil {
			err = w.svc.servers.Assign(w.t.Context(), admin.Shell, s.ID, []string{classroom.DefaultTenant})
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return s.ID
	},
	":tenant": func(*world) string { return classroom.DefaultTenant },
	":leaving": func(w *world) string {
		name := w.newEmail()
		p, err := w.db.AddPlatform(w.t.Context(), admin.Platform{TenantID: classroom.DefaultTenant, Registration: lti.Registration{
			Name: name, Issuer: w.lms.URL() + "/" + name, ClientID: name, AuthURL: w.lms.URL(), TokenURL: w.lms.URL(), JWKSURL: w.lms.URL(),
		}})
		if err == nil {
			err = w.db.ErasePlatform(w.t.Context(), name, w.clock.now().Add(admin.EraseAfter))
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return p.ID
	},
	":staff": func(w *world) string {
		s, _, err := w.svc.accounts.Add(w.t.Context(), admin.Shell, admin.Wish{
			Email: w.newEmail(), Role: admin.Helper, Tenants: []string{classroom.DefaultTenant},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		return s.ID
	},
}

var emails int

func (w *world) newEmail() string {
	emails++
	return fmt.Sprintf("p%d@school.example", emails)
}

// TestStaffRights calls every route of staff as every kind of them, and as
// nobody. A route that no row names fails, and so does a row without a route.
func TestStaffRights(t *testing.T) {
	w := newWorld(t, worldOptions{})
	routes := map[string]bool{}
	engine := gin.New()
	new(adminpages.Pages).Routes(engine)
	for _, r := range engine.Routes() {
		routes[r.Method+" "+r.Path] = true
	}
	for _, row := range staffRights {
		if !routes[row.route] {
			t.Errorf("%s is listed, and there is no such route", row.route)
		}
	}
	for route := range routes {
		if !slices.ContainsFunc(staffRights, func(row right) bool { return row.route == route }) {
			t.Errorf("nobody has said who may call %s", route)
		}
	}
	for i, kind := range kindsOfStaff {
		t.Run(kind.name, func(t *testing.T) {
			w := w.in(t)
			email := w.newEmail()
			var tenants []string
			if kind.tenant != "" {
				tenants = []string{kind.tenant}
			}
			w.join(email, kind.role, tenants...)
			cookie := w.cookieOf(email)
			for _, row := range staffRights {
				if row.want == open {
					continue
				}
				out := strings.HasSuffix(row.route, "/sign-out")
				want, got := strings.Fields(row.want)[i], w.calls(cookie, row.route, row.form)
				if want != strings.Fields(got)[0] || !out && strings.Contains(got, "/sign-in") {
					t.Errorf("%s with %q is answered %s, want %s", row.route, row.form, got, want)
				}
				if out {
					cookie = w.cookieOf(email)
				}
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		w := w.in(t)
		for _, row := range staffRights {
			if row.want == open {
				continue
			}
			if got := w.calls("", row.route, row.form); !strings.HasPrefix(got, "303 /admin/sign-in") {
				t.Errorf("%s is answered %s", row.route, got)
			}
		}
	})
}

// cookieOf signs in, and returns what a browser sends from then on.
func (w *world) cookieOf(email string) string {
	w.t.Helper()
	answer, err := unled.PostForm(w.url+"/admin/sign-in", url.Values{"email": {email}, "password": {secret}})
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	if len(answer.Cookies()) == 0 {
		w.t.Fatalf("%s can't sign in: %d", email, answer.StatusCode)
	}
	return answer.Cookies()[0].Name + "=" + answer.Cookies()[0].Value
}

// unled follows no redirect.
var unled = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// calls calls a route with a cookie, and returns the status and where it leads.
func (w *world) calls(cookie, route, form string) string {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	path = regexp.MustCompile(`:\w+`).ReplaceAllStringFunc(path, func(name string) string {
		if staffParams[name] == nil {
			w.t.Fatalf("nobody makes a %s", name)
		}
		return staffParams[name](w)
	})
	form = strings.NewReplacer("NEW", url.QueryEscape(w.newEmail()), "TENANT", classroom.DefaultTenant).Replace(form)
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(form))
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(form, "--x") {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		}
	}
	r.Header.Set("Cookie", cookie)
	answer, err := unled.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("Location"))
}
