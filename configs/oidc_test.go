package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOIDC(t *testing.T) {
	folder := t.TempDir()
	secret := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := func() Config {
		c := Defaults()
		c.PublicURL = "https://classrooms.example.edu"
		c.OIDCIssuer, c.OIDCClientID, c.OIDCRoles = "https://login.example.edu/realms/staff", "bbbridge", []string{"a=operator"}
		c.OIDCClientSecretFile = secret("good", " hush \n")
		return c
	}
	for _, test := range []struct {
		name   string
		change func(*Config)
		wrong  string // the keys
	}{
		{"all", func(*Config) {}, ""},
		{"no secret, PKCE alone", func(c *Config) { c.OIDCClientSecretFile = "" }, ""},
		{"on this machine", func(c *Config) { c.OIDCIssuer = "http://localhost:8080" }, ""},
		{"plain HTTP", func(c *Config) { c.OIDCIssuer = "http://login.example.edu" }, "oidc_issuer"},
		{"no address", func(c *Config) { c.OIDCIssuer = "login.example.edu" }, "oidc_issuer"},
		{"an address with a query", func(c *Config) { c.OIDCIssuer += "?a=b" }, "oidc_issuer"},
		{"no client", func(c *Config) { c.OIDCClientID = "" }, "oidc_client_id"},
		{"nobody may", func(c *Config) { c.OIDCRoles = nil }, "oidc_roles"},
		{"without an issuer", func(c *Config) { c.OIDCIssuer = "" }, "oidc_client_id oidc_client_secret_file oidc_roles"},
		{"nothing", func(c *Config) { *c = Defaults(); c.PublicURL = "https://classrooms.example.edu" }, ""},
		{"no file", func(c *Config) { c.OIDCClientSecretFile = filepath.Join(folder, "none") }, "oidc_client_secret_file"},
		{"an empty file", func(c *Config) { c.OIDCClientSecretFile = secret("empty", "\n") }, "oidc_client_secret_file"},
		{"a file of two lines", func(c *Config) { c.OIDCClientSecretFile = secret("two", "a\nb") }, "oidc_client_secret_file"},
		{"a file too long", func(c *Config) { c.OIDCClientSecretFile = secret("long", strings.Repeat("a", 5000)) }, "oidc_client_secret_file"},
		{"a role that there isn't", func(c *Config) { c.OIDCRoles = []string{"a=boss"} }, "oidc_roles"},
		{"no role", func(c *Config) { c.OIDCRoles = []string{"a"} }, "oidc_roles"},
		{"no value", func(c *Config) { c.OIDCRoles = []string{"=operator"} }, "oidc_roles"},
		{"an operator of a tenant", func(c *Config) { c.OIDCRoles = []string{"a=operator:law"} }, "oidc_roles"},
		{"a helper of none", func(c *Config) { c.OIDCRoles = []string{"a=helper"} }, "oidc_roles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := good()
			test.change(&c)
			var keys []string
			c.complete()
			for _, p := range c.check().sorted() {
				keys = append(keys, p.Key)
			}
			if got := strings.Join(keys, " "); got != test.wrong {
				t.Errorf("wrong are %q, want %q: %v", got, test.wrong, c.check())
			}
		})
	}
	c := good()
	c.OIDCRoles = []string{"a=operator", " b=c = tenant-admin:School of Law: 2", "d=helper:x"}
	got, err := c.Grants()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Grant{{"a", "operator", ""}, {"b=c", "tenant-admin", "School of Law: 2"}, {"d", "helper", "x"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, err := c.OIDCSecret(); got != "hush" || err != nil {
		t.Errorf("secret is %q, %v", string(got), err)
	}
}
