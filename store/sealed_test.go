package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

// What was sealed and can't be opened, or read, is an error, and never taken for nothing:
// an empty secret would sign for anybody.
func TestSealThatDoesNotOpen(t *testing.T) {
	for _, test := range []struct {
		name, spoil string
		read        func(t *testing.T, db *store.DB) error
	}{
		{"servers, of another row", `UPDATE servers SET secrets = (SELECT secrets FROM servers WHERE name = 'b') WHERE name = 'a'`, servers},
		{"servers, cut", `UPDATE servers SET secrets = substr(secrets, 1, 20) WHERE name = 'a'`, servers},
		{"servers, emptied", `UPDATE servers SET secrets = x'' WHERE name = 'b'`, servers},
		{"one server", `UPDATE servers SET secrets = x'00' WHERE name = 'b'`, func(t *testing.T, db *store.DB) error {
			_, err := db.ServersOf(t.Context(), classroom.DefaultTenant)
			return err
		}},
		{"a server by its name", `UPDATE servers SET secrets = x'00'`, func(t *testing.T, db *store.DB) error {
			_, err := db.ServerByName(t.Context(), "a")
			return err
		}},
		{"a visit", `UPDATE visits SET private = x'00'`, func(t *testing.T, db *store.DB) error {
			_, err := db.Seat(t.Context(), "v000001")
			return err
		}},
		{"a visit, of another row", `UPDATE visits SET private = (SELECT secrets FROM servers LIMIT 1)`, func(t *testing.T, db *store.DB) error {
			_, err := db.Seat(t.Context(), "v000001")
			return err
		}},
		{"the tool's key", `UPDATE keys SET private = x'00'`, func(t *testing.T, db *store.DB) error {
			_, err := db.SigningKey(t.Context())
			return err
		}},
		{"the tool's keys", `UPDATE keys SET private = (SELECT secrets FROM servers LIMIT 1)`, func(t *testing.T, db *store.DB) error {
			_, err := db.PublishedKeys(t.Context())
			return err
		}},
		{"what was chosen in a window, cut", `UPDATE visits SET answer = '[{'`, func(t *testing.T, db *store.DB) error {
			_, _, err := db.FramedPick(t.Context(), "nonce000001")
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := newSQLite(t)
			db := open(t, url)
			sealAll(t, db)
			if err := test.read(t, open(t, url)); err != nil {
				t.Fatalf("before: %v", err)
			}
			if _, err := plain(t, url).Exec(test.spoil); err != nil {
				t.Fatal(err)
			}
			err := test.read(t, open(t, url))
			if err == nil || errors.Is(err, classroom.ErrNotFound) || errors.Is(err, classroom.ErrNoServer) {
				t.Errorf("error is %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}

func servers(t *testing.T, db *store.DB) error {
	_, err := db.Servers(t.Context())
	return err
}

// sealAll has one of each thing in the database that is sealed.
func sealAll(t *testing.T, db *store.DB) {
	t.Helper()
	p := addPlatform(t, db)
	for _, name := range []string{"a", "b"} {
		s := classroom.Server{Name: name, Server: bbb.Server{URL: "https://" + name + ".example.org/api", Secret: "hush " + bbb.Secret(name)}}
		if _, err := db.AddServer(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	a := launch(p, 1)
	a.Placement, a.Room = classroom.Placement{}, nil
	a.Visit.DeepLinking, a.Visit.Frame = &lti.DeepLinkingSettings{ReturnURL: "https://lms.example.org/hush"}, a.Visit.ID
	seat, err := db.Arrive(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SaveFramedPick(t.Context(), seat.Visit.ID, []lti.ContentItem{{Title: "hush"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
}
