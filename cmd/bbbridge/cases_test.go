package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// aCase is a file of testdata/cases: what users of other tools stumbled over.
func aCase(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cases", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// WordPress names its endpoint by parameters of the address. Some of an
// address's own may be among ours: each is sent once.
func TestAuthenticationURLWithParameters(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	w.lms.Change(func(b *ltitest.Behaviour) { b.AuthQuery = "lti-platform&auth" })
	tool := w.alsoRegister("WordPress", func(r *lti.Registration) { r.AuthURL += "&prompt=login&client_id=another" })
	link := w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "Classroom"})
	page := w.launch(link, "anna", ltitest.LaunchOptions{})
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.Path, "/rooms/") {
		t.Errorf("%d %s at %s", page.Status, page.Text, page.URL)
	}
}

// A token for us alone that names another authorised party is refused, and
// what the page says of it is true.
func TestCaseAzpOfSomebodyElse(t *testing.T) {
	var claims map[string]any
	if err := json.Unmarshal([]byte(aCase(t, "azp-of-somebody-else/claims.json")), &claims); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, worldOptions{})
	page := w.launch(w.link(), "anna", ltitest.LaunchOptions{Claims: func(c map[string]any) {
		c["azp"] = claims["azp"]
		if _, one := c["aud"].(string); !one {
			t.Errorf("aud is %v, want one text", c["aud"])
		}
	}})
	if page.Status != http.StatusUnauthorized || !strings.Contains(page.Text, "jwt_azp_mismatch") ||
		!strings.Contains(page.Text, "authorised party (azp) isn't the registered client id, or") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
}
