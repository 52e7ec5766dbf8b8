package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// A delivery finds the line item between a launch's look at the placement and
// what it writes there, as may be on PostgreSQL.
func TestLaunchKeepsALineItemFoundMeanwhile(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), MasterKey{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	platform, err := db.AddPlatform(t.Context(), admin.Platform{Registration: lti.Registration{Name: "LMS", Issuer: "https://lms.example", ClientID: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	course := classroom.Course{ID: "c", RegistrationID: platform.ID, DeploymentID: "1", ContextKey: "context:1"}
	a := classroom.Arrival{
		Nonce: "n", Course: course, Person: classroom.Person{ID: "u", RegistrationID: platform.ID, Subject: "5"},
		Placement: classroom.Placement{ID: "p", ResourceLinkID: "41", Title: "Lecture", RoomID: "r"},
		Room:      &classroom.Room{ID: "r", TenantID: classroom.DefaultTenant, MeetingID: "m", CreatedAt: time.Now()},
		Visit:     classroom.Visit{ID: "v", CreatedAt: time.Now(), ExpiresAt: time.Now()},
	}
	seat, err := db.Arrive(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	found := gradebook.LineItem{URL: "https://lms.example/items/1", Max: 10, Made: true}
	if err := db.SaveLineItem(t.Context(), "p", found); err != nil {
		t.Fatal(err)
	}
	a.Placement.Title = "Lecture, renamed"
	err = db.write(t.Context(), func(c *conn) error {
		return c.learnPlacement(t.Context(), arrival{Arrival: a}, &known{Seat: seat})
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.PlacementOf(t.Context(), classroom.Link{RegistrationID: platform.ID, DeploymentID: "1", ContextKey: "context:1", ResourceLinkID: "41"})
	if err != nil || got.Title != a.Placement.Title {
		t.Errorf("title %q, %v", got.Title, err)
	}
	if diff := cmp.Diff(found, got.LineItem); diff != "" {
		t.Errorf("line item (-want +got):\n%s", diff)
	}
}
