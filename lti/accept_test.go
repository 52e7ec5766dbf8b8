package lti

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// membership is a course role's URI.
func membership(name string) string {
	return "http://purl.imsglobal.org/vocab/lis/v2/membership#" + name
}

// TestValidLaunches are the cases of the certification guide that a tool has
// to accept, for a teacher and for a student.
func TestValidLaunches(t *testing.T) {
	pii := map[string]any{"name": "Ana Ålund", "given_name": "Ana", "family_name": "Ålund", "email": "ana@lms.example"}
	for _, test := range []struct {
		name  string
		spoil func(claims map[string]any, role string)
		check func(t *testing.T, l Launch, role string)
	}{
		{"valid launch", func(map[string]any, string) {}, nil},
		{"multiple roles", func(c map[string]any, role string) {
			c[claimRoles] = []string{"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Faculty", membership(role)}
		}, nil},
		{"short role", func(c map[string]any, role string) { c[claimRoles] = []string{role} }, nil},
		{"unknown role", func(c map[string]any, _ string) { c[claimRoles] = []string{"https://lms.example/roles#Wizard"} }, func(t *testing.T, l Launch, role string) {
			if l.Roles.HasContext(role) || len(l.Roles) != 1 || l.Roles[0].Scope != ScopeUnknown {
				t.Errorf("roles %v, want one unknown", l.Roles)
			}
		}},
		{"no role", func(c map[string]any, _ string) { c[claimRoles] = []string{} }, func(t *testing.T, l Launch, _ string) {
			if len(l.Roles) != 0 {
				t.Errorf("roles %v, want none", l.Roles)
			}
		}},
		{"email only", func(c map[string]any, _ string) {
			delete(c, "name")
			delete(c, "given_name")
			delete(c, "family_name")
		}, wantName("ana")},
		{"names only", func(c map[string]any, _ string) { delete(c, "email") }, wantName("Ana Ålund")},
		{"no PII", func(c map[string]any, _ string) {
			for name := range pii {
				delete(c, name)
			}
		}, wantName("")},
		{"names withheld (ILIAS)", func(c map[string]any, _ string) {
			c["name"], c["given_name"], c["family_name"] = "-", "-", "-"
		}, wantName("ana")},
		{"email without context", func(c map[string]any, _ string) { delete(c, claimContext) }, func(t *testing.T, l Launch, _ string) {
			if l.Context.ID != "" {
				t.Errorf("context %+v, want none", l.Context)
			}
		}},
		{"extra claims", func(c map[string]any, _ string) { c["https://lms.example/extra"] = map[string]any{"deep": []int{1, 2}} }, nil},
		{"null values", func(c map[string]any, _ string) {
			for _, name := range []string{"email", "picture", claimCustom, claimLaunchPresentation, claimAGSEndpoint, claimNRPS, claimToolPlatform} {
				c[name] = nil
			}
		}, nil},
	} {
		for _, role := range []string{"Instructor", "Learner"} {
			t.Run(test.name+" "+role, func(t *testing.T) {
				a := newWorld(t).begin(t)
				for name, value := range pii {
					a.claims[name] = value
				}
				a.claims[claimContext] = map[string]any{"id": "course-1", "title": "Biology"}
				a.claims[claimRoles] = []string{membership(role)}
				test.spoil(a.claims, role)
				launch := a.mustLaunch(t)
				if test.check != nil {
					test.check(t, launch, role)
				} else if !launch.Roles.HasContext(role) {
					t.Errorf("roles %v, want %s of the course", launch.Roles, role)
				}
			})
		}
	}
}

func wantName(name string) func(*testing.T, Launch, string) {
	return func(t *testing.T, l Launch, _ string) {
		if got := l.User.DisplayName(); got != name {
			t.Errorf("display name %q, want %q", got, name)
		}
	}
}

// TestMoodleLaunch is all that a real Moodle's token says.
func TestMoodleLaunch(t *testing.T) {
	got := moodleLaunch(t, "id_token_teacher.json")
	at := got.IssuedAt
	want := Launch{
		DeploymentID: "13", Message: ResourceLinkRequest,
		User:          User{ID: "3", Name: "Tessa Teacher", GivenName: "Tessa", FamilyName: "Teacher", Email: "teacher1@example.org"},
		Roles:         Roles{{Scope: ScopeContext, Principal: "Instructor"}},
		RawRoles:      []string{membership("Instructor")},
		Context:       Context{ID: "2", Label: "ACC1", Title: "Acceptance course ACC1 – “Ünïcode” &", Types: []string{"CourseSection"}},
		ResourceLink:  ResourceLink{ID: "26", Title: "Room, graded", Description: "Room for LESSONS"},
		TargetLinkURI: "http://127.0.0.1:8079/lti/launch",
		Custom: map[string]string{
			"room": "alpha", "mixed_case": "Yes", "Mixed-Case": "Yes", "section_begin": "2026-11-20T03:04:07+00:00",
			"section_end": "2027-02-19T03:04:07+00:00", "username": "teacher1", "person_timezone": "99", "plain": "a value",
			"context_memberships_url": "http://127.0.0.1:8085/mod/lti/services.php/CourseSection/2/bindings/13/memberships",
		},
		Presentation: Presentation{Target: "iframe", Locale: "en",
			ReturnURL: "http://127.0.0.1:8085/mod/lti/return.php?course=2&launch_container=3&instanceid=26&sesskey=REDACTED"},
		Platform: PlatformInfo{GUID: "20a8cc0b0e707813e8570878ba6ee862", Name: "accmoodle", Family: "moodle", Version: "2024100706"},
		Grades: Endpoint{
			Scopes:    []string{AGSLineItem, AGSLineItemReadOnly, AGSResultReadOnly, AGSScore},
			LineItems: "http://127.0.0.1:8085/mod/lti/services.php/2/lineitems?type_id=13",
			LineItem:  "http://127.0.0.1:8085/mod/lti/services.php/2/lineitems/23/lineitem?type_id=13",
		},
		Memberships: "http://127.0.0.1:8085/mod/lti/services.php/CourseSection/2/bindings/13/memberships",
		IssuedAt:    at, NonceExpires: testNow.Add(16 * time.Minute),
	}
	got.Registration, got.Nonce = Registration{}, ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("launch (-want +got):\n%s", diff)
	}
}

// moodleLaunch has a tool on loopback accept the claims of a real token.
func moodleLaunch(t *testing.T, file string) Launch {
	t.Helper()
	launch, err := launchMoodle(t, file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return launch
}

func launchMoodle(t *testing.T, file string) (Launch, error) {
	t.Helper()
	w := newWorld(t)
	w.tool.PublicURL, w.tool.InsecureLoopback = "http://127.0.0.1:8079", true
	w.registration().Issuer, w.registration().ClientID = "http://127.0.0.1:8085", "r9Ayq7efpCzEf2d"
	w.registration().Deployments = map[string]bool{"13": true}
	claims := moodleToken(t, file)
	a := w.beginWith(t, LoginRequest{
		Issuer: "http://127.0.0.1:8085", ClientID: "r9Ayq7efpCzEf2d", LoginHint: "3", DeploymentID: "13",
		TargetLinkURI: claims[claimTargetLinkURI].(string),
	})
	claims["nonce"], claims["iat"], claims["exp"] = a.claims["nonce"], a.claims["iat"], a.claims["exp"]
	a.claims = claims
	return a.launch(t)
}

// TestMoodleTokens: every real token is accepted, but for submission reviews.
func TestMoodleTokens(t *testing.T) {
	admin := Roles{{ScopeInstitution, "Administrator", ""}, {ScopeContext, "Instructor", ""}, {ScopeSystem, "Administrator", ""}}
	for file, want := range map[string]struct {
		roles    Roles
		name     string
		lineItem bool
	}{
		"id_token_teacher.json":                            {Roles{{ScopeContext, "Instructor", ""}}, "Tessa Teacher", true},
		"id_token_tutor.json":                              {Roles{{ScopeContext, "Instructor", ""}}, "Nora Nonediting", true},
		"id_token_manager.json":                            {Roles{{ScopeContext, "Instructor", ""}}, "Max Manager", true},
		"id_token_student.json":                            {Roles{{ScopeContext, "Learner", ""}}, "Ana Ålund", true},
		"id_token_student_activity_from_deep_linking.json": {Roles{{ScopeContext, "Learner", ""}}, "Ana Ålund", true},
		"id_token_admin.json":                              {admin, "Admin User", true},
		"id_token_teacher_activity_without_grade.json":     {Roles{{ScopeContext, "Instructor", ""}}, "Tessa Teacher", false},
	} {
		t.Run(strings.TrimSuffix(file, ".json"), func(t *testing.T) {
			got := moodleLaunch(t, file)
			if diff := cmp.Diff(want.roles, got.Roles); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
			if name := got.User.DisplayName(); name != want.name {
				t.Errorf("name %q, want %q", name, want.name)
			}
			if has := got.Grades.LineItem != ""; has != want.lineItem || got.Grades.LineItems == "" {
				t.Errorf("endpoint %+v, want a line item: %v", got.Grades, want.lineItem)
			}
		})
	}
	t.Run("submission review", func(t *testing.T) {
		_, err := launchMoodle(t, "id_token_submission_review.json")
		wantCode(t, err, CodeMessageUnsupported)
	})
	t.Run("deep linking", func(t *testing.T) {
		want := &DeepLinkingSettings{
			ReturnURL:   "http://127.0.0.1:8085/mod/lti/contentitem_return.php?course=2&id=13&sesskey=REDACTED",
			AcceptTypes: []string{"ltiResourceLink"}, AcceptTargets: []string{"frame", "iframe", "window"},
			AcceptMultiple: true, EmptyCancels: true, Title: "Driver probe",
		}
		got := moodleLaunch(t, "id_token_deep_linking.json")
		if diff := cmp.Diff(want, got.DeepLinking); diff != "" || got.Message != DeepLinkingRequest {
			t.Errorf("%s: settings (-want +got):\n%s", got.Message, diff)
		}
	})
}

// canvasStudent is the token of fact sheet 13.2: nulls, a shared issuer, and a
// student who teaches elsewhere in the school.
const canvasStudent = `{
  "azp": "client-1", "name": "Omar Haddad", "given_name": "Omar", "family_name": "Haddad", "email": null, "locale": "en",
  "https://purl.imsglobal.org/spec/lti/claim/roles": [
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor",
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#User"],
  "https://purl.imsglobal.org/spec/lti/claim/context": {"id": "9a3c", "label": "CHEM-2", "title": "Chemistry 2",
    "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"]},
  "https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "c2d4", "title": "Lab discussion", "description": null},
  "https://purl.imsglobal.org/spec/lti/claim/tool_platform": {"guid": "Zx81kPq:canvas-lms", "name": "School B", "version": "cloud", "product_family_code": "canvas"},
  "https://purl.imsglobal.org/spec/lti/claim/launch_presentation": {"document_target": "iframe", "height": 400, "width": "800", "locale": "en",
    "return_url": "https://school-b.example/return"},
  "https://purl.imsglobal.org/spec/lti/claim/lis": {"person_sourcedid": null},
  "https://purl.imsglobal.org/spec/lti/claim/custom": {"student_view": "false", "masq": "$Canvas.masqueradingUser.id", "none": null, "n": 5, "list": [1], "price": "$5"},
  "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
    "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/lineitem", "https://purl.imsglobal.org/spec/lti-ags/scope/score"],
    "lineitems": "https://school-b.example/api/lti/courses/55/line_items", "lineitem": null},
  "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {"context_memberships_url": "https://school-b.example/names_and_roles"}
}`

func TestCanvasLaunch(t *testing.T) {
	a := newWorld(t).begin(t)
	if err := json.Unmarshal([]byte(canvasStudent), &a.claims); err != nil {
		t.Fatal(err)
	}
	got := a.mustLaunch(t)
	if want := (Roles{{ScopeInstitution, "Instructor", ""}, {ScopeInstitution, "Student", ""}, {ScopeContext, "Learner", ""}, {ScopeSystem, "User", ""}}); cmp.Diff(want, got.Roles) != "" {
		t.Errorf("roles %v, want %v", got.Roles, want)
	}
	if got.Roles.HasContext("Instructor") {
		t.Error("an instructor of the institution became one of the course")
	}
	if want := map[string]string{"student_view": "false", "n": "5", "price": "$5"}; cmp.Diff(want, got.Custom) != "" {
		t.Errorf("custom %v, want %v", got.Custom, want)
	}
	if got.Presentation.Width != 800 || got.Presentation.Height != 400 {
		t.Errorf("presentation %+v, want 800 by 400", got.Presentation)
	}
	if got.Grades.LineItem != "" || got.Grades.LineItems == "" || got.Memberships == "" {
		t.Errorf("services %+v, %s", got.Grades, got.Memberships)
	}
}

// TestNoTokenURL: a platform without one offers no services, whatever its
// tokens say.
func TestNoTokenURL(t *testing.T) {
	a := newWorld(t).begin(t)
	a.claims[claimAGSEndpoint] = map[string]any{"scope": []string{AGSScore}, "lineitems": "https://lms.example/items", "lineitem": "https://lms.example/item"}
	a.claims[claimNRPS] = map[string]any{"context_memberships_url": "https://lms.example/members"}
	if got := a.mustLaunch(t); got.Grades.LineItem == "" || got.Memberships == "" {
		t.Errorf("with a token URL: %+v, %s", got.Grades, got.Memberships)
	}
	a.registration().TokenURL = ""
	got := a.mustLaunch(t)
	if diff := cmp.Diff(Endpoint{}, got.Grades); diff != "" || got.Memberships != "" {
		t.Errorf("services %s, grades (-want +got):\n%s", got.Memberships, diff)
	}
}

// TestOptionalClaims: what has a wrong shape is left out and the launch goes
// on (V23), and so are services without https (V24).
func TestOptionalClaims(t *testing.T) {
	for _, test := range []struct {
		name, claim string
		value       any
		want        func(l Launch) bool
	}{
		{"V23 context text", claimContext, "course", func(l Launch) bool { return l.Context.ID == "" }},
		{"V23 context []", claimContext, []any{}, func(l Launch) bool { return l.Context.ID == "" }},
		{"V23 context id a number", claimContext, map[string]any{"id": 77}, func(l Launch) bool { return l.Context.ID == "77" }},
		{"V23 context id a fraction", claimContext, map[string]any{"id": 7.5}, func(l Launch) bool { return l.Context.ID == "" }},
		{"V23 context type text", claimContext, map[string]any{"id": "1", "type": "CourseSection"}, func(l Launch) bool { return len(l.Context.Types) == 1 }},
		{"V23 custom []", claimCustom, []any{}, func(l Launch) bool { return len(l.Custom) == 0 }},
		{"V23 presentation text", claimLaunchPresentation, "iframe", func(l Launch) bool { return l.Presentation == Presentation{} }},
		{"V23 return URL a script", claimLaunchPresentation, map[string]any{"return_url": "javascript:alert(1)"}, func(l Launch) bool { return l.Presentation.ReturnURL == "" }},
		{"V23 negative size", claimLaunchPresentation, map[string]any{"width": -1, "height": "99999999999999999999"}, func(l Launch) bool { return l.Presentation == Presentation{} }},
		{"V23 name an object", "name", map[string]any{"full": "x"}, func(l Launch) bool { return l.User.Name == "" }},
		{"V23 resource link id a number", claimResourceLink, map[string]any{"id": 41}, func(l Launch) bool { return l.ResourceLink.ID == "41" }},
		{"V23 custom with a NUL", claimCustom, map[string]any{"room": "a\u0000b", "open": "class"}, func(l Launch) bool { return len(l.Custom) == 1 }},
		{"V23 scope with a NUL", claimAGSEndpoint, map[string]any{"scope": []string{"a\u0000b", AGSScore}}, func(l Launch) bool { return len(l.Grades.Scopes) == 1 }},
		{"V23 sub a number", "sub", 2088, func(l Launch) bool { return l.User.ID == "2088" }},
		{"V24 line items without https", claimAGSEndpoint, map[string]any{"scope": []string{AGSScore}, "lineitems": "http://lms.example/items", "lineitem": "https://lms.example/item"},
			func(l Launch) bool {
				return l.Grades.LineItems == "" && l.Grades.LineItem == "https://lms.example/item" && len(l.Grades.Scopes) == 1
			}},
		{"V24 line item without https", claimAGSEndpoint, map[string]any{"lineitem": "http://lms.example/item"}, func(l Launch) bool { return l.Grades.LineItem == "" }},
		{"V24 line item with a user", claimAGSEndpoint, map[string]any{"lineitem": "https://a:b@lms.example/item"}, func(l Launch) bool { return l.Grades.LineItem == "" }},
		{"V24 memberships of a file", claimNRPS, map[string]any{"context_memberships_url": "file:///etc/passwd"}, func(l Launch) bool { return l.Memberships == "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			a.claims[test.claim] = test.value
			if got := a.mustLaunch(t); !test.want(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What is left out of a launch is in the log, by name and without its value.
func TestIgnoredIsLogged(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	w.tool.Log = slog.New(slog.NewTextHandler(&log, nil))
	a := w.begin(t)
	a.claims[claimCustom] = map[string]any{
		"a_large": strings.Repeat("v", maxCustomValue+1), "as_large_as_may_be": strings.Repeat("v", maxCustomValue),
		strings.Repeat("n", maxCustomName+1): "value", strings.Repeat("m", maxCustomName): "value",
	}
	got := a.mustLaunch(t)
	if len(got.Custom) != 2 || len(got.Custom["as_large_as_may_be"]) != maxCustomValue || got.Custom[strings.Repeat("m", maxCustomName)] != "value" {
		t.Errorf("%d custom parameters, want 2", len(got.Custom))
	}
	if n := strings.Count(log.String(), "a custom parameter, for its size"); n != 2 || strings.Contains(log.String(), "vvv") {
		t.Errorf("said %d times: %s", n, log.String())
	}
}

// TestLimits: what a platform may fill our pages and database with is bounded.
func TestLimits(t *testing.T) {
	a := newWorld(t).begin(t)
	many, roles := map[string]any{}, []string{}
	for i := range 200 {
		many["key"+strings.Repeat("k", i%10)+string(rune('a'+i%26))+strings.Repeat("z", i/26)] = "value"
		roles = append(roles, "role-"+strings.Repeat("r", i))
	}
	many["a_large"] = strings.Repeat("v", maxCustomValue+1)
	many[strings.Repeat("a", maxCustomName+1)] = "value"
	a.claims[claimCustom], a.claims[claimRoles] = many, roles
	a.claims[claimContext] = map[string]any{"id": "course-1", "type": roles[:30]}
	a.claims[claimAGSEndpoint] = map[string]any{"scope": roles[:30]}
	a.claims["name"] = " Ana\u0000 \u001b[31mÅlund\n" + strings.Repeat("é", 300)
	a.claims[claimResourceLink] = map[string]any{"id": "link-1", "title": strings.Repeat("t", 300), "description": strings.Repeat("d", 3000)}
	got := a.mustLaunch(t)
	if len(got.Custom) != 100 || got.Custom["a_large"]+got.Custom[strings.Repeat("a", maxCustomName+1)] != "" {
		t.Errorf("%d custom parameters, want 100 and none too large", len(got.Custom))
	}
	if len(got.RawRoles) != 100 || len(got.Roles) != 100 {
		t.Errorf("%d roles, want 100", len(got.RawRoles))
	}
	if len(got.Context.Types) != maxTypes || len(got.Grades.Scopes) != maxTypes {
		t.Errorf("%d types and %d scopes, want %d", len(got.Context.Types), len(got.Grades.Scopes), maxTypes)
	}
	if len([]rune(got.User.Name)) != 255 || !strings.HasPrefix(got.User.Name, "Ana [31mÅlund é") {
		t.Errorf("name %q", got.User.Name)
	}
	if len(got.ResourceLink.Title) != 255 || len(got.ResourceLink.Description) != 2000 {
		t.Errorf("title of %d, description of %d", len(got.ResourceLink.Title), len(got.ResourceLink.Description))
	}
}

// TestAdoptedDeployment: the store learns of it.
func TestAdoptedDeployment(t *testing.T) {
	a := newWorld(t).begin(t)
	if got := a.mustLaunch(t); got.NewDeployment || got.DeploymentID != "dep-1" {
		t.Errorf("deployment %q, new: %v", got.DeploymentID, got.NewDeployment)
	}
	b := newWorld(t).begin(t)
	deployment("dep-9", true)(t, b)
	if got := b.mustLaunch(t); !got.NewDeployment || got.DeploymentID != "dep-9" {
		t.Errorf("deployment %q, new: %v", got.DeploymentID, got.NewDeployment)
	}
}

func TestAnonymousLaunch(t *testing.T) {
	a := newWorld(t).begin(t)
	anonymous(nil)(t, a)
	if got := a.mustLaunch(t).User; !got.Anonymous || got.ID != "" {
		t.Errorf("user %+v, want anonymous", got)
	}
	b := newWorld(t).begin(t)
	b.registration().AllowAnonymous = true
	if got := b.mustLaunch(t).User; got.Anonymous || got.ID != "user-1" {
		t.Errorf("user %+v, want user-1", got)
	}
}

func TestLinkFromDeployment(t *testing.T) {
	a := newWorld(t).begin(t)
	a.registration().LinkFromDeployment = true
	a.claims[claimResourceLink] = map[string]any{}
	if got := a.mustLaunch(t).ResourceLink.ID; got != "dep-1" {
		t.Errorf("resource link %q, want the deployment's id", got)
	}
	b := newWorld(t).begin(t)
	b.registration().LinkFromDeployment = true
	if got := b.mustLaunch(t).ResourceLink.ID; got != "link-1" {
		t.Errorf("resource link %q, want its own id", got)
	}
}

// TestNonceExpires: a nonce is kept as long as its state could be accepted.
func TestNonceExpires(t *testing.T) {
	a := newWorld(t).begin(t)
	got := a.mustLaunch(t)
	if got.Nonce != a.claims["nonce"] {
		t.Errorf("nonce %q, want %q", got.Nonce, a.claims["nonce"])
	}
	if last := testNow.Add(stateLife + windowLife); got.NonceExpires.Before(last) {
		t.Errorf("nonce is forgotten at %v, and may come until %v", got.NonceExpires, last)
	}
}

// TestDeepLinkingData comes back whatever it is.
func TestDeepLinkingData(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"text", "tool:12 <&>", `"tool:12 \u003c\u0026\u003e"`}, {"number", 7, `7`}, {"object", map[string]any{"a": 1}, `{"a":1}`}, {"null", nil, ""}, {"empty", "", `""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			deepLinking(func(s map[string]any) { s["data"] = test.value })(t, a)
			if got := a.mustLaunch(t).DeepLinking.Data; string(got) != test.want {
				t.Errorf("data %s, want %s", got, test.want)
			}
		})
	}
}

func TestDeepLinkingFlags(t *testing.T) {
	a := newWorld(t).begin(t)
	deepLinking(func(s map[string]any) {
		s["accept_multiple"], s["accept_lineitem"], s["auto_create"] = true, false, true
		s["title"], s["text"] = "T", "X"
	})(t, a)
	got := a.mustLaunch(t).DeepLinking
	if !got.AcceptMultiple || !got.RefuseLineItems || !got.AutoCreate || got.Title != "T" || got.Text != "X" || !got.AcceptsLinks() {
		t.Errorf("settings %+v", got)
	}
}

// TestDeepLinkingKeepsWhatWasTyped: title and text go back letter by letter.
func TestDeepLinkingKeepsWhatWasTyped(t *testing.T) {
	title, text := " Week 3 \t– <b>", "<p dir=\"ltr\">Bring &amp; read</p>\r\n"+strings.Repeat("<p>é</p>\n", 1000)
	a := newWorld(t).begin(t)
	deepLinking(func(s map[string]any) { s["title"], s["text"] = title, text })(t, a)
	got := a.mustLaunch(t).DeepLinking
	if got.Title != title || got.Text != text {
		t.Errorf("title %q and %d bytes of text, want %q and %d", got.Title, len(got.Text), title, len(text))
	}
}

// TestEmptyCancels: an answer without items goes only where it is known to do
// no harm.
func TestEmptyCancels(t *testing.T) {
	for family, want := range map[string]bool{"moodle": true, "canvas": false, "Moodle": false, "": false, "openedx": false} {
		a := newWorld(t).begin(t)
		deepLinking(func(map[string]any) {})(t, a)
		a.claims[claimToolPlatform] = map[string]any{"guid": "x", "product_family_code": family}
		if got := a.mustLaunch(t).DeepLinking.EmptyCancels; got != want {
			t.Errorf("%q: %v, want %v", family, got, want)
		}
	}
}

// TestClockWarning: a clock that will soon break launches is told of.
func TestClockWarning(t *testing.T) {
	for _, test := range []struct {
		name   string
		iat    time.Duration
		warned bool
	}{{"25 s", -25 * time.Second, false}, {"40 s behind", -40 * time.Second, true}, {"40 s ahead", 40 * time.Second, true}} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			a := newWorld(t).begin(t)
			a.tool.Log = slog.New(slog.NewTextHandler(&log, nil))
			times(test.iat, time.Hour)(t, a)
			a.mustLaunch(t)
			if got := strings.Contains(log.String(), "level=WARN"); got != test.warned {
				t.Errorf("warned: %v, want %v: %s", got, test.warned, &log)
			}
		})
	}
}

// TestLogOfOddTokens: what is left out of a launch is in the log.
func TestLogOfOddTokens(t *testing.T) {
	var log bytes.Buffer
	a := newWorld(t).begin(t)
	a.tool.Log = slog.New(slog.NewTextHandler(&log, nil))
	a.claims[claimContext] = "course"
	a.claims[claimAGSEndpoint] = map[string]any{"lineitems": "http://lms.example/items"}
	a.claims[claimTargetLinkURI] = testPublic + "/lti/launch?room=7"
	a.mustLaunch(t)
	for _, part := range []string{claimContext, "lineitems", "room=7"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log doesn't have %s:\n%s", part, &log)
		}
	}
}

func TestLocale(t *testing.T) {
	for _, test := range []struct{ presentation, user, want string }{
		{"en", "fr", "en"}, {"", "fr-CA", "fr-CA"}, {"pt_br", "", "pt-br"}, {"de_comm", "", "de-comm"},
		{"<script>", "fr", "fr"}, {strings.Repeat("a", 36), "", ""}, {"-", "", ""}, {"es_ES", "", "es-ES"},
		{"zh-Hant-419", "", "zh-Hant-419"}, {"az-AZ-09", "", "az-AZ-09"}, {strings.Repeat("a", 35), "", strings.Repeat("a", 35)},
		{"e/", "", ""}, {"e:", "", ""}, {"e@", "", ""}, {"e[", "", ""}, {"e`", "", ""}, {"e{", "", ""}, {"é", "", ""},
	} {
		l := Launch{Presentation: Presentation{Locale: test.presentation}, User: User{Locale: test.user}}
		if got := l.Locale(); got != test.want {
			t.Errorf("locale of %q and %q is %q, want %q", test.presentation, test.user, got, test.want)
		}
	}
}

func TestDisplayName(t *testing.T) {
	for _, test := range []struct {
		user User
		want string
	}{
		{User{Name: "Ana Ålund", GivenName: "A"}, "Ana Ålund"}, {User{GivenName: "Ana", FamilyName: "Ålund"}, "Ana Ålund"},
		{User{FamilyName: "Ålund"}, "Ålund"}, {User{Email: "ana.a@lms.example"}, "ana.a"}, {User{ID: "7"}, ""},
	} {
		if got := test.user.DisplayName(); got != test.want {
			t.Errorf("display name of %+v is %q, want %q", test.user, got, test.want)
		}
	}
}
