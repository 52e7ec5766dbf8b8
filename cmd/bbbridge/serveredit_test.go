package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// What is done to servers at the shell holds without a restart, and is said.
func TestServersAtTheShell(t *testing.T) {
	w, p, link := served(t)
	second := bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
	file := func(secret string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	p.must("server", "add", "--name", "second", "--url", second.URL(), "--secret-file", file(second.Secret()))
	for _, do := range []struct {
		args string
		want []string // empty: it is refused
	}{
		{"server assign second --tenant nobody", nil},
		{"server assign nobody --tenant default", nil},
		{"server assign second --tenant default", []string{"Classes of default begin on second"}},
		{"tenant show", []string{"second"}},
		{"server assign bbb --tenant default", []string{"and on their other servers"}},
		{"tenant show", []string{"bbb, second"}},
		{"server drain second", []string{"out of service", "0 classes run there now", "New classes of default begin on: bbb\n"}},
		{"server list", []string{"out of service", "new classes"}},
		{"server drain bbb", []string{"none: all are out of service"}},
		{"server drain bbb --undo", []string{"back in service"}},
		{"server drain nobody", nil},
		{"server edit second", nil},
		{"server edit second --url ftp://x", nil},
		{"server edit second --name bbb", nil},
		{"server edit second --name other --checksum sha512", []string{"Changed other"}},
		{"server list", []string{"sha512"}},
		{"server assign second", nil},
		{"server assign other", []string{"belongs to nobody"}},
		{"server secret bbb", nil},
		{"server secret bbb --secret-file nowhere", nil},
		{"server secret bbb --forget-previous", []string{"must be signed with its secret of now"}},
	} {
		got, err := p.command(strings.Fields(do.args)...)
		if (err != nil) != (do.want == nil) {
			t.Errorf("%s: %v %s", do.args, err, got)
		}
		for _, want := range do.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s doesn't say %q: %s", do.args, want, got)
			}
		}
	}

	w.bbb.RotateSecret("the-new-secret")
	if got := p.must("server", "secret", "bbb", "--secret-file", file("the-new-secret")); !strings.Contains(got, "--forget-previous") || strings.Contains(got, "the-new-secret") {
		t.Errorf("server secret: %s", got)
	}
	if got := p.must("server", "test", "bbb"); !strings.Contains(got, "All is well") || !strings.Contains(got, "--callbacks") {
		t.Errorf("server test: %s", got)
	}
	w.eventually("a class begins with the new secret", func() bool {
		page := w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start")
		return page.URL.Host == hostOf(w.bbb.URL()) || page.Status == 303
	})
	if got, err := p.command("server", "test", "other"); err == nil || !strings.Contains(got, "cause: address_blocked") {
		t.Errorf("a server of another address: %v %s", err, got)
	}
}
