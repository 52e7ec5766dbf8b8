package admin

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti"
)

// What an LMS doesn't show follows from what it shows (docs/admin-guide).
func TestGuidesDerive(t *testing.T) {
	for _, test := range []struct {
		name    string
		lms     LMS
		answers Answers
		want    lti.Registration
	}{
		{"Moodle, below a path, pasted with blanks", Moodle, Answers{"name": "M", "issuer": " https://lms.example/moodle\n", "client_id": "abc", "deployment_id": "4"}, lti.Registration{
			Name: "M", Issuer: "https://lms.example/moodle", ClientID: "abc", Deployments: map[string]bool{"4": true},
			AuthURL: "https://lms.example/moodle/mod/lti/auth.php", TokenURL: "https://lms.example/moodle/mod/lti/token.php", JWKSURL: "https://lms.example/moodle/mod/lti/certs.php",
		}},
		{"Canvas in the cloud adopts", Canvas, Answers{"kind": "canvas_cloud", "client_id": "10000000000123"}, lti.Registration{
			Issuer: "https://canvas.instructure.com", ClientID: "10000000000123", Deployments: map[string]bool{}, AdoptDeployments: true,
			AuthURL: "https://sso.canvaslms.com/api/lti/authorize_redirect", TokenURL: "https://sso.canvaslms.com/login/oauth2/token", JWKSURL: "https://sso.canvaslms.com/api/lti/security/jwks",
		}},
		{"its test environment", Canvas, Answers{"kind": "canvas_test", "client_id": "1", "deployment_id": "7:ab\r\n 8:cd \n\n7:ab"}, lti.Registration{
			Issuer: "https://canvas.test.instructure.com", ClientID: "1", Deployments: map[string]bool{"7:ab": true, "8:cd": true},
			AuthURL: "https://sso.test.canvaslms.com/api/lti/authorize_redirect", TokenURL: "https://sso.test.canvaslms.com/login/oauth2/token", JWKSURL: "https://sso.test.canvaslms.com/api/lti/security/jwks",
		}},
		{"a comma is part of an id", Canvas, Answers{"kind": "canvas_test", "client_id": "1", "deployment_id": "7:ab,8:cd"}, lti.Registration{
			Issuer: "https://canvas.test.instructure.com", ClientID: "1", Deployments: map[string]bool{"7:ab,8:cd": true},
			AuthURL: "https://sso.test.canvaslms.com/api/lti/authorize_redirect", TokenURL: "https://sso.test.canvaslms.com/login/oauth2/token", JWKSURL: "https://sso.test.canvaslms.com/api/lti/security/jwks",
		}},
		{"a Canvas of one's own", Canvas, Answers{"kind": "canvas_own", "host": "https://canvas.example/", "issuer": "https://canvas.instructure.com", "client_id": "1", "deployment_id": "7:ab"}, lti.Registration{
			Issuer: "https://canvas.instructure.com", ClientID: "1", Deployments: map[string]bool{"7:ab": true},
			AuthURL: "https://canvas.example/api/lti/authorize_redirect", TokenURL: "https://canvas.example/login/oauth2/token", JWKSURL: "https://canvas.example/api/lti/security/jwks",
		}},
		{"Sakai's issuer may have a path", Sakai, Answers{"issuer": "https://sakai.example/deployment/2", "client_id": "c", "deployment_id": "2", "token_url": "https://sakai.example/imsblis/lti13/token/17"}, lti.Registration{
			Issuer: "https://sakai.example/deployment/2", ClientID: "c", Deployments: map[string]bool{"2": true},
			AuthURL: "https://sakai.example/imsoidc/lti13/oidc_auth", TokenURL: "https://sakai.example/imsblis/lti13/token/17", JWKSURL: "https://sakai.example/imsblis/lti13/keyset",
		}},
		{"Chamilo 2", Chamilo, Answers{"kind": "chamilo_2", "issuer": "https://ch.example", "client_id": "c", "deployment_id": "1"}, lti.Registration{
			Issuer: "https://ch.example", ClientID: "c", Deployments: map[string]bool{"1": true},
			AuthURL: "https://ch.example/plugin/ImsLti/auth.php", TokenURL: "https://ch.example/plugin/ImsLti/token.php", JWKSURL: "https://ch.example/plugin/ImsLti/jwks.php",
		}},
		{"Blackboard's issuer is everybody's", Blackboard, Answers{"client_id": "app/1", "deployment_id": "uuid"}, lti.Registration{
			Issuer: "https://blackboard.com", ClientID: "app/1", Deployments: map[string]bool{"uuid": true},
			AuthURL: "https://developer.blackboard.com/api/v1/gateway/oidcauth", TokenURL: "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
			JWKSURL: "https://developer.blackboard.com/api/v1/management/applications/app%2F1/jwks.json",
		}},
		{"D2L has an audience of its own", D2L, Answers{"issuer": "https://org.brightspace.com", "client_id": "c", "deployment_id": "d"}, lti.Registration{
			Issuer: "https://org.brightspace.com", ClientID: "c", Deployments: map[string]bool{"d": true},
			AuthURL: "https://org.brightspace.com/d2l/lti/authenticate", TokenURL: "https://auth.brightspace.com/core/connect/token", JWKSURL: "https://org.brightspace.com/d2l/.well-known/jwks",
			TokenAudience: "https://api.brightspace.com/auth/token",
		}},
		{"ILIAS", ILIAS, Answers{"issuer": "https://ilias.example", "client_id": "c", "deployment_id": "3"}, lti.Registration{
			Issuer: "https://ilias.example", ClientID: "c", Deployments: map[string]bool{"3": true},
			AuthURL: "https://ilias.example/ltiauth.php", TokenURL: "https://ilias.example/ltitoken.php", JWKSURL: "https://ilias.example/lticerts.php",
		}},
		{"OpenOLAT without a shared deployment", OpenOLAT, Answers{"issuer": "https://olat.example", "client_id": "c", "token_url": "https://olat.example/lti/token/key"}, lti.Registration{
			Issuer: "https://olat.example", ClientID: "c", Deployments: map[string]bool{}, AdoptDeployments: true, LinkFromDeployment: true,
			AuthURL: "https://olat.example/lti/auth", TokenURL: "https://olat.example/lti/token/key", JWKSURL: "https://olat.example/lti/keys",
		}},
		{"OpenOLAT with one", OpenOLAT, Answers{"issuer": "https://olat.example", "client_id": "c", "token_url": "https://olat.example/lti/token", "deployment_id": "d"}, lti.Registration{
			Issuer: "https://olat.example", ClientID: "c", Deployments: map[string]bool{"d": true},
			AuthURL: "https://olat.example/lti/auth", TokenURL: "https://olat.example/lti/token", JWKSURL: "https://olat.example/lti/keys",
		}},
		{"Open edX: the deployment is always 1", OpenEdX, Answers{"issuer": "https://courses.example/", "client_id": "c", "token_url": "https://courses.example/api/lti_consumer/v1/token/id", "jwks_url": "https://courses.example/api/lti_consumer/v1/public_keysets/id"}, lti.Registration{
			Issuer: "https://courses.example", ClientID: "c", Deployments: map[string]bool{"1": true},
			AuthURL: "https://courses.example/api/lti_consumer/v1/launch/", TokenURL: "https://courses.example/api/lti_consumer/v1/token/id", JWKSURL: "https://courses.example/api/lti_consumer/v1/public_keysets/id",
		}},
		{"WordPress has no token URL", WordPress, Answers{"issuer": "https://www.example", "client_id": "classroom", "deployment_id": "1"}, lti.Registration{
			Issuer: "https://www.example", ClientID: "classroom", Deployments: map[string]bool{"1": true},
			AuthURL: "https://www.example/?lti-platform&auth", JWKSURL: "https://www.example/?lti-platform&keys",
		}},
		{"any other", OtherLMS, Answers{"issuer": "https://x.example/", "client_id": "c", "auth_url": "https://x.example/a", "token_url": "https://x.example/t", "jwks_url": "https://x.example/k", "token_audience": "aud"}, lti.Registration{
			Issuer: "https://x.example/", ClientID: "c", Deployments: map[string]bool{}, AdoptDeployments: true,
			AuthURL: "https://x.example/a", TokenURL: "https://x.example/t", JWKSURL: "https://x.example/k", TokenAudience: "aud",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := GuideOf(test.lms).Registration(test.answers)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			got.Name = "x"
			if flaws := (Platform{Registration: got}).Flaws(false); len(flaws) > 0 {
				t.Errorf("what is derived has flaws: %v", flaws)
			}
		})
	}
}

// Values that were left out are flaws of a field that the guide asks for, or of
// one that is made of it: nothing is registered with half an address.
func TestGuidesWithoutAnswers(t *testing.T) {
	for _, g := range Guides() {
		flaws := Platform{Registration: g.Registration(Answers{})}.Flaws(false)
		fields := map[string]bool{}
		for _, f := range flaws {
			fields[f.Field] = true
		}
		if !fields["name"] || !fields["client_id"] {
			t.Errorf("%s without answers has the flaws %v", g.LMS, flaws)
		}
	}
}

// What an LMS shows isn't guessed when it is left out; a deployment's id least of
// all, for without one everybody's would be adopted.
func TestGuidesMissing(t *testing.T) {
	for _, test := range []struct {
		name    string
		lms     LMS
		answers Answers
		want    map[string]string
	}{
		{"nothing of Blackboard", Blackboard, Answers{}, map[string]string{"name": "value_empty", "client_id": "value_empty", "deployment_id": "value_empty"}},
		{"blanks and line ends for a deployment", Blackboard, Answers{"name": "B", "client_id": "c", "deployment_id": " \r\n\u200b"}, map[string]string{"deployment_id": "value_empty"}},
		{"Moodle's deployment", Moodle, Answers{"name": "M", "issuer": "https://m.example", "client_id": "c"}, map[string]string{"deployment_id": "value_empty"}},
		{"Sakai's token URL", Sakai, Answers{"name": "S", "issuer": "https://s.example", "client_id": "c", "deployment_id": "1"}, map[string]string{"token_url": "value_empty"}},
		{"nothing is missing of a Canvas in the cloud", Canvas, Answers{"name": "C", "client_id": "1"}, map[string]string{}},
		{"nor of OpenOLAT without a shared deployment", OpenOLAT, Answers{"name": "O", "issuer": "https://o.example", "client_id": "c", "token_url": "https://o.example/lti/token"}, map[string]string{}},
		{"nor of another", OtherLMS, Answers{"name": "X", "issuer": "https://x.example", "client_id": "c", "auth_url": "https://x.example/a", "jwks_url": "https://x.example/k"}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, GuideOf(test.lms).Missing(test.answers)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A derived value that can't be taken is told where it came from.
func TestGuidesFrom(t *testing.T) {
	for _, test := range []struct {
		lms           LMS
		derived, want string
	}{
		{Moodle, "auth_url", "issuer"},
		{Sakai, "auth_url", "token_url"},
		{Sakai, "issuer", "issuer"},
		{OpenOLAT, "jwks_url", "token_url"},
		{OpenEdX, "jwks_url", "jwks_url"},
		{Canvas, "jwks_url", "host"},
		{Blackboard, "jwks_url", "client_id"},
		{OtherLMS, "auth_url", "auth_url"},
		{OtherLMS, "name", "name"},
	} {
		if got := GuideOf(test.lms).From(test.derived); got != test.want {
			t.Errorf("%s of %s comes from %s, want %s", test.derived, test.lms, got, test.want)
		}
	}
}

func TestFlaws(t *testing.T) {
	good := lti.Registration{
		Name: "M", Issuer: "https://m.example", ClientID: "c", AuthURL: "https://m.example/a", JWKSURL: "https://m.example/k",
		Deployments: map[string]bool{"1": true}, FrameAncestors: []string{"https://p.example"},
	}
	for _, test := range []struct {
		name     string
		change   func(*lti.Registration)
		loopback bool
		want     []Flaw
	}{
		{"none, without a token URL", func(*lti.Registration) {}, false, nil},
		{"no name", func(r *lti.Registration) { r.Name = "" }, false, []Flaw{{"name", "empty", ""}}},
		{"a control character in the name", func(r *lti.Registration) { r.Name = "a\x07" }, false, []Flaw{{"name", "control", "a\x07"}}},
		{"a mark that nobody sees in the issuer", func(r *lti.Registration) { r.Issuer += "\u200b" }, false, []Flaw{{"issuer", "unseen", "https://m.example\u200b"}}},
		{"http", func(r *lti.Registration) { r.AuthURL = "http://m.example/a" }, false, []Flaw{{"auth_url", "https", "http://m.example/a"}}},
		{"http for trying out", func(r *lti.Registration) { r.AuthURL = "http://m.example/a" }, true, nil},
		{"no address", func(r *lti.Registration) { r.TokenURL = "m.example" }, false, []Flaw{{"token_url", "address", "m.example"}}},
		{"an empty deployment", func(r *lti.Registration) { r.Deployments = map[string]bool{"": true} }, false, []Flaw{{"deployment_id", "deployment", ""}}},
		{"more than an origin", func(r *lti.Registration) { r.FrameAncestors = []string{"https://p.example/x"} }, false, []Flaw{{"frame_ancestor", "origin", "https://p.example/x"}}},
		{"two in one", func(r *lti.Registration) { r.FrameAncestors = []string{"https://p.example;x"} }, false, []Flaw{{"frame_ancestor", "origin", "https://p.example;x"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := good
			test.change(&r)
			if diff := cmp.Diff(test.want, Platform{Registration: r}.Flaws(test.loopback)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
