package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/admin/oidc"
	"github.com/bbbridge/bbbridge/configs"
	adminpages "github.com/bbbridge/bbbridge/handlers/admin"
)

// institutionOf is where staff sign in without an account, by the settings; nil:
// nowhere. Nothing is asked of it yet.
func institutionOf(cfg configs.Config, accounts *admin.Accounts, outgoing *http.Client) (*adminpages.Institution, error) {
	if cfg.OIDCIssuer == "" {
		return nil, nil
	}
	grants, err := cfg.Grants()
	if err != nil {
		return nil, fmt.Errorf("oidc_roles: %w", err)
	}
	for _, g := range grants {
		accounts.Grants = append(accounts.Grants, admin.Grant{Value: g.Value, Role: admin.Role(g.Role), Tenant: g.Tenant})
	}
	secret, err := cfg.OIDCSecret()
	if err != nil {
		return nil, fmt.Errorf("oidc_client_secret_file: %w", err)
	}
	scopes := cfg.OIDCScopes
	if scopes == nil {
		scopes = []string{"email", "profile"}
	}
	host := cfg.OIDCIssuer
	if u, err := url.Parse(cfg.OIDCIssuer); err == nil {
		host = u.Host
	}
	in := &adminpages.Institution{Issuer: cfg.OIDCIssuer, Claim: cmp.Or(cfg.OIDCClaim, "groups"), Name: cmp.Or(cfg.OIDCName, host)}
	in.Provider = &oidc.Provider{
		Issuer: cfg.OIDCIssuer, ClientID: cfg.OIDCClientID, Secret: oidc.Secret(secret), RedirectURL: cfg.PublicURL + "/admin/oidc/back",
		Scopes: scopes, Claim: in.Claim, HTTP: outgoing, Now: accounts.Now,
	}
	return in, nil
}
