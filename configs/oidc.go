package configs

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// A Grant is a role for whoever has a value of the provider's claim.
type Grant struct{ Value, Role, Tenant string }

// Grants are what the setting oidc_roles says.
func (c Config) Grants() ([]Grant, error) {
	var list []Grant
	for _, text := range c.OIDCRoles {
		at := strings.LastIndex(text, "=")
		if at < 0 {
			return nil, fmt.Errorf("%q isn't VALUE=ROLE", text)
		}
		g := Grant{Value: strings.TrimSpace(text[:at])}
		g.Role, g.Tenant, _ = strings.Cut(strings.TrimSpace(text[at+1:]), ":")
		switch {
		case g.Value == "":
			return nil, fmt.Errorf("%q has no value", text)
		case g.Role != "operator" && g.Role != "tenant-admin" && g.Role != "helper":
			return nil, fmt.Errorf("%q has none of the roles operator, tenant-admin and helper", text)
		case g.Role == "operator" && g.Tenant != "":
			return nil, fmt.Errorf("%q names a tenant, and an operator may all", text)
		case g.Role != "operator" && g.Tenant == "":
			return nil, fmt.Errorf("%q doesn't say for which tenant, as in VALUE=%s:default", text, g.Role)
		}
		list = append(list, g)
	}
	return list, nil
}

// checkOIDC is what is wrong with the sign-in by a provider, by the key.
func (c Config) checkOIDC() map[string]string {
	wrong := map[string]string{}
	if c.OIDCIssuer == "" {
		for key, set := range map[string]bool{
			"oidc_client_id": c.OIDCClientID != "", "oidc_client_secret_file": c.OIDCClientSecretFile != "", "oidc_roles": len(c.OIDCRoles) > 0,
		} {
			if set {
				wrong[key] = "is of no use without oidc_issuer"
			}
		}
		return wrong
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) {
		wrong["oidc_issuer"] = `must be the provider's issuer, like "https://login.example.edu/realms/staff"`
	}
	if c.OIDCClientID == "" {
		wrong["oidc_client_id"] = "must be set beside oidc_issuer"
	}
	if len(c.OIDCRoles) == 0 {
		wrong["oidc_roles"] = `must say who may what, as in ["lms-admins=operator"]: without it nobody comes in`
	}
	if _, err := c.Grants(); err != nil {
		wrong["oidc_roles"] = "can't be read: " + err.Error()
	}
	if _, err := c.OIDCSecret(); err != nil {
		wrong["oidc_client_secret_file"] = "can't be read: " + err.Error()
	}
	return wrong
}

// secretMost is more than any provider gives, in bytes.
const secretMost = 4096

// OIDCSecret reads the client's secret; empty without a file.
func (c Config) OIDCSecret() (Secret, error) {
	if c.OIDCClientSecretFile == "" {
		return "", nil
	}
	f, err := os.Open(c.OIDCClientSecretFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, secretMost+1))
	secret := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", err
	case secret == "":
		return "", fmt.Errorf("%s is empty", c.OIDCClientSecretFile)
	case len(text) > secretMost || strings.ContainsAny(secret, "\r\n"):
		return "", fmt.Errorf("%s has more in it than a secret", c.OIDCClientSecretFile)
	}
	return Secret(secret), nil
}
