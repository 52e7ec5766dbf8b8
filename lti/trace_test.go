package lti

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// traceOf is the refusal that an error is.
func traceOf(t *testing.T, err error) *Refusal {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no refusal", err)
	}
	return refusal
}

// A refusal tells what was wanted and what came, as an admin compares them, and
// how far the launch had come.
func TestRefusedLaunchTellsWhatIsKnown(t *testing.T) {
	clock := func(w *world) string { return w.tool.Now().UTC().Format(time.RFC3339) }
	for _, test := range []struct {
		name          string
		spoil         func(a *attempt)
		code          string
		expected, got func(a *attempt) string
		ahead         time.Duration
	}{
		{"another issuer", func(a *attempt) { a.claims["iss"] = testIssuer + "/" }, CodeIssMismatch,
			func(*attempt) string { return testIssuer }, func(*attempt) string { return testIssuer + "/" }, 0},
		{"another client", func(a *attempt) { a.claims["aud"] = []string{"other"} }, CodeAudMismatch,
			func(*attempt) string { return testClient }, func(*attempt) string { return "other" }, 0},
		{"another deployment", func(a *attempt) {
			a.registration().Deployments = map[string]bool{"7": true, "8": true}
		}, CodeDeploymentUnknown, func(*attempt) string { return "7, 8" }, func(*attempt) string { return "dep-1" }, 0},
		{"a clock that is ahead", func(a *attempt) {
			a.claims["iat"], a.claims["exp"] = a.tool.Now().Add(5*time.Minute).Unix(), a.tool.Now().Add(6*time.Minute).Unix()
		}, CodeIatInvalid, func(a *attempt) string { return clock(a.world) },
			func(a *attempt) string { return a.tool.Now().Add(5 * time.Minute).UTC().Format(time.RFC3339) }, 5 * time.Minute},
		{"a clock that is behind", func(a *attempt) {
			a.claims["iat"], a.claims["exp"] = a.tool.Now().Add(-5*time.Minute).Unix(), a.tool.Now().Add(-4*time.Minute).Unix()
		}, CodeExpired, func(a *attempt) string { return clock(a.world) },
			func(a *attempt) string { return a.tool.Now().Add(-4 * time.Minute).UTC().Format(time.RFC3339) }, -5 * time.Minute},
		{"another address", func(a *attempt) { a.claims[claimTargetLinkURI] = "https://other.example/lti/launch" }, CodeTargetInvalid,
			func(*attempt) string { return testPublic + "/lti/launch" }, func(*attempt) string { return "https://other.example/lti/launch" }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newWorld(t).begin(t)
			a.claims["name"] = "Anna Moreau"
			test.spoil(a)
			_, err := a.launch(t)
			r := traceOf(t, err)
			got := []any{r.Code, r.Expected, r.Got, r.Of.RegistrationID, r.Of.User.Name, r.Of.ClockAhead.Round(time.Minute)}
			want := []any{test.code, test.expected(a), test.got(a), "reg-1", "Anna Moreau", test.ahead}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if age := a.tool.Now().Sub(r.Of.LoginAt); age < 0 || age > time.Minute {
				t.Errorf("the login was at %v", r.Of.LoginAt)
			}
		})
	}
}

// Before the signature is good, what a token says of its person is anybody's
// word.
func TestUnsignedWordsAreNotTraced(t *testing.T) {
	a := newWorld(t).begin(t)
	a.claims["name"] = "Anna Moreau"
	a.sign(t)
	a.response.IDToken = a.response.IDToken[:len(a.response.IDToken)-8] + "AAAAAAAA"
	_, err := a.launch(t)
	if r := traceOf(t, err); r.Of.RegistrationID != "reg-1" || r.Of.User != (User{}) {
		t.Errorf("%+v", r.Of)
	}
}

func TestRefusedLoginTellsWhatIsKnown(t *testing.T) {
	for _, test := range []struct {
		name          string
		spoil         func(w *world, r *LoginRequest)
		expected, got string
		of            Trace
	}{
		{"an issuer that nobody registered", func(_ *world, r *LoginRequest) { r.Issuer = testIssuer + "/" }, "", testIssuer + "/",
			Trace{Issuer: testIssuer + "/", ClientID: testClient, DeploymentID: "dep-1"}},
		{"a client of a known issuer", func(_ *world, r *LoginRequest) { r.ClientID = "other" }, testClient, "other",
			Trace{Issuer: testIssuer, ClientID: "other", DeploymentID: "dep-1"}},
		{"disabled", func(w *world, _ *LoginRequest) { w.registration().Disabled = true }, "", "",
			Trace{RegistrationID: "reg-1", Issuer: testIssuer, ClientID: testClient, DeploymentID: "dep-1"}},
		{"another target", func(_ *world, r *LoginRequest) { r.TargetLinkURI = "https://other.example/" }, testPublic + "/lti/launch", "https://other.example/",
			Trace{Issuer: testIssuer, ClientID: testClient, DeploymentID: "dep-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			request := goodLogin()
			test.spoil(w, &request)
			_, err := w.tool.Login(t.Context(), request)
			r := traceOf(t, err)
			if r.Expected != test.expected || r.Got != test.got {
				t.Errorf("expected %q, got %q", r.Expected, r.Got)
			}
			if diff := cmp.Diff(test.of, r.Of, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
