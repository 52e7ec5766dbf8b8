package ltitest

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLaunch(t *testing.T) {
	for profile := range profiles() {
		t.Run(profile, func(t *testing.T) {
			y := newToy(t, Options{Profile: profile})
			link := y.link()
			claims := y.mustLaunch(link.ID, "ben", LaunchOptions{Framed: true})
			ben, _ := y.l.FindPerson("ben")
			for name, want := range map[string]any{
				"iss": y.l.URL(), "aud": y.tool.ClientID, "sub": ben.ID, "name": "Ben Okafor",
				ltiClaim + "version":         "1.3.0",
				ltiClaim + "message_type":    "LtiResourceLinkRequest",
				ltiClaim + "deployment_id":   y.tool.DeploymentID,
				ltiClaim + "target_link_uri": y.tool.LaunchURL,
			} {
				if claims[name] != want {
					t.Errorf("%s = %v, want %v", name, claims[name], want)
				}
			}
			resource := claims[ltiClaim+"resource_link"].(map[string]any)
			if resource["id"] != link.ID || resource["title"] != "Lecture" {
				t.Errorf("resource_link = %v", resource)
			}
			endpoint := claims[agsClaim].(map[string]any)
			if endpoint["lineitem"] != y.l.LineItemURL(*link.LineItem) {
				t.Errorf("lineitem = %v, want %v", endpoint["lineitem"], y.l.LineItemURL(*link.LineItem))
			}
		})
	}
}

// As testdata/moodle/id_token_*.json of a Moodle 4.5.6.
func TestRolesOfMoodle(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	for person, want := range map[string][]any{
		"anna":  {membership + "Instructor"},
		"karim": {membership + "Instructor"},
		"ben":   {membership + "Learner"},
		"ruth":  {membership + "Learner"},
		"sam":   {institutionAdmin, membership + "Instructor", systemAdmin},
	} {
		claims := y.mustLaunch(link.ID, person, LaunchOptions{})
		if diff := cmp.Diff(want, claims[ltiClaim+"roles"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", person, diff)
		}
	}
}

func TestRolesOfPlain(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	link := y.link()
	ben, _ := y.l.FindPerson("ben")
	for person, want := range map[string][]any{
		"karim": {membership + "Instructor", vocabulary + "membership/Instructor#TeachingAssistant"},
		"ruth":  {membership + "Mentor"},
		"nadia": {membership + "Learner"},
		"sam":   {institutionAdmin, systemAdmin},
	} {
		claims := y.mustLaunch(link.ID, person, LaunchOptions{})
		if diff := cmp.Diff(want, claims[ltiClaim+"roles"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", person, diff)
		}
		if person == "ruth" && cmp.Diff([]any{ben.ID}, claims[ltiClaim+"role_scope_mentor"]) != "" {
			t.Errorf("role_scope_mentor = %v", claims[ltiClaim+"role_scope_mentor"])
		}
	}
}

func TestAuthRefuses(t *testing.T) {
	set := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
	drop := func(name string) func(url.Values) { return func(v url.Values) { v.Del(name) } }
	for _, test := range []struct {
		name   string
		change func(url.Values)
		code   string // of the error that the tool hears; "" if it hears nothing
		text   string // on the LMS's page then
	}{
		{"scope with more", set("scope", "openid profile"), "", "scope"},
		{"no nonce", drop("nonce"), "", "nonce"},
		{"no state", drop("state"), "", "state"},
		{"client of nobody", set("client_id", "x"), "", "client_id"},
		{"redirect URI with a query", func(v url.Values) { v.Set("redirect_uri", v.Get("redirect_uri")+"?a=b") }, "", "redirect_uri"},
		{"no hint", drop("lti_message_hint"), "", "lti_message_hint"},
		{"hint changed by a space", func(v url.Values) { v.Set("lti_message_hint", v.Get("lti_message_hint")+" ") }, "", "lti_message_hint"},
		{"unknown parameter", set("display", "page"), "", "unknown parameter"},
		{"state twice", func(v url.Values) { v.Add("state", "y") }, "", "more than once"},
		{"another response_type", set("response_type", "code"), "unsupported_response_type", ""},
		{"no response_type", drop("response_type"), "unsupported_response_type", ""},
		{"another response_mode", set("response_mode", "query"), "invalid_request", ""},
		{"no prompt", drop("prompt"), "invalid_request", ""},
		{"login_hint of somebody else", set("login_hint", "1"), "login_required", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newToy(t, Options{})
			p, err := y.l.Launch(NewBrowser(), y.link().ID, "ben", LaunchOptions{Auth: test.change})
			if err != nil {
				t.Fatal(err)
			}
			if len(y.launches) > 0 {
				t.Fatal("the launch was accepted")
			}
			if test.code == "" {
				if p.Status != 404 || !strings.Contains(p.Text, test.text) {
					t.Errorf("status %d, page %q, want 404 with %q", p.Status, p.Text, test.text)
				}
				return
			}
			if len(y.errors) != 1 || y.errors[0].Get("error") != test.code || y.errors[0].Get("state") == "" {
				t.Errorf("the tool hears %v, want %s", y.errors, test.code)
			}
		})
	}
}

func TestHintWorksOnce(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	for _, test := range []struct {
		reusable bool
		want     int
	}{{false, 404}, {true, 200}} {
		y.l.Change(func(b *Behaviour) { b.HintsReusable = test.reusable })
		p, err := y.l.Launch(NewBrowser(), link.ID, "ben", LaunchOptions{Stop: StopBeforePost})
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.Reload()
		if err != nil {
			t.Fatal(err)
		}
		if again.Status != test.want {
			t.Errorf("reusable %v: second use has status %d, want %d", test.reusable, again.Status, test.want)
		}
	}
}

func TestSigning(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	y.mustLaunch(link.ID, "ben", LaunchOptions{})
	y.l.RotateKeys(false)
	y.mustLaunch(link.ID, "ben", LaunchOptions{})
	for name, how := range map[string]Signing{
		"broken": SignBroken, "none": SignNone, "hs256": SignHS256, "other key": SignOtherKey,
		"unknown kid": SignUnknownKid, "no kid": SignNoKid, "old key": SignOldKey,
	} {
		p, err := y.l.Launch(NewBrowser(), link.ID, "ben", LaunchOptions{Sign: how})
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", name, p.Status)
		}
	}
	y.l.RotateKeys(true)
	y.mustLaunch(link.ID, "ben", LaunchOptions{Sign: SignOldKey})
}

func TestChangedTokens(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	claims := y.mustLaunch(link.ID, "ben", LaunchOptions{Claims: func(c map[string]any) { c["extra"] = "yes" }})
	if claims["extra"] != "yes" {
		t.Error("Claims changed nothing")
	}
	for name, o := range map[string]LaunchOptions{
		"header":  {Header: func(h map[string]any) { h["alg"] = "RS512" }},
		"token":   {Token: func(s string) string { return s + "x" }},
		"payload": {Payload: func([]byte) []byte { return []byte(`{"nonce":"a","nonce":"b"}`) }},
		"nonce":   {Claims: func(c map[string]any) { c["nonce"] = "another" }},
		"form":    {Form: func(v url.Values) { v.Del("id_token") }},
	} {
		p, err := y.l.Launch(NewBrowser(), link.ID, "ben", o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", name, p.Status)
		}
	}
}

func TestStops(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	for _, test := range []struct {
		stop   Stop
		status int
		path   string
	}{
		{StopAfterLogin, 302, "/login"},
		{StopBeforePost, 200, "/lms/lti/auth"},
		{StopAfterPost, 303, "/launch"},
		{StopAtEnd, 200, "/done"},
	} {
		p, err := y.l.Launch(NewBrowser(), link.ID, "ben", LaunchOptions{Stop: test.stop})
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != test.status || p.URL.Path != test.path {
			t.Errorf("stop %d: %d at %s, want %d at %s", test.stop, p.Status, p.URL.Path, test.status, test.path)
		}
	}
}

func TestPostFromAnotherBrowser(t *testing.T) {
	y := newToy(t, Options{})
	p, err := y.l.Launch(NewBrowser(), y.link().ID, "ben", LaunchOptions{PostFrom: NewBrowser()})
	if err != nil {
		t.Fatal(err)
	}
	if p.Status != http.StatusForbidden {
		t.Errorf("status %d, want 403", p.Status)
	}
}

func TestParallelLaunches(t *testing.T) {
	y := newToy(t, Options{})
	link, b := y.link(), NewBrowser()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p, err := y.l.Launch(b, link.ID, "ben", LaunchOptions{Framed: true})
			if err != nil || p.Status != 200 {
				t.Errorf("launch: %v, %+v", err, p)
			}
		})
	}
	all.Wait()
	if len(y.launches) != 8 {
		t.Errorf("%d launches, want 8", len(y.launches))
	}
}

func TestLoginInitiation(t *testing.T) {
	for profile, want := range map[string][]string{
		"moodle":   {"client_id", "iss", "login_hint", "lti_deployment_id", "lti_message_hint", "target_link_uri"},
		"chamilo":  {"client_id", "iss", "login_hint", "lti_message_hint", "target_link_uri"},
		"openolat": {"client_id", "iss", "login_hint", "lti_deployment_id", "target_link_uri"},
		"sakai":    {"client_id", "iss", "login_hint", "lti_deployment_id", "lti_message_hint", "lti_storage_target", "target_link_uri"},
	} {
		y := newToy(t, Options{Profile: profile})
		var sent []string
		y.mustLaunch(y.link().ID, "ben", LaunchOptions{Login: func(v url.Values) {
			for _, name := range append([]string{"canvas_region"}, want...) {
				if v.Has(name) {
					sent = append(sent, name)
				}
			}
			if len(v) != len(want) {
				t.Errorf("%s sends %v", profile, v)
			}
		}})
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", profile, diff)
		}
	}
}

func TestLoginByGET(t *testing.T) {
	y := newToy(t, Options{})
	p, err := y.l.Launch(NewBrowser(), y.link().ID, "ben", LaunchOptions{LoginMethod: http.MethodGet})
	if err != nil || p.Status != 200 || len(y.launches) != 1 {
		t.Errorf("launch by GET: %v, %+v", err, p)
	}
}

func TestChamiloPostsToTheLink(t *testing.T) {
	y := newToy(t, Options{Profile: "chamilo"})
	link := y.l.AddLink(Link{Course: "law", Title: "Other", TargetLinkURI: y.tool.LaunchURL + "?room=7"})
	p, err := y.l.Launch(NewBrowser(), link.ID, "ben", LaunchOptions{Stop: StopBeforePost})
	if err != nil {
		t.Fatal(err)
	}
	if p.Forms[0].Action != link.TargetLinkURI {
		t.Errorf("form goes to %s, want %s", p.Forms[0].Action, link.TargetLinkURI)
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	y := newToy(t, Options{Now: func() time.Time { return now }})
	y.l.Change(func(b *Behaviour) { b.ClockOffset = 40 * time.Second })
	claims := y.mustLaunch(y.link().ID, "ben", LaunchOptions{})
	if iat, exp := claims["iat"], claims["exp"]; iat != float64(now.Unix()+40) || exp != float64(now.Unix()+100) {
		t.Errorf("iat %v, exp %v at %v", iat, exp, now.Unix())
	}
}

func TestCustomParameters(t *testing.T) {
	y := newToy(t, Options{}, func(tool *Tool) {
		tool.LinkFields = map[string]string{"user": "$User.username", "due": "$ResourceLink.due", "Mixed-Case": "Yes", "room": "x"}
	})
	link := y.l.AddLink(Link{Course: "law", Custom: map[string]string{"room": "alpha"}})
	want := map[string]any{"user": "ben", "due": "$ResourceLink.due", "Mixed-Case": "Yes", "mixed_case": "Yes", "room": "alpha"}
	got := y.mustLaunch(link.ID, "ben", LaunchOptions{})[ltiClaim+"custom"]
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("custom (-want +got):\n%s", diff)
	}
}

func TestCopyCourse(t *testing.T) {
	y := newToy(t, Options{})
	link := y.l.AddLink(Link{
		Course: "law", Title: "Room", Custom: map[string]string{"room": "r1"},
		LineItem: &LineItem{ScoreMaximum: 10, Tag: "attendance"},
	})
	copied := y.l.CopyCourse("law", Course{ID: "law-2", Title: "Law again"})
	links := y.l.Links(copied.ID)
	if len(links) != 1 || links[0].ID == link.ID || links[0].Custom["room"] != "r1" {
		t.Fatalf("links of the copy: %+v", links)
	}
	items := y.l.LineItems(copied.ID)
	if len(items) != 1 || items[0].Tag != "attendance" || items[0].Link != links[0].ID {
		t.Errorf("line items of the copy: %+v", items)
	}
	y.mustLaunch(links[0].ID, "ben", LaunchOptions{})
}

func TestIDToken(t *testing.T) {
	y := newToy(t, Options{})
	idToken, err := y.l.IDToken(y.link().ID, "ben", "n-1", LaunchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := y.verify(idToken)
	if err != nil || claims["nonce"] != "n-1" {
		t.Errorf("verify: %v, nonce %v", err, claims["nonce"])
	}
	if _, err := y.l.IDToken("nothing", "ben", "n-1", LaunchOptions{}); err == nil {
		t.Error("a token for a link that doesn't exist")
	}
}

func TestFollowRedirect(t *testing.T) {
	y := newToy(t, Options{})
	p, err := y.l.Launch(NewBrowser(), y.link().ID, "ben", LaunchOptions{Stop: StopAfterPost})
	if err != nil {
		t.Fatal(err)
	}
	if to, ok := p.Location(); !ok || to.Path != "/done" {
		t.Errorf("location %v", to)
	}
	if end := must(p.FollowRedirect())(t); end.Body != "in the room" {
		t.Errorf("ends with %q", end.Body)
	}
}

func TestAuthByPOST(t *testing.T) {
	y := newToy(t, Options{})
	p, err := y.l.Launch(NewBrowser(), y.link().ID, "ben", LaunchOptions{Stop: StopAfterLogin})
	if err != nil {
		t.Fatal(err)
	}
	to, _ := p.Location()
	address, query, _ := strings.Cut(to.String(), "?")
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if r, _ := y.do("PUT", address, form, query); r.StatusCode != 404 {
		t.Errorf("PUT: %d", r.StatusCode)
	}
	if r, body := y.do("POST", address, form, query); r.StatusCode != 200 || !strings.Contains(body, "id_token") {
		t.Errorf("POST: %d %s", r.StatusCode, body)
	}
}

func TestCampusChanges(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	y.l.Enrol("ben", "law", Teacher)
	claims := y.mustLaunch(link.ID, "ben", LaunchOptions{})
	if diff := cmp.Diff([]any{membership + "Instructor"}, claims[ltiClaim+"roles"]); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	y.l.ChangeTool(y.tool.ID, func(tool *Tool) { tool.ShareName, tool.LineItems = false, LineItemsNone })
	claims = y.mustLaunch(link.ID, "ben", LaunchOptions{})
	if claims["name"] != nil || claims[agsClaim] != nil {
		t.Errorf("name %v, endpoint %v", claims["name"], claims[agsClaim])
	}
	y.l.RemoveLink(link.ID)
	if _, err := y.l.Launch(NewBrowser(), link.ID, "ben", LaunchOptions{}); err == nil {
		t.Error("a link that is gone was launched")
	}
	if _, ok := y.l.FindCourse("law"); !ok || len(y.l.LineItems("law")) != 0 {
		t.Error("the course is gone, or its column isn't")
	}
}

func TestForgottenLaunches(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	var first initiation
	for i := range maxWaiting + 1 {
		begun, err := y.l.beginLink(link.ID, "ben", false, LaunchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = begun
		}
	}
	if _, ok := y.l.launches.find(first.Fields.Get("lti_message_hint"), ""); ok || len(y.l.launches.waiting) != maxWaiting {
		t.Errorf("%d launches are remembered, the first %v", len(y.l.launches.waiting), ok)
	}
}

// Canvas sends null for what it doesn't know, and Chamilo [] for empty maps.
func TestOddValues(t *testing.T) {
	canvas := newToy(t, Options{Profile: "canvas"}, func(tool *Tool) { tool.ShareEmail = false })
	claims := canvas.mustLaunch(canvas.link().ID, "ben", LaunchOptions{})
	if email, ok := claims["email"]; !ok || email != nil || claims["azp"] != canvas.tool.ClientID {
		t.Errorf("email %v %v, azp %v", email, ok, claims["azp"])
	}
	chamilo := newToy(t, Options{Profile: "chamilo"})
	claims = chamilo.mustLaunch(chamilo.link().ID, "ben", LaunchOptions{})
	if diff := cmp.Diff(any([]any{}), claims[ltiClaim+"custom"]); diff != "" {
		t.Errorf("custom (-want +got):\n%s", diff)
	}
}
