package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// What another program changes of the registrations.
func TestChangedByAnotherProgram(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		here, there := open(t, url), open(t, url)
		now := time.Now()
		here.Now = func() time.Time { return now } // its memory stays as it is
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		look := func() {
			t.Helper()
			now = now.Add(time.Second)
			ok(here.LookAgain(t.Context()))
		}
		known := func() []lti.Registration {
			t.Helper()
			list, err := here.RegistrationsOf(t.Context(), "https://lms.example.org")
			ok(err)
			return list
		}
		if got := known(); len(got) != 0 {
			t.Fatalf("at the start: %v", got)
		}
		platform, err := there.AddPlatform(t.Context(), admin.Platform{Registration: lti.Registration{
			Name: "uni", Issuer: "https://lms.example.org", ClientID: "client-1", Deployments: map[string]bool{"1": true},
		}})
		ok(err)
		look()
		if got := known(); len(got) != 1 {
			t.Fatalf("after a look: %v", got)
		}

		n := 0
		arrive := func(course string) error {
			n++
			id := string(rune('a' + n))
			_, err := here.Arrive(t.Context(), classroom.Arrival{
				Nonce: id, NonceExpires: now.Add(time.Hour),
				Course:    classroom.Course{ID: "c" + id, RegistrationID: platform.ID, DeploymentID: "1", ContextKey: course},
				Person:    classroom.Person{ID: "p" + id, RegistrationID: platform.ID, Subject: "ann"},
				Enrolment: classroom.Enrolment{Role: classroom.Viewer, SeenAt: now},
				Visit:     classroom.Visit{ID: "v" + id, RegistrationID: platform.ID, DeploymentID: "1", Role: classroom.Viewer, CreatedAt: now, ExpiresAt: now.Add(time.Hour)},
			})
			return err
		}
		shut := func(course, code string) {
			t.Helper()
			if got := known(); len(got) != 1 || got[0].Disabled {
				t.Fatalf("the test needs a memory that is old: %v", got)
			}
			var refusal *lti.Refusal
			if err := arrive(course); !errors.As(err, &refusal) || refusal.Code != code {
				t.Errorf("a launch in a course that is %s: %v, want %s", course, err, code)
			}
			if got := known(); len(got) == 1 && !got[0].Disabled { // logins are refused from now on, too
				t.Errorf("still known as %+v", got[0])
			}
		}
		ok(arrive("known"))
		for _, course := range []string{"known", "new"} {
			ok(there.SetPlatformDisabled(t.Context(), "uni", true))
			shut(course, lti.CodePlatformDisabled)
			ok(there.SetPlatformDisabled(t.Context(), "uni", false))
			look()
		}
		// Whoever asks a second later knows it without a look.
		ok(there.SetPlatformDisabled(t.Context(), "uni", true))
		now = now.Add(time.Second)
		if got := known(); len(got) != 1 || !got[0].Disabled {
			t.Errorf("a second later: %v", got)
		}
		ok(there.SetPlatformDisabled(t.Context(), "uni", false))
		look()
		ok(arrive("known"))
		ok(there.RemovePlatform(t.Context(), "uni"))
		shut("known", lti.CodeLoginUnknownPlatform)
	})
}
